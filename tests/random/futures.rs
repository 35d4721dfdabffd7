//! Futures and the thread pool under shuttle, with four to six threads.

use std::sync::Arc;
use std::time::Duration;

use overlap::engine::futures::{
    Executor, Future, FutureError, ReturnWhen, Spawn, SpawnFailed, SubmitError, ThreadPoolExecutor, as_completed, wait,
    wait_async,
};
use shuttle::rand::{Rng, thread_rng};
use shuttle::thread;

use super::futures_model::{Count, block_on};
use super::{SCHEDULES, count_schedules};

struct ShuttleThreads;

impl Spawn for ShuttleThreads {
    fn spawn(&self, _: &str, body: Box<dyn FnOnce() + Send>) -> Result<(), SpawnFailed> {
        thread::spawn(body);
        Ok(())
    }
}

fn pool(max_workers: usize) -> Arc<ThreadPoolExecutor<()>> {
    let builder = ThreadPoolExecutor::builder(Arc::new(ShuttleThreads)).max_workers(max_workers);
    Arc::new(builder.build().expect("it has a worker"))
}

/// Lets others go first: now and then for long, now and then not at all.
fn some_turns(turns_max: u32) {
    for _ in 0..thread_rng().gen_range(0..turns_max) {
        thread::yield_now();
    }
}

/// Submits so many tasks that count, and adds a callback that counts to each.
fn submit(pool: &ThreadPoolExecutor<()>, tasks: usize, ran: &Count, called: &Count) -> Vec<Future<usize>> {
    let submit = |number| {
        let (ran, called) = (ran.clone(), called.clone());
        let run = move |(): &()| {
            some_turns(20);
            ran.up();
            Ok(number)
        };
        let future = pool.submit(run).expect("it is open");
        future.add_done_callback(move |_| called.up());
        future
    };
    (0..tasks).map(submit).collect()
}

#[test]
fn each_task_is_run_or_cancelled_and_handed_out_once() {
    let some_cancelled = count_schedules(|| {
        let (pool, ran, called) = (pool(2), Count::default(), Count::default());
        let futures = submit(&pool, 6, &ran, &called);
        let (cancelled, by_as_completed) = (futures.clone(), futures.clone());
        let cancelling =
            thread::spawn(move || cancelled.iter().skip(1).step_by(2).filter(|future| future.cancel()).count());
        let taking = thread::spawn(move || as_completed(by_as_completed, None).filter(Result::is_ok).count());
        let waited = wait(futures, ReturnWhen::AllCompleted, None);
        let cancelled = cancelling.join().expect("it does not panic");
        assert_eq!((waited.done.len(), taking.join().expect("it does not panic")), (6, 6));
        pool.shutdown(true, false);
        assert_eq!((ran.get() + cancelled, called.get()), (6, 6));
        cancelled > 0
    });
    assert!((SCHEDULES / 10..SCHEDULES).contains(&some_cancelled), "{some_cancelled}");
}

#[test]
fn a_shutdown_at_any_moment_refuses_what_comes_later_and_ends_what_came_before() {
    for cancel_futures in [false, true] {
        let in_the_midst = count_schedules(move || {
            let (pool, ran) = (pool(2), Count::default());
            let submitting = [(); 2].map(|()| {
                let (pool, ran) = (Arc::clone(&pool), ran.clone());
                thread::spawn(move || {
                    let submit = |_| {
                        let ran = ran.clone();
                        pool.submit(move |()| {
                            ran.up();
                            Ok(())
                        })
                    };
                    (0..3).map(submit).collect::<Vec<_>>()
                })
            });
            some_turns(20);
            pool.shutdown(true, cancel_futures);
            let ran_by_then = ran.get();
            let (mut refused, mut cancelled) = (0, 0);
            for submitted in submitting.into_iter().flat_map(|thread| thread.join().expect("it does not panic")) {
                match submitted.map(|future| future.result(None)) {
                    Ok(Ok(())) => {}
                    Ok(Err(FutureError::Cancelled)) => cancelled += 1,
                    Err(SubmitError::ShutDown) => refused += 1,
                    other => panic!("{other:?}"),
                }
            }
            assert_eq!(ran.get(), ran_by_then, "nothing runs after a shutdown that waits");
            assert_eq!(ran_by_then + refused + cancelled, 6);
            assert!(cancel_futures || cancelled == 0);
            refused > 0 && refused < 6
        });
        assert!(in_the_midst > SCHEDULES / 10, "{in_the_midst} schedules were shut down in their midst only");
    }
}

#[test]
fn who_shuts_down_is_told_of_the_last_worker_whoever_else_waits_for_it() {
    let ended = count_schedules(|| {
        let (pool, ran, called) = (pool(3), Count::default(), Count::default());
        let futures = submit(&pool, 4, &ran, &called);
        let others = [(); 2].map(|()| {
            let pool = Arc::clone(&pool);
            thread::spawn(move || pool.shutdown(true, false))
        });
        pool.shutdown(true, false);
        others.into_iter().for_each(|other| other.join().expect("it does not panic"));
        assert!(futures.iter().all(Future::done));
        ran.get() == 4 && called.get() == 4
    });
    assert_eq!(ended, SCHEDULES);
}

#[test]
fn a_wait_that_is_over_or_whose_time_is_up_leaves_the_others_alone() {
    let timed_out = count_schedules(|| {
        let futures: [Future<usize>; 3] = Default::default();
        let (limited, awaited) = (futures.clone(), futures.clone());
        let limited =
            thread::spawn(move || wait(limited, ReturnWhen::AllCompleted, Some(Duration::from_secs(1))).not_done.len());
        let awaiting = thread::spawn(move || {
            block_on(wait_async(awaited, ReturnWhen::FirstException, std::future::pending())).done.len()
        });
        let setting = [0, 1, 2].map(|number| {
            let future = futures[number].clone();
            thread::spawn(move || {
                some_turns(20);
                future.set_result(number).expect("nobody else ends it");
            })
        });
        assert_eq!(awaiting.join().expect("it does not panic"), 3);
        setting.into_iter().for_each(|setting| setting.join().expect("it does not panic"));
        limited.join().expect("it does not panic") > 0
    });
    assert!((SCHEDULES / 100..SCHEDULES).contains(&timed_out), "{timed_out}");
}
