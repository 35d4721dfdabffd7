//! The results: one row a task, in order of submission or of completion.

use core::time::Duration;

use super::words;
use crate::model::id::TaskId;
use crate::model::outcome::{Failure, Outcome};
use crate::model::plan::{Site, Workload};
use crate::model::time::Instant;
use crate::model::trace::{TaskLife, Trace};

/// How a task stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Not begun.
    Queued,
    Running,
    Done,
    Failed,
    Cancelled,
}

/// What a person reads of one task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskRow {
    /// Counted from 1, in order of submission.
    pub number: u32,
    pub name: String,
    pub standing: Standing,
    /// Its result, or why it has none.
    pub result: String,
    /// When it ended, since the first submission.
    pub ended: Option<Duration>,
    /// Its place in the order of completion, from 1.
    pub place: Option<usize>,
    /// Where a time limit is set: whether the task was done when it struck.
    pub in_time: Option<bool>,
}

/// What a person reads of the tasks of a run: of the first of them, where there are many.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// In order of submission.
    pub rows: Vec<TaskRow>,
    /// How many tasks there are.
    pub total: usize,
    /// Number and name in order of completion.
    pub completed: Vec<(u32, String)>,
    /// What a time limit splits the tasks into, where there is one.
    pub split: Option<Split>,
}

/// How many tasks were done when a time limit struck, how many were not, and of how many nobody can tell yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Split {
    pub done: usize,
    pub not_done: usize,
    pub open: usize,
}

/// Lists the first `most` tasks of a run. `limit_ms` counts from the first submission.
pub fn listing(trace: &Trace, workload: &Workload, limit_ms: Option<u32>, most: usize) -> Listing {
    let ended = trace.ended.iter().filter(|id| !was_cut(&trace.tasks[id.index()]));
    let name = |id: &TaskId| (id.number(), workload.task_name(id.0));
    let limit = limit_of(trace, limit_ms);
    let split = limit.map(|limit| {
        trace.tasks.iter().fold(Split::default(), |mut split, life| {
            match in_time(life, limit, trace.latest) {
                Some(true) => split.done += 1,
                Some(false) => split.not_done += 1,
                None => split.open += 1,
            }
            split
        })
    });
    Listing {
        rows: rows(trace, workload, limit_ms).take(most).collect(),
        total: trace.tasks.len(),
        completed: ended.take(most).map(name).collect(),
        split,
    }
}

fn limit_of(trace: &Trace, limit_ms: Option<u32>) -> Option<Instant> {
    limit_ms.map(|ms| trace.work_start().unwrap_or_default() + Duration::from_millis(ms.into()))
}

/// Whether a task came to no end of its own: it has no place, and was not done at any limit.
fn was_cut(life: &TaskLife) -> bool {
    matches!(life.outcome, Some(Outcome::Cancelled | Outcome::Failed(Failure::ProcessDied)))
}

/// The rows of a run, in order of submission. `limit_ms` counts from the first submission.
pub fn rows<'a>(trace: &'a Trace, workload: &'a Workload, limit_ms: Option<u32>) -> impl Iterator<Item = TaskRow> + 'a {
    let start = trace.work_start().unwrap_or_default();
    let limit = limit_of(trace, limit_ms);
    let mut places = vec![None; trace.tasks.len()];
    for (place, id) in trace.ended.iter().enumerate() {
        places[id.index()] = Some(place + 1);
    }
    trace.tasks.iter().zip(places).zip(0..).map(move |((life, place), index)| {
        let standing = match &life.outcome {
            None if life.started.is_some() => Standing::Running,
            None => Standing::Queued,
            Some(Outcome::Done(_)) => Standing::Done,
            Some(Outcome::Failed(_)) => Standing::Failed,
            Some(Outcome::Cancelled) => Standing::Cancelled,
        };
        TaskRow {
            number: index + 1,
            name: workload.task_name(index),
            standing,
            result: result(workload, index, life.outcome.as_ref(), standing),
            ended: life.ended.map(|stamp| stamp.at - start),
            place: place.filter(|_| !was_cut(life)),
            in_time: limit.and_then(|limit| in_time(life, limit, trace.latest)),
        }
    })
}

/// Done at the limit or before it, or not; `None` while nobody can tell.
fn in_time(life: &TaskLife, limit: Instant, latest: Instant) -> Option<bool> {
    match life.ended.filter(|_| !was_cut(life)) {
        Some(stamp) => Some(stamp.at <= limit),
        None => (latest > limit).then_some(false),
    }
}

