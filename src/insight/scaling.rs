//! How wall time falls with workers, as a law: Amdahl's, or Gunther's Universal Scalability Law where contention shows.
//!
//! Both are one: `T(n) = T(1) · (1 + σ(n − 1) + κ n(n − 1)) / n`, with σ the serial fraction (what only one can do at a time) and κ
//! the crosstalk (what each pays for each other). Amdahl's has κ = 0. `n · T(n)` is linear in its three parameters, so that the
//! fit is least squares, of relative errors, with no parameter below 0.

/// A measurement: the median wall time with so many workers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    pub workers: u32,
    /// In seconds.
    pub wall_s: f64,
}

/// Which law is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Law {
    Amdahl,
    /// The Universal Scalability Law.
    Usl,
}

/// A law with its parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fit {
    pub law: Law,
    /// What one worker takes, in seconds.
    pub one_s: f64,
    /// σ, from 0 to 1.
    pub serial: f64,
    /// κ; 0 under Amdahl's law.
    pub crosstalk: f64,
    /// How far off the measurements are, as a share: the root of the mean of the squares.
    pub error: f64,
}

/// Contention shows if, with it, the squares of errors are less by so many times what each measurement leaves (an F test: what
/// one measurement in a hundred would do by chance, with five).
const F_MIN: f64 = 20.0;
/// And if, with the most workers, it is at least such a part of what they do.
const CROSSTALK_MIN: f64 = 0.05;

/// Fits a law to measurements. `None` of fewer than two numbers of workers, which any law fits.
pub fn fit(points: &[Point]) -> Option<Fit> {
    let usable = |point: &&Point| point.workers > 0 && point.wall_s > 0.0 && point.wall_s.is_finite();
    let points: Vec<Point> = points.iter().filter(usable).copied().collect();
    let mut numbers: Vec<u32> = Vec::new();
    for point in &points {
        if !numbers.contains(&point.workers) {
            numbers.push(point.workers);
        }
    }
    let most = f64::from(*numbers.iter().max()?);
    if numbers.len() < 2 {
        return None;
    }
    let amdahl = best(&points, &AMDAHL)?;
    let usl = best(&points, &USL).filter(|_| numbers.len() >= 4);
    let chosen = usl.filter(|usl| {
        let part = usl.crosstalk * most * (most - 1.0) / (usl.wall_s(most) * most / usl.one_s);
        // Of an exact fit nothing is left but rounding.
        let left = usl.squares(&points).max(1e-12) / (points.len() as f64 - 3.0).max(1.0);
        part >= CROSSTALK_MIN && amdahl.squares(&points) - usl.squares(&points) >= F_MIN * left
    });
    chosen.or(Some(amdahl))
}

/// Fits the law of another fit, whose parameters these are to be compared with.
pub fn fit_as(law: Law, points: &[Point]) -> Option<Fit> {
    best(points, if law == Law::Amdahl { &AMDAHL } else { &USL })
}

/// Which parameters each law has: what one worker takes, the serial fraction, crosstalk.
const AMDAHL: [[bool; 3]; 2] = [[true, false, false], [true, true, false]];
const USL: [[bool; 3]; 2] = [[true, false, true], [true, true, true]];

impl Fit {
    /// What so many workers take, in seconds.
    pub fn wall_s(&self, workers: f64) -> f64 {
        let others = workers - 1.0;
        self.one_s * (1.0 + self.serial * others + self.crosstalk * workers * others) / workers
    }

    /// How many times faster so many workers are than one.
    pub fn speedup(&self, workers: f64) -> f64 {
        self.one_s / self.wall_s(workers)
    }

    /// The knee: under Amdahl's law the number of workers of which each does half of what one alone does; with contention that
    /// beyond which more take longer. `None` if there is none.
    pub fn knee(&self) -> Option<f64> {
        match self.law {
            Law::Amdahl => (self.serial > 0.0).then(|| 1.0 + 1.0 / self.serial),
            Law::Usl => Some(((1.0 - self.serial).max(0.0) / self.crosstalk).sqrt().max(1.0)),
        }
    }

