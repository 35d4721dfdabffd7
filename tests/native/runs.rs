//! How tests run a job and read off what it recorded.

use std::time::Duration;

use overlap::engine::recorder::{Drain, Shared};
use overlap::engine::{Env, run};
use overlap::model::id::TaskId;
use overlap::model::outcome::{Outcome, Report, Value};
use overlap::model::plan::{Job, ModelKind, Options, Workload};
use overlap::model::trace::{TaskLife, Trace};

use crate::ports::{RealPorts, SimulatedPorts};

/// What a run left.
pub struct Run {
    pub report: Report,
    pub trace: Trace,
}

/// A job with a switch interval of a millisecond.
pub fn job(workload: &Workload, model: ModelKind, workers: u32) -> Job {
    let options = Options { workers, switch_interval_us: 1_000, ..Options::default() };
    Job { workload: workload.clone(), model, options }
}

/// Runs on simulated ports, which wait for nothing.
pub fn simulate(workload: &Workload, model: ModelKind, stop_at: Option<Duration>) -> Run {
    simulate_job(&job(workload, model, 0), stop_at)
}

/// The same for a whole job.
pub fn simulate_job(job: &Job, stop_at: Option<Duration>) -> Run {
    // A process lives as long as its threads, and these with the test.
    let shared: &'static Shared = Box::leak(Box::new(Shared::new(1, 1 << 14)));
    let ports: &'static SimulatedPorts<'_> = Box::leak(Box::new(SimulatedPorts::new(shared, stop_at)));
    let report = ports.run(run(job, Env::new(ports, shared)));
    Run { trace: trace_of(shared, &job.workload, &report), report }
}

/// Real threads: of the current rayon pool, of a pool of threads, or in the place of processes.
pub fn real(workload: &Workload, model: ModelKind, workers: u32, meanwhile: impl FnOnce(&RealPorts) + Send) -> Run {
    real_job(&job(workload, model, workers), None, meanwhile)
}

/// The same; the process of the number dies of its first message.
pub fn real_job(job: &Job, dies: Option<u32>, meanwhile: impl FnOnce(&RealPorts) + Send) -> Run {
    let shared: &'static Shared = Box::leak(Box::new(Shared::new(job.options.workers as usize + 1, 1 << 14)));
    let ports: &'static RealPorts = Box::leak(Box::new(RealPorts::new(shared, dies)));
    let report = std::thread::scope(|scope| {
        scope.spawn(|| meanwhile(ports));
        ports.run(run(job, Env::new(ports, shared)))
    });
    let mut trace = trace_of(shared, &job.workload, &Report::default());
    for child in ports.blocks().into_iter().skip(1) {
        let mut drain = Drain::default();
        drain.take(child.words()).0.iter().for_each(|event| trace.apply(event));
    }
    trace.apply_report(&report);
    Run { trace, report }
}

/// Runs on all threads of the current rayon pool.
pub fn on_threads(workload: &Workload) -> Run {
    real(workload, ModelKind::Cores, rayon::current_num_threads() as u32, |_| ())
}

/// What was recorded, with the words of the report.
pub fn trace_of(shared: &Shared, workload: &Workload, report: &Report) -> Trace {
    let mut trace = Trace::new(workload.tasks());
    let mut drain = Drain::default();
    let (events, lost) = drain.take(shared.words());
    assert_eq!(lost, 0);
    events.iter().for_each(|event| trace.apply(event));
    trace.apply_report(report);
    trace
}

/// What the tasks counted together.
pub fn total(trace: &Trace) -> Option<u64> {
    let count = |task: &TaskLife| match task.outcome {
        Some(Outcome::Done(Value::Count(count))) => Some(count),
        _ => None,
    };
    trace.tasks.iter().map(count).sum()
}

pub fn ids(ended: &[TaskId]) -> Vec<u32> {
    ended.iter().map(|id| id.number()).collect()
}
