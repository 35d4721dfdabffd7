//! A process: a worker with its own instance of the program and its own memory, as the page owns it.
//!
//! `platform/README.md` has the steps of starting, running and stopping one, and who may block where.

mod error;
mod inbox;

use std::cell::RefCell;
use std::pin::pin;
use std::rc::Rc;

use futures_channel::oneshot;
use futures_util::future::{Either, select};
use gloo_timers::future::TimeoutFuture;
use js_sys::{Array, Function, Reflect, Uint8Array, WebAssembly::Memory};
use wasm_bindgen::prelude::*;
use web_sys::{MessageEvent, Worker};

use super::block::{Block, is_shared};
use super::environment::is_controlled;
use super::image::Image;
use super::messages::{end_worker, new_worker, object};
use crate::engine::recorder::Drain;
use crate::model::event::Event;
use crate::model::outcome::Report;
use crate::model::plan::{Job, process_mib};
use crate::model::time::{Instant, correction_ms};
use crate::platform::clock::absolute_ms;

pub use error::ProcessError;
pub(super) use inbox::Inbox;
use inbox::{Handlers, ITSELF, Threads, load_message};

/// What a process is made of.
#[derive(Clone, Debug)]
pub struct ProcessConfig {
    /// What it runs.
    pub image: Rc<Image>,
    /// Threads besides its own: the workers of its core pool.
    pub threads: u32,
    /// How far its memory may grow, in MiB.
    pub memory_mib: u32,
    /// How long it may take to start, in milliseconds. What fails says so at once; this is for what says nothing.
    pub start_time_ms: u32,
    /// 0, or the number by which the process that asked for it knows it.
    pub number: u32,
    /// The zero of its clock, in milliseconds since the Unix epoch, if that is not its own start.
    pub origin_ms: Option<f64>,
    /// Its start script; the image's, but for tests.
    pub script: Option<String>,
}

impl ProcessConfig {
    /// A process with so many threads. Each has a stack of 2 MiB and a ring.
    pub fn with_threads(image: Rc<Image>, threads: u32) -> ProcessConfig {
        ProcessConfig {
            image,
            threads,
            memory_mib: process_mib(threads, 0),
            start_time_ms: 2_800 + 50 * threads,
            number: 0,
            origin_ms: None,
            script: None,
        }
    }

    /// A process for a job: with its threads, and memory for its data.
    pub fn for_job(image: Rc<Image>, job: &Job) -> ProcessConfig {
        ProcessConfig { memory_mib: job.memory_mib(), ..ProcessConfig::with_threads(image, job.threads()) }
    }
}

/// The one owner of a worker and its memory. Dropping it ends the worker, with all its threads, and lets the memory go.
pub struct Process {
    worker: Worker,
    /// Whether a service worker answers for it.
    is_controlled: bool,
    inbox: Rc<Inbox>,
    block: RefCell<Option<Block>>,
    drain: RefCell<Drain>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_message_error: Closure<dyn FnMut()>,
    _on_error: Closure<dyn FnMut(web_sys::Event)>,
}

impl core::fmt::Debug for Process {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Process").field("origin_ms", &self.origin_ms()).finish_non_exhaustive()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

impl Process {
    /// Asks the browser for a worker, at once. It is of no use before [`Process::ready`].
    ///
    /// # Errors
    /// If the browser refuses.
    pub fn spawn(config: &ProcessConfig) -> Result<Process, ProcessError> {
        let origin_ms = config.origin_ms.unwrap_or_else(absolute_ms);
        let script = config.script.as_deref().unwrap_or(&config.image.script_url);
        let worker = new_worker(script, "overlap process").map_err(|_| ProcessError::ScriptFailed)?;
        let inbox = Rc::new(Inbox::default());
        inbox.origin_ms.set(origin_ms);
        let on_message = {
            let (inbox, worker) = (inbox.clone(), worker.clone());
            Closure::new(move |event: MessageEvent| inbox.receive(&event.data(), &worker))
        };
        let on_error = {
            let inbox = inbox.clone();
            // A script that does not load is a plain event; an error of one that runs has words.
            Closure::new(move |event: web_sys::Event| {
                event.prevent_default();
                let message = Reflect::get(&event, &"message".into()).ok().and_then(|words| words.as_string());
                inbox.fail(
                    message.filter(|words| !words.is_empty()).map_or(ProcessError::ScriptFailed, ProcessError::Died),
                );
            })
        };
        let on_message_error = {
            let inbox = inbox.clone();
            Closure::new(move || inbox.fail(ProcessError::Garbled))
        };
        let function = |handler: &JsValue| Some(handler.unchecked_ref::<Function>().clone());
        let handlers = Handlers {
            on_message: function(on_message.as_ref()),
            on_message_error: function(on_message_error.as_ref()),
            on_error: function(on_error.as_ref()),
        };
        handlers.listen_to(&worker);
        *inbox.threads.borrow_mut() = Threads { handlers, ..Threads::default() };
        Ok(Process {
            worker,
            is_controlled: is_controlled(),
            inbox,
            block: RefCell::default(),
            drain: RefCell::default(),
            _on_message: on_message,
            _on_message_error: on_message_error,
            _on_error: on_error,
        })
    }

