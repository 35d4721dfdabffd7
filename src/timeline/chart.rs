//! The timeline as a person has it: what is shown of it, and what is chosen.
//!
//! It holds no trace: whoever asks it for a picture gives the runs, which may have grown.

use std::rc::Rc;

use super::details::{Details, StretchSummary, Target, details, stretch};
use super::hit::{SpanRef, span_at, span_under};
use super::kept::Kept;
use super::lane::Place;
use super::leg::{Leg, Levels};
use super::replay::{Replay, pace};
use super::rows::{Choice, Row, RowKind, Rows};
use super::scale::Scale;
use super::view::{Stretch, View};
use crate::model::format;
use crate::model::time::Instant;

/// The height of the small picture of everything, and of the axis below it, in pixels.
pub(super) const MAP_HEIGHT: f64 = 24.0;
pub(super) const AXIS_HEIGHT: f64 = 26.0;
pub(super) const HEAD_HEIGHT: f64 = MAP_HEIGHT + AXIS_HEIGHT;

/// Where a replay stands, for a person.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplayView {
    /// Of the whole, from 0 to 1.
    pub part: f64,
    /// Since work began.
    pub at: String,
    pub playing: bool,
    pub speed: f64,
    pub pace: String,
}

/// What the rest of the page shows of the timeline.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChartView {
    pub details: Option<Details>,
    pub stretch: Option<StretchSummary>,
    pub replay: Option<ReplayView>,
    /// What was chosen by keys, to be read aloud.
    pub said: String,
    /// Whether all of the time is shown.
    pub is_whole: bool,
    /// How many lanes come below those in sight; `None` where all have room.
    pub below: Option<usize>,
    /// What a lane's name has to contain.
    pub filter: String,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Drag {
    /// A stretch is chosen, from this time on.
    Choose { x: f64, y: f64, from_ns: f64 },
    /// The picture is moved.
    Pan { x: f64, y: f64, last_x: f64 },
    /// The part that is shown is moved, in the small picture of everything.
    Map,
}

/// The timeline.
#[derive(Clone, Debug, Default)]
pub struct Chart {
    pub(super) view: View,
    pub(super) choice: Choice,
    pub(super) levels: Vec<Levels>,
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) scroll: f64,
    /// Where the rows are to be scrolled to, to show what was chosen.
    pub(super) wanted_scroll: Option<f64>,
    pub(super) pointer: Option<(f64, f64)>,
    pub(super) drag: Option<Drag>,
    pub(super) chosen: Option<Target>,
    pub(super) stretch: Option<Stretch>,
    pub(super) replay: Option<Replay>,
    pub(super) said: String,
    /// What was last computed for the small picture.
    pub(super) map: super::draw::Map,
    /// What was last worked out of the rows, of what is chosen, and of the stretch: each is asked for several times a picture.
    rows: Kept<RowsOf, Rc<Rows>>,
    details: Kept<(u32, Target, Instant), Details>,
    summary: Kept<(Vec<(u32, Instant)>, Stretch), StretchSummary>,
}

/// What rows are of: runs, with how many lanes they have, and what is seen of them.
type RowsOf = (Vec<(u32, usize)>, Choice);

impl Chart {
    /// Forgets everything, since other runs come.
    pub fn reset(&mut self) {
        let (width, height) = (self.width, self.height);
        *self = Chart { width, height, ..Chart::default() };
    }

