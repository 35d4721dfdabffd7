//! Ports for tests: a clock that stands still until somebody waits, and a network that answers by the request's address.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use overlap::engine::ports::{Clock, Ports};
use overlap::engine::recorder::Shared;
use overlap::model::outcome::{Failure, Value};
use overlap::model::time::Instant;
use overlap::workloads::sites::Request;

/// Simulated time, network and stop. Times move only when everything waits, to the next time that something waits for.
pub struct SimulatedPorts<'a> {
    pub shared: &'a Shared,
    now_ns: AtomicU64,
    timers: Mutex<BTreeMap<u64, Vec<Waker>>>,
    stop_at: Option<Duration>,
}

impl<'a> SimulatedPorts<'a> {
    pub fn new(shared: &'a Shared, stop_at: Option<Duration>) -> SimulatedPorts<'a> {
        SimulatedPorts { shared, now_ns: AtomicU64::new(1), timers: Mutex::default(), stop_at }
    }

    /// Runs a future, and time with it, until it ends.
    ///
    /// # Panics
    /// If it waits for nothing that time brings.
    pub fn run<T>(&self, future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        let mut context = Context::from_waker(Waker::noop());
        loop {
            if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
                return value;
            }
            self.pass_time();
        }
    }

    fn pass_time(&self) {
        let mut timers = self.timers.lock().expect("no test panics in here");
        let (next, wakers) = timers.pop_first().expect("something waits, and no time brings what it waits for");
        drop(timers);
        self.now_ns.fetch_max(next, Ordering::Relaxed);
        self.look_at_stop();
        wakers.into_iter().for_each(Waker::wake);
    }

    fn look_at_stop(&self) {
        if self.stop_at.is_some_and(|at| self.now_ns.load(Ordering::Relaxed) >= at.as_nanos() as u64) {
            self.shared.request_stop();
        }
    }

    async fn wait_until(&self, at_ns: u64) {
        poll_fn(|context| {
            if self.now_ns.load(Ordering::Relaxed) >= at_ns {
                return Poll::Ready(());
            }
            self.timers.lock().expect("no panic").entry(at_ns).or_default().push(context.waker().clone());
            Poll::Pending
        })
        .await;
    }

    fn ns_after(&self, length: Duration) -> u64 {
        self.now_ns.load(Ordering::Relaxed) + length.as_nanos() as u64
    }
}

impl Clock for SimulatedPorts<'_> {
    fn now(&self) -> Instant {
        Instant(self.now_ns.load(Ordering::Relaxed))
    }
}

impl Ports for SimulatedPorts<'_> {
    /// Answers as the service worker does, as far as the address says how.
    async fn fetch(&self, request: &Request) -> Result<Value, Failure> {
        let query = request.address.split_once('?').map_or("", |(_, query)| query);
        let parameters: BTreeMap<String, String> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let number = |name: &str| parameters.get(name).and_then(|text| text.parse::<u64>().ok());
        self.wait_until(self.ns_after(Duration::from_millis(number("latency").unwrap_or(0)))).await;
        match (parameters.get("fail"), number("status")) {
            (Some(_), _) => Err(Failure::Unreachable("simulated".to_owned())),
            (None, Some(status)) => Err(Failure::Status(status as u16)),
            (None, None) => Ok(Value::Response { status: 200, bytes: number("size").unwrap_or(0) as u32 }),
        }
    }

    async fn sleep(&self, length: Duration) {
        self.wait_until(self.ns_after(length)).await;
    }

    fn block(&self, length: Duration) {
        self.now_ns.fetch_add(length.as_nanos() as u64, Ordering::Relaxed);
        self.look_at_stop();
    }

    async fn stopped(&self) {
        match self.stop_at {
            Some(at) => self.wait_until(at.as_nanos() as u64).await,
            None => std::future::pending().await,
        }
    }
}

/// Ports for real threads: real time, no network.
#[derive(Debug)]
pub struct RealPorts {
    pub started: std::time::Instant,
}

impl Clock for RealPorts {
    fn now(&self) -> Instant {
        Instant(self.started.elapsed().as_nanos() as u64)
    }
}

impl Ports for RealPorts {
    async fn fetch(&self, _: &Request) -> Result<Value, Failure> {
        Err(Failure::Unreachable("no network here".to_owned()))
    }

    async fn sleep(&self, length: Duration) {
        std::thread::sleep(length);
    }

    fn block(&self, length: Duration) {
        std::thread::sleep(length);
    }

    async fn stopped(&self) {
        std::future::pending().await
    }
}
