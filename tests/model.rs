//! The recorder's ring under loom, which tries every order of its memory accesses: `./dev test model`.
#![cfg(loom)]

use std::cell::Cell;

use loom::thread;
use overlap::engine::ports::Clock;
use overlap::engine::recorder::{Drain, Shared, Words};
use overlap::model::event::EventKind;
use overlap::model::id::{LaneId, TaskId};
use overlap::model::time::Instant;
use overlap::sync::Ordering;

struct Still;

impl Clock for Still {
    fn now(&self) -> Instant {
        Instant(7)
    }
}

/// The reader's view, with loom's atomics.
struct View<'a>(&'a Shared);

impl Words for View<'_> {
    fn load(&self, index: usize) -> u32 {
        self.0.words()[index].load(Ordering::Acquire)
    }

    fn store(&self, index: usize, value: u32) {
        self.0.words()[index].store(value, Ordering::Release);
    }

    fn copy(&self, index: usize, out: &mut [u32]) {
        for (word, shared) in out.iter_mut().zip(&self.0.words()[index..]) {
            *word = shared.load(Ordering::Relaxed);
        }
    }
}

/// Two slots and three events, so that the ring runs full and its slots are used again.
#[test]
fn every_event_is_read_whole_and_in_order_or_counted_as_lost() {
    const EVENTS: u32 = 3;
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(|| {
        let shared: &'static Shared = Box::leak(Box::new(Shared::new(1, 2)));
        let writer = thread::spawn(move || {
            let lane = shared.lane(0, LaneId::Thread(0), &Still);
            for task in 0..EVENTS {
                lane.record(EventKind::Finished, Some(TaskId(task)), u64::from(task) * 1_000);
            }
        });
        let (mut drain, next, seen) = (Drain::default(), Cell::new(0), Cell::new(0_u32));
        let mut read = || {
            let (events, lost) = drain.take(&View(shared));
            for event in events {
                let task = event.task.expect("each event has its task").0;
                assert!(task >= next.get(), "events come in order, and once");
                assert_eq!((event.at, event.arg), (Instant(7), u64::from(task) * 1_000), "no event is torn");
                next.set(task + 1);
                seen.set(seen.get() + 1);
            }
            lost
        };
        read();
        writer.join().expect("the writer ends");
        let lost = read();
        assert_eq!(u64::from(seen.get()) + lost, u64::from(EVENTS), "what is not read is counted");
    });
}
