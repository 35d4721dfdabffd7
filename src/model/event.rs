//! What a thread records: events of one fixed size.

use serde::{Deserialize, Serialize};

use super::id::{LaneId, TaskId};
use super::time::Instant;

/// What a lane is doing from one event to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[repr(u32)]
pub enum Phase {
    /// Nothing: waiting to be given a task.
    Idle = 0,
    /// A process loads the program image and makes its memory.
    Instantiating = 1,
    /// A process starts its threads.
    StartingThreads = 2,
    /// Running a task's code. The system may still let threads take turns on a core, which no browser tells.
    Computing = 3,
    /// Waiting for an answer from the network.
    WaitingIo = 4,
    /// Asleep for a time that the task asked for.
    Sleeping = 5,
    /// Waiting for the global interpreter lock.
    WaitingLock = 6,
    /// Making a message for another process of what is in this one's memory.
    Serialising = 7,
    /// Taking what a message carries into this process's memory.
    Deserialising = 8,
    /// Waiting for a lock of the tasks' own.
    WaitingMutex = 9,
    /// Waiting for room in a queue, or for something in it.
    WaitingQueue = 10,
    /// In C code that needs nothing of the interpreter, whose lock the thread let go of: computing all the same.
    ComputingUnlocked = 11,
    /// A coroutine waits for a thread that computes for it.
    WaitingJoin = 12,
    /// A program waits for something to read from a pipe, or for room in one.
    WaitingPipe = 13,
    /// The page stood still: it answered nobody and drew nothing.
    Blocked = 14,
}

impl Phase {
    /// Whether a task's code runs in it.
    pub fn computes(self) -> bool {
        matches!(self, Phase::Computing | Phase::ComputingUnlocked)
    }

    /// Every phase, in the order in which a legend lists them.
    pub const ALL: [Phase; 15] = [
        Phase::Idle,
        Phase::Instantiating,
        Phase::StartingThreads,
        Phase::Computing,
        Phase::ComputingUnlocked,
        Phase::WaitingLock,
        Phase::WaitingMutex,
        Phase::WaitingQueue,
        Phase::WaitingJoin,
        Phase::WaitingPipe,
        Phase::Serialising,
        Phase::Deserialising,
        Phase::WaitingIo,
        Phase::Sleeping,
        Phase::Blocked,
    ];

    /// The phase of a number.
    pub fn of_number(number: u32) -> Option<Phase> {
        const BY_NUMBER: [Phase; Phase::ALL.len()] = {
            let mut phases = Phase::ALL;
            let mut place = 0;
            while place < phases.len() {
                phases[Phase::ALL[place] as usize] = Phase::ALL[place];
                place += 1;
            }
            phases
        };
        BY_NUMBER.get(number as usize).copied()
    }

    /// What a person reads.
    pub fn label(self) -> &'static str {
        match self {
            Phase::Idle => "idle",
            Phase::Instantiating => "starting the process",
            Phase::StartingThreads => "starting its threads",
            Phase::Computing => "computing",
            Phase::WaitingIo => "waiting for the network",
            Phase::Sleeping => "sleeping",
            Phase::WaitingLock => "waiting for the lock",
            Phase::Serialising => "packing a message",
            Phase::Deserialising => "unpacking a message",
            Phase::WaitingMutex => "waiting for a lock of the tasks",
            Phase::WaitingQueue => "waiting for the queue",
            Phase::WaitingPipe => "waiting for the pipe",
            Phase::Blocked => "the page stood still",
            Phase::WaitingJoin => "waiting for a thread",
            Phase::ComputingUnlocked => "computing without the lock",
        }
    }
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// The lane begins a phase, and so ends the one before.
    Enter(Phase),
    /// The lane ends.
    LaneClosed,
    /// The task was handed to an executor.
    Submitted,
    /// The task began to run on this lane.
    Started,
    /// The task returned; the event's argument is its value (`Value::to_arg`).
    Finished,
    /// The task failed; the event's argument says how (`Failure::to_arg`).
    Failed,
    /// The task was cancelled.
    Cancelled,
    /// The lane's thread waited for the lock for a switch interval, and asks its holder to drop it.
    LockRequested,
    /// The lane's thread holds the lock from now on. Bit 0 of the argument: whether its last holder was made to drop it;
    /// the other bits: the number of that thread, or 0.
    LockTaken,
    /// The lane's thread no longer holds the lock. The argument: 1 if it was made to drop it, else 0.
    LockDropped,
    /// The lane handed a message to what carries it to another process; the argument is its number and its bytes
    /// (`Message::to_arg`).
    Sent,
    /// The lane unpacked a message of another process; the argument is its number and its bytes (`Message::to_arg`). It had
    /// come when the lane began this (`Phase::Deserialising`): until then from its `Sent`, it was under way or waited.
    Received,
    /// The counter that tasks share stands at the argument.
    Counted,
    /// The task has a piece of its result to be looked at: sixteen shades of four bits, the first lowest. The number is that of
    /// the piece, in the order in which a picture is read, and less than 2^24.
    Shown(u32),
}

