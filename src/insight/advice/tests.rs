//! Each piece of advice for a run that it is about; and none that its run contradicts, whatever the run.

use core::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::insight::Numbers;
use crate::insight::made::{Made, any_trace};
use crate::insight::numbers::Context;
use crate::model::event::{EventKind, Phase};
use crate::model::id::LaneId;
use crate::model::outcome::{Outcome, Value};
use crate::model::plan::{ModelKind, Workload};
use crate::model::time::Instant;
use crate::model::trace::{Span, TaskLife, Trace};

const MAIN: LaneId = LaneId::Thread(0);
const ONE: LaneId = LaneId::Thread(1);
const TWO: LaneId = LaneId::Thread(2);

fn said(trace: &Trace, model: ModelKind, workload: &Workload) -> Vec<Said> {
    Numbers::of(trace, &Context { model, workload, cores: 2, clock_step: Duration::ZERO }).advice
}

/// Work that computes.
const WORK: Workload = Workload::Pi { tasks: 1, points: 1, seed: 1 };

fn names(trace: &Trace, model: ModelKind) -> Vec<&'static str> {
    said(trace, model, &WORK).iter().map(|said| said.name).collect()
}

/// Two tasks on two threads that take turns every 5 ms, under a lock.
fn turns() -> Trace {
    let mut made = Made::new(2);
    made.idle(0, ONE).idle(0, TWO).submit(0);
    made.start(0, ONE, 0).start(0, TWO, 1);
    for turn in 0..20_u32 {
        let (us, lanes) = (u64::from(turn) * 5_000, [ONE, TWO]);
        let (task, other) = (turn % 2, 1 - turn % 2);
        let (runs, waits) = (lanes[task as usize], lanes[other as usize]);
        if turn > 0 {
            made.add(us, waits, Some(other), EventKind::LockDropped, 1);
        }
        made.enter(us, waits, other, Phase::WaitingLock);
        made.add(us, runs, Some(task), EventKind::LockTaken, 1 | (u64::from(other + 1) << 1));
        made.enter(us, runs, task, Phase::Computing);
    }
    made.finish(100_000, TWO, 1).add(100_000, TWO, Some(1), EventKind::LockDropped, 0).idle(100_000, TWO);
    made.finish(100_000, ONE, 0).idle(100_000, ONE);
    made.trace
}

#[test]
fn threads_under_a_lock_are_told_what_it_costs_and_what_processes_would_give() {
    let said = said(&turns(), ModelKind::Threads, &Workload::Tiny { tasks: 2 });
    assert_eq!(said.iter().map(|said| said.name).collect::<Vec<_>>(), ["one-at-a-time"]);
    assert!(said[0].sentence.contains("50 % of the time"), "{:?}", said[0]);
    assert!(said[0].prediction.as_deref().is_some_and(|text| text.contains("2.00×")), "{:?}", said[0]);
}

#[test]
fn one_task_after_another_is_told_of_cores_or_of_overlap() {
    for (phase, name) in [(Phase::Computing, "one-core"), (Phase::WaitingIo, "waits-in-sequence")] {
        let mut made = Made::new(2);
        made.submit(0).start(0, MAIN, 0).enter(0, MAIN, 0, phase).finish(400, MAIN, 0);
        made.start(400, MAIN, 1).enter(400, MAIN, 1, phase).finish(1_000, MAIN, 1).idle(1_000, MAIN);
        let said = said(&made.trace, ModelKind::Sequential, &Workload::Tiny { tasks: 2 });
        assert_eq!(said.iter().map(|said| said.name).collect::<Vec<_>>(), [name]);
        assert!(said[0].prediction.as_deref().is_some_and(|text| text.contains("1.67×")), "{:?}", said[0]);
    }
}

