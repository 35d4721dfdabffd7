//! Ports for tests: a clock that stands still until somebody waits, and a network that answers by the request's address.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use futures_util::StreamExt;
use overlap::engine::Env;
use overlap::engine::futures::{Future, Spawn};
use overlap::engine::ports::{Carrier, Clock, Kept, Pipe, PipeBroken, Ports};
use overlap::engine::process_pool::serve;
use overlap::engine::recorder::Shared;
use overlap::model::outcome::{Failure, Value};
use overlap::model::time::Instant;
use overlap::sync::monotonic;
use overlap::workloads::sites::Request;

use crate::futures::support::threads;

/// The word of a `Started` record.
const STARTED: u32 = 102;

/// Answers as the service worker does, as far as the address says how: after how long, and what.
fn answer_to(request: &Request) -> (Duration, Result<Value, Failure>) {
    let query = request.address.split_once('?').map_or("", |(_, query)| query);
    let parameters: BTreeMap<String, String> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let number = |name: &str| parameters.get(name).and_then(|text| text.parse::<u64>().ok());
    let answer = match (parameters.get("fail").map(String::as_str), number("status")) {
        (Some("hang"), _) => {
            return (Duration::from_millis(request.patience_ms.into()), Err(Failure::TimedOut(request.patience_ms)));
        }
        (Some("reset"), _) => Err(Failure::BrokeOff("simulated".to_owned())),
        (Some(_), _) => Err(Failure::Unreachable("simulated".to_owned())),
        (None, Some(status)) => Err(Failure::Status(status as u16)),
        (None, None) => Ok(Value::Response { status: 200, bytes: number("size").unwrap_or(0) as u32 }),
    };
    (Duration::from_millis(number("latency").unwrap_or(0)), answer)
}

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
    pub fn run<T>(&self, future: impl std::future::Future<Output = T>) -> T {
        struct Flag(AtomicBool);
        impl std::task::Wake for Flag {
            fn wake(self: Arc<Self>) {
                self.0.store(true, Ordering::Relaxed);
            }
        }
        let woken = Arc::new(Flag(AtomicBool::new(false)));
        let waker = Waker::from(woken.clone());
        let (mut future, mut context) = (pin!(future), Context::from_waker(&waker));
        loop {
            woken.0.store(false, Ordering::Relaxed);
            if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
                return value;
            }
            // What woke itself, or was woken by another, has its turn before time goes on.
            if !woken.0.load(Ordering::Relaxed) {
                self.pass_time();
            }
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
    async fn fetch(&self, request: &Request) -> Result<Value, Failure> {
        let (latency, answer) = answer_to(request);
        self.wait_until(self.ns_after(latency)).await;
        answer
    }

    async fn sleep(&self, length: Duration) {
        self.wait_until(self.ns_after(length)).await;
    }

    fn threads(&self) -> Arc<dyn Spawn> {
        unreachable!("threads run in real time")
    }

    type Pipe = ChannelPipe;

    async fn start_process(&self, _: u32) -> Result<ChannelPipe, PipeBroken> {
        Err(PipeBroken("processes run in real time".to_owned()))
    }

    fn end_process(&self, _: u32) {}

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

/// Why a pipe is broken whose other end is gone.
const DIED: &str = "the process died";

/// A message between threads that stand for processes.
pub enum ChannelMessage {
    Moved(Vec<u8>),
    /// It stays with its sender, who has to keep it.
    Shared(Weak<Vec<u8>>),
}

/// A pipe between threads that stand for processes.
pub struct ChannelPipe {
    sender: UnboundedSender<ChannelMessage>,
    receiver: RefCell<UnboundedReceiver<ChannelMessage>>,
}

impl ChannelPipe {
    /// Two ends.
    pub fn pair() -> (ChannelPipe, ChannelPipe) {
        let ((to_first, from_second), (to_second, from_first)) = (unbounded(), unbounded());
        let end = |sender, receiver| ChannelPipe { sender, receiver: RefCell::new(receiver) };
        (end(to_second, from_second), end(to_first, from_first))
    }
}

impl Pipe for ChannelPipe {
    type Message = ChannelMessage;

    fn send(&self, bytes: Vec<u8>, carrier: Carrier) -> Result<Kept, PipeBroken> {
        let (message, kept) = match carrier {
            Carrier::Copy | Carrier::Transfer => (ChannelMessage::Moved(bytes), Kept::nothing()),
            Carrier::Shared => {
                let bytes = Arc::new(bytes);
                (ChannelMessage::Shared(Arc::downgrade(&bytes)), Kept::until_answered(bytes))
            }
        };
        let sent = self.sender.unbounded_send(message);
        sent.map(|()| kept).map_err(|_| PipeBroken(DIED.to_owned()))
    }

    async fn receive(&self) -> Result<ChannelMessage, PipeBroken> {
        let message = poll_fn(|context| self.receiver.borrow_mut().poll_next_unpin(context)).await;
        message.ok_or_else(|| PipeBroken(DIED.to_owned()))
    }

    fn open(&self, message: ChannelMessage) -> Vec<u8> {
        match message {
            ChannelMessage::Moved(bytes) => bytes,
            ChannelMessage::Shared(bytes) => bytes.upgrade().expect("its sender has kept it").to_vec(),
        }
    }
}

/// Ports for real threads, in real time, with a network that answers from threads of its own.
pub struct RealPorts {
    /// The zero of its clock.
    started: Duration,
    pub shared: &'static Shared,
    stop: Future<()>,
    /// What the processes that it started record into, and what stops them.
    children: Mutex<Vec<(&'static Shared, Future<()>)>>,
    /// The number of a process that dies of its first message.
    dies: Option<u32>,
    /// The number of a process that never answers.
    silent: Option<u32>,
}

impl RealPorts {
    pub fn new(shared: &'static Shared, dies: Option<u32>) -> RealPorts {
        RealPorts { started: monotonic(), shared, stop: Future::new(), children: Mutex::default(), dies, silent: None }
    }

    /// A process of this number will take messages and never answer.
    pub fn with_silent(self, number: u32) -> RealPorts {
        RealPorts { silent: Some(number), ..self }
    }

    /// What it and the processes that it started record into.
    pub fn blocks(&self) -> Vec<&'static Shared> {
        let children = self.children.lock().expect("no panic");
        [self.shared].into_iter().chain(children.iter().map(|(shared, _)| *shared)).collect()
    }

    /// Whether any task has begun.
    pub fn has_begun(&self) -> bool {
        self.started_tasks() > 0
    }

    /// How many tasks have begun, as far as what was recorded says; a word of another meaning may count as well.
    pub fn started_tasks(&self) -> usize {
        let started =
            |shared: &Shared| shared.words().iter().filter(|word| word.load(Ordering::Relaxed) == STARTED).count();
        self.blocks().into_iter().map(started).sum()
    }

    /// Asks for a stop, as the page does: by the flag, and by a message.
    pub fn stop(&self) {
        self.shared.request_stop();
        for (shared, stop) in &*self.children.lock().expect("no panic") {
            shared.request_stop();
            let _ = stop.set_result(());
        }
        let _ = self.stop.set_result(());
    }

    /// Runs a future to its end, in this thread.
    pub fn run<T>(&self, future: impl std::future::Future<Output = T>) -> T {
        struct Unpark(std::thread::Thread);
        impl std::task::Wake for Unpark {
            fn wake(self: Arc<Self>) {
                self.0.unpark();
            }
        }
        let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
        let (mut future, mut context) = (pin!(future), Context::from_waker(&waker));
        loop {
            if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
                return value;
            }
            std::thread::park();
        }
    }

    /// Is done after so long.
    async fn after(&self, length: Duration) {
        let timer = Future::new();
        let rings = timer.clone();
        let sleeps = move || {
            std::thread::sleep(length);
            rings.set_result(()).expect("nobody else ends it");
        };
        threads().spawn("timer", Box::new(sleeps)).expect("a thread");
        timer.await.expect("it is not cancelled");
    }
}

