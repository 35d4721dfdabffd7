//! shuttle's: random schedules.

use core::cell::Cell;
use core::time::Duration;

use shuttle::rand::Rng;

pub use shuttle::sync::atomic::{AtomicBool, AtomicU32, Ordering};
pub use shuttle::sync::{Condvar, Mutex, MutexGuard};
pub use shuttle::thread::ThreadId;

shuttle::thread_local! {
    static NOW: Cell<Duration> = Cell::new(Duration::ZERO);
}

/// Which thread this is.
pub fn current_thread() -> ThreadId {
    shuttle::thread::current().id()
}

/// The time of this thread, which passes in waits whose time is up, and in nothing else.
pub fn monotonic() -> Duration {
    NOW.with(Cell::get)
}

/// A timed wait, whose time is up in every second case, by chance: then the lock is given up and taken again, and what other
/// threads do in between is what happened during the wait.
pub fn wait_at_most<'a, T>(
    mutex: &'a Mutex<T>,
    condvar: &Condvar,
    guard: MutexGuard<'a, T>,
    length: Duration,
) -> (MutexGuard<'a, T>, bool) {
    if !shuttle::rand::thread_rng().gen_bool(0.5) {
        return (super::wait(condvar, guard), false);
    }
    NOW.with(|now| now.set(now.get() + length));
    drop(guard);
    shuttle::thread::yield_now();
    (super::lock(mutex), true)
}

/// Gives the lock up and takes it again, without a look: it may end at any time, and nothing follows from what it would see.
pub fn look_out<'a, T>(
    mutex: &'a Mutex<T>,
    guard: MutexGuard<'a, T>,
    _is_over: impl Fn() -> bool,
) -> MutexGuard<'a, T> {
    drop(guard);
    shuttle::thread::yield_now();
    super::lock(mutex)
}
