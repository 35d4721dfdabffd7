//! What holds for every executor, once more on the core pool; and what takes a pool of a certain size to see.

use std::sync::Arc;

use overlap::engine::futures::{CorePoolExecutor, Executor, ReturnWhen, wait};
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::support::{Event, in_time, start, test};

// These ask `super::support` for a pool.
#[allow(clippy::duplicate_mod, reason = "on another pool")]
#[path = "as_completed.rs"]
mod as_completed;
#[allow(clippy::duplicate_mod, reason = "on another pool")]
#[path = "executor.rs"]
mod executor;
#[allow(clippy::duplicate_mod, reason = "on another pool")]
#[path = "shutdown.rs"]
mod shutdown;
#[allow(clippy::duplicate_mod, reason = "on another pool")]
#[path = "wait.rs"]
mod wait;

mod support {
    //! The same, but for the pool.

    use overlap::engine::futures::CorePoolExecutor;

    pub use super::super::support::*;

    /// An executor on so many threads, whose workers have no context.
    pub fn pool(workers: usize) -> CorePoolExecutor<()> {
        CorePoolExecutor::on(super::threads(workers), |_| Ok(()))
    }
}

fn threads(number: usize) -> Arc<ThreadPool> {
    Arc::new(ThreadPoolBuilder::new().num_threads(number).build().expect("there are threads"))
}

#[test]
fn tasks_begin_in_the_order_of_their_submission_and_what_a_shutdown_cancels_completes() {
    let pool = CorePoolExecutor::on(threads(1), |_| Ok(()));
    let (began, gate, order) = (Event::default(), Event::default(), Arc::new(std::sync::Mutex::new(Vec::new())));
    let submit = |number| {
        let (began, gate, order) = (began.clone(), gate.clone(), Arc::clone(&order));
        pool.submit(move |()| {
            order.lock().unwrap().push(number);
            if number == 30 {
                began.set();
                gate.wait();
            }
            Ok(number)
        })
    };
    let futures: Vec<_> = (0..60).map(|number| submit(number).unwrap()).collect();
    began.wait();
    pool.shutdown(false, true);
    assert_eq!(futures.iter().filter(|future| future.cancelled()).count(), 29);
    let all = futures.clone();
    let waiting = start(move || wait(all, ReturnWhen::AllCompleted, None));
    gate.set();
    assert_eq!(waiting.join().done.len(), 60);
    in_time(move || pool.shutdown(true, false));
    assert_eq!(*order.lock().unwrap(), (0..31).collect::<Vec<_>>());
}
