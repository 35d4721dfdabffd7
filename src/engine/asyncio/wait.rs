//! Waiting for several tasks: for one, for the first that fails, or for all.

use core::future::pending;
use core::time::Duration;

use futures_util::future::Either;

use super::as_completed::each_once;
use super::task::Task;
use super::timeouts::Timer;
use crate::engine::futures::{ReturnWhen, wait_async};

/// The tasks that were waited for, each once, in the order in which they were given.
#[derive(Debug)]
pub struct Waited<T> {
    /// Those that had ended when the wait was over.
    pub done: Vec<Task<T>>,
    /// All others, which go on.
    pub pending: Vec<Task<T>>,
}

/// Waits until what `return_when` says has come about, or `timeout` has passed, which is no error. `None` waits for ever. It
/// cancels nothing: not when time is up, and not if who waits is cancelled.
pub async fn wait<T, R: Timer>(
    timer: &R,
    tasks: impl IntoIterator<Item = Task<T>>,
    return_when: ReturnWhen,
    timeout: Option<Duration>,
) -> Waited<T> {
    let tasks = each_once(tasks);
    let sleep = timeout.map_or(Either::Left(pending()), |length| Either::Right(timer.sleep(length)));
    let futures = tasks.iter().map(|task| task.future().clone());
    let ended = wait_async(futures, return_when, sleep).await.done;
    // They have the order of the tasks, so one look at each is enough.
    let mut ended = ended.iter().peekable();
    let (done, pending) =
        tasks.into_iter().partition(|task| ended.next_if(|future| *future == task.future()).is_some());
    Waited { done, pending }
}
