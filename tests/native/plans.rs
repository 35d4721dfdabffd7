//! Ten thousand plans with random faults: none hangs, each task ends once, and says how. A seed replays a plan:
//! `OVERLAP_PLAN=SEED cargo test --test native plans`.

use std::collections::BTreeSet;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use overlap::model::outcome::{Failure, Outcome};
use overlap::model::plan::{Choose, Draft, Job, ModelKind, Param, Plan, WorkloadKind};
use rand_pcg::Pcg32;
use rand_pcg::rand_core::{Rng, SeedableRng};

use crate::runs::{Run, real_job, simulate_job};

const PLANS: u64 = 10_000;
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

struct Dice(Pcg32);

impl Dice {
    fn below(&mut self, sides: u32) -> u32 {
        self.0.next_u32() % sides
    }

    fn one_in(&mut self, sides: u32) -> bool {
        self.below(sides) == 0
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u32) as usize]
    }
}

/// Small, so that ten thousand take half a minute; and of every kind.
fn number(param: Param, dice: &mut Dice) -> u32 {
    match param {
        Param::Workers => 1 + dice.below(4),
        Param::SwitchInterval => dice.pick(&[1, 50, 1_000, 5_000]),
        Param::Tasks | Param::Consumers | Param::Chunksize | Param::PerProcess | Param::InFlight => 1 + dice.below(6),
        Param::Below => 10 + dice.below(3_000),
        Param::Ms | Param::Latency => dice.below(3),
        Param::Pages | Param::Sleeps => 1 + dice.below(3),
        Param::Iterations => 1 + dice.below(8),
        Param::Blocks => 1,
        Param::Size => 1 + dice.below(20),
        Param::Points | Param::Numbers | Param::Times => 1 + dice.below(600),
        Param::Kib => 1 + dice.below(64),
        Param::Items => 1 + dice.below(12),
        Param::Capacity => 1 + dice.below(3),
        Param::Seed => 1 + dice.below(1_000),
        Param::TaskLimit | Param::Limit | Param::Timeout => 1 + dice.below(4),
    }
}

fn plan(seed: u64) -> (Plan, Fate) {
    let mut dice = Dice(Pcg32::seed_from_u64(seed));
    loop {
        let model = dice.pick(&ModelKind::ALL);
        let workload = dice.pick(&WorkloadKind::ALL);
        if model == ModelKind::Subprocess || Draft::model_refused(workload, model).is_some() {
            continue;
        }
        let mut draft = Draft::of(workload, model);
        for site in &mut draft.sites {
            site.value = dice.below(4).to_string();
        }
        for param in draft.params().collect::<Vec<_>>() {
            if !param.spec(workload).usual.is_empty() || dice.one_in(2) {
                draft.set_text(param, number(param, &mut dice).to_string());
            }
        }
        let choices: Vec<Choose> = draft.choices().collect();
        for choose in choices {
            let mut options = choose.spec().options.len() as u32;
            if choose == Choose::Fault {
                // A trap would take the test's process with it, and memory without end everybody's.
                options = 2;
            }
            draft.set_choice(choose, dice.below(options) as usize);
        }
        let fate = Fate {
            stop_us: dice.one_in(4).then(|| u64::from(dice.below(3_000))),
            dies: (model == ModelKind::Processes && dice.one_in(4)).then(|| 1 + dice.below(3)),
        };
        // A producer may have been given too few threads, which is said beforehand.
        if let Ok(plan) = draft.validate(2) {
            return (plan, fate);
        }
    }
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

/// What must hold of any run.
fn check(plan: &Plan, fate: Fate, run: &Run) {
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
    let replayed: Option<u64> = std::env::var("OVERLAP_PLAN").ok().and_then(|seed| seed.parse().ok());
    let seeds = replayed.map_or(0..PLANS, |seed| seed..seed + 1);
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
