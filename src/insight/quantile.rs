//! Quantiles of lengths of time.

use core::time::Duration;

/// Two quantiles of many lengths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quantiles {
    /// Half of them are at most as long.
    pub median: Duration,
    /// All but a few are at most as long: 95 or 99 of a hundred, as whoever asked has said.
    pub high: Duration,
}

impl Quantiles {
    /// The median, and the length that so many of a hundred do not exceed; `None` of nothing.
    pub fn of(lengths: &[Duration], high_percent: usize) -> Option<Quantiles> {
        let mut lengths = Numbered::of(lengths);
        Some(Quantiles { median: lengths.quantile(50)?, high: lengths.quantile(high_percent)? })
    }
}

/// The least of the lengths that so many of a hundred do not exceed (nearest rank); `None` of nothing.
pub fn quantile(lengths: &[Duration], percent: usize) -> Option<Duration> {
    Numbered::of(lengths).quantile(percent)
}

/// Lengths in nanoseconds, each with its place, so that no two are equal: a browser's clock has few steps, and `std` built for size
/// (`optimize_for_size`, its `median_of_medians`) selects among equal ones in a time that grows with the square of their number.
struct Numbered(Vec<(u64, u32)>);

impl Numbered {
    fn of(lengths: &[Duration]) -> Numbered {
        Numbered(lengths.iter().map(|length| length.as_nanos() as u64).zip(0..).collect())
    }

    fn quantile(&mut self, percent: usize) -> Option<Duration> {
        let place = (self.0.len() * percent).div_ceil(100).saturating_sub(1);
        (!self.0.is_empty()).then(|| Duration::from_nanos(self.0.select_nth_unstable(place).1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_lengths_that_were_there() {
        let lengths = |most: u64| (1..=most).rev().map(Duration::from_millis).collect::<Vec<_>>();
        let of = |most, percent| {
            Quantiles::of(&lengths(most), percent).map(|of| (of.median.as_millis(), of.high.as_millis()))
        };
        assert_eq!(of(100, 95), Some((50, 95)));
        assert_eq!(of(3, 99), Some((2, 3)));
        assert_eq!(of(1, 95), Some((1, 1)));
        assert_eq!(of(0, 95), None);
        let some_equal = [3, 1, 3, 3, 1, 3].map(Duration::from_millis);
        assert_eq!(quantile(&some_equal, 33), Some(Duration::from_millis(1)));
        assert_eq!(quantile(&some_equal, 34), Some(Duration::from_millis(3)));
    }
}
