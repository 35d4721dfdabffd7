//! What locks and queues are called, and what can be waited for.

use core::fmt;

/// A lock's name: a letter, "A". A lock is there as soon as it is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LockName(pub char);

impl fmt::Display for LockName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, formatter)
    }
}

/// A queue's name: its place in the [setup](super::Setup), from 0. People see it counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QueueName(pub usize);

impl fmt::Display for QueueName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "queue {}", self.0 + 1)
    }
}

/// What goes through a queue: a number, of what is kept elsewhere or of what is to be computed.
pub type Item = u64;

/// What a task can wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Wanted {
    /// To hold a lock.
    Lock(LockName),
    /// To put an item into a queue, which is full.
    Room(QueueName),
    /// To get an item from a queue, which is empty.
    Item(QueueName),
}

impl fmt::Display for Wanted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Wanted::Lock(lock) => write!(formatter, "lock {lock}"),
            Wanted::Room(queue) => write!(formatter, "room in {queue}"),
            Wanted::Item(queue) => write!(formatter, "an item of {queue}"),
        }
    }
}
