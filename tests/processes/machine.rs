//! A machine whose processes are real: workers with a memory of their own, which the page makes and ends.
#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::AtomicI32;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_channel::oneshot;
use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use gloo_timers::future::TimeoutFuture;
use js_sys::{Atomics, Int32Array, Promise, Reflect, WebAssembly};
use overlap::engine::futures::Spawn;
use overlap::engine::ports::{Clock, PipeBroken, Ports};
use overlap::model::outcome::{Failure, Value};
use overlap::model::time::Instant;
use overlap::platform::worker::{BrowserPorts, PortPipe, ports};
use overlap::workloads::sites::Request;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use super::support::Fault;
use crate::roles::last_panic;

/// What a test gives: what is to be done in a process.
pub type Run = LocalBoxFuture<'static, ()>;

/// A test. The page fails it after [`crate::futures::support::LONG`].
pub fn run(test: impl Future<Output = ()> + 'static) -> Run {
    Box::pin(test)
}

/// Runs a test on random values. These are few, as processes are started for each; those of threads are many.
pub fn random<S: Strategy<Value: Clone + Debug> + 'static>(values: S, test: impl AsyncFn(S::Value) + 'static) -> Run {
    const CASES: usize = 6;
    Box::pin(async move {
        let mut runner = TestRunner::default();
        for _ in 0..CASES {
            let value = values.new_tree(&mut runner).unwrap().current();
            if AssertUnwindSafe(test(value.clone())).catch_unwind().await.is_err() {
                panic!("{}, with {value:?}", last_panic());
            }
        }
    })
}

/// Lets others have a turn: what has come from other processes is taken in.
pub async fn turn() {
    TimeoutFuture::new(0).await;
}

#[wasm_bindgen]
extern "C" {
    /// Has the lock of this name until the promise that `held` gives is kept, or this worker is no more.
    #[wasm_bindgen(js_namespace = ["navigator", "locks"], js_name = request)]
    fn request_lock(name: &str, held: &JsValue) -> Promise;
}

fn lock_of(number: u32) -> String {
    format!("process {number}")
}

/// Takes the lock that this process has as long as its worker exists.
pub async fn hold_lock(number: u32) {
    let (granted, is_granted) = oneshot::channel();
    let held = Closure::once_into_js(move || {
        granted.send(()).unwrap();
        Promise::new(&mut |_, _| {})
    });
    let _never_given_back = request_lock(&lock_of(number), &held);
    is_granted.await.unwrap();
}

/// What lies in the memory of the process that has the pool, and is seen by those of its pool: there, since the program is the
/// same, at the same address.
static WORDS: [AtomicI32; LENGTH] = [const { AtomicI32::new(0) }; LENGTH];

const LENGTH: usize = 12;
/// How often the gate was released, and nobody came.
const PERMITS: u32 = 0;
/// How many tasks have come to the gate, ever.
const AT_GATE: u32 = 1;
/// How many times a silent process was sent something.
const HEARD: u32 = 2;
/// The time at which the clock stands, in microseconds; 0 if it does not.
const STANDS_AT_US: u32 = 3;
/// The number of the process that is to die.
const KILLED: u32 = 4;
/// From here on, the faults of the processes by their numbers, which count from 1.
const FAULTS: u32 = KILLED;

const EVERY_FAULT: [Fault; 5] = [Fault::NeverStarts, Fault::Silent, Fault::Garbage, Fault::Unasked, Fault::DiesAtClose];

/// These words, as one of the processes sees them.
#[derive(Clone)]
pub struct Board(Int32Array);

impl Board {
    /// That of the process with this memory.
    pub fn of(memory: &WebAssembly::Memory) -> Board {
        let address = WORDS.as_ptr() as usize as u32;
        Board(Int32Array::new_with_byte_offset_and_length(&memory.buffer(), address, LENGTH as u32))
    }

    fn own() -> Board {
        Board::of(wasm_bindgen::memory().unchecked_ref())
    }

    fn load(&self, place: u32) -> i32 {
        Atomics::load(&self.0, place).unwrap()
    }

    fn store(&self, place: u32, value: i32) {
        Atomics::store(&self.0, place, value).unwrap();
        Atomics::notify(&self.0, place).unwrap();
    }

    fn add(&self, place: u32, value: i32) {
        Atomics::add(&self.0, place, value).unwrap();
        Atomics::notify(&self.0, place).unwrap();
    }

    /// The time, which is the browser's unless it stands still.
    fn now(&self) -> Instant {
        match self.load(STANDS_AT_US) {
            0 => ports().unwrap().now(),
            stands_at_us => Instant(stands_at_us as u64 * 1_000),
        }
    }

    pub fn host(&self) -> Host {
        Host(self.clone())
    }

    /// What the process of this number does instead of serving.
    pub fn fault_of(&self, number: u32) -> Option<Fault> {
        let place = FAULTS + number;
        let place = (place < LENGTH as u32).then_some(place)?;
        EVERY_FAULT.get((self.load(place) as usize).checked_sub(1)?).copied()
    }

