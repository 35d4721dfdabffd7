//! Tasks that end together: `test_taskgroups.py`.

use std::cell::RefCell;
use std::rc::Rc;

use overlap::engine::asyncio::{Error, EventLoop, ExceptionGroup, Task, TaskGroup, sleep, yield_now};
use overlap::engine::futures::FutureError;
use overlap::model::outcome::Failure;

use super::support::{AtEnd, Count, FAILURE, OTHER, Time, fail, finally, ms, panic_at_end, test};

const CANCELLED: FutureError = FutureError::Cancelled;

/// What a group gives in which these went wrong.
fn group_of<T>(exceptions: &[Error]) -> Result<T, Error> {
    Err(ExceptionGroup { exceptions: exceptions.to_vec() }.into())
}

/// What a task gives that ended with a group of failures: it has one failure, the first.
fn failed<T>(failure: Failure) -> Result<T, FutureError> {
    Err(failure.into())
}

async fn after<T>(time: Time, length: u64, value: T) -> Result<T, Error> {
    sleep(&time, ms(length)).await;
    Ok(value)
}

async fn fails_after(time: Time, length: u64) -> Result<(), Error> {
    sleep(&time, ms(length)).await;
    fail()
}

/// Sleeps, and counts when it is dropped.
async fn counted(time: Time, count: Count, number: usize) -> Result<(), Error> {
    let _at_end = count.at_end(number);
    sleep(&time, ms(5000)).await;
    Ok(())
}

/// Sleeps, and panics when it is dropped.
async fn panics_at_end(time: Time) -> Result<(), Error> {
    let _finally = panic_at_end();
    sleep(&time, ms(10_000)).await;
    Ok(())
}

/// A task with a group, which is cancelled after 100 ms.
async fn cancelled_after_100(
    event_loop: &EventLoop,
    time: &Time,
    runner: impl Future<Output = Result<(), Error>> + 'static,
) -> Result<(), FutureError> {
    let task = event_loop.create_task(runner);
    sleep(time, ms(100)).await;
    assert!(!task.done());
    task.cancel();
    task.await
}

#[test]
fn test_taskgroup_01() {
    test(|event_loop, time| async move {
        let body = |group: TaskGroup| async move {
            Ok((group.create_task(after(time.clone(), 100, 42)), group.create_task(after(time.clone(), 200, 11))))
        };
        let (t1, t2) = TaskGroup::run(&event_loop, body).await?;
        assert_eq!((t1.result(), t2.result()), (Some(Ok(42)), Some(Ok(11))));
        Ok(())
    });
}

#[test]
fn test_taskgroup_02() {
    test(|event_loop, time| async move {
        let body = |group: TaskGroup| async move {
            let t1 = group.create_task(after(time.clone(), 100, 42));
            sleep(&time, ms(150)).await;
            Ok((t1, group.create_task(after(time.clone(), 200, 11))))
        };
        let (t1, t2) = TaskGroup::run(&event_loop, body).await?;
        assert_eq!((t1.result(), t2.result()), (Some(Ok(42)), Some(Ok(11))));
        Ok(())
    });
}

#[test]
fn test_taskgroup_03() {
    test(|event_loop, time| async move {
        let body = |group: TaskGroup| async move {
            let t1 = group.create_task(after(time.clone(), 1000, 42));
            sleep(&time, ms(150)).await;
            t1.cancel();
            Ok((t1, group.create_task(after(time.clone(), 200, 11))))
        };
        let (t1, t2) = TaskGroup::run(&event_loop, body).await?;
        assert_eq!((t1.result(), t2.result()), (Some(Err(CANCELLED)), Some(Ok(11))));
        Ok(())
    });
}

#[test]
fn test_taskgroup_04() {
    test(|event_loop, time| async move {
        let count = Count::default();
        let ended = count.clone();
        let second = Rc::new(RefCell::new(None::<Task<()>>));
        let (kept, running, inside) = (Rc::clone(&second), time.clone(), event_loop.clone());
        let runner = event_loop.create_task(async move {
            let body = |group: TaskGroup| async move {
                group.create_task(fails_after(running.clone(), 100));
                *kept.borrow_mut() = Some(group.create_task(counted(running, ended, 1)));
                Ok(())
            };
            TaskGroup::run(&inside, body).await
        });
        assert_eq!(runner.await, failed(FAILURE));
        assert!(second.borrow().as_ref().is_some_and(Task::cancelled));
        assert_eq!((count.get(), time.now()), (1, ms(100)));
        Ok(())
    });
}

