//! Estimating π from random points: work that is all arithmetic, and touches no memory.
//!
//! Of points in a square, π/4 are in the quarter of a circle around one of its corners: π is about 4·hits/points. Points are
//! those of one sequence of random numbers, of which each share takes a stretch; so the hits of all shares are the same
//! however many shares there are.

use rand_pcg::Pcg32;
use rand_pcg::rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

/// One task's share of the points: a stretch of their sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// Points of all shares.
    pub points: u64,
    /// Which sequence.
    pub seed: u64,
    /// Which share, from 0.
    pub index: u32,
    /// How many shares there are.
    pub shares: u32,
}

/// Points between questions whether to go on: some 20 microseconds' worth.
const BLOCK: u64 = 4_096;

impl Share {
    /// The number of the first point of the share with this index: shares differ by one point at most.
    fn start(&self, index: u32) -> u64 {
        let shares = u64::from(self.shares.max(1));
        let index = u64::from(index);
        self.points / shares * index + (self.points % shares).min(index)
    }
}

/// Counts the points of one share that are in the circle. Asks `keep_going` between blocks; `None` if that said no.
pub fn hits(share: Share, keep_going: &dyn Fn() -> bool) -> Option<u64> {
    let (mut point, end) = (share.start(share.index), share.start(share.index + 1));
    let mut random = Pcg32::seed_from_u64(share.seed);
    // Each point takes two numbers.
    random.advance(2 * point);
    let mut hits = 0;
    while point < end {
        if !keep_going() {
            return None;
        }
        let block = BLOCK.min(end - point);
        hits += hits_of_block(&mut random, block);
        point += block;
    }
    Some(hits)
}

/// A function of its own: a browser begins each function in a slow form, and changes to the fast one only where it is called
/// again.
#[inline(never)]
fn hits_of_block(random: &mut Pcg32, points: u64) -> u64 {
    let mut own = random.clone();
    // 31 bits, so that the sum of two squares fits in 64, and the answer is exact.
    let mut coordinate = || u64::from(own.next_u32() >> 1);
    let mut hits = 0;
    for _ in 0..points {
        let (x, y) = (coordinate(), coordinate());
        hits += u64::from(x * x + y * y < 1 << 62);
    }
    *random = own;
    hits
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: Share = Share { points: 1_000_000, seed: 1, index: 0, shares: 1 };

    fn total(whole: Share, shares: u32) -> u64 {
        (0..shares).map(|index| hits(Share { index, shares, ..whole }, &|| true).unwrap()).sum()
    }

    #[test]
    fn hits_come_out_as_pi() {
        for seed in 0..5 {
            let estimate = 4.0 * total(Share { seed, ..WHOLE }, 1) as f64 / WHOLE.points as f64;
            // Three standard deviations: of 4·hits/points it is √(π(4 - π)/points), 0.0016 here.
            assert!((estimate - std::f64::consts::PI).abs() < 0.005, "{estimate}");
        }
        assert_ne!(total(WHOLE, 1), total(Share { seed: 2, ..WHOLE }, 1));
    }

    #[test]
    fn any_number_of_shares_makes_the_same_whole() {
        for shares in [2, 3, 7, 1_000] {
            assert_eq!(total(WHOLE, shares), total(WHOLE, 1));
        }
        assert_eq!(total(Share { points: 3, ..WHOLE }, 10), total(Share { points: 3, ..WHOLE }, 1));
    }

    #[test]
    fn shares_are_equal_but_for_one_point() {
        let share = Share { points: 10, shares: 4, ..WHOLE };
        assert_eq!([0, 1, 2, 3, 4].map(|index| share.start(index)), [0, 3, 6, 8, 10]);
    }

    #[test]
    fn a_count_that_is_told_to_stop_has_no_result() {
        assert_eq!(hits(WHOLE, &|| false), None);
    }
}
