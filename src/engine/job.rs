//! Runs a job: the tasks of a workload under an execution model.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::futures::{Future, FutureError, ReturnWhen, SubmitError, wait_async};
use super::ports::Ports;
use super::recorder::{LaneRecorder, Shared};
use super::sharing::Common;
use super::task;
use super::threads::Locks;
use super::{core_pool, event_loop, process_pool, sequential, threads};
use crate::model::event::EventKind;
use crate::model::id::{LaneId, TaskId};
use crate::model::outcome::{Failure, Outcome, Report};
use crate::model::plan::{Job, ModelKind, Workload};
use crate::workloads::{Work, works};

/// Where a job runs: the ports of its process, and the block that its threads record into.
///
/// Ring 0 is thread 0's; ring `n` is that of worker `n` of a pool, from 1.
#[derive(Debug)]
pub struct Env<'a, P> {
    pub ports: &'a P,
    pub shared: &'a Shared,
    /// What the tasks of the job share besides.
    pub(super) common: Option<&'a Common>,
}

impl<P> Clone for Env<'_, P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P> Copy for Env<'_, P> {}

impl<'a, P> Env<'a, P> {
    /// A process with its block.
    pub fn new(ports: &'a P, shared: &'a Shared) -> Env<'a, P> {
        Env { ports, shared, common: None }
    }
}

impl<'a, P: Ports> Env<'a, P> {
    pub(super) fn lane(&self, ring: usize, lane: LaneId) -> LaneRecorder<'a, P> {
        self.shared.lane(ring, lane, self.ports)
    }
}

/// A task, as executors are given it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    pub id: TaskId,
    pub work: Work,
}

/// Runs every task to its outcome. Once a stop is requested, what has not ended is cancelled.
pub async fn run<P: Ports + 'static>(job: &Job, env: Env<'static, P>) -> Report {
    let tasks: Vec<Task> = (0..).map(TaskId).zip(works(&job.workload)).map(|(id, work)| Task { id, work }).collect();
    // A process lives as long as its tasks, and what they share with it.
    let common = Common::of(job).map(|common| &*Box::leak(Box::new(common)));
    let env = Env { common, ..env };
    let outcomes = match job.model {
        ModelKind::Sequential => sequential::run(tasks, env).await,
        ModelKind::Threads => {
            let interval = Duration::from_micros(job.options.switch_interval_us.into());
            threads::run(tasks, env, job.threads() as usize, Locks::One(interval)).await
        }
        ModelKind::FreeThreads => threads::run(tasks, env, job.threads() as usize, Locks::None).await,
        ModelKind::OwnLocks => threads::run(tasks, env, job.threads() as usize, Locks::Each).await,
        ModelKind::Processes if job.options.pool.warm => {
            process_pool::run_warm(tasks, env, process_pool::options(job)).await
        }
        ModelKind::Processes => process_pool::run(tasks, env, process_pool::options(job)).await,
        ModelKind::EventLoop => event_loop::run(tasks, env, job.options.event_loop, job.threads() as usize).await,
        ModelKind::Cores => core_pool::run(tasks, env).await,
        ModelKind::Subprocess => unreachable!("the page runs these itself: they are no programs of this crate"),
    };
    if let (Some(common), Workload::Counter { .. }) = (common, &job.workload) {
        env.lane(0, LaneId::Thread(0)).record(EventKind::Counted, None, common.counter.value().into());
    }
    Report { outcomes }
}

/// Records that all tasks are submitted, at once: nothing else happens between one and the next, so that one look at the clock is
/// enough.
pub(super) fn submit_all<P: Ports>(tasks: &[Task], lane: &LaneRecorder<'_, P>) {
    let now = lane.now();
    for task in tasks {
        lane.record_at(now, EventKind::Submitted, Some(task.id), 0);
    }
}

/// Submits every task to an executor, and awaits the last. Gives the outcomes in the order of the tasks: `submit` says how one
/// is submitted, `open` what its result says of its outcome.
///
/// It is woken once, so that the thread it is on takes no time from those that compute.
pub(super) async fn run_all<P: Ports, T: Clone>(
    tasks: Vec<Task>,
    lane: &LaneRecorder<'_, P>,
    submit: impl Fn(Task) -> Result<Future<T>, SubmitError>,
    open: impl Fn(TaskId, T) -> Result<Outcome, Failure>,
) -> Vec<(TaskId, Outcome)> {
    let submit = |task: Task| {
        let id = task.id;
        lane.record(EventKind::Submitted, Some(id), 0);
        (id, submit(task))
    };
    let submitted: Vec<(TaskId, Result<Future<T>, SubmitError>)> = tasks.into_iter().map(submit).collect();
    let futures = submitted.iter().filter_map(|(_, future)| future.as_ref().ok()).cloned();
    wait_async(futures, ReturnWhen::AllCompleted, core::future::pending()).await;
    let outcome = |(id, future): (TaskId, Result<Future<T>, SubmitError>)| {
        let result = match future.map(|future| future.result(None)) {
            Ok(Ok(result)) => open(id, result),
            // Its worker could not even begin it, or broke on the way.
            Ok(Err(FutureError::Failed(failure))) => Err(failure),
            Ok(Err(error)) => Err(Failure::BrokenPool(error.to_string())),
            Err(error) => Err(Failure::BrokenPool(error.to_string())),
        };
        (id, result.unwrap_or_else(|failure| task::end(id, Outcome::Failed(failure), lane)))
    };
    submitted.into_iter().map(outcome).collect()
}
