//! Points in time on a run's one axis, and how the clocks of workers are laid onto it.

use core::ops::{Add, Sub};
use core::time::Duration;

use serde::{Deserialize, Serialize};

/// A point in time: nanoseconds since the page asked for the run's first process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Instant(pub u64);

impl Instant {
    /// The point `ms` milliseconds after the origin; before the origin counts as the origin.
    pub fn from_ms(ms: f64) -> Instant {
        // A float to integer cast saturates, and takes what is not a number for 0.
        Instant((ms * 1e6).round() as u64)
    }

    /// Milliseconds since the origin.
    pub fn as_ms(self) -> f64 {
        self.0 as f64 / 1e6
    }
}

impl Add<Duration> for Instant {
    type Output = Instant;

    fn add(self, length: Duration) -> Instant {
        Instant(self.0.saturating_add(u64::try_from(length.as_nanos()).unwrap_or(u64::MAX)))
    }
}

impl Sub for Instant {
    type Output = Duration;

    /// The time from `earlier` to `self`; none if `earlier` is the later one.
    fn sub(self, earlier: Instant) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// What to add to a worker's readings of its clock to have the page's, in milliseconds: 0 where the clocks agree.
///
/// Each worker counts from a time origin of its own. The difference of two origins is exact only as long as nobody sets
/// the system's clock, so it is held against a hand-shake: the worker took `stamp_ms` after the page's reading `sent_ms`
/// and before its reading `received_ms`, all in milliseconds since the Unix epoch.
pub fn correction_ms(sent_ms: f64, stamp_ms: f64, received_ms: f64) -> f64 {
    if stamp_ms < sent_ms {
        sent_ms - stamp_ms
    } else if stamp_ms > received_ms {
        received_ms - stamp_ms
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_and_lengths_do_not_run_over() {
        assert_eq!(Instant::from_ms(1.5), Instant(1_500_000));
        assert_eq!(Instant::from_ms(-3.0), Instant(0));
        assert_eq!(Instant::from_ms(f64::NAN), Instant(0));
        assert_eq!(Instant(5) - Instant(9), Duration::ZERO);
        assert_eq!(Instant(u64::MAX) + Duration::from_secs(1), Instant(u64::MAX));
    }

    #[test]
    fn a_clock_is_corrected_by_what_does_not_fit_the_hand_shake() {
        assert_eq!(correction_ms(50.0, 52.0, 53.0), 0.0);
        assert_eq!(correction_ms(50.0, -48.0, 53.0), 98.0, "the system's clock was set back between the two origins");
        assert_eq!(correction_ms(50.0, 60.0, 53.0), -7.0);
    }
}
