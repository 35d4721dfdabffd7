//! What a pool knows: its queue, its processes, and what each of them has in flight. Nothing here calls the code of others.

use core::task::Waker;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use super::options::Start;
use crate::engine::futures::Future;
use crate::engine::ports::Kept;
use crate::model::id::TaskId;

/// What the whole pool is at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// It takes tasks.
    Running,
    /// It takes none any more, and ends when those that it has are done.
    Closed,
    /// It was ended.
    Terminated,
    /// It can run nothing any more, for this reason.
    Broken(String),
}

/// A task: what it is given, and its outcome.
pub(super) struct Item<A, R> {
    pub(super) argument: A,
    pub(super) future: Future<R>,
}

/// The tasks that one message carries.
pub(super) type Chunk<A, R> = Vec<Item<A, R>>;

/// A message that is to be answered.
pub(super) struct Flight<R> {
    pub(super) number: u32,
    pub(super) about: Option<TaskId>,
    pub(super) futures: Vec<Future<R>>,
    pub(super) kept: Kept,
}

/// What a process is at, as far as its pool knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It was asked for.
    Starting,
    /// It was given what it is to do first.
    Initializing,
    /// It takes tasks, unless it has had all that it may have.
    Ready,
    /// It was told that there is no more to do.
    Closing,
}

pub(super) struct Process<Q, R> {
    pub(super) standing: Standing,
    /// Once it has started.
    pub(super) pipe: Option<Rc<Q>>,
    /// In the order in which they were sent, which is that of their answers.
    pub(super) flights: VecDeque<Flight<R>>,
    /// How many messages it may still be sent, if that is limited.
    pub(super) left: Option<u32>,
}

impl<Q, R> Process<Q, R> {
    /// Whether it will take a task, now or once it has started.
    fn is_of_use(&self) -> bool {
        self.standing != Standing::Closing && self.left != Some(0)
    }
}

pub(super) struct State<Q, A, R> {
    pub(super) stage: Stage,
    pub(super) queue: VecDeque<Chunk<A, R>>,
    /// By their numbers.
    pub(super) processes: BTreeMap<u32, Process<Q, R>>,
    /// Those that are ready, have nothing in flight, and may be sent something; the one that waits longest first.
    pub(super) idle: VecDeque<u32>,
    /// How many have tasks in flight.
    pub(super) busy: usize,
    /// Those that are to be started.
    pub(super) to_start: Vec<u32>,
    pub(super) next_process: u32,
    pub(super) next_message: u32,
    /// Whoever drives the pool.
    pub(super) driver: Option<Waker>,
    /// Those who wait until its processes are ready.
    pub(super) awaiting_start: Vec<Waker>,
}

impl<Q, A, R> State<Q, A, R> {
    pub(super) fn new(first_number: u32) -> State<Q, A, R> {
        State {
            stage: Stage::Running,
            queue: VecDeque::new(),
            processes: BTreeMap::new(),
            idle: VecDeque::new(),
            busy: 0,
            to_start: Vec::new(),
            next_process: first_number,
            next_message: 0,
            driver: None,
            awaiting_start: Vec::new(),
        }
    }

    pub(super) fn number_message(&mut self) -> u32 {
        let number = self.next_message;
        self.next_message = number.wrapping_add(1);
        number
    }

    /// Whether it does no more than it has begun to, or nothing at all.
    pub(super) fn has_failed(&self) -> bool {
        matches!(self.stage, Stage::Terminated | Stage::Broken(_))
    }

    /// Whether there is nothing left that it could do.
    pub(super) fn is_over(&self) -> bool {
        self.stage != Stage::Running && self.queue.is_empty() && self.processes.is_empty()
    }

    /// Who is to have the next message, if there is one and anybody may have it now.
    ///
    /// First whoever is idle. Then whoever has the least in flight, up to `window` messages, but only while more messages
    /// are queued than there are processes, and one more for each that starts: the last ones are left to whoever is free
    /// first.
    pub(super) fn taker(&self, processes: usize, window: usize) -> Option<u32> {
        if self.queue.is_empty() {
            return None;
        }
        // A fresh process stands in for one that ends its last task, and does not work beside it.
        if self.busy < processes
            && let Some(number) = self.idle.front()
        {
            return Some(*number);
        }
        if self.queue.len() <= processes + self.starting() {
            return None;
        }
        let has_room = |process: &&Process<Q, R>| {
            let in_flight = process.flights.len();
            process.standing == Standing::Ready && process.left != Some(0) && in_flight > 0 && in_flight < window
        };
        let busy = self.processes.iter().map(|(number, process)| (process, *number));
        let busy = busy.filter(|(process, _)| has_room(process));
        busy.min_by_key(|(process, number)| (process.flights.len(), *number)).map(|(_, number)| number)
    }

    /// How many are not ready yet.
    fn starting(&self) -> usize {
        let standings = self.processes.values().map(|process| process.standing);
        standings.filter(|standing| matches!(standing, Standing::Starting | Standing::Initializing)).count()
    }

    /// A process has been given a message.
    pub(super) fn begin(&mut self, number: u32, flight: Flight<R>) {
        let Some(process) = self.processes.get_mut(&number) else { return };
        process.flights.push_back(flight);
        process.left = process.left.map(|left| left.saturating_sub(1));
        if process.flights.len() == 1 {
            self.busy += 1;
            // It is at the front, where `taker` saw it.
            if self.idle.front() == Some(&number) {
                self.idle.pop_front();
            }
        }
    }

    /// Asks for as many processes as are wanted now.
    pub(super) fn ask_for_processes(&mut self, start: Start, processes: usize, left: Option<u32>) {
        if self.has_failed() || (self.stage == Stage::Closed && self.queue.is_empty()) {
            return;
        }
        let mut of_use = self.processes.values().filter(|process| process.is_of_use()).count();
        let mut starting = self.starting();
        let wanted = match start {
            Start::AtOnce => usize::MAX,
            Start::OnDemand => self.queue.len().saturating_sub(self.idle.len()),
        };
        while of_use < processes && starting < wanted {
            let number = self.next_process;
            self.next_process += 1;
            let process = Process { standing: Standing::Starting, pipe: None, flights: VecDeque::new(), left };
            self.processes.insert(number, process);
            self.to_start.push(number);
            of_use += 1;
            starting += 1;
        }
    }

    /// Takes those who wait for a change, to be woken without the state at hand.
    pub(super) fn take_wakers(&mut self) -> Vec<Waker> {
        let mut wakers = core::mem::take(&mut self.awaiting_start);
        wakers.extend(self.driver.take());
        wakers
    }
}
