//! A future alone: `test_future.py`, and awaiting, which CPython leaves to asyncio.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use overlap::engine::futures::log::Level;
use overlap::engine::futures::{Future, FutureError, State};
use overlap::model::outcome::Failure;

use super::support::{
    Event, FAILURE, LONG, Token, Woken, block_on, cancelled, cancelled_and_notified, failed, in_time, keep_log, logged,
    pending, running, start, successful, test,
};

const AT_ONCE: Option<Duration> = Some(Duration::ZERO);

/// Rounds of a race, so many that each thread is the first one in some.
const ROUNDS: usize = 200;

/// A place for what a callback saw.
type Slot<T> = Arc<Mutex<Option<T>>>;

/// Two handles of one: for the callback, and for the test.
fn slot<T>() -> (Slot<T>, Slot<T>) {
    let slot = Arc::new(Mutex::new(None));
    (Arc::clone(&slot), slot)
}

#[test]
fn test_done_callback_with_result() {
    let (seen, callback_result) = slot();
    let future = Future::new();
    future.add_done_callback(move |future: &Future<i32>| *seen.lock().unwrap() = Some(future.result(AT_ONCE)));
    assert_eq!(*callback_result.lock().unwrap(), None);
    future.set_result(5).unwrap();
    assert_eq!(*callback_result.lock().unwrap(), Some(Ok(5)));
}

#[test]
fn test_done_callback_with_exception() {
    let (seen, callback_exception) = slot();
    let future = Future::<i32>::new();
    future.add_done_callback(move |future| *seen.lock().unwrap() = Some(future.exception(AT_ONCE)));
    future.set_exception(Failure::Panicked("test".to_owned())).unwrap();
    assert_eq!(*callback_exception.lock().unwrap(), Some(Ok(Some(Failure::Panicked("test".to_owned())))));
}

#[test]
fn test_done_callback_with_cancel() {
    let (seen, was_cancelled) = slot();
    let future = Future::<i32>::new();
    future.add_done_callback(move |future| *seen.lock().unwrap() = Some(future.cancelled()));
    assert!(future.cancel());
    assert_eq!(*was_cancelled.lock().unwrap(), Some(true));
}

#[test]
fn test_done_callback_raises() {
    keep_log();
    let (raising_was_called, fn_was_called) = (Event::default(), Event::default());
    let future = Future::new();
    let called = raising_was_called.clone();
    future.add_done_callback(move |_| {
        called.set();
        panic!("doh! 1");
    });
    let called = fn_was_called.clone();
    future.add_done_callback(move |_| called.set());
    future.set_result(5).unwrap();
    assert!(raising_was_called.is_set());
    assert!(fn_was_called.is_set());
    assert!(logged(Level::Error, "panicked: doh! 1"));
}

#[test]
fn test_done_callback_already_successful() {
    let (seen, callback_result) = slot();
    let future = Future::new();
    future.set_result(5).unwrap();
    future.add_done_callback(move |future: &Future<i32>| *seen.lock().unwrap() = Some(future.result(AT_ONCE)));
    assert_eq!(*callback_result.lock().unwrap(), Some(Ok(5)));
}

#[test]
fn test_done_callback_already_failed() {
    let (seen, callback_exception) = slot();
    let future = Future::<i32>::new();
    future.set_exception(Failure::Panicked("test".to_owned())).unwrap();
    future.add_done_callback(move |future| *seen.lock().unwrap() = Some(future.exception(AT_ONCE)));
    assert_eq!(*callback_exception.lock().unwrap(), Some(Ok(Some(Failure::Panicked("test".to_owned())))));
}

#[test]
fn test_done_callback_already_cancelled() {
    let (seen, was_cancelled) = slot();
    let future = Future::<i32>::new();
    assert!(future.cancel());
    future.add_done_callback(move |future| *seen.lock().unwrap() = Some(future.cancelled()));
    assert_eq!(*was_cancelled.lock().unwrap(), Some(true));
}

