//! What tasks of one loop share: a semaphore, a lock, an event.

use core::cell::RefCell;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use std::rc::Rc;

use super::waiters::Waiters;

/// A number of permits, which tasks wait for in line: asyncio's `Semaphore`. Clones are the same one.
///
/// A permit that is given back goes to the first in line, and nobody else can take it meanwhile. One who is cancelled while
/// in line loses its place only, and gives back what it was given.
#[derive(Clone, Debug)]
pub struct Semaphore {
    shared: Rc<RefCell<Permits>>,
}

#[derive(Debug)]
struct Permits {
    /// Those that nobody has, and nobody was given.
    value: usize,
    /// How many were given one, and have not had their turn since.
    given: usize,
    waiters: Waiters,
}

impl Semaphore {
    /// With this many permits.
    pub fn new(value: usize) -> Semaphore {
        Semaphore { shared: Rc::new(RefCell::new(Permits { value, given: 0, waiters: Waiters::default() })) }
    }

    /// Waits for a permit. Who awaits this takes its place in line at its first poll.
    pub fn acquire(&self) -> Acquire {
        Acquire { semaphore: self.clone(), ticket: None }
    }

    /// A permit, if there is one now that nobody was given; it passes those in line who wait for their turn.
    pub fn try_acquire(&self) -> Option<Permit> {
        let mut permits = self.shared.borrow_mut();
        permits.value = permits.value.checked_sub(1)?;
        Some(Permit { semaphore: Some(self.clone()) })
    }

    /// Whether who asks now has to wait.
    pub fn locked(&self) -> bool {
        let permits = self.shared.borrow();
        permits.value == 0 || permits.given > 0
    }

    /// How many permits there are to be had.
    pub fn value(&self) -> usize {
        self.shared.borrow().value
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.shared.borrow().waiters.len()
    }

    /// Adds a permit, or gives one back that was forgotten ([`Permit::forget`]).
    pub fn release(&self) {
        self.shared.borrow_mut().value += 1;
        self.give();
    }

    /// Gives what there is to those in line.
    fn give(&self) {
        let mut permits = self.shared.borrow_mut();
        while permits.value > 0
            && let Some(waker) = permits.waiters.pop()
        {
            permits.value -= 1;
            permits.given += 1;
            drop(permits);
            waker.wake();
            permits = self.shared.borrow_mut();
        }
    }
}

/// What [`Semaphore::acquire`] gives.
#[derive(Debug)]
pub struct Acquire {
    semaphore: Semaphore,
    ticket: Option<u64>,
}

impl Future for Acquire {
    type Output = Permit;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Permit> {
        let semaphore = self.semaphore.clone();
        let Some(ticket) = self.ticket else {
            // Who was given a permit goes first, even if there is another.
            if !semaphore.locked()
                && let Some(permit) = semaphore.try_acquire()
            {
                return Poll::Ready(permit);
            }
            self.ticket = Some(semaphore.shared.borrow_mut().waiters.join(context.waker()));
            return Poll::Pending;
        };
        if semaphore.shared.borrow_mut().waiters.still_waits(ticket, context.waker()) {
            return Poll::Pending;
        }
        self.ticket = None;
        semaphore.shared.borrow_mut().given -= 1;
        semaphore.give();
        Poll::Ready(Permit { semaphore: Some(semaphore) })
    }
}

impl Drop for Acquire {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            let mut permits = self.semaphore.shared.borrow_mut();
            if !permits.waiters.leave(ticket) {
                permits.given -= 1;
                permits.value += 1;
            }
            drop(permits);
            self.semaphore.give();
        }
    }
}

/// What a semaphore or a lock has given to one; it is given back when this is dropped.
#[derive(Debug)]
#[must_use = "it is given back as soon as it is dropped"]
pub struct Permit {
    semaphore: Option<Semaphore>,
}

impl Permit {
    /// Does not give it back. [`Semaphore::release`] can.
    pub fn forget(mut self) {
        self.semaphore = None;
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(semaphore) = self.semaphore.take() {
            semaphore.release();
        }
    }
}

/// What one task has at a time: asyncio's `Lock`. Clones are the same one. It is a semaphore of one permit, so it cannot be
/// released by who does not have it.
#[derive(Clone, Debug)]
pub struct Lock(Semaphore);

impl Lock {
    /// A lock that nobody has.
    pub fn new() -> Lock {
        Lock(Semaphore::new(1))
    }

    /// Waits in line for it.
    pub fn acquire(&self) -> Acquire {
        self.0.acquire()
    }

    /// Takes it, if nobody has it.
    pub fn try_acquire(&self) -> Option<Permit> {
        self.0.try_acquire()
    }

    /// Whether somebody has it.
    pub fn locked(&self) -> bool {
        self.0.locked()
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.0.waiting()
    }
}

impl Default for Lock {
    fn default() -> Lock {
        Lock::new()
    }
}

/// Something that has happened, or not yet: asyncio's `Event`. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub struct Event {
    shared: Rc<RefCell<Flag>>,
}

#[derive(Debug, Default)]
struct Flag {
    is_set: bool,
    waiters: Waiters,
}

impl Event {
    /// One that has not happened.
    pub fn new() -> Event {
        Event::default()
    }

    /// Whether it has happened.
    pub fn is_set(&self) -> bool {
        self.shared.borrow().is_set
    }

    /// It has happened: all who wait go on, even if it is cleared before their turn.
    pub fn set(&self) {
        let mut flag = self.shared.borrow_mut();
        flag.is_set = true;
        let waiters = flag.waiters.take_all();
        drop(flag);
        waiters.for_each(|waker| waker.wake());
    }

    /// From now on, it has not happened.
    pub fn clear(&self) {
        self.shared.borrow_mut().is_set = false;
    }

    /// Waits until it has happened.
    pub fn wait(&self) -> EventWait {
        EventWait { event: self.clone(), ticket: None }
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.shared.borrow().waiters.len()
    }
}

/// What [`Event::wait`] gives.
#[derive(Debug)]
pub struct EventWait {
    event: Event,
    ticket: Option<u64>,
}

impl Future for EventWait {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let event = self.event.clone();
        let mut flag = event.shared.borrow_mut();
        match self.ticket {
            None if flag.is_set => Poll::Ready(()),
            None => {
                self.ticket = Some(flag.waiters.join(context.waker()));
                Poll::Pending
            }
            Some(ticket) if flag.waiters.still_waits(ticket, context.waker()) => Poll::Pending,
            Some(_) => Poll::Ready(()),
        }
    }
}

impl Drop for EventWait {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket {
            self.event.shared.borrow_mut().waiters.leave(ticket);
        }
    }
}
