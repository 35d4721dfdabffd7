//! Tasks, and how they are cancelled: `test_tasks.py`.

use std::cell::RefCell;
use std::rc::Rc;

use overlap::engine::asyncio::{Error, EventLoop, Task, sleep, yield_now};
use overlap::engine::futures::{Future, FutureError};

use super::support::{Count, finally, ms, panic_at_end, run_main, test};

const CANCELLED: FutureError = FutureError::Cancelled;

#[test]
fn test_task_basics() {
    let outer = run_main(|event_loop, _| async move {
        let inner1 = event_loop.create_task(async { Ok(42) });
        let inner2 = event_loop.create_task(async { Ok(1000) });
        Ok(inner1.await? + inner2.await?)
    });
    assert_eq!(outer, Ok(1042));
}

#[test]
fn test_cancel() {
    test(|event_loop, time| async move {
        let sleeping = time.clone();
        let task = event_loop.create_task(async move {
            sleep(&sleeping, ms(10_000)).await;
            Ok(12)
        });
        yield_now().await;
        assert!(task.cancel());
        assert!(!task.done(), "it is cancelled at its next turn");
        assert_eq!(task.clone().await, Err(CANCELLED));
        assert!(task.done() && task.cancelled() && !task.cancel());
        assert_eq!(time.now(), ms(0));
        Ok(())
    });
}

#[test]
fn test_cancel_yield() {
    test(|event_loop, _| async move {
        let task = event_loop.create_task(async {
            yield_now().await;
            yield_now().await;
            Ok(12)
        });
        yield_now().await;
        assert!(task.cancel());
        assert_eq!(task.clone().await, Err(CANCELLED));
        assert!(task.done() && task.cancelled() && !task.cancel());
        Ok(())
    });
}

#[test]
fn test_cancel_inner_future() {
    test(|event_loop, _| async move {
        let future = Future::<()>::new();
        let inner = future.clone();
        let task = event_loop.create_task(async move {
            inner.await?;
            Ok(12)
        });
        yield_now().await;
        future.cancel();
        assert_eq!(task.clone().await, Err(CANCELLED));
        assert!(task.cancelled());
        Ok(())
    });
}

#[test]
fn test_cancel_both_task_and_inner_future() {
    test(|event_loop, _| async move {
        let future = Future::<()>::new();
        let inner = future.clone();
        let task = event_loop.create_task(async move {
            inner.await?;
            Ok(12)
        });
        yield_now().await;
        future.cancel();
        task.cancel();
        assert_eq!(task.clone().await, Err(CANCELLED));
        assert!(task.cancelled());
        Ok(())
    });
}

