//! A coroutine: work on an event loop, with its turns recorded.

use core::future::Future;
use core::pin::{Pin, pin};
use core::task::{Context, Poll};
use core::time::Duration;
use std::panic::{AssertUnwindSafe, catch_unwind};

use futures_util::future::{Either, select};

use super::job::{Env, Task};
use super::ports::Ports;
use super::recorder::LaneRecorder;
use super::task;
use crate::model::event::{EventKind, Phase};
use crate::model::id::TaskId;
use crate::model::outcome::{Outcome, Value};
use crate::workloads::Work;

/// Runs a task as a coroutine and records its life on a lane. A stop reaches it at its next turn.
pub async fn drive<P: Ports>(task: &Task, lane: &LaneRecorder<'_, P>, env: Env<'_, P>) -> Outcome {
    if env.shared.stop_requested() {
        return task::end(task, Outcome::Cancelled, lane);
    }
    lane.record(EventKind::Started, Some(task.id), 0);
    let waits_in = task::waits_in(&task.work);
    let outcome = Turns { inner: pin!(until_stopped(&task.work, env)), lane, task: task.id, waits_in }.await;
    task::end(task, outcome, lane)
}

pub(super) async fn until_stopped<P: Ports>(work: &Work, env: Env<'_, P>) -> Outcome {
    match select(pin!(perform(work, env)), pin!(env.ports.stopped())).await {
        Either::Left((outcome, _)) => outcome,
        Either::Right(_) => Outcome::Cancelled,
    }
}

async fn perform<P: Ports>(work: &Work, env: Env<'_, P>) -> Outcome {
    match work {
        Work::Fetch(request) => match env.ports.fetch(request).await {
            Ok(value) => Outcome::Done(value),
            Err(failure) => Outcome::Failed(failure),
        },
        Work::Sleep { ms } => {
            env.ports.sleep(Duration::from_millis((*ms).into())).await;
            Outcome::Done(Value::Text)
        }
        Work::Primes(_) | Work::Panic(_) | Work::Trap => {
            env.ports.publish();
            task::compute(work, &|| !env.shared.stop_requested())
        }
    }
}

/// Records each turn of a future: computing while it is polled, waiting between.
struct Turns<'a, 'r, F, P> {
    inner: Pin<&'a mut F>,
    lane: &'a LaneRecorder<'r, P>,
    task: TaskId,
    waits_in: Phase,
}

impl<F: Future<Output = Outcome>, P: Ports> Future for Turns<'_, '_, F, P> {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome> {
        self.lane.enter(Phase::Computing, Some(self.task));
        let inner = self.inner.as_mut();
        let polled = catch_unwind(AssertUnwindSafe(|| inner.poll(context)))
            .unwrap_or_else(|payload| Poll::Ready(Outcome::Failed(task::panic_failure(payload.as_ref()))));
        if polled.is_pending() {
            self.lane.enter(self.waits_in, Some(self.task));
        }
        polled
    }
}
