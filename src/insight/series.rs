//! How many at once, over time: step functions of a trace, exact, and reduced to as many buckets as there is room to draw.

use crate::model::time::Instant;
use crate::model::trace::{Stamp, Trace};

/// A step function of time, from the intervals that it counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Steps {
    /// When it changes, and by how much, in order of time.
    edges: Vec<(Stamp, i64)>,
}

/// What a step function does in a part of its time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bucket {
    /// The most that it was, for however short.
    pub peak: u32,
    /// What it was on average.
    pub mean: f64,
}

/// Both dials over time, from the first submission to the last outcome, in parts that are as long as each other.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// Tasks that have begun and not ended.
    pub in_flight: Vec<Bucket>,
    /// Tasks whose code is running.
    pub computing: Vec<Bucket>,
}

impl Series {
    /// Reads a trace, in at most so many parts.
    pub fn of(trace: &Trace, parts: usize) -> Series {
        let (start, end) = (trace.work_start().unwrap_or_default(), trace.work_end());
        Series {
            in_flight: in_flight(trace).buckets(start, end, parts),
            computing: computing(trace).buckets(start, end, parts),
        }
    }
}

/// Tasks that have begun and not ended.
pub fn in_flight(trace: &Trace) -> Steps {
    let mut edges = Vec::with_capacity(2 * trace.tasks.len());
    for task in &trace.tasks {
        if let Some(start) = task.started {
            push(&mut edges, start, task.ended.unwrap_or(open_end(trace)), 1);
        }
    }
    Steps::from_edges(edges)
}

/// Tasks whose code is running.
pub fn computing(trace: &Trace) -> Steps {
    let spans = trace.lanes.values().map(|lane| lane.spans.len()).sum::<usize>();
    let mut edges = Vec::with_capacity(spans.min(1 << 16));
    for lane in trace.lanes.values() {
        for span in lane.spans.iter().filter(|span| span.phase.computes() && span.task.is_some()) {
            push(&mut edges, span.start, span.end, 1);
        }
        if let Some(open) = lane.open.filter(|open| open.phase.computes() && open.task.is_some()) {
            push(&mut edges, open.start, open_end(trace), 1);
        }
    }
    Steps::from_edges(edges)
}

/// Where what is open ends, as far as is known.
pub(super) fn open_end(trace: &Trace) -> Stamp {
    Stamp { at: trace.latest, sequence: u32::MAX }
}

/// Adds an interval that counts so much.
pub(super) fn push(edges: &mut Vec<(Stamp, i64)>, start: Stamp, end: Stamp, weight: i64) {
    edges.push((start, weight));
    edges.push((end.max(start), -weight));
}

/// Sorts what happened at stamps by these. At one stamp, an end comes before a start: one event can be both, and it is no
/// overlap. What is in order by lanes already is merged, not sorted anew.
pub(super) fn sort(stamped: &mut [(Stamp, i64)]) {
    stamped.sort();
}

impl Steps {
    /// The function that changes at these stamps by so much, beginning at 0.
    pub(super) fn from_edges(mut edges: Vec<(Stamp, i64)>) -> Steps {
        sort(&mut edges);
        Steps { edges }
    }

    /// Tells each level from a time to another, with the part of that time in which it stands there. A level that the clock saw
    /// no time of, but the order of events did, is told with a part of no length.
    pub(super) fn each(&self, from: Instant, to: Instant, tell: &mut dyn FnMut(i64, Instant, Instant)) {
        let (mut level, mut since) = (0, from);
        for (stamp, step) in &self.edges {
            let at = stamp.at.clamp(from, to.max(from));
            // What ended before is no part of it; neither is what began after.
            if stamp.at >= from && since <= to {
                tell(level, since, at);
            }
            level += step;
            since = if stamp.at > to { Instant(u64::MAX) } else { at };
        }
        if since < to {
            tell(level, since, to);
        }
    }

    /// The most that it ever was.
    pub fn peak(&self) -> u32 {
        let mut level = 0;
        let levels = self.edges.iter().map(|(_, step)| {
            level += step;
            level
        });
        u32::try_from(levels.max().unwrap_or(0)).unwrap_or(0)
    }

