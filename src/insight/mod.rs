//! Numbers and words from a trace. Pure: nothing here runs, reads a clock or draws.

pub mod advice;
pub mod break_even;
pub mod dials;
pub mod latency;
pub mod ledger;
pub mod lock;
pub mod numbers;
pub mod picture;
pub mod provenance;
pub mod quantile;
pub mod repeats;
pub mod scaling;
pub mod series;
pub mod summary;
pub mod tasks;
pub mod words;

#[cfg(test)]
mod made;

pub use dials::Dials;
pub use numbers::Numbers;
pub use picture::Picture;
pub use provenance::Provenance;
pub use summary::{Summary, speedup, speedup_with_start};
pub use tasks::TaskRow;
