//! One subprocess: the worker that runs a command, as the page owns it.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, ready};

use futures_channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use futures_util::StreamExt;
use gloo_timers::callback::Timeout;
use js_sys::{Array, Uint8Array, WebAssembly};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{MessageEvent, Worker};

use super::super::messages::{new_worker, object, property, words};
use super::super::process::isolated;
use super::pipe::{Pipe, PipeReader, PipeWriter, pipe};
use super::{SubprocessConfig, Subprocesses};
use crate::engine::subprocess::{BrokenPipe, Child, Event, SpawnError, Spec, Stamped, Stderr, Stdin, Stdout, Waiting};
use crate::model::time::{Instant, correction_ms};
use crate::platform::clock::absolute_ms;

/// A subprocess. It starts by itself; what happens to it is told by [`Child::poll_event`]. Dropping it ends its worker.
#[derive(Debug)]
pub struct Subprocess {
    state: Rc<State>,
    events: UnboundedReceiver<Stamped>,
    /// The writing end of its stdin, where that is the parent's.
    stdin: Option<PipeWriter>,
    /// What waits for room in it.
    room: Option<JsFuture>,
}

/// What the worker's listeners know of it.
struct State {
    config: Rc<SubprocessConfig>,
    tell: UnboundedSender<Stamped>,
    has_ended: Cell<bool>,
    running: RefCell<Option<Running>>,
    /// The ends of pipes that are its own: they are closed when it ends.
    ends: RefCell<(Option<PipeReader>, Option<PipeWriter>)>,
    /// What counts how much of its stdout its parent has taken.
    window: Option<Pipe>,
    /// What lays its clock onto the page's, in milliseconds.
    correction_ms: Cell<f64>,
    read_bytes: Cell<u64>,
    written_bytes: Cell<u64>,
}

impl core::fmt::Debug for State {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("State").field("has_ended", &self.has_ended).finish_non_exhaustive()
    }
}

/// A worker and what listens to it. Dropping it ends the worker.
struct Running {
    worker: Worker,
    /// When it was asked for, in milliseconds since the Unix epoch.
    asked_ms: f64,
    limit: RefCell<Option<Timeout>>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut(web_sys::Event)>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.set_onmessageerror(None);
        self.worker.set_onerror(None);
        self.worker.terminate();
    }
}

impl Subprocess {
    /// Asks for a process. Whether it starts is its first event.
    pub fn spawn(system: &Subprocesses, spec: Spec<PipeReader, PipeWriter>) -> Subprocess {
        let (tell, events) = unbounded();
        let Spec { args, executable, env, stdin, stdout, stderr } = spec;
        let (mut ours, mut theirs, mut error) = (None, (None, None), None);
        let stdin = match stdin {
            Stdin::Null => JsValue::NULL,
            Stdin::Bytes(bytes) => Uint8Array::from(&bytes[..]).into(),
            Stdin::Pipe => match pipe() {
                Ok((reader, writer)) => {
                    ours = Some(writer);
                    theirs.0.insert(reader).0.buffer()
                }
                Err(no_pipe) => {
                    error = Some(no_pipe);
                    JsValue::NULL
                }
            },
            Stdin::From(reader) => theirs.0.insert(reader).0.buffer(),
        };
        let mut window = None;
        let stdout = match stdout {
            Stdout::Null => JsValue::NULL,
            Stdout::Pipe => {
                window = if isolated() { Pipe::new().ok() } else { None };
                object(&[("window", window.as_ref().map_or(JsValue::NULL, Pipe::buffer))]).into()
            }
            Stdout::To(writer) => theirs.1.insert(writer).0.buffer(),
        };
        let stderr = match stderr {
            Stderr::Null => JsValue::NULL,
            Stderr::Pipe => "page".into(),
            Stderr::Stdout => "stdout".into(),
        };
        let state = Rc::new(State {
            config: system.config.clone(),
            tell,
            has_ended: Cell::default(),
            running: RefCell::default(),
            ends: RefCell::new(theirs),
            window,
            correction_ms: Cell::default(),
            read_bytes: Cell::default(),
            written_bytes: Cell::default(),
        });
        if let Some(error) = error {
            state.end_now(Event::Failed(error));
            return Subprocess { state, events, stdin: None, room: None };
        }
        let list = |strings: &mut dyn Iterator<Item = String>| strings.map(JsValue::from).collect::<Array>();
        let program = args.first().cloned().unwrap_or_default();
        let message = object(&[
            ("args", list(&mut args.into_iter()).into()),
            ("env", list(&mut env.into_iter().map(|(name, value)| format!("{name}={value}"))).into()),
            ("stdin", stdin),
            ("stdout", stdout),
            ("stderr", stderr),
        ]);
        // Dropping the subprocess meanwhile ends what is to be started.
        let (system, waiting) = (system.clone(), Rc::downgrade(&state));
        spawn_local(async move {
            let image = system.image(&program, executable).await;
            let Some(state) = waiting.upgrade() else { return };
            if state.has_ended.get() {
                return;
            }
            if let Err(error) = image.and_then(|image| state.start(&image, &message)) {
                state.end_now(Event::Failed(error));
            }
        });
        Subprocess { state, events, stdin: ours, room: None }
    }
}

