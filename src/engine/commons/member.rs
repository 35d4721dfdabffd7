//! A task, as what is shared knows it.

use super::error::{NotHeld, WaitError};
use super::event::{CommonsEvent, Observer};
use super::names::{Item, LockName, QueueName};
use super::registry::Commons;
use super::state::State;
use super::wait::{Acquire, Get, Put, Wait};
use crate::model::id::TaskId;

/// A task that has begun. It waits for one thing at a time, which its wait sees to by borrowing it.
///
/// Dropping it ends the task, also where it fails or panics: its locks are released, each to the one that waits longest.
#[derive(Debug)]
pub struct Member<'c, O: Observer> {
    commons: &'c Commons,
    task: TaskId,
    observer: O,
}

impl<'c, O: Observer> Member<'c, O> {
    pub(super) fn new(commons: &'c Commons, task: TaskId, observer: O) -> Member<'c, O> {
        Member { commons, task, observer }
    }

    /// Who it is.
    pub fn task(&self) -> TaskId {
        self.task
    }

    /// Who is told what happens to it.
    pub fn observer(&self) -> &O {
        &self.observer
    }

    /// To hold a lock, until it is [released](Member::release) or the task ends. Whoever asked first has it first.
    ///
    /// # Errors
    /// The wait fails with [`WaitError::Deadlock`] if it could only end when this task goes on; also if it holds the lock
    /// already. With [`WaitError::Stalled`] or [`WaitError::Closed`] as they say.
    pub fn acquire(&mut self, lock: LockName) -> Wait<'_, O, Acquire> {
        Wait::new(self, Acquire(lock))
    }

    /// Releases a lock: it goes to the task that waits longest for it, if any does.
    ///
    /// # Errors
    /// If the task does not hold it.
    pub fn release(&mut self, lock: LockName) -> Result<(), NotHeld> {
        self.commons.change(|state| {
            let to = state.release(self.task, lock)?;
            self.tell(CommonsEvent::Released { lock, to });
            Ok(())
        })
    }

    /// Releases all locks that the task holds.
    pub fn release_all(&mut self) {
        self.commons.change(|state| self.release_all_in(state));
    }

    /// To put an item into a queue, as its last. Waits while the queue is full. A wait that is dropped before it was ready
    /// has put nothing.
    ///
    /// # Errors
    /// The wait fails with [`WaitError::Finished`] if all producers have finished; with [`WaitError::NoSuchQueue`],
    /// [`WaitError::Stalled`] or [`WaitError::Closed`] as they say.
    pub fn put(&mut self, queue: QueueName, item: Item) -> Wait<'_, O, Put> {
        Wait::new(self, Put(queue, item))
    }

    /// To get the first item of a queue. Waits while the queue is empty. A wait that is dropped before it was ready has
    /// taken nothing.
    ///
    /// # Errors
    /// The wait fails with [`WaitError::Finished`] if all producers have finished and nothing is left; with
    /// [`WaitError::NoSuchQueue`], [`WaitError::Stalled`] or [`WaitError::Closed`] as they say.
    pub fn get(&mut self, queue: QueueName) -> Wait<'_, O, Get> {
        Wait::new(self, Get(queue))
    }

    /// Says that this task puts no more into a queue; once for each producer, and to be said also where it fails. After the
    /// last, gets end when the queue is drained. As `shutdown` of Python's `queue.Queue` (3.13).
    ///
    /// # Errors
    /// If there is no such queue.
    pub fn finish(&mut self, queue: QueueName) -> Result<(), WaitError> {
        self.commons.change(|state| {
            state.finish(self.task, queue)?;
            self.tell(CommonsEvent::Finished { queue });
            Ok(())
        })
    }

    fn release_all_in(&self, state: &mut State) {
        for lock in state.held_by(self.task) {
            if let Ok(to) = state.release(self.task, lock) {
                self.tell(CommonsEvent::Released { lock, to });
            }
        }
    }

    pub(super) fn commons(&self) -> &'c Commons {
        self.commons
    }

    pub(super) fn tell(&self, event: CommonsEvent) {
        self.observer.on(self.task, event);
    }

    /// Takes back what the task waits for.
    pub(super) fn cancel(&self) {
        // Dropped without the mutex, for its waker.
        let _cancelled = self.commons.change(|state| {
            let cancelled = state.cancel(self.task)?;
            self.tell(CommonsEvent::GaveUp { wanted: cancelled.wanted, to: cancelled.to });
            Some(cancelled)
        });
    }
}

impl<O: Observer> Drop for Member<'_, O> {
    fn drop(&mut self) {
        self.commons.change(|state| {
            self.release_all_in(state);
            state.end(self.task);
        });
    }
}
