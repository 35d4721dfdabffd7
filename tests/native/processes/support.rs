//! What the tests of process pools have in common: a machine whose processes are threads, and what these can be asked.
#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::pending;
use std::num::NonZeroUsize;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::select;
use futures_util::stream::Stream;
use overlap::engine::futures::{Future, FutureError, Spawn};
use overlap::engine::ports::{Carrier, Clock, Pipe, PipeBroken, Ports};
use overlap::engine::processes::{Handler, Options, Pool, Start, serve};
use overlap::model::outcome::{Failure, Value};
use overlap::model::time::Instant;
use overlap::workloads::sites::Request;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::futures::support::LONG;
pub use crate::futures::support::{FAILURE, Semaphore, block_on};
use crate::ports::ChannelPipe;

/// A pool of these tests.
pub type TestPool<'m> = Pool<'m, Machine, Do, Answer, First>;

/// What a process can be asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Do {
    Square(i64),
    Multiply(i64, i64),
    Echo(Vec<u8>),
    /// The number of the process: `os.getpid`.
    Number,
    /// What its initializer left.
    Status,
    /// Blocks until the machine's gate is released once.
    Acquire,
    /// Never ends by itself.
    Hang,
    Fail,
    Panic,
    /// The process ends, as by a trap.
    Die,
    PackError(NoPacking),
    UnpackError(NoUnpacking),
    UnpackPanic(PanicAtUnpacking),
    ReturnPackError,
    ReturnUnpackError,
}

/// What it says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Answer {
    Is(i64),
    Bytes(Vec<u8>),
    Text(String),
    Unpackable(NoPacking),
    Ununpackable(NoUnpacking),
}

/// What a process is given first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum First {
    Status(String),
    Fails,
    Panics,
    Dies,
}

/// Cannot be packed.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct NoPacking;

impl Serialize for NoPacking {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("Error in pickle"))
    }
}

/// Can be packed, and not be unpacked.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NoUnpacking;

impl<'de> Deserialize<'de> for NoUnpacking {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<NoUnpacking, D::Error> {
        Err(serde::de::Error::custom("Error in unpickle"))
    }
}

/// Panics when it is unpacked.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PanicAtUnpacking;

impl<'de> Deserialize<'de> for PanicAtUnpacking {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<PanicAtUnpacking, D::Error> {
        panic!("a panic at unpacking")
    }
}

/// What a process does instead of serving.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    NeverStarts,
    /// Takes messages and says nothing.
    Silent,
    /// Answers each message with bytes that are none.
    Garbage,
    /// Says something before it was asked.
    Unasked,
    /// Serves, and dies when it is told to close.
    DiesAtClose,
}

/// Starts processes, and knows them.
#[derive(Default)]
pub struct Machine {
    /// What `Do::Acquire` waits for.
    pub gate: Semaphore,
    /// By the number of the process.
    pub faults: BTreeMap<u32, Fault>,
    /// The time of the pool and of the processes.
    clock: Arc<TestClock>,
    /// How many times a silent process was sent something.
    heard: Arc<AtomicUsize>,
    /// How many times a process has begun to wait for the gate.
    at_gate: Arc<AtomicUsize>,
    started: Mutex<Vec<u32>>,
    ended: Mutex<Vec<u32>>,
    deaths: Mutex<BTreeMap<u32, Future<()>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Machine {
    pub fn with(faults: impl IntoIterator<Item = (u32, Fault)>) -> Machine {
        Machine { faults: faults.into_iter().collect(), ..Machine::default() }
    }

    /// One whose clock stands still.
    pub fn without_time() -> Machine {
        Machine { clock: Arc::new(TestClock(Mutex::new(Some(Instant(1))))), ..Machine::default() }
    }

    /// Its clock, which stands still, goes on by so much.
    pub fn pass(&self, length: Duration) {
        let mut clock = self.clock.0.lock().unwrap();
        *clock = clock.map(|now| now + length);
    }

    /// How many parcels its silent processes have received.
    pub fn heard(&self) -> usize {
        self.heard.load(Ordering::Relaxed)
    }

    /// How many tasks have come to the gate, ever.
    pub fn at_gate(&self) -> usize {
        self.at_gate.load(Ordering::Relaxed)
    }

    pub fn pool(&self, options: Options<First>) -> TestPool<'_> {
        TestPool::new(self, options, None).unwrap()
    }

    /// `multiprocessing.Pool(n)`.
    pub fn multiprocessing(&self, processes: u32) -> TestPool<'_> {
        self.pool(Options::new(processes))
    }

    /// `ProcessPoolExecutor(n)`, as it spawns.
    pub fn executor(&self, processes: u32) -> TestPool<'_> {
        self.pool(Options { start: Start::OnDemand, ..Options::new(processes) })
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
    pub fn join(&self) {
        let threads = std::mem::take(&mut *self.threads.lock().unwrap());
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    }
}

/// The time, unless it stands still.
#[derive(Default)]
struct TestClock(Mutex<Option<Instant>>);

impl Clock for TestClock {
    fn now(&self) -> Instant {
        let stands_at = *self.0.lock().unwrap();
        stands_at.unwrap_or_else(|| Instant(overlap::sync::monotonic().as_nanos() as u64))
    }
}