#[test]
fn test_done_callback_raises_already_succeeded() {
    keep_log();
    let future = Future::new();
    future.set_result(5).unwrap();
    future.add_done_callback(|_| panic!("doh! 2"));
    assert!(logged(Level::Error, &format!("exception calling callback for {future}: panicked: doh! 2")));
}

#[test]
fn test_repr() {
    let ends: [(Future<i32>, &str); 6] = [
        (pending(), "pending"),
        (running(), "running"),
        (cancelled(), "cancelled"),
        (cancelled_and_notified(), "cancelled"),
        (failed(), "finished raised Status"),
        (successful(42), "finished returned i32"),
    ];
    for (future, state) in ends {
        let repr = format!("{future:?}");
        let address = repr.strip_prefix("<Future at 0x").and_then(|rest| rest.split_once(' ')).expect("an address").0;
        assert!(address.chars().all(|digit| digit.is_ascii_hexdigit()), "{repr}");
        assert_eq!(repr, format!("<Future at 0x{address} state={state}>"));
        assert_eq!(repr, future.to_string());
    }
}

#[test]
fn test_cancel() {
    let cases: [(Future<i32>, bool, State); 6] = [
        (pending(), true, State::Cancelled),
        (running(), false, State::Running),
        (cancelled(), true, State::Cancelled),
        (cancelled_and_notified(), true, State::CancelledAndNotified),
        (failed(), false, State::Finished),
        (successful(5), false, State::Finished),
    ];
    for (future, is_cancelled, state) in cases {
        assert_eq!(future.cancel(), is_cancelled, "{future}");
        assert_eq!(future.state(), state);
    }
}

/// Futures in every state, in CPython's order of them.
fn one_of_each() -> [Future<i32>; 6] {
    [pending(), running(), cancelled(), cancelled_and_notified(), failed(), successful(42)]
}

#[test]
fn test_cancelled() {
    assert_eq!(one_of_each().map(|future| future.cancelled()), [false, false, true, true, false, false]);
}

#[test]
fn test_done() {
    assert_eq!(one_of_each().map(|future| future.done()), [false, false, true, true, true, true]);
}

#[test]
fn test_running() {
    assert_eq!(one_of_each().map(|future| future.running()), [false, true, false, false, false, false]);
}

#[test]
fn test_result_with_timeout() {
    use FutureError::{Cancelled, Failed, TimedOut};
    let results = one_of_each().map(|future| future.result(AT_ONCE));
    let expected = [TimedOut, TimedOut, Cancelled, Cancelled, Failed(FAILURE)].map(Err);
    assert_eq!((&results[..5], &results[5]), (&expected[..], &Ok(42)));
}

#[test]
fn test_result_with_success() {
    for round in 0..ROUNDS {
        let (future, waits) = (Future::new(), Event::default());
        let (other, about_to) = (future.clone(), waits.clone());
        let waiting = start(move || {
            about_to.set();
            other.result(None)
        });
        waits.wait();
        future.set_result(round).unwrap();
        assert_eq!(waiting.join(), Ok(round));
    }
}

#[test]
fn test_result_with_cancel() {
    for _ in 0..ROUNDS {
        let (future, waits) = (Future::<i32>::new(), Event::default());
        let (other, about_to) = (future.clone(), waits.clone());
        let waiting = start(move || {
            about_to.set();
            other.result(None)
        });
        waits.wait();
        assert!(future.cancel());
        assert_eq!(waiting.join(), Err(FutureError::Cancelled));
    }
}

#[test]
fn test_exception_with_timeout() {
    use FutureError::{Cancelled, TimedOut};
    let exceptions = one_of_each().map(|future| future.exception(AT_ONCE));
    let expected = [Err(TimedOut), Err(TimedOut), Err(Cancelled), Err(Cancelled), Ok(Some(FAILURE)), Ok(None)];
    assert_eq!(exceptions, expected);
}

