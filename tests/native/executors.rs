//! What each executor does with the same work, read off what it recorded.

use std::time::Duration;

use overlap::insight::Summary;
use overlap::insight::tasks::{self, Standing};
use overlap::model::event::Phase;
use overlap::model::id::LaneId;
use overlap::model::outcome::{Failure, Outcome, Value};
use overlap::model::plan::{Draft, Fault, ModelKind, PoolOptions, Shares, Site, Workload};
use proptest::prelude::*;

use crate::ports::RealPorts;
use crate::runs::{Run, ids, job, on_threads, real, real_job, simulate, total};

fn five_sites() -> Workload {
    Draft::default().validate(2).expect("the usual plan is valid").workload
}

#[test]
fn sequential_makes_one_request_after_another() {
    let run = simulate(&five_sites(), ModelKind::Sequential, None);
    let summary = Summary::of(&run.trace);
    assert_eq!(summary.wall, Duration::from_millis(300 + 150 + 450 + 40 + 200));
    assert_eq!((summary.dials.in_flight.peak, summary.done, summary.failed), (1, 4, 1));
    assert_eq!(ids(&run.trace.ended), [1, 2, 3, 4, 5]);
}

#[test]
fn the_event_loop_has_all_in_flight_and_one_computing() {
    let run = simulate(&five_sites(), ModelKind::EventLoop, None);
    let summary = Summary::of(&run.trace);
    assert_eq!(summary.wall, Duration::from_millis(450));
    assert_eq!((summary.dials.in_flight.peak, summary.dials.computing.peak), (5, 1));
    assert_eq!(ids(&run.trace.ended), [4, 2, 5, 1, 3], "in order of completion");
    assert_eq!(run.trace.tasks[3].outcome, Some(Outcome::Failed(Failure::Unreachable("simulated".to_owned()))));
    let sequential = Summary::of(&simulate(&five_sites(), ModelKind::Sequential, None).trace);
    assert!(sequential.is_complete() && summary.is_complete());
    assert_eq!(sequential.wall, Duration::from_millis(1_140));
}

#[test]
fn a_limit_splits_what_is_done_from_what_is_not() {
    let run = simulate(&five_sites(), ModelKind::EventLoop, None);
    let rows: Vec<_> = tasks::rows(&run.trace, &five_sites(), Some(250)).collect();
    let in_time: Vec<_> = rows.iter().map(|row| row.in_time).collect();
    assert_eq!(in_time, [Some(false), Some(true), Some(false), Some(true), Some(true)]);
}

#[test]
fn a_task_that_computes_blocks_the_loop() {
    let workload = primes(4, 20_000, Fault::None);
    let run = simulate(&workload, ModelKind::EventLoop, None);
    let summary = Summary::of(&run.trace);
    assert_eq!((total(&run.trace), summary.dials.computing.peak, summary.dials.in_flight.peak), (Some(2_262), 1, 1));
}

#[test]
fn sleeping_overlaps_on_a_loop_and_not_in_sequence() {
    let workload = Workload::Sleep { tasks: 4, ms: 1_000, fault: Fault::None };
    let wall = |model| Summary::of(&simulate(&workload, model, None).trace).wall;
    assert_eq!(wall(ModelKind::EventLoop), Duration::from_secs(1));
    assert_eq!(wall(ModelKind::Sequential), Duration::from_secs(4));
}

#[test]
fn a_panic_is_the_failure_of_its_task_under_every_model() {
    let workload = primes(4, 10_000, Fault::Panic);
    let runs = [
        simulate(&workload, ModelKind::Sequential, None),
        simulate(&workload, ModelKind::EventLoop, None),
        on_threads(&workload),
    ];
    for run in runs {
        let panicked = Outcome::Failed(Failure::Panicked("the plan asked this task to panic".to_owned()));
        assert_eq!(run.trace.tasks[2].outcome, Some(panicked));
        assert_eq!(run.report.outcomes.iter().filter(|(_, outcome)| matches!(outcome, Outcome::Done(_))).count(), 3);
    }
}

#[test]
fn the_core_pool_counts_what_sequential_counts_and_uses_every_worker() {
    let workload = primes(16, 1_000_000, Fault::None);
    let run = on_threads(&workload);
    let summary = Summary::of(&run.trace);
    assert_eq!((total(&run.trace), summary.done), (Some(78_498), 16));
    assert!(summary.dials.computing.peak as usize <= rayon::current_num_threads());
    assert_eq!(run.trace.lanes.len(), rayon::current_num_threads(), "each worker has a lane");
    assert!(run.trace.lanes.values().all(|lane| lane.open.is_none()), "each lane is closed");
}

