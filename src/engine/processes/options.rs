//! How a pool of processes is to be.

use core::num::NonZeroUsize;

use crate::engine::ports::Carrier;

/// When a pool starts its processes. Each is started *cold*, as by Python's `spawn`: it loads the program anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Start {
    /// All as soon as the pool is driven, as `multiprocessing.Pool` does; and again, whenever one has had its last task.
    #[default]
    AtOnce,
    /// One when a task comes and none is idle, as `ProcessPoolExecutor` does if it spawns.
    OnDemand,
}

/// How a pool is to be. `I` is what its initializer is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options<I> {
    /// How many processes work at a time. May be more than there are cores.
    pub processes: u32,
    pub start: Start,
    /// What each process is given first, if anything. One that fails it breaks the pool.
    pub initializer: Option<I>,
    /// After how many tasks a process is replaced by a fresh one; a chunk counts as one, as in Python. `None`: never.
    pub maxtasksperchild: Option<u32>,
    /// How many tasks a message carries where a call does not say; `None` leaves it to what Python's call has as default.
    pub chunksize: Option<NonZeroUsize>,
    /// How the bytes of calls travel. Answers travel the same way, but are copied where calls are shared.
    pub carrier: Carrier,
    /// How many messages may wait at a process besides the one that it works on: they save it the wait for its parent
    /// between two. 0 gives a process its next only when it has answered; `None` as many as are work for a millisecond, by how
    /// long it worked on those before.
    pub prefetch: Option<u32>,
    /// The number of the first process. Pools of one process need numbers of their own.
    pub first_number: u32,
}

impl<I> Options<I> {
    /// A pool of so many processes, and all else as usual.
    pub fn new(processes: u32) -> Options<I> {
        Options {
            processes,
            start: Start::default(),
            initializer: None,
            maxtasksperchild: None,
            chunksize: None,
            carrier: Carrier::default(),
            prefetch: None,
            first_number: 1,
        }
    }
}

/// How many tasks a message carries if nobody says: as many as make four messages for each process, as Python's `Pool.map`.
pub fn default_chunksize(tasks: usize, processes: usize) -> usize {
    tasks.div_ceil(processes.max(1) * 4).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_chunks_are_those_of_python() {
        // `divmod(tasks, 4 * processes)`, and one more if there is a rest: multiprocessing/pool.py.
        for (tasks, processes, chunksize) in [(8, 2, 1), (9, 2, 2), (100, 2, 13), (1, 8, 1), (64, 4, 4), (65, 4, 5)] {
            assert_eq!(default_chunksize(tasks, processes), chunksize);
        }
    }
}
