//! The picture of one or more runs on one time axis, as a list of shapes.

use super::merge::{Bar, merge_narrow};
use super::scale::Scale;
use crate::model::event::Phase;
use crate::model::format::thousands;
use crate::model::id::{LaneId, TaskId};
use crate::model::outcome::Outcome;
use crate::model::time::Instant;
use crate::model::trace::Trace;

/// What a text or a line is drawn with; the painter knows the colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// Names and numbers.
    Strong,
    /// Everything that only helps to read the rest.
    Faint,
    /// The time limit.
    Limit,
}

/// Where a text stands, seen from its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    Left,
    Center,
    Right,
}

/// How a task ended, as a sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    Failed,
    Cancelled,
}

/// One thing to draw. Lengths are in CSS pixels.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// A phase, with the number of its task where there is room for it.
    Phase {
        left: f64,
        top: f64,
        width: f64,
        height: f64,
        phase: Phase,
        label: Option<String>,
    },
    Text {
        x: f64,
        middle: f64,
        text: String,
        ink: Ink,
        align: Align,
    },
    Line {
        x1: f64,
        y1: f64,
        x2: f64,
        y2: f64,
        ink: Ink,
    },
    Mark {
        x: f64,
        middle: f64,
        mark: Mark,
    },
}

/// A picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scene {
    pub width: f64,
    pub height: f64,
    pub shapes: Vec<Shape>,
}

/// One run to be drawn.
#[derive(Clone, Copy, Debug)]
pub struct Leg<'a> {
    pub title: &'a str,
    pub trace: &'a Trace,
    /// What one of its tasks is called.
    pub noun: &'a str,
    /// What the processes that it started are called, where they have names of their own.
    pub children: &'a [String],
    /// The time limit, since work began.
    pub limit_ms: Option<u32>,
}

const AXIS_HEIGHT: f64 = 28.0;
const TITLE_HEIGHT: f64 = 30.0;
const LANE_HEIGHT: f64 = 24.0;
const BAR_HEIGHT: f64 = 18.0;
const LEG_GAP: f64 = 10.0;
const TICK_SPACING: f64 = 84.0;
/// Half the room of a tick's label.
const LABEL_HALF: f64 = 30.0;
/// The room of one digit in a bar's label.
const DIGIT_WIDTH: f64 = 8.0;

/// Draws runs below each other, each with its zero where its work began, so that what differs is seen at once.
pub fn scene(legs: &[Leg<'_>], width: f64) -> Scene {
    let gutter = if width < 480.0 { 92.0 } else { 112.0 };
    let right = width - 14.0;
    let lanes: usize = legs.iter().map(Leg::rows).sum();
    let height = AXIS_HEIGHT + legs.len() as f64 * (TITLE_HEIGHT + LEG_GAP) + lanes as f64 * LANE_HEIGHT;
    let start_ns = legs.iter().map(|leg| leg.ns(Instant::default())).fold(0.0, f64::min);
    let end_ns = legs.iter().map(|leg| leg.ns(leg.trace.latest)).fold(1e6, f64::max);
    let scale = Scale::new(start_ns, end_ns, gutter, right - gutter);
    let mut scene = Scene { width, height, shapes: Vec::new() };
    for (x, text) in scale.ticks(gutter, right, TICK_SPACING) {
        scene.line((x, AXIS_HEIGHT), (x, height), Ink::Faint);
        let (x, align) = if x > width - LABEL_HALF { (width - 2.0, Align::Right) } else { (x, Align::Center) };
        scene.text(x, AXIS_HEIGHT / 2.0, text, Ink::Faint, align);
    }
    let mut top = AXIS_HEIGHT;
    for leg in legs {
        scene.text(8.0, top + TITLE_HEIGHT / 2.0, leg.title.to_owned(), Ink::Strong, Align::Left);
        top += TITLE_HEIGHT;
        let lanes_top = top;
        for (id, lane) in leg.trace.lanes.iter().take(LANES_MAX) {
            let middle = top + LANE_HEIGHT / 2.0;
            scene.text(gutter - 10.0, middle, leg.lane_name(id), Ink::Faint, Align::Right);
            let closed = lane.spans.iter().map(|span| (span.phase, span.task, span.start.at, span.end.at));
            let open = lane.open.iter().map(|open| (open.phase, open.task, open.start.at, leg.trace.latest));
            let bars = closed.chain(open).map(|(phase, task, start, end)| {
                let (left, right) = (scale.px_from_ns(leg.ns(start)), scale.px_from_ns(leg.ns(end)));
                Bar { left, right, phase, task }
            });
            for bar in merge_narrow(bars) {
                scene.phase(bar, middle);
            }
            top += LANE_HEIGHT;
        }
        scene.marks(leg, &scale, lanes_top);
        let hidden = leg.trace.lanes.len().saturating_sub(LANES_MAX);
        if hidden > 0 {
            let text = format!("and {} more, which are counted and not drawn", thousands(hidden as u64));
            scene.text(gutter, top + LANE_HEIGHT / 2.0, text, Ink::Faint, Align::Left);
            top += LANE_HEIGHT;
        }
        if let Some(ms) = leg.limit_ms {
            let x = scale.px_from_ns(f64::from(ms) * 1e6);
            if x <= right {
                scene.line((x, lanes_top - 4.0), (x, top), Ink::Limit);
                let text = format!("limit {ms} ms");
                // On the side where the most room is.
                let align = if x > (gutter + right) / 2.0 { Align::Right } else { Align::Left };
                let offset = if align == Align::Right { -4.0 } else { 4.0 };
                scene.text(x + offset, lanes_top - 11.0, text, Ink::Limit, align);
            }
        }
        top += LEG_GAP;
    }
    scene
}

/// What a person calls a lane.
pub fn lane_name(lane: LaneId, noun: &str) -> String {
    match lane {
        LaneId::Page => "page".to_owned(),
        LaneId::Process => "process".to_owned(),
        LaneId::Thread(0) => "main thread".to_owned(),
        LaneId::Thread(number) => format!("worker {number}"),
        LaneId::Child(number) => format!("process {number}"),
        LaneId::Coroutine(index) => format!("{noun} {}", TaskId(index).number()),
    }
}

/// The most lanes of a run that are drawn: each coroutine has one, and there may be ten thousand.
const LANES_MAX: usize = 64;

/// The most characters of a name that there is room for.
const NAME_MAX: usize = 14;

impl Leg<'_> {
    /// How many rows it takes: its lanes, or a line that says how many more there are.
    fn rows(&self) -> usize {
        self.trace.lanes.len().min(LANES_MAX + 1)
    }

    fn lane_name(&self, lane: LaneId) -> String {
        let own = match lane {
            LaneId::Child(number) => self.children.get((number as usize).wrapping_sub(1)),
            _ => None,
        };
        match own {
            Some(name) if name.chars().count() > NAME_MAX => name.chars().take(NAME_MAX - 1).chain(['…']).collect(),
            Some(name) => name.clone(),
            None => lane_name(lane, self.noun),
        }
    }

    /// A time of the trace on the common axis. While no work has begun, the latest time is the zero, so that starting shows left of it.
    fn ns(&self, at: Instant) -> f64 {
        at.0 as f64 - self.trace.work_start().unwrap_or(self.trace.latest).0 as f64
    }
}

