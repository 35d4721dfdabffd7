//! A pool of threads that share memory: under one lock, as in CPython with its GIL, or without, as in Rust and in
//! free-threaded Python.

use core::cell::{Cell, RefCell};
use core::pin::pin;
use core::time::Duration;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::future::{Either, join, select};
use futures_util::stream::StreamExt;

use super::blocking_io::{Calls, calls};
use super::futures::{Executor, Future, ThreadPoolExecutor, as_completed_async};
use super::gil::{Closed, Gil, GilEvent, Observer};
use super::job::{Env, Task};
use super::ports::{Clock, Ports};
use super::recorder::LaneRecorder;
use super::task;
use crate::model::event::{EventKind, Phase};
use crate::model::id::{LaneId, TaskId};
use crate::model::outcome::{Failure, Outcome};
use crate::model::time::Instant;
use crate::workloads::Work;

/// Runs the tasks on a `ThreadPoolExecutor` of so many workers; with an interval, under a lock that is switched after it.
///
/// Thread 0 submits, and serves the requests of threads that block; it runs none of the tasks.
pub(super) async fn run<P: Ports + 'static>(
    tasks: Vec<Task>,
    env: Env<'static, P>,
    workers: usize,
    switch_interval: Option<Duration>,
) -> Vec<(TaskId, Outcome)> {
    let lane = env.lane(0, LaneId::Thread(0));
    let gil =
        switch_interval.map(|interval| Arc::new(SharedGil { gil: Gil::new(interval), clock: LockClock::default() }));
    let (calls, receiver) = calls();
    let make_worker = {
        let (gil, calls) = (gil.clone(), calls.clone());
        move |number| Ok(Worker::new(env, number, gil.clone(), calls.clone()))
    };
    let built = ThreadPoolExecutor::builder(env.ports.threads()).max_workers(workers).initializer(make_worker).build();
    let Ok(pool) = built else { return cannot_run(&tasks, &lane, "a pool needs a worker") };
    let mut ids = Vec::with_capacity(tasks.len());
    let mut futures: Vec<Future<(TaskId, Outcome)>> = Vec::with_capacity(tasks.len());
    let mut outcomes = Vec::with_capacity(tasks.len());
    for task in tasks {
        lane.record(EventKind::Submitted, Some(task.id), 0);
        let id = task.id;
        let refused = task.clone();
        match pool.submit(move |worker: &Worker<P>| Ok((task.id, worker.run(&task)))) {
            Ok(future) => {
                ids.push(id);
                futures.push(future);
            }
            Err(error) => outcomes.extend(cannot_run(&[refused], &lane, &error.to_string())),
        }
    }
    let ended = async {
        let mut ended = as_completed_async(futures.iter().cloned(), core::future::pending());
        while let Some(Ok(future)) = ended.next().await {
            outcomes.push(future.result(None).unwrap_or_else(|error| {
                // Its worker could not even begin it.
                let place = futures.iter().position(|other| *other == future).unwrap_or_default();
                (ids[place], Outcome::Failed(Failure::BrokenPool(error.to_string())))
            }));
        }
    };
    let stopped = async {
        env.ports.stopped().await;
        if let Some(shared) = &gil {
            shared.gil.close();
        }
        calls.cancel();
    };
    match select(pin!(ended), pin!(join(stopped, receiver.serve(env.ports)))).await {
        Either::Left(((), _)) => {}
        // All threads were told to end, and are about to.
        Either::Right((_, ended)) => ended.await,
    }
    // Blocks, for as long as workers take to notice that there is no more to do.
    pool.shutdown(true, false);
    outcomes
}

fn cannot_run<P: Ports>(tasks: &[Task], lane: &LaneRecorder<'_, P>, why: &str) -> Vec<(TaskId, Outcome)> {
    let fail = |task: &Task| (task.id, task::end(task, Outcome::Failed(Failure::BrokenPool(why.to_owned())), lane));
    tasks.iter().map(fail).collect()
}

/// The lock and the order of what is recorded of it.
struct SharedGil {
    gil: Gil,
    clock: LockClock,
}

/// Times of what happens to the lock, none before the one before. Clocks of workers differ by the step in which they tick,
/// and a thread that takes the lock would otherwise now and then seem to compute before the other has dropped it.
#[derive(Debug, Default)]
struct LockClock(AtomicU64);

impl LockClock {
    /// This reading, or the latest so far if that is later. Called under the lock's own mutex.
    fn in_order(&self, now: Instant) -> Instant {
        let latest = self.0.load(Ordering::Relaxed).max(now.0);
        self.0.store(latest, Ordering::Relaxed);
        Instant(latest)
    }
}

