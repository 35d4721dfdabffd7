//! One run in a few numbers, and in a sentence.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::dials::{Dials, dials};
use super::quantile::quantile;
use crate::model::event::Phase;
use crate::model::format::{self, thousands};
use crate::model::outcome::{Outcome, Value};
use crate::model::trace::Trace;

/// The numbers of one run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    pub tasks: usize,
    pub done: usize,
    pub failed: usize,
    pub cancelled: usize,
    /// Those of the failed that did not fail by themselves: what ran them did.
    pub cut_short: usize,
    /// From the first submission to the last outcome, or to now.
    pub wall: Duration,
    /// What starting the process took: from asking for it until its threads ran.
    pub start_up: Duration,
    pub dials: Dials,
    /// The phases that were seen.
    pub phases: Vec<Phase>,
    /// What was sent between processes, if anything.
    pub copied: Option<Copied>,
    /// Whether any thread held a lock that only one may compute with.
    pub has_lock: bool,
    /// Events that were not recorded for want of room.
    pub lost: u64,
    /// Of a counter that tasks share: how many of what they added it does not have, once all are done.
    pub lost_updates: u64,
}

/// What going from one memory to another cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Copied {
    pub messages: u32,
    pub bytes: u64,
    /// Of all lanes together.
    pub packing: Duration,
    pub unpacking: Duration,
    /// From a call to its answer, for half of the calls at most; `None` if none was answered.
    pub call: Option<Duration>,
}

impl Summary {
    /// Reads a trace.
    pub fn of(trace: &Trace) -> Summary {
        let mut summary = Summary {
            tasks: trace.tasks.len(),
            dials: dials(trace),
            lost: trace.lost,
            has_lock: trace.lanes.values().any(|lane| !lane.holds.is_empty()),
            start_up: start_up(trace),
            copied: copied(trace),
            phases: phases(trace),
            lost_updates: lost_updates(trace),
            wall: trace.work_start().map_or(Duration::ZERO, |start| trace.work_end() - start),
            ..Summary::default()
        };
        for outcome in trace.tasks.iter().filter_map(|task| task.outcome.as_ref()) {
            match outcome {
                Outcome::Done(_) => summary.done += 1,
                Outcome::Failed(failure) => {
                    summary.failed += 1;
                    summary.cut_short += usize::from(failure.is_of_the_run());
                }
                Outcome::Cancelled => summary.cancelled += 1,
            }
        }
        summary
    }

    /// Whether every task has an outcome of its own, and was seen to reach it: what a comparison needs.
    pub fn is_complete(&self) -> bool {
        self.done + self.failed == self.tasks && self.cut_short == 0 && self.lost == 0
    }

    /// The run in a sentence, for those who do not see the picture. `noun` is what one task is called.
    pub fn sentence(&self, noun: &str) -> String {
        if self.tasks == 0 {
            return format!("no {noun}s were recorded.");
        }
        let mut ends = Vec::new();
        for (number, word) in [(self.done, "done"), (self.failed, "failed"), (self.cancelled, "cancelled")] {
            if number > 0 {
                ends.push(format!("{} {word}", thousands(number as u64)));
            }
        }
        let ends = if ends.is_empty() { "none ended yet".to_owned() } else { ends.join(", ") };
        let mut sentence = format!(
            "{}: {ends}, in {}; at most {} in flight, at most {} computing.",
            format::count(self.tasks, noun),
            format::duration(self.wall),
            thousands(self.dials.in_flight.peak.into()),
            thousands(self.dials.computing.peak.into()),
        );
        if self.lost > 0 {
            sentence += &format!(" {} events found no room and are missing from the picture.", thousands(self.lost));
        }
        sentence
    }
}

/// In the order in which a legend lists them.
fn phases(trace: &Trace) -> Vec<Phase> {
    let mut seen = [false; Phase::ALL.len()];
    let closed = trace.lanes.values().flat_map(|lane| &lane.spans).map(|span| span.phase);
    let open = trace.lanes.values().filter_map(|lane| lane.open).map(|span| span.phase);
    closed.chain(open).for_each(|phase| seen[phase as usize] = true);
    Phase::ALL.into_iter().filter(|phase| seen[*phase as usize]).collect()
}

/// What all tasks say that they added, and the counter does not have. Who did not come to the end did not add all.
pub(super) fn lost_updates(trace: &Trace) -> u64 {
    let added = |outcome: Option<&Outcome>| match outcome {
        Some(Outcome::Done(Value::Count(count))) => Some(*count),
        _ => None,
    };
    let all = trace.tasks.iter().try_fold(0_u64, |all, task| Some(all.saturating_add(added(task.outcome.as_ref())?)));
    all.zip(trace.counter).map_or(0, |(all, counter)| all.saturating_sub(counter))
}

