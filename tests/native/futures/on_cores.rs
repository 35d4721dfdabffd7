//! The core pool: what holds for every executor once more on it, and what is its own.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};

use overlap::engine::futures::log::Level;
use overlap::engine::futures::{CorePoolExecutor, Executor, FutureError, ReturnWhen, SubmitError, wait};
use overlap::model::outcome::Failure;
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::support::{Event, LONG, in_time, keep_log, logged, start, test};

// These ask `super::support` for a pool.
#[allow(clippy::duplicate_mod, reason = "on another pool")]
#[path = "as_completed.rs"]
mod as_completed;
#[allow(clippy::duplicate_mod, reason = "on another pool")]
#[path = "executor.rs"]
mod executor;
#[allow(clippy::duplicate_mod, reason = "on another pool")]
#[path = "shutdown.rs"]
mod shutdown;
#[allow(clippy::duplicate_mod, reason = "on another pool")]
#[path = "wait.rs"]
mod wait;

mod support {
    //! The same, but for the pool.

    use overlap::engine::futures::CorePoolExecutor;

    pub use super::super::support::*;

    /// An executor on so many threads, whose workers have no context.
    pub fn pool(workers: usize) -> CorePoolExecutor<()> {
        CorePoolExecutor::on(super::threads(workers), |_| Ok(()))
    }
}

fn threads(number: usize) -> Arc<ThreadPool> {
    Arc::new(ThreadPoolBuilder::new().num_threads(number).build().expect("there are threads"))
}

const REASON: &str = "A thread initializer failed, the thread pool is not usable anymore";

#[test]
fn each_worker_makes_one_context_and_drops_it_on_its_thread_before_a_shutdown_returns() {
    struct Made(usize, Cell<usize>, Arc<AtomicUsize>, std::thread::ThreadId);
    impl Drop for Made {
        fn drop(&mut self) {
            assert_eq!(self.3, std::thread::current().id());
            self.2.fetch_sub(1, Ordering::Relaxed);
        }
    }
    let alive = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&alive);
    // An `Rc` is neither `Send` nor `Sync`: it never leaves its thread.
    let pool = CorePoolExecutor::on(threads(4), move |number| {
        count.fetch_add(1, Ordering::Relaxed);
        Ok(Rc::new(Made(number, Cell::new(0), Arc::clone(&count), std::thread::current().id())))
    });
    assert_eq!((pool.workers(), alive.load(Ordering::Relaxed)), (4, 0));
    assert_eq!(pool.start_workers().unwrap().result(Some(LONG)), Ok(()));
    let together = Arc::new(Barrier::new(4));
    let mut seen = BTreeSet::new();
    for round in 1..4 {
        let submit = |()| {
            let together = Arc::clone(&together);
            pool.submit(move |made| {
                together.wait();
                made.1.set(made.1.get() + 1);
                Ok((made.0, made.1.get()))
            })
            .unwrap()
        };
        // Four tasks that wait for one another are on four workers.
        for future in [(); 4].map(submit) {
            let (number, count) = future.result(Some(LONG)).unwrap();
            assert_eq!(count, round);
            seen.insert(number);
        }
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), [0, 1, 2, 3]);
    assert_eq!(alive.load(Ordering::Relaxed), 4);
    in_time(move || pool.shutdown(true, false));
    assert_eq!(alive.load(Ordering::Relaxed), 0);
}

