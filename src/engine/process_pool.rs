//! The model *Process pool*: tasks of a run in a pool of processes ([`super::processes`]), Python's `Pool(n).map`. What a task
//! is given and what it returns travels as a message, and both ends record what that takes.

use core::future::Future;
use core::num::NonZeroUsize;
use core::pin::pin;
use core::time::Duration;
use std::any::Any;
use std::cell::RefCell;

use futures_util::StreamExt;
use futures_util::future::{Either, select};

use super::futures::FutureError;
use super::job::{Env, Task, submit_all};
use super::ports::{Pipe, PipeBroken, Ports};
use super::processes::{self, Handler, Options, Pool, Recording, Start, default_chunksize};
use super::recorder::LaneRecorder;
use super::task;
use crate::model::event::{EventKind, Phase};
use crate::model::id::{LaneId, TaskId};
use crate::model::outcome::{Failure, Outcome};
use crate::model::plan::{Initializer, Job};
use crate::workloads::Kernel;

/// How long processes have to answer once the run is stopped, before they are ended. The page waits a little longer.
const STOP_GRACE: Duration = Duration::from_millis(40);

/// A pool for the tasks of runs. Its initializer is what each process computes before its first task.
pub type TaskPool<'e, P> = Pool<'e, P, Task, Outcome, Kernel>;

/// The bound up to which an initializer counts primes: a few milliseconds, as loading a library takes.
const INITIALIZER_BELOW: u32 = 300_000;

/// What a plan asks of a pool of processes.
pub(super) fn options(job: &Job) -> Options<Kernel> {
    let pool = job.options.pool;
    Options {
        initializer: match pool.initializer {
            Initializer::None => None,
            Initializer::Runs => Some(Kernel::primes(INITIALIZER_BELOW, 0, 1)),
            Initializer::Fails => Some(Kernel::Panic("the plan asked the initializer to fail".to_owned())),
        },
        maxtasksperchild: pool.per_process,
        chunksize: pool.chunksize.and_then(|chunksize| NonZeroUsize::new(chunksize as usize)),
        carrier: pool.carrier,
        prefetch: pool.prefetch,
        ..Options::new(job.options.workers.max(1))
    }
}

/// A pool that outlives a run, with the lane that it records on.
struct Warm<P: Ports + 'static> {
    lane: &'static LaneRecorder<'static, P>,
    pool: TaskPool<'static, P>,
}

thread_local! {
    /// The pool that the last run of this process left, if its plan said so.
    static WARM: RefCell<Option<Box<dyn Any>>> = const { RefCell::new(None) };
}

/// Has the processes of the last run do all tasks, if it left any; else as [`run`], and leaves them for the next.
pub(super) async fn run_warm<P: Ports + 'static>(
    tasks: Vec<Task>,
    env: Env<'static, P>,
    options: Options<Kernel>,
) -> Vec<(TaskId, Outcome)> {
    let left = WARM.take().and_then(|left| left.downcast::<Warm<P>>().ok());
    let usable = |warm: &Warm<P>| *warm.pool.options() == options && warm.pool.broken().is_none();
    let mut left = left.filter(|warm| usable(warm));
    if let Some(warm) = &left {
        // Nobody has listened to its processes since the last run: one may have died.
        or_stopped(warm.pool.started(), env).await;
    }
    left = left.filter(|warm| usable(warm));
    let warm = match left {
        Some(warm) => warm,
        None => {
            // Lives as long as the process, as its pool may.
            let lane: &'static LaneRecorder<'static, P> = Box::leak(Box::new(env.lane(0, LaneId::Thread(0))));
            lane.enter(Phase::Idle, None);
            match TaskPool::new(env.ports, options, Some(recording(lane))) {
                Ok(pool) => Box::new(Warm { lane, pool }),
                Err(error) => return not_run(&tasks, &error.to_string(), lane),
            }
        }
    };
    or_stopped(warm.pool.started(), env).await;
    let outcomes = run_on(&warm.pool, tasks, env, warm.lane).await;
    if warm.pool.broken().is_none() && !env.shared.stop_requested() {
        WARM.replace(Some(warm));
    }
    outcomes
}

fn not_run<P: Ports>(tasks: &[Task], why: &str, lane: &LaneRecorder<'_, P>) -> Vec<(TaskId, Outcome)> {
    let failed = Outcome::Failed(Failure::BrokenPool(why.to_owned()));
    tasks.iter().map(|task| (task.id, task::end(task.id, failed.clone(), lane))).collect()
}

/// Where an end of a pool of tasks records.
pub fn recording<'l, P: Ports>(lane: &'l LaneRecorder<'_, P>) -> Recording<'l, Task> {
    Recording { lane, about: |task| Some(task.id) }
}

/// Starts the processes, then has them do all tasks, and ends them.
///
/// If a process dies, the pool is broken, as a `ProcessPoolExecutor` is: every task that has not ended fails.
pub(super) async fn run<P: Ports>(
    tasks: Vec<Task>,
    env: Env<'_, P>,
    options: Options<Kernel>,
) -> Vec<(TaskId, Outcome)> {
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
            // Where it was stopped, its processes had their time.
            if env.shared.stop_requested() || or_stopped(pool.join(), env).await.is_none() {
                pool.terminate();
            }
            outcomes
        }
        Err(error) => not_run(&tasks, &error.to_string(), &lane),
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
            return ids.into_iter().map(|id| (id, task::end(id, lost.clone(), lane))).collect();
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
        Err(FutureError::Failed(failure)) if !was_ended => (id, task::end(id, Outcome::Failed(failure), lane)),
        Err(_) => (id, task::end(id, Outcome::Cancelled, lane)),
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
pub async fn serve<P: Ports + 'static>(pipe: &impl Pipe, number: u32, env: Env<'_, P>) -> Result<(), PipeBroken> {
    let lane = env.lane(0, LaneId::Child(number));
    lane.enter(Phase::Idle, None);
    processes::serve(pipe, &Works { env, lane: &lane }, env.ports, Some(recording(&lane))).await
}

/// Does the work of tasks, and records it.
struct Works<'a, 'e, P> {
    env: Env<'e, P>,
    lane: &'a LaneRecorder<'e, P>,
}

impl<P: Ports + 'static> Handler for Works<'_, '_, P> {
    type Initial = Kernel;
    type Argument = Task;
    type Output = Outcome;

    async fn initialize(&self, kernel: Kernel) -> Result<(), Failure> {
        self.lane.enter(Phase::Computing, None);
        self.env.ports.publish();
        match task::compute(&kernel, &|| !self.env.shared.stop_requested(), &|_, _| ()) {
            Outcome::Failed(failure) => Err(failure),
            // If it was stopped, so will its tasks be.
            Outcome::Done(_) | Outcome::Cancelled => Ok(()),
        }
    }

    async fn call(&self, task: Task) -> Result<Outcome, Failure> {
        Ok(task::run_alone(&task, self.lane, self.env).await)
    }

    fn closing(&self) {
        self.lane.record(EventKind::LaneClosed, None, 0);
        self.env.ports.publish();
    }
}
