//! A future, and waiting for several, under loom, with two and three threads.
//!
//! A wake-up that is lost is a thread that would wait for ever, which loom finds by itself: no wait has a time limit, but for
//! the one whose script says when its time is up.

use std::future::pending as never;
use std::time::Duration;

use futures_util::stream::StreamExt;
use loom::thread;
use overlap::engine::futures::{Future, FutureError, ReturnWhen, as_completed, as_completed_async, wait, wait_async};
use overlap::model::outcome::Failure;
use overlap::sync::let_time_out;

use super::explore;
use super::futures_model::{Count, block_on};

/// Preemptions of three threads that end and wait for two futures; all orders would take a minute.
const FEW: usize = 4;

#[test]
fn who_blocks_or_awaits_is_told_of_a_result() {
    for awaits in [false, true] {
        loom::model(move || {
            let future = Future::new();
            let other = future.clone();
            let setting = thread::spawn(move || other.set_result(1));
            let result = if awaits { block_on(future) } else { future.result(None) };
            assert_eq!(result, Ok(1));
            assert_eq!(setting.join().expect("it ends"), Ok(()));
        });
    }
}

#[test]
fn two_who_wait_for_one_future_are_both_told() {
    loom::model(|| {
        let future = Future::new();
        let (blocks, awaits) = (future.clone(), future.clone());
        let blocking = thread::spawn(move || blocks.result(None));
        let awaiting = thread::spawn(move || block_on(awaits));
        future.set_result(1).expect("nobody else ends it");
        assert_eq!(blocking.join().expect("it ends"), Ok(1));
        assert_eq!(awaiting.join().expect("it ends"), Ok(1));
    });
}

#[test]
fn a_time_limit_and_a_result_may_meet() {
    for (script, ends) in [(0, &["in time"][..]), (1, &["in time", "time was up"])] {
        let seen = explore(None, move || {
            let future = Future::new();
            let other = future.clone();
            let setting = thread::spawn(move || other.set_result(1));
            let_time_out(script);
            let end = match future.result(Some(Duration::from_secs(1))) {
                Ok(1) => "in time",
                Err(FutureError::TimedOut) => "time was up",
                other => panic!("{other:?}"),
            };
            assert_eq!(setting.join().expect("it ends"), Ok(()));
            assert_eq!(future.result(None), Ok(1), "a time limit ends no future");
            end
        });
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), ends);
    }
}

#[test]
fn a_task_is_run_or_cancelled_and_a_callback_is_called_once() {
    let seen = explore(None, || {
        let (future, called) = (Future::new(), Count::default());
        let (runs, adds, count) = (future.clone(), future.clone(), called.clone());
        let adding = thread::spawn(move || adds.add_done_callback(move |_| count.up()));
        let running = thread::spawn(move || {
            let may_run = runs.set_running_or_notify_cancel().expect("nobody else runs it");
            if may_run {
                runs.set_result(1).expect("nobody else ends it");
            }
            may_run
        });
        let was_cancelled = future.cancel();
        adding.join().expect("it ends");
        assert_eq!(running.join().expect("it ends"), !was_cancelled, "either, and not both");
        assert_eq!(future.result(None), if was_cancelled { Err(FutureError::Cancelled) } else { Ok(1) });
        assert_eq!(called.get(), 1);
        was_cancelled
    });
    assert_eq!(seen.len(), 2, "both happen");
}

#[test]
fn of_two_who_end_a_future_one_does() {
    let seen = explore(None, || {
        let future = Future::new();
        let other = future.clone();
        let failing = thread::spawn(move || other.set_exception(Failure::ProcessDied));
        let was_set = future.set_result(1).is_ok();
        let has_failed = failing.join().expect("it ends").is_ok();
        assert_ne!(was_set, has_failed);
        assert_eq!(future.exception(None), Ok(has_failed.then_some(Failure::ProcessDied)));
        was_set
    });
    assert_eq!(seen.len(), 2, "both happen");
}

#[test]
fn a_waker_that_is_taken_back_meets_the_end() {
    loom::model(|| {
        let future = Future::new();
        let (other, mut awaited) = (future.clone(), future.clone());
        let setting = thread::spawn(move || other.set_result(1));
        let polled = block_on(std::future::poll_fn(|context| {
            std::task::Poll::Ready(std::pin::Pin::new(&mut awaited).poll(context).is_ready())
        }));
        drop(awaited);
        assert_eq!(setting.join().expect("it ends"), Ok(()));
        assert!(future.done() || polled);
    });
}

/// Two futures that two threads end: one with a result, one that was cancelled before its executor came to it.
fn ended_by_two() -> ([Future<i32>; 2], [thread::JoinHandle<()>; 2]) {
    let futures = [Future::new(), Future::new()];
    let [first, second] = futures.clone();
    let setting = thread::spawn(move || first.set_result(1).expect("nobody else ends it"));
    let cancelling = thread::spawn(move || {
        second.cancel();
        assert_eq!(second.set_running_or_notify_cancel(), Ok(false));
    });
    (futures, [setting, cancelling])
}

#[test]
fn a_wait_for_all_ends_with_the_last_and_one_for_the_first_with_any() {
    for (return_when, awaits) in [
        (ReturnWhen::AllCompleted, false),
        (ReturnWhen::AllCompleted, true),
        (ReturnWhen::FirstCompleted, false),
        (ReturnWhen::FirstCompleted, true),
    ] {
        let seen = explore(FEW, move || {
            let (futures, threads) = ended_by_two();
            let waited = if awaits {
                block_on(wait_async(futures, return_when, never()))
            } else {
                wait(futures, return_when, None)
            };
            threads.into_iter().for_each(|thread| thread.join().expect("it ends"));
            assert_eq!(waited.done.len() + waited.not_done.len(), 2);
            waited.done.len()
        });
        let expected = if return_when == ReturnWhen::AllCompleted { &[2][..] } else { &[1, 2] };
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), expected, "{return_when:?}");
    }
}

#[test]
fn each_future_is_handed_out_once() {
    for awaits in [false, true] {
        let seen = explore(FEW, move || {
            let (futures, threads) = ended_by_two();
            let [first, _] = futures.clone();
            let given: Vec<_> = if awaits {
                block_on(as_completed_async(futures, never()).collect())
            } else {
                as_completed(futures, None).collect()
            };
            threads.into_iter().for_each(|thread| thread.join().expect("it ends"));
            let given: Vec<_> = given.into_iter().map(|future| future.expect("no time limit")).collect();
            assert!(given.len() == 2 && given[0] != given[1]);
            given[0] == first
        });
        assert_eq!(seen.len(), 2, "either may be the first");
    }
}
