//! Advice on what tasks share.

use super::{Advice, Facts, percent};
use crate::insight::ledger::{Term, share};
use crate::insight::summary;
use crate::model::format::thousands;
use crate::model::plan::Workload;

/// Updates of a counter were lost.
pub(super) struct LostUpdates {
    lost: u64,
    asked: u64,
}

impl Advice for LostUpdates {
    const NAME: &'static str = "lost-updates";
    const BASIS: &'static str = "where the counter stood at the end";

    fn check(facts: &Facts<'_>) -> Option<LostUpdates> {
        let Workload::Counter { tasks, times, .. } = facts.context.workload else { return None };
        let lost = summary::lost_updates(facts.trace);
        (lost > 0).then_some(LostUpdates { lost, asked: u64::from(*tasks) * u64::from(*times) })
    }

    fn sentence(&self) -> String {
        format!(
            "{} of {} updates were lost: between a thread's reading the counter and its writing it, another wrote. A lock around \
             both, or one atomic addition, loses none.",
            thousands(self.lost),
            thousands(self.asked)
        )
    }
}

/// Workers waited for one another at the lock of what they share.
pub(super) struct SharedLock {
    /// Of the time in which they had a task.
    waited: f64,
    workers: u32,
}

impl Advice for SharedLock {
    const NAME: &'static str = "shared-lock";
    const BASIS: &'static str = "the ledger: waiting for what tasks share, against what workers did";

    fn check(facts: &Facts<'_>) -> Option<SharedLock> {
        let (waited, workers) = (share(facts.time(Term::Shared), facts.at_work()), facts.computed);
        let is_of_a_lock = matches!(facts.context.workload, Workload::Counter { locked: true, .. });
        (is_of_a_lock && workers >= 2 && waited >= 0.3).then_some(SharedLock { waited, workers })
    }

    fn sentence(&self) -> String {
        format!(
            "{} workers took turns at the counter's lock: {} of the time in which they had a task went to waiting for it. To hand a \
             lock over takes far longer than to add one. If each task counts for itself, and what they counted is added up at the \
             end, nobody waits for that lock.",
            self.workers,
            percent(self.waited)
        )
    }
}
