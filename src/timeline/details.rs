//! What there is to know of one span and its task, and of a stretch of time.

use core::time::Duration;

use super::axis::Axis;
use super::bars::gallop;
use super::hit::{SpanRef, span_at};
use super::leg::{Leg, Levels};
use super::shares::PHASES;
use super::view::Stretch;
use crate::model::event::Phase;
use crate::model::format;
use crate::model::id::{LaneId, TaskId};
use crate::model::outcome::Outcome;
use crate::model::time::Instant;
use crate::model::trace::{Lane, Stamp, TaskLife};

/// A span of a run: what can be chosen, and gone to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// Which run.
    pub leg: usize,
    pub lane: LaneId,
    /// Which of the lane's spans.
    pub place: usize,
}

/// A way from one span to another that has to do with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    pub label: String,
    pub target: Target,
}

/// What a person reads of a span.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    pub title: String,
    /// Names and what they are.
    pub facts: Vec<(&'static str, String)>,
    pub links: Vec<Link>,
}

/// A time since work began.
fn since(leg: &Levels, at: Instant) -> String {
    if at < leg.zero { format!("−{}", format::duration(leg.zero - at)) } else { format::duration(at - leg.zero) }
}

/// A span in a line: "worker 1: computing, task 3, 12.3 ms from 4.00 ms on".
pub fn line(leg: &Leg<'_>, levels: &Levels, lane: LaneId, span: &SpanRef) -> String {
    let task = span.task.map(|task| format!(", {} {}", leg.noun, task.number())).unwrap_or_default();
    let length = format::duration(end_of(leg, span) - span.start.at);
    let open = if span.end.is_none() { " so far" } else { "" };
    format!(
        "{}: {}{task}, {length}{open} from {} on",
        leg.lane_name(lane),
        span.phase.label(),
        since(levels, span.start.at)
    )
}

fn end_of(leg: &Leg<'_>, span: &SpanRef) -> Instant {
    span.end.map_or(leg.trace.latest, |end| end.at)
}

/// Everything about a span of the run with this number.
pub fn details(number: usize, leg: &Leg<'_>, levels: &Levels, lane_id: LaneId, span: &SpanRef) -> Details {
    let mut details =
        Details { title: format!("{}, {}", leg.lane_name(lane_id), span.phase.label()), ..Details::default() };
    let mut fact = |name, text| details.facts.push((name, text));
    fact("From", since(levels, span.start.at));
    let length = end_of(leg, span) - span.start.at;
    fact("Length", if length.is_zero() { "less than the clock's step".to_owned() } else { format::duration(length) });
    if let Some((id, life)) = span.task.and_then(|id| Some((id, leg.trace.tasks.get(id.index())?))) {
        fact("Task", format!("{} {}: {}", leg.noun, id.number(), standing(life)));
        if let (Some(submitted), Some(started)) = (life.submitted, life.started) {
            fact(
                "Queued",
                format!("{}, from {} on", format::duration(started.at - submitted.at), since(levels, submitted.at)),
            );
        }
        if let (Some(started), Some(lane)) = (life.started, life.lane) {
            let ran = life.ended.map_or(leg.trace.latest, |ended| ended.at) - started.at;
            fact(
                "Ran",
                format!("{} on {}, from {} on", format::duration(ran), leg.lane_name(lane), since(levels, started.at)),
            );
            let spent =
                leg.trace.lanes.get(lane).map(|lane| spent(lane, id, life, leg.trace.latest)).unwrap_or_default();
            for (phase, time) in spent {
                details.facts.push((phase.label(), format::duration(time)));
            }
        }
    }
    details.links = links(number, leg, lane_id, span);
    details
}

/// The state of a task's future, as Python names it, and its outcome.
fn standing(life: &TaskLife) -> String {
    match &life.outcome {
        Some(Outcome::Done(_)) => "finished".to_owned(),
        Some(Outcome::Failed(failure)) => format!("failed, {failure}"),
        Some(Outcome::Cancelled) => "cancelled".to_owned(),
        None if life.started.is_some() => "running".to_owned(),
        None => "pending".to_owned(),
    }
}

/// What a task's time on its lane was spent with.
fn spent(lane: &Lane, id: TaskId, life: &TaskLife, latest: Instant) -> Vec<(Phase, Duration)> {
    let from = life.started.map_or(0, |started| lane.spans.partition_point(|span| span.end < started));
    let ended = life.ended.unwrap_or(Stamp { at: latest, sequence: u32::MAX });
    let mut totals = [Duration::ZERO; PHASES];
    for span in lane.spans[from..].iter().take_while(|span| span.start <= ended).filter(|span| span.task == Some(id)) {
        totals[span.phase as usize] += span.end.at - span.start.at;
    }
    if let Some(open) = lane.open.filter(|open| open.task == Some(id)) {
        totals[open.phase as usize] += latest - open.start.at;
    }
    let seen = Phase::ALL.into_iter().map(|phase| (phase, totals[phase as usize]));
    seen.filter(|(_, time)| !time.is_zero()).collect()
}