    /// The rows of these runs, as they were chosen to be seen.
    pub(super) fn rows(&self, legs: &[Leg<'_>]) -> Rc<Rows> {
        let of = legs.iter().map(|leg| (leg.number, leg.trace.lanes.len())).collect();
        self.rows.get((of, self.choice.clone()), || Rc::new(Rows::of(legs, &self.choice)))
    }

    /// Says how much room there is, in pixels.
    pub fn set_size(&mut self, width: f64, height: f64) {
        (self.width, self.height) = (width, height);
    }

    /// The height of everything, in pixels.
    pub fn content_height(&self, legs: &[Leg<'_>]) -> f64 {
        let rows = self.rows(legs);
        HEAD_HEIGHT + rows.pinned_height + rows.height
    }

    /// Where the rows are to be scrolled to, told once.
    pub fn take_wanted_scroll(&mut self) -> Option<f64> {
        self.wanted_scroll.take()
    }

    /// Whether a replay goes on, so that there is a next picture.
    pub fn is_playing(&self) -> bool {
        self.replay.is_some_and(|replay| replay.playing)
    }

    /// Lets a replay go on for so long.
    pub fn tick(&mut self, legs: &[Leg<'_>], elapsed_ms: f64) {
        self.update(legs);
        let whole = self.whole(legs);
        if let Some(replay) = &mut self.replay {
            replay.tick(whole, elapsed_ms);
        }
    }

    /// Takes in what came since the last time.
    pub(super) fn update(&mut self, legs: &[Leg<'_>]) {
        self.levels.resize_with(legs.len(), Levels::default);
        for (number, (levels, leg)) in self.levels.iter_mut().zip(legs).enumerate() {
            // What was chosen of another run means nothing in this one.
            if levels.update(leg.number, leg.trace) && self.chosen.is_some_and(|chosen| chosen.leg == number) {
                self.chosen = None;
            }
        }
    }

    /// Everything there is, on the common axis.
    pub(super) fn whole(&self, legs: &[Leg<'_>]) -> Stretch {
        let ns = |levels: &Levels, at: Instant| at.0 as f64 - levels.zero.0 as f64;
        let both = || self.levels.iter().zip(legs);
        let start = both().map(|(levels, _)| ns(levels, Instant::default())).fold(0.0, f64::min);
        (start, both().map(|(levels, leg)| ns(levels, leg.trace.latest)).fold(1e6, f64::max))
    }

    /// The left and right edge of the lanes, in pixels.
    pub(super) fn edges(&self) -> (f64, f64) {
        (if self.width < 480.0 { 92.0 } else { 112.0 }, self.width - 14.0)
    }

    pub(super) fn scale(&self, legs: &[Leg<'_>]) -> Scale {
        let (start, end) = self.view.shown(self.whole(legs));
        let (left, right) = self.edges();
        Scale::new(start, end, left, right - left)
    }

    /// Nothing after this is drawn of a run.
    pub(super) fn until(&self, number: usize, leg: &Leg<'_>) -> Instant {
        let axis = self.levels[number].axis(Scale::new(0.0, 1.0, 0.0, 1.0));
        self.replay.map_or(leg.trace.latest, |replay| axis.at_ns(replay.head_ns).min(leg.trace.latest))
    }

    /// How many lanes come below those in sight; `None` where all have room.
    fn below(&self, legs: &[Leg<'_>]) -> Option<usize> {
        let rows = self.rows(legs);
        let room = self.height - HEAD_HEIGHT - rows.pinned_height;
        // A lane of which half is seen is in sight.
        let is_below = |row: &&Row| matches!(row.kind, RowKind::Lane(_)) && row.middle() > self.scroll + room;
        (self.height > 0.0 && rows.height > room + 1.0).then(|| rows.scrolled.iter().filter(is_below).count())
    }

    /// The row under a point.
    pub(super) fn row_at(&self, rows: &Rows, y: f64) -> Option<Row> {
        let y = y - HEAD_HEIGHT;
        if y < 0.0 {
            None
        } else if y < rows.pinned_height {
            rows.pinned.iter().find(|row| (row.top..row.top + row.height).contains(&y)).copied()
        } else {
            let y = y - rows.pinned_height + self.scroll;
            rows.between(y, y + 0.1).first().copied()
        }
    }

    /// The span under a point.
    pub(super) fn hit(&self, legs: &[Leg<'_>], (x, y): (f64, f64)) -> Option<(Target, SpanRef)> {
        let rows = self.rows(legs);
        let row = self.row_at(&rows, y)?;
        let RowKind::Lane(place) = row.kind else { return None };
        let (left, right) = self.edges();
        if !(left..=right).contains(&x) {
            return None;
        }
        let leg = &legs[row.leg];
        let (id, lane) = leg.trace.lanes.at(place)?;
        let levels = &self.levels[row.leg];
        let (axis, until) = (levels.axis(self.scale(legs)), self.until(row.leg, leg));
        let span = span_under(lane, levels.shares.get(&id)?, &Place { axis, left, right, middle: 0.0, until }, x)?;
        Some((Target { leg: row.leg, lane: id, place: span.place }, span))
    }

    /// A span and its time on the common axis.
    pub(super) fn span_of(&self, legs: &[Leg<'_>], target: Target) -> Option<(SpanRef, Stretch)> {
        let leg = legs.get(target.leg)?;
        let span = span_at(leg.trace.lanes.get(target.lane)?, target.place)?;
        let axis = self.levels.get(target.leg)?.axis(Scale::new(0.0, 1.0, 0.0, 1.0));
        Some((span, super::details::stretch_of(leg, &axis, &span)))
    }

    /// What the rest of the page shows of the timeline.
    pub fn view(&self, legs: &[Leg<'_>]) -> ChartView {
        let chosen = self.chosen.and_then(|target| {
            let (span, _) = self.span_of(legs, target)?;
            let leg = &legs[target.leg];
            let of = (leg.number, target, leg.trace.latest);
            let work_out = || details(target.leg, leg, &self.levels[target.leg], target.lane, &span);
            Some(self.details.get(of, work_out))
        });
        let whole = self.whole(legs);
        let replay = self.replay.map(|replay| ReplayView {
            part: (replay.head_ns - whole.0) / (whole.1 - whole.0),
            at: signed(replay.head_ns),
            playing: replay.playing,
            speed: replay.speed,
            pace: pace(whole),
        });
        let summary = self.stretch.filter(|_| self.drag.is_none()).map(|chosen| {
            let of = legs.iter().map(|leg| (leg.number, leg.trace.latest)).collect();
            self.summary.get((of, chosen), || stretch(legs, &self.levels, chosen))
        });
        ChartView {
            details: chosen,
            stretch: summary,
            replay,
            said: self.said.clone(),
            is_whole: self.view.is_whole(),
            below: self.below(legs),
            filter: self.choice.filter.clone(),
        }
    }
}

/// A time of the common axis, in words.
pub(super) fn signed(ns: f64) -> String {
    let length = format::duration(core::time::Duration::from_nanos(ns.abs() as u64));
    if ns < 0.0 { format!("−{length}") } else { length }
}
