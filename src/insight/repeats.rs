//! The same run, made several times: its median and its spread, and what two such compare to.

use core::time::Duration;

use super::quantile::quantile;

/// Which spread is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    /// From the shortest to the longest: of fewer than five, quartiles say nothing.
    MinMax,
    /// The middle half: from the first to the third quartile.
    Quartiles,
}

/// From so many on, the spread is that of the middle half.
const QUARTILES_FROM: usize = 5;

/// The wall times of repeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repeats {
    /// How many are counted.
    pub n: usize,
    /// How many were run before these, and are not counted, since browsers make code fast only once it was run for a while.
    pub warm_up: usize,
    /// Of an even number, halfway between the two in the middle.
    pub median: Duration,
    pub low: Duration,
    pub high: Duration,
    /// What `low` and `high` are.
    pub spread: Spread,
}

/// A ratio of two medians, with the least and the most that it is within the spreads of both.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ratio {
    pub value: f64,
    pub low: f64,
    pub high: f64,
}

impl Repeats {
    /// Wall times in the order in which they were run, of which the first `warm_up` are not counted; `None` if none is left.
    pub fn of(walls: &[Duration], warm_up: usize) -> Option<Repeats> {
        let mut counted = walls.get(warm_up..)?.to_vec();
        let n = counted.len();
        let spread = if n < QUARTILES_FROM { Spread::MinMax } else { Spread::Quartiles };
        let (low, high) = match spread {
            Spread::MinMax => (0, 100),
            Spread::Quartiles => (25, 75),
        };
        let (low, high) = (quantile(&counted, low)?, quantile(&counted, high)?);
        counted.sort_unstable();
        let median = (counted[(n - 1) / 2] + counted[n / 2]) / 2;
        Some(Repeats { n, warm_up, median, low, high, spread })
    }
}

/// How many times faster `run` was than `baseline`; `None` if one took no time.
pub fn speedup(baseline: &Repeats, run: &Repeats) -> Option<Ratio> {
    let ratio = |over: Duration, under: Duration| over.as_secs_f64() / under.as_secs_f64();
    (!baseline.low.is_zero() && !run.low.is_zero()).then(|| Ratio {
        value: ratio(baseline.median, run.median),
        low: ratio(baseline.low, run.high),
        high: ratio(baseline.high, run.low),
    })
}

impl Ratio {
    /// What each of so many workers, or cores, contributes: 1 where all of each does.
    pub fn efficiency(self, workers: u32) -> Ratio {
        let workers = f64::from(workers.max(1));
        Ratio { value: self.value / workers, low: self.low / workers, high: self.high / workers }
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ms(ms: &[u64]) -> Vec<Duration> {
        ms.iter().copied().map(Duration::from_millis).collect()
    }

    #[test]
    fn the_first_do_not_count_and_few_have_no_quartiles() {
        let few = Repeats::of(&ms(&[900, 30, 10, 20]), 1).unwrap();
        assert_eq!((few.n, few.warm_up, few.spread), (3, 1, Spread::MinMax));
        assert_eq!([few.low, few.median, few.high], ms(&[10, 20, 30])[..]);
        let many = Repeats::of(&ms(&[5, 1, 4, 2, 3, 6, 8, 7]), 0).unwrap();
        assert_eq!(many.spread, Spread::Quartiles);
        assert_eq!([many.low, many.high], ms(&[2, 6])[..]);
        assert_eq!(many.median, Duration::from_micros(4_500), "halfway between the fourth and the fifth");
        assert_eq!(Repeats::of(&ms(&[10, 30]), 0).unwrap().median, Duration::from_millis(20));
        assert_eq!(Repeats::of(&ms(&[1]), 1), None);
        assert_eq!(Repeats::of(&ms(&[1]), 2), None);
    }

    #[test]
    fn a_speedup_has_the_spread_of_both() {
        let (slow, fast) =
            (Repeats::of(&ms(&[180, 200, 220]), 0).unwrap(), Repeats::of(&ms(&[90, 100, 120]), 0).unwrap());
        let ratio = speedup(&slow, &fast).unwrap();
        assert_eq!((ratio.value, ratio.low), (2.0, 1.5));
        assert_eq!(ratio.efficiency(4).value, 0.5);
        assert_eq!(speedup(&slow, &Repeats::of(&ms(&[0]), 0).unwrap()), None);
    }

    proptest! {
        #[test]
        fn the_median_lies_in_the_spread(walls in prop::collection::vec(1_u64..10_000, 1..40), warm_up in 0_usize..3) {
            if let Some(repeats) = Repeats::of(&ms(&walls), warm_up) {
                prop_assert!(repeats.low <= repeats.median && repeats.median <= repeats.high);
                let ratio = speedup(&repeats, &repeats).unwrap();
                prop_assert!(ratio.low <= 1.0 && 1.0 <= ratio.high);
            }
        }
    }
}
