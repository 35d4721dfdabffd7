//! Spans as plain bytes, as they travel to the page from the program that handles files.
//!
//! A run may have a million of them, and a person waits for the page: rows of one length are read several times as fast as
//! numbers of any length, and a part at a time. Only programs of one version speak so to each other; files do not.

use thiserror::Error;

use super::event::Phase;
use super::id::TaskId;
use super::lane::{Span, Stamp};
use super::time::Instant;

/// The length of a row: phase, task and whether there is one, start and end.
pub const ROW: usize = 32;
/// Beside the phase: there is a task.
const HAS_TASK: u32 = 1 << 8;

/// Bytes that are no spans.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("these bytes are no spans")]
pub struct NoSpans;

/// Writes spans, a row for each.
pub fn pack(spans: &[Span]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(spans.len() * ROW);
    for Span { phase, task, start, end } in spans {
        let mark = if task.is_some() { HAS_TASK } else { 0 };
        bytes.extend_from_slice(&(*phase as u32 | mark).to_le_bytes());
        bytes.extend_from_slice(&task.map_or(0, |task| task.0).to_le_bytes());
        for stamp in [start, end] {
            bytes.extend_from_slice(&stamp.at.0.to_le_bytes());
            bytes.extend_from_slice(&stamp.sequence.to_le_bytes());
        }
    }
    bytes
}

/// Reads rows, and adds their spans.
///
/// # Errors
/// If they are none. Those before the one that is none were added.
pub fn unpack(bytes: &[u8], spans: &mut Vec<Span>) -> Result<(), NoSpans> {
    let (rows, []) = bytes.as_chunks::<ROW>() else { return Err(NoSpans) };
    for row in rows {
        spans.push(span(row).ok_or(NoSpans)?);
    }
    Ok(())
}

fn span(row: &[u8; ROW]) -> Option<Span> {
    let word = |at: usize| u32::from_le_bytes([row[at], row[at + 1], row[at + 2], row[at + 3]]);
    let stamp =
        |at: usize| Stamp { at: Instant(u64::from(word(at)) | u64::from(word(at + 4)) << 32), sequence: word(at + 8) };
    let phase = Phase::of_number(word(0) & !HAS_TASK)?;
    let task = (word(0) & HAS_TASK != 0).then_some(TaskId(word(4)));
    Some(Span { phase, task, start: stamp(8), end: stamp(20) })
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stamps() -> impl Strategy<Value = Stamp> {
        any::<(u64, u32)>().prop_map(|(at, sequence)| Stamp { at: Instant(at), sequence })
    }

    fn spans() -> impl Strategy<Value = Span> {
        (0..Phase::ALL.len(), any::<Option<u32>>(), stamps(), stamps()).prop_map(|(phase, task, start, end)| Span {
            phase: Phase::ALL[phase],
            task: task.map(TaskId),
            start,
            end,
        })
    }

    proptest! {
        #[test]
        fn what_is_read_is_what_was_written_in_one_part_or_in_two(
            spans in prop::collection::vec(spans(), 0..20), cut in 0..20_usize,
        ) {
            let bytes = pack(&spans);
            let (first, rest) = bytes.split_at((cut * ROW).min(bytes.len()));
            let mut read = Vec::new();
            prop_assert_eq!(unpack(first, &mut read), Ok(()));
            prop_assert_eq!(unpack(rest, &mut read), Ok(()));
            prop_assert_eq!(read, spans);
        }
    }

    #[test]
    fn what_are_no_spans_is_refused() {
        assert_eq!(unpack(&[0; ROW], &mut Vec::new()), Ok(()));
        assert_eq!(unpack(&[0; ROW - 1], &mut Vec::new()), Err(NoSpans));
        assert_eq!(unpack(&[0xff; ROW], &mut Vec::new()), Err(NoSpans), "there is no such phase");
    }
}
