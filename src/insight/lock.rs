//! The interpreter's lock: who held it and who waited, how it changed hands, and whether a thread that waits for answers stood
//! in line for each of them.

use core::time::Duration;

use super::quantile::{Quantiles, quantile};
use crate::model::event::Phase;
use crate::model::id::LaneId;
use crate::model::trace::{Hold, Lane, Trace};

/// One thread and the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockUse {
    pub lane: LaneId,
    pub held: Duration,
    pub waited: Duration,
    /// How often it took it.
    pub holds: u32,
    /// How often it was made to drop it.
    pub forced: u32,
}

/// The lock in a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockNumbers {
    /// In the order of the lanes.
    pub threads: Vec<LockUse>,
    /// How often it went from one thread to another.
    pub hand_overs: u32,
    /// How many of these were forced: the new holder had waited for a switch interval.
    pub forced: u32,
    /// How long it was held: the median, and the 99th percentile.
    pub hold: Option<Quantiles>,
    pub convoy: Option<Convoy>,
}

/// A thread that waits for answers, or sleeps, and then stands in line for the lock behind one that computes: it pays about a
/// switch interval for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Convoy {
    pub lane: LaneId,
    /// How many answers it had, and sleeps.
    pub replies: u32,
    /// What it waited for the lock after half of them, at least.
    pub wait: Duration,
    /// What it waited for the lock after all of them.
    pub waited: Duration,
}

/// Fewer answers than these may have met a long hold by chance.
const CONVOY_REPLIES_MIN: u32 = 3;

/// Reads a trace; `None` if nobody had to share a lock in it.
pub fn lock(trace: &Trace) -> Option<LockNumbers> {
    let end_of = |hold: &Hold| hold.end.map_or(trace.latest, |end| end.at);
    let length = |hold: &Hold| end_of(hold) - hold.start.at;
    let mut numbers = LockNumbers { threads: Vec::new(), hand_overs: 0, forced: 0, hold: None, convoy: None };
    let (mut lengths, mut forced_lengths) = (Vec::new(), Vec::new());
    for (id, lane) in trace.lanes.iter() {
        let mut used = LockUse { lane: id, held: Duration::ZERO, waited: Duration::ZERO, holds: 0, forced: 0 };
        for hold in &lane.holds {
            used.holds += 1;
            used.held += length(hold);
            if hold.from.is_some_and(|from| from != id) {
                numbers.hand_overs += 1;
                numbers.forced += u32::from(hold.was_forced);
            }
            if hold.is_forced {
                used.forced += 1;
                forced_lengths.push(length(hold));
            }
            lengths.push(length(hold));
        }
        let waits = lane.spans.iter().filter(|span| span.phase == Phase::WaitingLock);
        used.waited = waits.map(|span| span.end.at - span.start.at).sum();
        if let Some(open) = lane.open.filter(|open| open.phase == Phase::WaitingLock) {
            used.waited += trace.latest - open.start.at;
        }
        if used.holds > 0 || !used.waited.is_zero() {
            numbers.threads.push(used);
        }
    }
    let is_shared = numbers.hand_overs > 0 || numbers.threads.iter().any(|used| !used.waited.is_zero());
    numbers.hold = Quantiles::of(&lengths, 99);
    // A forced hold lasts for the interval that its waiter was patient for.
    let interval = quantile(&forced_lengths, 50);
    numbers.convoy = interval.and_then(|interval| {
        let convoys = trace.lanes.iter().filter_map(|(id, lane)| convoy(id, lane, interval));
        convoys.max_by_key(|convoy| convoy.waited)
    });
    is_shared.then_some(numbers)
}

