//! Locks, events and semaphores: `test_locks.py`.

use std::rc::Rc;

use overlap::engine::asyncio::{
    Error, Event, EventLoop, Lock, Permit, Semaphore, Task, TaskGroup, gather, gather_exceptions, sleep, timeout,
    wait_for, yield_now,
};
use overlap::engine::futures::{Future, FutureError};

use super::support::{List, ms, test};

const CANCELLED: FutureError = FutureError::Cancelled;

/// A task that acquires and keeps, and says so in a list.
fn acquires(event_loop: &EventLoop, semaphore: &Semaphore, result: &List<i32>, number: i32) -> Task<()> {
    let (semaphore, result) = (semaphore.clone(), Rc::clone(result));
    event_loop.create_task(async move {
        semaphore.acquire().await.forget();
        result.borrow_mut().push(number);
        Ok(())
    })
}

/// The same with a lock, which it keeps until the permit is taken out of the list.
fn locks(event_loop: &EventLoop, lock: &Lock, result: &List<(i32, Permit)>, number: i32) -> Task<()> {
    let (lock, result) = (lock.clone(), Rc::clone(result));
    event_loop.create_task(async move {
        let permit = lock.acquire().await;
        result.borrow_mut().push((number, permit));
        Ok(())
    })
}

fn numbers(result: &List<(i32, Permit)>) -> Vec<i32> {
    result.borrow().iter().map(|(number, _)| *number).collect()
}

mod lock {
    use super::test;
    use super::*;

    #[test]
    fn test_acquire() {
        test(|event_loop, _| async move {
            let (lock, result) = (Lock::new(), List::default());
            let first = lock.acquire().await;
            let [t1, t2] = [1, 2].map(|number| locks(&event_loop, &lock, &result, number));
            yield_now().await;
            assert!(numbers(&result).is_empty());
            drop(first);
            yield_now().await;
            assert_eq!(numbers(&result), [1]);
            yield_now().await;
            assert_eq!(numbers(&result), [1]);
            let t3 = locks(&event_loop, &lock, &result, 3);
            for number in [1, 2] {
                let held = result.borrow_mut().remove(0);
                assert_eq!(held.0, number);
                drop(held);
                yield_now().await;
            }
            assert_eq!(numbers(&result), [3]);
            assert!([t1, t2, t3].iter().all(Task::done));
            Ok(())
        });
    }

    #[test]
    fn test_acquire_cancel() {
        test(|event_loop, _| async move {
            let (lock, result) = (Lock::new(), List::default());
            let _held = lock.acquire().await;
            let task = locks(&event_loop, &lock, &result, 1);
            yield_now().await;
            task.cancel();
            assert_eq!(task.await, Err(CANCELLED));
            assert_eq!(lock.waiting(), 0);
            Ok(())
        });
    }

    #[test]
    fn test_cancel_race() {
        test(|event_loop, _| async move {
            let lock = Lock::new();
            let lock_it = |blocker: Option<Future<()>>| {
                let lock = lock.clone();
                event_loop.create_task(async move {
                    let _held = lock.acquire().await;
                    if let Some(blocker) = blocker {
                        blocker.await?;
                    }
                    Ok(())
                })
            };
            let blocker = Future::new();
            let ta = lock_it(Some(blocker.clone()));
            yield_now().await;
            assert!(lock.locked());
            let (tb, tc) = (lock_it(None), lock_it(None));
            yield_now().await;
            assert_eq!(lock.waiting(), 2);
            blocker.set_result(()).unwrap();
            tb.cancel();
            yield_now().await;
            assert!(ta.done() && tb.cancelled());
            assert_eq!(tc.await, Ok(()));
            assert!(!lock.locked());
            Ok(())
        });
    }

    #[test]
    fn test_cancel_release_race() {
        test(|event_loop, _| async move {
            let (lock, result) = (Lock::new(), List::default());
            let held = lock.acquire().await;
            let [t1, t2, t3] = [1, 2, 3].map(|number| locks(&event_loop, &lock, &result, number));
            yield_now().await;
            t1.cancel();
            drop(held);
            assert_eq!(t1.await, Err(CANCELLED));
            yield_now().await;
            assert_eq!(numbers(&result), [2], "only one has it");
            assert!(t2.done() && !t3.done());
            t3.cancel();
            yield_now().await;
            assert!(t3.cancelled());
            Ok(())
        });
    }

    #[test]
    fn test_finished_waiter_cancelled() {
        test(|event_loop, _| async move {
            let (lock, result) = (Lock::new(), List::default());
            let held = lock.acquire().await;
            let tb = locks(&event_loop, &lock, &result, 1);
            yield_now().await;
            assert_eq!(lock.waiting(), 1);
            let tc = locks(&event_loop, &lock, &result, 2);
            // It was given the lock, and is cancelled before its turn.
            drop(held);
            tb.cancel();
            yield_now().await;
            assert!(lock.locked() && tb.cancelled());
            assert_eq!(tc.await, Ok(()));
            Ok(())
        });
    }

