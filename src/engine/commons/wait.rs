//! A task's wait: one implementation, in a form for coroutines and one for threads that block.

use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};

use super::error::WaitError;
use super::event::{CommonsEvent, Observer};
use super::member::Member;
use super::names::{Item, LockName, QueueName, Wanted};
use super::parker::Parker;
use super::state::{Answer, State};
use crate::model::id::TaskId;

/// What can be asked for.
pub trait Request: Copy + Unpin {
    /// What one has who got it.
    type Output: Clone + Unpin;

    /// What a permit is needed for.
    fn wanted(self) -> Wanted;

    /// What is done with the permit. `from` is whose doing it was that there is one, if it was waited for.
    ///
    /// # Errors
    /// If it is of no use any more; then it was given back.
    fn perform(
        self,
        state: &mut State,
        task: TaskId,
        from: Option<TaskId>,
    ) -> Result<(Self::Output, CommonsEvent), WaitError>;
}

/// To acquire a lock.
#[derive(Clone, Copy, Debug)]
pub struct Acquire(pub(super) LockName);

/// To put an item into a queue.
#[derive(Clone, Copy, Debug)]
pub struct Put(pub(super) QueueName, pub(super) Item);

/// To get an item from a queue.
#[derive(Clone, Copy, Debug)]
pub struct Get(pub(super) QueueName);

impl Request for Acquire {
    type Output = ();

    fn wanted(self) -> Wanted {
        Wanted::Lock(self.0)
    }

    fn perform(self, _: &mut State, _: TaskId, from: Option<TaskId>) -> Result<((), CommonsEvent), WaitError> {
        Ok(((), CommonsEvent::Acquired { lock: self.0, from }))
    }
}

impl Request for Put {
    type Output = ();

    fn wanted(self) -> Wanted {
        Wanted::Room(self.0)
    }

    fn perform(self, state: &mut State, task: TaskId, from: Option<TaskId>) -> Result<((), CommonsEvent), WaitError> {
        let Put(queue, item) = self;
        let (length, to) = state.put(task, queue, item)?;
        Ok(((), CommonsEvent::Put { queue, item, length, from, to }))
    }
}

impl Request for Get {
    type Output = Item;

    fn wanted(self) -> Wanted {
        Wanted::Item(self.0)
    }

    fn perform(self, state: &mut State, task: TaskId, from: Option<TaskId>) -> Result<(Item, CommonsEvent), WaitError> {
        let Get(queue) = self;
        let (item, length, to) = state.get(task, queue)?;
        Ok((item, CommonsEvent::Got { queue, item, length, from, to }))
    }
}

/// A task's wait for a lock, for room or for an item: what `acquire`, `put` and `get` of a [`Member`] return.
///
/// A coroutine awaits it, a thread [blocks](Wait::block) on it. Nothing is asked for before the first poll. It can be
/// polled again after it was ready, and gives the same. Dropped before, it is taken back, and what it was granted
/// meanwhile goes to the next in line.
///
/// A thread that must let go of something before it blocks, such as the interpreter's lock, attempts first:
///
/// ```
/// # use overlap::engine::commons::{Commons, LockName, Setup};
/// # use overlap::engine::gil::Gil;
/// # use overlap::model::id::TaskId;
/// # let (commons, gil) = (Commons::new(&Setup::of_tasks(1)), Gil::default());
/// # let mut thread = gil.thread(1, ());
/// # let mut member = commons.begin(TaskId(0), ())?;
/// let mut held = thread.take()?;
/// {
///     let mut wait = member.acquire(LockName('A'));
///     if wait.attempt()?.is_pending() {
///         held.release();
///         wait.block()?;
///         held = thread.take()?;
///     }
/// }
/// // Has both.
/// member.release(LockName('A'))?;
/// held.release();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "nothing is asked for until it is awaited or blocked on"]
pub struct Wait<'m, O: Observer, R: Request> {
    member: &'m Member<'m, O>,
    request: R,
    stage: Stage<R::Output>,
}

