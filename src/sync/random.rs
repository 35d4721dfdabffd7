//! shuttle's: random schedules.

use core::time::Duration;

use shuttle::rand::Rng;

pub use shuttle::sync::atomic::{AtomicBool, AtomicU32, Ordering};
pub use shuttle::sync::{Condvar, Mutex, MutexGuard};

/// A timed wait, whose time is up in every second case, by chance: then the lock is given up and taken again, and what other
/// threads do in between is what happened during the wait.
pub fn wait_at_most<'a, T>(
    mutex: &'a Mutex<T>,
    condvar: &Condvar,
    guard: MutexGuard<'a, T>,
    _length: Duration,
) -> (MutexGuard<'a, T>, bool) {
    if !shuttle::rand::thread_rng().gen_bool(0.5) {
        return (super::wait(condvar, guard), false);
    }
    drop(guard);
    shuttle::thread::yield_now();
    (super::lock(mutex), true)
}