    #[test]
    fn test_release_no_waiters() {
        test(|_, _| async move {
            let lock = Lock::new();
            let held = lock.acquire().await;
            assert!(lock.locked());
            drop(held);
            assert!(!lock.locked());
            Ok(())
        });
    }

    #[test]
    fn test_context_manager() {
        test(|_, _| async move {
            let lock = Lock::new();
            assert!(!lock.locked());
            {
                let _held = lock.acquire().await;
                assert!(lock.locked() && lock.try_acquire().is_none());
            }
            assert!(lock.try_acquire().is_some());
            Ok(())
        });
    }
}

mod event {
    use super::test;
    use super::*;

    fn waits(event_loop: &EventLoop, event: &Event, result: &List<i32>, number: i32) -> Task<()> {
        let (event, result) = (event.clone(), Rc::clone(result));
        event_loop.create_task(async move {
            event.wait().await;
            result.borrow_mut().push(number);
            Ok(())
        })
    }

    #[test]
    fn test_wait() {
        test(|event_loop, _| async move {
            let (event, result) = (Event::new(), List::default());
            assert!(!event.is_set());
            let [t1, t2] = [1, 2].map(|number| waits(&event_loop, &event, &result, number));
            yield_now().await;
            assert!(result.borrow().is_empty());
            let t3 = waits(&event_loop, &event, &result, 3);
            event.set();
            yield_now().await;
            assert_eq!(*result.borrow(), [3, 1, 2]);
            assert!([t1, t2, t3].iter().all(Task::done));
            Ok(())
        });
    }

    #[test]
    fn test_wait_on_set() {
        test(|_, _| async move {
            let event = Event::new();
            event.set();
            event.wait().await;
            Ok(())
        });
    }

    #[test]
    fn test_wait_cancel() {
        test(|event_loop, _| async move {
            let (event, result) = (Event::new(), List::default());
            let task = waits(&event_loop, &event, &result, 1);
            yield_now().await;
            task.cancel();
            assert_eq!(task.await, Err(CANCELLED));
            assert_eq!(event.waiting(), 0);
            Ok(())
        });
    }

    #[test]
    fn test_clear() {
        let event = Event::new();
        assert!(!event.is_set());
        event.set();
        assert!(event.is_set());
        event.clear();
        assert!(!event.is_set());
    }

    #[test]
    fn test_clear_with_waiters() {
        test(|event_loop, _| async move {
            let (event, result) = (Event::new(), List::default());
            let task = waits(&event_loop, &event, &result, 1);
            yield_now().await;
            event.set();
            event.clear();
            assert!(!event.is_set());
            event.set();
            event.set();
            yield_now().await;
            assert_eq!(*result.borrow(), [1]);
            assert_eq!(event.waiting(), 0);
            assert!(task.done());
            Ok(())
        });
    }
}

mod semaphore {
    use super::test;
    use super::*;

    #[test]
    fn test_initial_value_zero() {
        assert!(Semaphore::new(0).locked());
    }

    #[test]
    fn test_semaphore() {
        let semaphore = Semaphore::new(1);
        assert_eq!((semaphore.value(), semaphore.locked()), (1, false));
    }

    #[test]
    fn test_acquire() {
        test(|event_loop, _| async move {
            let (semaphore, result) = (Semaphore::new(3), List::default());
            semaphore.acquire().await.forget();
            semaphore.acquire().await.forget();
            assert!(!semaphore.locked());
            let mut tasks = vec![];
            tasks.extend([1, 2, 3].map(|number| acquires(&event_loop, &semaphore, &result, number)));
            yield_now().await;
            assert_eq!(*result.borrow(), [1]);
            assert_eq!((semaphore.locked(), semaphore.waiting(), semaphore.value()), (true, 2, 0));
            tasks.push(acquires(&event_loop, &semaphore, &result, 4));
            semaphore.release();
            semaphore.release();
            assert_eq!(semaphore.value(), 0);
            yield_now().await;
            assert_eq!(*result.borrow(), [1, 2, 3]);
            assert_eq!((semaphore.locked(), semaphore.waiting(), semaphore.value()), (true, 1, 0));
            semaphore.release();
            gather(tasks).await?;
            Ok(())
        });
    }

    #[test]
    fn test_acquire_cancel() {
        test(|event_loop, _| async move {
            let (semaphore, result) = (Semaphore::new(1), List::default());
            let _held = semaphore.acquire().await;
            let task = acquires(&event_loop, &semaphore, &result, 1);
            yield_now().await;
            task.cancel();
            assert_eq!(task.await, Err(CANCELLED));
            assert_eq!(semaphore.waiting(), 0);
            Ok(())
        });
    }

