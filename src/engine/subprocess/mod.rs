//! Another program in a process of its own, after Python's `subprocess`: argv, environment, three streams, an exit code.
//!
//! What starts commands is a port ([`System`]), so that all of this is tested natively. `README.md` has what is as in CPython
//! and what is not.

mod command_image;
mod error;
mod event;
mod pipeline;
mod popen;
mod port;
mod run;
mod spec;

pub use command_image::{ImageKind, check_bytes, check_image};
pub use error::{BrokenPipe, CalledProcessError, CommunicateError, RunError, SpawnError, TimeoutExpired};
pub use event::{Event, Stamped, Waiting};
pub use pipeline::{Pipeline, PipelineOutput};
pub use popen::{Observer, Output, Popen};
pub use port::{Child, System};
pub use run::{CompletedProcess, RunOptions, check_output, run};
pub use spec::{Executable, Spec, Stderr, Stdin, Stdout};

/// How many bytes a pipe holds, as on Linux (pipe(7)). A power of two: totals count modulo 2^32.
pub const PIPE_BYTES: u32 = 64 << 10;
