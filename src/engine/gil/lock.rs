//! The lock itself. The steps and their numbers are those of `README.md`; the rules are those of CPython's
//! `Python/ceval_gil.c` (3.11 to 3.13), whose names are kept.

use core::cell::Cell;
use core::fmt;
use core::marker::PhantomData;
use core::mem;
use core::time::Duration;

use crate::sync::{self, AtomicBool, Condvar, Mutex, MutexGuard, Ordering};

/// How long a waiter waits before it asks the holder to drop the lock: 5 ms, CPython's `sys.getswitchinterval()`.
pub const SWITCH_INTERVAL: Duration = Duration::from_millis(5);

/// The lock was closed: nobody takes it any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the global interpreter lock is closed")]
pub struct Closed;

/// What happened to the lock, told to the [`Observer`] of the thread that it happened to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GilEvent {
    /// The thread wants the lock while another holds it, and begins to wait.
    Waiting,
    /// The thread waited for an interval, during which the lock did not change hands: it asks the holder to drop it.
    /// Not told where somebody asked already and was not yet heard.
    DropRequested,
    /// The thread holds the lock from now on.
    Taken {
        /// Who held it last; `None` if nobody ever did. It may be the same thread.
        from: Option<u32>,
        /// Whether that holder dropped it because it was asked to.
        forced: bool,
    },
    /// The thread no longer holds the lock.
    Dropped {
        /// Whether it was asked to, and so waits until another thread took the lock.
        forced: bool,
    },
}

/// Is told what happens to the lock.
///
/// Everything is told under the lock's own mutex, so that the order in which observers are called is the order in which
/// it happened: between a thread's `Taken` and its `Dropped` no other thread's stand. An observer should therefore be
/// quick. It may neither use the lock nor panic.
pub trait Observer {
    /// Something happened to this thread.
    fn on(&self, thread: u32, event: GilEvent) {
        let _ = (thread, event);
    }
}

/// Looks away.
impl Observer for () {}

impl<O: Observer + ?Sized> Observer for &O {
    fn on(&self, thread: u32, event: GilEvent) {
        (**self).on(thread, event);
    }
}

/// A global interpreter lock.
pub struct Gil {
    interval: Duration,
    /// Set while the holder is to look up at its next checkpoint: since a drop was requested, or the lock is closed. The
    /// holder reads it without the mutex; it is written only under it. CPython's `eval_breaker`.
    breaker: AtomicBool,
    /// Set by whoever drops the lock or closes it, for a waiter that is awake and looks out for that. A hint, of no account to
    /// anybody who has the mutex.
    let_go: AtomicBool,
    state: Mutex<State>,
    /// Notified when the lock was dropped. CPython's `cond`.
    dropped: Condvar,
    /// Notified when the lock was taken. CPython's `switch_cond`.
    switched: Condvar,
}

struct State {
    locked: bool,
    closed: bool,
    last_holder: Option<u32>,
    /// Counts the times that another thread took the lock than held it last.
    switch_number: u64,
    /// Whether a waiter asked for the lock, and nobody took it since. CPython's `gil_drop_request`.
    drop_request: bool,
    /// Whether the last drop was forced.
    drop_forced: bool,
    /// Threads that wait on `dropped`, and on `switched`. Nobody is notified where nobody waits: std's condition variables
    /// make a system call for each notification, and a lock that nobody wants should cost none.
    waiting: u32,
    switching: u32,
}

impl Gil {
    /// An open lock that nobody holds. A waiter asks for a drop after `interval`.
    pub fn new(interval: Duration) -> Gil {
        let state = State {
            locked: false,
            closed: false,
            last_holder: None,
            switch_number: 0,
            drop_request: false,
            drop_forced: false,
            waiting: 0,
            switching: 0,
        };
        Gil {
            interval,
            breaker: AtomicBool::new(false),
            let_go: AtomicBool::new(false),
            state: Mutex::new(state),
            dropped: Condvar::new(),
            switched: Condvar::new(),
        }
    }

    /// What a thread uses the lock through. Each thread has its own number, and one of these at a time.
    pub fn thread<O: Observer>(&self, number: u32, observer: O) -> ThreadState<'_, O> {
        ThreadState { gil: self, number, observer, keeps: Cell::new(false) }
    }

    /// Ends all waiting, now and later: who waits for the lock, or for another to take it, is told [`Closed`]. A holder
    /// keeps the lock until it drops it, and is asked to at its next checkpoint. May be called by any thread, and again.
    pub fn close(&self) {
        let mut state = sync::lock(&self.state);
        state.closed = true;
        // Nobody takes the lock from here on, so nobody takes this back.
        self.breaker.store(true, Ordering::Relaxed);
        self.dropped.notify_all();
        self.switched.notify_all();
        self.let_go.store(true, Ordering::Relaxed);
    }
}

