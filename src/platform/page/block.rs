//! The block of another process, seen through typed arrays on its memory.

use js_sys::{Atomics, Int32Array, Uint32Array, WebAssembly::Memory};
use wasm_bindgen::{JsCast, JsValue};

use crate::engine::recorder::{STOP, Words};

/// A block in a shared memory that is not this program's own.
#[derive(Debug)]
pub struct Block {
    signed: Int32Array,
    unsigned: Uint32Array,
    start: u32,
}

impl Block {
    /// The block at an address, in bytes. The view stays good when the memory grows: it is of the bytes that were there.
    pub fn new(memory: &Memory, address: u32) -> Block {
        let buffer = memory.buffer();
        Block { signed: Int32Array::new(&buffer), unsigned: Uint32Array::new(&buffer), start: address / 4 }
    }

    /// Asks every task of the process to end.
    pub fn request_stop(&self) {
        self.store(STOP, 1);
    }
}

// Every index is inside the view, which the process made before it told its address, so that Atomics refuses none.
impl Words for Block {
    fn load(&self, index: usize) -> u32 {
        Atomics::load(&self.signed, self.start + index as u32).unwrap_or_default() as u32
    }

    fn store(&self, index: usize, value: u32) {
        let _ = Atomics::store(&self.signed, self.start + index as u32, value as i32);
    }

    fn copy(&self, index: usize, out: &mut [u32]) {
        let first = self.start + index as u32;
        self.unsigned.subarray(first, first + out.len() as u32).copy_to(out);
    }
}

/// Whether a JavaScript value is a memory that other threads can see.
pub fn is_shared(memory: &JsValue) -> bool {
    memory.dyn_ref::<Memory>().is_some_and(|memory| memory.buffer().is_instance_of::<js_sys::SharedArrayBuffer>())
}
