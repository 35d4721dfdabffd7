//! Waiting for several futures: `test_wait.py`, and the same from an event loop.

use std::future::pending as never;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use overlap::engine::futures::{Executor, Future, ReturnWhen, Waited, wait, wait_async};
use overlap::sync::monotonic;

use super::support::{
    Event, FAILURE, Woken, block_on, cancelled, cancelled_and_notified, failed, in_time, pending, pool, running, start,
    successful, test,
};

/// A task that goes on once the event is set.
fn after<T>(event: &Event, value: T) -> impl FnOnce(&()) -> T + use<T> {
    let event = event.clone();
    move |()| {
        event.wait();
        value
    }
}

/// Waits without a timeout, and fails if that hangs.
fn wait_in_time(futures: &[&Future<i32>], return_when: ReturnWhen) -> Waited<i32> {
    let futures: Vec<_> = futures.iter().map(|future| (*future).clone()).collect();
    in_time(move || wait(futures, return_when, None))
}

fn assert_waited(waited: &Waited<i32>, done: &[&Future<i32>], not_done: &[&Future<i32>]) {
    assert_eq!(waited.done.iter().collect::<Vec<_>>(), done);
    assert_eq!(waited.not_done.iter().collect::<Vec<_>>(), not_done);
}

#[test]
fn test_20369() {
    let (pool, gate) = (pool(5), Event::default());
    let future = pool.submit(after(&gate, Ok(1))).unwrap();
    gate.set();
    assert_waited(&wait_in_time(&[&future, &future], ReturnWhen::AllCompleted), &[&future], &[]);
}

#[test]
fn test_first_completed() {
    let (pool, first, gate) = (pool(5), Event::default(), Event::default());
    let _at_end = gate.set_at_end();
    let future1 = pool.submit(after(&first, Ok(42))).unwrap();
    let future2 = pool.submit(after(&gate, Ok(1))).unwrap();
    let cancelled = cancelled();
    first.set();
    let waited = wait_in_time(&[&cancelled, &future1, &future2], ReturnWhen::FirstCompleted);
    assert_waited(&waited, &[&future1], &[&cancelled, &future2]);
}

#[test]
fn test_first_completed_some_already_completed() {
    let (pool, gate) = (pool(5), Event::default());
    let _at_end = gate.set_at_end();
    let future1 = pool.submit(after(&gate, Ok(1))).unwrap();
    let (notified, successful) = (cancelled_and_notified(), successful(42));
    let waited = wait_in_time(&[&notified, &successful, &future1], ReturnWhen::FirstCompleted);
    assert_waited(&waited, &[&notified, &successful], &[&future1]);
}

#[test]
fn test_first_exception() {
    let (pool, first, second, gate) = (pool(5), Event::default(), Event::default(), Event::default());
    let _at_end = gate.set_at_end();
    let future1 = pool.submit(after(&first, Ok(42))).unwrap();
    let future2 = pool.submit(after(&second, Err(FAILURE))).unwrap();
    let future3 = pool.submit(after(&gate, Ok(1))).unwrap();
    future1.add_done_callback(move |_| second.set());
    first.set();
    let waited = wait_in_time(&[&future1, &future2, &future3], ReturnWhen::FirstException);
    assert_waited(&waited, &[&future1, &future2], &[&future3]);
}

#[test]
fn test_first_exception_some_already_complete() {
    let (pool, first, gate) = (pool(5), Event::default(), Event::default());
    let _at_end = gate.set_at_end();
    let future1 = pool.submit(after(&first, Err(FAILURE))).unwrap();
    let future2 = pool.submit(after(&gate, Ok(1))).unwrap();
    let (successful, cancelled, notified) = (successful(42), cancelled(), cancelled_and_notified());
    first.set();
    let waited = wait_in_time(&[&successful, &cancelled, &notified, &future1, &future2], ReturnWhen::FirstException);
    assert_waited(&waited, &[&successful, &notified, &future1], &[&cancelled, &future2]);
}

#[test]
fn test_first_exception_one_already_failed() {
    let (pool, gate) = (pool(5), Event::default());
    let _at_end = gate.set_at_end();
    let future1 = pool.submit(after(&gate, Ok(1))).unwrap();
    let failed = failed();
    assert_waited(&wait_in_time(&[&failed, &future1], ReturnWhen::FirstException), &[&failed], &[&future1]);
}

#[test]
fn test_all_completed() {
    let (pool, gate) = (pool(5), Event::default());
    let future1 = pool.submit(after(&gate, Err(FAILURE))).unwrap();
    let future2 = pool.submit(after(&gate, Ok(42))).unwrap();
    let (successful, notified, failed) = (successful(42), cancelled_and_notified(), failed());
    gate.set();
    let all = [&successful, &notified, &failed, &future1, &future2];
    assert_waited(&wait_in_time(&all, ReturnWhen::AllCompleted), &all, &[]);
}

