//! Advice on computing at the same instant.

use core::time::Duration;

use super::{Advice, Facts, percent};
use crate::insight::ledger::{Term, share};
use crate::model::format;
use crate::model::plan::ModelKind;

/// Less is not worth a word.
const GAIN_MIN: f64 = 1.15;

/// Threads under one lock computed one at a time.
pub(super) struct OneAtATime {
    /// Of the time in which they had a task.
    waited: f64,
    gain: f64,
}

impl Advice for OneAtATime {
    const NAME: &'static str = "one-at-a-time";
    const BASIS: &'static str = "what each thread did, and who held the lock";

    fn check(facts: &Facts<'_>) -> Option<OneAtATime> {
        let waited = share(facts.time(Term::Lock), facts.at_work());
        let gain = facts.gain_on_cores(facts.context.cores);
        let applies = facts.model() == ModelKind::Threads
            && facts.computed >= 2
            && facts.numbers.peak_computing() == 1
            && waited >= 0.2
            && gain >= GAIN_MIN;
        applies.then_some(OneAtATime { waited, gain })
    }

    fn sentence(&self) -> String {
        format!(
            "These threads computed one at a time: {} of the time in which they had a task went to waiting for the lock.",
            percent(self.waited)
        )
    }

    fn prediction(&self) -> Option<String> {
        Some(format!("Processes, or threads without the lock, would give about {}.", format::ratio(self.gain)))
    }
}

/// One thread computed, on a machine of several cores.
pub(super) struct OneCore {
    computing: f64,
    cores: u32,
    gain: f64,
}

impl Advice for OneCore {
    const NAME: &'static str = "one-core";
    const BASIS: &'static str = "what the thread did";

    fn check(facts: &Facts<'_>) -> Option<OneCore> {
        let (cores, computing) = (facts.context.cores, share(facts.computing(), facts.wall));
        let gain = facts.gain_on_cores(cores);
        let applies = facts.model() == ModelKind::Sequential && computing >= 0.5 && gain >= GAIN_MIN;
        applies.then_some(OneCore { computing, cores, gain })
    }

    fn sentence(&self) -> String {
        format!(
            "One task after another computed for {} of the time, on one of {} cores.",
            percent(self.computing),
            self.cores
        )
    }

    fn prediction(&self) -> Option<String> {
        Some(format!("On all of them, it would be about {} as fast.", format::ratio(self.gain)))
    }
}

/// The last task ran on by itself.
pub(super) struct LongTask {
    number: u32,
    alone: Duration,
    wall: Duration,
}

impl Advice for LongTask {
    const NAME: &'static str = "long-task";
    const BASIS: &'static str = "when each task began and ended";

    fn check(facts: &Facts<'_>) -> Option<LongTask> {
        let tasks = &facts.trace.tasks;
        let [last, before] = facts.last_two()?.map(|id| (id, &tasks[id.index()]));
        let alone = last.1.ended?.at - before.1.ended?.at.max(last.1.started?.at);
        let run = last.1.ended?.at - last.1.started?.at;
        let others = facts.numbers.latency.run?.median;
        let computes = facts.works[last.0.index()].computing * 2 >= run;
        let applies = facts.model().is_parallel()
            && facts.ledger().workers >= 2
            && computes
            && run >= others * 2
            && share(alone, facts.wall) >= 0.25;
        applies.then_some(LongTask { number: last.0.number(), alone, wall: facts.wall })
    }

    fn sentence(&self) -> String {
        format!(
            "Task {} ran by itself for the last {} of {}, when all others had ended: submit it first, or split it.",
            self.number,
            format::duration(self.alone),
            format::duration(self.wall)
        )
    }
}

/// For a good part of the time only one task computed.
pub(super) struct SerialPart {
    alone: f64,
    bound: f64,
}

impl Advice for SerialPart {
    const NAME: &'static str = "serial-part";
    const BASIS: &'static str = "how many computed at each instant";

    fn check(facts: &Facts<'_>) -> Option<SerialPart> {
        let times = facts.numbers.times_computing;
        let (alone, any) = (times.alone, times.alone + times.several);
        let peak = facts.numbers.peak_computing();
        let applies = facts.model().is_parallel()
            && facts.ledger().workers >= 2
            // Of more than cores nobody tells who computed; and several for no time at all are none.
            && peak <= facts.context.cores
            && !times.several.is_zero()
            && share(any, facts.wall) >= 0.5
            && share(alone, any) >= 0.3
            && LongTask::check(facts).is_none();
        let bound = facts.computing().as_secs_f64() / alone.as_secs_f64();
        applies.then(|| SerialPart { alone: share(alone, any), bound })
    }

    fn sentence(&self) -> String {
        format!("For {} of the time in which anything computed, only one task did.", percent(self.alone))
    }

    fn prediction(&self) -> Option<String> {
        Some(format!(
            "If that part stays serial, no number of workers does all this more than {} as fast as one (Amdahl).",
            format::ratio(self.bound)
        ))
    }
}

/// More tasks computed than there are cores.
pub(super) struct MoreThanCores {
    peak: u32,
    cores: u32,
}

impl Advice for MoreThanCores {
    const NAME: &'static str = "more-than-cores";
    const BASIS: &'static str = "how many computed at each instant, and the cores that the browser reports";

    fn check(facts: &Facts<'_>) -> Option<MoreThanCores> {
        let (peak, cores) = (facts.numbers.peak_computing(), facts.context.cores);
        // For a moment more may be about to end and to begin.
        let applies =
            facts.model().is_parallel() && peak > cores && facts.numbers.mean_computing() > f64::from(cores) + 0.25;
        applies.then_some(MoreThanCores { peak, cores })
    }

    fn sentence(&self) -> String {
        format!(
            "Up to {} tasks computed at a time on {}, so the system let them take turns.",
            self.peak,
            format::count(self.cores as usize, "core")
        )
    }

    fn prediction(&self) -> Option<String> {
        Some(format!("For work that computes, {} would do as much.", format::count(self.cores as usize, "worker")))
    }
}
