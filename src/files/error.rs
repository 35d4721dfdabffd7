//! Why a file cannot be read, with what to do.

use thiserror::Error;

use super::limits;
use crate::model::run::RUN_VERSION;

/// Why a file is no run that this page can show.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FileError {
    #[error(
        "This file has {} MB; at most {} MB can be opened. Record a shorter time, or fewer functions",
        bytes / 1_000_000,
        limits::FILE_BYTES / 1_000_000
    )]
    TooLarge { bytes: u64 },
    /// More of something than is allowed.
    #[error("This file has more than {most} {what}. Record a shorter time, or fewer functions")]
    TooMany { what: &'static str, most: usize },
    /// No JSON, or JSON that breaks off or says something impossible.
    #[error("This file is damaged ({reason}). Export or record it again")]
    Damaged { reason: String },
    #[error(
        "This file was made by a newer Overlap (format {version}; this page knows up to {RUN_VERSION}). Reload the page to update it"
    )]
    Newer { version: u64 },
    #[error(
        "This file is neither a run of Overlap nor a Chrome trace. Open what “JSON” saved, or what VizTracer wrote \
         (viztracer -o result.json …)"
    )]
    Foreign,
    #[error("This trace has no slices to draw: it holds {events} events, none of them a time span. Record it again")]
    Empty { events: usize },
}

impl FileError {
    /// What a parser says of JSON that it cannot read. A limit that was passed speaks through the parser as well.
    pub(super) fn of_parser(error: &serde_json::Error) -> FileError {
        let text = error.to_string();
        match super::bounded::limit_of(&text) {
            Some((what, most)) => FileError::TooMany { what, most },
            None => FileError::Damaged { reason: text },
        }
    }

    pub(super) fn damaged(reason: impl Into<String>) -> FileError {
        FileError::Damaged { reason: reason.into() }
    }
}