#[test]
fn tasks_that_do_next_to_nothing_are_not_told_of_cores() {
    let computes = |each_us: u64| {
        let mut made = Made::new(2);
        made.submit(0);
        for (task, start) in [(0, 0), (1, each_us)] {
            made.start(start, MAIN, task).enter(start, MAIN, task, Phase::Computing).finish(
                start + each_us,
                MAIN,
                task,
            );
        }
        made.idle(2 * each_us, MAIN);
        names(&made.trace, ModelKind::Sequential)
    };
    assert_eq!((computes(1), computes(100)), (vec![], vec!["one-core"]));
}

#[test]
fn a_loop_is_blocked_only_if_somebody_waits_for_it() {
    let (one, two) = (LaneId::Coroutine(0), LaneId::Coroutine(1));
    let blocked = |others_us| {
        let mut made = Made::new(2);
        made.submit(0).start(0, two, 1).enter(0, two, 1, Phase::WaitingIo);
        made.start(10, one, 0).enter(10, one, 0, Phase::Computing);
        made.finish(others_us, two, 1).close(others_us, two);
        made.finish(90_010, one, 0).close(90_010, one);
        names(&made.trace, ModelKind::EventLoop)
    };
    assert_eq!(blocked(90_020), ["blocked-loop"]);
    assert!(blocked(9).is_empty());
    // The last turn of all is the longest, and blocks nobody; the one before blocked it.
    let mut made = Made::new(2);
    made.submit(0).start(10, one, 0).enter(10, one, 0, Phase::Computing).finish(70_010, one, 0).close(70_010, one);
    made.start(70_020, two, 1).enter(70_020, two, 1, Phase::Computing).finish(170_020, two, 1).close(170_020, two);
    assert_eq!(names(&made.trace, ModelKind::EventLoop), ["blocked-loop"]);
    // No process could count for them what they share.
    let counter = Workload::Counter { tasks: 2, times: 50, locked: false };
    assert!(said(&made.trace, ModelKind::EventLoop, &counter).is_empty());
}

#[test]
fn small_tasks_large_messages_and_a_long_start_are_told_apart() {
    let child = LaneId::Child(1);
    let run = |start_us: u64, work_us: u64, bytes: u32| {
        let mut made = Made::new(4);
        made.add(0, child, None, EventKind::Enter(Phase::Instantiating), 0).idle(start_us, child);
        made.submit(start_us);
        let mut us = start_us;
        for number in 0..4 {
            let arg = crate::model::message::Message { number, bytes }.to_arg();
            made.enter(us, MAIN, number, Phase::Serialising).add(us + 100, MAIN, Some(number), EventKind::Sent, arg);
            made.idle(us + 100, MAIN).add(us + 200, child, None, EventKind::Enter(Phase::Deserialising), 0);
            made.add(us + 300, child, Some(number), EventKind::Received, arg);
            made.start(us + 300, child, number).enter(us + 300, child, number, Phase::Computing);
            us += 300 + work_us;
            made.finish(us, child, number).idle(us, child);
        }
        names(&made.trace, ModelKind::Processes)
    };
    assert_eq!(run(10, 20, 64), ["tasks-too-small"]);
    assert_eq!(run(10, 20, 1 << 20), ["copying"]);
    assert_eq!(run(9_000, 800, 64), ["starting"]);
    assert!(run(10, 800, 1 << 20).is_empty());
}

#[test]
fn a_long_task_at_the_end_is_named() {
    let mut made = Made::new(4);
    made.idle(0, ONE).idle(0, TWO).submit(0);
    for task in 0..3 {
        let us = u64::from(task) * 100;
        made.start(us, ONE, task).enter(us, ONE, task, Phase::Computing).finish(us + 100, ONE, task);
    }
    made.idle(300, ONE).start(0, TWO, 3).enter(0, TWO, 3, Phase::Computing).finish(900, TWO, 3).idle(900, TWO);
    let said = said(&made.trace, ModelKind::Cores, &Workload::Tiny { tasks: 4 });
    assert_eq!(said.iter().map(|said| said.name).collect::<Vec<_>>(), ["long-task"]);
    assert!(said[0].sentence.starts_with("Task 4 ran by itself for the last 600 µs of 900 µs"), "{:?}", said[0]);
}

