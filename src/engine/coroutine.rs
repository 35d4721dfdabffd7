//! A coroutine: a task on an event loop, with its turns recorded.

use core::cell::Cell;
use core::future::Future;
use core::pin::{Pin, pin};
use core::task::{Context, Poll};
use core::time::Duration;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::{Either, select};

use super::asyncio;
use super::futures::{ThreadPoolExecutor, panic_failure};
use super::job::{Env, Task};
use super::ports::Ports;
use super::recorder::LaneRecorder;
use super::sharing::Sharer;
use super::task::{self, Ask};
use crate::model::event::{EventKind, Phase};
use crate::model::id::TaskId;
use crate::model::outcome::{Failure, Outcome, Value};
use crate::workloads::{Kernel, Step};

/// Runs a task that has its thread for itself as a coroutine, once it was recorded that it starts, and records the rest of its
/// life on the thread's lane. A stop reaches it at its next turn.
pub(super) async fn drive<P: Ports + 'static>(task: &Task, lane: &LaneRecorder<'_, P>, env: Env<'_, P>) -> Outcome {
    let coroutine = Coroutine::new(task, lane, env, None);
    let outcome = match select(pin!(coroutine.run()), pin!(env.ports.stopped())).await {
        Either::Left((outcome, _)) => outcome,
        Either::Right(_) => Outcome::Cancelled,
    };
    task::end(task.id, outcome, lane)
}

/// The threads that coroutines leave to what would block the loop.
pub(super) type Helpers<P> = ThreadPoolExecutor<HelperLane<P>>;

/// The lane of such a thread, which is closed at its end.
pub(super) struct HelperLane<P: Ports + 'static>(pub LaneRecorder<'static, P>);

impl<P: Ports> Drop for HelperLane<P> {
    fn drop(&mut self) {
        self.0.record(EventKind::LaneClosed, None, 0);
    }
}

/// A task on an event loop.
pub(super) struct Coroutine<'a, P: Ports + 'static> {
    task: &'a Task,
    lane: &'a LaneRecorder<'a, P>,
    env: Env<'a, P>,
    /// Without, it computes itself.
    helpers: Option<&'a Helpers<P>>,
    /// What it does while it waits.
    waits_in: Cell<Phase>,
}

