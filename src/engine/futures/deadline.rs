//! How long a blocking wait may still take.

use core::time::Duration;

use crate::sync::{self, Condvar, Mutex, MutexGuard, monotonic};

/// A point on the clock of `sync::monotonic`, or never.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline(Option<Duration>);

impl Deadline {
    /// `timeout` from now. `None`, or a time that no clock reaches, is never.
    pub(super) fn after(timeout: Option<Duration>) -> Deadline {
        Deadline(timeout.and_then(|timeout| monotonic().checked_add(timeout)))
    }

    /// How long until then, which is zero once it has passed; `None` if it is never.
    pub(super) fn left(self) -> Option<Duration> {
        self.0.map(|at| at.saturating_sub(monotonic()))
    }

    pub(super) fn has_passed(self) -> bool {
        self.left().is_some_and(|left| left.is_zero())
    }

    /// Blocks until `is_over` holds, or this has passed. Returns the lock, and whether `is_over` holds.
    ///
    /// std's `wait_timeout_while` reads std's clock, which panics on wasm; hence this.
    pub(super) fn block<'a, T>(
        self,
        mutex: &'a Mutex<T>,
        changed: &Condvar,
        mut guard: MutexGuard<'a, T>,
        mut is_over: impl FnMut(&mut T) -> bool,
    ) -> (MutexGuard<'a, T>, bool) {
        loop {
            if is_over(&mut guard) {
                return (guard, true);
            }
            guard = match self.left() {
                None => sync::wait(changed, guard),
                Some(left) if left.is_zero() => return (guard, false),
                Some(left) => sync::wait_at_most(mutex, changed, guard, left).0,
            };
        }
    }
}
