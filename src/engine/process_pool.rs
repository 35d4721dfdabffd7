//! The model *Process pool*: tasks of a run in a pool of processes ([`super::processes`]), Python's `Pool(n).map`. What a task
//! is given and what it returns travels as a message, and both ends record what that takes.

use core::future::Future;
use core::num::NonZeroUsize;
use core::pin::pin;
use core::time::Duration;

use futures_util::StreamExt;
use futures_util::future::{Either, select};

use super::coroutine;
use super::futures::FutureError;
use super::job::{Env, Task, submit_all};
use super::ports::{Pipe, PipeBroken, Ports};
use super::processes::{self, Handler, Options, Pool, Recording, Start, default_chunksize};
use super::recorder::LaneRecorder;
use super::task;
use crate::model::event::{EventKind, Phase};
use crate::model::id::{LaneId, TaskId};
use crate::model::outcome::{Failure, Outcome};
use crate::workloads::Work;

/// How long processes have to answer once the run is stopped, before they are ended. The page waits a little longer.
const STOP_GRACE: Duration = Duration::from_millis(40);

/// A pool for the tasks of runs. Its initializer is work that each process does before its first task.
pub type TaskPool<'e, P> = Pool<'e, P, Task, Outcome, Work>;

/// Where an end of a pool of tasks records.
pub fn recording<'l, P: Ports>(lane: &'l LaneRecorder<'_, P>) -> Recording<'l, Task> {
    Recording { lane, about: |task| Some(task.id) }
}

/// Starts the processes, then has them do all tasks, and ends them.
///
/// If a process dies, the pool is broken, as a `ProcessPoolExecutor` is: every task that has not ended fails.
pub(super) async fn run<P: Ports>(tasks: Vec<Task>, env: Env<'_, P>, options: Options<Work>) -> Vec<(TaskId, Outcome)> {
    let lane = env.lane(0, LaneId::Thread(0));
    lane.enter(Phase::Idle, None);
    let (start, processes) = (options.start, options.processes.max(1));
    let pool = TaskPool::new(env.ports, Options { processes, ..options }, Some(recording(&lane)));
    let outcomes = match pool {
        Ok(pool) => {
            if start == Start::AtOnce {
                // Their start is a price that is seen apart from the work.
                or_stopped(pool.started(), env).await;
            }
            let outcomes = run_on(&pool, tasks, env, &lane).await;
            pool.close();
            if or_stopped(pool.join(), env).await.is_none() {
                pool.terminate();
            }
            outcomes
        }
        Err(error) => {
            let failed = Outcome::Failed(Failure::BrokenPool(error.to_string()));
            tasks.iter().map(|task| (task.id, task::end(task, failed.clone(), &lane))).collect()
        }
    };
    lane.record(EventKind::LaneClosed, None, 0);
    outcomes
}

/// Has all tasks done by a pool, which may be warm, and gives their outcomes in the order in which they came. `lane` is that
/// which the pool records on.
pub async fn run_on<P: Ports>(
    pool: &TaskPool<'_, P>,
    tasks: Vec<Task>,
    env: Env<'_, P>,
    lane: &LaneRecorder<'_, P>,
) -> Vec<(TaskId, Outcome)> {
    submit_all(&tasks, lane);
    let ids: Vec<TaskId> = tasks.iter().map(|task| task.id).collect();
    // As `Pool.map` has it, though outcomes are taken as they come.
    let usual = || NonZeroUsize::new(default_chunksize(tasks.len(), pool.options().processes as usize));
    let chunksize = pool.options().chunksize.or_else(usual);
    let mut results = match pool.imap_unordered(tasks, chunksize) {
        Ok(results) => results,
        Err(error) => {
            let lost = Outcome::Failed(Failure::BrokenPool(error.to_string()));
            return ids.into_iter().map(|id| (id, task::end_of(id, lost.clone(), lane))).collect();
        }
    };
    let mut outcomes = Vec::with_capacity(ids.len());
    let mut was_ended = false;
    {
        let take = async {
            while let Some((place, result)) = results.next().await {
                outcomes.push((ids[place], result));
            }
        };
        let mut work = pin!(pool.run_until(take));
        if let Either::Right(((), _)) = select(work.as_mut(), pin!(env.ports.stopped())).await {
            pool.cancel_pending();
            // Those that compute look at the stop flag of their own memory, and answer.
            if let Either::Right(((), _)) = select(work.as_mut(), pin!(env.ports.sleep(STOP_GRACE))).await {
                was_ended = true;
                pool.terminate();
                work.await;
            }
        }
    }
    let outcome_of = |(id, result)| match result {
        Ok(outcome) => (id, outcome),
        Err(FutureError::Failed(failure)) if !was_ended => (id, task::end_of(id, Outcome::Failed(failure), lane)),
        Err(_) => (id, task::end_of(id, Outcome::Cancelled, lane)),
    };
    outcomes.into_iter().map(outcome_of).collect()
}

/// Waits for something, but no longer than a grace time after a stop.
async fn or_stopped<P: Ports, T>(something: impl Future<Output = T>, env: Env<'_, P>) -> Option<T> {
    let stopped = async {
        env.ports.stopped().await;
        env.ports.sleep(STOP_GRACE).await;
    };
    match select(pin!(something), pin!(stopped)).await {
        Either::Left((value, _)) => Some(value),
        Either::Right(_) => None,
    }
}

/// The other side: does what comes through the pipe, until there is no more, or the process is ended.
///
/// # Errors
/// If the parent is gone, or speaks in a way that this does not know.
pub async fn serve<P: Ports>(pipe: &impl Pipe, number: u32, env: Env<'_, P>) -> Result<(), PipeBroken> {
    let lane = env.lane(0, LaneId::Child(number));
    lane.enter(Phase::Idle, None);
    processes::serve(pipe, &Works { env, lane: &lane }, Some(recording(&lane))).await
}

/// Does the work of tasks, and records it.
struct Works<'a, 'e, P> {
    env: Env<'e, P>,
    lane: &'a LaneRecorder<'e, P>,
}

impl<P: Ports> Handler for Works<'_, '_, P> {
    type Initial = Work;
    type Argument = Task;
    type Output = Outcome;

    async fn initialize(&self, work: Work) -> Result<(), Failure> {
        let phase = match work {
            Work::Sleep { .. } | Work::Fetch(_) => task::waits_in(&work),
            _ => Phase::Computing,
        };
        self.lane.enter(phase, None);
        match coroutine::until_stopped(&work, self.env).await {
            Outcome::Failed(failure) => Err(failure),
            // If it was stopped, so will its tasks be.
            Outcome::Done(_) | Outcome::Cancelled => Ok(()),
        }
    }

    async fn call(&self, task: Task) -> Result<Outcome, Failure> {
        Ok(match task.work {
            Work::Fetch(_) => coroutine::drive(&task, self.lane, self.env).await,
            _ => task::run_on_thread(&task, self.lane, self.env),
        })
    }

    fn closing(&self) {
        self.lane.record(EventKind::LaneClosed, None, 0);
        self.env.ports.publish();
    }
}
