//! Futures in the order in which they complete: `test_as_completed.py`, and the same from an event loop.

use std::future::pending as never;
use std::iter::repeat_n;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_util::stream::{Stream, StreamExt};
use overlap::engine::futures::{Executor, Future, Unfinished, as_completed, as_completed_async};

use super::support::{
    Event, FAILURE, LONG, Token, Woken, block_on, cancelled, cancelled_and_notified, failed, in_time, pending, pool,
    running, start, successful, test,
};

/// All that come, and that none is an error.
fn collect_in_time(futures: Vec<Future<i32>>) -> Vec<Future<i32>> {
    in_time(move || as_completed(futures, None).collect::<Result<_, _>>()).expect("there is no timeout")
}

#[test]
fn test_no_timeout() {
    let (pool, gate) = (pool(5), Event::default());
    let submit = |value| {
        let gate = gate.clone();
        pool.submit(move |()| {
            gate.wait();
            Ok(value)
        })
    };
    let (future1, future2) = (submit(42).unwrap(), submit(7).unwrap());
    let already = [cancelled_and_notified(), failed(), successful(42)];
    let all: Vec<_> = [&future1].into_iter().chain(&already).chain([&future2]).cloned().collect();
    gate.set();
    let completed = collect_in_time(all.clone());
    assert_eq!(completed.len(), all.len());
    assert!(all.iter().all(|future| completed.contains(future)));
}

#[test]
fn test_future_times_out() {
    let (pool, gate) = (pool(5), Event::default());
    let _at_end = gate.set_at_end();
    let already = [cancelled_and_notified(), failed(), successful(42)];
    for timeout in [Duration::ZERO, Duration::from_millis(50)] {
        let gate = gate.clone();
        let future = pool.submit(move |()| {
            gate.wait();
            Ok(1)
        });
        let all: Vec<_> = already.iter().cloned().chain(future).collect();
        let mut completed = in_time(move || as_completed(all, Some(timeout)).collect::<Vec<_>>());
        assert_eq!(completed.pop(), Some(Err(Unfinished { unfinished: 1, total: 4 })));
        assert_eq!(completed, already.clone().map(Ok));
    }
}

#[test]
fn test_duplicate_futures() {
    let (pool, gate) = (pool(5), Event::default());
    let waits = gate.clone();
    let future1 = pool.submit(move |()| {
        waits.wait();
        Ok(1)
    });
    let three_times = repeat_n(future1.unwrap(), 3).collect();
    gate.set();
    assert_eq!(collect_in_time(three_times).len(), 1);
}

#[test]
fn test_free_reference_yielded_future() {
    let mut futures: Vec<Future<Token>> = (0..8).map(|_| Future::new()).collect();
    let (token, gone) = Token::new();
    futures.extend([cancelled_and_notified(), successful(token)]);
    let mut yielded = as_completed(futures.clone(), Some(Duration::ZERO));
    futures.truncate(8);
    for _ in 0..2 {
        drop(yielded.next().expect("two have completed").expect("and are given first"));
    }
    assert!(gone.is_set());
    assert_eq!(yielded.next(), Some(Err(Unfinished { unfinished: 8, total: 10 })));
    assert_eq!(yielded.next(), None);

    let (token, mut gone) = Token::new();
    futures[0].set_result(token).unwrap();
    for future in as_completed(futures.clone(), Some(LONG)) {
        assert_eq!(future, Ok(futures.remove(0)));
        assert!(!gone.is_set());
        drop(future);
        assert!(gone.is_set());
        if let Some(next) = futures.first() {
            let (token, next_gone) = Token::new();
            next.set_result(token).unwrap();
            gone = next_gone;
        }
    }
    assert!(futures.is_empty());
}

#[test]
fn test_correct_timeout_exception_msg() {
    let futures = [cancelled_and_notified(), pending(), running(), successful(42)];
    let unfinished = as_completed(futures, Some(Duration::ZERO)).find_map(Result::err).expect("two are unfinished");
    assert_eq!(unfinished.to_string(), "2 (of 4) futures unfinished");
}

#[test]
fn those_that_completed_come_first_then_the_others_in_the_order_in_which_they_do() {
    let futures: [Future<i32>; 5] = [pending(), successful(1), pending(), cancelled(), failed()];
    let mut yielded = as_completed(futures.clone(), Some(LONG));
    let mut next = || yielded.next();
    assert_eq!(next(), Some(Ok(futures[1].clone())));
    assert_eq!(next(), Some(Ok(futures[4].clone())));
    futures[3].set_running_or_notify_cancel().unwrap();
    futures[2].set_exception(FAILURE).unwrap();
    futures[0].set_result(0).unwrap();
    for place in [3, 2, 0] {
        assert_eq!(next(), Some(Ok(futures[place].clone())));
    }
    assert_eq!((next(), next()), (None, None));
}

#[test]
fn a_stream_gives_them_as_the_iterator_does() {
    let futures: [Future<i32>; 3] = [pending(), successful(1), pending()];
    let twice = futures.clone().into_iter().chain(futures.clone());
    let mut stream = as_completed_async(twice, never());
    assert_eq!(block_on(stream.next()), Some(Ok(futures[1].clone())));
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    assert!(pin!(&mut stream).poll_next(&mut Context::from_waker(&waker)).is_pending());
    futures[2].set_result(2).unwrap();
    assert!(woken.0.is_set());
    futures[0].set_result(0).unwrap();
    let rest: Vec<_> = block_on(stream.collect());
    assert_eq!(rest, [Ok(futures[2].clone()), Ok(futures[0].clone())]);
}

#[test]
fn a_timer_ends_a_stream_with_an_error() {
    let futures = [pending(), successful(1)];
    let time_is_up = Future::<()>::new();
    let timer = time_is_up.clone();
    let mut stream = as_completed_async(futures.clone(), async move {
        timer.await.unwrap();
    });
    assert_eq!(block_on(stream.next()), Some(Ok(futures[1].clone())));
    assert_eq!(pin!(&mut stream).poll_next(&mut Context::from_waker(Waker::noop())), Poll::Pending);
    time_is_up.set_result(()).unwrap();
    assert_eq!(block_on(stream.next()), Some(Err(Unfinished { unfinished: 1, total: 2 })));
    assert_eq!(block_on(stream.next()), None);
}

#[test]
fn no_future_is_lost_between_threads_that_end_them_and_one_that_takes_them() {
    for round in 0..200 {
        let futures: [Future<i32>; 4] = Default::default();
        let ending = futures.clone().map(|future| start(move || future.set_result(round)));
        assert_eq!(collect_in_time(futures.to_vec()).len(), 4);
        ending.into_iter().for_each(|thread| thread.join().unwrap());
    }
}
