//! What `www/process.js` gives to Rust, and the address of the program itself.

use js_sys::{Object, Reflect};
use wasm_bindgen::prelude::*;

#[wasm_bindgen(module = "/www/process.js")]
extern "C" {
    #[wasm_bindgen(js_name = processScriptUrl)]
    pub fn process_script_url() -> String;
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(thread_local_v2, js_namespace = ["import", "meta"], js_name = url)]
    static PROGRAM_URL: String;
}

/// The address of the program's JavaScript side, which every process imports.
pub fn program_url() -> String {
    PROGRAM_URL.with(Clone::clone)
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
