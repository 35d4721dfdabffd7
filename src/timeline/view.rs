//! Which stretch of time is shown.

/// The shortest stretch, in nanoseconds.
const LEAST_NS: f64 = 1_000.0;

/// A stretch of the common axis, in nanoseconds.
pub type Stretch = (f64, f64);

/// Everything, which grows while a run goes on; or what a person chose, which stays.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct View {
    chosen: Option<Stretch>,
}

impl View {
    /// What is shown of what there is.
    pub fn shown(&self, whole: Stretch) -> Stretch {
        self.chosen.unwrap_or(whole)
    }

    /// Whether everything is shown.
    pub fn is_whole(&self) -> bool {
        self.chosen.is_none()
    }

    /// Shows everything, and follows what comes.
    pub fn show_all(&mut self) {
        self.chosen = None;
    }

    /// Shows a stretch, as far as there is anything; all of it, where it is as long as that.
    pub fn show(&mut self, whole: Stretch, (start, end): Stretch) {
        let most = (whole.1 - whole.0).max(LEAST_NS);
        let length = (end - start).clamp(LEAST_NS, most);
        if length >= most {
            self.chosen = None;
            return;
        }
        let middle = (start + end) / 2.0;
        let start = (middle - length / 2.0).clamp(whole.0, whole.1 - length);
        self.chosen = Some((start, start + length));
    }

    /// Makes the stretch `factor` times as long, so that `at_ns` stays where it is.
    pub fn zoom(&mut self, whole: Stretch, at_ns: f64, factor: f64) {
        let (start, end) = self.shown(whole);
        let length = (end - start).max(LEAST_NS);
        let factor = factor.max(LEAST_NS / length);
        self.show(whole, (at_ns - (at_ns - start) * factor, at_ns + (end - at_ns) * factor));
    }

    /// Moves the stretch.
    pub fn pan(&mut self, whole: Stretch, by_ns: f64) {
        let (start, end) = self.shown(whole);
        self.show(whole, (start + by_ns, end + by_ns));
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WHOLE: Stretch = (-1e6, 9e6);

    #[test]
    fn a_zoom_keeps_what_is_under_the_pointer_and_its_inverse_comes_back() {
        let mut view = View::default();
        view.zoom(WHOLE, 3e6, 0.5);
        let (start, end) = view.shown(WHOLE);
        assert_eq!((start, end), (1e6, 6e6));
        view.zoom(WHOLE, 3e6, 2.0);
        assert!(view.is_whole());
        view.zoom(WHOLE, 3e6, 1e-9);
        let (start, end) = view.shown(WHOLE);
        assert!((end - start - LEAST_NS).abs() < 1e-6 && start <= 3e6 && end >= 3e6);
    }

    #[test]
    fn everything_grows_and_a_chosen_stretch_stays() {
        let mut view = View::default();
        assert_eq!(view.shown((0.0, 5.0)), (0.0, 5.0));
        assert_eq!(view.shown((0.0, 9.0)), (0.0, 9.0));
        view.pan(WHOLE, 1e6);
        assert!(view.is_whole(), "there is nowhere to go");
        view.show(WHOLE, (0.0, 1e6));
        assert_eq!(view.shown((-1e6, 90e6)), (0.0, 1e6));
    }

    proptest! {
        #[test]
        fn what_is_shown_lies_in_what_there_is(
            steps in prop::collection::vec((0..3_u8, -2e7..2e7_f64, 0.01..100.0_f64), 0..40),
        ) {
            let mut view = View::default();
            for (kind, ns, factor) in steps {
                match kind {
                    0 => view.zoom(WHOLE, ns, factor),
                    1 => view.pan(WHOLE, ns),
                    _ => view.show(WHOLE, (ns, ns + factor * 1e5)),
                }
                let (start, end) = view.shown(WHOLE);
                prop_assert!(WHOLE.0 - 1e-3 <= start && end <= WHOLE.1 + 1e-3 && end - start >= LEAST_NS - 1e-3);
            }
        }
    }
}
