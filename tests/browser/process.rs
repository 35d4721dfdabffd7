//! Processes: start, run, stop, and every way to die.

use std::rc::Rc;

use gloo_timers::future::TimeoutFuture;
use overlap::engine::ports::Clock;
use overlap::model::event::{Event, EventKind, Phase};
use overlap::model::id::LaneId;
use overlap::model::outcome::{Failure, Outcome, Value};
use overlap::model::plan::{Fault, Job, ModelKind, Options, Shares, Site, Workload};
use overlap::model::time::Instant;
use overlap::model::trace::Trace;
use overlap::platform::clock::{BrowserClock, absolute_ms, correct_clock, now_ms};
use overlap::platform::page::Image;
use overlap::platform::page::process::{Process, ProcessConfig, ProcessError};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::wasm_bindgen_test;

/// The longest that the death of a process may go unnoticed, in milliseconds.
const KNOWN_WITHIN_MS: f64 = 3_000.0;

/// A process of the image that these tests are themselves.
pub fn config(threads: u32) -> ProcessConfig {
    ProcessConfig::with_threads(Rc::new(Image::own()), threads)
}

pub async fn started(threads: u32) -> Process {
    let config = config(threads);
    let process = Process::spawn(&config).expect("a worker");
    process.ready(&config).await.expect("a process");
    process
}

/// The address of a start script like the usual one, with something more at its end.
pub async fn script_with(more: &str) -> String {
    let make = js_sys::Function::new_with_args(
        "more",
        r#"return (async () => {
            const loaded = performance.getEntriesByType("resource").map((entry) => entry.name);
            const text = await (await fetch(loaded.find((name) => name.endsWith("/www/process.js")))).text();
            return URL.createObjectURL(new Blob([text, more], { type: "text/javascript" }));
        })()"#,
    );
    let made: js_sys::Promise =
        make.call1(&JsValue::NULL, &more.into()).expect("it is called").dyn_into().expect("it is a promise");
    JsFuture::from(made).await.expect("the script is there").as_string().expect("an address")
}

/// Why a process does not start.
async fn fails_to_start(config: ProcessConfig) -> ProcessError {
    let process = Process::spawn(&config).expect("a worker");
    in_time(process.ready(&config)).await.expect_err("no process")
}

/// What a process says, and that it says so before a person would think that it hangs.
pub async fn in_time<T>(said: impl Future<Output = T>) -> T {
    let start_ms = now_ms();
    let said = said.await;
    let taken_ms = now_ms() - start_ms;
    assert!(taken_ms < KNOWN_WITHIN_MS, "it took {taken_ms} ms");
    said
}

fn job(workload: Workload, model: ModelKind, workers: u32) -> Job {
    Job { workload, model, options: Options { workers, ..Options::default() } }
}

fn primes(tasks: u32, below: u32, fault: Fault) -> Workload {
    Workload::Primes { tasks, below, shares: Shares::Even, fault }
}

pub fn events(process: &Process) -> Vec<Event> {
    let mut events = Vec::new();
    let lost = process.take_events(|event| events.push(*event));
    assert_eq!(lost, 0, "no event is lost");
    events
}

#[wasm_bindgen_test]
async fn a_process_runs_a_job_on_its_own_thread_and_records_it() {
    let process = started(0).await;
    let job = job(primes(4, 10_000, Fault::None), ModelKind::Sequential, 0);
    let report = process.run(&job).await.expect("a report");
    let counts = report.outcomes.iter().map(|(_, outcome)| match outcome {
        Outcome::Done(Value::Count(count)) => *count,
        other => panic!("{other:?}"),
    });
    assert_eq!(counts.sum::<u64>(), 1_229);
    let events = events(&process);
    assert_eq!((events[0].lane, events[0].kind), (LaneId::Process, EventKind::LaneClosed), "it had started");
    assert_eq!(events.iter().filter(|event| matches!(event.kind, EventKind::Finished)).count(), 4);
    assert!(events.is_sorted_by_key(|event| event.sequence));
    assert!(events.iter().all(|event| event.at <= process.now()));
}

#[wasm_bindgen_test]
async fn a_thread_pool_inside_a_process_counts_on_every_thread() {
    let process = started(2).await;
    let job = job(primes(8, 2_000_000, Fault::None), ModelKind::Cores, 2);
    let report = process.run(&job).await.expect("a report");
    assert_eq!(report.outcomes.len(), 8);
    let events = events(&process);
    let lanes: std::collections::BTreeSet<_> =
        events.iter().filter(|event| event.kind == EventKind::Started).map(|event| event.lane).collect();
    assert_eq!(lanes.len(), 2, "{lanes:?}");
}