fn result(workload: &Workload, index: u32, outcome: Option<&Outcome>, standing: Standing) -> String {
    match outcome {
        // Browsers do not tell a page that a server forbids from one that cannot be reached.
        Some(Outcome::Failed(failure @ Failure::Unreachable(_))) if is_own_address(workload, index) => {
            format!("{}. Either it cannot be reached, or it lets no other page ask it (CORS)", words::failure(failure))
        }
        Some(Outcome::Done(value)) => words::value(workload, *value),
        Some(Outcome::Failed(failure)) => words::failure(failure),
        Some(Outcome::Cancelled) => "cancelled".to_owned(),
        None if standing == Standing::Running => "running".to_owned(),
        None => "queued".to_owned(),
    }
}

fn is_own_address(workload: &Workload, index: u32) -> bool {
    matches!(workload, Workload::Sites(sites) if matches!(sites.get(index as usize), Some(Site::Url(_))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::outcome::Value;
    use crate::model::plan::Fault;
    use crate::model::trace::Stamp;

    fn stamp(ms: f64) -> Option<Stamp> {
        Some(Stamp { at: Instant::from_ms(ms), sequence: 0 })
    }

    fn life(ended_ms: Option<f64>, outcome: Option<Outcome>) -> TaskLife {
        let ended = ended_ms.and_then(stamp);
        TaskLife { submitted: stamp(100.0), started: stamp(100.0), ended, lane: None, outcome }
    }

    #[test]
    fn a_limit_splits_done_from_not_done_and_places_follow_completion() {
        let trace = Trace {
            tasks: vec![
                life(Some(400.0), Some(Outcome::Done(Value::Response { status: 200, bytes: 2_048 }))),
                life(Some(140.0), Some(Outcome::Failed(Failure::Unreachable(String::new())))),
                life(None, None),
                TaskLife { submitted: stamp(100.0), ..TaskLife::default() },
            ],
            ended: vec![TaskId(1), TaskId(0)],
            latest: Instant::from_ms(500.0),
            ..Trace::default()
        };
        let workload = Workload::Sleep { tasks: 4, ms: 1, fault: Fault::None };
        let rows: Vec<TaskRow> = rows(&trace, &workload, Some(200)).collect();
        assert_eq!(
            rows.iter().map(|row| row.in_time).collect::<Vec<_>>(),
            [Some(false), Some(true), Some(false), Some(false)]
        );
        assert_eq!(rows.iter().map(|row| row.place).collect::<Vec<_>>(), [Some(2), Some(1), None, None]);
        let listing = listing(&trace, &workload, Some(200), 9);
        assert_eq!((&listing.rows, listing.total), (&rows, 4));
        assert_eq!(listing.split, Some(Split { done: 1, not_done: 3, open: 0 }));
        assert_eq!(listing.completed, [(2, "task 2".to_owned()), (1, "task 1".to_owned())]);
        assert_eq!(rows[0].result, "200, 2,048 bytes");
        assert_eq!((rows[0].ended, rows[1].result.as_str()), (Some(Duration::from_millis(300)), "no answer"));
        assert_eq!((rows[2].standing, rows[3].standing), (Standing::Running, Standing::Queued));
    }

    #[test]
    fn a_task_that_was_cut_before_the_limit_was_not_done_by_it() {
        for outcome in [Outcome::Cancelled, Outcome::Failed(Failure::ProcessDied)] {
            let trace = Trace {
                tasks: vec![life(Some(150.0), Some(outcome))],
                ended: vec![TaskId(0)],
                latest: Instant::from_ms(150.0),
                ..Trace::default()
            };
            let workload = Workload::Sleep { tasks: 1, ms: 1, fault: Fault::None };
            let row = rows(&trace, &workload, Some(200)).next().unwrap();
            assert_eq!((row.in_time, row.place), (None, None));
        }
    }

    #[test]
    fn nobody_can_tell_before_the_limit() {
        let trace = Trace { tasks: vec![life(None, None)], latest: Instant::from_ms(150.0), ..Trace::default() };
        let workload = Workload::Sleep { tasks: 1, ms: 1, fault: Fault::None };
        assert_eq!(rows(&trace, &workload, Some(200)).next().unwrap().in_time, None);
    }
}
