//! Multiplying matrices: work that multiplies and adds as fast as a core can.
//!
//! C = A·B, all of *n* rows and columns and of single precision. A has (row + column) mod 8 in each place, B has
//! (3·row + column) mod 8: small whole numbers, so that all sums are exact in any order, and so that the sum of C's entries
//! is known. If *n* is a multiple of 8, every column of A and every row of B sums to 7/2·*n*, each row of C therefore to
//! 49/4·*n*², and all of C to 49/4·*n*³.

use serde::{Deserialize, Serialize};

use super::lanes::F32x4;

/// One task's share of the rows of C, which are dealt as cards are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// Rows and columns. At most 340,000, or entries of C would be too large for single precision to be exact.
    pub n: u32,
    /// Which share, from 0.
    pub index: u32,
    /// How many shares there are.
    pub shares: u32,
    /// Four products at a time, in WebAssembly's vectors. Gives the same sum.
    pub simd: bool,
}

/// Columns of C that are worked out side by side from one row of A.
const TILE: usize = 4;

/// Columns of B that all rows of A meet before the next ones are looked at, so that they stay in the core's own cache: 32 KiB
/// where *n* is 512.
const BLOCK: usize = 16;

fn a(row: usize, column: usize) -> f32 {
    ((row + column) % 8) as f32
}

fn b(row: usize, column: usize) -> f32 {
    ((3 * row + column) % 8) as f32
}

/// Works out the rows of one share, and gives the sum of their entries. Asks `keep_going` after each part of a row; `None` if
/// that said no.
pub fn multiply(share: Share, keep_going: &dyn Fn() -> bool) -> Option<u64> {
    let n = share.n as usize;
    // Rows of A and columns of B are zeros from n on, up to a whole number of vectors.
    let stride = n.next_multiple_of(4).max(4);
    let own_rows = || (share.index as usize..n).step_by(share.shares.max(1) as usize);
    // All memory there will be. The rows are written one by one, since clearing them at once could not be stopped.
    let mut rows = Vec::with_capacity(own_rows().len() * stride);
    let mut columns = vec![0.0; BLOCK * stride];
    for row in own_rows() {
        if !keep_going() {
            return None;
        }
        rows.extend((0..stride).map(|column| if column < n { a(row, column) } else { 0.0 }));
    }
    let mut sum = 0;
    for first in (0..n).step_by(BLOCK) {
        for (column, entries) in (first..).zip(columns.chunks_exact_mut(stride)) {
            // Columns right of the last are zero, and so are their entries of C.
            for (row, entry) in entries[..n].iter_mut().enumerate() {
                *entry = if column < n { b(row, column) } else { 0.0 };
            }
        }
        for row in rows.chunks_exact(stride) {
            if !keep_going() {
                return None;
            }
            sum += match share.simd {
                true => entries_by_four(row, &columns),
                false => entries(row, &columns),
            };
        }
    }
    Some(sum)
}

// These are functions of their own: a browser begins each function in a slow form, and changes to the fast one only where it
// is called again.

/// The sum of a row's entries in a block of columns.
#[inline(never)]
fn entries(row: &[f32], columns: &[f32]) -> u64 {
    let mut sum = 0;
    for tile in columns.chunks_exact(TILE * row.len()) {
        let [first, second, third, fourth] = tile_columns(tile, row.len());
        // Four sums that do not wait for each other.
        let [mut a, mut b, mut c, mut d] = [0.0; TILE];
        for ((((factor, first), second), third), fourth) in row.iter().zip(first).zip(second).zip(third).zip(fourth) {
            a += factor * first;
            b += factor * second;
            c += factor * third;
            d += factor * fourth;
        }
        // Whole, not negative, and small.
        sum += (a as u64 + b as u64) + (c as u64 + d as u64);
    }
    sum
}

/// As `entries`, with a vector in the place of each number.
#[inline(never)]
#[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
fn entries_by_four(row: &[f32], columns: &[f32]) -> u64 {
    let mut sum = 0;
    let (factors, _) = row.as_chunks();
    for tile in columns.chunks_exact(TILE * row.len()) {
        let [first, second, third, fourth] = tile_columns(tile, row.len()).map(|column| column.as_chunks().0);
        let [mut a, mut b, mut c, mut d] = [F32x4::splat(0.0); TILE];
        for ((((factor, first), second), third), fourth) in factors.iter().zip(first).zip(second).zip(third).zip(fourth)
        {
            let factor = F32x4::load(factor);
            a = a.plus_product(factor, F32x4::load(first));
            b = b.plus_product(factor, F32x4::load(second));
            c = c.plus_product(factor, F32x4::load(third));
            d = d.plus_product(factor, F32x4::load(fourth));
        }
        sum += (a.sum() as u64 + b.sum() as u64) + (c.sum() as u64 + d.sum() as u64);
    }
    sum
}

fn tile_columns(tile: &[f32], length: usize) -> [&[f32]; TILE] {
    std::array::from_fn(|column| &tile[column * length..(column + 1) * length])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn total(n: u32, shares: u32, simd: bool) -> u64 {
        (0..shares).map(|index| multiply(Share { n, index, shares, simd }, &|| true).unwrap()).sum()
    }

    #[test]
    fn the_sum_is_that_of_the_closed_formula() {
        for n in [8, 16, 64, 104, 256] {
            for simd in [false, true] {
                assert_eq!(total(n, 1, simd), 49 * u64::from(n).pow(3) / 4);
                let row = multiply(Share { n, index: 3, shares: n, simd }, &|| true).unwrap();
                assert_eq!(row, 49 * u64::from(n).pow(2) / 4);
            }
        }
    }

    #[test]
    fn the_sum_is_that_of_whole_numbers_for_any_size() {
        for n in [0, 1, 2, 3, 5, 17, 31, 50] {
            let entry = |i, j| (0..n).map(|k| a(i, k) as u64 * b(k, j) as u64).sum::<u64>();
            let sum = (0..n).flat_map(|i| (0..n).map(move |j| entry(i, j))).sum::<u64>();
            assert_eq!((total(n as u32, 1, false), total(n as u32, 1, true)), (sum, sum), "{n}");
        }
    }

    #[test]
    fn any_number_of_shares_makes_the_same_whole() {
        for shares in [2, 3, 16, 1_000] {
            assert_eq!(total(96, shares, false), 49 * 96_u64.pow(3) / 4);
            assert_eq!(total(96, shares, true), 49 * 96_u64.pow(3) / 4);
        }
    }

    #[test]
    fn a_product_that_is_told_to_stop_has_no_result() {
        assert_eq!(multiply(Share { n: 8, index: 0, shares: 1, simd: false }, &|| false), None);
    }
}
