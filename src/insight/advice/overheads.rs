//! Advice on what working together costs.

use core::time::Duration;

use super::{Advice, Facts};
use crate::insight::ledger::Term;
use crate::model::format;

/// Fewer tasks do not show what each costs.
const TASKS_MIN: usize = 4;
/// Larger messages are paid for by their bytes, smaller ones by their number.
const LARGE_BYTES: u64 = 10_000;
/// Tasks that take longer are not small.
const SMALL: Duration = Duration::from_millis(1);

/// Bytes of all messages, and of one on average.
fn bytes(facts: &Facts<'_>) -> (u64, u64) {
    let bytes = facts.trace.posts.iter().map(|post| u64::from(post.bytes)).sum::<u64>();
    (bytes, bytes / facts.trace.posts.len().max(1) as u64)
}

/// Tasks cost more than they do.
pub(super) struct TasksTooSmall {
    overhead: Duration,
    work: Duration,
    tasks: usize,
}

impl Advice for TasksTooSmall {
    const NAME: &'static str = "tasks-too-small";
    const BASIS: &'static str = "the ledger: being given tasks and messages, against what tasks did";

    fn check(facts: &Facts<'_>) -> Option<TasksTooSmall> {
        let (work, tasks) = (facts.at_work(), facts.trace.tasks.len());
        let overhead = facts.time(Term::Dispatch) + facts.ledger().copying();
        let applies = facts.model().has_workers()
            && tasks >= TASKS_MIN
            && overhead > work
            && facts.numbers.latency.run?.median <= SMALL
            && bytes(facts).1 < LARGE_BYTES;
        applies.then_some(TasksTooSmall { overhead, work, tasks })
    }

    fn sentence(&self) -> String {
        format!(
            "The tasks are too small: of all workers' time, being given {} took {}, and doing them {}. More work in each, or more \
             tasks in each message (chunksize), costs less.",
            format::count(self.tasks, "task"),
            format::duration(self.overhead),
            format::duration(self.work)
        )
    }
}

/// Copies take longer than what is done with them.
pub(super) struct CopyingDominates {
    bytes: u64,
    copying: Duration,
    work: Duration,
}

impl Advice for CopyingDominates {
    const NAME: &'static str = "copying";
    const BASIS: &'static str = "the ledger: packing, sending and unpacking, against what tasks did";

    fn check(facts: &Facts<'_>) -> Option<CopyingDominates> {
        let (copying, work, (bytes, average)) = (facts.ledger().copying(), facts.at_work(), bytes(facts));
        let applies = facts.model().copies() && copying > work && average >= LARGE_BYTES;
        applies.then_some(CopyingDominates { bytes, copying, work })
    }

    fn sentence(&self) -> String {
        format!(
            "Copying dominates: the workers' share of {} that went between memories took {}, and what they did with it {}. Threads \
             and cores share memory, and copy nothing; so does a pool that sends only where data lies.",
            format::bytes(self.bytes),
            format::duration(self.copying),
            format::duration(self.work)
        )
    }
}

/// Starting took longer than the work.
pub(super) struct StartingDominates {
    starting: Duration,
    wall: Duration,
}

impl Advice for StartingDominates {
    const NAME: &'static str = "starting";
    const BASIS: &'static str = "when starting began, the first task was submitted, and the last ended";

    fn check(facts: &Facts<'_>) -> Option<StartingDominates> {
        let starting = facts.ledger().wall.saturating_sub(facts.wall);
        let applies = facts.model().has_workers() && starting > facts.wall;
        applies.then_some(StartingDominates { starting, wall: facts.wall })
    }

    fn sentence(&self) -> String {
        format!(
            "Starting took {}, and all the work {}: workers that are kept, or have more to do, pay for it once.",
            format::duration(self.starting),
            format::duration(self.wall)
        )
    }
}
