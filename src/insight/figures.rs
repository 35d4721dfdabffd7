//! The figures of a trial, and what those of one setting come to.

use core::time::Duration;

use super::repeats::Repeats;
use super::summary::Summary;
use crate::model::event::Phase;
use crate::model::experiment::Trial;
use crate::model::figures::Figures;
use crate::model::outcome::RunEnd;
use crate::model::trace::Trace;

/// Why a trial does not count whose result is wrong.
const WRONG: &str = "its result is wrong, as updates were lost";

/// Reads a trial that has ended.
pub fn of(trial: Trial, trace: &Trace, end: &RunEnd, memory_bytes: Option<u64>) -> Figures {
    of_summary(trial, trace, &Summary::of(trace), end, memory_bytes)
}

/// The same, of a trace that was summed up.
pub fn of_summary(trial: Trial, trace: &Trace, summary: &Summary, end: &RunEnd, memory_bytes: Option<u64>) -> Figures {
    let failed = match end {
        RunEnd::Failed(words) => Some(words.clone()),
        RunEnd::TimedOut => Some("it took longer than a trial may".to_owned()),
        RunEnd::Cancelled => Some("it was stopped".to_owned()),
        RunEnd::Done if summary.lost > 0 => Some("events found no room".to_owned()),
        RunEnd::Done if summary.lost_updates > 0 => Some(WRONG.to_owned()),
        RunEnd::Done if !summary.is_complete() => Some("not every task ended by itself".to_owned()),
        RunEnd::Done => None,
    };
    let spans = trace.lanes.values().flat_map(|lane| &lane.spans);
    let lock: Duration =
        spans.filter(|span| span.phase == Phase::WaitingLock).map(|span| span.end.at - span.start.at).sum();
    Figures {
        trial,
        wall: summary.wall,
        start_up: summary.start_up,
        in_flight: summary.dials.in_flight.peak,
        computing: summary.dials.computing.peak,
        messages: summary.copied.map(|copied| copied.packing + copied.unpacking),
        lock: (!lock.is_zero()).then_some(lock),
        memory_bytes,
        failed,
    }
}

/// Whether the result of a setting was wrong, in any of its trials. Then none of them counts: those that were right by chance
/// would stand for a program that is not.
pub fn is_wrong(figures: &[Figures], setting: usize) -> bool {
    figures.iter().any(|figures| figures.trial.setting == setting && figures.failed.as_deref() == Some(WRONG))
}

/// The trials of a setting that count.
pub fn counted(figures: &[Figures], setting: usize) -> impl Iterator<Item = &Figures> {
    let is_right = !is_wrong(figures, setting);
    figures.iter().filter(move |figures| is_right && figures.trial.setting == setting && figures.counts())
}

/// The median of something of the trials of a setting that count, with its spread; `None` before the first.
pub fn repeats(figures: &[Figures], setting: usize, of: impl Fn(&Figures) -> Duration) -> Option<Repeats> {
    let lengths: Vec<Duration> = counted(figures, setting).map(of).collect();
    Repeats::of(&lengths, 0)
}

/// The wall time of a setting.
pub fn walls(figures: &[Figures], setting: usize) -> Option<Repeats> {
    repeats(figures, setting, |figures| figures.wall)
}

#[cfg(test)]
pub mod made {
    //! Figures as tests make them up.

    use super::*;

    /// A trial of a setting that took so many milliseconds, with so many computing at most.
    pub fn figures(setting: usize, round: u32, wall_ms: u64, computing: u32) -> Figures {
        Figures {
            trial: Trial { setting, round },
            wall: Duration::from_millis(wall_ms),
            start_up: Duration::from_millis(20),
            in_flight: computing,
            computing,
            messages: None,
            lock: None,
            memory_bytes: Some(4 << 20),
            failed: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::made::figures;
    use super::*;

    #[test]
    fn the_warm_up_and_what_failed_do_not_count() {
        let failed = Figures { failed: Some("died".to_owned()), ..figures(0, 2, 1, 1) };
        let all = [figures(0, 0, 900, 1), figures(0, 1, 100, 1), failed, figures(0, 3, 120, 1), figures(1, 1, 5, 1)];
        let walls = walls(&all, 0).unwrap();
        assert_eq!((walls.n, walls.low, walls.high), (2, Duration::from_millis(100), Duration::from_millis(120)));
        assert_eq!(super::walls(&all, 2), None);
    }

    #[test]
    fn a_trial_of_which_a_task_did_not_end_by_itself_says_so() {
        let trial = Trial { setting: 0, round: 1 };
        let trace = Trace::new(1);
        let of = |end| of(trial, &trace, &end, None).failed;
        assert_eq!(of(RunEnd::Done).as_deref(), Some("not every task ended by itself"));
        assert_eq!(of(RunEnd::Failed("boom".to_owned())).as_deref(), Some("boom"));
        assert_eq!(super::of(trial, &Trace::new(0), &RunEnd::Done, None).failed, None);
    }

    #[test]
    fn a_trial_with_a_wrong_result_does_not_count() {
        let trial = Trial { setting: 0, round: 1 };
        let summary = Summary { tasks: 1, done: 1, lost_updates: 3, ..Summary::default() };
        let figures = of_summary(trial, &Trace::new(1), &summary, &RunEnd::Done, None);
        assert!(!figures.counts());
        let all = [figures, super::made::figures(0, 2, 5, 1), super::made::figures(1, 1, 7, 1)];
        assert_eq!(walls(&all, 0), None, "nor does one of the same setting that was right by chance");
        assert_eq!(walls(&all, 1).map(|walls| walls.n), Some(1));
    }
}
