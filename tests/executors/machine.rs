//! A machine whose processes are real ones: workers with an instance of this program, and memory, of their own. What they see
//! of it is a few words of its memory.
//!
//! `tests/native/processes/machine.rs` is the other, and says what each of these is.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::pending;
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};
use std::time::Duration;

use futures_channel::oneshot;
use futures_util::FutureExt;
use futures_util::future::{Either, select};
use gloo_timers::future::TimeoutFuture;
use js_sys::{Array, Atomics, Int32Array, WebAssembly};
use overlap::engine::futures::Spawn;
use overlap::engine::ports::{Clock, PipeBroken, Ports};
use overlap::model::outcome::{Failure, Value};
use overlap::model::time::Instant;
use overlap::platform::worker::PortPipe;
use overlap::workloads::sites::Request;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;
use web_sys::{MessageChannel, MessageEvent, MessagePort, Worker};

use super::support::{Child, Fault};
use crate::futures::support::LONG;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(thread_local_v2, js_namespace = ["import", "meta"], js_name = url)]
    static TESTS_URL: String;
}

#[wasm_bindgen(module = "/tests/executors/process.js")]
extern "C" {
    #[wasm_bindgen(js_name = startProcess)]
    fn start_process(url: &str, module: &JsValue, number: u32, fault: u32, port: MessagePort, host: &Array) -> Worker;
    /// Ends once no process of this number of the machine at this address lives.
    #[wasm_bindgen(js_name = whenGone)]
    async fn when_gone(address: u32, number: u32);
}

/// What a test gives, and is over only when that is.
pub type Run = Pin<Box<dyn Future<Output = ()>>>;

/// Runs a test. What takes as long as [`LONG`] fails.
pub fn run(test: impl Future<Output = ()> + 'static) -> Run {
    Box::pin(in_time(test))
}

async fn in_time(test: impl Future<Output = ()>) {
    let limit = pin!(TimeoutFuture::new(LONG.as_millis() as u32));
    match select(pin!(test), limit).await {
        Either::Left(((), _)) => {}
        Either::Right(_) => panic!("this never came to its end"),
    }
}

/// Runs a test on random values, and finds the simplest with which it fails.
pub fn random<S: Strategy + 'static>(values: S, test: impl AsyncFn(S::Value) + 'static) -> Run {
    /// Each starts several processes.
    const CASES: u32 = 12;
    Box::pin(async move {
        let fails = async |value| AssertUnwindSafe(in_time(test(value))).catch_unwind().await.is_err();
        let mut runner = TestRunner::default();
        for _ in 0..CASES {
            let mut tree = values.new_tree(&mut runner).unwrap();
            if !fails(tree.current()).await {
                continue;
            }
            let (mut simplest, began) = (tree.current(), overlap::sync::monotonic());
            while overlap::sync::monotonic() - began < 2 * LONG && tree.simplify() {
                while !fails(tree.current()).await {
                    if !tree.complicate() {
                        panic!("it fails with {simplest:?}");
                    }
                }
                simplest = tree.current();
            }
            panic!("it fails with {simplest:?}");
        }
    })
}

/// Lets others have a turn.
pub async fn turn() {
    TimeoutFuture::new(0).await;
}

/// What a machine and its processes both see, in the memory of the machine.
#[repr(C)]
#[derive(Default)]
struct Words {
    /// How many may pass the gate.
    permits: AtomicI32,
    /// How many times a process has begun to wait for the gate.
    at_gate: AtomicU32,
    /// How many times a silent process was sent something.
    heard: AtomicU32,
    /// The time in microseconds, if it stands still; otherwise 0.
    stands_at_us: AtomicU32,
}

const PERMITS: u32 = 0;
const AT_GATE: u32 = 1;
const HEARD: u32 = 2;
const STANDS_AT_US: u32 = 3;
const WORDS: u32 = 4;

fn own_memory() -> WebAssembly::Memory {
    wasm_bindgen::memory().unchecked_into()
}

fn now(stands_at_us: u32) -> Instant {
    match stands_at_us {
        0 => Instant(overlap::sync::monotonic().as_nanos() as u64),
        us => Instant(u64::from(us) * 1_000),
    }
}

