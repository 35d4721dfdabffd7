//! Lanes: what a process, thread or coroutine did, from one moment to the next.

use serde::{Deserialize, Serialize};

use super::event::Phase;
use super::id::{LaneId, TaskId};
use super::time::Instant;

/// A point in the order of what happened: by the clock, and by the sequence number where the clock cannot tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Stamp {
    pub at: Instant,
    pub sequence: u32,
}

/// A time in which a lane did one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    pub phase: Phase,
    pub task: Option<TaskId>,
    pub start: Stamp,
    pub end: Stamp,
}

/// A lane that is doing something right now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenSpan {
    pub phase: Phase,
    pub task: Option<TaskId>,
    pub start: Stamp,
}

/// A time in which a lane held the global interpreter lock, or an interpreter's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    pub start: Stamp,
    /// `None` while it holds it.
    pub end: Option<Stamp>,
    /// Who had it before, if anybody.
    pub from: Option<LaneId>,
    /// Whether that one was made to drop it.
    pub was_forced: bool,
    /// Whether this one was made to drop it, at its end.
    pub is_forced: bool,
}

/// One row: what a process, thread or coroutine did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lane {
    /// What it is called, where it has a name of its own.
    pub name: Option<String>,
    /// In order of time.
    pub spans: Vec<Span>,
    pub open: Option<OpenSpan>,
    /// When it held the lock, in order of time.
    pub holds: Vec<Hold>,
    /// When it asked the lock's holder to drop it.
    pub requests: Vec<Stamp>,
}

/// The lanes of a run, in the order in which they are drawn.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lanes(pub(super) Vec<(LaneId, Lane)>);

impl Lanes {
    /// The lane of this name; a new one where there was none.
    pub fn lane(&mut self, id: LaneId) -> &mut Lane {
        let place = self.0.binary_search_by_key(&id, |(id, _)| *id).unwrap_or_else(|place| {
            self.0.insert(place, (id, Lane::default()));
            place
        });
        &mut self.0[place].1
    }

    /// The lane of this name, if there is one.
    pub fn get(&self, id: LaneId) -> Option<&Lane> {
        let place = self.0.binary_search_by_key(&id, |(id, _)| *id).ok()?;
        Some(&self.0[place].1)
    }

    /// The lane in this place, from 0.
    pub fn at(&self, place: usize) -> Option<(LaneId, &Lane)> {
        self.0.get(place).map(|(id, lane)| (*id, lane))
    }

    /// The place of a lane.
    pub fn place(&self, id: LaneId) -> Option<usize> {
        self.0.binary_search_by_key(&id, |(id, _)| *id).ok()
    }

    /// Every lane with its name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (LaneId, &Lane)> {
        self.0.iter().map(|(id, lane)| (*id, lane))
    }

    /// Every lane.
    pub fn values(&self) -> impl Iterator<Item = &Lane> {
        self.0.iter().map(|(_, lane)| lane)
    }

    /// Every lane, to be changed.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut Lane> {
        self.0.iter_mut().map(|(_, lane)| lane)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Lane {
    pub(super) fn end_open(&mut self, end: Stamp) {
        if let Some(OpenSpan { phase, task, start }) = self.open.take() {
            self.spans.push(Span { phase, task, start, end: end.max(start) });
        }
    }

    pub(super) fn begin_hold(&mut self, start: Stamp, from: Option<LaneId>, was_forced: bool) {
        self.holds.push(Hold { start, end: None, from, was_forced, is_forced: false });
    }

    /// Ends the hold that has no end yet.
    pub(super) fn end_hold(&mut self, end: Stamp, is_forced: bool) {
        if let Some(hold) = self.holds.last_mut().filter(|hold| hold.end.is_none()) {
            hold.end = Some(end.max(hold.start));
            hold.is_forced = is_forced;
        }
    }
}
