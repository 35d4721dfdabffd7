//! Levels of detail of one lane: what is wide enough is a bar, and what is not shares a column.

use core::ops::Range;

use super::axis::Axis;
use super::shares::{PHASES, Shares, Totals};
use crate::model::event::Phase;
use crate::model::id::TaskId;
use crate::model::time::Instant;
use crate::model::trace::{Lane, Span};

/// The width of a column, in pixels.
pub const COLUMN: f64 = 2.0;

/// The least width of a bar that is drawn alone. Columns are drawn over bars, and may reach two pixels into one at either end, less
/// what they have of each other's: two pixels of it always stay.
pub const BAR_MIN: f64 = 2.0 * COLUMN;

/// One thing to draw of a lane.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// A span, by its place among those of the lane; the open one has the place after the last.
    Bar { place: usize, phase: Phase, task: Option<TaskId>, left: f64, right: f64 },
    /// The spans of these places, which begin in one column and are too narrow for bars, and how long each phase took of them.
    Column { from: usize, to: usize, left: f64, right: f64, totals: Totals },
}

/// What is drawn of a lane from `left` to `right`, in pixels; each of its spans that begins there is in exactly one piece. Nothing
/// after `until` is drawn.
///
/// The cost grows with the pixels and not with the spans: of what lies in one column, only the ends are looked for.
pub fn pieces(lane: &Lane, shares: &Shares, axis: &Axis, (left, right): (f64, f64), until: Instant) -> Vec<Piece> {
    let spans = &lane.spans;
    let mut pieces = Vec::new();
    let first_at = axis.at(left - COLUMN);
    let mut place = spans.partition_point(|span| span.end.at < first_at);
    while let Some(span) = spans.get(place) {
        let (span_left, span_right) = (axis.px(span.start.at), axis.px(span.end.at.min(until)));
        let has_begun = span.start.at < until || span.end.at <= until;
        if span_left > right || !has_begun {
            return pieces;
        }
        if span_right - span_left >= BAR_MIN {
            let (phase, task) = (span.phase, span.task);
            pieces.push(Piece::Bar { place, phase, task, left: span_left, right: span_right });
            place += 1;
            continue;
        }
        let column = column_of(span_left);
        let column_end = first_from(axis, column + COLUMN).min(until);
        let mut to = shares.ended_by(spans, place + 1, column_end);
        // And one that begins here and ends in the next.
        let is_narrow = |span: &Span| axis.px(span.end.at) - axis.px(span.start.at) < BAR_MIN;
        to += usize::from(spans.get(to).is_some_and(|span| span.start.at < column_end && is_narrow(span)));
        let right = axis.px(spans[to - 1].end.at.min(until)).max(column + COLUMN);
        add_column(&mut pieces, place..to, (column, right), &shares.of(spans, place, to));
        place = to;
    }
    if let Some(open) = lane.open.filter(|open| open.start.at <= until) {
        let (open_left, open_right) = (axis.px(open.start.at), axis.px(until));
        let place = spans.len();
        if open_right - open_left >= BAR_MIN {
            let (phase, task) = (open.phase, open.task);
            pieces.push(Piece::Bar { place, phase, task, left: open_left, right: open_right });
        } else if open_left <= right {
            let mut totals = [0; PHASES];
            totals[open.phase as usize] = (until.0 - open.start.at.0).max(1);
            let left = column_of(open_left);
            add_column(&mut pieces, place..place + 1, (left, open_right.max(left + COLUMN)), &totals);
        }
    }
    pieces
}

/// The first time that stands at a place or after it.
fn first_from(axis: &Axis, px: f64) -> Instant {
    let at = axis.at(px);
    if axis.px(at) < px { Instant(at.0.saturating_add(1)) } else { at }
}

/// Adds a column. One that begins where the last does, since nothing after some time is drawn, is a part of it; and the last makes
/// room for one that begins after it, which would else be drawn under it.
fn add_column(pieces: &mut Vec<Piece>, spans: Range<usize>, (left, right): (f64, f64), totals: &Totals) {
    if let Some(Piece::Column { to, left: last_left, right: last_right, totals: last_totals, .. }) = pieces.last_mut() {
        if *last_left >= left {
            *to = spans.end;
            *last_right = last_right.max(right);
            last_totals.iter_mut().zip(totals).for_each(|(sum, ns)| *sum += ns);
            return;
        }
        *last_right = last_right.min(left);
    }
    pieces.push(Piece::Column { from: spans.start, to: spans.end, left, right, totals: *totals });
}

