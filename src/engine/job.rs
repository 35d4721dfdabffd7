//! Runs a job: the tasks of a workload under an execution model.

use core::num::NonZeroUsize;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::ports::Ports;
use super::processes::Options;
use super::recorder::{LaneRecorder, Shared};
use super::{core_pool, event_loop, process_pool, sequential, threads};
use crate::model::event::EventKind;
use crate::model::id::{LaneId, TaskId};
use crate::model::outcome::Report;
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
            let chunksize = job.chunksize.and_then(|chunksize| NonZeroUsize::new(chunksize as usize));
            process_pool::run(tasks, env, Options { chunksize, ..Options::new(job.workers) }).await
        }
        ModelKind::EventLoop => event_loop::run(tasks, env).await,
        ModelKind::Cores => core_pool::run(tasks, env),
    };
    Report { outcomes }
}

pub(super) fn submit_all<P: Ports>(tasks: &[Task], lane: &LaneRecorder<'_, P>) {
    for task in tasks {
        lane.record(EventKind::Submitted, Some(task.id), 0);
    }
}
