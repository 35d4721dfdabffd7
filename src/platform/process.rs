//! A process: a worker with its own instance of the program and its own memory, as the page owns it.
//!
//! `README.md` beside this file has the steps of starting, running and stopping one, and who may block where.

use std::cell::{Cell, RefCell};
use std::pin::pin;
use std::rc::Rc;

use futures_channel::oneshot;
use futures_util::future::{Either, select};
use gloo_timers::future::TimeoutFuture;
use js_sys::{Array, Function, Reflect, Uint8Array, Uint32Array, WebAssembly::Memory};
use thiserror::Error;
use wasm_bindgen::prelude::*;
use web_sys::{MessageEvent, Worker, WorkerOptions, WorkerType};

use super::block::{Block, is_shared};
use super::clock::{absolute_ms, now_ms};
use super::worker_script::{object, process_script_url, program_url};
use crate::engine::recorder::Drain;
use crate::model::event::{EVENT_WORDS, Event};
use crate::model::outcome::Report;
use crate::model::plan::Job;
use crate::model::time::{Anchor, Instant};

/// Why a process could not start, or ended.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ProcessError {
    /// The browser gave no memory, in its own words.
    #[error("the browser gave no {mib} MiB of memory ({reason}). Close other tabs, or ask for fewer workers")]
    MemoryDenied { mib: u32, reason: String },
    /// The worker's script could not be loaded or run.
    #[error("the script of the process could not be loaded. Check the connection, then reload the page")]
    ScriptFailed,
    /// It did not say in time that it is ready.
    #[error("the process was not ready within {0} ms. Ask for fewer workers, or close other tabs")]
    StartTimedOut(u32),
    /// Something that no code can catch, in the browser's words.
    #[error("the process died: {0}. Its memory and all its threads are gone; the page is not touched by it")]
    Died(String),
    /// It said something that this page does not understand.
    #[error("the process answered in a way this page does not know. Reload the page: it may be of two versions")]
    Garbled,
}

/// What a process is made of.
#[derive(Clone, Debug)]
pub struct ProcessConfig {
    /// Threads besides its own: the workers of its core pool.
    pub threads: u32,
    /// How far its memory may grow, in MiB.
    pub memory_mib: u32,
    /// Its start script; the usual one, but for tests.
    pub script: Option<String>,
}

impl ProcessConfig {
    /// A process with so many threads. Each has a stack of 2 MiB and a ring.
    pub fn with_threads(threads: u32) -> ProcessConfig {
        ProcessConfig { threads, memory_mib: (64 + 3 * threads).min(1_024), script: None }
    }

    /// How long it may take to start, in milliseconds. What fails says so at once; this is for what says nothing.
    fn start_time_ms(&self) -> u32 {
        2_800 + 50 * self.threads
    }
}

/// A pending answer of the worker, and what else it said.
#[derive(Default)]
struct Inbox {
    waiting: RefCell<Option<oneshot::Sender<Result<JsValue, ProcessError>>>>,
    died: RefCell<Option<ProcessError>>,
    /// Events that came as messages, from a process whose memory is not shared.
    events: RefCell<Vec<Event>>,
    threads: RefCell<Threads>,
}

/// The workers that are a process's threads, and what one more is made of.
#[derive(Default)]
struct Threads {
    workers: Vec<Worker>,
    memory: Option<Memory>,
    on_message: Option<Function>,
    on_error: Option<Function>,
}

impl Threads {
    /// Makes a thread, which is going to receive its work through `receiver`, an address in the memory of the process.
    fn add(&mut self, number: JsValue, receiver: JsValue) -> Result<(), JsValue> {
        let worker = new_worker(&process_script_url(), "overlap thread")?;
        worker.set_onmessage(self.on_message.as_ref());
        worker.set_onerror(self.on_error.as_ref());
        let message = object(&[
            ("kind", "thread".into()),
            ("programUrl", program_url().into()),
            ("module", wasm_bindgen::module()),
            ("memory", self.memory.clone().into()),
            ("number", number),
            ("receiver", receiver),
        ]);
        worker.post_message(&message)?;
        self.workers.push(worker);
        Ok(())
    }
}

