//! What to run: a [`Draft`] as a person typed it, and the [`Plan`] that it becomes once it has been validated.

pub mod command_line;

mod asked;
mod checks;
mod differences;
mod draft;
mod field;
mod model_kind;
mod workload;

use serde::{Deserialize, Serialize};

pub use super::experiment::{Experiment, ExperimentKind};
pub use super::message::Carrier;
pub use draft::{Draft, FieldError, SiteDraft, SiteKind};
pub use field::{ChoiceSpec, Choose, Field, NumberSpec, Param};
pub use model_kind::ModelKind;
pub use workload::{CCall, Commands, Fault, LockOrder, Shares, Site, Spread, Workload, WorkloadKind};

/// The most workers that may be asked for, as a multiple of the cores.
pub const WORKERS_PER_CORE_MAX: u32 = 4;
/// The most threads that a pool of threads has unless more are asked for (CPython's `ThreadPoolExecutor`).
pub const THREADS_USUALLY_MAX: u32 = 32;
/// The most threads that may be asked for on a machine of few cores.
pub const THREADS_MAX: u32 = 64;
/// The switch interval, in microseconds: CPython's, and its bounds.
pub const SWITCH_INTERVAL_US: u32 = 5_000;
pub const SWITCH_INTERVAL_MAX_US: u32 = 100_000;
/// The most tasks of *Count primes*.
pub const PRIME_TASKS_MAX: u32 = 1_000;
/// The most sleeping tasks.
pub const SLEEP_TASKS_MAX: u32 = 1_000;
/// The most tasks that do nothing.
pub const TINY_TASKS_MAX: u32 = 10_000;
/// The most messages that may wait at a process.
pub const PREFETCH_MAX: u32 = 100;
/// The most sites.
pub const SITES_MAX: usize = 20;
/// The largest bound of *Count primes*: about two minutes of one core.
pub const BELOW_MAX: u32 = 50_000_000;
/// The longest latency, sleep or time limit, in milliseconds.
pub const TIME_MAX_MS: u32 = 60_000;
/// The most data that the tasks of a run may be given, in KiB: a process has at most 1 GiB, and some of it is there five times.
pub const LARGE_MAX_KIB: u32 = 128 * 1024;
/// The most memory that a process may have, in MiB: more is not to be had on phones.
pub const PROCESS_MAX_MIB: u32 = 1_000;
/// The most commands of a line.
pub const COMMANDS_MAX: usize = 16;

/// The picture of *Mandelbrot*, in points. Its width is a whole number of pieces of sixteen (`EventKind::Shown`).
pub const PICTURE_WIDTH: u32 = 256;
pub const PICTURE_HEIGHT: u32 = 160;

/// The memory of a process with so many threads besides its own and so much data, in MiB: the program, and for each thread a
/// stack of 2 MiB and a ring.
pub fn process_mib(threads: u32, data_mib: u32) -> u32 {
    data_mib.saturating_add(64 + 4 * threads).min(PROCESS_MAX_MIB)
}

/// What a process does before its first task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Initializer {
    #[default]
    None,
    /// Computes for a moment.
    Runs,
    /// Panics.
    Fails,
}

/// How a pool of processes goes about it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolOptions {
    /// Tasks that a message to a process carries; `None` leaves it to Python's rule.
    pub chunksize: Option<u32>,
    /// Tasks that a process does before it is replaced (`maxtasksperchild`).
    pub per_process: Option<u32>,
    /// Messages that may wait at a process besides the one that it works on; `None` leaves it to how long it works on each.
    pub prefetch: Option<u32>,
    /// Whether the processes are kept for the next run.
    pub warm: bool,
    pub carrier: Carrier,
    pub initializer: Initializer,
}

/// How an event loop goes about it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoopOptions {
    /// The most tasks that are let in at a time (`asyncio.Semaphore`).
    pub in_flight: Option<u32>,
    /// How long each task may take (`asyncio.wait_for`), in milliseconds.
    pub each_ms: Option<u32>,
    /// Whether the first failure cancels the tasks that are left (`asyncio.TaskGroup`).
    pub group: bool,
    /// Whether what computes is done on threads (`asyncio.to_thread`).
    pub to_thread: bool,
}

/// The parameters of the execution models.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Options {
    /// Workers of the pool: threads of the process, or processes that it starts.
    pub workers: u32,
    /// How long a thread waits for the lock before it asks for it, in microseconds.
    pub switch_interval_us: u32,
    pub pool: PoolOptions,
    pub event_loop: LoopOptions,
}

