//! The global interpreter lock, with the rules of CPython's: threads that are many, and of which one computes.
//!
//! See `README.md` beside this file for the protocol.

mod lock;

pub use lock::{Closed, Gil, GilEvent, Held, Observer, SWITCH_INTERVAL, ThreadState};