/// A thread that got the lock after its answers no sooner than half an interval later, mostly by force.
fn convoy(id: LaneId, lane: &Lane, interval: Duration) -> Option<Convoy> {
    let mut waits = Vec::new();
    for pair in lane.spans.windows(2) {
        let [before, after] = pair else { continue };
        if !matches!(before.phase, Phase::WaitingIo | Phase::Sleeping) {
            continue;
        }
        match after.phase {
            Phase::WaitingLock => waits.push(after.end.at - after.start.at),
            // The lock was free.
            Phase::Computing => waits.push(Duration::ZERO),
            _ => {}
        }
    }
    let replies = waits.len() as u32;
    let taken_by_force = lane.holds.iter().filter(|hold| hold.was_forced).count();
    let waited = waits.iter().sum();
    let wait = quantile(&waits, 50)?;
    let pays = wait * 2 >= interval && taken_by_force * 2 >= replies as usize;
    (replies >= CONVOY_REPLIES_MIN && pays).then_some(Convoy { lane: id, replies, wait, waited })
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    use super::*;
    use crate::insight::made::{Made, any_trace};
    use crate::model::event::EventKind;
    use proptest::prelude::*;

    const ONE: LaneId = LaneId::Thread(1);
    const TWO: LaneId = LaneId::Thread(2);

    /// One computes; the other sleeps for a millisecond, and gets the lock five later, so often.
    fn beside(replies: u32) -> Trace {
        let mut made = Made::new(2);
        made.submit(0).start(0, ONE, 0).add(0, ONE, Some(0), EventKind::LockTaken, 0);
        made.enter(0, ONE, 0, Phase::Computing).start(0, TWO, 1).enter(0, TWO, 1, Phase::Sleeping);
        let mut us = 0;
        for _ in 0..replies {
            made.enter(us + 1_000, TWO, 1, Phase::WaitingLock);
            made.add(us + 6_000, TWO, Some(1), EventKind::LockRequested, 0);
            made.add(us + 6_000, ONE, Some(0), EventKind::LockDropped, 1).enter(us + 6_000, ONE, 0, Phase::WaitingLock);
            made.add(us + 6_000, TWO, Some(1), EventKind::LockTaken, 1 | (1 << 1));
            made.enter(us + 6_000, TWO, 1, Phase::Computing);
            made.add(us + 6_100, TWO, Some(1), EventKind::LockDropped, 0).enter(us + 6_100, TWO, 1, Phase::Sleeping);
            made.add(us + 6_100, ONE, Some(0), EventKind::LockTaken, 2 << 1).enter(
                us + 6_100,
                ONE,
                0,
                Phase::Computing,
            );
            us += 6_100;
        }
        made.finish(us, ONE, 0).add(us, ONE, Some(0), EventKind::LockDropped, 0).idle(us, ONE);
        made.trace
    }

    #[test]
    fn a_thread_that_pays_an_interval_for_each_answer_is_in_a_convoy() {
        let numbers = lock(&beside(4)).unwrap();
        assert_eq!((numbers.hand_overs, numbers.forced), (8, 4));
        let [one, two] = numbers.threads[..] else { panic!("{numbers:?}") };
        assert_eq!((one.held, one.waited, one.forced), (Duration::from_millis(24), Duration::from_micros(400), 4));
        assert_eq!((two.held, two.waited, two.holds), (Duration::from_micros(400), Duration::from_millis(20), 4));
        assert_eq!(numbers.hold.map(|hold| hold.high), Some(Duration::from_millis(6)));
        let convoy = numbers.convoy.unwrap();
        assert_eq!((convoy.lane, convoy.replies, convoy.wait), (TWO, 4, Duration::from_millis(5)));
        assert_eq!(lock(&beside(2)).unwrap().convoy, None, "twice may be chance");
    }

    #[test]
    fn a_lock_that_nobody_shares_has_no_numbers() {
        let mut made = Made::new(1);
        made.submit(0).start(0, ONE, 0).add(0, ONE, Some(0), EventKind::LockTaken, 0);
        made.enter(0, ONE, 0, Phase::Computing).finish(9, ONE, 0).add(9, ONE, Some(0), EventKind::LockDropped, 0);
        assert_eq!(lock(&made.trace), None);
    }

    proptest! {
        /// One lock is held by one thread at a time, so no longer than the trace lasts.
        #[test]
        fn what_is_held_fits_into_the_trace((trace, _) in any_trace()) {
            if let Some(numbers) = lock(&trace) {
                let held: Duration = numbers.threads.iter().map(|used| used.held).sum();
                prop_assert!(held <= trace.latest - crate::model::time::Instant::default());
                prop_assert!(numbers.forced <= numbers.hand_overs);
            }
        }
    }
}
