//! What the global interpreter lock does in a real browser, read off what was recorded: `./dev bench`.
#![cfg(target_arch = "wasm32")]

use std::rc::Rc;

use overlap::insight::Summary;
use overlap::model::event::EventKind;
use overlap::model::plan::{Fault, Job, ModelKind, Options, Shares, Workload};
use overlap::model::time::Instant;
use overlap::model::trace::Trace;
use overlap::platform::page::Image;
use overlap::platform::page::process::{Process, ProcessConfig};
use wasm_bindgen_test::{console_log, wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

/// Some seconds of one core.
const BELOW: u32 = 24_000_000;

fn row(name: &str, unit: &str, mut numbers: Vec<f64>) {
    numbers.sort_by(f64::total_cmp);
    let quantile = |part: f64| numbers[((numbers.len() - 1) as f64 * part) as usize];
    console_log!(
        "{name}: median {:.3} {unit}, 95th percentile {:.3}, 99th {:.3} (n = {})",
        quantile(0.5),
        quantile(0.95),
        quantile(0.99),
        numbers.len()
    );
}

#[wasm_bindgen_test]
async fn two_threads_that_compute() {
    let config = ProcessConfig::with_threads(Rc::new(Image::own()), 2);
    let process = Process::spawn(&config).expect("a worker");
    process.ready(&config).await.expect("a process");
    let mut walls = Vec::new();
    let (mut holds_ms, mut hand_overs_us) = (Vec::new(), Vec::new());
    // A hold is the time until the waiter asks, which is its interval and its waking, and the time that the holder takes to hear it.
    let (mut until_request_ms, mut answers_us) = (Vec::new(), Vec::new());
    for model in [ModelKind::Sequential, ModelKind::Threads] {
        let workload = Workload::Primes { tasks: 2, below: BELOW, shares: Shares::Even, fault: Fault::None };
        let job = Job { workload, model, options: Options { workers: 2, ..Options::default() } };
        process.run(&job).await.expect("a report");
        let mut trace = Trace::new(2);
        let (mut taken, mut requested, mut forced_at) = (None, None, None::<Instant>);
        let lost = process.take_events(|event| {
            trace.apply(event);
            match event.kind {
                EventKind::LockTaken => {
                    hand_overs_us.extend(forced_at.take().map(|at| (event.at - at).as_secs_f64() * 1e6));
                    (taken, requested) = (Some(event.at), None);
                }
                EventKind::LockRequested => requested = requested.or(Some(event.at)),
                EventKind::LockDropped => {
                    let was_forced = event.arg == 1;
                    if let (Some(taken), Some(requested), true) = (taken, requested, was_forced) {
                        until_request_ms.push((requested - taken).as_secs_f64() * 1e3);
                        answers_us.push((event.at - requested).as_secs_f64() * 1e6);
                    }
                    holds_ms.extend(taken.take().filter(|_| was_forced).map(|at| (event.at - at).as_secs_f64() * 1e3));
                    forced_at = was_forced.then_some(event.at);
                }
                _ => {}
            }
        });
        assert_eq!(lost, 0);
        walls.push(Summary::of(&trace).wall.as_secs_f64());
    }
    row("forced holds of the lock (median of 5.0 to 5.5, 99th percentile of at most 7)", "ms", holds_ms);
    row("of that, from taken to the request", "ms", until_request_ms);
    row("of that, from the request to the drop", "us", answers_us);
    row("forced hand-over (median of at most 50)", "us", hand_overs_us);
    console_log!("two threads under the lock, in times of Sequential: {:.3} (0.95 to 1.10)", walls[1] / walls[0]);
}
