//! What shapes are painted with: names of colours, which `www/styles/tokens.css` has, and lines over them.
//!
//! The page's canvas and the pictures that are exported are painted by the same table.

use super::scene::{Ink, Mark};
use crate::model::event::Phase;

/// The side of the square that a pattern repeats, in CSS pixels.
pub const PATTERN_PX: f64 = 8.0;
/// Of the circle that marks an outcome, in CSS pixels.
pub const MARK_RADIUS: f64 = 7.0;
/// Of the ground of a task's number, in CSS pixels.
pub const LABEL_HEIGHT: f64 = 14.0;

/// The colours of everything but phases.
const COLOURS: [&str; 13] = [
    "--text",
    "--text-faint",
    "--grid",
    "--hatch",
    "--limit",
    "--failed",
    "--cancelled",
    "--on-mark",
    "--on-phase",
    "--holder",
    "--chosen",
    "--selection",
    "--over",
];

/// Every colour that a shape may be painted in, by name.
pub fn colours() -> impl Iterator<Item = &'static str> {
    COLOURS.into_iter().chain(Phase::ALL.into_iter().map(|phase| fill(phase).colour))
}

/// How a phase is filled: a colour, and lines over it, since colour alone is not seen by all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fill {
    /// The name of its colour.
    pub colour: &'static str,
    pub hatch: Option<Hatch>,
}

/// Lines over a colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hatch {
    Rising,
    Falling,
    Upright,
    Dots,
}

/// How a phase is filled.
pub fn fill(phase: Phase) -> Fill {
    let (colour, hatch) = match phase {
        Phase::Idle => ("--phase-idle", None),
        Phase::Instantiating => ("--phase-start", Some(Hatch::Upright)),
        Phase::StartingThreads => ("--phase-threads", Some(Hatch::Upright)),
        Phase::Computing => ("--phase-compute", None),
        Phase::WaitingIo => ("--phase-wait", Some(Hatch::Rising)),
        Phase::Sleeping => ("--phase-sleep", Some(Hatch::Dots)),
        Phase::Serialising => ("--phase-serialise", Some(Hatch::Upright)),
        Phase::Deserialising => ("--phase-deserialise", Some(Hatch::Upright)),
        Phase::WaitingLock => ("--phase-lock", Some(Hatch::Falling)),
        Phase::WaitingMutex => ("--phase-mutex", Some(Hatch::Falling)),
        Phase::WaitingQueue => ("--phase-queue", Some(Hatch::Rising)),
        Phase::WaitingPipe => ("--phase-pipe", Some(Hatch::Rising)),
        Phase::Blocked => ("--phase-blocked", Some(Hatch::Falling)),
        Phase::WaitingJoin => ("--phase-join", Some(Hatch::Dots)),
        Phase::ComputingUnlocked => ("--phase-unlocked", None),
    };
    Fill { colour, hatch }
}

/// The name of what a text or an edge is painted in.
pub fn ink_token(ink: Ink) -> &'static str {
    match ink {
        Ink::Strong => "--text",
        Ink::Faint => "--text-faint",
        Ink::Limit => "--limit",
        Ink::Holder => "--holder",
        Ink::Chosen | Ink::Selection | Ink::Link => "--chosen",
        Ink::Head => "--failed",
        Ink::Over => "--over",
    }
}

/// The name of what an area is painted in.
pub fn area_token(ink: Ink) -> &'static str {
    if ink == Ink::Selection { "--selection" } else { ink_token(ink) }
}

/// How a line is drawn: the name of its colour, its width in CSS pixels, and whether it has gaps.
pub fn stroke(ink: Ink) -> (&'static str, f64, bool) {
    match ink {
        Ink::Faint => ("--grid", 1.0, false),
        Ink::Link | Ink::Head => (ink_token(ink), 2.0, false),
        _ => (ink_token(ink), 2.0, true),
    }
}

/// The name of the colour of a mark, and its sign.
pub fn sign_of(mark: Mark) -> (&'static str, &'static str) {
    match mark {
        Mark::Failed => ("--failed", "×"),
        Mark::Cancelled => ("--cancelled", "–"),
    }
}

/// Half the width of the ground of a task's number, in CSS pixels.
pub fn label_half(label: &str) -> f64 {
    label.len() as f64 * 4.0 + 3.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_colour_is_known_and_stands_in_the_style_sheet() {
        const INKS: [Ink; 9] = [
            Ink::Strong,
            Ink::Faint,
            Ink::Limit,
            Ink::Over,
            Ink::Holder,
            Ink::Chosen,
            Ink::Selection,
            Ink::Link,
            Ink::Head,
        ];
        let of_inks = INKS.into_iter().flat_map(|ink| [ink_token(ink), area_token(ink), stroke(ink).0]);
        let of_marks = [Mark::Failed, Mark::Cancelled].into_iter().map(|mark| sign_of(mark).0);
        for name in of_inks.chain(of_marks) {
            assert!(colours().any(|known| known == name), "{name}");
        }
        let sheet = include_str!("../../www/styles/tokens.css");
        for name in colours() {
            assert!(sheet.contains(&format!("{name}: ")), "{name}");
        }
    }
}
