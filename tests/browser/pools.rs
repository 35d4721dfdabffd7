//! Pools of processes, and threads with a lock each, in a browser: how data travels, who is replaced, kept or made ready first,
//! and what breaks a pool.

use std::collections::{BTreeMap, BTreeSet};

use overlap::model::event::{Event, EventKind, Phase};
use overlap::model::id::LaneId;
use overlap::model::message::Message;
use overlap::model::outcome::{Failure, Outcome, Report, Value};
use overlap::model::plan::{Carrier, Fault, Initializer, Job, ModelKind, Options, PoolOptions, Shares, Workload};
use overlap::model::trace::Trace;
use overlap::platform::page::process::{Process, isolated};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::process::{config, events, in_time, script_with, started};

fn job(workload: Workload, workers: u32, pool: PoolOptions) -> Job {
    Job { workload, model: ModelKind::Processes, options: Options { workers, pool, ..Options::default() } }
}

fn primes(tasks: u32) -> Workload {
    Workload::Primes { tasks, below: 20_000, shares: Shares::Even, fault: Fault::None }
}

async fn run(process: &Process, job: &Job) -> Report {
    in_time(process.run(job)).await.expect("a report")
}

/// The values of the tasks, in their order.
fn values(report: &Report) -> Vec<Value> {
    let by_task: BTreeMap<_, _> = report.outcomes.iter().map(|(id, outcome)| (id.0, outcome)).collect();
    let value = |outcome: &&Outcome| match outcome {
        Outcome::Done(value) => *value,
        other => panic!("{other:?}"),
    };
    by_task.values().map(value).collect()
}

/// Why the pool is broken, if every task says so.
fn broken(report: &Report, tasks: usize) -> Vec<String> {
    assert_eq!(report.outcomes.len(), tasks, "{report:?}");
    let why = |(_, outcome): &(_, Outcome)| match outcome {
        Outcome::Failed(Failure::BrokenPool(why)) => why.clone(),
        other => panic!("{other:?}"),
    };
    report.outcomes.iter().map(why).collect()
}

/// The bytes of what was sent or received, by those whose lane this is.
fn bytes(events: &[Event], kind: EventKind, is: fn(LaneId) -> bool) -> u64 {
    let of_kind = events.iter().filter(|event| event.kind == kind && is(event.lane));
    of_kind.map(|event| u64::from(Message::from_arg(event.arg).bytes)).sum()
}

fn is_parent(lane: LaneId) -> bool {
    lane == LaneId::Thread(0)
}

fn is_child(lane: LaneId) -> bool {
    matches!(lane, LaneId::Child(_))
}

/// On how many lanes of processes something was recorded, and how often.
fn children(events: &[Event], kind: EventKind) -> BTreeMap<LaneId, usize> {
    let mut lanes = BTreeMap::new();
    for event in events.iter().filter(|event| event.kind == kind && is_child(event.lane)) {
        *lanes.entry(event.lane).or_default() += 1;
    }
    lanes
}

#[wasm_bindgen_test]
async fn every_carrier_gives_the_same_and_records_the_same_bytes() {
    let process = started(0).await;
    let (mut results, mut sent) = (Vec::new(), Vec::new());
    let carriers = [Carrier::Copy, Carrier::Transfer, Carrier::Shared];
    for carrier in carriers.into_iter().take(if isolated() { 3 } else { 2 }) {
        let workload = Workload::Large { tasks: 5, kib: 200 };
        let pool = PoolOptions { carrier, ..PoolOptions::default() };
        results.push(values(&run(&process, &job(workload, 2, pool)).await));
        let events = events(&process);
        let there = bytes(&events, EventKind::Sent, is_parent);
        assert_eq!(there, bytes(&events, EventKind::Received, is_child), "{carrier:?}: what was sent was received");
        assert!(there > 5 * 200 * 1_024, "{carrier:?}: the data is in it");
        let back = bytes(&events, EventKind::Sent, is_child);
        assert_eq!(back, bytes(&events, EventKind::Received, is_parent), "{carrier:?}: and back");
        assert!(back > 0 && back < 1_000, "{carrier:?}: what they give is short");
        // How long a task took goes back with it, in more bytes or fewer.
        sent.push(there);
    }
    assert!(matches!(results[0][..], [Value::Digest(_), ..]), "{results:?}");
    assert!(results.iter().all(|values| *values == results[0]), "{results:?}");
    assert!(sent.iter().all(|bytes| *bytes == sent[0]), "{sent:?}");
}

