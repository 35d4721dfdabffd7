//! The clock of whatever thread this is, laid onto the axis of a run.

use wasm_bindgen::prelude::*;

use crate::engine::ports::Clock;
use crate::model::time::{Anchor, Instant};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;

    #[wasm_bindgen(thread_local_v2, js_namespace = performance, js_name = timeOrigin)]
    static TIME_ORIGIN: f64;
}

/// Milliseconds since the Unix epoch, on the monotonic clock that all workers of a page share.
pub fn absolute_ms() -> f64 {
    TIME_ORIGIN.with(|origin| *origin) + performance_now()
}

/// Milliseconds since this thread's time origin.
pub fn now_ms() -> f64 {
    performance_now()
}

/// A run's time axis, which begins at its origin. Any thread may read it.
#[derive(Clone, Copy, Debug)]
pub struct BrowserClock {
    /// Milliseconds since the Unix epoch.
    pub origin_ms: f64,
}

impl Clock for BrowserClock {
    fn now(&self) -> Instant {
        let anchor = Anchor::from_origins(self.origin_ms, TIME_ORIGIN.with(|origin| *origin));
        Instant::from_ms(performance_now() + anchor.offset_ms)
    }
}
