//! The atomics that shared memory is made of: the real ones, or loom's, which try every order of access.

#[cfg(loom)]
pub use loom::sync::atomic::{AtomicU32, Ordering};

#[cfg(not(loom))]
pub use core::sync::atomic::{AtomicU32, Ordering};
