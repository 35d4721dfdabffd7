//! How a task ends, and how a run ends.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::event::EventKind;
use super::id::TaskId;

/// What a task returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Value {
    /// How many were counted.
    Count(u64),
    /// An answer of the network: its status and the bytes of its body.
    Response { status: u16, bytes: u32 },
    /// The constant that a sleeping task returns: "result".
    Text,
    /// The first four bytes of a digest, or a checksum.
    Digest(u32),
    /// None: Python's `None`.
    Nothing,
    /// A program ended with exit code 0, having written so many bytes.
    Exited { written_bytes: u32 },
}

/// The top four bits of an event's argument say which value the others are.
const RESPONSE: u64 = 4;
const TEXT: u64 = 8;
const DIGEST: u64 = 9;
const NOTHING: u64 = 10;
const EXITED: u64 = 11;
const TAG_SHIFT: u32 = 60;

impl Value {
    /// The value as the argument of an event. Inverse of [`Value::from_arg`] for counts below 2^60.
    pub fn to_arg(self) -> u64 {
        match self {
            Value::Count(count) => count,
            Value::Response { status, bytes } => (RESPONSE << TAG_SHIFT) | (u64::from(status) << 32) | u64::from(bytes),
            Value::Text => TEXT << TAG_SHIFT,
            Value::Digest(digest) => (DIGEST << TAG_SHIFT) | u64::from(digest),
            Value::Nothing => NOTHING << TAG_SHIFT,
            Value::Exited { written_bytes } => (EXITED << TAG_SHIFT) | u64::from(written_bytes),
        }
    }

    /// The value that an event's argument stands for.
    pub fn from_arg(arg: u64) -> Value {
        match arg >> TAG_SHIFT {
            TEXT => Value::Text,
            DIGEST => Value::Digest(arg as u32),
            NOTHING => Value::Nothing,
            EXITED => Value::Exited { written_bytes: arg as u32 },
            tag if tag >= RESPONSE => Value::Response { status: (arg >> 32) as u16, bytes: arg as u32 },
            _ => Value::Count(arg),
        }
    }

    /// What a task has that got this value from one step after another: counts and bytes add up, and what has no value adds
    /// nothing.
    pub fn and(self, next: Value) -> Value {
        match (self, next) {
            (Value::Count(first), Value::Count(second)) => Value::Count(first + second),
            (Value::Response { bytes, .. }, Value::Response { status, bytes: more }) => {
                Value::Response { status, bytes: bytes.saturating_add(more) }
            }
            (value, Value::Nothing) => value,
            (_, value) => value,
        }
    }
}

/// Why a task failed.
#[derive(Clone, Debug, PartialEq, Eq, Error, Serialize, Deserialize)]
pub enum Failure {
    /// Its code panicked, with this message.
    #[error("panicked: {0}")]
    Panicked(String),
    /// Nothing answered; the browser says why in its own words.
    #[error("no answer: {0}")]
    Unreachable(String),
    /// The server answered with an error.
    #[error("answered with status {0}")]
    Status(u16),
    /// No answer came within the time that one request has, in milliseconds.
    #[error("no answer within {0} ms")]
    TimedOut(u32),
    /// Its process died before it ended.
    #[error("lost: its process died")]
    ProcessDied,
    /// It could never have got a lock that it asked for: who has what and waits for what.
    #[error("deadlock: {0}")]
    Deadlock(String),
    /// It would have waited for something that nobody was left to do.
    #[error("waited for ever: {0}")]
    Stalled(String),
    /// It took longer than it may, in milliseconds, and was cancelled.
    #[error("took longer than {0} ms")]
    TookTooLong(u32),
    /// The answer began and broke off.
    #[error("the answer broke off: {0}")]
    BrokeOff(String),
    /// A program ended with this exit code, which is not 0.
    #[error("exit code {0}")]
    ExitCode(u8),
    /// A program did what none can go on from, in the browser's words.
    #[error("trapped: {0}")]
    Trapped(String),
    /// A program did not start, for this reason.
    #[error("{0}")]
    NotStarted(String),
    /// The pool that should have run it can run nothing any more, for this reason.
    #[error("the pool is broken: {0}")]
    BrokenPool(String),
    /// Its argument or its result could not be packed into a message, for this reason.
    #[error("could not be packed: {0}")]
    Unserialisable(String),
}

impl Failure {
    /// Whether it is not the task that failed, but what ran it: then the run compares with no other.
    pub fn is_of_the_run(&self) -> bool {
        matches!(self, Failure::ProcessDied | Failure::BrokenPool(_) | Failure::Stalled(_) | Failure::Deadlock(_))
    }

