//! Which tasks were woken, in which order; and what a task's waker is.

use core::sync::atomic::{AtomicBool, Ordering};
use core::task::Waker;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Wake;

use super::cancellation::{HasScope, Scope};

/// The tasks that were woken, first come first served, and the waker of the future that runs the loop.
#[derive(Default)]
pub(super) struct ReadyQueue {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    ready: VecDeque<Arc<TaskCell>>,
    /// Set while the loop has nothing to do.
    parked: Option<Waker>,
    /// The loop runs no more, so that nothing may be kept for it.
    is_closed: bool,
}

impl ReadyQueue {
    fn push(&self, cell: Arc<TaskCell>) {
        let mut state = self.lock();
        if state.is_closed {
            return;
        }
        state.ready.push_back(cell);
        let parked = state.parked.take();
        drop(state);
        // In most cases the loop itself polls what wakes, and is not parked.
        if let Some(waker) = parked {
            waker.wake();
        }
    }

    /// Gives all that are ready for an empty queue.
    pub(super) fn swap(&self, empty: &mut VecDeque<Arc<TaskCell>>) {
        core::mem::swap(&mut self.lock().ready, empty);
    }

    /// If no task is ready, `waker` is woken when one is; returns whether it is left to that.
    pub(super) fn park(&self, waker: &Waker) -> bool {
        let mut state = self.lock();
        if !state.ready.is_empty() {
            return false;
        }
        let earlier = state.parked.replace(waker.clone());
        drop(state);
        // Only now: dropping a waker may drop the task behind it, which is somebody else's code.
        drop(earlier);
        true
    }

    /// Keeps nothing any more. Tasks that are woken hold the queue, so it must not hold them.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.is_closed = true;
        let dropped = (core::mem::take(&mut state.ready), state.parked.take());
        drop(state);
        drop(dropped);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What others than its loop have of a task: they wake it, and cancel it. Any thread may.
pub(super) struct TaskCell {
    /// Where its loop keeps it. Used again once the task has ended.
    pub(super) place: usize,
    is_queued: AtomicBool,
    is_over: AtomicBool,
    queue: Arc<ReadyQueue>,
    scope: Scope,
}

impl TaskCell {
    pub(super) fn new(place: usize, queue: Arc<ReadyQueue>) -> TaskCell {
        let (is_queued, is_over) = (AtomicBool::new(false), AtomicBool::new(false));
        TaskCell { place, is_queued, is_over, queue, scope: Scope::default() }
    }

    /// Cancels it at its next turn, which comes soon.
    pub(super) fn cancel(self: &Arc<TaskCell>) {
        self.scope.request();
        self.wake_by_ref();
    }

    /// From here on it can be queued again: what wakes it from now on may not be seen by the turn that begins.
    pub(super) fn begin_turn(&self) {
        self.is_queued.store(false, Ordering::Release);
    }

    /// It is never queued again.
    pub(super) fn end(&self) {
        self.is_queued.store(true, Ordering::Release);
        self.is_over.store(true, Ordering::Release);
    }

    pub(super) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Acquire)
    }
}

impl HasScope for TaskCell {
    fn scope(&self) -> &Scope {
        &self.scope
    }
}

impl Wake for TaskCell {
    fn wake(self: Arc<TaskCell>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<TaskCell>) {
        if !self.is_queued.swap(true, Ordering::AcqRel) {
            self.queue.push(Arc::clone(self));
        }
    }
}
