//! A run as trace events.
//!
//! * Each leg is a process, and so is each process that it started; threads are threads, with a complete event (`X`) a span.
//! * Coroutines overlap on one thread, which complete events cannot: each is a nestable async track (`b`, `e`) with its phases
//!   inside it. Who holds the lock is one, too. Only one computes at a time, so that the loop's thread has a slice for each of
//!   their turns: flows end in slices, and programs that show threads alone have one to show.
//! * Submissions stand on a track of their own, as marks: from each goes a flow (`s`, `f`) to the slice in which its task starts.
//!   Messages are flows from the slice that packed them to the one that unpacked them.
//! * The dials are counters (`C`).
//!
//! Legs begin their work at the same time, as in the picture.

use core::fmt::Write as _;
use std::collections::BTreeMap;

use crate::model::event::Phase;
use crate::model::id::LaneId;
use crate::model::outcome::Outcome;
use crate::model::run::{Run, RunLeg};
use crate::model::time::Instant;
use crate::model::trace::{Lane, Stamp};

/// The category of everything that is ours, by which an import knows the phases again.
pub(super) const CATEGORY: &str = "overlap";
/// That of what is no lane: when tasks were submitted, whose turn it was, and who held the lock. An import leaves them out.
pub(super) const MARKS: &str = "overlap marks";

/// The threads of a process begin here: programs take one that has its process's number for the main thread.
const FIRST_THREAD: u32 = 100_001;
/// The thread of an event loop.
const LOOP: u32 = FIRST_THREAD - 1;
/// What starts a process, as a thread of it; and that on which submissions are marked. Programs that show one thread at a time
/// begin with the lowest number, which is to be one that works.
const STARTER: u32 = 1_000_000_000;
const SUBMISSIONS: u32 = STARTER + 1;
/// The longest mark of a submission, in nanoseconds: it has to have a length, since flows start in slices.
const MARK_NS: u64 = 1_000;

/// Writes a run.
pub fn write(run: &Run) -> String {
    let mut out = Events { text: String::from("{\"traceEvents\":["), flows: 0, is_first: true };
    // Where every leg's work begins on the one axis.
    let zero = run.legs.iter().filter_map(|leg| leg.trace.work_start()).max().unwrap_or_default();
    let mut pid = 1;
    for (leg, number) in run.legs.iter().zip(1..) {
        let shift = zero - leg.trace.work_start().unwrap_or(zero);
        let mut writer = LegWriter { out: &mut out, leg, pid, shift, turns: BTreeMap::new() };
        writer.write(number);
        pid += 1 + leg.trace.lanes.iter().filter(|(id, _)| own_process(*id)).count() as u32;
    }
    let Events { mut text, .. } = out;
    let place = &run.place;
    let _ = write!(
        text,
        "],\"displayTimeUnit\":\"ms\",\"otherData\":{{\"version\":{},\"name\":{},\"browser\":{},\"cores\":\"{}\",\"plan\":{}}}}}",
        quoted(&format!("Overlap {}", place.build)),
        quoted(&run.title()),
        quoted(&place.browser),
        place.cores,
        quoted(run.plan.as_deref().unwrap_or_default()),
    );
    text
}

/// Whether a lane is a process of its own, beside the leg's.
fn own_process(id: LaneId) -> bool {
    matches!(id, LaneId::Child(_) | LaneId::Page)
}

/// A JSON string.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Nanoseconds as microseconds, exactly.
fn us(ns: u64) -> String {
    format!("{}.{:03}", ns / 1_000, ns % 1_000)
}

/// From one time to another, in nanoseconds, as microseconds: exactly, or less by as little as makes a program that adds it to the
/// first, in floating-point numbers, have no more than the second. speedscope takes a slice that ends later than the next
/// begins, be it by a millionth of a nanosecond, for one that goes on.
fn length(start: u64, end: u64) -> String {
    let [from, to, exact] = [start, end, end - start].map(|ns| ns as f64 / 1e3);
    if from + exact <= to {
        return us(end - start);
    }
    // The difference is exact where it is the smaller half, and else a step or two of the end's own at most too long.
    let mut length = to - from;
    while from + length > to {
        length = length.next_down();
    }
    length.to_string()
}

