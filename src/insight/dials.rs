//! The two dials: tasks in flight (concurrency), and tasks computing at the same instant (parallelism).

use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::series::{self, Steps};
use crate::model::time::Instant;
use crate::model::trace::{OpenSpan, Trace};

/// How many at once: now, at most, and on average over the work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Dial {
    /// At the latest record.
    pub now: u32,
    /// At most, so far.
    pub peak: u32,
    /// On average, from the first submission to the last outcome.
    pub mean: f64,
}

/// Both dials of one run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Dials {
    /// Tasks that have begun and not ended.
    pub in_flight: Dial,
    /// Tasks whose code is running.
    pub computing: Dial,
}

/// Reads both dials off a trace.
pub fn dials(trace: &Trace) -> Dials {
    let work = trace.work_end() - trace.work_start().unwrap_or_default();
    let in_flight = trace.tasks.iter().filter(|task| task.started.is_some() && task.ended.is_none()).count();
    let computes = |open: &&OpenSpan| open.phase.computes() && open.task.is_some();
    let computing = trace.lanes.values().filter_map(|lane| lane.open.as_ref()).filter(computes).count();
    Dials {
        in_flight: dial(&series::in_flight(trace), in_flight, work),
        computing: dial(&series::computing(trace), computing, work),
    }
}

fn dial(steps: &Steps, now: usize, work: Duration) -> Dial {
    let mut busy = 0.0;
    steps.each(Instant::default(), Instant(u64::MAX), &mut |level, start, end| {
        busy += level as f64 * (end - start).as_secs_f64();
    });
    let mean = if work.is_zero() { 0.0 } else { busy / work.as_secs_f64() };
    Dial { now: now as u32, peak: steps.peak(), mean }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::event::Phase;
    use crate::model::trace::{Lane, OpenSpan, Span, Stamp, TaskLife};
    use crate::model::{id::LaneId, id::TaskId};

    fn stamp(at: u64, sequence: u32) -> Stamp {
        Stamp { at: Instant(at), sequence }
    }

    fn computing(start: Stamp, end: Stamp) -> Span {
        Span { phase: Phase::Computing, task: Some(TaskId(0)), start, end }
    }

    fn trace_of(lanes: Vec<Vec<Span>>, tasks: Vec<TaskLife>, latest: u64) -> Trace {
        let mut trace = Trace { tasks, latest: Instant(latest), ..Trace::default() };
        for (number, spans) in (0..).zip(lanes) {
            *trace.lanes.lane(LaneId::Thread(number)) = Lane { spans, ..Lane::default() };
        }
        trace
    }

    #[test]
    fn spans_that_meet_do_not_overlap_and_the_clocks_resolution_invents_no_overlap() {
        let turns = vec![
            vec![computing(stamp(10, 1), stamp(10, 2)), computing(stamp(10, 5), stamp(20, 6))],
            vec![computing(stamp(10, 3), stamp(10, 4)), computing(stamp(20, 7), stamp(30, 8))],
        ];
        assert_eq!(dials(&trace_of(turns, Vec::new(), 30)).computing.peak, 1);
    }

    #[test]
    fn overlapping_spans_count_together() {
        let trace = trace_of(
            vec![vec![computing(stamp(0, 1), stamp(10, 3))], vec![computing(stamp(0, 2), stamp(10, 4))]],
            vec![TaskLife { submitted: Some(stamp(0, 0)), ended: Some(stamp(10, 5)), ..TaskLife::default() }],
            10,
        );
        let dial = dials(&trace).computing;
        assert_eq!((dial.now, dial.peak, dial.mean), (0, 2, 2.0));
    }

    #[test]
    fn what_is_open_counts_now_and_up_to_the_latest_record() {
        let mut trace = trace_of(
            vec![Vec::new()],
            vec![TaskLife { submitted: Some(stamp(0, 0)), started: Some(stamp(4, 1)), ..TaskLife::default() }],
            8,
        );
        let open = OpenSpan { phase: Phase::Computing, task: Some(TaskId(0)), start: stamp(4, 2) };
        trace.lanes.lane(LaneId::Thread(0)).open = Some(open);
        let dials = dials(&trace);
        assert_eq!(dials.in_flight, Dial { now: 1, peak: 1, mean: 0.5 });
        assert_eq!(dials.computing, dials.in_flight);
    }

    #[test]
    fn a_trace_without_events_reads_nothing() {
        assert_eq!(dials(&Trace::new(5)), Dials::default());
    }
}
