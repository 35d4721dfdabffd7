//! A command from its start to its end: Python's `run` and `check_output`.

use core::time::Duration;

use super::error::{CalledProcessError, CommunicateError, RunError, TimeoutExpired};
use super::event::Event;
use super::popen::{Output, Popen};
use super::port::System;
use super::spec::Spec;

/// How to run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RunOptions {
    /// How long it may take from when it runs. Then it is killed.
    pub timeout: Option<Duration>,
    /// Whether a bad end is an error.
    pub check: bool,
}

/// A command that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompletedProcess {
    /// What was run.
    pub args: Vec<String>,
    /// Its exit code, or the negative number of a signal.
    pub returncode: i32,
    /// What it wrote, if that went to the parent.
    pub stdout: Option<Vec<u8>>,
    pub stderr: Option<Vec<u8>>,
    /// If it trapped: the browser's words.
    pub trap: Option<String>,
}

impl CompletedProcess {
    /// That it ended well.
    ///
    /// # Errors
    /// If it did not.
    pub fn check_returncode(self) -> Result<CompletedProcess, CalledProcessError> {
        if self.returncode == 0 { Ok(self) } else { Err(CalledProcessError(self)) }
    }
}

/// Runs a command to its end.
///
/// # Errors
/// If it does not start, is not done in time (it is killed then), or ended badly where that is to be an error.
pub async fn run<S: System>(
    system: &S,
    spec: Spec<S::Reader, S::Writer>,
    options: RunOptions,
) -> Result<CompletedProcess, RunError> {
    let mut popen = Popen::spawn(system, spec).await?;
    let output = match popen.communicate(None, options.timeout).await {
        Ok(output) => output,
        Err(CommunicateError::TimedOut(expired)) => {
            popen.kill();
            // What it wrote until it was killed is the caller's as well.
            let Output { stdout, stderr } = popen.communicate(None, None).await.unwrap_or_default();
            return Err(TimeoutExpired { output: stdout, stderr, ..expired }.into());
        }
        // Both are about input, of which there is none.
        Err(CommunicateError::InputAfterStart | CommunicateError::NoStdin) => popen.take_output(),
    };
    let completed = CompletedProcess {
        args: popen.args().to_vec(),
        returncode: popen.returncode().unwrap_or_default(),
        stdout: output.stdout,
        stderr: output.stderr,
        trap: match popen.end() {
            Some(Event::Trapped(words)) => Some(words.clone()),
            _ => None,
        },
    };
    if options.check { Ok(completed.check_returncode()?) } else { Ok(completed) }
}

/// Runs a command to its end and gives what it wrote to stdout.
///
/// # Errors
/// Those of [`run`], and if it ended badly.
pub async fn check_output<S: System>(
    system: &S,
    spec: Spec<S::Reader, S::Writer>,
    timeout: Option<Duration>,
) -> Result<Vec<u8>, RunError> {
    let completed = run(system, spec, RunOptions { timeout, check: true }).await?;
    Ok(completed.stdout.unwrap_or_default())
}
