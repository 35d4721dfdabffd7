//! Waiting for several futures: for one, for the first that fails, or for all.

use core::future::{Future as Awaitable, poll_fn};
use core::pin::pin;
use core::task::Poll;
use core::time::Duration;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::deadline::Deadline;
use super::future::Future;
use super::waiter::{Goal, Waiter};

/// What a wait is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReturnWhen {
    /// Any future completes.
    FirstCompleted,
    /// Any future fails; being cancelled is no failure. If none does, as [`ReturnWhen::AllCompleted`].
    FirstException,
    /// Every future has completed.
    AllCompleted,
}

/// The futures that were waited for, each once, in the order in which they were given.
#[derive(Debug)]
pub struct Waited<T> {
    /// Those that had completed when the wait was over.
    pub done: Vec<Future<T>>,
    /// All others. One that was cancelled is among them until its executor has come to it.
    pub not_done: Vec<Future<T>>,
}

/// Blocks until what `return_when` says has come about, or `timeout` has passed, which is no error. `None` waits for ever.
///
/// Duplicates are dropped. If there is nothing to wait for, it returns at once.
pub fn wait<T>(
    futures: impl IntoIterator<Item = Future<T>>,
    return_when: ReturnWhen,
    timeout: Option<Duration>,
) -> Waited<T> {
    let deadline = Deadline::after(timeout);
    let watch = Watch::of(futures);
    if let Some(goal) = watch.goal(return_when) {
        watch.waiter.set_goal(goal);
        watch.waiter.block(deadline);
    }
    watch.end()
}

/// [`wait`] for an event loop: it awaits, and `timer` takes the place of a timeout. `core::future::pending()` waits for ever.
pub async fn wait_async<T>(
    futures: impl IntoIterator<Item = Future<T>>,
    return_when: ReturnWhen,
    timer: impl Awaitable<Output = ()>,
) -> Waited<T> {
    let mut timer = pin!(timer);
    let watch = Watch::of(futures);
    if let Some(goal) = watch.goal(return_when) {
        watch.waiter.set_goal(goal);
        poll_fn(|context| match watch.waiter.poll(context) {
            Poll::Ready(()) => Poll::Ready(()),
            Poll::Pending => timer.as_mut().poll(context),
        })
        .await;
    }
    watch.end()
}

/// Futures that tell one waiter when they complete, until this is dropped.
#[derive(Debug)]
pub(super) struct Watch<T> {
    /// Each once. A place is empty when its future was handed out.
    futures: Vec<Option<Future<T>>>,
    pub(super) waiter: Arc<Waiter>,
    /// The places of those that had completed already.
    pub(super) completed: Vec<usize>,
    has_failed: bool,
}

impl<T> Watch<T> {
    pub(super) fn of(futures: impl IntoIterator<Item = Future<T>>) -> Watch<T> {
        let waiter = Arc::new(Waiter::new());
        let mut watch = Watch { futures: Vec::new(), waiter, completed: Vec::new(), has_failed: false };
        let mut seen = BTreeSet::new();
        for future in futures {
            if seen.insert(future.address()) {
                let place = watch.futures.len();
                // Looked at and watched under one lock, so a future is either seen as completed or tells the waiter.
                if let Some(failed) = future.watch(&watch.waiter, place) {
                    watch.completed.push(place);
                    watch.has_failed |= failed;
                }
                watch.futures.push(Some(future));
            }
        }
        watch
    }

    /// How many futures there were, each counted once.
    pub(super) fn total(&self) -> usize {
        self.futures.len()
    }

    /// Hands out the future at a place, which completed.
    pub(super) fn hand_out(&mut self, place: usize) -> Option<Future<T>> {
        self.futures[place].take()
    }

    /// What is still to be waited for, if anything is.
    fn goal(&self, return_when: ReturnWhen) -> Option<Goal> {
        let to_come = self.total() - self.completed.len();
        let is_over = match return_when {
            ReturnWhen::FirstCompleted => !self.completed.is_empty(),
            ReturnWhen::FirstException => self.has_failed,
            ReturnWhen::AllCompleted => false,
        };
        let count = if return_when == ReturnWhen::FirstCompleted { 1 } else { to_come };
        let goal = Goal { count, or_failure: return_when == ReturnWhen::FirstException };
        (to_come > 0 && !is_over).then_some(goal)
    }

    /// Holds no future any more, and is told by none.
    pub(super) fn release(&mut self) {
        self.unwatch();
        self.futures.clear();
    }

    fn unwatch(&self) {
        self.futures.iter().flatten().for_each(|future| future.unwatch(&self.waiter));
    }

    fn end(mut self) -> Waited<T> {
        // First no more may arrive, so that what is split below is all there is.
        self.unwatch();
        let arrived = self.waiter.take();
        let mut is_done = vec![false; self.total()];
        self.completed.iter().chain(&arrived).for_each(|place| is_done[*place] = true);
        let mut waited = Waited { done: Vec::new(), not_done: Vec::new() };
        for (future, is_done) in core::mem::take(&mut self.futures).into_iter().flatten().zip(is_done) {
            if is_done { waited.done.push(future) } else { waited.not_done.push(future) }
        }
        waited
    }
}

impl<T> Drop for Watch<T> {
    fn drop(&mut self) {
        self.unwatch();
    }
}