/// With an interval of [`SWITCH_INTERVAL`].
impl Default for Gil {
    fn default() -> Gil {
        Gil::new(SWITCH_INTERVAL)
    }
}

impl fmt::Debug for Gil {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the state, which is behind a mutex that the one who prints may hold.
        formatter.debug_struct("Gil").field("interval", &self.interval).finish_non_exhaustive()
    }
}

/// A thread, as the lock knows it: its number, and who is told what happens to it.
#[derive(Debug)]
pub struct ThreadState<'g, O> {
    gil: &'g Gil,
    number: u32,
    observer: O,
    /// Whether the thread holds the lock without a `Held` that says so.
    keeps: Cell<bool>,
}

impl<'g, O: Observer> ThreadState<'g, O> {
    /// Takes the lock, waiting while another thread holds it. CPython's `take_gil`, `Py_END_ALLOW_THREADS`. Where this thread
    /// [kept](Held::keep) it, this is a checkpoint.
    ///
    /// # Errors
    /// If the lock is closed, or gets closed meanwhile.
    pub fn take(&mut self) -> Result<Held<'_, O>, Closed> {
        let thread = &*self;
        if thread.keeps.take() {
            return Held { thread, stays_on_its_thread: PhantomData }.checkpoint();
        }
        thread.take_under(sync::lock(&thread.gil.state))?;
        Ok(Held { thread, stays_on_its_thread: PhantomData })
    }

    /// Drops the lock before the thread blocks, where it [kept](Held::keep) it. As [`Held::release`].
    pub fn release_kept(&mut self) {
        if self.keeps.take() {
            drop(self.drop_lock(true));
        }
    }

    /// Whether the thread holds the lock, having [kept](Held::keep) it.
    pub fn keeps(&self) -> bool {
        self.keeps.get()
    }

    /// Who is told what happens to this thread.
    pub fn observer(&self) -> &O {
        &self.observer
    }

    /// Takes the lock, from under its mutex.
    fn take_under(&self, mut state: MutexGuard<'g, State>) -> Result<(), Closed> {
        if state.locked && !state.closed {
            self.tell(GilEvent::Waiting);
            state.waiting += 1;
            while state.locked && !state.closed {
                state = self.wait_an_interval(state);
            }
            state.waiting -= 1;
        }
        if state.closed {
            return Err(Closed);
        }
        state.locked = true;
        let from = state.last_holder.replace(self.number);
        if from != Some(self.number) {
            state.switch_number += 1;
        }
        if state.switching > 0 {
            self.gil.switched.notify_one();
        }
        if mem::take(&mut state.drop_request) {
            self.gil.breaker.store(false, Ordering::Relaxed);
        }
        self.tell(GilEvent::Taken { from, forced: state.drop_forced });
        Ok(())
    }

    fn wait_an_interval(&self, state: MutexGuard<'g, State>) -> MutexGuard<'g, State> {
        let gil = self.gil;
        let switch_number = state.switch_number;
        let (mut state, timed_out) = sync::wait_at_most(&gil.state, &gil.dropped, state, gil.interval);
        // If it changed hands, whoever has it now has not had it for an interval.
        let is_due = timed_out && state.locked && !state.closed && state.switch_number == switch_number;
        if is_due && !state.drop_request {
            self.tell(GilEvent::DropRequested);
            state.drop_request = true;
            gil.breaker.store(true, Ordering::Relaxed);
            // Where others wait as well, whose turn it is was decided by the order in which they began to.
            if state.waiting == 1 {
                gil.let_go.store(false, Ordering::Relaxed);
                state = sync::look_out(&gil.state, state, || gil.let_go.load(Ordering::Relaxed));
            }
        }
        state
    }

    /// Drops the lock. If that was asked for, and `may_wait`, waits until another thread took it.
    fn drop_lock(&self, may_wait: bool) -> MutexGuard<'g, State> {
        let mut state = sync::lock(&self.gil.state);
        let forced = may_wait && state.drop_request && !state.closed;
        state.locked = false;
        state.drop_forced = forced;
        self.tell(GilEvent::Dropped { forced });
        if state.waiting > 0 {
            self.gil.dropped.notify_one();
            // Last, as who sees it wants the mutex at once.
            self.gil.let_go.store(true, Ordering::Relaxed);
        }
        if forced {
            // A request has a waiter, who goes away by taking the lock or because it was closed: both are notified.
            debug_assert!(state.waiting > 0, "no request outlives its waiter");
            state.switching += 1;
            while state.last_holder == Some(self.number) && !state.closed {
                state = sync::wait(&self.gil.switched, state);
            }
            state.switching -= 1;
        }
        state
    }

    fn tell(&self, event: GilEvent) {
        self.observer.on(self.number, event);
    }
}

