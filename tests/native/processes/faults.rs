//! Processes that do not what they should. Nobody waits for ever, and a new pool works.

use overlap::engine::futures::FutureError;
use overlap::model::outcome::Failure;

use super::support::{
    Answer, Do, Fault, Machine, Run, all, apply, chunksize, finish, is_broken, run, squared, squares, test, wait_for,
};

#[test]
fn one_that_dies_in_the_middle_of_a_map_fails_all_that_has_not_ended() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.multiprocessing(2);
        // The other process does nothing more, however long the death takes to be heard of.
        let arguments = squares(0..20).chain([Do::Die]).chain(vec![Do::Hang; 20]);
        let results = all(&pool, pool.imap(arguments, chunksize(1)).unwrap()).await;
        assert_eq!(results.len(), 41);
        assert!(is_broken(&results[20], "died"));
        for (place, result) in results.iter().enumerate() {
            assert!(result.is_ok() || is_broken(result, "died"), "{place}: {result:?}");
        }
        assert!(is_broken(&results[40], "died"), "what nobody had begun fails as well");
        assert_eq!(machine.ended(), [1, 2], "no process is left");
        let another = machine_of_another_pool();
        let pool = another.multiprocessing(2);
        assert_eq!(wait_for(&pool, pool.map(squares(0..5), None).unwrap().get()).await, Ok(squared(0..5)));
    })
}

fn machine_of_another_pool() -> Machine {
    Machine::default()
}

#[test]
fn garbage_breaks_the_pool() -> Run {
    run(async {
        let machine = Machine::with([(1, Fault::Garbage)]);
        let pool = machine.multiprocessing(1);
        let result = apply(&pool, Do::Square(1)).await;
        assert!(is_broken(&result, "a message could not be unpacked"), "{result:?}");
        assert_eq!(machine.ended(), [1]);
    })
}

#[test]
fn what_was_not_asked_breaks_the_pool() -> Run {
    run(async {
        let machine = Machine::with([(1, Fault::Unasked)]);
        let pool = machine.multiprocessing(1);
        let result = apply(&pool, Do::Square(1)).await;
        assert!(is_broken(&result, "a process answered what it was not asked"), "{result:?}");
    })
}

#[test]
fn one_that_does_not_start_breaks_the_pool() -> Run {
    run(async {
        let machine = Machine::with([(2, Fault::NeverStarts)]);
        let pool = machine.multiprocessing(2);
        pool.started().await;
        assert_eq!(pool.broken().as_deref(), Some("process 2 did not start"));
        assert!(pool.submit(Do::Square(1)).is_err());
        machine.join().await;
    })
}

#[test]
fn one_that_never_answers_is_ended_by_terminate() -> Run {
    run(async {
        let machine = Machine::with([(1, Fault::Silent)]);
        let pool = machine.multiprocessing(1);
        let futures = [1, 2, 3].map(|number| pool.submit(Do::Square(number)).unwrap());
        pool.started().await;
        pool.terminate();
        let reason = || Err(FutureError::Failed(Failure::BrokenPool("the pool was terminated".to_owned())));
        let results: Vec<_> = futures.iter().map(|future| future.result(None)).collect();
        // Of a process that has answered nothing yet, no more than one is in flight.
        assert_eq!(results, [reason(), Err(FutureError::Cancelled), Err(FutureError::Cancelled)]);
        pool.join().await.unwrap();
        machine.join().await;
    })
}

#[test]
fn one_that_dies_when_it_is_told_to_close_has_done_its_work() -> Run {
    run(async {
        // Its panic ends its thread, which `join` would pass on.
        let machine = Machine::with([(1, Fault::DiesAtClose)]);
        let pool = machine.multiprocessing(1);
        let future = pool.submit(Do::Square(4)).unwrap();
        finish(&pool).await;
        assert_eq!(future.result(None), Ok(Answer::Is(16)));
        assert_eq!(pool.broken(), None);
    })
}

#[test]
fn what_a_process_returned_before_it_died_counts() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.multiprocessing(1);
        let map = pool.map([Do::Square(1), Do::Square(2), Do::Die], chunksize(1)).unwrap();
        let futures = map.futures().to_vec();
        assert!(wait_for(&pool, map.get()).await.is_err());
        assert_eq!(futures[0].result(None), Ok(Answer::Is(1)));
        assert_eq!(futures[1].result(None), Ok(Answer::Is(4)));
    })
}

#[test]
fn driving_can_be_broken_off_and_taken_up_again() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.multiprocessing(2);
        let map = pool.map(squares(0..50), chunksize(1)).unwrap();
        for _ in 0..100 {
            // A single turn each.
            wait_for(&pool, std::future::ready(())).await;
        }
        assert_eq!(wait_for(&pool, map.get()).await, Ok(squared(0..50)));
        assert_eq!(machine.started().len(), 2);
    })
}