impl<'a, P: Ports + 'static> Coroutine<'a, P> {
    pub(super) fn new(
        task: &'a Task,
        lane: &'a LaneRecorder<'a, P>,
        env: Env<'a, P>,
        helpers: Option<&'a Helpers<P>>,
    ) -> Self {
        Coroutine { task, lane, env, helpers, waits_in: Cell::new(Phase::WaitingIo) }
    }

    /// Runs it, once it was recorded that it starts; each of its turns is recorded.
    pub(super) async fn run(&self) -> Outcome {
        let (lane, task, waits_in) = (self.lane, self.task.id, &self.waits_in);
        Turns { inner: pin!(self.steps()), lane, task, waits_in, is_first: true }.await
    }

    /// Does its steps, up to the first that does not end well.
    ///
    /// What it awaits is in boxes: a coroutine is as large as the largest that it may ever await, and most of a thousand that
    /// begin at once would have memory for what they never do.
    async fn steps(&self) -> Outcome {
        let (env, shared) = (self.env, self.env.shared);
        let ask = || !shared.stop_requested();
        let sharer = Sharer::begin(self.task.id, env);
        let mut result = Value::Nothing;
        for step in self.task.work.steps() {
            let outcome = match step {
                Step::Fetch(request) => {
                    self.waits_in.set(Phase::WaitingIo);
                    Box::pin(env.ports.fetch(request)).await.map_or_else(Outcome::Failed, Outcome::Done)
                }
                Step::Sleep { ms } => {
                    self.waits_in.set(Phase::Sleeping);
                    Box::pin(env.ports.sleep(Duration::from_millis((*ms).into()))).await;
                    Outcome::Done(Value::Text)
                }
                // The loop has no lock that could be let go of.
                Step::Compute(kernel) | Step::Call { kernel, .. } => self.compute(kernel, &ask).await,
                shared => match &sharer {
                    Some(sharer) => Box::pin(self.share(sharer, shared, &ask)).await,
                    None => Outcome::Failed(Failure::Panicked("its tasks share nothing".to_owned())),
                },
            };
            match outcome {
                Outcome::Done(value) => result = result.and(value),
                ended => return ended,
            }
        }
        Outcome::Done(result)
    }

    /// Does a step that has to do with what tasks share.
    async fn share(&self, sharer: &Sharer<'_>, step: &Step, ask: Ask<'_>) -> Outcome {
        let locks = matches!(step, Step::Acquire(_) | Step::Add { .. });
        self.waits_in.set(if locks { Phase::WaitingMutex } else { Phase::WaitingQueue });
        match step {
            Step::Acquire(lock) => sharer.acquire_async(*lock).await,
            Step::Release(lock) => sharer.release(*lock),
            Step::Add { times, locked: true } => sharer.add_locked_async(*times, ask).await,
            // No await comes between reading and writing, so that nothing is lost.
            Step::Add { times, locked: false } => sharer.add(*times, ask),
            Step::Produce { items } => sharer.produce_async(*items).await,
            Step::Consume(kernel) => {
                let compute = async || {
                    let outcome = self.compute(kernel, ask).await;
                    self.waits_in.set(Phase::WaitingQueue);
                    outcome
                };
                sharer.consume_async(compute).await
            }
            Step::Compute(_) | Step::Call { .. } | Step::Sleep { .. } | Step::Fetch(_) => {
                unreachable!("this step shares nothing")
            }
        }
    }

    /// Computes, and so blocks the loop; or has a thread do it.
    async fn compute(&self, kernel: &Kernel, ask: Ask<'_>) -> Outcome {
        if let Some(pool) = self.helpers {
            return Box::pin(self.compute_on(pool, kernel)).await;
        }
        self.env.ports.publish();
        let show = |piece, shades| self.lane.record(EventKind::Shown(piece), Some(self.task.id), shades);
        task::compute(kernel, ask, &show)
    }

    /// Has a thread compute.
    async fn compute_on(&self, pool: &Helpers<P>, kernel: &Kernel) -> Outcome {
        self.waits_in.set(Phase::WaitingJoin);
        let (kernel, id, is_cancelled) = (kernel.clone(), self.task.id, Arc::new(AtomicBool::new(false)));
        let _at_end = Cancels(is_cancelled.clone());
        let on_thread = move |HelperLane(lane): &HelperLane<P>| {
            lane.enter(Phase::Computing, Some(id));
            let show = |piece, shades| lane.record(EventKind::Shown(piece), Some(id), shades);
            // A thread cannot be cancelled; what computes here looks whether anybody still waits for it.
            let outcome = task::compute(&kernel, &|| !is_cancelled.load(Ordering::Relaxed), &show);
            lane.enter(Phase::Idle, None);
            Ok(outcome)
        };
        asyncio::run_in_executor(pool, on_thread).await.unwrap_or_else(|error| match error {
            asyncio::Error::Cancelled => Outcome::Cancelled,
            other => Outcome::Failed(Failure::BrokenPool(other.to_string())),
        })
    }
}

/// Tells a thread that nobody waits for it any more.
struct Cancels(Arc<AtomicBool>);

impl Drop for Cancels {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Records each turn of a future: computing while it is polled, waiting between.
struct Turns<'a, 'r, F, P> {
    inner: Pin<&'a mut F>,
    lane: &'a LaneRecorder<'r, P>,
    task: TaskId,
    waits_in: &'a Cell<Phase>,
    /// Whether it had no turn yet.
    is_first: bool,
}

impl<F: Future<Output = Outcome>, P: Ports> Future for Turns<'_, '_, F, P> {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome> {
        let turn = EventKind::Enter(Phase::Computing);
        if core::mem::take(&mut self.is_first) {
            // The first is what it was said to start with, just now.
            self.lane.record_with(turn, Some(self.task), 0);
        } else {
            self.lane.record(turn, Some(self.task), 0);
        }
        let inner = self.inner.as_mut();
        let polled = catch_unwind(AssertUnwindSafe(|| inner.poll(context)))
            .unwrap_or_else(|payload| Poll::Ready(Outcome::Failed(panic_failure(payload.as_ref()))));
        if polled.is_pending() {
            self.lane.enter(self.waits_in.get(), Some(self.task));
        }
        polled
    }
}
