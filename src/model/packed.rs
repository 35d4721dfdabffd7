//! Spans as plain bytes, where a trace travels from one program of the page to another.
//!
//! A trace may have a million of them, and whoever receives it is the page, which a person waits for: rows of one length are
//! read several times as fast as numbers of any length. Only programs of one version speak so to each other; files do not.

use core::fmt;

use serde::de::{DeserializeSeed, Error, SeqAccess, Unexpected, Visitor};
use serde::ser::SerializeSeq;
use serde::{Deserializer, Serialize, Serializer};

use super::event::Phase;
use super::id::TaskId;
use super::lane::{Span, Stamp};
use super::time::Instant;

/// The length of a row: phase, task and whether there is one, start and end.
const ROW: usize = 32;
/// How many rows travel as one: few enough that whoever reads them needs little memory beside that of the spans, which is what
/// takes longest. And a browser makes a function fast from one call to the next, and not in the middle of one.
const PART: usize = 1 << 12;
/// Beside the phase: there is a task.
const HAS_TASK: u32 = 1 << 8;

/// Writes spans: how many there are, then their rows, in parts.
///
/// # Errors
/// Those of the serializer.
pub fn serialize<S: Serializer>(spans: &[Span], serializer: S) -> Result<S::Ok, S::Error> {
    let parts = spans.chunks(PART);
    let mut sequence = serializer.serialize_seq(Some(1 + parts.len()))?;
    sequence.serialize_element(&(spans.len() as u32))?;
    for part in parts {
        sequence.serialize_element(&Part(part))?;
    }
    sequence.end()
}

struct Part<'a>(&'a [Span]);

impl Serialize for Part<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut bytes = Vec::with_capacity(self.0.len() * ROW);
        for Span { phase, task, start, end } in self.0 {
            let mark = if task.is_some() { HAS_TASK } else { 0 };
            bytes.extend_from_slice(&(*phase as u32 | mark).to_le_bytes());
            bytes.extend_from_slice(&task.map_or(0, |task| task.0).to_le_bytes());
            for stamp in [start, end] {
                bytes.extend_from_slice(&stamp.at.0.to_le_bytes());
                bytes.extend_from_slice(&stamp.sequence.to_le_bytes());
            }
        }
        serializer.serialize_bytes(&bytes)
    }
}

/// Reads them again.
///
/// # Errors
/// If these are no spans.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Span>, D::Error> {
    deserializer.deserialize_seq(Parts)
}

struct Parts;

impl<'de> Visitor<'de> for Parts {
    type Value = Vec<Span>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a number of spans, and their rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Vec<Span>, A::Error> {
        let count: u32 = parts.next_element()?.ok_or_else(|| A::Error::invalid_length(0, &self))?;
        let mut spans = Vec::with_capacity(count as usize);
        while parts.next_element_seed(Rows(&mut spans))?.is_some() {}
        Ok(spans)
    }
}

/// Adds what it reads.
struct Rows<'a>(&'a mut Vec<Span>);

impl<'de> DeserializeSeed<'de> for Rows<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        // Not `deserialize_bytes`, which wants bytes that stay where they are.
        deserializer.deserialize_byte_buf(self)
    }
}

impl Visitor<'_> for Rows<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rows of {ROW} bytes")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<(), E> {
        let (rows, []) = bytes.as_chunks::<ROW>() else {
            return Err(E::invalid_length(bytes.len(), &self));
        };
        read(rows, self.0).map_err(|row| E::invalid_value(Unexpected::Bytes(row), &"a span"))
    }
}

/// Reads some rows; the error is the row that is none.
#[inline(never)]
fn read<'a>(rows: &'a [[u8; ROW]], spans: &mut Vec<Span>) -> Result<(), &'a [u8]> {
    for row in rows {
        spans.push(span(row).ok_or(&row[..])?);
    }
    Ok(())
}

fn span(row: &[u8; ROW]) -> Option<Span> {
    let word = |at: usize| u32::from_le_bytes([row[at], row[at + 1], row[at + 2], row[at + 3]]);
    let stamp =
        |at: usize| Stamp { at: Instant(u64::from(word(at)) | u64::from(word(at + 4)) << 32), sequence: word(at + 8) };
    let phase = Phase::of_number(word(0) & !HAS_TASK)?;
    let task = (word(0) & HAS_TASK != 0).then_some(TaskId(word(4)));
    Some(Span { phase, task, start: stamp(8), end: stamp(20) })
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use proptest::prelude::*;

    use super::super::lane::Lane;
    use super::*;

    fn stamps() -> impl Strategy<Value = Stamp> {
        any::<(u64, u32)>().prop_map(|(at, sequence)| Stamp { at: Instant(at), sequence })
    }

    fn spans() -> impl Strategy<Value = Span> {
        (0..Phase::ALL.len(), any::<Option<u32>>(), stamps(), stamps()).prop_map(|(phase, task, start, end)| Span {
            phase: Phase::ALL[phase],
            task: task.map(TaskId),
            start,
            end,
        })
    }

    proptest! {
        #[test]
        fn what_is_read_is_what_was_written(spans in prop::collection::vec(spans(), 0..20)) {
            let lane = Lane { spans, ..Lane::default() };
            let bytes = postcard::to_allocvec(&lane).unwrap();
            prop_assert_eq!(postcard::from_bytes::<Lane>(&bytes), Ok(lane));
        }
    }

    #[test]
    fn what_are_no_spans_is_refused() {
        let lane = |bytes: &[u8]| {
            // No name; two parts, the number of spans and the bytes; nothing open, no holds, no requests.
            let mut all = vec![0, 2, 1, bytes.len() as u8];
            all.extend_from_slice(bytes);
            all.extend_from_slice(&[0, 0, 0]);
            postcard::from_bytes::<Lane>(&all)
        };
        assert_eq!(lane(&[0; ROW]).map(|lane| lane.spans.len()), Ok(1));
        assert!(lane(&[0; ROW - 1]).is_err());
        assert!(lane(&[0xff; ROW]).is_err(), "there is no such phase");
        assert!(postcard::from_bytes::<Lane>(&[0, 0, 0, 0, 0]).is_err(), "nobody said how many there are");
    }

    #[test]
    fn many_spans_travel_in_parts() {
        let stamp = |at| Stamp { at: Instant(at), sequence: at as u32 };
        let span = |at| Span { phase: Phase::Computing, task: None, start: stamp(at), end: stamp(at + 1) };
        let lane = Lane { spans: (0..3 * PART as u64 + 1).map(span).collect(), ..Lane::default() };
        let bytes = postcard::to_allocvec(&lane).unwrap();
        assert_eq!(postcard::from_bytes::<Lane>(&bytes), Ok(lane));
    }
}
