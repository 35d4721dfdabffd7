//! Stalls: found when nobody is left who could end a wait, and not before.

use std::num::NonZeroUsize;
use std::task::Poll;
use std::thread;

use overlap::engine::commons::{Commons, CommonsEvent, Setup, WaitError};

use super::rules::Rules;
use super::{A, QUEUE, block_on, poll, task, with_queue};

fn words<T: std::fmt::Debug>(result: Result<T, WaitError>) -> String {
    let error = result.expect_err("nobody could end it");
    assert!(matches!(error, WaitError::Stalled(_)), "{error}");
    error.to_string()
}

#[test]
fn one_who_waits_alone_is_told_at_once() {
    let commons = with_queue(1, 1, 1);
    let mut member = commons.begin(task(1), ()).unwrap();
    assert_eq!(words(member.get(QUEUE).block()), "every task waits: 1 consumer for an item of queue 1");
    member.put(QUEUE, 1).block().unwrap();
    assert_eq!(words(block_on(member.put(QUEUE, 2))), "every task waits: 1 producer for room in queue 1");
    assert_eq!(member.get(QUEUE).block(), Ok(1), "it is of use again");
}

#[test]
fn a_circle_through_a_queue_is_a_stall() {
    let commons = with_queue(3, 1, 1);
    let [mut one, mut two, mut three] = [1, 2, 3].map(|number| commons.begin(task(number), ()).unwrap());
    one.acquire(A).block().unwrap();
    let mut item = one.get(QUEUE);
    assert!(poll(&mut item).is_pending());
    let mut lock = two.acquire(A);
    assert!(poll(&mut lock).is_pending(), "no circle of locks");
    // The third could put an item, until it ends.
    three.acquire(super::B).block().unwrap();
    assert!(poll(&mut item).is_pending() && poll(&mut lock).is_pending());
    drop(three);
    let all = "every task waits: 1 consumer for an item of queue 1, 1 task for lock A";
    let Poll::Ready(result) = poll(&mut item) else { panic!("it is told") };
    assert_eq!(words(result), all);
    let Poll::Ready(result) = poll(&mut lock) else { panic!("each is told") };
    assert_eq!(words(result), all);
}

#[test]
fn who_is_still_to_come_may_end_a_wait() {
    let commons = with_queue(3, 1, 1);
    let mut consumer = commons.begin(task(1), ()).unwrap();
    let mut item = consumer.get(QUEUE);
    assert!(poll(&mut item).is_pending());
    commons.withdraw(1);
    assert!(poll(&mut item).is_pending(), "one is to come");
    let mut producer = commons.begin(task(2), ()).unwrap();
    producer.put(QUEUE, 1).block().unwrap();
    drop(producer);
    assert_eq!(poll(&mut item), Poll::Ready(Ok(1)), "who was given something waits no more");
}

#[test]
fn who_never_comes_is_withdrawn() {
    let commons = with_queue(2, 1, 1);
    let mut consumer = commons.begin(task(1), ()).unwrap();
    let mut item = consumer.get(QUEUE);
    assert!(poll(&mut item).is_pending());
    commons.withdraw(1);
    let Poll::Ready(result) = poll(&mut item) else { panic!("it is told") };
    assert_eq!(words(result), "every task waits: 1 consumer for an item of queue 1");
}

/// A pool of two threads, which two consumers have, while the producer queues for one.
#[test]
fn consumers_on_every_thread_of_a_pool_keep_the_producer_from_beginning() {
    let setup = Setup { at_once: NonZeroUsize::new(2), ..Setup::of_tasks(3) };
    let commons = Commons::new(&setup.with_queue(NonZeroUsize::MIN, 1));
    let ends = thread::scope(|scope| {
        let consumers = [1, 2].map(|number| {
            let commons = &commons;
            scope.spawn(move || commons.begin(task(number), ()).unwrap().get(QUEUE).block())
        });
        consumers.map(|consumer| consumer.join().unwrap())
    });
    for end in ends {
        let why =
            "every task waits: 2 consumers for an item of queue 1; 1 more cannot begin, as nothing is free to run it";
        assert_eq!(words(end), why);
    }
    assert!(commons.begin(task(3), ()).is_ok(), "there are threads again");
}

#[test]
fn one_who_computes_may_end_a_wait_and_one_who_ends_may_not() {
    let rules = Rules::default();
    let commons = with_queue(2, 1, 1);
    let computing = commons.begin(task(1), &rules).unwrap();
    thread::scope(|scope| {
        let consumer = scope.spawn(|| commons.begin(task(2), &rules).unwrap().get(QUEUE).block());
        while rules.count(|event| matches!(event, CommonsEvent::Waiting { .. })) == 0 {
            thread::yield_now();
        }
        assert!(!consumer.is_finished());
        drop(computing);
        assert_eq!(words(consumer.join().unwrap()), "every task waits: 1 consumer for an item of queue 1");
    });
    rules.check_over();
}

/// Releasing at its end comes before the look for stalls.
#[test]
fn a_task_that_ends_with_a_lock_leaves_no_stall() {
    let commons = Commons::new(&Setup::of_tasks(2));
    let [mut one, mut two] = [1, 2].map(|number| commons.begin(task(number), ()).unwrap());
    one.acquire(A).block().unwrap();
    let mut wait = two.acquire(A);
    assert!(poll(&mut wait).is_pending());
    drop(one);
    assert_eq!(poll(&mut wait), Poll::Ready(Ok(())));
}
