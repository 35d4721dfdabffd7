//! What each executor does with the same work, read off what it recorded.

use std::time::Duration;

use overlap::engine::recorder::{Drain, Shared};
use overlap::engine::{Env, run};
use overlap::insight::tasks::{self, Standing};
use overlap::insight::{Summary, speedup};
use overlap::model::id::TaskId;
use overlap::model::outcome::{Failure, Outcome, Report, Value};
use overlap::model::plan::{Draft, Fault, Job, ModelKind, Workload};
use overlap::model::trace::Trace;
use proptest::prelude::*;

use crate::ports::{RealPorts, SimulatedPorts};

struct Run {
    report: Report,
    trace: Trace,
}

fn simulate(workload: &Workload, model: ModelKind, stop_at: Option<Duration>) -> Run {
    let shared = Shared::new(1, 1 << 14);
    let ports = SimulatedPorts::new(&shared, stop_at);
    let job = Job { workload: workload.clone(), model };
    let report = ports.run(run(&job, Env { ports: &ports, shared: &shared }));
    Run { trace: trace_of(&shared, workload, &report), report }
}

fn on_threads(workload: &Workload) -> Run {
    let shared = Shared::new(rayon::current_num_threads() + 1, 1 << 12);
    // The one clock of the tests that is real: these threads are.
    #[expect(clippy::disallowed_methods, reason = "this is a clock port")]
    let ports = RealPorts { started: std::time::Instant::now() };
    let job = Job { workload: workload.clone(), model: ModelKind::Cores };
    let report = futures_util::FutureExt::now_or_never(run(&job, Env { ports: &ports, shared: &shared }));
    let report = report.expect("a core pool waits for nothing but its threads");
    Run { trace: trace_of(&shared, workload, &report), report }
}

fn trace_of(shared: &Shared, workload: &Workload, report: &Report) -> Trace {
    let mut trace = Trace::new(workload.tasks());
    let mut drain = Drain::default();
    let (events, lost) = drain.take(shared.words());
    assert_eq!(lost, 0);
    events.iter().for_each(|event| trace.apply(event));
    trace.apply_report(report);
    trace
}

fn five_sites() -> Workload {
    Draft::default().validate(2).expect("the usual plan is valid").workload
}

fn ids(ended: &[TaskId]) -> Vec<u32> {
    ended.iter().map(|id| id.number()).collect()
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
    let gained = speedup(&sequential, &summary).expect("both ended every task");
    assert!((gained - 1_140.0 / 450.0).abs() < 1e-9, "{gained}");
}

#[test]
fn a_limit_splits_what_is_done_from_what_is_not() {
    let run = simulate(&five_sites(), ModelKind::EventLoop, None);
    let rows = tasks::rows(&run.trace, &five_sites(), Some(250));
    let in_time: Vec<_> = rows.iter().map(|row| row.in_time).collect();
    assert_eq!(in_time, [Some(false), Some(true), Some(false), Some(true), Some(true)]);
}

#[test]
fn a_task_that_computes_blocks_the_loop() {
    let workload = Workload::Primes { tasks: 4, below: 20_000, fault: Fault::None };
    let summary = Summary::of(&simulate(&workload, ModelKind::EventLoop, None).trace);
    assert_eq!((summary.total, summary.dials.computing.peak, summary.dials.in_flight.peak), (Some(2_262), 1, 1));
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
    let workload = Workload::Primes { tasks: 4, below: 10_000, fault: Fault::Panic };
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
    let workload = Workload::Primes { tasks: 16, below: 1_000_000, fault: Fault::None };
    let run = on_threads(&workload);
    let summary = Summary::of(&run.trace);
    assert_eq!((summary.total, summary.done), (Some(78_498), 16));
    assert!(summary.dials.computing.peak as usize <= rayon::current_num_threads());
    assert_eq!(run.trace.lanes.len(), rayon::current_num_threads(), "each worker has a lane");
    assert!(run.trace.lanes.values().all(|lane| lane.open.is_none()), "each lane is closed");
}

#[test]
fn what_has_not_ended_at_a_stop_is_cancelled_and_what_has_stays() {
    for model in [ModelKind::Sequential, ModelKind::EventLoop] {
        let run = simulate(&five_sites(), model, Some(Duration::from_millis(320)));
        let rows = tasks::rows(&run.trace, &five_sites(), None);
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
