//! The values of many tasks: `test_tasks.py`'s classes of `gather`.

use overlap::engine::asyncio::{Error, EventLoop, Task, gather, gather_exceptions, shield, sleep, yield_now};
use overlap::engine::futures::{Future, FutureError};

use super::support::{Count, FAILURE, OTHER, fail, ms, run_main, test};

const CANCELLED: FutureError = FutureError::Cancelled;

/// So many futures, and a task for each that gives what it gives.
fn wrapped<const N: usize>(event_loop: &EventLoop) -> ([Future<i32>; N], [Task<i32>; N]) {
    let futures = std::array::from_fn(|_| Future::new());
    let tasks = futures.each_ref().map(|future: &Future<i32>| {
        let future = future.clone();
        event_loop.create_task(async move { Ok(future.await?) })
    });
    (futures, tasks)
}

async fn turns(count: usize) {
    for _ in 0..count {
        yield_now().await;
    }
}

#[test]
fn test_success() {
    test(|event_loop, _| async move {
        let ([a, b, c], tasks) = wrapped(&event_loop);
        let gathered = event_loop.create_task(async { Ok(gather(tasks).await?) });
        b.set_result(1).unwrap();
        a.set_result(2).unwrap();
        turns(5).await;
        assert!(!gathered.done());
        c.set_result(3).unwrap();
        assert_eq!(gathered.await, Ok(vec![2, 1, 3]));
        Ok(())
    });
}

#[test]
fn test_result_exception_success() {
    test(|event_loop, _| async move {
        let ([a, b, c], tasks) = wrapped(&event_loop);
        let gathered = event_loop.create_task(async { Ok(gather_exceptions(tasks).await) });
        b.set_result(1).unwrap();
        a.set_result(2).unwrap();
        turns(5).await;
        assert!(!gathered.done());
        c.set_result(3).unwrap();
        assert_eq!(gathered.await, Ok(vec![Ok(2), Ok(1), Ok(3)]));
        Ok(())
    });
}

#[test]
fn test_one_exception() {
    test(|event_loop, _| async move {
        let ([a, b, c, d, e], tasks) = wrapped(&event_loop);
        let others = tasks.clone();
        let gathered = event_loop.create_task(async { Ok(gather(tasks).await?) });
        a.set_result(1).unwrap();
        b.set_exception(FAILURE).unwrap();
        turns(5).await;
        assert_eq!(gathered.exception(), Some(Ok(Some(FAILURE))));
        // The others go on.
        c.set_result(3).unwrap();
        d.cancel();
        e.set_exception(OTHER).unwrap();
        assert_eq!(others[2].clone().await, Ok(3));
        assert_eq!(others[4].clone().await, Err(OTHER.into()));
        Ok(())
    });
}

#[test]
fn test_return_exceptions() {
    test(|event_loop, _| async move {
        let ([a, b, c, d], tasks) = wrapped(&event_loop);
        let gathered = event_loop.create_task(async { Ok(gather_exceptions(tasks).await) });
        b.set_result(1).unwrap();
        c.set_exception(FAILURE).unwrap();
        a.set_result(3).unwrap();
        turns(5).await;
        assert!(!gathered.done());
        d.set_exception(OTHER).unwrap();
        assert_eq!(gathered.await, Ok(vec![Ok(3), Ok(1), Err(FAILURE.into()), Err(OTHER.into())]));
        Ok(())
    });
}

#[test]
fn test_one_cancellation() {
    test(|event_loop, _| async move {
        let ([a, ..], tasks) = wrapped::<3>(&event_loop);
        let cancelled = tasks[1].clone();
        let gathering = event_loop.create_task(async { Ok(gather(tasks).await) });
        a.set_result(1).unwrap();
        cancelled.cancel();
        turns(5).await;
        // Who gathers is told, and is not cancelled.
        assert_eq!(gathering.result(), Some(Ok(Err(CANCELLED))));
        Ok(())
    });
}

