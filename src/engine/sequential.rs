//! One task after another, on the thread that the process starts with: the baseline of every comparison.

use super::job::{Env, Task, submit_all};
use super::ports::Ports;
use super::{coroutine, task};
use crate::model::event::{EventKind, Phase};
use crate::model::id::{LaneId, TaskId};
use crate::model::outcome::Outcome;
use crate::workloads::Work;

pub(super) async fn run<P: Ports>(tasks: Vec<Task>, env: Env<'_, P>) -> Vec<(TaskId, Outcome)> {
    let lane = env.lane(0, LaneId::Thread(0));
    submit_all(&tasks, &lane);
    let mut outcomes = Vec::with_capacity(tasks.len());
    for task in &tasks {
        // A browser has no request that blocks a thread and can be given up, so the thread waits for each on its event
        // loop, with nothing else to do there.
        let outcome = match task.work {
            Work::Fetch(_) => coroutine::drive(task, &lane, env).await,
            _ => task::run_on_thread(task, &lane, env),
        };
        lane.enter(Phase::Idle, None);
        outcomes.push((task.id, outcome));
    }
    lane.record(EventKind::LaneClosed, None, 0);
    outcomes
}
