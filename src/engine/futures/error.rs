//! What can go wrong with futures and executors.

use std::any::Any;

use thiserror::Error;

use crate::model::outcome::Failure;

/// Why a future has no value to give.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FutureError {
    /// It was cancelled, so its task never began.
    #[error("the future was cancelled")]
    Cancelled,
    /// It did not end within the time that the caller had. Its task goes on.
    #[error("the future did not end in time")]
    TimedOut,
    /// Its task failed.
    #[error(transparent)]
    Failed(#[from] Failure),
}

/// A future was told to do what its state does not allow, such as to take a second result.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{state}: {future}")]
pub struct InvalidState {
    /// The state that it is in, as CPython writes it.
    pub state: &'static str,
    /// The future in words: where it is, and its state.
    pub future: String,
}

/// Time was up before every future had completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{unfinished} (of {total}) futures unfinished")]
pub struct Unfinished {
    /// How many were not handed out.
    pub unfinished: usize,
    /// How many there were, each counted once.
    pub total: usize,
}

/// An executor takes no task.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SubmitError {
    /// It was shut down.
    #[error("cannot schedule new futures after shutdown")]
    ShutDown,
    /// It can run nothing any more, for this reason.
    #[error("{0}")]
    Broken(String),
    /// The task needed a thread of its own, and there was none to be had. The task was not taken.
    #[error(transparent)]
    NoThread(#[from] SpawnFailed),
}

/// An executor cannot be made this way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BuildError {
    /// It was to have no worker at all.
    #[error("max_workers must be greater than 0")]
    NoWorkers,
    /// Its processes were to be replaced before they did anything.
    #[error("maxtasksperchild must be a positive int or None")]
    NoTasksPerChild,
}

/// A thread could not be started; the text says why.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("can't start new thread: {0}")]
pub struct SpawnFailed(pub String);

/// The failure that a caught panic stands for.
pub fn panic_failure(payload: &(dyn Any + Send)) -> Failure {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let message = text.or_else(|| payload.downcast_ref::<String>().cloned());
    Failure::Panicked(message.unwrap_or_else(|| "with a value that is no text".to_owned()))
}
