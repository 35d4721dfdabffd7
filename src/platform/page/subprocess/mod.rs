//! Subprocesses in the browser: WASI commands, each in a worker of its own.
//!
//! They are the page's, as all workers are (`platform/README.md`): it alone makes one safely, and it is never blocked, so that
//! it hears of each one's end and can end it. `engine/subprocess` is what is done with them.

mod image;
mod pipe;
mod worker;

use std::rc::Rc;
use std::time::Duration;

use gloo_timers::future::TimeoutFuture;
use js_sys::WebAssembly;

pub use pipe::{PipeReader, PipeWriter};
pub use worker::Subprocess;

use super::process::base_address;
use crate::engine::subprocess::{Executable, SpawnError, Spec, System};
use image::Images;

/// How long a worker may take to load its script, in milliseconds. What fails says so at once; this is for what says nothing.
const START_TIME_MS: u32 = 5_000;

/// Where things are, and where the axis begins.
#[derive(Clone, Debug)]
pub struct SubprocessConfig {
    /// The address of the workers' script.
    pub script: String,
    /// The folder of the commands that ship with the page; with a slash at its end.
    pub commands: String,
    /// The zero of the axis of their events, in milliseconds since the Unix epoch.
    pub origin_ms: f64,
    /// How long a worker may take to load its script, in milliseconds.
    pub start_time_ms: u32,
}

impl SubprocessConfig {
    /// The page's own, on an axis that begins at `origin_ms` (milliseconds since the Unix epoch).
    pub fn of_page(origin_ms: f64) -> SubprocessConfig {
        let base = base_address();
        SubprocessConfig {
            script: format!("{base}subprocess.js"),
            commands: format!("{base}commands/"),
            origin_ms,
            start_time_ms: START_TIME_MS,
        }
    }
}

/// What starts subprocesses: its programs are fetched and compiled once. A clone is the same one.
#[derive(Clone, Debug)]
pub struct Subprocesses {
    config: Rc<SubprocessConfig>,
    images: Rc<Images>,
}

impl Subprocesses {
    /// For subprocesses of this page.
    pub fn new(config: SubprocessConfig) -> Subprocesses {
        Subprocesses { config: Rc::new(config), images: Rc::default() }
    }

    /// The same programs, on another axis.
    #[must_use]
    pub fn on_axis(&self, origin_ms: f64) -> Subprocesses {
        let config = SubprocessConfig { origin_ms, ..(*self.config).clone() };
        Subprocesses { config: Rc::new(config), images: self.images.clone() }
    }

    /// Fetches and compiles what `args[0]` names, so that starting it need not wait for that.
    ///
    /// # Errors
    /// If there is none, or it is no command.
    pub async fn load_ahead(&self, program: &str) -> Result<(), SpawnError> {
        self.images.get(program, &self.address(program)).await.map(drop)
    }

    /// As execvp(3): what has a slash is where it says, from the page on, all else among the commands.
    fn address(&self, program: &str) -> String {
        if program.contains('/') { program.to_owned() } else { format!("{}{program}.wasm", self.config.commands) }
    }

    async fn image(&self, program: &str, executable: Option<Executable>) -> Result<WebAssembly::Module, SpawnError> {
        match executable {
            None => self.images.get(program, &self.address(program)).await,
            Some(Executable::Address(address)) => self.images.get(program, &address).await,
            Some(Executable::Bytes(bytes)) => image::compile(program, &bytes).await,
        }
    }
}

impl System for Subprocesses {
    type Child = Subprocess;
    type Reader = PipeReader;
    type Writer = PipeWriter;

    fn pipe(&self) -> Result<(PipeReader, PipeWriter), SpawnError> {
        pipe::pipe()
    }

    fn spawn(&self, spec: Spec<PipeReader, PipeWriter>) -> Subprocess {
        Subprocess::spawn(self, spec)
    }

    async fn sleep(&self, length: Duration) {
        let ms = u32::try_from(length.as_millis()).unwrap_or(u32::MAX);
        // A browser's timer is a number of 31 bits.
        TimeoutFuture::new(ms.min(i32::MAX as u32)).await;
    }
}
