//! What can go wrong with a subprocess.

use core::time::Duration;

use thiserror::Error;

use super::run::CompletedProcess;

/// Why a command does not start.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SpawnError {
    /// It has no name: `args` is empty.
    #[error("no command: args is empty; its first element is the program")]
    NoProgram,
    /// A string is cut at a zero byte where the program reads it.
    #[error("embedded null byte in {0:?}")]
    EmbeddedNul(String),
    /// A variable's name is empty or has an equals sign.
    #[error("illegal environment variable name {0:?}")]
    IllegalEnvironmentName(String),
    /// There is no such program to be had, for a reason.
    #[error("{program}: command not found ({reason}). Check its name or address")]
    NotFound { program: String, reason: String },
    /// It is no program for WebAssembly.
    #[error("{program}: cannot execute: {reason}. Give a .wasm file built for wasm32-wasip1")]
    NotExecutable { program: String, reason: String },
    /// A pipe takes memory that processes share.
    #[error(
        "a pipe needs memory that workers share, which this page may not have: it is not cross-origin isolated. \
             Give stdin as bytes and let stdout go to the page, or open the page from a host that sends its headers"
    )]
    NoSharedMemory,
    /// The browser gave no worker, or its script did not load; in the browser's words.
    #[error("the worker of the subprocess did not start ({0}). Check the connection, then reload the page")]
    NoWorker(String),
    /// It did not start in so many milliseconds.
    #[error("the subprocess did not start within {0} ms. Close other tabs, then run again")]
    StartTimedOut(u32),
}

/// Nobody reads what is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("Broken pipe")]
pub struct BrokenPipe;

/// A process did not end in time. It goes on.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("Command {args:?} timed out after {} seconds", timeout.as_secs_f64())]
pub struct TimeoutExpired {
    /// What was run.
    pub args: Vec<String>,
    /// How long it had.
    pub timeout: Duration,
    /// What it had written so far, if stdout is the parent's. It is not taken: another `communicate` gives it again.
    pub output: Option<Vec<u8>>,
    /// The same of stderr.
    pub stderr: Option<Vec<u8>>,
}

/// Why nothing is communicated.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CommunicateError {
    /// Time was up. It may be called again; nothing is lost.
    #[error(transparent)]
    TimedOut(#[from] TimeoutExpired),
    /// An earlier call gave the input.
    #[error("Cannot send input after starting communication")]
    InputAfterStart,
    /// Its stdin is not the parent's to write to.
    #[error("stdin is not a pipe from this process: give Stdin::Pipe for it")]
    NoStdin,
}

/// A process ended with another exit code than 0, or by a signal.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub struct CalledProcessError(pub CompletedProcess);

impl core::fmt::Display for CalledProcessError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let CompletedProcess { args, returncode, trap, .. } = &self.0;
        match (returncode, trap) {
            (_, Some(words)) => write!(f, "Command {args:?} trapped: {words}"),
            (-9, _) => write!(f, "Command {args:?} died with SIGKILL."),
            (code, _) => write!(f, "Command {args:?} returned non-zero exit status {code}."),
        }
    }
}

/// Why a run gives no result.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RunError {
    /// It did not start.
    #[error(transparent)]
    NotStarted(#[from] SpawnError),
    /// Time was up, and it was killed.
    #[error(transparent)]
    TimedOut(#[from] TimeoutExpired),
    /// It ended badly, which was to be an error.
    #[error(transparent)]
    Failed(#[from] CalledProcessError),
}
