//! Futures and executors with the semantics of CPython's `concurrent.futures`: what every executor of Overlap stands on.
//!
//! The words, the states, and who may block where are in `README.md` beside this file.
//!
//! * [`Future`] is the handle of a task's outcome: blocked on, awaited, or called back from.
//! * [`wait()`] and [`as_completed()`] are for many of them; [`wait_async`] and [`as_completed_async`] for an event loop.
//! * [`Executor`] is what runs tasks; [`ThreadPoolExecutor`] does so on threads that a [`Spawn`] gives it,
//!   [`CorePoolExecutor`] on rayon's.
//! * [`log`] has what cannot be told to any caller.

pub mod log;

mod as_completed;
mod core_pool;
mod deadline;
mod error;
mod executor;
mod future;
mod spawn;
mod state;
mod thread_pool;
mod wait;
mod waiter;
mod work;

pub use as_completed::{AsCompleted, AsCompletedAsync, as_completed, as_completed_async};
pub use core_pool::CorePoolExecutor;
pub use error::{BuildError, FutureError, InvalidState, SpawnFailed, SubmitError, Unfinished, panic_failure};
pub use executor::{Executor, Map, MapOptions};
pub use future::Future;
pub use spawn::Spawn;
#[cfg(not(target_arch = "wasm32"))]
pub use spawn::StdThreads;
pub use state::State;
pub use thread_pool::{Builder, ThreadPoolExecutor, default_max_workers};
pub use wait::{ReturnWhen, Waited, wait, wait_async};
