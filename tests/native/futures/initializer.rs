//! What each worker has for itself: `test_init.py`, and pools whose initializer fails.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::{Arc, Barrier};

use overlap::engine::futures::log::Level;
use overlap::engine::futures::{Executor, FutureError, ReturnWhen, SubmitError, ThreadPoolExecutor, wait};
use overlap::model::outcome::Failure;

use super::support::{Counted, Event, LONG, in_time, keep_log, logged, test, threads};

const REASON: &str = "A thread initializer failed, the thread pool is not usable anymore";

#[test]
fn test_initializer() {
    let builder = ThreadPoolExecutor::builder(threads()).max_workers(2);
    let pool = builder.initializer(|_| Ok("initialized")).build().unwrap();
    let futures = [(); 2].map(|()| pool.submit(|status| Ok(*status)).unwrap());
    for future in futures {
        assert_eq!(future.result(Some(LONG)), Ok("initialized"));
    }
}

mod failing {
    //! `FailingInitializerMixin`: the same names again.

    use super::super::support::test;
    use super::*;

    #[test]
    fn test_initializer() {
        keep_log();
        let gate = Event::default();
        let waits = gate.clone();
        let builder = ThreadPoolExecutor::builder(threads()).max_workers(2);
        let fails = move |number| -> Result<(), _> {
            waits.wait();
            Err(Failure::Unreachable(format!("error in initializer {number}")))
        };
        let pool = builder.initializer(fails).build().unwrap();
        let futures = [(); 5].map(|()| pool.submit(|()| Ok(())).unwrap());
        assert_eq!(pool.broken(), None);
        gate.set();
        let broken = Failure::BrokenPool(REASON.to_owned());
        for future in &futures {
            assert_eq!(future.result(Some(LONG)), Err(FutureError::Failed(broken.clone())));
        }
        assert_eq!(pool.broken().as_deref(), Some(REASON));
        let error = pool.submit(|()| Ok(())).unwrap_err();
        assert_eq!(error, SubmitError::Broken(REASON.to_owned()));
        assert_eq!(error.to_string(), REASON);
        in_time(move || pool.shutdown(true, false));
        assert!(logged(Level::Critical, "exception in initializer: no answer: error in initializer 0"));
    }
}

#[test]
fn each_worker_makes_its_own_context_with_its_number_and_keeps_it() {
    let builder = ThreadPoolExecutor::builder(threads()).max_workers(4);
    // Neither `Send` nor `Sync`: it never leaves its thread.
    let pool = builder.initializer(|number| Ok((number, Rc::new(Cell::new(0))))).build().unwrap();
    let together = Arc::new(Barrier::new(4));
    let mut seen = BTreeSet::new();
    for round in 0..3 {
        let submit = |()| {
            let together = Arc::clone(&together);
            pool.submit(move |(number, count)| {
                together.wait();
                count.set(count.get() + 1);
                Ok((*number, count.get()))
            })
            .unwrap()
        };
        // Four tasks that wait for one another are on four workers.
        for future in [(); 4].map(submit) {
            let (number, count) = future.result(Some(LONG)).unwrap();
            assert_eq!(count, round + 1);
            seen.insert(number);
        }
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), [0, 1, 2, 3]);
}

#[test]
fn an_initializer_that_panics_breaks_its_pool_too() {
    keep_log();
    let counted = Counted::default();
    let builder = ThreadPoolExecutor::builder(Arc::new(counted.clone())).max_workers(1);
    let panics = |_| -> Result<(), _> { panic!("an initializer that panics") };
    let pool = builder.initializer(panics).build().unwrap();
    let future = pool.submit(|()| Ok(()));
    if let Ok(future) = future {
        let waited = in_time(move || wait([future], ReturnWhen::AllCompleted, None));
        assert_eq!(waited.done[0].exception(None), Ok(Some(Failure::BrokenPool(REASON.to_owned()))));
    }
    counted.join();
    assert_eq!(pool.submit(|()| Ok(())).unwrap_err(), SubmitError::Broken(REASON.to_owned()));
    assert!(logged(Level::Critical, "exception in initializer: panicked: an initializer that panics"));
}

#[test]
fn what_was_cancelled_stays_so_when_the_pool_breaks() {
    let gate = Event::default();
    let waits = gate.clone();
    let fails = move |_| -> Result<(), _> {
        waits.wait();
        Err(Failure::ProcessDied)
    };
    let pool = ThreadPoolExecutor::builder(threads()).max_workers(1).initializer(fails).build().unwrap();
    let [first, second] = [(); 2].map(|()| pool.submit(|()| Ok(())).unwrap());
    assert!(first.cancel());
    gate.set();
    let all = [first.clone(), second.clone()];
    assert_eq!(in_time(move || wait(all, ReturnWhen::AllCompleted, None)).done.len(), 2);
    assert_eq!(first.result(None), Err(FutureError::Cancelled));
    assert_eq!(second.exception(None), Ok(Some(Failure::BrokenPool(REASON.to_owned()))));
}

#[test]
fn what_runs_on_a_good_worker_ends_well_when_another_fails() {
    let broke = Event::default();
    let seen = broke.clone();
    let second_fails = move |number| if number == 0 { Ok(seen.clone()) } else { Err(Failure::ProcessDied) };
    let pool = ThreadPoolExecutor::builder(threads()).max_workers(2).initializer(second_fails).build().unwrap();
    let began = Event::default();
    let begins = began.clone();
    let good = pool.submit(move |broke: &Event| {
        begins.set();
        broke.wait();
        Ok(1)
    });
    began.wait();
    let lost = pool.submit(|_| Ok(2)).unwrap();
    assert_eq!(lost.exception(Some(LONG)), Ok(Some(Failure::BrokenPool(REASON.to_owned()))));
    broke.set();
    assert_eq!(good.unwrap().result(Some(LONG)), Ok(1));
    in_time(move || pool.shutdown(true, false));
}

#[test]
fn a_context_is_dropped_on_its_thread_before_a_shutdown_returns() {
    let gone = Event::default();
    let at_end = std::sync::Mutex::new(Some(gone.set_at_end()));
    let give = move |_| Ok(at_end.lock().unwrap().take());
    let pool = ThreadPoolExecutor::builder(threads()).max_workers(1).initializer(give).build().unwrap();
    assert_eq!(pool.submit(|context| Ok(context.is_some())).unwrap().result(Some(LONG)), Ok(true));
    assert!(!gone.is_set());
    in_time(move || pool.shutdown(true, false));
    assert!(gone.is_set());
}
