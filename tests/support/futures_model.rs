//! What models of futures have in common. It is made of the parts that loom and shuttle replace, so it is the same under both.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use overlap::sync::{Condvar, Mutex, lock, wait};

/// Runs a future to its end, and blocks this thread while it waits. A wake-up that is lost shows as a deadlock.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    let woken = Arc::new(Woken::default());
    let (mut future, waker) = (pin!(future), Waker::from(Arc::clone(&woken)));
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return value;
        }
        let mut is_woken = lock(&woken.is_woken);
        while !*is_woken {
            is_woken = wait(&woken.changed, is_woken);
        }
        *is_woken = false;
    }
}

#[derive(Default)]
struct Woken {
    is_woken: Mutex<bool>,
    changed: Condvar,
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        *lock(&self.is_woken) = true;
        self.changed.notify_one();
    }
}

/// Counts, without ordering anything. Clones are the same counter.
#[derive(Clone, Default)]
pub struct Count(Arc<AtomicUsize>);

impl Count {
    pub fn up(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}
