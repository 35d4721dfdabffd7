//! What a process says to the page, and the workers that are its threads.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use futures_channel::oneshot;
use js_sys::{Array, Function, Uint32Array, WebAssembly::Memory};
use wasm_bindgen::prelude::*;
use web_sys::Worker;

use super::super::children::start_child;
use super::super::image::Image;
use super::super::messages::{new_worker, object, property, when_gone};
use super::{Process, ProcessError};
use crate::model::event::{EVENT_WORDS, Event, EventKind};
use crate::model::id::LaneId;
use crate::model::plan::process_mib;
use crate::model::time::{Instant, correction_ms};
use crate::platform::clock::absolute_ms;

/// The number by which a process itself says that it has loaded; its threads count from 0.
pub(super) const ITSELF: f64 = -1.0;

type Tell = Box<dyn FnOnce(&ProcessError)>;

/// A pending answer of the worker, and what else it said.
#[derive(Default)]
pub(in super::super) struct Inbox {
    pub(super) waiting: RefCell<Option<oneshot::Sender<Result<JsValue, ProcessError>>>>,
    pub(super) died: RefCell<Option<ProcessError>>,
    /// Events that came as messages, from a process whose memory is not shared.
    pub(super) events: RefCell<Vec<Event>>,
    /// Of those, how many were lost.
    pub(super) lost: Cell<u64>,
    pub(super) threads: RefCell<Threads>,
    /// The processes that it asked for, by their numbers.
    pub(super) children: RefCell<BTreeMap<u32, Rc<Process>>>,
    /// What all memories were together before one of them went, in bytes, when that was most.
    pub(super) memory_most: Cell<u64>,
    /// How many events were lost by those that have ended.
    pub(super) lost_by_ended: Cell<u64>,
    pub(super) origin_ms: Cell<f64>,
    /// The memory of each process that it asks for, in MiB.
    pub(super) child_mib: Cell<u32>,
    /// Whether its first worker has loaded its program.
    pub(super) has_loaded: Cell<bool>,
    /// Whether the page has ended it.
    pub(super) is_ended: Cell<bool>,
    /// Who else is told of its death, once.
    pub(super) on_death: RefCell<Option<Tell>>,
}

/// The workers that are a process's threads, and what one more is made of.
#[derive(Default)]
pub(super) struct Threads {
    pub(super) started: Vec<Thread>,
    pub(super) image: Option<Rc<Image>>,
    pub(super) memory: Option<Memory>,
    pub(super) handlers: Handlers,
}

pub(super) struct Thread {
    pub(super) worker: Worker,
    /// Where its work is, an address in the memory of the process.
    receiver: JsValue,
    /// When it was asked to load, in milliseconds since the Unix epoch.
    sent_ms: f64,
    pub(super) has_loaded: Cell<bool>,
}

/// What listens to a worker.
#[derive(Clone, Default)]
pub(super) struct Handlers {
    pub(super) on_message: Option<Function>,
    pub(super) on_message_error: Option<Function>,
    pub(super) on_error: Option<Function>,
}

impl Handlers {
    pub(super) fn listen_to(&self, worker: &Worker) {
        worker.set_onmessage(self.on_message.as_ref());
        worker.set_onmessageerror(self.on_message_error.as_ref());
        worker.set_onerror(self.on_error.as_ref());
    }
}

/// The first message to a worker.
pub(super) fn load_message(image: &Image, memory: Option<&Memory>, number: f64) -> JsValue {
    object(&[
        ("kind", "load".into()),
        ("programUrl", image.program_url.as_str().into()),
        ("module", image.module.clone()),
        ("memory", memory.into()),
        ("number", number.into()),
    ])
    .into()
}

impl Threads {
    /// Makes a thread, which is going to receive its work through `receiver`.
    fn add(&mut self, receiver: JsValue) -> Result<(), JsValue> {
        let image = self.image.as_deref().ok_or(JsValue::UNDEFINED)?;
        let worker = new_worker(&image.script_url, "overlap thread")?;
        self.handlers.listen_to(&worker);
        let message = load_message(image, self.memory.as_ref(), self.started.len() as f64);
        // It ends with the process from here on, whatever comes of the message.
        self.started.push(Thread {
            worker: worker.clone(),
            receiver,
            sent_ms: absolute_ms(),
            has_loaded: Cell::new(false),
        });
        worker.post_message(&message)
    }

    /// Sends a thread that has loaded, and read its clock, to its work.
    fn send_to_work(&self, number: usize, stamp_ms: f64) -> Result<(), JsValue> {
        let thread = self.started.get(number).ok_or(JsValue::UNDEFINED)?;
        thread.has_loaded.set(true);
        let message = object(&[
            ("kind", "work".into()),
            ("correctionMs", correction_ms(thread.sent_ms, stamp_ms, absolute_ms()).into()),
            ("pageMs", absolute_ms().into()),
            ("receiver", thread.receiver.clone()),
        ]);
        thread.worker.post_message(&message)
    }
}

impl Inbox {
    fn answer(&self, answer: Result<JsValue, ProcessError>) {
        if let Some(waiting) = self.waiting.take() {
            // Nobody waits any more if the future was dropped; then nobody misses it.
            let _ = waiting.send(answer);
        }
    }

    pub(super) fn fail(&self, error: ProcessError) {
        self.died.borrow_mut().get_or_insert_with(|| error.clone());
        if let Some(tell) = self.on_death.take() {
            tell(&error);
        }
        self.answer(Err(error));
    }

