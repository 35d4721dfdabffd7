//! Those who wait in line.

use core::task::Waker;
use std::collections::BTreeMap;

/// Those who wait for one thing, first come first served. Each has a ticket, and has had its turn once that is gone.
#[derive(Debug, Default)]
pub(super) struct Waiters {
    next_ticket: u64,
    line: BTreeMap<u64, Waker>,
}

impl Waiters {
    /// Waits at the end of the line.
    pub(super) fn join(&mut self, waker: &Waker) -> u64 {
        self.next_ticket += 1;
        self.line.insert(self.next_ticket, waker.clone());
        self.next_ticket
    }

    /// Whether this one still waits; if so, `waker` is the one to be woken from now on.
    pub(super) fn still_waits(&mut self, ticket: u64, waker: &Waker) -> bool {
        let earlier = self.line.get_mut(&ticket);
        earlier.map(|earlier| earlier.clone_from(waker)).is_some()
    }

    /// Waits no more. Returns false if it had its turn.
    pub(super) fn leave(&mut self, ticket: u64) -> bool {
        self.line.remove(&ticket).is_some()
    }

    /// The first in line has its turn, and is to be woken.
    pub(super) fn pop(&mut self) -> Option<Waker> {
        self.line.pop_first().map(|(_, waker)| waker)
    }

    /// All have their turn, and are to be woken in this order.
    pub(super) fn take_all(&mut self) -> impl Iterator<Item = Waker> + use<> {
        core::mem::take(&mut self.line).into_values()
    }

    pub(super) fn len(&self) -> usize {
        self.line.len()
    }
}
