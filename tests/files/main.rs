//! Runs as files, and files as runs: what goes out comes back, and nothing that comes in does harm. `./dev test native`.
#![cfg(not(target_arch = "wasm32"))]

mod chrome;
/// What the ports below take from the tests of futures.
mod futures {
    pub mod support {
        use std::sync::Arc;

        use overlap::engine::futures::{Spawn, StdThreads};

        /// Where threads come from.
        pub fn threads() -> Arc<dyn Spawn> {
            Arc::new(StdThreads)
        }
    }
}
mod hostile;
mod own;
#[path = "../native/ports.rs"]
#[allow(dead_code, reason = "runs are made as in the engine's tests, of which this needs a part")]
mod ports;
#[path = "../native/runs.rs"]
#[allow(dead_code, reason = "as above")]
mod runs;
mod support;
mod svg;
mod viztracer;
