//! The processes' side: what runs in workers, called by `www/process.js`.

mod children;
mod entry;
mod network;
mod ports;
pub mod turns;

pub use children::PortPipe;
pub use entry::ports;
pub use ports::BrowserPorts;
