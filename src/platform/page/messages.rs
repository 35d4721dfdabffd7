//! Messages to workers, and the script that receives them.

use gloo_timers::callback::Timeout;
use js_sys::{Object, Reflect};
use wasm_bindgen::prelude::*;
use web_sys::{MessageEvent, Worker, WorkerOptions, WorkerType};

#[wasm_bindgen(module = "/www/process.js")]
extern "C" {
    /// The address of the start script of every worker, where that is a file by itself (`Image::own`).
    #[wasm_bindgen(js_name = processScriptUrl)]
    pub fn process_script_url() -> String;

    /// Calls `tell` once nobody holds a lock of this name.
    #[wasm_bindgen(js_name = whenGone)]
    pub fn when_gone(lock: &str, tell: JsValue);
}

/// A JavaScript object with these properties.
pub fn object(properties: &[(&str, JsValue)]) -> Object {
    let object = Object::new();
    for (name, value) in properties {
        // Setting a property of a new plain object does not fail.
        let _ = Reflect::set(&object, &JsValue::from_str(name), value);
    }
    object
}

/// A property of what may be an object.
pub fn property(value: &JsValue, name: &str) -> JsValue {
    Reflect::get(value, &name.into()).unwrap_or_default()
}

/// Asks the browser for a worker.
pub fn new_worker(script: &str, name: &str) -> Result<Worker, JsValue> {
    let options = WorkerOptions::new();
    options.set_type(WorkerType::Module);
    options.set_name(name);
    Worker::new_with_options(script, &options)
}

/// A worker that still loads has so long for it, in milliseconds.
const LOADING_MS: u32 = 3_000;

/// Ends a worker. One that still loads ends once it has loaded: Firefox reports one that is ended before as an error of the page.
pub fn end_worker(worker: &Worker, has_loaded: bool) {
    worker.set_onmessage(None);
    worker.set_onmessageerror(None);
    if has_loaded {
        worker.set_onerror(None);
        return worker.terminate();
    }
    let on_message = {
        let worker = worker.clone();
        Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            if matches!(property(&event.data(), "kind").as_string().as_deref(), Some("loaded" | "failed")) {
                worker.terminate();
            }
        })
        .into_js_value()
    };
    // Its errors are nobody's any more.
    let on_error = Closure::<dyn FnMut(web_sys::Event)>::new(|event: web_sys::Event| event.prevent_default());
    worker.set_onmessage(Some(on_message.unchecked_ref()));
    worker.set_onerror(Some(on_error.into_js_value().unchecked_ref()));
    let worker = worker.clone();
    Timeout::new(LOADING_MS, move || worker.terminate()).forget();
}

/// What a thrown value says.
pub fn words(error: &JsValue) -> String {
    let message = error.dyn_ref::<js_sys::Error>().map(|error| String::from(error.message()));
    message.or_else(|| error.as_string()).unwrap_or_default()
}
