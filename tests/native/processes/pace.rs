//! How many messages a process is given, by how fast it answers; and that several travel together. The clock goes on only when
//! a test says so: what is answered then took no time.

use std::future::ready;
use std::time::Duration;

use overlap::engine::futures::Future;
use overlap::engine::processes::Options;

use super::support::{
    Answer, Do, Fault, Machine, Run, TestPool, chunksize, eventually, finish, run, squared, squares, test, wait_for,
};

/// Enough answers for the largest window.
const WARM_UP: i64 = 100;
/// That window.
const MOST: usize = 32;

fn submit(pool: &TestPool<'_>, arguments: impl IntoIterator<Item = Do>) -> Vec<Future<Answer>> {
    arguments.into_iter().map(|argument| pool.submit(argument).expect("the pool takes it")).collect()
}

/// How many of some tasks are in flight.
fn in_flight(futures: &[Future<Answer>]) -> usize {
    futures.iter().filter(|future| future.running()).count()
}

async fn warm_up(pool: &TestPool<'_>) {
    let map = pool.map(squares(0..WARM_UP), chunksize(1)).expect("the pool takes them");
    assert_eq!(wait_for(pool, map.get()).await, Ok(squared(0..WARM_UP)));
}

#[test]
fn a_process_of_which_nothing_is_known_is_given_one_message() -> Run {
    run(async {
        let machine = Machine::without_time();
        let pool = machine.multiprocessing(2);
        let futures = submit(&pool, (0..40).map(|_| Do::Acquire));
        wait_for(&pool, pool.started()).await;
        assert_eq!(in_flight(&futures), 2);
        (0..40).for_each(|_| machine.gate.release());
        finish(&pool).await;
    })
}

#[test]
fn a_process_that_answers_fast_is_given_more_up_to_a_bound() -> Run {
    run(async {
        let machine = Machine::without_time();
        let pool = machine.multiprocessing(1);
        warm_up(&pool).await;
        let futures = submit(&pool, (0..100).map(|_| Do::Acquire));
        assert_eq!(in_flight(&futures), MOST);
        // It is given more when it has half of that.
        (0..15).for_each(|_| machine.gate.release());
        assert_eq!(wait_for(&pool, futures[14].clone()).await, Ok(Answer::Is(1)));
        assert_eq!(in_flight(&futures), MOST - 15);
        machine.gate.release();
        assert_eq!(wait_for(&pool, futures[15].clone()).await, Ok(Answer::Is(1)));
        assert_eq!(in_flight(&futures), MOST);
        (0..100).for_each(|_| machine.gate.release());
        finish(&pool).await;
    })
}

#[test]
fn behind_one_long_task_no_more_waits_than_was_given_before() -> Run {
    run(async {
        let machine = Machine::without_time();
        let pool = machine.multiprocessing(2);
        warm_up(&pool).await;
        let futures = submit(&pool, [Do::Acquire].into_iter().chain(squares(0..1_000)));
        let ended = || futures.iter().filter(|future| future.done()).count();
        // The other process does all the rest meanwhile.
        eventually(&pool, || ended() > 1_000 - MOST).await;
        assert!(!futures[0].done());
        machine.gate.release();
        finish(&pool).await;
        assert_eq!(ended(), 1_001);
    })
}

#[test]
fn a_process_in_a_long_task_is_given_nothing_and_little_after_it() -> Run {
    run(async {
        let machine = Machine::without_time();
        let pool = machine.multiprocessing(1);
        warm_up(&pool).await;
        let long = submit(&pool, [Do::Acquire]);
        eventually(&pool, || machine.at_gate() == 1).await;
        machine.pass(Duration::from_millis(20));
        let others = submit(&pool, [Do::Acquire].into_iter().chain(squares(0..40)));
        wait_for(&pool, ready(())).await;
        assert_eq!((in_flight(&long), in_flight(&others)), (1, 0));
        machine.gate.release();
        assert_eq!(wait_for(&pool, long[0].clone()).await, Ok(Answer::Is(1)));
        assert_eq!(in_flight(&others), 1, "the next may take as long");
        machine.gate.release();
        finish(&pool).await;
        assert!(others.iter().all(|future| future.exception(None) == Ok(None)));
    })
}

#[test]
fn what_is_given_to_a_process_in_one_turn_travels_together() -> Run {
    run(async {
        let machine = Machine::with([(1, Fault::Silent)]);
        let pool = machine.pool(Options { prefetch: Some(3), ..Options::new(1) });
        let futures = submit(&pool, squares(0..10));
        wait_for(&pool, pool.started()).await;
        assert_eq!(in_flight(&futures), 4);
        eventually(&pool, || machine.heard() > 0).await;
        pool.terminate();
        machine.join().await;
        assert_eq!(machine.heard(), 1);
    })
}

#[test]
fn much_travels_alone() -> Run {
    run(async {
        let machine = Machine::with([(1, Fault::Silent)]);
        let pool = machine.pool(Options { prefetch: Some(3), ..Options::new(1) });
        let large = || Do::Echo(vec![1; 100_000]);
        let _futures = submit(&pool, [Do::Square(1), large(), large(), Do::Square(2), Do::Square(3), Do::Square(4)]);
        wait_for(&pool, pool.started()).await;
        eventually(&pool, || machine.heard() > 3).await;
        pool.terminate();
        machine.join().await;
        assert_eq!(machine.heard(), 4, "the first, each of the large ones, and the next");
    })
}
