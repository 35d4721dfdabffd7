//! Tasks in the order in which they end.

use core::fmt;
use core::future::{Future as Awaitable, pending};
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use futures_util::stream::Stream;

use super::arrivals::Arrivals;
use super::error::TimedOut;
use super::task::Task;
use super::timeouts::Timer;

/// Gives tasks as they end, those that have ended already first; each once. `None` waits for ever. Who is cancelled while
/// waiting for one cancels none.
pub fn as_completed<'a, T, R: Timer>(
    timer: &'a R,
    tasks: impl IntoIterator<Item = Task<T>>,
    timeout: Option<Duration>,
) -> AsCompleted<'a, T> {
    let tasks = each_once(tasks);
    let sleep: Pin<Box<dyn Awaitable<Output = ()> + 'a>> = match timeout {
        Some(length) => Box::pin(timer.sleep(length)),
        None => Box::pin(pending()),
    };
    AsCompleted {
        arrivals: Arrivals::of(&tasks),
        left: tasks.len(),
        tasks: tasks.into_iter().map(Some).collect(),
        batch: VecDeque::new(),
        length: timeout.unwrap_or(Duration::MAX),
        is_over: false,
        sleep,
    }
}

/// Drops duplicates.
pub(super) fn each_once<T>(tasks: impl IntoIterator<Item = Task<T>>) -> Vec<Task<T>> {
    let mut seen = BTreeSet::new();
    tasks.into_iter().filter(|task| seen.insert(Arc::as_ptr(task.cell()) as usize)).collect()
}

/// What [`as_completed`] gives: a stream, in which that time is up is the last item. It holds no task that it has handed out.
pub struct AsCompleted<'a, T> {
    tasks: Vec<Option<Task<T>>>,
    arrivals: Arc<Arrivals>,
    /// The places of those that have ended and were not handed out.
    batch: VecDeque<usize>,
    /// How many were not handed out; none once time was up.
    left: usize,
    length: Duration,
    is_over: bool,
    sleep: Pin<Box<dyn Awaitable<Output = ()> + 'a>>,
}

impl<T> Stream for AsCompleted<'_, T> {
    type Item = Result<Task<T>, TimedOut>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if this.left == 0 {
            return Poll::Ready(None);
        }
        // First of all, as a timer may count from its first poll; but what has ended by now is given before it.
        this.is_over = this.is_over || this.sleep.as_mut().poll(context).is_ready();
        if this.batch.is_empty() {
            this.batch.extend(this.arrivals.take(context));
        }
        if let Some(task) = this.batch.pop_front().and_then(|place| this.tasks[place].take()) {
            this.left -= 1;
            return Poll::Ready(Some(Ok(task)));
        }
        if this.is_over {
            this.left = 0;
            this.tasks.clear();
            return Poll::Ready(Some(Err(TimedOut { length: this.length })));
        }
        Poll::Pending
    }
}

impl<T> fmt::Debug for AsCompleted<'_, T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "<AsCompleted left={}>", self.left)
    }
}
