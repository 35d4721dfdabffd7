//! What there is to draw, as a list of shapes.

use serde::{Deserialize, Serialize};

pub use super::leg::Mark;
use crate::model::event::Phase;

/// What a text, a line or an area is drawn with; the painter knows the colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ink {
    /// Names and numbers.
    Strong,
    /// Everything that only helps to read the rest.
    Faint,
    /// The time limit.
    Limit,
    /// The ground of what lies over the picture, such as words at the pointer.
    Over,
    /// Who holds the lock.
    Holder,
    /// What is under the pointer, or was chosen.
    Chosen,
    /// A stretch of time that was chosen.
    Selection,
    /// From what woke something to what it woke.
    Link,
    /// Where a replay stands.
    Head,
}

/// Where a text stands, seen from its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Align {
    Left,
    Center,
    Right,
}

/// A rectangle, in CSS pixels.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rect {
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
}

/// One thing to draw. Lengths are in CSS pixels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    /// Parts of columns that belong to one phase: too narrow for patterns.
    Parts {
        phase: Phase,
        rects: Vec<Rect>,
    },
    /// Areas.
    Areas {
        ink: Ink,
        rects: Vec<Rect>,
    },
    /// The edge of an area.
    Edge {
        rect: Rect,
        ink: Ink,
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
    /// Words beside the pointer, the first of them strong, over everything and within the picture. Only who paints them knows how
    /// wide they are.
    Words {
        x: f64,
        y: f64,
        words: Vec<String>,
    },
    /// What follows is drawn in this area only; in all of the picture again after the next that is `None`.
    Clip(Option<Rect>),
}

/// A picture.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Scene {
    pub width: f64,
    pub height: f64,
    pub shapes: Vec<Shape>,
}

impl Scene {
    pub(super) fn text(&mut self, (x, middle): (f64, f64), text: String, ink: Ink, align: Align) {
        self.shapes.push(Shape::Text { x, middle, text, ink, align });
    }

    pub(super) fn line(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64), ink: Ink) {
        self.shapes.push(Shape::Line { x1, y1, x2, y2, ink });
    }

    pub(super) fn area(&mut self, rect: Rect, ink: Ink) {
        self.shapes.push(Shape::Areas { ink, rects: vec![rect] });
    }
}
