//! How long the kernels take in a worker of a real browser: `./dev bench`, which compares them with native code.
#![cfg(target_arch = "wasm32")]

mod cases;

use overlap::platform::clock::now_ms;
use wasm_bindgen_test::{console_log, wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

/// A line for each: name, what came out, median and least time. The native bench reads them.
#[wasm_bindgen_test]
fn kernels() {
    let cases = cases::cases();
    cases::warm_up(&cases);
    let mut scalar = None;
    for case in &cases {
        let (result, times_ms) = cases::time(case, now_ms);
        console_log!("kernel: {}: {result}: {:.3}: {:.3}", case.name, times_ms[times_ms.len() / 2], times_ms[0]);
        if case.name.ends_with(" simd") {
            assert_eq!(Some(result), scalar, "{} gives something else than its scalar form", case.name);
        }
        scalar = Some(result);
    }
}
