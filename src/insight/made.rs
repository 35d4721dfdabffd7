//! Traces for tests: made by hand, event by event, or at random, as any run might leave them.

use proptest::prelude::*;
use rand_pcg::Pcg32;
use rand_pcg::rand_core::{Rng, SeedableRng};

use crate::model::event::{Event, EventKind, Phase};
use crate::model::id::{LaneId, TaskId};
use crate::model::message::Message;
use crate::model::outcome::{Outcome, Value};
use crate::model::plan::ModelKind;
use crate::model::time::Instant;
use crate::model::trace::Trace;

/// A trace that is written event by event. Times are in microseconds.
pub struct Made {
    pub trace: Trace,
    sequence: u32,
}

impl Made {
    pub fn new(tasks: u32) -> Made {
        Made { trace: Trace::new(tasks), sequence: 0 }
    }

    pub fn add(&mut self, us: u64, lane: LaneId, task: Option<u32>, kind: EventKind, arg: u64) -> &mut Made {
        self.sequence += 1;
        let at = Instant(us * 1_000);
        self.trace.apply(&Event { at, sequence: self.sequence, lane, task: task.map(TaskId), kind, arg });
        self
    }

    /// Submits every task.
    pub fn submit(&mut self, us: u64) -> &mut Made {
        for task in 0..self.trace.tasks.len() as u32 {
            self.add(us, LaneId::Thread(0), Some(task), EventKind::Submitted, 0);
        }
        self
    }

    pub fn start(&mut self, us: u64, lane: LaneId, task: u32) -> &mut Made {
        self.add(us, lane, Some(task), EventKind::Started, 0)
    }

    pub fn finish(&mut self, us: u64, lane: LaneId, task: u32) -> &mut Made {
        self.add(us, lane, Some(task), EventKind::Finished, Value::Nothing.to_arg())
    }

    pub fn enter(&mut self, us: u64, lane: LaneId, task: u32, phase: Phase) -> &mut Made {
        self.add(us, lane, Some(task), EventKind::Enter(phase), 0)
    }

    pub fn idle(&mut self, us: u64, lane: LaneId) -> &mut Made {
        self.add(us, lane, None, EventKind::Enter(Phase::Idle), 0)
    }

    pub fn close(&mut self, us: u64, lane: LaneId) -> &mut Made {
        self.add(us, lane, None, EventKind::LaneClosed, 0)
    }

    /// One end of a message.
    pub fn message(&mut self, us: u64, lane: LaneId, number: u32, kind: EventKind) -> &mut Made {
        self.add(us, lane, Some(number), kind, Message { number, bytes: 100 }.to_arg())
    }
}

/// Any valid trace, with the model that it is of: also one of a run that goes on, or was cut.
pub fn any_trace() -> impl Strategy<Value = (Trace, ModelKind)> {
    (0..ModelKind::ALL.len(), 1_u32..5, 0_u32..10, any::<u64>()).prop_map(|(model, workers, tasks, seed)| {
        let model = ModelKind::ALL[model];
        (random(model, workers, tasks, seed), model)
    })
}

/// What is made up as it goes.
struct Maker {
    dice: Pcg32,
    events: Vec<Event>,
    /// When the lock, or the loop, is free.
    free_at: u64,
    holder: u64,
}

impl Maker {
    /// A length: often none, as clocks have steps.
    fn length(&mut self) -> u64 {
        if self.dice.next_u32().is_multiple_of(3) { 0 } else { u64::from(self.dice.next_u32() % 5_000) }
    }

    fn one_in(&mut self, sides: u32) -> bool {
        self.dice.next_u32().is_multiple_of(sides)
    }

    fn add(&mut self, at: u64, lane: LaneId, task: Option<u32>, kind: EventKind, arg: u64) {
        self.events.push(Event { at: Instant(at), sequence: 0, lane, task: task.map(TaskId), kind, arg });
    }

    fn enter(&mut self, at: u64, lane: LaneId, task: Option<u32>, phase: Phase) {
        self.add(at, lane, task, EventKind::Enter(phase), 0);
    }

    /// A task's life on a lane, from a time on; gives when it ended.
    fn live(&mut self, mut at: u64, lane: LaneId, task: u32, model: ModelKind) -> u64 {
        self.add(at, lane, Some(task), EventKind::Started, 0);
        for _ in 0..1 + self.dice.next_u32() % 4 {
            at = self.compute(at, lane, task, model);
            const WAITS: [Phase; 6] = [
                Phase::WaitingIo,
                Phase::Sleeping,
                Phase::WaitingMutex,
                Phase::WaitingQueue,
                Phase::WaitingPipe,
                Phase::ComputingUnlocked,
            ];
            if self.one_in(2) && (model != ModelKind::EventLoop || !self.one_in(6)) {
                let place = self.dice.next_u32() as usize % if model == ModelKind::EventLoop { 5 } else { 6 };
                self.enter(at, lane, Some(task), WAITS[place]);
                at += self.length();
            }
        }
        at = self.compute(at, lane, task, model);
        let outcome = if self.one_in(40) { Outcome::Cancelled } else { Outcome::Done(Value::Count(3)) };
        let (kind, arg) = outcome.to_event();
        self.add(at, lane, Some(task), kind, arg);
        at
    }

