//! Sorting random numbers: work that is all comparing and moving about in memory.

use rand_pcg::Pcg32;
use rand_pcg::rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

/// One task's numbers. Each task has numbers of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// How many numbers the task sorts. They take 8 bytes each while they are sorted.
    pub len: u32,
    /// Which numbers the tasks have.
    pub seed: u32,
    /// Which task, from 0.
    pub index: u32,
}

/// Numbers that are sorted, or merged, between questions whether to go on: some 20 microseconds' worth.
const RUN: usize = 2_048;

/// Makes the task's numbers, sorts them, and gives their median (the upper one, if their number is even; 0 if there are none).
/// Asks `keep_going` every few thousand numbers; `None` if that said no.
///
/// Runs of numbers are sorted by the standard library, then merged two by two, from one half of the memory to the other and
/// back: the standard library's sort alone could not be stopped.
///
/// # Panics
///
/// If what comes out is not sorted, or not what went in: a mistake here.
pub fn median(share: Share, keep_going: &dyn Fn() -> bool) -> Option<u32> {
    let asked = || keep_going().then_some(());
    let len = share.len as usize;
    // All memory there will be. It is written run by run, since clearing it at once could not be stopped.
    let (mut from, mut to) = (Vec::with_capacity(len), Vec::with_capacity(len));
    let mut random = Pcg32::seed_from_u64(u64::from(share.seed) << 32 | u64::from(share.index));
    let mut sum = 0;
    for start in (0..len).step_by(RUN) {
        asked()?;
        sum += extend(&mut from, RUN.min(len - start), &mut random);
    }
    for run in from.chunks_mut(RUN) {
        asked()?;
        run.sort_unstable();
        to.extend_from_slice(run);
    }
    let mut sorted = RUN;
    while sorted < len {
        for (pair, merged) in from.chunks(2 * sorted).zip(to.chunks_mut(2 * sorted)) {
            let (mut left, mut right) = pair.split_at(sorted.min(pair.len()));
            for piece in merged.chunks_mut(RUN) {
                asked()?;
                (left, right) = merge(left, right, piece);
            }
        }
        std::mem::swap(&mut from, &mut to);
        sorted *= 2;
    }
    let mut last = 0;
    for run in from.chunks(RUN) {
        asked()?;
        assert!(last <= run[0] && run.is_sorted(), "the numbers are not sorted");
        last = run[run.len() - 1];
        sum -= run.iter().copied().map(u64::from).sum::<u64>();
    }
    assert_eq!(sum, 0, "other numbers came out than went in");
    Some(from.get(len / 2).copied().unwrap_or(0))
}

// These are functions of their own: a browser begins each function in a slow form, and changes to the fast one only where it
// is called again.

/// Adds a run of random numbers, and gives their sum.
#[inline(never)]
fn extend(numbers: &mut Vec<u32>, run: usize, random: &mut Pcg32) -> u64 {
    let start = numbers.len();
    numbers.extend((0..run).map(|_| random.next_u32()));
    numbers[start..].iter().copied().map(u64::from).sum()
}

/// Fills a piece with the least numbers of two sorted runs, and gives what is left of the two.
#[inline(never)]
fn merge<'a>(mut left: &'a [u32], mut right: &'a [u32], mut piece: &mut [u32]) -> (&'a [u32], &'a [u32]) {
    loop {
        // While neither can come to its end, the smaller number is chosen without a branch, which nobody could predict.
        let safe = left.len().min(right.len()).min(piece.len());
        if safe == 0 {
            break;
        }
        let (now, later) = piece.split_at_mut(safe);
        let (a, b) = (&left[..safe], &right[..safe]);
        let mut taken = 0;
        for (place, slot) in now.iter_mut().enumerate() {
            let (first, second) = (a[taken], b[place - taken]);
            *slot = first.min(second);
            taken += usize::from(first <= second);
        }
        (left, right, piece) = (&left[taken..], &right[safe - taken..], later);
    }
    // One of them is at its end, or the piece is full.
    let (rest, is_left) = if left.is_empty() { (right, false) } else { (left, true) };
    let (now, later) = rest.split_at(piece.len().min(rest.len()));
    piece[..now.len()].copy_from_slice(now);
    if is_left { (later, right) } else { (left, later) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_that_of_the_standard_librarys_sort() {
        for len in [0, 1, 2, 3, 2_047, 2_048, 2_049, 4_096, 5_000, 100_000] {
            let share = Share { len, seed: 7, index: 3 };
            let mut random = Pcg32::seed_from_u64(7 << 32 | 3);
            let mut numbers: Vec<u32> = (0..len).map(|_| random.next_u32()).collect();
            numbers.sort_unstable();
            let median = numbers.get(len as usize / 2).copied().unwrap_or(0);
            assert_eq!(super::median(share, &|| true), Some(median), "{len}");
        }
    }

    #[test]
    fn each_task_has_other_numbers_and_about_the_same_median() {
        let medians = [0, 1, 2].map(|index| median(Share { len: 100_000, seed: 1, index }, &|| true).unwrap());
        assert!(medians[0] != medians[1] && medians[1] != medians[2]);
        // Its standard deviation is 2³² / (2·√len).
        assert!(medians.iter().all(|median| (f64::from(*median) / 2_f64.powi(31) - 1.0).abs() < 0.01), "{medians:?}");
    }

    #[test]
    fn a_merge_may_stop_anywhere() {
        let (left, right) = ([1, 3, 5, 7], [2, 4, 6]);
        for first in 0..=7 {
            let mut merged = [0; 7];
            let (head, tail) = merged.split_at_mut(first);
            let (left, right) = merge(&left, &right, head);
            assert_eq!(merge(left, right, tail), (&[][..], &[][..]));
            assert_eq!(merged, [1, 2, 3, 4, 5, 6, 7]);
        }
    }

    #[test]
    fn a_sort_can_be_stopped_at_any_question() {
        for allowed in 0..10 {
            let left = std::cell::Cell::new(allowed);
            let keep_going = || left.replace(left.get() - 1) > 0;
            assert_eq!(median(Share { len: 6_000, seed: 1, index: 0 }, &keep_going), None, "{allowed}");
        }
    }
}
