//! The worker that handles files, as the page owns it: started when something is first asked, ended when nothing is asked any more.

use core::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};

use futures_channel::oneshot;
use gloo_timers::callback::Timeout;
use js_sys::{Array, Uint8Array};
use thiserror::Error;
use wasm_bindgen::prelude::*;
use web_sys::{Blob, File, MessageEvent, Worker};

use super::messages::{new_worker, object, property};
use crate::files::ask::{Answer, Ask};

/// How long the worker is kept when nothing is asked, in milliseconds. It takes memory, and is started in a moment.
const IDLE_MS: u32 = 3_000;

#[wasm_bindgen(module = "/www/files.js")]
extern "C" {
    #[wasm_bindgen(js_name = filesScriptUrl)]
    fn files_script_url() -> String;
}

/// Why nothing was answered.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FilingError {
    #[error("The program that handles files could not be loaded ({0}). Check the connection, then try again.")]
    Absent(String),
    #[error(
        "The program that handles files died ({0}). The file may be too large for this browser: close other tabs, or use a smaller one."
    )]
    Died(String),
    #[error(
        "The program that handles files answered in a way this page does not know. Reload the page: it may be of two versions."
    )]
    Garbled,
}

/// What was answered.
pub struct Answered {
    pub answer: Answer,
    /// The file that belongs to it, if any.
    pub file: Option<Blob>,
    /// The spans of a run: those of each lane of each leg (`model::packed`).
    pub spans: Array,
}

type Said = Result<JsValue, FilingError>;

/// What listens to a worker, which lives as long as it does.
struct Running {
    worker: Worker,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut()>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.worker.terminate();
    }
}

/// The worker, while there is one, and who waits for its answers.
pub struct Filing {
    /// The address of the program's JavaScript side.
    program_url: String,
    running: RefCell<Option<Running>>,
    is_dead: Cell<bool>,
    waiting: RefCell<BTreeMap<u32, oneshot::Sender<Said>>>,
    last_number: Cell<u32>,
    idle: RefCell<Option<Timeout>>,
}

impl Filing {
    pub fn new(program_url: String) -> Rc<Filing> {
        Rc::new(Filing {
            program_url,
            running: RefCell::default(),
            is_dead: Cell::default(),
            waiting: RefCell::default(),
            last_number: Cell::default(),
            idle: RefCell::default(),
        })
    }

    /// Asks, and waits for the answer. `file` travels with the question.
    ///
    /// # Errors
    /// If the worker cannot be loaded, dies, or says what nobody knows.
    pub async fn ask(self: &Rc<Filing>, ask: &Ask, file: Option<&File>) -> Result<Answered, FilingError> {
        drop(self.idle.take());
        let ask = postcard::to_allocvec(ask).map_err(|_| FilingError::Garbled)?;
        let (send, answer) = oneshot::channel();
        let number = self.last_number.get().wrapping_add(1);
        self.last_number.set(number);
        self.waiting.borrow_mut().insert(number, send);
        if let Err(error) = self.post(number, &ask, file) {
            self.waiting.borrow_mut().remove(&number);
            return Err(FilingError::Absent(super::messages::words(&error)));
        }
        let said = answer.await.unwrap_or(Err(FilingError::Garbled));
        if self.waiting.borrow().is_empty() {
            let filing = Rc::downgrade(self);
            let end = move || drop(filing.upgrade().and_then(|filing| filing.running.take()));
            self.idle.replace(Some(Timeout::new(IDLE_MS, end)));
        }
        let said = said?;
        // Not `Uint8Array::new`, which would copy it once more.
        let bytes: Uint8Array = property(&said, "answer").dyn_into().map_err(|_| FilingError::Garbled)?;
        let answer = postcard::from_bytes(&bytes.to_vec()).map_err(|_| FilingError::Garbled)?;
        Ok(Answered {
            answer,
            file: property(&said, "written").dyn_into().ok(),
            spans: property(&said, "spans").dyn_into().unwrap_or_default(),
        })
    }

    fn post(self: &Rc<Filing>, number: u32, ask: &[u8], file: Option<&File>) -> Result<(), JsValue> {
        if self.is_dead.replace(false) {
            drop(self.running.take());
        }
        if self.running.borrow().is_none() {
            let running = self.start()?;
            self.running.replace(Some(running));
        }
        let ask = Uint8Array::from(ask);
        let file = file.map_or(JsValue::UNDEFINED, |file| file.into());
        let message =
            object(&[("kind", "ask".into()), ("number", number.into()), ("ask", ask.clone().into()), ("file", file)]);
        match &*self.running.borrow() {
            Some(running) => running.worker.post_message_with_transfer(&message, &Array::of1(&ask.buffer())),
            None => Err(JsValue::UNDEFINED),
        }
    }

    fn start(self: &Rc<Filing>) -> Result<Running, JsValue> {
        let worker = new_worker(&files_script_url(), "overlap files")?;
        let (hears, fails) = (Rc::downgrade(self), Rc::downgrade(self));
        let on_message =
            Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| hear(&hears, &event.data()));
        let on_error = Closure::<dyn FnMut()>::new(move || {
            fail_all(&fails, &FilingError::Absent("its script could not be loaded".to_owned()))
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        worker.post_message(&object(&[("kind", "load".into()), ("value", self.program_url.as_str().into())]))?;
        Ok(Running { worker, _on_message: on_message, _on_error: on_error })
    }
}

fn hear(filing: &Weak<Filing>, said: &JsValue) {
    let text = || property(said, "value").as_string().unwrap_or_default();
    match property(said, "kind").as_string().as_deref() {
        Some("answer") => {
            let number = property(said, "number").as_f64().unwrap_or(-1.0) as u32;
            let waiting = filing.upgrade().and_then(|filing| filing.waiting.borrow_mut().remove(&number));
            if let Some(waiting) = waiting {
                // Nobody waits any more where the page has gone on.
                let _ = waiting.send(Ok(said.clone()));
            }
        }
        Some("absent") => fail_all(filing, &FilingError::Absent(text())),
        Some("failed") => fail_all(filing, &FilingError::Died(text())),
        _ => fail_all(filing, &FilingError::Garbled),
    }
}

/// Tells everybody who waits; the next question starts a new worker.
fn fail_all(filing: &Weak<Filing>, error: &FilingError) {
    let Some(filing) = filing.upgrade() else { return };
    filing.is_dead.set(true);
    for waiting in core::mem::take(&mut *filing.waiting.borrow_mut()).into_values() {
        let _ = waiting.send(Err(error.clone()));
    }
}