#[test]
fn what_has_not_ended_at_a_stop_is_cancelled_and_what_has_stays() {
    for model in [ModelKind::Sequential, ModelKind::EventLoop] {
        let run = simulate(&five_sites(), model, Some(Duration::from_millis(320)));
        let rows: Vec<_> = tasks::rows(&run.trace, &five_sites(), None).collect();
        let cancelled = rows.iter().filter(|row| row.standing == Standing::Cancelled).count();
        let expected = if model == ModelKind::EventLoop { 1 } else { 4 };
        assert_eq!(cancelled, expected, "{model:?}: {rows:?}");
        assert_eq!(rows[0].standing, Standing::Done);
        assert_eq!(run.report.outcomes.len(), 5, "every task has an outcome");
    }
}

proptest! {
    #[test]
    fn every_plan_ends_with_an_outcome_for_every_task(
        latencies in prop::collection::vec(0..1_000_u32, 1..20),
        stop_ms in prop::option::of(0..2_000_u64),
        in_sequence: bool,
    ) {
        use overlap::model::plan::Site;
        let sites = latencies.iter().map(|ms| match ms % 4 {
            0 => Site::Unreachable { after_ms: *ms },
            1 => Site::Refuses { after_ms: *ms },
            _ => Site::Answers { after_ms: *ms },
        });
        let workload = Workload::Sites(sites.collect());
        let model = if in_sequence { ModelKind::Sequential } else { ModelKind::EventLoop };
        let run = simulate(&workload, model, stop_ms.map(Duration::from_millis));
        prop_assert_eq!(run.report.outcomes.len(), latencies.len());
        prop_assert!(run.trace.tasks.iter().all(|task| task.outcome.is_some() && task.ended.is_some()));
        let summary = Summary::of(&run.trace);
        prop_assert!(summary.dials.computing.peak <= 1);
        let longest = u64::from(*latencies.iter().max().unwrap());
        let all: u64 = latencies.iter().map(|ms| u64::from(*ms)).sum();
        if stop_ms.is_none() {
            let wall_ms = if in_sequence { all } else { longest };
            prop_assert_eq!(summary.wall, Duration::from_millis(wall_ms));
        }
        for (_, outcome) in &run.report.outcomes {
            if let Outcome::Done(value) = outcome {
                prop_assert_eq!(*value, Value::Response { status: 200, bytes: 2_048 });
            }
        }
    }
}

fn sleeps(tasks: u32, ms: u32) -> Workload {
    Workload::Sleep { tasks, ms, fault: Fault::None }
}

fn primes(tasks: u32, below: u32, fault: Fault) -> Workload {
    Workload::Primes { tasks, below, shares: Shares::Even, fault }
}

#[test]
fn threads_under_one_lock_compute_one_at_a_time_and_take_turns() {
    let run = real(&primes(3, 3_000_000, Fault::None), ModelKind::Threads, 3, |_| ());
    let summary = Summary::of(&run.trace);
    assert_eq!((summary.done, total(&run.trace)), (3, Some(216_816)));
    assert_eq!((summary.dials.in_flight.peak, summary.dials.computing.peak), (3, 1));
    let waited = run.trace.lanes.values().flat_map(|lane| &lane.spans).any(|span| span.phase == Phase::WaitingLock);
    assert!(waited, "somebody waited for the lock");
}

#[test]
fn threads_without_a_lock_are_all_in_flight_and_end() {
    let run = real(&primes(4, 400_000, Fault::None), ModelKind::FreeThreads, 2, |_| ());
    assert_eq!(total(&run.trace), Some(33_860));
    let lanes = run.trace.lanes.iter().filter(|(_, lane)| !lane.spans.is_empty()).count();
    assert!(lanes <= 2, "there are no more threads than workers");
}

#[test]
fn sleeping_and_waiting_threads_drop_the_lock() {
    for model in [ModelKind::Threads, ModelKind::FreeThreads] {
        let run = real(&sleeps(8, 100), model, 8, |_| ());
        let summary = Summary::of(&run.trace);
        assert_eq!((summary.done, summary.dials.in_flight.peak), (8, 8), "{model:?}");
        let mut sites = vec![Site::Answers { after_ms: 500 }; 4];
        sites.push(Site::Unreachable { after_ms: 300 });
        let sites = real(&Workload::Sites(sites), model, 5, |_| ());
        let summary = Summary::of(&sites.trace);
        assert_eq!((summary.done, summary.failed, summary.dials.in_flight.peak), (4, 1, 5), "{model:?}");
        assert_eq!(ids(&sites.trace.ended)[0], 5, "the unreachable one ends first");
    }
}

#[test]
fn fewer_workers_than_tasks_take_one_after_another() {
    let run = real(&sleeps(6, 5), ModelKind::Threads, 2, |_| ());
    let summary = Summary::of(&run.trace);
    assert_eq!((summary.done, summary.dials.in_flight.peak), (6, 2));
}

