//! Counting primes in shares that could hardly be less equal: work on which it shows who waits for whom.

use serde::{Deserialize, Serialize};

use super::primes;

/// One task's share of the numbers below a bound: the last task has half of them, the one before a quarter, and so on; the
/// first has what is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// Numbers below this one are looked at.
    pub below: u32,
    /// Which share, from 0.
    pub index: u32,
    /// How many shares there are.
    pub shares: u32,
}

/// Counts the primes of one share; the sum over all shares is that of [`primes::count`]. Asks `keep_going` between pieces of
/// blocks; `None` if that said no.
///
/// Blocks of numbers are dealt by how often 2 divides the block's number (the ruler sequence, <https://oeis.org/A007814>):
/// every second block to the last task, of the others every second one to the task before. So each task has cheap and dear
/// numbers alike, and tasks differ in length as they differ in numbers.
pub fn count(share: Share, keep_going: &dyn Fn() -> bool) -> Option<u64> {
    let from_last = share.shares.max(1).saturating_sub(share.index + 1);
    // Blocks are u32s; what no u32 is divided by is no block's number.
    let Some(first) = 1_u32.checked_shl(from_last).map(u64::from) else { return Some(0) };
    let step = if share.index == 0 { first } else { 2 * first };
    // Block 1 of the ruler is the first block of numbers, which has number 0.
    primes::count_blocks(share.below, first - 1, step, keep_going)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(below: u32, shares: u32) -> Vec<u64> {
        (0..shares).map(|index| count(Share { below, index, shares }, &|| true).unwrap()).collect()
    }

    #[test]
    fn the_total_is_the_usual_count() {
        // π(x): https://oeis.org/A006880.
        for shares in [1, 2, 3, 8, 16, 33, 100] {
            assert_eq!(counts(100_000, shares).iter().sum::<u64>(), 9_592, "{shares}");
        }
        assert_eq!(counts(2, 4), [0; 4]);
        assert_eq!(counts(3, 4), [0, 0, 0, 1]);
    }

    #[test]
    fn the_last_share_is_about_half_and_each_before_it_half_of_the_next() {
        let counts = counts(1_000_000, 6);
        let total = counts.iter().sum::<u64>() as f64;
        let parts: Vec<f64> = counts.iter().map(|count| *count as f64 / total).collect();
        for (part, wanted) in parts.iter().zip([1.0 / 32.0, 1.0 / 32.0, 1.0 / 16.0, 1.0 / 8.0, 1.0 / 4.0, 1.0 / 2.0]) {
            assert!((part / wanted - 1.0).abs() < 0.05, "{parts:?}");
        }
    }

    #[test]
    fn a_count_that_is_told_to_stop_has_no_result() {
        assert_eq!(count(Share { below: 1_000_000, index: 1, shares: 2 }, &|| false), None);
    }
}
