//! The ledger: where the time of the workers went. Workers × wall time is the sum of ten terms, each read off the trace by
//! itself; that they add up is checked, since a trace of which they do not is not one of what happened.
//!
//! *Workers* are who does tasks: the threads of a pool, the processes of one, each other program; the one thread of Sequential;
//! and of an event loop the thread that its coroutines take turns on, with the threads that they leave work to. A process that
//! replaces another is the same worker. *Wall* is from asking for the process to the last outcome; where all was there already,
//! from the first submission.

use core::time::Duration;
use std::collections::BTreeMap;

use super::provenance::Provenance;
use super::series::{Steps, open_end, push, sort};
use crate::model::event::Phase;
use crate::model::id::LaneId;
use crate::model::plan::ModelKind;
use crate::model::time::Instant;
use crate::model::trace::{Lane, Span, Stamp, Trace};

/// What a worker's time goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Term {
    /// Tasks' code runs. Of coroutines, at most one at a time.
    Computing,
    /// Waiting for the interpreter's lock.
    Lock,
    /// Waiting for what tasks share: a lock of their own, a queue, a thread that computes for a coroutine.
    Shared,
    /// Waiting for the network or a pipe, or asleep. An event loop does so while none of its coroutines computes and any waits
    /// for one of these.
    Io,
    /// The process, its threads and the worker itself start, and run the pool's initializer; and all that is before the first
    /// submission and is nothing else.
    Starting,
    /// Messages are packed: by the worker, or by the pool's process for it while it has nothing to do.
    Serialise,
    /// A message is under way to the worker, or waits for it to look: from its being sent to the beginning of its unpacking, as
    /// far as the worker did nothing else meanwhile.
    Transfer,
    /// The worker unpacks messages.
    Deserialise,
    /// The worker has nothing to do although the task that it does next was submitted already.
    Dispatch,
    /// The worker has nothing to do.
    Idle,
}

impl Term {
    /// Every term, in the order in which they are drawn.
    pub const ALL: [Term; 10] = [
        Term::Computing,
        Term::Lock,
        Term::Shared,
        Term::Io,
        Term::Starting,
        Term::Serialise,
        Term::Transfer,
        Term::Deserialise,
        Term::Dispatch,
        Term::Idle,
    ];

    /// What a person reads.
    pub fn label(self) -> &'static str {
        match self {
            Term::Computing => "computing",
            Term::Lock => "waiting for the lock",
            Term::Shared => "waiting for other tasks",
            Term::Io => "waiting for I/O, or asleep",
            Term::Starting => "starting",
            Term::Serialise => "packing messages",
            Term::Transfer => "messages under way",
            Term::Deserialise => "unpacking messages",
            Term::Dispatch => "being given tasks",
            Term::Idle => "idle",
        }
    }

    /// How it is known: phases are recorded, and what is between them is worked out from several records.
    pub fn provenance(self) -> Provenance {
        match self {
            Term::Transfer | Term::Dispatch | Term::Idle => Provenance::Derived,
            _ => Provenance::Measured,
        }
    }
}

/// Where the time of the workers went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    pub workers: u32,
    /// From asking for the process, or the first submission where all was there already, to the last outcome.
    pub wall: Duration,
    /// By term, of all workers together.
    times: [Duration; Term::ALL.len()],
}

/// A ledger that does not add up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Imbalance {
    /// Workers × wall time.
    pub total: Duration,
    /// The sum of the terms.
    pub sum: Duration,
}

