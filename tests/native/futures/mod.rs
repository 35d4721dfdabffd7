//! CPython's own tests of `concurrent.futures`, in Rust and under their names, and what CPython has no tests for.
//!
//! `README.md` says for each of CPython's tests which of ours it is, or why it cannot apply; `table.rs` holds it to that.
//! Only `support.rs` knows where threads come from: the same files run in native code and in a browser (`tests/executors`).

mod as_completed;
mod core_pool;
mod deadlock;
mod executor;
mod future;
mod initializer;
#[cfg(not(target_arch = "wasm32"))]
mod on_cores;
mod shutdown;
pub(crate) mod support;
pub(crate) mod table;
mod thread_pool;
mod thread_pool_shutdown;
mod wait;
