//! Numbers and words from a trace. Pure: nothing here runs, reads a clock or draws.

pub mod dials;
pub mod summary;
pub mod tasks;

pub use dials::Dials;
pub use summary::{Summary, speedup, speedup_with_start};
pub use tasks::TaskRow;
