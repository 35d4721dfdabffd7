//! How a thread waits for a waker.

use core::task::Waker;
use std::sync::Arc;
use std::task::Wake;

use crate::sync::{self, Condvar, Mutex};

/// A waker that lets a blocked thread go on.
#[derive(Debug)]
pub(super) struct Parker {
    /// Whether it was woken since it last went on. This is what makes a wake-up count that comes before the wait.
    woken: Mutex<bool>,
    changed: Condvar,
}

impl Parker {
    pub(super) fn new() -> Arc<Parker> {
        Arc::new(Parker { woken: Mutex::new(false), changed: Condvar::new() })
    }

    pub(super) fn waker(self: &Arc<Parker>) -> Waker {
        Waker::from(Arc::clone(self))
    }

    /// Blocks until it is woken, or has been since the last call.
    pub(super) fn park(&self) {
        let mut woken = sync::lock(&self.woken);
        while !*woken {
            woken = sync::wait(&self.changed, woken);
        }
        *woken = false;
    }
}

impl Wake for Parker {
    fn wake(self: Arc<Parker>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Parker>) {
        *sync::lock(&self.woken) = true;
        self.changed.notify_one();
    }
}
