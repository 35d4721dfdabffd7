//! What every executor does: `executor.py`, on processes.

use futures_util::StreamExt;
use overlap::engine::futures::{BuildError, FutureError};
use overlap::engine::processes::Options;

use super::support::{
    Answer, Do, FAILURE, Machine, Run, TestPool, all, apply, chunksize, finish, run, squared, squares, test, wait_for,
};

#[test]
fn test_submit() -> Run {
    run(async {
        let machine = Machine::default();
        assert_eq!(apply(&machine.executor(5), Do::Square(16)).await, Ok(Answer::Is(256)));
    })
}

#[test]
fn test_submit_keyword() -> Run {
    run(async {
        let machine = Machine::default();
        assert_eq!(apply(&machine.executor(5), Do::Multiply(16, 2)).await, Ok(Answer::Is(32)));
    })
}

#[test]
fn test_map() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.executor(5);
        let expected: Vec<_> = squared(0..10).into_iter().map(Ok).collect();
        for size in [None, chunksize(3)] {
            let results = pool.imap(squares(0..10), size).unwrap().ends_at_error();
            assert_eq!(all(&pool, results).await, expected);
        }
    })
}

#[test]
fn test_map_exception() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.executor(5);
        let arguments = [Do::Square(1), Do::Square(2), Do::Fail, Do::Square(5)];
        let results = pool.imap(arguments, None).unwrap().ends_at_error();
        let expected = [Ok(Answer::Is(1)), Ok(Answer::Is(4)), Err(FutureError::Failed(FAILURE))];
        assert_eq!(all(&pool, results).await, expected, "an error is the last");
    })
}

#[test]
fn test_shutdown_race_issue12456() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.executor(5);
        pool.imap([Do::Square(2), Do::Square(2), Do::Square(2)], None).unwrap();
        finish(&pool).await;
        machine.join().await;
    })
}

#[test]
fn test_max_workers_negative() -> Run {
    run(async {
        let machine = Machine::default();
        let error = TestPool::new(&machine, Options::new(0), None).unwrap_err();
        assert_eq!(error, BuildError::NoWorkers);
        assert_eq!(error.to_string(), "max_workers must be greater than 0");
    })
}

#[test]
fn results_that_are_asked_for_no_more_are_cancelled() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.executor(1);
        let arguments = [Do::Square(3)].into_iter().chain(vec![Do::Acquire; 6]);
        let mut results = pool.imap(arguments, None).unwrap().ends_at_error();
        assert_eq!(wait_for(&pool, results.next()).await, Some(Ok(Answer::Is(9))));
        drop(results);
        // What was in flight goes on. More than that would wait for the gate, and the pool for it.
        (0..2).for_each(|_| machine.gate.release());
        finish(&pool).await;
    })
}
