//! Identifiers: which task, and which lane of the timeline.

use serde::{Deserialize, Serialize};

/// A task of a run: its place in the order of submission, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TaskId(pub u32);

impl TaskId {
    /// The number that a person sees: counted from 1.
    pub fn number(self) -> u32 {
        self.0 + 1
    }

    /// The place of this task in a list of all tasks of its run.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A row of the timeline: what one process, thread or coroutine has.
///
/// Lanes order as they are drawn: the process, its threads, its coroutines, the processes that it started, and the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum LaneId {
    /// The process itself: its start.
    Process,
    /// A thread of the process; 0 is the one that the process starts with.
    Thread(u32),
    /// A coroutine on the event loop of thread 0, numbered as its task is.
    Coroutine(u32),
    /// A process that this one started, with its one thread; numbered from 1.
    Child(u32),
    /// The page itself, where it stood still: all that time it answered nobody.
    Page,
}

const INDEX_BITS: u32 = 24;

impl LaneId {
    /// The lane as one word of an event record. Inverse of [`LaneId::from_word`].
    pub fn to_word(self) -> u32 {
        match self {
            LaneId::Process => 0,
            LaneId::Thread(index) => (1 << INDEX_BITS) | index,
            LaneId::Coroutine(index) => (2 << INDEX_BITS) | index,
            LaneId::Child(index) => (3 << INDEX_BITS) | index,
            LaneId::Page => 4 << INDEX_BITS,
        }
    }

    /// The lane that a word of an event record names, or `None` if it names none.
    pub fn from_word(word: u32) -> Option<LaneId> {
        let index = word & ((1 << INDEX_BITS) - 1);
        match word >> INDEX_BITS {
            0 if index == 0 => Some(LaneId::Process),
            1 => Some(LaneId::Thread(index)),
            2 => Some(LaneId::Coroutine(index)),
            3 => Some(LaneId::Child(index)),
            4 if index == 0 => Some(LaneId::Page),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_survive_the_way_through_a_word() {
        for lane in [
            LaneId::Page,
            LaneId::Process,
            LaneId::Thread(0),
            LaneId::Thread(255),
            LaneId::Coroutine(9_999),
            LaneId::Child(8),
        ] {
            assert_eq!(LaneId::from_word(lane.to_word()), Some(lane));
        }
        assert_eq!(LaneId::from_word(u32::MAX), None);
        assert_eq!(LaneId::from_word(7), None);
    }
}