#[test]
fn test_timeout() {
    let (pool, gate) = (pool(5), Event::default());
    let _at_end = gate.set_at_end();
    let future = pool.submit(after(&gate, Ok(1))).unwrap();
    let (notified, failed, successful) = (cancelled_and_notified(), failed(), successful(42));
    let all = [&notified, &failed, &successful, &future].map(Future::clone);
    let (timeout, start) = (Duration::from_millis(50), monotonic());
    let waited = in_time(move || wait(all, ReturnWhen::AllCompleted, Some(timeout)));
    assert!(monotonic() - start >= timeout);
    assert_waited(&waited, &[&notified, &failed, &successful], &[&future]);
}

#[test]
fn test_pending_calls_race() {
    let (pool, event) = (pool(5), Event::default());
    let futures: Vec<_> = (0..100).map(|_| pool.submit(after(&event, Ok(1))).unwrap()).collect();
    event.set();
    let waited = in_time(move || wait(futures, ReturnWhen::AllCompleted, None));
    assert_eq!((waited.done.len(), waited.not_done.len()), (100, 0));
}

#[test]
fn nothing_to_wait_for_is_over_at_once() {
    for return_when in [ReturnWhen::FirstCompleted, ReturnWhen::FirstException, ReturnWhen::AllCompleted] {
        assert_waited(&wait_in_time(&[], return_when), &[], &[]);
    }
}

#[test]
fn being_cancelled_is_no_failure() {
    let (notified, future) = (cancelled_and_notified(), Future::new());
    let mut context = Context::from_waker(Waker::noop());
    let waiting = wait_async([notified.clone(), future.clone()], ReturnWhen::FirstException, never());
    let mut waiting = pin!(waiting);
    assert!(waiting.as_mut().poll(&mut context).is_pending());
    future.cancel();
    assert!(waiting.as_mut().poll(&mut context).is_pending(), "nobody was notified");
    future.set_running_or_notify_cancel().unwrap();
    assert_waited(&block_on(waiting), &[&notified, &future], &[]);
}

#[test]
fn who_awaits_all_is_woken_by_the_last_and_by_no_other() {
    let futures = [pending(), running(), pending()];
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    let mut waiting = pin!(wait_async(futures.clone(), ReturnWhen::AllCompleted, never()));
    assert!(waiting.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    futures[1].set_result(1).unwrap();
    futures[0].set_exception(FAILURE).unwrap();
    assert!(!woken.0.is_set());
    futures[2].cancel();
    assert!(!woken.0.is_set());
    futures[2].set_running_or_notify_cancel().unwrap();
    assert!(woken.0.is_set());
    let [first, second, third] = &futures;
    assert_waited(&block_on(waiting), &[first, second, third], &[]);
}

#[test]
fn who_awaits_the_first_or_a_failure_is_woken_by_it() {
    for return_when in [ReturnWhen::FirstCompleted, ReturnWhen::FirstException] {
        let futures = [pending(), pending()];
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        let mut waiting = pin!(wait_async(futures.clone(), return_when, never()));
        assert!(waiting.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        futures[1].set_exception(FAILURE).unwrap();
        assert!(woken.0.is_set());
        assert_waited(&block_on(waiting), &[&futures[1]], &[&futures[0]]);
    }
}

#[test]
fn a_timer_ends_an_awaited_wait() {
    let (done, future) = (successful(42), pending());
    let waited = block_on(wait_async([future.clone(), done.clone()], ReturnWhen::AllCompleted, async {}));
    assert_waited(&waited, &[&done], &[&future]);
}

#[test]
fn a_wait_that_is_over_or_given_up_leaves_nothing_behind() {
    let future = Future::<i32>::new();
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    let mut waiting = Box::pin(wait_async([future.clone()], ReturnWhen::AllCompleted, never()));
    assert!(waiting.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    drop((waiting, waker));
    assert_eq!(Arc::strong_count(&woken), 1);
    future.set_result(1).unwrap();
    assert!(!woken.0.is_set());
}

#[test]
fn no_wake_up_is_lost_between_threads_that_end_futures_and_one_that_waits() {
    for round in 0..200 {
        let futures: [Future<usize>; 4] = Default::default();
        let ending = futures.clone().map(|future| start(move || future.set_result(round)));
        let waiting = futures.clone();
        let return_when = if round % 2 == 0 { ReturnWhen::AllCompleted } else { ReturnWhen::FirstCompleted };
        let waited = in_time(move || wait(waiting, return_when, None));
        assert!(!waited.done.is_empty());
        assert!(round % 2 == 1 || waited.not_done.is_empty());
        ending.into_iter().for_each(|thread| thread.join().unwrap());
    }
}
