//! The engine's ports, in a process.

use core::cell::RefCell;
use core::future::{Future, poll_fn};
use core::task::{Poll, Waker};
use core::time::Duration;

use gloo_timers::future::sleep;

use super::clock::BrowserClock;
use super::network;
use crate::engine::ports::{Clock, Ports};
use crate::engine::recorder::Shared;
use crate::model::outcome::{Failure, Value};
use crate::model::time::Instant;
use crate::workloads::sites::Request;

/// What a process runs its tasks with.
#[derive(Debug)]
pub struct BrowserPorts {
    pub clock: BrowserClock,
    /// The page's address, which relative requests are relative to.
    pub base: String,
    pub shared: &'static Shared,
}

thread_local! {
    static WAITING_FOR_STOP: RefCell<Vec<Waker>> = const { RefCell::new(Vec::new()) };
}

/// Wakes this thread's coroutines, so that they see that the process was asked to stop.
pub fn wake_for_stop() {
    for waker in WAITING_FOR_STOP.take() {
        waker.wake();
    }
}

impl Clock for BrowserPorts {
    fn now(&self) -> Instant {
        self.clock.now()
    }
}

impl Ports for BrowserPorts {
    async fn fetch(&self, request: &Request) -> Result<Value, Failure> {
        if request.address.contains("://") {
            network::fetch(&request.address).await
        } else {
            network::fetch(&format!("{}{}", self.base, request.address)).await
        }
    }

    fn sleep(&self, length: Duration) -> impl Future<Output = ()> {
        sleep(length)
    }

    fn block(&self, length: Duration) {
        std::thread::sleep(length);
    }

    fn stopped(&self) -> impl Future<Output = ()> {
        poll_fn(|context| {
            if self.shared.stop_requested() {
                return Poll::Ready(());
            }
            WAITING_FOR_STOP.with_borrow_mut(|wakers| {
                if !wakers.iter().any(|waker| waker.will_wake(context.waker())) {
                    wakers.push(context.waker().clone());
                }
            });
            Poll::Pending
        })
    }
}
