//! Several commands, each reading what the one before it writes: what a shell makes of `a | b | c`.

use core::time::Duration;

use futures_util::future::{join_all, try_join_all};

use super::error::{SpawnError, TimeoutExpired};
use super::popen::{Observer, Output, Popen, within};
use super::port::System;
use super::spec::{Spec, Stdin, Stdout};

/// What a pipeline wrote, and how each of its commands ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PipelineOutput {
    /// What the last one wrote, if that went to the parent.
    pub stdout: Option<Vec<u8>>,
    /// What each wrote to stderr.
    pub stderr: Vec<Option<Vec<u8>>>,
    /// How each ended: bash's `PIPESTATUS`, with Python's numbers.
    pub returncodes: Vec<i32>,
}

impl PipelineOutput {
    /// How the whole ended: as its last command.
    pub fn returncode(&self) -> i32 {
        self.returncodes.last().copied().unwrap_or_default()
    }

    /// How the last of those that ended badly did, or 0: a shell's `pipefail`.
    pub fn pipefail(&self) -> i32 {
        self.returncodes.iter().rev().copied().find(|code| *code != 0).unwrap_or_default()
    }
}

/// Commands that run at the same time, connected by pipes. Dropping it ends them all.
#[derive(Debug)]
pub struct Pipeline<S: System> {
    /// Its processes, in the order of the data.
    pub processes: Vec<Popen<S>>,
}

impl<S: System> Pipeline<S> {
    /// Starts commands side by side and waits until each runs. Between them are pipes, whatever their specs say; the first's
    /// stdin and the last's stdout are as they say.
    ///
    /// # Errors
    /// If one does not start. The others are ended then.
    pub async fn spawn(system: &S, specs: Vec<Spec<S::Reader, S::Writer>>) -> Result<Pipeline<S>, SpawnError> {
        Pipeline::spawn_observed(system, specs, |_| None).await
    }

    /// The same, with all that happens to each told as soon as it is known, to what `observer` gives for its place.
    ///
    /// # Errors
    /// As [`Pipeline::spawn`].
    pub async fn spawn_observed(
        system: &S,
        specs: Vec<Spec<S::Reader, S::Writer>>,
        observer: impl Fn(usize) -> Option<Observer>,
    ) -> Result<Pipeline<S>, SpawnError> {
        let last = specs.len().checked_sub(1).ok_or(SpawnError::NoProgram)?;
        let mut from_before = None;
        let mut connected = Vec::new();
        for (place, mut spec) in specs.into_iter().enumerate() {
            if let Some(reader) = from_before.take() {
                spec.stdin = Stdin::From(reader);
            }
            if place < last {
                let (reader, writer) = system.pipe()?;
                spec.stdout = Stdout::To(writer);
                from_before = Some(reader);
            }
            connected.push(Popen::spawn_observed(system, spec, observer(place)));
        }
        Ok(Pipeline { processes: try_join_all(connected).await? })
    }

    /// Takes in what the commands write until all have ended.
    ///
    /// # Errors
    /// If they do not end in time: they go on then, and this may be called again.
    pub async fn communicate(&mut self, timeout: Option<Duration>) -> Result<PipelineOutput, TimeoutExpired> {
        let Some(system) = self.processes.first().map(Popen::system) else { return Ok(self.take()) };
        let all = join_all(self.processes.iter_mut().map(Popen::finished));
        match within(&system, timeout, all).await {
            Ok(_) => Ok(self.take()),
            Err(timeout) => {
                let args = self.processes.iter().map(Popen::args).collect::<Vec<_>>().join(&"|".to_owned());
                let output = self.processes.last().and_then(|last| last.output().stdout.clone());
                let stderr = self.processes.last().and_then(|last| last.output().stderr.clone());
                Err(TimeoutExpired { args, timeout, output, stderr })
            }
        }
    }

    /// Ends all that have not ended.
    pub fn kill(&mut self) {
        self.processes.iter_mut().for_each(Popen::kill);
    }

    fn take(&mut self) -> PipelineOutput {
        let returncodes = self.processes.iter().filter_map(Popen::returncode).collect();
        let outputs: Vec<Output> = self.processes.iter_mut().map(Popen::take_output).collect();
        PipelineOutput {
            stdout: outputs.last().and_then(|output| output.stdout.clone()),
            stderr: outputs.into_iter().map(|output| output.stderr).collect(),
            returncodes,
        }
    }
}