impl Default for Options {
    fn default() -> Options {
        let (pool, event_loop) = (PoolOptions::default(), LoopOptions::default());
        Options { workers: 0, switch_interval_us: SWITCH_INTERVAL_US, pool, event_loop }
    }
}

/// A validated plan. It says everything that changes a run's result but the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub workload: Workload,
    pub model: ModelKind,
    pub options: Options,
    /// Whether Sequential is run first, to compare with.
    pub compare: bool,
    /// The timeout of `wait`, which splits done from not done, in milliseconds since the first task was submitted.
    pub limit_ms: Option<u32>,
    /// How often each of its runs is made and counted.
    pub repeats: u32,
    pub experiment: Experiment,
}

/// What a process is given to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    pub workload: Workload,
    pub model: ModelKind,
    pub options: Options,
}

impl Plan {
    /// The job of one of its models.
    pub fn job(&self, model: ModelKind) -> Job {
        let options = if model == self.model { self.options } else { Options::default() };
        Job { workload: self.workload.clone(), model, options }
    }

    /// The models to run, in order, where no other experiment is asked for.
    pub fn models(&self) -> Vec<ModelKind> {
        // What never ends would keep the chosen model from its turn.
        if self.compare && self.model.compares() && !self.workload.never_ends() {
            vec![ModelKind::Sequential, self.model]
        } else {
            vec![self.model]
        }
    }
}

impl Job {
    /// How many threads its process has besides its own: a pool of threads starts no more than there are tasks; rayon's is as
    /// large as it is asked to be.
    pub fn threads(&self) -> u32 {
        match self.model {
            ModelKind::Threads | ModelKind::FreeThreads | ModelKind::OwnLocks => {
                self.options.workers.min(self.workload.tasks())
            }
            ModelKind::Cores => self.options.workers,
            ModelKind::EventLoop if self.options.event_loop.to_thread => {
                self.options.workers.min(self.workload.tasks())
            }
            ModelKind::Sequential | ModelKind::EventLoop | ModelKind::Processes | ModelKind::Subprocess => 0,
        }
    }

    /// The memory of its process, in MiB.
    pub fn memory_mib(&self) -> u32 {
        process_mib(self.threads(), self.data_mib())
    }

    /// The memory of each process that it starts, in MiB: for two messages, and what is unpacked from them.
    pub fn child_memory_mib(&self) -> u32 {
        let data = match self.workload {
            Workload::Large { kib, .. } => 4 * self.chunksize().saturating_mul(kib).div_ceil(1_024),
            _ => self.data_of_tasks_mib(1),
        };
        process_mib(0, data)
    }

    /// What its tasks need besides, in MiB.
    fn data_mib(&self) -> u32 {
        match self.workload {
            // What is given to tasks, what is packed for them, and as much again while it grows.
            Workload::Large { tasks, kib } => 5 * tasks.saturating_mul(kib).div_ceil(1_024),
            _ => self.data_of_tasks_mib(self.threads().max(1)),
        }
    }

    /// What so many tasks need that run at once.
    fn data_of_tasks_mib(&self, at_once: u32) -> u32 {
        let bytes_of_one = match self.workload {
            // Two copies of the numbers.
            Workload::Sort { numbers, .. } => 8 * u64::from(numbers),
            _ => 0,
        };
        u32::try_from((bytes_of_one * u64::from(at_once)).div_ceil(1 << 20)).unwrap_or(u32::MAX)
    }

    /// How many tasks a message to a process carries: as many as were asked for, or as make four messages for each process,
    /// as Python's `Pool.map` (`divmod(tasks, 4 * processes)`, and one more if there is a rest: multiprocessing/pool.py).
    pub fn chunksize(&self) -> u32 {
        let messages = self.options.workers.max(1) * 4;
        self.options.pool.chunksize.unwrap_or_else(|| self.workload.tasks().div_ceil(messages)).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_chunks_are_those_of_python() {
        for (tasks, workers, chunksize) in [(8, 2, 1), (9, 2, 2), (100, 2, 13), (1, 8, 1), (64, 4, 4), (65, 4, 5)] {
            let options = Options { workers, ..Options::default() };
            let job = Job { workload: Workload::Tiny { tasks }, model: ModelKind::Processes, options };
            assert_eq!(job.chunksize(), chunksize);
        }
    }
}
