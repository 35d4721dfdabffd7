//! CPython's own tests of `asyncio`, in Rust and under their names, and what CPython has no tests for.
//!
//! `README.md` says for each of CPython's tests which of ours it is, or why it cannot apply; `table.rs` holds it to that.

mod cancellation;
mod gather;
mod locks;
mod queues;
mod random;
mod shield;
mod support;
mod table;
mod task_groups;
mod tasks;
mod threads;
mod timeouts;
mod waiting;
