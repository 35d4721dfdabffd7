//! Runs a line of commands and makes a trace of what happens to them. The page starts and connects them itself: no process of
//! this program has anything to do with them.

use core::cell::{Cell, RefCell};
use core::time::Duration;
use std::rc::Rc;

use super::subprocess::Subprocesses;
use crate::engine::subprocess::{
    Event as Happened, Executable, Pipeline, Popen, SpawnError, Spec, Stamped, Stdin, Waiting,
};
use crate::model::event::{Event, EventKind, Phase};
use crate::model::id::{LaneId, TaskId};
use crate::model::outcome::{Failure, Outcome, Report, Value};
use crate::model::plan::Commands;
use crate::model::time::Instant;

/// The most of what commands write that is shown, in bytes.
const SHOWN_MAX_BYTES: usize = 20_000;

/// What commands wrote, as far as it is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    /// Bytes that were written and are not shown.
    pub cut_bytes: u64,
}

impl Written {
    fn add(&mut self, bytes: &[u8], is_error: bool) {
        let stream = if is_error { &mut self.stderr } else { &mut self.stdout };
        let room = SHOWN_MAX_BYTES.saturating_sub(stream.len());
        stream.extend_from_slice(&bytes[..bytes.len().min(room)]);
        self.cut_bytes += bytes.len().saturating_sub(room) as u64;
    }
}

/// Programs that a person gave the page, by their names.
pub type Programs = Rc<RefCell<Vec<(String, Vec<u8>)>>>;

/// Whether a program is what a command names: with or without its `.wasm`.
fn is_called(name: &str, command: Option<&String>) -> bool {
    command.is_some_and(|command| name == command || name.strip_suffix(".wasm") == Some(command))
}

/// What becomes of a line while it runs. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Line {
    /// What happened, in order for each command, and not yet taken.
    events: Rc<RefCell<Vec<Event>>>,
    sequence: Rc<Cell<u32>>,
    outcomes: Rc<RefCell<Vec<(TaskId, Outcome)>>>,
    written: Rc<RefCell<Written>>,
}

impl Line {
    /// What happened since this was asked last.
    pub fn take_events(&self) -> Vec<Event> {
        self.events.take()
    }

    /// What was written so far.
    pub fn written(&self) -> Written {
        self.written.borrow().clone()
    }

    /// Runs the commands to their ends, or to the end of their time; `now` is the time on the axis of `system`.
    pub async fn run(
        &self,
        line: &Commands,
        programs: &Programs,
        system: &Subprocesses,
        now: impl Fn() -> Instant + Clone + 'static,
    ) -> Report {
        let count = line.commands.len();
        for place in 0..count {
            self.record(place, now(), EventKind::Submitted, 0);
            self.record(place, now(), EventKind::Enter(Phase::Instantiating), 0);
        }
        let specs = line.commands.iter().enumerate().map(|(place, args)| {
            let mut spec = Spec::new(args.iter().cloned());
            spec.env = line.env.clone();
            let programs = programs.borrow();
            if let Some((_, bytes)) = programs.iter().find(|(name, _)| is_called(name, args.first())) {
                spec = spec.executable(Executable::Bytes(bytes.clone()));
            }
            if place == 0 {
                spec.stdin = Stdin::Bytes(line.stdin.clone().into_bytes());
            }
            spec
        });
        let observer = |place: usize| {
            let line = self.clone();
            Some(Box::new(move |stamped: &Stamped| line.happened(place, stamped)) as _)
        };
        match Pipeline::spawn_observed(system, specs.collect(), observer).await {
            Ok(mut pipeline) => {
                pipeline.processes.iter_mut().for_each(Popen::discard_output);
                let timeout = line.timeout_ms.map(|ms| Duration::from_millis(ms.into()));
                if pipeline.communicate(timeout).await.is_err() {
                    let late = Failure::TookTooLong(line.timeout_ms.unwrap_or_default());
                    for place in 0..count {
                        self.end(place, now(), Outcome::Failed(late.clone()));
                    }
                    pipeline.kill();
                    // Each says so, which is told above already.
                    let _ends = pipeline.communicate(None).await;
                }
            }
            Err(error) => self.not_started(count, now(), &error),
        }
        Report { outcomes: self.outcomes.take() }
    }

    /// One that does not start takes the others with it.
    fn not_started(&self, count: usize, at: Instant, error: &SpawnError) {
        for place in 0..count {
            // The one that failed has said so by itself, with its own words.
            self.end(place, at, Outcome::Failed(Failure::NotStarted(format!("not run: {error}"))));
        }
    }

    fn happened(&self, place: usize, stamped: &Stamped) {
        if self.has_ended(place) {
            // What was under way when its time was up.
            return;
        }
        let at = stamped.at;
        match &stamped.event {
            Happened::Started => {
                self.record(place, at, EventKind::Started, 0);
                self.record(place, at, EventKind::Enter(Phase::Computing), 0);
            }
            Happened::Stdout(bytes) => self.written.borrow_mut().add(bytes, false),
            Happened::Stderr(bytes) => self.written.borrow_mut().add(bytes, true),
            Happened::Blocked(Waiting::Sleep) => self.record(place, at, EventKind::Enter(Phase::Sleeping), 0),
            Happened::Blocked(_) => self.record(place, at, EventKind::Enter(Phase::WaitingPipe), 0),
            Happened::Unblocked(_) => self.record(place, at, EventKind::Enter(Phase::Computing), 0),
            Happened::Exited(0) => {
                let written_bytes = u32::try_from(stamped.written_bytes).unwrap_or(u32::MAX);
                self.end(place, at, Outcome::Done(Value::Exited { written_bytes }));
            }
            Happened::Exited(code) => self.end(place, at, Outcome::Failed(Failure::ExitCode(*code))),
            Happened::Trapped(words) => self.end(place, at, Outcome::Failed(Failure::Trapped(words.clone()))),
            Happened::Killed => self.end(place, at, Outcome::Cancelled),
            Happened::Failed(error) => self.end(place, at, Outcome::Failed(Failure::NotStarted(error.to_string()))),
        }
    }

    /// Records an end, unless there was one.
    fn end(&self, place: usize, at: Instant, outcome: Outcome) {
        let task = TaskId(place as u32);
        if self.has_ended(place) {
            return;
        }
        let (kind, arg) = outcome.to_event();
        self.record(place, at, kind, arg);
        self.record(place, at, EventKind::LaneClosed, 0);
        self.outcomes.borrow_mut().push((task, outcome));
    }

    fn has_ended(&self, place: usize) -> bool {
        self.outcomes.borrow().iter().any(|(task, _)| task.index() == place)
    }

    fn record(&self, place: usize, at: Instant, kind: EventKind, arg: u64) {
        let (lane, task) = (LaneId::Child(place as u32 + 1), Some(TaskId(place as u32)));
        let sequence = self.sequence.get();
        self.sequence.set(sequence.wrapping_add(1));
        self.events.borrow_mut().push(Event { at, sequence, lane, task, kind, arg });
    }
}
