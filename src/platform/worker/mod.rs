//! The processes' side: what runs in workers, called by `www/process.js`.

mod children;
mod entry;
mod network;
mod ports;
mod sleep;
mod turns;

pub use children::PortPipe;
