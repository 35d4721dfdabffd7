//! Overlap's own format: JSON that loses nothing of a run. Kept runs have it as well.
//!
//! `{"overlap": 2, "name": …, "work": …, "made_ms": …, "place": {…}, "plan": …, "figures": [{…}], "phases": [names],
//! "legs": [{…, "trace": {…}}]}`. Spans are rows of numbers, `[phase, task or -1, start, its sequence, length, sequence of the
//! end]`: times in nanoseconds, phases by their place in `phases`. A file says its version; each version that ever was is read,
//! and becomes what this program knows.
//!
//! Version 2 added the figures of every trial, the setting of each leg, and what programs wrote. Of a run of version 1 only what is
//! drawn is known, and its legs are found among the settings by their titles ([`Run::settings`]).

use core::time::Duration;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::bounded::{Bounded, Events, Lanes, Legs, Tasks, Trials};
use super::error::FileError;
use super::limits;
use crate::model::event::Phase;
use crate::model::experiment::Trial;
use crate::model::figures::Figures;
use crate::model::id::{LaneId, TaskId};
use crate::model::outcome::{Outcome, RunEnd};
use crate::model::plan::ModelKind;
use crate::model::run::{Output, Place, RUN_VERSION, Run, RunLeg};
use crate::model::time::Instant;
use crate::model::trace::{Hold, Lane, OpenSpan, Piece, Post, Span, Stamp, TaskLife, Trace};

/// `[phase, task or -1, start, sequence of the start, length, sequence of the end]`.
type SpanRow = (u8, i64, u64, u32, u64, u32);
/// `[start, its sequence]`.
type StampRow = (u64, u32);

#[derive(Serialize, Deserialize)]
struct RunFile {
    overlap: u32,
    #[serde(default)]
    name: String,
    #[serde(default)]
    work: String,
    #[serde(default)]
    made_ms: u64,
    #[serde(default)]
    place: Place,
    #[serde(default)]
    plan: Option<String>,
    #[serde(default)]
    figures: Option<Bounded<FiguresFile, Trials>>,
    #[serde(default)]
    trials_over: Option<u32>,
    phases: Bounded<String, Lanes>,
    legs: Bounded<LegFile, Legs>,
}