    /// The function in at most so many parts of a time: in each its peak, which no short one is lost from, and its mean.
    pub fn buckets(&self, from: Instant, to: Instant, parts: usize) -> Vec<Bucket> {
        let length = (to - from).as_nanos() as u64;
        // No part is shorter than a nanosecond.
        let parts = (parts as u64).min(length);
        let mut buckets = vec![Bucket::default(); parts as usize];
        if buckets.is_empty() {
            return buckets;
        }
        // Where a part begins, and which part a time is in. Products are of 128 bits, as times of hours times parts need more
        // than 64.
        let begin = |part: u64| ((u128::from(length) * u128::from(part)).div_ceil(u128::from(parts))) as u64;
        let part_of = |at: u64| ((u128::from(at) * u128::from(parts) / u128::from(length)) as u64).min(parts - 1);
        self.each(from, to, &mut |level, start, end| {
            let (start, end) = ((start - from).as_nanos() as u64, (end - from).as_nanos() as u64);
            if level == 0 {
                return;
            }
            let mut part = part_of(start);
            loop {
                let bucket = &mut buckets[part as usize];
                bucket.peak = bucket.peak.max(u32::try_from(level).unwrap_or(0));
                let next = begin(part + 1);
                let inside = end.min(next).saturating_sub(start.max(begin(part)));
                bucket.mean += level as f64 * inside as f64;
                part += 1;
                if part >= parts || next >= end {
                    break;
                }
            }
        });
        for (part, bucket) in (0..).zip(&mut buckets) {
            bucket.mean /= (begin(part + 1) - begin(part)) as f64;
        }
        buckets
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::insight::dials::dials;
    use crate::insight::made::{Made, any_trace};
    use crate::model::event::Phase;
    use crate::model::id::LaneId;
    use proptest::prelude::*;

    #[test]
    fn a_short_peak_is_in_its_bucket_however_few_there_are() {
        let mut made = Made::new(2);
        let (one, two) = (LaneId::Thread(1), LaneId::Thread(2));
        made.submit(0).start(0, one, 0).enter(0, one, 0, Phase::Computing);
        made.start(500, two, 1).enter(500, two, 1, Phase::Computing).finish(501, two, 1).idle(501, two);
        made.finish(1_000, one, 0).idle(1_000, one);
        let series = Series::of(&made.trace, 4);
        assert_eq!(series.computing.iter().map(|bucket| bucket.peak).collect::<Vec<_>>(), [1, 1, 2, 1]);
        assert!((series.computing[2].mean - 1.004).abs() < 1e-9, "{:?}", series.computing);
        assert_eq!(series.in_flight, series.computing);
    }

    #[test]
    fn a_trace_without_a_length_has_no_buckets() {
        assert_eq!(Series::of(&Trace::new(3), 100), Series::default());
    }

    proptest! {
        /// The highest bucket is the peak of the dial, and the buckets' mean is its mean.
        #[test]
        fn buckets_lose_nothing((trace, _) in any_trace(), parts in 1_usize..300) {
            let (series, dials) = (Series::of(&trace, parts), dials(&trace));
            for (buckets, dial) in [(&series.in_flight, dials.in_flight), (&series.computing, dials.computing)] {
                if buckets.is_empty() {
                    continue;
                }
                prop_assert!(buckets.len() <= parts);
                prop_assert_eq!(buckets.iter().map(|bucket| bucket.peak).max().unwrap_or(0), dial.peak);
                for bucket in buckets {
                    prop_assert!(bucket.mean <= f64::from(bucket.peak) + 1e-9);
                }
                // Parts differ in length by a nanosecond at most.
                let mean = buckets.iter().map(|bucket| bucket.mean).sum::<f64>() / buckets.len() as f64;
                let length = (trace.work_end() - trace.work_start().unwrap_or_default()).as_nanos() as f64;
                let slack = f64::from(dial.peak) * buckets.len() as f64 / length;
                prop_assert!((mean - dial.mean).abs() <= slack + 1e-9, "{} {}", mean, dial.mean);
            }
        }
    }
}
