//! What advice is given from: the numbers of a run, and what its tasks did.

use core::time::Duration;

use crate::insight::ledger::{Ledger, Term};
use crate::insight::numbers::{Context, Numbers};
use crate::model::event::Phase;
use crate::model::id::{LaneId, TaskId};
use crate::model::outcome::Outcome;
use crate::model::plan::ModelKind;
use crate::model::time::Instant;
use crate::model::trace::{TaskLife, Trace};

/// A task that computes for less does not gain from another core: to hand it to a thread takes some 5 microseconds, to a process 50
/// to 250 (`./dev bench tasks calls`).
const WORTH_A_CORE: Duration = Duration::from_micros(50);

/// What one task did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    pub computing: Duration,
    /// Waiting for the network or a pipe, or asleep.
    pub waiting: Duration,
}

/// A time in which a coroutine computed without an await.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    pub start: Instant,
    pub end: Instant,
    pub task: Option<TaskId>,
}

/// A run, as advice sees it.
#[derive(Debug)]
pub struct Facts<'a> {
    pub trace: &'a Trace,
    pub context: &'a Context<'a>,
    pub numbers: &'a Numbers,
    /// From the first submission to the last outcome.
    pub wall: Duration,
    /// By task.
    pub works: Vec<Work>,
    /// The longest turn of a coroutine of those in which another task had not ended.
    pub turn: Option<Turn>,
    /// Threads and processes that computed for tasks.
    pub computed: u32,
}

impl<'a> Facts<'a> {
    /// Reads what tasks did off a trace. `None` unless each came to an end of its own, and nothing was lost: of less, advice
    /// might say what was not so.
    pub fn of(trace: &'a Trace, context: &'a Context<'a>, numbers: &'a Numbers) -> Option<Facts<'a>> {
        let has_ended = |task: &TaskLife| {
            task.ended.is_some()
                && match &task.outcome {
                    Some(Outcome::Done(_)) => true,
                    Some(Outcome::Failed(failure)) => !failure.is_of_the_run(),
                    Some(Outcome::Cancelled) | None => false,
                }
        };
        let is_whole = trace.lost == 0 && trace.tasks.iter().all(has_ended);
        let start = trace.work_start().filter(|_| is_whole)?;
        let mut works = vec![Work::default(); trace.tasks.len()];
        let (mut turn, mut computed) = (None::<Turn>, 0);
        // The end of the last task, and, for its own turns, that of the one before.
        let end_of = |id: &TaskId| trace.tasks.get(id.index()).and_then(|task| task.ended).map(|ended| ended.at);
        let mut last = trace.ended.iter().rev();
        let (last, before_last) = (last.next(), last.next().and_then(end_of));
        let others_end = |task: Option<TaskId>| if task == last.copied() { before_last } else { last.and_then(end_of) };
        for (id, lane) in trace.lanes.iter() {
            let mut computes = false;
            for span in &lane.spans {
                let Some(work) = span.task.and_then(|task| works.get_mut(task.index())) else { continue };
                let length = span.end.at - span.start.at;
                if span.phase.computes() {
                    computes = true;
                    work.computing += length;
                    if matches!(id, LaneId::Coroutine(_))
                        && turn.is_none_or(|turn| turn.end - turn.start < length)
                        && others_end(span.task).is_some_and(|end| end > span.end.at)
                    {
                        turn = Some(Turn { start: span.start.at, end: span.end.at, task: span.task });
                    }
                } else if matches!(span.phase, Phase::WaitingIo | Phase::WaitingPipe | Phase::Sleeping) {
                    work.waiting += length;
                }
            }
            computed += u32::from(computes && !matches!(id, LaneId::Coroutine(_)));
        }
        Some(Facts { trace, context, numbers, wall: trace.work_end() - start, works, turn, computed })
    }

    pub fn model(&self) -> ModelKind {
        self.context.model
    }

    pub fn ledger(&self) -> &Ledger {
        &self.numbers.ledger
    }

    pub fn time(&self, term: Term) -> Duration {
        self.numbers.ledger.time(term)
    }

    /// What workers did for their tasks: computing, and waiting for whatever it was.
    pub fn at_work(&self) -> Duration {
        [Term::Computing, Term::Lock, Term::Shared, Term::Io].into_iter().map(|term| self.time(term)).sum()
    }

    /// What all tasks computed together.
    pub fn computing(&self) -> Duration {
        self.works.iter().map(|work| work.computing).sum()
    }

    /// How many times faster the run would be if its tasks' computing went on so many cores, and all else took as long: no
    /// task is split. 1 where what they do depends on each other, or each does too little for it. Nothing is added for what that
    /// would cost, so that it is the most to be had.
    pub fn gain_on_cores(&self, cores: u32) -> f64 {
        if self.context.workload.shares() {
            return 1.0;
        }
        let total = self.computing();
        let longest = self.works.iter().map(|work| work.computing).max().unwrap_or_default();
        let tasks = self.works.iter().filter(|work| !work.computing.is_zero()).count() as u32;
        if total < WORTH_A_CORE * tasks {
            return 1.0;
        }
        let on_cores = (total / cores.min(tasks).max(1)).max(longest);
        gain(self.wall, total, on_cores)
    }

    /// The same if all its tasks waited at once.
    pub fn gain_by_overlap(&self) -> f64 {
        if self.context.workload.shares() {
            return 1.0;
        }
        let total = self.works.iter().map(|work| work.waiting).sum();
        gain(self.wall, total, self.works.iter().map(|work| work.waiting).max().unwrap_or_default())
    }

    /// The two tasks that ended last, the last one first.
    pub fn last_two(&self) -> Option<[TaskId; 2]> {
        let [.., before, last] = self.trace.ended[..] else { return None };
        Some([last, before])
    }
}

/// What it gains that a part of some time takes less.
fn gain(wall: Duration, part: Duration, instead: Duration) -> f64 {
    let after = wall.saturating_sub(part) + instead.min(part);
    if after.is_zero() { 1.0 } else { wall.as_secs_f64() / after.as_secs_f64() }
}
