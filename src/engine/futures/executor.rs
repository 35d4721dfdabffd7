//! What runs tasks, and the results of one function over many arguments.

use core::time::Duration;
use std::collections::VecDeque;
use std::sync::Arc;

use super::deadline::Deadline;
use super::error::{FutureError, SubmitError};
use super::future::Future;
use crate::model::outcome::Failure;

/// Runs tasks, each giving a future: CPython's `Executor`.
pub trait Executor {
    /// What each worker has for itself, and lends to the tasks that it runs.
    type Context;

    /// Takes a task to be run, and returns at once.
    ///
    /// # Errors
    /// If the executor was shut down, is broken, or has no thread for the task.
    fn submit<T, F>(&self, task: F) -> Result<Future<T>, SubmitError>
    where
        T: Send + 'static,
        F: FnOnce(&Self::Context) -> Result<T, Failure> + Send + 'static;

    /// Takes no more tasks. What was submitted is still run, unless `cancel_futures` cancels what has not begun.
    ///
    /// With `wait`, blocks until every worker has returned. May be called again.
    fn shutdown(&self, wait: bool, cancel_futures: bool);

    /// Runs a function once for each item, and gives the results in the order of the items. All are submitted before this
    /// returns, whether or not the results are asked for.
    ///
    /// # Errors
    /// As [`Executor::submit`]. What was submitted before is run nevertheless.
    fn map<I, T, F>(&self, run: F, items: I, options: MapOptions) -> Result<Map<T>, SubmitError>
    where
        I: IntoIterator,
        I::Item: Send + 'static,
        T: Clone + Send + 'static,
        F: Fn(&Self::Context, I::Item) -> Result<T, Failure> + Send + Sync + 'static,
    {
        let deadline = Deadline::after(options.timeout);
        let run = Arc::new(run);
        let submit = |item| {
            let run = Arc::clone(&run);
            self.submit(move |context| run(context, item))
        };
        let futures = items.into_iter().map(submit).collect::<Result<_, _>>()?;
        Ok(Map { futures, deadline, has_begun: false })
    }

    /// Lends itself to `body`, then shuts down and waits: CPython's `with` statement. That it does on a panic as well.
    fn with<R>(self, body: impl FnOnce(&Self) -> R) -> R
    where
        Self: Sized,
    {
        let entered = Entered(self);
        body(&entered.0)
    }
}

/// An executor that is shut down and waited for when its scope ends.
struct Entered<E: Executor>(E);

impl<E: Executor> Drop for Entered<E> {
    fn drop(&mut self) {
        self.0.shutdown(true, false);
    }
}

/// How [`Executor::map`] goes about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MapOptions {
    /// The time from the call of `map` within which each result must have come; `None` is for ever.
    pub timeout: Option<Duration>,
    /// How many items an executor of processes sends at a time. Threads need nothing sent, and ignore it.
    pub chunksize: usize,
}

impl Default for MapOptions {
    fn default() -> MapOptions {
        MapOptions { timeout: None, chunksize: 1 }
    }
}

/// The results of [`Executor::map`]. The iterator blocks.
///
/// The first error, which may be that time is up, is the last item; all that have not begun then are cancelled. Dropping it
/// cancels them as well, but only if a result was asked for: as in CPython, where a generator that never began has nothing
/// to clean up.
#[derive(Debug)]
pub struct Map<T> {
    futures: VecDeque<Future<T>>,
    deadline: Deadline,
    has_begun: bool,
}

impl<T> Map<T> {
    fn cancel_rest(&mut self) {
        self.futures.drain(..).for_each(|future| {
            future.cancel();
        });
    }
}

impl<T: Clone> Iterator for Map<T> {
    type Item = Result<T, FutureError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.has_begun = true;
        let future = self.futures.pop_front()?;
        let result = future.result(self.deadline.left());
        if result.is_err() {
            // If time is up, this one may not have begun either.
            future.cancel();
            self.cancel_rest();
        }
        Some(result)
    }
}

impl<T> Drop for Map<T> {
    fn drop(&mut self) {
        if self.has_begun {
            self.cancel_rest();
        }
    }
}
