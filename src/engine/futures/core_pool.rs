//! Tasks on rayon's threads, of which there is one for each core: work stealing, shared memory, nothing copied.

use core::any::Any;
use core::cell::RefCell;
use core::fmt;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::rc::Rc;
use std::sync::{Arc, Weak};

use rayon::{BroadcastContext, ThreadPool};

use super::deadline::Deadline;
use super::error::SubmitError;
use super::executor::Executor;
use super::future::{Cancel, Future};
use super::log::{self, Level};
use super::work::{INITIALIZER_FAILED, Initializer, end, may_begin};
use crate::model::outcome::Failure;
use crate::sync::{self, Condvar, Mutex, MutexGuard};

/// How many handles are kept at least before those of futures that are gone are looked for.
const KEPT_MIN: usize = 64;

thread_local! {
    /// The contexts of this thread, each under the number of its executor. It is a thread of one pool, but several executors
    /// may stand on that.
    static CONTEXTS: RefCell<Vec<(usize, Rc<dyn Any>)>> = const { RefCell::new(Vec::new()) };
}

/// Runs tasks on the threads of a rayon pool, which are there before and after it. Those that are submitted from outside
/// begin in the order of their submission; those that a task submits are run by its own worker, unless another steals them.
///
/// Each worker has a context `W` of its own, which it lends to its tasks. Dropping the executor shuts it down without
/// waiting: what was submitted is still run.
///
/// The queue is rayon's, and a task is allocated twice, with its future and with its place in the queue. One lock of the
/// executor is taken in `submit`; a worker takes it only if it has ended the last task that there was.
pub struct CorePoolExecutor<W: 'static> {
    shared: Arc<Shared<W>>,
    /// `None` is rayon's current pool: the global one, as long as the caller is no thread of another.
    pool: Option<Arc<ThreadPool>>,
}

impl<W: 'static> CorePoolExecutor<W> {
    /// Stands on rayon's current pool, which in a browser is the only one.
    ///
    /// `initializer` makes what a worker lends to its tasks. It is called on the worker's thread, with its number from 0,
    /// before its first task. What it makes need not be `Send`: it stays on its thread, and is dropped there when the
    /// executor was shut down and has run its last task. If it fails or panics, the executor is broken.
    pub fn new(initializer: impl Fn(usize) -> Result<W, Failure> + Send + Sync + 'static) -> CorePoolExecutor<W> {
        CorePoolExecutor { shared: Arc::new(Shared::new(Box::new(initializer))), pool: None }
    }

    /// The same on a pool of its own.
    pub fn on(
        pool: Arc<ThreadPool>,
        initializer: impl Fn(usize) -> Result<W, Failure> + Send + Sync + 'static,
    ) -> CorePoolExecutor<W> {
        CorePoolExecutor { shared: Arc::new(Shared::new(Box::new(initializer))), pool: Some(pool) }
    }

    /// How many workers there are.
    pub fn workers(&self) -> usize {
        self.pool.as_ref().map_or_else(rayon::current_num_threads, |pool| pool.current_num_threads())
    }

    /// Makes the contexts of all workers now, each as soon as its worker has nothing else to do. The future is done when all
    /// have been made; it fails if one cannot be.
    ///
    /// # Errors
    /// As [`Executor::submit`].
    pub fn start_workers(&self) -> Result<Future<()>, SubmitError> {
        let workers = self.workers();
        let mut standing = self.shared.lock();
        self.shared.refuse(&standing)?;
        let (started, left) = (Future::new(), AtomicUsize::new(workers));
        standing.keep(&started);
        self.shared.pending.fetch_add(workers, Ordering::Relaxed);
        drop(standing);
        let (shared, future) = (Arc::clone(&self.shared), started.clone());
        self.on_each_worker(move || {
            shared.context();
            if left.fetch_sub(1, Ordering::AcqRel) == 1 && may_begin(&future) {
                end(&future, if shared.is_broken() { Err(broken()) } else { Ok(()) });
            }
            shared.has_ended_one();
        });
        Ok(started)
    }

    fn on_each_worker(&self, act: impl Fn() + Send + Sync + 'static) {
        match &self.pool {
            Some(pool) => pool.spawn_broadcast(move |_: BroadcastContext<'_>| act()),
            None => rayon::spawn_broadcast(move |_: BroadcastContext<'_>| act()),
        }
    }

    fn shut_down(&self, cancel_futures: bool) {
        let mut standing = self.shared.lock();
        standing.is_shut_down = true;
        let kept = if cancel_futures { core::mem::take(&mut standing.kept) } else { Vec::new() };
        let is_over = self.shared.is_over(&mut standing);
        drop(standing);
        // Without the lock: callbacks run in here. Who waits for one of these among others is told when a worker comes to it.
        kept.iter().filter_map(Weak::upgrade).for_each(|future| {
            future.cancel();
        });
        if is_over {
            let shared = Arc::clone(&self.shared);
            self.on_each_worker(move || shared.drop_context());
        }
    }
}

impl<W: 'static> Executor for CorePoolExecutor<W> {
    type Context = W;

    fn submit<T, F>(&self, task: F) -> Result<Future<T>, SubmitError>
    where
        T: Send + 'static,
        F: FnOnce(&W) -> Result<T, Failure> + Send + 'static,
    {
        let future = Future::new();
        let mut standing = self.shared.lock();
        self.shared.refuse(&standing)?;
        standing.keep(&future);
        self.shared.pending.fetch_add(1, Ordering::Relaxed);
        drop(standing);
        let (shared, handle) = (Arc::clone(&self.shared), future.clone());
        let run = move || {
            // The task's own panics are caught in there. What is left are drops that panic; rayon would abort for those.
            if let Err(failure) = log::guard(|| shared.run(handle, task)) {
                log::record(Level::Critical, format!("exception in worker: {failure}"));
            }
            shared.has_ended_one();
        };
        match &self.pool {
            Some(pool) => pool.spawn_fifo(run),
            None => rayon::spawn_fifo(run),
        }
        Ok(future)
    }

    /// As [`Executor::shutdown`], where a worker has returned when it has dropped its context. A worker of this executor
    /// cannot wait for its own end, so a task that asks for that does not wait; it is logged.
    fn shutdown(&self, wait: bool, cancel_futures: bool) {
        self.shut_down(cancel_futures);
        if wait {
            self.shared.wait_for_workers();
        }
    }
}

