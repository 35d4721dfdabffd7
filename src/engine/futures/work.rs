//! Tasks between their submission and their end, and what the workers of a pool have in common.

use super::future::Future;
use super::log::{self, Level};
use crate::model::outcome::Failure;

/// Why a pool is broken whose initializer failed.
pub(super) const INITIALIZER_FAILED: &str = "A thread initializer failed, the thread pool is not usable anymore";

/// Makes the context of the worker with this number, which is called on its thread.
pub(super) type Initializer<W> = Box<dyn Fn(usize) -> Result<W, Failure> + Send + Sync>;

/// A task in the queue, whatever it gives.
pub(super) trait Work<W>: Send {
    fn run(self: Box<Self>, context: &W);
    fn cancel(self: Box<Self>);
    fn fail(self: Box<Self>, failure: Failure);
}

pub(super) struct WorkItem<T, F> {
    pub(super) future: Future<T>,
    pub(super) task: F,
}

impl<W, T, F> Work<W> for WorkItem<T, F>
where
    T: Send,
    F: FnOnce(&W) -> Result<T, Failure> + Send,
{
    fn run(self: Box<Self>, context: &W) {
        let WorkItem { future, task } = *self;
        if may_begin(&future) {
            // The task and all that it holds are dropped before anybody hears of its end.
            end(&future, log::guard(|| task(context)).flatten());
        }
    }

    /// Cancels it, and tells those who wait. CPython only cancels, and as nobody comes to the task any more, a `wait` for
    /// it would never end.
    fn cancel(self: Box<Self>) {
        self.future.cancel();
        may_begin(&self.future);
    }

    fn fail(self: Box<Self>, failure: Failure) {
        if may_begin(&self.future) {
            end(&self.future, Err(failure));
        }
    }
}

/// Whether a task may be run. Not if its future was cancelled, nor if somebody else runs or has ended it, which is logged.
pub(super) fn may_begin<T>(future: &Future<T>) -> bool {
    future.set_running_or_notify_cancel().unwrap_or(false)
}

/// Gives a future what its task gave.
pub(super) fn end<T>(future: &Future<T>, outcome: Result<T, Failure>) {
    let set = match outcome {
        Ok(value) => future.set_result(value),
        Err(failure) => future.set_exception(failure),
    };
    if let Err(invalid) = set {
        log::record(Level::Critical, format!("somebody else has ended the future of a task: {invalid}"));
    }
}
