//! Tasks on threads that share memory: CPython's `ThreadPoolExecutor`.

use core::fmt;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::deadline::Deadline;
use super::error::{BuildError, SubmitError};
use super::executor::Executor;
use super::future::Future;
use super::log::{self, Level};
use super::spawn::Spawn;
use super::work::{INITIALIZER_FAILED, Initializer, Work, WorkItem};
use crate::model::outcome::Failure;
use crate::sync::{self, Condvar, Mutex, MutexGuard, ThreadId, current_thread};

/// The number of workers that a pool may have if nobody says another: four more than there are cores, for tasks that
/// wait, and at most 32.
pub fn default_max_workers(cores: usize) -> usize {
    cores.saturating_add(4).min(32)
}

type BeforeWaiting<W> = Box<dyn Fn(&W) + Send + Sync>;

/// How a [`ThreadPoolExecutor`] is to be. Made by [`ThreadPoolExecutor::builder`].
pub struct Builder<W> {
    spawn: Arc<dyn Spawn>,
    max_workers: Option<usize>,
    cores: usize,
    prefix: String,
    initializer: Initializer<W>,
    before_waiting: BeforeWaiting<W>,
}

impl<W> Builder<W> {
    /// How many threads it may have at most; `None` leaves it to [`default_max_workers`].
    #[must_use]
    pub fn max_workers(mut self, number: impl Into<Option<usize>>) -> Self {
        self.max_workers = number.into();
        self
    }

    /// How many cores the machine has, for the default number of workers. One, if nobody says.
    #[must_use]
    pub fn cores(mut self, number: usize) -> Self {
        self.cores = number;
        self
    }

    /// What the names of its threads begin with; their number follows. "ThreadPoolExecutor-" and the pool's number, if
    /// it is empty.
    #[must_use]
    pub fn thread_name_prefix(mut self, prefix: &str) -> Self {
        prefix.clone_into(&mut self.prefix);
        self
    }

    /// Makes what a worker lends to its tasks. Called on the worker's thread, with its number from 0, before its first task.
    ///
    /// What it makes need not be `Send`: it stays on its thread, and is dropped there when the worker ends. If it fails or
    /// panics, the pool is broken.
    #[must_use]
    pub fn initializer<C>(
        self,
        initializer: impl Fn(usize) -> Result<C, Failure> + Send + Sync + 'static,
    ) -> Builder<C> {
        let Builder { spawn, max_workers, cores, prefix, initializer: _, before_waiting: _ } = self;
        let before_waiting = Box::new(|_: &C| ());
        Builder { spawn, max_workers, cores, prefix, initializer: Box::new(initializer), before_waiting }
    }

    /// What a worker does when it has found no task, before it blocks until there is one, or ends. To be set after the
    /// initializer.
    #[must_use]
    pub fn before_waiting(mut self, act: impl Fn(&W) + Send + Sync + 'static) -> Self {
        self.before_waiting = Box::new(act);
        self
    }

    /// Makes the pool. It starts no thread yet.
    ///
    /// # Errors
    /// If it was to have no worker.
    pub fn build(self) -> Result<ThreadPoolExecutor<W>, BuildError> {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let max_workers = self.max_workers.unwrap_or_else(|| default_max_workers(self.cores));
        if max_workers == 0 {
            return Err(BuildError::NoWorkers);
        }
        let prefix = if self.prefix.is_empty() {
            format!("ThreadPoolExecutor-{}", NUMBER.fetch_add(1, Ordering::Relaxed))
        } else {
            self.prefix
        };
        let queue = Queue {
            items: VecDeque::new(),
            started: 0,
            waiting: 0,
            alive: 0,
            members: Vec::new(),
            is_shut_down: false,
            broken: None,
        };
        let shared = Arc::new(Shared {
            queue: Mutex::new(queue),
            for_workers: Condvar::new(),
            all_left: Condvar::new(),
            initializer: self.initializer,
            before_waiting: self.before_waiting,
        });
        Ok(ThreadPoolExecutor { shared, spawn: self.spawn, max_workers, prefix })
    }
}

