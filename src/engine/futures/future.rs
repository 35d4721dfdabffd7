//! The handle of a task's outcome.

use core::fmt;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::sync::{Arc, Weak};

use super::deadline::Deadline;
use super::error::{FutureError, InvalidState};
use super::log::{self, Level};
use super::state::{Callback, Inner, Standing, State, Watcher};
use super::waiter::Waiter;
use crate::model::outcome::Failure;
use crate::sync::{self, Condvar, Mutex, MutexGuard};

/// The outcome of a task that an executor runs, or will run: CPython's `Future`.
///
/// A handle: clones stand for the same future. It can be blocked on ([`Future::result`]) by threads that may block, and
/// awaited where an event loop must go on; many may do either at once, and each gets a clone of the value. A value that is
/// costly to clone belongs into an `Arc`. It is cloned under the future's lock, so its `Clone` must not use the future.
pub struct Future<T> {
    shared: Arc<Shared<T>>,
    /// The number under which this handle is awaited, once it is. Clones have their own.
    awaited_as: Option<u64>,
}

struct Shared<T> {
    inner: Mutex<Inner<T>>,
    /// The future became done.
    done: Condvar,
}

/// What was taken from a future that became done, to be called when its lock is free.
struct Called<T> {
    wakers: Vec<Waker>,
    callbacks: Vec<Callback<T>>,
}

// Made and asked by whoever waits for a task.
impl<T> Future<T> {
    /// A pending future. Executors make them, and tests do.
    pub fn new() -> Future<T> {
        let inner = Inner {
            standing: Standing::Pending,
            callbacks: Vec::new(),
            watchers: Vec::new(),
            wakers: Vec::new(),
            next_handle: 0,
        };
        Future { shared: Arc::new(Shared { inner: Mutex::new(inner), done: Condvar::new() }), awaited_as: None }
    }

    /// Cancels it, if its task has not begun. Returns whether it is cancelled now.
    ///
    /// Its callbacks run in this thread, once. Those who wait for it among others hear of it when the executor comes to
    /// its task ([`Future::set_running_or_notify_cancel`]).
    pub fn cancel(&self) -> bool {
        let mut inner = self.lock();
        match inner.standing {
            Standing::Running | Standing::Finished(_) => return false,
            Standing::Cancelled | Standing::CancelledAndNotified => return true,
            Standing::Pending => inner.standing = Standing::Cancelled,
        }
        let called = self.become_done(&mut inner);
        drop(inner);
        self.call(called);
        true
    }

    /// Whether it was cancelled.
    pub fn cancelled(&self) -> bool {
        self.state().is_cancelled()
    }

    /// Whether its task runs now, and so cannot be cancelled.
    pub fn running(&self) -> bool {
        self.state() == State::Running
    }

    /// Whether it was cancelled, or its task has ended.
    pub fn done(&self) -> bool {
        self.state().is_done()
    }

    /// What it is at.
    pub fn state(&self) -> State {
        self.lock().standing.state()
    }

    /// Blocks until it is done, and gives what its task returned.
    ///
    /// # Errors
    /// What its task failed with; or that it was cancelled; or that it was not done within `timeout`, which does not stop
    /// the task. `None` waits for ever.
    pub fn result(&self, timeout: Option<Duration>) -> Result<T, FutureError>
    where
        T: Clone,
    {
        outcome(&self.block(timeout)?.standing)
    }

    /// Blocks until it is done, and gives what its task failed with, or `None` if it returned.
    ///
    /// # Errors
    /// That it was cancelled, or that it was not done within `timeout`. `None` waits for ever.
    pub fn exception(&self, timeout: Option<Duration>) -> Result<Option<Failure>, FutureError> {
        match &self.block(timeout)?.standing {
            Standing::Finished(outcome) => Ok(outcome.as_ref().err().cloned()),
            _ => Err(FutureError::Cancelled),
        }
    }

    /// Calls `callback` with this future once it is done: in the thread that ends or cancels it, or here and now if it is
    /// done already.
    ///
    /// Callbacks run in the order in which they were added. One that panics is logged ([`super::log`]) and stops nothing.
    /// One that blocks holds up a worker.
    pub fn add_done_callback(&self, callback: impl FnOnce(&Future<T>) + Send + 'static) {
        let mut inner = self.lock();
        if !inner.standing.state().is_done() {
            inner.callbacks.push(Box::new(callback));
            return;
        }
        drop(inner);
        self.call_back(callback);
    }

