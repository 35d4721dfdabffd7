//! What `www/files.js` calls: one question, one answer.

use std::rc::Rc;

use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, BlobPropertyBag, File};

use super::store::{self, StoreError};
use crate::files::ask::{Answer, Ask, Format, Read, Room};
use crate::files::{self, FileError, Imported, chrome, csv, json, limits, markdown, svg};
use crate::model::packed;
use crate::model::run::Run;

/// Answers what the page asks, in postcard's format; `file` is one that travels beside it. Gives the answer, the file that
/// belongs to it, if any, and the spans of a run, lane after lane.
#[wasm_bindgen(js_name = filesAnswer)]
pub async fn files_answer(ask: Vec<u8>, file: Option<File>) -> Result<Array, JsError> {
    let (mut answer, written) = match postcard::from_bytes(&ask)? {
        Ask::Export(run, format) => match export(&run, format) {
            Some(written) => (Answer::File, written.into()),
            None => (
                Answer::Refused("The browser gave no room for the file. Close other tabs, then try again.".to_owned()),
                JsValue::UNDEFINED,
            ),
        },
        Ask::Import(name, room) => (import(&name, file, room).await, JsValue::UNDEFINED),
        ask => (kept(ask).await.unwrap_or_else(|error| Answer::Refused(error.to_string())), JsValue::UNDEFINED),
    };
    let spans = match &mut answer {
        Answer::Run { read, .. } => take_spans(&mut read.run),
        _ => Array::new(),
    };
    let answer = Uint8Array::from(&postcard::to_allocvec(&answer)?[..]);
    Ok(Array::of3(&answer, &written, &spans))
}

/// Takes the spans out of a run: those of each lane of each leg, as bytes.
fn take_spans(run: &mut Run) -> Array {
    let lanes = run.legs.iter_mut().flat_map(|leg| Rc::make_mut(&mut leg.trace).lanes.values_mut());
    lanes.map(|lane| Uint8Array::from(&packed::pack(&core::mem::take(&mut lane.spans))[..])).collect()
}

fn export(run: &Run, format: Format) -> Option<Blob> {
    let bytes = match format {
        Format::Json => json::write(run),
        Format::Chrome => chrome::write(run).into_bytes(),
        Format::Csv => csv::write(run).into_bytes(),
        Format::Markdown => markdown::write(run).into_bytes(),
        Format::Svg => svg::write(run).into_bytes(),
    };
    let options = BlobPropertyBag::new();
    options.set_type(format.media_type());
    // A copy, since browsers take nothing of memory that is shared.
    Blob::new_with_u8_array_sequence_and_options(&Array::of1(&Uint8Array::from(&bytes[..])), &options).ok()
}

async fn import(name: &str, file: Option<File>, room: Option<Room>) -> Answer {
    let Some(file) = file else { return Answer::Refused("The browser gave no file. Choose it again.".to_owned()) };
    // Before any of it is read.
    if file.size() > limits::FILE_BYTES as f64 {
        return Answer::Refused(FileError::TooLarge { bytes: file.size() as u64 }.to_string());
    }
    let Ok(buffer) = JsFuture::from(file.array_buffer()).await else {
        return Answer::Refused("The file could not be read: it was moved or changed. Choose it again.".to_owned());
    };
    let bytes = Uint8Array::new(&buffer).to_vec();
    drop(buffer);
    match files::import(&bytes, name) {
        Ok(Imported { run, remarks }) => Answer::Run { read: Read::seen_in(run, room).into(), remarks },
        Err(error) => Answer::Refused(error.to_string()),
    }
}

async fn kept(ask: Ask) -> Result<Answer, StoreError> {
    let mut new = None;
    match ask {
        Ask::Keep(run) => new = Some(store::keep(&run).await?),
        Ask::Open(id, room) => {
            let run = store::open(id).await?;
            return Ok(Answer::Run { read: Read::seen_in(run, room).into(), remarks: Vec::new() });
        }
        Ask::Name(id, name) => store::name(id, &name).await?,
        Ask::Remove(id) => store::remove(id).await?,
        Ask::List | Ask::Export(..) | Ask::Import(..) => {}
    }
    Ok(Answer::Kept { list: store::list().await?, new })
}
