//! Levels of detail: spans narrower than a pixel are merged, column by column, and never lost.

use crate::model::event::Phase;
use crate::model::id::TaskId;

/// A span in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bar {
    pub left: f64,
    pub right: f64,
    pub phase: Phase,
    pub task: Option<TaskId>,
}

impl Bar {
    fn width(&self) -> f64 {
        self.right - self.left
    }
}

/// Bars to draw, in order, of bars in order of time. Those of a pixel or more stay as they are. Narrower ones that begin in
/// the same column become one bar of a pixel: the longest of them, but anything before idling, since a core's gap is seen
/// from what is beside it and its work from nothing else. They come after the wide ones, so that none is painted over.
pub fn merge_narrow(bars: impl Iterator<Item = Bar>) -> Vec<Bar> {
    let mut wide = Vec::new();
    let mut narrow: Vec<Bar> = Vec::new();
    // The best candidate of the column that narrow bars are being gathered in.
    let mut gathering: Option<(f64, Bar)> = None;
    for bar in bars {
        if bar.width() >= 1.0 {
            wide.push(bar);
            continue;
        }
        let column = bar.left.floor();
        gathering = Some(match gathering.take() {
            Some((same, best)) if same == column => (same, if beats(&bar, &best) { bar } else { best }),
            other => {
                narrow.extend(other.map(in_column));
                (column, bar)
            }
        });
    }
    narrow.extend(gathering.map(in_column));
    wide.append(&mut narrow);
    wide
}

fn beats(bar: &Bar, best: &Bar) -> bool {
    let rank = |bar: &Bar| (bar.phase != Phase::Idle, bar.width());
    rank(bar) > rank(best)
}

fn in_column((column, bar): (f64, Bar)) -> Bar {
    Bar { left: column, right: column + 1.0, ..bar }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bar(left: f64, right: f64, phase: Phase) -> Bar {
        Bar { left, right, phase, task: None }
    }

    #[test]
    fn wide_bars_stay_and_narrow_ones_become_the_longest_of_their_column() {
        let merged = merge_narrow(
            [
                bar(0.0, 5.0, Phase::WaitingIo),
                bar(5.0, 5.2, Phase::Computing),
                bar(5.2, 5.9, Phase::WaitingIo),
                bar(5.9, 6.4, Phase::Computing),
                bar(6.4, 20.0, Phase::Idle),
            ]
            .into_iter(),
        );
        assert_eq!(
            merged,
            [bar(0.0, 5.0, Phase::WaitingIo), bar(6.4, 20.0, Phase::Idle), bar(5.0, 6.0, Phase::WaitingIo),]
        );
    }

    #[test]
    fn idling_hides_no_work() {
        let merged = merge_narrow([bar(3.0, 3.8, Phase::Idle), bar(3.8, 3.81, Phase::Computing)].into_iter());
        assert_eq!(merged, [bar(3.0, 4.0, Phase::Computing)]);
    }

    proptest! {
        #[test]
        fn no_bar_vanishes(widths in prop::collection::vec(0.0..3.0_f64, 1..200)) {
            let mut left = 0.0;
            let bars: Vec<Bar> = widths.iter().map(|width| {
                let next = bar(left, left + width, Phase::Computing);
                left += width;
                next
            }).collect();
            let merged = merge_narrow(bars.iter().copied());
            for bar in &bars {
                // Its beginning is under some bar that is drawn, which is at least a pixel wide.
                prop_assert!(merged.iter().any(|drawn| drawn.left <= bar.left && bar.left < drawn.right));
            }
            prop_assert!(merged.iter().all(|drawn| drawn.width() >= 1.0));
            prop_assert!(merged.len() <= bars.len());
        }
    }
}
