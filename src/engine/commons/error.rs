//! Why a wait ends without what was waited for, and what a task may not do.

use core::fmt;
use std::sync::Arc;

use thiserror::Error;

use super::names::{LockName, QueueName, Wanted};
use crate::model::format::count;
use crate::model::id::TaskId;

/// Why a task does not get what it wanted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum WaitError {
    /// The commons were closed: the run is to stop.
    #[error("what the tasks share was closed")]
    Closed,
    /// To wait would close a circle of tasks, each waiting for a lock that the next has. Only the task that would have
    /// closed it is told; the others go on when its locks are released.
    #[error(transparent)]
    Deadlock(Deadlock),
    /// Every task waits, and nobody is left who could end it. Each of them is told.
    #[error(transparent)]
    Stalled(Stalled),
    /// The queue's producers have finished: it takes no item any more, and has none left. Python's `queue.ShutDown`.
    #[error("{0} is finished")]
    Finished(QueueName),
    /// The setup has no such queue.
    #[error("there is no {0}")]
    NoSuchQueue(QueueName),
}

/// A circle of tasks, each waiting for a lock that the next one has, and the last for one that the first has.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub struct Deadlock {
    /// The circle, from the task that would have closed it.
    pub circle: Arc<[Link]>,
}

/// A task in a [`Deadlock`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    pub task: TaskId,
    /// The lock for which the task before it waits.
    pub has: LockName,
    /// The lock that the next task has. It is `has` if a task wants what it holds.
    pub waits_for: LockName,
}

impl fmt::Display for Deadlock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, link) in self.circle.iter().enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            let (task, has, waits_for) = (link.task.number(), link.has, link.waits_for);
            write!(formatter, "{comma}task {task} has {has} and waits for {waits_for}")?;
        }
        Ok(())
    }
}

/// Every task that runs waits for another one, and none is left that could begin.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub struct Stalled {
    /// Who waits for what, in the order of the tasks.
    pub waits: Arc<[(TaskId, Wanted)]>,
    /// How many tasks were still to begin, and could not, as those that wait are as many as may run at once.
    pub to_come: u32,
}

impl fmt::Display for Stalled {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut wanted: Vec<Wanted> = self.waits.iter().map(|(_, wanted)| *wanted).collect();
        // Producers first, then consumers, then locks: in the direction of the items.
        wanted.sort_by_key(|wanted| match wanted {
            Wanted::Room(_) => (0, *wanted),
            Wanted::Item(_) => (1, *wanted),
            Wanted::Lock(_) => (2, *wanted),
        });
        formatter.write_str("every task waits: ")?;
        for (place, same) in wanted.chunk_by(|one, other| one == other).enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            let wanted = same[0];
            let noun = match wanted {
                Wanted::Room(_) => "producer",
                Wanted::Item(_) => "consumer",
                Wanted::Lock(_) => "task",
            };
            write!(formatter, "{comma}{} for {wanted}", count(same.len(), noun))?;
        }
        match self.to_come {
            0 => Ok(()),
            1 => formatter.write_str("; 1 more cannot begin, as nothing is free to run it"),
            more => write!(formatter, "; {more} more cannot begin, as nothing is free to run them"),
        }
    }
}

/// A task released a lock that it does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("task {} does not hold lock {lock}", task.number())]
pub struct NotHeld {
    pub task: TaskId,
    pub lock: LockName,
}

/// A task cannot begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BeginError {
    /// It has begun already, and has not ended.
    #[error("task {} has begun already", .0.number())]
    Running(TaskId),
    /// As many have begun as there were to be: others may have been told that nobody is to come.
    #[error("task {} was not expected", .0.number())]
    Unexpected(TaskId),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(task: u32, has: char, waits_for: char) -> Link {
        Link { task: TaskId(task), has: LockName(has), waits_for: LockName(waits_for) }
    }

    #[test]
    fn a_deadlock_names_its_circle_in_order() {
        let two = Deadlock { circle: [link(0, 'A', 'B'), link(1, 'B', 'A')].into() };
        assert_eq!(two.to_string(), "task 1 has A and waits for B, task 2 has B and waits for A");
        let one = WaitError::Deadlock(Deadlock { circle: [link(4, 'C', 'C')].into() });
        assert_eq!(one.to_string(), "task 5 has C and waits for C");
    }

    #[test]
    fn a_stall_says_how_many_wait_for_what() {
        let (first, second) = (QueueName(0), QueueName(1));
        let waits = [Wanted::Lock(LockName('A')), Wanted::Item(second), Wanted::Room(first), Wanted::Item(second)];
        let waits: Vec<_> = (0..).map(TaskId).zip(waits).collect();
        let stalled = |to_come| Stalled { waits: waits.clone().into(), to_come }.to_string();
        let all =
            "every task waits: 1 producer for room in queue 1, 2 consumers for an item of queue 2, 1 task for lock A";
        assert_eq!(stalled(0), all);
        assert_eq!(stalled(1), format!("{all}; 1 more cannot begin, as nothing is free to run it"));
        assert_eq!(stalled(2), format!("{all}; 2 more cannot begin, as nothing is free to run them"));
    }

    #[test]
    fn misuse_is_said_in_words() {
        let not_held = NotHeld { task: TaskId(0), lock: LockName('A') };
        assert_eq!(not_held.to_string(), "task 1 does not hold lock A");
        assert_eq!(BeginError::Running(TaskId(1)).to_string(), "task 2 has begun already");
        assert_eq!(WaitError::NoSuchQueue(QueueName(0)).to_string(), "there is no queue 1");
    }
}
