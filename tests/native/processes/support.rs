//! What the tests of process pools have in common: pools on a machine, and what its processes can be asked.
//!
//! What a machine is, `machine.rs` says, natively and in a browser.
#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

use std::cell::RefCell;
use std::future::pending;
use std::num::NonZeroUsize;

use futures_util::StreamExt;
use futures_util::stream::Stream;
use overlap::engine::futures::FutureError;
use overlap::engine::ports::{Carrier, Pipe, PipeBroken};
use overlap::engine::processes::{Handler, Options, Pool, Start, serve};
use overlap::model::outcome::Failure;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::machine::{Host, turn};
pub use super::machine::{Machine, Run, run};
use crate::futures::support::LONG;
pub use crate::futures::support::{FAILURE, test};

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

impl Machine {
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
}

/// A process.
pub struct Child {
    pub number: u32,
    pub host: Host,
    pub fault: Option<Fault>,
    status: RefCell<String>,
}

impl Child {
    pub fn new(number: u32, host: Host, fault: Option<Fault>) -> Child {
        Child { number, host, fault, status: RefCell::default() }
    }

    /// All that it does, until there is no more. If that is an error, the process is of no use, and is to die.
    pub async fn live<Q: Pipe>(&self, pipe: &Q) -> Result<(), PipeBroken> {
        match self.fault {
            None | Some(Fault::NeverStarts | Fault::DiesAtClose) => serve(pipe, self, &self.host, None).await,
            Some(Fault::Silent) => loop {
                pipe.receive().await?;
                self.host.hears();
            },
            Some(Fault::Garbage) => loop {
                pipe.receive().await?;
                pipe.send(vec![0xff; 9], Carrier::Copy)?.release();
            },
            Some(Fault::Unasked) => {
                // A well-formed answer: variant 0, number 0, all went well.
                pipe.send(vec![0, 0, 0], Carrier::Copy)?.release();
                pending().await
            }
        }
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
            First::Dies => self.host.die().await,
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
                self.host.acquire();
                Answer::Is(self.number.into())
            }
            Do::Hang => pending().await,
            Do::Fail => return Err(FAILURE),
            Do::Panic => panic!("an error on the worker"),
            Do::Die => self.host.die().await,
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
pub async fn wait_for<T>(pool: &TestPool<'_>, future: impl Future<Output = T>) -> T {
    pool.run_until(future).await
}

/// A task, and its outcome: `apply`.
pub async fn apply(pool: &TestPool<'_>, argument: Do) -> Result<Answer, FutureError> {
    wait_for(pool, pool.submit(argument).unwrap()).await
}

/// Drives a pool until a condition holds.
pub async fn eventually(pool: &TestPool<'_>, holds: impl Fn() -> bool) {
    let start = overlap::sync::monotonic();
    while !holds() {
        assert!(overlap::sync::monotonic() - start < LONG, "this never came to hold");
        wait_for(pool, turn()).await;
    }
}

/// All that a stream gives.
pub async fn all<S: Stream>(pool: &TestPool<'_>, stream: S) -> Vec<S::Item> {
    wait_for(pool, stream.collect()).await
}

/// `close` and `join`.
pub async fn finish(pool: &TestPool<'_>) {
    pool.close();
    pool.join().await.unwrap();
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
