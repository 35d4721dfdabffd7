//! CPython's own tests of process pools, in Rust and under their names: those of `concurrent.futures` and of
//! `multiprocessing.Pool`; and what CPython has no tests for.
//!
//! `README.md` says for each of CPython's tests which of ours it is, or why it cannot apply; `table.rs` holds it to that.
//! Natively processes are threads, which share nothing with the pool but their pipes (`machine.rs`); in a browser they are real
//! ones, with memory of their own (`tests/executors`), but for those of `model.rs`.

mod any_options;
mod carriers;
mod deadlock;
mod executor;
mod faults;
mod initializer;
#[cfg_attr(target_arch = "wasm32", path = "../../executors/machine.rs")]
mod machine;
mod model;
mod pace;
mod pool;
mod process_pool;
mod shutdown;
mod support;
mod table;
mod wait;
mod worker_lifetime;
