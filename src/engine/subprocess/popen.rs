//! One subprocess, as its parent has it: Python's `Popen`.

use core::future::{Future, poll_fn};
use core::pin::pin;
use core::task::{Context, Poll, Waker};
use core::time::Duration;

use futures_util::future::{Either, select};

use super::error::{BrokenPipe, CommunicateError, SpawnError, TimeoutExpired};
use super::event::{Event, Stamped};
use super::port::{Child, System};
use super::spec::{Spec, Stderr, Stdin, Stdout};

/// What a process wrote; none of a stream that does not go to the parent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    pub stdout: Option<Vec<u8>>,
    pub stderr: Option<Vec<u8>>,
}

/// What is written to stdin by `communicate`, and how far that has come.
#[derive(Default)]
struct Input {
    bytes: Vec<u8>,
    written: usize,
}

/// Is told what happens to a process, as its parent takes it in.
pub type Observer = Box<dyn FnMut(&Stamped)>;

/// A process that was started. It is nobody's but the caller's: dropping it ends it.
///
/// Each method that waits takes in what happens to the process meanwhile, and loses nothing when its future is dropped.
pub struct Popen<S: System> {
    system: S,
    child: S::Child,
    args: Vec<String>,
    output: Output,
    writes_stdin: bool,
    input: Option<Input>,
    end: Option<Event>,
    observer: Option<Observer>,
    discards: bool,
}

impl<S: System> core::fmt::Debug for Popen<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Popen").field("args", &self.args).field("end", &self.end).finish_non_exhaustive()
    }
}

impl<S: System> Popen<S> {
    /// Starts a command, and waits until it runs.
    ///
    /// # Errors
    /// If it cannot.
    pub async fn spawn(system: &S, spec: Spec<S::Reader, S::Writer>) -> Result<Popen<S>, SpawnError> {
        Popen::spawn_observed(system, spec, None).await
    }

    /// The same, with all that happens to it told as it is taken in: also how it starts.
    ///
    /// # Errors
    /// If it cannot start.
    pub async fn spawn_observed(
        system: &S,
        spec: Spec<S::Reader, S::Writer>,
        observer: Option<Observer>,
    ) -> Result<Popen<S>, SpawnError> {
        spec.validate()?;
        let empty = |is_ours: bool| is_ours.then(Vec::new);
        let output =
            Output { stdout: empty(matches!(spec.stdout, Stdout::Pipe)), stderr: empty(spec.stderr == Stderr::Pipe) };
        let (args, writes_stdin) = (spec.args.clone(), matches!(spec.stdin, Stdin::Pipe));
        let child = system.spawn(spec);
        let mut popen = Popen {
            system: system.clone(),
            child,
            args,
            output,
            writes_stdin,
            input: None,
            end: None,
            observer,
            discards: false,
        };
        match popen.next_event().await {
            Some(Stamped { event: Event::Failed(error), .. }) => Err(error),
            Some(_) => Ok(popen),
            None => Err(SpawnError::NoWorker("it said nothing".to_owned())),
        }
    }

    /// What was run.
    pub fn args(&self) -> &[String] {
        &self.args
    }

    /// How it ended, if that is known: by its exit code or the negative number of a signal ([`Event::returncode`]).
    pub fn returncode(&self) -> Option<i32> {
        self.end.as_ref().and_then(Event::returncode)
    }

    /// What its end was, if that is known.
    pub fn end(&self) -> Option<&Event> {
        self.end.as_ref()
    }

    /// Looks, without waiting, whether it has ended.
    pub fn poll(&mut self) -> Option<i32> {
        // Nobody waits meanwhile: whoever does has the one reference to this.
        let mut context = Context::from_waker(Waker::noop());
        while let Poll::Ready(Some(_)) = self.poll_event(&mut context) {}
        self.returncode()
    }

    /// The next thing that happens to it; nothing after its end.
    pub async fn next_event(&mut self) -> Option<Stamped> {
        poll_fn(|context| self.poll_event(context)).await
    }

    /// Waits for its end. Output is taken in meanwhile, so that no process waits for ever for room in it.
    ///
    /// # Errors
    /// If it does not end in time. It goes on then.
    pub async fn wait(&mut self, timeout: Option<Duration>) -> Result<i32, TimeoutExpired> {
        let system = self.system();
        let ended = poll_fn(|context| self.poll_end(context));
        match within(&system, timeout, ended).await {
            Ok(returncode) => Ok(returncode),
            Err(timeout) => Err(self.timeout_expired(timeout)),
        }
    }

