//! The engine's ports, in a process.

use core::cell::RefCell;
use core::future::{Future, poll_fn};
use core::task::{Poll, Waker};
use core::time::Duration;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use js_sys::{Array, Uint32Array};
use wasm_bindgen::prelude::*;

use super::children::{self, PortPipe};
use super::network;
use super::sleep::sleep;
use crate::engine::futures::{Spawn, SpawnFailed};
use crate::engine::ports::{Clock, PipeBroken, Ports};
use crate::engine::recorder::{Drain, Shared};
use crate::model::outcome::{Failure, Value};
use crate::model::time::Instant;
use crate::platform::clock::BrowserClock;
use crate::workloads::sites::Request;

/// What a process runs its tasks with.
#[derive(Debug)]
pub struct BrowserPorts {
    pub clock: BrowserClock,
    /// The page's address, which relative requests are relative to.
    pub base: String,
    pub shared: &'static Shared,
    /// Threads besides its own.
    pub thread_count: u32,
    /// Whether the page sees this memory. Otherwise events go to it by message.
    pub memory_is_shared: bool,
}

#[wasm_bindgen(module = "/www/process.js")]
extern "C" {
    /// Posts `[lost, words]` to the page.
    #[wasm_bindgen(js_name = postEvents)]
    fn post_events(events: &Array);
}

impl BrowserPorts {
    /// Posts the events that wait. Only the thread that made the process may: it alone reads its rings then.
    pub fn post_events(&self) {
        let mut drain = Drain::default();
        let (events, lost) = drain.take(self.shared.words());
        let words: Vec<u32> = events.iter().flat_map(|event| event.to_words()).collect();
        post_events(&Array::of2(&(lost as f64).into(), &Uint32Array::from(&words[..])));
    }
}

/// The threads of rayon's pool, each lent once, for as long as what it was lent for runs.
struct LentThreads {
    left: AtomicU32,
}

impl Spawn for LentThreads {
    fn spawn(&self, _: &str, body: Box<dyn FnOnce() + Send>) -> Result<(), SpawnFailed> {
        let lent = self.left.try_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        lent.map_err(|_| SpawnFailed("the process was started with fewer threads".to_owned()))?;
        rayon::spawn(body);
        Ok(())
    }
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
            network::fetch(&request.address, request.patience_ms).await
        } else {
            network::fetch(&format!("{}{}", self.base, request.address), request.patience_ms).await
        }
    }

    fn sleep(&self, length: Duration) -> impl Future<Output = ()> {
        sleep(length)
    }

    fn threads(&self) -> Arc<dyn Spawn> {
        Arc::new(LentThreads { left: AtomicU32::new(self.thread_count) })
    }

    type Pipe = PortPipe;

    fn start_process(&self, number: u32) -> impl Future<Output = Result<PortPipe, PipeBroken>> {
        children::start_process(number)
    }

    fn end_process(&self, number: u32) {
        children::end_process(number);
    }

    fn block(&self, length: Duration) {
        std::thread::sleep(length);
    }

    fn publish(&self) {
        if !self.memory_is_shared {
            self.post_events();
        }
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
