//! What a subprocess is seen to do.

use super::error::SpawnError;
use crate::model::time::Instant;

/// What a process waits for, without computing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Waiting {
    /// Its stdin is empty, and whoever writes to it may still write.
    Stdin,
    /// Its stdout is full.
    Stdout,
    /// Time to pass.
    Sleep,
}

/// Something that happened to a subprocess. The last one is an end ([`Event::is_end`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Its program begins to run.
    Started,
    /// It wrote to a stdout that its parent takes.
    Stdout(Vec<u8>),
    /// It wrote to a stderr that its parent takes.
    Stderr(Vec<u8>),
    /// It begins to wait.
    Blocked(Waiting),
    /// It goes on.
    Unblocked(Waiting),
    /// It ended by itself, with this exit code.
    Exited(u8),
    /// It did what no program can go on from, in the browser's words: an unreachable instruction, an access out of bounds.
    Trapped(String),
    /// Its parent ended it.
    Killed,
    /// It never began.
    Failed(SpawnError),
}

/// SIGABRT: what a command that cannot go on dies of, as wasmtime has it too.
const SIGABRT: i32 = 6;
/// SIGKILL: what nobody survives.
const SIGKILL: i32 = 9;

impl Event {
    /// Python's `returncode`, if this is an end of a process that ran: its exit code, or the negative number of a signal: -9 for
    /// one that was killed, -6 for one that trapped.
    pub fn returncode(&self) -> Option<i32> {
        match self {
            Event::Exited(code) => Some(i32::from(*code)),
            Event::Trapped(_) => Some(-SIGABRT),
            Event::Killed => Some(-SIGKILL),
            _ => None,
        }
    }

    /// Whether nothing comes after it.
    pub fn is_end(&self) -> bool {
        self.returncode().is_some() || matches!(self, Event::Failed(_))
    }
}

/// An event, when it happened, and how much had gone through the process by then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamped {
    /// By the process's own clock, laid onto the axis of the run.
    pub at: Instant,
    /// Bytes that it had read from its stdin.
    pub read_bytes: u64,
    /// Bytes that it had written to its stdout.
    pub written_bytes: u64,
    /// What happened.
    pub event: Event,
}