fn column_of(px: f64) -> f64 {
    (px / COLUMN).floor() * COLUMN
}

/// How many at the beginning are so, where none is that comes after one that is not: as `partition_point`, but at a cost that
/// grows with the answer, which is mostly small.
pub(super) fn gallop<T>(items: &[T], is_so: impl Fn(&T) -> bool) -> usize {
    let mut step = 1;
    while step <= items.len() && is_so(&items[step - 1]) {
        step *= 2;
    }
    let (from, to) = (step / 2, step.min(items.len()));
    from + items[from..to].partition_point(is_so)
}

/// A part of a column, which belongs to one phase. Measured in pixels from the bottom of the bar.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Part {
    pub phase: Phase,
    pub bottom: f64,
    pub height: f64,
}

/// The least height of a phase that took any time at all, in pixels.
const PART_MIN: f64 = 3.0;

/// The phases as they lie on each other in a column, from the bottom: computing, then all others.
pub fn stack() -> impl DoubleEndedIterator<Item = Phase> {
    let first = Phase::ALL.into_iter().filter(|phase| phase.computes());
    first.chain(Phase::ALL.into_iter().filter(|phase| !phase.computes()))
}

/// How the phases of a column, which is `length_ns` long, share a bar's height: computing at the bottom, and each that is there high
/// enough to be seen. What is left at the top was idle, or is a wide bar's that reaches into the column.
///
/// There are thousands in a picture, so nothing is allocated for one.
pub fn parts(totals: &Totals, length_ns: f64, height: f64) -> impl Iterator<Item = Part> {
    let sum = (totals.iter().sum::<u64>() as f64).max(length_ns);
    let is_seen = move |phase: &Phase| *phase != Phase::Idle && totals[*phase as usize] > 0;
    let seen = Phase::ALL.iter().filter(|phase| is_seen(phase)).count() as f64;
    // Each has its least, and what is left goes by time.
    let least = PART_MIN.min(height / seen.max(1.0));
    let free = height - least * seen;
    let mut exact = 0.0;
    stack().filter(is_seen).map(move |phase| {
        // Whole pixels, so that neighbours that are nearly alike can be drawn as one.
        let bottom: f64 = f64::round(exact);
        exact += least + free * totals[phase as usize] as f64 / sum;
        Part { phase, bottom, height: exact.round() - bottom }
    })
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::trace::{OpenSpan, Stamp};
    use crate::timeline::scale::Scale;

    fn stamp(at: u64) -> Stamp {
        Stamp { at: Instant(at), sequence: 0 }
    }

    /// A lane whose spans follow each other; a hole where the phase is `None`.
    fn lane(lengths: &[(u64, Option<Phase>)]) -> Lane {
        let mut at = 0;
        let mut lane = Lane::default();
        for (length, phase) in lengths {
            let (start, end) = (stamp(at), stamp(at + length));
            at += length;
            lane.spans.extend(phase.map(|phase| Span { phase, task: None, start, end }));
        }
        lane
    }

    fn shares(lane: &Lane) -> Shares {
        let mut shares = Shares::default();
        shares.extend(&lane.spans);
        shares
    }

    #[test]
    fn wide_spans_are_bars_and_what_shares_a_column_shares_its_height() {
        let lane = lane(&[
            (100, Some(Phase::WaitingIo)),
            (6, Some(Phase::Computing)),
            (6, Some(Phase::WaitingIo)),
            (100, Some(Phase::Idle)),
        ]);
        let axis = Axis { scale: Scale::new(0.0, 1_000.0, 0.0, 100.0), zero: Instant(0) };
        let found = pieces(&lane, &shares(&lane), &axis, (0.0, 100.0), Instant(1_000));
        let mut totals = [0; PHASES];
        totals[Phase::Computing as usize] = 6;
        totals[Phase::WaitingIo as usize] = 6;
        assert_eq!(
            found,
            [
                Piece::Bar { place: 0, phase: Phase::WaitingIo, task: None, left: 0.0, right: 10.0 },
                Piece::Column { from: 1, to: 3, left: 10.0, right: 12.0, totals },
                Piece::Bar { place: 3, phase: Phase::Idle, task: None, left: 11.2, right: 21.2 },
            ]
        );
        assert_eq!(
            parts(&totals, 12.0, 18.0).collect::<Vec<_>>(),
            [
                Part { phase: Phase::Computing, bottom: 0.0, height: 9.0 },
                Part { phase: Phase::WaitingIo, bottom: 9.0, height: 9.0 },
            ]
        );
        assert_eq!(
            parts(&totals, 24.0, 18.0).collect::<Vec<_>>(),
            [
                Part { phase: Phase::Computing, bottom: 0.0, height: 6.0 },
                Part { phase: Phase::WaitingIo, bottom: 6.0, height: 6.0 },
            ],
            "bars on both sides have the rest"
        );
    }

    #[test]
    fn work_in_a_long_idle_column_is_seen() {
        let mut totals = [0; PHASES];
        totals[Phase::Idle as usize] = 1_000_000;
        totals[Phase::Computing as usize] = 1;
        let parts: Vec<Part> = parts(&totals, 1e6, 18.0).collect();
        assert_eq!(parts, [Part { phase: Phase::Computing, bottom: 0.0, height: 3.0 }]);
    }

    #[test]
    fn what_is_open_is_drawn_up_to_now() {
        let open = Some(OpenSpan { phase: Phase::Computing, task: None, start: stamp(500) });
        let lane = Lane { open, ..Lane::default() };
        let axis = Axis { scale: Scale::new(0.0, 1_000.0, 0.0, 100.0), zero: Instant(0) };
        let at = |until| pieces(&lane, &Shares::default(), &axis, (0.0, 100.0), Instant(until));
        assert!(matches!(at(900)[..], [Piece::Bar { place: 0, left: 50.0, right: 90.0, .. }]));
        assert!(matches!(at(501)[..], [Piece::Column { from: 0, to: 1, left: 50.0, .. }]));
        assert_eq!(at(499), []);
    }

    fn phases() -> impl Strategy<Value = Option<Phase>> {
        prop_oneof![1 => Just(None), 9 => (0..PHASES).prop_map(|place| Some(Phase::ALL[place]))]
    }

    proptest! {
        #[test]
        fn no_bar_vanishes_at_any_zoom(
            lengths in prop::collection::vec((0..3_000_u64, phases()), 1..300), zoom in 0..16_u32, shift in 0.0..1.0_f64,
        ) {
            let lane = lane(&lengths);
            let shares = shares(&lane);
            let end: u64 = lengths.iter().map(|(length, _)| length).sum();
            let width_ns = (end as f64 / f64::from(1 << zoom)).max(1_000.0);
            let start_ns = shift * end as f64;
            let axis = Axis { scale: Scale::new(start_ns, start_ns + width_ns, 100.0, 700.0), zero: Instant(0) };
            let found = pieces(&lane, &shares, &axis, (100.0, 800.0), Instant(end));
            let mut next = None;
            for piece in &found {
                // One after another, each span in one of them.
                let (from, to) = match piece {
                    Piece::Bar { place, .. } => (*place, place + 1),
                    Piece::Column { from, to, .. } => (*from, *to),
                };
                prop_assert!(from < to && next.is_none_or(|next| next == from));
                next = Some(to);
            }
            for (place, span) in lane.spans.iter().enumerate() {
                let (left, right) = (axis.px(span.start.at), axis.px(span.end.at));
                if right < 100.0 || left > 800.0 {
                    continue;
                }
                let piece = found.iter().find(|piece| match piece {
                    Piece::Bar { place: bar, .. } => *bar == place,
                    Piece::Column { from, to, .. } => (*from..*to).contains(&place),
                });
                match piece {
                    Some(Piece::Bar { left: drawn, right: drawn_right, phase, .. }) => {
                        prop_assert_eq!(*phase, span.phase);
                        prop_assert!((drawn - left).abs() < 0.01 && (drawn_right - right).abs() < 0.01);
                    }
                    Some(Piece::Column { left: column, right: column_right, totals, .. }) => {
                        prop_assert!(*column - 0.01 <= left && left < column + COLUMN + 0.01, "{column} {left}");
                        // The last of a column may end in the next, which is drawn there.
                        prop_assert!(right <= column_right + COLUMN + 0.01);
                        prop_assert!((COLUMN - 0.01..COLUMN + BAR_MIN + 0.01).contains(&(column_right - column)));
                        let is_seen = parts(totals, axis.scale.ns_from_px(*column_right) - axis.scale.ns_from_px(*column), 18.0).any(|part| part.phase == span.phase && part.height >= 1.0);
                        prop_assert!(is_seen || span.phase == Phase::Idle);
                    }
                    None => prop_assert!(false, "{:?} is not drawn", span),
                }
            }
            for pair in found.windows(2) {
                if let [Piece::Column { right, .. }, Piece::Column { left, .. }] = pair {
                    prop_assert!(right <= left, "one lies on the other: {pair:?}");
                }
            }
            // As many as there are columns and bars, at most.
            prop_assert!(found.len() as f64 <= 700.0 / COLUMN + 700.0 / BAR_MIN + 4.0);
            // Of each bar something is left by the columns, which are drawn over it.
            for piece in &found {
                let Piece::Bar { left, right, .. } = piece else { continue };
                let is_over = |x: f64| found.iter().any(|piece| {
                    matches!(piece, Piece::Column { left, right, .. } if *left <= x && x < *right)
                });
                let middle = column_of(*left) + COLUMN;
                prop_assert!(!is_over(middle) && !is_over(middle + COLUMN - 0.1), "{left} {right}");
            }
        }

        #[test]
        fn nothing_vanishes_where_a_replay_stands_or_a_run_goes_on(
            lengths in prop::collection::vec((0..60_u64, phases()), 1..80), cut in 0..80_usize, opens in any::<bool>(), zoom in 0..6_u32,
        ) {
            let mut lane = lane(&lengths);
            let shares = shares(&lane);
            let end: u64 = lengths.iter().map(|(length, _)| length).sum();
            // Where a span begins or ends, mostly.
            let mut until = lengths.iter().take(cut).map(|(length, _)| length).sum();
            if opens {
                lane.open = Some(OpenSpan { phase: Phase::Computing, task: None, start: stamp(end) });
                until = end + cut as u64;
            }
            let width_ns = f64::from(1_000 << zoom);
            let axis = Axis { scale: Scale::new(0.0, width_ns, 100.0, 700.0), zero: Instant(0) };
            let found = pieces(&lane, &shares, &axis, (100.0, 800.0), Instant(until));
            let place_of = |piece: &Piece| match piece {
                Piece::Bar { place, .. } => (*place, place + 1),
                Piece::Column { from, to, .. } => (*from, *to),
            };
            for pair in found.windows(2) {
                prop_assert_eq!(place_of(&pair[0]).1, place_of(&pair[1]).0);
                if let [Piece::Column { right, .. }, Piece::Column { left, .. }] = pair {
                    prop_assert!(right <= left, "one lies on the other: {pair:?}");
                }
            }
            for (place, span) in lane.spans.iter().enumerate() {
                let has_begun = span.start.at.0 < until || span.end.at.0 <= until;
                let is_in = |piece: &&Piece| (place_of(piece).0..place_of(piece).1).contains(&place);
                let drawn = found.iter().find(is_in);
                prop_assert!(has_begun || drawn.is_none());
                prop_assert!(drawn.is_some() || !has_begun || axis.px(span.start.at) > 800.0);
                if let Some(Piece::Column { left, right, totals, .. }) = drawn {
                    prop_assert!(right - left >= COLUMN - 0.01);
                    prop_assert!(totals[span.phase as usize] > 0);
                }
            }
            let is_open_drawn = found.iter().any(|piece| place_of(piece).1 > lane.spans.len());
            prop_assert!(is_open_drawn || !opens || axis.px(Instant(end)) > 800.0);
        }

        #[test]
        fn the_parts_of_a_column_fit_into_it(totals in prop::array::uniform15(prop_oneof![Just(0_u64), 1..1_000_000_u64]), length in 0.0..1e9_f64) {
            let parts = parts(&totals, length, 18.0);
            let mut top = 0.0;
            for part in parts {
                prop_assert!(part.bottom == top && part.height >= 1.0);
                top += part.height;
            }
            prop_assert!(top <= 18.0);
        }

        #[test]
        fn galloping_finds_what_halving_finds(numbers in prop::collection::vec(0..100_u32, 0..100), limit in 0..100_u32) {
            let mut numbers = numbers;
            numbers.sort_unstable();
            prop_assert_eq!(gallop(&numbers, |number| *number <= limit), numbers.partition_point(|number| *number <= limit));
        }
    }
}
