//! The processes' side: what runs in workers, called by `www/process.js`.

mod entry;
mod network;
mod ports;