impl Clock for RealPorts {
    fn now(&self) -> Instant {
        Instant((monotonic() - self.started).as_nanos() as u64)
    }
}

impl Ports for RealPorts {
    async fn fetch(&self, request: &Request) -> Result<Value, Failure> {
        let (latency, answer) = answer_to(request);
        self.after(latency).await;
        answer
    }

    async fn sleep(&self, length: Duration) {
        self.after(length).await;
    }

    fn threads(&self) -> Arc<dyn Spawn> {
        threads()
    }

    type Pipe = ChannelPipe;

    async fn start_process(&self, number: u32) -> Result<ChannelPipe, PipeBroken> {
        let shared: &'static Shared = Box::leak(Box::new(Shared::new(1, 1 << 12)));
        let stop = Future::new();
        self.children.lock().expect("no panic").push((shared, stop.clone()));
        let (parent, pipe) = ChannelPipe::pair();
        let (started, dies, silent) = (self.started, self.dies == Some(number), self.silent == Some(number));
        let lives = move || {
            let ports = RealPorts { started, stop, ..RealPorts::new(shared, None) };
            let served = async {
                if dies {
                    pipe.receive().await.map(drop)
                } else if silent {
                    while pipe.receive().await.is_ok() {}
                    Ok(())
                } else {
                    serve(&pipe, number, Env::new(&ports, shared)).await
                }
            };
            // It ends with its parent.
            let _ = ports.run(served);
        };
        threads().spawn("process", Box::new(lives)).expect("a thread");
        Ok(parent)
    }

    fn end_process(&self, number: u32) {
        // A thread cannot be ended. What it does comes to an end, and so does its wait, as nobody listens to it.
        if let Some((shared, stop)) = self.children.lock().expect("no panic").get(number as usize - 1) {
            shared.request_stop();
            let _ = stop.set_result(());
        }
    }

    fn block(&self, length: Duration) {
        std::thread::sleep(length);
    }

    async fn stopped(&self) {
        self.stop.clone().await.expect("it is not cancelled");
    }
}
