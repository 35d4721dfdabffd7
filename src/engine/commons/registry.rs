//! The commons themselves: how they are set up, who takes part, and their end.

use core::fmt;
use core::num::NonZeroUsize;
use core::task::Waker;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::error::BeginError;
use super::event::Observer;
use super::member::Member;
use super::names::QueueName;
use super::state::State;
use crate::model::id::TaskId;
use crate::sync::{self, Mutex};

/// What there is to share, and among whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setup {
    /// How many tasks will begin, in all. See [`Commons`] for what the caller owes.
    pub tasks: u32,
    /// How many can run at once: the threads of a pool. `None` if all can, on an event loop or on a thread each.
    pub at_once: Option<NonZeroUsize>,
    /// The queues, each named by its place. (Locks need no setup.)
    pub queues: Vec<QueueSetup>,
    /// Whether every task gives up by itself after some time, so that no wait is for ever and there are no stalls. (A circle
    /// of locks is told all the same: a time limit would only hide it.)
    pub is_limited: bool,
}

/// A queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueSetup {
    /// How many items it has room for.
    pub capacity: NonZeroUsize,
    /// How many tasks put into it and will [finish](Member::finish) it. If that is none, it is finished from the start.
    pub producers: u32,
}

impl Setup {
    /// For so many tasks, which can all run at once, without a queue.
    pub fn of_tasks(tasks: u32) -> Setup {
        Setup { tasks, at_once: None, queues: Vec::new(), is_limited: false }
    }

    /// With one more queue.
    #[must_use]
    pub fn with_queue(mut self, capacity: NonZeroUsize, producers: u32) -> Setup {
        self.queues.push(QueueSetup { capacity, producers });
        self
    }
}

/// What tasks of one process share: locks and queues, and the knowledge of who waits for what.
///
/// # What the caller owes
///
/// That a stall is found when there is one, and never where there is none, rests on who counts as running:
///
/// * A task [begins](Commons::begin) when it has what runs it, a thread or its turn on an event loop, and not while it
///   queues for it. Its [`Member`] is dropped when it has ended, however it did, and before its thread takes the next.
/// * As many begin as the setup says. Those that never will, as their run was cut short or no thread was to be had, are
///   [withdrawn](Commons::withdraw). A task whose beginning depends on a task that runs counts as one that can begin.
/// * What uses locks and queues is a task that has begun, also if it only finishes a queue. A task that waits elsewhere, for a
///   time or an answer or another task's future, counts as one that goes on: nothing is said about such waits.
/// * A wait is polled until it is ready, or dropped. Nothing else ends it: a task that would give it up by itself, at a time
///   limit, counts as one that waits for ever, unless the setup says that [all do](Setup::is_limited). A task that was granted something counts as running from then on.
pub struct Commons {
    state: Mutex<State>,
}

impl Commons {
    /// Open, with every lock free and every queue empty.
    pub fn new(setup: &Setup) -> Commons {
        Commons { state: Mutex::new(State::new(setup)) }
    }

    /// A task begins, and takes part through what is returned. The observer is told what happens to it.
    ///
    /// # Errors
    /// If it runs already, or as many have begun as the setup says.
    pub fn begin<O: Observer>(&self, task: TaskId, observer: O) -> Result<Member<'_, O>, BeginError> {
        self.change(|state| state.begin(task))?;
        Ok(Member::new(self, task, observer))
    }

    /// So many tasks that the setup has will never begin.
    pub fn withdraw(&self, tasks: u32) {
        self.change(|state| state.withdraw(tasks));
    }

    /// Ends all waiting, now and later: who waits, and who would, is told [`Closed`](super::WaitError::Closed). Locks may
    /// still be released. May be called by any thread, and again.
    pub fn close(&self) {
        self.change(State::close);
    }

    /// How many items a queue has now; `None` if there is no such queue.
    pub fn queue_length(&self, queue: QueueName) -> Option<usize> {
        self.change(|state| state.length(queue))
    }

    /// Changes what is shared under the mutex, then wakes those whose wait has ended by it, without the mutex.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = sync::lock(&self.state);
        let result = change(&mut state);
        let woken = state.take_woken();
        drop(state);
        woken.into_iter().for_each(wake);
        result
    }
}

/// A waker is somebody else's code: the others have their turn whatever it does. The program's panic hook has seen it.
fn wake(waker: Waker) {
    drop(catch_unwind(AssertUnwindSafe(|| waker.wake())));
}

impl fmt::Debug for Commons {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the state, which is behind a mutex that the one who prints may hold.
        formatter.debug_struct("Commons").finish_non_exhaustive()
    }
}
