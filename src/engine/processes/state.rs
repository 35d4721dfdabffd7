//! What a pool knows: its queue, its processes, and what each of them has in flight. Nothing here calls the code of others.

use core::task::Waker;
use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use super::options::Start;
use super::pace::Pace;
use crate::engine::futures::Future;
use crate::engine::ports::Kept;
use crate::model::id::TaskId;
use crate::model::time::Instant;

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
    /// Of the last message of a parcel, what the parcel is read from.
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
    /// The messages that are in flight and have not been posted: a parcel that is being made.
    pub(super) parcel: Vec<u8>,
    /// How many messages it may still be sent, if that is limited.
    pub(super) left: Option<u32>,
    pub(super) pace: Pace,
    /// Whether it is given messages up to its window. From when it has few, until it has all that it may have.
    fills: bool,
}

impl<Q, R> Process<Q, R> {
    fn new(left: Option<u32>, pace: Pace) -> Process<Q, R> {
        Process {
            standing: Standing::Starting,
            pipe: None,
            flights: VecDeque::new(),
            parcel: Vec::new(),
            left,
            pace,
            fills: true,
        }
    }

    /// Whether it may have another message behind those that it has.
    fn has_room(&mut self, now: &mut impl FnMut() -> Instant) -> bool {
        if self.standing != Standing::Ready || self.left == Some(0) || self.flights.is_empty() || !self.fills {
            return false;
        }
        self.fills = self.flights.len() < self.pace.window(now);
        self.fills
    }

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
    /// Those with a parcel that is to be posted.
    pub(super) to_post: VecDeque<u32>,
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
            to_post: VecDeque::new(),
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
    /// First whoever is idle. Then whoever has the least in flight, as far as its pace allows, but only while more messages
    /// are queued than there are processes, and one more for each that starts: the last ones are left to whoever is free
    /// first.
    pub(super) fn taker(&mut self, processes: usize, now: &mut impl FnMut() -> Instant) -> Option<u32> {
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
        let busy = self.processes.iter_mut().filter_map(|(number, process)| {
            let has_room = process.has_room(now);
            has_room.then_some((process.flights.len(), *number))
        });
        busy.min().map(|(_, number)| number)
    }

    /// How many are not ready yet.
    fn starting(&self) -> usize {
        let standings = self.processes.values().map(|process| process.standing);
        standings.filter(|standing| matches!(standing, Standing::Starting | Standing::Initializing)).count()
    }

    /// A process is given a message, packed as these bytes. Gives the length of its parcel; or the flight back, if the process
    /// has ended meanwhile.
    pub(super) fn begin(
        &mut self,
        number: u32,
        flight: Flight<R>,
        bytes: Vec<u8>,
        now: &mut impl FnMut() -> Instant,
    ) -> Result<usize, Flight<R>> {
        let Some(process) = self.processes.get_mut(&number) else { return Err(flight) };
        process.flights.push_back(flight);
        process.left = process.left.map(|left| left.saturating_sub(1));
        if process.parcel.is_empty() {
            process.parcel = bytes;
            self.to_post.push_back(number);
        } else {
            process.parcel.extend_from_slice(&bytes);
        }
        if process.flights.len() == 1 {
            process.pace.begins(now);
            self.busy += 1;
            // It is at the front, where `taker` saw it.
            if self.idle.front() == Some(&number) {
                self.idle.pop_front();
            }
        }
        Ok(process.parcel.len())
    }

    /// A process has answered a message that it worked on for so long. Returns whether that was its last.
    pub(super) fn has_answered(&mut self, number: u32, took: Duration, now: &mut impl FnMut() -> Instant) -> bool {
        let Some(process) = self.processes.get_mut(&number) else { return false };
        process.pace.answers(took);
        process.fills |= process.pace.is_low(process.flights.len());
        if !process.flights.is_empty() {
            return false;
        }
        if self.queue.is_empty() {
            process.pace.rests();
        } else {
            // Before it begins the next one.
            process.pace.window(now);
        }
        let is_used_up = process.left == Some(0);
        self.busy -= 1;
        if !is_used_up {
            self.idle.push_back(number);
        }
        is_used_up
    }

    /// Asks for as many processes as are wanted now.
    pub(super) fn ask_for_processes(&mut self, start: Start, processes: usize, left: Option<u32>, pace: Pace) {
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
            self.processes.insert(number, Process::new(left, pace));
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