#[test]
fn test_cancel_children_on_child_error() {
    test(|event_loop, time| async move {
        let count = Count::default();
        let body = |group: TaskGroup| {
            let (time, count) = (time.clone(), count.clone());
            async move {
                for _ in 0..3 {
                    group.create_task(fails_after(time.clone(), 100));
                }
                group.create_task(counted(time.clone(), count.clone(), 1));
                let _body = count.at_end(10);
                sleep(&time, ms(10_000)).await;
                count.add(100);
                Ok(())
            }
        };
        let ended = TaskGroup::run(&event_loop, body).await;
        // All three were woken at one time, so each failed before it could be cancelled; CPython leaves that open.
        let Err(Error::Group(group)) = ended else { panic!("{ended:?}") };
        assert!(group.exceptions.iter().all(|error| *error == FAILURE.into()));
        assert_eq!(count.get(), 11);
        Ok(())
    });
}

#[test]
fn test_cancellation() {
    test(|event_loop, time| async move {
        let (count, inside) = (Count::default(), event_loop.clone());
        let (ended, running) = (count.clone(), time.clone());
        let runner = async move {
            let body = |group: TaskGroup| async move {
                for _ in 0..5 {
                    group.create_task(counted(running.clone(), ended.clone(), 1));
                }
                Ok(())
            };
            TaskGroup::run(&inside, body).await
        };
        assert_eq!(cancelled_after_100(&event_loop, &time, runner).await, Err(CANCELLED));
        assert_eq!(count.get(), 5, "each child has ended before the parent");
        Ok(())
    });
}

#[test]
fn test_taskgroup_07() {
    test(|event_loop, time| async move {
        let (count, inside) = (Count::default(), event_loop.clone());
        let (ended, running) = (count.clone(), time.clone());
        let runner = async move {
            let body = |group: TaskGroup| async move {
                for _ in 0..5 {
                    group.create_task(counted(running.clone(), ended.clone(), 1));
                }
                counted(running, ended, 10).await
            };
            TaskGroup::run(&inside, body).await
        };
        assert_eq!(cancelled_after_100(&event_loop, &time, runner).await, Err(CANCELLED));
        assert_eq!(count.get(), 15);
        Ok(())
    });
}

#[test]
fn test_taskgroup_08() {
    test(|event_loop, time| async move {
        let (inside, running) = (event_loop.clone(), time.clone());
        let runner = async move {
            let body = |group: TaskGroup| async move {
                for _ in 0..5 {
                    group.create_task(panics_at_end(running.clone()));
                }
                sleep(&running, ms(10_000)).await;
                Ok(())
            };
            let ended = TaskGroup::run(&inside, body).await;
            assert_eq!(ended, group_of(&vec![finally().into(); 5]));
            ended
        };
        assert_eq!(cancelled_after_100(&event_loop, &time, runner).await, failed(finally()));
        Ok(())
    });
}

#[test]
fn test_taskgroup_09() {
    test(|event_loop, time| async move {
        let tasks = Rc::new(RefCell::new(Vec::new()));
        let (kept, running) = (Rc::clone(&tasks), time.clone());
        let body = |group: TaskGroup| async move {
            kept.borrow_mut().push(group.create_task(after(running.clone(), 1000, 42)));
            kept.borrow_mut().push(group.create_task(after(running.clone(), 2000, 11)));
            sleep(&running, ms(100)).await;
            fail::<()>()
        };
        assert_eq!(TaskGroup::run(&event_loop, body).await, group_of(&[FAILURE.into()]));
        assert!(tasks.borrow().iter().all(Task::cancelled));
        assert_eq!(time.now(), ms(100));
        Ok(())
    });
}

#[test]
fn test_taskgroup_10() {
    test(|event_loop, time| async move {
        let tasks = Rc::new(RefCell::new(Vec::new()));
        let kept = Rc::clone(&tasks);
        let body = |group: TaskGroup| async move {
            kept.borrow_mut().push(group.create_task(after(time.clone(), 1000, 42)));
            kept.borrow_mut().push(group.create_task(after(time.clone(), 2000, 11)));
            panic!("at once")
        };
        let panicked = Failure::Panicked("at once".to_owned());
        assert_eq!(TaskGroup::run::<(), _>(&event_loop, body).await, group_of(&[panicked.into()]));
        assert!(tasks.borrow().iter().all(Task::cancelled));
        Ok(())
    });
}

