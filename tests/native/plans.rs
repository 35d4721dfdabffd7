//! Ten thousand plans with random faults: none hangs, each task ends once, and says how. A seed replays a plan:
//! `OVERLAP_PLAN=SEED cargo test --test native plans`, and `FROM..TO` some.

use std::collections::BTreeSet;
use std::ops::Range;
use std::process::Command;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use overlap::insight::Numbers;
use overlap::insight::ledger::Term;
use overlap::insight::numbers::Context;
use overlap::model::outcome::{Failure, Outcome};
use overlap::model::plan::{Job, ModelKind, Plan};

use crate::random_plans;
use crate::runs::{Run, real_job, simulate_job};

const PLANS: u64 = 10_000;
const PLANS_A_PROCESS: usize = 500;
/// What has not ended by then hangs.
const LONG: Duration = Duration::from_secs(30);

/// What goes wrong besides what the plan says.
#[derive(Clone, Copy, Debug, Default)]
struct Fate {
    /// When the run is stopped, in microseconds.
    stop_us: Option<u64>,
    /// Which process dies of its first message.
    dies: Option<u32>,
}

/// Of the ways in which the third task may fail, those that leave a native test alive: a trap would take the test's process with
/// it, and memory without end everybody's.
const FAULTS: u32 = 2;

fn plan(seed: u64) -> (Plan, Fate) {
    random_plans::plan(seed, FAULTS, |dice, model| Fate {
        stop_us: dice.one_in(4).then(|| u64::from(dice.below(3_000))),
        dies: (model == ModelKind::Processes && dice.one_in(4)).then(|| 1 + dice.below(3)),
    })
}

fn run(plan: &Plan, fate: Fate) -> Run {
    let job = plan.job(plan.model);
    let simulated = match plan.model {
        ModelKind::Sequential => true,
        ModelKind::EventLoop => !job.options.event_loop.to_thread,
        _ => false,
    };
    if simulated {
        return simulate_job(&job, fate.stop_us.map(Duration::from_micros));
    }
    // rayon's pool is as large as it is.
    let workers =
        if plan.model == ModelKind::Cores { rayon::current_num_threads() as u32 } else { job.options.workers };
    let job = Job { options: overlap::model::plan::Options { workers, ..job.options }, ..job };
    real_job(&job, fate.dies, |ports| {
        if let Some(us) = fate.stop_us {
            std::thread::sleep(Duration::from_micros(us));
            ports.stop();
        }
    })
}

/// The step of a native clock, with room for one thread's reading it while another does.
const CLOCK_STEP: Duration = Duration::from_micros(1);

/// What must hold of the numbers of any run.
fn check_numbers(plan: &Plan, run: &Run) {
    let context = Context { model: plan.model, workload: &plan.workload, cores: 2, clock_step: CLOCK_STEP };
    let numbers = Numbers::of(&run.trace, &context);
    let ledger = &numbers.ledger;
    assert_eq!(ledger.check(CLOCK_STEP), Ok(()), "{ledger:?}");
    assert!(numbers.adds_up);
    if plan.model == ModelKind::Threads {
        let computing = ledger.time(Term::Computing);
        // C code that lets go of the lock computes beside it.
        let unlocks = matches!(plan.workload, overlap::model::plan::Workload::Sha256 { .. });
        assert!(unlocks || computing <= ledger.wall + CLOCK_STEP * ledger.workers, "one at a time: {ledger:?}");
    }
    let names: BTreeSet<&str> = numbers.advice.iter().map(|said| said.name).collect();
    assert_eq!(names.len(), numbers.advice.len(), "each at most once");
}

/// What must hold of any run.
fn check(plan: &Plan, fate: Fate, run: &Run) {
    check_numbers(plan, run);
    let tasks = plan.workload.tasks() as usize;
    let reported: BTreeSet<u32> = run.report.outcomes.iter().map(|(id, _)| id.0).collect();
    assert_eq!((reported.len(), run.report.outcomes.len()), (tasks, tasks), "each task ends once");
    let ended: BTreeSet<u32> = run.trace.ended.iter().map(|id| id.0).collect();
    assert_eq!((ended.len(), run.trace.ended.len()), (tasks, tasks), "and is recorded to");
    for task in &run.trace.tasks {
        let (Some(submitted), Some(ended)) = (task.submitted, task.ended) else { panic!("{task:?}") };
        assert!(submitted <= ended, "{task:?}");
        if fate.stop_us.is_none() && !plan.options.event_loop.group {
            assert_ne!(task.outcome, Some(Outcome::Cancelled), "nobody asked for it");
        }
        if fate.dies.is_none() && plan.options.pool.initializer != overlap::model::plan::Initializer::Fails {
            assert!(
                !matches!(task.outcome, Some(Outcome::Failed(Failure::BrokenPool(_)))),
                "nothing broke it: {task:?}"
            );
        }
    }
}

#[test]
fn random_plans_with_random_faults_all_end() {
    match std::env::var("OVERLAP_PLAN").ok() {
        Some(seeds) => run_each(seeds_of(&seeds).expect("OVERLAP_PLAN is a seed, or FROM..TO")),
        // A real run's rings stay for as long as its process, as those of the page's processes do: two megabytes for each.
        None => (0..PLANS).step_by(PLANS_A_PROCESS).for_each(|from| {
            let itself = std::env::current_exe().expect("this program is a file");
            let seeds = format!("{from}..{}", PLANS.min(from + PLANS_A_PROCESS as u64));
            let ran = Command::new(itself)
                .args(["--exact", "plans::random_plans_with_random_faults_all_end", "--nocapture"])
                .env("OVERLAP_PLAN", &seeds)
                .output()
                .expect("it starts once more");
            let [said, complained] = [ran.stdout, ran.stderr].map(|words| String::from_utf8_lossy(&words).into_owned());
            // Each panic that was planned is told there as well; what went wrong comes last.
            let lines: Vec<&str> = complained.lines().collect();
            let last = lines[lines.len().saturating_sub(20)..].join("\n");
            assert!(
                ran.status.success() && said.contains("1 passed"),
                "of the plans {seeds}, {}: {said}\n{last}",
                ran.status
            );
        }),
    }
}

fn seeds_of(text: &str) -> Option<Range<u64>> {
    let Some((from, to)) = text.split_once("..") else {
        let seed = text.parse().ok()?;
        return Some(seed..seed + 1);
    };
    Some(from.parse().ok()?..to.parse().ok()?)
}

fn run_each(seeds: Range<u64>) {
    for seed in seeds {
        let (plan, fate) = plan(seed);
        let (sender, receiver) = channel();
        let of_run = plan.clone();
        let running = std::thread::spawn(move || {
            let run = run(&of_run, fate);
            check(&of_run, fate, &run);
            sender.send(())
        });
        match receiver.recv_timeout(LONG) {
            Ok(()) => {}
            Err(RecvTimeoutError::Timeout) => panic!("plan {seed} hangs: {plan:?} {fate:?}"),
            Err(RecvTimeoutError::Disconnected) => {
                let _ = running.join();
                panic!("plan {seed} failed, as said above: {plan:?} {fate:?}");
            }
        }
    }
}