fn new_worker(script: &str, name: &str) -> Result<Worker, JsValue> {
    let options = WorkerOptions::new();
    options.set_type(WorkerType::Module);
    options.set_name(name);
    Worker::new_with_options(script, &options)
}

impl Inbox {
    fn answer(&self, answer: Result<JsValue, ProcessError>) {
        if let Some(waiting) = self.waiting.take() {
            // Nobody waits any more if the future was dropped; then nobody misses it.
            let _ = waiting.send(answer);
        }
    }

    fn fail(&self, error: ProcessError) {
        self.died.borrow_mut().get_or_insert_with(|| error.clone());
        self.answer(Err(error));
    }

    /// Takes a message of the process, or of one of its threads.
    fn receive(&self, data: &JsValue, process: &Worker) {
        let property = |name: &str| Reflect::get(data, &name.into()).unwrap_or_default();
        let value = property("value");
        match property("kind").as_string().as_deref() {
            Some("start" | "run") => self.answer(Ok(value)),
            Some("failed") => self.fail(ProcessError::Died(value.as_string().unwrap_or_default())),
            Some("events") => {
                let words = Uint32Array::new(&value).to_vec();
                let (records, _) = words.as_chunks::<EVENT_WORDS>();
                self.events.borrow_mut().extend(records.iter().filter_map(|record| Event::from_words(*record)));
            }
            Some("newThread") => {
                let asked = Array::from(&value);
                if self.threads.borrow_mut().add(asked.get(0), asked.get(1)).is_err() {
                    self.fail(ProcessError::ScriptFailed);
                }
            }
            Some("thread") => {
                let ready = object(&[("kind", "threadIsReady".into()), ("number", value)]);
                if process.post_message(&ready).is_err() {
                    self.fail(ProcessError::Garbled);
                }
            }
            _ => {}
        }
    }
}

/// The one owner of a worker and its memory. Dropping it ends the worker, with all its threads, and lets the memory go.
pub struct Process {
    worker: Worker,
    inbox: Rc<Inbox>,
    block: RefCell<Option<Block>>,
    drain: RefCell<Drain>,
    /// What to add to the times of its events.
    correction_ms: Cell<f64>,
    /// Milliseconds since the Unix epoch: the zero of its clock.
    origin_ms: f64,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut(web_sys::Event)>,
}

impl core::fmt::Debug for Process {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Process").field("origin_ms", &self.origin_ms).finish_non_exhaustive()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        for worker in self.inbox.threads.borrow().workers.iter().chain([&self.worker]) {
            worker.set_onmessage(None);
            worker.set_onerror(None);
            worker.terminate();
        }
    }
}

impl Process {
    /// Asks the browser for a worker, at once. It is of no use before [`Process::ready`].
    ///
    /// # Errors
    /// If the browser refuses.
    pub fn spawn(config: &ProcessConfig) -> Result<Process, ProcessError> {
        let origin_ms = absolute_ms();
        let script = config.script.clone().unwrap_or_else(process_script_url);
        let worker = new_worker(&script, "overlap process").map_err(|_| ProcessError::ScriptFailed)?;
        let inbox = Rc::new(Inbox::default());
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
        let handlers =
            [on_message.as_ref(), on_error.as_ref()].map(|handler| handler.unchecked_ref::<Function>().clone());
        worker.set_onmessage(Some(&handlers[0]));
        worker.set_onerror(Some(&handlers[1]));
        let [on_thread_message, on_thread_error] = handlers.map(Some);
        *inbox.threads.borrow_mut() =
            Threads { on_message: on_thread_message, on_error: on_thread_error, ..Threads::default() };
        Ok(Process {
            worker,
            inbox,
            block: RefCell::default(),
            drain: RefCell::default(),
            correction_ms: Cell::new(0.0),
            origin_ms,
            _on_message: on_message,
            _on_error: on_error,
        })
    }

