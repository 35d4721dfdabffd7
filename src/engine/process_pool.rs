//! A pool of processes, each with memory of its own: Python's `Pool(n).map`. What a task is given and what it returns travels
//! as a message, which is copied on its way, and both ends record what that takes.

use core::pin::pin;

use futures_util::future::{Either, join_all, select};
use std::cell::RefCell;
use std::collections::VecDeque;

use super::job::{Env, Task, submit_all};
use super::ports::{Pipe, PipeBroken, Ports};
use super::recorder::LaneRecorder;
use super::task;
use crate::model::event::{EventKind, Phase};
use crate::model::id::{LaneId, TaskId};
use crate::model::outcome::{Failure, Outcome, Report};

/// How many tasks a message carries if nobody says: as many as make four messages for each process, as Python's `Pool.map`.
pub fn default_chunksize(tasks: usize, processes: usize) -> usize {
    tasks.div_ceil(processes.max(1) * 4).max(1)
}

/// Starts the processes, then has each do one chunk of tasks after another, until none is left.
///
/// If a process dies, the pool is broken, as a `ProcessPoolExecutor` is: every task that has not ended fails.
pub(super) async fn run<P: Ports>(
    tasks: Vec<Task>,
    env: Env<'_, P>,
    processes: u32,
    chunksize: usize,
) -> Vec<(TaskId, Outcome)> {
    let lane = env.lane(0, LaneId::Thread(0));
    lane.enter(Phase::Idle, None);
    let started = join_all((1..=processes).map(|number| env.ports.start_process(number))).await;
    let mut pool =
        Pool { env, lane, queue: RefCell::default(), outcomes: RefCell::default(), broken: RefCell::default() };
    submit_all(&tasks, &pool.lane);
    let all: Vec<TaskId> = tasks.iter().map(|task| task.id).collect();
    pool.queue = RefCell::new(tasks.chunks(chunksize.max(1)).map(<[Task]>::to_vec).collect());
    let mut pipes = Vec::with_capacity(started.len());
    for pipe in started {
        match pipe {
            Ok(pipe) => pipes.push(pipe),
            Err(PipeBroken(reason)) => pool.break_up(reason),
        }
    }
    {
        let work = join_all(pipes.iter().map(|pipe| pool.keep_busy(pipe)));
        let stopped = env.ports.stopped();
        match select(pin!(work), pin!(stopped)).await {
            Either::Left(_) => {}
            Either::Right(((), work)) => {
                pool.queue.borrow_mut().clear();
                // Those that compute look at the stop flag of their own memory, and answer.
                work.await;
            }
        }
    }
    if pool.broken.borrow().is_none() {
        join_all(pipes.iter().map(|pipe| close(pipe, &pool.lane))).await;
    }
    let mut outcomes = pool.outcomes.into_inner();
    let lost = match pool.broken.into_inner() {
        Some(reason) => Outcome::Failed(Failure::BrokenPool(reason)),
        None => Outcome::Cancelled,
    };
    for id in all {
        if !outcomes.iter().any(|(other, _)| *other == id) {
            outcomes.push((id, task::end(id, lost.clone(), &pool.lane)));
        }
    }
    pool.lane.record(EventKind::LaneClosed, None, 0);
    outcomes
}

/// The parent's side of the pool.
struct Pool<'a, P> {
    env: Env<'a, P>,
    lane: LaneRecorder<'a, P>,
    queue: RefCell<VecDeque<Vec<Task>>>,
    outcomes: RefCell<Vec<(TaskId, Outcome)>>,
    broken: RefCell<Option<String>>,
}

impl<P: Ports> Pool<'_, P> {
    fn break_up(&self, reason: String) {
        self.broken.borrow_mut().get_or_insert(reason);
        self.queue.borrow_mut().clear();
    }

    /// Gives a process one chunk after another.
    async fn keep_busy(&self, pipe: &P::Pipe) {
        loop {
            let chunk = self.queue.borrow_mut().pop_front();
            let Some(chunk) = chunk else { return };
            if self.env.shared.stop_requested() {
                return;
            }
            match self.call(pipe, &chunk).await {
                Ok(report) => self.outcomes.borrow_mut().extend(report.outcomes),
                Err(PipeBroken(reason)) => return self.break_up(reason),
            }
        }
    }

    async fn call(&self, pipe: &P::Pipe, chunk: &[Task]) -> Result<Report, PipeBroken> {
        send(pipe, &chunk, chunk.first(), &self.lane)?;
        let message = pipe.receive().await?;
        receive(pipe, message, &self.lane)
    }
}

/// Tells a process that there is no more to do, with an empty chunk, and waits until it has recorded its last: Python's
/// `Pool.close` and `join`.
async fn close<P: Ports>(pipe: &P::Pipe, lane: &LaneRecorder<'_, P>) {
    let nothing: [Task; 0] = [];
    if send(pipe, &nothing[..], None, lane).is_ok() {
        // One that dies now has done all that it was to do.
        let _ = pipe.receive().await;
    }
}

/// The other side: does what comes through the pipe, until there is no more, or the process is ended.
///
/// # Errors
/// If the parent is gone, or speaks in a way that this does not know.
pub async fn serve<P: Ports + 'static>(pipe: &P::Pipe, number: u32, env: Env<'_, P>) -> Result<(), PipeBroken> {
    let lane = env.lane(0, LaneId::Child(number));
    lane.enter(Phase::Idle, None);
    loop {
        let message = pipe.receive().await?;
        let chunk: Vec<Task> = receive(pipe, message, &lane)?;
        if chunk.is_empty() {
            lane.record(EventKind::LaneClosed, None, 0);
            return pipe.send(&[]);
        }
        let mut report = Report::default();
        for task in &chunk {
            let outcome = task::run_alone(task, &lane, env).await;
            report.outcomes.push((task.id, outcome));
        }
        send(pipe, &report, chunk.first(), &lane)?;
    }
}

/// Sends something, and records what making the message took, and its bytes.
fn send<P: Ports, T: serde::Serialize + ?Sized>(
    pipe: &P::Pipe,
    value: &T,
    about: Option<&Task>,
    lane: &LaneRecorder<'_, P>,
) -> Result<(), PipeBroken> {
    let about = about.map(|task| task.id);
    lane.enter(Phase::Serialising, about);
    let garbled = |error: postcard::Error| PipeBroken(error.to_string());
    let sent = postcard::to_allocvec(value).map_err(garbled).and_then(|bytes| {
        pipe.send(&bytes)?;
        lane.record(EventKind::Sent, about, bytes.len() as u64);
        Ok(())
    });
    lane.enter(Phase::Idle, None);
    sent
}

/// Opens a message, and records what that took, and its bytes.
fn receive<P: Ports, T: serde::de::DeserializeOwned>(
    pipe: &P::Pipe,
    message: <P::Pipe as Pipe>::Message,
    lane: &LaneRecorder<'_, P>,
) -> Result<T, PipeBroken> {
    lane.enter(Phase::Deserialising, None);
    let bytes = pipe.open(message);
    let value = postcard::from_bytes(&bytes).map_err(|error| PipeBroken(error.to_string()));
    lane.record(EventKind::Received, None, bytes.len() as u64);
    lane.enter(Phase::Idle, None);
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_chunks_are_those_of_python() {
        // `divmod(tasks, 4 * processes)`, and one more if there is a rest: multiprocessing/pool.py.
        for (tasks, processes, chunksize) in [(8, 2, 1), (9, 2, 2), (100, 2, 13), (1, 8, 1), (64, 4, 4), (65, 4, 5)] {
            assert_eq!(default_chunksize(tasks, processes), chunksize);
        }
    }
}