#[test]
fn test_exception_with_success() {
    for _ in 0..ROUNDS {
        let (future, waits) = (Future::<i32>::new(), Event::default());
        let (other, about_to) = (future.clone(), waits.clone());
        let waiting = start(move || {
            about_to.set();
            other.exception(None)
        });
        waits.wait();
        future.set_exception(FAILURE).unwrap();
        assert_eq!(waiting.join(), Ok(Some(FAILURE)));
    }
}

#[test]
fn test_multiple_set_result() {
    let future = Future::new();
    future.set_result(1).unwrap();
    let invalid = future.set_result(2).unwrap_err();
    assert_eq!(invalid.to_string(), format!("FINISHED: {future}"));
    assert!(invalid.to_string().ends_with("state=finished returned i32>"));
    assert!(future.done());
    assert_eq!(future.result(AT_ONCE), Ok(1));
}

#[test]
fn test_multiple_set_exception() {
    let future = Future::<i32>::new();
    future.set_exception(FAILURE).unwrap();
    let invalid = future.set_exception(Failure::ProcessDied).unwrap_err();
    assert_eq!(invalid.to_string(), format!("FINISHED: {future}"));
    assert!(invalid.to_string().ends_with("state=finished raised Status>"));
    assert_eq!(future.exception(AT_ONCE), Ok(Some(FAILURE)));
}

#[test]
fn what_a_state_does_not_allow_is_an_error_and_changes_nothing() {
    keep_log();
    for future in [running(), cancelled_and_notified(), failed(), successful(42)] {
        let state = future.state();
        let invalid = future.set_running_or_notify_cancel().unwrap_err();
        assert!(logged(Level::Critical, &invalid.future));
        assert_eq!(future.state(), state);
    }
    for future in [cancelled(), cancelled_and_notified()] {
        let state = future.state();
        assert_eq!(future.set_result(1).unwrap_err().state, state.name());
        assert_eq!(future.state(), state);
    }
}

#[test]
fn callbacks_run_once_and_in_the_order_in_which_they_were_added() {
    let futures = [Future::new(), Future::new(), Future::new()];
    let order = Arc::new(Mutex::new(Vec::new()));
    for future in &futures {
        for number in 0..10 {
            let order = Arc::clone(&order);
            future.add_done_callback(move |_| order.lock().unwrap().push(number));
        }
    }
    futures[0].set_result(1).unwrap();
    futures[1].set_exception(FAILURE).unwrap();
    assert!(futures[2].cancel() && futures[2].cancel());
    futures[2].set_running_or_notify_cancel().unwrap();
    let expected: Vec<i32> = (0..3).flat_map(|_| 0..10).collect();
    assert_eq!(*order.lock().unwrap(), expected);
}

#[test]
fn a_callback_may_use_its_future_and_add_another() {
    let (future, called) = (Future::new(), Event::default());
    let inner = called.clone();
    future.add_done_callback(move |future: &Future<i32>| {
        assert!(!future.cancel());
        future.add_done_callback(move |future| {
            assert_eq!(future.result(None), Ok(7));
            inner.set();
        });
    });
    let done = future.clone();
    in_time(move || done.set_result(7)).unwrap();
    assert!(called.is_set());
}

#[test]
fn a_timeout_does_not_end_the_future() {
    let future = Future::new();
    assert_eq!(future.result(Some(Duration::from_millis(5))), Err(FutureError::TimedOut));
    assert_eq!(future.state(), State::Pending);
    future.set_result(1).unwrap();
    assert_eq!(future.result(Some(Duration::MAX)), Ok(1), "no clock reaches that, so it is for ever");
}

fn poll<T: Clone>(future: &mut Future<T>, waker: &Waker) -> Poll<Result<T, FutureError>> {
    std::future::Future::poll(Pin::new(future), &mut Context::from_waker(waker))
}

