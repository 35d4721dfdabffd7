//! The recorder's ring under loom, which tries every order of its memory accesses: `./dev test model`.

use std::collections::BTreeSet;

use loom::thread;
use overlap::engine::ports::Clock;
use overlap::engine::recorder::{Drain, Shared};
use overlap::model::event::EventKind;
use overlap::model::id::{LaneId, TaskId};
use overlap::model::time::Instant;

struct Still;

impl Clock for Still {
    fn now(&self) -> Instant {
        Instant(7)
    }
}

const EVENTS: u32 = 3;

fn write(shared: &Shared, tasks: core::ops::Range<u32>) {
    let lane = shared.lane(0, LaneId::Thread(0), &Still);
    for task in tasks {
        lane.record(EventKind::Finished, Some(TaskId(task)), u64::from(task) * 1_000);
    }
}

/// Reads, and holds what is read against what was written.
#[derive(Default)]
struct Reader {
    drain: Drain,
    next: u32,
    seen: u32,
    lost: u64,
}

impl Reader {
    fn read(&mut self, shared: &Shared) {
        let (events, lost) = self.drain.take(shared.words());
        for event in events {
            let task = event.task.expect("each event has its task").0;
            assert!(task >= self.next, "events come in order, and once");
            assert_eq!((event.at, event.arg), (Instant(7), u64::from(task) * 1_000), "no event is torn");
            self.next = task + 1;
            self.seen += 1;
        }
        self.lost = lost;
    }

    fn is_done(&self) {
        assert_eq!(u64::from(self.seen) + self.lost, u64::from(EVENTS), "what is not read is counted");
    }
}

fn ring_of_two() -> &'static Shared {
    Box::leak(Box::new(Shared::new(1, 2)))
}

// loom looks for the other order of two accesses where the later one meets the earlier. It only remembers the last access
// of each word, and writer and reader each look at their own index before they move it. So each test lets the side begin
// whose store the other one is to meet; `orders` shows that more than one was met.

/// The writer begins: the reader meets its head at every point, with slots that may not be seen yet.
#[test]
fn an_event_is_read_whole_or_not_yet() {
    let orders = orders(|seen| {
        let shared = ring_of_two();
        let reader = thread::spawn(move || {
            let mut reader = Reader::default();
            reader.read(shared);
            reader
        });
        write(shared, 0..EVENTS);
        let mut reader = reader.join().expect("the reader ends");
        seen(reader.seen);
        reader.read(shared);
        reader.is_done();
    });
    assert_eq!(orders, [0, 1, 2], "the ring was read when it held nothing, one event, and two");
}

/// The reader begins, on a full ring: the writer meets its tail at every point, and may not touch a slot too early.
#[test]
fn a_slot_is_used_again_only_once_it_was_read() {
    let orders = orders(|seen| {
        let shared = ring_of_two();
        write(shared, 0..2);
        let writer = thread::spawn(move || write(shared, 2..EVENTS));
        let mut reader = Reader::default();
        reader.read(shared);
        writer.join().expect("the writer ends");
        reader.read(shared);
        reader.is_done();
        seen(reader.seen);
    });
    assert_eq!(orders, [2, 3], "the third event was lost in one order, and found room in another");
}

/// Tries every order, and gives what was seen in any of them.
fn orders(model: impl Fn(&dyn Fn(u32)) + Send + Sync + 'static) -> Vec<u32> {
    static SEEN: std::sync::Mutex<BTreeSet<u32>> = std::sync::Mutex::new(BTreeSet::new());
    static ONE_AT_A_TIME: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    SEEN.lock().expect("no panic").clear();
    loom::model(move || {
        model(&|seen| {
            SEEN.lock().expect("no panic").insert(seen);
        });
    });
    SEEN.lock().expect("no panic").iter().copied().collect()
}
