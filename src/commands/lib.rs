//! What the commands are made of: what each computes, testable natively, and the few calls of WASI that they need.
//!
//! They use no std (one for `wasm32-wasip1` would have to be installed) and no allocator: all they keep is on the stack.
#![cfg_attr(not(test), no_std)]

pub mod count;
pub mod number;
pub mod primes;
pub mod sha256;

#[cfg(target_arch = "wasm32")]
pub mod process;
