//! CPython's own tests of `concurrent.futures`, in Rust and under their names, and what CPython has no tests for.
//!
//! `README.md` says for each of CPython's tests which of ours it is, or why it cannot apply; `table.rs` holds it to that.
//! Only `support.rs` knows where threads come from.

mod as_completed;
mod deadlock;
mod executor;
mod future;
mod initializer;
mod shutdown;
pub(crate) mod support;
pub(crate) mod table;
mod thread_pool;
mod wait;
