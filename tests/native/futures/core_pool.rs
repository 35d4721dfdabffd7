//! The core pool itself: contexts, and tasks that submit. In a browser it stands on the threads that are lent to the other
//! tests, so these wait for its end on no such thread.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};

use overlap::engine::futures::log::Level;
use overlap::engine::futures::{CorePoolExecutor, Executor, FutureError, SubmitError};
use overlap::model::outcome::Failure;

use super::support::{Event, LONG, eventually, keep_log, logged, start, test};

const REASON: &str = "A thread initializer failed, the thread pool is not usable anymore";

/// The threads of a test: natively of its own, in a browser of the only pool.
struct Cores {
    #[cfg(not(target_arch = "wasm32"))]
    threads: Arc<rayon::ThreadPool>,
}

#[cfg(not(target_arch = "wasm32"))]
impl Cores {
    fn new() -> Cores {
        let threads = rayon::ThreadPoolBuilder::new().num_threads(4).build();
        Cores { threads: Arc::new(threads.expect("there are threads")) }
    }

    fn number(&self) -> usize {
        4
    }

    fn executor<W: 'static>(
        &self,
        initializer: impl Fn(usize) -> Result<W, Failure> + Send + Sync + 'static,
    ) -> CorePoolExecutor<W> {
        CorePoolExecutor::on(Arc::clone(&self.threads), initializer)
    }
}

#[cfg(target_arch = "wasm32")]
impl Cores {
    fn new() -> Cores {
        Cores {}
    }

    fn number(&self) -> usize {
        rayon::current_num_threads()
    }

    fn executor<W: 'static>(
        &self,
        initializer: impl Fn(usize) -> Result<W, Failure> + Send + Sync + 'static,
    ) -> CorePoolExecutor<W> {
        CorePoolExecutor::new(initializer)
    }
}

#[test]
fn each_worker_makes_one_context_and_drops_it_on_its_thread_before_a_shutdown_returns() {
    struct Made(usize, Cell<usize>, Arc<AtomicUsize>, std::thread::ThreadId);
    impl Drop for Made {
        fn drop(&mut self) {
            assert_eq!(self.3, std::thread::current().id());
            self.2.fetch_sub(1, Ordering::Relaxed);
        }
    }
    let (cores, alive) = (Cores::new(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&alive);
    // An `Rc` is neither `Send` nor `Sync`: it never leaves its thread.
    let pool = cores.executor(move |number| {
        count.fetch_add(1, Ordering::Relaxed);
        Ok(Rc::new(Made(number, Cell::new(0), Arc::clone(&count), std::thread::current().id())))
    });
    let workers = pool.workers();
    assert_eq!((cores.number(), alive.load(Ordering::Relaxed)), (workers, 0));
    assert_eq!(pool.start_workers().unwrap().result(Some(LONG)), Ok(()));
    let together = Arc::new(Barrier::new(workers));
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
        // As many tasks as workers, which wait for one another, are on one worker each.
        for future in vec![(); workers].into_iter().map(submit).collect::<Vec<_>>() {
            let (number, count) = future.result(Some(LONG)).unwrap();
            assert_eq!(count, round);
            seen.insert(number);
        }
    }
    assert_eq!(seen, (0..workers).collect());
    assert_eq!(alive.load(Ordering::Relaxed), workers);
    pool.shutdown(true, false);
    assert_eq!(alive.load(Ordering::Relaxed), 0);
}

#[test]
fn an_initializer_that_fails_breaks_the_executor_and_leaves_nobody_waiting() {
    keep_log();
    let gate = Event::default();
    let (cores, waits) = (Cores::new(), gate.clone());
    let pool = cores.executor(move |_| -> Result<(), _> {
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
    pool.shutdown(true, false);
    assert!(logged(Level::Critical, "exception in initializer: no answer: a worker of cores"));
}

#[test]
fn two_executors_on_one_pool_have_contexts_of_their_own() {
    let cores = Cores::new();
    let [first, second] = [1, 2].map(|value| cores.executor(move |_| Ok(value)));
    for _ in 0..10 {
        let values = [&first, &second].map(|pool| pool.submit(|value| Ok(*value)).unwrap().result(Some(LONG)));
        assert_eq!(values, [Ok(1), Ok(2)]);
    }
    first.shutdown(true, false);
    assert_eq!(second.submit(|value| Ok(*value)).unwrap().result(Some(LONG)), Ok(2));
    second.shutdown(true, false);
}

#[test]
fn every_task_runs_once_whoever_submits_and_cancels_and_a_task_may_submit() {
    let cores = Cores::new();
    for _ in 0..20 {
        let (pool, ran) = (Arc::new(cores.executor(|_| Ok(()))), Arc::new(AtomicUsize::new(0)));
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
        eventually(|| ran.load(Ordering::Relaxed) + cancelled == 440);
        pool.shutdown(true, false);
    }
}
