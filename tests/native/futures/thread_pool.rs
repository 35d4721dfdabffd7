//! The thread pool itself: `test_thread_pool.py`, and its threads.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use overlap::engine::futures::{
    BuildError, Executor, FutureError, MapOptions, Spawn, SpawnFailed, State, SubmitError, ThreadPoolExecutor,
    default_max_workers,
};

use super::support::{Event, IN_TIME, LONG, Semaphore, eventually, in_time, pool, pool_on, start, test, threads};

#[test]
fn test_max_workers_negative() {
    let error = ThreadPoolExecutor::builder(threads()).max_workers(0).build().unwrap_err();
    assert_eq!(error, BuildError::NoWorkers);
    assert_eq!(error.to_string(), "max_workers must be greater than 0");
}

#[test]
fn test_map_submits_without_iteration() {
    let (pool, finished) = (pool(5), Arc::new(Mutex::new(Vec::new())));
    let log = Arc::clone(&finished);
    let record_finished = move |(): &(), number| {
        log.lock().unwrap().push(number);
        Ok(())
    };
    drop(pool.map(record_finished, 0..10, IN_TIME).unwrap());
    in_time(move || pool.shutdown(true, false));
    let mut finished = finished.lock().unwrap().clone();
    finished.sort_unstable();
    assert_eq!(finished, (0..10).collect::<Vec<_>>());
}

#[test]
fn test_default_workers() {
    for (cores, workers) in [(1, 5), (2, 6), (28, 32), (29, 32), (usize::MAX, 32)] {
        let pool = ThreadPoolExecutor::builder(threads()).cores(cores).max_workers(None).build().unwrap();
        assert_eq!(pool.max_workers(), workers);
        assert_eq!(default_max_workers(cores), workers);
    }
    assert_eq!(ThreadPoolExecutor::builder(threads()).build().unwrap().max_workers(), 5);
}

#[test]
fn test_saturation() {
    let (pool, semaphore) = (pool(4), Semaphore::default());
    for _ in 0..15 * pool.max_workers() {
        let semaphore = semaphore.clone();
        pool.submit(move |()| {
            semaphore.acquire();
            Ok(())
        })
        .unwrap();
    }
    assert_eq!(pool.workers(), pool.max_workers());
    for _ in 0..15 * pool.max_workers() {
        semaphore.release();
    }
    in_time(move || pool.shutdown(true, false));
}

#[test]
fn test_idle_thread_reuse() {
    let pool = ThreadPoolExecutor::builder(threads()).build().unwrap();
    for (a, b) in [(21, 2), (6, 7), (3, 14)] {
        assert_eq!(pool.submit(move |()| Ok(a * b)).unwrap().result(Some(LONG)), Ok(42));
        // The result is there an instant before its worker is idle. CPython's test relies on the GIL here.
        eventually(|| pool.idle_workers() == 1);
    }
    assert_eq!(pool.workers(), 1);
    in_time(move || pool.shutdown(true, false));
}

#[test]
fn test_executor_map_current_future_cancel() {
    let (stop, log) = (Event::default(), Arc::new(Mutex::new(Vec::new())));
    let log_n_wait = {
        let (stop, log) = (stop.clone(), Arc::clone(&log));
        move |name: &str| {
            log.lock().unwrap().push(format!("{name} started"));
            stop.wait();
            log.lock().unwrap().push(format!("{name} stopped"));
            Ok(())
        }
    };
    let running = in_time(move || {
        pool(1).with(|pool| {
            let _at_end = stop.set_at_end();
            let run = log_n_wait.clone();
            let first = pool.submit(move |()| run("first")).unwrap();
            let options = MapOptions { timeout: Some(Duration::ZERO), ..IN_TIME };
            let mut rest = pool.map(move |(), name| log_n_wait(name), ["second", "third"], options).unwrap();
            assert_eq!(rest.next(), Some(Err(FutureError::TimedOut)));
            assert_eq!(rest.next(), None);
            first
        })
    });
    assert_eq!(running.result(Some(LONG)), Ok(()));
    assert_eq!(*log.lock().unwrap(), ["first started", "first stopped"]);
}

