//! Advice on waiting.

use core::time::Duration;

use super::{Advice, Facts, percent};
use crate::insight::ledger::{Term, share};
use crate::insight::lock;
use crate::model::format;
use crate::model::id::LaneId;
use crate::model::plan::ModelKind;

/// A thread stands in line for the lock after each of its answers.
pub(super) struct Convoy(lock::Convoy);

impl Advice for Convoy {
    const NAME: &'static str = "convoy";
    const BASIS: &'static str = "what that thread did after each wait, and how it got the lock";

    fn check(facts: &Facts<'_>) -> Option<Convoy> {
        facts.numbers.lock.as_ref()?.convoy.map(Convoy)
    }

    fn sentence(&self) -> String {
        let LaneId::Thread(number) = self.0.lane else { return String::new() };
        format!(
            "A convoy: after each of its {} waits, thread {number} stood in line for the lock, for {} (median) and {} in all, \
             behind a thread that computes. A shorter switch interval, or computing in another process, ends that.",
            self.0.replies,
            format::duration(self.0.wait),
            format::duration(self.0.waited)
        )
    }
}

/// A shorter turn is no matter to anybody.
const TURN_MIN: Duration = Duration::from_millis(10);

/// A coroutine computed while others waited for the loop.
pub(super) struct BlockedLoop {
    turn: Duration,
    others: usize,
}

impl Advice for BlockedLoop {
    const NAME: &'static str = "blocked-loop";
    const BASIS: &'static str = "the longest turn of a coroutine, and the tasks that had not ended";

    fn check(facts: &Facts<'_>) -> Option<BlockedLoop> {
        // Where no task computes, a long turn is one in which the system left the loop waiting for a core.
        let workload = facts.context.workload;
        // What tasks share no process could do for them, and a thread only with a lock.
        let can_block = facts.model() == ModelKind::EventLoop && workload.computes() && !workload.shares();
        let turn = facts.turn.filter(|_| can_block)?;
        let waits = |place: usize| {
            let task = &facts.trace.tasks[place];
            Some(place) != turn.task.map(|task| task.index())
                && task.submitted.is_some_and(|submitted| submitted.at <= turn.start)
                && task.ended.is_none_or(|ended| ended.at > turn.end)
        };
        let others = (0..facts.trace.tasks.len()).filter(|place| waits(*place)).count();
        let turn = turn.end - turn.start;
        (turn >= TURN_MIN && others > 0).then_some(BlockedLoop { turn, others })
    }

    fn sentence(&self) -> String {
        format!(
            "The loop was blocked: a coroutine computed for {} without an await, and {} could do nothing meanwhile. \
             to_thread, or a pool of processes, keeps the loop free.",
            format::duration(self.turn),
            format::count(self.others, "other task")
        )
    }
}

/// Tasks waited one after another.
pub(super) struct WaitsInSequence {
    waiting: Duration,
    wall: Duration,
    gain: f64,
}

impl Advice for WaitsInSequence {
    const NAME: &'static str = "waits-in-sequence";
    const BASIS: &'static str = "what each task waited for the network, or slept";

    fn check(facts: &Facts<'_>) -> Option<WaitsInSequence> {
        let (waiting, gain) = (facts.time(Term::Io), facts.gain_by_overlap());
        let applies = facts.model() == ModelKind::Sequential && share(waiting, facts.wall) >= 0.3 && gain >= 1.15;
        applies.then_some(WaitsInSequence { waiting, wall: facts.wall, gain })
    }

    fn sentence(&self) -> String {
        format!(
            "The tasks waited one after another, for {} of {}.",
            format::duration(self.waiting),
            format::duration(self.wall)
        )
    }

    fn prediction(&self) -> Option<String> {
        Some(format!("An event loop or threads would let these waits overlap: about {}.", format::ratio(self.gain)))
    }
}

/// Every worker waited, and more tasks stood in line.
pub(super) struct TooFewWorkers {
    workers: u32,
    waited: f64,
    queued: Duration,
}

impl Advice for TooFewWorkers {
    const NAME: &'static str = "too-few-workers";
    const BASIS: &'static str = "what each worker did, and how long tasks were queued";

    fn check(facts: &Facts<'_>) -> Option<TooFewWorkers> {
        let (ledger, latency) = (facts.ledger(), &facts.numbers.latency);
        let queued = latency.queued?.median;
        let waited = share(facts.time(Term::Io), facts.at_work());
        let applies = facts.model().has_workers()
            && (facts.trace.tasks.len() as u32) > ledger.workers
            && waited >= 0.8
            && queued > latency.run?.median;
        applies.then_some(TooFewWorkers { workers: ledger.workers, waited, queued })
    }

    fn sentence(&self) -> String {
        format!(
            "{} waited for answers, or slept, for {} of the time in which they had a task, while half of the tasks stood in line \
             for {} or more: for work that waits, more workers pay, or an event loop.",
            format::count(self.workers as usize, "worker"),
            percent(self.waited),
            format::duration(self.queued)
        )
    }
}
