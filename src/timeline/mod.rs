//! From traces to a picture: geometry and a list of what to draw. Pure; `platform::canvas` paints the list.

pub mod merge;
pub mod scale;
pub mod scene;

pub use scene::{Align, Ink, Leg, Mark, Scene, Shape, scene};