/// A task that has its own handle.
fn with_itself<F>(event_loop: &EventLoop, body: impl FnOnce(Task<i32>) -> F + 'static) -> Task<i32>
where
    F: std::future::Future<Output = Result<i32, Error>> + 'static,
{
    let place = Rc::new(RefCell::new(None::<Task<i32>>));
    let itself = Rc::clone(&place);
    let task = event_loop.create_task(async move {
        let task = itself.borrow_mut().take().expect("it was put there before the first turn");
        body(task).await
    });
    *place.borrow_mut() = Some(task.clone());
    task
}

#[test]
fn test_cancel_current_task() {
    test(|event_loop, time| async move {
        let task = with_itself(&event_loop, |itself| async move {
            assert!(itself.cancel());
            sleep(&time, ms(100_000)).await;
            Ok(12)
        });
        assert!(!task.cancelled());
        assert_eq!(task.clone().await, Err(CANCELLED));
        assert!(task.cancelled() && !task.cancel());
        Ok(())
    });
}

#[test]
fn test_cancel_at_end() {
    test(|event_loop, _| async move {
        let task = with_itself(&event_loop, |itself| async move {
            assert!(itself.cancel());
            Ok(12)
        });
        assert_eq!(task.clone().await, Err(CANCELLED));
        assert!(task.cancelled() && !task.cancel());
        Ok(())
    });
}

#[test]
fn test_cancel_awaited_task() {
    test(|event_loop, _| async move {
        let nested = event_loop.create_task(std::future::pending::<Result<i32, Error>>());
        let awaited = nested.clone();
        let task = with_itself(&event_loop, |itself| async move {
            yield_now().await;
            itself.cancel();
            Ok(awaited.await?)
        });
        assert_eq!(task.clone().await, Err(CANCELLED));
        assert!(task.cancelled() && nested.cancelled());
        Ok(())
    });
}

#[test]
fn test_task_cancel_sleeping_task() {
    let doer = run_main(|event_loop, time| async move {
        let sleeping = time.clone();
        let sleeper = event_loop.create_task(async move {
            sleep(&sleeping, ms(5_000_000)).await;
            Ok(())
        });
        let cancelled = sleeper.clone();
        let at = time.clone();
        event_loop.create_task(async move {
            sleep(&at, ms(100)).await;
            cancelled.cancel();
            Ok(())
        });
        let how = if sleeper.await == Err(CANCELLED) { "cancelled" } else { "slept in" };
        Ok((how, time.now()))
    });
    assert_eq!(doer, Ok(("cancelled", ms(100))));
}

#[test]
fn test_task_cancel_waiter_future() {
    test(|event_loop, _| async move {
        let future = Future::<()>::new();
        let dropped = Count::default();
        let (waiter, at_end) = (future.clone(), dropped.at_end(1));
        let task = event_loop.create_task(async move {
            let _at_end = at_end;
            waiter.await?;
            Ok(())
        });
        yield_now().await;
        task.cancel();
        assert_eq!(task.await, Err(CANCELLED));
        assert_eq!(dropped.get(), 1);
        // It is nobody's but ours: a future that is only awaited goes on.
        assert!(!future.done());
        Ok(())
    });
}

#[test]
fn test_yield_future_passes_cancel() {
    test(|event_loop, _| async move {
        let proof = Count::default();
        let (inner, outer) = (proof.clone(), proof.clone());
        let task = event_loop.create_task(async move {
            let _outer = outer.at_end(100);
            async {
                let _inner = inner.at_end(1);
                std::future::pending::<()>().await;
            }
            .await;
            outer.add(10);
            Ok(())
        });
        yield_now().await;
        task.cancel();
        assert_eq!(task.await, Err(CANCELLED));
        assert_eq!(proof.get(), 101);
        Ok(())
    });
}

#[test]
fn test_baseexception_during_cancel() {
    test(|event_loop, time| async move {
        let sleeping = time.clone();
        let task = event_loop.create_task(async move {
            let _finally = panic_at_end();
            sleep(&sleeping, ms(10_000)).await;
            Ok(())
        });
        yield_now().await;
        task.cancel();
        assert!(!task.done());
        assert_eq!(task.clone().await, Err(finally().into()));
        assert!(task.done() && !task.cancelled());
        Ok(())
    });
}

#[test]
fn test_sleep() {
    test(|event_loop, time| async move {
        let sleeping = time.clone();
        let task = event_loop.create_task(async move {
            sleep(&sleeping, ms(50)).await;
            sleep(&sleeping, ms(50)).await;
            Ok("yeah")
        });
        assert_eq!(task.await, Ok("yeah"));
        assert_eq!(time.now(), ms(100));
        Ok(())
    });
}

#[test]
fn test_sleep_cancel() {
    test(|event_loop, time| async move {
        let sleeping = time.clone();
        let task = event_loop.create_task(async move {
            sleep(&sleeping, ms(10_000)).await;
            Ok(())
        });
        yield_now().await;
        assert_eq!(time.timers(), 1);
        task.cancel();
        yield_now().await;
        assert_eq!(time.timers(), 0);
        Ok(())
    });
}

#[test]
fn test_sleep_zero() {
    test(|event_loop, time| async move {
        let result = Count::default();
        let soon = result.clone();
        event_loop.create_task(async move {
            soon.add(1);
            Ok(())
        });
        assert_eq!(result.get(), 0);
        sleep(&time, ms(0)).await;
        assert_eq!(result.get(), 1);
        Ok(())
    });
}
