//! Everything that is worked out of one run, in stages that are each short: a page works off one at a time, and answers a person
//! between them.

use core::time::Duration;

use super::advice::{Facts, Said, advice};
use super::latency::Latency;
use super::ledger::Ledger;
use super::lock::{LockNumbers, lock};
use super::series::{self, Bucket, Series};
use crate::model::plan::{ModelKind, Workload};
use crate::model::trace::Trace;

/// Into how many parts the time of a run is cut, to be drawn.
pub const PARTS: usize = 240;

/// What a run was of: what its trace does not say.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    pub model: ModelKind,
    pub workload: &'a Workload,
    /// Cores, as the browser reports them.
    pub cores: u32,
    /// The step of the clock.
    pub clock_step: Duration,
}

/// For how long tasks computed, by how many did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TimesComputing {
    pub alone: Duration,
    /// Two or more.
    pub several: Duration,
}

/// The numbers of one run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Numbers {
    pub ledger: Ledger,
    /// Whether the ledger adds up.
    pub adds_up: bool,
    pub series: Series,
    pub times_computing: TimesComputing,
    /// `None` where nobody shared a lock.
    pub lock: Option<LockNumbers>,
    pub latency: Latency,
    pub advice: Vec<Said>,
}

/// A part of the work: reads the trace, and what the stages before have found.
pub type Stage = fn(&Trace, &Context<'_>, &mut Numbers);

impl Numbers {
    /// In this order.
    pub const STAGES: [Stage; 5] = [
        |trace, context, numbers| {
            numbers.ledger = Ledger::of(trace, context.model);
            numbers.adds_up = numbers.ledger.check(context.clock_step).is_ok();
        },
        |trace, _, numbers| {
            let steps = series::computing(trace);
            let (start, end) = (trace.work_start().unwrap_or_default(), trace.work_end());
            steps.each(start, end, &mut |level, from, to| match level {
                1 => numbers.times_computing.alone += to - from,
                2.. => numbers.times_computing.several += to - from,
                _ => {}
            });
            numbers.series.computing = steps.buckets(start, end, PARTS);
        },
        |trace, _, numbers| {
            let (start, end) = (trace.work_start().unwrap_or_default(), trace.work_end());
            numbers.series.in_flight = series::in_flight(trace).buckets(start, end, PARTS);
            numbers.latency = Latency::of(trace);
        },
        |trace, _, numbers| numbers.lock = lock(trace),
        |trace, context, numbers| {
            let facts = Facts::of(trace, context, numbers);
            numbers.advice = facts.map_or_else(Vec::new, |facts| advice(&facts));
        },
    ];

    /// All stages at once.
    pub fn of(trace: &Trace, context: &Context<'_>) -> Numbers {
        let mut numbers = Numbers::default();
        for stage in Numbers::STAGES {
            stage(trace, context, &mut numbers);
        }
        numbers
    }

    /// The most tasks that computed at the same instant.
    pub fn peak_computing(&self) -> u32 {
        peak(&self.series.computing)
    }

    /// How many tasks computed, on average over the work.
    pub fn mean_computing(&self) -> f64 {
        let buckets = &self.series.computing;
        buckets.iter().map(|bucket| bucket.mean).sum::<f64>() / buckets.len().max(1) as f64
    }
}

/// The highest of all parts.
pub fn peak(buckets: &[Bucket]) -> u32 {
    buckets.iter().map(|bucket| bucket.peak).max().unwrap_or(0)
}
