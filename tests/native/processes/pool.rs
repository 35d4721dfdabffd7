//! `multiprocessing.Pool`: `_TestPool` and `_TestPoolWorkerErrors`, on processes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use futures_util::StreamExt;
use overlap::engine::futures::{BuildError, FutureError, SubmitError};
use overlap::engine::processes::Options;
use overlap::model::outcome::Failure;

use super::support::{
    Answer, Do, FAILURE, Machine, NoPacking, Run, TestPool, all, apply, chunksize, finish, run, squared, squares, test,
    wait_for,
};

/// Squares, and a panic in place of the one at `at`.
fn says_when(range: std::ops::Range<i64>, at: i64) -> impl Iterator<Item = Do> {
    range.map(move |number| if number == at { panic!("SayWhenError") } else { Do::Square(number) })
}

fn say_when() -> FutureError {
    FutureError::Failed(Failure::Panicked("SayWhenError".to_owned()))
}

#[test]
fn test_apply() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.multiprocessing(4);
        assert_eq!(apply(&pool, Do::Square(5)).await, Ok(Answer::Is(25)));
        assert_eq!(apply(&pool, Do::Square(3)).await, Ok(Answer::Is(9)));
    })
}

#[test]
fn test_map() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.multiprocessing(4);
        assert_eq!(wait_for(&pool, pool.map(squares(0..10), None).unwrap().get()).await, Ok(squared(0..10)));
        assert_eq!(wait_for(&pool, pool.map(squares(0..100), chunksize(20)).unwrap().get()).await, Ok(squared(0..100)));
    })
}

#[test]
fn test_starmap() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.multiprocessing(4);
        let products = |to: i64| (0..to).map(move |number| Do::Multiply(number, to - 1 - number));
        let expected = |to: i64| (0..to).map(|number| Answer::Is(number * (to - 1 - number))).collect::<Vec<_>>();
        assert_eq!(wait_for(&pool, pool.map(products(10), None).unwrap().get()).await, Ok(expected(10)));
        assert_eq!(wait_for(&pool, pool.map(products(100), chunksize(20)).unwrap().get()).await, Ok(expected(100)));
    })
}

#[test]
fn test_map_async() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.multiprocessing(4);
        let map = pool.map(squares(0..10), None).unwrap();
        assert!(!map.ready());
        finish(&pool).await;
        assert!(map.ready());
        assert_eq!(map.get().await, Ok(squared(0..10)));
    })
}

#[test]
fn test_map_async_callbacks() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.multiprocessing(4);
        let calls = Arc::new(Mutex::new(Vec::new()));
        for argument in [Do::Square(1), Do::Fail] {
            let map = pool.map([argument], None).unwrap();
            let log = Arc::clone(&calls);
            map.futures()[0].add_done_callback(move |future| log.lock().unwrap().push(future.result(None)));
            let _ = wait_for(&pool, map.get()).await;
        }
        assert_eq!(*calls.lock().unwrap(), [Ok(Answer::Is(1)), Err(FutureError::Failed(FAILURE))]);
    })
}

#[test]
fn test_map_unplicklable() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.multiprocessing(4);
        let result = wait_for(&pool, pool.map(vec![Do::PackError(NoPacking); 10], None).unwrap().get()).await;
        assert!(matches!(result, Err(FutureError::Failed(Failure::Unserialisable(_)))), "{result:?}");
    })
}

#[test]
fn test_map_chunksize() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.multiprocessing(4);
        assert_eq!(wait_for(&pool, pool.map([], chunksize(1)).unwrap().get()).await, Ok(vec![]));
    })
}

#[test]
fn test_map_handle_iterable_exception() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.multiprocessing(4);
        for (to, at) in [(1, 0), (1, 0), (10, 3)] {
            let map = AssertUnwindSafe(|| pool.map(says_when(0..to, at), chunksize(1)).map(drop));
            let panic = catch_unwind(map).unwrap_err();
            assert_eq!(panic.downcast_ref::<&str>(), Some(&"SayWhenError"));
        }
        assert_eq!(apply(&pool, Do::Square(2)).await, Ok(Answer::Is(4)));
    })
}

#[test]
fn test_async() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.multiprocessing(4);
        let future = pool.submit(Do::Acquire).unwrap();
        assert!(!future.done());
        machine.gate.release();
        assert!(wait_for(&pool, future).await.is_ok());
    })
}

#[test]
fn test_async_timeout() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.multiprocessing(4);
        let future = pool.submit(Do::Hang).unwrap();
        wait_for(&pool, pool.started()).await;
        assert_eq!(future.result(Some(std::time::Duration::ZERO)), Err(FutureError::TimedOut));
    })
}

#[test]
fn test_imap() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.multiprocessing(4);
        for (to, size) in [(10, None), (1_000, chunksize(100))] {
            let expected: Vec<_> = squared(0..to).into_iter().map(Ok).collect();
            assert_eq!(all(&pool, pool.imap(squares(0..to), size).unwrap()).await, expected);
        }
        let mut results = pool.imap(squares(0..10), None).unwrap();
        for expected in squared(0..10) {
            assert_eq!(wait_for(&pool, results.next()).await, Some(Ok(expected)));
        }
        assert_eq!(wait_for(&pool, results.next()).await, None);
    })
}

