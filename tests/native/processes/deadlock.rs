//! Processes that fail must leave nobody waiting: `test_deadlock.py`.

use overlap::engine::futures::FutureError;
use overlap::model::outcome::Failure;

use super::support::{
    Answer, Do, FAILURE, Machine, NoPacking, NoUnpacking, PanicAtUnpacking, apply, block_on, is_broken, wait_for,
};

/// What comes of a task that breaks something; after which the pool must come to its end.
fn check(argument: Do) -> Result<Answer, FutureError> {
    let machine = Machine::default();
    let pool = machine.executor(2);
    let result = apply(&pool, argument);
    block_on(pool.shutdown(true, false));
    machine.join();
    result
}

#[test]
fn test_error_at_task_pickle() {
    let error = check(Do::PackError(NoPacking));
    assert!(matches!(error, Err(FutureError::Failed(Failure::Unserialisable(_)))), "{error:?}");
}

#[test]
fn test_error_at_task_unpickle() {
    assert!(is_broken(&check(Do::UnpackError(NoUnpacking)), "died"));
}

#[test]
fn test_crash_at_task_unpickle() {
    assert!(is_broken(&check(Do::UnpackPanic(PanicAtUnpacking)), "died"));
}

#[test]
fn test_crash_during_func_exec_on_worker() {
    assert!(is_broken(&check(Do::Die), "died"));
}

#[test]
fn test_error_during_func_exec_on_worker() {
    assert_eq!(check(Do::Fail), Err(FutureError::Failed(FAILURE)));
}

#[test]
fn test_error_during_result_pickle_on_worker() {
    let error = check(Do::ReturnPackError);
    assert!(matches!(error, Err(FutureError::Failed(Failure::Unserialisable(_)))), "{error:?}");
}

#[test]
fn test_error_during_result_unpickle_in_result_handler() {
    assert!(is_broken(&check(Do::ReturnUnpackError), "could not be unpacked"));
}

#[test]
fn test_shutdown_deadlock() {
    let machine = Machine::default();
    let pool = machine.executor(2);
    let future = pool.submit(Do::Die).unwrap();
    block_on(pool.shutdown(true, false));
    assert!(is_broken(&future.result(None), "died"));
    machine.join();
}

#[test]
fn test_shutdown_deadlock_pickle() {
    let machine = Machine::default();
    let pool = machine.executor(2);
    apply(&pool, Do::Square(42)).unwrap();
    let future = pool.submit(Do::PackError(NoPacking)).unwrap();
    block_on(pool.shutdown(false, false));
    let error = wait_for(&pool, future);
    assert!(matches!(error, Err(FutureError::Failed(Failure::Unserialisable(_)))), "{error:?}");
    block_on(pool.drive());
    machine.join();
}

#[test]
fn test_crash_big_data() {
    let machine = Machine::default();
    let pool = machine.executor(2);
    let dies = pool.submit(Do::Die).unwrap();
    let data = vec![7; 100_000];
    let futures: Vec<_> = (0..20).map(|_| pool.submit(Do::Echo(data.clone())).unwrap()).collect();
    assert!(is_broken(&wait_for(&pool, dies), "died"));
    for future in futures {
        let result = future.result(None);
        assert!(result == Ok(Answer::Bytes(data.clone())) || is_broken(&result, "died"));
    }
    machine.join();
}

#[test]
fn test_gh105829_should_not_deadlock_if_wakeup_pipe_full() {
    // There a pipe of wake-ups fills while nobody reads it. Here nobody drives the pool.
    let machine = Machine::default();
    let pool = machine.executor(2);
    let futures: Vec<_> = (0..5_000).map(|number| pool.submit(Do::Square(number)).unwrap()).collect();
    block_on(pool.shutdown(true, false));
    assert_eq!(futures[4_999].result(None), Ok(Answer::Is(4_999 * 4_999)));
}

#[test]
fn only_what_cannot_be_packed_fails_in_its_chunk() {
    let machine = Machine::default();
    let pool = machine.multiprocessing(1);
    let arguments = [Do::Square(2), Do::PackError(NoPacking), Do::ReturnPackError, Do::Panic, Do::Square(3)];
    let map = pool.map(arguments, super::support::chunksize(5)).unwrap();
    let futures = map.futures().to_vec();
    assert!(wait_for(&pool, map.get()).is_err());
    let failures: Vec<_> =
        futures.iter().map(|future| future.exception(None).unwrap().map_or("none", |failure| failure.name())).collect();
    assert_eq!(failures, ["none", "Unserialisable", "Unserialisable", "Panicked", "none"]);
    assert_eq!(machine.started().len(), 1);
}
