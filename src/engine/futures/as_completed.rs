//! Futures in the order in which they complete.

use core::future::Future as Awaitable;
use core::pin::Pin;
use core::task::{Context, Poll, ready};
use core::time::Duration;
use std::collections::VecDeque;

use futures_util::stream::Stream;

use super::deadline::Deadline;
use super::error::Unfinished;
use super::future::Future;
use super::wait::Watch;
use super::waiter::Goal;

/// Gives the futures as they complete: those that have already, then the others in the order in which they do. The iterator
/// blocks; duplicates are dropped.
///
/// If they have not all been handed out within `timeout` from now, the last item is an error. `None` waits for ever.
pub fn as_completed<T>(futures: impl IntoIterator<Item = Future<T>>, timeout: Option<Duration>) -> AsCompleted<T> {
    let deadline = Deadline::after(timeout);
    AsCompleted { batches: Batches::of(futures), deadline }
}

/// [`as_completed`] for an event loop: a stream, where `timer` takes the place of a timeout. `core::future::pending()` waits
/// for ever.
pub fn as_completed_async<T, D: Awaitable<Output = ()>>(
    futures: impl IntoIterator<Item = Future<T>>,
    timer: D,
) -> AsCompletedAsync<T, D> {
    AsCompletedAsync { batches: Batches::of(futures), timer: Box::pin(timer) }
}

/// What [`as_completed`] gives. It holds no future that it has handed out.
#[derive(Debug)]
pub struct AsCompleted<T> {
    batches: Batches<T>,
    deadline: Deadline,
}

impl<T> Iterator for AsCompleted<T> {
    type Item = Result<Future<T>, Unfinished>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(future) = self.batches.next_in_batch() {
                return Some(Ok(future));
            }
            if self.batches.is_over() {
                return None;
            }
            // Time counts before each batch, and not within one; as in CPython.
            if self.deadline.has_passed() {
                return Some(Err(self.batches.give_up()));
            }
            self.batches.watch.waiter.block(self.deadline);
            self.batches.fetch();
        }
    }
}

/// What [`as_completed_async`] gives. It holds no future that it has handed out.
#[derive(Debug)]
pub struct AsCompletedAsync<T, D> {
    batches: Batches<T>,
    timer: Pin<Box<D>>,
}

impl<T, D: Awaitable<Output = ()>> Stream for AsCompletedAsync<T, D> {
    type Item = Result<Future<T>, Unfinished>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(future) = self.batches.next_in_batch() {
                return Poll::Ready(Some(Ok(future)));
            }
            if self.batches.is_over() {
                return Poll::Ready(None);
            }
            if self.timer.as_mut().poll(context).is_ready() {
                return Poll::Ready(Some(Err(self.batches.give_up())));
            }
            ready!(self.batches.watch.waiter.poll(context));
            self.batches.fetch();
        }
    }
}

/// Futures that completed, one batch after another.
#[derive(Debug)]
struct Batches<T> {
    watch: Watch<T>,
    /// The places of those that completed and were not handed out.
    batch: VecDeque<usize>,
    /// How many were not handed out; none once it was given up.
    left: usize,
}

impl<T> Batches<T> {
    fn of(futures: impl IntoIterator<Item = Future<T>>) -> Batches<T> {
        let mut watch = Watch::of(futures);
        watch.waiter.set_goal(Goal { count: 1, or_failure: false });
        let batch = core::mem::take(&mut watch.completed).into();
        Batches { batch, left: watch.total(), watch }
    }

    fn next_in_batch(&mut self) -> Option<Future<T>> {
        let future = self.watch.hand_out(self.batch.pop_front()?);
        self.left -= 1;
        future
    }

    fn is_over(&self) -> bool {
        self.left == 0
    }

    /// Takes what has completed since.
    fn fetch(&mut self) {
        self.batch.extend(self.watch.waiter.take());
    }

    fn give_up(&mut self) -> Unfinished {
        let unfinished = Unfinished { unfinished: core::mem::take(&mut self.left), total: self.watch.total() };
        self.watch.release();
        unfinished
    }
}
