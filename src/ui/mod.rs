//! What Yew draws: the frame around the timeline. Components take what they show and send messages; they know nothing else.

mod chart;
mod choices;
mod command_line;
mod curve;
mod facts;
mod numbers;
mod race;
mod results;
mod root;
mod settings;
mod stage;
mod sweep;
mod timeline;
mod widgets;

pub use root::{Connect, Perform, Send, start};
