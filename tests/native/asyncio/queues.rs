//! Queues between tasks: `test_queues.py`.

use std::rc::Rc;

use overlap::engine::asyncio::{
    Error, EventLoop, Queue, QueueEmpty, QueueFull, Task, TaskDoneUnderflow, TaskGroup, sleep, wait_for, yield_now,
};
use overlap::engine::futures::FutureError;

use super::support::{Count, List, ms, test};

const CANCELLED: FutureError = FutureError::Cancelled;

fn gets<T: 'static>(event_loop: &EventLoop, queue: &Queue<T>) -> Task<T> {
    let queue = queue.clone();
    event_loop.create_task(async move { Ok(queue.get().await) })
}

fn puts<T: 'static>(event_loop: &EventLoop, queue: &Queue<T>, item: T) -> Task<()> {
    let queue = queue.clone();
    event_loop.create_task(async move {
        queue.put(item).await;
        Ok(())
    })
}

#[test]
fn test_empty() {
    test(|_, _| async move {
        let queue = Queue::new(0);
        assert!(queue.empty());
        queue.put(1).await;
        assert!(!queue.empty());
        assert_eq!(queue.get().await, 1);
        assert!(queue.empty());
        Ok(())
    });
}

#[test]
fn test_full() {
    test(|_, _| async move {
        assert!(!Queue::<i32>::new(0).full());
        let queue = Queue::new(1);
        queue.put(1).await;
        assert!(queue.full());
        Ok(())
    });
}

#[test]
fn test_order() {
    test(|_, _| async move {
        let queue = Queue::new(0);
        for item in [1, 3, 2] {
            queue.put(item).await;
        }
        assert_eq!([queue.get().await, queue.get().await, queue.get().await], [1, 3, 2]);
        Ok(())
    });
}

#[test]
fn test_maxsize() {
    test(|event_loop, _| async move {
        let (queue, have_been_put) = (Queue::new(2), List::default());
        assert_eq!(queue.maxsize(), 2);
        let (inside, list) = (queue.clone(), Rc::clone(&have_been_put));
        let task = event_loop.create_task(async move {
            for item in 0..3 {
                inside.put(item).await;
                list.borrow_mut().push(item);
            }
            Ok(true)
        });
        yield_now().await;
        yield_now().await;
        assert_eq!(*have_been_put.borrow(), [0, 1]);
        assert_eq!(queue.get().await, 0);
        yield_now().await;
        assert_eq!(*have_been_put.borrow(), [0, 1, 2]);
        assert_eq!([queue.get().await, queue.get().await], [1, 2]);
        assert_eq!(task.result(), Some(Ok(true)));
        Ok(())
    });
}

#[test]
fn test_blocking_get() {
    test(|_, _| async move {
        let queue = Queue::new(0);
        queue.put_nowait(1).unwrap();
        assert_eq!(queue.get().await, 1);
        Ok(())
    });
}

#[test]
fn test_blocking_get_wait() {
    test(|event_loop, time| async move {
        let queue = Queue::new(0);
        let task = gets(&event_loop, &queue);
        sleep(&time, ms(10)).await;
        assert!(!task.done());
        queue.put_nowait(1).unwrap();
        assert_eq!(task.await, Ok(1));
        Ok(())
    });
}

#[test]
fn test_nonblocking_get() {
    let queue = Queue::new(0);
    queue.put_nowait(1).unwrap();
    assert_eq!(queue.get_nowait(), Ok(1));
}

#[test]
fn test_nonblocking_get_exception() {
    assert_eq!(Queue::<i32>::new(0).get_nowait(), Err(QueueEmpty));
}

#[test]
fn test_get_cancelled_race() {
    test(|event_loop, _| async move {
        let queue = Queue::new(0);
        let (t1, t2) = (gets(&event_loop, &queue), gets(&event_loop, &queue));
        yield_now().await;
        t1.cancel();
        yield_now().await;
        assert!(t1.done());
        queue.put("a").await;
        yield_now().await;
        assert_eq!(t2.await, Ok("a"));
        Ok(())
    });
}

