//! Advice on what tasks share.

use super::{Advice, Facts};
use crate::model::format::thousands;
use crate::model::outcome::Outcome;
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
        let Workload::Counter { tasks, times, locked: false } = facts.context.workload else { return None };
        let asked = u64::from(*tasks) * u64::from(*times);
        // Who did not come to the end did not add all.
        let all_are_done = facts.trace.tasks.iter().all(|task| matches!(task.outcome, Some(Outcome::Done(_))));
        let lost = asked.saturating_sub(facts.trace.counter?);
        (all_are_done && lost > 0).then_some(LostUpdates { lost, asked })
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
