//! Spans as plain bytes, where a trace travels from one program of the page to another.
//!
//! A trace may have a million of them, and whoever receives it is the page, which a person waits for: rows of one length are
//! read several times as fast as numbers of any length. Only programs of one version speak so to each other; files do not.

use core::fmt;

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserializer, Serializer};

use super::event::Phase;
use super::id::TaskId;
use super::lane::{Span, Stamp};
use super::time::Instant;

/// The length of a row: phase, task and whether there is one, start and end.
const ROW: usize = 32;
/// Beside the phase: there is a task.
const HAS_TASK: u32 = 1 << 8;

/// Writes spans.
///
/// # Errors
/// Those of the serializer.
pub fn serialize<S: Serializer>(spans: &[Span], serializer: S) -> Result<S::Ok, S::Error> {
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
    serializer.serialize_bytes(&bytes)
}

/// Reads them again.
///
/// # Errors
/// If these are no spans.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Span>, D::Error> {
    deserializer.deserialize_bytes(Rows)
}

struct Rows;

impl Visitor<'_> for Rows {
    type Value = Vec<Span>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rows of {ROW} bytes")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Vec<Span>, E> {
        let (rows, []) = bytes.as_chunks::<ROW>() else {
            return Err(E::invalid_length(bytes.len(), &self));
        };
        rows.iter().map(|row| span(row).ok_or_else(|| E::invalid_value(Unexpected::Bytes(&row[..4]), &self))).collect()
    }
}

fn span(row: &[u8; ROW]) -> Option<Span> {
    let word = |at: usize| u32::from_le_bytes([row[at], row[at + 1], row[at + 2], row[at + 3]]);
    let stamp = |at: usize| Stamp {
        at: Instant(u64::from(word(at)) | u64::from(word(at + 4)) << 32),
        sequence: word(at + 8),
    };
    let phase = Phase::ALL.get((word(0) & !HAS_TASK) as usize)?;
    let task = (word(0) & HAS_TASK != 0).then_some(TaskId(word(4)));
    Some(Span { phase: *phase, task, start: stamp(8), end: stamp(20) })
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use proptest::prelude::*;

    use super::super::lane::Lane;
    use super::*;

    fn stamps() -> impl Strategy<Value = Stamp> {
        any::<(u64, u32)>().prop_map(|(at, sequence)| Stamp { at: Instant(at), sequence })
    }

    fn spans() -> impl Strategy<Value = Span> {
        (0..Phase::ALL.len(), any::<Option<u32>>(), stamps(), stamps())
            .prop_map(|(phase, task, start, end)| Span { phase: Phase::ALL[phase], task: task.map(TaskId), start, end })
    }

    proptest! {
        #[test]
        fn what_is_read_is_what_was_written(spans in prop::collection::vec(spans(), 0..20)) {
            let lane = Lane { spans, ..Lane::default() };
            let bytes = postcard::to_allocvec(&lane).unwrap();
            prop_assert_eq!(postcard::from_bytes::<Lane>(&bytes), Ok(lane));
        }
    }

    #[test]
    fn what_are_no_spans_is_refused() {
        let lane = |bytes: &[u8]| {
            // No name; the bytes; nothing open, no holds, no requests.
            let mut all = vec![0, bytes.len() as u8];
            all.extend_from_slice(bytes);
            all.extend_from_slice(&[0, 0, 0]);
            postcard::from_bytes::<Lane>(&all)
        };
        assert!(lane(&[0; ROW]).is_ok());
        assert!(lane(&[0; ROW - 1]).is_err());
        assert!(lane(&[0xff; ROW]).is_err(), "there is no such phase");
    }
}
