//! Tasks that end together.

use core::fmt;
use core::future::Future as Awaitable;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pin_project_lite::pin_project;
use slab::Slab;

use super::cancellation::{HasScope, Member, Scope, poll_in};
use super::error::{Error, ExceptionGroup};
use super::event_loop::EventLoop;
use super::ready::TaskCell;
use super::task::Task;
use crate::engine::futures::panic_failure;
use crate::model::outcome::Failure;

/// Tasks of which the first that fails cancels the rest, and that all have ended before their scope is left: asyncio's
/// `TaskGroup`. Clones are the same group.
#[derive(Clone)]
pub struct TaskGroup {
    event_loop: EventLoop,
    children: Arc<Children>,
}

impl TaskGroup {
    /// Runs `body` with a group, and waits until it and every task of the group has ended: asyncio's `async with`.
    ///
    /// If one of them fails, `body` included, the others are cancelled; a panic is a failure, and being cancelled is none, as
    /// far as a child is concerned. If who awaits this is cancelled, so are `body` and the tasks, and all have ended
    /// before who awaits it is dropped; but if one fails in this, it is that failure that is given.
    ///
    /// # Errors
    /// What failed, as a group; or, if nothing did, that `body` ended as cancelled.
    pub async fn run<T, F>(event_loop: &EventLoop, body: impl FnOnce(TaskGroup) -> F) -> Result<T, Error>
    where
        F: Awaitable<Output = Result<T, Error>>,
    {
        let group = TaskGroup { event_loop: event_loop.clone(), children: Arc::default() };
        let children = Arc::clone(&group.children);
        let scope: Arc<dyn HasScope> = Arc::new(Scope::default());
        let running = Running {
            body: Some(body(group)),
            ended: None,
            scope,
            member: Member::Outside,
            children: AbortAtEnd(children),
        };
        running.await
    }

    /// Has a coroutine run as a task of this group. Once the group is shutting down or over, the coroutine is dropped at its
    /// first turn, and its task is cancelled.
    pub fn create_task<T, F>(&self, coroutine: F) -> Task<T>
    where
        T: 'static,
        F: Awaitable<Output = Result<T, Error>> + 'static,
    {
        let task = self.event_loop.create_task(coroutine);
        let mut state = self.children.lock();
        let place = state.alive.insert(Arc::clone(task.cell()));
        let is_late = state.is_aborting;
        drop(state);
        let children = Arc::clone(&self.children);
        task.add_done_callback(move |future| {
            // It is done, so this does not block. Being cancelled is no failure.
            children.end(place, future.exception(None).ok().flatten());
        });
        if is_late {
            task.cancel();
        }
        task
    }

    /// How many of its tasks have not ended.
    pub fn task_count(&self) -> usize {
        self.children.lock().alive.len()
    }
}

impl fmt::Debug for TaskGroup {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "<TaskGroup tasks={}>", self.task_count())
    }
}

/// The tasks of a group. A lock, as callbacks of futures may be called from any thread; here they never are.
#[derive(Default)]
struct Children {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    alive: Slab<Arc<TaskCell>>,
    exceptions: Vec<Error>,
    /// All are cancelled, and whatever comes.
    is_aborting: bool,
    waker: Option<Waker>,
}

impl Children {
    fn end(&self, place: usize, failure: Option<Failure>) {
        let mut state = self.lock();
        drop(state.alive.try_remove(place));
        let has_failed = failure.is_some();
        state.exceptions.extend(failure.map(Error::Failed));
        // The group has something to do when its last task ends, and when one fails.
        let waker = if has_failed || state.alive.is_empty() { state.waker.take() } else { None };
        drop(state);
        if has_failed {
            self.abort();
        }
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn abort(&self) {
        let mut state = self.lock();
        if core::mem::replace(&mut state.is_aborting, true) {
            return;
        }
        let alive: Vec<_> = state.alive.iter().map(|(_, cell)| Arc::clone(cell)).collect();
        drop(state);
        alive.iter().for_each(TaskCell::cancel);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A group that nobody waits for any more must not leave its tasks behind.
struct AbortAtEnd(Arc<Children>);

impl Drop for AbortAtEnd {
    fn drop(&mut self) {
        self.0.abort();
    }
}

pin_project! {
    /// A group's body, in a scope of its own, and then the wait for its tasks.
    struct Running<F, T> {
        #[pin]
        body: Option<F>,
        // What the body ended with, once it has.
        ended: Option<Result<T, Error>>,
        scope: Arc<dyn HasScope>,
        member: Member,
        children: AbortAtEnd,
    }
}

impl<F: Awaitable<Output = Result<T, Error>>, T> Awaitable for Running<F, T> {
    type Output = Result<T, Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if this.member.is_gone() {
            return Poll::Pending;
        }
        let children = &this.children.0;
        if this.member.is_cancelled(context) {
            children.abort();
        }
        // Left before the body runs: what it does may end tasks.
        let earlier = children.lock().waker.replace(context.waker().clone());
        drop(earlier);
        if this.ended.is_none() {
            let is_aborting = children.lock().is_aborting;
            if is_aborting {
                this.scope.scope().request();
            }
            let polled = catch_unwind(AssertUnwindSafe(|| poll_in(this.scope, this.body.as_mut(), context)));
            let ended = match polled {
                Ok(Poll::Pending) => return Poll::Pending,
                Ok(Poll::Ready(ended)) => ended.unwrap_or(Err(Error::Cancelled)),
                Err(payload) => {
                    // It may still be there. The first panic is its failure.
                    let _second = catch_unwind(AssertUnwindSafe(|| this.body.set(None)));
                    Err(panic_failure(payload.as_ref()).into())
                }
            };
            if ended.is_err() {
                children.abort();
            }
            *this.ended = Some(ended);
        }
        let mut state = children.lock();
        if !state.alive.is_empty() {
            return Poll::Pending;
        }
        // Nothing can come any more: whatever would, is cancelled.
        state.is_aborting = true;
        let mut exceptions = core::mem::take(&mut state.exceptions);
        drop(state);
        let ended = this.ended.take().unwrap_or(Err(Error::Cancelled));
        let ended = match ended {
            Err(error) if error != Error::Cancelled => {
                exceptions.push(error);
                Err(Error::Cancelled)
            }
            ended => ended,
        };
        if !exceptions.is_empty() && (!this.member.is_asked() || this.member.absorb()) {
            this.member.leave();
            return Poll::Ready(Err(ExceptionGroup { exceptions }.into()));
        }
        if this.member.is_asked() {
            this.member.give_way();
            return Poll::Pending;
        }
        this.member.leave();
        Poll::Ready(ended)
    }
}