/// A thread that ends holds nothing.
impl<O> Drop for ThreadState<'_, O> {
    fn drop(&mut self) {
        if self.keeps.take() {
            // Without its observer, whose bound no destructor can have: a thread that ends in order has released before.
            let mut state = sync::lock(&self.gil.state);
            state.locked = false;
            state.drop_forced = false;
            if state.waiting > 0 {
                self.gil.dropped.notify_one();
                self.gil.let_go.store(true, Ordering::Relaxed);
            }
        }
    }
}

/// Evidence that this thread holds the lock. It borrows the thread's state, so that no thread waits for itself, and it
/// cannot be sent to another thread.
///
/// Dropping it drops the lock and never waits, as CPython's final release does: for a thread that ends or panics. A
/// thread that will want the lock again calls [`release`](Held::release).
///
/// Where a computation is given a closure to ask whether it may go on, this is what happens at its checkpoint:
///
/// ```
/// # use overlap::engine::gil::{Closed, Gil};
/// let gil = Gil::default();
/// let mut thread = gil.thread(1, ());
/// let mut held = Some(thread.take()?);
/// let mut may_go_on = || {
///     held = held.take().and_then(|held| held.checkpoint().ok());
///     held.is_some()
/// };
/// assert!(may_go_on());
/// gil.close();
/// assert!(!may_go_on());
/// # Ok::<(), Closed>(())
/// ```
#[must_use = "the lock is dropped at once"]
pub struct Held<'a, O: Observer> {
    thread: &'a ThreadState<'a, O>,
    stays_on_its_thread: PhantomData<*const ()>,
}

impl<'a, O: Observer> Held<'a, O> {
    /// Who is told what happens to this thread.
    pub fn observer(&self) -> &O {
        &self.thread.observer
    }

    /// Whether somebody asked for the lock, or closed it. One relaxed load, to be made as often as an interpreter's loop
    /// turns.
    #[inline]
    pub fn drop_requested(&self) -> bool {
        self.thread.gil.breaker.load(Ordering::Relaxed)
    }

    /// What a thread does between two steps of its computation: switches, if that was asked for.
    ///
    /// # Errors
    /// If the lock was closed. The thread then does not hold it.
    #[inline]
    pub fn checkpoint(self) -> Result<Self, Closed> {
        if self.drop_requested() { self.switch() } else { Ok(self) }
    }

    /// Drops the lock; if that was asked for, waits until another thread took it (forced switching); and takes it again.
    ///
    /// # Errors
    /// If the lock is closed, or gets closed meanwhile. The thread then does not hold it.
    pub fn switch(self) -> Result<Self, Closed> {
        let thread = self.into_thread();
        thread.take_under(thread.drop_lock(true))?;
        Ok(Held { thread, stays_on_its_thread: PhantomData })
    }

    /// Drops the lock before the thread blocks or sleeps. If somebody asked for a drop, waits until another thread took
    /// it, as CPython does. CPython's `drop_gil`, `Py_BEGIN_ALLOW_THREADS`.
    pub fn release(self) {
        drop(self.into_thread().drop_lock(true));
    }

    /// Goes on holding the lock without this evidence, from one piece of work to the next, as a thread of CPython does that
    /// need not wait for it. Until [`ThreadState::take`] or [`ThreadState::release_kept`].
    pub fn keep(self) {
        self.into_thread().keeps.set(true);
    }

    /// The thread, without the drop that the end of this value stands for.
    fn into_thread(self) -> &'a ThreadState<'a, O> {
        let thread = self.thread;
        mem::forget(self);
        thread
    }
}

impl<O: Observer> Drop for Held<'_, O> {
    fn drop(&mut self) {
        drop(self.thread.drop_lock(false));
    }
}

impl<O: Observer> fmt::Debug for Held<'_, O> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Held").field("thread", &self.thread.number).finish_non_exhaustive()
    }
}