/// The figures of a trial: times in nanoseconds.
#[derive(Serialize, Deserialize)]
struct FiguresFile {
    setting: u32,
    round: u32,
    wall_ns: u64,
    #[serde(default)]
    start_up_ns: u64,
    in_flight: u32,
    computing: u32,
    #[serde(default)]
    messages_ns: Option<u64>,
    #[serde(default)]
    lock_ns: Option<u64>,
    #[serde(default)]
    memory_bytes: Option<u64>,
    #[serde(default)]
    failed: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct LegFile {
    title: String,
    #[serde(default)]
    model: Option<ModelKind>,
    #[serde(default)]
    setting: Option<u32>,
    noun: String,
    #[serde(default)]
    task_names: Bounded<String, Tasks>,
    #[serde(default)]
    limit_ms: Option<u32>,
    end: RunEnd,
    #[serde(default)]
    output: Option<Output>,
    trace: TraceFile,
}

#[derive(Serialize, Deserialize)]
struct TraceFile {
    lanes: Bounded<LaneFile, Lanes>,
    tasks: Bounded<TaskRow, Tasks>,
    /// Tasks in the order in which they ended.
    ended: Bounded<u32, Tasks>,
    #[serde(default)]
    posts: Bounded<PostRow, Events>,
    /// Messages of which one end is missing: whether it is a call, its number, its place in `posts`.
    #[serde(default)]
    open_posts: Bounded<(bool, u32, u32), Events>,
    #[serde(default)]
    counter: Option<u64>,
    #[serde(default)]
    shown: Bounded<(u32, u64, LaneId), Events>,
    #[serde(default)]
    lost: u64,
    latest: u64,
}

#[derive(Serialize, Deserialize)]
struct LaneFile {
    id: LaneId,
    #[serde(default)]
    name: Option<String>,
    spans: Bounded<SpanRow, Events>,
    #[serde(default)]
    open: Option<(u8, i64, u64, u32)>,
    #[serde(default)]
    holds: Bounded<HoldRow, Events>,
    #[serde(default)]
    requests: Bounded<StampRow, Events>,
}

/// Start, end, the lane before, whether that one was forced, whether this one was.
type HoldRow = (StampRow, Option<StampRow>, Option<LaneId>, bool, bool);

/// Submitted, started, ended, lane, outcome.
type TaskRow = (Option<StampRow>, Option<StampRow>, Option<StampRow>, Option<LaneId>, Option<Outcome>);
/// Number, bytes, first task, sent, received.
type PostRow = (u32, u32, Option<u32>, Option<(LaneId, StampRow)>, Option<(LaneId, StampRow)>);

/// The version that a file says it has; `None` where it is JSON of another kind.
///
/// # Errors
/// If it is no JSON.
pub fn version(bytes: &[u8]) -> Result<Option<u64>, FileError> {
    #[derive(Deserialize)]
    struct Head {
        overlap: Option<u64>,
    }
    // A list is a Chrome trace, which may lack its end.
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    if first == Some(&b'[') {
        return Ok(None);
    }
    match serde_json::from_slice(bytes) {
        Ok(Head { overlap }) => Ok(overlap),
        // A picture, an archive, a text.
        Err(_) if first != Some(&b'{') => Err(FileError::Foreign),
        Err(error) => Err(FileError::of_parser(&error)),
    }
}

/// Reads a run of a version that the file says.
///
/// # Errors
/// If the version is not known, or what it says is impossible.
pub fn read(bytes: &[u8], version: u64) -> Result<Run, FileError> {
    match version {
        // What version 2 added may be missing, so that one reader reads both. The next version gets an arm here, and turns what
        // these read into what it is itself.
        1 | 2 => serde_json::from_slice::<RunFile>(bytes).map_err(|error| FileError::of_parser(&error))?.into_run(),
        0 => Err(FileError::damaged("its format has number 0, which no Overlap ever wrote")),
        version => Err(FileError::Newer { version }),
    }
}

/// Writes a run, in the newest version.
pub fn write(run: &Run) -> Vec<u8> {
    // Nothing in a run is of a kind that JSON has no way to write.
    serde_json::to_vec(&RunFile::of(run)).unwrap_or_default()
}

// --- Writing ---------------------------------------------------------------------------------------------------------

fn row(stamp: Stamp) -> StampRow {
    (stamp.at.0, stamp.sequence)
}

fn number(task: Option<TaskId>) -> i64 {
    task.map_or(-1, |task| i64::from(task.0))
}

impl RunFile {
    fn of(run: &Run) -> RunFile {
        RunFile {
            overlap: RUN_VERSION,
            name: run.name.clone(),
            work: run.work.clone(),
            made_ms: run.made_ms,
            place: run.place.clone(),
            plan: run.plan.clone(),
            figures: run.figures.as_ref().map(|figures| figures.iter().map(FiguresFile::of).collect()),
            trials_over: run.trials_over,
            phases: Phase::ALL.iter().map(|phase| phase.label().to_owned()).collect(),
            legs: run.legs.iter().map(LegFile::of).collect(),
        }
    }
}

impl FiguresFile {
    fn of(figures: &Figures) -> FiguresFile {
        // No run takes a hundred years.
        let ns = |time: Duration| time.as_nanos() as u64;
        FiguresFile {
            setting: figures.trial.setting as u32,
            round: figures.trial.round,
            wall_ns: ns(figures.wall),
            start_up_ns: ns(figures.start_up),
            in_flight: figures.in_flight,
            computing: figures.computing,
            messages_ns: figures.messages.map(ns),
            lock_ns: figures.lock.map(ns),
            memory_bytes: figures.memory_bytes,
            failed: figures.failed.clone(),
        }
    }

