//! What may take only so long: `test_timeouts.py` and `test_waitfor.py`.

use overlap::engine::asyncio::{Error, EventLoop, Task, TimedOut, sleep, timeout, wait_for, yield_now};
use overlap::engine::futures::{Future, FutureError};
use overlap::model::outcome::Failure;

use super::support::{AtEnd, Count, FAILURE, Time, finally, ms, panic_at_end, run_main, test};

const CANCELLED: FutureError = FutureError::Cancelled;

fn timed_out<T>(length: u64) -> Result<T, TimedOut> {
    Err(TimedOut { length: ms(length) })
}

#[test]
fn test_timeout_basic() {
    test(|_, time| async move {
        assert_eq!(timeout(&time, Some(ms(10)), sleep(&time, ms(10_000))).await, timed_out(10));
        assert_eq!(time.now(), ms(10));
        Ok(())
    });
}

#[test]
fn test_nested_timeouts() {
    test(|_, time| async move {
        let cancelled = Count::default();
        let outer = timeout(&time, Some(ms(10)), async {
            let _cancelled = cancelled.at_end(1);
            timeout(&time, Some(ms(20)), sleep(&time, ms(10_000))).await
        });
        // Only the outer one is over, whatever the inner would have said.
        assert_eq!(outer.await, timed_out(10));
        assert_eq!(cancelled.get(), 1);
        Ok(())
    });
}

#[test]
fn test_waiter_cancelled() {
    test(|_, time| async move {
        let cancelled = Count::default();
        let body = async {
            let _cancelled = cancelled.at_end(1);
            sleep(&time, ms(10_000)).await;
        };
        assert_eq!(timeout(&time, Some(ms(10)), body).await, timed_out(10));
        assert_eq!(cancelled.get(), 1);
        Ok(())
    });
}

#[test]
fn test_timeout_not_called() {
    test(|_, time| async move {
        assert_eq!(timeout(&time, Some(ms(10_000)), sleep(&time, ms(10))).await, Ok(()));
        assert_eq!((time.now(), time.timers()), (ms(10), 0));
        Ok(())
    });
}

#[test]
fn test_timeout_disabled() {
    test(|_, time| async move {
        assert_eq!(timeout(&time, None, sleep(&time, ms(10))).await, Ok(()));
        Ok(())
    });
}

#[test]
fn test_timeout_zero() {
    test(|_, time| async move {
        assert_eq!(timeout(&time, Some(ms(0)), sleep(&time, ms(10_000))).await, timed_out(0));
        assert_eq!(time.now(), ms(0));
        Ok(())
    });
}

#[test]
fn test_timeout_zero_sleep_zero() {
    test(|_, time| async move {
        assert_eq!(timeout(&time, Some(ms(0)), sleep(&time, ms(0))).await, timed_out(0));
        assert_eq!(timeout(&time, Some(ms(0)), async { 1 }).await, Ok(1), "it never waits");
        Ok(())
    });
}

#[test]
fn test_foreign_exception_passed() {
    test(|_, time| async move {
        let body = async { Err::<(), Error>(FAILURE.into()) };
        assert_eq!(timeout(&time, Some(ms(10)), body).await, Ok(Err(FAILURE.into())));
        Ok(())
    });
}

#[test]
fn test_foreign_exception_on_timeout() {
    let outcome = run_main(|_, time| async move {
        let body = async {
            let _finally = panic_at_end();
            sleep(&time, ms(1000)).await;
        };
        Ok(timeout(&time, Some(ms(10)), body).await?)
    });
    assert_eq!(outcome, Err(finally().into()));
}

#[test]
fn test_foreign_cancel_doesnt_timeout_if_not_expired() {
    test(|event_loop, time| async move {
        let inside = time.clone();
        let task = event_loop
            .create_task(async move { Ok(timeout(&inside, Some(ms(10_000)), sleep(&inside, ms(10_000))).await?) });
        yield_now().await;
        task.cancel();
        assert_eq!(task.await, Err(CANCELLED));
        assert_eq!((time.now(), time.timers()), (ms(0), 0));
        Ok(())
    });
}

