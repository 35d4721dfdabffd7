//! The steps of a task that have to do with what tasks share: done on a thread that may block, or awaited.

use core::cell::{Cell, RefCell};
use core::num::NonZeroUsize;
use core::task::Poll;

use super::commons::{Commons, Counter, LockName, Member, QueueName, QueueSetup, Setup, Wait, WaitError};
use super::job::Env;
use super::ports::Ports;
use super::task::{self, Thread};
use crate::model::event::Phase;
use crate::model::id::TaskId;
use crate::model::outcome::{Failure, Outcome, Value};
use crate::model::plan::{Job, ModelKind, Workload};
use crate::workloads::{Kernel, LockNumber};

/// What is computed between reading the counter and writing it, in additions: about a microsecond. One instruction would do
/// to lose an update, but seldom.
const WINDOW: u32 = 1_000;
const QUEUE: QueueName = QueueName(0);
/// The lock of the counter.
const COUNTER_LOCK: LockNumber = 0;

/// What the tasks of a run share.
#[derive(Debug)]
pub struct Common {
    pub(super) commons: Commons,
    pub(super) counter: Counter,
}

impl Common {
    /// What the tasks of a job share; `None` if that is nothing.
    pub(super) fn of(job: &Job) -> Option<Common> {
        let (workload, event_loop) = (&job.workload, job.options.event_loop);
        let at_once = match (job.model, event_loop.in_flight) {
            // Who waits for the semaphore has not begun, and will not before another ends.
            (ModelKind::EventLoop, in_flight) => in_flight.and_then(|most| NonZeroUsize::new(most as usize)),
            _ => NonZeroUsize::new(job.threads() as usize).or(Some(NonZeroUsize::MIN)),
        };
        let is_limited = job.model == ModelKind::EventLoop && event_loop.each_ms.is_some();
        let setup = |queues| Setup { tasks: workload.tasks(), at_once, queues, is_limited };
        let queues = match *workload {
            Workload::Queue { capacity, .. } => {
                let capacity = NonZeroUsize::new(capacity as usize).unwrap_or(NonZeroUsize::MIN);
                vec![QueueSetup { capacity, producers: 1 }]
            }
            Workload::Counter { .. } | Workload::Deadlock { .. } => Vec::new(),
            _ => return None,
        };
        Some(Common { commons: Commons::new(&setup(queues)), counter: Counter::default() })
    }
}

/// A task among those that it shares with.
#[derive(Debug)]
pub(super) struct Sharer<'a> {
    common: &'a Common,
    member: RefCell<Member<'a, ()>>,
    /// Whether it has begun to produce, and has not said that there will be no more.
    produces: Cell<bool>,
}

/// However a producer ends, those who wait for its items are told that no more come.
impl Drop for Sharer<'_> {
    fn drop(&mut self) {
        if self.produces.get() {
            // Where it fails there is no such queue, and nobody waits for it.
            let _ = self.member.get_mut().finish(QUEUE);
        }
    }
}

