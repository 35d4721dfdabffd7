//! From traces to a picture: geometry and a list of what to draw, and what a person does with it. Pure; `platform::page::canvas`
//! paints the list.

mod axis;
mod bars;
mod chart;
mod details;
mod draw;
mod handle;
mod hit;
mod kept;
mod lane;
mod leg;
pub mod paint;
mod replay;
mod rows;
pub mod scale;
mod scene;
mod shares;
mod view;

pub use chart::{Chart, ChartView, ReplayView};
pub use details::{Details, Link, StretchOfLeg, StretchSummary, Target};
pub use draw::{scene, scene_within};
pub use handle::{Command, Input};
pub use leg::{Leg, lane_name};
pub use replay::SPEEDS;
pub use scene::{Align, Ink, Mark, Rect, Scene, Shape};