impl<W: 'static> Drop for CorePoolExecutor<W> {
    fn drop(&mut self) {
        self.shut_down(false);
    }
}

impl<W: 'static> fmt::Debug for CorePoolExecutor<W> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("CorePoolExecutor").field("number", &self.shared.number).finish_non_exhaustive()
    }
}

/// What becomes of a task whose executor is broken.
fn broken() -> Failure {
    Failure::BrokenPool(INITIALIZER_FAILED.to_owned())
}

/// What an executor and its workers have in common.
struct Shared<W> {
    /// Under which its contexts are known.
    number: usize,
    initializer: Initializer<W>,
    /// How many tasks were submitted and have not ended. Only raised under the lock, and not once it is shut down.
    pending: AtomicUsize,
    is_broken: AtomicBool,
    standing: Mutex<Standing>,
    /// It is over, and no context is left.
    all_left: Condvar,
}

struct Standing {
    /// What can be cancelled, and some that cannot be any more.
    kept: Vec<Weak<dyn Cancel>>,
    /// How many handles may be kept before those of futures that are gone are dropped.
    kept_max: usize,
    /// How many contexts there are.
    contexts: usize,
    is_shut_down: bool,
    /// It was shut down, and its last task has ended: contexts are being dropped, or have been.
    is_over: bool,
}

impl Standing {
    /// Keeps a handle, by which a shutdown can cancel the future.
    fn keep<T: Send + 'static>(&mut self, future: &Future<T>) {
        if self.kept.len() == self.kept_max {
            self.kept.retain(|future| future.strong_count() > 0);
            self.kept_max = KEPT_MIN.max(self.kept.len() * 2);
        }
        self.kept.push(future.downgrade());
    }
}