#[wasm_bindgen_test]
async fn a_panic_is_the_error_of_its_task_and_the_pool_goes_on() {
    let process = started(2).await;
    let job = job(primes(4, 10_000, Fault::Panic), ModelKind::Cores, 2);
    for _ in 0..2 {
        let report = process.run(&job).await.expect("a report");
        let failed: Vec<_> =
            report.outcomes.iter().filter(|(_, outcome)| !matches!(outcome, Outcome::Done(_))).collect();
        let [(id, Outcome::Failed(Failure::Panicked(words)))] = &failed[..] else { panic!("{failed:?}") };
        assert_eq!((id.0, words.as_str()), (2, "the plan asked this task to panic"));
    }
}

#[wasm_bindgen_test]
async fn a_trap_on_the_process_s_own_thread_ends_it_with_the_browsers_words() {
    let process = started(0).await;
    let job = job(primes(4, 10_000, Fault::Trap), ModelKind::Sequential, 0);
    let error = in_time(process.run(&job)).await.expect_err("no report");
    assert!(matches!(&error, ProcessError::Died(words) if words.contains("unreachable")), "{error:?}");
}

/// As a browser ends one: there is no event, and what it still would have said is not said.
#[wasm_bindgen_test]
async fn a_worker_that_ends_without_a_word_is_noticed() {
    let ends_at_once = r#"addEventListener("message", ({ data }) => {
        if (data.kind === "run") close();
    });"#;
    let config = ProcessConfig { script: Some(script_with(ends_at_once).await), ..config(0) };
    let process = Process::spawn(&config).expect("a worker");
    process.ready(&config).await.expect("a process");
    let sleep = Workload::Sleep { tasks: 1, ms: 60_000, fault: Fault::None };
    let error = in_time(process.run(&job(sleep, ModelKind::EventLoop, 0))).await.expect_err("no report");
    assert!(matches!(&error, ProcessError::Ended), "{error:?}");
    assert!(!process.is_fit());
}

#[wasm_bindgen_test]
async fn a_trap_on_a_pool_thread_is_noticed_by_the_page() {
    let process = started(2).await;
    let job = job(primes(4, 10_000, Fault::Trap), ModelKind::Cores, 2);
    let watch = async {
        loop {
            TimeoutFuture::new(5).await;
            process.take_events(|_| {});
        }
    };
    let run = in_time(process.run(&job));
    futures_util::pin_mut!(run, watch);
    let futures_util::future::Either::Left((Err(error), _)) = futures_util::future::select(run, watch).await else {
        panic!("the run ended well")
    };
    assert!(matches!(&error, ProcessError::Died(words) if words.contains("unreachable")), "{error:?}");
}

#[wasm_bindgen_test]
async fn a_script_that_does_not_load_is_an_error() {
    let script = Some("/there-is-no-such-script.js".to_owned());
    assert_eq!(fails_to_start(ProcessConfig { script, ..config(0) }).await, ProcessError::ScriptFailed);
}

#[wasm_bindgen_test]
async fn a_script_that_says_nothing_is_an_error_in_time() {
    let script = Some("data:text/javascript,setInterval(() => {}, 1000)".to_owned());
    let config = ProcessConfig { script, start_time_ms: 500, ..config(0) };
    assert_eq!(fails_to_start(config).await, ProcessError::StartTimedOut(500));
}

#[wasm_bindgen_test]
async fn a_program_that_is_none_is_an_error() {
    let error = Image::load("/there-is-no-such-program.js".to_owned()).await.expect_err("no program");
    assert!(matches!(&error, ProcessError::ImageFailed(words) if !words.is_empty()), "{error:?}");
}

#[wasm_bindgen_test]
async fn a_memory_that_cannot_be_had_is_an_error() {
    let config = ProcessConfig { memory_mib: 100_000, ..config(0) };
    assert!(matches!(fails_to_start(config).await, ProcessError::MemoryDenied { mib: 100_000, .. }));
}

#[wasm_bindgen_test]
async fn rings_are_read_while_every_thread_computes() {
    let process = started(2).await;
    let job = job(primes(2, 20_000_000, Fault::None), ModelKind::Cores, 2);
    let watch = async {
        let mut computing = 0;
        while computing < 2 {
            TimeoutFuture::new(1).await;
            let begun = |event: &&Event| event.kind == EventKind::Enter(Phase::Computing);
            computing += events(&process).iter().filter(begun).count();
        }
        process.request_stop();
    };
    let (report, ()) = futures_util::future::join(process.run(&job), watch).await;
    let outcomes = report.expect("a report").outcomes;
    assert!(outcomes.iter().all(|(_, outcome)| *outcome == Outcome::Cancelled), "{outcomes:?}");
}