#[test]
fn test_taskgroup_11() {
    test(|event_loop, time| async move {
        let (inside, running) = (event_loop.clone(), time.clone());
        let runner = async move {
            let nested = inside.clone();
            let inner = |group: TaskGroup| async move {
                for _ in 0..5 {
                    group.create_task(panics_at_end(running.clone()));
                }
                sleep(&running, ms(10_000)).await;
                Ok(())
            };
            let ended = TaskGroup::run(&inside, |_| async move { TaskGroup::run(&nested, inner).await }).await;
            let expected = group_of::<()>(&vec![finally().into(); 5]).unwrap_err();
            assert_eq!(ended, group_of(&[expected]));
            ended
        };
        assert_eq!(cancelled_after_100(&event_loop, &time, runner).await, failed(finally()));
        Ok(())
    });
}

#[test]
fn test_taskgroup_12() {
    test(|event_loop, time| async move {
        let (inside, running) = (event_loop.clone(), time.clone());
        let runner = async move {
            let (nested, beside) = (inside.clone(), running.clone());
            let inner = |group: TaskGroup| async move {
                for _ in 0..5 {
                    group.create_task(panics_at_end(running.clone()));
                }
                sleep(&running, ms(10_000)).await;
                Ok(())
            };
            let body = |group: TaskGroup| async move {
                group.create_task(after(beside, 10_000, ()));
                TaskGroup::run(&nested, inner).await
            };
            let ended = TaskGroup::run(&inside, body).await;
            let expected = group_of::<()>(&vec![finally().into(); 5]).unwrap_err();
            assert_eq!(ended, group_of(&[expected]));
            ended
        };
        assert_eq!(cancelled_after_100(&event_loop, &time, runner).await, failed(finally()));
        Ok(())
    });
}

/// One group in another, each with a task that fails after so many milliseconds.
async fn nested(event_loop: EventLoop, time: Time, outer: u64, inner: u64) -> Result<(), Error> {
    let inside = event_loop.clone();
    let body = |group: TaskGroup| async move {
        group.create_task(fails_after(time.clone(), outer));
        let body = |group: TaskGroup| async move {
            group.create_task(fails_after(time, inner));
            Ok(())
        };
        TaskGroup::run(&inside, body).await
    };
    TaskGroup::run(&event_loop, body).await
}

#[test]
fn test_taskgroup_13() {
    test(|event_loop, time| async move {
        assert_eq!(nested(event_loop, time, 100, 10_000).await, group_of(&[FAILURE.into()]));
        Ok(())
    });
}

#[test]
fn test_taskgroup_14() {
    test(|event_loop, time| async move {
        let inner = group_of::<()>(&[FAILURE.into()]).unwrap_err();
        assert_eq!(nested(event_loop, time, 10_000, 100).await, group_of(&[inner]));
        Ok(())
    });
}

#[test]
fn test_taskgroup_17() {
    test(|event_loop, time| async move {
        let (count, inside) = (Count::default(), event_loop.clone());
        let (ended, running) = (count.clone(), time.clone());
        let runner = async move { TaskGroup::run(&inside, |_| counted(running, ended, 10)).await };
        assert_eq!(cancelled_after_100(&event_loop, &time, runner).await, Err(CANCELLED));
        assert_eq!(count.get(), 10);
        Ok(())
    });
}

#[test]
fn test_taskgroup_18() {
    test(|event_loop, time| async move {
        let (inside, running) = (event_loop.clone(), time.clone());
        let runner = async move { TaskGroup::run(&inside, |_| panics_at_end(running)).await };
        assert_eq!(cancelled_after_100(&event_loop, &time, runner).await, failed(finally()));
        Ok(())
    });
}

#[test]
fn test_taskgroup_19() {
    test(|event_loop, time| async move {
        let body = |group: TaskGroup| async move {
            group.create_task(fails_after(time.clone(), 100));
            panics_at_end(time).await
        };
        assert_eq!(TaskGroup::run(&event_loop, body).await, group_of(&[FAILURE.into(), finally().into()]));
        Ok(())
    });
}

#[test]
fn test_taskgroup_22() {
    test(|event_loop, time| async move {
        let (inside, running) = (event_loop.clone(), time.clone());
        let runner = event_loop.create_task(async move {
            let body = |group: TaskGroup| async move {
                group.create_task(after(running.clone(), 1000, 42));
                group.create_task(after(running, 2000, 11));
                Ok(())
            };
            TaskGroup::run(&inside, body).await
        });
        sleep(&time, ms(50)).await;
        runner.cancel();
        assert_eq!(runner.await, Err(CANCELLED));
        assert_eq!(time.now(), ms(50));
        Ok(())
    });
}

