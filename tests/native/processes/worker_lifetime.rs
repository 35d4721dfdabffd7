//! Processes that are replaced: `_TestPoolWorkerLifetime`.

use overlap::engine::futures::BuildError;
use overlap::engine::processes::Options;

use super::support::{Answer, Do, Machine, Run, TestPool, all, finish, run, test, wait_for};

#[test]
fn test_pool_worker_lifetime() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.pool(Options { maxtasksperchild: Some(10), ..Options::new(3) });
        let first = pool.processes();
        assert_eq!(first.len(), 3);
        let futures: Vec<_> = (0..100).map(|number| pool.submit(Do::Square(number)).unwrap()).collect();
        for (number, future) in (0..).zip(futures) {
            assert_eq!(wait_for(&pool, future).await, Ok(Answer::Is(number * number)));
        }
        assert_ne!(pool.processes(), first);
        finish(&pool).await;
        assert!(machine.started().len() >= 10, "each did at most ten");
        assert_eq!(machine.started().len(), machine.ended().len());
    })
}

#[test]
fn test_pool_worker_lifetime_early_close() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.pool(Options { maxtasksperchild: Some(1), ..Options::new(3) });
        let futures: Vec<_> = (0..6).map(|number| pool.submit(Do::Square(number)).unwrap()).collect();
        finish(&pool).await;
        for (number, future) in (0..).zip(futures) {
            assert_eq!(future.result(None), Ok(Answer::Is(number * number)));
        }
    })
}

#[test]
fn test_pool_maxtasksperchild_invalid() -> Run {
    run(async {
        let machine = Machine::default();
        let options = Options { maxtasksperchild: Some(0), ..Options::new(3) };
        let error = TestPool::new(&machine, options, None).unwrap_err();
        assert_eq!(error, BuildError::NoTasksPerChild);
        assert_eq!(error.to_string(), "maxtasksperchild must be a positive int or None");
    })
}

#[test]
fn one_that_stands_in_works_only_once_the_other_has_ended_its_last_task() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.pool(Options { maxtasksperchild: Some(1), prefetch: Some(3), ..Options::new(1) });
        let blocks = pool.submit(Do::Acquire).unwrap();
        let next = pool.submit(Do::Number).unwrap();
        wait_for(&pool, pool.started()).await;
        // The second is ready, and the only one that may work is the first.
        assert_eq!(pool.processes(), [1, 2]);
        assert!(next.cancel(), "it was not given away");
        machine.gate.release();
        assert_eq!(wait_for(&pool, blocks).await, Ok(Answer::Is(1)));
        let numbers = all(&pool, pool.imap([Do::Number, Do::Number], None).unwrap()).await;
        assert_eq!(numbers, [Ok(Answer::Is(2)), Ok(Answer::Is(3))]);
    })
}
