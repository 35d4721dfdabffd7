//! Runs as files: what leaves the page, and what comes in. Pure: bytes in, bytes out.
//!
//! * [`json`] is Overlap's own format, which loses nothing; kept runs have it too.
//! * [`chrome`] writes and reads the trace event format of Chrome, Perfetto and VizTracer.
//! * [`ask`] is how the page speaks to the program that does this: files are never handled on the page.
//! * [`csv`] and [`markdown`] are tables for people and spreadsheets, [`svg`] is the timeline as a picture.
//!
//! What is read may be damaged, foreign or hostile: every limit is in [`limits`], every refusal a [`FileError`].

pub mod ask;
pub mod chrome;
pub mod csv;
pub mod json;
pub mod limits;
pub mod markdown;
pub mod svg;

mod bounded;
mod error;

pub use error::FileError;

use crate::model::run::Run;

/// A run that was read, and what a person should know about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    pub run: Run,
    /// What was left out or worked out, in sentences.
    pub remarks: Vec<String>,
}

/// Reads a file, of whichever format it is. `name` is the file's, which a foreign run is called by.
///
/// # Errors
/// If it is neither Overlap's nor a Chrome trace, is damaged, or is larger than this page can show.
pub fn import(bytes: &[u8], name: &str) -> Result<Imported, FileError> {
    if bytes.len() > limits::FILE_BYTES {
        return Err(FileError::TooLarge { bytes: bytes.len() as u64 });
    }
    // Editors of Windows put a mark of byte order first.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match json::version(bytes)? {
        Some(version) => json::read(bytes, version).map(|run| Imported { run, remarks: Vec::new() }),
        None => chrome::read(bytes, name),
    }
}
