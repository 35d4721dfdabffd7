//! Requests, by the browser's own fetch.

use futures_util::future::{Either, select};
use gloo_timers::future::TimeoutFuture;
use js_sys::ArrayBuffer;
use std::pin::pin;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, RequestCache, RequestInit, Response};

use crate::model::outcome::{Failure, Value};

/// How long one request may take, in milliseconds: a little more than the longest latency that a plan may ask for.
const REQUEST_TIME_MS: u32 = 65_000;

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

/// Makes a request and reads its answer to the end.
///
/// # Errors
/// If nothing answers, if the answer breaks off, if it does not come in time, or if its status is an error.
pub async fn fetch(address: &str) -> Result<Value, Failure> {
    match select(pin!(answer(address)), TimeoutFuture::new(REQUEST_TIME_MS)).await {
        Either::Left((answer, _)) => answer.map_err(|Unanswered { failure }| failure),
        Either::Right(_) => Err(Failure::TimedOut(REQUEST_TIME_MS)),
    }
}

struct Unanswered {
    failure: Failure,
}

impl From<JsValue> for Unanswered {
    fn from(error: JsValue) -> Unanswered {
        let words = error.dyn_ref::<js_sys::Error>().map(|error| String::from(error.message()));
        Unanswered {
            failure: Failure::Unreachable(
                words.or_else(|| error.as_string()).unwrap_or_else(|| "the browser gives no reason".to_owned()),
            ),
        }
    }
}

async fn answer(address: &str) -> Result<Value, Unanswered> {
    let request = Request { abort: AbortController::new()? };
    let init = RequestInit::new();
    init.set_signal(Some(&request.abort.signal()));
    init.set_cache(RequestCache::NoStore);
    let response: Response = JsFuture::from(global_fetch(address, &init)).await?.dyn_into()?;
    let body: ArrayBuffer = JsFuture::from(response.array_buffer()?).await?.dyn_into()?;
    if response.ok() {
        Ok(Value::Response { status: response.status(), bytes: body.byte_length() })
    } else {
        Err(Unanswered { failure: Failure::Status(response.status()) })
    }
}
