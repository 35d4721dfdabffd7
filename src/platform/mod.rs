//! The browser, and the only place that knows it. JavaScript values stay inside: none is in a public signature but
//! those that the browser itself calls, and none crosses a thread.

mod block;
mod clock;
mod network;
mod ports;
mod process_entry;
mod worker_script;

pub mod process;