    fn into_figures(self) -> Figures {
        Figures {
            trial: Trial { setting: self.setting as usize, round: self.round },
            wall: Duration::from_nanos(self.wall_ns),
            start_up: Duration::from_nanos(self.start_up_ns),
            in_flight: self.in_flight,
            computing: self.computing,
            messages: self.messages_ns.map(Duration::from_nanos),
            lock: self.lock_ns.map(Duration::from_nanos),
            memory_bytes: self.memory_bytes,
            failed: self.failed.as_deref().map(limits::name),
        }
    }
}

impl LegFile {
    fn of(leg: &RunLeg) -> LegFile {
        let trace = &leg.trace;
        let task = |life: &TaskLife| {
            (life.submitted.map(row), life.started.map(row), life.ended.map(row), life.lane, life.outcome.clone())
        };
        let end = |end: Option<(LaneId, Stamp)>| end.map(|(lane, stamp)| (lane, row(stamp)));
        let post =
            |post: &Post| (post.number, post.bytes, post.task.map(|task| task.0), end(post.sent), end(post.received));
        LegFile {
            title: leg.title.clone(),
            model: leg.model,
            setting: leg.setting,
            noun: leg.noun.clone(),
            task_names: leg.task_names.iter().cloned().collect(),
            limit_ms: leg.limit_ms,
            end: leg.end.clone(),
            output: leg.output.clone(),
            trace: TraceFile {
                lanes: trace.lanes.iter().map(|(id, lane)| LaneFile::of(id, lane)).collect(),
                tasks: trace.tasks.iter().map(task).collect(),
                ended: trace.ended.iter().map(|task| task.0).collect(),
                posts: trace.posts.iter().map(post).collect(),
                open_posts: trace.open_posts.iter().map(|((call, number), place)| (*call, *number, *place)).collect(),
                counter: trace.counter,
                shown: trace.shown.iter().map(|piece| (piece.piece, piece.shades, piece.lane)).collect(),
                lost: trace.lost,
                latest: trace.latest.0,
            },
        }
    }
}

fn place(phase: Phase) -> u8 {
    Phase::ALL.iter().position(|known| *known == phase).unwrap_or(0) as u8
}

impl LaneFile {
    fn of(id: LaneId, lane: &Lane) -> LaneFile {
        let span = |span: &Span| {
            let (start, length) = (span.start.at.0, span.end.at.0.saturating_sub(span.start.at.0));
            (place(span.phase), number(span.task), start, span.start.sequence, length, span.end.sequence)
        };
        let open = |open: OpenSpan| (place(open.phase), number(open.task), open.start.at.0, open.start.sequence);
        let hold = |hold: &Hold| (row(hold.start), hold.end.map(row), hold.from, hold.was_forced, hold.is_forced);
        LaneFile {
            id,
            name: lane.name.clone(),
            spans: lane.spans.iter().map(span).collect(),
            open: lane.open.map(open),
            holds: lane.holds.iter().map(hold).collect(),
            requests: lane.requests.iter().map(|stamp| row(*stamp)).collect(),
        }
    }
}

// --- Reading ---------------------------------------------------------------------------------------------------------

impl RunFile {
    fn into_run(self) -> Result<Run, FileError> {
        let phases = self.phases.0.iter().map(|name| {
            let known = Phase::ALL.into_iter().find(|phase| phase.label() == name);
            known.ok_or_else(|| FileError::damaged(format!("it has a phase “{}”", limits::name(name))))
        });
        let phases = phases.collect::<Result<Vec<Phase>, FileError>>()?;
        if self.legs.0.is_empty() {
            return Err(FileError::damaged("it has no legs"));
        }
        let legs =
            self.legs.0.into_iter().map(|leg| leg.into_leg(&phases)).collect::<Result<Vec<RunLeg>, FileError>>()?;
        let of_lane = |lane: &Lane| lane.spans.len() + lane.holds.len() + lane.requests.len();
        let of_trace = |trace: &Trace| {
            trace.lanes.values().map(of_lane).sum::<usize>() + trace.tasks.len() + trace.posts.len() + trace.shown.len()
        };
        if legs.iter().map(|leg| of_trace(&leg.trace)).sum::<usize>() > limits::ROWS {
            return Err(FileError::TooMany { what: "events", most: limits::ROWS });
        }
        Ok(Run {
            name: self.name,
            work: self.work,
            made_ms: self.made_ms,
            place: self.place,
            plan: self.plan,
            figures: self.figures.map(|list| list.0.into_iter().map(FiguresFile::into_figures).collect()),
            trials_over: self.trials_over,
            legs,
        })
    }
}

impl LegFile {
    fn into_leg(self, phases: &[Phase]) -> Result<RunLeg, FileError> {
        Ok(RunLeg {
            title: self.title,
            model: self.model,
            setting: self.setting,
            noun: self.noun,
            task_names: self.task_names.0,
            limit_ms: self.limit_ms,
            end: self.end,
            output: self.output.map(bounded),
            trace: self.trace.into_trace(phases)?.into(),
        })
    }
}

/// What programs wrote, as far as the page shows it.
fn bounded(mut output: Output) -> Output {
    for text in [&mut output.stdout, &mut output.stderr] {
        let room = text.floor_char_boundary(limits::OUTPUT_BYTES);
        output.cut_bytes = output.cut_bytes.saturating_add((text.len() - room) as u64);
        text.truncate(room);
    }
    output
}

/// Checks what a trace says as it is read. What stands in a trace is what the rest of the program relies on.
struct Check<'a> {
    phases: &'a [Phase],
    tasks: usize,
    latest: u64,
}

