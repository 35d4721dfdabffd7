//! The clock of whatever thread this is, laid onto the axis of a run.

use core::cell::Cell;

use wasm_bindgen::prelude::*;

use crate::engine::ports::Clock;
use crate::model::time::Instant;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;

    #[wasm_bindgen(thread_local_v2, js_namespace = performance, js_name = timeOrigin)]
    static TIME_ORIGIN: f64;
}

thread_local! {
    static CORRECTION_MS: Cell<f64> = const { Cell::new(0.0) };
}

/// Milliseconds since the Unix epoch, on the monotonic clock that all workers of a page share.
pub fn absolute_ms() -> f64 {
    TIME_ORIGIN.with(|origin| *origin) + performance_now()
}

/// Milliseconds since this thread's time origin.
pub fn now_ms() -> f64 {
    performance_now()
}

/// Lays this thread's clock onto the page's: so many milliseconds are added to its readings from now on
/// (`model::time::correction_ms`), and more if it would still be behind `page_ms`, which the page read before it sent this
/// (milliseconds since the Unix epoch).
pub fn correct_clock(correction_ms: f64, page_ms: f64) {
    let behind_ms = page_ms - (absolute_ms() + correction_ms);
    CORRECTION_MS.set(correction_ms + behind_ms.max(0.0));
}

/// A run's time axis, which begins at its origin. Any thread may read it.
#[derive(Clone, Copy, Debug)]
pub struct BrowserClock {
    /// Milliseconds since the Unix epoch.
    pub origin_ms: f64,
}

impl Clock for BrowserClock {
    fn now(&self) -> Instant {
        // The large numbers first, whose difference is small: what is left of a microsecond in them would be lost in a sum.
        let offset_ms = TIME_ORIGIN.with(|origin| *origin) - self.origin_ms + CORRECTION_MS.get();
        Instant::from_ms(performance_now() + offset_ms)
    }
}

/// How far clocks here were, or will be, ahead of UTC at a time in milliseconds since the Unix epoch, in minutes.
pub fn ahead_minutes(ms: u64) -> i32 {
    -js_sys::Date::new(&wasm_bindgen::JsValue::from(ms as f64)).get_timezone_offset() as i32
}
