//! The end of an executor of processes: `test_shutdown.py`.

use overlap::engine::futures::SubmitError;

use super::support::{Answer, Do, Machine, all, block_on, squared, squares, wait_for};

#[test]
fn test_run_after_shutdown() {
    let machine = Machine::default();
    let pool = machine.executor(5);
    block_on(pool.shutdown(true, false));
    let error = pool.submit(Do::Square(2)).unwrap_err();
    assert_eq!(error, SubmitError::ShutDown);
    assert_eq!(error.to_string(), "cannot schedule new futures after shutdown");
}

#[test]
fn test_hang_issue12364() {
    let machine = Machine::default();
    let pool = machine.executor(5);
    let futures: Vec<_> = squares(0..50).map(|argument| pool.submit(argument).unwrap()).collect();
    block_on(pool.shutdown(true, false));
    let results: Vec<_> = futures.into_iter().map(|future| future.result(None).unwrap()).collect();
    assert_eq!(results, squared(0..50));
}

#[test]
fn test_cancel_futures() {
    let machine = Machine::default();
    let pool = machine.executor(5);
    let futures: Vec<_> = (0..50).map(|_| pool.submit(Do::Acquire).unwrap()).collect();
    wait_for(&pool, pool.started());
    (0..50).for_each(|_| machine.gate.release());
    block_on(pool.shutdown(true, true));
    let (cancelled, others): (Vec<_>, Vec<_>) = futures.into_iter().partition(|future| future.cancelled());
    assert!(cancelled.len() > 20, "{}", cancelled.len());
    assert!(!others.is_empty());
    for future in others {
        assert!(future.done());
        assert_eq!(future.exception(None), Ok(None));
    }
}

#[test]
fn test_processes_terminate() {
    let machine = Machine::default();
    let pool = machine.executor(5);
    for _ in 0..3 {
        pool.submit(Do::Acquire).unwrap();
    }
    assert_eq!(pool.processes().len(), 3);
    (0..3).for_each(|_| machine.gate.release());
    block_on(pool.shutdown(true, false));
    machine.join();
    assert_eq!(machine.ended(), [1, 2, 3]);
}

#[test]
fn test_context_manager_shutdown() {
    let machine = Machine::default();
    {
        let pool = machine.executor(5);
        let results = pool.imap(squares(-5..5), None).unwrap();
        let expected: Vec<_> = squared(-5..5).into_iter().map(Ok).collect();
        assert_eq!(all(&pool, results), expected);
        block_on(pool.shutdown(true, false));
    }
    machine.join();
}

#[test]
fn test_del_shutdown() {
    // There what was submitted is still run. Here nobody drives it any more, so nobody is to wait for it.
    let machine = Machine::default();
    let pool = machine.executor(5);
    let futures: Vec<_> = squares(-5..5).map(|argument| pool.submit(argument).unwrap()).collect();
    wait_for(&pool, pool.started());
    drop(pool);
    machine.join();
    assert!(futures.iter().all(|future| future.done()));
}

#[test]
fn test_shutdown_no_wait() {
    let machine = Machine::default();
    let pool = machine.executor(5);
    let results = pool.map(squares(-5..5), None).unwrap();
    block_on(pool.shutdown(false, false));
    block_on(pool.drive());
    machine.join();
    assert_eq!(block_on(results.get()), Ok(squared(-5..5)));
}

#[test]
fn a_pool_that_was_given_nothing_starts_nothing_and_ends() {
    let machine = Machine::default();
    block_on(machine.executor(3).shutdown(true, false));
    assert_eq!(machine.started(), [0_u32; 0]);
    let pool = machine.multiprocessing(3);
    wait_for(&pool, pool.started());
    block_on(pool.shutdown(true, false));
    assert_eq!((machine.started().len(), machine.ended().len()), (3, 3));
}

#[test]
fn what_is_cancelled_before_it_is_sent_is_passed_over() {
    let machine = Machine::default();
    let pool = machine.multiprocessing(1);
    let futures = [1, 2, 3].map(|number| pool.submit(Do::Square(number)).unwrap());
    assert!(futures[1].cancel());
    block_on(pool.shutdown(true, false));
    let results: Vec<_> = futures.iter().map(|future| future.result(None).ok()).collect();
    assert_eq!(results, [Some(Answer::Is(1)), None, Some(Answer::Is(9))]);
}
