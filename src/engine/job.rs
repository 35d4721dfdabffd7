//! Runs a job: the tasks of a workload under an execution model.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::futures::{Executor, Future, FutureError, ReturnWhen, SubmitError, wait_async};
use super::ports::Ports;
use super::recorder::{LaneRecorder, Shared};
use super::task::end_of;
use super::{core_pool, event_loop, process_pool, sequential, threads};
use crate::model::event::EventKind;
use crate::model::id::{LaneId, TaskId};
use crate::model::outcome::{Failure, Outcome, Report};
use crate::model::plan::{Job, ModelKind};
use crate::workloads::{Work, works};

/// Where a job runs: the ports of its process, and the block that its threads record into.
///
/// Ring 0 is thread 0's; ring `n` is that of worker `n` of a pool, from 1.
#[derive(Debug)]
pub struct Env<'a, P> {
    pub ports: &'a P,
    pub shared: &'a Shared,
}

impl<P> Clone for Env<'_, P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P> Copy for Env<'_, P> {}

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
    let outcomes = match job.model {
        ModelKind::Sequential => sequential::run(tasks, env).await,
        ModelKind::Threads => {
            let interval = Duration::from_micros(job.switch_interval_us.into());
            threads::run(tasks, env, job.threads() as usize, Some(interval)).await
        }
        ModelKind::FreeThreads => threads::run(tasks, env, job.threads() as usize, None).await,
        ModelKind::Processes => {
            let usual = || process_pool::default_chunksize(tasks.len(), job.workers as usize);
            let chunksize = job.chunksize.map_or_else(usual, |chunksize| chunksize as usize);
            process_pool::run(tasks, env, job.workers, chunksize).await
        }
        ModelKind::EventLoop => event_loop::run(tasks, env).await,
        ModelKind::Cores => core_pool::run(tasks, env).await,
    };
    Report { outcomes }
}

pub(super) fn submit_all<P: Ports>(tasks: &[Task], lane: &LaneRecorder<'_, P>) {
    for task in tasks {
        lane.record(EventKind::Submitted, Some(task.id), 0);
    }
}

/// Submits every task to an executor, and awaits the last. Gives the outcomes in the order of the tasks.
///
/// It is woken once, so that the thread it is on takes no time from those that compute.
pub(super) async fn run_all<P: Ports, E: Executor>(
    pool: &E,
    tasks: Vec<Task>,
    lane: &LaneRecorder<'_, P>,
    run: impl Fn(&E::Context, &Task) -> Outcome + Copy + Send + 'static,
) -> Vec<(TaskId, Outcome)> {
    let submit = |task: Task| {
        let id = task.id;
        lane.record(EventKind::Submitted, Some(id), 0);
        (id, pool.submit(move |context| Ok(run(context, &task))))
    };
    let submitted: Vec<(TaskId, Result<Future<Outcome>, SubmitError>)> = tasks.into_iter().map(submit).collect();
    let futures = submitted.iter().filter_map(|(_, future)| future.as_ref().ok()).cloned();
    wait_async(futures, ReturnWhen::AllCompleted, core::future::pending()).await;
    let outcome = |(id, future): (TaskId, Result<Future<Outcome>, SubmitError>)| {
        let failure = match future.map(|future| future.result(None)) {
            Ok(Ok(outcome)) => return (id, outcome),
            // Its worker could not even begin it, or broke on the way.
            Ok(Err(FutureError::Failed(failure))) => failure,
            Ok(Err(error)) => Failure::BrokenPool(error.to_string()),
            Err(error) => Failure::BrokenPool(error.to_string()),
        };
        (id, end_of(id, Outcome::Failed(failure), lane))
    };
    submitted.into_iter().map(outcome).collect()
}
