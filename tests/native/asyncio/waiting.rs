//! Waiting for several tasks, and taking them as they end: `test_tasks.py`.

use futures_util::StreamExt;
use overlap::engine::asyncio::{TimedOut, as_completed, wait, yield_now};
use overlap::engine::futures::{Future, FutureError, ReturnWhen};

use super::support::{Count, FAILURE, after, fail, fails_after, ms, test};

const CANCELLED: FutureError = FutureError::Cancelled;

#[test]
fn test_wait() {
    test(|event_loop, time| async move {
        let (a, b) = (after(&event_loop, &time, 100, ()), after(&event_loop, &time, 150, ()));
        for _ in 0..2 {
            let waited = wait(&time, [b.clone(), a.clone()], ReturnWhen::AllCompleted, None).await;
            assert_eq!(waited.done, [b.clone(), a.clone()]);
            assert_eq!(waited.pending, []);
            assert_eq!(time.now(), ms(150));
        }
        Ok(())
    });
}

#[test]
fn test_wait_duplicate_coroutines() {
    test(|event_loop, time| async move {
        let c = event_loop.create_task(async { Ok("test") });
        let spam = event_loop.create_task(async { Ok("spam") });
        let waited = wait(&time, [c.clone(), c.clone(), spam.clone()], ReturnWhen::AllCompleted, None).await;
        assert_eq!(waited.pending, []);
        assert_eq!(waited.done, [c, spam]);
        Ok(())
    });
}

#[test]
fn test_wait_first_completed() {
    test(|event_loop, time| async move {
        let (a, b) = (after(&event_loop, &time, 10_000, ()), after(&event_loop, &time, 100, ()));
        let waited = wait(&time, [b.clone(), a.clone()], ReturnWhen::FirstCompleted, None).await;
        assert_eq!((waited.done, waited.pending), (vec![b], vec![a.clone()]));
        assert!(!a.done());
        assert_eq!(time.now(), ms(100));
        Ok(())
    });
}

#[test]
fn test_wait_really_done() {
    test(|event_loop, time| async move {
        let a = event_loop.create_task(async {
            yield_now().await;
            Ok(())
        });
        let b = event_loop.create_task(async {
            yield_now().await;
            yield_now().await;
            Ok(())
        });
        let waited = wait(&time, [b.clone(), a.clone()], ReturnWhen::FirstCompleted, None).await;
        assert!(a.done() && waited.done.contains(&a));
        assert_eq!(a.result(), Some(Ok(())));
        Ok(())
    });
}

#[test]
fn test_wait_first_exception() {
    test(|event_loop, time| async move {
        let a = after(&event_loop, &time, 10_000, ());
        let b = event_loop.create_task(async { fail() });
        let waited = wait(&time, [b.clone(), a.clone()], ReturnWhen::FirstException, None).await;
        assert_eq!((waited.done, waited.pending), (vec![b], vec![a]));
        assert_eq!(time.now(), ms(0));
        Ok(())
    });
}

#[test]
fn test_wait_first_exception_in_wait() {
    test(|event_loop, time| async move {
        let (a, b) = (after(&event_loop, &time, 10_000, ()), fails_after(&event_loop, &time, 10));
        let waited = wait(&time, [b.clone(), a.clone()], ReturnWhen::FirstException, None).await;
        assert_eq!((waited.done, waited.pending), (vec![b], vec![a]));
        assert_eq!(time.now(), ms(10));
        Ok(())
    });
}

#[test]
fn test_wait_with_exception() {
    test(|event_loop, time| async move {
        let (a, b) = (after(&event_loop, &time, 100, ()), fails_after(&event_loop, &time, 150));
        let waited = wait(&time, [b, a], ReturnWhen::AllCompleted, None).await;
        assert_eq!((waited.done.len(), waited.pending.len()), (2, 0));
        let errors: Vec<_> = waited.done.iter().filter_map(|task| task.exception()?.ok()?).collect();
        assert_eq!(errors, [FAILURE]);
        Ok(())
    });
}