#[test]
fn test_get_with_waiting_putters() {
    test(|event_loop, _| async move {
        let queue = Queue::new(1);
        puts(&event_loop, &queue, "a");
        puts(&event_loop, &queue, "b");
        assert_eq!([queue.get().await, queue.get().await], ["a", "b"]);
        Ok(())
    });
}

#[test]
fn test_why_are_getters_waiting() {
    test(|event_loop, _| async move {
        let queue = Queue::new(1);
        let body = |group: TaskGroup| {
            let (putting, getting) = (queue.clone(), queue.clone());
            group.create_task(async move {
                for item in 0..5 {
                    putting.put(item).await;
                }
                Ok(())
            });
            group.create_task(async move {
                for item in 0..5 {
                    assert_eq!(getting.get().await, item);
                }
                Ok(())
            });
            async { Ok(()) }
        };
        TaskGroup::run(&event_loop, body).await
    });
}

#[test]
fn test_cancelled_getters_not_being_held_in_self_getters() {
    test(|event_loop, time| async move {
        let queue = Queue::<i32>::new(5);
        let task = gets(&event_loop, &queue);
        assert!(matches!(wait_for(&time, task, Some(ms(100))).await, Err(Error::TimedOut(_))));
        assert_eq!(queue.getters(), 0);
        Ok(())
    });
}

#[test]
fn test_blocking_put() {
    test(|_, _| async move {
        let queue = Queue::new(0);
        queue.put(1).await;
        assert_eq!(queue.get().await, 1);
        Ok(())
    });
}

#[test]
fn test_blocking_put_wait() {
    test(|event_loop, time| async move {
        let queue = Queue::new(1);
        let (first, second) = (puts(&event_loop, &queue, 1), puts(&event_loop, &queue, 2));
        sleep(&time, ms(10)).await;
        assert!(first.done() && !second.done());
        assert_eq!(queue.get_nowait(), Ok(1));
        assert_eq!(second.await, Ok(()));
        Ok(())
    });
}

#[test]
fn test_get_cancel_drop_one_pending_reader() {
    test(|event_loop, _| async move {
        let queue = Queue::new(0);
        let reader = gets(&event_loop, &queue);
        yield_now().await;
        queue.put_nowait(1).unwrap();
        queue.put_nowait(2).unwrap();
        reader.cancel();
        assert_eq!(reader.await, Err(CANCELLED));
        assert_eq!(gets(&event_loop, &queue).await, Ok(1), "none was lost");
        Ok(())
    });
}

#[test]
fn test_get_cancel_drop_many_pending_readers() {
    test(|event_loop, _| async move {
        let queue = Queue::new(0);
        let [reader1, reader2, reader3] = [(); 3].map(|()| gets(&event_loop, &queue));
        yield_now().await;
        queue.put_nowait(1).unwrap();
        queue.put_nowait(2).unwrap();
        reader1.cancel();
        assert_eq!(reader1.await, Err(CANCELLED));
        let mut items = [reader3.await?, reader2.await?];
        items.sort();
        assert_eq!(items, [1, 2]);
        Ok(())
    });
}

#[test]
fn test_put_cancel_drop() {
    test(|event_loop, _| async move {
        let queue = Queue::new(1);
        queue.put_nowait(1).unwrap();
        let writer = puts(&event_loop, &queue, 2);
        yield_now().await;
        assert_eq!(queue.get_nowait(), Ok(1));
        writer.cancel();
        assert_eq!(writer.await, Err(CANCELLED));
        puts(&event_loop, &queue, 2).await?;
        assert_eq!(queue.get_nowait(), Ok(2));
        assert_eq!(queue.qsize(), 0);
        Ok(())
    });
}

