//! Trace events as a run: each thread a lane, each coroutine a lane, and tasks where executors and event loops show them.

use core::fmt;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::event::{Key, MaybeEvent};
use super::flatten::{Flat, FlatTask, flatten, flatten_coroutine};
use super::python::{self, Role};
use super::slices::{Slices, Track, TrackKey};
use crate::files::error::FileError;
use crate::files::{Imported, limits};
use crate::model::id::{LaneId, TaskId};
use crate::model::outcome::{Outcome, RunEnd, Value};
use crate::model::run::{Place, Run, RunLeg};
use crate::model::time::Instant;
use crate::model::trace::{Lane, Span, Stamp, TaskLife, Trace};

/// Reads trace events: an object with `traceEvents`, or their list alone, whose end may be missing.
///
/// # Errors
/// If it is something else, is damaged, or holds more than this page can show.
pub fn read(bytes: &[u8], name: &str) -> Result<Imported, FileError> {
    let mut file = File::default();
    let mut parser = serde_json::Deserializer::from_slice(bytes);
    let parsed = Document(&mut file).deserialize(&mut parser).and_then(|()| parser.end());
    if let Some(refused) = file.refused.take() {
        return Err(refused);
    }
    let mut remarks = Vec::new();
    match parsed {
        Ok(()) if !file.has_events => return Err(FileError::Foreign),
        Ok(()) => {}
        // The format lets whoever writes a list leave its end out: a program that died has not written it.
        Err(error) if error.is_eof() && file.is_list && file.slices.events > 0 => {
            remarks.push("The file breaks off; what stands before that is shown.".to_owned());
        }
        Err(error) => return Err(FileError::of_parser(&error)),
    }
    let mut slices = file.slices;
    let is_own = slices.is_own();
    slices.finish();
    if slices.tracks.is_empty() {
        return Err(FileError::Empty { events: slices.events });
    }
    if slices.senseless > 0 {
        remarks.push(format!("{} of {} events made no sense and were left out.", slices.senseless, slices.events));
    }
    if is_own {
        let own = "Overlap wrote this trace for other programs: its runs stand in one, and how its tasks ended is not in it. \
                   The JSON of the same run has everything.";
        remarks.push(own.to_owned());
    }
    let leg = Builder::new(&slices)?.leg(file.viztracer.is_some(), &mut remarks);
    let browser = file.viztracer.map(|version| format!("CPython, recorded by VizTracer {version}")).unwrap_or_default();
    let place = Place { browser, ..Place::default() };
    let run = Run { name: limits::name(name), place, legs: vec![leg], ..Run::default() };
    Ok(Imported { run, remarks })
}

/// What a file says, as it is read.
#[derive(Default)]
struct File {
    slices: Slices,
    has_events: bool,
    is_list: bool,
    /// The version of VizTracer, if it wrote this.
    viztracer: Option<String>,
    /// Why reading stopped, where it was not the parser's fault.
    refused: Option<FileError>,
}

struct Document<'f>(&'f mut File);

impl<'de> DeserializeSeed<'de> for Document<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Document<'_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("trace events")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        while let Some(key) = entries.next_key::<Cow<'_, str>>()? {
            match &*key {
                "traceEvents" => entries.next_value_seed(List(self.0))?,
                "viztracer_metadata" => {
                    let metadata: HashMap<Cow<'_, str>, serde_json::Value> = entries.next_value()?;
                    let version = metadata.get("version").and_then(|version| version.as_str());
                    self.0.viztracer = Some(limits::name(version.unwrap_or_default()));
                }
                _ => drop(entries.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<(), A::Error> {
        self.0.is_list = true;
        List(self.0).visit_seq(items)
    }
}

struct List<'f>(&'f mut File);

impl<'de> DeserializeSeed<'de> for List<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for List<'_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a list of trace events")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        self.0.has_events = true;
        while let Some(MaybeEvent(event)) = items.next_element()? {
            if let Err(refused) = self.0.slices.add(event) {
                self.0.refused = Some(refused);
                return Err(A::Error::custom("refused"));
            }
        }
        Ok(())
    }
}

