//! The time axis: from nanoseconds to pixels and back, and where its ticks stand.

use core::time::Duration;

use crate::model::format;

/// A linear axis. Times are in nanoseconds from the zero that runs are compared on, so they may be negative.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    start_ns: f64,
    ns_per_px: f64,
    left_px: f64,
}

impl Scale {
    /// The axis that shows `start_ns..end_ns` on `left_px..left_px + width_px`. Ranges without a length get one.
    pub fn new(start_ns: f64, end_ns: f64, left_px: f64, width_px: f64) -> Scale {
        let length_ns = (end_ns - start_ns).max(1_000.0);
        Scale { start_ns, ns_per_px: length_ns / width_px.max(1.0), left_px }
    }

    /// Where a time stands.
    pub fn px_from_ns(&self, ns: f64) -> f64 {
        self.left_px + (ns - self.start_ns) / self.ns_per_px
    }

    /// What time stands somewhere.
    pub fn ns_from_px(&self, px: f64) -> f64 {
        self.start_ns + (px - self.left_px) * self.ns_per_px
    }

    /// Round times at least `spacing_px` apart that stand between two places, with their labels.
    pub fn ticks(&self, from_px: f64, to_px: f64, spacing_px: f64) -> Vec<(f64, String)> {
        let least_ns = spacing_px * self.ns_per_px;
        let mut power = 1.0;
        while power * 10.0 <= least_ns {
            power *= 10.0;
        }
        let step_ns = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power).into_iter().find(|step| *step >= least_ns);
        let step_ns = step_ns.unwrap_or(10.0 * power);
        let (from_ns, to_ns) = (self.ns_from_px(from_px), self.ns_from_px(to_px));
        let first = (from_ns / step_ns).ceil() as i64;
        let last = (to_ns / step_ns).floor() as i64;
        (first..=last).map(|index| (self.px_from_ns(index as f64 * step_ns), label(index, step_ns))).collect()
    }
}

fn label(index: i64, step_ns: f64) -> String {
    if index == 0 {
        return "0".to_owned();
    }
    let length = Duration::from_nanos((index.unsigned_abs() as f64 * step_ns) as u64);
    // Ticks are round, so the zeros that pad a measured number say nothing here.
    let text = format::duration(length);
    let (number, unit) = text.split_once(' ').unwrap_or((&text, ""));
    let number = if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number };
    format!("{}{number} {unit}", if index < 0 { "−" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_to_pixels_and_back_ends_where_it_began() {
        let scale = Scale::new(-80e6, 1_200e6, 120.0, 640.0);
        for ns in [-80e6, 0.0, 1.0, 599e6, 1_200e6] {
            assert!((scale.ns_from_px(scale.px_from_ns(ns)) - ns).abs() < 1.0);
        }
        assert_eq!((scale.px_from_ns(-80e6), scale.px_from_ns(1_200e6)), (120.0, 760.0));
    }

    #[test]
    fn ticks_are_round_and_far_enough_apart() {
        let scale = Scale::new(-80e6, 1_200e6, 120.0, 640.0);
        let ticks = scale.ticks(120.0, 760.0, 80.0);
        let labels: Vec<&str> = ticks.iter().map(|(_, label)| label.as_str()).collect();
        assert_eq!(labels, ["0", "200 ms", "400 ms", "600 ms", "800 ms", "1 s", "1.2 s"]);
        assert!(ticks.windows(2).all(|pair| pair[1].0 - pair[0].0 >= 80.0));
        let before = Scale::new(-2e6, 1e6, 0.0, 300.0).ticks(0.0, 300.0, 60.0);
        assert_eq!(before[0].1, "−2 ms");
    }

    #[test]
    fn an_empty_range_has_an_axis_too() {
        let scale = Scale::new(0.0, 0.0, 0.0, 0.0);
        assert!(scale.px_from_ns(0.0).is_finite() && scale.ns_from_px(10.0).is_finite());
    }
}
