//! The turns of this thread's coroutines: what a job is run by, and what serves a parent.
//!
//! wasm-bindgen-futures wakes a coroutine from whatever thread: each time that it waits costs an `Atomics.waitAsync`, and each
//! time that it is woken a turn of the event loop. What wakes a coroutine is nearly always the thread that it is on, for
//! which a microtask does, or the end of the event that woke it. The other way is kept for other threads.

use core::cell::{Cell, RefCell};
use core::future::{Future, poll_fn};
use core::task::{Context, Poll, Waker};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Wake;

use futures_util::future::LocalBoxFuture;
use futures_util::task::AtomicWaker;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = queueMicrotask)]
    fn queue_microtask(turn: &Closure<dyn FnMut()>);
}

thread_local! {
    /// The coroutines of this thread that have not ended, by their numbers.
    static COROUTINES: RefCell<BTreeMap<u32, Rc<dyn Turn>>> = const { RefCell::new(BTreeMap::new()) };
    static NEXT_NUMBER: Cell<u32> = const { Cell::new(0) };
    /// Those that were woken, and have had no turn since.
    static WOKEN: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
    /// Whether turns are about to be given, without a microtask.
    static GIVES: Cell<bool> = const { Cell::new(false) };
    static MICROTASK: Closure<dyn FnMut()> = Closure::new(give_turns);
}

/// Gives turns until no coroutine is left that was woken.
fn give_turns() {
    GIVES.set(true);
    loop {
        let woken = WOKEN.take();
        if woken.is_empty() {
            break;
        }
        for number in woken {
            let coroutine = COROUTINES.with_borrow(|coroutines| coroutines.get(&number).cloned());
            if let Some(coroutine) = coroutine {
                coroutine.turn();
            }
        }
    }
    GIVES.set(false);
}

/// Handles an event. Whoever that wakes has its turn at its end, as in a microtask, but without one: for what happens tens of
/// thousands of times a second.
pub fn in_event(handle: impl FnOnce()) {
    GIVES.set(true);
    handle();
    give_turns();
}

/// Another number on each thread, and always the same on one.
fn this_thread() -> usize {
    NEXT_NUMBER.with(|place| core::ptr::from_ref(place).addr())
}

/// It waits, and nobody has woken it.
const WAITING: u32 = 0;
/// It has its turn, and nobody has woken it since that began.
const RUNNING: u32 = 1;
/// It is to have a turn.
const WAKING: u32 = 2;

/// What wakes a coroutine, on whatever thread.
struct Wakes {
    thread: usize,
    number: u32,
    standing: AtomicU32,
    /// Wakes whoever awaits the coroutine's end, who gives it a turn as well.
    outside: AtomicWaker,
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // One that has its turn looks at this before it waits, and one that is to have one needs no other.
        if self.standing.swap(WAKING, Ordering::AcqRel) != WAITING {
            return;
        }
        if self.thread != this_thread() {
            return self.outside.wake();
        }
        let is_first = WOKEN.with_borrow_mut(|woken| {
            woken.push(self.number);
            woken.len() == 1
        });
        if is_first && !GIVES.get() {
            MICROTASK.with(queue_microtask);
        }
    }
}

/// Something that can be given a turn.
trait Turn {
    fn turn(&self);
}

struct Coroutine<T> {
    standing: RefCell<Standing<T>>,
    wakes: Arc<Wakes>,
    waker: Waker,
}

enum Standing<T> {
    Goes(LocalBoxFuture<'static, T>),
    /// It has ended, and this is left for who awaits that.
    Ended(Option<T>),
}

impl<T> Turn for Coroutine<T> {
    /// Lets it run until it waits or ends.
    fn turn(&self) {
        let mut standing = self.standing.borrow_mut();
        let Standing::Goes(future) = &mut *standing else { return };
        let mut context = Context::from_waker(&self.waker);
        loop {
            self.wakes.standing.store(RUNNING, Ordering::Release);
            if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
                *standing = Standing::Ended(Some(value));
                return self.wakes.outside.wake();
            }
            let waits = self.wakes.standing.compare_exchange(RUNNING, WAITING, Ordering::AcqRel, Ordering::Acquire);
            if waits.is_ok() {
                return;
            }
        }
    }
}

/// What awaits a coroutine's end. If it is dropped, the coroutine has no more turns.
struct Awaits {
    number: u32,
}

impl Drop for Awaits {
    fn drop(&mut self) {
        let coroutine = COROUTINES.with_borrow_mut(|coroutines| coroutines.remove(&self.number));
        // Only now: what it drops may start or end others.
        drop(coroutine);
    }
}

/// Runs a coroutine on this thread, to its end.
pub async fn run<T: 'static>(future: impl Future<Output = T> + 'static) -> T {
    let number = NEXT_NUMBER.replace(NEXT_NUMBER.get().wrapping_add(1));
    let wakes = Arc::new(Wakes {
        thread: this_thread(),
        number,
        standing: AtomicU32::new(WAITING),
        outside: AtomicWaker::new(),
    });
    let waker = Waker::from(Arc::clone(&wakes));
    let standing = RefCell::new(Standing::Goes(Box::pin(future)));
    let coroutine = Rc::new(Coroutine { standing, wakes, waker });
    COROUTINES.with_borrow_mut(|coroutines| coroutines.insert(number, coroutine.clone()));
    let _awaits = Awaits { number };
    poll_fn(|context| {
        coroutine.wakes.outside.register(context.waker());
        coroutine.turn();
        match &mut *coroutine.standing.borrow_mut() {
            Standing::Ended(value) => value.take().map_or(Poll::Pending, Poll::Ready),
            Standing::Goes(_) => Poll::Pending,
        }
    })
    .await
}
