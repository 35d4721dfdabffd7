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

/// How often [`look_out`] looks: for some tens of microseconds on most machines, about what putting a thread to sleep and waking
/// it takes. A look natively has a pause of the processor's in it, for which WebAssembly has no instruction.
const LOOKS: u32 = if cfg!(target_family = "wasm") { 100_000 } else { 1_000 };

/// Gives the lock up, looks again and again whether something is over, but not for long, and locks again.
pub fn look_out<'a, T>(mutex: &'a Mutex<T>, guard: MutexGuard<'a, T>, is_over: impl Fn() -> bool) -> MutexGuard<'a, T> {
    drop(guard);
    for _ in 0..LOOKS {
        if is_over() {
            break;
        }
        core::hint::spin_loop();
    }
    super::lock(mutex)
}
