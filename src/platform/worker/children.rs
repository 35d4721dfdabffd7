//! Pipes between processes: the two ends of a message channel that the page made.

use core::cell::RefCell;
use core::future::poll_fn;
use core::task::{Poll, Waker};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use futures_channel::oneshot;
use js_sys::{Array, Reflect, SharedArrayBuffer, Uint8Array, WebAssembly};
use wasm_bindgen::prelude::*;
use web_sys::{MessageEvent, MessagePort};

use super::turns;
use crate::engine::ports::{Carrier, Kept, Pipe, PipeBroken};

#[wasm_bindgen(module = "/www/process.js")]
extern "C" {
    /// Asks the page for a process. The answer is a call of [`process_child`].
    #[wasm_bindgen(js_name = askForProcess)]
    fn ask_for_process(number: u32);
    /// Has the page end a process that this one asked for.
    #[wasm_bindgen(js_name = endProcess)]
    fn post_end_process(number: u32);
}

thread_local! {
    /// What this process knows of those that it started.
    static CHILDREN: RefCell<BTreeMap<u32, Child>> = const { RefCell::new(BTreeMap::new()) };
}

enum Child {
    Starting(oneshot::Sender<Result<PortPipe, PipeBroken>>),
    Started(PortPipe),
}

/// Starts a process and waits until it is connected.
pub async fn start_process(number: u32) -> Result<PortPipe, PipeBroken> {
    let (sender, started) = oneshot::channel();
    CHILDREN.with_borrow_mut(|children| children.insert(number, Child::Starting(sender)));
    ask_for_process(number);
    started.await.unwrap_or_else(|_| Err(PipeBroken("nobody answers".to_owned())))
}

/// Ends a process, whatever it does.
pub fn end_process(number: u32) {
    // Nobody waits for what it says any more.
    CHILDREN.with_borrow_mut(|children| children.remove(&number));
    post_end_process(number);
}

/// The page says that a process is connected through `port`, or why it is not, or no longer.
#[wasm_bindgen(js_name = processChild)]
pub fn process_child(number: u32, port: Option<MessagePort>, reason: Option<String>) {
    let told = port.map(|port| PortPipe::new(port, None)).ok_or_else(|| PipeBroken(reason.unwrap_or_default()));
    match (CHILDREN.with_borrow_mut(|children| children.remove(&number)), told) {
        (Some(Child::Starting(sender)), told) => {
            if let Ok(pipe) = &told {
                // At once: that it died may be the next message, before who waits for it goes on.
                CHILDREN.with_borrow_mut(|children| children.insert(number, Child::Started(pipe.clone())));
            }
            // Who was to hear of it may have been stopped.
            let _ = sender.send(told);
        }
        (Some(Child::Started(pipe)), Err(PipeBroken(reason))) => pipe.break_up(reason),
        _ => {}
    }
}

/// One end of a channel.
#[derive(Clone)]
pub struct PortPipe {
    end: Rc<End>,
}

impl core::fmt::Debug for PortPipe {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("PortPipe").finish_non_exhaustive()
    }
}

struct End {
    port: MessagePort,
    peer_memory: Option<WebAssembly::Memory>,
    state: Rc<RefCell<Received>>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_message_error: Closure<dyn FnMut()>,
}

#[derive(Default)]
struct Received {
    messages: VecDeque<MessageEvent>,
    broken: Option<String>,
    waker: Option<Waker>,
}

