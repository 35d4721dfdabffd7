//! What Yew draws: the frame around the timeline. Components take what they show and send messages; they know nothing else.

mod choices;
mod command_line;
mod facts;
mod opened;
mod results;
mod root;
mod runs;
mod settings;
mod stage;
mod widgets;

pub use root::{Connect, Perform, Send, start};
