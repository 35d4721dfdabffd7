//! The values of many tasks.

use core::future::poll_fn;
use core::task::{Context, Poll};
use std::sync::Arc;

use super::arrivals::Arrivals;
use super::cancellation::Member;
use super::ready::TaskCell;
use super::task::Task;
use crate::engine::futures::FutureError;

/// Waits for all tasks, and gives their values in the order of the tasks; a task that is named twice gives its value twice.
///
/// If one does not return, that is given at once, and the others go on. If who awaits this is cancelled, so is each
/// task, and each has ended before who awaits it is dropped.
///
/// # Errors
/// That of the task that was the first not to return.
pub async fn gather<T: Clone>(tasks: impl IntoIterator<Item = Task<T>>) -> Result<Vec<T>, FutureError> {
    let tasks: Vec<Task<T>> = tasks.into_iter().collect();
    let error = |place: usize| match tasks[place].exception()? {
        Ok(failure) => failure.map(FutureError::Failed),
        Err(error) => Some(error),
    };
    match All::of(&tasks).wait(error).await {
        Some(error) => Err(error),
        None => tasks.iter().map(outcome).collect(),
    }
}

/// [`gather`] with `return_exceptions`: waits for every task, and gives how each ended.
pub async fn gather_exceptions<T: Clone>(tasks: impl IntoIterator<Item = Task<T>>) -> Vec<Result<T, FutureError>> {
    let tasks: Vec<Task<T>> = tasks.into_iter().collect();
    All::of(&tasks).wait(|_| None).await;
    tasks.iter().map(outcome).collect()
}

/// How a task ended that has.
fn outcome<T: Clone>(task: &Task<T>) -> Result<T, FutureError> {
    task.result().unwrap_or(Err(FutureError::Cancelled))
}

/// A wait for tasks that are cancelled with who waits.
struct All {
    cells: Vec<Arc<TaskCell>>,
    arrivals: Arc<Arrivals>,
    left: usize,
    member: Member,
    has_passed_on: bool,
}

impl All {
    fn of<T>(tasks: &[Task<T>]) -> All {
        let cells: Vec<_> = tasks.iter().map(|task| Arc::clone(task.cell())).collect();
        let left = cells.len();
        All { cells, arrivals: Arrivals::of(tasks), left, member: Member::Outside, has_passed_on: false }
    }

    /// Ends with the first error that there is at a place, or with `None` once all tasks have ended.
    async fn wait(mut self, error: impl Fn(usize) -> Option<FutureError>) -> Option<FutureError> {
        poll_fn(|context| self.poll(context, &error)).await
    }

    fn poll(
        &mut self,
        context: &Context<'_>,
        error: &impl Fn(usize) -> Option<FutureError>,
    ) -> Poll<Option<FutureError>> {
        if self.member.is_gone() {
            return Poll::Pending;
        }
        let arrived = self.arrivals.take(context);
        self.left -= arrived.len();
        if self.member.is_cancelled(context) {
            if !self.has_passed_on {
                self.has_passed_on = true;
                self.cells.iter().for_each(TaskCell::cancel);
            }
            if self.left == 0 {
                self.member.give_way();
            }
            return Poll::Pending;
        }
        let first = arrived.into_iter().find_map(error);
        if first.is_none() && self.left > 0 {
            return Poll::Pending;
        }
        self.member.leave();
        Poll::Ready(first)
    }
}
