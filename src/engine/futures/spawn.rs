//! The port that executors get their threads from.

use super::error::SpawnFailed;

/// Starts threads. Natively they are std's; in the browser those of the process's pool are lent.
pub trait Spawn: Send + Sync {
    /// Runs `body` to its end on a thread of its own, which bears `name` where threads have names, and returns at once.
    ///
    /// Never on the calling thread: the caller holds a lock that `body` takes first.
    ///
    /// # Errors
    /// If there is no thread to be had. Then `body` is never run; otherwise it must be, or whoever waits for its end
    /// waits for ever.
    fn spawn(&self, name: &str, body: Box<dyn FnOnce() + Send>) -> Result<(), SpawnFailed>;
}

/// Threads of the operating system.
#[cfg(not(target_arch = "wasm32"))]
#[derive(Clone, Copy, Debug, Default)]
pub struct StdThreads;

#[cfg(not(target_arch = "wasm32"))]
impl Spawn for StdThreads {
    fn spawn(&self, name: &str, body: Box<dyn FnOnce() + Send>) -> Result<(), SpawnFailed> {
        let started = std::thread::Builder::new().name(name.to_owned()).spawn(body);
        started.map(drop).map_err(|error| SpawnFailed(error.to_string()))
    }
}
