//! Locks, queues, deadlocks and stalls, with real threads and with futures that are polled by hand. Nothing here measures
//! time: each test waits for what it wants to see.

mod locks;
mod queues;
pub mod rules;
mod stalls;

use std::future::Future;
use std::num::NonZeroUsize;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use overlap::engine::commons::{Commons, LockName, QueueName, Setup};
use overlap::model::id::TaskId;

const A: LockName = LockName('A');
const B: LockName = LockName('B');
const C: LockName = LockName('C');
const QUEUE: QueueName = QueueName(0);

/// Tasks as people count them.
fn task(number: u32) -> TaskId {
    TaskId(number - 1)
}

fn with_queue(tasks: u32, capacity: usize, producers: u32) -> Commons {
    Commons::new(&Setup::of_tasks(tasks).with_queue(NonZeroUsize::new(capacity).expect("not 0"), producers))
}

/// Polls without a waker that does anything.
fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Unpark>) {
        self.0.unpark();
    }
}

/// The smallest event loop: runs a future on this thread, which sleeps while nothing wakes it.
fn block_on<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        thread::park();
    }
}

/// Lets the other coroutines of the event loop have their turn.
async fn yield_now() {
    let mut is_first = true;
    std::future::poll_fn(|context| {
        if std::mem::take(&mut is_first) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    })
    .await;
}
