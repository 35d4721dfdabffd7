//! The recorder: how threads write down what they do, and how the page reads it while they compute.
//!
//! See `README.md` beside this file for the protocol.

mod drain;
mod layout;
mod shared;

pub use drain::{Drain, Words};
pub use layout::STOP;
pub use shared::{LaneRecorder, Shared};
