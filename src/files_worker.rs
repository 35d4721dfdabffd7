//! The program that handles files. `www/files.js` calls what `platform::files` exports; by itself it does nothing.

fn main() {}

#[cfg(target_arch = "wasm32")]
use overlap as _;
