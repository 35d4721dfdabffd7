//! Locks: who has one when, who is told what, and circles.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use overlap::engine::commons::{BeginError, Commons, CommonsEvent, Counter, NotHeld, Setup, Wait, WaitError, Wanted};
use overlap::engine::gil::Gil;

use super::rules::Rules;
use super::{A, B, C, block_on, poll, task, yield_now};

/// Threads share it, and a wait may move between them.
const _: fn() = || {
    fn check<T: Send + Sync>() {}
    check::<Commons>();
    fn check_wait<T: Send>(_: T) {}
    let _ = |wait: Wait<'static, (), overlap::engine::commons::Acquire>| check_wait(wait);
};

const TURNS: u32 = 200;

#[test]
fn threads_and_coroutines_take_turns_on_one_lock_and_lose_nothing() {
    let (rules, counter) = (Rules::default(), Counter::default());
    let commons = Commons::new(&Setup::of_tasks(6));
    let made = AtomicU32::new(0);
    thread::scope(|scope| {
        for number in 1..=3 {
            let (commons, rules, counter, made) = (&commons, &rules, &counter, &made);
            scope.spawn(move || {
                let mut member = commons.begin(task(number), rules).unwrap();
                for _ in 0..TURNS {
                    member.acquire(A).block().unwrap();
                    made.fetch_add(counter.increment(1, 50, || true), Ordering::Relaxed);
                    member.release(A).unwrap();
                }
            });
        }
        scope.spawn(|| {
            let coroutines: FuturesUnordered<_> = (4..=6)
                .map(async |number| {
                    let mut member = commons.begin(task(number), &rules).unwrap();
                    for _ in 0..TURNS {
                        member.acquire(A).await.unwrap();
                        let yields = async || {
                            yield_now().await;
                            true
                        };
                        made.fetch_add(counter.increment_async(1, 10, yields).await, Ordering::Relaxed);
                        member.release(A).unwrap();
                    }
                })
                .collect();
            block_on(coroutines.collect::<Vec<()>>());
        });
    });
    let made = made.into_inner();
    assert_eq!((made, counter.lost(made)), (6 * TURNS, 0));
    rules.check_over();
}

#[test]
fn without_a_lock_coroutines_lose_what_they_await_in() {
    let counter = Counter::default();
    let coroutines: FuturesUnordered<_> = (0..4)
        .map(async |_| {
            let yields = async || {
                yield_now().await;
                true
            };
            counter.increment_async(10, 0, yields).await
        })
        .collect();
    let made: u32 = block_on(coroutines.collect::<Vec<u32>>()).into_iter().sum();
    assert_eq!((made, counter.lost(made)), (40, 30), "all four read before any writes");
}

