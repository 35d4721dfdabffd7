//! Pipes between processes: a bounded ring of bytes in shared memory, with one reader and one writer.
//!
//! Header words, then the bytes. Both totals count modulo 2^32; the number of changes is what either end waits on: who finds
//! nothing to do has read it before it looked. `www/subprocess.js` has the same for the workers.

use js_sys::{Atomics, Int32Array, SharedArrayBuffer, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use super::super::messages::property;
use super::super::process::isolated;
use crate::engine::subprocess::{BrokenPipe, PIPE_BYTES, SpawnError};

const READ: u32 = 0;
const WRITTEN: u32 = 1;
const GONE: u32 = 2;
const CHANGES: u32 = 3;
const HEADER_BYTES: u32 = 16;

const READER_GONE: i32 = 1;
const WRITER_GONE: i32 = 2;

/// A pipe, seen from the page.
#[derive(Clone, Debug)]
pub(super) struct Pipe {
    words: Int32Array,
    bytes: Uint8Array,
}

impl Pipe {
    /// An empty one.
    pub fn new() -> Result<Pipe, SpawnError> {
        if !isolated() {
            return Err(SpawnError::NoSharedMemory);
        }
        let buffer = SharedArrayBuffer::new(HEADER_BYTES + PIPE_BYTES);
        let words = Int32Array::new_with_byte_offset_and_length(&buffer, 0, HEADER_BYTES / 4);
        let bytes = Uint8Array::new_with_byte_offset(&buffer, HEADER_BYTES);
        Ok(Pipe { words, bytes })
    }

    /// What is posted to workers.
    pub fn buffer(&self) -> JsValue {
        self.words.buffer().unchecked_into()
    }

    // Every index is inside the header, so that Atomics refuses none.
    fn load(&self, word: u32) -> u32 {
        Atomics::load(&self.words, word).unwrap_or_default() as u32
    }

    /// The number of changes so far, to be read before one looks.
    pub fn changes(&self) -> u32 {
        self.load(CHANGES)
    }

    fn changed(&self) {
        let _ = Atomics::add(&self.words, CHANGES, 1);
        let _ = Atomics::notify(&self.words, CHANGES);
    }

    fn leave(&self, end: i32) {
        let _ = Atomics::or(&self.words, GONE, end);
        self.changed();
    }

    /// Counts bytes as taken.
    pub fn taken(&self, count: u32) {
        let _ = Atomics::add(&self.words, READ, count as i32);
        self.changed();
    }

    /// Writes as much as there is room for, which may be nothing.
    ///
    /// # Errors
    /// If nobody reads any more.
    pub fn put(&self, bytes: &[u8]) -> Result<usize, BrokenPipe> {
        if self.load(GONE) as i32 & READER_GONE != 0 {
            return Err(BrokenPipe);
        }
        let written = self.load(WRITTEN);
        let room = PIPE_BYTES - written.wrapping_sub(self.load(READ));
        let piece = bytes.get(..room as usize).unwrap_or(bytes);
        let to = written % PIPE_BYTES;
        let (first, rest) = piece.split_at(piece.len().min((PIPE_BYTES - to) as usize));
        self.bytes.subarray(to, to + first.len() as u32).copy_from(first);
        self.bytes.subarray(0, rest.len() as u32).copy_from(rest);
        if !piece.is_empty() {
            let _ = Atomics::add(&self.words, WRITTEN, piece.len() as i32);
            self.changed();
        }
        Ok(piece.len())
    }

    /// What ends at the next change; nothing if there was one since.
    pub fn next_change(&self, changes: u32) -> Option<JsFuture> {
        let waiting = Atomics::wait_async(&self.words, CHANGES, changes as i32).ok()?;
        let promise: js_sys::Promise = property(&waiting, "value").dyn_into().ok()?;
        Some(promise.into())
    }
}

/// The reading end of a pipe. Dropping it closes it: who writes then gets an error.
#[derive(Debug)]
pub struct PipeReader(pub(super) Pipe);

impl Drop for PipeReader {
    fn drop(&mut self) {
        self.0.leave(READER_GONE);
    }
}

/// The writing end of a pipe. Dropping it closes it: who reads finds the end.
#[derive(Debug)]
pub struct PipeWriter(pub(super) Pipe);

impl Drop for PipeWriter {
    fn drop(&mut self) {
        self.0.leave(WRITER_GONE);
    }
}

/// A pipe, by its two ends.
///
/// # Errors
/// If this page cannot share memory.
pub fn pipe() -> Result<(PipeReader, PipeWriter), SpawnError> {
    let pipe = Pipe::new()?;
    Ok((PipeReader(pipe.clone()), PipeWriter(pipe)))
}