    /// The most that any number of workers gains, if there is such a bound.
    pub fn bound(&self) -> Option<f64> {
        match self.law {
            Law::Amdahl => (self.serial > 0.0).then(|| 1.0 / self.serial),
            Law::Usl => self.knee().map(|knee| self.speedup(knee)),
        }
    }

    /// Why this law.
    pub fn why(&self) -> &'static str {
        match self.law {
            Law::Amdahl => "A serial fraction alone (Amdahl) explains what was measured.",
            Law::Usl => {
                "A serial fraction alone does not explain what was measured: workers also cost each other time, so the \
                 Universal Scalability Law is shown."
            }
        }
    }

    /// The sum of the squares of relative errors.
    fn squares(&self, points: &[Point]) -> f64 {
        let errors = points.iter().map(|point| self.wall_s(point.workers.into()) / point.wall_s - 1.0);
        errors.map(|error| error * error).sum()
    }
}

/// What all of so many workers would take if each did all that one alone does: the ideal line.
pub fn ideal_s(one_s: f64, workers: f64) -> f64 {
    one_s / workers
}

/// The best of the fits with these parameters of which none is below 0.
fn best(points: &[Point], choices: &[[bool; 3]]) -> Option<Fit> {
    let fits = choices.iter().filter_map(|chosen| {
        let [one_s, serial, crosstalk] = least_squares(points, *chosen)?;
        let law = if chosen[2] { Law::Usl } else { Law::Amdahl };
        let fit = Fit { law, one_s, serial: serial / one_s, crosstalk: crosstalk / one_s, error: 0.0 };
        let is_possible = one_s > 0.0 && fit.serial >= 0.0 && fit.serial <= 1.0 && fit.crosstalk >= 0.0;
        let error = (fit.squares(points) / points.len() as f64).sqrt();
        is_possible.then_some(Fit { error, ..fit })
    });
    fits.min_by(|one, other| one.error.total_cmp(&other.error))
}