#[test]
fn threads_without_a_lock_may_lose_and_it_is_counted() {
    let counter = Counter::default();
    let made: u32 = thread::scope(|scope| {
        let threads = [(); 4].map(|()| scope.spawn(|| counter.increment(1000, 20, || true)));
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(made, 4000);
    assert_eq!(counter.value() + counter.lost(made), made);
}

#[test]
fn a_lock_is_handed_over_in_the_order_of_asking() {
    let rules = Rules::default();
    let commons = Commons::new(&Setup::of_tasks(3));
    let [mut one, mut two, mut three] = [1, 2, 3].map(|number| commons.begin(task(number), &rules).unwrap());
    one.acquire(A).block().unwrap();
    let mut third = three.acquire(A);
    {
        let mut second = two.acquire(A);
        assert!(poll(&mut second).is_pending() && poll(&mut third).is_pending());
        one.release(A).unwrap();
        assert!(poll(&mut third).is_pending());
        assert_eq!(poll(&mut second), Poll::Ready(Ok(())));
        assert_eq!(poll(&mut second), Poll::Ready(Ok(())), "it can be polled again");
        assert!(poll(&mut third).is_pending());
    }
    drop(two);
    assert_eq!(poll(&mut third), Poll::Ready(Ok(())), "who ends releases");
    let lock = A;
    let waiting = CommonsEvent::Waiting { wanted: Wanted::Lock(A), holder: Some(task(1)) };
    let events = [
        (task(1), CommonsEvent::Acquired { lock, from: None }),
        (task(2), waiting),
        (task(3), waiting),
        (task(1), CommonsEvent::Released { lock, to: Some(task(2)) }),
        (task(2), CommonsEvent::Acquired { lock, from: Some(task(1)) }),
        (task(2), CommonsEvent::Released { lock, to: Some(task(3)) }),
        (task(3), CommonsEvent::Acquired { lock, from: Some(task(2)) }),
    ];
    assert_eq!(rules.events(), events);
}

#[test]
fn a_lock_handed_to_a_wait_that_is_dropped_goes_to_the_next() {
    let rules = Rules::default();
    let commons = Commons::new(&Setup::of_tasks(4));
    let [mut one, mut two, mut three, mut four] =
        [1, 2, 3, 4].map(|number| commons.begin(task(number), &rules).unwrap());
    one.acquire(A).block().unwrap();
    let (mut second, mut third, mut fourth) = (two.acquire(A), three.acquire(A), four.acquire(A));
    assert!(poll(&mut second).is_pending() && poll(&mut third).is_pending() && poll(&mut fourth).is_pending());
    drop(third);
    one.release(A).unwrap();
    drop(second);
    assert_eq!(poll(&mut fourth), Poll::Ready(Ok(())));
    drop(fourth);
    assert_eq!(two.release(A), Err(NotHeld { task: task(2), lock: A }));
    four.release(A).unwrap();
    rules.check_over();
}

#[test]
fn misuse_is_an_error() {
    let commons = Commons::new(&Setup::of_tasks(1));
    let mut member = commons.begin(task(1), ()).unwrap();
    assert_eq!(commons.begin(task(1), ()).err(), Some(BeginError::Running(task(1))));
    assert_eq!(commons.begin(task(2), ()).err(), Some(BeginError::Unexpected(task(2))));
    assert_eq!(member.release(A), Err(NotHeld { task: task(1), lock: A }));
    member.acquire(A).block().unwrap();
    member.acquire(B).block().unwrap();
    member.release_all();
    assert_eq!(member.release(B), Err(NotHeld { task: task(1), lock: B }));
}

#[test]
fn a_task_that_panics_releases_its_locks_and_the_next_goes_on() {
    let commons = Commons::new(&Setup::of_tasks(2));
    let mut one = commons.begin(task(1), ()).unwrap();
    one.acquire(A).block().unwrap();
    thread::scope(|scope| {
        let waiter = scope.spawn(|| commons.begin(task(2), ()).unwrap().acquire(A).block());
        let unwound = catch_unwind(AssertUnwindSafe(move || {
            let _one = one;
            resume_unwind(Box::new("without a message"));
        }));
        assert!(unwound.is_err());
        assert_eq!(waiter.join().unwrap(), Ok(()));
    });
}

#[test]
fn who_closes_a_circle_is_told_and_the_others_go_on() {
    let commons = Commons::new(&Setup::of_tasks(3));
    let [mut one, mut two, mut three] = [1, 2, 3].map(|number| commons.begin(task(number), ()).unwrap());
    for (member, lock) in [(&mut one, A), (&mut two, B), (&mut three, C)] {
        member.acquire(lock).block().unwrap();
    }
    let (mut first, mut second) = (one.acquire(B), two.acquire(C));
    assert!(poll(&mut first).is_pending() && poll(&mut second).is_pending());
    let error = three.acquire(A).block().unwrap_err();
    assert!(matches!(error, WaitError::Deadlock(_)));
    assert_eq!(
        error.to_string(),
        "task 3 has C and waits for A, task 1 has A and waits for B, task 2 has B and waits for C"
    );
    assert!(poll(&mut first).is_pending() && poll(&mut second).is_pending(), "only one fails");
    drop(three);
    assert_eq!(poll(&mut second), Poll::Ready(Ok(())));
    drop(second);
    drop(two);
    assert_eq!(poll(&mut first), Poll::Ready(Ok(())));
}

#[test]
fn who_wants_what_it_holds_is_a_circle_of_one() {
    let commons = Commons::new(&Setup::of_tasks(1));
    let mut member = commons.begin(task(1), ()).unwrap();
    member.acquire(A).block().unwrap();
    let error = member.acquire(A).block().unwrap_err();
    assert_eq!(error.to_string(), "task 1 has A and waits for A");
    member.release(A).unwrap();
    assert_eq!(member.acquire(A).block(), Ok(()), "it is of use again");
}

#[test]
fn waiting_in_the_same_line_is_no_circle() {
    let commons = Commons::new(&Setup::of_tasks(3));
    let [mut one, mut two, mut three] = [1, 2, 3].map(|number| commons.begin(task(number), ()).unwrap());
    one.acquire(A).block().unwrap();
    two.acquire(B).block().unwrap();
    let mut second = two.acquire(A);
    assert!(poll(&mut second).is_pending());
    let mut third = three.acquire(B);
    assert!(poll(&mut third).is_pending());
    one.release(A).unwrap();
    // The second has A, though it has not seen it: it waits no more.
    let mut first = one.acquire(B);
    assert!(poll(&mut first).is_pending());
    assert_eq!(poll(&mut second), Poll::Ready(Ok(())));
}

/// Whatever the threads do to each other, each is done or is told of a circle, and nobody hangs.
#[test]
fn threads_that_take_locks_in_any_order_end() {
    let deadlocks = AtomicU32::new(0);
    for _ in 0..200 {
        let rules = Rules::default();
        let commons = Commons::new(&Setup::of_tasks(3));
        thread::scope(|scope| {
            for (number, order) in [(1, [A, B, C]), (2, [B, C, A]), (3, [C, A, B])] {
                let (commons, rules, deadlocks) = (&commons, &rules, &deadlocks);
                scope.spawn(move || {
                    let mut member = commons.begin(task(number), rules).unwrap();
                    for lock in order {
                        match member.acquire(lock).block() {
                            Ok(()) => thread::yield_now(),
                            Err(WaitError::Deadlock(_)) => {
                                deadlocks.fetch_add(1, Ordering::Relaxed);
                                return;
                            }
                            Err(error) => panic!("{error}"),
                        }
                    }
                });
            }
        });
        rules.check_over();
    }
    assert!(deadlocks.into_inner() <= 400, "one of three always goes on");
}

#[test]
fn close_ends_threads_and_coroutines_that_wait() {
    let rules = Rules::default();
    let commons = Commons::new(&Setup::of_tasks(4));
    let mut holder = commons.begin(task(1), &rules).unwrap();
    holder.acquire(A).block().unwrap();
    thread::scope(|scope| {
        let blocked = [2, 3].map(|number| {
            let (commons, rules) = (&commons, &rules);
            scope.spawn(move || commons.begin(task(number), rules).unwrap().acquire(A).block())
        });
        let awaiting = scope.spawn(|| {
            let mut member = commons.begin(task(4), &rules).unwrap();
            block_on(member.acquire(A))
        });
        while rules.count(|event| matches!(event, CommonsEvent::Waiting { .. })) < 3 {
            thread::yield_now();
        }
        commons.close();
        for waiter in blocked.into_iter().chain([awaiting]) {
            assert_eq!(waiter.join().unwrap(), Err(WaitError::Closed));
        }
    });
    assert_eq!(holder.acquire(B).block(), Err(WaitError::Closed), "and nobody waits afterwards");
    assert_eq!(holder.release(A), Ok(()));
    commons.close();
    rules.check_over();
}

struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Panics>) {
        resume_unwind(Box::new("without a message"));
    }
}

