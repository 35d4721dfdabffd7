//! The event loop: which tasks there are, and whose turn it is.

use core::cell::{Cell, RefCell};
use core::fmt;
use core::future::{Future as Awaitable, poll_fn};
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::task::Wake;

use slab::Slab;

use super::error::Error;
use super::ready::{ReadyQueue, TaskCell};
use super::task::{Body, Task};
use crate::engine::futures::{Future, FutureError};

/// After so many turns without a pause, whatever else runs on this thread has its turn. It is a compromise: each pause costs
/// the way through the outer event loop, and without any, coroutines that never stop to wake each other would keep the
/// thread.
const TURNS_MAX: usize = 64;

type Coroutine = Pin<Box<dyn Awaitable<Output = ()>>>;

/// A handle of an event loop, which coroutines hold to start others: asyncio's `loop`. It stays on its thread.
#[derive(Clone)]
pub struct EventLoop {
    core: Rc<Core>,
}

impl EventLoop {
    /// Has a coroutine run as a task. Its first turn comes after those of all that are ready now.
    ///
    /// A loop that was closed runs nothing: the coroutine is dropped, and its task is cancelled.
    pub fn create_task<T, F>(&self, coroutine: F) -> Task<T>
    where
        T: 'static,
        F: Awaitable<Output = Result<T, Error>> + 'static,
    {
        let future = Future::new();
        let mut slots = self.core.slots.borrow_mut();
        let slot = slots.vacant_entry();
        let cell = Arc::new(TaskCell::new(slot.key(), Arc::clone(&self.core.ready)));
        let body = Body::new(coroutine, future.clone(), Arc::clone(&cell));
        if self.core.is_closed.get() {
            drop(slots);
            drop(body);
        } else {
            slot.insert(Slot { cell: Arc::clone(&cell), coroutine: Some(Box::pin(body)) });
            drop(slots);
            cell.wake_by_ref();
        }
        Task::new(future, cell)
    }

    /// How many tasks have not ended: as many as asyncio's `all_tasks` gives.
    pub fn task_count(&self) -> usize {
        self.core.slots.borrow().len()
    }
}

impl fmt::Debug for EventLoop {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "<EventLoop tasks={}>", self.task_count())
    }
}

/// Owns an event loop, and runs coroutines on it: asyncio's `Runner`. When it is dropped, so are all coroutines that have
/// not ended, and their tasks are cancelled.
#[derive(Debug)]
pub struct Runner {
    event_loop: EventLoop,
}

impl Runner {
    /// A loop without tasks.
    pub fn new() -> Runner {
        let core = Core {
            slots: RefCell::default(),
            ready: Arc::default(),
            batch: Cell::default(),
            is_closed: Cell::new(false),
        };
        Runner { event_loop: EventLoop { core: Rc::new(core) } }
    }

    /// The loop, which may be given tasks before it runs.
    pub fn event_loop(&self) -> &EventLoop {
        &self.event_loop
    }

    /// Runs a main coroutine as a task, and all others with it, until that task has ended. The others are left where they
    /// are. If this is dropped, so is the main coroutine at the loop's next turn.
    ///
    /// # Errors
    /// What `main` failed with, or that it was cancelled.
    pub async fn run<T: 'static>(
        &self,
        main: impl Awaitable<Output = Result<T, Error>> + 'static,
    ) -> Result<T, FutureError> {
        // A future gives clones of its value, and this one need have none.
        let value = Rc::new(Cell::new(None));
        let returned = Rc::clone(&value);
        let task = self.event_loop.create_task(async move {
            returned.set(Some(main.await?));
            Ok(())
        });
        let at_end = CancelAtEnd(task);
        poll_fn(|context| self.event_loop.core.poll_until(context, || at_end.0.done())).await;
        at_end.0.result().unwrap_or(Err(FutureError::Cancelled))?;
        value.take().ok_or(FutureError::Cancelled)
    }

    /// Cancels every task, waits until each has ended, and drops those that came in the meantime.
    pub async fn close(self) {
        let core = &self.event_loop.core;
        let mut cells: Vec<_> = core.slots.borrow().iter().map(|(_, slot)| Arc::clone(&slot.cell)).collect();
        cells.iter().for_each(TaskCell::cancel);
        poll_fn(|context| {
            core.poll_until(context, || {
                while cells.pop_if(|cell| cell.is_over()).is_some() {}
                cells.is_empty()
            })
        })
        .await;
    }
}