fn copied(trace: &Trace) -> Option<Copied> {
    let time_in = |phase| -> Duration {
        let spans = trace.lanes.values().flat_map(|lane| &lane.spans).filter(|span| span.phase == phase);
        spans.map(|span| span.end.at - span.start.at).sum()
    };
    (!trace.posts.is_empty()).then(|| Copied {
        messages: trace.posts.len() as u32,
        bytes: trace.posts.iter().map(|post| u64::from(post.bytes)).sum(),
        packing: time_in(Phase::Serialising),
        unpacking: time_in(Phase::Deserialising),
        call: quantile(&trace.calls(), 50),
    })
}

/// From the first beginning of a start to the last end of one, as processes start side by side; of those that began before the
/// work, if any did: a process that replaces another starts in the middle of it.
fn start_up(trace: &Trace) -> Duration {
    let phases = [Phase::Instantiating, Phase::StartingThreads];
    let all = || trace.lanes.values().flat_map(|lane| &lane.spans).filter(|span| phases.contains(&span.phase));
    let work = trace.work_start();
    let is_before = |start| work.is_none_or(|work| start < work);
    let any_before = all().any(|span| is_before(span.start.at));
    let spans = || all().filter(|span| !any_before || is_before(span.start.at));
    let begin = spans().map(|span| span.start.at).min().unwrap_or_default();
    spans().map(|span| span.end.at).max().unwrap_or_default() - begin
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::insight::dials::Dial;
    use crate::model::event::{Event, EventKind};
    use crate::model::id::{LaneId, TaskId};
    use crate::model::outcome::Failure;
    use crate::model::time::Instant;

    fn trace() -> Trace {
        let mut trace = Trace::new(2);
        let mut sequence = 0;
        let mut add = |ms: f64, task, kind, arg| {
            sequence += 1;
            let lane = LaneId::Thread(0);
            trace.apply(&Event { at: Instant::from_ms(ms), sequence, lane, task: Some(TaskId(task)), kind, arg });
        };
        add(0.0, 0, EventKind::Enter(Phase::Instantiating), 0);
        add(40.0, 0, EventKind::LaneClosed, 0);
        add(50.0, 0, EventKind::Submitted, 0);
        add(50.0, 1, EventKind::Submitted, 0);
        add(50.0, 0, EventKind::Started, 0);
        add(60.0, 0, EventKind::Finished, Value::Count(1_000).to_arg());
        add(60.0, 1, EventKind::Started, 0);
        add(90.0, 1, EventKind::Failed, Failure::Status(503).to_arg());
        trace
    }

    #[test]
    fn a_run_is_its_numbers_and_its_sentence() {
        let summary = Summary::of(&trace());
        assert_eq!((summary.done, summary.failed), (1, 1));
        assert_eq!(summary.phases, [Phase::Instantiating]);
        assert_eq!((summary.wall, summary.start_up), (Duration::from_millis(40), Duration::from_millis(40)));
        assert_eq!(
            summary.sentence("site"),
            "2 sites: 1 done, 1 failed, in 40.0 ms; at most 1 in flight, at most 0 computing."
        );
    }

    #[test]
    fn only_complete_runs_are_compared() {
        let complete = Summary { tasks: 1, done: 1, ..Summary::default() };
        assert!(complete.is_complete());
        assert!(Summary { done: 0, failed: 1, ..complete.clone() }.is_complete(), "it failed by itself");
        assert!(!Summary { done: 0, cancelled: 1, ..complete.clone() }.is_complete());
        assert!(!Summary { done: 0, failed: 1, cut_short: 1, ..complete.clone() }.is_complete());
        assert!(!Summary { lost: 1, ..complete }.is_complete(), "its end may be among what was lost");
    }

    #[test]
    fn what_tasks_added_and_the_counter_does_not_have_was_lost() {
        let mut trace = trace();
        trace.counter = Some(400);
        assert_eq!(Summary::of(&trace).lost_updates, 0, "one of them did not come to the end");
        trace.tasks[1].outcome = Some(Outcome::Done(Value::Count(1_000)));
        assert_eq!(Summary::of(&trace).lost_updates, 1_600);
        trace.counter = Some(2_000);
        assert_eq!(Summary::of(&trace).lost_updates, 0);
        trace.counter = None;
        assert_eq!(Summary::of(&trace).lost_updates, 0, "these tasks share no counter");
    }

    #[test]
    fn lost_events_are_said() {
        let dials = Dials { in_flight: Dial { now: 0, peak: 5, mean: 2.0 }, ..Dials::default() };
        let summary = Summary { tasks: 5, done: 5, lost: 1_234, dials, ..Summary::default() };
        assert!(summary.sentence("task").ends_with("1,234 events found no room and are missing from the picture."));
    }
}