#[test]
fn test_outer_task_is_not_cancelled() {
    test(|event_loop, time| async move {
        let task = event_loop.create_task(async move {
            assert_eq!(timeout(&time, Some(ms(1)), sleep(&time, ms(10_000))).await, timed_out(1));
            Ok(())
        });
        assert_eq!(task.clone().await, Ok(()));
        assert!(!task.cancelled() && task.done());
        Ok(())
    });
}

#[test]
fn test_nested_timeouts_concurrent() {
    test(|_, time| async move {
        let outer = timeout(&time, Some(ms(2)), async {
            let inner = timeout(&time, Some(ms(100)), async {
                time.busy(ms(10));
                sleep(&time, ms(1000)).await;
            });
            assert_eq!(inner.await, timed_out(100));
        });
        assert_eq!(outer.await, timed_out(2));
        Ok(())
    });
}

#[test]
fn test_nested_timeouts_loop_busy() {
    test(|_, time| async move {
        let outer = timeout(&time, Some(ms(200)), async {
            let inner = timeout(&time, Some(ms(10)), async {
                time.busy(ms(100));
                sleep(&time, ms(1000)).await;
            });
            assert_eq!(inner.await, timed_out(10));
            sleep(&time, ms(10_000)).await;
        });
        assert_eq!(outer.await, timed_out(200));
        assert_eq!(time.now(), ms(200));
        Ok(())
    });
}

#[test]
fn a_timeout_cancels_the_task_that_its_body_awaits_and_waits_for_its_end() {
    test(|event_loop, time| async move {
        let (ended, sleeping) = (Count::default(), time.clone());
        let at_end = ended.at_end(1);
        let task = event_loop.create_task(async move {
            let _at_end = at_end;
            sleep(&sleeping, ms(1000)).await;
            Ok(())
        });
        assert_eq!(timeout(&time, Some(ms(10)), task.clone()).await, timed_out(10));
        assert!(task.cancelled());
        assert_eq!(ended.get(), 1);
        Ok(())
    });
}

/// A task that would take long, and counts its beginning and its end.
fn long(event_loop: &EventLoop, time: &Time, begun: &Count, ended: &Count) -> Task<&'static str> {
    let (time, begun, ended) = (time.clone(), begun.clone(), ended.clone());
    event_loop.create_task(async move {
        begun.add(1);
        let _ended = ended.at_end(1);
        sleep(&time, ms(10_000)).await;
        Ok("done")
    })
}

#[test]
fn test_wait_for_timeout_less_then_0_or_0_future_done() {
    test(|event_loop, time| async move {
        let task = event_loop.create_task(async { Ok("done") });
        yield_now().await;
        assert_eq!(wait_for(&time, task, Some(ms(0))).await, Ok("done"));
        Ok(())
    });
}

#[test]
fn test_wait_for_timeout_less_then_0_or_0_coroutine_do_not_started() {
    test(|event_loop, time| async move {
        let (begun, ended) = (Count::default(), Count::default());
        let task = long(&event_loop, &time, &begun, &ended);
        assert_eq!(wait_for(&time, task, Some(ms(0))).await, timed_out(0).map_err(Error::from));
        assert_eq!((begun.get(), time.now()), (0, ms(0)));
        Ok(())
    });
}

#[test]
fn test_wait_for_timeout_less_then_0_or_0() {
    test(|event_loop, time| async move {
        let (begun, ended) = (Count::default(), Count::default());
        let task = long(&event_loop, &time, &begun, &ended);
        yield_now().await;
        assert_eq!(wait_for(&time, task.clone(), Some(ms(0))).await, timed_out(0).map_err(Error::from));
        assert!(task.cancelled());
        assert_eq!((begun.get(), ended.get(), time.now()), (1, 1, ms(0)));
        Ok(())
    });
}

#[test]
fn test_wait_for() {
    test(|event_loop, time| async move {
        let (begun, ended) = (Count::default(), Count::default());
        let task = long(&event_loop, &time, &begun, &ended);
        assert_eq!(wait_for(&time, task.clone(), Some(ms(100))).await, timed_out(100).map_err(Error::from));
        assert!(task.cancelled());
        assert_eq!((begun.get(), ended.get(), time.now()), (1, 1, ms(100)));
        Ok(())
    });
}

