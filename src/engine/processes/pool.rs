//! A pool of processes, as its owner has it.

use core::fmt;
use core::future::{Future as Awaitable, poll_fn};
use core::num::NonZeroUsize;
use core::pin::pin;
use core::task::{Context, Poll};
use std::cell::RefCell;
use std::rc::Rc;

use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

use super::core::Core;
use super::options::{Options, default_chunksize};
use super::recording::Recording;
use super::results::{Imap, ImapUnordered, Map, Placed};
use super::state::{Chunk, Item, Stage, Standing};
use crate::engine::futures::log;
use crate::engine::futures::{BuildError, Future, SubmitError};
use crate::engine::ports::Ports;

/// A pool was to be joined that still takes tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("Pool is still running")]
pub struct StillRunning;

/// Has tasks done by processes, each with memory of its own: Python's `multiprocessing.Pool` and `ProcessPoolExecutor`.
///
/// A task is an argument `A`; what the processes do with it is their [`super::Handler`]'s. Each has a future, which has an
/// answer only while the pool is driven: by [`Pool::drive`], [`Pool::run_until`], [`Pool::join`] or [`Pool::shutdown`], one
/// at a time. Between, processes keep what they have, and wait. Dropping the pool terminates it.
pub struct Pool<'e, P: Ports, A, R, I = ()> {
    core: Rc<Core<'e, P, A, R, I>>,
    lives: RefCell<FuturesUnordered<LocalBoxFuture<'e, ()>>>,
}

