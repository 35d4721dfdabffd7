//! One lane as shapes.

use super::axis::Axis;
use super::bars::{BAR_MIN, Piece, gallop, parts, pieces, stack};
use super::leg::{Levels, Mark};
use super::scene::{Ink, Rect, Scene, Shape};
use super::shares::{PHASES, Shares};
use crate::model::event::Phase;
use crate::model::id::LaneId;
use crate::model::time::Instant;
use crate::model::trace::Lane;

/// The height of a bar, in pixels.
pub const BAR_HEIGHT: f64 = 18.0;
/// The height of the line that shows who holds the lock.
const HOLD_HEIGHT: f64 = 3.0;
/// The room of one digit in a bar's label.
const DIGIT_WIDTH: f64 = 8.0;

/// What of a lane is to be drawn, and where.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub axis: Axis,
    /// The stretch of pixels.
    pub left: f64,
    pub right: f64,
    pub middle: f64,
    /// Nothing after this is drawn.
    pub until: Instant,
}

impl Scene {
    /// Draws a lane: its bars, who holds the lock, and what ended badly.
    pub(super) fn lane(&mut self, id: LaneId, lane: &Lane, levels: &Levels, place: &Place) {
        let none = Shares::default();
        let shares = levels.shares.get(&id).unwrap_or(&none);
        let Place { axis, left, right, middle, until } = *place;
        let top = middle - BAR_HEIGHT / 2.0;
        // Before a lane begins, and after now, nothing was idle.
        let begins = lane.spans.first().map(|span| span.start.at).or(lane.open.map(|open| open.start.at));
        let recorded = (begins.map_or(left, |at| axis.px(at)), axis.px(until));
        let length_ns = |from: f64, to: f64| {
            axis.scale.ns_from_px(to.min(recorded.1)) - axis.scale.ns_from_px(from.max(recorded.0))
        };
        let mut columns: [Vec<Rect>; PHASES] = Default::default();
        for piece in pieces(lane, shares, &axis, (left, right), until) {
            match piece {
                Piece::Bar { phase, task, left: bar_left, right: bar_right, .. } => {
                    let (bar_left, bar_right) = (bar_left.max(left), bar_right.min(right));
                    let width = bar_right - bar_left;
                    let label = task
                        .filter(|_| phase != Phase::Idle)
                        .map(|task| task.number().to_string())
                        .filter(|label| width >= DIGIT_WIDTH * (label.len() as f64 + 1.5));
                    if width > 0.0 {
                        self.shapes.push(Shape::Phase { left: bar_left, top, width, height: BAR_HEIGHT, phase, label });
                    }
                }
                Piece::Column { left: column_left, right: column_right, totals, .. } => {
                    if totals[Phase::Idle as usize] > 0 {
                        let line = Rect {
                            left: column_left,
                            top: middle - 1.0,
                            width: column_right - column_left,
                            height: 2.0,
                        };
                        join(&mut columns[Phase::Idle as usize], line);
                    }
                    for part in parts(&totals, length_ns(column_left, column_right), BAR_HEIGHT) {
                        // From the ground up, as what lies below is drawn later: so neighbours with the same top are one.
                        let height = part.bottom + part.height;
                        let rect = Rect {
                            left: column_left,
                            top: top + BAR_HEIGHT - height,
                            width: column_right - column_left,
                            height,
                        };
                        join(&mut columns[part.phase as usize], rect);
                    }
                }
            }
        }
        let idle = core::iter::once(Phase::Idle);
        for phase in idle.chain(stack().rev().filter(|phase| *phase != Phase::Idle)) {
            let rects = core::mem::take(&mut columns[phase as usize]);
            if !rects.is_empty() {
                self.shapes.push(Shape::Parts { phase, rects });
            }
        }
        self.holds(lane, place);
        for (at, mark) in marks_between(levels, id, place) {
            self.shapes.push(Shape::Mark { x: axis.px(at), middle, mark });
        }
    }

    /// A line over the bars of whoever holds the lock.
    fn holds(&mut self, lane: &Lane, place: &Place) {
        let Place { axis, left, right, middle, until } = *place;
        let first_at = axis.at(left);
        let mut number = lane.holds.partition_point(|hold| hold.end.is_some_and(|end| end.at < first_at));
        let top = middle - BAR_HEIGHT / 2.0 - HOLD_HEIGHT;
        let mut rects: Vec<Rect> = Vec::new();
        while let Some(hold) = lane.holds.get(number) {
            let hold_left = axis.px(hold.start.at);
            if hold_left > right || hold.start.at > until {
                break;
            }
            let end = hold.end.map_or(until, |end| end.at.min(until));
            let hold_left = hold_left.max(left);
            let width = (axis.px(end).min(right) - hold_left).max(1.0);
            match rects.last_mut() {
                // Too close to be told apart.
                Some(last) if hold_left - (last.left + last.width) < 0.5 => {
                    last.width = (hold_left + width - last.left).max(last.width);
                }
                _ => rects.push(Rect { left: hold_left, top, width, height: HOLD_HEIGHT }),
            }
            // What ends in the pixel that is drawn already changes nothing.
            let drawn = axis.at(hold_left + width);
            number += 1;
            number += gallop(&lane.holds[number..], |hold| hold.end.is_some_and(|end| end.at <= drawn));
        }
        if !rects.is_empty() {
            self.shapes.push(Shape::Areas { ink: Ink::Holder, rects });
        }
    }
}

/// The signs of a lane that are in sight: of those that would lie on each other, the first.
fn marks_between(levels: &Levels, id: LaneId, place: &Place) -> Vec<(Instant, Mark)> {
    let Some(marks) = levels.marks.get(&id) else { return Vec::new() };
    let from = marks.partition_point(|(at, _)| *at < place.axis.at(place.left));
    let mut seen = Vec::new();
    let mut rest = &marks[from..];
    while let Some((at, mark)) = rest.first() {
        let x = place.axis.px(*at);
        if x > place.right + 1.0 || *at > place.until {
            break;
        }
        seen.push((*at, *mark));
        let next = place.axis.at(x + BAR_MIN);
        rest = &rest[gallop(rest, |(at, _)| *at <= next)..];
    }
    seen
}

/// Adds a rectangle, or makes the last one longer that it goes on.
pub(super) fn join(rects: &mut Vec<Rect>, rect: Rect) {
    match rects.last_mut() {
        Some(last)
            if last.top == rect.top && last.height == rect.height && rect.left - (last.left + last.width) < 0.01 =>
        {
            last.width = (rect.left + rect.width - last.left).max(last.width);
        }
        _ => rects.push(rect),
    }
}
