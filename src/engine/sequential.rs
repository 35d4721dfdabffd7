//! One task after another, on the thread that the process starts with: the baseline of every comparison.

use super::job::{Env, Task, submit_all};
use super::ports::Ports;
use super::task;
use crate::model::event::{EventKind, Phase};
use crate::model::id::{LaneId, TaskId};
use crate::model::outcome::Outcome;

pub(super) async fn run<P: Ports + 'static>(tasks: Vec<Task>, env: Env<'_, P>) -> Vec<(TaskId, Outcome)> {
    let lane = env.lane(0, LaneId::Thread(0));
    submit_all(&tasks, &lane);
    let mut outcomes = Vec::with_capacity(tasks.len());
    for task in &tasks {
        let outcome = task::run_alone(task, &lane, env).await;
        lane.record_with(EventKind::Enter(Phase::Idle), None, 0);
        outcomes.push((task.id, outcome));
    }
    lane.record(EventKind::LaneClosed, None, 0);
    outcomes
}
