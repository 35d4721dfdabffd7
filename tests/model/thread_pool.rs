//! The thread pool under loom: one who submits and shuts down, and two workers.
//!
//! Threads that take turns at a lock have so many orders that only those with few preemptions are tried.

use std::collections::BTreeSet;
use std::sync::Arc;

use loom::thread;
use overlap::engine::futures::{Executor, FutureError, Spawn, SpawnFailed, ThreadPoolExecutor};
use overlap::model::outcome::Failure;

use super::explore;
use super::futures_model::Count;

struct LoomThreads;

impl Spawn for LoomThreads {
    fn spawn(&self, _: &str, body: Box<dyn FnOnce() + Send>) -> Result<(), SpawnFailed> {
        thread::spawn(body);
        Ok(())
    }
}

fn pool(max_workers: usize) -> ThreadPoolExecutor<()> {
    ThreadPoolExecutor::builder(Arc::new(LoomThreads)).max_workers(max_workers).build().expect("it has a worker")
}

#[test]
fn what_is_submitted_is_run_whether_its_worker_is_new_idle_or_about_to_be_idle() {
    let seen = explore(4, || {
        let (pool, ran) = (pool(2), Count::default());
        let futures = [1, 2].map(|number| {
            let ran = ran.clone();
            let count = move |(): &()| {
                ran.up();
                Ok(number)
            };
            pool.submit(count).expect("it is open")
        });
        assert_eq!(futures[1].result(None), Ok(2));
        pool.shutdown(true, false);
        assert_eq!(futures[0].result(None), Ok(1));
        assert_eq!(ran.get(), 2);
        pool.workers()
    });
    assert_eq!(seen, BTreeSet::from([1, 2]), "the second has a worker of its own, unless the first is idle");
}

#[test]
fn one_worker_takes_what_comes_while_it_goes_to_wait() {
    explore(4, || {
        let pool = pool(1);
        assert_eq!(pool.submit(|()| Ok(1)).expect("it is open").result(None), Ok(1));
        // It is about to look for more, looks, or waits.
        assert_eq!(pool.submit(|()| Ok(2)).expect("it is open").result(None), Ok(2));
        pool.shutdown(true, false);
    });
}

#[test]
fn a_shutdown_cancels_what_has_not_begun_and_waits_for_the_rest() {
    let seen = explore(4, || {
        let pool = pool(1);
        let futures = [1, 2].map(|number| pool.submit(move |()| Ok(number)).expect("it is open"));
        pool.shutdown(true, true);
        let ends = futures.map(|future| {
            assert!(future.done());
            future.result(None)
        });
        assert!(ends[0].is_ok() || ends[1].is_err(), "the first is the first to begin");
        ends.iter().filter(|end| **end == Err(FutureError::Cancelled)).count()
    });
    assert_eq!(seen, BTreeSet::from([0, 1, 2]));
}

#[test]
fn whoever_submits_while_another_shuts_down_is_refused_or_served() {
    let seen = explore(4, || {
        let pool = Arc::new(pool(1));
        let other = Arc::clone(&pool);
        let submitting = thread::spawn(move || other.submit(|()| Ok(1)));
        pool.shutdown(true, false);
        match submitting.join().expect("it ends") {
            Ok(future) => {
                assert!(future.done(), "the shutdown waited for its worker");
                assert_eq!(future.result(None), Ok(1));
                "served"
            }
            Err(_) => "refused",
        }
    });
    assert_eq!(seen, BTreeSet::from(["refused", "served"]));
}

#[test]
fn a_pool_that_breaks_leaves_nobody_waiting() {
    explore(4, || {
        let builder = ThreadPoolExecutor::builder(Arc::new(LoomThreads)).max_workers(1);
        let pool = builder.initializer(|_| -> Result<(), _> { Err(Failure::ProcessDied) }).build();
        let pool = pool.expect("it has a worker");
        let first = pool.submit(|()| Ok(1)).expect("it is not broken yet");
        let second = pool.submit(|()| Ok(2));
        assert!(matches!(first.result(None), Err(FutureError::Failed(Failure::BrokenPool(_)))));
        if let Ok(second) = second {
            assert!(matches!(second.result(None), Err(FutureError::Failed(Failure::BrokenPool(_)))));
        }
        pool.shutdown(true, false);
    });
}