struct Events {
    text: String,
    flows: u32,
    is_first: bool,
}

impl Events {
    /// Adds an event; `rest` is what comes after its phase, without braces.
    fn add(&mut self, ph: &str, rest: &str) {
        self.text += if self.is_first { "\n" } else { ",\n" };
        self.is_first = false;
        let _ = write!(self.text, "{{\"ph\":\"{ph}\",{rest}}}");
    }

    fn flow(&mut self, name: &str, from: (Track, u64), to: (Track, u64)) {
        self.flows += 1;
        let id = self.flows;
        let mut end = |ph: &str, (track, at): (Track, u64), rest: &str| {
            let Track { pid, tid } = track;
            let text = format!(
                "\"cat\":\"{CATEGORY}\",\"name\":{},\"id\":{id},\"pid\":{pid},\"tid\":{tid},\"ts\":{}{rest}",
                quoted(name),
                us(at)
            );
            self.add(ph, &text);
        };
        end("s", from, "");
        // Bound to the slice around it, not to the next one.
        end("f", to, ",\"bp\":\"e\"");
    }
}

#[derive(Clone, Copy)]
struct Track {
    pid: u32,
    tid: u32,
}

struct LegWriter<'a> {
    out: &'a mut Events,
    leg: &'a RunLeg,
    pid: u32,
    /// What is added to a time of the leg.
    shift: core::time::Duration,
    /// The turns of each coroutine that are written, from when to when.
    turns: BTreeMap<u32, Vec<(u64, u64)>>,
}

