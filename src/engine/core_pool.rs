//! rayon's pool on the threads of the process: work stealing, shared memory, nothing copied.

use std::sync::{Mutex, PoisonError};

use super::job::{Env, Task, submit_all};
use super::ports::Ports;
use super::recorder::LaneRecorder;
use super::task;
use crate::model::event::{EventKind, Phase};
use crate::model::id::{LaneId, TaskId};
use crate::model::outcome::Outcome;

/// Runs the tasks on the current rayon pool. Blocks the calling thread, which does none of them.
pub(super) fn run<P: Ports>(tasks: Vec<Task>, env: Env<'_, P>) -> Vec<(TaskId, Outcome)> {
    // Allocated here, so that no worker does while it is measured.
    let outcomes = Mutex::new(Vec::with_capacity(tasks.len()));
    rayon::broadcast(|_| worker_lane(env).enter(Phase::Idle, None));
    submit_all(&tasks, &env.lane(0, LaneId::Thread(0)));
    // First in, first out: tasks begin in the order of their submission, as in the other models.
    rayon::in_place_scope_fifo(|scope| {
        for task in &tasks {
            let outcomes = &outcomes;
            scope.spawn_fifo(move |_| {
                let lane = worker_lane(env);
                let outcome = task::run_on_thread(task, &lane, env, None);
                lane.enter(Phase::Idle, None);
                outcomes.lock().unwrap_or_else(PoisonError::into_inner).push((task.id, outcome));
            });
        }
    });
    rayon::broadcast(|_| worker_lane(env).record(EventKind::LaneClosed, None, 0));
    outcomes.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// The lane of the worker that this is called on. Ring 0 is thread 0's, so worker 0 has ring 1.
fn worker_lane<P: Ports>(env: Env<'_, P>) -> LaneRecorder<'_, P> {
    let number = rayon::current_thread_index().map_or(0, |index| index + 1);
    env.lane(number, LaneId::Thread(number as u32))
}