#[test]
fn test_nonblocking_put_exception() {
    let queue = Queue::new(1);
    queue.put_nowait(1).unwrap();
    assert_eq!(queue.put_nowait(2), Err(QueueFull(2)));
}

#[test]
fn test_put_cancelled_race() {
    test(|event_loop, _| async move {
        let queue = Queue::new(1);
        let [put_a, put_b, put_c] = ["a", "b", "X"].map(|item| puts(&event_loop, &queue, item));
        yield_now().await;
        assert!(put_a.done() && !put_b.done());
        put_c.cancel();
        yield_now().await;
        assert!(put_c.done());
        assert_eq!(queue.get_nowait(), Ok("a"));
        yield_now().await;
        assert_eq!(queue.get_nowait(), Ok("b"));
        put_b.await?;
        Ok(())
    });
}

#[test]
fn test_put_with_waiting_getters() {
    test(|event_loop, _| async move {
        let queue = Queue::new(0);
        let task = gets(&event_loop, &queue);
        yield_now().await;
        queue.put("a").await;
        assert_eq!(task.await, Ok("a"));
        Ok(())
    });
}

#[test]
fn test_why_are_putters_waiting() {
    test(|event_loop, _| async move {
        let queue = Queue::new(2);
        let body = |group: TaskGroup| {
            let getting = queue.clone();
            group.create_task(async move {
                yield_now().await;
                for _ in 0..getting.qsize() {
                    getting.get_nowait().unwrap();
                }
                Ok(())
            });
            for item in 0..4 {
                let putting = queue.clone();
                group.create_task(async move {
                    putting.put(item).await;
                    Ok(())
                });
            }
            async { Ok(()) }
        };
        TaskGroup::run(&event_loop, body).await
    });
}

#[test]
fn test_cancelled_puts_not_being_held_in_self_putters() {
    test(|event_loop, _| async move {
        let queue = Queue::new(1);
        queue.put_nowait(1).unwrap();
        let task = puts(&event_loop, &queue, 1);
        yield_now().await;
        assert_eq!(queue.putters(), 1);
        task.cancel();
        assert_eq!(task.await, Err(CANCELLED));
        assert_eq!(queue.putters(), 0);
        Ok(())
    });
}

#[test]
fn test_task_done_underflow() {
    assert_eq!(Queue::<i32>::new(0).task_done(), Err(TaskDoneUnderflow));
}

#[test]
fn test_task_done() {
    test(|event_loop, _| async move {
        let (queue, sum) = (Queue::new(0), Count::default());
        (0..100).for_each(|item| queue.put_nowait(item).unwrap());
        let body = |group: TaskGroup| {
            let workers = [(); 2].map(|()| {
                let (queue, sum) = (queue.clone(), sum.clone());
                group.create_task(async move {
                    loop {
                        sum.add(queue.get().await);
                        queue.task_done().unwrap();
                        yield_now().await;
                    }
                    #[expect(unreachable_code, reason = "it says what the coroutine gives")]
                    Ok(())
                })
            });
            let (queue, sum) = (queue.clone(), sum.clone());
            async move {
                queue.join().await;
                assert_eq!(sum.get(), (0..100).sum::<usize>());
                workers.iter().for_each(|worker| assert!(worker.cancel()));
                Ok(())
            }
        };
        TaskGroup::run(&event_loop, body).await
    });
}

#[test]
fn test_join_empty_queue() {
    test(|_, _| async move {
        let queue = Queue::<i32>::new(0);
        queue.join().await;
        queue.join().await;
        Ok(())
    });
}

#[test]
fn what_one_in_line_was_given_is_not_anothers() {
    test(|event_loop, _| async move {
        let queue = Queue::new(1);
        let first = gets(&event_loop, &queue);
        yield_now().await;
        queue.put_nowait("a").unwrap();
        assert_eq!(queue.get_nowait(), Err(QueueEmpty), "it is the first one's");
        assert_eq!(first.await, Ok("a"));
        Ok(())
    });
}