#[test]
fn test_taskgroup_23() {
    test(|event_loop, time| async move {
        let body = |group: TaskGroup| async move {
            for count in 0..10 {
                sleep(&time, ms(100)).await;
                group.create_task(after(time.clone(), 300, ()));
                if count == 5 {
                    assert!(group.task_count() < 5);
                }
            }
            sleep(&time, ms(1350)).await;
            assert_eq!(group.task_count(), 0);
            Ok(())
        };
        TaskGroup::run(&event_loop, body).await
    });
}

#[test]
fn test_taskgroup_24() {
    test(|event_loop, time| async move {
        let running = time.clone();
        let body = |group: TaskGroup| async move {
            let inside = group.clone();
            group.create_task(async move {
                sleep(&running, ms(100)).await;
                inside.create_task(after(running.clone(), 100, ()));
                inside.create_task(after(running, 200, ()));
                Ok(())
            });
            Ok(())
        };
        TaskGroup::run(&event_loop, body).await?;
        assert_eq!(time.now(), ms(300));
        Ok(())
    });
}

/// Begins two more like itself.
async fn hydra(group: TaskGroup, time: Time, heads: Count) -> Result<(), Error> {
    heads.add(1);
    sleep(&time, ms(10)).await;
    for _ in 0..2 {
        let next: std::pin::Pin<Box<dyn Future<Output = _>>> =
            Box::pin(hydra(group.clone(), time.clone(), heads.clone()));
        group.create_task(next);
    }
    Ok(())
}

#[test]
fn test_taskgroup_25() {
    test(|event_loop, time| async move {
        let heads = Count::default();
        let seen = heads.clone();
        let body = |group: TaskGroup| async move {
            group.create_task(hydra(group.clone(), time.clone(), seen.clone()));
            group.create_task(async move {
                while seen.get() < 10 {
                    sleep(&time, ms(15)).await;
                }
                fail::<()>()
            });
            Ok(())
        };
        assert_eq!(TaskGroup::run(&event_loop, body).await, group_of(&[FAILURE.into()]));
        assert!(heads.get() >= 10);
        Ok(())
    });
}

#[test]
fn test_taskgroup_no_create_task_after_failure() {
    test(|event_loop, time| async move {
        let late = Rc::new(RefCell::new(None::<Task<()>>));
        let kept = Rc::clone(&late);
        let body = |group: TaskGroup| async move {
            group.create_task(fails_after(time.clone(), 1));
            let inside = group.clone();
            group.create_task(async move {
                let beginning = time.clone();
                let _at_end = AtEnd(move || {
                    *kept.borrow_mut() = Some(inside.create_task(fails_after(beginning.clone(), 1)));
                });
                sleep(&time, ms(1000)).await;
                Ok(())
            });
            Ok(())
        };
        assert_eq!(TaskGroup::run::<(), _>(&event_loop, body).await, group_of(&[FAILURE.into()]));
        assert!(late.borrow().as_ref().is_some_and(Task::cancelled), "where CPython raises, it is cancelled");
        Ok(())
    });
}

#[test]
fn test_taskgroup_context_manager_exit_raises() {
    test(|event_loop, time| async move {
        let body = |group: TaskGroup| async move {
            let _database = panic_at_end();
            group.create_task(async { Err::<(), Error>(OTHER.into()) });
            sleep(&time, ms(1000)).await;
            Ok(())
        };
        assert_eq!(TaskGroup::run(&event_loop, body).await, group_of(&[OTHER.into(), finally().into()]));
        Ok(())
    });
}

#[test]
fn a_group_that_is_dropped_leaves_no_task_behind() {
    test(|event_loop, time| async move {
        let count = Count::default();
        {
            let body = |group: TaskGroup| {
                group.create_task(counted(time.clone(), count.clone(), 1));
                std::future::pending::<Result<(), Error>>()
            };
            let group = std::pin::pin!(TaskGroup::run(&event_loop, body));
            let soon = std::pin::pin!(sleep(&time, ms(10)));
            futures_util::future::select(group, soon).await;
        }
        yield_now().await;
        assert_eq!(count.get(), 1);
        Ok(())
    });
}
