//! The states of a future, and what one holds under its lock.

use core::task::Waker;
use std::sync::Arc;

use super::future::Future;
use super::waiter::Waiter;
use crate::model::outcome::Failure;

/// What a future is at. `README.md` says which follows which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Its task waits to be run.
    Pending,
    /// Its task runs, and can be cancelled no more.
    Running,
    /// It was cancelled, and nobody who waits for it among others has been told yet.
    Cancelled,
    /// It was cancelled, and the executor has passed over its task and told those who wait.
    CancelledAndNotified,
    /// Its task returned or failed.
    Finished,
}

impl State {
    /// As CPython's constants are called.
    pub fn name(self) -> &'static str {
        match self {
            State::Pending => "PENDING",
            State::Running => "RUNNING",
            State::Cancelled => "CANCELLED",
            State::CancelledAndNotified => "CANCELLED_AND_NOTIFIED",
            State::Finished => "FINISHED",
        }
    }

    pub(super) fn is_cancelled(self) -> bool {
        matches!(self, State::Cancelled | State::CancelledAndNotified)
    }

    /// Whether `result` has an answer.
    pub(super) fn is_done(self) -> bool {
        self.is_cancelled() || self == State::Finished
    }
}

/// Where a future stands, with what its task gave.
pub(super) enum Standing<T> {
    Pending,
    Running,
    Cancelled,
    CancelledAndNotified,
    Finished(Result<T, Failure>),
}

impl<T> Standing<T> {
    pub(super) fn state(&self) -> State {
        match self {
            Standing::Pending => State::Pending,
            Standing::Running => State::Running,
            Standing::Cancelled => State::Cancelled,
            Standing::CancelledAndNotified => State::CancelledAndNotified,
            Standing::Finished(_) => State::Finished,
        }
    }

    /// For `wait` and `as_completed`: `None` if it has not completed, else whether it failed.
    pub(super) fn completed(&self) -> Option<bool> {
        match self {
            Standing::CancelledAndNotified => Some(false),
            Standing::Finished(outcome) => Some(outcome.is_err()),
            Standing::Pending | Standing::Running | Standing::Cancelled => None,
        }
    }
}

pub(super) type Callback<T> = Box<dyn FnOnce(&Future<T>) + Send>;

/// One who waits for this future among others, and which of them it is.
pub(super) struct Watcher {
    pub(super) waiter: Arc<Waiter>,
    pub(super) place: usize,
}

/// All that changes in a future.
pub(super) struct Inner<T> {
    pub(super) standing: Standing<T>,
    pub(super) callbacks: Vec<Callback<T>>,
    pub(super) watchers: Vec<Watcher>,
    /// Those who await it, each under the number of its handle.
    pub(super) wakers: Vec<(u64, Waker)>,
    /// The number that the next handle which is awaited gets.
    pub(super) next_handle: u64,
}
