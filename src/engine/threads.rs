//! A pool of threads that share memory: under one lock, as in CPython with its GIL, or without, as in Rust and in
//! free-threaded Python.

use core::cell::{Cell, RefCell};
use core::pin::pin;
use core::time::Duration;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::future::{Either, join, select};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::blocking_io::{Calls, calls};
use super::futures::{Executor, ThreadPoolExecutor};
use super::gil::{Closed, Gil, GilEvent, Observer, SWITCH_INTERVAL, ThreadState};
use super::job::{Env, Task, run_all};
use super::ports::{Clock, Ports};
use super::recorder::LaneRecorder;
use super::task::{self, Ask, Thread};
use crate::model::event::{EventKind, Phase};
use crate::model::id::{LaneId, TaskId};
use crate::model::message::Message;
use crate::model::outcome::{Failure, Outcome};
use crate::model::time::Instant;
use crate::workloads::sites::Request;

/// Which lock the threads of a pool compute under.
#[derive(Clone, Copy, Debug)]
pub(super) enum Locks {
    /// One for all, switched after this time: CPython's usual threads.
    One(Duration),
    /// None: Rust's threads, and those of CPython without its lock.
    None,
    /// One for each: a thread is an interpreter, and what it is given, and gives, is copied.
    Each,
}