impl Clock for Machine {
    fn now(&self) -> Instant {
        self.clock.now()
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
        let child = Child {
            number,
            gate: self.gate.clone(),
            death: death.clone(),
            status: RefCell::default(),
            fault,
            clock: Arc::clone(&self.clock),
            heard: Arc::clone(&self.heard),
            at_gate: Arc::clone(&self.at_gate),
        };
        let run = move || {
            block_on(select(pin!(child.live(&pipe)), death));
        };
        self.threads.lock().unwrap().push(std::thread::spawn(run));
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

/// A process.
struct Child {
    number: u32,
    gate: Semaphore,
    death: Future<()>,
    status: RefCell<String>,
    fault: Option<Fault>,
    clock: Arc<TestClock>,
    heard: Arc<AtomicUsize>,
    at_gate: Arc<AtomicUsize>,
}

impl Child {
    async fn live(&self, pipe: &ChannelPipe) {
        match self.fault {
            None | Some(Fault::NeverStarts | Fault::DiesAtClose) => drop(serve(pipe, self, &*self.clock, None).await),
            Some(Fault::Silent) => {
                while pipe.receive().await.is_ok() {
                    self.heard.fetch_add(1, Ordering::Relaxed);
                }
            }
            Some(Fault::Garbage) => {
                while pipe.receive().await.is_ok() {
                    let _ = pipe.send(vec![0xff; 9], Carrier::Copy);
                }
            }
            Some(Fault::Unasked) => {
                // A well-formed answer: variant 0, number 0, all went well.
                let _ = pipe.send(vec![0, 0, 0], Carrier::Copy);
                pending().await
            }
        }
    }

    async fn die<T>(&self) -> T {
        let _ = self.death.set_result(());
        pending().await
    }
}

impl Handler for Child {
    type Initial = First;
    type Argument = Do;
    type Output = Answer;

    async fn initialize(&self, first: First) -> Result<(), Failure> {
        match first {
            First::Status(status) => self.status.replace(status),
            First::Fails => return Err(FAILURE),
            First::Panics => panic!("error in initializer"),
            First::Dies => self.die().await,
        };
        Ok(())
    }

    async fn call(&self, argument: Do) -> Result<Answer, Failure> {
        Ok(match argument {
            Do::Square(number) => Answer::Is(number * number),
            Do::Multiply(a, b) => Answer::Is(a * b),
            Do::Echo(bytes) => Answer::Bytes(bytes),
            Do::Number => Answer::Is(self.number.into()),
            Do::Status => Answer::Text(self.status.borrow().clone()),
            Do::Acquire => {
                self.at_gate.fetch_add(1, Ordering::Relaxed);
                self.gate.acquire();
                Answer::Is(self.number.into())
            }
            Do::Hang => pending().await,
            Do::Fail => return Err(FAILURE),
            Do::Panic => panic!("an error on the worker"),
            Do::Die => self.die().await,
            Do::PackError(_) | Do::UnpackError(_) | Do::UnpackPanic(_) => unreachable!("it never comes here"),
            Do::ReturnPackError => Answer::Unpackable(NoPacking),
            Do::ReturnUnpackError => Answer::Ununpackable(NoUnpacking),
        })
    }

    fn closing(&self) {
        if self.fault == Some(Fault::DiesAtClose) {
            panic!("this process dies when it is told to close");
        }
    }
}

/// Waits for something, driving a pool.
pub fn wait_for<T>(pool: &TestPool<'_>, future: impl std::future::Future<Output = T>) -> T {
    block_on(pool.run_until(future))
}

/// A task, and its outcome: `apply`.
pub fn apply(pool: &TestPool<'_>, argument: Do) -> Result<Answer, FutureError> {
    wait_for(pool, pool.submit(argument).unwrap())
}

/// Drives a pool until a condition holds.
pub fn eventually(pool: &TestPool<'_>, holds: impl Fn() -> bool) {
    let start = overlap::sync::monotonic();
    while !holds() {
        assert!(overlap::sync::monotonic() - start < LONG, "this never came to hold");
        wait_for(pool, std::future::ready(()));
        std::thread::yield_now();
    }
}

/// All that a stream gives.
pub fn all<S: Stream>(pool: &TestPool<'_>, stream: S) -> Vec<S::Item> {
    wait_for(pool, stream.collect())
}

/// `close` and `join`.
pub fn finish(pool: &TestPool<'_>) {
    pool.close();
    block_on(pool.join()).unwrap();
}

pub fn chunksize(number: usize) -> Option<NonZeroUsize> {
    NonZeroUsize::new(number)
}

pub fn squares(range: std::ops::Range<i64>) -> impl Iterator<Item = Do> {
    range.map(Do::Square)
}

pub fn squared(range: std::ops::Range<i64>) -> Vec<Answer> {
    range.map(|number| Answer::Is(number * number)).collect()
}

/// Whether a failure says that its pool is broken, for a reason with these words.
pub fn is_broken<T>(result: &Result<T, FutureError>, words: &str) -> bool {
    matches!(result, Err(FutureError::Failed(Failure::BrokenPool(reason))) if reason.contains(words))
}
