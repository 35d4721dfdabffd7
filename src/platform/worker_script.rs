//! What `www/process.js` gives to Rust, and the address of the program itself.

use js_sys::{Object, Reflect};
use wasm_bindgen::prelude::*;

use crate::engine::recorder::{CRASH_BYTES, CRASH_LENGTH, CRASH_TEXT, CRASHED, Shared};

#[wasm_bindgen(module = "/www/process.js")]
extern "C" {
    #[wasm_bindgen(js_name = processScriptUrl)]
    pub fn process_script_url() -> String;

    #[wasm_bindgen(js_name = watchForCrashes)]
    fn watch_for_crashes_at(memory: &JsValue, offsets: &Object);
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

/// From now on, a trap of this thread is written into the block.
pub fn watch_for_crashes(shared: &Shared) {
    let start_bytes = shared.words().as_ptr() as usize;
    let word = |index: usize| (start_bytes / 4 + index) as u32;
    let offsets = object(&[
        ("crashed", word(CRASHED).into()),
        ("length", word(CRASH_LENGTH).into()),
        ("text", (start_bytes + CRASH_TEXT * 4).into()),
        ("room", CRASH_BYTES.into()),
    ]);
    watch_for_crashes_at(&wasm_bindgen::memory(), &offsets);
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
