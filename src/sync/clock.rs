//! The clock of waits that block.

use core::time::Duration;
use std::sync::OnceLock;

#[cfg(not(target_arch = "wasm32"))]
use std::time::Instant;
// std's panics on wasm.
#[cfg(target_arch = "wasm32")]
use web_time::Instant;

/// The time since the first call in this process. It never goes back.
///
/// It is for telling how much of a timeout is left, and for nothing that is recorded: events have the clock port's time.
pub fn monotonic() -> Duration {
    static ORIGIN: OnceLock<Instant> = OnceLock::new();
    #[cfg_attr(not(target_arch = "wasm32"), expect(clippy::disallowed_methods, reason = "this is a clock"))]
    let now = Instant::now();
    now.saturating_duration_since(*ORIGIN.get_or_init(|| now))
}