#[test]
fn awaiting_gives_what_result_gives() {
    use FutureError::{Cancelled, Failed};
    for (future, expected) in [
        (cancelled(), Err(Cancelled)),
        (cancelled_and_notified(), Err(Cancelled)),
        (failed(), Err(Failed(FAILURE))),
        (successful(42), Ok(42)),
    ] {
        assert_eq!(block_on(future.clone()), expected);
        assert_eq!(block_on(future), expected, "and again");
    }
}

#[test]
fn each_who_awaits_is_woken_once_it_is_done() {
    let ends: [fn(&Future<i32>) -> bool; 3] = [
        |future| future.set_result(1).is_ok(),
        |future| future.set_exception(FAILURE).is_ok(),
        |future| future.cancel(),
    ];
    for end in ends {
        let future = Future::new();
        let mut awaiting = [(); 3].map(|()| (future.clone(), Arc::new(Woken::default())));
        for (handle, woken) in &mut awaiting {
            assert!(poll(handle, &Waker::from(Arc::clone(woken))).is_pending());
        }
        assert!(awaiting.iter().all(|(_, woken)| !woken.0.is_set()));
        assert!(end(&future));
        for (handle, woken) in &mut awaiting {
            assert!(woken.0.is_set());
            assert!(poll(handle, Waker::noop()).is_ready());
        }
    }
}

#[test]
fn the_latest_waker_of_a_handle_is_woken_and_those_before_are_dropped() {
    let mut future = Future::new();
    let [earlier, latest] = [(); 2].map(|()| Arc::new(Woken::default()));
    for woken in [&earlier, &latest] {
        assert!(poll(&mut future, &Waker::from(Arc::clone(woken))).is_pending());
    }
    assert_eq!(Arc::strong_count(&earlier), 1);
    future.set_result(1).unwrap();
    assert!(latest.0.is_set() && !earlier.0.is_set());
}

#[test]
fn a_handle_that_is_dropped_leaves_no_waker_behind() {
    let (future, woken) = (Future::<i32>::new(), Arc::new(Woken::default()));
    let mut handle = future.clone();
    assert!(poll(&mut handle, &Waker::from(Arc::clone(&woken))).is_pending());
    assert_eq!(Arc::strong_count(&woken), 2);
    drop(handle);
    assert_eq!(Arc::strong_count(&woken), 1);
    drop(future);
}

#[test]
fn a_result_of_another_thread_is_awaited_without_a_lost_wake_up() {
    for round in 0..ROUNDS {
        let future = Future::new();
        let other = future.clone();
        let setting = start(move || other.set_result(round));
        assert_eq!(block_on(future), Ok(round));
        setting.join().unwrap();
    }
}

#[test]
fn a_waker_that_panics_keeps_nobody_from_being_told() {
    struct Panics;
    impl std::task::Wake for Panics {
        fn wake(self: Arc<Self>) {
            panic!("a waker that panics");
        }
    }
    keep_log();
    let (future, woken, called) = (Future::new(), Arc::new(Woken::default()), Event::default());
    let [mut first, mut second] = [future.clone(), future.clone()];
    assert!(poll(&mut first, &Waker::from(Arc::new(Panics))).is_pending());
    assert!(poll(&mut second, &Waker::from(Arc::clone(&woken))).is_pending());
    let event = called.clone();
    future.add_done_callback(move |_| event.set());
    future.set_result(1).unwrap();
    assert!(woken.0.is_set() && called.is_set());
    assert!(logged(Level::Error, "panicked: a waker that panics"));
}

#[test]
fn a_value_lives_as_long_as_its_future() {
    let (token, gone) = Token::new();
    let future = successful(token);
    let handle = future.clone();
    drop(future);
    assert!(!gone.is_set());
    drop(handle);
    assert!(gone.is_set());
}

#[test]
fn many_threads_block_on_one_future() {
    let future = Future::new();
    let waiting: Vec<_> = (0..8)
        .map(|_| {
            let future = future.clone();
            start(move || future.result(Some(LONG)))
        })
        .collect();
    future.set_result(3).unwrap();
    assert!(waiting.into_iter().all(|thread| thread.join() == Ok(3)));
}
