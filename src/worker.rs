//! The program of the processes. `www/process.js` calls what `platform::worker` exports; by itself it does nothing.

fn main() {}

#[cfg(target_arch = "wasm32")]
use overlap as _;
