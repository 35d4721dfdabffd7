//! Where things stand in a block: offsets in words from its start. Both sides use these, each through its own memory.

use crate::model::event::EVENT_WORDS;

/// Says that a block begins here, and in which layout.
pub const MAGIC: usize = 0;
/// The value at [`MAGIC`]: "OVL1".
pub const MAGIC_WORD: u32 = u32::from_le_bytes(*b"OVL1");
/// Not 0: tasks are to end.
pub const STOP: usize = 1;
/// How many rings follow the header.
pub const RINGS: usize = 2;
/// The slots of each ring.
pub const CAPACITY: usize = 3;
/// The next sequence number. Apart from the rest: every thread writes it at every event.
pub const SEQUENCE: usize = 16;
const HEADER_WORDS: usize = 32;

/// In a ring: events written so far. With `LOST` on a line that only the writer stores to.
pub const HEAD: usize = 0;
/// In a ring: events that found no room.
pub const LOST: usize = 1;
/// In a ring: events read so far. On a line that only the reader stores to.
pub const TAIL: usize = 16;
/// In a ring: the first slot.
pub const SLOTS: usize = 32;

/// Where a ring begins.
pub fn ring_start(ring: usize, capacity: usize) -> usize {
    HEADER_WORDS + ring * (SLOTS + capacity * EVENT_WORDS)
}

/// The length of a block of so many rings of so many slots.
pub fn words_needed(rings: usize, capacity: usize) -> usize {
    ring_start(rings, capacity)
}
