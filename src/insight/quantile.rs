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
    pub fn of(mut lengths: Vec<Duration>, high_percent: usize) -> Option<Quantiles> {
        Some(Quantiles { median: quantile(&mut lengths, 50)?, high: quantile(&mut lengths, high_percent)? })
    }
}

/// The least of the lengths that so many of a hundred do not exceed (nearest rank); `None` of nothing. Changes their order.
pub fn quantile(lengths: &mut [Duration], percent: usize) -> Option<Duration> {
    let place = (lengths.len() * percent).div_ceil(100).saturating_sub(1);
    (!lengths.is_empty()).then(|| *lengths.select_nth_unstable(place).1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_lengths_that_were_there() {
        let lengths = |most: u64| (1..=most).rev().map(Duration::from_millis).collect::<Vec<_>>();
        let of = |most, percent| {
            Quantiles::of(lengths(most), percent).map(|of| (of.median.as_millis(), of.high.as_millis()))
        };
        assert_eq!(of(100, 95), Some((50, 95)));
        assert_eq!(of(3, 99), Some((2, 3)));
        assert_eq!(of(1, 95), Some((1, 1)));
        assert_eq!(of(0, 95), None);
    }
}
