//! What the page asks of the program that handles files, and what that answers. Both travel in postcard's format.

use serde::{Deserialize, Serialize};

use crate::insight::Summary;
use crate::model::run::Run;
use crate::timeline::{Leg, Scene, scene_within};

/// What a run may be written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Format {
    /// Overlap's own, which is read again.
    Json,
    /// Trace events, for Perfetto and speedscope.
    Chrome,
    Csv,
    Markdown,
    /// The timeline as a picture.
    Svg,
}

impl Format {
    /// The ending of a file's name.
    pub fn ending(self) -> &'static str {
        match self {
            Format::Json => "overlap.json",
            Format::Chrome => "trace.json",
            Format::Csv => "csv",
            Format::Markdown => "md",
            Format::Svg => "svg",
        }
    }

    /// What a browser calls it.
    pub fn media_type(self) -> &'static str {
        match self {
            Format::Json | Format::Chrome => "application/json",
            Format::Csv => "text/csv",
            Format::Markdown => "text/markdown",
            Format::Svg => "image/svg+xml",
        }
    }
}

/// A run that is kept in the browser, as it stands in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Milliseconds since the Unix epoch when it was kept, or a little later: no two have the same.
    pub id: u64,
    /// How far clocks here were ahead of UTC then.
    pub ahead_minutes: i32,
    /// What a person called it. One without a name makes room for later ones.
    pub name: String,
    /// What its legs are called.
    pub title: String,
    /// Its size, in bytes.
    pub bytes: u64,
}

/// From so many spans on, a run is seen before the page has taken it in.
const SEEN_FIRST: usize = 50_000;

/// The room of a picture, in CSS pixels.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Room {
    pub width: f64,
    /// At most.
    pub height: f64,
}

/// A timeline as it is first seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Picture {
    pub scene: Scene,
    /// How high all of it is, in CSS pixels.
    pub whole: f64,
}

/// A run that was read, and what reading its traces once more would hold the page up for: a summary of each leg, and, of a long
/// run, what is first seen of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Read {
    pub run: Run,
    pub summaries: Vec<Summary>,
    pub picture: Option<Picture>,
}

impl Read {
    /// Reads the traces of a run.
    pub fn of(run: Run) -> Read {
        let summaries = run.legs.iter().map(|leg| Summary::of(&leg.trace)).collect();
        Read { run, summaries, picture: None }
    }

    /// The same, and draws a long one as far as there is room, if it is to be seen.
    pub fn seen_in(run: Run, room: Option<Room>) -> Read {
        let picture = room.filter(|_| run.events() >= SEEN_FIRST).map(|room| {
            let legs: Vec<Leg<'_>> = (0..).zip(&run.legs).map(|(number, leg)| Leg::of(number, leg)).collect();
            let (scene, whole) = scene_within(&legs, room.width, room.height);
            Picture { scene, whole }
        });
        Read { picture, ..Read::of(run) }
    }
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Ask {
    /// Keep a run.
    Keep(Run),
    /// Which are kept?
    List,
    /// Give a kept run, to be seen in this room, if it is shown by itself.
    Open(u64, Option<Room>),
    /// Call a kept run by a name; an empty one takes its name away.
    Name(u64, String),
    Remove(u64),
    Export(Run, Format),
    /// Read the file of this name, which travels beside, to be seen in this room.
    Import(String, Option<Room>),
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Answer {
    /// The runs that are kept, the latest first; and the one that was kept just now.
    Kept { list: Vec<Kept>, new: Option<u64> },
    /// A run, without its spans, which travel beside; and what a person should know of it.
    Run { read: Box<Read>, remarks: Vec<String> },
    /// A file, which travels beside.
    File,
    /// It cannot be done: why, and what to do.
    Refused(String),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::event::Phase;
    use crate::model::id::LaneId;
    use crate::model::outcome::RunEnd;
    use crate::model::run::RunLeg;
    use crate::model::time::Instant;
    use crate::model::trace::{Span, Stamp, Trace};

    fn run(spans: u64) -> Run {
        let stamp = |at| Stamp { at: Instant(at), sequence: 0 };
        let span = |at| Span { phase: Phase::Computing, task: None, start: stamp(at), end: stamp(at + 1) };
        let mut trace = Trace::default();
        trace.lanes.lane(LaneId::Thread(1)).spans = (0..spans).map(span).collect();
        trace.look(Instant(spans));
        let leg = RunLeg {
            title: "Threads".to_owned(),
            model: None,
            setting: None,
            noun: "task".to_owned(),
            task_names: Vec::new(),
            limit_ms: None,
            end: RunEnd::Done,
            output: None,
            trace: trace.into(),
        };
        Run { legs: vec![leg], ..Run::default() }
    }

    #[test]
    fn a_long_run_comes_with_the_picture_that_the_page_would_draw() {
        let room = Room { width: 800.0, height: 60.0 };
        let long = SEEN_FIRST as u64;
        let Some(Picture { scene, whole }) = Read::seen_in(run(long), Some(room)).picture else { panic!() };
        assert_eq!((scene.width, scene.height), (800.0, 60.0), "no higher than there is room");
        assert!(whole > 60.0);
        assert!(scene.shapes.iter().any(|shape| matches!(shape, crate::timeline::Shape::Parts { .. })));
        assert_eq!(Read::seen_in(run(long - 1), Some(room)).picture, None, "a short one is there at once");
        assert_eq!(Read::seen_in(run(long), None).picture, None);
    }
}