    /// Ends once the process of this number is to die.
    pub async fn killed(&self, number: u32) {
        loop {
            let killed = self.load(KILLED);
            if killed == number as i32 {
                return;
            }
            let waiting = Atomics::wait_async(&self.0, KILLED, killed).unwrap();
            let woken = Reflect::get(&waiting, &"value".into()).unwrap();
            JsFuture::from(Promise::resolve(&woken)).await.unwrap();
        }
    }
}

/// What a process has of the machine.
pub struct Host(Board);

impl Clock for Host {
    fn now(&self) -> Instant {
        self.0.now()
    }
}

impl Host {
    /// A silent process was sent something.
    pub fn hears(&self) {
        self.0.add(HEARD, 1);
    }

    /// Blocks the process until the gate is released once.
    pub fn acquire(&self) {
        self.0.add(AT_GATE, 1);
        let words = &self.0.0;
        loop {
            let permits = self.0.load(PERMITS);
            if permits == 0 {
                Atomics::wait(words, PERMITS, 0).unwrap();
            } else if Atomics::compare_exchange(words, PERMITS, permits, permits - 1).unwrap() == permits {
                return;
            }
        }
    }

    /// A trap.
    pub async fn die<T>(&self) -> T {
        core::arch::wasm32::unreachable()
    }
}

/// What processes that acquire it wait for.
pub struct Gate;

impl Gate {
    pub fn release(&self) {
        Board::own().add(PERMITS, 1);
    }
}

/// The ports of this process, and what was asked of them. A process has one machine at a time.
pub struct Machine {
    pub gate: Gate,
    ports: &'static BrowserPorts,
    faults: BTreeMap<u32, Fault>,
    started: Mutex<Vec<u32>>,
    ended: Mutex<Vec<u32>>,
}

impl Default for Machine {
    fn default() -> Machine {
        Machine::with([])
    }
}

impl Machine {
    pub fn with(faults: impl IntoIterator<Item = (u32, Fault)>) -> Machine {
        let (board, faults) = (Board::own(), BTreeMap::from_iter(faults));
        (0..LENGTH as u32).for_each(|place| board.store(place, 0));
        for (number, fault) in &faults {
            let place = EVERY_FAULT.iter().position(|known| known == fault).unwrap();
            board.store(FAULTS + number, place as i32 + 1);
        }
        let ports = ports().unwrap();
        Machine { gate: Gate, ports, faults, started: Mutex::default(), ended: Mutex::default() }
    }

    /// One whose clock stands still.
    pub fn without_time() -> Machine {
        let machine = Machine::default();
        Board::own().store(STANDS_AT_US, 1);
        machine
    }

    /// Its clock, which stands still, goes on by so much.
    pub fn pass(&self, length: Duration) {
        Board::own().add(STANDS_AT_US, length.as_micros() as i32);
    }

    /// How many parcels its silent processes have received.
    pub fn heard(&self) -> usize {
        Board::own().load(HEARD) as usize
    }

    /// How many tasks have come to the gate, ever.
    pub fn at_gate(&self) -> usize {
        Board::own().load(AT_GATE) as usize
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

    /// The process dies, whatever it waits for on its event loop.
    pub fn kill(&self, number: u32) {
        Board::own().store(KILLED, number as i32);
    }

    /// Waits until no worker of a process exists any more.
    pub async fn join(&self) {
        for number in self.started() {
            JsFuture::from(request_lock(&lock_of(number), &Closure::once_into_js(|| ()))).await.unwrap();
        }
    }
}

impl Clock for Machine {
    fn now(&self) -> Instant {
        Board::own().now()
    }
}

impl Ports for Machine {
    type Pipe = PortPipe;

    async fn start_process(&self, number: u32) -> Result<PortPipe, PipeBroken> {
        if self.faults.get(&number) == Some(&Fault::NeverStarts) {
            // A browser that refuses cannot be had on request. `tests/browser/process.rs` has every way of not starting.
            return Err(PipeBroken(format!("process {number} did not start")));
        }
        self.started.lock().unwrap().push(number);
        self.ports.start_process(number).await
    }

    fn end_process(&self, number: u32) {
        self.ended.lock().unwrap().push(number);
        self.ports.end_process(number);
    }

    fn fetch(&self, request: &Request) -> impl Future<Output = Result<Value, Failure>> {
        self.ports.fetch(request)
    }

    fn sleep(&self, length: Duration) -> impl Future<Output = ()> {
        self.ports.sleep(length)
    }

    fn threads(&self) -> Arc<dyn Spawn> {
        self.ports.threads()
    }

    fn block(&self, length: Duration) {
        self.ports.block(length);
    }

    fn stopped(&self) -> impl Future<Output = ()> {
        self.ports.stopped()
    }
}
