//! A run to be drawn, and what is kept beside its trace so that drawing it is quick.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::axis::Axis;
use super::scale::Scale;
use super::shares::Shares;
use crate::model::id::{LaneId, TaskId};
use crate::model::outcome::Outcome;
use crate::model::plan::ModelKind;
use crate::model::run::RunLeg;
use crate::model::time::Instant;
use crate::model::trace::Trace;

/// One run to be drawn.
#[derive(Clone, Copy, Debug)]
pub struct Leg<'a> {
    /// Which run it is. Another number is another trace.
    pub number: u32,
    pub title: &'a str,
    pub trace: &'a Trace,
    /// What one of its tasks is called.
    pub noun: &'a str,
    /// What the processes that it started are called, where they have names of their own.
    pub children: &'a [String],
    /// The time limit, since work began.
    pub limit_ms: Option<u32>,
}

/// The most characters of a name that there is room for.
const NAME_MAX: usize = 14;

impl<'a> Leg<'a> {
    /// A run as it was kept, exported or imported.
    pub fn of(number: u32, leg: &'a RunLeg) -> Leg<'a> {
        // The processes of a line of commands are called as its tasks are.
        let children: &[String] = if leg.model == Some(ModelKind::Subprocess) { &leg.task_names } else { &[] };
        Leg { number, title: &leg.title, trace: &leg.trace, noun: &leg.noun, children, limit_ms: leg.limit_ms }
    }

    /// Whether it goes on: some lane is in the middle of something.
    pub(super) fn is_live(&self) -> bool {
        self.trace.lanes.values().any(|lane| lane.open.is_some())
    }

    /// What a person calls one of its lanes.
    pub fn lane_name(&self, lane: LaneId) -> String {
        let own = match lane {
            LaneId::Child(number) => self.children.get((number as usize).wrapping_sub(1)),
            _ => None,
        };
        let own = own.or_else(|| self.trace.lanes.get(lane).and_then(|lane| lane.name.as_ref()));
        own.map_or_else(|| lane_name(lane, self.noun), Clone::clone)
    }

    /// The same, cut to the room that it has.
    pub(super) fn short_name(&self, lane: LaneId) -> String {
        let name = self.lane_name(lane);
        if name.chars().count() <= NAME_MAX {
            return name;
        }
        name.chars().take(NAME_MAX - 1).chain(['…']).collect()
    }
}

/// What a person calls a lane.
pub fn lane_name(lane: LaneId, noun: &str) -> String {
    match lane {
        LaneId::Page => "page".to_owned(),
        LaneId::Process => "process".to_owned(),
        LaneId::Thread(0) => "main thread".to_owned(),
        LaneId::Thread(number) => format!("worker {number}"),
        LaneId::Child(number) => format!("process {number}"),
        LaneId::Coroutine(index) => format!("{noun} {}", TaskId(index).number()),
    }
}

/// How a task ended, as a sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mark {
    Failed,
    Cancelled,
}

/// What is kept beside a trace, and added to as it grows.
#[derive(Clone, Debug, Default)]
pub struct Levels {
    pub(super) shares: BTreeMap<LaneId, Shares>,
    /// Where tasks ended otherwise than well, in order of time.
    pub(super) marks: BTreeMap<LaneId, Vec<(Instant, Mark)>>,
    /// The zero of the common axis.
    pub(super) zero: Instant,
    /// Which run it is of, up to when its trace was taken in, and how many tasks had ended.
    seen: Option<(u32, Instant, usize)>,
}

impl Levels {
    /// Takes in what came since the last time. Gives whether it was of another run before.
    pub fn update(&mut self, number: u32, trace: &Trace) -> bool {
        let now = (number, trace.latest, trace.ended.len());
        let before = self.seen.replace(now);
        if before == Some(now) {
            return false;
        }
        let is_other = before.is_some_and(|(before, ..)| before != number);
        if is_other {
            *self = Levels { seen: Some(now), ..Levels::default() };
        }
        for (id, lane) in trace.lanes.iter() {
            self.shares.entry(id).or_default().extend(&lane.spans);
        }
        // While no work has begun, the latest time is the zero, so that starting shows left of it. A trace without tasks has its own.
        let before_work = if trace.tasks.is_empty() { Instant::default() } else { trace.latest };
        self.zero = trace.work_start().unwrap_or(before_work);
        self.marks.clear();
        for id in &trace.ended {
            let Some(task) = trace.tasks.get(id.index()) else { continue };
            let mark = match task.outcome {
                Some(Outcome::Failed(_)) => Mark::Failed,
                Some(Outcome::Cancelled) => Mark::Cancelled,
                _ => continue,
            };
            if let (Some(ended), Some(lane)) = (task.ended, task.lane) {
                self.marks.entry(lane).or_default().push((ended.at, mark));
            }
        }
        is_other
    }

    pub(super) fn axis(&self, scale: Scale) -> Axis {
        Axis { scale, zero: self.zero }
    }
}
