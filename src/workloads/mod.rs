//! What is run: the work of each task, apart from who runs it.

pub mod checksum;
pub mod fault;
pub mod kernel;
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

use crate::model::plan::{CCall, Fault, LockOrder, Shares, Workload};
pub use kernel::Kernel;

/// A lock that the tasks of a run share: 0 is called A, 1 is called B.
pub type LockNumber = u32;

/// One thing that a task does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    /// Computes.
    Compute(Kernel),
    /// Computes in C code that needs nothing of the interpreter, and lets go of its lock meanwhile, or keeps it.
    Call { kernel: Kernel, releases: bool },
    /// Sleeps.
    Sleep { ms: u32 },
    /// Makes a request and reads its answer.
    Fetch(sites::Request),
    /// Takes a lock that tasks share.
    Acquire(LockNumber),
    /// Gives it back.
    Release(LockNumber),
    /// Adds one to the counter that tasks share, so often; under lock 0 each time, or under none.
    Add { times: u32, locked: bool },
    /// Puts so many items into the queue, and says that there will be no more.
    Produce { items: u32 },
    /// Takes items out of the queue until there are no more, and does something with each.
    Consume(Kernel),
}

/// The work of one task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Work {
    /// The usual case, which needs no memory of its own.
    One(Step),
    /// One step after the other, up to the first that fails.
    Steps(Vec<Step>),
}

impl Work {
    /// What it consists of.
    pub fn steps(&self) -> &[Step] {
        match self {
            Work::One(step) => core::slice::from_ref(step),
            Work::Steps(steps) => steps,
        }
    }

    /// Whether it makes requests, which need an event loop.
    pub fn makes_requests(&self) -> bool {
        self.steps().iter().any(|step| matches!(step, Step::Fetch(_)))
    }
}

fn compute(kernel: Kernel) -> Work {
    Work::One(Step::Compute(kernel))
}

/// The work of each task of a workload, in order of submission.
pub fn works(workload: &Workload) -> Vec<Work> {
    match *workload {
        Workload::Sites(ref list) => {
            let fetch = |(index, site)| Work::One(Step::Fetch(sites::request(index, site)));
            list.iter().enumerate().map(fetch).collect()
        }
        Workload::FanOut { requests, latency_ms, spread, seed } => {
            let latencies = sites::latencies(requests, latency_ms, spread, seed);
            let fetch = |(index, ms)| Work::One(Step::Fetch(sites::answer_after(index, ms)));
            latencies.into_iter().enumerate().map(fetch).collect()
        }
        Workload::Pages { tasks, pages, latency_ms } => {
            let page = |_| Step::Fetch(sites::answer_after(0, latency_ms));
            vec![Work::Steps((0..pages).map(page).collect()); tasks as usize]
        }
        Workload::Primes { tasks, below, shares, fault } => {
            let share = |index| match shares {
                Shares::Even => compute(Kernel::primes(below, index, tasks)),
                Shares::OneLong => compute(Kernel::skewed_primes(below, index, tasks)),
            };
            with_fault((0..tasks).map(share).collect(), fault)
        }
        Workload::Mandelbrot { tasks, iterations, simd, fault } => {
            let share = |index| compute(Kernel::mandelbrot(iterations, index, tasks, simd));
            with_fault((0..tasks).map(share).collect(), fault)
        }
        Workload::Sha256 { tasks, blocks, c_call } => {
            let releases = c_call == CCall::Releases;
            let share = |index| Work::One(Step::Call { kernel: Kernel::sha256(blocks, index, tasks), releases });
            (0..tasks).map(share).collect()
        }
        Workload::Matrix { tasks, size, simd } => {
            (0..tasks).map(|index| compute(Kernel::matrix(size, index, tasks, simd))).collect()
        }
        Workload::Pi { tasks, points, seed } => {
            (0..tasks).map(|index| compute(Kernel::pi(points, seed, index, tasks))).collect()
        }
        Workload::Sort { tasks, numbers, seed } => {
            (0..tasks).map(|index| compute(Kernel::sort(numbers, seed, index))).collect()
        }
        Workload::Sleep { tasks, ms, fault } => with_fault(vec![Work::One(Step::Sleep { ms }); tasks as usize], fault),
        Workload::FetchThenCompute { tasks, latency_ms, below } => {
            let steps = |index: u32| {
                let kernel = Kernel::primes(below, 0, 1);
                Work::Steps(vec![Step::Fetch(sites::answer_after(index as usize, latency_ms)), Step::Compute(kernel)])
            };
            (0..tasks).map(steps).collect()
        }
        Workload::Convoy { sleeps, ms, below } => {
            vec![compute(Kernel::primes(below, 0, 1)), Work::Steps(vec![Step::Sleep { ms }; sleeps as usize])]
        }
        Workload::Tiny { tasks } => vec![compute(Kernel::Nothing); tasks as usize],
        Workload::Large { tasks, kib } => (0..tasks).map(|index| compute(Kernel::checksum(kib, index))).collect(),
        Workload::Queue { items, consumers, below, .. } => {
            let consume = Work::One(Step::Consume(Kernel::primes(below, 0, 1)));
            core::iter::once(Work::One(Step::Produce { items })).chain(vec![consume; consumers as usize]).collect()
        }
        // What other programs do is not known here.
        Workload::Commands(ref line) => vec![Work::Steps(Vec::new()); line.commands.len()],
        Workload::Counter { tasks, times, locked } => vec![Work::One(Step::Add { times, locked }); tasks as usize],
        Workload::Deadlock { order, hold_ms } => {
            let take_both = |first, second| {
                let hold = Step::Sleep { ms: hold_ms };
                Work::Steps(vec![
                    Step::Acquire(first),
                    hold,
                    Step::Acquire(second),
                    Step::Release(second),
                    Step::Release(first),
                ])
            };
            let second = if order == LockOrder::Crossed { take_both(1, 0) } else { take_both(0, 1) };
            vec![take_both(0, 1), second]
        }
    }
}

