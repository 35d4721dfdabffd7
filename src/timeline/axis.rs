//! One run on the common time axis.

use super::scale::Scale;
use crate::model::time::Instant;

/// The scale of the picture and a run's own zero on it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Axis {
    pub scale: Scale,
    /// The time of the run that stands at the zero which runs are compared on.
    pub zero: Instant,
}

impl Axis {
    /// Where a time of the run stands.
    pub fn px(&self, at: Instant) -> f64 {
        self.scale.px_from_ns(self.ns(at))
    }

    /// The time of the run that stands somewhere; what is before its beginning counts as that.
    pub fn at(&self, px: f64) -> Instant {
        self.at_ns(self.scale.ns_from_px(px))
    }

    /// A time of the run on the common axis, in nanoseconds.
    pub fn ns(&self, at: Instant) -> f64 {
        at.0 as f64 - self.zero.0 as f64
    }

    /// The time of the run at a time of the common axis.
    pub fn at_ns(&self, ns: f64) -> Instant {
        // A float to integer cast saturates.
        Instant((ns + self.zero.0 as f64) as u64)
    }
}