impl Received {
    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

/// A message may be on its way when nobody is left to take it, as when a pool breaks. To call a closure that is gone would be
/// this process's own error, and its end.
impl Drop for End {
    fn drop(&mut self) {
        self.port.set_onmessage(None);
        self.port.set_onmessageerror(None);
    }
}

impl PortPipe {
    /// The end that a port is. `peer_memory` is that of the process at the other end, from which messages are read that say
    /// only where they are: the page gives it, since Firefox 153 now and then cannot read a message of a port with memory in it.
    pub fn new(port: MessagePort, peer_memory: Option<WebAssembly::Memory>) -> PortPipe {
        let state = Rc::new(RefCell::new(Received::default()));
        let on_message = {
            let state = state.clone();
            Closure::new(move |event: MessageEvent| {
                turns::in_event(|| {
                    let mut state = state.borrow_mut();
                    // Not opened here: that is somebody's work, and is recorded.
                    state.messages.push_back(event);
                    state.wake();
                });
            })
        };
        let on_message_error = {
            let state = state.clone();
            Closure::new(move || {
                let mut state = state.borrow_mut();
                state.broken.get_or_insert_with(|| "a message could not be read".to_owned());
                state.wake();
            })
        };
        port.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        port.set_onmessageerror(Some(on_message_error.as_ref().unchecked_ref()));
        let end = End { port, peer_memory, state, _on_message: on_message, _on_message_error: on_message_error };
        PortPipe { end: Rc::new(end) }
    }

    /// Whoever receives is told, after what has come by now, that the process at the other end has died, of this. What was still
    /// on its way is not waited for.
    pub fn break_up(&self, reason: String) {
        let mut state = self.end.state.borrow_mut();
        state.broken.get_or_insert(reason);
        state.wake();
    }
}

impl Pipe for PortPipe {
    type Message = MessageEvent;

    fn send(&self, bytes: Vec<u8>, carrier: Carrier) -> Result<Kept, PipeBroken> {
        let port = &self.end.port;
        let (sent, kept) = match carrier {
            Carrier::Copy => (port.post_message(&Uint8Array::from(&bytes[..])), Kept::nothing()),
            Carrier::Transfer => {
                // Memory of this program cannot leave it: what is handed over is a copy outside.
                let copy = Uint8Array::from(&bytes[..]);
                let handed_over = Array::of1(&copy.buffer());
                (port.post_message_with_transferable(&copy, &handed_over), Kept::nothing())
            }
            Carrier::Shared => {
                must_be_shared()?;
                let place = Array::of2(&address(&bytes).into(), &(bytes.len() as f64).into());
                (port.post_message(&place), Kept::until_answered(bytes))
            }
        };
        match sent {
            Ok(()) => Ok(kept),
            Err(_) => {
                // It did not go, so nobody reads it.
                kept.release();
                Err(PipeBroken("a message could not be sent".to_owned()))
            }
        }
    }

    async fn receive(&self) -> Result<MessageEvent, PipeBroken> {
        poll_fn(|context| {
            let mut state = self.end.state.borrow_mut();
            if let Some(message) = state.messages.pop_front() {
                return Poll::Ready(Ok(message));
            }
            if let Some(reason) = &state.broken {
                return Poll::Ready(Err(PipeBroken(reason.clone())));
            }
            state.waker = Some(context.waker().clone());
            Poll::Pending
        })
        .await
    }

    fn open(&self, message: MessageEvent) -> Vec<u8> {
        let data = message.data();
        let place = match data.dyn_into::<Uint8Array>() {
            Ok(bytes) => return bytes.to_vec(),
            Err(place) => Array::from(&place),
        };
        let number = |index| place.get(index).as_f64().unwrap_or_default() as u32;
        // Looked up each time, as a memory that has grown is another buffer.
        let memory = self.end.peer_memory.as_ref().map(WebAssembly::Memory::buffer).unwrap_or_default();
        Uint8Array::new_with_byte_offset_and_length(&memory, number(0), number(1)).to_vec()
    }
}

/// Where bytes are in this program's memory.
fn address(bytes: &[u8]) -> f64 {
    bytes.as_ptr() as usize as f64
}

/// Looks whether others may see this program's memory.
///
/// # Errors
/// If they may not.
fn must_be_shared() -> Result<(), PipeBroken> {
    let memory: WebAssembly::Memory = wasm_bindgen::memory().unchecked_into();
    let buffer = memory.buffer();
    // Where there is no such class, there is no such memory, and asking for an instance of it would be an error.
    let class_is_there = Reflect::has(&js_sys::global(), &"SharedArrayBuffer".into()).unwrap_or(false);
    if class_is_there && buffer.is_instance_of::<SharedArrayBuffer>() {
        Ok(())
    } else {
        Err(PipeBroken("this memory is not shared".to_owned()))
    }
}