impl<W> fmt::Debug for Builder<W> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = formatter.debug_struct("Builder");
        debug.field("max_workers", &self.max_workers).field("cores", &self.cores).field("prefix", &self.prefix);
        debug.finish_non_exhaustive()
    }
}

/// Runs tasks on threads, at most `max_workers` at a time, in the order of their submission.
///
/// A thread is started when a task comes and no worker is idle. Each worker has a context `W` of its own, which it lends to
/// its tasks. Dropping the pool shuts it down without waiting: what was submitted is still run.
pub struct ThreadPoolExecutor<W> {
    shared: Arc<Shared<W>>,
    spawn: Arc<dyn Spawn>,
    max_workers: usize,
    prefix: String,
}

impl ThreadPoolExecutor<()> {
    /// Begins a pool on threads of `spawn`. Unless an initializer is given, its workers have no context.
    pub fn builder(spawn: Arc<dyn Spawn>) -> Builder<()> {
        Builder {
            spawn,
            max_workers: None,
            cores: 1,
            prefix: String::new(),
            initializer: Box::new(|_| Ok(())),
            before_waiting: Box::new(|()| ()),
        }
    }
}

impl<W> ThreadPoolExecutor<W> {
    /// How many threads it may have at most.
    pub fn max_workers(&self) -> usize {
        self.max_workers
    }

    /// How many threads it has started so far.
    pub fn workers(&self) -> usize {
        self.shared.lock().started
    }

    /// How many of its workers wait for a task at this instant.
    pub fn idle_workers(&self) -> usize {
        self.shared.lock().waiting
    }

    /// Why it can run nothing any more, if that is so.
    pub fn broken(&self) -> Option<String> {
        self.shared.lock().broken.clone()
    }
}

impl<W: 'static> Executor for ThreadPoolExecutor<W> {
    type Context = W;

    fn submit<T, F>(&self, task: F) -> Result<Future<T>, SubmitError>
    where
        T: Send + 'static,
        F: FnOnce(&W) -> Result<T, Failure> + Send + 'static,
    {
        let mut queue = self.shared.lock();
        if let Some(reason) = &queue.broken {
            return Err(SubmitError::Broken(reason.clone()));
        }
        if queue.is_shut_down {
            return Err(SubmitError::ShutDown);
        }
        // Each idle worker is good for one of the tasks that were queued and not yet taken.
        if queue.waiting <= queue.items.len() && queue.started < self.max_workers {
            let (number, shared) = (queue.started, Arc::clone(&self.shared));
            // Under the lock, so that the worker looks for its first task when that is queued.
            self.spawn.spawn(&format!("{}_{number}", self.prefix), Box::new(move || work(&shared, number)))?;
            queue.started += 1;
            queue.alive += 1;
        }
        let future = Future::new();
        queue.items.push_back(Box::new(WorkItem { future: future.clone(), task }));
        drop(queue);
        self.shared.for_workers.notify_one();
        Ok(future)
    }

    /// As [`Executor::shutdown`]. A worker of this pool cannot wait for its own end, so a task that asks for that does not
    /// wait; it is logged (in CPython it is an error).
    fn shutdown(&self, wait: bool, cancel_futures: bool) {
        self.shared.shut_down(cancel_futures);
        if wait {
            self.shared.wait_for_workers();
        }
    }
}

impl<W> Drop for ThreadPoolExecutor<W> {
    fn drop(&mut self) {
        self.shared.shut_down(false);
    }
}

impl<W> fmt::Debug for ThreadPoolExecutor<W> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = formatter.debug_struct("ThreadPoolExecutor");
        debug.field("prefix", &self.prefix).field("max_workers", &self.max_workers).finish_non_exhaustive()
    }
}

/// What a pool and its workers have in common.
struct Shared<W> {
    queue: Mutex<Queue<W>>,
    /// A task was queued, or the pool was shut down.
    for_workers: Condvar,
    /// No worker is alive.
    all_left: Condvar,
    initializer: Initializer<W>,
    before_waiting: BeforeWaiting<W>,
}