    /// Gives the worker the program and a memory, and waits until its threads run.
    ///
    /// # Errors
    /// If there is no memory, the script does not load, the program does not start, or all that takes too long.
    pub async fn ready(&self, config: &ProcessConfig) -> Result<(), ProcessError> {
        let memory = if isolated() { Some(new_memory(config.memory_mib)?) } else { None };
        self.inbox.threads.borrow_mut().memory = memory.clone();
        let base = web_sys::window().and_then(|window| window.document()).and_then(|document| document.base_uri().ok());
        let base = base.flatten().unwrap_or_default();
        let base = base.split(['#', '?']).next().unwrap_or_default();
        let base = &base[..=base.rfind('/').unwrap_or_default().min(base.len().saturating_sub(1))];
        let sent_ms = now_ms();
        let message = object(&[
            ("kind", "start".into()),
            ("programUrl", program_url().into()),
            ("module", wasm_bindgen::module()),
            ("memory", memory.clone().into()),
            ("threads", config.threads.into()),
            ("rings", (config.threads + 1).into()),
            ("originMs", self.origin_ms.into()),
            ("base", base.into()),
        ]);
        let answer = self.ask(&message);
        let time_ms = config.start_time_ms();
        let answer = match select(pin!(answer), TimeoutFuture::new(time_ms)).await {
            Either::Left((answer, _)) => answer?,
            Either::Right(_) => return Err(ProcessError::StartTimedOut(time_ms)),
        };
        let numbers = js_sys::Float64Array::new(&answer).to_vec();
        let [address, stamp_ms] = numbers[..] else { return Err(ProcessError::Garbled) };
        // Both readings of the page and the worker's are counted from the origin already.
        let page_ms = |now_ms: f64| now_ms - sent_ms + (self.sent_since_origin_ms(sent_ms));
        let anchor = Anchor { offset_ms: 0.0 };
        self.correction_ms.set(anchor.correction_ms(page_ms(sent_ms), stamp_ms, page_ms(now_ms())));
        if let Some(memory) = &memory {
            self.block.replace(Some(Block::new(memory, address as u32)));
        }
        Ok(())
    }

    fn sent_since_origin_ms(&self, sent_ms: f64) -> f64 {
        absolute_ms() - now_ms() + sent_ms - self.origin_ms
    }

    /// Runs a job to its report. One at a time.
    ///
    /// # Errors
    /// If the process dies.
    pub async fn run(&self, job: &Job) -> Result<Report, ProcessError> {
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

    /// Asks its tasks to end: by shared memory, which threads that compute see, and by message, which wakes those that wait.
    pub fn request_stop(&self) {
        if let Some(block) = &*self.block.borrow() {
            block.request_stop();
        }
        let _ = self.worker.post_message(&object(&[("kind", "stop".into())]));
    }

    /// Hands over every event recorded since the last call, and gives the number of those lost so far.
    pub fn take_events(&self, mut to: impl FnMut(&Event)) -> u64 {
        let correction_ms = self.correction_ms.get();
        let mut hand_over = |event: &Event| {
            let at = if correction_ms == 0.0 { event.at } else { Instant::from_ms(event.at.as_ms() + correction_ms) };
            to(&Event { at, ..*event });
        };
        for event in self.inbox.events.take() {
            hand_over(&event);
        }
        let block = self.block.borrow();
        let Some(block) = &*block else { return 0 };
        let mut drain = self.drain.borrow_mut();
        let (events, lost) = drain.take(block);
        events.iter().for_each(&mut hand_over);
        lost
    }

    /// Now, on the axis of this process's events.
    pub fn now(&self) -> Instant {
        Instant::from_ms(absolute_ms() - self.origin_ms)
    }
}

/// Whether this page may share memory with workers.
pub fn isolated() -> bool {
    Reflect::get(&js_sys::global(), &"crossOriginIsolated".into()).is_ok_and(|value| value.is_truthy())
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
