//! The other side of a pool: a process that does what comes through its pipe.

use core::future::Future;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::message::{Call, End, Reply, SendError, pack};
use super::recording::Recording;
use crate::engine::futures::log::{self, Level};
use crate::engine::futures::panic_failure;
use crate::engine::ports::{Carrier, Clock, Kept, Pipe, PipeBroken};
use crate::model::outcome::Failure;

/// What a process does for its pool.
pub trait Handler {
    /// What it is given first, if anything.
    type Initial: DeserializeOwned;
    /// What a task is given.
    type Argument: DeserializeOwned;
    /// What a task returns.
    type Output: Serialize;

    /// Called before the first task, if the pool has an initializer. If it fails or panics, the pool is broken.
    fn initialize(&self, initial: Self::Initial) -> impl Future<Output = Result<(), Failure>>;

    /// Does one task. A panic is the task's failure, and the process goes on.
    fn call(&self, argument: Self::Argument) -> impl Future<Output = Result<Self::Output, Failure>>;

    /// There is no more to do, which is answered after this.
    fn closing(&self) {}
}

/// Does what comes through the pipe, one task after another, until there is no more, or the process is ended. The parent is
/// told how long each message took, by `clock`, which is that of the recording too.
///
/// # Errors
/// If the parent is gone, or says what this does not understand. The process is of no use then, and is to end.
pub async fn serve<H: Handler, Q: Pipe>(
    pipe: &Q,
    handler: &H,
    clock: &impl Clock,
    recording: Option<Recording<'_, H::Argument>>,
) -> Result<(), PipeBroken> {
    let about = recording.map(|recording| recording.about);
    let about = |arguments: &[H::Argument]| about.and_then(|about| arguments.first().and_then(about));
    let end = End { pipe, recording };
    loop {
        let mut opened = end.open(pipe.receive().await?);
        // One that carries nothing is no parcel, which unpacking it says.
        loop {
            let (call, unpacked) = end.unpack(&mut opened, |call: &Call<H::Initial, Vec<H::Argument>>| match call {
                Call::Run { number, arguments, .. } => (*number, about(arguments)),
                other => (other.number(), None),
            })?;
            match call {
                Call::Initialize { number, value } => {
                    let outcome = guarded(handler.initialize(value)).await;
                    if let Err(failure) = &outcome {
                        log::record(Level::Critical, format!("exception in initializer: {failure}"));
                    }
                    let failed = outcome.is_err();
                    let reply: Reply<H::Output> = Reply::Initialized { number, outcome };
                    sent(end.send(None, number, &reply, None, Carrier::Copy))?;
                    if failed {
                        return Ok(());
                    }
                }
                Call::Run { number, reply_by, arguments } => {
                    let about = about(&arguments);
                    let mut outcomes = Vec::with_capacity(arguments.len());
                    let began = unpacked.unwrap_or_else(|| clock.now());
                    for argument in arguments {
                        outcomes.push(guarded(handler.call(argument)).await);
                    }
                    let ended = clock.now();
                    let took_us = u32::try_from((ended - began).as_micros()).unwrap_or(u32::MAX);
                    let mut reply = Reply::Ran { number, took_us, outcomes };
                    // Nobody tells when a reply was read, so it goes with its bytes.
                    let carrier = if reply_by == Carrier::Shared { Carrier::Copy } else { reply_by };
                    match end.send(Some(ended), number, &reply, about, carrier) {
                        Err(SendError::Unpacked(_)) => {
                            fail_what_cannot_be_packed(&mut reply);
                            sent(end.send(None, number, &reply, about, carrier))?;
                        }
                        other => sent(other)?,
                    }
                }
                Call::Close { .. } => {
                    handler.closing();
                    return pipe.send(Vec::new(), Carrier::Copy).map(Kept::release);
                }
            }
            if opened.is_over() {
                break;
            }
        }
    }
}

/// A result that cannot be packed is its task's failure, and none of the others in its chunk.
fn fail_what_cannot_be_packed<R: Serialize>(reply: &mut Reply<R>) {
    if let Reply::Ran { outcomes, .. } = reply {
        for outcome in outcomes {
            if let Err(failure) = pack(outcome) {
                *outcome = Err(failure);
            }
        }
    }
}

fn sent(sent: Result<Kept, SendError>) -> Result<(), PipeBroken> {
    match sent {
        Ok(kept) => {
            kept.release();
            Ok(())
        }
        Err(SendError::Unpacked(failure)) => Err(PipeBroken(failure.to_string())),
        Err(SendError::Broken(broken)) => Err(broken),
    }
}

/// Runs code of somebody else's. A panic in it is its failure, and goes no further.
async fn guarded<T>(code: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let caught = AssertUnwindSafe(code).catch_unwind().await;
    caught.unwrap_or_else(|payload| Err(panic_failure(payload.as_ref())))
}
