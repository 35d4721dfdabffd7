//! Ends of a pool: `test_shutdown.py`, as far as it holds for every executor.

use std::sync::Arc;

use overlap::engine::futures::log::Level;
use overlap::engine::futures::{Executor, SubmitError};

use super::support::{Event, IN_TIME, LONG, Semaphore, in_time, keep_log, logged, pool, test};

fn absolute((): &(), number: i32) -> Result<i32, overlap::model::outcome::Failure> {
    Ok(number.abs())
}

#[test]
fn test_run_after_shutdown() {
    let pool = pool(5);
    in_time(move || {
        pool.shutdown(true, false);
        let error = pool.submit(|()| Ok(2_i32.pow(5))).unwrap_err();
        assert_eq!(error, SubmitError::ShutDown);
        assert_eq!(error.to_string(), "cannot schedule new futures after shutdown");
        assert_eq!(pool.map(absolute, -5..5, IN_TIME).unwrap_err(), error);
    });
}

#[test]
fn test_hang_issue12364() {
    let pool = pool(5);
    let futures: Vec<_> = (0..50).map(|number| pool.submit(move |()| Ok(number)).unwrap()).collect();
    in_time(move || pool.shutdown(true, false));
    for (number, future) in (0..).zip(futures) {
        assert!(future.done(), "the shutdown waited for it");
        assert_eq!(future.result(Some(LONG)), Ok(number));
    }
}

#[test]
fn test_cancel_futures() {
    let (pool, gate) = (pool(5), Event::default());
    let began = Semaphore::default();
    let submit = |_| {
        let (gate, began) = (gate.clone(), began.clone());
        pool.submit(move |()| {
            began.release();
            gate.wait();
            Ok(())
        })
        .unwrap()
    };
    let futures: Vec<_> = (0..50).map(submit).collect();
    // All five workers are at work, and hold five futures. The others have not begun.
    (0..5).for_each(|_| began.acquire());
    pool.shutdown(false, true);
    let cancelled = futures.iter().filter(|future| future.cancelled()).count();
    assert_eq!(cancelled, 45);
    gate.set();
    in_time(move || pool.shutdown(true, true));
    for future in futures.iter().filter(|future| !future.cancelled()) {
        assert!(future.done(), "{future}");
        assert_eq!(future.exception(Some(LONG)), Ok(None));
    }
}

#[test]
fn test_hang_gh83386() {
    let (pool, gate) = (Arc::new(pool(3)), Event::default());
    let (waits, again) = (gate.clone(), Arc::clone(&pool));
    let future = pool.submit(move |()| {
        waits.wait();
        Ok("apple")
    });
    in_time(move || pool.shutdown(false, false));
    gate.set();
    assert_eq!(future.unwrap().result(Some(LONG)), Ok("apple"));
    in_time(move || again.shutdown(true, false));
}

#[test]
fn test_hang_gh94440() {
    for _ in 0..100 {
        let pool = pool(1);
        assert_eq!(pool.submit(|()| Ok(0)).unwrap().result(Some(LONG)), Ok(0));
        in_time(move || {
            pool.submit(|()| Ok(0)).unwrap().cancel();
            pool.shutdown(true, false);
        });
    }
}

#[test]
fn a_callback_of_what_a_shutdown_cancels_may_use_the_pool() {
    let (pool, gate) = (Arc::new(pool(1)), Event::default());
    let waits = gate.clone();
    pool.submit(move |()| {
        waits.wait();
        Ok(1)
    })
    .unwrap();
    let (inner, called) = (Arc::clone(&pool), Event::default());
    let seen = called.clone();
    pool.submit(|()| Ok(2)).unwrap().add_done_callback(move |_| {
        assert_eq!(inner.submit(|()| Ok(3)).unwrap_err(), SubmitError::ShutDown);
        seen.set();
    });
    in_time(move || {
        pool.shutdown(false, true);
        gate.set();
        pool.shutdown(true, false);
    });
    assert!(called.is_set());
}

#[test]
fn a_worker_that_is_to_wait_for_its_own_end_does_not() {
    keep_log();
    let pool = Arc::new(pool(2));
    let inner = Arc::clone(&pool);
    let future = pool.submit(move |()| {
        inner.shutdown(true, false);
        Ok(())
    });
    assert_eq!(future.unwrap().result(Some(LONG)), Ok(()));
    assert!(logged(Level::Critical, "a worker cannot wait for its own end"));
    in_time(move || pool.shutdown(true, false));
}