impl LegWriter<'_> {
    fn ns(&self, at: Instant) -> u64 {
        (at + self.shift).0
    }

    fn write(&mut self, number: u32) {
        let leg = self.leg;
        self.name("process_name", Track { pid: self.pid, tid: 0 }, &leg.title);
        self.sort("process_sort_index", Track { pid: self.pid, tid: 0 }, number);
        for (id, lane) in leg.trace.lanes.iter() {
            match id {
                LaneId::Coroutine(_) => self.coroutine(id, lane),
                LaneId::Page | LaneId::Process | LaneId::Thread(_) | LaneId::Child(_) => self.thread(id, lane),
            }
            self.holds(id, lane);
        }
        self.turns();
        self.submissions();
        self.messages();
        self.dials();
    }

    fn name(&mut self, what: &str, Track { pid, tid }: Track, name: &str) {
        let name = quoted(name);
        let rest = format!("\"name\":\"{what}\",\"pid\":{pid},\"tid\":{tid},\"ts\":0,\"args\":{{\"name\":{name}}}");
        self.out.add("M", &rest);
    }

    fn sort(&mut self, what: &str, Track { pid, tid }: Track, place: u32) {
        let rest =
            format!("\"name\":\"{what}\",\"pid\":{pid},\"tid\":{tid},\"ts\":0,\"args\":{{\"sort_index\":{place}}}");
        self.out.add("M", &rest);
    }

    /// The track of a lane that has complete events.
    fn track(&self, id: LaneId) -> Track {
        let lanes = self.leg.trace.lanes.iter();
        match id {
            LaneId::Process => Track { pid: self.pid, tid: STARTER },
            LaneId::Thread(thread) => {
                Track { pid: self.pid, tid: FIRST_THREAD.saturating_add(thread).min(STARTER - 1) }
            }
            LaneId::Coroutine(_) => Track { pid: self.pid, tid: LOOP },
            LaneId::Child(_) | LaneId::Page => {
                let before = lanes.filter(|(other, _)| own_process(*other) && *other < id).count() as u32;
                Track { pid: self.pid + 1 + before, tid: FIRST_THREAD }
            }
        }
    }

    fn lane_name(&self, id: LaneId, lane: &Lane) -> String {
        match (&lane.name, id) {
            (Some(name), _) => name.clone(),
            (None, LaneId::Page) => "page".to_owned(),
            (None, LaneId::Process) => "process".to_owned(),
            (None, LaneId::Thread(0)) => "main thread".to_owned(),
            (None, LaneId::Thread(number)) => format!("worker {number}"),
            (None, LaneId::Child(number)) => format!("process {number}"),
            (None, LaneId::Coroutine(index)) => self.leg.task_name(index as usize),
        }
    }

    fn spans(&self, lane: &Lane) -> Vec<(Phase, Option<u32>, u64, u64)> {
        let task = |task: Option<crate::model::id::TaskId>| task.map(|task| task.number());
        let closed = lane.spans.iter().map(|span| (span.phase, task(span.task), span.start.at, span.end.at));
        let latest = self.leg.trace.latest;
        let open = lane.open.iter().map(|open| (open.phase, task(open.task), open.start.at, latest.max(open.start.at)));
        closed.chain(open).map(|(phase, task, start, end)| (phase, task, self.ns(start), self.ns(end))).collect()
    }

    fn thread(&mut self, id: LaneId, lane: &Lane) {
        let track @ Track { pid, tid } = self.track(id);
        let name = self.lane_name(id, lane);
        if own_process(id) {
            self.name("process_name", track, &format!("{}: {name}", self.leg.title));
        }
        self.name("thread_name", track, &name);
        self.sort("thread_sort_index", track, if tid == STARTER { 1 } else { tid + 1 });
        for (phase, task, start, end) in self.spans(lane) {
            if phase == Phase::Idle && start == end {
                // Nothing, for no time: speedscope would take what begins then for a part of it.
                continue;
            }
            let args = task.map_or(String::new(), |task| format!(",\"args\":{{\"task\":{task}}}"));
            let rest = format!(
                "\"cat\":\"{CATEGORY}\",\"name\":\"{}\",\"pid\":{pid},\"tid\":{tid},\"ts\":{},\"dur\":{}{args}",
                phase.label(),
                us(start),
                length(start, end)
            );
            self.out.add("X", &rest);
        }
    }

    /// One part of an async track: from `b` to `e`.
    fn part(&mut self, category: &str, id: &str, name: &str, (start, end): (u64, u64), args: &str) {
        let pid = self.pid;
        let tid = SUBMISSIONS;
        for (ph, at, args) in [("b", start, args), ("e", end, "")] {
            let rest = format!(
                "\"cat\":\"{category}\",\"name\":{},\"id\":\"{id}\",\"pid\":{pid},\"tid\":{tid},\"ts\":{}{args}",
                quoted(name),
                us(at)
            );
            self.out.add(ph, &rest);
        }
    }

    fn coroutine(&mut self, id: LaneId, lane: &Lane) {
        let LaneId::Coroutine(index) = id else { return };
        let spans = self.spans(lane);
        let (Some(first), Some(last)) = (spans.first(), spans.last()) else { return };
        let track = format!("{}.c{index}", self.pid);
        let (pid, tid, name) = (self.pid, SUBMISSIONS, quoted(&self.lane_name(id, lane)));
        let end = |ph: &str, at: u64, out: &mut Events| {
            let rest = format!(
                "\"cat\":\"{CATEGORY}\",\"name\":{name},\"id\":\"{track}\",\"pid\":{pid},\"tid\":{tid},\"ts\":{}",
                us(at)
            );
            out.add(ph, &rest);
        };
        end("b", first.2, self.out);
        for (phase, task, start, end) in &spans {
            let args = task.map_or(String::new(), |task| format!(",\"args\":{{\"task\":{task}}}"));
            self.part(CATEGORY, &track, phase.label(), (*start, *end), &args);
        }
        end("e", last.3, self.out);
    }

    /// The thread of an event loop: which of its coroutines computed.
    fn turns(&mut self) {
        let mut turns: Vec<(u64, u64, u32)> = Vec::new();
        for (id, lane) in self.leg.trace.lanes.iter() {
            let LaneId::Coroutine(index) = id else { continue };
            let of_lane = self.spans(lane).into_iter().filter(|(phase, _, start, end)| phase.computes() && start < end);
            turns.extend(of_lane.map(|(_, _, start, end)| (start, end, index)));
        }
        if turns.is_empty() {
            return;
        }
        turns.sort_unstable();
        // A file can say that two had a turn at once; a thread cannot show it.
        let mut free_from = 0;
        turns.retain(|(start, end, _)| {
            let is_free = *start >= free_from;
            free_from = if is_free { *end } else { free_from };
            is_free
        });
        let track @ Track { pid, tid } = Track { pid: self.pid, tid: LOOP };
        self.name("thread_name", track, "event loop");
        self.sort("thread_sort_index", track, tid);
        for (start, end, index) in turns {
            let id = LaneId::Coroutine(index);
            let name =
                self.leg.trace.lanes.get(id).map(|lane| self.lane_name(id, lane)).filter(|name| !name.is_empty());
            let name = name.unwrap_or_else(|| format!("coroutine {}", index.saturating_add(1)));
            let rest = format!(
                "\"cat\":\"{MARKS}\",\"name\":{},\"pid\":{pid},\"tid\":{tid},\"ts\":{},\"dur\":{},\"args\":{{\"mark\":\"a turn \
                 of a coroutine\"}}",
                quoted(&name),
                us(start),
                length(start, end)
            );
            self.out.add("X", &rest);
            self.turns.entry(index).or_default().push((start, end));
        }
    }

    fn holds(&mut self, id: LaneId, lane: &Lane) {
        if lane.holds.is_empty() {
            return;
        }
        let track = format!("{}.lock.{}", self.pid, id.to_word());
        let name = format!("{} holds the lock", self.lane_name(id, lane));
        for hold in &lane.holds {
            let end = hold.end.map_or(self.leg.trace.latest, |end| end.at).max(hold.start.at);
            let args = if hold.is_forced { ",\"args\":{\"dropped\":\"on request\"}" } else { "" };
            self.part(MARKS, &track, &name, (self.ns(hold.start.at), self.ns(end)), args);
        }
    }

    /// Where a flow may end in a lane: at the time, if a slice is there, else at the last moment of the slice that just ended.
    fn bound(&self, id: LaneId, stamp: Stamp) -> Option<(Track, u64)> {
        let lane = self.leg.trace.lanes.get(id)?;
        if let LaneId::Coroutine(index) = id {
            let at = self.ns(stamp.at);
            // The turn in which it starts. One that takes no time on the clock has no slice, and a later one is not its start.
            let first = lane.spans.iter().find(|span| span.end.at > span.start.at && span.end.at > stamp.at)?;
            let turns = self.turns.get(&index)?;
            let (start, _) = turns.get(turns.partition_point(|(_, end)| *end <= at))?;
            return (*start == self.ns(first.start.at)).then(|| (self.track(id), at.max(*start)));
        }
        let after = lane.spans.partition_point(|span| span.start.at <= stamp.at);
        let (start, end) = match lane.open.filter(|open| open.start.at <= stamp.at) {
            Some(open) => (open.start.at, self.leg.trace.latest),
            None => {
                let span = lane.spans[..after].iter().rev().take(2).find(|span| span.end.at > span.start.at)?;
                (span.start.at, span.end.at)
            }
        };
        let last = Instant(end.0.checked_sub(1)?);
        let at = stamp.at.min(last);
        // Nothing was going on there.
        (at >= start && stamp.at <= end).then(|| (self.track(id), self.ns(at)))
    }

    fn submissions(&mut self) {
        let track = Track { pid: self.pid, tid: SUBMISSIONS };
        let tasks = &self.leg.trace.tasks;
        let mut order: Vec<(Stamp, usize)> =
            tasks.iter().enumerate().filter_map(|(index, life)| Some((life.submitted?, index))).collect();
        order.sort_unstable();
        if order.is_empty() {
            return;
        }
        self.name("thread_name", track, "submitted");
        self.sort("thread_sort_index", track, 0);
        let groups: Vec<&[(Stamp, usize)]> = order.chunk_by(|a, b| a.0.at == b.0.at).collect();
        for (place, group) in groups.iter().enumerate() {
            let at = group[0].0.at;
            let next =
                groups.get(place + 1).map_or(at + core::time::Duration::from_nanos(MARK_NS), |next| next[0].0.at);
            let length = (next - at).as_nanos().min(u128::from(MARK_NS)) as u64;
            let name = match group {
                [(_, only)] => format!("submit {}", self.leg.task_name(*only)),
                _ => format!("submit {} {}s", group.len(), self.leg.noun),
            };
            let rest = format!(
                "\"cat\":\"{MARKS}\",\"name\":{},\"pid\":{},\"tid\":{},\"ts\":{},\"dur\":{},\"args\":{{\"mark\":\"its \
                 length means nothing\"}}",
                quoted(&name),
                track.pid,
                track.tid,
                us(self.ns(at)),
                self::length(self.ns(at), self.ns(at) + length)
            );
            self.out.add("X", &rest);
            for (_, index) in *group {
                let life = &tasks[*index];
                let Some((lane, started)) = life.lane.zip(life.started) else { continue };
                if let Some(to) = self.bound(lane, started).filter(|(_, to)| *to >= self.ns(at)) {
                    let name = match life.outcome {
                        Some(Outcome::Failed(_)) => "to a task that fails",
                        Some(Outcome::Cancelled) => "to a task that is cancelled",
                        Some(Outcome::Done(_)) | None => "to its start",
                    };
                    self.out.flow(name, (track, self.ns(at)), to);
                }
            }
        }
    }

    fn messages(&mut self) {
        for post in &self.leg.trace.posts {
            let (Some((from, sent)), Some((to, received))) = (post.sent, post.received) else { continue };
            if let (Some(from), Some(to)) = (self.bound(from, sent), self.bound(to, received))
                && from.1 <= to.1
            {
                self.out.flow(&format!("{} bytes", post.bytes), from, to);
            }
        }
    }

    fn dials(&mut self) {
        let trace = &self.leg.trace;
        let open = Stamp { at: trace.latest, sequence: u32::MAX };
        let lives = trace.tasks.iter().filter_map(|life| Some((life.started?, life.ended.unwrap_or(open))));
        self.counter("in flight", lives.collect());
        let computing = trace.lanes.values().flat_map(|lane| {
            let closed = lane.spans.iter().filter(|span| span.phase.computes() && span.task.is_some());
            let running = lane.open.iter().filter(|span| span.phase.computes() && span.task.is_some());
            closed.map(|span| (span.start, span.end)).chain(running.map(move |span| (span.start, open)))
        });
        self.counter("computing", computing.collect());
    }

    /// A counter of how many of the intervals there are at a time. As in `insight::dials`, an end comes before a start.
    fn counter(&mut self, name: &str, intervals: Vec<(Stamp, Stamp)>) {
        let mut edges: Vec<(Stamp, i64)> =
            intervals.iter().flat_map(|(start, end)| [(*start, 1), (*end, -1)]).collect();
        edges.sort_unstable();
        let mut level = 0_i64;
        for group in edges.chunk_by(|a, b| a.0.at == b.0.at) {
            let before = level;
            let mut peak = level;
            for (_, step) in group {
                level += step;
                peak = peak.max(level);
            }
            // What began and ended at one reading of the clock is seen as well.
            let is_seen = peak > before.max(level);
            for level in is_seen.then_some(peak).into_iter().chain([level]) {
                let rest = format!(
                    "\"cat\":\"{CATEGORY}\",\"name\":\"{name}\",\"pid\":{},\"tid\":0,\"ts\":{},\"args\":{{\"tasks\":{}}}",
                    self.pid,
                    us(self.ns(group[0].0.at)),
                    level.max(0)
                );
                self.out.add("C", &rest);
            }
        }
    }
}
