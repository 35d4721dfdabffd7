//! The browser, and the only place that knows it. JavaScript values stay inside: none is in a public signature but
//! those that the browser itself calls, and none crosses a thread.
//!
//! `page` is the window's side, `worker` that of the processes. Each program image is built with the one it needs.

pub mod clock;

#[cfg(feature = "page")]
pub mod page;
#[cfg(feature = "process")]
pub mod worker;
