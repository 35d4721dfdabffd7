//! The picture of the timeline as it is shown now.

use core::time::Duration;

use super::bars::{Piece, pieces};
use super::chart::{AXIS_HEIGHT, Chart, HEAD_HEIGHT, MAP_HEIGHT, signed};
use super::details::line;
use super::lane::{BAR_HEIGHT, Place, join};
use super::leg::Leg;
use super::rows::{Row, RowKind, Rows};
use super::scale::Scale;
use super::scene::{Align, Ink, Rect, Scene, Shape};
use super::shares::Shares;
use crate::model::event::Phase;
use crate::model::format;

const TICK_SPACING: f64 = 84.0;
/// Half the room of a tick's label.
const LABEL_HALF: f64 = 30.0;
/// The width of a column of the small picture of everything, in pixels.
const MAP_COLUMN: f64 = 3.0;

/// What the small picture shows: in each column, how many lanes computed, and how many did anything, as parts of all.
#[derive(Clone, Debug, Default)]
pub(super) struct Map {
    /// For which width it was computed; none before it was.
    width: Option<f64>,
    /// Of which runs, and whether they went on.
    of: Vec<(u32, bool)>,
    /// And how long they were, in nanoseconds.
    length: f64,
    columns: Vec<(f64, f64)>,
}

