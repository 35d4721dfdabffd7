//! Why a process could not start, or ended.

use thiserror::Error;

/// Why a process could not start, or ended.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ProcessError {
    /// The program that processes run could not be fetched or compiled, in the browser's words.
    #[error("the program of the processes could not be loaded ({0}). Check the connection, then run again")]
    ImageFailed(String),
    /// The browser gave no memory, in its own words.
    #[error("the browser gave no {mib} MiB of memory ({reason}). Close other tabs, or ask for fewer workers")]
    MemoryDenied { mib: u32, reason: String },
    /// The worker's script could not be loaded or run.
    #[error("the script of the process could not be loaded. Check the connection, then reload the page")]
    ScriptFailed,
    /// It did not say in time that it is ready.
    #[error("the process was not ready within {0} ms. Ask for fewer workers, or close other tabs")]
    StartTimedOut(u32),
    /// Something that no code can catch, in the browser's words.
    #[error(
        "the process died: {0}. That is a trap: a crash of its code. All that ran in it is lost, and the next run starts anew"
    )]
    Died(String),
    /// The browser ended it and said nothing.
    #[error(
        "the browser ended the process without a word: it may have had no memory left for it. All that ran in it is lost, and the \
         next run starts anew"
    )]
    Ended,
    /// It had taken all memory that it may have.
    #[error(
        "the process died, as it had no memory left. Give its tasks less data, or ask for fewer workers. All that ran in it is lost, \
         and the next run starts anew"
    )]
    NoMemory,
    /// It said something that this page does not understand.
    #[error("the process answered in a way this page does not know. Reload the page: it may be of two versions")]
    Garbled,
}
