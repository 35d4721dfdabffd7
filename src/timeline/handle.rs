//! What keys, the pointer and the page's other parts do with the timeline.

use super::chart::{Chart, Drag, HEAD_HEIGHT, MAP_HEIGHT};
use super::details::{Target, line, place_at};
use super::hit::span_at;
use super::leg::Leg;
use super::replay::{Replay, SPEEDS};
use super::rows::RowKind;
use super::scale::Scale;
use super::view::Stretch;
use crate::model::event::Phase;
use crate::model::time::Instant;
use crate::model::trace::Stamp;

/// A press that moves by less than this is a click, in pixels.
const CLICK_PX: f64 = 4.0;
/// A title may reach so far into the lanes, in pixels.
const TITLE_PX: f64 = 120.0;
/// What one press of a key, or a turn of the wheel by 100 pixels, does.
const ZOOM_STEP: f64 = 1.4;
const PAN_STEP: f64 = 0.2;

/// What the page's other parts may ask of the timeline.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Shows everything.
    All,
    /// Shows everything from the first submission on: without what was started before.
    Work,
    ZoomIn,
    ZoomOut,
    /// Shows and chooses a span.
    Go(Target),
    /// Chooses nothing.
    Clear,
    /// Shows only lanes whose names contain this.
    Filter(String),
    /// Plays on, or stops.
    Play,
    /// Goes to the next event, or with `false` to the one before.
    Step(bool),
    /// One of `replay::SPEEDS`.
    Speed(f64),
    /// Goes to a part of the run, from 0 to 1.
    Seek(f64),
    /// Ends the replay, and shows all again.
    EndReplay,
}

/// Something that a person did, in pixels from the corner of the picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Input<'a> {
    Move {
        x: f64,
        y: f64,
    },
    Leave,
    /// The pointer is pressed. `pans`: as fingers do, and a mouse with Shift.
    Press {
        x: f64,
        y: f64,
        pans: bool,
    },
    Release {
        x: f64,
        y: f64,
    },
    /// The browser took the pointer away: what was begun with it is not done.
    Cancel,
    /// A wheel turned; `zooms` with Ctrl.
    Wheel {
        x: f64,
        dx: f64,
        dy: f64,
        zooms: bool,
    },
    /// Two fingers moved apart (above 1) or towards each other.
    Pinch {
        x: f64,
        factor: f64,
    },
    /// A key, by its name in the browser.
    Key(&'a str),
    /// The rows were scrolled to here.
    Scroll(f64),
}

