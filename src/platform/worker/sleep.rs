//! Sleeping, for the coroutines of this thread: one timer of the browser's for all that sleep.
//!
//! Each timer of a browser is a closure, a promise and a task of its own; of a thousand that sleep for 100 ms, making and
//! handling them took 30 ms.

use core::cell::RefCell;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;

use wasm_bindgen::prelude::*;
use web_sys::MessageChannel;

use crate::engine::timers::{Sleeper, Timers};
use crate::model::time::Instant;
use crate::platform::clock::now_ms;

/// What is due so soon is due: the clock has no finer step, and no timer rings within it.
const CLOCK_STEP: Duration = Duration::from_micros(20);
/// Browsers let a timer that a timer's own task sets wait for so long at least, once five of them have followed each other.
const CLAMP_MS: f64 = 4.0;
/// Browsers take a longer time for none. One that rings too early is set again.
const LONGEST_MS: f64 = 1e9;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(ring: &JsValue, ms: f64) -> JsValue;
    #[wasm_bindgen(js_name = clearTimeout)]
    fn clear_timeout(timer: &JsValue);
}

/// This thread's sleepers, and the timer that is to wake the next of them.
struct Alarm {
    timers: Timers,
    /// What is set, if anything, and for when.
    set: Option<(Instant, JsValue)>,
    ring: JsValue,
    /// A way into a task that is none of a timer's.
    channel: Option<MessageChannel>,
}

thread_local! {
    static ALARM: RefCell<Alarm> = RefCell::new(Alarm::new());
}

impl Alarm {
    fn new() -> Alarm {
        let ring = Closure::<dyn FnMut()>::new(ring).into_js_value();
        // Where there is none, timers that follow each other closely are late.
        let channel = MessageChannel::new().ok();
        if let Some(channel) = &channel {
            let set = Closure::<dyn FnMut()>::new(|| ALARM.with_borrow_mut(Alarm::set)).into_js_value();
            channel.port1().set_onmessage(Some(set.unchecked_ref()));
        }
        Alarm { timers: Timers::default(), set: None, ring, channel }
    }

    /// Sets the timer for the next sleeper, unless it is set for then or earlier.
    fn set(&mut self) {
        let Some(next) = self.timers.next() else { return };
        match &self.set {
            Some((at, _)) if *at <= next => return,
            Some((_, timer)) => clear_timeout(timer),
            None => {}
        }
        // Browsers know whole milliseconds, and one that rings too early is of no use.
        let ms = rest_ms(next).ceil().clamp(0.0, LONGEST_MS);
        self.set = Some((next, set_timeout(&self.ring, ms)));
    }
}

fn now() -> Instant {
    Instant::from_ms(now_ms())
}

/// How long it is until then, in milliseconds; what is due has none left.
fn rest_ms(at: Instant) -> f64 {
    (at - (now() + CLOCK_STEP)).as_secs_f64() * 1e3
}

/// Wakes who is due, and sets the timer for the next.
fn ring() {
    ALARM.with_borrow_mut(|alarm| alarm.set = None);
    // None of them is borrowed while it wakes: it may drop another that sleeps.
    while let Some(waker) = ALARM.with_borrow_mut(|alarm| alarm.timers.take_due(now() + CLOCK_STEP)) {
        waker.wake();
    }
    ALARM.with_borrow_mut(|alarm| {
        let is_soon = alarm.timers.next().is_some_and(|next| rest_ms(next) < CLAMP_MS);
        match &alarm.channel {
            Some(channel) if is_soon => drop(channel.port2().post_message(&JsValue::NULL)),
            _ => alarm.set(),
        }
    });
}

/// Sleeps for a while, from when this is called.
pub fn sleep(length: Duration) -> Sleep {
    Sleep { until: now() + length, sleeper: None }
}

/// A sleep. One that is dropped is forgotten.
pub struct Sleep {
    until: Instant,
    sleeper: Option<Sleeper>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        ALARM.with_borrow_mut(|alarm| match self.sleeper {
            None => {
                self.sleeper = Some(alarm.timers.insert(self.until, context.waker().clone()));
                alarm.set();
                Poll::Pending
            }
            Some(sleeper) if alarm.timers.replace(sleeper, context.waker()) => Poll::Pending,
            Some(_) => Poll::Ready(()),
        })
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(sleeper) = self.sleeper {
            ALARM.with_borrow_mut(|alarm| alarm.timers.remove(sleeper));
        }
    }
}
