//! The reading side of a block, through whatever lets its words be seen.

use super::layout::{self, CAPACITY, HEAD, LOST, MAGIC, MAGIC_WORD, RINGS, SLOTS, TAIL};
use crate::model::event::{EVENT_WORDS, Event};

/// A way to see the words of a block.
pub trait Words {
    /// The word at an index; acquires what its writer released.
    fn load(&self, index: usize) -> u32;
    /// Stores a word; releases what was read before.
    fn store(&self, index: usize, value: u32);
    /// Copies words that nobody writes to meanwhile.
    fn copy(&self, index: usize, out: &mut [u32]);
}

impl Words for [crate::sync::AtomicU32] {
    fn load(&self, index: usize) -> u32 {
        self[index].load(crate::sync::Ordering::Acquire)
    }

    fn store(&self, index: usize, value: u32) {
        self[index].store(value, crate::sync::Ordering::Release);
    }

    fn copy(&self, index: usize, out: &mut [u32]) {
        for (word, shared) in out.iter_mut().zip(&self[index..]) {
            *word = shared.load(crate::sync::Ordering::Relaxed);
        }
    }
}

/// Reads the events of all rings. Keeps its buffers, so that a frame allocates nothing once they have grown.
#[derive(Debug, Default)]
pub struct Drain {
    words: Vec<u32>,
    events: Vec<Event>,
}

impl Drain {
    /// Takes every event that waits, in the order of their sequence numbers, and the number of events lost so far.
    ///
    /// What is no block, because the process died while it made it, has none.
    pub fn take(&mut self, block: &(impl Words + ?Sized)) -> (&[Event], u64) {
        self.events.clear();
        let mut lost = 0;
        if block.load(MAGIC) == MAGIC_WORD {
            let (rings, capacity) = (block.load(RINGS) as usize, block.load(CAPACITY) as usize);
            for ring in 0..rings {
                lost += u64::from(self.take_ring(block, layout::ring_start(ring, capacity), capacity));
            }
            self.events.sort_unstable_by_key(|event| event.sequence);
        }
        (&self.events, lost)
    }

    fn take_ring(&mut self, block: &(impl Words + ?Sized), start: usize, capacity: usize) -> u32 {
        let (head, mut tail) = (block.load(start + HEAD), block.load(start + TAIL));
        while tail != head {
            let first = tail as usize & (capacity - 1);
            let run = (head.wrapping_sub(tail) as usize).min(capacity - first);
            self.words.resize(run * EVENT_WORDS, 0);
            block.copy(start + SLOTS + first * EVENT_WORDS, &mut self.words);
            let (records, _) = self.words.as_chunks::<EVENT_WORDS>();
            self.events.extend(records.iter().filter_map(|record| Event::from_words(*record)));
            tail = tail.wrapping_add(run as u32);
        }
        block.store(start + TAIL, head);
        block.load(start + LOST)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use crate::engine::ports::Clock;
    use crate::engine::recorder::Shared;
    use crate::model::event::{EventKind, Phase};
    use crate::model::id::{LaneId, TaskId};
    use crate::model::time::Instant;

    #[derive(Default)]
    struct Ticks(AtomicU64);

    impl Clock for Ticks {
        fn now(&self) -> Instant {
            Instant(self.0.fetch_add(1, Ordering::Relaxed))
        }
    }

    fn tasks(events: &[Event]) -> Vec<u32> {
        events.iter().filter_map(|event| event.task).map(|task| task.0).collect()
    }

    #[test]
    fn what_was_written_is_read_once_and_in_order_over_all_rings() {
        let (shared, clock, mut drain) = (Shared::new(2, 8), Ticks::default(), Drain::default());
        let lanes = [LaneId::Thread(0), LaneId::Thread(1)];
        let recorders = [shared.lane(0, lanes[0], &clock), shared.lane(1, lanes[1], &clock)];
        for task in 0..6 {
            recorders[task as usize % 2].enter(Phase::Computing, Some(TaskId(task)));
        }
        let (events, lost) = drain.take(shared.words());
        assert_eq!((tasks(events), lost), (vec![0, 1, 2, 3, 4, 5], 0));
        assert_eq!(events[1].lane, lanes[1]);
        assert!(drain.take(shared.words()).0.is_empty());
    }

    #[test]
    fn a_full_ring_counts_what_it_drops_and_goes_on_once_it_was_read() {
        let (shared, clock, mut drain) = (Shared::new(1, 4), Ticks::default(), Drain::default());
        let recorder = shared.lane(0, LaneId::Thread(0), &clock);
        for round in 0..5 {
            for task in 0..6 {
                recorder.record(EventKind::Submitted, Some(TaskId(task)), 0);
            }
            let (events, lost) = drain.take(shared.words());
            assert_eq!((tasks(events), lost), (vec![0, 1, 2, 3], 2 * (round + 1)));
        }
    }

    #[test]
    fn words_that_are_no_block_hold_no_events() {
        let words: Vec<crate::sync::AtomicU32> = (0..64).map(|_| crate::sync::AtomicU32::new(9)).collect();
        assert_eq!(Drain::default().take(words.as_slice()), (&[][..], 0));
    }

    #[test]
    fn a_reader_sees_every_event_of_a_busy_writer() {
        const EVENTS: u32 = 200_000;
        let shared = Shared::new(1, 1 << 10);
        let (mut drain, mut next, mut lost) = (Drain::default(), 0, 0);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let clock = Ticks::default();
                let recorder = shared.lane(0, LaneId::Thread(0), &clock);
                for task in 0..EVENTS {
                    recorder.record(EventKind::Submitted, Some(TaskId(task)), u64::from(task) << 7);
                }
            });
            let mut seen = 0_u32;
            while u64::from(seen) + lost < u64::from(EVENTS) {
                let (events, lost_now) = drain.take(shared.words());
                lost = lost_now;
                for event in events {
                    let task = event.task.unwrap().0;
                    assert!(task >= next, "events come in order");
                    assert_eq!(event.arg, u64::from(task) << 7, "no event is torn");
                    next = task + 1;
                    seen += 1;
                }
                std::thread::yield_now();
            }
        });
    }
}
