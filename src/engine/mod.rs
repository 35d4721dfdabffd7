//! How work is run: executors over ports, each recording what it does.

pub mod asyncio;
pub mod blocking_io;
pub mod commons;
pub mod coroutine;
pub mod futures;
pub mod gil;
pub mod job;
pub mod ports;
pub mod process_pool;
pub mod processes;
pub mod recorder;
pub mod subprocess;
pub mod task;
pub mod timers;

mod core_pool;
mod event_loop;
mod sequential;
mod sharing;
mod threads;

pub use job::{Env, run};
