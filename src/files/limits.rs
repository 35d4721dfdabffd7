//! How much a file may hold: what a page draws well, and a phone has memory for.

/// The largest file, in bytes.
pub const FILE_BYTES: usize = 256 << 20;
/// The most events of a file: spans, slices, messages, pieces of a picture; each list of them for itself.
pub const EVENTS: usize = 2_000_000;
/// The most rows of all lists of a run of ours together: spans, tasks, messages and whatever else there are lists of.
pub const ROWS: usize = 4_000_000;
/// The most tasks of one leg.
pub const TASKS: usize = 1_000_000;
/// The most lanes of one leg.
pub const LANES: usize = 20_000;
/// The most legs of a run.
pub const LEGS: usize = 64;
/// The most trials of a run.
pub const TRIALS: usize = 10_000;
/// The most bytes of what programs wrote on one stream. (What the page keeps of it may be longer as text: bytes that are none
/// become a sign of three.)
pub const OUTPUT_BYTES: usize = 60_000;
/// The most characters of a name that are kept.
pub const NAME_CHARS: usize = 200;
/// The latest point in time, in nanoseconds from the first: 24 days, which every float holds exactly.
pub const TIME_NS: u64 = 1 << 51;

/// A name, cut where it is too long to be shown.
pub fn name(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(NAME_CHARS).collect()
}