/// A track on its way to a lane.
struct Row<'s> {
    track: &'s Track,
    flat: Flat,
    is_coroutine: bool,
}

struct Builder<'s> {
    slices: &'s Slices,
    rows: Vec<Row<'s>>,
    /// The first time of the file, in nanoseconds of its clock.
    zero: i64,
}

/// The number of each task, by its row and its place there.
type TaskNumbers = HashMap<(usize, u32), TaskId>;

/// Of a process: when it submitted work, the numbers of its tasks, and the names of its pools.
type Submissions = (Vec<i64>, Vec<usize>, HashSet<String>);

impl<'s> Builder<'s> {
    fn new(slices: &'s Slices) -> Result<Builder<'s>, FileError> {
        let starts = slices.tracks.iter().filter_map(|track| track.slices.first()).map(|slice| slice.start);
        let ends = slices.tracks.iter().flat_map(|track| &track.slices).map(|slice| slice.end);
        let (zero, end) = (starts.min().unwrap_or(0), ends.max().unwrap_or(0));
        if u64::try_from(i128::from(end) - i128::from(zero)).map_or(true, |length| length > limits::TIME_NS) {
            return Err(FileError::damaged("its first and its last event are weeks apart"));
        }
        let coroutines = coroutines(slices);
        let rows = slices.tracks.iter().enumerate().filter_map(|(place, track)| {
            let is_coroutine = coroutines.contains(&place);
            let outer = track.slices.first().map(|slice| slices.names[slice.name as usize].text.as_str());
            if is_coroutine && outer.is_some_and(python::is_of_the_loop) {
                return None;
            }
            let flat = if is_coroutine { flatten_coroutine } else { flatten }(&track.slices, &slices.names);
            Some(Row { track, flat, is_coroutine })
        });
        Ok(Builder { slices, rows: rows.collect(), zero })
    }

    fn leg(mut self, is_python: bool, remarks: &mut Vec<String>) -> RunLeg {
        if self.rows.iter().all(|row| row.flat.tasks.is_empty()) {
            self.make_each_lane_a_task();
            let what = if is_python {
                "No tasks were found in this trace (an executor’s, a thread’s, asyncio’s): each lane counts as one."
            } else {
                "This trace knows no tasks: each lane counts as one."
            };
            remarks.push(what.to_owned());
        }
        self.sort_rows();
        let (tasks, numbers) = self.tasks();
        let mut trace = Trace::new(tasks.len() as u32);
        let submissions = self.submissions(&tasks);
        let (mut threads, mut children) = (0, 0);
        let main = self.rows.first().map(|row| row.track.key.pid().clone()).unwrap_or_default();
        let mut rows_of: HashMap<&Key, usize> = HashMap::new();
        self.rows.iter().for_each(|row| *rows_of.entry(row.track.key.pid()).or_default() += 1);
        for (place, row) in self.rows.iter().enumerate() {
            let id = if row.is_coroutine {
                numbers.get(&(place, 0)).map_or(LaneId::Coroutine(u32::MAX), |task| LaneId::Coroutine(task.0))
            } else if *row.track.key.pid() == main {
                threads += 1;
                LaneId::Thread(threads - 1)
            } else {
                children += 1;
                LaneId::Child(children)
            };
            let spans = row.flat.spans.iter().map(|span| Span {
                phase: span.phase,
                task: span.task.and_then(|task| numbers.get(&(place, task)).copied()),
                start: self.stamp(span.start),
                end: self.stamp(span.end),
            });
            let of_process = rows_of.get(row.track.key.pid()).copied().unwrap_or(0);
            *trace.lanes.lane(id) =
                Lane { name: Some(self.lane_name(row, &main, of_process)), spans: spans.collect(), ..Lane::default() };
            for (index, _) in row.flat.tasks.iter().enumerate() {
                if let Some(task) = numbers.get(&(place, index as u32)) {
                    trace.tasks[task.index()].lane = Some(id);
                }
            }
        }
        for ((life, (_, task)), submitted) in trace.tasks.iter_mut().zip(&tasks).zip(submissions) {
            let lane = life.lane;
            *life = TaskLife {
                submitted: Some(self.stamp(submitted.unwrap_or(task.start).min(task.start))),
                started: Some(self.stamp(task.start)),
                ended: Some(self.stamp(task.end)),
                lane,
                outcome: Some(Outcome::Done(Value::Nothing)),
            };
        }
        trace.ended = (0..tasks.len() as u32).map(TaskId).collect();
        trace.ended.sort_by_key(|task| trace.tasks[task.index()].ended);
        let ends = self.slices.tracks.iter().flat_map(|track| &track.slices).map(|slice| slice.end);
        trace.latest = self.stamp(ends.max().unwrap_or(self.zero)).at;
        let name =
            |(_, task): &(usize, FlatTask)| python::function(&self.slices.names[task.name as usize].text).to_owned();
        RunLeg {
            title: if is_python { "CPython" } else { "Imported trace" }.to_owned(),
            model: None,
            setting: None,
            noun: "task".to_owned(),
            task_names: tasks.iter().map(name).collect(),
            limit_ms: None,
            end: RunEnd::Done,
            output: None,
            trace: trace.into(),
        }
    }

    fn stamp(&self, ns: i64) -> Stamp {
        // No time is before the first one.
        Stamp { at: Instant(u64::try_from(ns.saturating_sub(self.zero)).unwrap_or(0)), sequence: 0 }
    }

    fn make_each_lane_a_task(&mut self) {
        for row in &mut self.rows {
            let (Some(first), Some(last)) = (row.flat.spans.first(), row.flat.spans.last()) else { continue };
            let Some(name) = row.track.slices.first().map(|slice| slice.name) else { continue };
            row.flat.tasks.push(FlatTask { name, start: first.start, end: last.end, is_of_thread_pool: false });
            row.flat.spans.iter_mut().for_each(|span| span.task = Some(0));
        }
    }

    /// Threads of the main process first, its main thread before all; then coroutines; then other processes.
    fn sort_rows(&mut self) {
        let slices = self.slices;
        let start = |row: &Row<'_>| row.track.slices.first().map(|slice| slice.start);
        let is_main = |pid: &Key| slices.process_names.get(pid).is_some_and(|name| name == "MainProcess");
        let first = self.rows.iter().min_by_key(|row| (!is_main(row.track.key.pid()), start(row)));
        let main = first.map(|row| row.track.key.pid().clone());
        self.rows.sort_by_cached_key(|row| {
            let pid = row.track.key.pid();
            let is_main_thread = match &row.track.key {
                TrackKey::Thread(pid, tid) => {
                    pid == tid
                        || slices.thread_names.get(&(pid.clone(), tid.clone())).is_some_and(|name| name == "MainThread")
                }
                TrackKey::Async(..) => false,
            };
            (Some(pid) != main.as_ref(), row.is_coroutine, !is_main_thread, start(row), row.track.key.clone())
        });
    }

    /// Every task with its row, in order of their starts, and the number that each has got.
    fn tasks(&self) -> (Vec<(usize, FlatTask)>, TaskNumbers) {
        let mut all: Vec<(usize, u32, FlatTask)> = Vec::new();
        for (place, row) in self.rows.iter().enumerate() {
            all.extend(row.flat.tasks.iter().enumerate().map(|(index, task)| (place, index as u32, *task)));
        }
        all.sort_by_key(|(place, index, task)| (task.start, *place, *index));
        all.truncate(limits::TASKS);
        let numbers = all
            .iter()
            .enumerate()
            .map(|(number, (place, index, _))| ((*place, *index), TaskId(number as u32)))
            .collect();
        (all.into_iter().map(|(place, _, task)| (place, task)).collect(), numbers)
    }

    /// When each task was submitted, where that can be told: a thread pool takes its work from a queue, so that the first one
    /// submitted starts first. That holds where a process has one pool, and every submission was recorded.
    fn submissions(&self, tasks: &[(usize, FlatTask)]) -> Vec<Option<i64>> {
        let mut times = vec![None; tasks.len()];
        let submits = |row: &Row<'_>| -> Vec<i64> {
            let is_submit =
                |name: u32| self.slices.names[name as usize].text.starts_with("ThreadPoolExecutor.submit (");
            // The work is in the queue at its end.
            row.track.slices.iter().filter(|slice| is_submit(slice.name)).map(|slice| slice.start).collect()
        };
        let mut by_process: HashMap<&Key, Submissions> = HashMap::new();
        for row in &self.rows {
            let process = by_process.entry(row.track.key.pid()).or_default();
            process.0.extend(submits(row));
            if let TrackKey::Thread(pid, tid) = &row.track.key
                && row.flat.tasks.iter().any(|task| task.is_of_thread_pool)
            {
                let name = self.slices.thread_names.get(&(pid.clone(), tid.clone())).cloned().unwrap_or_default();
                process.2.insert(name.rsplit_once('_').map_or(name.clone(), |(pool, _)| pool.to_owned()));
            }
        }
        for (number, (place, task)) in tasks.iter().enumerate() {
            if task.is_of_thread_pool
                && let Some(process) = by_process.get_mut(self.rows[*place].track.key.pid())
            {
                process.1.push(number);
            }
        }
        for (mut submitted, started, pools) in by_process.into_values() {
            if submitted.len() == started.len() && pools.len() == 1 {
                submitted.sort_unstable();
                submitted.into_iter().zip(started).for_each(|(at, task)| times[task] = Some(at));
            }
        }
        times
    }