/// Told apart by how the tests are run: with `WASM_BINDGEN_TEST_NO_ORIGIN_ISOLATION=1`, this page may share no memory.
#[wasm_bindgen_test]
async fn a_carrier_that_cannot_be_had_breaks_the_pool_with_the_reason() {
    if isolated() {
        return;
    }
    let process = started(0).await;
    let pool = PoolOptions { carrier: Carrier::Shared, ..PoolOptions::default() };
    let report = run(&process, &job(primes(4), 2, pool)).await;
    assert!(broken(&report, 4).iter().all(|why| why == "this memory is not shared"), "{report:?}");
    assert_eq!(values(&run(&process, &job(primes(4), 2, PoolOptions::default())).await).len(), 4);
}

#[wasm_bindgen_test]
async fn a_process_that_has_had_its_tasks_is_replaced() {
    let process = started(0).await;
    let pool = PoolOptions { per_process: Some(2), chunksize: Some(1), ..PoolOptions::default() };
    assert_eq!(values(&run(&process, &job(primes(6), 1, pool)).await).len(), 6);
    let finished = children(&events(&process), EventKind::Finished);
    assert_eq!(finished.values().copied().collect::<Vec<_>>(), [2, 2, 2], "{finished:?}");
}

#[wasm_bindgen_test]
async fn an_initializer_runs_once_in_each_process_before_its_first_task() {
    let process = started(0).await;
    let pool = PoolOptions { initializer: Initializer::Runs, ..PoolOptions::default() };
    assert_eq!(values(&run(&process, &job(primes(8), 2, pool)).await).len(), 8);
    let events = events(&process);
    for number in [1, 2] {
        let lane = events.iter().filter(|event| event.lane == LaneId::Child(number));
        let computing: Vec<bool> = lane
            .filter(|event| event.kind == EventKind::Enter(Phase::Computing))
            .map(|event| event.task.is_none())
            .collect();
        let initialized = computing.iter().filter(|is_initializer| **is_initializer).count();
        assert_eq!((computing.first(), initialized), (Some(&true), 1), "process {number}: {computing:?}");
    }
}

#[wasm_bindgen_test]
async fn an_initializer_that_fails_breaks_the_pool_with_its_words_and_the_next_pool_works() {
    let process = started(0).await;
    let pool = PoolOptions { initializer: Initializer::Fails, ..PoolOptions::default() };
    let report = run(&process, &job(primes(4), 2, pool)).await;
    let said = |why: &String| {
        why.contains("a process initializer failed") && why.contains("the plan asked the initializer to fail")
    };
    assert!(broken(&report, 4).iter().all(said), "{report:?}");
    assert_eq!(values(&run(&process, &job(primes(4), 2, PoolOptions::default())).await).len(), 4);
}

#[wasm_bindgen_test]
async fn a_warm_pool_does_the_next_run_without_a_start() {
    let process = started(0).await;
    let pool = PoolOptions { warm: true, ..PoolOptions::default() };
    let start = EventKind::Enter(Phase::Instantiating);
    let first = values(&run(&process, &job(primes(8), 2, pool)).await);
    let cold = events(&process);
    assert_eq!(children(&cold, start).len(), 2, "each was started");
    for _ in 0..2 {
        assert_eq!(values(&run(&process, &job(primes(8), 2, pool)).await), first);
        let warm = events(&process);
        assert!(children(&warm, start).is_empty(), "nobody starts");
        let lanes = |events: &[Event]| children(events, EventKind::Finished).into_keys().collect::<BTreeSet<_>>();
        assert!(lanes(&warm).is_subset(&BTreeSet::from([LaneId::Child(1), LaneId::Child(2)])), "they are the same");
        assert_eq!(children(&warm, EventKind::Finished).values().sum::<usize>(), 8);
    }
    // One of another kind is another pool.
    let other = PoolOptions { per_process: Some(50), ..pool };
    assert_eq!(values(&run(&process, &job(primes(8), 2, other)).await), first);
    assert_eq!(children(&events(&process), start).len(), 2, "each was started");
}

#[wasm_bindgen_test]
async fn a_warm_pool_that_broke_is_not_kept() {
    let process = started(0).await;
    let pool = PoolOptions { warm: true, ..PoolOptions::default() };
    let sleeps = |fault| Workload::Sleep { tasks: 4, ms: 1, fault };
    let report = run(&process, &job(sleeps(Fault::Trap), 2, pool)).await;
    assert!(report.outcomes.iter().any(|(_, outcome)| matches!(outcome, Outcome::Failed(_))), "{report:?}");
    assert_eq!(values(&run(&process, &job(sleeps(Fault::None), 2, pool)).await).len(), 4);
}

