//! Drawing the Mandelbrot set: work whose parts differ a hundredfold, and that can be seen.
//!
//! A point *c* of the plane is in the set if z → z² + c, from 0, stays near for ever. The view is the whole set: from -2.5 to
//! 1 across, with square pixels and the real axis, the set's line of symmetry, at half the height.

use serde::{Deserialize, Serialize};

use super::lanes::{Counts64x2, F64x2};

/// One task's share of the rows of a picture. Rows through the set are dearest, so that rows are dealt as cards are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// Pixels in a row.
    pub width: u32,
    /// Rows of the picture.
    pub height: u32,
    /// A point that stays near for so many steps is said to be in the set.
    pub iterations: u32,
    /// Which share, from 0.
    pub index: u32,
    /// How many shares there are.
    pub shares: u32,
    /// Four points at a time, in WebAssembly's vectors. Gives the same picture.
    pub simd: bool,
}

/// The left and right edges of the view, on the real axis.
const EDGES: (f64, f64) = (-2.5, 1.0);

/// A point further than 2 from the origin never comes back; this is 2².
const FAR_SQUARED: f64 = 4.0;

/// Shades but the set's own, 0. The points around the set have them in turn, by the step in which they went far.
const SHADES: u32 = 15;

/// Steps between questions whether to go on: some 20 microseconds.
const STEPS: u32 = 8_192;

/// Draws the rows of one share, gives each to `show` with a shade for each pixel (0 in the set, 1 to 15 around it), and
/// counts the points in the set. Asks `keep_going` every few thousand steps; `None` if that said no.
pub fn draw(share: Share, show: &dyn Fn(u32, &[u8]), keep_going: &dyn Fn() -> bool) -> Option<u64> {
    let mut shades = vec![0; share.width as usize];
    let mut inside = 0;
    for row in (share.index..share.height).step_by(share.shares.max(1) as usize) {
        let mut clock = Clock { keep_going, steps: 0 };
        inside += match share.simd {
            true => draw_row_by_four(&share, row, &mut shades, &mut clock)?,
            false => draw_row(&share, row, &mut shades, &mut clock)?,
        };
        if !keep_going() {
            return None;
        }
        show(row, &shades);
    }
    Some(inside)
}

/// Asks whether to go on once enough steps were made.
struct Clock<'a> {
    keep_going: &'a dyn Fn() -> bool,
    steps: u32,
}

impl Clock<'_> {
    fn advance(&mut self, steps: u32) -> Option<()> {
        self.steps += steps;
        if self.steps >= STEPS {
            self.steps = 0;
            if !(self.keep_going)() {
                return None;
            }
        }
        Some(())
    }
}

impl Share {
    fn pixel(&self) -> f64 {
        (EDGES.1 - EDGES.0) / f64::from(self.width)
    }

    /// The real part of a column's points, at the middle of its pixels.
    fn re(&self, column: u32) -> f64 {
        EDGES.0 + self.pixel() * (f64::from(column) + 0.5)
    }

    fn im(&self, row: u32) -> f64 {
        self.pixel() * (f64::from(self.height) / 2.0 - (f64::from(row) + 0.5))
    }

    /// The shade of a point that stayed near for so many steps.
    fn shade(&self, steps: u32) -> u8 {
        if steps >= self.iterations { 0 } else { (1 + steps % SHADES) as u8 }
    }
}

// Rows are functions of their own: a browser begins each function in a slow form, and changes to the fast one only where it
// is called again.

#[inline(never)]
fn draw_row(share: &Share, row: u32, shades: &mut [u8], clock: &mut Clock) -> Option<u64> {
    let c_im = share.im(row);
    let mut inside = 0;
    for (column, shade) in (0..).zip(shades) {
        let c_re = share.re(column);
        let (mut re, mut im, mut steps) = (0.0, 0.0, 0_u32);
        loop {
            let (start, until) = (steps, share.iterations.min(steps.saturating_add(STEPS)));
            while steps < until {
                let (re_squared, im_squared): (f64, f64) = (re * re, im * im);
                if re_squared + im_squared > FAR_SQUARED {
                    break;
                }
                im = (re + re) * im + c_im;
                re = re_squared - im_squared + c_re;
                steps += 1;
            }
            clock.advance(steps - start + 1)?;
            if steps < until || steps == share.iterations {
                break;
            }
        }
        inside += u64::from(steps >= share.iterations);
        *shade = share.shade(steps);
    }
    Some(inside)
}