#[test]
fn test_imap_handle_iterable_exception() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.multiprocessing(4);
        // The last two: it is seen at the start of its chunk's results.
        for (to, at, size, good) in [(1, 0, 1, 0), (1, 0, 1, 0), (10, 3, 1, 3), (20, 7, 2, 6), (20, 7, 4, 4)] {
            let results = pool.imap(says_when(0..to, at), chunksize(size)).unwrap();
            let mut expected: Vec<_> = squared(0..good).into_iter().map(Ok).collect();
            expected.push(Err(say_when()));
            assert_eq!(all(&pool, results).await, expected);
        }
    })
}

#[test]
fn test_imap_unordered() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.multiprocessing(4);
        for (to, size) in [(10, None), (1_000, chunksize(100))] {
            let mut results = all(&pool, pool.imap_unordered(squares(0..to), size).unwrap()).await;
            results.sort_by_key(|(place, _)| *place);
            let expected: Vec<_> = squared(0..to).into_iter().map(Ok).enumerate().collect();
            assert_eq!(results, expected);
        }
    })
}

#[test]
fn test_imap_unordered_handle_iterable_exception() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.multiprocessing(4);
        for (to, at, size, good) in [(1, 0, 1, 0), (10, 3, 1, 3), (20, 7, 2, 6)] {
            let mut results = all(&pool, pool.imap_unordered(says_when(0..to, at), chunksize(size)).unwrap()).await;
            results.sort_by_key(|(place, _)| *place);
            let mut expected: Vec<_> = squared(0..good).into_iter().map(Ok).collect();
            expected.push(Err(say_when()));
            assert_eq!(results.into_iter().map(|(_, result)| result).collect::<Vec<_>>(), expected);
        }
    })
}

#[test]
fn test_make_pool() -> Run {
    run(async {
        let machine = Machine::default();
        assert_eq!(TestPool::new(&machine, Options::new(0), None).unwrap_err(), BuildError::NoWorkers);
        let pool = machine.multiprocessing(3);
        assert_eq!(pool.processes().len(), 3);
        finish(&pool).await;
        assert_eq!(pool.processes().len(), 0);
    })
}

#[test]
fn test_terminate() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.multiprocessing(4);
        let map = pool.map(vec![Do::Hang; 10_000], chunksize(1)).unwrap();
        wait_for(&pool, pool.started()).await;
        pool.terminate();
        pool.join().await.unwrap();
        machine.join().await;
        // In Python a wait for the result would never end.
        assert!(map.ready());
        assert_eq!(map.futures().iter().filter(|future| future.cancelled()).count(), 10_000 - 4);
        assert_eq!(pool.submit(Do::Square(2)).unwrap_err(), SubmitError::ShutDown);
    })
}

#[test]
fn test_empty_iterable() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.multiprocessing(1);
        assert_eq!(wait_for(&pool, pool.map([], None).unwrap().get()).await, Ok(vec![]));
        assert_eq!(all(&pool, pool.imap([], None).unwrap()).await, []);
        assert_eq!(all(&pool, pool.imap_unordered([], None).unwrap()).await, []);
        finish(&pool).await;
    })
}

#[test]
fn test_context() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.multiprocessing(2);
        assert_eq!(wait_for(&pool, pool.map(squares(0..10), None).unwrap().get()).await, Ok(squared(0..10)));
        pool.terminate();
        pool.join().await.unwrap();
        assert!(pool.map(squares(0..10), None).is_err());
    })
}

#[test]
fn test_traceback() -> Run {
    run(async {
        let machine = Machine::default();
        let failure = Failure::Panicked("an error on the worker".to_owned());
        assert_eq!(apply(&machine.multiprocessing(1), Do::Panic).await, Err(FutureError::Failed(failure)));
    })
}

#[test]
fn test_map_no_failfast() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.multiprocessing(2);
        let map = pool.map([Do::Fail, Do::Acquire], chunksize(1)).unwrap();
        let futures = map.futures().to_vec();
        assert_eq!(wait_for(&pool, futures[0].clone()).await, Err(FutureError::Failed(FAILURE)));
        assert!(!map.ready());
        machine.gate.release();
        assert_eq!(
            wait_for(&pool, map.get()).await,
            Err(FutureError::Failed(FAILURE)),
            "it waited for the other as well"
        );
        assert!(futures[1].done());
        finish(&pool).await;
    })
}

#[test]
fn test_async_error_callback() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.multiprocessing(2);
        let failure = Arc::new(Mutex::new(None));
        let future = pool.submit(Do::Fail).unwrap();
        let seen = Arc::clone(&failure);
        future.add_done_callback(move |future| *seen.lock().unwrap() = future.exception(None).unwrap());
        assert_eq!(wait_for(&pool, future).await, Err(FutureError::Failed(FAILURE)));
        assert_eq!(*failure.lock().unwrap(), Some(FAILURE));
        finish(&pool).await;
    })
}

#[test]
fn test_unpickleable_result() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.multiprocessing(2);
        for _ in 0..20 {
            let result = apply(&pool, Do::ReturnPackError).await;
            assert!(matches!(result, Err(FutureError::Failed(Failure::Unserialisable(_)))), "{result:?}");
        }
        finish(&pool).await;
        assert_eq!(machine.started().len(), 2, "no process was lost");
    })
}

#[test]
fn a_pool_that_takes_tasks_cannot_be_joined() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.multiprocessing(1);
        assert_eq!(pool.join().await.unwrap_err().to_string(), "Pool is still running");
    })
}

#[test]
fn a_warm_pool_is_used_again_and_starts_nothing_more() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.multiprocessing(2);
        for _ in 0..3 {
            assert_eq!(wait_for(&pool, pool.map(squares(0..100), None).unwrap().get()).await, Ok(squared(0..100)));
        }
        assert_eq!(machine.started().len(), 2);
    })
}
