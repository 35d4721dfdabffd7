//! What holds of the shared state after every step, over long random walks.

use core::num::NonZeroUsize;
use core::task::Poll;
use std::collections::BTreeMap;

use super::error::WaitError;
use super::names::{Item, LockName, QueueName, Wanted};
use super::registry::Setup;
use super::state::{Answer, State};
use crate::model::id::TaskId;

const TASKS: u32 = 5;
const CAPACITY: usize = 2;
const QUEUE: QueueName = QueueName(0);

/// A small generator of numbers that look random (Marsaglia's xorshift).
struct Random(u32);

impl Random {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 % limit
    }
}

/// The state, and what tasks believe.
struct Walk {
    state: State,
    /// What each task that has begun waits for.
    tasks: BTreeMap<TaskId, Option<Wanted>>,
    held: BTreeMap<LockName, TaskId>,
    put: Vec<Item>,
    got: Vec<Item>,
    /// Which errors were seen.
    seen: BTreeMap<&'static str, u32>,
}

impl Walk {
    fn new(tasks: u32) -> Walk {
        let setup = Setup::of_tasks(tasks).with_queue(NonZeroUsize::new(CAPACITY).expect("not 0"), 1);
        Walk {
            state: State::new(&setup),
            tasks: BTreeMap::new(),
            held: BTreeMap::new(),
            put: Vec::new(),
            got: Vec::new(),
            seen: BTreeMap::new(),
        }
    }

    fn perform(&mut self, task: TaskId, wanted: Wanted) {
        match wanted {
            Wanted::Lock(lock) => assert_eq!(self.held.insert(lock, task), None, "a lock has one holder"),
            Wanted::Room(queue) => {
                let item = self.put.len() as Item;
                let (length, _) = self.state.put(task, queue, item).expect("it has a permit");
                self.put.push(item);
                assert!((1..=CAPACITY).contains(&length));
            }
            Wanted::Item(queue) => {
                let (item, length, _) = self.state.get(task, queue).expect("it has a permit");
                self.got.push(item);
                assert!(length < CAPACITY);
            }
        }
    }

    fn fail(&mut self, task: TaskId, error: &WaitError) {
        let name = match error {
            WaitError::Deadlock(deadlock) => {
                for (place, link) in deadlock.circle.iter().enumerate() {
                    let next = deadlock.circle[(place + 1) % deadlock.circle.len()];
                    assert!(self.state.held_by(link.task).contains(&link.has), "{deadlock}");
                    assert_eq!(link.waits_for, next.has, "{deadlock}");
                }
                "deadlock"
            }
            WaitError::Stalled(_) => "stalled",
            _ => panic!("{error}"),
        };
        *self.seen.entry(name).or_default() += 1;
        self.end(task);
    }

    fn end(&mut self, task: TaskId) {
        for lock in self.state.held_by(task) {
            self.state.release(task, lock).expect("it holds it");
        }
        self.held.retain(|_, holder| *holder != task);
        self.state.end(task);
        self.tasks.remove(&task);
    }

    fn step(&mut self, random: &mut Random) {
        let task = TaskId(random.below(TASKS));
        let Some(waits_for) = self.tasks.get(&task).copied() else {
            if self.state.begin(task).is_ok() {
                self.tasks.insert(task, None);
            }
            return;
        };
        if let Some(wanted) = waits_for {
            if random.below(8) == 0 {
                assert_eq!(self.state.cancel(task).map(|cancelled| cancelled.wanted), Some(wanted));
                self.tasks.insert(task, None);
                return;
            }
            match self.state.poll(task, &mut None) {
                Poll::Pending => return,
                Poll::Ready(Ok(_)) => self.perform(task, wanted),
                Poll::Ready(Err(error)) => return self.fail(task, &error),
            }
            self.tasks.insert(task, None);
            return;
        }
        let lock = LockName(char::from(b'A' + random.below(3) as u8));
        let wanted = match random.below(8) {
            0..3 => Wanted::Lock(lock),
            3 => Wanted::Room(QUEUE),
            4 => Wanted::Item(QUEUE),
            5..7 => {
                let is_held = self.held.get(&lock) == Some(&task);
                assert_eq!(self.state.release(task, lock).is_ok(), is_held);
                if is_held {
                    self.held.remove(&lock);
                }
                return;
            }
            _ => return self.end(task),
        };
        match self.state.request(task, wanted) {
            Ok(Answer::Granted) => self.perform(task, wanted),
            Ok(Answer::Waits(_)) => {
                self.tasks.insert(task, Some(wanted));
            }
            Err(error) => self.fail(task, &error),
        }
    }
}

#[test]
fn the_state_is_whole_after_every_step() {
    let mut random = Random(0x9E37_79B9);
    let mut seen = BTreeMap::<&str, u32>::new();
    for _ in 0..2_000 {
        let mut walk = Walk::new(TASKS + random.below(4));
        for _ in 0..200 {
            walk.step(&mut random);
            walk.state.check();
        }
        assert_eq!(walk.got, (0..walk.got.len() as Item).collect::<Vec<_>>(), "first in, first out, none twice");
        assert_eq!(walk.state.length(QUEUE), Some(walk.put.len() - walk.got.len()), "none lost");
        walk.seen.into_iter().for_each(|(name, times)| *seen.entry(name).or_default() += times);
    }
    assert!(seen.len() == 2 && seen.values().all(|times| *times > 100), "{seen:?}");
}
