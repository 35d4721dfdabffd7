//! Numbers and words from a trace. Pure: nothing here runs, reads a clock or draws.

pub mod advice;
pub mod break_even;
pub mod curve;
pub mod dials;
pub mod figures;
pub mod latency;
pub mod ledger;
pub mod lock;
pub mod numbers;
pub mod picture;
pub mod provenance;
pub mod quantile;
pub mod race;
pub mod repeats;
pub mod scaling;
pub mod series;
pub mod summary;
pub mod sweep;
pub mod tasks;
pub mod words;

#[cfg(all(test, not(target_arch = "wasm32")))]
mod made;

pub use dials::Dials;
pub use numbers::Numbers;
pub use picture::Picture;
pub use provenance::Provenance;
pub use summary::Summary;
pub use tasks::TaskRow;
