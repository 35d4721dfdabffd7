//! Numbers and words from a trace. Pure: nothing here runs, reads a clock or draws.

pub mod dials;
pub mod picture;
pub mod summary;
pub mod tasks;
pub mod words;

pub use dials::Dials;
pub use picture::Picture;
pub use summary::{Summary, speedup, speedup_with_start};
pub use tasks::TaskRow;