/// A thread of the pool.
struct Worker<P: Ports + 'static> {
    env: Env<'static, P>,
    number: u32,
    lane: LaneRecorder<'static, P>,
    gil: Option<Arc<SharedGil>>,
    calls: Calls,
}

impl<P: Ports> Worker<P> {
    fn new(env: Env<'static, P>, number: usize, gil: Option<Arc<SharedGil>>, calls: Calls) -> Worker<P> {
        // A worker stays on its thread, so that its ring has one writer. Ring 0 is thread 0's.
        let number = number as u32 + 1;
        let lane = env.lane(number as usize, LaneId::Thread(number));
        lane.enter(Phase::Idle, None);
        Worker { env, number, lane, gil, calls }
    }

    fn run(&self, task: &Task) -> Outcome {
        let outcome = if self.env.shared.stop_requested() {
            task::end(task, Outcome::Cancelled, &self.lane)
        } else {
            self.lane.record(EventKind::Started, Some(task.id), 0);
            match self.gil.as_deref() {
                None => self.run_free(task),
                Some(shared) => {
                    let ended = self.run_under(shared, task);
                    ended.unwrap_or_else(|Closed| task::end(task, Outcome::Cancelled, &self.lane))
                }
            }
        };
        self.lane.enter(Phase::Idle, None);
        outcome
    }

    fn run_free(&self, task: &Task) -> Outcome {
        let outcome = match &task.work {
            Work::Sleep { .. } | Work::Fetch(_) => {
                self.lane.enter(task::waits_in(&task.work), Some(task.id));
                self.block(task)
            }
            work => {
                self.lane.enter(Phase::Computing, Some(task.id));
                task::compute(work, || !self.env.shared.stop_requested())
            }
        };
        task::end(task, outcome, &self.lane)
    }

    /// As CPython runs a function: under the lock, which is dropped while the thread sleeps or waits for an answer.
    fn run_under(&self, shared: &SharedGil, task: &Task) -> Result<Outcome, Closed> {
        let after_drop = Cell::new(Phase::Idle);
        let observer = LockObserver { lane: &self.lane, task: task.id, clock: &shared.clock, after_drop: &after_drop };
        let mut thread = shared.gil.thread(self.number, observer);
        let held = thread.take()?;
        match &task.work {
            Work::Sleep { .. } | Work::Fetch(_) => {
                after_drop.set(task::waits_in(&task.work));
                held.release();
                let outcome = self.block(task);
                after_drop.set(Phase::Idle);
                let held = thread.take()?;
                let outcome = task::end(task, outcome, &self.lane);
                drop(held);
                Ok(outcome)
            }
            work => {
                let held = RefCell::new(Some(held));
                let keep_going = || {
                    let mut held = held.borrow_mut();
                    *held = held.take().and_then(|held| held.checkpoint().ok());
                    held.is_some() && !self.env.shared.stop_requested()
                };
                let outcome = task::compute(work, keep_going);
                // Where the lock was closed meanwhile, it is not held any more.
                Ok(task::end(task, outcome, &self.lane))
            }
        }
    }

    fn block(&self, task: &Task) -> Outcome {
        match &task.work {
            Work::Fetch(request) => self.calls.fetch(request),
            Work::Sleep { ms } => task::block(Duration::from_millis((*ms).into()), self.env),
            _ => unreachable!("this work computes"),
        }
    }
}

impl<P: Ports> Drop for Worker<P> {
    fn drop(&mut self) {
        self.lane.record(EventKind::LaneClosed, None, 0);
    }
}

/// Records what happens to the lock on the lane of the thread that it happens to.
struct LockObserver<'a, P: 'static> {
    lane: &'a LaneRecorder<'static, P>,
    task: TaskId,
    clock: &'a LockClock,
    /// What the thread does once it has dropped the lock of its own accord.
    after_drop: &'a Cell<Phase>,
}

impl<P: Clock> Observer for LockObserver<'_, P> {
    fn on(&self, _: u32, event: GilEvent) {
        let at = self.clock.in_order(self.lane.now());
        let record = |kind, arg| self.lane.record_at(at, kind, Some(self.task), arg);
        match event {
            GilEvent::Waiting => record(EventKind::Enter(Phase::WaitingLock), 0),
            GilEvent::DropRequested => record(EventKind::LockRequested, 0),
            GilEvent::Taken { from, forced } => {
                record(EventKind::LockTaken, u64::from(forced) | (u64::from(from.map_or(0, |from| from)) << 1));
                record(EventKind::Enter(Phase::Computing), 0);
            }
            GilEvent::Dropped { forced } => {
                record(EventKind::LockDropped, forced.into());
                // Who was made to drop it waits for another to take it, and then for its own next turn.
                let phase = if forced { Phase::WaitingLock } else { self.after_drop.get() };
                record(EventKind::Enter(phase), 0);
            }
        }
    }
}
