//! The threads of rayon's pool, one for each core: work stealing, shared memory, nothing copied.

use core::pin::pin;

use futures_util::future::{Either, join, select};

use super::blocking_io::{Calls, calls};
use super::futures::{CorePoolExecutor, Executor};
use super::job::{Env, Task, run_all};
use super::ports::Ports;
use super::recorder::LaneRecorder;
use super::task;
use crate::model::event::{EventKind, Phase};
use crate::model::id::{LaneId, TaskId};
use crate::model::outcome::Outcome;

/// Runs the tasks on a `CorePoolExecutor` on rayon's current pool. Thread 0 submits, awaits, and serves the requests of threads
/// that block; it does none of the tasks.
pub(super) async fn run<P: Ports + 'static>(tasks: Vec<Task>, env: Env<'static, P>) -> Vec<(TaskId, Outcome)> {
    let (calls, receiver) = calls();
    let make_worker = {
        let calls = calls.clone();
        move |number| Ok(Worker::new(env, number, calls.clone()))
    };
    let pool = CorePoolExecutor::new(make_worker);
    // Before the first submission, so that starting is no part of what is measured. If it fails, so does each task.
    if let Ok(started) = pool.start_workers() {
        let _ = started.await;
    }
    let lane = env.lane(0, LaneId::Thread(0));
    let submit = |task: Task| pool.submit(move |worker: &Worker<P>| Ok(worker.run(&task)));
    let ended = run_all(tasks, &lane, submit, |_, outcome| Ok(outcome));
    let stopped = async {
        env.ports.stopped().await;
        calls.cancel();
    };
    let serving = receiver.serve(async |request| env.ports.fetch(request).await);
    let outcomes = match select(pin!(ended), pin!(join(stopped, serving))).await {
        Either::Left((outcomes, _)) => outcomes,
        // All threads were told to end, and are about to.
        Either::Right((_, ended)) => ended.await,
    };
    // Blocks, for as long as workers take to notice that there is no more to do.
    pool.shutdown(true, false);
    outcomes
}

/// A thread of the pool.
struct Worker<P: Ports + 'static> {
    env: Env<'static, P>,
    lane: LaneRecorder<'static, P>,
    calls: Calls,
}

impl<P: Ports> Worker<P> {
    fn new(env: Env<'static, P>, number: usize, calls: Calls) -> Worker<P> {
        // A context stays on its thread, so that its ring has one writer. Ring 0 is thread 0's.
        let number = number + 1;
        let lane = env.lane(number, LaneId::Thread(number as u32));
        lane.enter(Phase::Idle, None);
        Worker { env, lane, calls }
    }

    fn run(&self, task: &Task) -> Outcome {
        let outcome = task::run_on_thread(task, &self.lane, self.env, Some(&self.calls));
        self.lane.record_with(EventKind::Enter(Phase::Idle), None, 0);
        outcome
    }
}

impl<P: Ports> Drop for Worker<P> {
    fn drop(&mut self) {
        self.lane.record(EventKind::LaneClosed, None, 0);
    }
}
