//! The browser, and the only place that knows it. JavaScript values stay inside: none is in a public signature but
//! those that the browser itself calls, and none crosses a thread.

mod block;
mod canvas;
pub mod clock;
mod environment;
mod network;
mod page;
mod ports;
mod process_entry;
mod session;
mod worker_script;

pub mod process;

pub use page::Page;

/// Whether this is the page, and not one of its workers.
pub fn is_page() -> bool {
    web_sys::window().is_some()
}
