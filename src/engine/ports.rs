//! What the engine needs from where it runs: a clock, a network, and ways to wait. The browser has one set (`platform`),
//! tests have others.

use core::fmt;
use core::future::Future;
use core::mem::ManuallyDrop;
use core::time::Duration;
use std::any::Any;
use std::sync::Arc;

use super::futures::Spawn;

pub use crate::model::message::Carrier;
use crate::model::outcome::{Failure, Value};
use crate::model::time::Instant;
use crate::workloads::sites::Request;

/// Reads the time.
pub trait Clock {
    /// Now, on the axis of the run.
    fn now(&self) -> Instant;
}

/// A process at the other end is gone, or speaks in a way that this one does not know; in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PipeBroken(pub String);

/// What a sender must leave where it is until the receiver has opened the message.
///
/// Only an answer tells that. So it is let go by [`Kept::release`] alone: dropping it leaks it, since a receiver whose answer
/// nobody waits for any more may still read.
pub struct Kept(ManuallyDrop<Option<Box<dyn Any>>>);

impl Kept {
    /// Of a message that went with its bytes.
    pub fn nothing() -> Kept {
        Kept(ManuallyDrop::new(None))
    }

    /// What the receiver still reads from.
    pub fn until_answered(source: impl Any) -> Kept {
        Kept(ManuallyDrop::new(Some(Box::new(source))))
    }

    /// The receiver has answered, or it has read nothing and never will.
    pub fn release(self) {
        drop(ManuallyDrop::into_inner(self.0));
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Kept").field(&self.0.is_some()).finish()
    }
}

/// A connection of two processes: what goes in at one end comes out at the other.
pub trait Pipe {
    /// A message that has come and was not opened.
    type Message;

    /// Sends bytes by a carrier, and gives what has to be kept until they are answered.
    ///
    /// # Errors
    /// If nothing can be sent any more, or not by this carrier: memory that is not shared carries nothing.
    fn send(&self, bytes: Vec<u8>, carrier: Carrier) -> Result<Kept, PipeBroken>;

    /// Waits for the next message.
    ///
    /// # Errors
    /// If there will be none.
    fn receive(&self) -> impl Future<Output = Result<Self::Message, PipeBroken>>;

    /// Copies what a message carries into this process's memory.
    fn open(&self, message: Self::Message) -> Vec<u8>;
}

/// Everything that the engine asks of the outside. Shared by the threads of a process.
pub trait Ports: Clock + Sync {
    /// Makes a request and reads its answer to the end. Dropping the future gives the request up.
    fn fetch(&self, request: &Request) -> impl Future<Output = Result<Value, Failure>>;

    /// Waits, letting other coroutines of this thread run.
    fn sleep(&self, length: Duration) -> impl Future<Output = ()>;

    /// The threads of this process, which may block: as many as `Job::threads` says.
    fn threads(&self) -> Arc<dyn Spawn>;

    /// What connects a process with one that it started.
    type Pipe: Pipe;

    /// Starts another process of the same program, with memory of its own, and waits until it is ready. Dropping the pipe
    /// does not end it; the end of this process does.
    fn start_process(&self, number: u32) -> impl Future<Output = Result<Self::Pipe, PipeBroken>>;

    /// Ends a process that was started under this number, whatever it does. What it recorded is kept. It says nothing more
    /// through its pipe, or nobody is to listen.
    fn end_process(&self, number: u32);

    /// Waits, holding this thread. Never called on the page's own.
    fn block(&self, length: Duration);

    /// Lets the page see what was recorded, where it does not see this memory: called before and after what may keep the
    /// thread from its event loop.
    fn publish(&self) {}

    /// Ends once the process was asked to stop.
    fn stopped(&self) -> impl Future<Output = ()>;
}
