//! All that is shared, as it is under the mutex: permits, who waits for one, who holds which lock. It calls nobody: whom to
//! wake is left in `woken`, for when the mutex is free.

use core::mem;
use core::task::{Poll, Waker};
use std::collections::{BTreeMap, VecDeque};

use super::error::{BeginError, Deadlock, Link, NotHeld, Stalled, WaitError};
use super::names::{Item, LockName, QueueName, Wanted};
use super::registry::Setup;
use crate::model::id::TaskId;

#[derive(Debug)]
pub struct State {
    closed: bool,
    /// The tasks that have begun and not ended, each with the one thing that it waits for, if it does.
    tasks: BTreeMap<TaskId, Option<Pending>>,
    /// How many of them wait: have a wait that is `Waiting`.
    waiting: usize,
    /// How many tasks have not begun, and will as far as is known.
    to_come: u32,
    /// How many may run at once.
    at_once: usize,
    /// Whether every wait ends by itself.
    is_limited: bool,
    permits: BTreeMap<Wanted, Permits>,
    holders: BTreeMap<LockName, TaskId>,
    queues: Vec<Queue>,
    /// Whose wait has ended, to be woken without the mutex: a waker is somebody else's code.
    woken: Vec<Waker>,
}

/// How many may have something now, and who waits because that is none. Where `free` is not 0, nobody waits.
#[derive(Debug, Default)]
struct Permits {
    free: usize,
    /// The one that waited longest first.
    waiting: VecDeque<TaskId>,
}

#[derive(Debug)]
struct Queue {
    items: VecDeque<Item>,
    /// How many producers have not finished.
    producers: u32,
    finished_by: Vec<TaskId>,
}

impl Queue {
    fn is_finished(&self) -> bool {
        self.producers == 0
    }
}

/// A task's wait, from its request until the task has seen how it ended.
#[derive(Debug)]
struct Pending {
    wanted: Wanted,
    standing: Standing,
}

#[derive(Debug)]
enum Standing {
    /// In the line of what is wanted. The waker is that of the last poll, if it had one.
    Waiting(Option<Waker>),
    /// It has a permit, by grace of this task, and is yet to go on.
    Granted(TaskId),
    /// It is yet to be told.
    Failed(WaitError),
}

/// What became of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// The task has a permit.
    Granted,
    /// The task waits, in the line of what it wants. With who holds it, if it is a lock.
    Waits(Option<TaskId>),
}

/// A wait that was taken back.
#[derive(Debug)]
pub(super) struct Cancelled {
    pub(super) wanted: Wanted,
    /// Who was granted what it was granted.
    pub(super) to: Option<TaskId>,
    /// Must not be dropped under the mutex: that may drop the task behind it, which is somebody else's code.
    pub(super) waker: Option<Waker>,
}

impl State {
    pub(super) fn new(setup: &Setup) -> State {
        let queues = setup.queues.iter().map(|queue| Queue {
            items: VecDeque::with_capacity(queue.capacity.get()),
            producers: queue.producers,
            finished_by: Vec::new(),
        });
        let room = setup.queues.iter().enumerate().map(|(place, queue)| {
            let permits = Permits { free: queue.capacity.get(), waiting: VecDeque::new() };
            (Wanted::Room(QueueName(place)), permits)
        });
        State {
            closed: false,
            tasks: BTreeMap::new(),
            waiting: 0,
            to_come: setup.tasks,
            at_once: setup.at_once.map_or(usize::MAX, core::num::NonZeroUsize::get),
            is_limited: setup.is_limited,
            permits: room.collect(),
            holders: BTreeMap::new(),
            queues: queues.collect(),
            woken: Vec::new(),
        }
    }

    pub(super) fn take_woken(&mut self) -> Vec<Waker> {
        mem::take(&mut self.woken)
    }

    pub(super) fn begin(&mut self, task: TaskId) -> Result<(), BeginError> {
        if self.tasks.contains_key(&task) {
            return Err(BeginError::Running(task));
        }
        self.to_come = self.to_come.checked_sub(1).ok_or(BeginError::Unexpected(task))?;
        self.tasks.insert(task, None);
        Ok(())
    }