#[test]
fn test_result_exception_one_cancellation() {
    test(|event_loop, _| async move {
        let ([a, b, c, d, e, f], tasks) = wrapped(&event_loop);
        let gathered = event_loop.create_task(async { Ok(gather_exceptions(tasks).await) });
        a.set_result(1).unwrap();
        b.set_exception(FAILURE).unwrap();
        c.cancel();
        turns(5).await;
        assert!(!gathered.done());
        d.set_result(3).unwrap();
        e.cancel();
        f.set_exception(OTHER).unwrap();
        let (failure, other) = (Err(FAILURE.into()), Err(OTHER.into()));
        assert_eq!(gathered.await, Ok(vec![Ok(1), failure, Err(CANCELLED), Ok(3), Err(CANCELLED), other]));
        Ok(())
    });
}

#[test]
fn test_duplicate_coroutines() {
    test(|event_loop, _| async move {
        let c = event_loop.create_task(async { Ok("abc") });
        let d = event_loop.create_task(async { Ok("def") });
        let gathered = gather([c.clone(), c.clone(), d, c]).await;
        assert_eq!(gathered, Ok(vec!["abc", "abc", "def", "abc"]));
        Ok(())
    });
}

#[test]
fn test_cancellation_broadcast() {
    test(|event_loop, _| async move {
        let proof = Count::default();
        let (_, tasks) = wrapped::<2>(&event_loop);
        let (counted, children) = (proof.clone(), tasks.clone());
        let outer = event_loop.create_task(async move {
            gather(tasks).await?;
            counted.add(100);
            Ok(())
        });
        yield_now().await;
        assert!(outer.cancel());
        assert_eq!(outer.await, Err(CANCELLED));
        assert!(children.iter().all(Task::cancelled), "each has ended before who gathers them");
        assert_eq!(proof.get(), 0);
        Ok(())
    });
}

#[test]
fn test_exception_marking() {
    test(|event_loop, _| async move {
        let futures = [Future::<()>::new(), Future::new()];
        let inner = futures.clone().map(|future| {
            event_loop.create_task(async move {
                future.await?;
                fail::<()>()
            })
        });
        let outer = event_loop.create_task(async { Ok(gather(inner).await?) });
        yield_now().await;
        for future in futures {
            future.set_result(()).unwrap();
            turns(2).await;
        }
        assert_eq!(outer.exception(), Some(Ok(Some(FAILURE))));
        Ok(())
    });
}

#[test]
fn test_gather_shield() {
    test(|event_loop, _| async move {
        let (futures, children) = wrapped::<2>(&event_loop);
        let shielded = children.each_ref().map(|child| {
            let shielded = shield(child);
            event_loop.create_task(async { Ok(shielded.await?) })
        });
        let inner = shielded.clone();
        let parent = event_loop.create_task(async { Ok(gather(inner).await?) });
        yield_now().await;
        parent.cancel();
        assert_eq!(parent.await, Err(CANCELLED));
        assert!(shielded.iter().all(Task::cancelled));
        assert!(!children.iter().any(Task::done));
        futures.iter().for_each(|future| future.set_result(1).unwrap());
        assert_eq!(gather(children).await, Ok(vec![1, 1]));
        Ok(())
    });
}

#[test]
fn test_cancel_gather_2() {
    let outcome = run_main(|event_loop, time| async move {
        let again = event_loop.clone();
        let sleeping = time.clone();
        let test = event_loop.create_task(async move {
            for _ in 0..20 {
                let sleeping = sleeping.clone();
                let slept = again.create_task(async move {
                    sleep(&sleeping, ms(50)).await;
                    Ok(())
                });
                gather_exceptions([slept]).await;
            }
            Ok(())
        });
        sleep(&time, ms(200)).await;
        test.cancel();
        test.await?;
        Ok(())
    });
    assert_eq!(outcome, Err(CANCELLED));
}

#[test]
fn nothing_is_gathered_at_once() {
    test(|_, _| async move {
        assert_eq!(gather(Vec::<Task<i32>>::new()).await, Ok(vec![]));
        let done: Result<(), Error> = Ok(());
        done
    });
}
