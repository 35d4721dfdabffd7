//! The writing side of a block, in the memory of the process.

use core::cell::Cell;

use super::layout::{self, CAPACITY, HEAD, LOST, MAGIC, MAGIC_WORD, RINGS, SEQUENCE, SLOTS, STOP, TAIL};
use crate::engine::ports::Clock;
use crate::model::event::{EVENT_WORDS, Event, EventKind, Phase};
use crate::model::id::{LaneId, TaskId};
use crate::model::time::Instant;
use crate::sync::{AtomicU32, Ordering};

/// A block: the flags and the rings of one process.
#[derive(Debug)]
pub struct Shared {
    words: Box<[AtomicU32]>,
    rings: usize,
    capacity: usize,
}

impl Shared {
    /// A block with so many rings of so many slots, rounded up to a power of two.
    pub fn new(rings: usize, capacity: usize) -> Shared {
        let capacity = capacity.next_power_of_two();
        let words: Box<[AtomicU32]> = (0..layout::words_needed(rings, capacity)).map(|_| AtomicU32::new(0)).collect();
        words[RINGS].store(rings as u32, Ordering::Relaxed);
        words[CAPACITY].store(capacity as u32, Ordering::Relaxed);
        words[MAGIC].store(MAGIC_WORD, Ordering::Release);
        Shared { words, rings, capacity }
    }

    /// The words themselves: their address is what the page is told, and native readers read them here.
    pub fn words(&self) -> &[AtomicU32] {
        &self.words
    }

    /// Whether tasks are to end.
    pub fn stop_requested(&self) -> bool {
        self.words[STOP].load(Ordering::Relaxed) != 0
    }

    /// Asks every task of the process to end.
    pub fn request_stop(&self) {
        self.words[STOP].store(1, Ordering::Release);
    }

    /// What the thread that owns a ring records through, for one lane.
    ///
    /// A ring has one writer: two threads that write to one at once lose each other's events. Nothing worse can happen, as
    /// every word is atomic.
    pub fn lane<'a, C: Clock>(&'a self, ring: usize, lane: LaneId, clock: &'a C) -> LaneRecorder<'a, C> {
        debug_assert!(ring < self.rings, "there are {} rings, not {}", self.rings, ring + 1);
        let ring_start = layout::ring_start(ring, self.capacity);
        LaneRecorder { shared: self, ring_start, lane, clock, latest: Cell::default() }
    }

    fn write(&self, ring_start: usize, make_event: impl FnOnce(u32) -> Event) {
        let head = self.words[ring_start + HEAD].load(Ordering::Relaxed);
        let tail = self.words[ring_start + TAIL].load(Ordering::Acquire);
        if head.wrapping_sub(tail) as usize >= self.capacity {
            let lost = self.words[ring_start + LOST].load(Ordering::Relaxed);
            self.words[ring_start + LOST].store(lost.wrapping_add(1), Ordering::Relaxed);
            return;
        }
        let sequence = self.words[SEQUENCE].fetch_add(1, Ordering::Relaxed);
        let slot = ring_start + SLOTS + (head as usize & (self.capacity - 1)) * EVENT_WORDS;
        for (offset, word) in make_event(sequence).to_words().into_iter().enumerate() {
            self.words[slot + offset].store(word, Ordering::Relaxed);
        }
        self.words[ring_start + HEAD].store(head.wrapping_add(1), Ordering::Release);
    }
}

/// Records what happens on one lane, into the ring of the thread that it is on.
#[derive(Debug)]
pub struct LaneRecorder<'a, C> {
    shared: &'a Shared,
    ring_start: usize,
    lane: LaneId,
    clock: &'a C,
    /// The latest time that it recorded: a lane's times do not go back.
    latest: Cell<Instant>,
}

impl<C: Clock> LaneRecorder<'_, C> {
    /// Records that the lane begins a phase now, for a task or for none.
    pub fn enter(&self, phase: Phase, task: Option<TaskId>) {
        self.record(EventKind::Enter(phase), task, 0);
    }

    /// Now, by the clock that it records with.
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// Records an event now.
    pub fn record(&self, kind: EventKind, task: Option<TaskId>, arg: u64) {
        self.record_at(self.clock.now(), kind, task, arg);
    }

    /// Records an event at the time of the one before it on this lane: what happens with that one, and needs no clock.
    pub fn record_with(&self, kind: EventKind, task: Option<TaskId>, arg: u64) {
        self.record_at(self.latest.get(), kind, task, arg);
    }

    /// Records an event at a time that was read before; or at that of the event before it on this lane, if that is later.
    pub fn record_at(&self, at: Instant, kind: EventKind, task: Option<TaskId>, arg: u64) {
        let (at, lane) = (at.max(self.latest.get()), self.lane);
        self.latest.set(at);
        self.shared.write(self.ring_start, |sequence| Event { at, sequence, lane, task, kind, arg });
    }
}
