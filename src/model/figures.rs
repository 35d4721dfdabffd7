//! What is kept of each trial of an experiment: what a comparison, a curve and a break-even are worked out of.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::experiment::Trial;

/// The figures of a trial.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    /// Its setting, by place, and its round, of which 0 is not counted.
    pub trial: Trial,
    /// From the first submission to the last outcome.
    pub wall: Duration,
    /// What starting took.
    pub start_up: Duration,
    /// The most tasks in flight, and the most that computed, at the same instant.
    pub in_flight: u32,
    pub computing: u32,
    /// What packing and unpacking messages took, on all lanes together; `None` where none were sent.
    pub messages: Option<Duration>,
    /// What waiting for the interpreter's lock took, on all lanes together; `None` where nobody waited for one.
    pub lock: Option<Duration>,
    /// The memories of its processes together, in bytes, when they were largest; `None` where that is not to be known.
    pub memory_bytes: Option<u64>,
    /// Why it does not count, if it does not: a task that did not end by itself took no time that compares.
    pub failed: Option<String>,
}

impl Figures {
    /// Whether it is among those that a setting is told by.
    pub fn counts(&self) -> bool {
        self.trial.round > 0 && self.failed.is_none()
    }
}