    /// The task has ended, and has released its locks.
    pub(super) fn end(&mut self, task: TaskId) {
        self.forget(task);
        self.tasks.remove(&task);
        self.fail_if_stalled();
    }

    /// So many tasks will never begin.
    pub(super) fn withdraw(&mut self, tasks: u32) {
        self.to_come = self.to_come.saturating_sub(tasks);
        self.fail_if_stalled();
    }

    pub(super) fn close(&mut self) {
        self.closed = true;
        self.fail_all(&WaitError::Closed);
    }

    // --- Waiting ---

    /// The task wants this, and waits for it if it cannot have it now. A task has one wait at a time: one before it can only
    /// have been leaked, and is taken back.
    pub(super) fn request(&mut self, task: TaskId, wanted: Wanted) -> Result<Answer, WaitError> {
        self.forget(task);
        if self.closed {
            return Err(WaitError::Closed);
        }
        if let Wanted::Room(name) | Wanted::Item(name) = wanted {
            let queue = self.queues.get(name.0).ok_or(WaitError::NoSuchQueue(name))?;
            let has_nothing = matches!(wanted, Wanted::Room(_)) || queue.items.is_empty();
            if queue.is_finished() && has_nothing {
                return Err(WaitError::Finished(name));
            }
        }
        if self.permits(wanted).free > 0 {
            self.take(wanted, task);
            return Ok(Answer::Granted);
        }
        let holder = match wanted {
            Wanted::Lock(lock) => match self.circle(task, lock) {
                Some(circle) => return Err(WaitError::Deadlock(Deadlock { circle: circle.into() })),
                None => self.holders.get(&lock).copied(),
            },
            Wanted::Room(_) | Wanted::Item(_) => None,
        };
        self.permits(wanted).waiting.push_back(task);
        self.tasks.insert(task, Some(Pending { wanted, standing: Standing::Waiting(None) }));
        self.waiting += 1;
        self.fail_if_stalled();
        Ok(Answer::Waits(holder))
    }

    /// How the wait of this task stands. If it still waits, the waker is kept, and the one before it given back. Else the
    /// wait is over: the task has a permit by grace of the task that is named, or the error.
    pub(super) fn poll(&mut self, task: TaskId, waker: &mut Option<Waker>) -> Poll<Result<TaskId, WaitError>> {
        let Some(pending) = self.tasks.get_mut(&task) else { return Poll::Pending };
        if let Some(Pending { standing: Standing::Waiting(kept), .. }) = pending {
            if waker.is_some() {
                mem::swap(kept, waker);
            }
            return Poll::Pending;
        }
        match pending.take().map(|pending| pending.standing) {
            Some(Standing::Granted(by)) => Poll::Ready(Ok(by)),
            Some(Standing::Failed(error)) => Poll::Ready(Err(error)),
            // Nothing is waited for: nothing will come.
            Some(Standing::Waiting(_)) | None => Poll::Pending,
        }
    }

    /// The task waits no more, for whatever it was. What it was granted and did not see goes to the next in line.
    pub(super) fn cancel(&mut self, task: TaskId) -> Option<Cancelled> {
        let Pending { wanted, standing } = self.tasks.get_mut(&task)?.take()?;
        let (to, waker) = match standing {
            Standing::Waiting(waker) => {
                self.permits(wanted).waiting.retain(|other| *other != task);
                self.waiting -= 1;
                (None, waker)
            }
            Standing::Granted(_) => (self.give(wanted, task), None),
            Standing::Failed(_) => (None, None),
        };
        Some(Cancelled { wanted, to, waker })
    }

    /// Takes a leaked wait back. Its waker is woken, since it must not be dropped here.
    fn forget(&mut self, task: TaskId) {
        let waker = self.cancel(task).and_then(|cancelled| cancelled.waker);
        self.woken.extend(waker);
    }

    // --- Permits ---