/// Runs the tasks on a `ThreadPoolExecutor` of so many workers.
///
/// Thread 0 submits, and serves the requests of threads that block; it runs none of the tasks.
pub(super) async fn run<P: Ports + 'static>(
    tasks: Vec<Task>,
    env: Env<'static, P>,
    workers: usize,
    locks: Locks,
) -> Vec<(TaskId, Outcome)> {
    let lane = env.lane(0, LaneId::Thread(0));
    let gil = match locks {
        Locks::One(interval) => Some(SharedGil::leaked(interval)),
        Locks::None | Locks::Each => None,
    };
    let (calls, receiver) = calls();
    let make_worker = {
        let calls = calls.clone();
        move |number| {
            // Nobody waits for a lock of one's own, so its interval does not matter.
            let own = || SharedGil::leaked(SWITCH_INTERVAL);
            let gil = if matches!(locks, Locks::Each) { Some(own()) } else { gil };
            Ok(Worker::new(env, number, gil, calls.clone()))
        }
    };
    let built = ThreadPoolExecutor::builder(env.ports.threads())
        .max_workers(workers)
        .initializer(make_worker)
        .before_waiting(Worker::idle)
        .build();
    let pool = match built {
        Ok(pool) => pool,
        Err(error) => {
            let failed = Outcome::Failed(Failure::BrokenPool(error.to_string()));
            return tasks.iter().map(|task| (task.id, task::end(task.id, failed.clone(), &lane))).collect();
        }
    };
    let submit = |task: Task| match locks {
        Locks::Each => {
            let (id, message) = (task.id, pack(&task, task.id, &lane));
            pool.submit(move |worker: &Worker<P>| worker.run_message(id, message))
        }
        Locks::One(_) | Locks::None => pool.submit(move |worker: &Worker<P>| Ok(Answer::Outcome(worker.run(&task)))),
    };
    let ended = run_all(tasks, &lane, submit, |id, answer| answer.opened(id, &lane));
    let stopped = async {
        env.ports.stopped().await;
        if let Some(shared) = gil {
            shared.gil.close();
        }
        if let Some(common) = env.common {
            common.commons.close();
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
    if matches!(locks, Locks::Each) {
        lane.record(EventKind::LaneClosed, None, 0);
    }
    outcomes
}

/// What a worker gives for a task.
#[derive(Clone)]
enum Answer {
    Outcome(Outcome),
    /// The same as a message, from an interpreter of its own.
    Message(Vec<u8>),
}

impl Answer {
    fn opened<P: Ports>(self, task: TaskId, lane: &LaneRecorder<'_, P>) -> Result<Outcome, Failure> {
        match self {
            Answer::Outcome(outcome) => Ok(outcome),
            Answer::Message(message) => {
                let outcome = unpack(&message, task, lane);
                lane.enter(Phase::Idle, None);
                outcome
            }
        }
    }
}

/// Makes a message of something, and records what that took, and its bytes.
fn pack<P: Ports, T: Serialize>(value: &T, task: TaskId, lane: &LaneRecorder<'_, P>) -> Vec<u8> {
    lane.enter(Phase::Serialising, Some(task));
    // What is packed here is made of numbers and texts, which all can be.
    let message = postcard::to_allocvec(value).unwrap_or_default();
    lane.record(EventKind::Sent, Some(task), of_message(task, &message));
    lane.enter(Phase::Idle, None);
    message
}

/// Opens a message, and records what that took, and its bytes.
fn unpack<P: Ports, T: DeserializeOwned>(
    message: &[u8],
    task: TaskId,
    lane: &LaneRecorder<'_, P>,
) -> Result<T, Failure> {
    lane.enter(Phase::Deserialising, Some(task));
    let value = postcard::from_bytes(message).map_err(|error| Failure::BrokenPool(error.to_string()));
    lane.record(EventKind::Received, Some(task), of_message(task, message));
    value
}

/// What events say of a message: each task has one there and one back.
fn of_message(task: TaskId, message: &[u8]) -> u64 {
    Message { number: task.0, bytes: u32::try_from(message.len()).unwrap_or(u32::MAX) }.to_arg()
}

/// The lock and the order of what is recorded of it.
struct SharedGil {
    gil: Gil,
    clock: LockClock,
}

impl SharedGil {
    /// A process lives as long as its threads, and its lock with it.
    fn leaked(interval: Duration) -> &'static SharedGil {
        Box::leak(Box::new(SharedGil { gil: Gil::new(interval), clock: LockClock::default() }))
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
        let Some(thread) = &self.under else {
            let outcome = task::run_on_thread(task, &self.lane, self.env, Some(&self.calls));
            self.lane.record_with(EventKind::Enter(Phase::Idle), None, 0);
            return outcome;
        };
        if self.env.shared.stop_requested() {
            self.idle();
            return task::end(task.id, Outcome::Cancelled, &self.lane);
        }
        self.lane.record(EventKind::Started, Some(task.id), 0);
        thread.borrow().observer().begin(task.id);
        let thread = UnderLock { task: task.id, worker: self, thread };
        let outcome = match thread.take() {
            // Where it was kept, nobody has recorded that this task computes now.
            Ok(()) => {
                self.lane.enter(Phase::Computing, Some(task.id));
                task::steps(task, &self.lane, self.env, &thread)
            }
            Err(Closed) => Outcome::Cancelled,
        };
        let outcome = task::end(task.id, outcome, &self.lane);
        if !thread.holds() {
            self.lane.enter(Phase::Idle, None);
        }
        outcome
    }

    /// Runs a task that came as a message, and makes one of its outcome.
    fn run_message(&self, id: TaskId, message: Vec<u8>) -> Result<Answer, Failure> {
        let task: Task = unpack(&message, id, &self.lane)?;
        let outcome = self.run(&task);
        // The outcome is recorded; what comes after it is the price of the copy.
        let message = pack(&outcome, id, &self.lane);
        Ok(Answer::Message(message))
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
}

impl<P: Ports> Drop for Worker<P> {
    fn drop(&mut self) {
        self.lane.record(EventKind::LaneClosed, None, 0);
    }
}

/// A thread that runs a task as CPython runs a function: under the lock, which is dropped while the thread sleeps or waits for
/// an answer, and kept from one step to the next, and from one task to the next.
struct UnderLock<'a, P: Ports + 'static> {
    task: TaskId,
    worker: &'a Worker<P>,
    thread: &'a RefCell<ThreadState<'static, LockObserver<P>>>,
}

impl<P: Ports> UnderLock<'_, P> {
    /// Takes the lock and keeps it; where it was kept, this is a checkpoint.
    fn take(&self) -> Result<(), Closed> {
        self.thread.borrow_mut().take()?.keep();
        Ok(())
    }

    fn holds(&self) -> bool {
        self.thread.borrow().keeps()
    }

    /// Does something without the lock, and takes it again.
    fn without(&self, phase: Phase, run: &dyn Fn() -> Outcome) -> Outcome {
        {
            let mut thread = self.thread.borrow_mut();
            thread.observer().after_drop.set(phase);
            thread.release_kept();
            if thread.observer().forced.take() {
                // It waited for another to take the lock first.
                self.worker.lane.enter(phase, Some(self.task));
            }
        }
        let outcome = run();
        self.thread.borrow().observer().after_drop.set(Phase::Idle);
        match self.take() {
            Ok(()) => outcome,
            Err(Closed) => Outcome::Cancelled,
        }
    }
}

impl<P: Ports> Thread for UnderLock<'_, P> {
    fn compute(&self, run: &dyn Fn(Ask<'_>) -> Outcome) -> Outcome {
        let shared = self.worker.env.shared;
        run(&|| self.take().is_ok() && !shared.stop_requested())
    }

    fn compute_unlocked(&self, run: &dyn Fn(Ask<'_>) -> Outcome) -> Outcome {
        let shared = self.worker.env.shared;
        self.without(Phase::ComputingUnlocked, &|| run(&|| !shared.stop_requested()))
    }

    fn compute_unheard(&self, run: &dyn Fn(Ask<'_>) -> Outcome) -> Outcome {
        let shared = self.worker.env.shared;
        run(&|| !shared.stop_requested())
    }

    fn wait(&self, phase: Phase, run: &dyn Fn() -> Outcome) -> Outcome {
        self.without(phase, run)
    }

    fn fetch(&self, request: &Request) -> Outcome {
        self.worker.calls.fetch(request)
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
