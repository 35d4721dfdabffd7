//! Processes that a process asks for. The page makes and owns them, and connects the two with a channel of their own, so that
//! what they say to each other does not pass through the page.

use std::cell::Cell;
use std::rc::Rc;

use js_sys::Array;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::{MessageChannel, Worker};

use super::messages::object;
use super::process::{Inbox, Process, ProcessConfig, ProcessError};
use crate::model::event::{EventKind, Phase};

/// Starts process `number` for a parent, and tells it once the two are connected, or why they are not.
pub(super) fn start_child(inbox: &Rc<Inbox>, number: u32, parent: &Worker) {
    let Some(image) = inbox.image() else { return };
    let origin_ms = inbox.origin_ms();
    let usual = ProcessConfig::with_threads(image, 0);
    // They start side by side, as many as were asked for before this one among them.
    let start_time_ms = usual.start_time_ms + 50 * number;
    let memory_mib = inbox.child_mib();
    let config = ProcessConfig { number, origin_ms: Some(origin_ms), start_time_ms, memory_mib, ..usual };
    // The page's own record, as of the first process: the one that is asked for cannot make it.
    inbox.push_child_event(number, EventKind::Enter(Phase::Instantiating));
    let child = match Process::spawn(&config) {
        Ok(child) => Rc::new(child),
        Err(error) => {
            inbox.push_child_event(number, EventKind::LaneClosed);
            return tell_parent(parent, number, &error);
        }
    };
    let tell = {
        let (parent, inbox, is_told) = (parent.clone(), Rc::downgrade(inbox), Rc::new(Cell::new(false)));
        move |error: &ProcessError| {
            // That it died while it started is heard of here and where its start is awaited.
            if is_told.replace(true) {
                return;
            }
            if let Some(inbox) = inbox.upgrade() {
                inbox.end_lane(number);
            }
            tell_parent(&parent, number, error);
        }
    };
    child.on_death(tell.clone());
    inbox.own(number, child.clone());
    let (parent, memory) = (parent.clone(), inbox.memory());
    spawn_local(async move {
        // Its death it tells itself.
        match child.ready(&config).await {
            Ok(()) => connect(&child, number, &parent, &memory).unwrap_or_else(|_| tell(&ProcessError::Garbled)),
            Err(error) => tell(&error),
        }
    });
}

/// Tells a parent why it has no such process, or no longer.
fn tell_parent(parent: &Worker, number: u32, error: &ProcessError) {
    let reason = match error {
        ProcessError::Died(words) => format!("process {number} died: {words}"),
        ProcessError::Ended => format!("process {number} died: the browser ended it without a word"),
        ProcessError::NoMemory => format!("process {number} died, as it had no memory left"),
        other => format!("process {number} did not start: {other}"),
    };
    let message = object(&[("kind", "child".into()), ("number", number.into()), ("reason", reason.into())]);
    // A parent that is gone misses nothing.
    let _ = parent.post_message(&message);
}

/// Gives the two a channel, and the child a sight of its parent's memory, if that is shared.
fn connect(child: &Process, number: u32, parent: &Worker, memory: &JsValue) -> Result<(), JsValue> {
    let channel = MessageChannel::new()?;
    let (port1, port2) = (JsValue::from(channel.port1()), JsValue::from(channel.port2()));
    let serve = object(&[
        ("kind", "serve".into()),
        ("number", number.into()),
        ("port", port1.clone()),
        ("memory", memory.clone()),
    ]);
    child.post(&serve, &Array::of1(&port1))?;
    let told = object(&[("kind", "child".into()), ("number", number.into()), ("port", port2.clone())]);
    parent.post_message_with_transfer(&told, &Array::of1(&port2))
}
