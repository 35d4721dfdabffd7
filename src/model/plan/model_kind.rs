//! Execution models.

use serde::{Deserialize, Serialize};

use super::{THREADS_MAX, THREADS_USUALLY_MAX, WORKERS_PER_CORE_MAX};

/// Which execution model, without its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ModelKind {
    /// One task after another, on one thread.
    Sequential,
    /// A pool of threads in one process, of which the one that has the lock computes: Python's threads.
    Threads,
    /// The same pool without the lock: threads of Rust, and of free-threaded Python.
    FreeThreads,
    /// The same pool, with an interpreter and a lock for each thread, between which messages are copied: Python's
    /// `InterpreterPoolExecutor`.
    OwnLocks,
    /// A pool of processes, each with memory of its own: Python's `Pool(n).map`.
    Processes,
    /// Coroutines on one thread.
    EventLoop,
    /// A rayon pool: threads that share the memory of one process.
    Cores,
    /// Other programs, each in a process of its own: Python's `subprocess`.
    Subprocess,
}

impl ModelKind {
    /// Every model, in the order in which they are offered.
    pub const ALL: [ModelKind; 8] = [
        ModelKind::Sequential,
        ModelKind::Threads,
        ModelKind::FreeThreads,
        ModelKind::OwnLocks,
        ModelKind::EventLoop,
        ModelKind::Processes,
        ModelKind::Cores,
        ModelKind::Subprocess,
    ];

    /// Whether it is a `ThreadPoolExecutor`, with or without a lock.
    pub fn is_thread_pool(self) -> bool {
        matches!(self, ModelKind::Threads | ModelKind::FreeThreads | ModelKind::OwnLocks)
    }

    /// Whether it has workers, whose number may be chosen.
    pub fn has_workers(self) -> bool {
        self.is_thread_pool() || matches!(self, ModelKind::Processes | ModelKind::Cores)
    }

    /// Whether it needs memory that workers of the browser share.
    pub fn shares_memory(self) -> bool {
        self.is_thread_pool() || self == ModelKind::Cores
    }

    /// Whether what its workers are given, and what they give, is copied.
    pub fn copies(self) -> bool {
        matches!(self, ModelKind::Processes | ModelKind::OwnLocks)
    }

    /// Whether it can be compared with Sequential, which nothing can that runs other programs.
    pub fn compares(self) -> bool {
        !matches!(self, ModelKind::Sequential | ModelKind::Subprocess)
    }

    /// Whether its workers may compute at the same instant.
    pub fn is_parallel(self) -> bool {
        matches!(self, ModelKind::FreeThreads | ModelKind::OwnLocks | ModelKind::Processes | ModelKind::Cores)
    }

    /// How many workers it has if nobody says: a pool of cores, processes or interpreters one a core; a pool of threads four
    /// more, as CPython's, for tasks that wait.
    pub fn default_workers(self, cores: u32) -> u32 {
        match self {
            ModelKind::Threads | ModelKind::FreeThreads | ModelKind::OwnLocks => {
                cores.saturating_add(4).min(THREADS_USUALLY_MAX)
            }
            ModelKind::Cores | ModelKind::Processes => cores,
            ModelKind::Sequential | ModelKind::EventLoop | ModelKind::Subprocess => 1,
        }
    }

    /// How many workers may be asked for.
    pub fn most_workers(self, cores: u32) -> u32 {
        if self.is_thread_pool() { THREADS_MAX.max(cores * WORKERS_PER_CORE_MAX) } else { cores * WORKERS_PER_CORE_MAX }
    }

    /// What a person reads.
    pub fn label(self) -> &'static str {
        match self {
            ModelKind::Sequential => "Sequential",
            ModelKind::Threads => "Threads with a GIL",
            ModelKind::FreeThreads => "Free threads",
            ModelKind::OwnLocks => "Subinterpreters",
            ModelKind::Processes => "Process pool",
            ModelKind::EventLoop => "Event loop",
            ModelKind::Cores => "Cores",
            ModelKind::Subprocess => "Subprocess",
        }
    }
}