#[test]
fn an_initializer_that_fails_breaks_the_executor_and_leaves_nobody_waiting() {
    keep_log();
    let gate = Event::default();
    let waits = gate.clone();
    let pool = CorePoolExecutor::on(threads(2), move |_| -> Result<(), _> {
        waits.wait();
        Err(Failure::Unreachable("a worker of cores".to_owned()))
    });
    let futures = [(); 5].map(|()| pool.submit(|()| Ok(())).unwrap());
    let started = pool.start_workers().unwrap();
    gate.set();
    let broken = FutureError::Failed(Failure::BrokenPool(REASON.to_owned()));
    for future in &futures {
        assert_eq!(future.result(Some(LONG)), Err(broken.clone()));
    }
    assert_eq!(started.result(Some(LONG)), Err(broken));
    assert_eq!(pool.submit(|()| Ok(())).unwrap_err(), SubmitError::Broken(REASON.to_owned()));
    in_time(move || pool.shutdown(true, false));
    assert!(logged(Level::Critical, "exception in initializer: no answer: a worker of cores"));
}

#[test]
fn two_executors_on_one_pool_have_contexts_of_their_own() {
    let threads = threads(2);
    let [first, second] = [1, 2].map(|value| CorePoolExecutor::on(Arc::clone(&threads), move |_| Ok(value)));
    for _ in 0..10 {
        let values = [&first, &second].map(|pool| pool.submit(|value| Ok(*value)).unwrap().result(Some(LONG)));
        assert_eq!(values, [Ok(1), Ok(2)]);
    }
    in_time(move || first.shutdown(true, false));
    assert_eq!(second.submit(|value| Ok(*value)).unwrap().result(Some(LONG)), Ok(2));
    in_time(move || second.shutdown(true, false));
}

#[test]
fn tasks_begin_in_the_order_of_their_submission_and_what_a_shutdown_cancels_completes() {
    let pool = CorePoolExecutor::on(threads(1), |_| Ok(()));
    let (began, gate, order) = (Event::default(), Event::default(), Arc::new(std::sync::Mutex::new(Vec::new())));
    let submit = |number| {
        let (began, gate, order) = (began.clone(), gate.clone(), Arc::clone(&order));
        pool.submit(move |()| {
            order.lock().unwrap().push(number);
            if number == 30 {
                began.set();
                gate.wait();
            }
            Ok(number)
        })
    };
    let futures: Vec<_> = (0..60).map(|number| submit(number).unwrap()).collect();
    began.wait();
    pool.shutdown(false, true);
    assert_eq!(futures.iter().filter(|future| future.cancelled()).count(), 29);
    let all = futures.clone();
    let waiting = start(move || wait(all, ReturnWhen::AllCompleted, None));
    gate.set();
    assert_eq!(waiting.join().done.len(), 60);
    in_time(move || pool.shutdown(true, false));
    assert_eq!(*order.lock().unwrap(), (0..31).collect::<Vec<_>>());
}

#[test]
fn every_task_runs_once_whoever_submits_and_cancels_and_a_task_may_submit() {
    for _ in 0..20 {
        let (pool, ran) = (Arc::new(CorePoolExecutor::on(threads(3), |_| Ok(()))), Arc::new(AtomicUsize::new(0)));
        let submitting: Vec<_> = (0..4)
            .map(|thread| {
                let (pool, ran) = (Arc::clone(&pool), Arc::clone(&ran));
                start(move || {
                    let submit = |number| {
                        let (ran, inner) = (Arc::clone(&ran), Arc::clone(&pool));
                        let count = move || Ok(ran.fetch_add(1, Ordering::Relaxed));
                        let nested = number % 10 == 0;
                        pool.submit(move |()| {
                            if nested {
                                let count = count.clone();
                                inner.submit(move |()| count()).unwrap();
                            }
                            count()
                        })
                        .unwrap()
                    };
                    let futures: Vec<_> = (0..100).map(submit).collect();
                    // Not one of those that submit.
                    futures.iter().skip(1 + thread).step_by(10).filter(|future| future.cancel()).count()
                })
            })
            .collect();
        let cancelled: usize = submitting.into_iter().map(|thread| thread.join()).sum();
        // Those that submit end before what they submitted.
        super::support::eventually(|| ran.load(Ordering::Relaxed) + cancelled == 440);
        in_time(move || pool.shutdown(true, false));
    }
}