thread_local! {
    /// By the address of the words of their machine, and their number.
    static PROCESSES: RefCell<BTreeMap<(usize, u32), Process>> = const { RefCell::new(BTreeMap::new()) };
}

struct Process {
    worker: Worker,
    /// Until it has started, who waits for that.
    starting: Option<oneshot::Sender<Result<(), PipeBroken>>>,
    pipe: Option<PortPipe>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut(web_sys::Event)>,
}

impl Drop for Process {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.terminate();
    }
}

/// Starts processes, and knows them.
pub struct Machine {
    /// What a process that acquires it waits for.
    pub gate: Gate,
    words: &'static Words,
    /// By the number of the process.
    faults: BTreeMap<u32, Fault>,
    started: Mutex<Vec<u32>>,
    ended: Mutex<Vec<u32>>,
}

/// Lets as many pass as it was released.
pub struct Gate {
    words: &'static Words,
}

impl Gate {
    pub fn release(&self) {
        self.words.permits.fetch_add(1, Ordering::SeqCst);
        let words = view(&own_memory(), address_of(self.words));
        // All: one that is being ended may be first in line, and each looks for itself whether it may pass.
        Atomics::notify(&words, PERMITS).unwrap();
    }
}

fn address_of(words: &Words) -> u32 {
    core::ptr::from_ref(words).addr() as u32
}

/// The words of a machine, in its memory.
fn view(memory: &WebAssembly::Memory, address: u32) -> Int32Array {
    Int32Array::new_with_byte_offset_and_length(&memory.buffer(), address, WORDS)
}

impl Default for Machine {
    fn default() -> Machine {
        // Never given back: a process that is being ended may still write into it.
        let words: &'static Words = Box::leak(Box::default());
        let gate = Gate { words };
        Machine { gate, words, faults: BTreeMap::new(), started: Mutex::default(), ended: Mutex::default() }
    }
}

/// Where a test fails, nobody has ended its processes.
impl Drop for Machine {
    fn drop(&mut self) {
        let machine = self.key(0).0;
        PROCESSES.with_borrow_mut(|processes| processes.retain(|(of, _), _| *of != machine));
    }
}

impl Machine {
    pub fn with(faults: impl IntoIterator<Item = (u32, Fault)>) -> Machine {
        let mut machine = Machine::default();
        machine.faults = faults.into_iter().collect();
        machine
    }

    /// One whose clock stands still.
    pub fn without_time() -> Machine {
        let machine = Machine::default();
        machine.words.stands_at_us.store(1, Ordering::SeqCst);
        machine
    }

    /// Its clock, which stands still, goes on by so much.
    pub fn pass(&self, length: Duration) {
        self.words.stands_at_us.fetch_add(length.as_micros() as u32, Ordering::SeqCst);
    }

    /// How many parcels its silent processes have received.
    pub fn heard(&self) -> usize {
        self.words.heard.load(Ordering::SeqCst) as usize
    }

    /// How many tasks have come to the gate, ever.
    pub fn at_gate(&self) -> usize {
        self.words.at_gate.load(Ordering::SeqCst) as usize
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
        let key = self.key(number);
        PROCESSES.with_borrow(|processes| processes[&key].worker.terminate());
        dies(key, "it was killed");
    }

    /// Waits until every process has ended, as the browser tells.
    pub async fn join(&self) {
        let machine = self.key(0).0;
        while PROCESSES.with_borrow(|processes| processes.keys().any(|(of, _)| *of == machine)) {
            turn().await;
        }
        for number in self.started() {
            when_gone(address_of(self.words), number).await;
        }
    }

    fn key(&self, number: u32) -> (usize, u32) {
        (core::ptr::from_ref(self.words).addr(), number)
    }
}

/// A process is no more, and those who wait for it hear why.
fn dies(key: (usize, u32), reason: &str) {
    let reason = format!("process {} died: {reason}", key.1);
    let (starting, pipe) = PROCESSES.with_borrow_mut(|processes| {
        let process = processes.get_mut(&key);
        process.map(|process| (process.starting.take(), process.pipe.clone())).unwrap_or_default()
    });
    if let Some(starting) = starting {
        let _ = starting.send(Err(PipeBroken(reason.clone())));
    }
    if let Some(pipe) = pipe {
        pipe.break_up(reason);
    }
}