impl Ledger {
    /// Reads a trace.
    pub fn of(trace: &Trace, model: ModelKind) -> Ledger {
        let Some(work) = trace.work_start() else { return Ledger::default() };
        let starts = trace.lanes.iter().filter(|(id, _)| *id != LaneId::Page).flat_map(|(_, lane)| spans(lane, trace));
        let begin = starts.filter(|span| starts_something(span.phase)).map(|span| span.start.at).min();
        let begin = begin.unwrap_or(work).min(work);
        let mut tally =
            Tally { trace, begin, work, end: trace.work_end(), around: around(trace), times: Default::default() };
        let mut workers = 0;
        if model == ModelKind::EventLoop {
            tally.event_loop();
            workers += 1;
        }
        let is_worker = |id: &LaneId| match (model, id) {
            (ModelKind::Sequential, LaneId::Thread(number)) => *number == 0,
            (ModelKind::Processes | ModelKind::Subprocess, LaneId::Child(_)) => true,
            (ModelKind::Sequential | ModelKind::Processes | ModelKind::Subprocess, _) => false,
            (_, LaneId::Thread(number)) => *number > 0,
            _ => false,
        };
        let lanes = trace.lanes.iter().filter(|(id, _)| is_worker(id));
        for slot in slots(lanes, trace, model) {
            workers += 1;
            let mut from = begin;
            for (place, (id, lane)) in slot.iter().enumerate() {
                // Up to where its successor is asked for.
                let next = slot.get(place + 1).and_then(|(_, lane)| spans(lane, trace).next());
                let to = next.map_or(tally.end, |span| span.start.at.clamp(from, tally.end.max(from)));
                tally.lane(*id, lane, from, to);
                from = to;
            }
        }
        let times = tally.times.map(Duration::from_nanos);
        Ledger { workers, wall: tally.end - begin, times }
    }

    /// What a term comes to, of all workers together.
    pub fn time(&self, term: Term) -> Duration {
        self.times[term as usize]
    }

    /// Workers × wall time.
    pub fn total(&self) -> Duration {
        self.wall * self.workers
    }

    /// A term as a share of all, from 0 to 1.
    pub fn share(&self, term: Term) -> f64 {
        share(self.time(term), self.total())
    }

    /// Messages, from one memory to another.
    pub fn copying(&self) -> Duration {
        self.time(Term::Serialise) + self.time(Term::Transfer) + self.time(Term::Deserialise)
    }

    /// Whether the terms add up to workers × wall time, to within a hundredth of it, or a step of the clock for each worker.
    ///
    /// # Errors
    /// If they do not: then the trace has what cannot be, as a lane that does two things at once.
    pub fn check(&self, clock_step: Duration) -> Result<(), Imbalance> {
        let (total, sum) = (self.total(), self.times.iter().sum::<Duration>());
        let allowed = (total / 100).max(clock_step * self.workers);
        if sum.abs_diff(total) <= allowed { Ok(()) } else { Err(Imbalance { total, sum }) }
    }
}

/// A part of something, from 0 to 1; 0 of nothing.
pub(super) fn share(part: Duration, whole: Duration) -> f64 {
    if whole.is_zero() { 0.0 } else { part.as_secs_f64() / whole.as_secs_f64() }
}

fn starts_something(phase: Phase) -> bool {
    matches!(phase, Phase::Instantiating | Phase::StartingThreads)
}

/// What a lane did, with what it is doing.
fn spans<'a>(lane: &'a Lane, trace: &Trace) -> impl Iterator<Item = Span> + use<'a> {
    let end = open_end(trace);
    let open =
        lane.open.map(|open| Span { phase: open.phase, task: open.task, start: open.start, end: end.max(open.start) });
    lane.spans.iter().copied().chain(open)
}