    /// The kind of failure in one word, as the name of an error's class is one.
    pub fn name(&self) -> &'static str {
        match self {
            Failure::Panicked(_) => "Panicked",
            Failure::Unreachable(_) => "Unreachable",
            Failure::Status(_) => "Status",
            Failure::TimedOut(_) => "TimedOut",
            Failure::ProcessDied => "ProcessDied",
            Failure::BrokenPool(_) => "BrokenPool",
            Failure::Deadlock(_) => "Deadlock",
            Failure::Stalled(_) => "Stalled",
            Failure::TookTooLong(_) => "TookTooLong",
            Failure::BrokeOff(_) => "BrokeOff",
            Failure::ExitCode(_) => "ExitCode",
            Failure::Trapped(_) => "Trapped",
            Failure::NotStarted(_) => "NotStarted",
            Failure::Unserialisable(_) => "Unserialisable",
        }
    }

    /// The kind of failure as the argument of an event; its words come with the report.
    pub fn to_arg(&self) -> u64 {
        match self {
            Failure::Panicked(_) => 1,
            Failure::Unreachable(_) => 2,
            Failure::Status(status) => 3 | (u64::from(*status) << 8),
            Failure::TimedOut(ms) => 4 | (u64::from(*ms) << 8),
            Failure::ProcessDied => 5,
            Failure::BrokenPool(_) => 6,
            Failure::Deadlock(_) => 7,
            Failure::Stalled(_) => 8,
            Failure::TookTooLong(ms) => 9 | (u64::from(*ms) << 8),
            Failure::BrokeOff(_) => 10,
            Failure::ExitCode(code) => 11 | (u64::from(*code) << 8),
            Failure::Trapped(_) => 12,
            Failure::NotStarted(_) => 13,
            Failure::Unserialisable(_) => 14,
        }
    }

    /// The failure that an event's argument stands for, as far as it says.
    pub fn from_arg(arg: u64) -> Failure {
        match arg & 0xff {
            1 => Failure::Panicked(String::new()),
            3 => Failure::Status((arg >> 8) as u16),
            4 => Failure::TimedOut((arg >> 8) as u32),
            5 => Failure::ProcessDied,
            6 => Failure::BrokenPool(String::new()),
            7 => Failure::Deadlock(String::new()),
            8 => Failure::Stalled(String::new()),
            9 => Failure::TookTooLong((arg >> 8) as u32),
            10 => Failure::BrokeOff(String::new()),
            11 => Failure::ExitCode((arg >> 8) as u8),
            12 => Failure::Trapped(String::new()),
            13 => Failure::NotStarted(String::new()),
            14 => Failure::Unserialisable(String::new()),
            _ => Failure::Unreachable(String::new()),
        }
    }
}

/// How a task ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    Done(Value),
    Failed(Failure),
    Cancelled,
}

impl Outcome {
    /// The outcome as an event and its argument.
    pub fn to_event(&self) -> (EventKind, u64) {
        match self {
            Outcome::Done(value) => (EventKind::Finished, value.to_arg()),
            Outcome::Failed(failure) => (EventKind::Failed, failure.to_arg()),
            Outcome::Cancelled => (EventKind::Cancelled, 0),
        }
    }
}

/// What a process says when its job is over: every task's outcome, once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    pub outcomes: Vec<(TaskId, Outcome)>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RunEnd {
    /// Every task has an outcome.
    Done,
    /// The user stopped it.
    Cancelled,
    /// It took longer than any run may.
    TimedOut,
    /// Its process failed; the text says how, and what to try.
    Failed(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_and_failures_survive_the_way_through_an_event() {
        for value in [
            Value::Count(148_933),
            Value::Count((1 << 60) - 1),
            Value::Response { status: 200, bytes: u32::MAX },
            Value::Text,
            Value::Digest(u32::MAX),
            Value::Nothing,
            Value::Exited { written_bytes: 77 },
        ] {
            assert_eq!(Value::from_arg(value.to_arg()), value);
        }
        for failure in [
            Failure::Panicked(String::new()),
            Failure::Unreachable(String::new()),
            Failure::Status(503),
            Failure::TimedOut(30_000),
            Failure::ProcessDied,
            Failure::BrokenPool(String::new()),
            Failure::Deadlock(String::new()),
            Failure::Stalled(String::new()),
            Failure::TookTooLong(250),
            Failure::BrokeOff(String::new()),
            Failure::ExitCode(3),
            Failure::Trapped(String::new()),
            Failure::NotStarted(String::new()),
            Failure::Unserialisable(String::new()),
        ] {
            assert_eq!(Failure::from_arg(failure.to_arg()), failure);
        }
    }

    #[test]
    fn a_task_of_several_steps_has_their_sum_or_the_last_of_them() {
        assert_eq!(Value::Count(3).and(Value::Count(4)), Value::Count(7));
        assert_eq!(Value::Count(3).and(Value::Nothing), Value::Count(3));
        assert_eq!(Value::Nothing.and(Value::Text), Value::Text);
        let response = |bytes| Value::Response { status: 200, bytes };
        assert_eq!(response(3).and(response(4)), response(7));
        assert_eq!(response(3).and(Value::Count(9)), Value::Count(9));
    }
}
