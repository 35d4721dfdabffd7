//! One task's work: done on a thread that may block, or inside a coroutine that may not.

use core::time::Duration;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::job::{Env, Task};
use super::ports::Ports;
use super::recorder::LaneRecorder;
use crate::model::event::{EventKind, Phase};
use crate::model::id::TaskId;
use crate::model::outcome::{Failure, Outcome, Value};
use crate::workloads::{Work, fault, primes};

/// How long a sleeping thread may go without a look at the stop flag.
const SLEEP_SLICE: Duration = Duration::from_millis(10);

/// Does work that needs no event loop, on a thread that may block, and records its life on the thread's lane.
///
/// Requests need an event loop (`coroutine::drive`), so they are no work for this.
pub fn run_on_thread<P: Ports>(task: &Task, lane: &LaneRecorder<'_, P>, env: Env<'_, P>) -> Outcome {
    if env.shared.stop_requested() {
        return end(task, Outcome::Cancelled, lane);
    }
    lane.record(EventKind::Started, Some(task.id), 0);
    let outcome = match task.work {
        Work::Sleep { ms } => {
            lane.enter(Phase::Sleeping, Some(task.id));
            env.ports.publish();
            block(Duration::from_millis(ms.into()), env)
        }
        _ => {
            lane.enter(Phase::Computing, Some(task.id));
            env.ports.publish();
            compute(&task.work, &|| !env.shared.stop_requested())
        }
    };
    end(task, outcome, lane)
}

/// Records a task's outcome, which is also what it gives.
pub fn end<P: Ports>(task: &Task, outcome: Outcome, lane: &LaneRecorder<'_, P>) -> Outcome {
    end_of(task.id, outcome, lane)
}

/// [`end`], for a task that is not at hand.
pub fn end_of<P: Ports>(task: TaskId, outcome: Outcome, lane: &LaneRecorder<'_, P>) -> Outcome {
    let (kind, arg) = match &outcome {
        Outcome::Done(value) => (EventKind::Finished, value.to_arg()),
        Outcome::Failed(failure) => (EventKind::Failed, failure.to_arg()),
        Outcome::Cancelled => (EventKind::Cancelled, 0),
    };
    lane.record(kind, Some(task), arg);
    outcome
}

/// What a lane does while this work waits.
pub(super) fn waits_in(work: &Work) -> Phase {
    match work {
        Work::Sleep { .. } => Phase::Sleeping,
        _ => Phase::WaitingIo,
    }
}

/// Computes, as long as `keep_going` says so, which is asked at least every tenth of a millisecond; a panic is the task's
/// failure.
///
/// Not generic: every model is to run the same machine code. A browser begins each function in a slow form and makes it fast
/// once it was called often, so that a copy for one model alone would be slower in its first tasks.
pub fn compute(work: &Work, keep_going: &dyn Fn() -> bool) -> Outcome {
    let computed = catch_unwind(AssertUnwindSafe(|| match work {
        Work::Primes(share) => primes::count(*share, keep_going).map(Value::Count),
        Work::Panic(message) => panic!("{message}"),
        Work::Trap => fault::trap(),
        Work::Sleep { .. } | Work::Fetch(_) => unreachable!("this work waits"),
    }));
    match computed {
        Ok(Some(value)) => Outcome::Done(value),
        Ok(None) => Outcome::Cancelled,
        Err(payload) => Outcome::Failed(panic_failure(payload.as_ref())),
    }
}

/// The failure that a caught panic stands for.
pub fn panic_failure(payload: &(dyn Any + Send)) -> Failure {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let message = text.or_else(|| payload.downcast_ref::<String>().cloned());
    Failure::Panicked(message.unwrap_or_else(|| "with a value that is no text".to_owned()))
}

/// Sleeps. A stop ends it within a slice.
pub(super) fn block<P: Ports>(length: Duration, env: Env<'_, P>) -> Outcome {
    let end = env.ports.now() + length;
    loop {
        if env.shared.stop_requested() {
            return Outcome::Cancelled;
        }
        let left = end - env.ports.now();
        if left.is_zero() {
            return Outcome::Done(Value::Text);
        }
        env.ports.block(left.min(SLEEP_SLICE));
    }
}