    #[test]
    fn test_acquire_cancel_before_awoken() {
        test(|event_loop, _| async move {
            let (semaphore, result) = (Semaphore::new(0), List::default());
            let [t1, t2, t3, t4] = [1, 2, 3, 4].map(|number| acquires(&event_loop, &semaphore, &result, number));
            yield_now().await;
            t1.cancel();
            t2.cancel();
            semaphore.release();
            yield_now().await;
            yield_now().await;
            assert!(t1.cancelled() && t2.cancelled() && t3.done() && !t4.done());
            Ok(())
        });
    }

    #[test]
    fn test_acquire_hang() {
        test(|event_loop, _| async move {
            let (semaphore, result) = (Semaphore::new(0), List::default());
            let [t1, t2] = [1, 2].map(|number| acquires(&event_loop, &semaphore, &result, number));
            yield_now().await;
            t1.cancel();
            semaphore.release();
            yield_now().await;
            yield_now().await;
            assert!(semaphore.locked() && t2.done());
            Ok(())
        });
    }

    #[test]
    fn test_acquire_no_hang() {
        test(|event_loop, time| async move {
            let semaphore = Semaphore::new(1);
            let second = List::<Task<()>>::default();
            let (s1, s2, other) = (semaphore.clone(), semaphore.clone(), Rc::clone(&second));
            let t1 = event_loop.create_task(async move {
                {
                    let _held = s1.acquire().await;
                    yield_now().await;
                }
                other.borrow()[0].cancel();
                Ok(())
            });
            let t2 = event_loop.create_task(async move {
                let _held = s2.acquire().await;
                panic!("it is cancelled before its turn")
            });
            second.borrow_mut().push(t2.clone());
            assert_eq!(gather_exceptions([t1, t2]).await, [Ok(()), Err(CANCELLED)]);
            assert!(timeout(&time, Some(ms(1000)), semaphore.acquire()).await.is_ok());
            Ok(())
        });
    }

    #[test]
    fn test_release_no_waiters() {
        test(|_, _| async move {
            let semaphore = Semaphore::new(1);
            semaphore.acquire().await.forget();
            assert!(semaphore.locked());
            semaphore.release();
            assert!(!semaphore.locked());
            Ok(())
        });
    }

    #[test]
    fn test_acquire_fifo_order() {
        test(|event_loop, time| async move {
            let (semaphore, result) = (Semaphore::new(1), List::default());
            let body = |group: TaskGroup| {
                for name in ["c1", "c2", "c3"] {
                    let (semaphore, result, time) = (semaphore.clone(), Rc::clone(&result), time.clone());
                    group.create_task(async move {
                        for round in 1..=2 {
                            let _held = semaphore.acquire().await;
                            result.borrow_mut().push(format!("{name}_{round}"));
                            sleep(&time, ms(10)).await;
                        }
                        Ok(())
                    });
                }
                async { Ok(()) }
            };
            TaskGroup::run(&event_loop, body).await?;
            assert_eq!(*result.borrow(), ["c1_1", "c2_1", "c3_1", "c1_2", "c2_2", "c3_2"]);
            Ok(())
        });
    }

    #[test]
    fn test_acquire_fifo_order_2() {
        test(|event_loop, _| async move {
            let (semaphore, result) = (Semaphore::new(1), List::default());
            let t1 = acquires(&event_loop, &semaphore, &result, 1);
            let (inside, list) = (semaphore.clone(), Rc::clone(&result));
            let t2 = event_loop.create_task(async move {
                inside.acquire().await.forget();
                list.borrow_mut().push(2);
                inside.release();
                inside.acquire().await.forget();
                list.borrow_mut().push(4);
                Ok(())
            });
            let t3 = acquires(&event_loop, &semaphore, &result, 3);
            yield_now().await;
            semaphore.release();
            semaphore.release();
            gather([t1, t2, t3]).await?;
            assert_eq!(*result.borrow(), [1, 2, 3, 4]);
            Ok(())
        });
    }

    #[test]
    fn test_acquire_fifo_order_3() {
        test(|event_loop, _| async move {
            let (semaphore, result) = (Semaphore::new(0), List::default());
            let [t1, t2, t3] = [1, 2, 3].map(|number| acquires(&event_loop, &semaphore, &result, number));
            yield_now().await;
            t1.cancel();
            yield_now().await;
            semaphore.release();
            semaphore.release();
            gather_exceptions([t1, t2, t3]).await;
            assert_eq!(*result.borrow(), [2, 3]);
            Ok(())
        });
    }

    #[test]
    fn a_permit_that_came_too_late_is_given_back() {
        test(|event_loop, time| async move {
            let semaphore = Semaphore::new(1);
            let held = semaphore.acquire().await;
            let inside = semaphore.clone();
            let waiting = event_loop.create_task(async move {
                let _held = inside.acquire().await;
                Ok(())
            });
            assert!(matches!(wait_for(&time, waiting, Some(ms(10))).await, Err(Error::TimedOut(_))));
            drop(held);
            assert_eq!(semaphore.value(), 1);
            Ok(())
        });
    }
}
