//! How a task ends, and how a run ends.

use serde::{Deserialize, Serialize};
use thiserror::Error;

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
}

impl Value {
    /// The value as the argument of an event. Inverse of [`Value::from_arg`].
    pub fn to_arg(self) -> u64 {
        match self {
            Value::Count(count) => count,
            Value::Response { status, bytes } => (1 << 62) | (u64::from(status) << 32) | u64::from(bytes),
            Value::Text => 1 << 63,
        }
    }

    /// The value that an event's argument stands for.
    pub fn from_arg(arg: u64) -> Value {
        if arg >> 63 == 1 {
            Value::Text
        } else if arg >> 62 == 1 {
            Value::Response { status: (arg >> 32) as u16, bytes: arg as u32 }
        } else {
            Value::Count(arg)
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
    /// The pool that should have run it can run nothing any more, for this reason.
    #[error("the pool is broken: {0}")]
    BrokenPool(String),
    /// Its argument or its result could not be packed into a message, for this reason.
    #[error("could not be packed: {0}")]
    Unserialisable(String),
}

impl Failure {
    /// The kind of failure in one word, as the name of an error's class is one.
    pub fn name(&self) -> &'static str {
        match self {
            Failure::Panicked(_) => "Panicked",
            Failure::Unreachable(_) => "Unreachable",
            Failure::Status(_) => "Status",
            Failure::TimedOut(_) => "TimedOut",
            Failure::ProcessDied => "ProcessDied",
            Failure::BrokenPool(_) => "BrokenPool",
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
            Failure::Unserialisable(_) => 7,
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
            7 => Failure::Unserialisable(String::new()),
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

/// What a process says when its job is over: every task's outcome, in the order in which they ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    pub outcomes: Vec<(TaskId, Outcome)>,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
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
        for value in
            [Value::Count(148_933), Value::Count(0), Value::Response { status: 200, bytes: u32::MAX }, Value::Text]
        {
            assert_eq!(Value::from_arg(value.to_arg()), value);
        }
        for failure in [
            Failure::Panicked(String::new()),
            Failure::Unreachable(String::new()),
            Failure::Status(503),
            Failure::TimedOut(30_000),
            Failure::ProcessDied,
            Failure::BrokenPool(String::new()),
            Failure::Unserialisable(String::new()),
        ] {
            assert_eq!(Failure::from_arg(failure.to_arg()), failure);
        }
    }
}