/// The word of [`EventKind::Shown`]; the number of the piece stands above its lowest eight bits.
const SHOWN: u32 = 111;

impl EventKind {
    fn to_word(self) -> u32 {
        match self {
            EventKind::Enter(phase) => phase as u32,
            EventKind::LaneClosed => 100,
            EventKind::Submitted => 101,
            EventKind::Started => 102,
            EventKind::Finished => 103,
            EventKind::Failed => 104,
            EventKind::Cancelled => 105,
            EventKind::LockRequested => 106,
            EventKind::LockTaken => 107,
            EventKind::LockDropped => 108,
            EventKind::Sent => 109,
            EventKind::Received => 110,
            EventKind::Counted => 112,
            EventKind::Shown(piece) => SHOWN | (piece << 8),
        }
    }

    fn from_word(word: u32) -> Option<EventKind> {
        Some(match word {
            100 => EventKind::LaneClosed,
            101 => EventKind::Submitted,
            102 => EventKind::Started,
            103 => EventKind::Finished,
            104 => EventKind::Failed,
            105 => EventKind::Cancelled,
            106 => EventKind::LockRequested,
            107 => EventKind::LockTaken,
            108 => EventKind::LockDropped,
            109 => EventKind::Sent,
            110 => EventKind::Received,
            112 => EventKind::Counted,
            word if word & 0xff == SHOWN => EventKind::Shown(word >> 8),
            other => EventKind::Enter(Phase::of_number(other)?),
        })
    }
}

/// One record of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: Instant,
    /// Its place in the order of all events of the process. Clocks have a resolution; this has none.
    pub sequence: u32,
    /// Where.
    pub lane: LaneId,
    /// Which task it is about, if any.
    pub task: Option<TaskId>,
    /// What.
    pub kind: EventKind,
    /// What else, as the kind says; 0 where it says nothing.
    pub arg: u64,
}

/// The length of a record, in 32-bit words.
pub const EVENT_WORDS: usize = 8;

const NO_TASK: u32 = u32::MAX;

impl Event {
    /// The record. Inverse of [`Event::from_words`].
    pub fn to_words(self) -> [u32; EVENT_WORDS] {
        [
            self.at.0 as u32,
            (self.at.0 >> 32) as u32,
            self.sequence,
            self.lane.to_word(),
            self.task.map_or(NO_TASK, |task| task.0),
            self.kind.to_word(),
            self.arg as u32,
            (self.arg >> 32) as u32,
        ]
    }

    /// The event of a record, or `None` if its words say nothing that this program writes.
    pub fn from_words(words: [u32; EVENT_WORDS]) -> Option<Event> {
        let [at_low, at_high, sequence, lane, task, kind, arg_low, arg_high] = words;
        Some(Event {
            at: Instant(u64::from(at_low) | (u64::from(at_high) << 32)),
            sequence,
            lane: LaneId::from_word(lane)?,
            task: (task != NO_TASK).then_some(TaskId(task)),
            kind: EventKind::from_word(kind)?,
            arg: u64::from(arg_low) | (u64::from(arg_high) << 32),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_survive_the_way_through_their_words() {
        let kinds = Phase::ALL.into_iter().map(EventKind::Enter).chain([
            EventKind::LaneClosed,
            EventKind::Submitted,
            EventKind::Started,
            EventKind::Finished,
            EventKind::Failed,
            EventKind::Cancelled,
            EventKind::LockRequested,
            EventKind::LockTaken,
            EventKind::LockDropped,
            EventKind::Sent,
            EventKind::Received,
            EventKind::Counted,
            EventKind::Shown(0),
            EventKind::Shown(0xff_ffff),
        ]);
        for (index, kind) in kinds.enumerate() {
            let event = Event {
                at: Instant(u64::MAX - index as u64),
                sequence: 77,
                lane: LaneId::Thread(3),
                task: (index % 2 == 0).then_some(TaskId(index as u32)),
                kind,
                arg: 1 << 40,
            };
            assert_eq!(Event::from_words(event.to_words()), Some(event));
        }
    }

    #[test]
    fn words_that_say_nothing_are_no_event() {
        assert_eq!(Event::from_words([0, 0, 0, 0, 0, 99, 0, 0]), None);
        assert_eq!(Event::from_words([u32::MAX; EVENT_WORDS]), None);
    }
}