#[test]
fn a_serial_part_and_more_workers_than_cores_are_seen() {
    let mut made = Made::new(4);
    made.idle(0, ONE).idle(0, TWO).submit(0);
    for (lane, task, from, to) in [(ONE, 0, 0, 400), (ONE, 1, 400, 600), (TWO, 2, 400, 610), (TWO, 3, 610, 620)] {
        made.start(from, lane, task).enter(from, lane, task, Phase::Computing).finish(to, lane, task).idle(to, lane);
    }
    assert_eq!(names(&made.trace, ModelKind::FreeThreads), ["serial-part"]);
    let mut made = Made::new(4);
    made.submit(0);
    for task in 0..4 {
        let lane = LaneId::Thread(task + 1);
        made.idle(0, lane).start(0, lane, task).enter(0, lane, task, Phase::Computing);
        made.finish(1_000, lane, task).idle(1_000, lane);
    }
    assert_eq!(names(&made.trace, ModelKind::FreeThreads), ["more-than-cores"]);
}

#[test]
fn workers_that_wait_while_tasks_queue_are_too_few() {
    let mut made = Made::new(6);
    made.idle(0, ONE).submit(0);
    for task in 0..6 {
        let us = u64::from(task) * 1_000;
        made.start(us, ONE, task)
            .enter(us, ONE, task, Phase::WaitingIo)
            .finish(us + 1_000, ONE, task)
            .idle(us + 1_000, ONE);
    }
    assert_eq!(names(&made.trace, ModelKind::Threads), ["too-few-workers"]);
}

#[test]
fn workers_that_wait_for_the_lock_of_what_they_share_are_told_of_it() {
    let run = |waits_us: u64, workload: &Workload| {
        let mut made = Made::new(2);
        made.idle(0, ONE).idle(0, TWO).submit(0);
        made.start(0, ONE, 0).enter(0, ONE, 0, Phase::Computing).finish(100, ONE, 0).idle(100, ONE);
        made.start(0, TWO, 1).enter(0, TWO, 1, Phase::WaitingMutex).enter(waits_us, TWO, 1, Phase::Computing);
        made.finish(100, TWO, 1).idle(100, TWO);
        said(&made.trace, ModelKind::FreeThreads, workload)
    };
    let counter = Workload::Counter { tasks: 2, times: 50, locked: true };
    let said = run(90, &counter);
    assert_eq!(said.iter().map(|said| said.name).collect::<Vec<_>>(), ["shared-lock", "serial-part"]);
    assert!(
        said[0].sentence.contains("2 workers took turns") && said[0].sentence.contains("45 % of the time"),
        "{said:?}"
    );
    assert!(run(20, &counter).is_empty(), "that is little");
}

#[test]
fn lost_updates_are_counted_only_of_tasks_that_came_to_their_end() {
    let workload = Workload::Counter { tasks: 1, times: 50, locked: false };
    let mut made = Made::new(1);
    made.submit(0).start(0, ONE, 0).add(5, ONE, Some(0), EventKind::Finished, Value::Count(50).to_arg());
    made.add(6, MAIN, None, EventKind::Counted, 43);
    let said = said(&made.trace, ModelKind::FreeThreads, &workload);
    assert!(said[0].sentence.starts_with("7 of 50 updates were lost"), "{said:?}");
    made.trace.tasks[0].outcome = Some(Outcome::Cancelled);
    assert!(super::tests::said(&made.trace, ModelKind::FreeThreads, &workload).is_empty());
}

/// How many spans that compute for tasks are open at a time, counted one by one.
fn computing_at(trace: &Trace, at: Instant) -> usize {
    let spans = trace.lanes.values().flat_map(|lane| &lane.spans);
    spans.filter(|span| span.phase.computes() && span.task.is_some() && span.start.at <= at && at < span.end.at).count()
}

