//! loom's: every order of two or three threads.

use core::cell::Cell;
use core::time::Duration;

pub use loom::sync::atomic::{AtomicBool, AtomicU32, Ordering};
pub use loom::sync::{Condvar, Mutex, MutexGuard};
pub use loom::thread::ThreadId;

loom::thread_local! {
    static SCRIPT: Cell<u32> = Cell::new(0);
    static NOW: Cell<Duration> = Cell::new(Duration::ZERO);
}

/// Which thread this is.
pub fn current_thread() -> ThreadId {
    loom::thread::current().id()
}

/// The time of this thread, which passes in waits whose time is up, and in nothing else.
pub fn monotonic() -> Duration {
    NOW.with(Cell::get)
}

/// Says which of the timed waits that this thread will make end because their time is up: a bit for each, the lowest
/// first. The others end when they are notified, so that a notification that is forgotten shows as a deadlock.
///
/// loom can try every order, but it cannot toss a coin; a test tries every script instead. Scripts are finite since a
/// thread that may time out without end makes endless orders.
pub fn let_time_out(script: u32) {
    SCRIPT.with(|cell| cell.set(script));
}

/// A timed wait, whose time is up as the thread's script says: then the lock is given up and taken again, and what other
/// threads do in between is what happened during the wait.
pub fn wait_at_most<'a, T>(
    mutex: &'a Mutex<T>,
    condvar: &Condvar,
    guard: MutexGuard<'a, T>,
    length: Duration,
) -> (MutexGuard<'a, T>, bool) {
    let script = SCRIPT.with(|cell| cell.replace(cell.get() >> 1));
    if script & 1 == 0 {
        return (super::wait(condvar, guard), false);
    }
    NOW.with(|now| now.set(now.get() + length));
    drop(guard);
    (super::lock(mutex), true)
}

/// Ends at once, with the lock never given up: a timed wait has been given up and taken again in each order just before, and to try
/// each once more takes longer than anybody waits. shuttle's gives it up.
pub fn look_out<'a, T>(
    _mutex: &'a Mutex<T>,
    guard: MutexGuard<'a, T>,
    _is_over: impl Fn() -> bool,
) -> MutexGuard<'a, T> {
    guard
}
