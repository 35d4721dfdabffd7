//! Shields: `test_tasks.py`.

use overlap::engine::asyncio::{EventLoop, Task, gather, shield, yield_now};
use overlap::engine::futures::{Future, FutureError};

use super::support::{Count, FAILURE, test};

const CANCELLED: FutureError = FutureError::Cancelled;

/// A task that gives what a future gives.
fn awaiting(event_loop: &EventLoop, future: &Future<i32>) -> Task<i32> {
    let future = future.clone();
    event_loop.create_task(async move { Ok(future.await?) })
}

#[test]
fn test_shield_result() {
    test(|event_loop, _| async move {
        let inner = Future::new();
        let outer = shield(&awaiting(&event_loop, &inner));
        inner.set_result(42).unwrap();
        assert_eq!(outer.await, Ok(42));
        Ok(())
    });
}

#[test]
fn test_shield_exception() {
    test(|event_loop, _| async move {
        let inner = Future::new();
        let outer = shield(&awaiting(&event_loop, &inner));
        yield_now().await;
        inner.set_exception(FAILURE).unwrap();
        assert_eq!(outer.await, Err(FAILURE.into()));
        Ok(())
    });
}

#[test]
fn test_shield_cancel_inner() {
    test(|event_loop, _| async move {
        let inner = awaiting(&event_loop, &Future::new());
        let outer = shield(&inner);
        yield_now().await;
        inner.cancel();
        assert_eq!(outer.await, Err(CANCELLED));
        Ok(())
    });
}

#[test]
fn test_shield_cancel_outer() {
    test(|event_loop, _| async move {
        let inner = awaiting(&event_loop, &Future::new());
        let shielded = shield(&inner);
        let outer = event_loop.create_task(async move { Ok(shielded.await?) });
        yield_now().await;
        outer.cancel();
        yield_now().await;
        assert!(outer.cancelled() && !inner.done());
        Ok(())
    });
}

#[test]
fn test_shield_shortcut() {
    test(|event_loop, _| async move {
        let inner = event_loop.create_task(async { Ok(42) });
        yield_now().await;
        assert_eq!(shield(&inner).await, Ok(42));
        Ok(())
    });
}

#[test]
fn test_shield_effect() {
    test(|event_loop, _| async move {
        let (proof, waiter) = (Count::default(), Future::<()>::new());
        let (counted, awaited) = (proof.clone(), waiter.clone());
        let inner = event_loop.create_task(async move {
            awaited.await?;
            counted.add(1);
            Ok(())
        });
        let counted = proof.clone();
        let outer = event_loop.create_task(async move {
            shield(&inner).await?;
            counted.add(100);
            Ok(())
        });
        yield_now().await;
        outer.cancel();
        assert_eq!(outer.await, Err(CANCELLED));
        waiter.set_result(()).unwrap();
        yield_now().await;
        assert_eq!(proof.get(), 1);
        Ok(())
    });
}

#[test]
fn test_shield_gather() {
    test(|event_loop, _| async move {
        let children = [Future::new(), Future::new()];
        let tasks = children.each_ref().map(|child| awaiting(&event_loop, child));
        let parent = event_loop.create_task(async { Ok(gather(tasks).await?) });
        let shielded = shield(&parent);
        let outer = event_loop.create_task(async { Ok(shielded.await?) });
        yield_now().await;
        outer.cancel();
        yield_now().await;
        assert!(outer.cancelled());
        children[0].set_result(1).unwrap();
        children[1].set_result(2).unwrap();
        assert_eq!(parent.await, Ok(vec![1, 2]));
        Ok(())
    });
}
