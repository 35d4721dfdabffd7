//! A task: a coroutine that an event loop runs, and its outcome.

use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use pin_project_lite::pin_project;

use super::cancellation::{HasScope, Member, poll_in};
use super::error::Error;
use super::ready::TaskCell;
use crate::engine::futures::panic_failure;
use crate::engine::futures::{Future, FutureError};
use crate::model::outcome::Failure;

/// A coroutine that an event loop runs: asyncio's `Task`.
///
/// A handle: clones stand for the same task, and dropping them stops nothing. Its outcome is a [`Future`]'s. Awaiting it gives
/// the value, of which each who awaits gets a clone; and who is cancelled while awaiting cancels it, and waits until it
/// has ended, unless it awaits a [`shield`].
pub struct Task<T> {
    future: Future<T>,
    cell: Arc<TaskCell>,
    /// This handle, while it is awaited.
    member: Member,
    /// Whether a cancellation of who awaits this handle was passed on.
    has_passed_on: bool,
}

impl<T> Task<T> {
    pub(super) fn new(future: Future<T>, cell: Arc<TaskCell>) -> Task<T> {
        Task { future, cell, member: Member::Outside, has_passed_on: false }
    }

    /// Asks for it to be cancelled, and returns false if it is done already.
    ///
    /// At its next turn its coroutine is dropped where it waits, and what it holds with it; before that, whatever it awaits
    /// that must end first is cancelled, and has ended. A coroutine that never waits cannot be cancelled. May be called
    /// again, which changes nothing, and from any thread.
    pub fn cancel(&self) -> bool {
        let can_be = !self.future.done();
        if can_be {
            self.cell.cancel();
        }
        can_be
    }

    /// Whether it was cancelled, and has ended.
    pub fn cancelled(&self) -> bool {
        self.future.cancelled()
    }

    /// Whether it has ended.
    pub fn done(&self) -> bool {
        self.future.done()
    }

    /// What it returned, or why it did not; `None` while it is not done.
    pub fn result(&self) -> Option<Result<T, FutureError>>
    where
        T: Clone,
    {
        self.done().then(|| self.future.result(None))
    }

    /// What it failed with, `Ok(None)` if it returned; `None` while it is not done.
    pub fn exception(&self) -> Option<Result<Option<Failure>, FutureError>> {
        self.done().then(|| self.future.exception(None))
    }

    /// Calls `callback` once it is done: as it ends, on its loop's thread, or here and now if it is done already. What
    /// [`Future::add_done_callback`] says of order and of panics holds.
    pub fn add_done_callback(&self, callback: impl FnOnce(&Future<T>) + Send + 'static) {
        self.future.add_done_callback(callback);
    }

    pub(super) fn future(&self) -> &Future<T> {
        &self.future
    }

    pub(super) fn cell(&self) -> &Arc<TaskCell> {
        &self.cell
    }
}

impl<T: Clone> core::future::Future for Task<T> {
    type Output = Result<T, FutureError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if this.member.is_gone() {
            return Poll::Pending;
        }
        let Poll::Ready(outcome) = Pin::new(&mut this.future).poll(context) else {
            if this.member.is_cancelled(context) && !this.has_passed_on {
                this.has_passed_on = true;
                this.cell.cancel();
            }
            return Poll::Pending;
        };
        if this.member.is_asked() {
            // What ended before it could be cancelled, or as it was to be, leaves nothing to tell.
            let is_all = !this.has_passed_on || matches!(outcome, Err(FutureError::Cancelled));
            if is_all || !this.member.absorb() {
                this.member.give_way();
                return Poll::Pending;
            }
        }
        this.member.leave();
        this.has_passed_on = false;
        Poll::Ready(outcome)
    }
}

impl<T> Clone for Task<T> {
    fn clone(&self) -> Task<T> {
        Task::new(self.future.clone(), Arc::clone(&self.cell))
    }
}

/// Tasks are equal if they are the same one.
impl<T> PartialEq for Task<T> {
    fn eq(&self, other: &Task<T>) -> bool {
        self.future == other.future
    }
}

impl<T> Eq for Task<T> {}

impl<T> fmt::Debug for Task<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "<Task {}>", self.future)
    }
}

/// Awaits a task without passing a cancellation on: who awaits this can be cancelled, and the task goes on.
pub fn shield<T>(task: &Task<T>) -> Shield<T> {
    Shield(task.future.clone())
}

/// What [`shield`] gives.
#[derive(Debug)]
pub struct Shield<T>(Future<T>);

impl<T: Clone> core::future::Future for Shield<T> {
    type Output = Result<T, FutureError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context)
    }
}

/// The outcome that a coroutine will have. If it is dropped without one, it is cancelled, so that nobody waits for ever.
struct Promise<T>(Future<T>);

impl<T> Promise<T> {
    fn keep(&self, outcome: Result<T, Option<Failure>>) {
        // A promise is kept once, so its future is pending, and nothing of this is an error.
        let _kept = match outcome {
            Ok(value) => self.0.set_result(value).is_ok(),
            Err(Some(failure)) => self.0.set_exception(failure).is_ok(),
            Err(None) => self.0.cancel() && self.0.set_running_or_notify_cancel().is_ok(),
        };
    }
}

impl<T> Drop for Promise<T> {
    fn drop(&mut self) {
        if !self.0.done() {
            self.keep(Err(None));
        }
    }
}

pin_project! {
    /// What an event loop polls of a task: its coroutine until that has ended, and then its outcome is set.
    pub(super) struct Body<F, T> {
        #[pin]
        coroutine: Option<F>,
        promise: Promise<T>,
        scope: Arc<dyn HasScope>,
    }
}

impl<F, T> Body<F, T> {
    pub(super) fn new(coroutine: F, future: Future<T>, cell: Arc<TaskCell>) -> Body<F, T> {
        Body { coroutine: Some(coroutine), promise: Promise(future), scope: cell }
    }
}

impl<F: core::future::Future<Output = Result<T, Error>>, T> core::future::Future for Body<F, T> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        let polled = catch_unwind(AssertUnwindSafe(|| poll_in(this.scope, this.coroutine.as_mut(), context)));
        let outcome = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(None)) => Err(None),
            // As in asyncio, a coroutine that returns with a cancellation before it was cancelled, and one that fails failed.
            Ok(Poll::Ready(Some(Ok(_)))) if this.scope.scope().is_requested() => Err(None),
            Ok(Poll::Ready(Some(outcome))) => outcome.map_err(Error::into_failure),
            Err(payload) => {
                // It may still be there, and is dropped before its end is told. The first panic is its failure.
                let _second = catch_unwind(AssertUnwindSafe(|| this.coroutine.set(None)));
                Err(Some(panic_failure(payload.as_ref())))
            }
        };
        this.promise.keep(outcome);
        Poll::Ready(())
    }
}
