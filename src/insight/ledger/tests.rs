//! Ledgers of traces made by hand, and of any.

use proptest::prelude::*;

use super::*;
use crate::insight::made::{Made, any_trace};
use crate::model::event::EventKind;

const MAIN: LaneId = LaneId::Thread(0);
const ONE: LaneId = LaneId::Thread(1);
const TWO: LaneId = LaneId::Thread(2);

/// The terms that are not 0, in microseconds.
fn terms(ledger: &Ledger) -> Vec<(Term, u128)> {
    let times = Term::ALL.into_iter().map(|term| (term, ledger.time(term).as_micros()));
    times.filter(|(_, us)| *us > 0).collect()
}

fn ledger(trace: &Trace, model: ModelKind) -> Ledger {
    let ledger = Ledger::of(trace, model);
    assert_eq!(ledger.check(Duration::ZERO), Ok(()));
    ledger
}

/// A process that takes 40 µs to start, and its two threads 20.
fn two_threads(tasks: u32) -> Made {
    let mut made = Made::new(tasks);
    made.add(0, LaneId::Process, None, EventKind::Enter(Phase::Instantiating), 0);
    made.add(40, LaneId::Process, None, EventKind::Enter(Phase::StartingThreads), 0).close(60, LaneId::Process);
    made.idle(61, ONE).idle(62, TWO);
    made
}

#[test]
fn threads_start_wait_for_the_lock_and_are_given_tasks() {
    let mut made = two_threads(2);
    made.submit(70);
    made.start(72, ONE, 0).enter(72, ONE, 0, Phase::Computing);
    made.start(75, TWO, 1).enter(75, TWO, 1, Phase::WaitingLock);
    made.finish(172, ONE, 0).idle(172, ONE);
    made.enter(172, TWO, 1, Phase::Computing).enter(180, TWO, 1, Phase::Sleeping);
    made.enter(190, TWO, 1, Phase::WaitingMutex).finish(200, TWO, 1).idle(200, TWO);
    let ledger = ledger(&made.trace, ModelKind::Threads);
    assert_eq!((ledger.workers, ledger.wall), (2, Duration::from_micros(200)));
    assert_eq!(
        terms(&ledger),
        [
            (Term::Computing, 108),
            (Term::Lock, 97),
            (Term::Shared, 10),
            (Term::Io, 10),
            (Term::Starting, 140),
            // 2 and 5 µs from the submission on.
            (Term::Dispatch, 7),
            (Term::Idle, 28),
        ]
    );
}

#[test]
fn a_message_is_packed_for_who_waits_and_then_under_way() {
    let child = LaneId::Child(1);
    let mut made = Made::new(1);
    made.add(0, LaneId::Process, None, EventKind::Enter(Phase::Instantiating), 0).close(30, LaneId::Process);
    made.add(35, child, None, EventKind::Enter(Phase::Instantiating), 0).close(60, child).idle(65, child);
    made.submit(70).enter(80, MAIN, 0, Phase::Serialising);
    made.message(95, MAIN, 0, EventKind::Sent).idle(96, MAIN);
    made.add(110, child, None, EventKind::Enter(Phase::Deserialising), 0);
    made.message(120, child, 0, EventKind::Received).idle(121, child);
    made.start(123, child, 0).enter(123, child, 0, Phase::Computing).finish(200, child, 0);
    made.idle(200, child);
    let ledger = ledger(&made.trace, ModelKind::Processes);
    assert_eq!((ledger.workers, ledger.wall), (1, Duration::from_micros(200)));
    assert_eq!(
        terms(&ledger),
        [
            (Term::Computing, 77),
            (Term::Starting, 70),
            (Term::Serialise, 15),
            (Term::Transfer, 15),
            (Term::Deserialise, 11),
            // Ten until packing began, two from the unpacked message to the task.
            (Term::Dispatch, 12),
        ]
    );
}

#[test]
fn a_process_that_replaces_another_is_the_same_worker() {
    let mut made = Made::new(2);
    let children = [LaneId::Child(1), LaneId::Child(2)];
    made.add(0, children[0], None, EventKind::Enter(Phase::Instantiating), 0).idle(10, children[0]);
    made.submit(10);
    made.start(10, children[0], 0).enter(10, children[0], 0, Phase::Computing).finish(30, children[0], 0);
    made.idle(30, children[0]);
    made.add(40, children[1], None, EventKind::Enter(Phase::Instantiating), 0).close(41, children[0]);
    made.close(50, children[1]).idle(55, children[1]);
    made.start(55, children[1], 1).enter(55, children[1], 1, Phase::Computing).finish(60, children[1], 1);
    let ledger = ledger(&made.trace, ModelKind::Processes);
    assert_eq!((ledger.workers, ledger.wall), (1, Duration::from_micros(60)));
    assert_eq!(terms(&ledger), [(Term::Computing, 25), (Term::Starting, 25), (Term::Idle, 10)]);
    // Side by side they are two.
    assert_eq!(Ledger::of(&made.trace, ModelKind::Subprocess).workers, 2);
}

