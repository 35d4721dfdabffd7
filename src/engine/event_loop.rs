//! Coroutines that take turns on one thread: every task is in flight, and at most one computes.

use futures_util::stream::{FuturesUnordered, StreamExt};

use super::coroutine;
use super::job::{Env, Task, submit_all};
use super::ports::Ports;
use crate::model::event::EventKind;
use crate::model::id::{LaneId, TaskId};
use crate::model::outcome::Outcome;

pub(super) async fn run<P: Ports>(tasks: Vec<Task>, env: Env<'_, P>) -> Vec<(TaskId, Outcome)> {
    submit_all(&tasks, &env.lane(0, LaneId::Thread(0)));
    // A coroutine is polled when it was woken, and not when any other was: each turn that is recorded is its own.
    let coroutines: FuturesUnordered<_> = tasks
        .iter()
        .map(async |task| {
            let lane = env.lane(0, LaneId::Coroutine(task.id.0));
            let outcome = coroutine::drive(task, &lane, env).await;
            lane.record(EventKind::LaneClosed, None, 0);
            (task.id, outcome)
        })
        .collect();
    coroutines.collect().await
}
