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
    /// One outcome for each argument, in their order.
    Ran {
        number: u32,
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

/// The value of bytes, which must be all of them.
pub(super) fn unpack<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, PipeBroken> {
    let garbled = |why: String| PipeBroken(format!("a message could not be unpacked: {why}"));
    let unpacked = log::guard(|| postcard::take_from_bytes(bytes)).map_err(|failure| garbled(failure.to_string()))?;
    match unpacked {
        Ok((value, [])) => Ok(value),
        Ok(_) => Err(garbled("it is too long".to_owned())),
        Err(error) => Err(garbled(error.to_string())),
    }
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

impl<Q: Pipe, A> End<'_, '_, Q, A> {
    /// Packs a message and sends it, and records what packing took, when it went, and its bytes.
    pub(super) fn send(
        &self,
        number: u32,
        value: &impl Serialize,
        about: Option<TaskId>,
        carrier: Carrier,
    ) -> Result<Kept, SendError> {
        let Some(recording) = self.recording else {
            return self.pipe.send(pack(value).map_err(SendError::Unpacked)?, carrier).map_err(SendError::Broken);
        };
        recording.enter(Phase::Serialising, about);
        let sent = pack(value).map_err(SendError::Unpacked).and_then(|bytes| {
            let message = Message { number, bytes: bytes.len() as u32 };
            // Read before, since the other end may have it before this returns.
            let at = recording.lane.now();
            let kept = self.pipe.send(bytes, carrier).map_err(SendError::Broken)?;
            recording.sent(at, about, message);
            Ok(kept)
        });
        recording.enter(Phase::Idle, None);
        sent
    }

    /// Opens a message and unpacks it, and records what that took, and its bytes. `describe` gives the message's number, and
    /// what it is about.
    pub(super) fn open<T: DeserializeOwned>(
        &self,
        message: Q::Message,
        describe: impl FnOnce(&T) -> (u32, Option<TaskId>),
    ) -> Result<T, PipeBroken> {
        let Some(recording) = self.recording else { return unpack(&self.pipe.open(message)) };
        recording.enter(Phase::Deserialising, None);
        let bytes = self.pipe.open(message);
        let value = unpack(&bytes);
        if let Ok(value) = &value {
            let (number, about) = describe(value);
            recording.received(about, Message { number, bytes: bytes.len() as u32 });
        }
        recording.enter(Phase::Idle, None);
        value
    }
}