impl Check<'_> {
    fn stamp(&self, (at, sequence): StampRow) -> Result<Stamp, FileError> {
        if at > self.latest {
            return Err(FileError::damaged("something in it happens after its end"));
        }
        Ok(Stamp { at: Instant(at), sequence })
    }

    fn stamp_if(&self, row: Option<StampRow>) -> Result<Option<Stamp>, FileError> {
        row.map(|row| self.stamp(row)).transpose()
    }

    fn end(&self, end: Option<(LaneId, StampRow)>) -> Result<Option<(LaneId, Stamp)>, FileError> {
        end.map(|(lane, row)| Ok((lane, self.stamp(row)?))).transpose()
    }

    fn task(&self, number: u64) -> Result<TaskId, FileError> {
        match u32::try_from(number) {
            Ok(id) if (id as usize) < self.tasks => Ok(TaskId(id)),
            _ => Err(FileError::damaged(format!("it speaks of a task {number} and has {}", self.tasks))),
        }
    }

    fn task_if(&self, number: i64) -> Result<Option<TaskId>, FileError> {
        if number == -1 { Ok(None) } else { self.task(number as u64).map(Some) }
    }

    fn phase(&self, place: u8) -> Result<Phase, FileError> {
        let phase = self.phases.get(usize::from(place)).copied();
        phase.ok_or_else(|| FileError::damaged(format!("it speaks of a phase {place} and has {}", self.phases.len())))
    }

    fn lane(&self, file: LaneFile) -> Result<Lane, FileError> {
        let mut lane = Lane { name: file.name, ..Lane::default() };
        lane.spans.reserve(file.spans.0.len());
        let mut before = 0;
        for (phase, task, start, sequence, length, end_sequence) in file.spans.0 {
            if start < before {
                return Err(FileError::damaged("its spans are not in order of time"));
            }
            let end = start.saturating_add(length);
            before = end;
            lane.spans.push(Span {
                phase: self.phase(phase)?,
                task: self.task_if(task)?,
                start: self.stamp((start, sequence))?,
                end: self.stamp((end, end_sequence))?,
            });
        }
        if let Some((phase, task, start, sequence)) = file.open {
            if start < before {
                return Err(FileError::damaged("its spans are not in order of time"));
            }
            let (phase, task) = (self.phase(phase)?, self.task_if(task)?);
            lane.open = Some(OpenSpan { phase, task, start: self.stamp((start, sequence))? });
        }
        for (start, end, from, was_forced, is_forced) in file.holds.0 {
            let (start, end) = (self.stamp(start)?, self.stamp_if(end)?);
            if end.is_some_and(|end| end.at < start.at) {
                return Err(FileError::damaged("a lock in it is dropped before it is taken"));
            }
            lane.holds.push(Hold { start, end, from, was_forced, is_forced });
        }
        for request in file.requests.0 {
            lane.requests.push(self.stamp(request)?);
        }
        Ok(lane)
    }
}

impl TraceFile {
    fn into_trace(self, phases: &[Phase]) -> Result<Trace, FileError> {
        if self.latest > limits::TIME_NS {
            return Err(FileError::damaged("it says that it took weeks"));
        }
        let check = Check { phases, tasks: self.tasks.0.len(), latest: self.latest };
        let mut trace =
            Trace { counter: self.counter, lost: self.lost, latest: Instant(self.latest), ..Trace::default() };
        let mut before = None;
        for lane in self.lanes.0 {
            let id = lane.id;
            // In order, so that each is added at the end and none is there twice.
            if before.is_some_and(|before| before >= id) {
                return Err(FileError::damaged("its lanes are not in their order, or one is there twice"));
            }
            before = Some(id);
            *trace.lanes.lane(id) = check.lane(lane)?;
        }
        for (submitted, started, ended, lane, outcome) in self.tasks.0 {
            let life = TaskLife {
                submitted: check.stamp_if(submitted)?,
                started: check.stamp_if(started)?,
                ended: check.stamp_if(ended)?,
                lane,
                outcome,
            };
            if life.started.zip(life.ended).is_some_and(|(start, end)| end.at < start.at) {
                return Err(FileError::damaged("a task in it ends before it starts"));
            }
            trace.tasks.push(life);
        }
        let mut seen = vec![false; trace.tasks.len()];
        for number in self.ended.0 {
            let id = check.task(number.into())?;
            if core::mem::replace(&mut seen[id.index()], true) {
                return Err(FileError::damaged(format!("its task {number} ends twice")));
            }
            trace.ended.push(id);
        }
        for (number, bytes, task, sent, received) in self.posts.0 {
            let task = task.map(|task| check.task(task.into())).transpose()?;
            trace.posts.push(Post { number, bytes, task, sent: check.end(sent)?, received: check.end(received)? });
        }
        let mut open_posts = BTreeMap::new();
        for (is_call, number, place) in self.open_posts.0 {
            if place as usize >= trace.posts.len() {
                return Err(FileError::damaged("it speaks of a message that it has not"));
            }
            open_posts.insert((is_call, number), place);
        }
        trace.open_posts = open_posts;
        trace.shown = self.shown.0.into_iter().map(|(piece, shades, lane)| Piece { piece, shades, lane }).collect();
        Ok(trace)
    }
}
