//! What shared memory is made of: atomics, a mutex and a condition variable. They are the real ones, or loom's, which tries
//! every order of access (`--cfg loom`), or shuttle's, which tries random ones with more threads (`--cfg shuttle`).
//!
//! A wait with a time limit goes through [`wait_at_most`], since neither loom nor shuttle has a clock: their
//! `wait_timeout` never times out. Each set has a version of its own that lets a model try both ends of a wait, and a clock,
//! [`monotonic`], by which only the waits take time whose time was up.
//!
//! Threads are told apart by [`current_thread`]: those of a model all run on one thread of the system.

#[cfg(not(any(loom, shuttle)))]
mod clock;
#[cfg(loom)]
mod exhaustive;
#[cfg(shuttle)]
mod random;
#[cfg(not(any(loom, shuttle)))]
mod real;

#[cfg(loom)]
use exhaustive as set;
#[cfg(shuttle)]
use random as set;
#[cfg(not(any(loom, shuttle)))]
use real as set;

use std::sync::PoisonError;

#[cfg(loom)]
pub use exhaustive::let_time_out;
pub use set::{
    AtomicBool, AtomicU32, Condvar, Mutex, MutexGuard, Ordering, ThreadId, current_thread, look_out, monotonic,
    wait_at_most,
};

/// Locks, also where a thread panicked with the lock in its hands: for data that is whole between any two statements.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Gives the lock up, waits until notified, and locks again. It may also end for no reason: look at what was waited for.
pub fn wait<'a, T>(condvar: &Condvar, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
    condvar.wait(guard).unwrap_or_else(PoisonError::into_inner)
}
