//! Who sleeps until when: what an event loop keeps in order, so that one timer of its system does for all of them, as asyncio's heap
//! of scheduled calls does.

use core::task::Waker;
use std::collections::BTreeMap;

use crate::model::time::Instant;

/// One that sleeps: until when, and which of those that sleep until then.
pub type Sleeper = (Instant, u32);

/// All that sleep, in the order in which they are due; those of one time in the order in which they began.
#[derive(Debug, Default)]
pub struct Timers {
    sleepers: BTreeMap<Sleeper, Waker>,
    next_number: u32,
}

impl Timers {
    /// Takes one that is to be woken at a time.
    pub fn insert(&mut self, until: Instant, waker: Waker) -> Sleeper {
        let sleeper = (until, self.next_number);
        self.next_number = self.next_number.wrapping_add(1);
        self.sleepers.insert(sleeper, waker);
        sleeper
    }

    /// Says who is to be woken in the place of whom it was; whether it still sleeps.
    pub fn replace(&mut self, sleeper: Sleeper, waker: &Waker) -> bool {
        let Some(known) = self.sleepers.get_mut(&sleeper) else { return false };
        known.clone_from(waker);
        true
    }

    /// Forgets one, whether it still sleeps or not.
    pub fn remove(&mut self, sleeper: Sleeper) {
        self.sleepers.remove(&sleeper);
    }

    /// When the next is due.
    pub fn next(&self) -> Option<Instant> {
        self.sleepers.first_key_value().map(|((until, _), _)| *until)
    }

    /// Takes out the next that is due at a time.
    pub fn take_due(&mut self, now: Instant) -> Option<Waker> {
        let first = self.sleepers.first_entry().filter(|first| first.key().0 <= now)?;
        Some(first.remove())
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::Arc;
    use std::sync::Mutex;
    use std::task::Wake;

    use super::*;

    /// Notes in a list that it was woken.
    struct Notes(u64, Arc<Mutex<Vec<u64>>>);

    impl Wake for Notes {
        fn wake(self: Arc<Self>) {
            self.1.lock().expect("no test panics with it").push(self.0);
        }
    }

    struct Loop {
        timers: Timers,
        woken: Arc<Mutex<Vec<u64>>>,
    }

    impl Loop {
        fn new() -> Loop {
            Loop { timers: Timers::default(), woken: Arc::default() }
        }

        fn waker(&self, name: u64) -> Waker {
            Arc::new(Notes(name, self.woken.clone())).into()
        }

        fn sleep(&mut self, until: u64, name: u64) -> Sleeper {
            let waker = self.waker(name);
            self.timers.insert(Instant(until), waker)
        }

        /// Who is woken at a time.
        fn at(&mut self, now: u64) -> Vec<u64> {
            while let Some(waker) = self.timers.take_due(Instant(now)) {
                waker.wake();
            }
            core::mem::take(&mut self.woken.lock().expect("no test panics with it"))
        }
    }

    #[test]
    fn sleepers_are_woken_when_they_are_due_in_that_order() {
        let mut event_loop = Loop::new();
        for (until, name) in [(30, 1), (10, 2), (20, 3), (10, 4)] {
            event_loop.sleep(until, name);
        }
        assert_eq!(event_loop.timers.next(), Some(Instant(10)));
        assert!(event_loop.at(9).is_empty());
        assert_eq!(event_loop.at(10), [2, 4], "those of one time in the order in which they began");
        assert_eq!(event_loop.timers.next(), Some(Instant(20)));
        assert_eq!(event_loop.at(99), [3, 1]);
        assert_eq!(event_loop.timers.next(), None);
    }

    #[test]
    fn one_that_is_forgotten_is_not_woken_and_one_that_was_woken_sleeps_no_more() {
        let mut event_loop = Loop::new();
        let (first, second) = (event_loop.sleep(10, 1), event_loop.sleep(10, 2));
        event_loop.timers.remove(first);
        let other = event_loop.waker(7);
        assert!(event_loop.timers.replace(second, &other));
        assert_eq!(event_loop.at(10), [7], "in the place of the second");
        assert!(!event_loop.timers.replace(second, &other));
        event_loop.timers.remove(second);
        assert!(event_loop.at(99).is_empty());
    }
}
