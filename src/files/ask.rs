//! What the page asks of the program that handles files, and what that answers. Both travel in postcard's format.

use serde::{Deserialize, Serialize};

use crate::insight::Summary;
use crate::model::run::Run;

/// What a run may be written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Format {
    /// Overlap's own, which is read again.
    Json,
    /// Trace events, for Perfetto and speedscope.
    Chrome,
    Csv,
    Markdown,
    /// The timeline as a picture.
    Svg,
}

impl Format {
    /// The ending of a file's name.
    pub fn ending(self) -> &'static str {
        match self {
            Format::Json => "overlap.json",
            Format::Chrome => "trace.json",
            Format::Csv => "csv",
            Format::Markdown => "md",
            Format::Svg => "svg",
        }
    }

    /// What a browser calls it.
    pub fn media_type(self) -> &'static str {
        match self {
            Format::Json | Format::Chrome => "application/json",
            Format::Csv => "text/csv",
            Format::Markdown => "text/markdown",
            Format::Svg => "image/svg+xml",
        }
    }
}

/// A run that is kept in the browser, as it stands in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Milliseconds since the Unix epoch when it was kept, or a little later: no two have the same.
    pub id: u64,
    /// What a person called it. One without a name makes room for later ones.
    pub name: String,
    /// What its legs are called.
    pub title: String,
    /// Its size, in bytes.
    pub bytes: u64,
}

/// A run that was read, and a summary of each of its legs: the page would be held up by reading a long trace once more.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Read {
    pub run: Run,
    pub summaries: Vec<Summary>,
}

impl Read {
    /// Reads the traces of a run.
    pub fn of(run: Run) -> Read {
        let summaries = run.legs.iter().map(|leg| Summary::of(&leg.trace)).collect();
        Read { run, summaries }
    }
}

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ask {
    /// Keep a run.
    Keep(Run),
    /// Which are kept?
    List,
    /// Give a kept run.
    Open(u64),
    /// Call a kept run by a name; an empty one takes its name away.
    Name(u64, String),
    Remove(u64),
    Export(Run, Format),
    /// Read the file of this name, which travels beside.
    Import(String),
}

/// What is answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Answer {
    /// The runs that are kept, the latest first; and the one that was kept just now.
    Kept { list: Vec<Kept>, new: Option<u64> },
    /// A run, and what a person should know of it.
    Run { read: Read, remarks: Vec<String> },
    /// A file, which travels beside.
    File,
    /// It cannot be done: why, and what to do.
    Refused(String),
}