#[test]
fn no_thread_is_started_before_a_task_comes_nor_more_than_there_are_tasks() {
    let (pool, gate) = (pool(8), Event::default());
    let _at_end = gate.set_at_end();
    for number in 0..3 {
        assert_eq!(pool.workers(), number);
        let gate = gate.clone();
        pool.submit(move |()| {
            gate.wait();
            Ok(())
        })
        .unwrap();
    }
    assert_eq!(pool.workers(), 3);
}

#[test]
fn tasks_begin_in_the_order_of_their_submission() {
    let (pool, order) = (pool(1), Arc::new(Mutex::new(Vec::new())));
    for number in 0..50 {
        let order = Arc::clone(&order);
        pool.submit(move |()| {
            order.lock().unwrap().push(number);
            Ok(())
        })
        .unwrap();
    }
    in_time(move || pool.shutdown(true, false));
    assert_eq!(*order.lock().unwrap(), (0..50).collect::<Vec<_>>());
}

#[test]
fn a_worker_passes_over_what_was_cancelled_and_says_so() {
    let (pool, gate) = (pool(1), Event::default());
    let waits = gate.clone();
    let first = pool.submit(move |()| {
        waits.wait();
        Ok(1)
    });
    let second = pool.submit(|()| Ok(2)).unwrap();
    assert!(second.cancel());
    assert_eq!(second.state(), State::Cancelled);
    gate.set();
    in_time(move || pool.shutdown(true, false));
    assert_eq!(second.state(), State::CancelledAndNotified);
    assert_eq!(first.unwrap().result(Some(LONG)), Ok(1));
}

#[test]
fn a_callback_may_submit_and_wait() {
    let (pool, nested) = (Arc::new(pool(2)), Event::default());
    let (inner, called) = (Arc::clone(&pool), nested.clone());
    let future = pool.submit(|()| Ok(20)).unwrap();
    future.add_done_callback(move |future| {
        let value = future.result(None).unwrap();
        let next = inner.submit(move |()| Ok(value + 1)).unwrap();
        assert_eq!(next.result(Some(LONG)), Ok(21));
        called.set();
    });
    nested.wait();
}

/// Threads of which only some are to be had.
struct Scarce {
    left: AtomicUsize,
}

impl Spawn for Scarce {
    fn spawn(&self, name: &str, body: Box<dyn FnOnce() + Send>) -> Result<(), SpawnFailed> {
        let taken = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        taken.map_err(|_| SpawnFailed("all are taken".to_owned()))?;
        threads().spawn(name, body)
    }
}

#[test]
fn a_task_without_a_thread_is_not_taken_and_the_pool_goes_on() {
    let spawn = Arc::new(Scarce { left: AtomicUsize::new(0) });
    let pool = pool_on(Arc::clone(&spawn) as Arc<dyn Spawn>, 2);
    let ran = Event::default();
    let task = |gate: &Event| {
        let gate = gate.clone();
        move |(): &()| {
            gate.set();
            Ok(())
        }
    };
    let error = pool.submit(task(&ran)).unwrap_err();
    assert_eq!(error, SubmitError::NoThread(SpawnFailed("all are taken".to_owned())));
    assert_eq!(error.to_string(), "can't start new thread: all are taken");
    assert_eq!(pool.workers(), 0);
    spawn.left.store(1, Ordering::Relaxed);
    let later = Event::default();
    assert_eq!(pool.submit(task(&later)).unwrap().result(Some(LONG)), Ok(()));
    in_time(move || pool.shutdown(true, false));
    assert!(later.is_set() && !ran.is_set());
}

#[test]
fn every_task_runs_once_whoever_submits_and_cancels() {
    for _ in 0..20 {
        let (pool, ran) = (Arc::new(pool(3)), Arc::new(AtomicUsize::new(0)));
        let submitting: Vec<_> = (0..4)
            .map(|thread| {
                let (pool, ran) = (Arc::clone(&pool), Arc::clone(&ran));
                start(move || {
                    let submit = |_| {
                        let ran = Arc::clone(&ran);
                        pool.submit(move |()| Ok(ran.fetch_add(1, Ordering::Relaxed))).unwrap()
                    };
                    let futures: Vec<_> = (0..100).map(submit).collect();
                    futures.iter().skip(thread).step_by(7).filter(|future| future.cancel()).count()
                })
            })
            .collect();
        let cancelled: usize = submitting.into_iter().map(|thread| thread.join()).sum();
        in_time(move || pool.shutdown(true, false));
        assert_eq!(ran.load(Ordering::Relaxed) + cancelled, 400);
    }
}