/// As `draw_row`, with two vectors of two points each, that do not wait for each other. Both do the same arithmetic in the
/// same order, and so round alike.
#[inline(never)]
#[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
fn draw_row_by_four(share: &Share, row: u32, shades: &mut [u8], clock: &mut Clock) -> Option<u64> {
    let (zero, far_squared) = (F64x2::splat(0.0), F64x2::splat(FAR_SQUARED));
    let c_im = F64x2::splat(share.im(row));
    let mut inside = 0;
    for (column, shades) in (0..).step_by(4).zip(shades.chunks_mut(4)) {
        // Columns right of the last are computed, and dropped.
        let c_re_a = F64x2::new(share.re(column), share.re(column + 1));
        let c_re_b = F64x2::new(share.re(column + 2), share.re(column + 3));
        let (mut re_a, mut im_a, mut re_b, mut im_b) = (zero, zero, zero, zero);
        let (mut near_a, mut near_b) = (zero.at_most(zero), zero.at_most(zero));
        // Lanes count their own steps, and stop counting for good once they are far.
        let (mut count_a, mut count_b) = (Counts64x2::zero(), Counts64x2::zero());
        let mut steps = 0_u32;
        while steps < share.iterations && near_a.any(near_b) {
            let (start, until) = (steps, share.iterations.min(steps.saturating_add(STEPS)));
            while steps < until {
                let (re_squared_a, im_squared_a) = (re_a.times(re_a), im_a.times(im_a));
                let (re_squared_b, im_squared_b) = (re_b.times(re_b), im_b.times(im_b));
                near_a = near_a.and(re_squared_a.plus(im_squared_a).at_most(far_squared));
                near_b = near_b.and(re_squared_b.plus(im_squared_b).at_most(far_squared));
                if !near_a.any(near_b) {
                    break;
                }
                count_a = count_a.count(near_a);
                count_b = count_b.count(near_b);
                im_a = re_a.plus(re_a).times(im_a).plus(c_im);
                im_b = re_b.plus(re_b).times(im_b).plus(c_im);
                re_a = re_squared_a.minus(im_squared_a).plus(c_re_a);
                re_b = re_squared_b.minus(im_squared_b).plus(c_re_b);
                steps += 1;
            }
            clock.advance(steps - start + 1)?;
        }
        let ([a, b], [c, d]) = (count_a.to_array(), count_b.to_array());
        for (shade, count) in shades.iter_mut().zip([a, b, c, d]) {
            let steps = count as u32;
            inside += u64::from(steps >= share.iterations);
            *shade = share.shade(steps);
        }
    }
    Some(inside)
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    const WHOLE: Share = Share { width: 350, height: 240, iterations: 500, index: 0, shares: 1, simd: false };

    /// The points in the set, and the picture.
    fn picture(whole: Share, shares: u32) -> (u64, Vec<Vec<u8>>) {
        let rows = RefCell::new(vec![Vec::new(); whole.height as usize]);
        let show = |row: u32, shades: &[u8]| rows.borrow_mut()[row as usize] = shades.to_vec();
        let count = |index| draw(Share { index, shares, ..whole }, &show, &|| true).unwrap();
        let inside = (0..shares).map(count).sum();
        (inside, rows.into_inner())
    }

    #[test]
    fn the_set_has_its_area() {
        // 1.5065918849: https://oeis.org/A098403.
        let (inside, _) = picture(WHOLE, 1);
        let area = inside as f64 * WHOLE.pixel() * WHOLE.pixel();
        assert!((1.49..1.55).contains(&area), "{area}");
    }

    #[test]
    fn any_number_of_shares_makes_the_same_picture_and_so_does_simd() {
        let whole = picture(WHOLE, 1);
        for (shares, simd) in [(3, false), (1, true), (7, true), (1_000, true)] {
            assert!(picture(Share { simd, ..WHOLE }, shares) == whole, "{shares} {simd}");
        }
    }

    #[test]
    fn a_row_may_have_any_width_and_a_point_more_steps_than_are_made_at_once() {
        for width in [0, 1, 2, 3, 5, 6] {
            let small = Share { width, height: 4, iterations: 2 * STEPS + 1, ..WHOLE };
            assert_eq!(picture(small, 1), picture(Share { simd: true, ..small }, 1));
        }
        let (inside, rows) = picture(Share { width: 7, height: 1, iterations: 2 * STEPS + 1, ..WHOLE }, 1);
        // The middles of 7 pixels on the real axis: -2.25, -1.75, ..., 0.75. The set has -2 to 0.25 of it.
        assert_eq!((inside, &rows[0]), (5, &vec![2, 0, 0, 0, 0, 0, 4]));
    }

    #[test]
    fn the_picture_is_its_own_mirror_image() {
        let (_, rows) = picture(WHOLE, 1);
        assert!(rows.iter().eq(rows.iter().rev()));
        assert!(rows.iter().flatten().all(|shade| u32::from(*shade) <= SHADES));
    }

    #[test]
    fn a_picture_that_is_told_to_stop_has_no_result() {
        for simd in [false, true] {
            let share = Share { simd, iterations: 1_000_000_000, ..WHOLE };
            assert_eq!(draw(share, &|_, _| (), &|| false), None);
        }
    }
}