/// The place of the task that fails when a plan asks for a failing task: the third, or the last of fewer.
pub fn faulty_task(tasks: u32) -> u32 {
    tasks.saturating_sub(1).min(2)
}

fn with_fault(mut works: Vec<Work>, fault: Fault) -> Vec<Work> {
    let place = faulty_task(works.len() as u32) as usize;
    let faulty = match fault {
        Fault::None => return works,
        Fault::Panic => Kernel::Panic("the plan asked this task to panic".to_owned()),
        Fault::Trap => Kernel::Trap,
        Fault::Endless => Kernel::Endless,
        Fault::Allocate => Kernel::Allocate,
    };
    if let Some(slot) = works.get_mut(place) {
        *slot = compute(faulty);
    }
    works
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::plan::{Draft, ModelKind, WorkloadKind};

    #[test]
    fn a_fault_takes_the_place_of_the_third_task_or_the_last() {
        let works = works(&Workload::Sleep { tasks: 5, ms: 1, fault: Fault::Trap });
        assert_eq!(works.iter().position(|work| *work == compute(Kernel::Trap)), Some(2));
        let one = super::works(&Workload::Sleep { tasks: 1, ms: 1, fault: Fault::Panic });
        assert!(matches!(one[..], [Work::One(Step::Compute(Kernel::Panic(_)))]));
    }

    #[test]
    fn every_workload_has_the_work_of_as_many_tasks_as_it_says() {
        for workload in WorkloadKind::ALL {
            let model = ModelKind::ALL.into_iter().find(|model| Draft::model_refused(workload, *model).is_none());
            let plan = Draft::of(workload, model.unwrap()).validate(2).unwrap();
            let works = works(&plan.workload);
            assert_eq!(works.len(), plan.workload.tasks() as usize, "{workload:?}");
            assert_eq!(works.iter().any(Work::makes_requests), plan.workload.makes_requests(), "{workload:?}");
            let sleeps = |work: &Work| work.steps().iter().any(|step| matches!(step, Step::Sleep { .. }));
            assert_eq!(works.iter().any(sleeps), plan.workload.sleeps(), "{workload:?}");
        }
    }
}