    fn permits(&mut self, wanted: Wanted) -> &mut Permits {
        let free = usize::from(matches!(wanted, Wanted::Lock(_)));
        self.permits.entry(wanted).or_insert_with(|| Permits { free, waiting: VecDeque::new() })
    }

    fn take(&mut self, wanted: Wanted, task: TaskId) {
        self.permits(wanted).free -= 1;
        if let Wanted::Lock(lock) = wanted {
            self.holders.insert(lock, task);
        }
    }

    /// Gives a permit, to the one that waited longest, if anybody waits: that one is returned.
    fn give(&mut self, wanted: Wanted, by: TaskId) -> Option<TaskId> {
        if let Wanted::Lock(lock) = wanted {
            self.holders.remove(&lock);
        }
        let permits = self.permits(wanted);
        permits.free += 1;
        let next = permits.waiting.pop_front()?;
        self.take(wanted, next);
        self.settle(next, Standing::Granted(by));
        Some(next)
    }

    /// Ends the wait of a task that is out of its line.
    fn settle(&mut self, task: TaskId, standing: Standing) {
        let Some(Some(pending)) = self.tasks.get_mut(&task) else { return };
        if let Standing::Waiting(waker) = mem::replace(&mut pending.standing, standing) {
            self.waiting -= 1;
            self.woken.extend(waker);
        }
    }

    fn fail_line(&mut self, wanted: Wanted, error: &WaitError) {
        for task in mem::take(&mut self.permits(wanted).waiting) {
            self.settle(task, Standing::Failed(error.clone()));
        }
    }

    fn fail_all(&mut self, error: &WaitError) {
        let lines: Vec<Wanted> = self.permits.keys().copied().collect();
        lines.into_iter().for_each(|wanted| self.fail_line(wanted, error));
    }

    // --- Locks ---

    /// Releases a lock, and returns who has it now.
    pub(super) fn release(&mut self, task: TaskId, lock: LockName) -> Result<Option<TaskId>, NotHeld> {
        if self.holders.get(&lock) != Some(&task) {
            return Err(NotHeld { task, lock });
        }
        Ok(self.give(Wanted::Lock(lock), task))
    }

    /// The locks that a task holds, by name.
    pub(super) fn held_by(&self, task: TaskId) -> Vec<LockName> {
        self.holders.iter().filter(|(_, holder)| **holder == task).map(|(lock, _)| *lock).collect()
    }

    /// The circle that there would be if this task waited for this lock.
    ///
    /// A lock has one holder and a task waits for one thing, so there is one way to go. It ends: no circle is ever closed,
    /// so none is met on the way but that of `task`.
    fn circle(&self, task: TaskId, lock: LockName) -> Option<Vec<Link>> {
        let mut circle = Vec::new();
        let (mut waiter, mut wanted) = (task, lock);
        loop {
            let holder = *self.holders.get(&wanted)?;
            // What a task has is what the one before it waits for; that of the first is known at the end.
            let has = circle.last().map_or(wanted, |link: &Link| link.waits_for);
            circle.push(Link { task: waiter, has, waits_for: wanted });
            if holder == task {
                circle[0].has = wanted;
                return Some(circle);
            }
            let Some(Some(Pending { wanted: Wanted::Lock(next), standing: Standing::Waiting(_) })) =
                self.tasks.get(&holder)
            else {
                return None;
            };
            (waiter, wanted) = (holder, *next);
        }
    }

    // --- Queues ---

    /// Puts an item where the task has a permit to, and returns how many there are now and who may get one, having waited.
    pub(super) fn put(
        &mut self,
        task: TaskId,
        name: QueueName,
        item: Item,
    ) -> Result<(usize, Option<TaskId>), WaitError> {
        let queue = self.queues.get_mut(name.0).ok_or(WaitError::NoSuchQueue(name))?;
        // Since the permit: a queue that was drained must not get an item that nobody will look for.
        if queue.is_finished() {
            self.give(Wanted::Room(name), task);
            return Err(WaitError::Finished(name));
        }
        queue.items.push_back(item);
        let length = queue.items.len();
        Ok((length, self.give(Wanted::Item(name), task)))
    }