impl State {
    fn start(self: &Rc<State>, image: &WebAssembly::Module, message: &js_sys::Object) -> Result<(), SpawnError> {
        let no_worker = |error: JsValue| SpawnError::NoWorker(words(&error));
        js_sys::Reflect::set(message, &"module".into(), image).map_err(no_worker)?;
        let asked_ms = absolute_ms();
        let worker = new_worker(&self.config.script, "overlap subprocess").map_err(no_worker)?;
        let state = Rc::downgrade(self);
        let on_message = Closure::new(move |event: MessageEvent| with(&state, |state| state.receive(&event.data())));
        let state = Rc::downgrade(self);
        let on_error = Closure::new(move |event: web_sys::Event| {
            // The page says it; the console need not.
            event.prevent_default();
            let said = property(&event, "message").as_string().unwrap_or_else(|| "its script did not load".to_owned());
            with(&state, |state| state.end_now(Event::Failed(SpawnError::NoWorker(said))));
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onmessageerror(Some(on_error.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        let posted = worker.post_message(message).map_err(no_worker);
        let (state, limit_ms) = (Rc::downgrade(self), self.config.start_time_ms);
        let limit = Timeout::new(limit_ms, move || {
            with(&state, |state| state.end_now(Event::Failed(SpawnError::StartTimedOut(limit_ms))));
        });
        let limit = RefCell::new(Some(limit));
        let running = Running { worker, asked_ms, limit, _on_message: on_message, _on_error: on_error };
        self.running.replace(Some(running));
        posted
    }

    /// Takes a message of the worker (`www/subprocess.js`).
    fn receive(&self, data: &JsValue) {
        let number = |name: &str| property(data, name).as_f64().unwrap_or_default();
        let value = property(data, "value");
        let text = || value.as_string().unwrap_or_default();
        let at_ms = number("at");
        let event = match property(data, "kind").as_string().as_deref() {
            Some("loaded") => {
                if let Some(running) = &*self.running.borrow() {
                    self.correction_ms.set(correction_ms(running.asked_ms, at_ms, absolute_ms()));
                    running.limit.take();
                }
                return;
            }
            Some("started") => Event::Started,
            Some("stdout") => Event::Stdout(Uint8Array::new(&value).to_vec()),
            Some("stderr") => Event::Stderr(Uint8Array::new(&value).to_vec()),
            Some("blocked") => Event::Blocked(waiting(&text())),
            Some("unblocked") => Event::Unblocked(waiting(&text())),
            // As wait(2) has it: the low eight bits.
            Some("exited") => Event::Exited(value.as_f64().unwrap_or_default() as i64 as u8),
            Some("trapped") => Event::Trapped(text()),
            _ => Event::Failed(SpawnError::NoWorker(text())),
        };
        self.read_bytes.set(number("read") as u64);
        self.written_bytes.set(number("written") as u64);
        self.push(at_ms + self.correction_ms.get(), event);
    }

    /// An end that the page makes or finds.
    fn end_now(&self, event: Event) {
        self.push(absolute_ms(), event);
    }

    fn push(&self, at_ms: f64, event: Event) {
        if self.has_ended.get() {
            return;
        }
        let is_end = event.is_end();
        let at = Instant::from_ms(at_ms - self.config.origin_ms);
        let (read_bytes, written_bytes) = (self.read_bytes.get(), self.written_bytes.get());
        // Nobody misses it if its receiver is gone.
        let _ = self.tell.unbounded_send(Stamped { at, read_bytes, written_bytes, event });
        if is_end {
            self.has_ended.set(true);
            self.tell.close_channel();
            self.let_go();
        }
    }

    /// Ends the worker, then closes its ends of pipes.
    fn let_go(&self) {
        if let Some(running) = self.running.take() {
            // This may be called by one of its listeners, which stands until it has returned.
            drop_later(running);
        }
        self.ends.take();
    }
}

/// Ends a worker at once, and lets go of its listeners when none of them runs.
fn drop_later(running: Running) {
    running.worker.terminate();
    spawn_local(async move { drop(running) });
}

fn with(state: &Weak<State>, act: impl FnOnce(&State)) {
    if let Some(state) = state.upgrade() {
        act(&state);
    }
}

fn waiting(name: &str) -> Waiting {
    match name {
        "stdin" => Waiting::Stdin,
        "stdout" => Waiting::Stdout,
        _ => Waiting::Sleep,
    }
}

impl Drop for Subprocess {
    fn drop(&mut self) {
        self.state.has_ended.set(true);
        self.state.let_go();
    }
}

impl Child for Subprocess {
    fn poll_event(&mut self, context: &mut Context<'_>) -> Poll<Option<Stamped>> {
        let stamped = ready!(self.events.poll_next_unpin(context));
        if let (Some(Stamped { event: Event::Stdout(bytes), .. }), Some(window)) = (&stamped, &self.state.window) {
            window.taken(bytes.len() as u32);
        }
        Poll::Ready(stamped)
    }

    fn poll_write(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize, BrokenPipe>> {
        let Some(PipeWriter(pipe)) = &self.stdin else { return Poll::Ready(Err(BrokenPipe)) };
        loop {
            if let Some(room) = &mut self.room {
                // It fails in no case.
                let _ = ready!(Pin::new(room).poll(context));
                self.room = None;
            }
            let changes = pipe.changes();
            match pipe.put(bytes) {
                Ok(0) if !bytes.is_empty() => self.room = pipe.next_change(changes),
                done => return Poll::Ready(done),
            }
        }
    }

    fn close_stdin(&mut self) {
        self.stdin = None;
    }

    fn kill(&mut self) {
        self.state.end_now(Event::Killed);
    }
}
