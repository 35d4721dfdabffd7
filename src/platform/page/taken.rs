//! Messages in postcard's format, read from where the browser has them.
//!
//! A message of a million events is 32 MB. Copied into the page's own memory as a whole, it would take as long as reading it:
//! memory that is new takes its time. So it comes in parts, each into the place of the one before.

use js_sys::Uint8Array;
use postcard::de_flavors::Flavor;
use postcard::{Deserializer, Error, Result};
use serde::de::DeserializeOwned;

/// How much is read ahead, in bytes.
const AHEAD: u32 = 1 << 14;

/// Reads a message.
///
/// # Errors
/// If it is none of this type.
pub fn read<T: DeserializeOwned>(message: Uint8Array) -> Result<T> {
    let length = message.length();
    let taken = Taken { message, length, from: 0, ahead: Vec::new(), at: 0, asked: Vec::new() };
    T::deserialize(&mut Deserializer::from_flavor(taken))
}

struct Taken {
    message: Uint8Array,
    length: u32,
    /// What follows what was read ahead.
    from: u32,
    /// What was read ahead, and how much of it was used.
    ahead: Vec<u8>,
    at: usize,
    /// What was asked for at once.
    asked: Vec<u8>,
}

impl Taken {
    /// Copies what comes next.
    fn copy(&mut self, into: &mut [u8]) -> Result<()> {
        let to = self.from.checked_add(into.len() as u32).filter(|to| *to <= self.length);
        let to = to.ok_or(Error::DeserializeUnexpectedEnd)?;
        self.message.subarray(self.from, to).copy_to(into);
        self.from = to;
        Ok(())
    }
}

impl<'de> Flavor<'de> for Taken {
    type Remainder = ();
    type Source = ();

    fn pop(&mut self) -> Result<u8> {
        if self.at == self.ahead.len() {
            let mut ahead = core::mem::take(&mut self.ahead);
            ahead.resize((self.length - self.from).min(AHEAD) as usize, 0);
            self.copy(&mut ahead)?;
            (self.ahead, self.at) = (ahead, 0);
        }
        let byte = self.ahead.get(self.at).ok_or(Error::DeserializeUnexpectedEnd)?;
        self.at += 1;
        Ok(*byte)
    }

    fn size_hint(&self) -> Option<usize> {
        Some((self.length - self.from) as usize + self.ahead.len() - self.at)
    }

    /// Nothing stays where it is.
    fn try_take_n(&mut self, _: usize) -> Result<&'de [u8]> {
        Err(Error::WontImplement)
    }

    fn try_take_n_temp<'a>(&'a mut self, count: usize) -> Result<&'a [u8]>
    where
        'de: 'a,
    {
        if self.size_hint().is_none_or(|left| left < count) {
            return Err(Error::DeserializeUnexpectedEnd);
        }
        let mut asked = core::mem::take(&mut self.asked);
        asked.resize(count, 0);
        let here = count.min(self.ahead.len() - self.at);
        asked[..here].copy_from_slice(&self.ahead[self.at..self.at + here]);
        self.at += here;
        self.copy(&mut asked[here..])?;
        self.asked = asked;
        Ok(&self.asked)
    }

    fn finalize(self) -> Result<()> {
        Ok(())
    }
}