#[test]
fn test_wait_for_blocking() {
    test(|event_loop, time| async move {
        let task = event_loop.create_task(async { Ok("done") });
        assert_eq!(wait_for(&time, task, None).await, Ok("done"));
        Ok(())
    });
}

#[test]
fn test_wait_for_race_condition() {
    test(|event_loop, time| async move {
        let future = Future::new();
        let (inner, later, sleeping) = (future.clone(), future, time.clone());
        let task = event_loop.create_task(async move { Ok(inner.await?) });
        event_loop.create_task(async move {
            sleep(&sleeping, ms(100)).await;
            later.set_result("ok").unwrap();
            Ok(())
        });
        assert_eq!(wait_for(&time, task, Some(ms(200))).await, Ok("ok"));
        Ok(())
    });
}

/// A task that a cancellation reaches only when another, which it awaits, has ended; that one is cancelled, but its own end
/// takes as long as a value that it drops is counted.
fn slow_to_end(event_loop: &EventLoop, time: &Time, ended: &Count) -> Task<()> {
    let (begun, sleeping) = (Count::default(), time.clone());
    let inner = long(event_loop, time, &begun, ended);
    let ended = ended.clone();
    event_loop.create_task(async move {
        let _at_end = AtEnd(move || assert_eq!(ended.get(), 1, "what it awaits has ended first"));
        sleep(&sleeping, ms(1)).await;
        inner.await?;
        Ok(())
    })
}

#[test]
fn test_wait_for_waits_for_task_cancellation() {
    test(|event_loop, time| async move {
        let ended = Count::default();
        let task = slow_to_end(&event_loop, &time, &ended);
        assert_eq!(wait_for(&time, task.clone(), Some(ms(10))).await, timed_out(10).map_err(Error::from));
        assert_eq!(ended.get(), 1);
        assert!(task.cancelled());
        Ok(())
    });
}

#[test]
fn test_wait_for_waits_for_task_cancellation_w_timeout_0() {
    test(|event_loop, time| async move {
        let ended = Count::default();
        let task = slow_to_end(&event_loop, &time, &ended);
        sleep(&time, ms(5)).await;
        assert_eq!(wait_for(&time, task, Some(ms(0))).await, timed_out(0).map_err(Error::from));
        assert_eq!(ended.get(), 1);
        Ok(())
    });
}

#[test]
fn test_wait_for_reraises_exception_during_cancellation() {
    test(|event_loop, time| async move {
        let sleeping = time.clone();
        let task = event_loop.create_task(async move {
            let _finally = panic_at_end();
            sleep(&sleeping, ms(200)).await;
            Ok(())
        });
        assert_eq!(wait_for(&time, task, Some(ms(1))).await, Err(finally().into()));
        Ok(())
    });
}

async fn cancel_wait_for(event_loop: EventLoop, time: Time, length: Option<u64>) -> Result<(), Error> {
    let task = event_loop.create_task(std::future::pending::<Result<(), Error>>());
    let (inner, timer) = (task.clone(), time.clone());
    let waiting = event_loop.create_task(async move { wait_for(&timer, inner, length.map(ms)).await });
    yield_now().await;
    waiting.cancel();
    assert_eq!(waiting.await, Err(CANCELLED));
    assert!(task.cancelled());
    assert_eq!(time.now(), ms(0));
    Ok(())
}

#[test]
fn test_cancel_blocking_wait_for() {
    test(|event_loop, time| cancel_wait_for(event_loop, time, None));
}

#[test]
fn test_cancel_wait_for() {
    test(|event_loop, time| cancel_wait_for(event_loop, time, Some(60_000)));
}

#[test]
fn a_task_that_lets_its_time_run_out_fails_with_that() {
    test(|event_loop, time| async move {
        let task = event_loop.create_task(async move {
            timeout(&time, Some(ms(30)), std::future::pending::<()>()).await?;
            Ok(())
        });
        assert_eq!(task.await, Err(Failure::TimedOut(30).into()));
        Ok(())
    });
}