/// The parameters of `n · T(n)` by least squares of relative errors; those that are not chosen are 0.
fn least_squares(points: &[Point], chosen: [bool; 3]) -> Option<[f64; 3]> {
    // Normal equations, with the right side as a fourth column; what is not chosen is told to be 0.
    let mut rows = [[0.0_f64; 4]; 3];
    for point in points {
        let n = f64::from(point.workers);
        let weight = 1.0 / (n * point.wall_s);
        let basis = [weight, (n - 1.0) * weight, n * (n - 1.0) * weight];
        for (row, left) in rows.iter_mut().zip(basis) {
            for (cell, right) in row.iter_mut().zip(basis.into_iter().chain([1.0])) {
                *cell += left * right;
            }
        }
    }
    for (place, _) in chosen.iter().enumerate().filter(|(_, chosen)| !**chosen) {
        rows.iter_mut().for_each(|row| row[place] = 0.0);
        rows[place] = [0.0; 4];
        rows[place][place] = 1.0;
    }
    // Gauss and Jordan: the equations are few, and their matrix is positive.
    for pivot in 0..3 {
        let scale = rows[pivot][pivot];
        if scale.abs() < f64::MIN_POSITIVE {
            return None;
        }
        rows[pivot].iter_mut().for_each(|cell| *cell /= scale);
        let of_pivot = rows[pivot];
        for (place, row) in rows.iter_mut().enumerate().filter(|(place, _)| *place != pivot) {
            let factor = row[pivot];
            debug_assert_ne!(place, pivot);
            row.iter_mut().zip(of_pivot).for_each(|(cell, of_pivot)| *cell -= factor * of_pivot);
        }
    }
    Some(rows.map(|row| row[3]))
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const WORKERS: [u32; 8] = [1, 2, 3, 4, 6, 8, 12, 16];

    fn points(one_s: f64, serial: f64, crosstalk: f64, noise: &[f64]) -> Vec<Point> {
        let law = Fit { law: Law::Usl, one_s, serial, crosstalk, error: 0.0 };
        let noise = noise.iter().copied().chain(core::iter::repeat(0.0));
        let walls = WORKERS.iter().zip(noise);
        walls.map(|(n, noise)| Point { workers: *n, wall_s: law.wall_s((*n).into()) * (1.0 + noise) }).collect()
    }

    #[test]
    fn what_scales_ideally_has_no_serial_part_and_no_knee() {
        let fit = fit(&points(2.0, 0.0, 0.0, &[])).unwrap();
        assert_eq!((fit.law, fit.knee(), fit.bound()), (Law::Amdahl, None, None));
        assert!((fit.speedup(8.0) - 8.0).abs() < 1e-6 && (ideal_s(2.0, 8.0) - fit.wall_s(8.0)).abs() < 1e-6);
    }

    #[test]
    fn what_gains_more_than_ideally_is_no_negative_part() {
        let points = [Point { workers: 1, wall_s: 1.0 }, Point { workers: 2, wall_s: 0.4 }];
        assert_eq!(fit(&points).unwrap().serial, 0.0);
    }

    #[test]
    fn one_number_of_workers_says_nothing() {
        let point = Point { workers: 4, wall_s: 1.0 };
        assert_eq!(fit(&[point, point]), None);
        assert_eq!(fit(&[]), None);
        assert_eq!(fit(&[point, Point { workers: 2, wall_s: 0.0 }]), None);
    }

    proptest! {
        #[test]
        fn a_serial_fraction_is_recovered(
            one_s in 0.001_f64..100.0, serial in 0.02_f64..0.9, noise in prop::collection::vec(-0.01_f64..0.01, 8),
        ) {
            let fit = fit(&points(one_s, serial, 0.0, &noise)).unwrap();
            prop_assert!((fit.wall_s(1.0) / one_s - 1.0).abs() < 0.03, "{:?}", fit);
            if fit.law == Law::Amdahl {
                prop_assert!((fit.serial - serial).abs() < 0.03, "{:?}", fit);
                prop_assert!((fit.bound().unwrap() * serial - 1.0).abs() < 0.4, "{:?}", fit);
            }
        }

        #[test]
        fn contention_is_recovered_where_it_shows(
            one_s in 0.001_f64..100.0, serial in 0.0_f64..0.3, crosstalk in 0.005_f64..0.05,
            noise in prop::collection::vec(-0.01_f64..0.01, 8),
        ) {
            let fit = fit(&points(one_s, serial, crosstalk, &noise)).unwrap();
            prop_assert_eq!(fit.law, Law::Usl);
            prop_assert!((fit.serial - serial).abs() < 0.05, "{:?}", fit);
            prop_assert!((fit.crosstalk / crosstalk - 1.0).abs() < 0.3, "{:?}", fit);
            let knee = ((1.0 - serial) / crosstalk).sqrt();
            prop_assert!((fit.knee().unwrap() / knee - 1.0).abs() < 0.2, "{:?}", fit);
        }

        /// No fit of anything is worse than a flat line's own spread, and none has impossible parameters.
        #[test]
        fn any_measurements_have_a_possible_law(walls in prop::collection::vec(0.001_f64..10.0, 2..8)) {
            let points: Vec<Point> =
                WORKERS.iter().zip(walls).map(|(workers, wall_s)| Point { workers: *workers, wall_s }).collect();
            if let Some(fit) = fit(&points) {
                prop_assert!(fit.serial >= 0.0 && fit.serial <= 1.0 && fit.crosstalk >= 0.0 && fit.one_s > 0.0);
                prop_assert!((1..20).all(|n| fit.wall_s(n.into()).is_finite()));
            }
        }
    }
}
