//! The trace event format (“Chrome JSON”): Perfetto, chrome://tracing and speedscope open it, VizTracer writes it.
//!
//! Its description is Google's document “Trace Event Format”. Times in it are microseconds.

mod event;
mod flatten;
mod import;
mod python;
mod slices;
mod write;

pub use import::read;
pub use write::write;
