//! What a coroutine can end with, other than a value.

use core::time::Duration;

use thiserror::Error;

use crate::engine::futures::{FutureError, SubmitError};
use crate::model::outcome::Failure;

/// What a coroutine gives if it gives no value: what asyncio would raise.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Error {
    /// What it waited for was cancelled. A coroutine that ends with this is a task that was cancelled.
    #[error("cancelled")]
    Cancelled,
    /// Time was up.
    #[error(transparent)]
    TimedOut(#[from] TimedOut),
    /// It failed, or what it waited for did.
    #[error(transparent)]
    Failed(#[from] Failure),
    /// Tasks of a group failed.
    #[error(transparent)]
    Group(#[from] ExceptionGroup),
    /// An executor did not take a closure.
    #[error(transparent)]
    NotTaken(#[from] SubmitError),
}

impl Error {
    /// The failure of a task whose coroutine ended with this, or `None` if it counts as cancelled.
    ///
    /// A task has one failure, so a group gives its first.
    pub(super) fn into_failure(self) -> Option<Failure> {
        match self {
            Error::Cancelled => None,
            Error::TimedOut(TimedOut { length }) => {
                Some(Failure::TimedOut(u32::try_from(length.as_millis()).unwrap_or(u32::MAX)))
            }
            Error::Failed(failure) => Some(failure),
            Error::Group(group) => group.exceptions.into_iter().find_map(Error::into_failure),
            Error::NotTaken(error) => Some(Failure::BrokenPool(error.to_string())),
        }
    }
}

impl From<FutureError> for Error {
    fn from(error: FutureError) -> Error {
        match error {
            FutureError::Cancelled => Error::Cancelled,
            // Only who blocks on a future is told so, and a coroutine never blocks: no length is known.
            FutureError::TimedOut => Error::TimedOut(TimedOut { length: Duration::ZERO }),
            FutureError::Failed(failure) => Error::Failed(failure),
        }
    }
}

/// It was not done within its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not done within {} ms", .length.as_millis())]
pub struct TimedOut {
    /// The time that it had.
    pub length: Duration,
}

/// What went wrong in a group, in the order in which it did, what its body ended with last: Python's `ExceptionGroup`.
/// Never empty, and none of it is [`Error::Cancelled`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("unhandled errors in a TaskGroup ({} sub-exception{})", .exceptions.len(), if .exceptions.len() == 1 { "" } else { "s" })]
pub struct ExceptionGroup {
    pub exceptions: Vec<Error>,
}

/// There is no item that is not another's already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the queue is empty")]
pub struct QueueEmpty;

/// There is no room that is not another's already; the item comes back.
#[derive(Clone, Copy, PartialEq, Eq, Error)]
#[error("the queue is full")]
pub struct QueueFull<T>(pub T);

impl<T> core::fmt::Debug for QueueFull<T> {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        formatter.write_str("QueueFull")
    }
}

/// More items were called done than were ever put.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("task_done() called too many times")]
pub struct TaskDoneUnderflow;