fn sum(trace: &Trace, which: impl Fn(&Span) -> bool) -> Duration {
    let spans = trace.lanes.values().flat_map(|lane| &lane.spans);
    spans.filter(|span| which(span)).map(|span| span.end.at - span.start.at).sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// What each sentence says is looked for in the trace, in another way than its rule does.
    #[test]
    fn no_advice_is_contradicted_by_its_run((trace, model) in any_trace()) {
        let all: Vec<Instant> = trace.lanes.values().flat_map(|lane| &lane.spans).map(|span| span.start.at).collect();
        let most = || all.iter().map(|at| computing_at(&trace, *at)).max().unwrap_or(0);
        let computing = || sum(&trace, |span| span.phase.computes() && span.task.is_some());
        let waiting = || sum(&trace, |span| matches!(span.phase, Phase::WaitingIo | Phase::WaitingPipe | Phase::Sleeping));
        let ends = || trace.tasks.iter().map(|task| task.ended.unwrap().at);
        let wall = || ends().max().unwrap() - trace.work_start().unwrap();
        for said in said(&trace, model, &WORK) {
            let cut = |task: &TaskLife| task.ended.is_none() || task.outcome == Some(Outcome::Cancelled);
            prop_assert!(!trace.tasks.iter().any(cut), "of a run that goes on, or was cut: {said:?}");
            match said.name {
                "one-at-a-time" => {
                    prop_assert_eq!((model, most()), (ModelKind::Threads, 1));
                    prop_assert!(sum(&trace, |span| span.phase == Phase::WaitingLock) * 5 > computing());
                }
                "convoy" => {
                    prop_assert_eq!(model, ModelKind::Threads);
                    prop_assert!(trace.lanes.values().any(|lane| lane.holds.iter().filter(|hold| hold.was_forced).count() >= 2));
                }
                "blocked-loop" => {
                    let blocks = |id: &LaneId, span: &Span| matches!(id, LaneId::Coroutine(_))
                        && span.phase.computes() && span.end.at - span.start.at >= Duration::from_millis(10);
                    prop_assert!(trace.lanes.iter().any(|(id, lane)| lane.spans.iter().any(|span| blocks(&id, span))));
                    prop_assert!(trace.tasks.len() > 1);
                }
                "waits-in-sequence" => {
                    prop_assert_eq!(model, ModelKind::Sequential);
                    prop_assert!(trace.tasks.len() > 1 && waiting() * 4 >= wall());
                }
                "one-core" => {
                    prop_assert_eq!((model, most()), (ModelKind::Sequential, 1));
                    prop_assert!(trace.tasks.len() > 1 && computing() * 2 >= wall());
                }
                "copying" | "tasks-too-small" => prop_assert!(trace.lanes.len() as u32 * wall() >= computing() * 2),
                "starting" => {
                    let begun = trace.lanes.values().flat_map(|lane| &lane.spans).map(|span| span.start.at).min().unwrap();
                    prop_assert!(trace.work_start().unwrap() - begun > wall());
                }
                "long-task" => {
                    let last = ends().max().unwrap();
                    let left = trace.tasks.iter().filter(|task| task.ended.unwrap().at > Instant(last.0 - wall().as_nanos() as u64 / 4));
                    prop_assert_eq!(left.count(), 1, "others ended in the last quarter: {:?}", said);
                }
                "serial-part" => {
                    prop_assert_eq!(most(), 2, "of as many as cores");
                    prop_assert!(all.iter().any(|at| computing_at(&trace, *at) == 1));
                }
                "more-than-cores" => prop_assert!(most() > 2),
                "too-few-workers" => prop_assert!(waiting() > computing()),
                other => prop_assert!(false, "no check for {other}"),
            }
        }
    }
}
