//! What to run, and where its three streams go.

use super::error::SpawnError;

/// Where stdin comes from.
#[derive(Debug)]
pub enum Stdin<R> {
    /// It is at its end at once: `DEVNULL`.
    Null,
    /// These bytes, then its end. They are given when the process starts, so it never waits for them.
    Bytes(Vec<u8>),
    /// From the parent, who writes while the process runs: `PIPE`.
    Pipe,
    /// The reading end of a pipe, such as one that another process writes to.
    From(R),
}

/// Where stdout goes.
#[derive(Debug)]
pub enum Stdout<W> {
    /// Nowhere: `DEVNULL`.
    Null,
    /// To the parent: `PIPE`.
    Pipe,
    /// Into the writing end of a pipe.
    To(W),
}

/// Where stderr goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stderr {
    /// Nowhere: `DEVNULL`.
    Null,
    /// To the parent: `PIPE`.
    Pipe,
    /// Where stdout goes: `STDOUT`.
    Stdout,
}

/// What runs, if not what `args[0]` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Executable {
    /// A file, relative to the page's folder.
    Address(String),
    /// The program itself.
    Bytes(Vec<u8>),
}

/// What to run: the parameters of Python's `Popen`. `R` and `W` are the ends of pipes.
///
/// Nothing is inherited, as a page has neither streams nor an environment: what is not said is `PIPE` for output, `DEVNULL`
/// for stdin, and an empty environment.
#[derive(Debug)]
pub struct Spec<R, W> {
    /// argv: the program's name comes first. A name without a slash is a command that ships with the page.
    pub args: Vec<String>,
    /// What runs instead of what `args[0]` names.
    pub executable: Option<Executable>,
    /// The environment, name and value.
    pub env: Vec<(String, String)>,
    pub stdin: Stdin<R>,
    pub stdout: Stdout<W>,
    pub stderr: Stderr,
}

impl<R, W> Spec<R, W> {
    /// A command by its arguments, the first of which is its name.
    pub fn new<A: Into<String>>(args: impl IntoIterator<Item = A>) -> Spec<R, W> {
        Spec {
            args: args.into_iter().map(Into::into).collect(),
            executable: None,
            env: Vec::new(),
            stdin: Stdin::Null,
            stdout: Stdout::Pipe,
            stderr: Stderr::Pipe,
        }
    }

    /// The same, running this program.
    #[must_use]
    pub fn executable(self, executable: Executable) -> Spec<R, W> {
        Spec { executable: Some(executable), ..self }
    }

    /// The same, with one more variable.
    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Spec<R, W> {
        self.env.push((name.into(), value.into()));
        self
    }

    /// The same, with stdin from here.
    #[must_use]
    pub fn stdin(self, stdin: Stdin<R>) -> Spec<R, W> {
        Spec { stdin, ..self }
    }

    /// The same, with these bytes as its stdin: `run`'s `input`.
    #[must_use]
    pub fn input(self, bytes: impl Into<Vec<u8>>) -> Spec<R, W> {
        self.stdin(Stdin::Bytes(bytes.into()))
    }

    /// The same, with stdout to there.
    #[must_use]
    pub fn stdout(self, stdout: Stdout<W>) -> Spec<R, W> {
        Spec { stdout, ..self }
    }

    /// The same, with stderr to there.
    #[must_use]
    pub fn stderr(self, stderr: Stderr) -> Spec<R, W> {
        Spec { stderr, ..self }
    }

    /// Holds it to what a process can be told.
    pub(super) fn validate(&self) -> Result<(), SpawnError> {
        if self.args.is_empty() {
            return Err(SpawnError::NoProgram);
        }
        let strings = self.args.iter().chain(self.env.iter().flat_map(|(name, value)| [name, value]));
        if let Some(cut) = strings.into_iter().find(|text| text.contains('\0')) {
            return Err(SpawnError::EmbeddedNul(cut.clone()));
        }
        match self.env.iter().find(|(name, _)| name.is_empty() || name.contains('=')) {
            Some((name, _)) => Err(SpawnError::IllegalEnvironmentName(name.clone())),
            None => Ok(()),
        }
    }
}