    /// Gives the worker the program and a memory, and waits until its threads run.
    ///
    /// # Errors
    /// If there is no memory, the script does not load, the program does not start, or all that takes too long.
    pub async fn ready(&self, config: &ProcessConfig) -> Result<(), ProcessError> {
        let memory = if isolated() { Some(new_memory(config.memory_mib)?) } else { None };
        {
            let mut threads = self.inbox.threads.borrow_mut();
            threads.image = Some(config.image.clone());
            threads.memory.clone_from(&memory);
        }
        match select(pin!(self.start(config, memory)), TimeoutFuture::new(config.start_time_ms)).await {
            Either::Left((started, _)) => started,
            Either::Right(_) => Err(ProcessError::StartTimedOut(config.start_time_ms)),
        }
    }

    async fn start(&self, config: &ProcessConfig, memory: Option<Memory>) -> Result<(), ProcessError> {
        let sent_ms = absolute_ms();
        let stamp = self.ask(&load_message(&config.image, memory.as_ref(), ITSELF)).await?;
        let stamp_ms = stamp.as_f64().ok_or(ProcessError::Garbled)?;
        let message = object(&[
            ("kind", "start".into()),
            ("number", config.number.into()),
            ("correctionMs", correction_ms(sent_ms, stamp_ms, absolute_ms()).into()),
            ("pageMs", absolute_ms().into()),
            ("threads", config.threads.into()),
            ("originMs", self.origin_ms().into()),
            ("base", base_address().into()),
            ("memoryIsShared", memory.is_some().into()),
        ]);
        let address = self.ask(&message).await?.as_f64().ok_or(ProcessError::Garbled)?;
        if let Some(memory) = &memory {
            self.block.replace(Some(Block::new(memory, address as u32)));
        }
        Ok(())
    }

    /// Ends its worker, with all its threads and all processes that it asked for, and lets its memory go.
    pub fn end(&self) {
        self.inbox.is_ended.set(true);
        for child in self.inbox.children.take().into_values() {
            child.end();
        }
        for thread in &self.inbox.threads.borrow().started {
            end_worker(&thread.worker, thread.has_loaded.get());
        }
        end_worker(&self.worker, self.inbox.has_loaded.get());
    }

    /// Has its death told, if it dies.
    pub(super) fn on_death(&self, tell: impl FnOnce(&ProcessError) + 'static) {
        self.inbox.on_death.replace(Some(Box::new(tell)));
    }

    /// Posts a message to it, with what is handed over.
    pub(super) fn post(&self, message: &JsValue, transfer: &Array) -> Result<(), JsValue> {
        self.worker.post_message_with_transfer(message, transfer)
    }

    /// Runs a job to its report. One at a time.
    ///
    /// # Errors
    /// If the process dies.
    pub async fn run(&self, job: &Job) -> Result<Report, ProcessError> {
        self.inbox.child_mib.set(job.child_memory_mib());
        let job = postcard::to_allocvec(job).map_err(|_| ProcessError::Garbled)?;
        let message = object(&[
            ("kind", "run".into()),
            ("job", Uint8Array::from(&job[..]).into()),
            ("memoryIsShared", self.block.borrow().is_some().into()),
        ]);
        let report = self.ask(&message).await?;
        postcard::from_bytes(&Uint8Array::new(&report).to_vec()).map_err(|_| ProcessError::Garbled)
    }

