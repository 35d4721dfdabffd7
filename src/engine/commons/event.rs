//! What is told of locks and queues while they are used.

use super::names::{Item, LockName, QueueName, Wanted};
use crate::model::id::TaskId;

/// What a task did or met, told to the [`Observer`] of that task.
///
/// A wait begins with `Waiting` and ends with the `Acquired`, `Put` or `Got` that it was for, or with `GaveUp`. It ends
/// when its task goes on, which is later than when another task let it: the time between is what waking takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommonsEvent {
    /// It begins to wait.
    Waiting {
        wanted: Wanted,
        /// Who holds the lock, if it is for one.
        holder: Option<TaskId>,
    },
    /// It goes on without what it waited for: it was told an error, or its wait was dropped.
    GaveUp {
        wanted: Wanted,
        /// Who was given what it was given and did not see, having waited.
        to: Option<TaskId>,
    },
    /// It has the lock.
    Acquired {
        lock: LockName,
        /// Who handed it over, if it waited.
        from: Option<TaskId>,
    },
    /// It no longer has the lock.
    Released {
        lock: LockName,
        /// Who has it now: the one that waited longest.
        to: Option<TaskId>,
    },
    /// It put an item into a queue.
    Put {
        queue: QueueName,
        item: Item,
        /// How many items the queue has now.
        length: usize,
        /// Who made room, if it waited.
        from: Option<TaskId>,
        /// Who may get an item now, having waited.
        to: Option<TaskId>,
    },
    /// It got an item from a queue.
    Got {
        queue: QueueName,
        item: Item,
        /// How many items the queue has now.
        length: usize,
        /// Who put an item there, if it waited.
        from: Option<TaskId>,
        /// Who may put an item now, having waited.
        to: Option<TaskId>,
    },
    /// It puts no more into a queue.
    Finished { queue: QueueName },
}

/// Is told what happens to a task.
///
/// Everything is told under the one mutex of the commons, so that the order in which observers are called is the order in
/// which it happened. An observer should therefore be quick. It may neither use the commons nor panic.
pub trait Observer {
    /// Something happened to this task.
    fn on(&self, task: TaskId, event: CommonsEvent) {
        let _ = (task, event);
    }
}

/// Looks away.
impl Observer for () {}

impl<O: Observer + ?Sized> Observer for &O {
    fn on(&self, task: TaskId, event: CommonsEvent) {
        (**self).on(task, event);
    }
}