    /// `of_process` rows belong to its process.
    fn lane_name(&self, row: &Row<'_>, main: &Key, of_process: usize) -> String {
        let key = &row.track.key;
        let own = match key {
            TrackKey::Thread(pid, tid) => self.slices.thread_names.get(&(pid.clone(), tid.clone())).cloned(),
            TrackKey::Async(..) => row
                .track
                .slices
                .first()
                .map(|slice| python::function(&self.slices.names[slice.name as usize].text).to_owned()),
        };
        let process = self.slices.process_names.get(key.pid()).filter(|_| key.pid() != main);
        match (process, own) {
            (Some(process), _) if of_process == 1 => process.clone(),
            (Some(process), Some(own)) => format!("{process}, {own}"),
            (Some(process), None) => process.clone(),
            (None, Some(own)) => own,
            (None, None) => match key {
                TrackKey::Thread(_, Key::Number(tid)) => format!("thread {tid}"),
                TrackKey::Thread(_, Key::Text(tid)) => limits::name(tid),
                TrackKey::Thread(_, Key::None) | TrackKey::Async(..) => "thread".to_owned(),
            },
        }
    }
}

/// Which tracks are coroutines: async tracks, and those whose steps all stand inside callbacks of another thread's event loop
/// (VizTracer gives each asyncio task a thread number of its own).
fn coroutines(slices: &Slices) -> HashSet<usize> {
    let mut steps: HashMap<&Key, Vec<(i64, i64)>> = HashMap::new();
    for track in &slices.tracks {
        let is_step = |name: u32| slices.names[name as usize].frame.role == Role::Step;
        let found = track.slices.iter().filter(|slice| is_step(slice.name)).map(|slice| (slice.start, slice.end));
        steps.entry(track.key.pid()).or_default().extend(found);
    }
    steps.values_mut().for_each(|steps| steps.sort_unstable());
    let is_coroutine = |track: &Track| {
        if matches!(track.key, TrackKey::Async(..)) {
            return true;
        }
        let Some(steps) = steps.get(track.key.pid()) else { return false };
        let mut end_of_root = i64::MIN;
        track.slices.iter().all(|slice| {
            if slice.start < end_of_root {
                return true;
            }
            end_of_root = slice.end;
            let before = steps.partition_point(|(start, _)| *start <= slice.start);
            before > 0 && steps[before - 1].1 >= slice.end && slices.names[slice.name as usize].frame.role != Role::Step
        })
    };
    (0..slices.tracks.len()).filter(|place| is_coroutine(&slices.tracks[*place])).collect()
}