    /// Blocks until it is done, and returns with its lock.
    fn block(&self, timeout: Option<Duration>) -> Result<MutexGuard<'_, Inner<T>>, FutureError> {
        let is_done = |inner: &mut Inner<T>| inner.standing.state().is_done();
        match Deadline::after(timeout).block(&self.shared.inner, &self.shared.done, self.lock(), is_done) {
            (inner, true) => Ok(inner),
            (_, false) => Err(FutureError::TimedOut),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner<T>> {
        // Only a `Clone` of the value can panic under the lock, and that changes nothing in here.
        sync::lock(&self.shared.inner)
    }
}

// For those who run tasks: executors, and tests.
impl<T> Future<T> {
    /// Says that its task is about to be run, and returns whether it may be. Of a future that was cancelled, those who
    /// wait are told, and the task must not be run.
    ///
    /// # Errors
    /// If this was called before, or the future is finished.
    pub fn set_running_or_notify_cancel(&self) -> Result<bool, InvalidState> {
        let mut inner = self.lock();
        match inner.standing {
            Standing::Pending => {
                inner.standing = Standing::Running;
                Ok(true)
            }
            Standing::Cancelled => {
                inner.standing = Standing::CancelledAndNotified;
                // Those who block on this future alone, or await it, were woken by `cancel`.
                let wakers = tell_watchers(&mut inner, false);
                drop(inner);
                wakers.into_iter().for_each(|waker| self.wake(waker));
                Ok(false)
            }
            _ => {
                let invalid = self.invalid(&inner);
                drop(inner);
                log::record(Level::Critical, format!("future in unexpected state: {invalid}"));
                Err(invalid)
            }
        }
    }

    /// Ends it with what its task returned. Callbacks run in this thread.
    ///
    /// # Errors
    /// If it is done already.
    pub fn set_result(&self, value: T) -> Result<(), InvalidState> {
        self.finish(Ok(value))
    }

    /// Ends it with what its task failed with. Callbacks run in this thread.
    ///
    /// # Errors
    /// If it is done already.
    pub fn set_exception(&self, failure: Failure) -> Result<(), InvalidState> {
        self.finish(Err(failure))
    }

    fn finish(&self, outcome: Result<T, Failure>) -> Result<(), InvalidState> {
        let mut inner = self.lock();
        if inner.standing.state().is_done() {
            let invalid = self.invalid(&inner);
            drop(inner);
            return Err(invalid);
        }
        let failed = outcome.is_err();
        inner.standing = Standing::Finished(outcome);
        let watchers = tell_watchers(&mut inner, failed);
        let mut called = self.become_done(&mut inner);
        called.wakers.extend(watchers);
        drop(inner);
        self.call(called);
        Ok(())
    }

    /// Wakes those who block on this future alone, and takes out what has to be called without the lock.
    fn become_done(&self, inner: &mut Inner<T>) -> Called<T> {
        self.shared.done.notify_all();
        let wakers = core::mem::take(&mut inner.wakers).into_iter().map(|(_, waker)| waker).collect();
        Called { wakers, callbacks: core::mem::take(&mut inner.callbacks) }
    }

    fn call(&self, called: Called<T>) {
        called.wakers.into_iter().for_each(|waker| self.wake(waker));
        called.callbacks.into_iter().for_each(|callback| self.call_back(callback));
    }

    fn call_back(&self, callback: impl FnOnce(&Future<T>)) {
        if let Err(failure) = log::guard(|| callback(self)) {
            log::record(Level::Error, format!("exception calling callback for {self}: {failure}"));
        }
    }

    /// A waker is somebody else's code as well: the other wakers and the callbacks have their turn whatever it does.
    fn wake(&self, waker: Waker) {
        if let Err(failure) = log::guard(|| waker.wake()) {
            log::record(Level::Error, format!("exception waking who awaits {self}: {failure}"));
        }
    }

    fn invalid(&self, inner: &Inner<T>) -> InvalidState {
        let state = inner.standing.state();
        InvalidState { state: state.name(), future: self.words(inner) }
    }
}

// For `wait` and `as_completed`.
impl<T> Future<T> {
    /// Where the future is: the same for its clones, and for no other future that is alive.
    pub(super) fn address(&self) -> usize {
        Arc::as_ptr(&self.shared).cast::<()>() as usize
    }

    /// If it has completed, returns whether it failed; else `waiter` is told once it has.
    pub(super) fn watch(&self, waiter: &Arc<Waiter>, place: usize) -> Option<bool> {
        let mut inner = self.lock();
        let completed = inner.standing.completed();
        if completed.is_none() {
            inner.watchers.push(Watcher { waiter: Arc::clone(waiter), place });
        }
        completed
    }