#[wasm_bindgen_test]
async fn a_stop_wakes_what_sleeps_on_an_event_loop() {
    let process = started(0).await;
    let job = job(Workload::Sleep { tasks: 5, ms: 60_000, fault: Fault::None }, ModelKind::EventLoop, 0);
    let stop = async {
        let mut asleep = 0;
        while asleep < 5 {
            TimeoutFuture::new(1).await;
            let sleeps = |event: &&Event| event.kind == EventKind::Enter(Phase::Sleeping);
            asleep += events(&process).iter().filter(sleeps).count();
        }
        process.request_stop();
    };
    let (report, ()) = futures_util::future::join(process.run(&job), stop).await;
    let outcomes = report.expect("a report").outcomes;
    assert!(outcomes.iter().all(|(_, outcome)| *outcome == Outcome::Cancelled), "{outcomes:?}");
}

#[wasm_bindgen_test]
async fn a_process_fetches_and_every_failure_has_its_kind() {
    let process = started(0).await;
    let origin = js_sys::Reflect::get(&js_sys::global(), &"origin".into()).expect("a page has an origin");
    let origin = origin.as_string().expect("it is text");
    // The test server stands for the service worker, which the end-to-end tests have.
    let sites = ["/", "/there-is-no-such-page"].map(|path| Site::Url(format!("{origin}{path}")));
    let unreachable = Site::Url("http://127.0.0.1:1/".to_owned());
    let job = job(Workload::Sites([&sites[..], &[unreachable]].concat()), ModelKind::EventLoop, 0);
    let mut outcomes = process.run(&job).await.expect("a report").outcomes;
    outcomes.sort_by_key(|(id, _)| *id);
    let outcomes: Vec<Outcome> = outcomes.into_iter().map(|(_, outcome)| outcome).collect();
    assert!(matches!(outcomes[0], Outcome::Done(Value::Response { status: 200, bytes: 1.. })), "{outcomes:?}");
    assert_eq!(outcomes[1], Outcome::Failed(Failure::Status(404)));
    assert!(matches!(outcomes[2], Outcome::Failed(Failure::Unreachable(_))), "{outcomes:?}");
    let waited = events(&process).iter().filter(|event| event.kind == EventKind::Enter(Phase::WaitingIo)).count();
    assert!(waited >= 3, "each request was waited for");
}

/// What happened to the lock, in the order of the sequence numbers: who took it from whom, who dropped it.
#[wasm_bindgen_test]
async fn one_thread_has_the_lock_and_who_is_made_to_drop_it_hands_it_to_another() {
    let process = started(2).await;
    let job = job(primes(2, 6_000_000, Fault::None), ModelKind::Threads, 2);
    let report = process.run(&job).await.expect("a report");
    assert!(report.outcomes.iter().all(|(_, outcome)| matches!(outcome, Outcome::Done(_))), "{report:?}");
    let (mut holder, mut last_forced, mut forced, mut at) = (None, None, 0, Instant::default());
    for event in events(&process) {
        match event.kind {
            EventKind::LockTaken => {
                assert_eq!(holder, None, "nobody else holds it");
                assert_ne!(last_forced, Some(event.lane), "a forced drop goes to another thread");
                (holder, last_forced) = (Some(event.lane), None);
            }
            EventKind::LockDropped => {
                assert_eq!(holder.take(), Some(event.lane), "only its holder drops it");
                if event.arg == 1 {
                    forced += 1;
                    last_forced = Some(event.lane);
                }
            }
            _ => continue,
        }
        assert!(event.at >= at, "its times are in its order");
        at = event.at;
    }
    assert!(forced > 3, "{forced} forced drops");
}

#[wasm_bindgen_test]
async fn threads_that_wait_for_answers_wait_at_the_same_time() {
    let process = started(5).await;
    let origin = js_sys::Reflect::get(&js_sys::global(), &"origin".into()).expect("a page has an origin");
    let site = Site::Url(format!("{}/", origin.as_string().expect("it is text")));
    let unreachable = Site::Url("http://127.0.0.1:1/".to_owned());
    let sites = Workload::Sites(vec![site.clone(), unreachable, site.clone(), site.clone(), site]);
    for model in [ModelKind::Threads, ModelKind::FreeThreads] {
        let report = process.run(&job(sites.clone(), model, 5)).await.expect("a report");
        let done = report.outcomes.iter().filter(|(_, outcome)| matches!(outcome, Outcome::Done(_))).count();
        let failed = report.outcomes.iter().find(|(id, _)| id.0 == 1).map(|(_, outcome)| outcome.clone());
        assert_eq!(done, 4, "{report:?}");
        assert!(matches!(failed, Some(Outcome::Failed(Failure::Unreachable(_)))), "{report:?}");
        let events = events(&process);
        let mut trace = Trace::new(5);
        events.iter().for_each(|event| trace.apply(event));
        let dials = overlap::insight::dials::dials(&trace);
        assert!(dials.in_flight.peak >= 2, "they wait at the same time: {dials:?}");
        let waits = events.iter().filter(|event| event.kind == EventKind::Enter(Phase::WaitingIo)).count();
        assert_eq!(waits, 5, "each thread waited for its answer");
    }
}