impl<'e, P, A, R, I> Pool<'e, P, A, R, I>
where
    P: Ports,
    A: Serialize + 'e,
    R: DeserializeOwned + Clone + 'e,
    I: Serialize + 'e,
{
    /// Makes the pool. Processes start once it is driven.
    ///
    /// # Errors
    /// If it was to have no process, or processes that do nothing.
    pub fn new(ports: &'e P, options: Options<I>, recording: Option<Recording<'e, A>>) -> Result<Self, BuildError> {
        if options.processes == 0 {
            return Err(BuildError::NoWorkers);
        }
        if options.maxtasksperchild == Some(0) {
            return Err(BuildError::NoTasksPerChild);
        }
        let core = Rc::new(Core::new(ports, options, recording));
        core.dispatch();
        Ok(Pool { core, lives: RefCell::default() })
    }

    /// Takes a task, which goes alone in its message: `submit` and `apply_async`.
    ///
    /// # Errors
    /// If the pool was closed, or is broken.
    pub fn submit(&self, argument: A) -> Result<Future<R>, SubmitError> {
        let future = Future::new();
        self.core.enqueue([vec![Item { argument, future: future.clone() }]])?;
        Ok(future)
    }

    /// Has each argument done, so many in a message (default: [`default_chunksize`]), and gives all results in their order:
    /// `Pool.map` and `map_async`.
    ///
    /// All arguments are taken before any is sent; a panic of the iterator goes on, and nothing was taken.
    ///
    /// # Errors
    /// As [`Pool::submit`].
    pub fn map(
        &self,
        arguments: impl IntoIterator<Item = A>,
        chunksize: Option<NonZeroUsize>,
    ) -> Result<Map<R>, SubmitError> {
        let arguments: Vec<A> = arguments.into_iter().collect();
        let usual = default_chunksize(arguments.len(), self.core.options.processes as usize);
        let chunksize = chunksize.or(self.core.options.chunksize).map_or(usual, NonZeroUsize::get);
        let futures = self.take(arguments.into_iter(), chunksize)?;
        Ok(Map { futures })
    }

    /// Has each argument done, so many in a message (default: one), and gives the results as a stream in their order.
    /// With [`Imap::ends_at_error`] it is `ProcessPoolExecutor.map`.
    ///
    /// A panic of the iterator is the last item, in place of the chunk that it would have been in.
    ///
    /// # Errors
    /// As [`Pool::submit`].
    pub fn imap(
        &self,
        arguments: impl IntoIterator<Item = A>,
        chunksize: Option<NonZeroUsize>,
    ) -> Result<Imap<R>, SubmitError> {
        let futures = self.take(arguments.into_iter(), self.chunksize_of_streams(chunksize))?;
        Ok(Imap { futures: futures.into(), ends_at_error: false, has_begun: false })
    }

    /// As [`Pool::imap`], with the results as they come.
    ///
    /// # Errors
    /// As [`Pool::submit`].
    pub fn imap_unordered(
        &self,
        arguments: impl IntoIterator<Item = A>,
        chunksize: Option<NonZeroUsize>,
    ) -> Result<ImapUnordered<R>, SubmitError> {
        let futures = self.take(arguments.into_iter(), self.chunksize_of_streams(chunksize))?;
        let futures = futures.into_iter().enumerate().map(|(place, future)| Placed { place, future }).collect();
        Ok(ImapUnordered { futures })
    }

    fn chunksize_of_streams(&self, chunksize: Option<NonZeroUsize>) -> usize {
        chunksize.or(self.core.options.chunksize).map_or(1, NonZeroUsize::get)
    }

    /// Takes arguments in chunks, and gives their futures.
    fn take(&self, mut arguments: impl Iterator<Item = A>, chunksize: usize) -> Result<Vec<Future<R>>, SubmitError> {
        let (mut futures, mut chunks, mut chunk): (Vec<_>, Vec<Chunk<A, R>>, Chunk<A, R>) = Default::default();
        loop {
            match log::guard(|| arguments.next()) {
                Ok(Some(argument)) => {
                    chunk.push(Item { argument, future: Future::new() });
                    if chunk.len() < chunksize {
                        continue;
                    }
                    futures.extend(chunk.iter().map(|item| item.future.clone()));
                    chunks.push(core::mem::take(&mut chunk));
                }
                Ok(None) => {
                    futures.extend(chunk.iter().map(|item| item.future.clone()));
                    chunks.push(chunk);
                    break;
                }
                Err(failure) => {
                    let failed = Future::new();
                    // Nobody else has it.
                    let _ = failed.set_exception(failure);
                    futures.push(failed);
                    break;
                }
            }
        }
        self.core.enqueue(chunks)?;
        Ok(futures)
    }

    /// Takes no more tasks; those that it has are done. Processes end when there is nothing left for them.
    pub fn close(&self) {
        self.core.close();
    }

    /// Cancels all tasks that no process was given.
    pub fn cancel_pending(&self) {
        self.core.cancel_pending();
    }

    /// Waits until a pool that takes no more tasks has done all it has, and its processes have ended. Drives it.
    ///
    /// # Errors
    /// If it was neither closed nor terminated.
    pub async fn join(&self) -> Result<(), StillRunning> {
        if self.core.state.borrow().stage == Stage::Running {
            return Err(StillRunning);
        }
        self.drive().await;
        Ok(())
    }

    /// Takes no more tasks, and with `cancel_futures` cancels those that no process was given. With `wait`, waits as
    /// [`Pool::join`]; without, somebody has to drive it on. May be called again.
    pub async fn shutdown(&self, wait: bool, cancel_futures: bool) {
        if cancel_futures {
            self.cancel_pending();
        }
        self.close();
        if wait {
            self.drive().await;
        }
    }

    /// Waits until all its processes are ready, or it has failed. Drives it. If it starts them on demand, there may be
    /// nothing to wait for.
    pub async fn started(&self) {
        let are_ready = poll_fn(|context| {
            let mut state = self.core.state.borrow_mut();
            let is_ready = |standing| matches!(standing, Standing::Ready | Standing::Closing);
            if state.processes.values().all(|process| is_ready(process.standing)) {
                return Poll::Ready(());
            }
            if !state.awaiting_start.iter().any(|waker| waker.will_wake(context.waker())) {
                state.awaiting_start.push(context.waker().clone());
            }
            Poll::Pending
        });
        self.run_until(are_ready).await;
    }

    /// Lets the pool do its work, until it has been closed and all is done, or it has failed. May be dropped and called
    /// again at any time: nothing is lost.
    pub fn drive(&self) -> impl Awaitable<Output = ()> {
        poll_fn(|context| self.poll(context))
    }

    /// Lets the pool do its work until `future` has ended, which may wait for its tasks.
    pub async fn run_until<F: Awaitable>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        poll_fn(|context| {
            // First the pool, so that the future finds the answers that have come.
            let _ = self.poll(context);
            let polled = future.as_mut().poll(context);
            if !self.core.state.borrow().to_start.is_empty() {
                // What it submitted needs processes, also if it has ended.
                let _ = self.poll(context);
            }
            polled
        })
        .await
    }

    fn poll(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut lives = self.lives.borrow_mut();
        loop {
            let to_start = {
                let mut state = self.core.state.borrow_mut();
                state.driver = Some(context.waker().clone());
                core::mem::take(&mut state.to_start)
            };
            for number in to_start {
                lives.push(Box::pin(Rc::clone(&self.core).live(number)));
            }
            let polled = lives.poll_next_unpin(context);
            let state = self.core.state.borrow();
            if state.has_failed() {
                drop(state);
                // They listen to processes that have ended.
                lives.clear();
                return Poll::Ready(());
            }
            if state.is_over() {
                return Poll::Ready(());
            }
            if !matches!(polled, Poll::Ready(Some(()))) && state.to_start.is_empty() {
                return Poll::Pending;
            }
        }
    }
}

impl<P: Ports, A, R, I> Pool<'_, P, A, R, I> {
    /// Ends all processes, whatever they do. What is queued is cancelled, what is in flight fails.
    pub fn terminate(&self) {
        self.core.end_all(Stage::Terminated, None);
    }

    /// How it is.
    pub fn options(&self) -> &Options<I> {
        &self.core.options
    }

    /// The numbers of its processes, from when they are asked for until they have ended.
    pub fn processes(&self) -> Vec<u32> {
        self.core.state.borrow().processes.keys().copied().collect()
    }

    /// Why it can run nothing any more, if that is so.
    pub fn broken(&self) -> Option<String> {
        match &self.core.state.borrow().stage {
            Stage::Broken(reason) => Some(reason.clone()),
            _ => None,
        }
    }
}

impl<P: Ports, A, R, I> Drop for Pool<'_, P, A, R, I> {
    /// Nobody can drive it any more, so nobody is to wait for what it has.
    fn drop(&mut self) {
        self.terminate();
    }
}

impl<P: Ports, A, R, I> fmt::Debug for Pool<'_, P, A, R, I> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Pool").field("processes", &self.processes()).finish_non_exhaustive()
    }
}