#[test]
fn a_panic_under_the_lock_is_one_task_s_failure_and_the_lock_goes_on() {
    for model in [ModelKind::Threads, ModelKind::FreeThreads] {
        let run = real(&primes(6, 60_000, Fault::Panic), model, 3, |_| ());
        let summary = Summary::of(&run.trace);
        assert_eq!((summary.done, summary.failed), (5, 1), "{model:?}");
        let failed = run.report.outcomes.iter().find(|(id, _)| id.0 == 2).map(|(_, outcome)| outcome);
        assert!(
            matches!(failed, Some(Outcome::Failed(Failure::Panicked(words))) if words.contains("asked")),
            "{failed:?}"
        );
    }
}

#[test]
fn a_stop_reaches_threads_that_compute_sleep_or_wait() {
    let far = Workload::Sites(vec![Site::Answers { after_ms: 3_000 }; 3]);
    for model in [ModelKind::Threads, ModelKind::FreeThreads, ModelKind::Processes] {
        for workload in [primes(4, 50_000_000, Fault::None), sleeps(4, 60_000), far.clone()] {
            let stop = |ports: &RealPorts| {
                // Once somebody has begun, and at whatever moment that is.
                while !ports.has_begun() {
                    std::thread::yield_now();
                }
                ports.stop();
            };
            let run = real(&workload, model, 3, stop);
            let cancelled = run.report.outcomes.iter().filter(|(_, outcome)| *outcome == Outcome::Cancelled).count();
            assert_eq!(cancelled as u32, workload.tasks(), "{model:?} {workload:?}");
        }
    }
}

fn sent(run: &Run) -> usize {
    run.trace.lanes.iter().flat_map(|(_, lane)| &lane.spans).filter(|span| span.phase == Phase::Serialising).count()
}

#[test]
fn a_process_pool_counts_what_sequential_counts_on_every_process_and_keeps_the_order() {
    let run = real(&primes(16, 2_000_000, Fault::None), ModelKind::Processes, 2, |_| ());
    let summary = Summary::of(&run.trace);
    assert_eq!((summary.done, total(&run.trace)), (16, Some(148_933)));
    assert_eq!(summary.dials.computing.peak, 2);
    // Python's rule makes chunks of two: eight messages there and eight back; and one to each process to close.
    assert_eq!(sent(&run), 18);
    let mut own = job(&primes(16, 1_000, Fault::None), ModelKind::Processes, 2);
    own.options.pool = PoolOptions { chunksize: Some(16), ..PoolOptions::default() };
    assert_eq!(sent(&real_job(&own, None, |_| ())), 4, "one chunk of sixteen goes to one process");
}

#[test]
fn processes_overlap_what_waits_and_pass_failures_on() {
    let sites = real(&five_sites(), ModelKind::Processes, 5, |_| ());
    let summary = Summary::of(&sites.trace);
    assert_eq!((summary.done, summary.failed, summary.dials.in_flight.peak), (4, 1, 5));
    let run = real(&primes(6, 60_000, Fault::Panic), ModelKind::Processes, 2, |_| ());
    let failed = run.report.outcomes.iter().find(|(id, _)| id.0 == 2).map(|(_, outcome)| outcome);
    assert!(matches!(failed, Some(Outcome::Failed(Failure::Panicked(words))) if words.contains("asked")), "{failed:?}");
}

#[test]
fn a_process_that_dies_breaks_its_pool_and_no_task_is_lost_to_sight() {
    let run = real_job(&job(&sleeps(8, 20), ModelKind::Processes, 2), Some(2), |_| ());
    assert_eq!(run.report.outcomes.len(), 8);
    let broken =
        |outcome: &Outcome| matches!(outcome, Outcome::Failed(Failure::BrokenPool(why)) if why.contains("died"));
    let broken = run.report.outcomes.iter().filter(|(_, outcome)| broken(outcome)).count();
    assert!(broken >= 1, "{:?}", run.report);
    assert!(run.report.outcomes.iter().all(|(_, outcome)| *outcome != Outcome::Cancelled));
}

#[test]
fn short_tasks_do_not_keep_the_lock_from_those_who_wait_for_it() {
    // Each task is shorter than the interval, here a millisecond; together they are many intervals.
    let run = real(&primes(600, 1_000_000, Fault::None), ModelKind::Threads, 2, |_| ());
    assert_eq!(Summary::of(&run.trace).done, 600);
    let shares: Vec<usize> = [1, 2]
        .map(|number| run.trace.tasks.iter().filter(|task| task.lane == Some(LaneId::Thread(number))).count())
        .to_vec();
    assert!(shares.iter().all(|share| *share > 100), "each of two threads has its turns: {shares:?}");
}
