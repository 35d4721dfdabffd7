//! A pool of processes with the semantics of Python's `multiprocessing.Pool` and `concurrent.futures.ProcessPoolExecutor`.
//!
//! The words, the messages, the states, and what breaks a pool are in `README.md` beside this file.
//!
//! * [`Pool`] is the parent's side: it gives a [`Future`](super::futures::Future) for each task, and is driven by whoever
//!   waits for one.
//! * [`Handler`] says what a process does for it; [`serve()`] is that process's whole life.
//! * [`Recording`] is where either side writes down what its messages cost.

mod core;
mod message;
mod options;
mod pace;
mod pool;
mod recording;
mod results;
mod serve;
mod state;

pub use options::{Options, Start, default_chunksize};
pub use pool::{Pool, StillRunning};
pub use recording::{Record, Recording};
pub use results::{Imap, ImapUnordered, Map};
pub use serve::{Handler, serve};