    /// Sends a message and waits for the answer of its kind.
    async fn ask(&self, message: &JsValue) -> Result<JsValue, ProcessError> {
        if let Some(error) = self.inbox.died.borrow().clone() {
            return Err(error);
        }
        let (sender, answer) = oneshot::channel();
        self.inbox.waiting.replace(Some(sender));
        self.worker.post_message(message).map_err(|_| ProcessError::Garbled)?;
        answer.await.unwrap_or(Err(ProcessError::Garbled))
    }

    /// The most that its memory and those of the processes that it asked for were together, in bytes; `None` where memory is not
    /// shared with the page, which then cannot see it.
    pub fn memory_bytes(&self) -> Option<u64> {
        self.inbox.threads.borrow().memory.as_ref()?;
        self.inbox.note_memory();
        Some(self.inbox.memory_most.get())
    }

    /// Whether it may be used again: it lives, as far as is known, and has the network that one has which is made now.
    pub fn is_fit(&self) -> bool {
        self.inbox.died.borrow().is_none() && self.is_controlled == is_controlled()
    }

    /// Asks its tasks to end: by shared memory, which threads that compute see, and by message, which wakes those that wait.
    pub fn request_stop(&self) {
        for child in self.inbox.children.borrow().values() {
            child.request_stop();
        }
        if let Some(block) = &*self.block.borrow() {
            block.request_stop();
        }
        let _ = self.worker.post_message(&object(&[("kind", "stop".into())]));
    }

    /// Hands over every event recorded since the last call, its own and those of the processes that it asked for, and gives
    /// the number of those lost so far.
    pub fn take_events(&self, mut to: impl FnMut(&Event)) -> u64 {
        let children = self.inbox.children.borrow();
        if children.is_empty() && self.inbox.events.borrow().is_empty() {
            return self.take_own_events(&mut to) + self.inbox.lost_by_ended.get();
        }
        // In the order of time: who hears of a task that ended is another process than the one that ended it.
        let mut events = Vec::new();
        let lost = self.take_own_events(&mut |event| events.push(*event))
            + self.inbox.lost_by_ended.get()
            + children.values().map(|child| child.take_own_events(&mut |event| events.push(*event))).sum::<u64>();
        events.sort_by_key(|event| event.at);
        events.iter().for_each(to);
        lost
    }

    fn take_own_events(&self, to: &mut dyn FnMut(&Event)) -> u64 {
        self.inbox.events.take().iter().for_each(&mut *to);
        let block = self.block.borrow();
        let Some(block) = &*block else { return self.inbox.lost.get() };
        let mut drain = self.drain.borrow_mut();
        let (events, lost) = drain.take(block);
        events.iter().for_each(to);
        lost
    }

    /// The zero of its events' axis, in milliseconds since the Unix epoch.
    pub fn origin_ms(&self) -> f64 {
        self.inbox.origin_ms()
    }

    /// Now, on the axis of this process's events.
    pub fn now(&self) -> Instant {
        self.inbox.now()
    }
}

/// Whether this page may share memory with workers.
pub fn isolated() -> bool {
    Reflect::get(&js_sys::global(), &"crossOriginIsolated".into()).is_ok_and(|value| value.is_truthy())
}

/// What relative addresses are relative to: the page's own folder.
pub(super) fn base_address() -> String {
    let base = web_sys::window().and_then(|window| window.document()).and_then(|document| document.base_uri().ok());
    let base = base.flatten().unwrap_or_default();
    web_sys::Url::new_with_base(".", &base).map(|folder| folder.href()).unwrap_or(base)
}

/// A memory for one process, which starts as large as the program needs.
fn new_memory(mib: u32) -> Result<Memory, ProcessError> {
    const PAGES_PER_MIB: u32 = 16;
    /// What the program's static data takes, rounded up generously; the linker's own minimum is below it.
    const FIRST_MIB: u32 = 4;
    let descriptor = object(&[
        ("initial", (FIRST_MIB * PAGES_PER_MIB).into()),
        ("maximum", (mib.saturating_mul(PAGES_PER_MIB)).into()),
        ("shared", true.into()),
    ]);
    let memory = Memory::new(&descriptor).map_err(|error| {
        let words = error.dyn_ref::<js_sys::Error>().map(|error| String::from(error.message()));
        ProcessError::MemoryDenied { mib, reason: words.unwrap_or_default() }
    })?;
    debug_assert!(is_shared(&memory));
    Ok(memory)
}