struct Queue<W> {
    items: VecDeque<Box<dyn Work<W>>>,
    /// How many threads were started, ever. The number of the next worker.
    started: usize,
    /// How many workers wait for a task. One that was woken for a task counts until it takes it.
    waiting: usize,
    /// How many workers were started and have not returned.
    alive: usize,
    /// The threads of those that run.
    members: Vec<ThreadId>,
    is_shut_down: bool,
    broken: Option<String>,
}

impl<W> Shared<W> {
    fn lock(&self) -> MutexGuard<'_, Queue<W>> {
        // No code of others runs under this lock but the port's, which is called when all is in order.
        sync::lock(&self.queue)
    }

    /// A task, if there is one now.
    fn next_now(&self) -> Option<Box<dyn Work<W>>> {
        self.lock().items.pop_front()
    }

    /// Blocks a worker until there is a task for it. `None` if there will be no more.
    fn next(&self) -> Option<Box<dyn Work<W>>> {
        let mut queue = self.lock();
        loop {
            if let Some(item) = queue.items.pop_front() {
                return Some(item);
            }
            if queue.is_shut_down {
                return None;
            }
            queue.waiting += 1;
            queue = sync::wait(&self.for_workers, queue);
            queue.waiting -= 1;
        }
    }

    fn shut_down(&self, cancel_futures: bool) {
        let mut queue = self.lock();
        queue.is_shut_down = true;
        let cancelled = if cancel_futures { core::mem::take(&mut queue.items) } else { VecDeque::new() };
        drop(queue);
        self.for_workers.notify_all();
        // Without the lock: callbacks run in here.
        cancelled.into_iter().for_each(|item| item.cancel());
    }

    fn wait_for_workers(&self) {
        let queue = self.lock();
        if queue.members.contains(&current_thread()) {
            drop(queue);
            log::record(Level::Critical, "a worker cannot wait for its own end".to_owned());
            return;
        }
        drop(Deadline::after(None).block(&self.queue, &self.all_left, queue, |queue| queue.alive == 0));
    }

    /// Fails every task that was not taken, and each that comes.
    fn break_down(&self, reason: &str) {
        let mut queue = self.lock();
        queue.broken = Some(reason.to_owned());
        let lost = core::mem::take(&mut queue.items);
        drop(queue);
        // Without the lock: callbacks run in here.
        lost.into_iter().for_each(|item| item.fail(Failure::BrokenPool(reason.to_owned())));
    }
}

/// A worker's life, on its thread.
fn work<W>(shared: &Shared<W>, number: usize) {
    // Dropped last, whatever happens in between.
    let _membership = Membership::enter(shared);
    let context = match log::guard(|| (shared.initializer)(number)).flatten() {
        Ok(context) => context,
        Err(failure) => {
            log::record(Level::Critical, format!("exception in initializer: {failure}"));
            shared.break_down(INITIALIZER_FAILED);
            return;
        }
    };
    let next = || {
        shared.next_now().or_else(|| {
            if let Err(failure) = log::guard(|| (shared.before_waiting)(&context)) {
                log::record(Level::Critical, format!("exception in worker: {failure}"));
            }
            shared.next()
        })
    };
    while let Some(item) = next() {
        // The item catches its task's panics itself. What is left are drops that panic, and no worker dies of those.
        if let Err(failure) = log::guard(|| item.run(&context)) {
            log::record(Level::Critical, format!("exception in worker: {failure}"));
        }
    }
    if let Err(failure) = log::guard(|| drop(context)) {
        log::record(Level::Critical, format!("exception in worker: {failure}"));
    }
}

/// A worker is alive until this is dropped.
struct Membership<'a, W> {
    shared: &'a Shared<W>,
}

impl<'a, W> Membership<'a, W> {
    fn enter(shared: &'a Shared<W>) -> Self {
        shared.lock().members.push(current_thread());
        Membership { shared }
    }
}

impl<W> Drop for Membership<'_, W> {
    fn drop(&mut self) {
        let mut queue = self.shared.lock();
        let own = current_thread();
        queue.members.retain(|member| *member != own);
        queue.alive -= 1;
        if queue.alive == 0 {
            self.shared.all_left.notify_all();
        }
    }
}
