//! Closures on threads: `test_threads.py`. In real time, as threads are.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use overlap::engine::asyncio::{Error, gather, run, run_in_executor, to_thread, yield_now};
use overlap::engine::futures::{Executor, FutureError, SubmitError};

use super::support::{FAILURE, fail, test};
use crate::futures::support::{Event, block_on, pool};

#[test]
fn test_to_thread() {
    let pool = Rc::new(pool(2));
    let outcome = block_on(run(|_| async move { to_thread(&*pool, || Ok(40 + 2)).await }));
    assert_eq!(outcome, Ok(42));
}

#[test]
fn test_to_thread_exception() {
    let pool = pool(2);
    let outcome = block_on(run(|_| async move { to_thread(&pool, || Err::<(), _>(FAILURE)).await }));
    assert_eq!(outcome, Err(FAILURE.into()));
}

#[test]
fn test_to_thread_once() {
    let calls = Arc::new(AtomicUsize::new(0));
    let (pool, counted) = (pool(2), Arc::clone(&calls));
    let closure = move || Ok(counted.fetch_add(1, Ordering::Relaxed));
    assert_eq!(block_on(run(|_| async move { to_thread(&pool, closure).await })), Ok(0));
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

#[test]
fn test_to_thread_concurrent() {
    let calls = Arc::new(AtomicUsize::new(0));
    let (pool, counted) = (Rc::new(pool(4)), Arc::clone(&calls));
    let outcome = block_on(run(|event_loop| async move {
        let tasks = (0..10).map(|_| {
            let (pool, counted) = (Rc::clone(&pool), Arc::clone(&counted));
            let closure = move || Ok(counted.fetch_add(1, Ordering::Relaxed));
            event_loop.create_task(async move { to_thread(&*pool, closure).await })
        });
        Ok(gather(tasks).await?.len())
    }));
    assert_eq!(outcome, Ok(10));
    assert_eq!(calls.load(Ordering::Relaxed), 10);
}

#[test]
fn cancelling_who_awaits_a_thread_does_not_stop_it_and_keeps_what_has_not_begun_from_beginning() {
    let pool = Rc::new(pool(1));
    let (begun, gate, ended) = (Event::default(), Event::default(), Event::default());
    let _at_end = gate.set_at_end();
    let (has_begun, may_end, at_end) = (begun.clone(), gate.clone(), ended.clone());
    let never = Arc::new(AtomicUsize::new(0));
    let (executor, counted) = (Rc::clone(&pool), Arc::clone(&never));
    let outcome = block_on(run(|event_loop| async move {
        let running = Rc::clone(&executor);
        let first = event_loop.create_task(async move {
            let closure = move || {
                has_begun.set();
                may_end.wait();
                at_end.set();
                Ok(())
            };
            to_thread(&*running, closure).await
        });
        let second = event_loop.create_task(async move {
            to_thread(&*executor, move || Ok(counted.fetch_add(1, Ordering::Relaxed))).await
        });
        yield_now().await;
        begun.wait();
        first.cancel();
        second.cancel();
        assert_eq!(first.await, Err(FutureError::Cancelled));
        assert_eq!(second.await, Err(FutureError::Cancelled));
        gate.set();
        ended.wait();
        Ok(())
    }));
    assert_eq!(outcome, Ok(()));
    pool.shutdown(true, false);
    assert_eq!(never.load(Ordering::Relaxed), 0);
}

#[test]
fn an_executor_that_takes_nothing_is_told_and_one_that_does_lends_its_context() {
    let pool = Rc::new(pool(1));
    let outcome = block_on(run(|_| async move {
        assert_eq!(run_in_executor(&*pool, |()| Ok(1)).await, Ok(1));
        pool.shutdown(true, false);
        let refused = to_thread(&*pool, || Ok(1)).await;
        assert_eq!(refused, Err(Error::NotTaken(SubmitError::ShutDown)));
        fail::<()>()
    }));
    assert_eq!(outcome, Err(FAILURE.into()));
}
