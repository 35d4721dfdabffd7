//! Closures that a thread runs while the loop goes on.

use crate::engine::futures::{Executor, Future};
use crate::model::outcome::Failure;

use super::error::Error;

/// Has an executor run a closure, with the context of its worker, and awaits its outcome.
///
/// Who is cancelled meanwhile does not stop the thread: a closure that was begun runs to its end, and one that was not is
/// not begun.
///
/// # Errors
/// If the executor does not take the closure, or if that fails.
pub async fn run_in_executor<E, T, F>(executor: &E, closure: F) -> Result<T, Error>
where
    E: Executor,
    T: Clone + Send + 'static,
    F: FnOnce(&E::Context) -> Result<T, Failure> + Send + 'static,
{
    let future = executor.submit(closure)?;
    let _at_end = CancelAtEnd(future.clone());
    Ok(future.await?)
}

/// [`run_in_executor`], for a closure that needs no context: asyncio's `to_thread`, whose pool is named here.
///
/// # Errors
/// As [`run_in_executor`].
pub async fn to_thread<E, T, F>(executor: &E, closure: F) -> Result<T, Error>
where
    E: Executor,
    T: Clone + Send + 'static,
    F: FnOnce() -> Result<T, Failure> + Send + 'static,
{
    run_in_executor(executor, move |_| closure()).await
}

struct CancelAtEnd<T>(Future<T>);

impl<T> Drop for CancelAtEnd<T> {
    fn drop(&mut self) {
        self.0.cancel();
    }
}
