//! What the tests of futures have in common: threads, events, futures in each state, and what was logged.
//!
//! Nothing in here waits for a fixed time. What waits for a condition fails after [`LONG`].
#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

use std::pin::pin;
use std::sync::{Arc, Condvar, Mutex, Once, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use overlap::engine::futures::log::{self, Level, Record};
use overlap::engine::futures::{Future, MapOptions, Spawn, SpawnFailed, ThreadPoolExecutor};
use overlap::model::outcome::Failure;
use overlap::sync::monotonic;

/// What makes a function a test: natively Rust's own attribute, in the browser the one whose tests run there.
#[cfg(not(target_arch = "wasm32"))]
pub use core::prelude::v1::test;
#[cfg(target_arch = "wasm32")]
pub use harness::wasm_bindgen_test as test;

/// Whatever takes as long as this hangs.
pub const LONG: Duration = Duration::from_secs(20);

/// What a task fails with in these tests.
pub const FAILURE: Failure = Failure::Status(500);

/// Where threads come from.
#[cfg(not(target_arch = "wasm32"))]
pub fn threads() -> Arc<dyn Spawn> {
    Arc::new(overlap::engine::futures::StdThreads)
}

/// Where threads come from: rayon's pool, which `main.rs` has started, lends them and has each back when its body ends.
#[cfg(target_arch = "wasm32")]
pub fn threads() -> Arc<dyn Spawn> {
    struct Lent;
    impl Spawn for Lent {
        fn spawn(&self, _: &str, body: Box<dyn FnOnce() + Send>) -> Result<(), SpawnFailed> {
            // A panic ends what was lent the thread; rayon would end the process.
            rayon::spawn(|| drop(std::panic::catch_unwind(std::panic::AssertUnwindSafe(body))));
            Ok(())
        }
    }
    Arc::new(Lent)
}

/// For results that must come, in a test that must not hang.
pub const IN_TIME: MapOptions = MapOptions { timeout: Some(LONG), chunksize: 1 };

/// A pool whose workers have no context.
pub fn pool(max_workers: usize) -> ThreadPoolExecutor<()> {
    pool_on(threads(), max_workers)
}

pub fn pool_on(spawn: Arc<dyn Spawn>, max_workers: usize) -> ThreadPoolExecutor<()> {
    ThreadPoolExecutor::builder(spawn).max_workers(max_workers).build().unwrap()
}

/// A value that can be waited for; clones are the same one.
struct Watched<T>(Arc<(Mutex<T>, Condvar)>);

impl<T> Watched<T> {
    fn update<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        // A wait that failed has poisoned it; a guard that is dropped because of that must not fail as well.
        let result = change(&mut self.0.0.lock().unwrap_or_else(PoisonError::into_inner));
        self.0.1.notify_all();
        result
    }

    /// Waits until `holds`, and fails after [`LONG`] without a change. (`wait_timeout_while` would panic on wasm.)
    fn wait_until<R>(&self, mut holds: impl FnMut(&mut T) -> Option<R>) -> R {
        let mut value = self.0.0.lock().unwrap();
        loop {
            if let Some(result) = holds(&mut value) {
                return result;
            }
            let (guard, waited) = self.0.1.wait_timeout(value, LONG).unwrap();
            assert!(!waited.timed_out(), "this never happened");
            value = guard;
        }
    }
}

impl<T> Clone for Watched<T> {
    fn clone(&self) -> Watched<T> {
        Watched(Arc::clone(&self.0))
    }
}

impl<T: Default> Default for Watched<T> {
    fn default() -> Watched<T> {
        Watched(Arc::default())
    }
}

/// Happens once; clones are the same event.
#[derive(Clone, Default)]
pub struct Event(Watched<bool>);

impl Event {
    pub fn set(&self) {
        self.0.update(|set| *set = true);
    }

    pub fn is_set(&self) -> bool {
        self.0.update(|set| *set)
    }

    pub fn wait(&self) {
        self.0.wait_until(|set| set.then_some(()));
    }

    /// Sets it when the guard is dropped, so that a test that fails leaves no thread behind.
    pub fn set_at_end(&self) -> SetAtEnd {
        SetAtEnd(self.clone())
    }
}

pub struct SetAtEnd(Event);

impl Drop for SetAtEnd {
    fn drop(&mut self) {
        self.0.set();
    }
}

/// Permits that are waited for.
#[derive(Clone, Default)]
pub struct Semaphore(Watched<usize>);

