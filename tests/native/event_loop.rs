//! What the event loop's options do to a run: asyncio's Semaphore, wait_for, TaskGroup and to_thread.

use std::time::Duration;

use overlap::insight::Summary;
use overlap::model::event::Phase;
use overlap::model::id::LaneId;
use overlap::model::outcome::{Failure, Outcome};
use overlap::model::plan::{Fault, Job, LoopOptions, ModelKind, Options, Shares, Site, Workload};

use crate::runs::{Run, real_job, simulate_job};

fn job(workload: Workload, event_loop: LoopOptions, workers: u32) -> Job {
    Job { workload, model: ModelKind::EventLoop, options: Options { workers, event_loop, ..Options::default() } }
}

fn sleeps(tasks: u32, ms: u32) -> Workload {
    Workload::Sleep { tasks, ms, fault: Fault::None }
}

fn outcomes(run: &Run) -> Vec<Option<Outcome>> {
    run.trace.tasks.iter().map(|task| task.outcome.clone()).collect()
}

#[test]
fn a_semaphore_lets_in_as_many_as_it_says() {
    let options = LoopOptions { in_flight: Some(3), ..LoopOptions::default() };
    let summary = Summary::of(&simulate_job(&job(sleeps(9, 100), options, 0), None).trace);
    assert_eq!((summary.done, summary.dials.in_flight.peak), (9, 3));
    assert_eq!(summary.wall, Duration::from_millis(300), "three at a time");
}

#[test]
fn what_takes_longer_than_each_may_fails_and_the_others_are_done() {
    let options = LoopOptions { each_ms: Some(250), ..LoopOptions::default() };
    let sites = [300, 150, 450, 200].map(|after_ms| Site::Answers { after_ms });
    let run = simulate_job(&job(Workload::Sites(sites.to_vec()), options, 0), None);
    let late = Some(Outcome::Failed(Failure::TookTooLong(250)));
    let all = outcomes(&run);
    assert_eq!((&all[0], &all[2]), (&late, &late));
    assert!(matches!((&all[1], &all[3]), (Some(Outcome::Done(_)), Some(Outcome::Done(_)))), "{all:?}");
    assert_eq!(Summary::of(&run.trace).wall, Duration::from_millis(250));
}

#[test]
fn in_a_group_the_first_failure_cancels_the_rest() {
    let sites = vec![
        Site::Answers { after_ms: 30 },
        Site::Unreachable { after_ms: 40 },
        Site::Answers { after_ms: 300 },
        Site::Answers { after_ms: 50_000 },
    ];
    let options = LoopOptions { group: true, ..LoopOptions::default() };
    let run = simulate_job(&job(Workload::Sites(sites), options, 0), None);
    let all = outcomes(&run);
    assert!(matches!(all[0], Some(Outcome::Done(_))), "it was done before: {all:?}");
    assert!(matches!(all[1], Some(Outcome::Failed(_))), "{all:?}");
    assert_eq!(all[2..], [Some(Outcome::Cancelled), Some(Outcome::Cancelled)]);
    assert_eq!(Summary::of(&run.trace).wall, Duration::from_millis(40));
}

#[test]
fn a_group_cancels_also_those_that_wait_to_be_let_in() {
    let options = LoopOptions { group: true, in_flight: Some(1), ..LoopOptions::default() };
    let workload = Workload::Sleep { tasks: 5, ms: 10, fault: Fault::Panic };
    let run = simulate_job(&job(workload, options, 0), None);
    let summary = Summary::of(&run.trace);
    assert_eq!((summary.done, summary.failed, summary.cancelled), (2, 1, 2));
}

#[test]
fn threads_leave_the_loop_free_for_others() {
    let workload = Workload::Primes { tasks: 4, below: 400_000, shares: Shares::Even, fault: Fault::None };
    let options = LoopOptions { to_thread: true, ..LoopOptions::default() };
    let run = real_job(&job(workload, options, 2), None, |_| ());
    let summary = Summary::of(&run.trace);
    assert_eq!((summary.done, summary.dials.in_flight.peak), (4, 4), "all wait for a thread at once");
    let on = |lane: LaneId, phase| {
        run.trace.lanes.iter().any(|(id, row)| id == lane && row.spans.iter().any(|span| span.phase == phase))
    };
    assert!(on(LaneId::Coroutine(0), Phase::WaitingJoin) && on(LaneId::Thread(1), Phase::Computing));
}

#[test]
fn a_stop_ends_coroutines_that_wait_that_queue_and_whose_thread_computes() {
    let long = Workload::Primes { tasks: 6, below: 50_000_000, shares: Shares::Even, fault: Fault::None };
    let threads = LoopOptions { to_thread: true, ..LoopOptions::default() };
    let run = real_job(&job(long, threads, 2), None, |ports| {
        while !ports.has_begun() {
            std::thread::yield_now();
        }
        ports.stop();
    });
    assert!(outcomes(&run).iter().all(|outcome| *outcome == Some(Outcome::Cancelled)), "{:?}", outcomes(&run));
    let queued = LoopOptions { in_flight: Some(2), ..LoopOptions::default() };
    let run = simulate_job(&job(sleeps(6, 1_000), queued, 0), Some(Duration::from_millis(1_500)));
    let summary = Summary::of(&run.trace);
    assert_eq!((summary.done, summary.cancelled), (2, 4));
}

fn queue(items: u32, event_loop: LoopOptions) -> Vec<Option<Outcome>> {
    let workload = Workload::Queue { items, capacity: 1, consumers: 3, below: 0 };
    outcomes(&simulate_job(&job(workload, event_loop, 0), None))
}

/// The producer waits for room that only those could make who are not let in before it ends.
#[test]
fn a_semaphore_that_lets_in_the_producer_alone_is_a_stall_and_no_run_without_end() {
    let options = LoopOptions { in_flight: Some(1), ..LoopOptions::default() };
    let all = queue(5, options);
    let Some(Outcome::Failed(Failure::Stalled(why))) = &all[0] else { panic!("{all:?}") };
    assert!(why.contains("1 producer for room") && why.contains("3 more cannot begin"), "{why}");
    // A producer that fails leaves word that no more comes, so that its consumers end.
    assert!(all[1..].iter().all(|end| matches!(end, Some(Outcome::Done(_)))), "{all:?}");
    let two = queue(5, LoopOptions { in_flight: Some(2), ..LoopOptions::default() });
    assert!(two.iter().all(|end| matches!(end, Some(Outcome::Done(_)))), "two get along: {two:?}");
}

/// `wait_for` ends each wait in time, so that none is one for ever.
#[test]
fn what_waits_within_a_time_limit_is_late_and_not_stalled() {
    let options = LoopOptions { in_flight: Some(1), each_ms: Some(50), ..LoopOptions::default() };
    let all = queue(5, options);
    let late = Some(Outcome::Failed(Failure::TookTooLong(50)));
    assert_eq!(all[0], late);
    assert!(all[1..].iter().all(|end| matches!(end, Some(Outcome::Done(_)))), "{all:?}");
    let well = queue(5, LoopOptions { each_ms: Some(50), ..LoopOptions::default() });
    assert!(well.iter().all(|end| matches!(end, Some(Outcome::Done(_)))), "{well:?}");
}