/// The others are asleep for a minute, and hear of nothing.
#[wasm_bindgen_test]
async fn a_process_that_dies_in_the_middle_of_a_map_fails_all_that_has_not_ended() {
    for fault in [Fault::Trap, Fault::Allocate] {
        let process = started(0).await;
        let workload = |ms, fault| Workload::Sleep { tasks: 5, ms, fault };
        let report = run(&process, &job(workload(60_000, fault), 3, PoolOptions::default())).await;
        let words = if fault == Fault::Trap { " died: RuntimeError: " } else { " died, as it had no memory left" };
        let why = broken(&report, 5);
        assert!(why.iter().all(|why| why.contains(words)), "{report:?}");
        let is_blamed = |outcome: &Outcome| matches!(outcome, Outcome::Failed(Failure::BrokenPool(why)) if why.ends_with("; it had probably begun this task"));
        let blamed: Vec<u32> =
            report.outcomes.iter().filter(|(_, outcome)| is_blamed(outcome)).map(|(id, _)| id.0).collect();
        assert_eq!(blamed, [2], "the third task, in whatever order they ended: {report:?}");
        let mut trace = Trace::new(5);
        events(&process).iter().for_each(|event| trace.apply(event));
        for (lane, of_child) in trace.lanes.iter().filter(|(lane, _)| matches!(lane, LaneId::Child(_))) {
            assert!(of_child.open.is_none() && !of_child.spans.is_empty(), "{lane:?} does nothing any more");
        }
        let again = run(&process, &job(workload(1, Fault::None), 3, PoolOptions::default())).await;
        assert_eq!(values(&again), [Value::Text; 5], "{fault:?}: the next pool works");
    }
}

/// What the others still say is nobody's any more, and no error of the process that started them.
#[wasm_bindgen_test]
async fn a_pool_that_breaks_while_its_processes_answer_leaves_its_parent_unharmed() {
    let process = started(0).await;
    let pool = PoolOptions { chunksize: Some(1), ..PoolOptions::default() };
    for _ in 0..12 {
        let workload = Workload::Sleep { tasks: 400, ms: 0, fault: Fault::Trap };
        let report = run(&process, &job(workload, 4, pool)).await;
        assert_eq!(report.outcomes.len(), 400);
    }
    assert_eq!(values(&run(&process, &job(primes(4), 2, pool)).await).len(), 4);
}

/// No port of a process takes a message.
const PORTS_REFUSE: &str = r#"
    MessagePort.prototype.postMessage = () => {
        throw new DOMException("it could not be cloned", "DataCloneError");
    };"#;

#[wasm_bindgen_test]
async fn a_message_that_the_browser_does_not_clone_breaks_the_pool_with_a_reason() {
    let config =
        overlap::platform::page::process::ProcessConfig { script: Some(script_with(PORTS_REFUSE).await), ..config(0) };
    let process = Process::spawn(&config).expect("a worker");
    process.ready(&config).await.expect("a process");
    for carrier in [Carrier::Copy, Carrier::Transfer, Carrier::Shared].into_iter().take(if isolated() { 3 } else { 2 })
    {
        let pool = PoolOptions { carrier, ..PoolOptions::default() };
        let report = run(&process, &job(primes(4), 2, pool)).await;
        assert!(broken(&report, 4).iter().all(|why| why == "a message could not be sent"), "{carrier:?}: {report:?}");
    }
}

/// What a thread with a lock of its own is given and gives is packed and unpacked, as between interpreters.
#[wasm_bindgen_test]
async fn threads_with_a_lock_each_copy_what_they_are_given() {
    let process = started(2).await;
    let workload = Workload::Large { tasks: 4, kib: 100 };
    let options = Options { workers: 2, ..Options::default() };
    let with = |model| Job { workload: workload.clone(), model, options };
    let copied = values(&run(&process, &with(ModelKind::OwnLocks)).await);
    let recorded = events(&process);
    let of = |kind| bytes(&recorded, kind, |_| true);
    assert!(of(EventKind::Sent) > 4 * 100 * 1_024, "the data is in it");
    assert_eq!(of(EventKind::Sent), of(EventKind::Received), "what was packed was unpacked");
    for phase in [Phase::Serialising, Phase::Deserialising] {
        assert!(recorded.iter().any(|event| event.kind == EventKind::Enter(phase)), "{phase:?} is seen");
    }
    assert_eq!(values(&run(&process, &with(ModelKind::FreeThreads)).await), copied);
    assert_eq!(bytes(&events(&process), EventKind::Sent, |_| true), 0, "threads that share copy nothing");
}
