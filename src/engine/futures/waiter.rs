//! What one who waits for several futures blocks on, and what those futures tell.

use core::task::{Context, Poll, Waker};

use super::deadline::Deadline;
use crate::sync::{self, Condvar, Mutex, MutexGuard};

/// Is told by futures that they have completed. One for each call of `wait` or `as_completed`.
///
/// A future calls [`Waiter::arrive`] under its own lock; so nobody may take a future's lock under this one's.
#[derive(Debug)]
pub(super) struct Waiter {
    arrivals: Mutex<Arrivals>,
    enough: Condvar,
}

/// What was told so far, and what is waited for.
#[derive(Debug)]
struct Arrivals {
    /// The places of those that completed, in the order in which they did.
    places: Vec<usize>,
    has_failed: bool,
    goal: Goal,
    waker: Option<Waker>,
}

/// When the one who waits is to go on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Goal {
    /// Once that many have completed since they were last taken.
    pub(super) count: usize,
    /// Once one has failed.
    pub(super) or_failure: bool,
}

impl Arrivals {
    fn is_enough(&self) -> bool {
        self.places.len() >= self.goal.count || (self.goal.or_failure && self.has_failed)
    }
}

impl Waiter {
    pub(super) fn new() -> Waiter {
        // Until the goal is set, nobody waits, and nobody needs to be woken.
        let goal = Goal { count: usize::MAX, or_failure: false };
        let arrivals = Arrivals { places: Vec::new(), has_failed: false, goal, waker: None };
        Waiter { arrivals: Mutex::new(arrivals), enough: Condvar::new() }
    }

    pub(super) fn set_goal(&self, goal: Goal) {
        self.lock().goal = goal;
    }

    /// The future at this place has completed. Wakes whoever blocks, and returns the waker of whoever awaits, to be woken
    /// when no lock is held.
    pub(super) fn arrive(&self, place: usize, failed: bool) -> Option<Waker> {
        let mut arrivals = self.lock();
        arrivals.places.push(place);
        arrivals.has_failed |= failed;
        if !arrivals.is_enough() {
            return None;
        }
        self.enough.notify_all();
        arrivals.waker.take()
    }

    /// Blocks until the goal is reached, or time is up.
    pub(super) fn block(&self, deadline: Deadline) {
        drop(deadline.block(&self.arrivals, &self.enough, self.lock(), |arrivals| arrivals.is_enough()));
    }

    /// Is ready once the goal is reached; else the task that polls is woken when it is.
    pub(super) fn poll(&self, context: &Context<'_>) -> Poll<()> {
        let mut arrivals = self.lock();
        if arrivals.is_enough() {
            return Poll::Ready(());
        }
        let earlier = arrivals.waker.replace(context.waker().clone());
        drop(arrivals);
        // Only now: dropping a waker may drop the task behind it, which is somebody else's code.
        drop(earlier);
        Poll::Pending
    }

    /// The places of those that completed since the last call, in the order in which they did.
    pub(super) fn take(&self) -> Vec<usize> {
        core::mem::take(&mut self.lock().places)
    }

    fn lock(&self) -> MutexGuard<'_, Arrivals> {
        sync::lock(&self.arrivals)
    }
}
