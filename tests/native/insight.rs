//! The numbers of traces that the engine really makes, under each model.

use std::time::Duration;

use overlap::insight::Numbers;
use overlap::insight::ledger::Term;
use overlap::insight::numbers::Context;
use overlap::model::plan::{Fault, ModelKind, Shares, Site, Workload};

use crate::runs::{Run, real, simulate};

const STEP: Duration = Duration::from_micros(1);

fn numbers(run: &Run, model: ModelKind, workload: &Workload) -> Numbers {
    let numbers = Numbers::of(&run.trace, &Context { model, workload, cores: 2, clock_step: STEP });
    assert_eq!(numbers.ledger.check(STEP), Ok(()), "{model:?}: {:?}", numbers.ledger);
    numbers
}

fn names(numbers: &Numbers) -> Vec<&'static str> {
    numbers.advice.iter().map(|said| said.name).collect()
}

fn primes(tasks: u32, below: u32) -> Workload {
    Workload::Primes { tasks, below, shares: Shares::Even, fault: Fault::None }
}

fn sites() -> Workload {
    Workload::Sites([300, 150, 450, 200].map(|after_ms| Site::Answers { after_ms }).to_vec())
}

#[test]
fn sites_one_after_another_wait_in_sequence_and_on_a_loop_they_do_not() {
    let (model, workload) = (ModelKind::Sequential, sites());
    let sequential = numbers(&simulate(&workload, model, None), model, &workload);
    // Time stands still but for what is waited for.
    assert_eq!((sequential.ledger.workers, sequential.ledger.wall), (1, Duration::from_millis(1_100)));
    assert_eq!(sequential.ledger.time(Term::Io), sequential.ledger.wall);
    assert_eq!(names(&sequential), ["waits-in-sequence"]);
    let told = sequential.advice[0].prediction.clone().unwrap_or_default();
    assert!(told.contains("2.44×"), "1,100 ms would be 450: {told}");

    let model = ModelKind::EventLoop;
    let on_a_loop = numbers(&simulate(&workload, model, None), model, &workload);
    assert_eq!((on_a_loop.ledger.workers, on_a_loop.ledger.time(Term::Io)), (1, Duration::from_millis(450)));
    assert_eq!(names(&on_a_loop), [""; 0]);
    assert_eq!(on_a_loop.latency.run.map(|run| run.high), Some(Duration::from_millis(450)));
}

#[test]
fn threads_under_the_lock_compute_one_at_a_time_and_are_told_so() {
    let workload = primes(4, 600_000);
    let model = ModelKind::Threads;
    let numbers = numbers(&real(&workload, model, 4, |_| ()), model, &workload);
    assert_eq!((numbers.ledger.workers, numbers.peak_computing()), (4, 1));
    assert!(numbers.ledger.time(Term::Computing) <= numbers.ledger.wall);
    let lock = numbers.lock.as_ref().expect("it was shared");
    assert!(lock.hand_overs > 0 && lock.forced > 0, "{lock:?}");
    assert!(names(&numbers).contains(&"one-at-a-time"), "{:?}", numbers.advice);
}

#[test]
fn workers_of_each_pool_are_counted_and_their_messages_too() {
    let workload = primes(6, 60_000);
    for model in [ModelKind::FreeThreads, ModelKind::OwnLocks, ModelKind::Processes] {
        let numbers = numbers(&real(&workload, model, 3, |_| ()), model, &workload);
        assert_eq!(numbers.ledger.workers, 3, "{model:?}");
        let unpacking = numbers.ledger.time(Term::Deserialise);
        assert_eq!(!unpacking.is_zero(), model.copies(), "{model:?}: {:?}", numbers.ledger);
        assert!(numbers.latency.run.is_some(), "{model:?}");
        assert!(!numbers.ledger.time(Term::Computing).is_zero());
    }
}

#[test]
fn tiny_tasks_in_processes_are_too_small() {
    let (workload, model) = (Workload::Tiny { tasks: 200 }, ModelKind::Processes);
    let numbers = numbers(&real(&workload, model, 2, |_| ()), model, &workload);
    assert!(names(&numbers).contains(&"tasks-too-small"), "{:?} {:?}", numbers.advice, numbers.ledger);
}
