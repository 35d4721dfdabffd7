//! Break-even: from which size of task, or up to which size of message, a pool takes less time than one task after another.

/// What was measured at one size: a task's length or a message's bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    pub size: f64,
    /// In seconds.
    pub pool_s: f64,
    /// In seconds.
    pub sequential_s: f64,
}

/// Where a pool pays, within the sizes that were measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum BreakEven {
    /// At none of them.
    Never,
    /// At each.
    Always,
    /// From this size on.
    From(f64),
    /// Up to this size.
    UpTo(f64),
    /// It pays at some and not at others, in no order that says from where on.
    Unclear,
}

/// Finds where it pays. Between two sizes, the logarithm of the ratio of both times is taken to be a line over the logarithm of
/// the size. `None` without a sample that says anything.
pub fn break_even(samples: &[Sample]) -> Option<BreakEven> {
    // Logarithms of the size, and of how much longer the pool takes.
    let is_usable = |sample: &&Sample| {
        [sample.size, sample.pool_s, sample.sequential_s].iter().all(|number| *number > 0.0 && number.is_finite())
    };
    let logs = |sample: &Sample| (sample.size.ln(), (sample.pool_s / sample.sequential_s).ln());
    let mut points: Vec<(f64, f64)> = samples.iter().filter(is_usable).map(logs).collect();
    points.sort_by(|one, other| one.0.total_cmp(&other.0));
    let pays = |point: &(f64, f64)| point.1 < 0.0;
    let (first, last) = (points.first()?, points.last()?);
    let crossings: Vec<f64> = points
        .windows(2)
        .filter(|pair| pays(&pair[0]) != pays(&pair[1]))
        .map(|pair| {
            let ((x1, y1), (x2, y2)) = (pair[0], pair[1]);
            (x1 + (x2 - x1) * (y1 / (y1 - y2))).exp()
        })
        .collect();
    Some(match (crossings[..].first(), pays(first), pays(last)) {
        (None, true, _) => BreakEven::Always,
        (None, false, _) => BreakEven::Never,
        // Near the crossing, noise may make several of it: what holds beyond the last holds, or before the first.
        (Some(_), false, true) => BreakEven::From(crossings[crossings.len() - 1]),
        (Some(up_to), true, false) => BreakEven::UpTo(*up_to),
        (Some(_), _, _) => BreakEven::Unclear,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A pool of two that pays so many seconds a task, against tasks of these lengths.
    fn sweep(cost_s: f64, lengths: impl Iterator<Item = f64>, noise: &[f64]) -> Vec<Sample> {
        let noise = noise.iter().copied().chain(core::iter::repeat(0.0));
        let sample = |(size, noise): (f64, f64)| Sample {
            size,
            pool_s: (size / 2.0 + cost_s) * (1.0 + noise),
            sequential_s: size,
        };
        lengths.zip(noise).map(sample).collect()
    }

    fn lengths() -> impl Iterator<Item = f64> {
        (0..13).map(|step| 1e-6 * 10_f64.powf(f64::from(step) / 2.0))
    }

    #[test]
    fn never_and_always_are_answers() {
        assert_eq!(break_even(&sweep(10.0, lengths(), &[])), Some(BreakEven::Never));
        assert_eq!(break_even(&sweep(1e-9, lengths(), &[])), Some(BreakEven::Always));
        assert_eq!(break_even(&[]), None);
        assert_eq!(break_even(&[Sample { size: 1.0, pool_s: 0.0, sequential_s: 1.0 }]), None);
    }

    #[test]
    fn what_pays_here_and_there_is_unclear() {
        let sample = |size, pool_s| Sample { size, pool_s, sequential_s: 1.0 };
        assert_eq!(break_even(&[sample(1.0, 0.5), sample(2.0, 2.0), sample(3.0, 0.5)]), Some(BreakEven::Unclear));
    }

    #[test]
    fn messages_that_grow_pay_up_to_a_size() {
        let sample = |size: f64| Sample { size, pool_s: 0.5 + size * 1e-6, sequential_s: 1.0 };
        let samples: Vec<Sample> = (1..8).rev().map(|step| sample(10_f64.powi(step))).collect();
        let Some(BreakEven::UpTo(size)) = break_even(&samples) else { panic!("{:?}", break_even(&samples)) };
        assert!((3e5..8e5).contains(&size), "{size}");
    }

    proptest! {
        /// A pool of two pays from tasks of twice its cost on.
        #[test]
        fn the_crossing_is_recovered(exponent in -5.0_f64..-1.5, noise in prop::collection::vec(-0.02_f64..0.02, 13)) {
            let cost_s = 10_f64.powf(exponent);
            let found = break_even(&sweep(cost_s, lengths(), &noise));
            let Some(BreakEven::From(size)) = found else { return Err(TestCaseError::fail(format!("{found:?}"))) };
            prop_assert!((size / (2.0 * cost_s)).ln().abs() < 0.25, "{} for {}", size, 2.0 * cost_s);
        }
    }
}