impl Chart {
    /// Does what a person asked for. Gives whether it was meant for the timeline, so that nobody else need look at it.
    pub fn input(&mut self, legs: &[Leg<'_>], input: Input<'_>) -> bool {
        self.update(legs);
        let whole = self.whole(legs);
        let scale = self.scale(legs);
        match input {
            Input::Move { x, y } => self.on_move(whole, scale, (x, y)),
            Input::Leave => self.pointer = None,
            Input::Press { x, y, pans } => {
                let (left, right) = self.edges();
                self.drag = if y < MAP_HEIGHT {
                    self.show_on_map(whole, x);
                    Some(Drag::Map)
                } else if pans {
                    Some(Drag::Pan { x, y, last_x: x })
                } else {
                    Some(Drag::Choose { x, y, from_ns: scale.ns_from_px(x.clamp(left, right)) })
                };
            }
            Input::Release { x, y } => match self.drag.take() {
                Some(Drag::Choose { x: from_x, y: from_y, .. } | Drag::Pan { x: from_x, y: from_y, .. })
                    if (x - from_x).abs() < CLICK_PX && (y - from_y).abs() < CLICK_PX =>
                {
                    self.on_click(legs, (x, y));
                }
                _ => {}
            },
            Input::Cancel => self.drag = None,
            Input::Wheel { x, dx, dy, zooms } => {
                let (start, end) = self.view.shown(whole);
                if zooms {
                    self.view.zoom(whole, scale.ns_from_px(x), ZOOM_STEP.powf(dy.clamp(-400.0, 400.0) / 100.0));
                } else if dx.abs() > dy.abs() {
                    let (left, right) = self.edges();
                    self.view.pan(whole, dx * (end - start) / (right - left).max(1.0));
                } else {
                    return false;
                }
            }
            Input::Pinch { x, factor } => self.view.zoom(whole, scale.ns_from_px(x), 1.0 / factor.clamp(0.1, 10.0)),
            Input::Key(key) => return self.on_key(legs, whole, key),
            Input::Scroll(top) => self.scroll = top,
        }
        true
    }

    fn on_move(&mut self, whole: Stretch, scale: Scale, (x, y): (f64, f64)) {
        self.pointer = Some((x, y));
        let (left, right) = self.edges();
        match &mut self.drag {
            Some(Drag::Choose { x: from_x, from_ns, .. }) if (x - *from_x).abs() >= CLICK_PX => {
                let to_ns = scale.ns_from_px(x.clamp(left, right));
                self.stretch = Some((from_ns.min(to_ns), from_ns.max(to_ns)));
            }
            Some(Drag::Pan { last_x, .. }) => {
                let by_ns = scale.ns_from_px(*last_x) - scale.ns_from_px(x);
                *last_x = x;
                self.view.pan(whole, by_ns);
            }
            Some(Drag::Map) => self.show_on_map(whole, x),
            _ => {}
        }
    }

    /// Shows as much as now, around what is under this point of the small picture.
    fn show_on_map(&mut self, whole: Stretch, x: f64) {
        let (left, right) = self.edges();
        let at = Scale::new(whole.0, whole.1, left, right - left).ns_from_px(x);
        let (start, end) = self.view.shown(whole);
        let half = (end - start) / 2.0;
        self.view.show(whole, (at - half, at + half));
    }

    fn on_click(&mut self, legs: &[Leg<'_>], (x, y): (f64, f64)) {
        self.stretch = None;
        let rows = self.rows(legs);
        let Some(row) = self.row_at(&rows, y) else { return };
        match row.kind {
            RowKind::Title if x < self.edges().0 + TITLE_PX => toggle(&mut self.choice.folded, row.leg),
            RowKind::Title => self.chosen = None,
            RowKind::Lane(place) if x < self.edges().0 => {
                if let Some((id, _)) = legs[row.leg].trace.lanes.at(place) {
                    toggle(&mut self.choice.pinned, (row.leg, id));
                }
            }
            RowKind::Lane(_) => self.chosen = self.hit(legs, (x, y)).map(|(target, _)| target),
            RowKind::Hidden(_) => self.choice.filter.clear(),
        }
    }

    fn on_key(&mut self, legs: &[Leg<'_>], whole: Stretch, key: &str) -> bool {
        let (start, end) = self.view.shown(whole);
        let middle = self.pointer.map_or((start + end) / 2.0, |(x, _)| {
            let (left, right) = self.edges();
            self.scale(legs).ns_from_px(x.clamp(left, right))
        });
        match key {
            "w" | "W" | "+" => self.view.zoom(whole, middle, 1.0 / ZOOM_STEP),
            "s" | "S" | "-" => self.view.zoom(whole, middle, ZOOM_STEP),
            "a" | "A" => self.view.pan(whole, -(end - start) * PAN_STEP),
            "d" | "D" => self.view.pan(whole, (end - start) * PAN_STEP),
            "0" => self.view.show_all(),
            "1" => self.command(legs, Command::Work),
            "f" | "F" => self.fit(legs, whole),
            "." | "ArrowRight" => self.walk(legs, true),
            "," | "ArrowLeft" => self.walk(legs, false),
            "ArrowDown" => self.walk_lanes(legs, true),
            "ArrowUp" => self.walk_lanes(legs, false),
            "p" | "P" if self.chosen.is_some() => {
                self.chosen.iter().for_each(|chosen| toggle(&mut self.choice.pinned, (chosen.leg, chosen.lane)));
            }
            "c" | "C" if self.chosen.is_some() => {
                self.chosen.iter().for_each(|chosen| toggle(&mut self.choice.folded, chosen.leg));
            }
            "Home" => self.view.pan(whole, whole.0 - start),
            "End" => self.view.pan(whole, whole.1 - end),
            " " => self.command(legs, Command::Play),
            "Escape" if self.chosen.is_some() || self.stretch.is_some() || self.replay.is_some() => {
                self.command(legs, Command::Clear);
                self.replay = None;
            }
            _ => return false,
        }
        true
    }

    /// Shows what is chosen, and else everything.
    fn fit(&mut self, legs: &[Leg<'_>], whole: Stretch) {
        let span = self.chosen.and_then(|target| self.span_of(legs, target));
        let stretch = self.stretch.or_else(|| span.map(|(_, stretch)| stretch));
        match stretch {
            Some((start, end)) => {
                let margin = (end - start) * 0.1;
                self.view.show(whole, (start - margin, end + margin));
            }
            None => self.view.show_all(),
        }
    }

    /// Chooses the next span of the lane that does something, or the one before.
    fn walk(&mut self, legs: &[Leg<'_>], forward: bool) {
        let Some(target) = self.chosen else { return self.walk_lanes(legs, true) };
        let Some(lane) = legs.get(target.leg).and_then(|leg| leg.trace.lanes.get(target.lane)) else { return };
        let does = |place: &usize| span_at(lane, *place).is_some_and(|span| span.phase != Phase::Idle);
        let next =
            if forward { (target.place + 1..=lane.spans.len()).find(does) } else { (0..target.place).rev().find(does) };
        if let Some(place) = next {
            self.choose_by_key(legs, Target { place, ..target });
        }
    }

    /// Chooses in the next lane, or the one before, what it did at the same time.
    fn walk_lanes(&mut self, legs: &[Leg<'_>], forward: bool) {
        let lane = |(leg, place): (usize, usize)| {
            let (lane, _) = legs[leg].trace.lanes.at(place)?;
            Some(Target { leg, lane, place: 0 })
        };
        let lanes: Vec<Target> = self.rows(legs).lanes().filter_map(lane).collect();
        let now =
            self.chosen.and_then(|now| lanes.iter().position(|lane| (lane.leg, lane.lane) == (now.leg, now.lane)));
        let next = match now {
            None => lanes.first(),
            Some(place) if forward => lanes.get(place + 1),
            Some(place) => place.checked_sub(1).and_then(|place| lanes.get(place)),
        };
        let Some(next) = next else { return };
        let at =
            self.chosen.and_then(|now| self.span_of(legs, now)).map_or(0.0, |(_, (start, end))| (start + end) / 2.0);
        let lane = legs[next.leg].trace.lanes.get(next.lane);
        let at = self.levels[next.leg].axis(Scale::new(0.0, 1.0, 0.0, 1.0)).at_ns(at);
        let place = lane.and_then(|lane| place_at(lane, Stamp { at, sequence: u32::MAX })).unwrap_or(0);
        self.choose_by_key(legs, Target { place, ..*next });
    }

    fn choose_by_key(&mut self, legs: &[Leg<'_>], target: Target) {
        // What was asked for may be of a run that is gone.
        let Some(leg) = legs.get(target.leg) else { return };
        self.chosen = Some(target);
        // The words at the pointer would stay with what was chosen before.
        self.pointer = None;
        self.reveal(legs, target);
        self.said = match self.span_of(legs, target) {
            Some((span, _)) => line(leg, &self.levels[target.leg], target.lane, &span),
            None => format!("{}: nothing recorded", leg.lane_name(target.lane)),
        };
    }

    /// Brings a span into sight.
    fn reveal(&mut self, legs: &[Leg<'_>], target: Target) {
        let whole = self.whole(legs);
        if let Some((_, (from, to))) = self.span_of(legs, target) {
            let (start, end) = self.view.shown(whole);
            if to < start || from > end {
                self.view.pan(whole, (from + to) / 2.0 - (start + end) / 2.0);
            }
        }
        self.choice.folded.remove(&target.leg);
        let rows = self.rows(legs);
        let place = legs[target.leg].trace.lanes.place(target.lane);
        if let Some(row) = place.and_then(|place| rows.find(target.leg, place)) {
            let room = self.height - HEAD_HEIGHT - rows.pinned_height;
            if row.top < self.scroll {
                self.wanted_scroll = Some(row.top);
            } else if row.top + row.height > self.scroll + room {
                self.wanted_scroll = Some(row.top + row.height - room);
            }
        }
    }

    /// Does what another part of the page asks for.
    pub fn command(&mut self, legs: &[Leg<'_>], command: Command) {
        self.update(legs);
        let whole = self.whole(legs);
        let (start, end) = self.view.shown(whole);
        match command {
            Command::All => self.view.show_all(),
            Command::Work => self.view.show(whole, (0.0, whole.1)),
            Command::ZoomIn => self.view.zoom(whole, (start + end) / 2.0, 1.0 / ZOOM_STEP),
            Command::ZoomOut => self.view.zoom(whole, (start + end) / 2.0, ZOOM_STEP),
            Command::Go(target) => {
                self.choose_by_key(legs, target);
                if let Some((_, (from, to))) = self.span_of(legs, target) {
                    // Long enough to be seen with what is around it.
                    let most = ((to - from) * 20.0).max(1_000.0);
                    if end - start > most {
                        let middle = (from + to) / 2.0;
                        self.view.show(whole, (middle - most / 2.0, middle + most / 2.0));
                    }
                }
            }
            Command::Clear => {
                self.chosen = None;
                self.stretch = None;
                self.said.clear();
            }
            Command::Filter(text) => self.choice.filter = text,
            Command::Play => match &mut self.replay {
                Some(replay) => replay.toggle(whole),
                None => self.replay = Some(Replay::start(whole)),
            },
            Command::Step(forward) => {
                let head = self.replay.map_or(if forward { whole.0 } else { whole.1 }, |replay| replay.head_ns);
                let next = self.next_event(legs, head, forward).unwrap_or(if forward { whole.1 } else { whole.0 });
                self.seek(whole, next);
            }
            Command::Speed(speed) => {
                if let Some(replay) = self.replay.as_mut().filter(|_| SPEEDS.contains(&speed)) {
                    replay.speed = speed;
                }
            }
            Command::Seek(part) => self.seek(whole, whole.0 + part.clamp(0.0, 1.0) * (whole.1 - whole.0)),
            Command::EndReplay => self.replay = None,
        }
    }

    fn seek(&mut self, whole: Stretch, to_ns: f64) {
        let replay = self.replay.get_or_insert(Replay { playing: false, ..Replay::start(whole) });
        replay.head_ns = to_ns;
        replay.playing = false;
        let (start, end) = self.view.shown(whole);
        if to_ns < start || to_ns > end {
            self.view.pan(whole, to_ns - (start + end) / 2.0);
        }
    }

    /// The next moment at which any lane begins something else, or the one before.
    fn next_event(&self, legs: &[Leg<'_>], head: f64, forward: bool) -> Option<f64> {
        let of_lanes = legs.iter().zip(&self.levels).flat_map(|(leg, levels)| {
            let axis = levels.axis(Scale::new(0.0, 1.0, 0.0, 1.0));
            leg.trace.lanes.values().filter_map(move |lane| {
                let after = |at: Instant| if forward { axis.ns(at) > head } else { axis.ns(at) >= head };
                let starts = lane.spans.partition_point(|span| !after(span.start.at));
                let ends = lane.spans.partition_point(|span| !after(span.end.at));
                let start = if forward { Some(starts) } else { starts.checked_sub(1) };
                let end = if forward { Some(ends) } else { ends.checked_sub(1) };
                let start = start.and_then(|place| lane.spans.get(place)).map(|span| axis.ns(span.start.at));
                let end = end.and_then(|place| lane.spans.get(place)).map(|span| axis.ns(span.end.at));
                let closer = if forward { f64::min } else { f64::max };
                start.into_iter().chain(end).reduce(closer)
            })
        });
        of_lanes.reduce(if forward { f64::min } else { f64::max })
    }
}

fn toggle<T: Ord>(set: &mut std::collections::BTreeSet<T>, item: T) {
    if !set.remove(&item) {
        set.insert(item);
    }
}
