//! Workers that fail must leave nobody waiting: what of `test_deadlock.py` can happen to threads.

use overlap::engine::futures::{Executor, FutureError};
use overlap::model::outcome::Failure;

use super::support::{Event, LONG, in_time, pool, start, test};

#[test]
fn test_error_during_func_exec_on_worker() {
    let pool = pool(2);
    let future = pool.submit(|()| -> Result<(), _> { panic!("an error on the worker") }).unwrap();
    let failure = Failure::Panicked("an error on the worker".to_owned());
    assert_eq!(future.result(Some(LONG)), Err(FutureError::Failed(failure)));
    in_time(move || pool.shutdown(true, false));
}

#[test]
fn test_shutdown_deadlock() {
    let (pool, gate) = (pool(2), Event::default());
    let waits = gate.clone();
    let future = pool.submit(move |()| -> Result<(), _> {
        waits.wait();
        panic!("after the shutdown")
    });
    let shutting_down = start(move || {
        pool.shutdown(false, false);
        gate.set();
        pool.shutdown(true, false);
    });
    shutting_down.join();
    let failure = Failure::Panicked("after the shutdown".to_owned());
    assert_eq!(future.unwrap().result(Some(LONG)), Err(FutureError::Failed(failure)));
}
