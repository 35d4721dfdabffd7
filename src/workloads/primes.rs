//! Counting primes by trial division: work that needs nothing but a core.

use serde::{Deserialize, Serialize};

/// One task's share of the numbers below a bound.
///
/// Dividing gets dearer as numbers grow, so that a task with the last quarter would run longest. Shares are therefore
/// dealt in blocks, as cards are, and come out about equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// Numbers below this one are looked at.
    pub below: u32,
    /// Which share, from 0.
    pub index: u32,
    /// How many shares there are.
    pub shares: u32,
}

/// Numbers in a block, which is dealt to one share.
const BLOCK: u64 = 256;

/// Numbers in a piece of a block, and so how often a count can be stopped, or made to hand over a lock: some 10 microseconds' worth
/// near 16,000,000, and 20 near the largest bound.
const PIECE: u64 = 64;

/// Counts the primes of one share. Asks `keep_going` between pieces of blocks; `None` if that said no.
pub fn count(share: Share, keep_going: impl Fn() -> bool) -> Option<u64> {
    count_blocks(share.below, u64::from(share.index), u64::from(share.shares.max(1)), &keep_going)
}

/// Counts the primes below a bound in every `step`th block, from block `first` on.
pub(super) fn count_blocks(below: u32, first: u64, step: u64, keep_going: &dyn Fn() -> bool) -> Option<u64> {
    let below = u64::from(below);
    let mut start = BLOCK * first;
    let mut found = 0;
    while start < below {
        let end = below.min(start + BLOCK);
        for piece in (start..end).step_by(PIECE as usize) {
            if !keep_going() {
                return None;
            }
            // The bound is a u32, so every number below it is one.
            found += count_piece(piece as u32, end.min(piece + PIECE) as u32);
        }
        start += BLOCK * step;
    }
    Some(found)
}

/// A function of its own: a browser begins each function in a slow form, and changes to the fast one only where it is called
/// again.
#[inline(never)]
fn count_piece(start: u32, end: u32) -> u64 {
    (start..end).filter(|number| is_prime(*number)).count() as u64
}

fn is_prime(number: u32) -> bool {
    if number < 2 {
        return false;
    }
    if number.is_multiple_of(2) {
        return number == 2;
    }
    let mut divisor = 3;
    while divisor <= number / divisor {
        if number.is_multiple_of(divisor) {
            return false;
        }
        divisor += 2;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn total(below: u32, shares: u32) -> u64 {
        (0..shares).map(|index| count(Share { below, index, shares }, || true).unwrap()).sum()
    }

    #[test]
    fn counts_are_those_of_the_tables() {
        // π(x): https://oeis.org/A006880 and, for 2,000,000, https://oeis.org/A000720.
        for (below, primes) in [(0, 0), (2, 0), (3, 1), (10, 4), (100, 25), (10_000, 1_229), (1_000_000, 78_498)] {
            assert_eq!(total(below, 1), primes);
        }
    }

    #[test]
    fn any_number_of_shares_makes_the_same_whole() {
        for shares in [1, 2, 3, 8, 1_000] {
            assert_eq!(total(100_000, shares), 9_592);
        }
    }

    #[test]
    fn shares_are_about_equal() {
        let counts: Vec<u64> =
            (0..8).map(|index| count(Share { below: 400_000, index, shares: 8 }, || true).unwrap()).collect();
        let (least, most) = (counts.iter().min().unwrap(), counts.iter().max().unwrap());
        assert!(*most as f64 / *least as f64 <= 1.1, "{counts:?}");
    }

    #[test]
    fn a_count_that_is_told_to_stop_has_no_result() {
        assert_eq!(count(Share { below: 1_000_000, index: 0, shares: 1 }, || false), None);
    }
}
