//! A coroutine: a task on an event loop, with its turns recorded.

use core::cell::Cell;
use core::future::Future;
use core::pin::{Pin, pin};
use core::task::{Context, Poll};
use core::time::Duration;
use std::panic::{AssertUnwindSafe, catch_unwind};

use futures_util::future::{Either, select};

use super::job::{Env, Task};
use super::ports::Ports;
use super::recorder::LaneRecorder;
use super::sharing::Sharer;
use super::task::{self, Ask};
use crate::model::event::{EventKind, Phase};
use crate::model::id::TaskId;
use crate::model::outcome::{Failure, Outcome, Value};
use crate::workloads::Step;

/// Runs a task as a coroutine and records its life on a lane. A stop reaches it at its next turn.
pub(super) async fn drive<P: Ports>(task: &Task, lane: &LaneRecorder<'_, P>, env: Env<'_, P>) -> Outcome {
    if env.shared.stop_requested() {
        return task::end(task.id, Outcome::Cancelled, lane);
    }
    lane.record(EventKind::Started, Some(task.id), 0);
    let waits_in = Cell::new(Phase::WaitingIo);
    let inner = pin!(until_stopped(task, lane, env, &waits_in));
    let outcome = Turns { inner, lane, task: task.id, waits_in: &waits_in }.await;
    task::end(task.id, outcome, lane)
}

async fn until_stopped<P: Ports>(
    task: &Task,
    lane: &LaneRecorder<'_, P>,
    env: Env<'_, P>,
    waits_in: &Cell<Phase>,
) -> Outcome {
    match select(pin!(steps(task, lane, env, waits_in)), pin!(env.ports.stopped())).await {
        Either::Left((outcome, _)) => outcome,
        Either::Right(_) => Outcome::Cancelled,
    }
}

/// Does the steps of a task, up to the first that does not end well. `waits_in` is set to what it does while it waits.
async fn steps<P: Ports>(task: &Task, lane: &LaneRecorder<'_, P>, env: Env<'_, P>, waits_in: &Cell<Phase>) -> Outcome {
    let show = |piece, shades| lane.record(EventKind::Shown(piece), Some(task.id), shades);
    let ask = || !env.shared.stop_requested();
    let sharer = Sharer::begin(task.id, env);
    let mut result = Value::Nothing;
    for step in task.work.steps() {
        let outcome = match step {
            Step::Fetch(request) => {
                waits_in.set(Phase::WaitingIo);
                env.ports.fetch(request).await.map_or_else(Outcome::Failed, Outcome::Done)
            }
            Step::Sleep { ms } => {
                waits_in.set(Phase::Sleeping);
                env.ports.sleep(Duration::from_millis((*ms).into())).await;
                Outcome::Done(Value::Text)
            }
            // The loop has no lock that could be let go of.
            Step::Compute(kernel) | Step::Call { kernel, .. } => {
                env.ports.publish();
                task::compute(kernel, &ask, &show)
            }
            shared => match &sharer {
                Some(sharer) => share(sharer, shared, &ask, waits_in).await,
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
async fn share(sharer: &Sharer<'_>, step: &Step, ask: Ask<'_>, waits_in: &Cell<Phase>) -> Outcome {
    let locks = matches!(step, Step::Acquire(_) | Step::Add { .. });
    waits_in.set(if locks { Phase::WaitingMutex } else { Phase::WaitingQueue });
    match step {
        Step::Acquire(lock) => sharer.acquire_async(*lock).await,
        Step::Release(lock) => sharer.release(*lock),
        Step::Add { times, locked: true } => sharer.add_locked_async(*times, ask).await,
        // No await comes between reading and writing, so that nothing is lost.
        Step::Add { times, locked: false } => sharer.add(*times, ask),
        Step::Produce { items } => sharer.produce_async(*items).await,
        Step::Consume(kernel) => sharer.consume_async(kernel, ask).await,
        Step::Compute(_) | Step::Call { .. } | Step::Sleep { .. } | Step::Fetch(_) => {
            unreachable!("this step shares nothing")
        }
    }
}

/// Records each turn of a future: computing while it is polled, waiting between.
struct Turns<'a, 'r, F, P> {
    inner: Pin<&'a mut F>,
    lane: &'a LaneRecorder<'r, P>,
    task: TaskId,
    waits_in: &'a Cell<Phase>,
}

impl<F: Future<Output = Outcome>, P: Ports> Future for Turns<'_, '_, F, P> {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome> {
        self.lane.enter(Phase::Computing, Some(self.task));
        let inner = self.inner.as_mut();
        let polled = catch_unwind(AssertUnwindSafe(|| inner.poll(context)))
            .unwrap_or_else(|payload| Poll::Ready(Outcome::Failed(task::panic_failure(payload.as_ref()))));
        if polled.is_pending() {
            self.lane.enter(self.waits_in.get(), Some(self.task));
        }
        polled
    }
}