/// What it waited for, what woke it, and where its task goes on.
fn links(number: usize, leg: &Leg<'_>, lane_id: LaneId, span: &SpanRef) -> Vec<Link> {
    let mut links = Vec::new();
    let mut link = |label: String, lane: LaneId, at: Stamp| {
        let found = leg.trace.lanes.get(lane).and_then(|found| place_at(found, at));
        links.extend(found.map(|place| Link { label, target: Target { leg: number, lane, place } }));
    };
    let Some(lane) = leg.trace.lanes.get(lane_id) else { return links };
    if span.phase == Phase::WaitingLock
        && let Some(end) = span.end
        // The wait ends after its lane took the lock, at the same time.
        && let Some(hold) = lane.holds.get(lane.holds.partition_point(|hold| hold.start <= span.start))
        && hold.start <= end
    {
        match hold.from.filter(|from| *from != lane_id) {
            Some(from) => {
                let how = if hold.was_forced { "was made to drop the lock" } else { "let go of the lock" };
                // What it did until it let go.
                let ends = leg.trace.lanes.get(from).map(|lane| lane.holds.iter().rev().filter_map(|hold| hold.end));
                let until = ends.and_then(|mut ends| ends.find(|end| *end <= hold.start)).unwrap_or(hold.start);
                let before = Stamp { at: until.at, sequence: until.sequence.saturating_sub(1) };
                link(format!("Woken by {}, which {how}", leg.lane_name(from)), from, before);
            }
            None => link("The lock was taken here".to_owned(), lane_id, hold.start),
        }
    }
    if let Some(task) = span.task {
        for post in leg.trace.posts.iter().filter(|post| post.task == Some(task)).take(4) {
            let size = format::bytes(post.bytes.into());
            match (post.sent, post.received) {
                (Some((from, sent)), Some((to, _))) if to == lane_id => {
                    link(format!("Sent to it by {}, {size}", leg.lane_name(from)), from, sent);
                }
                (Some((from, _)), Some((to, received))) if from == lane_id => {
                    link(format!("Received by {}, {size}", leg.lane_name(to)), to, received);
                }
                _ => {}
            }
        }
        let of_task = |place: &usize| span_at(lane, *place).is_some_and(|other| other.task == Some(task));
        let before = (0..span.place).rev().take(64).find(of_task);
        let after = (span.place + 1..=lane.spans.len()).take(64).find(of_task);
        for (label, place) in [("Before, in this task", before), ("After, in this task", after)] {
            let other = place.and_then(|place| span_at(lane, place));
            links.extend(other.map(|other| Link {
                label: format!("{label}: {}", other.phase.label()),
                target: Target { leg: number, lane: lane_id, place: other.place },
            }));
        }
    }
    links
}

/// The span that a lane was in at a moment, or the last one before it.
pub fn place_at(lane: &Lane, at: Stamp) -> Option<usize> {
    let place = lane.spans.partition_point(|span| span.end <= at);
    let started = span_at(lane, place).filter(|span| span.start <= at).map(|span| span.place);
    started.or_else(|| place.checked_sub(1))
}

/// What happened of one run in a stretch of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StretchOfLeg {
    pub title: String,
    /// Of all lanes together.
    pub phases: Vec<(Phase, Duration)>,
    /// How many tasks ended in it.
    pub ended: usize,
}

/// What happened in a stretch of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StretchSummary {
    /// Since work began.
    pub from: String,
    pub length: Duration,
    pub legs: Vec<StretchOfLeg>,
}

/// Sums up a stretch of the common axis.
pub fn stretch(legs: &[Leg<'_>], levels: &[Levels], (start, end): Stretch) -> StretchSummary {
    let of_leg = |(leg, levels): (&Leg<'_>, &Levels)| {
        let axis = levels.axis(super::scale::Scale::new(0.0, 1.0, 0.0, 1.0));
        let (from, to) = (axis.at_ns(start), axis.at_ns(end));
        let mut totals = [Duration::ZERO; PHASES];
        for (id, lane) in leg.trace.lanes.iter() {
            let Some(shares) = levels.shares.get(&id) else { continue };
            let first = lane.spans.partition_point(|span| span.end.at <= from);
            let last = first + gallop(&lane.spans[first..], |span| span.start.at < to);
            let mut sums = [0; PHASES];
            // The first and the last may lie outside in part; between them all count whole.
            for span in lane.spans[first..last].iter().take(1).chain(lane.spans[first..last].iter().skip(1).last()) {
                sums[span.phase as usize] += (span.end.at.min(to) - span.start.at.max(from)).as_nanos() as u64;
            }
            if last > first + 2 {
                let between = shares.of(&lane.spans, first + 1, last - 1);
                sums.iter_mut().zip(between).for_each(|(sum, more)| *sum += more);
            }
            if let Some(open) = lane.open {
                sums[open.phase as usize] += (leg.trace.latest.min(to) - open.start.at.max(from)).as_nanos() as u64;
            }
            totals.iter_mut().zip(sums).for_each(|(total, sum)| *total += Duration::from_nanos(sum));
        }
        let phases = Phase::ALL.into_iter().map(|phase| (phase, totals[phase as usize]));
        let ended =
            leg.trace.tasks.iter().filter_map(|task| task.ended).filter(|ended| from <= ended.at && ended.at < to);
        StretchOfLeg {
            title: leg.title.to_owned(),
            phases: phases.filter(|(_, time)| !time.is_zero()).collect(),
            ended: ended.count(),
        }
    };
    let from = format::duration(Duration::from_nanos(start.abs() as u64));
    StretchSummary {
        from: if start < 0.0 { format!("−{from}") } else { from },
        length: Duration::from_nanos((end - start).max(0.0) as u64),
        legs: legs.iter().zip(levels).map(of_leg).collect(),
    }
}

/// The time of a span on the common axis.
pub(super) fn stretch_of(leg: &Leg<'_>, axis: &Axis, span: &SpanRef) -> Stretch {
    (axis.ns(span.start.at), axis.ns(end_of(leg, span)))
}
