//! `wait` and `as_completed` over futures of processes: `test_wait.py` and `test_as_completed.py`.

use std::future::{pending, ready};

use futures_util::StreamExt;
use overlap::engine::futures::{Future, ReturnWhen, Unfinished, as_completed_async, wait_async};

use super::support::{Answer, Do, Machine, Run, TestPool, run, test, wait_for};
use crate::futures::support::{cancelled, failed, successful};

type Futures = Vec<Future<Answer>>;

fn finished() -> Future<Answer> {
    successful(Answer::Is(0))
}

/// What is done, and what is not, once it is over.
async fn wait(pool: &TestPool<'_>, futures: &[Future<Answer>], return_when: ReturnWhen) -> (Futures, Futures) {
    let waited = wait_for(pool, wait_async(futures.to_vec(), return_when, pending())).await;
    (waited.done, waited.not_done)
}

#[test]
fn test_20369() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.executor(2);
        let future = pool.submit(Do::Square(1)).unwrap();
        let (done, not_done) = wait(&pool, &[future.clone(), future.clone()], ReturnWhen::AllCompleted).await;
        assert_eq!((done, not_done), (vec![future], vec![]));
    })
}

#[test]
fn test_first_completed() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.executor(2);
        let [first, second] = [Do::Multiply(21, 2), Do::Hang].map(|argument| pool.submit(argument).unwrap());
        let all = [cancelled(), first.clone(), second.clone()];
        let (done, not_done) = wait(&pool, &all, ReturnWhen::FirstCompleted).await;
        assert_eq!((done, not_done), (vec![first], vec![all[0].clone(), second]));
    })
}

#[test]
fn test_first_completed_some_already_completed() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.executor(2);
        let all = [finished(), pool.submit(Do::Hang).unwrap()];
        let (done, not_done) = wait(&pool, &all, ReturnWhen::FirstCompleted).await;
        assert_eq!((done, not_done), (vec![all[0].clone()], vec![all[1].clone()]));
    })
}

#[test]
fn test_first_exception() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.executor(3);
        let all = [Do::Multiply(2, 21), Do::Fail, Do::Hang].map(|argument| pool.submit(argument).unwrap());
        let (done, not_done) = wait(&pool, &all, ReturnWhen::FirstException).await;
        assert!(done.contains(&all[1]) && not_done.contains(&all[2]));
    })
}

#[test]
fn test_first_exception_some_already_complete() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.executor(2);
        let all = [finished(), cancelled(), pool.submit(Do::Fail).unwrap(), pool.submit(Do::Hang).unwrap()];
        let (done, not_done) = wait(&pool, &all, ReturnWhen::FirstException).await;
        assert_eq!(done, [all[0].clone(), all[2].clone()]);
        assert_eq!(not_done, [all[1].clone(), all[3].clone()]);
    })
}

#[test]
fn test_first_exception_one_already_failed() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.executor(2);
        let all = [failed(), pool.submit(Do::Hang).unwrap()];
        let (done, not_done) = wait(&pool, &all, ReturnWhen::FirstException).await;
        assert_eq!((done, not_done), (vec![all[0].clone()], vec![all[1].clone()]));
    })
}

#[test]
fn test_all_completed() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.executor(2);
        let all = [failed(), finished(), pool.submit(Do::Fail).unwrap(), pool.submit(Do::Square(2)).unwrap()];
        let (done, not_done) = wait(&pool, &all, ReturnWhen::AllCompleted).await;
        assert_eq!((done.len(), not_done.len()), (4, 0));
    })
}

#[test]
fn test_timeout() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.executor(2);
        let [quick, slow] = [Do::Square(2), Do::Hang].map(|argument| pool.submit(argument).unwrap());
        // Time is up when the quick one is done.
        let timer = async { drop(quick.clone().await) };
        let waited =
            wait_for(&pool, wait_async([finished(), quick.clone(), slow.clone()], ReturnWhen::AllCompleted, timer))
                .await;
        assert_eq!(waited.done.len(), 2);
        assert_eq!(waited.not_done, [slow]);
    })
}

#[test]
fn test_no_timeout() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.executor(2);
        let all = [finished(), failed(), pool.submit(Do::Multiply(2, 21)).unwrap(), pool.submit(Do::Fail).unwrap()];
        let given: Vec<_> = wait_for(&pool, as_completed_async(all.clone(), pending()).collect()).await;
        assert_eq!(given.len(), 4);
        assert_eq!(given[..2], [Ok(all[0].clone()), Ok(all[1].clone())]);
    })
}

#[test]
fn test_future_times_out() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.executor(2);
        let slow = pool.submit(Do::Hang).unwrap();
        let given: Vec<_> = wait_for(&pool, as_completed_async([finished(), slow], ready(())).collect()).await;
        assert_eq!(given[1], Err(Unfinished { unfinished: 1, total: 2 }));
    })
}

#[test]
fn test_duplicate_futures() -> Run {
    run(async {
        let machine = Machine::default();
        let pool = machine.executor(2);
        let future = pool.submit(Do::Square(3)).unwrap();
        let given: Vec<_> =
            wait_for(&pool, as_completed_async([future.clone(), future.clone()], pending()).collect()).await;
        assert_eq!(given, [Ok(future)]);
    })
}