#[test]
fn a_waker_that_panics_keeps_nobody_from_being_woken() {
    let commons = Commons::new(&Setup::of_tasks(3));
    let mut holder = commons.begin(task(1), ()).unwrap();
    holder.acquire(A).block().unwrap();
    let mut second = commons.begin(task(2), ()).unwrap();
    let mut wait = second.acquire(A);
    let waker = Waker::from(Arc::new(Panics));
    assert!(std::pin::pin!(&mut wait).poll(&mut Context::from_waker(&waker)).is_pending());
    thread::scope(|scope| {
        let blocked = scope.spawn(|| commons.begin(task(3), ()).unwrap().acquire(A).block());
        commons.close();
        assert_eq!(blocked.join().unwrap(), Err(WaitError::Closed));
    });
    assert_eq!(poll(&mut wait), Poll::Ready(Err(WaitError::Closed)));
}

#[test]
fn a_wait_that_was_leaked_is_taken_back() {
    let commons = Commons::new(&Setup::of_tasks(2));
    let [mut one, mut two] = [1, 2].map(|number| commons.begin(task(number), ()).unwrap());
    one.acquire(A).block().unwrap();
    let mut wait = two.acquire(A);
    assert!(poll(&mut wait).is_pending());
    std::mem::forget(wait);
    two.acquire(B).block().unwrap();
    one.release(A).unwrap();
    assert_eq!(one.acquire(A).block(), Ok(()), "nobody else was given it");
}

/// Threads with an interpreter's lock attempt, and let go of it before they block.
#[test]
fn under_an_interpreters_lock_nobody_hangs_and_nothing_is_lost() {
    let (gil, counter) = (Gil::new(std::time::Duration::from_micros(50)), Counter::default());
    let commons = Commons::new(&Setup::of_tasks(3));
    let made: u32 = thread::scope(|scope| {
        let threads = [1, 2, 3].map(|number| {
            let (gil, commons, counter) = (&gil, &commons, &counter);
            scope.spawn(move || {
                let mut thread = gil.thread(number, ());
                let mut member = commons.begin(task(number), ()).unwrap();
                let mut made = 0;
                for _ in 0..50 {
                    let mut held = thread.take().unwrap();
                    {
                        let mut wait = member.acquire(A);
                        if wait.attempt().is_pending() {
                            held.release();
                            wait.block().unwrap();
                            held = thread.take().unwrap();
                        }
                    }
                    let mut held = Some(held);
                    made += counter.increment(3, 1000, || {
                        held = held.take().and_then(|held| held.checkpoint().ok());
                        held.is_some()
                    });
                    member.release(A).unwrap();
                }
                made
            })
        });
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!((made, counter.lost(made)), (450, 0));
}
