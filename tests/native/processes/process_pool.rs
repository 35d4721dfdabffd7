//! What only an executor of processes does: `test_process_pool.py`.

use overlap::engine::futures::{FutureError, SubmitError};
use overlap::engine::processes::{Options, Start};
use overlap::model::outcome::Failure;

use super::support::{Answer, Do, Machine, Run, all, apply, chunksize, finish, is_broken, run, test, wait_for};

#[test]
fn test_killed_child() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.executor(2);
        let future = pool.submit(Do::Hang).unwrap();
        wait_for(&pool, pool.started()).await;
        machine.kill(pool.processes()[0]);
        assert!(is_broken(&wait_for(&pool, future).await, "died"));
        let why = pool.broken().unwrap();
        assert!(why.contains("died"), "{why}");
        assert_eq!(pool.submit(Do::Square(2)).unwrap_err(), SubmitError::Broken(why));
    })
}

#[test]
fn test_map_chunksize() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.executor(5);
        let expected: Vec<_> = (0..40).map(|number| Ok(Answer::Is(number * (40 - number)))).collect();
        for size in [6, 50, 40] {
            let arguments = (0..40).map(|number| Do::Multiply(number, 40 - number));
            let results = pool.imap(arguments, chunksize(size)).unwrap().ends_at_error();
            assert_eq!(all(&pool, results).await, expected);
        }
        // `ValueError` for a chunksize below 1: there is none.
        assert_eq!(chunksize(0), None);
    })
}

#[test]
fn test_traceback() -> Run {
    run(async {
        // A failure has a message and no traceback; the message comes from the process.
        let machine = Machine::default();
        let failed = apply(&machine.executor(1), Do::Panic).await;
        let failure = Failure::Panicked("an error on the worker".to_owned());
        assert_eq!(failed, Err(FutureError::Failed(failure)));
    })
}

#[test]
fn test_saturation() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.executor(4);
        let jobs = 15 * 4;
        let futures: Vec<_> = (0..jobs).map(|_| pool.submit(Do::Acquire).unwrap()).collect();
        assert_eq!(pool.processes().len(), 4);
        (0..jobs).for_each(|_| machine.gate.release());
        finish(&pool).await;
        assert!(futures.iter().all(|future| future.exception(None) == Ok(None)));
        assert_eq!(machine.started().len(), 4);
    })
}

#[test]
fn test_idle_process_reuse_one() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.executor(4);
        for (a, b) in [(21, 2), (6, 7), (3, 14)] {
            assert_eq!(apply(&pool, Do::Multiply(a, b)).await, Ok(Answer::Is(42)));
        }
        assert_eq!(pool.processes().len(), 1);
    })
}

#[test]
fn test_idle_process_reuse_multiple() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.executor(4);
        for number in 0..3 {
            apply(&pool, Do::Square(number)).await.unwrap();
            pool.submit(Do::Multiply(number, number)).unwrap();
        }
        assert!(pool.processes().len() <= 3, "{:?}", pool.processes());
        pool.shutdown(true, false).await;
    })
}

#[test]
fn test_max_tasks_per_child() -> Run {
    run(async {
        let machine = Machine::default();
        let options = Options { start: Start::OnDemand, maxtasksperchild: Some(3), ..Options::new(1) };
        let pool = machine.pool(options);
        for _ in 0..3 {
            assert_eq!(apply(&pool, Do::Number).await, Ok(Answer::Is(1)));
        }
        assert_eq!(apply(&pool, Do::Number).await, Ok(Answer::Is(2)), "a new process");
        super::support::eventually(&pool, || pool.processes() == [2]).await;
        assert_eq!(machine.ended(), [1], "and the one before is gone");
        pool.shutdown(true, false).await;
    })
}

#[test]
fn test_max_tasks_early_shutdown() -> Run {
    run(async {
        let machine = Machine::default();
        let options = Options { start: Start::OnDemand, maxtasksperchild: Some(1), ..Options::new(3) };
        let pool = machine.pool(options);
        let futures: Vec<_> = (0..6).map(|number| pool.submit(Do::Multiply(number, number)).unwrap()).collect();
        pool.shutdown(true, false).await;
        for (number, future) in (0..).zip(futures) {
            assert_eq!(future.result(None), Ok(Answer::Is(number * number)));
        }
        assert_eq!(machine.started().len(), 6);
    })
}

#[test]
fn test_python_finalization_error() -> Run {
    run(async {
        // There a thread cannot be started; here it is a process.
        let machine = Machine::with([(1, super::support::Fault::NeverStarts)]);
        let pool = machine.executor(2);
        assert!(is_broken(&apply(&pool, Do::Square(2)).await, "process 1 did not start"));
    })
}
