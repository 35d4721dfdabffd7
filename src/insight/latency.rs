//! How long tasks waited and ran, and how many came to their end in a second.

use super::quantile::Quantiles;
use crate::model::outcome::Outcome;
use crate::model::trace::Trace;

/// Latencies of the tasks of a run: medians and 95th percentiles.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Latency {
    /// From being submitted to being begun.
    pub queued: Option<Quantiles>,
    /// From being begun to the outcome.
    pub run: Option<Quantiles>,
    /// Tasks that came to an end of their own, done or failed, in a second of wall time.
    pub per_second: f64,
}

impl Latency {
    /// Reads a trace.
    pub fn of(trace: &Trace) -> Latency {
        let (mut queued, mut run, mut ended) = (Vec::new(), Vec::new(), 0_u32);
        for task in &trace.tasks {
            if let (Some(submitted), Some(started)) = (task.submitted, task.started) {
                queued.push(started.at - submitted.at);
            }
            if let (Some(started), Some(ended)) = (task.started, task.ended) {
                run.push(ended.at - started.at);
            }
            let of_its_own = match &task.outcome {
                Some(Outcome::Done(_)) => true,
                Some(Outcome::Failed(failure)) => !failure.is_of_the_run(),
                Some(Outcome::Cancelled) | None => false,
            };
            ended += u32::from(of_its_own);
        }
        let wall = trace.work_end() - trace.work_start().unwrap_or_default();
        let per_second = if wall.is_zero() { 0.0 } else { f64::from(ended) / wall.as_secs_f64() };
        Latency { queued: Quantiles::of(&queued, 95), run: Quantiles::of(&run, 95), per_second }
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use core::time::Duration;

    use super::*;
    use crate::insight::made::{Made, any_trace};
    use crate::model::id::LaneId;
    use proptest::prelude::*;

    #[test]
    fn tasks_wait_and_then_run() {
        let mut made = Made::new(3);
        let one = LaneId::Thread(1);
        made.submit(0);
        for (task, us) in [(0, 100), (1, 300), (2, 700)] {
            made.start(us, one, task).finish(us + 200, one, task);
        }
        let latency = Latency::of(&made.trace);
        let us = |of: Option<Quantiles>| of.map(|of| (of.median.as_micros(), of.high.as_micros()));
        assert_eq!((us(latency.queued), us(latency.run)), (Some((300, 700)), Some((200, 200))));
        assert!((latency.per_second - 3.0 / 900e-6).abs() < 1e-6);
        assert_eq!(Latency::of(&Trace::new(2)), Latency::default());
    }

    proptest! {
        #[test]
        fn no_task_takes_longer_than_all((trace, _) in any_trace()) {
            let latency = Latency::of(&trace);
            let longest = |of: Option<Quantiles>| of.map_or(Duration::ZERO, |of| of.high.max(of.median));
            prop_assert!(longest(latency.queued).max(longest(latency.run)) <= trace.latest - trace.work_start().unwrap_or_default());
        }
    }
}