enum Stage<T> {
    /// Nothing was asked for.
    New,
    /// The task has a wait, which is this one.
    Waiting,
    Over(Result<T, WaitError>),
}

impl<'m, O: Observer, R: Request> Wait<'m, O, R> {
    pub(super) fn new(member: &'m Member<'m, O>, request: R) -> Wait<'m, O, R> {
        Wait { member, request, stage: Stage::New }
    }

    /// Asks, and begins to wait if that must be: then it is pending, and has its place in line. Never blocks.
    pub fn attempt(&mut self) -> Poll<Result<R::Output, WaitError>> {
        self.poll_with(&mut None)
    }

    /// Blocks the thread until there is an answer. Not for a thread whose event loop something else needs.
    ///
    /// # Errors
    /// As the method says that returned the wait.
    pub fn block(mut self) -> Result<R::Output, WaitError> {
        // Where nothing is to be waited for, nothing is allocated.
        if let Poll::Ready(result) = self.attempt() {
            return result;
        }
        let parker = Parker::new();
        loop {
            if let Poll::Ready(result) = self.poll_with(&mut Some(parker.waker())) {
                return result;
            }
            parker.park();
        }
    }

    /// The waker is exchanged for the one of the last poll, if it is still waited for.
    fn poll_with(&mut self, waker: &mut Option<Waker>) -> Poll<Result<R::Output, WaitError>> {
        if let Stage::Over(result) = &self.stage {
            return Poll::Ready(result.clone());
        }
        let polled = self.member.commons().change(|state| match self.stage {
            Stage::New => self.ask(state, waker),
            _ => self.look(state, waker),
        });
        self.stage = match &polled {
            Poll::Pending => Stage::Waiting,
            Poll::Ready(result) => Stage::Over(result.clone()),
        };
        polled
    }

    fn ask(&self, state: &mut State, waker: &mut Option<Waker>) -> Poll<Result<R::Output, WaitError>> {
        let wanted = self.request.wanted();
        match state.request(self.member.task(), wanted) {
            Ok(Answer::Granted) => Poll::Ready(self.perform(state, None)),
            Ok(Answer::Waits(holder)) => {
                self.member.tell(CommonsEvent::Waiting { wanted, holder });
                // Leaves the waker; or all are stalled by this wait, and it has ended already.
                self.look(state, waker)
            }
            Err(error) => Poll::Ready(Err(error)),
        }
    }

    fn look(&self, state: &mut State, waker: &mut Option<Waker>) -> Poll<Result<R::Output, WaitError>> {
        state.poll(self.member.task(), waker).map(|permit| {
            let result = permit.and_then(|from| self.perform(state, Some(from)));
            if result.is_err() {
                self.member.tell(CommonsEvent::GaveUp { wanted: self.request.wanted(), to: None });
            }
            result
        })
    }

    fn perform(&self, state: &mut State, from: Option<TaskId>) -> Result<R::Output, WaitError> {
        let (output, event) = self.request.perform(state, self.member.task(), from)?;
        self.member.tell(event);
        Ok(output)
    }
}

impl<O: Observer, R: Request> Future for Wait<'_, O, R> {
    type Output = Result<R::Output, WaitError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.poll_with(&mut Some(context.waker().clone()))
    }
}

/// Who waits no more stands in no line, and keeps nothing from others.
impl<O: Observer, R: Request> Drop for Wait<'_, O, R> {
    fn drop(&mut self) {
        if matches!(self.stage, Stage::Waiting) {
            self.member.cancel();
        }
    }
}

impl<O: Observer, R: Request> fmt::Debug for Wait<'_, O, R> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage = match self.stage {
            Stage::New => "new",
            Stage::Waiting => "waiting",
            Stage::Over(_) => "over",
        };
        let mut debug = formatter.debug_struct("Wait");
        debug.field("wanted", &self.request.wanted()).field("stage", &stage).finish_non_exhaustive()
    }
}
