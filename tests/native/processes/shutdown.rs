//! The end of an executor of processes: `test_shutdown.py`.

use overlap::engine::futures::SubmitError;

use super::support::{Answer, Do, Machine, Run, all, run, squared, squares, test, wait_for};

#[test]
fn test_run_after_shutdown() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.executor(5);
        pool.shutdown(true, false).await;
        let error = pool.submit(Do::Square(2)).unwrap_err();
        assert_eq!(error, SubmitError::ShutDown);
        assert_eq!(error.to_string(), "cannot schedule new futures after shutdown");
    })
}

#[test]
fn test_hang_issue12364() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.executor(5);
        let futures: Vec<_> = squares(0..50).map(|argument| pool.submit(argument).unwrap()).collect();
        pool.shutdown(true, false).await;
        let results: Vec<_> = futures.into_iter().map(|future| future.result(None).unwrap()).collect();
        assert_eq!(results, squared(0..50));
    })
}

#[test]
fn test_cancel_futures() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.executor(5);
        let futures: Vec<_> = (0..50).map(|_| pool.submit(Do::Acquire).unwrap()).collect();
        wait_for(&pool, pool.started()).await;
        (0..50).for_each(|_| machine.gate.release());
        pool.shutdown(true, true).await;
        let (cancelled, others): (Vec<_>, Vec<_>) = futures.into_iter().partition(|future| future.cancelled());
        assert!(cancelled.len() > 20, "{}", cancelled.len());
        assert!(!others.is_empty());
        for future in others {
            assert!(future.done());
            assert_eq!(future.exception(None), Ok(None));
        }
    })
}

#[test]
fn test_processes_terminate() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.executor(5);
        for _ in 0..3 {
            pool.submit(Do::Acquire).unwrap();
        }
        assert_eq!(pool.processes().len(), 3);
        (0..3).for_each(|_| machine.gate.release());
        pool.shutdown(true, false).await;
        machine.join().await;
        assert_eq!(machine.ended(), [1, 2, 3]);
    })
}

#[test]
fn test_context_manager_shutdown() -> Run {
    run(async {
        let machine = Machine::default();
        {
            let pool = machine.executor(5);
            let results = pool.imap(squares(-5..5), None).unwrap();
            let expected: Vec<_> = squared(-5..5).into_iter().map(Ok).collect();
            assert_eq!(all(&pool, results).await, expected);
            pool.shutdown(true, false).await;
        }
        machine.join().await;
    })
}

#[test]
fn test_del_shutdown() -> Run {
    run(async {
        // There what was submitted is still run. Here nobody drives it any more, so nobody is to wait for it.
        let machine = Machine::default();
        let pool = machine.executor(5);
        let futures: Vec<_> = squares(-5..5).map(|argument| pool.submit(argument).unwrap()).collect();
        wait_for(&pool, pool.started()).await;
        drop(pool);
        machine.join().await;
        assert!(futures.iter().all(|future| future.done()));
    })
}

#[test]
fn test_shutdown_no_wait() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.executor(5);
        let results = pool.map(squares(-5..5), None).unwrap();
        pool.shutdown(false, false).await;
        pool.drive().await;
        machine.join().await;
        assert_eq!(results.get().await, Ok(squared(-5..5)));
    })
}

#[test]
fn a_pool_that_was_given_nothing_starts_nothing_and_ends() -> Run {
    run(async {
        let machine = Machine::default();
        machine.executor(3).shutdown(true, false).await;
        assert_eq!(machine.started(), [0_u32; 0]);
        let pool = machine.multiprocessing(3);
        wait_for(&pool, pool.started()).await;
        pool.shutdown(true, false).await;
        assert_eq!((machine.started().len(), machine.ended().len()), (3, 3));
    })
}

#[test]
fn what_is_cancelled_before_it_is_sent_is_passed_over() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.multiprocessing(1);
        let futures = [1, 2, 3].map(|number| pool.submit(Do::Square(number)).unwrap());
        assert!(futures[1].cancel());
        pool.shutdown(true, false).await;
        let results: Vec<_> = futures.iter().map(|future| future.result(None).ok()).collect();
        assert_eq!(results, [Some(Answer::Is(1)), None, Some(Answer::Is(9))]);
    })
}
