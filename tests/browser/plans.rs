//! Three hundred random plans in a browser, with the faults that only a browser has: a trap, memory without end, code that
//! hears nothing, and a process that is ended at any moment. None hangs, each says how its tasks ended and why, and the next run
//! works. A failure names its seed, which `OVERLAP_PLAN=SEED wasm-pack test …` runs alone.
//!
//! The test server stands for the page's own network and answers every request with status 404, so that hardly anything here
//! waits for an answer. What a site that never answers does is among the end-to-end tests.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::pin::pin;
use std::rc::Rc;

use futures_util::future::{Either, pending, select};
use gloo_timers::future::TimeoutFuture;
use overlap::model::outcome::{Failure, Outcome, RunEnd};
use overlap::model::plan::{Fault, Initializer, Job, ModelKind, Options, Plan, Workload};
use overlap::model::trace::{Stamp, Trace};
use overlap::platform::clock::now_ms;
use overlap::platform::page::Image;
use overlap::platform::page::process::{Process, ProcessConfig};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::random_plans;

const PLANS: u64 = 300;
/// Every way in which the third task may fail.
const FAULTS: u32 = 5;
/// What has not ended so long after it was ready, or after it was to end, hangs.
const ENDS_WITHIN_MS: f64 = 3_000.0;
/// When it is given up, so that the failure has its seed.
const HANGS_AFTER_MS: u32 = 20_000;
/// How long tasks have to end by themselves once they are asked to, as on the page.
const STOP_GRACE_MS: u32 = 60;

/// What happens to a run from outside, in milliseconds after its start: before its process is there, or after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Nothing,
    /// It is stopped, as a person does.
    Stopped(u32),
    /// Its process is ended, with nothing said before.
    Killed(u32),
}

fn fault_of(workload: &Workload) -> Fault {
    match workload {
        Workload::Primes { fault, .. } | Workload::Mandelbrot { fault, .. } | Workload::Sleep { fault, .. } => *fault,
        _ => Fault::None,
    }
}

fn plan(seed: u64) -> (Plan, Fate) {
    let (plan, (sides, after_ms)) = random_plans::plan(seed, FAULTS, |dice, _| (dice.below(8), dice.below(250)));
    let fate = match sides {
        0 | 1 => Fate::Stopped(after_ms),
        2 => Fate::Killed(after_ms),
        _ if fault_of(&plan.workload) == Fault::Endless => Fate::Stopped(after_ms),
        _ => Fate::Nothing,
    };
    (plan, fate)
}

struct Ran {
    end: RunEnd,
    trace: Trace,
    /// How many tasks had an outcome before the page gave the others one.
    ended: usize,
    took_ms: f64,
}

/// Runs a job as the page does, to its end or to that which fate has for it.
async fn run(image: &Rc<Image>, job: &Job, fate: Fate) -> Ran {
    let config = ProcessConfig::with_threads(image.clone(), job.threads());
    let process = Process::spawn(&config).expect("a worker");
    let since_ms = Cell::new(now_ms());
    let work = async {
        process.ready(&config).await?;
        since_ms.set(now_ms());
        process.run(job).await
    };
    let cut = async {
        match fate {
            Fate::Nothing => pending().await,
            Fate::Stopped(ms) => {
                TimeoutFuture::new(ms).await;
                since_ms.set(now_ms());
                process.request_stop();
                TimeoutFuture::new(STOP_GRACE_MS).await;
            }
            Fate::Killed(ms) => {
                TimeoutFuture::new(ms).await;
                since_ms.set(now_ms());
            }
        }
    };
    let (work, cut) = (pin!(work), pin!(cut));
    let selected = select(work, select(cut, TimeoutFuture::new(HANGS_AFTER_MS))).await;
    let mut trace = Trace::new(job.workload.tasks());
    trace.lost = process.take_events(|event| trace.apply(event));
    let end = match selected {
        Either::Left((Ok(report), _)) => {
            trace.apply_report(&report);
            RunEnd::Done
        }
        Either::Left((Err(error), _)) => RunEnd::Failed(error.to_string()),
        Either::Right((Either::Left(_), _)) => RunEnd::Cancelled,
        Either::Right((Either::Right(_), _)) => RunEnd::TimedOut,
    };
    let outcome = match end {
        RunEnd::Failed(_) => Outcome::Failed(Failure::ProcessDied),
        RunEnd::Done | RunEnd::Cancelled | RunEnd::TimedOut => Outcome::Cancelled,
    };
    let ended = trace.ended.len();
    trace.cut(process.now(), &outcome);
    Ran { end, trace, ended, took_ms: now_ms() - since_ms.get() }
}

