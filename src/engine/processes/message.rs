//! What a pool and its processes say to each other, in postcard's format.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::recording::Recording;
use crate::engine::futures::log;
use crate::engine::ports::{Carrier, Kept, Pipe, PipeBroken};
use crate::model::event::Phase;
use crate::model::id::TaskId;
use crate::model::message::Message;
use crate::model::outcome::Failure;
use crate::model::time::Instant;

/// To a process. `L` is a list of arguments: of references where it is packed, of values where it is unpacked.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Call<I, L> {
    /// Do this first. Answered by [`Reply::Initialized`].
    Initialize { number: u32, value: I },
    /// Do these, one after another. Answered by [`Reply::Ran`], which is to travel by this carrier.
    Run { number: u32, reply_by: Carrier, arguments: L },
    /// There is no more to do. Answered by an empty message, which is the process's last.
    Close { number: u32 },
}

impl<I, L> Call<I, L> {
    pub(super) fn number(&self) -> u32 {
        match self {
            Call::Initialize { number, .. } | Call::Run { number, .. } | Call::Close { number } => *number,
        }
    }
}

/// From a process, with the number of the call that it answers.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Reply<R> {
    Initialized {
        number: u32,
        outcome: Result<(), Failure>,
    },
    /// One outcome for each argument, in their order, and how long that took.
    Ran {
        number: u32,
        took_us: u32,
        outcomes: Vec<Result<R, Failure>>,
    },
}

impl<R> Reply<R> {
    pub(super) fn number(&self) -> u32 {
        match self {
            Reply::Initialized { number, .. } | Reply::Ran { number, .. } => *number,
        }
    }
}

/// The bytes of a value. Code of others runs in here: a panic in it is a failure as well.
pub(super) fn pack(value: &impl Serialize) -> Result<Vec<u8>, Failure> {
    let packed = log::guard(|| postcard::to_allocvec(value))?;
    packed.map_err(|error| Failure::Unserialisable(error.to_string()))
}

/// What a parcel carries, which is unpacked message by message.
#[derive(Debug)]
pub(super) struct Opened {
    bytes: Vec<u8>,
    /// How many of them were unpacked.
    unpacked: usize,
}

impl Opened {
    /// Whether every message of it was unpacked.
    pub(super) fn is_over(&self) -> bool {
        self.unpacked == self.bytes.len()
    }

    /// The message that was the last.
    ///
    /// # Errors
    /// If it was not.
    pub(super) fn end<T>(&self, last: T) -> Result<T, PipeBroken> {
        if self.is_over() { Ok(last) } else { Err(garbled("it is too long")) }
    }

    /// The next message, and its length.
    fn unpack<T: DeserializeOwned>(&mut self) -> Result<(T, usize), PipeBroken> {
        let bytes = &self.bytes[self.unpacked..];
        let unpacked =
            log::guard(|| postcard::take_from_bytes(bytes)).map_err(|failure| garbled(&failure.to_string()))?;
        let (value, rest) = unpacked.map_err(|error| garbled(&error.to_string()))?;
        let length = bytes.len() - rest.len();
        self.unpacked += length;
        Ok((value, length))
    }
}

fn garbled(why: &str) -> PipeBroken {
    PipeBroken(format!("a message could not be unpacked: {why}"))
}

/// Why a message was not sent.
#[derive(Debug)]
pub(super) enum SendError {
    /// What it was to carry cannot be packed. The pipe is as good as before.
    Unpacked(Failure),
    Broken(PipeBroken),
}

/// One end of a pipe, and where it records.
pub(super) struct End<'a, 'l, Q, A> {
    pub(super) pipe: &'a Q,
    pub(super) recording: Option<Recording<'l, A>>,
}

/// The bytes of a message, recorded with what packing took as sent from now on: who posts it does that next, and the other end may
/// have it before that returns.
///
/// `began` is when it began to, where that was read.
pub(super) fn packed<A>(
    recording: Option<Recording<'_, A>>,
    began: Option<Instant>,
    number: u32,
    value: &impl Serialize,
    about: Option<TaskId>,
) -> Result<Vec<u8>, Failure> {
    let Some(recording) = recording else { return pack(value) };
    recording.enter_at(began.unwrap_or_else(|| recording.lane.now()), Phase::Serialising, about);
    let packed = pack(value);
    match &packed {
        Ok(bytes) => recording.sent(about, Message { number, bytes: bytes.len() as u32 }),
        Err(_) => recording.enter(Phase::Idle, None),
    }
    packed
}

impl<Q: Pipe, A> End<'_, '_, Q, A> {
    /// Sends a parcel of messages that were packed and recorded.
    pub(super) fn post(&self, parcel: Vec<u8>, carrier: Carrier) -> Result<Kept, PipeBroken> {
        let posted = self.pipe.send(parcel, carrier);
        if let Some(recording) = self.recording {
            recording.enter(Phase::Idle, None);
        }
        posted
    }

    /// Packs a message, from when it `began` to, where that was read, and sends it by itself.
    pub(super) fn send(
        &self,
        began: Option<Instant>,
        number: u32,
        value: &impl Serialize,
        about: Option<TaskId>,
        carrier: Carrier,
    ) -> Result<Kept, SendError> {
        let bytes = packed(self.recording, began, number, value, about).map_err(SendError::Unpacked)?;
        self.post(bytes, carrier).map_err(SendError::Broken)
    }

    /// Opens a parcel. What that takes is recorded as unpacking the first of its messages.
    pub(super) fn open(&self, parcel: Q::Message) -> Opened {
        self.begin_unpacking();
        Opened { bytes: self.pipe.open(parcel), unpacked: 0 }
    }

    /// Unpacks the next message of a parcel, and records what that took, and its bytes. `describe` gives the message's number,
    /// and what it is about. Gives also when it was unpacked, where that is recorded.
    pub(super) fn unpack<T: DeserializeOwned>(
        &self,
        opened: &mut Opened,
        describe: impl FnOnce(&T) -> (u32, Option<TaskId>),
    ) -> Result<(T, Option<Instant>), PipeBroken> {
        if opened.unpacked > 0 {
            self.begin_unpacking();
        }
        let unpacked = opened.unpack();
        let at = self.recording.map(|recording| recording.lane.now());
        if let (Some(recording), Some(at)) = (self.recording, at) {
            if let Ok((value, length)) = &unpacked {
                let (number, about) = describe(value);
                recording.received(at, about, Message { number, bytes: *length as u32 });
            }
            recording.enter_at(at, Phase::Idle, None);
        }
        unpacked.map(|(value, _)| (value, at))
    }

    fn begin_unpacking(&self) {
        if let Some(recording) = self.recording {
            recording.enter(Phase::Deserialising, None);
        }
    }
}