    /// Takes a message of the process, or of one of its threads.
    pub(super) fn receive(self: &Rc<Inbox>, data: &JsValue, process: &Worker) {
        let value = property(data, "value");
        match property(data, "kind").as_string().as_deref() {
            Some("loaded") => self.loaded(&Array::from(&value), process),
            Some("started" | "ran") => self.answer(Ok(value)),
            Some("alive") => self.watch(&value.as_string().unwrap_or_default()),
            Some("failed") => self.fail(ProcessError::Died(value.as_string().unwrap_or_default())),
            Some("noMemory") => self.fail(ProcessError::NoMemory),
            Some("events") => {
                let parts = Array::from(&value);
                self.lost.set(parts.get(0).as_f64().unwrap_or_default() as u64);
                let words = Uint32Array::new(&parts.get(1)).to_vec();
                let (records, _) = words.as_chunks::<EVENT_WORDS>();
                self.events.borrow_mut().extend(records.iter().filter_map(|record| Event::from_words(*record)));
            }
            Some("newProcess") => start_child(self, value.as_f64().unwrap_or_default() as u32, process),
            Some("endProcess") => self.end_child(value.as_f64().unwrap_or_default() as u32),
            Some("newThread") => {
                let added = self.threads.borrow_mut().add(Array::from(&value).get(1));
                added.unwrap_or_else(|_| self.fail(ProcessError::ScriptFailed));
            }
            _ => {}
        }
    }

    /// Notices the end of a worker that tells nothing of it: whoever holds this lock lives.
    fn watch(self: &Rc<Inbox>, lock: &str) {
        let inbox = Rc::downgrade(self);
        when_gone(
            lock,
            Closure::once_into_js(move || {
                if let Some(inbox) = inbox.upgrade().filter(|inbox| !inbox.is_ended.get()) {
                    inbox.fail(ProcessError::Ended);
                }
            }),
        );
    }

    /// Its memory, as it is posted; `undefined` where memory is not shared.
    pub(in super::super) fn memory(&self) -> JsValue {
        self.threads.borrow().memory.as_ref().into()
    }

    /// The memory of a process that it asks for, in MiB.
    pub(in super::super) fn child_mib(&self) -> u32 {
        self.child_mib.get().max(process_mib(0, 0))
    }

    /// What its processes run.
    pub(in super::super) fn image(&self) -> Option<Rc<Image>> {
        self.threads.borrow().image.clone()
    }

    /// The zero of its clock, in milliseconds since the Unix epoch.
    pub(in super::super) fn origin_ms(&self) -> f64 {
        self.origin_ms.get()
    }

    /// Adds an event of a process that it asked for, as of now, which that cannot record itself.
    pub(in super::super) fn push_child_event(&self, number: u32, kind: EventKind) {
        self.push_at(self.now(), number, kind);
    }

    /// The end of a process that it asked for: what that was at is over, and it records no more.
    pub(in super::super) fn end_lane(&self, number: u32) {
        if let Some(child) = self.children.borrow().get(&number) {
            self.keep_events(number, child);
        }
    }

    /// Keeps what a process recorded before it ended just now. Gives how many events it has lost.
    fn keep_events(&self, number: u32, child: &Process) -> u64 {
        let mut events = self.events.borrow_mut();
        let before = events.len();
        let lost = child.take_events(|event| events.push(*event));
        // Two clocks may differ by a little.
        let latest = events[before..].iter().map(|event| event.at).max().unwrap_or_default();
        drop(events);
        self.push_at(self.now().max(latest), number, EventKind::LaneClosed);
        lost
    }

    fn push_at(&self, at: Instant, number: u32, kind: EventKind) {
        let event = Event { at, sequence: 0, lane: LaneId::Child(number), task: None, kind, arg: 0 };
        self.events.borrow_mut().push(event);
    }

    /// Now, on the axis of this process's events.
    pub(super) fn now(&self) -> Instant {
        Instant::from_ms(absolute_ms() - self.origin_ms())
    }

    /// Takes a process that this one asked for: it ends with it, and its events are among its own.
    pub(in super::super) fn own(&self, number: u32, child: Rc<Process>) {
        self.children.borrow_mut().insert(number, child);
    }

    /// Ends a process that this one asked for, and keeps what it recorded.
    fn end_child(&self, number: u32) {
        self.note_memory();
        let Some(child) = self.children.borrow_mut().remove(&number) else { return };
        child.end();
        let lost = self.keep_events(number, &child);
        self.lost_by_ended.set(self.lost_by_ended.get() + lost);
    }

    /// Memories only grow, so that all of them together are largest just before one goes.
    pub(super) fn note_memory(&self) {
        let bytes = self.memory_bytes();
        self.memory_most.set(self.memory_most.get().max(bytes));
    }

    /// Its memory and those of the processes that it asked for, as they are now, in bytes.
    fn memory_bytes(&self) -> u64 {
        let own = self.threads.borrow().memory.as_ref().map_or(0, |memory| {
            let buffer: js_sys::SharedArrayBuffer = memory.buffer().unchecked_into();
            u64::from(buffer.byte_length())
        });
        own + self.children.borrow().values().map(|child| child.inbox.memory_bytes()).sum::<u64>()
    }

    fn loaded(&self, said: &Array, process: &Worker) {
        let (number, stamp) = (said.get(0), said.get(1));
        if number.as_f64() == Some(ITSELF) {
            self.has_loaded.set(true);
            return self.answer(Ok(stamp));
        }
        let index = number.as_f64().unwrap_or_default() as usize;
        let sent = self.threads.borrow().send_to_work(index, stamp.as_f64().unwrap_or_default());
        // Only now: once all are ready, the process blocks until each has begun its work.
        let ready = object(&[("kind", "threadIsReady".into()), ("number", number)]);
        if sent.and_then(|()| process.post_message(&ready)).is_err() {
            self.fail(ProcessError::Garbled);
        }
    }
}
