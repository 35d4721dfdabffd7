//! What the tests of asyncio have in common: simulated time, and what tells that a coroutine was dropped.
#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::{Future as Awaitable, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use overlap::engine::asyncio::{Error, EventLoop, Task, Timer, run, sleep};
use overlap::engine::futures::FutureError;
use overlap::model::outcome::Failure;

// The attribute; the function of that name below is another thing.
pub use crate::futures::support::test;

/// What a coroutine fails with in these tests, in place of a `ZeroDivisionError`.
pub const FAILURE: Failure = Failure::Status(500);

/// Another, in place of a `MyExc`.
pub const OTHER: Failure = Failure::Status(404);

pub fn ms(length: u64) -> Duration {
    Duration::from_millis(length)
}

/// Fails, as `1 / 0` does.
pub fn fail<T>() -> Result<T, Error> {
    Err(FAILURE.into())
}

/// Time that moves only when everything waits, to the next time that something waits for. Clones are the same time.
#[derive(Clone, Default)]
pub struct Time(Rc<Clock>);

#[derive(Default)]
struct Clock {
    now: Cell<Duration>,
    next_number: Cell<u64>,
    timers: RefCell<BTreeMap<(Duration, u64), Waker>>,
}

impl Time {
    pub fn now(&self) -> Duration {
        self.0.now.get()
    }

    /// As if the thread had been busy for so long.
    pub fn busy(&self, length: Duration) {
        self.0.now.set(self.now() + length);
    }

    /// How many wait for a time.
    pub fn timers(&self) -> usize {
        self.0.timers.borrow().len()
    }

    /// Runs a future, and time with it, until it ends.
    ///
    /// # Panics
    /// If it hangs: if it waits for nothing that time brings.
    pub fn run<T>(&self, future: impl Awaitable<Output = T>) -> T {
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        let mut future = pin!(future);
        loop {
            if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                return value;
            }
            while !woken.0.swap(false, Ordering::AcqRel) {
                self.pass();
            }
        }
    }

    fn pass(&self) {
        let first = self.0.timers.borrow().keys().next().copied();
        let (at, _) = first.expect("something waits, and no time brings what it waits for");
        self.0.now.set(self.now().max(at));
        let later = self.0.timers.borrow_mut().split_off(&(self.now(), u64::MAX));
        let due = self.0.timers.replace(later);
        due.into_values().for_each(Waker::wake);
    }
}

impl Timer for Time {
    fn sleep(&self, length: Duration) -> impl Awaitable<Output = ()> {
        let number = self.0.next_number.get();
        self.0.next_number.set(number + 1);
        let sleeping = Sleeping { time: self.clone(), key: (self.now() + length, number) };
        poll_fn(move |context| sleeping.poll(context))
    }
}

/// A timer that is gone when this is dropped.
struct Sleeping {
    time: Time,
    key: (Duration, u64),
}

impl Sleeping {
    fn poll(&self, context: &Context<'_>) -> Poll<()> {
        if self.time.now() >= self.key.0 {
            return Poll::Ready(());
        }
        self.time.0.timers.borrow_mut().insert(self.key, context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleeping {
    fn drop(&mut self) {
        self.time.0.timers.borrow_mut().remove(&self.key);
    }
}

#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}

/// Runs a main coroutine on a loop and a time of its own: `asyncio.run`.
pub fn run_main<T: 'static, F>(main: impl FnOnce(EventLoop, Time) -> F) -> Result<T, FutureError>
where
    F: Awaitable<Output = Result<T, Error>> + 'static,
{
    let time = Time::default();
    time.run(run(|event_loop| main(event_loop, time.clone())))
}

/// A test whose body is a main coroutine.
pub fn test<F>(main: impl FnOnce(EventLoop, Time) -> F)
where
    F: Awaitable<Output = Result<(), Error>> + 'static,
{
    run_main(main).unwrap();
}

/// What is counted. Clones count together.
#[derive(Clone, Default)]
pub struct Count(Rc<Cell<usize>>);

impl Count {
    pub fn add(&self, number: usize) {
        self.0.set(self.0.get() + number);
    }

    pub fn get(&self) -> usize {
        self.0.get()
    }

    /// Counts when it is dropped: `finally`.
    pub fn at_end(&self, number: usize) -> AtEnd<impl Fn() + use<>> {
        let count = self.clone();
        AtEnd(move || count.add(number))
    }
}

/// Does something when it is dropped.
pub struct AtEnd<F: Fn()>(pub F);

impl<F: Fn()> Drop for AtEnd<F> {
    fn drop(&mut self) {
        self.0();
    }
}

/// Panics when it is dropped, unless something panics already: `finally: 1 / 0`.
pub fn panic_at_end() -> AtEnd<impl Fn()> {
    AtEnd(|| {
        if !std::thread::panicking() {
            panic!("finally");
        }
    })
}

/// What a coroutine with [`panic_at_end`] fails with when it is cancelled.
pub fn finally() -> Failure {
    Failure::Panicked("finally".to_owned())
}

/// A list that coroutines write.
pub type List<T> = Rc<RefCell<Vec<T>>>;

/// A task that gives a value after some time.
pub fn after<T: 'static>(event_loop: &EventLoop, time: &Time, length: u64, value: T) -> Task<T> {
    let time = time.clone();
    event_loop.create_task(async move {
        sleep(&time, ms(length)).await;
        Ok(value)
    })
}

/// A task that fails after some time.
pub fn fails_after(event_loop: &EventLoop, time: &Time, length: u64) -> Task<()> {
    let time = time.clone();
    event_loop.create_task(async move {
        sleep(&time, ms(length)).await;
        fail()
    })
}
