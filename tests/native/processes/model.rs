//! The model *Process pool* on the library: what both ends record, and pools that outlive a run.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use overlap::engine::process_pool::{TaskPool, recording, run_on};
use overlap::engine::processes::Options;
use overlap::engine::recorder::{Drain, Shared};
use overlap::engine::{Env, job::Task};
use overlap::model::event::{Event, EventKind, Phase};
use overlap::model::id::{LaneId, TaskId};
use overlap::model::message::Message;
use overlap::model::outcome::{Failure, Outcome};
use overlap::model::plan::{self, Fault, Job, ModelKind, PoolOptions, Workload};
use overlap::workloads::{Kernel, Step, Work};

use crate::futures::support::{eventually, start, test};
use crate::ports::RealPorts;

fn sleeps(number: u32) -> Vec<Task> {
    (0..number).map(|id| Task { id: TaskId(id), work: Work::One(Step::Sleep { ms: 0 }) }).collect()
}

fn ports() -> &'static RealPorts {
    let shared: &'static Shared = Box::leak(Box::new(Shared::new(1, 1 << 14)));
    Box::leak(Box::new(RealPorts::new(shared, None)))
}

/// Runs tasks so many times in one pool, and gives all events.
fn run(ports: &'static RealPorts, options: Options<Kernel>, times: usize) -> (Vec<Vec<(TaskId, Outcome)>>, Vec<Event>) {
    let env = Env::new(ports, ports.shared);
    let lane = ports.shared.lane(0, LaneId::Thread(0), ports);
    let pool = TaskPool::new(ports, options, Some(recording(&lane))).expect("it has processes");
    let outcomes = (0..times).map(|_| ports.run(run_on(&pool, sleeps(10), env, &lane))).collect();
    pool.close();
    let _ = ports.run(pool.join());
    let mut events = Vec::new();
    for block in ports.blocks() {
        events.extend_from_slice(Drain::default().take(block.words()).0);
    }
    (outcomes, events)
}

#[test]
fn a_warm_pool_runs_again_on_the_same_processes() {
    let ports = ports();
    let (outcomes, events) = run(ports, Options::new(2), 3);
    for outcomes in outcomes {
        assert_eq!(outcomes.len(), 10);
        assert!(outcomes.iter().all(|(_, outcome)| matches!(outcome, Outcome::Done(_))));
    }
    assert_eq!(ports.blocks().len(), 3, "two processes, and this one");
    assert_eq!(events.iter().filter(|event| event.kind == EventKind::Submitted).count(), 30);
}

#[test]
fn each_message_that_was_sent_pairs_with_one_that_was_received_later() {
    // Ten tasks in chunks of two, twice; two initializers; all there and back; and two to close.
    let options = Options { initializer: Some(Kernel::Nothing), ..Options::new(2) };
    each_message_pairs(options.clone(), 2 * (2 * 5 + 2) + 2);
    // The same with several messages in a parcel.
    let (chunksize, prefetch) = (NonZeroUsize::new(1), Some(3));
    each_message_pairs(Options { chunksize, prefetch, ..options }, 2 * (2 * 10 + 2) + 2);
}

fn each_message_pairs(options: Options<Kernel>, messages: usize) {
    let (_, events) = run(ports(), options, 2);
    // By the way it goes, and its number.
    let mut sent = BTreeMap::new();
    let is_of_child = |event: &Event| matches!(event.lane, LaneId::Child(_));
    for event in events.iter().filter(|event| event.kind == EventKind::Sent) {
        let message = Message::from_arg(event.arg);
        assert!(sent.insert((is_of_child(event), message.number), (message.bytes, event.at, event.task)).is_none());
    }
    let received: Vec<_> = events.iter().filter(|event| event.kind == EventKind::Received).collect();
    assert_eq!(received.len(), sent.len());
    assert_eq!(sent.len(), messages);
    for event in received {
        let message = Message::from_arg(event.arg);
        let (bytes, at, task) = sent[&(!is_of_child(event), message.number)];
        assert_eq!((message.bytes, event.task), (bytes, task));
        assert!(event.at >= at);
    }
    let phases = |phase| events.iter().filter(|event| event.kind == EventKind::Enter(phase)).count();
    assert_eq!((phases(Phase::Serialising), phases(Phase::Deserialising)), (sent.len(), sent.len()));
}

#[test]
fn an_initializer_that_panics_fails_every_task_of_a_run() {
    let initializer = Some(Kernel::Panic("not today".to_owned()));
    let (outcomes, _) = run(ports(), Options { initializer, ..Options::new(2) }, 1);
    assert_eq!(outcomes[0].len(), 10);
    for (_, outcome) in &outcomes[0] {
        let Outcome::Failed(Failure::BrokenPool(reason)) = outcome else { panic!("{outcome:?}") };
        assert!(reason.contains("not today"), "{reason}");
    }
}

#[test]
fn a_stop_ends_a_process_that_never_answers() {
    let shared: &'static Shared = Box::leak(Box::new(Shared::new(1, 1 << 14)));
    let ports: &'static RealPorts = Box::leak(Box::new(RealPorts::new(shared, None).with_silent(1)));
    let workload = Workload::Sleep { tasks: 8, ms: 0, fault: Fault::None };
    let model = ModelKind::Processes;
    let pool = PoolOptions { chunksize: Some(1), ..PoolOptions::default() };
    let job = Job { workload, model, options: plan::Options { workers: 2, pool, ..plan::Options::default() } };
    let stops = start(|| {
        // Once both are there, and at whatever moment that is.
        eventually(|| ports.blocks().len() == 3);
        ports.stop();
    });
    let report = ports.run(overlap::engine::run(&job, Env::new(ports, shared)));
    stops.join();
    assert_eq!(report.outcomes.len(), 8);
    let cancelled = report.outcomes.iter().filter(|(_, outcome)| *outcome == Outcome::Cancelled).count();
    assert!(cancelled >= 1, "{report:?}");
    assert!(report.outcomes.iter().all(|(_, outcome)| !matches!(outcome, Outcome::Failed(_))), "{report:?}");
}

#[test]
fn fresh_processes_do_what_one_has_no_task_left_for() {
    let ports = ports();
    let (outcomes, _) = run(ports, Options { maxtasksperchild: Some(1), ..Options::new(2) }, 1);
    assert!(outcomes[0].iter().all(|(_, outcome)| matches!(outcome, Outcome::Done(_))));
    assert!(ports.blocks().len() > 5, "five chunks, each for a process of its own");
}
