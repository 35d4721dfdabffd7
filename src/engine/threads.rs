//! A pool of threads that share memory: under one lock, as in CPython with its GIL, or without, as in Rust and in
//! free-threaded Python.

use core::cell::{Cell, RefCell};
use core::pin::pin;
use core::time::Duration;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::future::{Either, join, select};

use super::blocking_io::{Calls, calls};
use super::futures::{Executor, ThreadPoolExecutor};
use super::gil::{Closed, Gil, GilEvent, Observer, ThreadState};
use super::job::{Env, Task, run_all};
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
    // A process lives as long as its threads, and its lock with it.
    let gil = switch_interval.map(|interval| &*Box::leak(Box::new(SharedGil::new(interval))));
    let (calls, receiver) = calls();
    let make_worker = {
        let calls = calls.clone();
        move |number| Ok(Worker::new(env, number, gil, calls.clone()))
    };
    let built = ThreadPoolExecutor::builder(env.ports.threads())
        .max_workers(workers)
        .initializer(make_worker)
        .before_waiting(Worker::idle)
        .build();
    let pool = match built {
        Ok(pool) => pool,
        Err(error) => {
            let failure = Outcome::Failed(Failure::BrokenPool(error.to_string()));
            return tasks.iter().map(|task| (task.id, task::end(task, failure.clone(), &lane))).collect();
        }
    };
    let ended = run_all(&pool, tasks, &lane, |worker: &Worker<P>, task: &Task| worker.run(task));
    let stopped = async {
        env.ports.stopped().await;
        if let Some(shared) = gil {
            shared.gil.close();
        }
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

/// The lock and the order of what is recorded of it.
struct SharedGil {
    gil: Gil,
    clock: LockClock,
}

impl SharedGil {
    fn new(interval: Duration) -> SharedGil {
        SharedGil { gil: Gil::new(interval), clock: LockClock::default() }
    }
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
    lane: Rc<LaneRecorder<'static, P>>,
    /// This thread, as the lock knows it, if there is one.
    under: Option<RefCell<ThreadState<'static, LockObserver<P>>>>,
    calls: Calls,
}

impl<P: Ports> Worker<P> {
    fn new(env: Env<'static, P>, number: usize, gil: Option<&'static SharedGil>, calls: Calls) -> Worker<P> {
        // A worker stays on its thread, so that its ring has one writer. Ring 0 is thread 0's.
        let number = number as u32 + 1;
        let lane = Rc::new(env.lane(number as usize, LaneId::Thread(number)));
        lane.enter(Phase::Idle, None);
        let under = gil.map(|shared| {
            let observer = LockObserver {
                lane: lane.clone(),
                clock: &shared.clock,
                task: Cell::new(None),
                after_drop: Cell::new(Phase::Idle),
                forced: Cell::new(false),
            };
            RefCell::new(shared.gil.thread(number, observer))
        });
        Worker { env, lane, under, calls }
    }

    fn run(&self, task: &Task) -> Outcome {
        if self.env.shared.stop_requested() {
            return task::end(task, Outcome::Cancelled, &self.lane);
        }
        self.lane.record(EventKind::Started, Some(task.id), 0);
        let Some(thread) = &self.under else { return self.run_free(task) };
        let ended = Self::run_under(&mut thread.borrow_mut(), task, self);
        ended.unwrap_or_else(|Closed| {
            let outcome = task::end(task, Outcome::Cancelled, &self.lane);
            self.lane.enter(Phase::Idle, None);
            outcome
        })
    }

    fn run_free(&self, task: &Task) -> Outcome {
        let outcome = match &task.work {
            Work::Sleep { .. } | Work::Fetch(_) => {
                self.lane.enter(task::waits_in(&task.work), Some(task.id));
                self.block(task)
            }
            work => {
                self.lane.enter(Phase::Computing, Some(task.id));
                task::compute(work, &|| !self.env.shared.stop_requested())
            }
        };
        let outcome = task::end(task, outcome, &self.lane);
        self.lane.enter(Phase::Idle, None);
        outcome
    }

    /// As CPython runs a function: under the lock, which is dropped while the thread sleeps or waits for an answer, and kept
    /// from one task to the next.
    fn run_under(
        thread: &mut ThreadState<'static, LockObserver<P>>,
        task: &Task,
        worker: &Worker<P>,
    ) -> Result<Outcome, Closed> {
        let Worker { env, lane, .. } = worker;
        thread.observer().begin(task.id);
        let held = thread.take()?;
        // Where it was kept, nobody has recorded that this task computes now.
        lane.enter(Phase::Computing, Some(task.id));
        match &task.work {
            Work::Sleep { .. } | Work::Fetch(_) => {
                let waits_in = task::waits_in(&task.work);
                held.observer().after_drop.set(waits_in);
                held.release();
                if thread.observer().forced.take() {
                    // It waited for another to take the lock first.
                    lane.enter(waits_in, Some(task.id));
                }
                let outcome = worker.block(task);
                thread.observer().after_drop.set(Phase::Idle);
                let held = thread.take()?;
                let outcome = task::end(task, outcome, lane);
                held.keep();
                Ok(outcome)
            }
            work => {
                let held = RefCell::new(Some(held));
                let keep_going = || {
                    let mut held = held.borrow_mut();
                    *held = held.take().and_then(|held| held.checkpoint().ok());
                    held.is_some() && !env.shared.stop_requested()
                };
                let outcome = task::end(task, task::compute(work, &keep_going), lane);
                // Where the lock was closed meanwhile, it is not held any more.
                match held.into_inner() {
                    Some(held) => held.keep(),
                    None => lane.enter(Phase::Idle, None),
                }
                Ok(outcome)
            }
        }
    }

    /// There is no task: as CPython's threads do before they wait on the queue, drops the lock.
    fn idle(&self) {
        if let Some(thread) = &self.under {
            let mut thread = thread.borrow_mut();
            thread.observer().after_drop.set(Phase::Idle);
            thread.release_kept();
            if thread.observer().forced.take() {
                self.lane.enter(Phase::Idle, None);
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
struct LockObserver<P: 'static> {
    lane: Rc<LaneRecorder<'static, P>>,
    clock: &'static LockClock,
    task: Cell<Option<TaskId>>,
    /// What the thread does once it has dropped the lock of its own accord.
    after_drop: Cell<Phase>,
    /// Whether it was made to wait for another to take the lock, when it dropped it last.
    forced: Cell<bool>,
}

impl<P> LockObserver<P> {
    fn begin(&self, task: TaskId) {
        self.task.set(Some(task));
        self.after_drop.set(Phase::Idle);
        self.forced.set(false);
    }
}

impl<P: Clock> Observer for LockObserver<P> {
    fn on(&self, _: u32, event: GilEvent) {
        let at = self.clock.in_order(self.lane.now());
        let record = |kind, arg| self.lane.record_at(at, kind, self.task.get(), arg);
        match event {
            GilEvent::Waiting => record(EventKind::Enter(Phase::WaitingLock), 0),
            GilEvent::DropRequested => record(EventKind::LockRequested, 0),
            GilEvent::Taken { from, forced } => {
                record(EventKind::LockTaken, u64::from(forced) | (u64::from(from.unwrap_or(0)) << 1));
                record(EventKind::Enter(Phase::Computing), 0);
            }
            GilEvent::Dropped { forced } => {
                self.forced.set(forced);
                record(EventKind::LockDropped, forced.into());
                // Who was made to drop it waits for another to take it, and then for its own next turn.
                let phase = if forced { Phase::WaitingLock } else { self.after_drop.get() };
                record(EventKind::Enter(phase), 0);
            }
        }
    }
}