impl<'a> Sharer<'a> {
    /// The task begins; `None` where nothing is shared.
    pub(super) fn begin<P: Ports>(task: TaskId, env: Env<'a, P>) -> Option<Sharer<'a>> {
        let common = env.common?;
        // It begins once, and is one of those that the setup counts.
        let member = common.commons.begin(task, ()).ok()?;
        Some(Sharer { common, member: RefCell::new(member), produces: Cell::new(false) })
    }

    pub(super) fn release(&self, lock: LockNumber) -> Outcome {
        match self.member.borrow_mut().release(name(lock)) {
            Ok(()) => Outcome::Done(Value::Nothing),
            Err(error) => Outcome::Failed(Failure::Panicked(error.to_string())),
        }
    }

    /// Adds one so often, without a lock. How many additions were made is what it gives; some may be lost.
    pub(super) fn add(&self, times: u32, ask: &dyn Fn() -> bool) -> Outcome {
        match self.common.counter.increment(times, WINDOW, ask) {
            made if made == times => Outcome::Done(Value::Count(made.into())),
            _ => Outcome::Cancelled,
        }
    }
}

// --- On a thread ------------------------------------------------------------------------------------------------------

/// Asks for something, and waits for it if that must be. A macro, as what is asked for borrows the member.
macro_rules! get {
    ($sharer:expr, $thread:expr, $phase:expr, |$member:ident| $wait:expr) => {{
        let mut $member = $sharer.member.borrow_mut();
        block($thread, $phase, $wait)
    }};
}

fn block<O, R>(thread: &dyn Thread, phase: Phase, mut wait: Wait<'_, O, R>) -> Result<R::Output, Outcome>
where
    O: super::commons::Observer,
    R: super::commons::Request,
{
    if let Poll::Ready(result) = wait.attempt() {
        return result.map_err(ended);
    }
    let (wait, result) = (Cell::new(Some(wait)), Cell::new(None));
    let outcome = thread.wait(phase, &|| {
        result.set(wait.take().map(Wait::block));
        Outcome::Done(Value::Nothing)
    });
    thread.resume();
    match (outcome, result.into_inner()) {
        (Outcome::Done(_), Some(result)) => result.map_err(ended),
        (outcome, _) => Err(outcome),
    }
}

impl Sharer<'_> {
    pub(super) fn acquire(&self, lock: LockNumber, thread: &dyn Thread) -> Outcome {
        let acquired = get!(self, thread, Phase::WaitingMutex, |member| member.acquire(name(lock)));
        acquired.map_or_else(|ended| ended, |()| Outcome::Done(Value::Nothing))
    }

    /// Adds one so often, each time under the lock.
    pub(super) fn add_locked(&self, times: u32, thread: &dyn Thread) -> Outcome {
        thread.compute(&|ask| {
            for _ in 0..times {
                let added = match self.acquire(COUNTER_LOCK, thread) {
                    Outcome::Done(_) => self.add(1, ask),
                    other => return other,
                };
                self.release(COUNTER_LOCK);
                if !matches!(added, Outcome::Done(_)) {
                    return added;
                }
            }
            Outcome::Done(Value::Count(times.into()))
        })
    }

    pub(super) fn produce(&self, items: u32, thread: &dyn Thread) -> Outcome {
        self.produces.set(true);
        for item in 0..items {
            if let Err(ended) = get!(self, thread, Phase::WaitingQueue, |member| member.put(QUEUE, item.into())) {
                return ended;
            }
        }
        self.finish(items)
    }

    pub(super) fn consume(&self, kernel: &Kernel, thread: &dyn Thread) -> Outcome {
        let mut items = 0;
        loop {
            match get!(self, thread, Phase::WaitingQueue, |member| member.get(QUEUE)) {
                Ok(_) => items += 1,
                Err(Outcome::Done(_)) => return Outcome::Done(Value::Count(items)),
                Err(ended) => return ended,
            }
            match thread.compute(&|ask| task::compute(kernel, ask, &|_, _| ())) {
                Outcome::Done(_) => {}
                ended => return ended,
            }
        }
    }

    fn finish(&self, items: u32) -> Outcome {
        self.produces.set(false);
        match self.member.borrow_mut().finish(QUEUE) {
            Ok(()) => Outcome::Done(Value::Count(items.into())),
            Err(error) => ended(error),
        }
    }
}

// --- In a coroutine ---------------------------------------------------------------------------------------------------

// Each member is one task's, whose steps come one after another: nobody else borrows it meanwhile.
#[expect(clippy::await_holding_refcell_ref, reason = "a task's member is used by that task alone")]
impl Sharer<'_> {
    pub(super) async fn acquire_async(&self, lock: LockNumber) -> Outcome {
        match self.member.borrow_mut().acquire(name(lock)).await {
            Ok(()) => Outcome::Done(Value::Nothing),
            Err(error) => ended(error),
        }
    }

    pub(super) async fn add_locked_async(&self, times: u32, ask: &dyn Fn() -> bool) -> Outcome {
        for _ in 0..times {
            let added = match self.acquire_async(COUNTER_LOCK).await {
                Outcome::Done(_) => self.add(1, ask),
                other => return other,
            };
            self.release(COUNTER_LOCK);
            if !matches!(added, Outcome::Done(_)) {
                return added;
            }
        }
        Outcome::Done(Value::Count(times.into()))
    }

    pub(super) async fn produce_async(&self, items: u32) -> Outcome {
        self.produces.set(true);
        for item in 0..items {
            if let Err(error) = self.member.borrow_mut().put(QUEUE, item.into()).await {
                return ended(error);
            }
        }
        self.finish(items)
    }

    /// `compute` computes, on the loop or elsewhere.
    pub(super) async fn consume_async(&self, compute: impl AsyncFn() -> Outcome) -> Outcome {
        let mut items = 0;
        loop {
            match self.member.borrow_mut().get(QUEUE).await {
                Ok(_) => items += 1,
                Err(WaitError::Finished(_)) => return Outcome::Done(Value::Count(items)),
                Err(error) => return ended(error),
            }
            match compute().await {
                Outcome::Done(_) => {}
                ended => return ended,
            }
        }
    }
}

fn name(lock: LockNumber) -> LockName {
    LockName(if lock == 0 { 'A' } else { 'B' })
}

/// How a task ends that does not get what it wanted. A queue that is finished is a good end.
fn ended(error: WaitError) -> Outcome {
    match error {
        WaitError::Closed => Outcome::Cancelled,
        WaitError::Deadlock(circle) => Outcome::Failed(Failure::Deadlock(circle.to_string())),
        WaitError::Stalled(stalled) => Outcome::Failed(Failure::Stalled(stalled.to_string())),
        WaitError::Finished(_) => Outcome::Done(Value::Nothing),
        error @ WaitError::NoSuchQueue(_) => Outcome::Failed(Failure::Panicked(error.to_string())),
    }
}
