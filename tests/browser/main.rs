//! The browser parts, in a real browser: `./dev test browser`, or `wasm-pack test --headless --chrome`.
#![cfg(target_arch = "wasm32")]

mod plans;
mod pools;
mod process;
#[path = "../support/random_plans.rs"]
mod random_plans;
mod subprocess;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
