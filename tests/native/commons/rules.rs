//! The rules of locks and queues, as an observer that holds what it is told against them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, PoisonError};

use overlap::engine::commons::{CommonsEvent, Item, LockName, Observer, QueueName, Wanted};
use overlap::model::id::TaskId;

/// Fails at the first event that breaks a rule, and keeps all of them.
#[derive(Debug, Default)]
pub struct Rules {
    book: Mutex<Book>,
}

#[derive(Debug, Default)]
struct Book {
    holders: BTreeMap<LockName, TaskId>,
    lines: BTreeMap<Wanted, VecDeque<TaskId>>,
    /// Who was let go on, by whom, and has not yet said so.
    granted: BTreeMap<TaskId, (Wanted, TaskId)>,
    /// Who was passed over. That is right only if its wait has failed, which it says when it goes on, and nothing else.
    failed: BTreeSet<TaskId>,
    queues: BTreeMap<QueueName, VecDeque<Item>>,
    events: Vec<(TaskId, CommonsEvent)>,
}

impl Rules {
    /// What was told so far.
    pub fn events(&self) -> Vec<(TaskId, CommonsEvent)> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner).events.clone()
    }

    /// How many of the events so far are such.
    pub fn count(&self, is_such: impl Fn(CommonsEvent) -> bool) -> usize {
        self.events().iter().filter(|(_, event)| is_such(*event)).count()
    }

    /// Fails if anybody still holds or waits.
    pub fn check_over(&self) {
        let book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        let nobody_waits = book.lines.values().all(VecDeque::is_empty) && book.failed.is_empty();
        assert!(nobody_waits && book.holders.is_empty() && book.granted.is_empty(), "{book:?}");
    }
}

impl Book {
    /// A permit for this is there, by this task's doing: the one that waited longest has it.
    fn pass_on(&mut self, wanted: Wanted, by: TaskId, to: Option<TaskId>) {
        self.pass_over(wanted, to);
        if let Some(next) = to {
            assert_eq!(self.lines.entry(wanted).or_default().pop_front(), Some(next), "it waited: {self:?}");
            self.granted.insert(next, (wanted, by));
        }
    }

    /// Those who waited longer than this task can only have failed; all of them, if none is let go on.
    fn pass_over(&mut self, wanted: Wanted, next: Option<TaskId>) {
        let line = self.lines.entry(wanted).or_default();
        while line.front().is_some_and(|front| Some(*front) != next) {
            self.failed.extend(line.pop_front());
        }
    }

    /// A task goes on with a permit, from a task or because one was free.
    fn go_on(&mut self, task: TaskId, wanted: Wanted, from: Option<TaskId>) {
        assert!(!self.failed.contains(&task), "it was passed over: {self:?}");
        match from {
            Some(by) => assert_eq!(self.granted.remove(&task), Some((wanted, by)), "it was let: {self:?}"),
            None => self.pass_over(wanted, None),
        }
    }
}

impl Observer for Rules {
    fn on(&self, task: TaskId, event: CommonsEvent) {
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        let book = &mut *book;
        book.events.push((task, event));
        match event {
            CommonsEvent::Waiting { wanted, holder } => {
                if let Wanted::Lock(lock) = wanted {
                    assert_eq!(holder, book.holders.get(&lock).copied(), "{book:?}");
                    assert!(holder.is_some_and(|holder| holder != task), "it waits for another: {book:?}");
                }
                book.lines.entry(wanted).or_default().push_back(task);
            }
            CommonsEvent::GaveUp { wanted, to } => match book.granted.remove(&task) {
                Some(_) => {
                    if let Wanted::Lock(lock) = wanted {
                        book.holders.remove(&lock);
                        book.holders.extend(to.map(|to| (lock, to)));
                    }
                    book.pass_on(wanted, task, to);
                }
                None => {
                    assert_eq!(to, None);
                    book.failed.remove(&task);
                    book.lines.entry(wanted).or_default().retain(|other| *other != task);
                }
            },
            CommonsEvent::Acquired { lock, from } => {
                book.go_on(task, Wanted::Lock(lock), from);
                let before = book.holders.insert(lock, task);
                assert_eq!(before, from.map(|_| task), "one task holds a lock: {book:?}");
            }
            CommonsEvent::Released { lock, to } => {
                assert_eq!(book.holders.remove(&lock), Some(task), "only the holder releases: {book:?}");
                book.holders.extend(to.map(|to| (lock, to)));
                book.pass_on(Wanted::Lock(lock), task, to);
            }
            CommonsEvent::Put { queue, item, length, from, to } => {
                book.go_on(task, Wanted::Room(queue), from);
                let items = book.queues.entry(queue).or_default();
                items.push_back(item);
                assert_eq!(items.len(), length, "{book:?}");
                book.pass_on(Wanted::Item(queue), task, to);
            }
            CommonsEvent::Got { queue, item, length, from, to } => {
                book.go_on(task, Wanted::Item(queue), from);
                let items = book.queues.entry(queue).or_default();
                assert_eq!(items.pop_front(), Some(item), "first in, first out");
                assert_eq!(items.len(), length, "{book:?}");
                book.pass_on(Wanted::Room(queue), task, to);
            }
            CommonsEvent::Finished { .. } => {}
        }
    }
}
