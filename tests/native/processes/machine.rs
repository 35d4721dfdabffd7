//! A machine whose processes are threads, which share nothing with a pool but their pipes, and a gate.
//!
//! Whoever has the name of this module decides what these tests run on; the tests know nothing of it.
#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

use std::collections::BTreeMap;
use std::future::pending;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::select;
use overlap::engine::futures::{Future, Spawn};
use overlap::engine::ports::{Clock, PipeBroken, Ports};
use overlap::model::outcome::{Failure, Value};
use overlap::model::time::Instant;
use overlap::workloads::sites::Request;
use proptest::strategy::Strategy;
use proptest::test_runner::{Config as ProptestConfig, TestRunner};

use super::support::{Child, Fault};
use crate::futures::support::{Semaphore, Started, block_on, start};
use crate::ports::ChannelPipe;

/// What a test gives: here it is over by then.
pub type Run = ();

/// Runs a test. What waits as long as [`crate::futures::support::LONG`] fails.
pub fn run(test: impl std::future::Future<Output = ()>) -> Run {
    block_on(test);
}

/// Runs a test on random values, and finds the simplest with which it fails.
pub fn random<S: Strategy>(values: S, test: impl AsyncFn(S::Value)) -> Run {
    let config = ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() };
    let ran = TestRunner::new(config).run(&values, |value| {
        block_on(test(value));
        Ok(())
    });
    ran.unwrap_or_else(|failed| panic!("{failed}"));
}

/// Lets others have a turn.
pub async fn turn() {
    std::thread::yield_now();
}

/// What the pool and its processes both see.
#[derive(Default)]
struct Seen {
    /// The time, if it stands still.
    stands_at: Mutex<Option<Instant>>,
    /// How many times a silent process was sent something.
    heard: AtomicUsize,
    /// How many times a process has begun to wait for the gate.
    at_gate: AtomicUsize,
}

impl Clock for Seen {
    fn now(&self) -> Instant {
        let stands_at = *self.stands_at.lock().unwrap();
        stands_at.unwrap_or_else(|| Instant(overlap::sync::monotonic().as_nanos() as u64))
    }
}

/// Starts processes, and knows them.
#[derive(Default)]
pub struct Machine {
    /// What a process that acquires it waits for.
    pub gate: Semaphore,
    /// By the number of the process.
    faults: BTreeMap<u32, Fault>,
    seen: Arc<Seen>,
    started: Mutex<Vec<u32>>,
    ended: Mutex<Vec<u32>>,
    deaths: Mutex<BTreeMap<u32, Future<()>>>,
    threads: Mutex<Vec<Started<()>>>,
}

impl Machine {
    pub fn with(faults: impl IntoIterator<Item = (u32, Fault)>) -> Machine {
        Machine { faults: faults.into_iter().collect(), ..Machine::default() }
    }

    /// One whose clock stands still.
    pub fn without_time() -> Machine {
        let machine = Machine::default();
        *machine.seen.stands_at.lock().unwrap() = Some(Instant(1_000));
        machine
    }

    /// Its clock, which stands still, goes on by so much.
    pub fn pass(&self, length: Duration) {
        let mut stands_at = self.seen.stands_at.lock().unwrap();
        *stands_at = stands_at.map(|now| now + length);
    }

    /// How many parcels its silent processes have received.
    pub fn heard(&self) -> usize {
        self.seen.heard.load(Ordering::Relaxed)
    }

    /// How many tasks have come to the gate, ever.
    pub fn at_gate(&self) -> usize {
        self.seen.at_gate.load(Ordering::Relaxed)
    }

    /// The numbers of all processes that were ever started.
    pub fn started(&self) -> Vec<u32> {
        self.started.lock().unwrap().clone()
    }

    /// The numbers of those that the pool has ended, in order.
    pub fn ended(&self) -> Vec<u32> {
        let mut ended = self.ended.lock().unwrap().clone();
        ended.sort_unstable();
        ended
    }

    /// The process dies, whatever it waits for.
    pub fn kill(&self, number: u32) {
        let _ = self.deaths.lock().unwrap()[&number].set_result(());
    }

    /// Waits until every process has ended.
    pub async fn join(&self) {
        let threads = std::mem::take(&mut *self.threads.lock().unwrap());
        threads.into_iter().for_each(Started::join);
    }
}

impl Clock for Machine {
    fn now(&self) -> Instant {
        self.seen.now()
    }
}

impl Ports for Machine {
    type Pipe = ChannelPipe;

    async fn start_process(&self, number: u32) -> Result<ChannelPipe, PipeBroken> {
        let fault = self.faults.get(&number).copied();
        if fault == Some(Fault::NeverStarts) {
            return Err(PipeBroken(format!("process {number} did not start")));
        }
        self.started.lock().unwrap().push(number);
        let (parent, pipe) = ChannelPipe::pair();
        let death = Future::new();
        self.deaths.lock().unwrap().insert(number, death.clone());
        let host = Host { gate: self.gate.clone(), death: death.clone(), seen: Arc::clone(&self.seen) };
        let run = move || {
            let child = Child::new(number, host, fault);
            block_on(select(pin!(child.live(&pipe)), death));
        };
        self.threads.lock().unwrap().push(start(run));
        Ok(parent)
    }

    fn end_process(&self, number: u32) {
        self.ended.lock().unwrap().push(number);
        if let Some(death) = self.deaths.lock().unwrap().get(&number) {
            let _ = death.set_result(());
        }
    }

    async fn fetch(&self, _: &Request) -> Result<Value, Failure> {
        unreachable!("a pool makes no requests")
    }

    async fn sleep(&self, _: Duration) {
        unreachable!("a pool does not sleep")
    }

    fn threads(&self) -> Arc<dyn Spawn> {
        unreachable!("a pool needs no threads")
    }

    fn block(&self, _: Duration) {
        unreachable!("a pool does not block")
    }

    async fn stopped(&self) {
        pending().await
    }
}

/// What a process has of the machine.
pub struct Host {
    gate: Semaphore,
    death: Future<()>,
    seen: Arc<Seen>,
}

impl Clock for Host {
    fn now(&self) -> Instant {
        self.seen.now()
    }
}

impl Host {
    /// A silent process was sent something.
    pub fn hears(&self) {
        self.seen.heard.fetch_add(1, Ordering::Relaxed);
    }

    /// Blocks until the gate is released once.
    pub fn acquire(&self) {
        self.seen.at_gate.fetch_add(1, Ordering::Relaxed);
        self.gate.acquire();
    }

    /// The process ends, as by a trap.
    pub async fn die<T>(&self) -> T {
        let _ = self.death.set_result(());
        pending().await
    }
}
