//! What CPython has no tests for: panics, drops, the order of ends, and loops that are dropped.

use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use futures_util::{FutureExt, StreamExt};
use overlap::engine::asyncio::{Runner, Task, sleep, timeout, yield_now};
use overlap::engine::futures::FutureError;
use overlap::model::outcome::Failure;

use super::support::{AtEnd, Count, List, Time, after, ms, panic_at_end, run_main, test};

const CANCELLED: FutureError = FutureError::Cancelled;

#[test]
fn a_panic_is_the_tasks_failure_and_the_others_go_on() {
    test(|event_loop, time| async move {
        let other = after(&event_loop, &time, 10, 1);
        let bad = event_loop.create_task::<(), _>(async { panic!("mine alone") });
        assert_eq!(bad.await, Err(Failure::Panicked("mine alone".to_owned()).into()));
        assert_eq!(other.await, Ok(1));
        Ok(())
    });
}

#[test]
fn a_coroutine_that_never_waits_cannot_be_cancelled_and_blocks_the_loop() {
    test(|event_loop, time| async move {
        let busy = time.clone();
        let task = event_loop.create_task(async move {
            busy.busy(ms(1000));
            Ok(1)
        });
        let late = after(&event_loop, &time, 10, time.clone());
        yield_now().await;
        assert!(!task.cancel());
        assert_eq!(late.await.map(|time| time.now()), Ok(ms(1010)));
        assert_eq!(task.await, Ok(1));
        Ok(())
    });
}

#[test]
fn what_is_cancelled_before_its_first_turn_never_begins() {
    test(|event_loop, _| async move {
        let begun = Count::default();
        let counted = begun.clone();
        let task = event_loop.create_task(async move {
            counted.add(1);
            Ok(())
        });
        task.cancel();
        assert_eq!(task.await, Err(CANCELLED));
        assert_eq!(begun.get(), 0);
        Ok(())
    });
}

#[test]
fn a_cancelled_parent_is_dropped_after_the_child_that_it_awaits() {
    test(|event_loop, time| async move {
        let order = List::default();
        let say = |word: &'static str| {
            let order = Rc::clone(&order);
            AtEnd(move || order.borrow_mut().push(word))
        };
        let (inner, outer) = (say("child"), say("parent"));
        let sleeping = time.clone();
        let child = event_loop.create_task(async move {
            let _inner = inner;
            sleep(&sleeping, ms(1000)).await;
            Ok(())
        });
        let parent = event_loop.create_task(async move {
            let _outer = outer;
            // A timeout in between has a scope of its own.
            timeout(&time, Some(ms(500)), child).await??;
            Ok(())
        });
        yield_now().await;
        parent.cancel();
        assert_eq!(parent.await, Err(CANCELLED));
        assert_eq!(*order.borrow(), ["child", "parent"]);
        Ok(())
    });
}

#[test]
fn branches_of_a_join_that_are_cancelled_together_do_not_hang() {
    test(|event_loop, time| async move {
        let sleeping = time.clone();
        // One is cancelled and has nothing to tell, the other fails in that.
        let quiet = after(&event_loop, &time, 1000, ());
        let loud = event_loop.create_task(async move {
            let _finally = panic_at_end();
            sleep(&sleeping, ms(1000)).await;
            Ok(())
        });
        let parent = event_loop.create_task(async move {
            futures_util::future::join(quiet, loud).await.1?;
            Ok(())
        });
        yield_now().await;
        parent.cancel();
        assert!(parent.await.is_err());
        assert_eq!(time.now(), ms(0));
        Ok(())
    });
}

#[test]
fn members_that_are_polled_by_another_executor_are_reached_and_those_that_are_not_polled_hold_nothing_up() {
    test(|event_loop, time| async move {
        let children: Vec<_> = (0..100).map(|_| after(&event_loop, &time, 1000, ())).collect();
        let inside = children.clone();
        let left = after(&event_loop, &time, 1000, ());
        let mut forgotten = left.clone();
        let parent = event_loop.create_task(async move {
            // Polled once, and then kept without being polled.
            let polled = poll_fn(|context| Poll::Ready(forgotten.poll_unpin(context))).await;
            assert!(polled.is_pending());
            let mut all: futures_util::stream::FuturesUnordered<_> = inside.into_iter().collect();
            while let Some(ended) = all.next().await {
                ended?;
            }
            forgotten.await?;
            Ok(())
        });
        yield_now().await;
        parent.cancel();
        assert_eq!(parent.await, Err(CANCELLED));
        assert!(children.iter().all(Task::cancelled));
        assert_eq!(time.now(), ms(0));
        Ok(())
    });
}

#[test]
fn what_is_left_when_main_ends_is_cancelled_and_what_is_left_when_the_loop_is_dropped_is_too() {
    let time = Time::default();
    let runner = Runner::new();
    let (dropped, sleeping) = (Count::default(), time.clone());
    let at_end = dropped.at_end(1);
    let task = runner.event_loop().create_task(async move {
        let _at_end = at_end;
        sleep(&sleeping, ms(1000)).await;
        Ok(())
    });
    assert_eq!(time.run(runner.run(async { Ok(7) })), Ok(7));
    assert!(!task.done());
    let event_loop = runner.event_loop().clone();
    drop(runner);
    assert!(task.cancelled());
    assert_eq!(dropped.get(), 1);
    assert!(event_loop.create_task(async { Ok(()) }).cancelled(), "a closed loop runs nothing");
    assert_eq!(event_loop.task_count(), 0);

    let at_end = dropped.at_end(1);
    let left = run_main(|event_loop, time| async move {
        Ok(event_loop.create_task(async move {
            let _at_end = at_end;
            sleep(&time, ms(1000)).await;
            Ok(())
        }))
    });
    assert!(left.unwrap().cancelled());
    assert_eq!(dropped.get(), 2);
}
