//! Ends of a thread pool and of its threads: the part of `test_shutdown.py` that is about threads.

use std::sync::{Arc, Mutex};

use overlap::engine::futures::{Executor, FutureError, ReturnWhen, ThreadPoolExecutor, wait};

use super::support::{Counted, Event, IN_TIME, LONG, Semaphore, in_time, pool, pool_on, start, test};

fn absolute((): &(), number: i32) -> Result<i32, overlap::model::outcome::Failure> {
    Ok(number.abs())
}

fn absolutes() -> Vec<Result<i32, FutureError>> {
    (-5..5_i32).map(|number| Ok(number.abs())).collect()
}

#[test]
fn test_threads_terminate() {
    let (counted, semaphore) = (Counted::default(), Semaphore::default());
    let pool = pool_on(Arc::new(counted.clone()), 5);
    for _ in 0..3 {
        let semaphore = semaphore.clone();
        pool.submit(move |()| {
            semaphore.acquire();
            Ok(())
        })
        .unwrap();
    }
    assert_eq!(pool.workers(), 3);
    (0..3).for_each(|_| semaphore.release());
    in_time(move || pool.shutdown(true, false));
    counted.join();
}

#[test]
fn test_context_manager_shutdown() {
    let counted = Counted::default();
    let pool = pool_on(Arc::new(counted.clone()), 5);
    in_time(move || {
        pool.with(|pool| {
            let results = pool.map(absolute, -5..5, IN_TIME).unwrap();
            assert_eq!(results.collect::<Vec<_>>(), absolutes());
        });
    });
    counted.join();
}

#[test]
fn test_del_shutdown() {
    let counted = Counted::default();
    let pool = pool_on(Arc::new(counted.clone()), 5);
    let results = pool.map(absolute, -5..5, IN_TIME).unwrap();
    drop(pool);
    counted.join();
    assert_eq!(results.collect::<Vec<_>>(), absolutes());
}

#[test]
fn test_shutdown_no_wait() {
    let counted = Counted::default();
    let pool = pool_on(Arc::new(counted.clone()), 5);
    let results = pool.map(absolute, -5..5, IN_TIME).unwrap();
    pool.shutdown(false, false);
    counted.join();
    assert_eq!(results.collect::<Vec<_>>(), absolutes());
}

#[test]
fn test_thread_names_assigned() {
    let counted = Counted::default();
    let builder = ThreadPoolExecutor::builder(Arc::new(counted.clone())).max_workers(5);
    let pool = builder.thread_name_prefix("SpecialPool").build().unwrap();
    drop(pool.map(absolute, -5..5, IN_TIME).unwrap());
    drop(pool);
    let expected: Vec<_> = (0..5).map(|number| format!("SpecialPool_{number}")).collect();
    assert!(!counted.names().is_empty() && expected.starts_with(&counted.names()), "{:?}", counted.names());
    counted.join();
}

#[test]
fn test_thread_names_default() {
    let mut prefixes = Vec::new();
    for _ in 0..2 {
        let counted = Counted::default();
        let pool = pool_on(Arc::new(counted.clone()), 5);
        drop(pool.map(absolute, -5..5, IN_TIME).unwrap());
        drop(pool);
        for name in counted.names() {
            let (prefix, worker) = name.rsplit_once('_').expect("a number is at its end");
            let number = prefix.strip_prefix("ThreadPoolExecutor-").expect("it says what it is");
            assert!(!number.is_empty() && number.chars().all(|digit| digit.is_ascii_digit()), "{name}");
            assert!(["0", "1", "2", "3", "4"].contains(&worker), "{name}");
            prefixes.push(prefix.to_owned());
        }
        counted.join();
    }
    prefixes.dedup();
    assert_eq!(prefixes.len(), 2, "each pool has a number of its own");
}

#[test]
fn test_cancel_futures_wait_false() {
    let counted = Counted::default();
    let pool = pool_on(Arc::new(counted.clone()), 5);
    let future = pool.submit(|()| Ok("apple")).unwrap();
    pool.shutdown(false, true);
    counted.join();
    // As CPython's, it is done or cancelled, whichever was first.
    assert!([Ok("apple"), Err(FutureError::Cancelled)].contains(&future.result(Some(LONG))));
}

#[test]
fn who_waits_for_what_a_shutdown_cancels_is_told() {
    let (pool, began, gate) = (pool(1), Event::default(), Event::default());
    let (begins, waits) = (began.clone(), gate.clone());
    let first = pool.submit(move |()| {
        begins.set();
        waits.wait();
        Ok(1)
    });
    let second = pool.submit(|()| Ok(2)).unwrap();
    let all = [first.unwrap(), second.clone()];
    let waiting = start(move || wait(all, ReturnWhen::FirstCompleted, None));
    let called = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&called);
    second.add_done_callback(move |future| seen.lock().unwrap().push(future.cancelled()));
    began.wait();
    pool.shutdown(false, true);
    assert_eq!(waiting.join().done, [second]);
    assert_eq!(*called.lock().unwrap(), [true]);
    gate.set();
}

#[test]
fn a_shutdown_waits_for_workers_that_have_not_begun_and_for_their_callbacks() {
    for _ in 0..50 {
        let counted = Counted::default();
        let (pool, called) = (pool_on(Arc::new(counted.clone()), 3), Event::default());
        for _ in 0..3 {
            let seen = called.clone();
            pool.submit(|()| Ok(())).unwrap().add_done_callback(move |_| seen.set());
        }
        in_time(move || pool.shutdown(true, false));
        assert!(called.is_set());
        // The threads themselves end an instant after the bodies that they were given.
        counted.join();
    }
}

#[test]
fn the_last_handle_may_be_dropped_by_a_worker() {
    let counted = Counted::default();
    let (pool, gate) = (Arc::new(pool_on(Arc::new(counted.clone()), 2)), Event::default());
    let (inner, waits) = (Arc::clone(&pool), gate.clone());
    pool.submit(move |()| {
        waits.wait();
        drop(inner);
        Ok(())
    })
    .unwrap();
    drop(pool);
    gate.set();
    counted.join();
}
