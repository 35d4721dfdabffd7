//! What is under the pointer: the same pieces that are drawn, asked the other way round.

use super::bars::{Piece, pieces};
use super::lane::Place;
use super::shares::Shares;
use crate::model::event::Phase;
use crate::model::id::TaskId;
use crate::model::trace::{Lane, Stamp};

/// How far beside a bar the pointer still means it, in pixels.
const REACH: f64 = 3.0;
/// How many spans of a column are looked at, on either side of the pointer, to find the one that is named.
const WALKED_MAX: usize = 2_000;

/// A span of a lane, closed or open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpanRef {
    /// Its place among those of the lane; the open one has the place after the last.
    pub place: usize,
    pub phase: Phase,
    pub task: Option<TaskId>,
    pub start: Stamp,
    /// `None` while it is open.
    pub end: Option<Stamp>,
}

/// The span of a place of a lane.
pub fn span_at(lane: &Lane, place: usize) -> Option<SpanRef> {
    if let Some(span) = lane.spans.get(place) {
        return Some(SpanRef { place, phase: span.phase, task: span.task, start: span.start, end: Some(span.end) });
    }
    let open = lane.open.filter(|_| place == lane.spans.len())?;
    Some(SpanRef { place, phase: open.phase, task: open.task, start: open.start, end: None })
}

/// The span that is drawn where `x` is, or just beside it. Of a column, the longest, but none that idles beside one that does not.
pub(super) fn span_under(lane: &Lane, shares: &Shares, place: &Place, x: f64) -> Option<SpanRef> {
    let near = (x - REACH - 2.0, x + REACH + 2.0);
    let found = pieces(lane, shares, &place.axis, near, place.until);
    let distance = |piece: &Piece| {
        let (left, right) = match piece {
            Piece::Bar { left, right, .. } | Piece::Column { left, right, .. } => (*left, *right),
        };
        (left - x).max(x - right).max(0.0)
    };
    let is_idle = |piece: &Piece| matches!(piece, Piece::Bar { phase: Phase::Idle, .. });
    // Columns are drawn over bars.
    let rank = |piece: &Piece| {
        (is_idle(piece) && distance(piece) > 0.0, distance(piece), !matches!(piece, Piece::Column { .. }))
    };
    let best = found
        .iter()
        .filter(|piece| distance(piece) <= REACH)
        .min_by(|one, other| rank(one).partial_cmp(&rank(other)).unwrap_or(core::cmp::Ordering::Equal))?;
    let (from, to) = match best {
        Piece::Bar { place, .. } => (*place, place + 1),
        Piece::Column { from, to, .. } => (*from, *to),
    };
    // A column can be of most of a long run: then what is named is of those around the point.
    let at = place.axis.at_ns(place.axis.scale.ns_from_px(x));
    let around = lane.spans.partition_point(|span| span.end.at <= at).clamp(from, to);
    let (from, to) = (from.max(around.saturating_sub(WALKED_MAX)), to.min(around + WALKED_MAX));
    let length = |span: &SpanRef| span.end.unwrap_or(Stamp { at: place.until, sequence: 0 }).at - span.start.at;
    (from..to).filter_map(|place| span_at(lane, place)).max_by_key(|span| (span.phase != Phase::Idle, length(span)))
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::time::Instant;
    use crate::model::trace::Span;
    use crate::timeline::axis::Axis;
    use crate::timeline::scale::Scale;
    use crate::timeline::shares::PHASES;

    fn stamp(at: u64) -> Stamp {
        Stamp { at: Instant(at), sequence: 0 }
    }

    proptest! {
        #[test]
        fn what_is_drawn_is_what_is_hit(lengths in prop::collection::vec((1..3_000_u64, 0..PHASES), 1..200), zoom in 0..12_u32) {
            let mut at = 0;
            let mut lane = Lane::default();
            for (length, phase) in &lengths {
                let (start, end) = (stamp(at), stamp(at + length));
                at += length;
                lane.spans.push(Span { phase: Phase::ALL[*phase], task: None, start, end });
            }
            let mut shares = Shares::default();
            shares.extend(&lane.spans);
            let scale = Scale::new(0.0, (at as f64 / f64::from(1 << zoom)).max(1_000.0), 100.0, 700.0);
            let axis = Axis { scale, zero: Instant(0) };
            let place = Place { axis, left: 100.0, right: 800.0, middle: 0.0, until: Instant(at) };
            let drawn = pieces(&lane, &shares, &axis, (100.0, 800.0), Instant(at));
            let columns: Vec<(f64, f64)> = drawn.iter().filter_map(|piece| match piece {
                Piece::Column { left, right, .. } => Some((*left, *right)),
                Piece::Bar { .. } => None,
            }).collect();
            for piece in &drawn {
                let (left, right) = match piece {
                    Piece::Bar { left, right, .. } | Piece::Column { left, right, .. } => (left.max(100.0), right.min(800.0)),
                };
                if right <= left {
                    // It only touches the edge of what is drawn.
                    continue;
                }
                let middle = (left + right) / 2.0;
                let others = columns.iter().filter(|(left, right)| *left <= middle && middle <= *right).count();
                let hit = span_under(&lane, &shares, &place, middle).unwrap();
                match piece {
                    Piece::Bar { place, phase, .. } if others == 0 => prop_assert_eq!((hit.place, hit.phase), (*place, *phase)),
                    Piece::Column { from, to, .. } if others == 1 => prop_assert!((*from..*to).contains(&hit.place)),
                    // Something is drawn over it there.
                    _ => {}
                }
            }
        }
    }

    #[test]
    fn a_short_bar_is_hit_from_beside_it() {
        let lane = Lane {
            spans: vec![
                Span { phase: Phase::Idle, task: None, start: stamp(0), end: stamp(500) },
                Span { phase: Phase::Computing, task: Some(TaskId(3)), start: stamp(500), end: stamp(501) },
            ],
            ..Lane::default()
        };
        let axis = Axis { scale: Scale::new(0.0, 1_000.0, 0.0, 100.0), zero: Instant(0) };
        let place = Place { axis, left: 0.0, right: 100.0, middle: 0.0, until: Instant(1_000) };
        let hit = |x| span_under(&lane, &Shares::default(), &place, x).map(|span| span.phase);
        assert_eq!(hit(52.5), Some(Phase::Computing));
        assert_eq!(hit(20.0), Some(Phase::Idle));
        assert_eq!(hit(70.0), None);
    }
}