/// The picture of everything, without what a person does to it: what is printed.
pub fn scene(legs: &[Leg<'_>], width: f64) -> Scene {
    scene_within(legs, width, f64::INFINITY).0
}

/// The same, with the lanes from the top that have room in this height; and how high all of it would be.
pub fn scene_within(legs: &[Leg<'_>], width: f64, height_max: f64) -> (Scene, f64) {
    let mut chart = Chart::default();
    chart.set_size(width, f64::INFINITY);
    chart.update(legs);
    let height = chart.content_height(legs);
    chart.set_size(width, height.min(height_max));
    (chart.scene(legs), height)
}

impl Chart {
    /// The picture as it is shown now.
    pub fn scene(&mut self, legs: &[Leg<'_>]) -> Scene {
        self.update(legs);
        let rows = self.rows(legs);
        let scale = self.scale(legs);
        let mut scene = Scene { width: self.width, height: self.height, shapes: Vec::new() };
        self.draw_map(legs, &mut scene);
        self.draw_axis(&scale, &mut scene);
        let top = HEAD_HEIGHT + rows.pinned_height;
        let height = (self.height - top).max(0.0);
        scene.shapes.push(Shape::Clip(Some(Rect { left: 0.0, top, width: self.width, height })));
        for row in rows.between(self.scroll, self.scroll + height) {
            self.draw_row(legs, row, top - self.scroll, &scale, &mut scene);
        }
        self.draw_limits(legs, &rows, top - self.scroll, &scale, &mut scene);
        self.draw_links(legs, &rows, top - self.scroll, &scale, &mut scene);
        scene.shapes.push(Shape::Clip(None));
        for row in &rows.pinned {
            self.draw_row(legs, row, HEAD_HEIGHT, &scale, &mut scene);
        }
        if !rows.pinned.is_empty() {
            scene.line((0.0, top - 0.5), (self.width, top - 0.5), Ink::Faint);
        }
        self.draw_over(legs, &scale, &mut scene);
        scene
    }

    fn draw_axis(&self, scale: &Scale, scene: &mut Scene) {
        let (left, right) = self.edges();
        for (x, text) in scale.ticks(left, right, TICK_SPACING) {
            scene.line((x, HEAD_HEIGHT), (x, self.height), Ink::Faint);
            let (x, align) =
                if x > self.width - LABEL_HALF { (self.width - 2.0, Align::Right) } else { (x, Align::Center) };
            scene.text((x, MAP_HEIGHT + AXIS_HEIGHT / 2.0), text, Ink::Faint, align);
        }
    }

    fn draw_row(&self, legs: &[Leg<'_>], row: &Row, offset: f64, scale: &Scale, scene: &mut Scene) {
        let leg = &legs[row.leg];
        let (left, right) = self.edges();
        let middle = offset + row.middle();
        match row.kind {
            RowKind::Title => {
                let sign = if self.choice.folded.contains(&row.leg) { "▸" } else { "▾" };
                scene.text((8.0, middle), format!("{sign} {}", leg.title), Ink::Strong, Align::Left);
            }
            RowKind::Lane(place) => {
                let Some((id, lane)) = leg.trace.lanes.at(place) else { return };
                scene.text((left - 10.0, middle), leg.short_name(id), Ink::Faint, Align::Right);
                let levels = &self.levels[row.leg];
                let until = self.until(row.leg, leg);
                scene.lane(id, lane, levels, &Place { axis: levels.axis(*scale), left, right, middle, until });
                if let Some(chosen) = self.chosen.filter(|chosen| (chosen.leg, chosen.lane) == (row.leg, id))
                    && let Some((_, (from, to))) = self.span_of(legs, chosen)
                {
                    scene.shapes.extend(edge(scale, (from, to), (left, right), middle, Ink::Chosen));
                }
            }
            RowKind::Hidden(lanes) => {
                let text = format!("{} not shown", format::count(lanes, "lane"));
                scene.text((left, middle), text, Ink::Faint, Align::Left);
            }
        }
    }

    /// Where the time limit of a run stands, which splits what was done from what was not.
    fn draw_limits(&self, legs: &[Leg<'_>], rows: &Rows, offset: f64, scale: &Scale, scene: &mut Scene) {
        let (left, right) = self.edges();
        for row in rows.scrolled.iter().filter(|row| row.kind == RowKind::Title) {
            let Some(ms) = legs[row.leg].limit_ms else { continue };
            let x = scale.px_from_ns(f64::from(ms) * 1e6);
            if !(left..=right).contains(&x) {
                continue;
            }
            let end =
                rows.scrolled.iter().rev().find(|other| other.leg == row.leg).map_or(0.0, |row| row.top + row.height);
            let top = offset + row.top + row.height;
            scene.line((x, top - 4.0), (x, offset + end), Ink::Limit);
            // On the side where the most room is.
            let (align, by) = if x > (left + right) / 2.0 { (Align::Right, -4.0) } else { (Align::Left, 4.0) };
            scene.text((x + by, top - 11.0), format!("limit {ms} ms"), Ink::Limit, align);
        }
    }

    /// From what woke the chosen span, or sent it something, to it.
    fn draw_links(&self, legs: &[Leg<'_>], rows: &Rows, offset: f64, scale: &Scale, scene: &mut Scene) {
        let middle = |target: super::details::Target| {
            let place = legs.get(target.leg)?.trace.lanes.place(target.lane)?;
            rows.find(target.leg, place).map(|row| offset + row.middle())
        };
        let Some(chosen) = self.chosen else { return };
        let (Some((_, (from, to))), Some(y)) = (self.span_of(legs, chosen), middle(chosen)) else { return };
        let Some(details) = self.view(legs).details else { return };
        for link in details.links.iter().filter(|link| link.target.lane != chosen.lane) {
            let (Some((_, (other_from, other_to))), Some(other_y)) =
                (self.span_of(legs, link.target), middle(link.target))
            else {
                continue;
            };
            // From the end of the earlier to the beginning, or the end of waiting, of the later.
            let (x1, x2) =
                if other_to <= to { (other_to, to.min(from.max(other_to))) } else { (to, other_from.max(from)) };
            scene.line((scale.px_from_ns(x1), other_y), (scale.px_from_ns(x2), y), Ink::Link);
        }
    }

    /// What lies over the picture: what is chosen, where a replay stands, and words at the pointer.
    fn draw_over(&self, legs: &[Leg<'_>], scale: &Scale, scene: &mut Scene) {
        let (left, right) = self.edges();
        let within = |ns: f64| scale.px_from_ns(ns).clamp(left, right);
        if let Some((from, to)) = self.stretch {
            let (from, to) = (within(from), within(to));
            let height = (self.height - MAP_HEIGHT).max(0.0);
            scene.area(Rect { left: from, top: MAP_HEIGHT, width: to - from, height }, Ink::Selection);
        }
        if let Some(replay) = self.replay {
            let x = scale.px_from_ns(replay.head_ns);
            if (left..=right).contains(&x) {
                scene.line((x, MAP_HEIGHT), (x, self.height), Ink::Head);
            }
        }
        let Some((x, y)) = self.pointer else { return };
        if self.drag.is_some() {
            if let Some((from, to)) = self.stretch {
                let words = vec![format::duration(Duration::from_nanos((to - from) as u64))];
                scene.shapes.push(Shape::Words { x, y, words });
            }
            return;
        }
        if y < HEAD_HEIGHT || !(left..=right).contains(&x) {
            return;
        }
        scene.line((x, HEAD_HEIGHT), (x, self.height), Ink::Faint);
        let mut words = vec![signed(scale.ns_from_px(x))];
        if let Some((target, span)) = self.hit(legs, (x, y)) {
            let text = line(&legs[target.leg], &self.levels[target.leg], target.lane, &span);
            words = text.splitn(2, ": ").map(str::to_owned).collect();
        }
        scene.shapes.push(Shape::Words { x, y, words });
    }

    /// Everything, small, with a frame around what is shown.
    fn draw_map(&mut self, legs: &[Leg<'_>], scene: &mut Scene) {
        let (left, right) = self.edges();
        let whole = self.whole(legs);
        let scale = Scale::new(whole.0, whole.1, left, right - left);
        // While a run goes on it is drawn anew where it has become longer by what can be seen, and when the run has ended.
        let numbers: Vec<(u32, bool)> = legs.iter().map(|leg| (leg.number, leg.is_live())).collect();
        let (length, least) = (whole.1 - whole.0, (whole.1 - whole.0) * MAP_COLUMN / (right - left).max(1.0));
        let grown = if numbers.iter().any(|(_, is_live)| *is_live) { least } else { 0.0 };
        let map = &self.map;
        if map.width != Some(self.width) || map.of != numbers || (length - map.length).abs() > grown {
            let columns = self.map_columns(legs, &scale);
            self.map = Map { width: Some(self.width), of: numbers, length, columns };
        }
        let height = MAP_HEIGHT - 6.0;
        let area = |number: usize, from: f64, to: f64| Rect {
            left: left + number as f64 * MAP_COLUMN,
            top: 3.0 + (height * (1.0 - to)).round(),
            width: MAP_COLUMN,
            height: (height * (to - from)).ceil(),
        };
        let columns = || self.map.columns.iter().enumerate();
        let parts = |phase, part: fn(&(f64, f64)) -> (f64, f64)| {
            let mut rects = Vec::new();
            for (number, column) in columns() {
                let (from, to) = part(column);
                if to > from {
                    join(&mut rects, area(number, from, to));
                }
            }
            Shape::Parts { phase, rects }
        };
        scene.shapes.push(parts(Phase::Computing, |(computing, _)| (0.0, *computing)));
        scene.shapes.push(parts(Phase::Idle, |(computing, all)| (*computing, *all)));
        let (start, end) = self.view.shown(whole);
        let (from, to) = (scale.px_from_ns(start), scale.px_from_ns(end));
        let rect = Rect { left: from, top: 1.5, width: (to - from).max(2.0), height: MAP_HEIGHT - 3.0 };
        scene.shapes.push(Shape::Edge { rect, ink: if self.view.is_whole() { Ink::Faint } else { Ink::Chosen } });
    }

    fn map_columns(&self, legs: &[Leg<'_>], scale: &Scale) -> Vec<(f64, f64)> {
        let (left, right) = self.edges();
        let count = ((right - left) / MAP_COLUMN).floor().max(0.0) as usize;
        let mut columns = vec![(0.0, 0.0); count];
        let none = Shares::default();
        for (leg, levels) in legs.iter().zip(&self.levels) {
            let axis = levels.axis(*scale);
            for (id, lane) in leg.trace.lanes.iter() {
                let shares = levels.shares.get(&id).unwrap_or(&none);
                for piece in pieces(lane, shares, &axis, (left, right), leg.trace.latest) {
                    let (from, to, computing, all) = match piece {
                        Piece::Bar { phase, left, right, .. } => (
                            left,
                            right,
                            f64::from(u8::from(phase.computes())),
                            f64::from(u8::from(phase != Phase::Idle)),
                        ),
                        Piece::Column { left, right, totals, .. } => {
                            let part = |is: fn(Phase) -> bool| -> f64 {
                                let ns: u64 = Phase::ALL
                                    .into_iter()
                                    .filter(|phase| is(*phase))
                                    .map(|phase| totals[phase as usize])
                                    .sum();
                                ns as f64 / totals.iter().sum::<u64>().max(1) as f64
                            };
                            (left, right, part(Phase::computes), part(|phase| phase != Phase::Idle))
                        }
                    };
                    add_to_columns(&mut columns, (from - left) / MAP_COLUMN, (to - left) / MAP_COLUMN, computing, all);
                }
            }
        }
        let most = columns.iter().map(|(_, all)| *all).fold(1.0, f64::max);
        columns.iter().map(|(computing, all)| (computing / most, all.max(*computing) / most)).collect()
    }
}

/// Adds to each column what of it lies between two places.
fn add_to_columns(columns: &mut [(f64, f64)], from: f64, to: f64, computing: f64, all: f64) {
    let (first, last) = (from.max(0.0).floor() as usize, to.max(0.0).ceil() as usize);
    for (number, column) in columns.iter_mut().enumerate().take(last).skip(first) {
        let covered = (to.min(number as f64 + 1.0) - from.max(number as f64)).max(0.0);
        column.0 += computing * covered;
        column.1 += all * covered;
    }
}

/// The edge around a span, as far as it is in sight.
fn edge(scale: &Scale, (from, to): (f64, f64), (left, right): (f64, f64), middle: f64, ink: Ink) -> Option<Shape> {
    let (from, to) = (scale.px_from_ns(from).max(left), scale.px_from_ns(to).min(right));
    let rect = Rect {
        left: from - 1.0,
        top: middle - BAR_HEIGHT / 2.0 - 1.0,
        width: (to - from).max(2.0) + 2.0,
        height: BAR_HEIGHT + 2.0,
    };
    (to >= from).then_some(Shape::Edge { rect, ink })
}