    /// Gets the first item, for which the task has a permit, and returns with it how many are left and who may put one,
    /// having waited.
    pub(super) fn get(&mut self, task: TaskId, name: QueueName) -> Result<(Item, usize, Option<TaskId>), WaitError> {
        let queue = self.queues.get_mut(name.0).ok_or(WaitError::NoSuchQueue(name))?;
        // A permit stands for an item, so there is one.
        let item = queue.items.pop_front().ok_or(WaitError::Finished(name))?;
        let (length, is_finished) = (queue.items.len(), queue.is_finished());
        let to = self.give(Wanted::Room(name), task);
        if is_finished && length == 0 {
            self.fail_line(Wanted::Item(name), &WaitError::Finished(name));
        }
        Ok((item, length, to))
    }

    /// The task puts no more. After the last producer, puts fail, and gets do once there is nothing left.
    pub(super) fn finish(&mut self, task: TaskId, name: QueueName) -> Result<(), WaitError> {
        let queue = self.queues.get_mut(name.0).ok_or(WaitError::NoSuchQueue(name))?;
        if queue.is_finished() || queue.finished_by.contains(&task) {
            return Ok(());
        }
        queue.finished_by.push(task);
        queue.producers -= 1;
        if queue.is_finished() {
            let is_drained = queue.items.is_empty();
            self.fail_line(Wanted::Room(name), &WaitError::Finished(name));
            if is_drained {
                self.fail_line(Wanted::Item(name), &WaitError::Finished(name));
            }
        }
        Ok(())
    }

    /// How many items a queue has; `None` if there is no such queue.
    pub(super) fn length(&self, name: QueueName) -> Option<usize> {
        Some(self.queues.get(name.0)?.items.len())
    }

    // --- Stalls ---

    /// If every task that has begun waits, and no other can begin, then nobody is left who could end a wait: each is told.
    fn fail_if_stalled(&mut self) {
        let can_begin = self.to_come > 0 && self.tasks.len() < self.at_once;
        if self.waiting == 0 || self.waiting < self.tasks.len() || can_begin || self.is_limited {
            return;
        }
        let waits = self.tasks.iter().filter_map(|(task, pending)| Some((*task, pending.as_ref()?.wanted))).collect();
        self.fail_all(&WaitError::Stalled(Stalled { waits, to_come: self.to_come }));
    }
}

/// What holds between any two changes.
#[cfg(all(test, not(any(loom, shuttle))))]
impl State {
    pub(super) fn check(&self) {
        let waits_in = |pending: &Option<Pending>, line: Option<Wanted>| {
            pending.as_ref().is_some_and(|pending| {
                matches!(pending.standing, Standing::Waiting(_)) && line.is_none_or(|wanted| pending.wanted == wanted)
            })
        };
        assert_eq!(self.waiting, self.tasks.values().filter(|pending| waits_in(pending, None)).count());
        for (wanted, permits) in &self.permits {
            assert!(permits.free == 0 || permits.waiting.is_empty(), "nobody waits for what is free: {self:?}");
            let waiting = self.tasks.values().filter(|pending| waits_in(pending, Some(*wanted))).count();
            assert_eq!(permits.waiting.len(), waiting, "who waits is in line, once: {self:?}");
            if let Wanted::Lock(lock) = wanted {
                assert_eq!(permits.free, usize::from(!self.holders.contains_key(lock)), "{self:?}");
            }
        }
        for (task, pending) in &self.tasks {
            if let Some(Pending { wanted: Wanted::Lock(lock), standing: Standing::Waiting(_) }) = pending {
                assert_eq!(self.circle(*task, *lock), None, "no circle is closed: {self:?}");
            }
        }
        let can_begin = self.to_come > 0 && self.tasks.len() < self.at_once;
        let is_stalled = self.waiting > 0 && self.waiting == self.tasks.len() && !can_begin && !self.is_limited;
        assert!(!is_stalled, "nobody waits for nobody: {self:?}");
    }
}