    pub(super) fn unwatch(&self, waiter: &Arc<Waiter>) {
        self.lock().watchers.retain(|watcher| !Arc::ptr_eq(&watcher.waiter, waiter));
    }
}

/// A future of whatever value, for an executor that may have to cancel it.
pub(super) trait Cancel: Send + Sync {
    /// As [`Future::cancel`].
    fn cancel(self: Arc<Self>) -> bool;
}

impl<T: Send> Cancel for Shared<T> {
    fn cancel(self: Arc<Self>) -> bool {
        Future { shared: self, awaited_as: None }.cancel()
    }
}

impl<T: Send + 'static> Future<T> {
    /// A handle that keeps neither the future nor its value alive.
    pub(super) fn downgrade(&self) -> Weak<dyn Cancel> {
        let shared: Weak<Shared<T>> = Arc::downgrade(&self.shared);
        shared
    }
}

/// Tells those who wait for this future among others that it has completed, and returns the wakers to wake.
fn tell_watchers<T>(inner: &mut Inner<T>, failed: bool) -> Vec<Waker> {
    let watchers = core::mem::take(&mut inner.watchers);
    watchers.into_iter().filter_map(|watcher| watcher.waiter.arrive(watcher.place, failed)).collect()
}

/// What a future that is done gives.
fn outcome<T: Clone>(standing: &Standing<T>) -> Result<T, FutureError> {
    match standing {
        Standing::Finished(outcome) => outcome.clone().map_err(FutureError::Failed),
        _ => Err(FutureError::Cancelled),
    }
}

/// Awaiting gives what [`Future::result`] gives, without blocking the thread. It can be polled again after it was ready.
impl<T: Clone> core::future::Future for Future<T> {
    type Output = Result<T, FutureError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let shared = Arc::clone(&self.shared);
        let mut inner = sync::lock(&shared.inner);
        if inner.standing.state().is_done() {
            self.awaited_as = None;
            return Poll::Ready(outcome(&inner.standing));
        }
        let handle = *self.awaited_as.get_or_insert_with(|| {
            inner.next_handle += 1;
            inner.next_handle
        });
        let waker = context.waker().clone();
        let earlier = match inner.wakers.iter_mut().find(|(number, _)| *number == handle) {
            Some((_, earlier)) => Some(core::mem::replace(earlier, waker)),
            None => {
                inner.wakers.push((handle, waker));
                None
            }
        };
        drop(inner);
        // Only now: dropping a waker may drop the task behind it, which is somebody else's code.
        drop(earlier);
        Poll::Pending
    }
}

impl<T> Drop for Future<T> {
    /// A handle that is awaited no more leaves no waker behind.
    fn drop(&mut self) {
        if let Some(handle) = self.awaited_as {
            let mut inner = self.lock();
            let place = inner.wakers.iter().position(|(number, _)| *number == handle);
            let waker = place.map(|place| inner.wakers.remove(place).1);
            drop(inner);
            drop(waker);
        }
    }
}

impl<T> Clone for Future<T> {
    fn clone(&self) -> Future<T> {
        Future { shared: Arc::clone(&self.shared), awaited_as: None }
    }
}

impl<T> Default for Future<T> {
    fn default() -> Future<T> {
        Future::new()
    }
}

/// Futures are equal if they are the same one.
impl<T> PartialEq for Future<T> {
    fn eq(&self, other: &Future<T>) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }
}

impl<T> Eq for Future<T> {}

impl<T> Future<T> {
    /// As CPython's `repr` has it.
    fn words(&self, inner: &Inner<T>) -> String {
        let state = match &inner.standing {
            Standing::Pending => "pending".to_owned(),
            Standing::Running => "running".to_owned(),
            Standing::Cancelled | Standing::CancelledAndNotified => "cancelled".to_owned(),
            Standing::Finished(Ok(_)) => format!("finished returned {}", core::any::type_name::<T>()),
            Standing::Finished(Err(failure)) => format!("finished raised {}", failure.name()),
        };
        format!("<Future at {:#x} state={state}>", self.address())
    }
}

// In words, because a release build formats nothing for debugging (`-Zfmt-debug=none`).
impl<T> fmt::Display for Future<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = self.words(&self.lock());
        formatter.write_str(&words)
    }
}

impl<T> fmt::Debug for Future<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}
