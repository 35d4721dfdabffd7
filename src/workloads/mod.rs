//! What is run: the work of each task, apart from who runs it.

pub mod checksum;
pub mod fault;
mod lanes;
pub mod mandelbrot;
pub mod matrix;
pub mod pi;
pub mod primes;
pub mod sha256;
pub mod sites;
pub mod skewed;
pub mod sort;

use serde::{Deserialize, Serialize};

use crate::model::plan::{Fault, Workload};

/// The work of one task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Work {
    /// Counts primes.
    Primes(primes::Share),
    /// Sleeps for so many milliseconds, then returns "result".
    Sleep { ms: u32 },
    /// Makes a request and reads its answer.
    Fetch(sites::Request),
    /// Panics, with this message.
    Panic(String),
    /// Brings its process down.
    Trap,
}

/// The work of each task of a workload, in order of submission.
pub fn works(workload: &Workload) -> Vec<Work> {
    match workload {
        Workload::Sites(list) => {
            list.iter().enumerate().map(|(index, site)| Work::Fetch(sites::request(index, site))).collect()
        }
        Workload::Primes { tasks, below, fault } => {
            let share = |index| Work::Primes(primes::Share { below: *below, index, shares: *tasks });
            with_fault((0..*tasks).map(share).collect(), *fault)
        }
        Workload::Sleep { tasks, ms, fault } => with_fault(vec![Work::Sleep { ms: *ms }; *tasks as usize], *fault),
    }
}

/// The place of the task that fails when a plan asks for a failing task: the third, or the last of fewer.
pub fn faulty_task(tasks: u32) -> u32 {
    tasks.saturating_sub(1).min(2)
}

fn with_fault(mut works: Vec<Work>, fault: Fault) -> Vec<Work> {
    let place = faulty_task(works.len() as u32) as usize;
    let faulty = match fault {
        Fault::None => None,
        Fault::Panic => Some(Work::Panic("the plan asked this task to panic".to_owned())),
        Fault::Trap => Some(Work::Trap),
    };
    if let (Some(faulty), Some(slot)) = (faulty, works.get_mut(place)) {
        *slot = faulty;
    }
    works
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_takes_the_place_of_the_third_task_or_the_last() {
        let works = works(&Workload::Sleep { tasks: 5, ms: 1, fault: Fault::Trap });
        assert_eq!(works.iter().position(|work| *work == Work::Trap), Some(2));
        let one = super::works(&Workload::Sleep { tasks: 1, ms: 1, fault: Fault::Panic });
        assert!(matches!(one[..], [Work::Panic(_)]));
    }
}