/// The lanes of each worker: a process that was started once another had nothing more to do takes its place.
fn slots<'a>(
    lanes: impl Iterator<Item = (LaneId, &'a Lane)>,
    trace: &Trace,
    model: ModelKind,
) -> Vec<Vec<(LaneId, &'a Lane)>> {
    let mut slots: Vec<(Instant, Vec<(LaneId, &Lane)>)> = Vec::new();
    for (id, lane) in lanes {
        let Some(start) = spans(lane, trace).next().map(|span| span.start.at) else { continue };
        let is_open = lane.open.is_some_and(|open| open.phase != Phase::Idle);
        let last = lane.spans.iter().rev().find(|span| span.phase != Phase::Idle);
        let end = if is_open { Instant(u64::MAX) } else { last.map_or(start, |span| span.end.at) };
        // Only a process is replaced, and only by one that starts.
        let can_follow = model == ModelKind::Processes
            && spans(lane, trace).next().is_some_and(|span| starts_something(span.phase))
            && trace.work_start().is_some_and(|work| start >= work);
        let place = if can_follow { slots.iter().position(|(ended, _)| *ended <= start) } else { None };
        match place {
            Some(place) => {
                slots[place].0 = end;
                slots[place].1.push((id, lane));
            }
            None => slots.push((end, vec![(id, lane)])),
        }
    }
    slots.into_iter().map(|(_, lanes)| lanes).collect()
}

/// What happens around a lane, in order of time: with the place of each in the trace.
#[derive(Default)]
struct Around {
    /// Tasks that start on it.
    starts: Vec<(Stamp, i64)>,
    /// Messages that it has unpacked.
    received: Vec<(Stamp, i64)>,
}

fn around(trace: &Trace) -> BTreeMap<LaneId, Around> {
    let mut around = BTreeMap::<LaneId, Around>::new();
    for (task, place) in trace.tasks.iter().zip(0..) {
        if let (Some(lane), Some(started)) = (task.lane, task.started) {
            around.entry(lane).or_default().starts.push((started, place));
        }
    }
    for (post, place) in trace.posts.iter().zip(0..) {
        if let Some((lane, stamp)) = post.received {
            around.entry(lane).or_default().received.push((stamp, place));
        }
    }
    for lane in around.values_mut() {
        sort(&mut lane.starts);
        sort(&mut lane.received);
    }
    around
}

/// Adds up.
struct Tally<'a> {
    trace: &'a Trace,
    begin: Instant,
    /// The first submission.
    work: Instant,
    end: Instant,
    around: BTreeMap<LaneId, Around>,
    /// Nanoseconds, by term.
    times: [u64; Term::ALL.len()],
}

