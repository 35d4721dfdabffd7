//! A queue between tasks.

use core::cell::{Cell, RefCell};
use core::fmt;
use std::collections::VecDeque;
use std::rc::Rc;

use super::error::{QueueEmpty, QueueFull, TaskDoneUnderflow};
use super::locks::{Event, Semaphore};

/// Items in the order in which they were put: asyncio's `Queue`. Clones are the same one.
///
/// Those who wait are served in line. An item or a room that one in line was given is not another's meanwhile, and goes to
/// the next if that one is cancelled.
pub struct Queue<T> {
    shared: Rc<Shared<T>>,
}

struct Shared<T> {
    items: RefCell<VecDeque<T>>,
    maxsize: usize,
    /// A permit for each item that nobody was given.
    filled: Semaphore,
    /// A permit for each room that nobody was given, if rooms are limited.
    free: Option<Semaphore>,
    /// Items that were put and not called done.
    unfinished: Cell<usize>,
    all_done: Event,
}

impl<T> Queue<T> {
    /// With room for `maxsize` items, or without limit if that is zero.
    pub fn new(maxsize: usize) -> Queue<T> {
        let all_done = Event::new();
        all_done.set();
        let shared = Shared {
            items: RefCell::default(),
            maxsize,
            filled: Semaphore::new(0),
            free: (maxsize > 0).then(|| Semaphore::new(maxsize)),
            unfinished: Cell::new(0),
            all_done,
        };
        Queue { shared: Rc::new(shared) }
    }

    /// Waits for room, and puts an item. If this is dropped before it ends, nothing was put.
    pub async fn put(&self, item: T) {
        if let Some(free) = &self.shared.free {
            free.acquire().await.forget();
        }
        self.insert(item);
    }

    /// Puts an item, if there is room now.
    ///
    /// # Errors
    /// If there is none; the item is in the error.
    pub fn put_nowait(&self, item: T) -> Result<(), QueueFull<T>> {
        if let Some(free) = &self.shared.free {
            let Some(room) = free.try_acquire() else { return Err(QueueFull(item)) };
            room.forget();
        }
        self.insert(item);
        Ok(())
    }

    /// Waits for an item, and takes it. If this is dropped before it ends, nothing was taken.
    pub async fn get(&self) -> T {
        loop {
            self.shared.filled.acquire().await.forget();
            if let Some(item) = self.remove() {
                return item;
            }
        }
    }

    /// Takes an item, if there is one now.
    ///
    /// # Errors
    /// If there is none.
    pub fn get_nowait(&self) -> Result<T, QueueEmpty> {
        self.shared.filled.try_acquire().ok_or(QueueEmpty)?.forget();
        self.remove().ok_or(QueueEmpty)
    }

    fn insert(&self, item: T) {
        self.shared.items.borrow_mut().push_back(item);
        self.shared.unfinished.set(self.shared.unfinished.get() + 1);
        self.shared.all_done.clear();
        self.shared.filled.release();
    }

    /// Takes the item that a permit stands for.
    fn remove(&self) -> Option<T> {
        let item = self.shared.items.borrow_mut().pop_front()?;
        if let Some(free) = &self.shared.free {
            free.release();
        }
        Some(item)
    }

    /// How many items are in it.
    pub fn qsize(&self) -> usize {
        self.shared.items.borrow().len()
    }

    /// How many items it has room for; zero is no limit.
    pub fn maxsize(&self) -> usize {
        self.shared.maxsize
    }

    /// Whether no item is in it.
    pub fn empty(&self) -> bool {
        self.qsize() == 0
    }

    /// Whether no more items have room in it.
    pub fn full(&self) -> bool {
        self.shared.maxsize > 0 && self.qsize() >= self.shared.maxsize
    }

    /// How many wait for an item.
    pub fn getters(&self) -> usize {
        self.shared.filled.waiting()
    }

    /// How many wait for room.
    pub fn putters(&self) -> usize {
        self.shared.free.as_ref().map_or(0, Semaphore::waiting)
    }

    /// Says that an item which was taken is dealt with.
    ///
    /// # Errors
    /// If every item was called done already.
    pub fn task_done(&self) -> Result<(), TaskDoneUnderflow> {
        let left = self.shared.unfinished.get().checked_sub(1).ok_or(TaskDoneUnderflow)?;
        self.shared.unfinished.set(left);
        if left == 0 {
            self.shared.all_done.set();
        }
        Ok(())
    }

    /// Waits until every item that was put was taken and called done.
    pub async fn join(&self) {
        self.shared.all_done.wait().await;
    }
}

impl<T> Clone for Queue<T> {
    fn clone(&self) -> Queue<T> {
        Queue { shared: Rc::clone(&self.shared) }
    }
}

impl<T> fmt::Debug for Queue<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "<Queue maxsize={} size={}>", self.maxsize(), self.qsize())
    }
}
