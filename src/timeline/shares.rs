//! How long a lane was in each phase over any stretch of its spans, at a cost that does not grow with the stretch.
//!
//! Running totals, and times, stand at every sixteenth span. So what many short bars in one pixel are made of is known exactly,
//! where a choice of one of them would lose the others to chance. They are added to as spans come; of a million they take 500 KB
//! and as much for each phase that there is, which a processor has at hand where the spans themselves are far away.

use super::bars::gallop;
use crate::model::event::Phase;
use crate::model::time::Instant;
use crate::model::trace::Span;

/// How many phases there are.
pub const PHASES: usize = Phase::ALL.len();

/// How many spans lie between two totals.
const EVERY: usize = 16;

/// How many spans are taken in at a time: a browser makes a function fast from one call to the next, and not in the middle of one.
const PART: usize = 1 << 12;

/// Nanoseconds in each phase, by its number.
pub type Totals = [u64; PHASES];

/// The totals of one lane.
#[derive(Clone, Debug, Default)]
pub struct Shares {
    /// By phase.
    sums: [Sums; PHASES],
    /// When the last of each `EVERY` spans ends.
    ends: Vec<Instant>,
    /// Of all spans that were added.
    all: Totals,
    added: usize,
}

/// The totals of one phase: of all spans before each `EVERY`th, from that on before which it was first there.
#[derive(Clone, Debug, Default)]
struct Sums {
    first: usize,
    sums: Vec<u64>,
}

impl Sums {
    fn before(&self, number: usize) -> u64 {
        number.checked_sub(self.first).and_then(|place| self.sums.get(place)).copied().unwrap_or(0)
    }
}

impl Shares {
    /// Takes in the spans that came since the last time. Spans that were seen are never changed.
    pub fn extend(&mut self, spans: &[Span]) {
        for spans in spans.get(self.added..).unwrap_or_default().chunks(PART) {
            self.add(spans);
        }
    }

    #[inline(never)]
    fn add(&mut self, spans: &[Span]) {
        for span in spans {
            if self.added.is_multiple_of(EVERY) {
                let number = self.added / EVERY;
                for (sums, all) in self.sums.iter_mut().zip(&self.all).filter(|(_, all)| **all > 0) {
                    if sums.sums.is_empty() {
                        sums.first = number;
                    }
                    sums.sums.push(*all);
                }
            }
            add(&mut self.all, span);
            self.added += 1;
            if self.added.is_multiple_of(EVERY) {
                self.ends.push(span.end.at);
            }
        }
    }

    /// The times of `spans[from..to]`.
    pub fn of(&self, spans: &[Span], from: usize, to: usize) -> Totals {
        let mut totals = [0; PHASES];
        let (first, last) = (from.div_ceil(EVERY), to / EVERY);
        if first >= last || last * EVERY >= self.added {
            spans[from..to].iter().for_each(|span| add(&mut totals, span));
            return totals;
        }
        for (total, sums) in totals.iter_mut().zip(&self.sums).filter(|(_, sums)| !sums.sums.is_empty()) {
            *total = sums.before(last) - sums.before(first);
        }
        spans[from..first * EVERY].iter().for_each(|span| add(&mut totals, span));
        spans[last * EVERY..to].iter().for_each(|span| add(&mut totals, span));
        totals
    }

    /// The place of the first of `spans[from..]` that ends after a time; how many there are, if none does.
    pub fn ended_by(&self, spans: &[Span], from: usize, at: Instant) -> usize {
        let number = from / EVERY;
        let whole = self.ends.get(number..).map_or(0, |ends| gallop(ends, |end| *end <= at));
        let from = if whole == 0 { from } else { (number + whole) * EVERY };
        // Where it is known when the next ends, it is among those.
        let is_known = self.ends.len() > number + whole;
        let to = if is_known { (number + whole + 1) * EVERY } else { spans.len() };
        from + gallop(&spans[from..to], |span| span.end.at <= at)
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
            let at = Instant(spans.get(to).map_or(0, |span| span.start.at.0));
            let ended = from + spans[from..].partition_point(|span| span.end.at <= at);
            prop_assert_eq!(shares.ended_by(&spans, from, at), ended);
            prop_assert_eq!(Shares::default().ended_by(&spans, from, at), ended, "nothing was taken in yet");
        }
    }
}