impl Clock for Machine {
    fn now(&self) -> Instant {
        now(self.words.stands_at_us.load(Ordering::SeqCst))
    }
}

impl Ports for Machine {
    type Pipe = PortPipe;

    async fn start_process(&self, number: u32) -> Result<PortPipe, PipeBroken> {
        let fault = self.faults.get(&number).copied();
        if fault == Some(Fault::NeverStarts) {
            return Err(PipeBroken(format!("process {number} did not start")));
        }
        self.started.lock().unwrap().push(number);
        let key = self.key(number);
        let channel = MessageChannel::new().unwrap();
        let host = Array::of2(&own_memory(), &address_of(self.words).into());
        let url = TESTS_URL.with(Clone::clone);
        let number_of_fault = fault.map_or(0, |fault| fault as u32 + 1);
        let worker = start_process(&url, &wasm_bindgen::module(), number, number_of_fault, channel.port2(), &host);
        let on_message = Closure::new(move |event: MessageEvent| match event.data().as_string() {
            Some(words) if words == "started" => {
                let starting = PROCESSES
                    .with_borrow_mut(|processes| processes.get_mut(&key).and_then(|process| process.starting.take()));
                if let Some(starting) = starting {
                    let _ = starting.send(Ok(()));
                }
            }
            words => dies(key, &words.unwrap_or_default()),
        });
        let on_error = Closure::new(move |event: web_sys::Event| {
            event.prevent_default();
            dies(key, "its script failed");
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        let (sender, started) = oneshot::channel();
        // From here on, as what it says to the pool may come before the pool goes on.
        let pipe = PortPipe::new(channel.port1(), None);
        let process = Process {
            worker,
            starting: Some(sender),
            pipe: Some(pipe.clone()),
            _on_message: on_message,
            _on_error: on_error,
        };
        PROCESSES.with_borrow_mut(|processes| processes.insert(key, process));
        started.await.unwrap_or_else(|_| Err(PipeBroken(format!("process {number} was ended"))))?;
        Ok(pipe)
    }

    fn end_process(&self, number: u32) {
        self.ended.lock().unwrap().push(number);
        let key = self.key(number);
        let ended = PROCESSES.with_borrow_mut(|processes| processes.remove(&key));
        drop(ended);
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
    words: Int32Array,
}

impl Clock for Host {
    fn now(&self) -> Instant {
        now(Atomics::load(&self.words, STANDS_AT_US).unwrap() as u32)
    }
}

impl Host {
    /// A silent process was sent something.
    pub fn hears(&self) {
        Atomics::add(&self.words, HEARD, 1).unwrap();
    }

    /// Blocks until the gate is released once.
    pub fn acquire(&self) {
        Atomics::add(&self.words, AT_GATE, 1).unwrap();
        loop {
            let permits = Atomics::load(&self.words, PERMITS).unwrap();
            if permits == 0 {
                Atomics::wait(&self.words, PERMITS, 0).unwrap();
            } else if Atomics::compare_exchange(&self.words, PERMITS, permits, permits - 1).unwrap() == permits {
                return;
            }
        }
    }

    /// The process ends, by a trap.
    pub async fn die<T>(&self) -> T {
        core::arch::wasm32::unreachable()
    }
}

/// In the order of their numbers.
const FAULTS: [Fault; 5] = [Fault::NeverStarts, Fault::Silent, Fault::Garbage, Fault::Unasked, Fault::DiesAtClose];

const _: () = {
    let mut place = 0;
    while place < FAULTS.len() {
        assert!(FAULTS[place] as usize == place);
        place += 1;
    }
};

/// All that a process does, called by `process.js`.
#[wasm_bindgen(js_name = testProcess)]
pub async fn test_process(number: u32, fault: u32, port: MessagePort, memory: WebAssembly::Memory, address: u32) {
    let fault = fault.checked_sub(1).map(|place| FAULTS[place as usize]);
    let host = Host { words: view(&memory, address) };
    let pipe = PortPipe::new(port, Some(memory));
    // wasm-bindgen wants to know: nothing of it is seen once it has ended, however that was.
    let life = AssertUnwindSafe(async move { Child::new(number, host, fault).live(&pipe).await });
    if life.await.is_err() {
        // It is of no use any more.
        core::arch::wasm32::unreachable();
    }
}