#[wasm_bindgen_test]
async fn a_stop_reaches_threads_under_the_lock() {
    let process = started(3).await;
    let job = job(primes(6, 50_000_000, Fault::None), ModelKind::Threads, 3);
    let stop = async {
        while !events(&process).iter().any(|event| event.kind == EventKind::LockTaken) {
            TimeoutFuture::new(1).await;
        }
        process.request_stop();
    };
    let (report, ()) = in_time(futures_util::future::join(process.run(&job), stop)).await;
    let outcomes = report.expect("a report").outcomes;
    assert_eq!(outcomes.len(), 6);
    assert!(outcomes.iter().all(|(_, outcome)| *outcome == Outcome::Cancelled), "{outcomes:?}");
}

#[wasm_bindgen_test]
async fn a_pool_of_processes_computes_in_memories_of_their_own_and_both_ends_record_the_messages() {
    let process = started(0).await;
    let job = job(primes(8, 2_000_000, Fault::None), ModelKind::Processes, 2);
    let report = process.run(&job).await.expect("a report");
    let counts = report.outcomes.iter().map(|(_, outcome)| match outcome {
        Outcome::Done(Value::Count(count)) => *count,
        other => panic!("{other:?}"),
    });
    assert_eq!(counts.sum::<u64>(), 148_933);
    let events = events(&process);
    let on = |lane, kind: fn(&EventKind) -> bool| {
        events.iter().filter(|event| event.lane == lane && kind(&event.kind)).map(|event| event.arg).collect::<Vec<_>>()
    };
    let is_sent = |kind: &EventKind| *kind == EventKind::Sent;
    let is_received = |kind: &EventKind| *kind == EventKind::Received;
    let parent = on(LaneId::Thread(0), is_sent);
    let children: Vec<u64> = [1, 2].into_iter().flat_map(|number| on(LaneId::Child(number), is_received)).collect();
    assert_eq!(parent.iter().sum::<u64>(), children.iter().sum::<u64>(), "what was sent was received");
    assert_eq!((parent.len(), children.len()), (10, 10), "eight tasks, and a close for each process");
    for number in [1, 2] {
        let finished = on(LaneId::Child(number), |kind| *kind == EventKind::Finished);
        assert!(!finished.is_empty(), "process {number} did something");
    }
}

#[wasm_bindgen_test]
async fn a_process_of_a_pool_that_traps_breaks_it_and_the_parent_lives() {
    let process = started(0).await;
    let job_with = |fault| job(primes(8, 200_000, fault), ModelKind::Processes, 2);
    let report = in_time(process.run(&job_with(Fault::Trap))).await.expect("a report");
    assert_eq!(report.outcomes.len(), 8);
    let broken = report.outcomes.iter().filter(
        |(_, outcome)| matches!(outcome, Outcome::Failed(Failure::BrokenPool(why)) if why.contains("unreachable")),
    );
    assert!(broken.count() >= 1, "{report:?}");
    let again = process.run(&job_with(Fault::None)).await.expect("a report");
    assert!(
        again.outcomes.iter().all(|(_, outcome)| matches!(outcome, Outcome::Done(_))),
        "a new pool works: {again:?}"
    );
}

#[wasm_bindgen_test]
fn a_corrected_clock_reads_what_the_page_reads() {
    let clock = BrowserClock { origin_ms: absolute_ms() };
    let reading_ms = || clock.now().as_ms();
    let before_ms = reading_ms();
    correct_clock(5_000.0, 0.0);
    let ahead_ms = reading_ms() - before_ms;
    // It is behind the page by another three seconds.
    correct_clock(0.0, absolute_ms() + 3_000.0);
    let behind_ms = reading_ms() - before_ms;
    correct_clock(0.0, 0.0);
    let back_ms = reading_ms() - before_ms;
    assert!((5_000.0..5_900.0).contains(&ahead_ms), "{ahead_ms}");
    assert!((3_000.0..3_900.0).contains(&behind_ms), "{behind_ms}");
    assert!((0.0..900.0).contains(&back_ms), "{back_ms}");
}