#[test]
fn coroutines_share_one_thread_which_waits_only_when_none_computes() {
    let (one, two) = (LaneId::Coroutine(0), LaneId::Coroutine(1));
    let mut made = Made::new(2);
    made.submit(10).start(12, one, 0).enter(12, one, 0, Phase::Computing).enter(20, one, 0, Phase::WaitingIo);
    made.start(21, two, 1).enter(21, two, 1, Phase::Computing).enter(31, two, 1, Phase::WaitingJoin);
    made.enter(50, one, 0, Phase::Computing).finish(60, one, 0).close(60, one);
    made.finish(100, two, 1).close(100, two);
    let ledger = ledger(&made.trace, ModelKind::EventLoop);
    assert_eq!((ledger.workers, ledger.wall), (1, Duration::from_micros(90)));
    assert_eq!(
        terms(&ledger),
        [
            (Term::Computing, 28),
            // Only the second was left, and waited for a thread.
            (Term::Shared, 40),
            // 20 to 21, and 31 to 50.
            (Term::Io, 20),
            (Term::Dispatch, 2),
        ]
    );
}

#[test]
fn sequential_is_its_one_thread() {
    let mut made = Made::new(2);
    made.submit(0).start(1, MAIN, 0).enter(1, MAIN, 0, Phase::Computing).finish(5, MAIN, 0).idle(5, MAIN);
    made.start(6, MAIN, 1).enter(6, MAIN, 1, Phase::WaitingIo).finish(9, MAIN, 1).idle(9, MAIN).close(9, MAIN);
    let ledger = ledger(&made.trace, ModelKind::Sequential);
    assert_eq!(ledger.workers, 1);
    assert_eq!(terms(&ledger), [(Term::Computing, 4), (Term::Io, 3), (Term::Dispatch, 2)]);
}

#[test]
fn nothing_submitted_is_an_empty_ledger() {
    assert_eq!(Ledger::of(&Trace::new(3), ModelKind::Threads), Ledger::default());
}

#[test]
fn a_lane_that_does_two_things_at_once_does_not_add_up() {
    let mut made = two_threads(1);
    made.submit(70).start(70, ONE, 0).enter(70, ONE, 0, Phase::Computing).finish(170, ONE, 0).idle(170, ONE);
    let wrong = Span {
        phase: Phase::Sleeping,
        task: None,
        start: Stamp { at: Instant(80_000), sequence: 1 },
        end: Stamp { at: Instant(160_000), sequence: 1 },
    };
    made.trace.lanes.lane(ONE).spans.push(wrong);
    let imbalance = Ledger::of(&made.trace, ModelKind::Threads).check(Duration::ZERO).unwrap_err();
    assert_eq!(imbalance.sum - imbalance.total, Duration::from_micros(80));
}

proptest! {
    /// To the nanosecond: what is made up has no clocks that differ.
    #[test]
    fn any_ledger_adds_up((trace, model) in any_trace()) {
        let ledger = Ledger::of(&trace, model);
        let sum: Duration = Term::ALL.into_iter().map(|term| ledger.time(term)).sum();
        prop_assert_eq!(sum, ledger.total(), "{:?} {:?}", ledger, model);
        prop_assert_eq!(ledger.check(Duration::ZERO), Ok(()));
    }

    /// Nobody computes for longer than tasks did, and an event loop not for longer than its time.
    #[test]
    fn what_computes_was_recorded((trace, model) in any_trace()) {
        let ledger = Ledger::of(&trace, model);
        let spans = trace.lanes.values().flat_map(|lane| spans(lane, &trace));
        let computing: Duration = spans.filter(|span| term_of(span) == Term::Computing).map(|span| span.end.at - span.start.at).sum();
        prop_assert_eq!(ledger.time(Term::Computing), computing);
    }

    /// Cut short or empty lanes, and whatever the model is said to be: no trace makes it panic.
    #[test]
    fn any_trace_may_be_read_as_any_model((trace, _) in any_trace(), model in 0..ModelKind::ALL.len()) {
        let ledger = Ledger::of(&trace, ModelKind::ALL[model]);
        prop_assert!(ledger.workers > 0 || ledger.total().is_zero());
    }
}