impl Scene {
    fn text(&mut self, x: f64, middle: f64, text: String, ink: Ink, align: Align) {
        self.shapes.push(Shape::Text { x, middle, text, ink, align });
    }

    fn line(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64), ink: Ink) {
        self.shapes.push(Shape::Line { x1, y1, x2, y2, ink });
    }

    fn phase(&mut self, bar: Bar, middle: f64) {
        let Bar { left, right, phase, task } = bar;
        let label = task
            .filter(|_| phase != Phase::Idle)
            .map(|task| task.number().to_string())
            .filter(|label| right - left >= DIGIT_WIDTH * (label.len() as f64 + 1.5));
        let (top, width) = (middle - BAR_HEIGHT / 2.0, right - left);
        self.shapes.push(Shape::Phase { left, top, width, height: BAR_HEIGHT, phase, label });
    }

    /// Signs where tasks ended otherwise than well, on the lane that they ran on.
    fn marks(&mut self, leg: &Leg<'_>, scale: &Scale, lanes_top: f64) {
        for task in &leg.trace.tasks {
            let mark = match task.outcome {
                Some(Outcome::Failed(_)) => Mark::Failed,
                Some(Outcome::Cancelled) => Mark::Cancelled,
                _ => continue,
            };
            let (Some(ended), Some(lane)) = (task.ended, task.lane) else { continue };
            let Some(row) = leg.trace.lanes.iter().take(LANES_MAX).position(|(id, _)| id == lane) else { continue };
            let middle = lanes_top + (row as f64 + 0.5) * LANE_HEIGHT;
            self.shapes.push(Shape::Mark { x: scale.px_from_ns(leg.ns(ended.at)), middle, mark });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::event::{Event, EventKind};
    use crate::model::outcome::{Failure, Value};

    fn trace() -> Trace {
        let mut trace = Trace::new(2);
        let mut sequence = 0;
        let mut add = |ms: f64, lane, task: Option<u32>, kind, arg| {
            sequence += 1;
            trace.apply(&Event { at: Instant::from_ms(ms), sequence, lane, task: task.map(TaskId), kind, arg });
        };
        add(0.0, LaneId::Process, None, EventKind::Enter(Phase::Instantiating), 0);
        add(100.0, LaneId::Process, None, EventKind::LaneClosed, 0);
        for task in 0..2 {
            add(100.0, LaneId::Thread(0), Some(task), EventKind::Submitted, 0);
        }
        for task in 0..2 {
            add(100.0, LaneId::Coroutine(task), Some(task), EventKind::Started, 0);
            add(100.0, LaneId::Coroutine(task), Some(task), EventKind::Enter(Phase::WaitingIo), 0);
        }
        add(200.0, LaneId::Coroutine(1), Some(1), EventKind::Failed, Failure::Status(503).to_arg());
        add(200.0, LaneId::Coroutine(1), None, EventKind::LaneClosed, 0);
        add(300.0, LaneId::Coroutine(0), Some(0), EventKind::Finished, Value::Count(1).to_arg());
        add(300.0, LaneId::Coroutine(0), None, EventKind::LaneClosed, 0);
        trace
    }

    fn leg(trace: &Trace, limit_ms: Option<u32>) -> Leg<'_> {
        Leg { title: "Event loop", trace, noun: "site", children: &[], limit_ms }
    }

    fn phases(scene: &Scene) -> Vec<(Phase, f64, f64, Option<&str>)> {
        let found = scene.shapes.iter().filter_map(|shape| match shape {
            Shape::Phase { left, width, phase, label, .. } => Some((*phase, *left, *width, label.as_deref())),
            _ => None,
        });
        found.collect()
    }

    fn texts(scene: &Scene) -> Vec<&str> {
        let found = scene.shapes.iter().filter_map(|shape| match shape {
            Shape::Text { text, .. } => Some(text.as_str()),
            _ => None,
        });
        found.collect()
    }

    #[test]
    fn a_run_is_its_lanes_with_their_phases_on_an_axis_whose_zero_is_where_work_began() {
        let trace = trace();
        let scene = scene(&[leg(&trace, Some(150))], 526.0);
        // 400 pixels for 300 ms, of which 100 ms before zero.
        let third = 400.0 / 3.0;
        let expected = [
            (Phase::Instantiating, 112.0, third, None),
            (Phase::WaitingIo, 112.0 + third, 2.0 * third, Some("1")),
            (Phase::WaitingIo, 112.0 + third, third, Some("2")),
        ];
        for (found, expected) in phases(&scene).iter().zip(expected) {
            assert_eq!((found.0, found.3), (expected.0, expected.3));
            assert!((found.1 - expected.1).abs() < 0.01 && (found.2 - expected.2).abs() < 0.01, "{found:?}");
        }
        assert_eq!(
            texts(&scene),
            ["−100 ms", "0", "100 ms", "200 ms", "Event loop", "process", "site 1", "site 2", "limit 150 ms"]
        );
        let marks: Vec<_> = scene.shapes.iter().filter(|shape| matches!(shape, Shape::Mark { .. })).collect();
        let [Shape::Mark { x, mark: Mark::Failed, .. }] = marks[..] else { panic!("{marks:?}") };
        assert!((x - (112.0 + 2.0 * third)).abs() < 0.01);
    }

    #[test]
    fn runs_share_one_axis_and_nothing_leaves_the_picture() {
        let (one, two) = (trace(), trace());
        for width in [320.0, 1_200.0] {
            let scene = scene(&[leg(&one, None), leg(&two, Some(9_999))], width);
            let phases = phases(&scene);
            assert_eq!(phases[..3], phases[3..]);
            for (_, left, bar_width, _) in phases {
                assert!(left >= 0.0 && left + bar_width <= width);
            }
            assert!(!texts(&scene).contains(&"limit 9999 ms"), "a limit that was not reached is not on the axis");
        }
    }

    #[test]
    fn of_very_many_lanes_the_first_are_drawn_and_the_others_counted() {
        let mut trace = Trace::new(500);
        for task in 0..500 {
            let at = Instant::from_ms(task.into());
            let (lane, kind) = (LaneId::Coroutine(task), EventKind::Enter(Phase::Sleeping));
            trace.apply(&Event { at, sequence: task, lane, task: Some(TaskId(task)), kind, arg: 0 });
        }
        let scene = scene(&[leg(&trace, None)], 526.0);
        assert_eq!(phases(&scene).len(), LANES_MAX);
        assert!(texts(&scene).contains(&"and 436 more, which are counted and not drawn"));
        assert!(scene.height < 2_000.0);
    }

    #[test]
    fn a_run_that_has_only_begun_to_start_has_a_picture() {
        let mut trace = Trace::new(1);
        trace.apply(&Event {
            at: Instant::default(),
            sequence: 0,
            lane: LaneId::Process,
            task: None,
            kind: EventKind::Enter(Phase::Instantiating),
            arg: 0,
        });
        trace.look(Instant::from_ms(40.0));
        let (phase, left, width, _) = phases(&scene(&[leg(&trace, None)], 526.0))[0];
        assert_eq!(phase, Phase::Instantiating);
        assert!(left == 112.0 && width > 380.0, "{left} {width}");
    }
}
