//! The real ones: std's, in native code and in wasm with atomics.

use core::time::Duration;
use std::sync::PoisonError;

pub use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};
pub use std::sync::{Condvar, Mutex, MutexGuard};
pub use std::thread::ThreadId;

pub use super::clock::monotonic;

/// Which thread this is.
pub fn current_thread() -> ThreadId {
    std::thread::current().id()
}

/// Like [`wait`](super::wait), but for so long at most. True if the time was up, which a notification may have met.
pub fn wait_at_most<'a, T>(
    _mutex: &'a Mutex<T>,
    condvar: &Condvar,
    guard: MutexGuard<'a, T>,
    length: Duration,
) -> (MutexGuard<'a, T>, bool) {
    let (guard, waited) = condvar.wait_timeout(guard, length).unwrap_or_else(PoisonError::into_inner);
    (guard, waited.timed_out())
}
