//! Processes that fail must leave nobody waiting: `test_deadlock.py`.

use overlap::engine::futures::FutureError;
use overlap::model::outcome::Failure;

use super::support::{
    Answer, Do, FAILURE, Machine, NoPacking, NoUnpacking, PanicAtUnpacking, Run, apply, is_broken, run, test, wait_for,
};

/// What comes of a task that breaks something; after which the pool must come to its end.
async fn check(argument: Do) -> Result<Answer, FutureError> {
    let machine = Machine::default();
    let pool = machine.executor(2);
    let result = apply(&pool, argument).await;
    pool.shutdown(true, false).await;
    machine.join().await;
    result
}

#[test]
fn test_error_at_task_pickle() -> Run {
    run(async {
        let error = check(Do::PackError(NoPacking)).await;
        assert!(matches!(error, Err(FutureError::Failed(Failure::Unserialisable(_)))), "{error:?}");
    })
}

#[test]
fn test_error_at_task_unpickle() -> Run {
    run(async {
        assert!(is_broken(&check(Do::UnpackError(NoUnpacking)).await, "died"));
    })
}

#[test]
fn test_crash_at_task_unpickle() -> Run {
    run(async {
        assert!(is_broken(&check(Do::UnpackPanic(PanicAtUnpacking)).await, "died"));
    })
}

#[test]
fn test_crash_during_func_exec_on_worker() -> Run {
    run(async {
        assert!(is_broken(&check(Do::Die).await, "died"));
    })
}

#[test]
fn test_error_during_func_exec_on_worker() -> Run {
    run(async {
        assert_eq!(check(Do::Fail).await, Err(FutureError::Failed(FAILURE)));
    })
}

#[test]
fn test_error_during_result_pickle_on_worker() -> Run {
    run(async {
        let error = check(Do::ReturnPackError).await;
        assert!(matches!(error, Err(FutureError::Failed(Failure::Unserialisable(_)))), "{error:?}");
    })
}

#[test]
fn test_error_during_result_unpickle_in_result_handler() -> Run {
    run(async {
        assert!(is_broken(&check(Do::ReturnUnpackError).await, "could not be unpacked"));
    })
}

#[test]
fn test_shutdown_deadlock() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.executor(2);
        let future = pool.submit(Do::Die).unwrap();
        pool.shutdown(true, false).await;
        assert!(is_broken(&future.result(None), "died"));
        machine.join().await;
    })
}

#[test]
fn test_shutdown_deadlock_pickle() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.executor(2);
        apply(&pool, Do::Square(42)).await.unwrap();
        let future = pool.submit(Do::PackError(NoPacking)).unwrap();
        pool.shutdown(false, false).await;
        let error = wait_for(&pool, future).await;
        assert!(matches!(error, Err(FutureError::Failed(Failure::Unserialisable(_)))), "{error:?}");
        pool.drive().await;
        machine.join().await;
    })
}

#[test]
fn test_crash_big_data() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.executor(2);
        let dies = pool.submit(Do::Die).unwrap();
        let data = vec![7; 100_000];
        let futures: Vec<_> = (0..20).map(|_| pool.submit(Do::Echo(data.clone())).unwrap()).collect();
        assert!(is_broken(&wait_for(&pool, dies).await, "died"));
        for future in futures {
            let result = future.result(None);
            assert!(result == Ok(Answer::Bytes(data.clone())) || is_broken(&result, "died"));
        }
        machine.join().await;
    })
}

#[test]
fn test_gh105829_should_not_deadlock_if_wakeup_pipe_full() -> Run {
    run(async {
        // There a pipe of wake-ups fills while nobody reads it. Here nobody drives the pool.
        let machine = Machine::default();
        let pool = machine.executor(2);
        let futures: Vec<_> = (0..5_000).map(|number| pool.submit(Do::Square(number)).unwrap()).collect();
        pool.shutdown(true, false).await;
        assert_eq!(futures[4_999].result(None), Ok(Answer::Is(4_999 * 4_999)));
    })
}

#[test]
fn only_what_cannot_be_packed_fails_in_its_chunk() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.multiprocessing(1);
        let arguments = [Do::Square(2), Do::PackError(NoPacking), Do::ReturnPackError, Do::Panic, Do::Square(3)];
        let map = pool.map(arguments, super::support::chunksize(5)).unwrap();
        let futures = map.futures().to_vec();
        assert!(wait_for(&pool, map.get()).await.is_err());
        let failures: Vec<_> = futures
            .iter()
            .map(|future| future.exception(None).unwrap().map_or("none", |failure| failure.name()))
            .collect();
        assert_eq!(failures, ["none", "Unserialisable", "Unserialisable", "Panicked", "none"]);
        assert_eq!(machine.started().len(), 1);
    })
}
