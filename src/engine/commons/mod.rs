//! What tasks of one process share: locks, queues and a counter, for threads that block and for coroutines that await.
//!
//! The words, the states, and why no wake-up is lost are in `README.md` beside this file.
//!
//! * [`Commons`] has the locks and the queues; a task takes part in it as a [`Member`].
//! * [`Wait`] is what a member's acquire, put and get give: awaited on an event loop, blocked on in a thread.
//! * A wait that could never end fails instead: [`Deadlock`] names the circle, [`Stalled`] who waits for what.
//! * [`Counter`] can lose updates, and is counted.

mod counter;
mod error;
mod event;
#[cfg(all(test, not(any(loom, shuttle))))]
mod invariants;
mod member;
mod names;
mod parker;
mod registry;
mod state;
mod wait;

pub use counter::{Counter, Increment};
pub use error::{BeginError, Deadlock, Link, NotHeld, Stalled, WaitError};
pub use event::{CommonsEvent, Observer};
pub use member::Member;
pub use names::{Item, LockName, QueueName, Wanted};
pub use registry::{Commons, QueueSetup, Setup};
pub use wait::{Acquire, Get, Put, Request, Wait};
