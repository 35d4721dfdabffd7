//! What subprocesses need from where they run. The browser has one set (`platform`), tests have another.

use core::future::Future;
use core::task::{Context, Poll};
use core::time::Duration;

use super::error::{BrokenPipe, SpawnError};
use super::event::Stamped;
use super::spec::Spec;

/// What starts processes and connects them. A clone is the same one.
pub trait System: Clone {
    /// A process that was asked for.
    type Child: Child;
    /// The reading end of a pipe. Dropping it without giving it to a process closes it.
    type Reader;
    /// The writing end of a pipe. Dropping it without giving it to a process closes it.
    type Writer;

    /// A pipe of [`super::PIPE_BYTES`]: pipe(2).
    ///
    /// # Errors
    /// If processes can share no memory here.
    fn pipe(&self) -> Result<(Self::Reader, Self::Writer), SpawnError>;

    /// Asks for a process. Whether it starts is its first event.
    fn spawn(&self, spec: Spec<Self::Reader, Self::Writer>) -> Self::Child;

    /// Waits.
    fn sleep(&self, length: Duration) -> impl Future<Output = ()>;
}

/// A process, as its parent has it. Dropping it ends it.
pub trait Child {
    /// The next thing that happened to it; nothing comes after its end. When it ends, however it does, its ends of pipes
    /// are closed.
    fn poll_event(&mut self, context: &mut Context<'_>) -> Poll<Option<Stamped>>;

    /// Writes to its stdin as much as there is room for, at least a byte, or waits for room. Gives how much it was.
    ///
    /// # Errors
    /// If its stdin is closed, or was never the parent's.
    fn poll_write(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize, BrokenPipe>>;

    /// No more comes to its stdin.
    fn close_stdin(&mut self);

    /// Ends it at once, wherever it is. It says so by [`super::Event::Killed`], if it had not ended before.
    fn kill(&mut self);
}
