//! Coroutines on one thread, with the semantics of Python's asyncio: what the event loop of Overlap stands on.
//!
//! The words, the states, the rules, and where this is not asyncio are in `README.md` beside this file.
//!
//! * [`run()`] and [`Runner`] run a main coroutine; an [`EventLoop`] gives each further one a [`Task`].
//! * [`gather()`], [`as_completed()`], [`wait()`], [`wait_for()`], [`timeout()`], [`shield()`] and [`TaskGroup`] are for tasks.
//! * [`Semaphore`], [`Lock`], [`Event`] and [`Queue`] are between tasks.
//! * [`to_thread`] and [`run_in_executor`] leave a closure to a thread.
//! * [`Timer`] is where time comes from.

mod arrivals;
mod as_completed;
mod cancellation;
mod error;
mod event_loop;
mod gather;
mod locks;
mod queue;
mod ready;
mod task;
mod task_group;
mod threads;
mod timeouts;
mod wait;
mod waiters;

pub use as_completed::{AsCompleted, as_completed};
pub use error::{Error, ExceptionGroup, QueueEmpty, QueueFull, TaskDoneUnderflow, TimedOut};
pub use event_loop::{EventLoop, Runner, run};
pub use gather::{gather, gather_exceptions};
pub use locks::{Acquire, Event, EventWait, Lock, Permit, Semaphore};
pub use queue::Queue;
pub use task::{Shield, Task, shield};
pub use task_group::TaskGroup;
pub use threads::{run_in_executor, to_thread};
pub use timeouts::{Timer, sleep, timeout, wait_for, yield_now};
pub use wait::{Waited, wait};