/// What must hold of any run; if it does not, why.
fn check(plan: &Plan, fate: Fate, ran: &Ran) -> Result<(), String> {
    let holds = |condition: bool, why: &str| if condition { Ok(()) } else { Err(why.to_owned()) };
    holds(ran.end != RunEnd::TimedOut, "it hangs")?;
    // Once, of eight times that all plans were run, a request had no answer until its time was up. Whose fault that is, the
    // server's or ours, is not known; a run may take as long as its requests wait, and no longer.
    let patience_ms = ran.trace.tasks.iter().filter_map(|task| match task.outcome {
        Some(Outcome::Failed(Failure::TimedOut(ms))) => Some(f64::from(ms)),
        _ => None,
    });
    holds(ran.took_ms < ENDS_WITHIN_MS + patience_ms.fold(0.0, f64::max), "it took too long")?;
    let fault = fault_of(&plan.workload);
    let kills = matches!(fault, Fault::Trap | Fault::Allocate);
    if let RunEnd::Failed(words) = &ran.end {
        holds(kills, "its process died of nothing")?;
        let of_what =
            if fault == Fault::Trap { "the process died: " } else { "the process died, as it had no memory left" };
        holds(words.contains(of_what) && words.len() > 80, "and says not of what")?;
    }
    let trace = &ran.trace;
    let ended: BTreeSet<_> = trace.ended.iter().collect();
    holds(ended.len() == trace.ended.len(), "a task ended twice")?;
    for task in trace.tasks.iter().filter(|task| task.submitted.is_some()) {
        let Some(outcome) = &task.outcome else { return Err("a task has no outcome".to_owned()) };
        // Clocks of two threads differ by the step in which they tick; their order is that of the sequence numbers.
        let order = |stamp: Option<Stamp>| stamp.map(|stamp| stamp.sequence);
        let is_one_process = plan.model != ModelKind::Processes;
        holds(!is_one_process || order(task.submitted) <= order(task.ended), "it ended before it began")?;
        if let Outcome::Failed(Failure::BrokenPool(why)) = outcome {
            let breaks = kills || plan.options.pool.initializer == Initializer::Fails;
            holds(breaks, "nothing broke its pool")?;
            holds(ran.end != RunEnd::Done || !why.is_empty(), "nor is said what broke it")?;
        }
    }
    if ran.end == RunEnd::Done {
        holds(ran.ended == trace.tasks.len(), "a task was forgotten")?;
    }
    if fate == Fate::Nothing {
        holds(ran.end != RunEnd::Cancelled, "nobody ended it")?;
        let has = |is: fn(&Outcome) -> bool| trace.tasks.iter().filter_map(|task| task.outcome.as_ref()).any(is);
        let is_cancelled = has(|outcome| *outcome == Outcome::Cancelled);
        holds(!is_cancelled || plan.options.event_loop.group, "nobody asked for an end")?;
        holds(fault == Fault::None || has(|outcome| matches!(outcome, Outcome::Failed(_))), "its fault shows nowhere")?;
    }
    Ok(())
}

/// The run that comes after one that did not end well.
async fn next_run_works(image: &Rc<Image>) -> Result<(), String> {
    let job = Job { workload: Workload::Tiny { tasks: 2 }, model: ModelKind::Sequential, options: Options::default() };
    let ran = run(image, &job, Fate::Nothing).await;
    let done = ran.trace.tasks.iter().filter(|task| matches!(task.outcome, Some(Outcome::Done(_)))).count();
    if ran.end == RunEnd::Done && done == 2 {
        Ok(())
    } else {
        Err(format!("the next run does not work: {:?}", ran.end))
    }
}

#[wasm_bindgen_test]
async fn random_plans_with_random_faults_all_end_and_the_next_run_works() {
    let replayed: Option<u64> = option_env!("OVERLAP_PLAN").and_then(|seed| seed.parse().ok());
    let image = Rc::new(Image::own());
    let mut ends = [0; 3];
    let start_ms = now_ms();
    for seed in replayed.map_or(0..PLANS, |seed| seed..seed + 1) {
        let (plan, fate) = plan(seed);
        let ran = run(&image, &plan.job(plan.model), fate).await;
        let mut checked = check(&plan, fate, &ran);
        let place = match ran.end {
            RunEnd::Done => 0,
            RunEnd::Failed(_) => 1,
            RunEnd::Cancelled | RunEnd::TimedOut => 2,
        };
        ends[place] += 1;
        if checked.is_ok() && place > 0 {
            checked = next_run_works(&image).await;
        }
        if let Err(why) = checked {
            let (end, took_ms, tasks) = (&ran.end, ran.took_ms, &ran.trace.tasks);
            panic!("plan {seed}: {why}. {plan:?} {fate:?} {end:?} after {took_ms} ms: {tasks:?}");
        }
    }
    let taken_ms = now_ms() - start_ms;
    wasm_bindgen_test::console_log!("{ends:?} plans were done, failed and cancelled in {taken_ms:.0} ms");
    assert!(replayed.is_some() || ends.iter().all(|count| *count > 5), "every end was seen: {ends:?}");
}