    /// Gives its stdin this input, then its end; takes in what it writes until it ends.
    ///
    /// # Errors
    /// If it does not end in time: then it goes on, nothing is lost, and this may be called again, without input. If the input
    /// is for a stdin that is not the parent's, or a second one.
    pub async fn communicate(
        &mut self,
        input: Option<Vec<u8>>,
        timeout: Option<Duration>,
    ) -> Result<Output, CommunicateError> {
        match (input, &self.input) {
            (Some(_), Some(_)) => return Err(CommunicateError::InputAfterStart),
            (Some(_), None) if !self.writes_stdin => return Err(CommunicateError::NoStdin),
            (None, Some(_)) => {}
            (input, None) => self.input = Some(Input { bytes: input.unwrap_or_default(), written: 0 }),
        }
        let system = self.system();
        match within(&system, timeout, self.finished()).await {
            Ok(_) => Ok(self.take_output()),
            Err(timeout) => Err(self.timeout_expired(timeout).into()),
        }
    }

    /// Writes to its stdin, waiting for room.
    ///
    /// # Errors
    /// If nobody reads it any more, or it is not the parent's.
    pub async fn write_stdin(&mut self, mut bytes: &[u8]) -> Result<(), BrokenPipe> {
        if !self.writes_stdin {
            return Err(BrokenPipe);
        }
        while !bytes.is_empty() {
            let written = poll_fn(|context| {
                // One that waits until its output is taken would not read.
                while let Poll::Ready(Some(_)) = self.poll_event(context) {}
                self.child.poll_write(context, bytes)
            });
            bytes = bytes.get(written.await?..).unwrap_or_default();
        }
        Ok(())
    }

    /// Ends its stdin.
    pub fn close_stdin(&mut self) {
        if core::mem::take(&mut self.writes_stdin) {
            self.child.close_stdin();
        }
    }

    /// Ends it at once, wherever it is; nothing if it has ended. Its end is still to be waited for.
    pub fn kill(&mut self) {
        if self.poll().is_none() {
            self.child.kill();
        }
    }

    /// What it has written so far and nobody took.
    pub fn output(&self) -> &Output {
        &self.output
    }

    /// Keeps nothing of what it writes from now on: its observer takes it, and a program that writes for ever takes no memory.
    pub fn discard_output(&mut self) {
        self.discards = true;
    }

    /// Takes what it has written so far.
    pub fn take_output(&mut self) -> Output {
        let take = |stream: &mut Option<Vec<u8>>| stream.as_mut().map(core::mem::take);
        Output { stdout: take(&mut self.output.stdout), stderr: take(&mut self.output.stderr) }
    }

    pub(super) fn system(&self) -> S {
        self.system.clone()
    }

    /// Its end, with its stdin closed: `communicate` without an output of its own.
    pub(super) fn finished(&mut self) -> impl Future<Output = i32> {
        self.input.get_or_insert_default();
        poll_fn(|context| {
            self.poll_input(context);
            self.poll_end(context)
        })
    }

    fn timeout_expired(&self, timeout: Duration) -> TimeoutExpired {
        let Output { stdout, stderr } = self.output.clone();
        TimeoutExpired { args: self.args.clone(), timeout, output: stdout, stderr }
    }

    fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<i32> {
        while let Poll::Ready(Some(_)) = self.poll_event(context) {}
        self.returncode().map_or(Poll::Pending, Poll::Ready)
    }

    /// Writes what is left of the input, as far as there is room. One who does not want it is no error, as in CPython.
    fn poll_input(&mut self, context: &mut Context<'_>) {
        let Some(input) = &mut self.input else { return };
        while let Some(rest @ [_, ..]) = input.bytes.get(input.written..) {
            match self.child.poll_write(context, rest) {
                Poll::Ready(Ok(written)) => input.written += written,
                Poll::Ready(Err(BrokenPipe)) => input.written = input.bytes.len(),
                Poll::Pending => return,
            }
        }
        self.close_stdin();
    }

    fn poll_event(&mut self, context: &mut Context<'_>) -> Poll<Option<Stamped>> {
        if self.end.is_some() {
            return Poll::Ready(None);
        }
        let Poll::Ready(stamped) = self.child.poll_event(context) else { return Poll::Pending };
        // A child that says nothing any more without an end is gone.
        let Some(stamped) = stamped else {
            self.end = Some(Event::Killed);
            return Poll::Ready(None);
        };
        match &stamped.event {
            Event::Stdout(_) | Event::Stderr(_) if self.discards => {}
            Event::Stdout(bytes) => self.output.stdout.get_or_insert_default().extend_from_slice(bytes),
            Event::Stderr(bytes) => self.output.stderr.get_or_insert_default().extend_from_slice(bytes),
            end if end.is_end() => self.end = Some(end.clone()),
            _ => {}
        }
        if let Some(observer) = &mut self.observer {
            observer(&stamped);
        }
        Poll::Ready(Some(stamped))
    }
}

/// What a future gives, or how long it had if that was too short. What is there at once is never too late.
pub(super) async fn within<S: System, T>(
    system: &S,
    timeout: Option<Duration>,
    future: impl Future<Output = T>,
) -> Result<T, Duration> {
    let Some(timeout) = timeout else { return Ok(future.await) };
    match select(pin!(future), pin!(system.sleep(timeout))).await {
        Either::Left((value, _)) => Ok(value),
        Either::Right(_) => Err(timeout),
    }
}
