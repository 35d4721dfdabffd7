//! A run once more, as slowly as a person can follow.

use super::view::Stretch;
use crate::model::format;

/// How long a whole run lasts at speed 1, if it was shorter: in milliseconds.
const LEAST_MS: f64 = 8_000.0;

/// How fast a replay may be told to go.
pub const SPEEDS: [f64; 5] = [0.25, 0.5, 1.0, 2.0, 4.0];

/// Where a replay stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Replay {
    /// On the common axis: nothing after it is drawn.
    pub head_ns: f64,
    pub playing: bool,
    pub speed: f64,
}

impl Replay {
    /// A replay that begins.
    pub fn start(whole: Stretch) -> Replay {
        Replay { head_ns: whole.0, playing: true, speed: 1.0 }
    }

    /// Goes on for so many milliseconds of the person's. Ends where there is no more.
    pub fn tick(&mut self, whole: Stretch, elapsed_ms: f64) {
        if !self.playing {
            return;
        }
        self.head_ns = (self.head_ns + elapsed_ms * ns_per_ms(whole) * self.speed).min(whole.1);
        self.playing = self.head_ns < whole.1;
    }

    /// Plays on, from the beginning where the end was reached; or stops.
    pub fn toggle(&mut self, whole: Stretch) {
        self.playing = !self.playing;
        if self.playing && self.head_ns >= whole.1 {
            self.head_ns = whole.0;
        }
    }
}

/// Nanoseconds of a run in a millisecond of its replay at speed 1: the run's own pace, or less.
fn ns_per_ms(whole: Stretch) -> f64 {
    ((whole.1 - whole.0) / LEAST_MS).min(1e6)
}

/// How much slower than the run a replay is at speed 1: "as fast as it was", "100 times slower than it was".
pub fn pace(whole: Stretch) -> String {
    let times = 1e6 / ns_per_ms(whole).max(1e-9);
    if times < 1.5 {
        "as fast as it was".to_owned()
    } else {
        format!("{} times slower than it was", format::thousands(times.round() as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_run_is_played_slowly_and_a_long_one_at_its_pace() {
        let short = (0.0, 80e6);
        let mut replay = Replay::start(short);
        replay.tick(short, 4_000.0);
        assert_eq!(replay.head_ns, 40e6);
        assert_eq!(pace(short), "100 times slower than it was");
        replay.speed = 4.0;
        replay.tick(short, 4_000.0);
        assert_eq!((replay.head_ns, replay.playing), (80e6, false));
        replay.toggle(short);
        assert_eq!((replay.head_ns, replay.playing), (0.0, true));
        let long = (0.0, 20e9);
        let mut replay = Replay::start(long);
        replay.tick(long, 1_000.0);
        assert_eq!(replay.head_ns, 1e9);
        assert_eq!(pace(long), "as fast as it was");
    }
}