impl<W: 'static> Shared<W> {
    fn new(initializer: Initializer<W>) -> Shared<W> {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let standing =
            Standing { kept: Vec::new(), kept_max: KEPT_MIN, contexts: 0, is_shut_down: false, is_over: false };
        Shared {
            number: NUMBER.fetch_add(1, Ordering::Relaxed),
            initializer,
            pending: AtomicUsize::new(0),
            is_broken: AtomicBool::new(false),
            standing: Mutex::new(standing),
            all_left: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Standing> {
        // No code of others runs under this lock.
        sync::lock(&self.standing)
    }

    /// Whether an initializer has failed. Nothing else is read by it, so it needs no order.
    fn is_broken(&self) -> bool {
        self.is_broken.load(Ordering::Relaxed)
    }

    /// Says why no task is taken, if so.
    fn refuse(&self, standing: &Standing) -> Result<(), SubmitError> {
        if self.is_broken() {
            return Err(SubmitError::Broken(INITIALIZER_FAILED.to_owned()));
        }
        if standing.is_shut_down { Err(SubmitError::ShutDown) } else { Ok(()) }
    }

    /// Runs a task, on a worker.
    fn run<T, F>(&self, future: Future<T>, task: F)
    where
        F: FnOnce(&W) -> Result<T, Failure>,
    {
        let context = self.context().filter(|_| !self.is_broken());
        if may_begin(&future) {
            // The task and all that it holds are dropped before anybody hears of its end.
            let outcome = match context {
                Some(context) => log::guard(|| task(&context)).flatten(),
                None => Err(broken()),
            };
            end(&future, outcome);
        }
    }

    /// The context of this worker, which it makes if it has none yet. `None` if the executor is broken.
    fn context(&self) -> Option<Rc<W>> {
        let made = CONTEXTS.with_borrow(|contexts| {
            contexts.iter().find(|(number, _)| *number == self.number).map(|(_, context)| Rc::clone(context))
        });
        if let Some(context) = made {
            return context.downcast().ok();
        }
        if self.is_broken() {
            return None;
        }
        let worker = rayon::current_thread_index().unwrap_or_default();
        match log::guard(|| (self.initializer)(worker)).flatten() {
            Ok(context) => {
                let context = Rc::new(context);
                CONTEXTS.with_borrow_mut(|contexts| contexts.push((self.number, Rc::clone(&context) as Rc<dyn Any>)));
                self.lock().contexts += 1;
                Some(context)
            }
            Err(failure) => {
                log::record(Level::Critical, format!("exception in initializer: {failure}"));
                self.is_broken.store(true, Ordering::Relaxed);
                None
            }
        }
    }

    fn has_context_here(&self) -> bool {
        CONTEXTS.with_borrow(|contexts| contexts.iter().any(|(number, _)| *number == self.number))
    }

    /// Drops the context of this worker, if it has one.
    fn drop_context(&self) {
        let dropped = CONTEXTS.with_borrow_mut(|contexts| {
            let place = contexts.iter().position(|(number, _)| *number == self.number)?;
            Some(contexts.swap_remove(place))
        });
        let Some(context) = dropped else { return };
        if let Err(failure) = log::guard(|| drop(context)) {
            log::record(Level::Critical, format!("exception in worker: {failure}"));
        }
        let mut standing = self.lock();
        standing.contexts -= 1;
        if standing.contexts == 0 {
            self.all_left.notify_all();
        }
    }

    /// A task of this worker has ended, or was passed over.
    fn has_ended_one(self: &Arc<Self>) {
        // What this task has done is seen by whoever finds that it is over.
        if self.pending.fetch_sub(1, Ordering::AcqRel) == 1 && self.is_over(&mut self.lock()) {
            let shared = Arc::clone(self);
            rayon::spawn_broadcast(move |_| shared.drop_context());
        }
    }

    /// Whether it is over since just now, so that contexts are to be dropped.
    fn is_over(&self, standing: &mut Standing) -> bool {
        if standing.is_over || !standing.is_shut_down || self.pending.load(Ordering::Acquire) > 0 {
            return false;
        }
        standing.is_over = true;
        if standing.contexts == 0 {
            self.all_left.notify_all();
        }
        standing.contexts > 0
    }

    fn wait_for_workers(&self) {
        if self.has_context_here() {
            log::record(Level::Critical, "a worker cannot wait for its own end".to_owned());
            return;
        }
        let has_left = |standing: &mut Standing| standing.is_over && standing.contexts == 0;
        drop(Deadline::after(None).block(&self.standing, &self.all_left, self.lock(), has_left));
    }
}
