//! What every executor does: `executor.py`.

use std::sync::Arc;
use std::time::Duration;

use overlap::engine::futures::{Executor, FutureError, MapOptions};
use overlap::model::outcome::Failure;

use super::support::{Event, FAILURE, IN_TIME, LONG, Token, in_time, pool, test};

#[test]
fn test_submit() {
    let future = pool(5).submit(|()| Ok(2_i32.pow(8))).unwrap();
    assert_eq!(future.result(Some(LONG)), Ok(256));
}

#[test]
fn test_map() {
    let pool = pool(5);
    let expected: Vec<_> = (0..10_u32).map(|n| Ok(u64::from(n).pow(n))).collect();
    for chunksize in [1, 3] {
        let options = MapOptions { chunksize, ..IN_TIME };
        let results = pool.map(|(), n: u32| Ok(u64::from(n).pow(n)), 0..10, options).unwrap();
        assert_eq!(results.collect::<Vec<_>>(), expected);
    }
}

#[test]
fn test_map_exception() {
    let divide = |(): &(), (a, b): (i32, i32)| a.checked_div(b).map(|quotient| (quotient, a % b)).ok_or(FAILURE);
    let pool = pool(5);
    let mut results = pool.map(divide, [(1, 2), (1, 3), (1, 0), (1, 5)], IN_TIME).unwrap();
    assert_eq!(results.next(), Some(Ok((0, 1))));
    assert_eq!(results.next(), Some(Ok((0, 1))));
    assert_eq!(results.next(), Some(Err(FutureError::Failed(FAILURE))));
    assert_eq!(results.next(), None, "an error is the last");
}

#[test]
fn test_map_timeout() {
    // One worker: when it begins the third, the two before are finished. They are given even if time is up by then.
    let (pool, began, gate) = (pool(1), Event::default(), Event::default());
    let _at_end = gate.set_at_end();
    let (begins, waits) = (began.clone(), gate.clone());
    let run = move |(): &(), number| {
        if number == 2 {
            begins.set();
            waits.wait();
        }
        Ok(number)
    };
    let options = MapOptions { timeout: Some(Duration::from_millis(20)), ..IN_TIME };
    let results = pool.map(run, 0..3, options).unwrap();
    began.wait();
    let results = in_time(move || results.collect::<Vec<_>>());
    assert_eq!(results, [Ok(0), Ok(1), Err(FutureError::TimedOut)]);
}

#[test]
fn test_shutdown_race_issue12456() {
    in_time(|| {
        let pool = pool(5);
        pool.map(|(), n| Ok(n), [2; 6], IN_TIME).unwrap();
        pool.shutdown(true, false);
    });
}

#[test]
fn test_no_stale_references() {
    let pool = pool(5);
    let (token, gone) = Token::new();
    pool.submit(move |()| {
        let _held = &token;
        Ok(())
    })
    .unwrap();
    gone.wait();
}

#[test]
fn test_free_reference() {
    let pool = pool(5);
    let make = |(): &(), _| {
        let (token, gone) = Token::new();
        Ok((token, gone))
    };
    for result in pool.map(make, 0..10, IN_TIME).unwrap() {
        let (token, gone) = result.unwrap();
        drop(token);
        // The worker may hold its handle for an instant more; the iterator, which goes on only after this, must not.
        gone.wait();
    }
}

#[test]
fn a_panic_is_the_failure_of_its_task_and_the_worker_goes_on() {
    let pool = pool(1);
    let panics = pool.submit(|()| -> Result<(), _> { panic!("a task that panics") }).unwrap();
    let next = pool.submit(|()| Ok(1)).unwrap();
    let panicked = Failure::Panicked("a task that panics".to_owned());
    assert_eq!(panics.result(Some(LONG)), Err(FutureError::Failed(panicked)));
    assert_eq!(next.result(Some(LONG)), Ok(1));
    assert_eq!(pool.workers(), 1);
}

#[test]
fn results_that_are_asked_for_no_more_are_cancelled() {
    let (pool, gate, began) = (pool(1), Event::default(), Event::default());
    let _at_end = gate.set_at_end();
    let (waits, begins, ran) = (gate.clone(), began.clone(), Arc::new(std::sync::Mutex::new(Vec::new())));
    let log = Arc::clone(&ran);
    let run = move |(): &(), number| {
        log.lock().unwrap().push(number);
        if number == 1 {
            begins.set();
            waits.wait();
        }
        Ok(number)
    };
    let mut results = pool.map(run, 0..4, IN_TIME).unwrap();
    assert_eq!(results.next(), Some(Ok(0)));
    began.wait();
    drop(results);
    gate.set();
    in_time(move || pool.shutdown(true, false));
    assert_eq!(*ran.lock().unwrap(), [0, 1], "what ran went on, what had not begun was cancelled");
}

#[test]
fn a_scope_ends_its_executor_on_a_panic_as_well() {
    let ended = Event::default();
    let at_end = ended.clone();
    let ends = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        pool(2).with(|pool| {
            pool.submit(move |()| {
                at_end.set();
                Ok(1)
            })
            .unwrap();
            panic!("in the scope");
        });
    }));
    assert!(ends.is_err());
    assert!(ended.is_set(), "the scope waited for it");
}
