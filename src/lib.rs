//! Overlap: the ways of doing many things at once, really run, measured and drawn side by side.
//!
//! The map of the modules, and what holds between them, is in `ARCHITECTURE.md`; `tests/tidy.rs` keeps to it.
//!
//! * [`model`] is the vocabulary: plans, events, traces.
//! * [`workloads`] is what is run, [`engine`] how it is run and recorded.
//! * [`insight`] makes numbers of a trace, [`timeline`] makes geometry of it. Both are pure.
//! * [`files`] makes files of runs, and runs of files. Pure too.
//! * [`app`] is the page's state and what changes it.
//! * `platform` is the only place that knows the browser, `ui` the only one that knows Yew; both exist on wasm alone.
//!
//! Three programs are made of this: that of the page (`main.rs`, feature `page`), that of its processes (`worker.rs`,
//! feature `process`), and that which handles files (`files_worker.rs`, feature `files`).

// A process tells that it has no memory left before it dies of it, which nothing stable lets it.
#![cfg_attr(all(target_arch = "wasm32", feature = "process"), feature(alloc_error_hook))]

pub mod app;
pub mod engine;
pub mod files;
pub mod insight;
pub mod model;
pub mod sync;
pub mod timeline;
pub mod workloads;

#[cfg(target_arch = "wasm32")]
pub mod platform;
#[cfg(all(target_arch = "wasm32", feature = "page"))]
pub mod ui;
