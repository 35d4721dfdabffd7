//! Coroutines that take turns on one thread: every task is in flight, and at most one computes.

use core::future::Future;
use core::pin::pin;
use core::time::Duration;
use std::cell::RefCell;
use std::rc::Rc;

use futures_util::future::select;

use super::asyncio::{self, Error, Semaphore, TaskGroup, Timer, gather_exceptions};
use super::coroutine::{Coroutine, HelperLane, Helpers};
use super::futures::{Executor, ThreadPoolExecutor};
use super::job::{Env, Task, submit_all};
use super::ports::Ports;
use super::task;
use crate::model::event::{EventKind, Phase};
use crate::model::id::{LaneId, TaskId};
use crate::model::outcome::{Failure, Outcome};
use crate::model::plan::LoopOptions;

/// Time, for what is awaited on the loop.
struct PortsTimer<P: 'static>(Env<'static, P>);

impl<P: Ports> Timer for PortsTimer<P> {
    fn sleep(&self, length: Duration) -> impl Future<Output = ()> {
        self.0.ports.sleep(length)
    }
}

/// The outcomes, in the order in which tasks ended.
type Outcomes = Rc<RefCell<Vec<(TaskId, Outcome)>>>;

/// Runs every task as a coroutine: each by itself, or all in a group, of which the first that fails cancels the others.
pub(super) async fn run<P: Ports + 'static>(
    tasks: Vec<Task>,
    env: Env<'static, P>,
    options: LoopOptions,
    threads: usize,
) -> Vec<(TaskId, Outcome)> {
    let lane = env.lane(0, LaneId::Thread(0));
    submit_all(&tasks, &lane);
    let pool = match options.to_thread.then(|| make_pool(env, threads)).transpose() {
        Ok(pool) => pool.map(Rc::new),
        Err(failure) => {
            return tasks
                .iter()
                .map(|task| (task.id, task::end(task.id, Outcome::Failed(failure.clone()), &lane)))
                .collect();
        }
    };
    let outcomes = Outcomes::default();
    let coroutines = {
        let semaphore = options.in_flight.map(|most| Semaphore::new(most as usize));
        let (outcomes, pool) = (outcomes.clone(), pool.clone());
        let each = options.each_ms.map(|ms| (Duration::from_millis(ms.into()), ms));
        move |task: Task| {
            // Made before its first turn, so that one that is cancelled before it says so.
            let ending = Ending { task: task.id, env, outcomes: Some(outcomes.clone()) };
            coroutine(task, ending, semaphore.clone(), each, pool.clone())
        }
    };
    let main = move |event_loop: asyncio::EventLoop| async move {
        let all = async {
            if options.group {
                let group = TaskGroup::run(&event_loop, |group| {
                    tasks.into_iter().for_each(|task| drop(group.create_task(coroutines(task))));
                    async { Ok(()) }
                });
                // Which of them failed is among the outcomes.
                let _failures = group.await;
            } else {
                let all = tasks.into_iter().map(|task| event_loop.create_task(coroutines(task)));
                // So is how each ended.
                let _ends = gather_exceptions(all).await;
            }
        };
        // Where a stop ends the main coroutine, the loop cancels what is left.
        let _which = select(pin!(all), pin!(env.ports.stopped())).await;
        Ok(())
    };
    // The main coroutine neither fails nor is cancelled.
    let _ended = asyncio::run(main).await;
    if let Some(pool) = pool {
        // A thread may still compute for a coroutine that is gone, and may never look up: it ends with its process.
        let is_abandoned = |(_, outcome): &(TaskId, Outcome)| {
            matches!(outcome, Outcome::Cancelled | Outcome::Failed(Failure::TookTooLong(_)))
        };
        pool.shutdown(!outcomes.borrow().iter().any(is_abandoned), true);
    }
    outcomes.take()
}

/// A task as a coroutine: let in by the semaphore, for at most the time that each has.
async fn coroutine<P: Ports + 'static>(
    task: Task,
    mut ending: Ending<P>,
    semaphore: Option<Semaphore>,
    each: Option<(Duration, u32)>,
    pool: Option<Rc<Helpers<P>>>,
) -> Result<(), Error> {
    let _permit = match &semaphore {
        Some(semaphore) => Some(semaphore.acquire().await),
        None => None,
    };
    let env = ending.env;
    let lane = env.lane(0, LaneId::Coroutine(task.id.0));
    lane.record(EventKind::Started, Some(task.id), 0);
    let body = Coroutine::new(&task, &lane, env, pool.as_deref());
    let outcome = match each {
        None => body.run().await,
        // In a box, for which those that have all the time they want need no room.
        Some((length, ms)) => Box::pin(asyncio::timeout(&PortsTimer(env), Some(length), body.run()))
            .await
            .unwrap_or(Outcome::Failed(Failure::TookTooLong(ms))),
    };
    ending.end(outcome)
}

/// Records how a coroutine ended; one that is dropped before, as cancelled.
struct Ending<P: Ports + 'static> {
    task: TaskId,
    env: Env<'static, P>,
    /// `None` once it has ended.
    outcomes: Option<Outcomes>,
}

impl<P: Ports> Ending<P> {
    fn end(&mut self, outcome: Outcome) -> Result<(), Error> {
        let Some(outcomes) = self.outcomes.take() else { return Ok(()) };
        let lane = self.env.lane(0, LaneId::Coroutine(self.task.0));
        let outcome = task::end(self.task, outcome, &lane);
        lane.record_with(EventKind::LaneClosed, None, 0);
        let result = match &outcome {
            Outcome::Done(_) => Ok(()),
            Outcome::Failed(failure) => Err(Error::Failed(failure.clone())),
            Outcome::Cancelled => Err(Error::Cancelled),
        };
        outcomes.borrow_mut().push((self.task, outcome));
        result
    }
}

impl<P: Ports> Drop for Ending<P> {
    fn drop(&mut self) {
        let _recorded = self.end(Outcome::Cancelled);
    }
}

/// Threads for what would block the loop: `asyncio.to_thread`'s pool.
fn make_pool<P: Ports + 'static>(env: Env<'static, P>, threads: usize) -> Result<Helpers<P>, Failure> {
    let make_lane = move |number: usize| {
        let number = number as u32 + 1;
        let lane = env.lane(number as usize, LaneId::Thread(number));
        lane.enter(Phase::Idle, None);
        Ok(HelperLane(lane))
    };
    let pool =
        ThreadPoolExecutor::builder(env.ports.threads()).max_workers(threads.max(1)).initializer(make_lane).build();
    pool.map_err(|error| Failure::BrokenPool(error.to_string()))
}
