//! How many messages a process may have at a time, by how long it works on each.

use core::time::Duration;

use crate::model::time::Instant;

/// How much work may wait at a process behind what it works on. Another process that is free waits for so much in vain at most.
const AHEAD: Duration = Duration::from_millis(1);
/// The most messages that may be in flight to one process, however fast it is.
const MOST: usize = 32;

/// What is known of a process's answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// It makes no difference.
    Fixed { window: usize },
    Measured {
        /// How many messages may be in flight.
        window: usize,
        /// Since when answers are counted, unless it has nothing to do.
        since: Option<Instant>,
        answers: u32,
        /// How long the process worked on what it answered.
        work: Duration,
    },
}

impl Pace {
    /// That of a process of which nothing is known. `prefetch` is that of the pool's options.
    pub(super) fn new(prefetch: Option<u32>) -> Pace {
        match prefetch {
            Some(prefetch) => Pace::Fixed { window: prefetch as usize + 1 },
            None => Pace::Measured { window: 1, since: None, answers: 0, work: Duration::ZERO },
        }
    }

    /// It has something to do.
    pub(super) fn begins(&mut self, now: &mut impl FnMut() -> Instant) {
        if matches!(self, Pace::Measured { since: None, answers: 1.., .. }) {
            // What it answered before it rested says nothing of what it begins.
            self.window(now);
        }
        if let Pace::Measured { since, .. } = self {
            since.get_or_insert_with(now);
        }
    }

    /// It has answered what it worked on for so long.
    pub(super) fn answers(&mut self, took: Duration) {
        if let Pace::Measured { answers, work, .. } = self {
            *answers += 1;
            *work = work.saturating_add(took);
        }
    }

    /// It has nothing to do, nor will it be given anything now.
    pub(super) fn rests(&mut self) {
        if let Pace::Measured { since, .. } = self {
            *since = None;
        }
    }

    /// Whether so many messages in flight are so few that it is worth while to send more: half of what it may have, so that
    /// several travel together.
    pub(super) fn is_low(&self, in_flight: usize) -> bool {
        let (Pace::Fixed { window } | Pace::Measured { window, .. }) = self;
        in_flight <= window / 2
    }

    /// How many messages may be in flight now.
    ///
    /// Work for [`AHEAD`], as long as each message is as much of it as those were that were answered since this was asked last;
    /// and at most twice as many as before. Where none was, what it works on takes at least as long as it has by now.
    pub(super) fn window(&mut self, now: &mut impl FnMut() -> Instant) -> usize {
        match self {
            Pace::Fixed { window } => *window,
            Pace::Measured { window, since, answers: 0, .. } => match since {
                Some(since) => allowed(now() - *since).min(*window),
                None => *window,
            },
            Pace::Measured { window, since, answers, work } => {
                *window = allowed(*work / *answers).min(*window * 2);
                *since = since.map(|_| now());
                (*answers, *work) = (0, Duration::ZERO);
                *window
            }
        }
    }
}

/// The window of a process that works so long on each message.
fn allowed(each: Duration) -> usize {
    let waiting = AHEAD.as_nanos().checked_div(each.as_nanos()).map_or(MOST, |waiting| waiting as usize);
    waiting.saturating_add(1).min(MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A process and the time, in microseconds.
    struct Timed {
        pace: Pace,
        now_us: u64,
    }

    impl Timed {
        fn new() -> Timed {
            let mut timed = Timed { pace: Pace::new(None), now_us: 1_000 };
            timed.pace.begins(&mut || Instant(1_000_000));
            timed
        }

        /// So many answers come, each after so long; then its window.
        fn after(&mut self, answers: u32, each_us: u64) -> usize {
            (0..answers).for_each(|_| self.pace.answers(Duration::from_micros(each_us)));
            self.now_us += u64::from(answers) * each_us;
            self.window()
        }

        fn window(&mut self) -> usize {
            let now = Instant(self.now_us * 1_000);
            self.pace.window(&mut || now)
        }
    }

    #[test]
    fn the_window_of_a_fast_process_doubles_up_to_a_bound() {
        let mut timed = Timed::new();
        assert_eq!(timed.window(), 1, "nothing is known of it");
        let windows: Vec<_> = [1, 1, 2, 4, 8, 16, 16].into_iter().map(|answers| timed.after(answers, 10)).collect();
        assert_eq!(windows, [2, 4, 8, 16, 32, 32, 32]);
    }

    #[test]
    fn what_waits_at_a_process_is_work_for_a_millisecond() {
        for (each_us, window) in [(5_000, 1), (1_001, 1), (1_000, 2), (400, 3), (100, 11)] {
            let mut timed = Timed::new();
            let last = (0..6).map(|_| timed.after(1, each_us)).last();
            assert_eq!(last, Some(window), "{each_us} µs");
        }
    }

    #[test]
    fn a_long_task_takes_the_window_away_while_it_runs_and_when_it_has_ended() {
        let mut timed = Timed::new();
        let _ = (0..6).map(|_| timed.after(1, 10)).last();
        assert_eq!(timed.window(), 32);
        timed.now_us += 250;
        assert_eq!(timed.window(), 5, "as if it ended now");
        timed.now_us += 20_000;
        assert_eq!(timed.window(), 1);
        // It ends, and fifteen short ones with it.
        timed.pace.answers(Duration::from_millis(20));
        assert_eq!(timed.after(15, 10), 1);
        assert_eq!(timed.after(1, 10), 2, "and it begins anew");
    }

    #[test]
    fn how_late_an_answer_is_taken_says_nothing_of_how_fast_the_process_is() {
        let mut timed = Timed::new();
        timed.now_us += 50_000;
        assert_eq!(timed.after(1, 10), 2);
    }

    #[test]
    fn a_time_without_work_says_nothing_of_how_fast_it_is() {
        let mut timed = Timed::new();
        let _ = (0..6).map(|_| timed.after(1, 10)).last();
        timed.pace.rests();
        timed.now_us += 1_000_000;
        assert_eq!(timed.window(), 32);
        let now = Instant(timed.now_us * 1_000);
        timed.pace.begins(&mut || now);
        assert_eq!(timed.after(2, 10), 32);
    }

    #[test]
    fn a_fixed_window_is_what_it_is() {
        let mut pace = Pace::new(Some(3));
        pace.begins(&mut || Instant(0));
        pace.answers(Duration::from_secs(9));
        assert_eq!(pace.window(&mut || Instant(u64::MAX)), 4);
        assert_eq!(
            (0..5).map(|in_flight| pace.is_low(in_flight)).collect::<Vec<_>>(),
            [true, true, true, false, false]
        );
    }
}