impl Semaphore {
    pub fn acquire(&self) {
        self.0.wait_until(|permits| permits.checked_sub(1).map(|left| *permits = left));
    }

    pub fn release(&self) {
        self.0.update(|permits| *permits += 1);
    }
}

/// Code that runs on a thread of its own.
pub struct Started<R> {
    ended: Event,
    result: Arc<Mutex<Option<R>>>,
}

impl<R> Started<R> {
    /// Waits for its end. Fails if it hangs or panicked.
    pub fn join(self) -> R {
        self.ended.wait();
        self.result.lock().unwrap().take().expect("it did not panic")
    }
}

pub fn start<R: Send + 'static>(body: impl FnOnce() -> R + Send + 'static) -> Started<R> {
    let started = Started { ended: Event::default(), result: Arc::default() };
    let (at_end, result) = (started.ended.set_at_end(), Arc::clone(&started.result));
    let run = move || {
        let _at_end = at_end;
        let value = body();
        *result.lock().unwrap() = Some(value);
    };
    threads().spawn("test", Box::new(run)).unwrap();
    started
}

/// Runs what must not hang.
pub fn in_time<R: Send + 'static>(body: impl FnOnce() -> R + Send + 'static) -> R {
    start(body).join()
}

/// Gives way to other threads until a condition holds that nothing announces.
pub fn eventually(holds: impl Fn() -> bool) {
    let start = monotonic();
    while !holds() {
        assert!(monotonic() - start < LONG, "this never came to hold");
        std::thread::yield_now();
    }
}

/// Threads that are counted and known by name, so that their end can be waited for.
#[derive(Clone, Default)]
pub struct Counted {
    names: Watched<Vec<String>>,
    alive: Watched<usize>,
}

impl Counted {
    pub fn names(&self) -> Vec<String> {
        self.names.update(|names| names.clone())
    }

    /// Waits until each of them has ended.
    pub fn join(&self) {
        self.alive.wait_until(|alive| (*alive == 0).then_some(()));
    }
}

impl Spawn for Counted {
    fn spawn(&self, name: &str, body: Box<dyn FnOnce() + Send>) -> Result<(), SpawnFailed> {
        self.names.update(|names| names.push(name.to_owned()));
        self.alive.update(|alive| *alive += 1);
        let alive = self.alive.clone();
        let counted = move || {
            body();
            alive.update(|alive| *alive -= 1);
        };
        threads().spawn(name, Box::new(counted))
    }
}

/// A value of which is known when its last clone is dropped.
#[derive(Clone)]
pub struct Token(#[expect(dead_code, reason = "it is there to be dropped")] Arc<SetAtEnd>);

impl Token {
    /// The token, and the event of its end.
    pub fn new() -> (Token, Event) {
        let gone = Event::default();
        (Token(Arc::new(gone.set_at_end())), gone)
    }
}

/// Runs a future to its end, and blocks this thread while it waits.
pub fn block_on<T>(future: impl std::future::Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        let woken = Arc::new(Woken::default());
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&Waker::from(Arc::clone(&woken)))) {
            return value;
        }
        woken.0.wait();
    }
}

/// Knows whether it was woken.
#[derive(Default)]
pub struct Woken(pub Event);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.set();
    }
}

/// Whether a line with this text was logged by now. Tests run side by side, so the text must be theirs alone.
pub fn logged(level: Level, text: &str) -> bool {
    RECORDS.lock().unwrap().iter().any(|record| record.level == level && record.message.contains(text))
}

static RECORDS: Mutex<Vec<Record>> = Mutex::new(Vec::new());

/// From here on, what is logged is kept.
pub fn keep_log() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| log::set_hook(|record| RECORDS.lock().unwrap().push(record.clone())));
}

pub fn pending<T>() -> Future<T> {
    Future::new()
}

pub fn running<T>() -> Future<T> {
    let future = Future::new();
    assert_eq!(future.set_running_or_notify_cancel(), Ok(true));
    future
}

pub fn cancelled<T>() -> Future<T> {
    let future = Future::new();
    assert!(future.cancel());
    future
}

pub fn cancelled_and_notified<T>() -> Future<T> {
    let future = cancelled();
    assert_eq!(future.set_running_or_notify_cancel(), Ok(false));
    future
}

pub fn failed<T>() -> Future<T> {
    let future = Future::new();
    future.set_exception(FAILURE).unwrap();
    future
}

pub fn successful<T>(value: T) -> Future<T> {
    let future = Future::new();
    future.set_result(value).unwrap();
    future
}
