//! Runs as files, and files as runs: what goes out comes back, and nothing that comes in does harm. `./dev test native`.
#![cfg(not(target_arch = "wasm32"))]

mod chrome;
mod hostile;
mod own;
#[path = "../native/ports.rs"]
#[allow(dead_code, reason = "runs are made as in the engine's tests, of which this needs a part")]
mod ports;
#[path = "../native/runs.rs"]
#[allow(dead_code, reason = "as above")]
mod runs;
mod support;
mod viztracer;
