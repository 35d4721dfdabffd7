//! How long a lane was in each phase over any stretch of its spans, at a cost that does not grow with the stretch.
//!
//! Running totals stand at every sixteenth span. So what many short bars in one pixel are made of is known exactly, where a
//! choice of one of them would lose the others to chance; and a million spans take 8 MB and are added to as they come.

use crate::model::event::Phase;
use crate::model::trace::Span;

/// How many phases there are.
pub const PHASES: usize = Phase::ALL.len();

/// How many spans lie between two totals.
const EVERY: usize = 16;

/// Nanoseconds in each phase, by its number.
pub type Totals = [u64; PHASES];

/// The totals of one lane.
#[derive(Clone, Debug, Default)]
pub struct Shares {
    /// Of all spans before each `EVERY`th.
    sums: Vec<Totals>,
    /// Of all spans that were added.
    all: Totals,
    added: usize,
}

impl Shares {
    /// Takes in the spans that came since the last time. Spans that were seen are never changed.
    pub fn extend(&mut self, spans: &[Span]) {
        for span in spans.iter().skip(self.added) {
            if self.added.is_multiple_of(EVERY) {
                self.sums.push(self.all);
            }
            add(&mut self.all, span);
            self.added += 1;
        }
    }

    /// The times of `spans[from..to]`.
    pub fn of(&self, spans: &[Span], from: usize, to: usize) -> Totals {
        let mut totals = [0; PHASES];
        let (first, last) = (from.div_ceil(EVERY), to / EVERY);
        if first >= last || last >= self.sums.len() {
            spans[from..to].iter().for_each(|span| add(&mut totals, span));
            return totals;
        }
        for (phase, total) in totals.iter_mut().enumerate() {
            *total = self.sums[last][phase] - self.sums[first][phase];
        }
        spans[from..first * EVERY].iter().for_each(|span| add(&mut totals, span));
        spans[last * EVERY..to].iter().for_each(|span| add(&mut totals, span));
        totals
    }
}

/// What is shorter than the clock's step counts as one nanosecond, since it was there.
fn add(totals: &mut Totals, span: &Span) {
    totals[span.phase as usize] += (span.end.at.0 - span.start.at.0).max(1);
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::time::Instant;
    use crate::model::trace::Stamp;

    proptest! {
        #[test]
        fn any_stretch_has_the_sum_of_its_spans(
            lengths in prop::collection::vec((0..50_u64, 0..PHASES), 0..200), cuts in (0..=200_usize, 0..=200_usize),
        ) {
            let mut at = 0;
            let spans: Vec<Span> = lengths.iter().map(|(length, phase)| {
                let start = Stamp { at: Instant(at), sequence: 0 };
                at += length;
                Span { phase: Phase::ALL[*phase], task: None, start, end: Stamp { at: Instant(at), sequence: 0 } }
            }).collect();
            let (from, to) = (cuts.0.min(cuts.1).min(spans.len()), cuts.0.max(cuts.1).min(spans.len()));
            let mut shares = Shares::default();
            shares.extend(&spans[..from]);
            shares.extend(&spans);
            let mut expected = [0; PHASES];
            spans[from..to].iter().for_each(|span| add(&mut expected, span));
            prop_assert_eq!(shares.of(&spans, from, to), expected);
        }
    }
}