impl Tally<'_> {
    fn add(&mut self, term: Term, from: Instant, to: Instant) {
        self.times[term as usize] += (to - from).as_nanos() as u64;
    }

    /// Adds what a lane did in a time that is its own.
    fn lane(&mut self, id: LaneId, lane: &Lane, from: Instant, to: Instant) {
        let around = self.around.remove(&id).unwrap_or_default();
        let mut known = Stamp { at: from, sequence: 0 };
        let mut before = None;
        for span in spans(lane, self.trace) {
            if span.start.at > known.at {
                // A lane that begins with nothing to do tells that it is there now; one that begins with something was there.
                let is_starting = match before {
                    None => span.phase == Phase::Idle || starts_something(span.phase),
                    Some(phase) => starts_something(phase),
                };
                if is_starting {
                    self.add(Term::Starting, known.at.min(to), span.start.at.min(to));
                } else {
                    self.nothing(&around, known, span.start.at, to);
                }
            }
            let (start, end) = (span.start.at.clamp(from, to), span.end.at.clamp(from, to));
            match term_of(&span) {
                Term::Idle => self.nothing(&around, span.start, end.max(start), to),
                term => self.add(term, start, end),
            }
            known = known.max(span.end);
            before = Some(span.phase);
        }
        if known.at < to {
            self.nothing(&around, known, to, to);
        }
    }

    /// Adds a time in which a lane has nothing to do, up to where it does something or its time is over.
    fn nothing(&mut self, around: &Around, since: Stamp, until: Instant, to: Instant) {
        let (mut from, mut until) = (since.at.max(self.begin).min(to), until.min(to));
        if from >= until {
            return;
        }
        let after = |list: &[(Stamp, i64)]| {
            let place = list.partition_point(|(stamp, _)| *stamp < since);
            list.get(place).map(|(stamp, place)| (*stamp, *place as usize))
        };
        if from < self.work {
            self.add(Term::Starting, from, until.min(self.work));
            from = self.work;
        }
        let next_task = after(&around.starts);
        // What comes first is what it waited for: a message, if it unpacks one before its next task starts.
        let message = after(&around.received).filter(|(stamp, _)| next_task.is_none_or(|(start, _)| *stamp < start));
        let sent = message.and_then(|(_, place)| self.trace.posts[place].sent);
        if let Some((sender, sent)) = sent
            && from < until
        {
            let under_way = sent.at.clamp(from, until);
            self.add(Term::Transfer, under_way, until);
            until = under_way;
            let packing = self.packing(sender, sent).clamp(from, until);
            self.add(Term::Serialise, packing, until);
            until = packing;
        }
        let submitted = next_task.and_then(|(_, place)| self.trace.tasks[place].submitted);
        let given = submitted.map_or(until, |submitted| submitted.at).clamp(from.min(until), until);
        self.add(Term::Idle, from, given);
        self.add(Term::Dispatch, given, until);
    }

    /// When a lane began to pack what it sent then.
    fn packing(&self, sender: LaneId, sent: Stamp) -> Instant {
        let spans = self.trace.lanes.get(sender).map_or(&[][..], |lane| &lane.spans);
        let place = spans.partition_point(|span| span.start <= sent);
        let span = place.checked_sub(1).map(|place| &spans[place]);
        span.filter(|span| span.phase == Phase::Serialising).map_or(sent.at, |span| span.start.at)
    }

    /// Adds what the thread of coroutines did: of what these do at once, it does what comes first among the terms.
    fn event_loop(&mut self) {
        const TERMS: [Term; 4] = [Term::Computing, Term::Io, Term::Shared, Term::Dispatch];
        // How many do each is counted in 15 bits; of more at once, which nothing here can have, some would count as another.
        let weight = |term: Term| TERMS.iter().position(|known| *known == term).map(|place| 1_i64 << (15 * place));
        let mut edges = Vec::new();
        for (id, lane) in self.trace.lanes.iter() {
            if !matches!(id, LaneId::Coroutine(_)) {
                continue;
            }
            for span in spans(lane, self.trace) {
                if let Some(weight) = weight(term_of(&span)) {
                    push(&mut edges, span.start, span.end, weight);
                }
            }
        }
        let end = open_end(self.trace);
        for task in &self.trace.tasks {
            if let (Some(submitted), Some(weight)) = (task.submitted, weight(Term::Dispatch)) {
                push(&mut edges, submitted, task.started.or(task.ended).unwrap_or(end), weight);
            }
        }
        let (work, mut times) = (self.work, [0; Term::ALL.len()]);
        Steps::from_edges(edges).each(self.begin, self.end, &mut |level, from, to| {
            let what = TERMS.into_iter().zip(0..).find(|(_, place)| (level >> (15 * place)) & 0x7fff != 0);
            let term = what.map_or(Term::Idle, |(term, _)| term);
            let term = if term == Term::Idle && to <= work { Term::Starting } else { term };
            times[term as usize] += (to - from).as_nanos() as u64;
        });
        for (sum, time) in self.times.iter_mut().zip(times) {
            *sum += time;
        }
    }
}

fn term_of(span: &Span) -> Term {
    match span.phase {
        // What computes for no task is a pool's initializer.
        Phase::Computing | Phase::ComputingUnlocked if span.task.is_some() => Term::Computing,
        Phase::Computing | Phase::ComputingUnlocked => Term::Starting,
        Phase::Instantiating | Phase::StartingThreads => Term::Starting,
        Phase::WaitingLock => Term::Lock,
        Phase::WaitingMutex | Phase::WaitingQueue | Phase::WaitingJoin => Term::Shared,
        Phase::WaitingIo | Phase::WaitingPipe | Phase::Sleeping => Term::Io,
        Phase::Serialising => Term::Serialise,
        Phase::Deserialising => Term::Deserialise,
        Phase::Idle | Phase::Blocked => Term::Idle,
    }
}

#[cfg(test)]
mod tests;
