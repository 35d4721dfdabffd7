//! The results of one call over many arguments: all at once, in order, or as they come.

use core::future::{Future as Awaitable, pending};
use core::pin::Pin;
use core::task::{Context, Poll};
use std::collections::VecDeque;

use futures_util::StreamExt;
use futures_util::stream::{FuturesUnordered, Stream};

use crate::engine::futures::{Future, FutureError, as_completed_async};

/// The results of `map`: Python's `MapResult`. Each task has its own future.
#[derive(Debug)]
pub struct Map<R> {
    pub(super) futures: Vec<Future<R>>,
}

impl<R> Map<R> {
    /// The outcomes of the tasks, in the order of the arguments.
    pub fn futures(&self) -> &[Future<R>] {
        &self.futures
    }

    /// Whether every task has ended.
    pub fn ready(&self) -> bool {
        self.futures.iter().all(Future::done)
    }

    /// Waits until every task has ended, also if one fails, and gives the results in the order of the arguments.
    ///
    /// # Errors
    /// The failure that came first.
    pub async fn get(self) -> Result<Vec<R>, FutureError>
    where
        R: Clone,
    {
        let mut first = None;
        let mut completed = as_completed_async(self.futures.iter().cloned(), pending());
        while let Some(Ok(future)) = completed.next().await {
            // It is done, so nothing blocks here.
            let failure = match future.exception(None) {
                Ok(failure) => failure.map(FutureError::Failed),
                Err(error) => Some(error),
            };
            first = first.or(failure);
        }
        if let Some(error) = first {
            return Err(error);
        }
        let mut results = Vec::with_capacity(self.futures.len());
        for future in self.futures {
            results.push(future.await?);
        }
        Ok(results)
    }
}

/// The results of `imap`: a stream, in the order of the arguments. It goes on after a failure.
#[derive(Debug)]
pub struct Imap<R> {
    pub(super) futures: VecDeque<Future<R>>,
    pub(super) ends_at_error: bool,
    pub(super) has_begun: bool,
}

impl<R> Imap<R> {
    /// As `ProcessPoolExecutor.map` has it: the first failure is the last item. What has not begun then is cancelled; and
    /// also when this is dropped, if a result was asked for.
    #[must_use]
    pub fn ends_at_error(mut self) -> Imap<R> {
        self.ends_at_error = true;
        self
    }

    fn cancel_rest(&mut self) {
        self.futures.drain(..).for_each(|future| {
            future.cancel();
        });
    }
}

impl<R: Clone> Stream for Imap<R> {
    type Item = Result<R, FutureError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.has_begun = true;
        let Some(future) = self.futures.front_mut() else { return Poll::Ready(None) };
        let polled = Pin::new(future).poll(context);
        if let Poll::Ready(result) = &polled {
            self.futures.pop_front();
            if result.is_err() && self.ends_at_error {
                self.cancel_rest();
            }
        }
        polled.map(Some)
    }
}

impl<R> Drop for Imap<R> {
    fn drop(&mut self) {
        if self.ends_at_error && self.has_begun {
            self.cancel_rest();
        }
    }
}

/// The results of `imap_unordered`: a stream, in the order in which they come, each with the place of its argument.
#[derive(Debug)]
pub struct ImapUnordered<R> {
    pub(super) futures: FuturesUnordered<Placed<R>>,
}

impl<R: Clone> Stream for ImapUnordered<R> {
    type Item = (usize, Result<R, FutureError>);

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.futures.poll_next_unpin(context)
    }
}

/// A future, and the place of its argument.
#[derive(Debug)]
pub(super) struct Placed<R> {
    pub(super) place: usize,
    pub(super) future: Future<R>,
}

impl<R: Clone> Awaitable for Placed<R> {
    type Output = (usize, Result<R, FutureError>);

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let place = self.place;
        Pin::new(&mut self.future).poll(context).map(|result| (place, result))
    }
}
