//! Requests, by the browser's own fetch.

use futures_util::future::{Either, select};
use gloo_timers::future::TimeoutFuture;
use js_sys::ArrayBuffer;
use std::pin::pin;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, RequestCache, RequestInit, Response};

use crate::model::outcome::{Failure, Value};

#[wasm_bindgen]
extern "C" {
    // Pages and workers each have their own `fetch`; web-sys would need to be told which.
    #[wasm_bindgen(js_name = fetch)]
    fn global_fetch(address: &str, init: &RequestInit) -> js_sys::Promise;
}

/// Gives a request up when it is dropped before its answer was read.
struct Request {
    abort: AbortController,
}

impl Drop for Request {
    fn drop(&mut self) {
        self.abort.abort();
    }
}

/// Makes a request and reads its answer to the end, waiting for it at most so long.
///
/// # Errors
/// If nothing answers, if the answer breaks off, if it does not come in time, or if its status is an error.
pub async fn fetch(address: &str, patience_ms: u32) -> Result<Value, Failure> {
    match select(pin!(answer(address)), TimeoutFuture::new(patience_ms)).await {
        Either::Left((answer, _)) => answer,
        Either::Right(_) => Err(Failure::TimedOut(patience_ms)),
    }
}

/// An error of the browser, in its own words.
fn words(error: &JsValue) -> String {
    let message = error.dyn_ref::<js_sys::Error>().map(|error| String::from(error.message()));
    message.or_else(|| error.as_string()).unwrap_or_else(|| "the browser gives no reason".to_owned())
}

async fn answer(address: &str) -> Result<Value, Failure> {
    let unreachable = |error: JsValue| Failure::Unreachable(words(&error));
    let request = Request { abort: AbortController::new().map_err(unreachable)? };
    let init = RequestInit::new();
    init.set_signal(Some(&request.abort.signal()));
    init.set_cache(RequestCache::NoStore);
    let response = JsFuture::from(global_fetch(address, &init)).await.map_err(unreachable)?;
    let response: Response = response.dyn_into().map_err(unreachable)?;
    // From here on there is an answer, which may yet break off.
    let broke_off = |error: JsValue| Failure::BrokeOff(words(&error));
    let body = JsFuture::from(response.array_buffer().map_err(broke_off)?).await.map_err(broke_off)?;
    let body: ArrayBuffer = body.dyn_into().map_err(broke_off)?;
    if response.ok() {
        Ok(Value::Response { status: response.status(), bytes: body.byte_length() })
    } else {
        Err(Failure::Status(response.status()))
    }
}