    fn compute(&mut self, mut at: u64, lane: LaneId, task: u32, model: ModelKind) -> u64 {
        let (locks, turns) = (model == ModelKind::Threads, model == ModelKind::EventLoop);
        if locks && self.free_at > at {
            self.enter(at, lane, Some(task), Phase::WaitingLock);
        }
        if locks || turns {
            at = at.max(self.free_at);
        }
        let forced = u64::from(self.one_in(3));
        if locks {
            self.add(at, lane, Some(task), EventKind::LockTaken, (self.holder << 1) | forced);
        }
        self.enter(at, lane, Some(task), Phase::Computing);
        at += self.length();
        if locks || turns {
            self.free_at = at;
        }
        if locks {
            let LaneId::Thread(number) = lane else { return at };
            self.holder = number.into();
            self.add(at, lane, Some(task), EventKind::LockDropped, 0);
            self.enter(at, lane, Some(task), Phase::Sleeping);
        }
        at
    }
}

fn random(model: ModelKind, workers: u32, tasks: u32, seed: u64) -> Trace {
    let mut make = Maker { dice: Pcg32::seed_from_u64(seed), events: Vec::new(), free_at: 0, holder: 0 };
    let main = LaneId::Thread(0);
    let mut at = 0;
    // Some are warm.
    if !make.one_in(4) {
        make.enter(0, LaneId::Process, None, Phase::Instantiating);
        at += make.length();
        make.enter(at, LaneId::Process, None, Phase::StartingThreads);
        at += make.length();
        make.add(at, LaneId::Process, None, EventKind::LaneClosed, 0);
    }
    let own_memory = model == ModelKind::Processes || model == ModelKind::Subprocess;
    let lanes: Vec<LaneId> = match model {
        ModelKind::Sequential => vec![main],
        ModelKind::EventLoop => Vec::new(),
        _ if own_memory => (1..=workers).map(LaneId::Child).collect(),
        _ => (1..=workers).map(LaneId::Thread).collect(),
    };
    let mut times = Vec::new();
    for lane in &lanes {
        let mut time = at + make.length();
        if own_memory {
            make.enter(time, *lane, None, Phase::Instantiating);
            time += make.length();
            make.add(time, *lane, None, EventKind::LaneClosed, 0);
            time += make.length();
        }
        if *lane != main {
            make.enter(time, *lane, None, Phase::Idle);
        }
        times.push(time);
    }
    at += make.length();
    for task in 0..tasks {
        make.add(at, main, Some(task), EventKind::Submitted, 0);
        at += if make.one_in(4) { make.length() } else { 0 };
    }
    let mut parent_at = at;
    for task in 0..tasks {
        if model == ModelKind::EventLoop {
            let lane = LaneId::Coroutine(task);
            let begin = at + make.length();
            let end = make.live(begin.max(make.free_at), lane, task, model);
            make.add(end, lane, None, EventKind::LaneClosed, 0);
            continue;
        }
        let place = make.dice.next_u32() as usize % lanes.len();
        let (lane, mut time) = (lanes[place], times[place].max(at) + make.length());
        let message = Message { number: task, bytes: 64 }.to_arg();
        if model.copies() {
            make.enter(parent_at, main, Some(task), Phase::Serialising);
            parent_at += make.length();
            make.add(parent_at, main, Some(task), EventKind::Sent, message);
            make.enter(parent_at, main, None, Phase::Idle);
            time = time.max(parent_at);
            make.enter(time, lane, None, Phase::Deserialising);
            time += make.length();
            make.add(time, lane, Some(task), EventKind::Received, message);
            make.enter(time, lane, None, Phase::Idle);
        }
        time = make.live(time, lane, task, model);
        if model.copies() {
            make.enter(time, lane, Some(task), Phase::Serialising);
            time += make.length();
            make.add(time, lane, Some(task), EventKind::Sent, message);
        }
        make.enter(time, lane, None, Phase::Idle);
        // Some are replaced, as `maxtasksperchild` has it.
        times[place] = time;
    }
    for (lane, time) in lanes.iter().zip(&times) {
        make.add(*time, *lane, None, EventKind::LaneClosed, 0);
    }
    make.events.sort_by_key(|event| event.at);
    // Some runs go on, and some were cut.
    let last = make.events.last().map_or(0, |event| event.at.0);
    let until = if make.one_in(3) { u64::from(make.dice.next_u32()) % (last + 1) } else { last };
    let mut trace = Trace::new(tasks);
    for (event, sequence) in make.events.iter().filter(|event| event.at.0 <= until).zip(1..) {
        trace.apply(&Event { sequence, ..*event });
    }
    trace.look(Instant(until));
    if make.one_in(4) {
        trace.cut(Instant(until), &Outcome::Cancelled);
    }
    trace
}
