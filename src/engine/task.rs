//! One task: what it consists of, done on a thread that may block, and how its life is recorded.

use core::cell::Cell;
use core::time::Duration;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::blocking_io::Calls;
use super::coroutine;
use super::futures::panic_failure;
use super::job::{Env, Task};
use super::ports::Ports;
use super::recorder::LaneRecorder;
use super::sharing::Sharer;
use crate::model::event::{EventKind, Phase};
use crate::model::id::TaskId;
use crate::model::outcome::{Failure, Outcome, Value};
use crate::workloads::sites::Request;
use crate::workloads::{Kernel, Step};

/// How long a sleeping thread may go without a look at the stop flag.
const SLEEP_SLICE: Duration = Duration::from_millis(10);

/// What asks a task that computes whether it is to go on.
pub(super) type Ask<'a> = &'a dyn Fn() -> bool;

/// A thread that may block, as a task on it sees it: how it computes, and how it waits. Each records what it does.
pub(super) trait Thread {
    /// Computes.
    fn compute(&self, run: &dyn Fn(Ask<'_>) -> Outcome) -> Outcome;

    /// Computes in code that needs nothing of the interpreter, and so lets go of its lock, if there is one.
    fn compute_unlocked(&self, run: &dyn Fn(Ask<'_>) -> Outcome) -> Outcome {
        self.compute(run)
    }

    /// Computes in code that looks at nothing until it is over, also not at who waits for the lock.
    fn compute_unheard(&self, run: &dyn Fn(Ask<'_>) -> Outcome) -> Outcome {
        self.compute(run)
    }

    /// Waits.
    fn wait(&self, phase: Phase, run: &dyn Fn() -> Outcome) -> Outcome;

    /// Goes on with what it computed before it waited in the middle of it.
    fn resume(&self) {}

    /// Makes a request, in the middle of a wait.
    fn fetch(&self, request: &Request) -> Outcome;
}

/// A thread that has nothing to do with any lock.
pub(super) struct FreeThread<'a, P> {
    pub task: TaskId,
    pub lane: &'a LaneRecorder<'a, P>,
    pub env: Env<'a, P>,
    /// Through what it makes requests; without, it makes none.
    pub calls: Option<&'a Calls>,
    /// Whether it was just recorded that the task has started, and nothing since.
    pub starts: Cell<bool>,
}

impl<P: Ports> FreeThread<'_, P> {
    fn enter(&self, phase: Phase) {
        let (kind, task) = (EventKind::Enter(phase), Some(self.task));
        if self.starts.take() {
            self.lane.record_with(kind, task, 0);
        } else {
            self.lane.record(kind, task, 0);
        }
    }
}

impl<P: Ports> Thread for FreeThread<'_, P> {
    fn compute(&self, run: &dyn Fn(Ask<'_>) -> Outcome) -> Outcome {
        self.enter(Phase::Computing);
        self.env.ports.publish();
        run(&|| !self.env.shared.stop_requested())
    }

    fn wait(&self, phase: Phase, run: &dyn Fn() -> Outcome) -> Outcome {
        self.enter(phase);
        self.env.ports.publish();
        run()
    }

    fn resume(&self) {
        self.enter(Phase::Computing);
    }

    fn fetch(&self, request: &Request) -> Outcome {
        match self.calls {
            Some(calls) => calls.fetch(request),
            None => Outcome::Failed(Failure::Unreachable("this thread makes no requests".to_owned())),
        }
    }
}

/// Runs a task that has its thread, and the event loop of it, for itself: what makes requests waits for them on the loop, as a
/// browser has no request that blocks a thread and can be given up; with nothing else on it, there is nothing to tell the two
/// apart by.
pub(super) async fn run_alone<P: Ports + 'static>(task: &Task, lane: &LaneRecorder<'_, P>, env: Env<'_, P>) -> Outcome {
    if env.shared.stop_requested() {
        return end(task.id, Outcome::Cancelled, lane);
    }
    lane.record(EventKind::Started, Some(task.id), 0);
    if task.work.makes_requests() {
        coroutine::drive(task, lane, env).await
    } else {
        run_started(task, lane, env, None)
    }
}

/// Runs a task on a thread that may block, and that was idle until now, and records its life on the thread's lane.
pub(super) fn run_on_thread<P: Ports>(
    task: &Task,
    lane: &LaneRecorder<'_, P>,
    env: Env<'_, P>,
    calls: Option<&Calls>,
) -> Outcome {
    if env.shared.stop_requested() {
        return end(task.id, Outcome::Cancelled, lane);
    }
    lane.record(EventKind::Started, Some(task.id), 0);
    run_started(task, lane, env, calls)
}

/// Runs a task of which it was just recorded that it starts.
fn run_started<P: Ports>(task: &Task, lane: &LaneRecorder<'_, P>, env: Env<'_, P>, calls: Option<&Calls>) -> Outcome {
    let thread = FreeThread { task: task.id, lane, env, calls, starts: Cell::new(true) };
    end(task.id, steps(task, lane, env, &thread), lane)
}

/// Does the steps of a task, up to the first that does not end well.
pub(super) fn steps<P: Ports>(
    task: &Task,
    lane: &LaneRecorder<'_, P>,
    env: Env<'_, P>,
    thread: &dyn Thread,
) -> Outcome {
    let show = |piece, shades| lane.record(EventKind::Shown(piece), Some(task.id), shades);
    let sharer = Sharer::begin(task.id, env);
    let mut result = Value::Nothing;
    for step in task.work.steps() {
        let outcome = match step {
            Step::Compute(kernel) => thread.compute(&|ask| compute(kernel, ask, &show)),
            Step::Call { kernel, releases: true } => thread.compute_unlocked(&|ask| compute(kernel, ask, &show)),
            Step::Call { kernel, releases: false } => thread.compute_unheard(&|ask| compute(kernel, ask, &show)),
            Step::Sleep { ms } => thread.wait(Phase::Sleeping, &|| sleep(Duration::from_millis((*ms).into()), env)),
            Step::Fetch(request) => thread.wait(Phase::WaitingIo, &|| thread.fetch(request)),
            shared => match &sharer {
                Some(sharer) => {
                    thread.resume();
                    share(sharer, shared, thread)
                }
                None => Outcome::Failed(Failure::Panicked("its tasks share nothing".to_owned())),
            },
        };
        match outcome {
            Outcome::Done(value) => result = result.and(value),
            ended => return ended,
        }
    }
    Outcome::Done(result)
}

/// Does a step that has to do with what tasks share.
fn share(sharer: &Sharer<'_>, step: &Step, thread: &dyn Thread) -> Outcome {
    match step {
        Step::Acquire(lock) => sharer.acquire(*lock, thread),
        Step::Release(lock) => sharer.release(*lock),
        Step::Add { times, locked: true } => sharer.add_locked(*times, thread),
        Step::Add { times, locked: false } => thread.compute(&|ask| sharer.add(*times, ask)),
        Step::Produce { items } => sharer.produce(*items, thread),
        Step::Consume(kernel) => sharer.consume(kernel, thread),
        Step::Compute(_) | Step::Call { .. } | Step::Sleep { .. } | Step::Fetch(_) => {
            unreachable!("this step shares nothing")
        }
    }
}

/// Records a task's outcome, which is also what it gives.
pub(super) fn end<P: Ports>(task: TaskId, outcome: Outcome, lane: &LaneRecorder<'_, P>) -> Outcome {
    let (kind, arg) = outcome.to_event();
    lane.record(kind, Some(task), arg);
    outcome
}

/// Computes, as long as `keep_going` says so, which is asked at least every tenth of a millisecond; a panic is the task's
/// failure.
///
/// Not generic: every model is to run the same machine code. A browser begins each function in a slow form and makes it fast
/// once it was called often, so that a copy for one model alone would be slower in its first tasks.
pub(super) fn compute(kernel: &Kernel, keep_going: Ask<'_>, show: &dyn Fn(u32, u64)) -> Outcome {
    match catch_unwind(AssertUnwindSafe(|| kernel.run(keep_going, show))) {
        Ok(Some(value)) => Outcome::Done(value),
        Ok(None) => Outcome::Cancelled,
        Err(payload) => Outcome::Failed(panic_failure(payload.as_ref())),
    }
}

/// Sleeps. A stop ends it within a slice.
fn sleep<P: Ports>(length: Duration, env: Env<'_, P>) -> Outcome {
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