#[test]
fn test_wait_with_timeout() {
    test(|event_loop, time| async move {
        let (a, b) = (after(&event_loop, &time, 100, ()), after(&event_loop, &time, 150, ()));
        let waited = wait(&time, [b.clone(), a.clone()], ReturnWhen::AllCompleted, Some(ms(110))).await;
        assert_eq!((waited.done, waited.pending), (vec![a], vec![b]));
        assert_eq!(time.now(), ms(110));
        Ok(())
    });
}

#[test]
fn test_wait_concurrent_complete() {
    test(|event_loop, time| async move {
        let (a, b) = (after(&event_loop, &time, 100, ()), after(&event_loop, &time, 150, ()));
        // Both begin to sleep before the wait does.
        yield_now().await;
        let waited = wait(&time, [b.clone(), a.clone()], ReturnWhen::AllCompleted, Some(ms(100))).await;
        assert_eq!((waited.done, waited.pending), (vec![a], vec![b]));
        assert_eq!(time.now(), ms(100));
        Ok(())
    });
}

#[test]
fn test_yield_wait_does_not_shield_cancel() {
    test(|event_loop, time| async move {
        let (proof, waiter) = (Count::default(), Future::<()>::new());
        let (counted, awaited) = (proof.clone(), waiter.clone());
        let inner = event_loop.create_task(async move {
            awaited.await?;
            counted.add(1);
            Ok(())
        });
        let counted = proof.clone();
        let outer = event_loop.create_task(async move {
            wait(&time, [inner], ReturnWhen::AllCompleted, None).await;
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
fn test_as_completed() {
    test(|event_loop, time| async move {
        let tasks = [(10, "b"), (150, "c"), (10, "a")].map(|(length, name)| after(&event_loop, &time, length, name));
        let mut values = Vec::new();
        let mut completed = as_completed(&time, tasks, None);
        while let Some(task) = completed.next().await {
            values.push(task?.await?);
        }
        assert_eq!(values, ["b", "a", "c"]);
        assert_eq!(time.now(), ms(150));
        Ok(())
    });
}

#[test]
fn test_as_completed_with_timeout() {
    test(|event_loop, time| async move {
        let (a, b) = (after(&event_loop, &time, 100, "a"), after(&event_loop, &time, 150, "b"));
        let completed: Vec<_> = as_completed(&time, [a.clone(), b.clone()], Some(ms(120))).collect().await;
        assert_eq!(completed, [Ok(a), Err(TimedOut { length: ms(120) })]);
        assert_eq!(time.now(), ms(120));
        assert_eq!(b.await, Ok("b"), "it goes on");
        Ok(())
    });
}

#[test]
fn test_as_completed_with_unused_timeout() {
    test(|event_loop, time| async move {
        let a = after(&event_loop, &time, 10, "a");
        let completed: Vec<_> = as_completed(&time, [a.clone()], Some(ms(1000))).collect().await;
        assert_eq!(completed, [Ok(a)]);
        assert_eq!(time.timers(), 0);
        Ok(())
    });
}

#[test]
fn test_as_completed_concurrent() {
    test(|event_loop, time| async move {
        let tasks = ["a", "b"].map(|name| after(&event_loop, &time, 50, name));
        let completed: Vec<_> = as_completed(&time, tasks.clone(), None).collect().await;
        assert_eq!(completed, tasks.map(Ok));
        assert_eq!(time.now(), ms(50));
        Ok(())
    });
}

#[test]
fn test_as_completed_duplicate_coroutines() {
    test(|event_loop, time| async move {
        let c = event_loop.create_task(async { Ok("ham") });
        let spam = event_loop.create_task(async { Ok("spam") });
        let completed: Vec<_> = as_completed(&time, [c.clone(), c.clone(), spam.clone()], None).collect().await;
        assert_eq!(completed, [Ok(c), Ok(spam)]);
        Ok(())
    });
}