impl Default for Runner {
    fn default() -> Runner {
        Runner::new()
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        self.event_loop.core.close();
    }
}

struct CancelAtEnd(Task<()>);

impl Drop for CancelAtEnd {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// Runs a main coroutine on a loop of its own; then what else is on that loop is cancelled and waited for: asyncio's `run`.
///
/// # Errors
/// What `main` failed with, or that it was cancelled.
pub async fn run<T: 'static, F>(main: impl FnOnce(EventLoop) -> F) -> Result<T, FutureError>
where
    F: Awaitable<Output = Result<T, Error>> + 'static,
{
    let runner = Runner::new();
    let main = main(runner.event_loop().clone());
    let outcome = runner.run(main).await;
    runner.close().await;
    outcome
}

/// A task, as its loop has it.
struct Slot {
    cell: Arc<TaskCell>,
    /// Not there while it is polled.
    coroutine: Option<Coroutine>,
}

struct Core {
    slots: RefCell<Slab<Slot>>,
    ready: Arc<ReadyQueue>,
    /// The queue of the last turn, kept for its memory.
    batch: Cell<VecDeque<Arc<TaskCell>>>,
    is_closed: Cell<bool>,
}

impl Core {
    /// Has turns, until `is_over` holds or there is nothing to do.
    fn poll_until(&self, context: &mut Context<'_>, mut is_over: impl FnMut() -> bool) -> Poll<()> {
        for _ in 0..TURNS_MAX {
            if is_over() {
                return Poll::Ready(());
            }
            if !self.turn() && self.ready.park(context.waker()) {
                return Poll::Pending;
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }

    /// Polls once each task that is ready now, and returns whether one was.
    fn turn(&self) -> bool {
        let mut batch = self.batch.take();
        self.ready.swap(&mut batch);
        let is_any = !batch.is_empty();
        for cell in batch.drain(..) {
            self.poll_task(&cell);
        }
        self.batch.set(batch);
        is_any
    }

    fn poll_task(&self, cell: &Arc<TaskCell>) {
        let Some(mut coroutine) = self.with_slot(cell, |slot| slot.coroutine.take()).flatten() else { return };
        cell.begin_turn();
        let waker = Waker::from(Arc::clone(cell));
        // No panic comes out of this: a task's body turns each into its outcome.
        if coroutine.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
            let mut left = Some(coroutine);
            self.with_slot(cell, |slot| slot.coroutine = left.take());
            return;
        }
        cell.end();
        if self.with_slot(cell, |_| ()).is_some() {
            self.slots.borrow_mut().remove(cell.place);
        }
    }

    /// The slot of a task that has not ended.
    fn with_slot<R>(&self, cell: &Arc<TaskCell>, look: impl FnOnce(&mut Slot) -> R) -> Option<R> {
        let mut slots = self.slots.borrow_mut();
        let slot = slots.get_mut(cell.place).filter(|slot| Arc::ptr_eq(&slot.cell, cell));
        slot.map(look)
    }

    /// Drops every coroutine. What their drops start is dropped as well, as the loop is closed.
    fn close(&self) {
        self.is_closed.set(true);
        let slots = self.slots.take();
        self.ready.close();
        for (_, slot) in slots {
            slot.cell.end();
            // Nobody is left to tell; the panic hook has seen it.
            let _panicked = catch_unwind(AssertUnwindSafe(|| drop(slot)));
        }
    }
}
