//! Runs plans: trial after trial, a process for each, its events drained once a frame, or somewhat less often, into a trace, the trace painted.

mod shown;

use core::cell::{Cell, RefCell};
use core::future::Future;
use core::time::Duration;
use std::pin::pin;
use std::rc::Rc;

use futures_channel::oneshot;
use futures_util::future::{Either, select};
use gloo_timers::callback::Interval;
use gloo_timers::future::TimeoutFuture;
use wasm_bindgen_futures::spawn_local;

use super::commands::{Line, Programs, Written};
use super::heartbeat::Heartbeat;
use super::image::SharedImage;
use super::leg::{Leg, Run};
use super::process::{Process, ProcessConfig, ProcessError};
use super::subprocess::{SubprocessConfig, Subprocesses};
use crate::app::{Msg, Progress};
use crate::insight::numbers::Context;
use crate::insight::{Numbers, Summary, figures};
use crate::model::event::{Event, EventKind, Phase};
use crate::model::experiment::{Setting, Trial, time_left};
use crate::model::figures::Figures;
use crate::model::id::LaneId;
use crate::model::outcome::{Failure, Outcome, Report, RunEnd};
use crate::model::plan::{Commands, Job, ModelKind, Options, Plan, Workload};
use crate::model::time::Instant;
use crate::model::trace::Trace;
use crate::platform::clock::{absolute_ms, now_ms};

/// How long tasks have to end by themselves once they are asked to, in milliseconds. Then their process is ended.
const STOP_GRACE_MS: u32 = 60;
/// How often events are drained where no frames are drawn, as in a hidden tab, in milliseconds.
const HIDDEN_DRAIN_MS: u32 = 200;

/// From so many spans on, a trace is not worked off at one go.
const LONG_TRACE: usize = 20_000;

/// Whether a job leaves its processes for the next run.
fn keeps(job: &Job) -> bool {
    job.model == ModelKind::Processes && job.options.pool.warm
}

/// A line of commands that runs, and the zero of its axis.
struct RunningLine {
    line: Line,
    origin_ms: f64,
}

impl RunningLine {
    fn now(&self) -> Instant {
        Instant::from_ms(absolute_ms() - self.origin_ms)
    }
}

/// What is run, and what is left of what was run.
pub struct Session {
    send: Box<dyn Fn(Msg)>,
    /// Cores, as the browser reports them.
    cores: u32,
    /// The step of the clock; none if nobody knows.
    clock_step: Duration,
    /// What processes run.
    image: SharedImage,
    plan: RefCell<Option<Rc<Plan>>>,
    settings: RefCell<Rc<Vec<Setting>>>,
    /// Of those settings whose runs are drawn, in order.
    legs: RefCell<Vec<Leg>>,
    /// Which of them is run.
    live: Cell<Option<usize>>,
    /// What was measured, trial by trial.
    figures: RefCell<Rc<Vec<Figures>>>,
    progress: RefCell<Progress>,
    running: Cell<bool>,
    process: RefCell<Option<Rc<Process>>>,
    /// The process of a warm pool that the last run left, and what it was started for.
    warm: RefCell<Option<(Options, Rc<Process>)>>,
    /// What starts commands, and the programs that a person gave.
    subprocesses: Subprocesses,
    programs: Programs,
    line: RefCell<Option<RunningLine>>,
    /// While anything runs.
    heartbeat: RefCell<Option<Heartbeat>>,
    /// Events that a warm process had lost in earlier runs.
    lost_before: Cell<u64>,
    stopping: Cell<bool>,
    kill: RefCell<Option<oneshot::Sender<()>>>,
    told_ms: Cell<f64>,
    /// How long that took.
    telling_ms: Cell<f64>,
}

impl Session {
    /// A session that tells what happens in it.
    pub fn new(cores: u32, clock_step: Duration, image: SharedImage, send: impl Fn(Msg) + 'static) -> Rc<Session> {
        Rc::new(Session {
            send: Box::new(send),
            cores,
            clock_step,
            image,
            plan: RefCell::default(),
            settings: RefCell::default(),
            legs: RefCell::default(),
            live: Cell::default(),
            figures: RefCell::default(),
            progress: RefCell::default(),
            running: Cell::default(),
            process: RefCell::default(),
            warm: RefCell::default(),
            subprocesses: Subprocesses::new(SubprocessConfig::of_page(0.0)),
            programs: Programs::default(),
            line: RefCell::default(),
            heartbeat: RefCell::default(),
            lost_before: Cell::default(),
            stopping: Cell::default(),
            kill: RefCell::default(),
            told_ms: Cell::default(),
            telling_ms: Cell::default(),
        })
    }

    /// Loads what processes run, so that the first run need not wait for it. A failure is told by the run that needs it.
    pub fn load_ahead(self: &Rc<Session>) {
        let session = self.clone();
        spawn_local(async move { drop(session.image.get().await) });
    }

    /// Takes a program that a person gave, to be run by its name.
    pub fn add_program(&self, name: String, bytes: Vec<u8>) {
        let mut programs = self.programs.borrow_mut();
        programs.retain(|(known, _)| *known != name);
        programs.push((name, bytes));
    }

    /// Whether anything runs.
    pub fn is_running(&self) -> bool {
        self.running.get()
    }

    /// Runs a plan, trial by trial. Never two at once: the page only asks when nothing runs.
    pub fn run(self: &Rc<Session>, plan: Plan) {
        self.stopping.set(false);
        self.running.set(true);
        self.kill.replace(None);
        self.legs.borrow_mut().clear();
        self.live.set(None);
        self.telling_ms.set(0.0);
        self.figures.replace(Rc::default());
        let settings = Rc::new(plan.settings());
        let plan = Rc::new(plan);
        self.plan.replace(Some(plan.clone()));
        self.settings.replace(settings.clone());
        // What another plan left warm would only be in the way.
        let is_wanted =
            |options: &Options| settings.iter().any(|setting| keeps(&setting.job) && setting.job.options == *options);
        if !self.warm.borrow().as_ref().is_some_and(|(options, _)| is_wanted(options)) {
            self.warm.take();
        }
        let session = self.clone();
        spawn_local(async move {
            // First the page says that it starts; starting a process holds it up for a moment.
            TimeoutFuture::new(0).await;
            let drain = {
                let session = session.clone();
                Interval::new(HIDDEN_DRAIN_MS, move || session.drain())
            };
            session.heartbeat.replace(web_sys::window().map(Heartbeat::start));
            session.run_trials(&plan, &settings).await;
            session.heartbeat.take();
            // A part at a time, so that a person is answered between them: what came of it, then its numbers.
            session.live.set(None);
            session.tell();
            TimeoutFuture::new(0).await;
            session.work_out(&plan).await;
            drop(drain);
            session.running.set(false);
            session.tell();
            (session.send)(Msg::Ended);
        });
    }

    async fn run_trials(&self, plan: &Plan, settings: &[Setting]) {
        let trials = plan.trials();
        let mut over: Vec<Duration> = Vec::with_capacity(trials.len());
        let mut given_up = Vec::new();
        for (done, trial) in trials.iter().enumerate() {
            self.progress.replace(Progress {
                done,
                all: trials.len(),
                round: trial.round,
                left: time_left(&trials, &over),
            });
            // What took longer than it may does so again.
            if given_up.contains(&trial.setting) {
                over.push(Duration::ZERO);
                continue;
            }
            let began_ms = absolute_ms();
            let setting = &settings[trial.setting];
            self.begin_leg(trial.setting, setting);
            let end = self.run_trial(&setting.job, plan.trial_time_ms()).await;
            over.push(Duration::from_secs_f64((absolute_ms() - began_ms).max(0.0) / 1_000.0));
            // Where one dies, the others are still to be seen.
            let goes_on = end != RunEnd::Cancelled && !self.stopping.get();
            if end == RunEnd::TimedOut {
                given_up.push(trial.setting);
            }
            self.end_leg(*trial, &setting.job, end);
            if !goes_on {
                break;
            }
        }
        let done = over.len();
        self.progress.replace(Progress { done, all: trials.len(), round: plan.repeats, left: None });
        let mut legs = self.legs.borrow_mut();
        if legs.iter().any(|leg| leg.setting.is_kept) {
            legs.retain(|leg| leg.setting.is_kept);
        }
    }

    /// Makes room for the next run of a setting, in the order of settings.
    fn begin_leg(&self, place: usize, setting: &Setting) {
        let mut legs = self.legs.borrow_mut();
        legs.retain(|leg| leg.setting.is_kept);
        let index = legs.partition_point(|leg| leg.place < place);
        if legs.get(index).is_none_or(|leg| leg.place != place) {
            legs.insert(index, Leg::new(place, setting.clone()));
        }
        self.live.set(Some(index));
    }

    /// Does something with the leg that is run.
    fn with_leg<T>(&self, act: impl FnOnce(&mut Leg) -> T) -> Option<T> {
        self.legs.borrow_mut().get_mut(self.live.get()?).map(act)
    }

    fn with_run<T>(&self, act: impl FnOnce(&mut Run) -> T) -> Option<T> {
        self.with_leg(|leg| leg.live().map(act)).flatten()
    }

    /// Asks what runs to end, and ends it if it does not.
    pub fn stop(self: &Rc<Session>) {
        self.stopping.set(true);
        if let Some(process) = &*self.process.borrow() {
            process.request_stop();
        }
        let kill = self.kill.take();
        spawn_local(async move {
            TimeoutFuture::new(STOP_GRACE_MS).await;
            if let Some(kill) = kill {
                // Nobody receives it where the run ended by itself.
                let _ = kill.send(());
            }
        });
    }

    /// Runs a line of commands.
    async fn run_line(&self, commands: &Commands, time_ms: u32) -> RunEnd {
        let (kill, killed) = oneshot::channel::<()>();
        self.kill.replace(Some(kill));
        let trace = Trace::new(commands.commands.len() as u32);
        self.with_leg(|leg| leg.begin(trace, Some(Written::default())));
        // Somebody may have asked for an end before there was anything to be ended.
        if self.stopping.get() {
            return RunEnd::Cancelled;
        }
        let (line, origin_ms) = (Line::default(), absolute_ms());
        self.line.replace(Some(RunningLine { line: line.clone(), origin_ms }));
        let system = self.subprocesses.on_axis(origin_ms);
        let now = move || Instant::from_ms(absolute_ms() - origin_ms);
        // What is dropped here ends the commands.
        let work = line.run(commands, &self.programs, &system, now);
        match select(pin!(work), select(killed, TimeoutFuture::new(time_ms))).await {
            // A stop that came when all was done stopped nothing.
            Either::Left((report, _)) => self.take_report(Ok(report)),
            Either::Right((Either::Left(_), _)) => RunEnd::Cancelled,
            Either::Right((Either::Right(_), _)) => RunEnd::TimedOut,
        }
    }

    /// Runs a job for as long as it may take, in milliseconds.
    async fn run_trial(&self, job: &Job, time_ms: u32) -> RunEnd {
        if let Workload::Commands(commands) = &job.workload {
            return self.run_line(commands, time_ms).await;
        }
        let (kill, killed) = oneshot::channel::<()>();
        self.kill.replace(Some(kill));
        let mut trace = Trace::new(job.workload.tasks());
        self.lost_before.set(0);
        let warm = if keeps(job) { self.warm.take() } else { None };
        // One that died meanwhile, or has not the page's network, is started anew, as is one of another pool.
        if let Some((_, process)) = warm.filter(|(options, process)| *options == job.options && process.is_fit()) {
            return self.run_warm(job, process, trace, time_ms, killed).await;
        }
        // The page's own record, at its own zero: the process that is asked for cannot make it.
        trace.apply(&Event {
            at: Instant::default(),
            sequence: 0,
            lane: LaneId::Process,
            task: None,
            kind: EventKind::Enter(Phase::Instantiating),
            arg: 0,
        });
        self.with_leg(|leg| leg.begin(trace, None));
        if self.stopping.get() {
            return RunEnd::Cancelled;
        }
        let work = async {
            let config = ProcessConfig::for_job(self.image.get().await?, job);
            let process = Rc::new(Process::spawn(&config)?);
            self.process.replace(Some(process.clone()));
            process.ready(&config).await?;
            process.run(job).await
        };
        self.see_out(work, time_ms, killed).await
    }

    /// Has the processes of the last run do the work of this one.
    async fn run_warm(
        &self,
        job: &Job,
        process: Rc<Process>,
        trace: Trace,
        time_ms: u32,
        killed: oneshot::Receiver<()>,
    ) -> RunEnd {
        self.with_leg(|leg| leg.begin(trace, None));
        // What it recorded at the end of the last run belongs to that.
        self.lost_before.set(process.take_events(|_| ()));
        self.process.replace(Some(process.clone()));
        if self.stopping.get() {
            return RunEnd::Cancelled;
        }
        self.see_out(async { process.run(job).await }, time_ms, killed).await
    }

    async fn see_out(
        &self,
        work: impl Future<Output = Result<Report, ProcessError>>,
        time_ms: u32,
        killed: oneshot::Receiver<()>,
    ) -> RunEnd {
        let ended = match select(pin!(work), select(killed, TimeoutFuture::new(time_ms))).await {
            Either::Left((report, _)) => self.take_report(report),
            Either::Right((Either::Left(_), _)) => RunEnd::Cancelled,
            Either::Right((Either::Right(_), _)) => RunEnd::TimedOut,
        };
        // A stop that came when all was done stopped nothing.
        let was_cut = || self.with_run(|run| !Summary::of(&run.trace).is_complete()).unwrap_or(false);
        if self.stopping.get() && was_cut() { RunEnd::Cancelled } else { ended }
    }

    fn take_report(&self, report: Result<Report, ProcessError>) -> RunEnd {
        self.drain();
        match report {
            Ok(report) => {
                self.with_run(|run| run.trace_mut().apply_report(&report));
                RunEnd::Done
            }
            Err(error) => RunEnd::Failed(error.to_string()),
        }
    }

    /// Takes what was still recorded, ends the process with all that is in it, closes the trace, and keeps its figures.
    fn end_leg(&self, trial: Trial, job: &Job, end: RunEnd) {
        self.drain();
        let (process, line) = (self.process.take(), self.line.take());
        let memory_bytes = process.as_ref().and_then(|process| process.memory_bytes());
        let outcome = match end {
            RunEnd::Failed(_) => Outcome::Failed(Failure::ProcessDied),
            RunEnd::Done | RunEnd::Cancelled | RunEnd::TimedOut => Outcome::Cancelled,
        };
        let figures = self.with_run(|run| {
            if let Some(process) = &process {
                run.trace_mut().cut(process.now(), &outcome);
            }
            if let Some(line) = &line {
                run.trace_mut().cut(line.now(), &outcome);
            }
            figures::of(trial, &run.trace, &end, memory_bytes)
        });
        let Some(figures) = figures else { return };
        if let (Some(process), RunEnd::Done) = (process, &end)
            && keeps(job)
            && !self.stopping.get()
            && figures.failed.is_none()
        {
            self.warm.replace(Some((job.options, process)));
        }
        let was_stopped = end == RunEnd::Cancelled;
        self.with_leg(|leg| leg.end(end, figures.wall, figures.counts()));
        if !was_stopped {
            Rc::make_mut(&mut self.figures.borrow_mut()).push(figures);
        }
        // The last is told when all is over.
        if self.is_to_be_told(now_ms()) {
            self.tell();
        }
    }

    /// Works out the numbers of the runs that are drawn, a stage at a time, so that a person is answered between them. Of
    /// sweeps, whose figures are the curve, there are too many to be read.
    async fn work_out(&self, plan: &Plan) {
        if !plan.experiment.shows_each_run() {
            return;
        }
        let count = self.legs.borrow().len();
        for place in 0..count {
            let mut numbers = Numbers::default();
            for stage in Numbers::STAGES {
                let is_long = {
                    let legs = self.legs.borrow();
                    let Some((leg, run)) = legs.get(place).and_then(|leg| Some((leg, leg.shown()?))) else { break };
                    let job = &leg.setting.job;
                    let context = Context {
                        model: job.model,
                        workload: &job.workload,
                        cores: self.cores,
                        clock_step: self.clock_step,
                    };
                    stage(&run.trace, &context, &mut numbers);
                    run.trace.lanes.values().map(|lane| lane.spans.len()).sum::<usize>() > LONG_TRACE
                };
                if is_long {
                    TimeoutFuture::new(0).await;
                }
            }
            if let Some(leg) = self.legs.borrow_mut().get_mut(place).filter(|leg| leg.shown().is_some()) {
                leg.set_numbers(numbers);
            }
            // What comes of them is drawn apart from working them out.
            TimeoutFuture::new(0).await;
        }
    }

    /// Moves recorded events into the trace.
    pub fn drain(&self) {
        self.drain_heartbeat();
        self.drain_line();
        let process = self.process.borrow().clone();
        let Some(process) = process else { return };
        self.with_run(|run| {
            let trace = run.trace_mut();
            let now = process.now();
            trace.lost = process.take_events(|event| trace.apply(event)) - self.lost_before.get();
            trace.look(now);
        });
    }

    /// The zero of the axis of what runs, in milliseconds since the Unix epoch; none before it has begun.
    fn origin_ms(&self) -> Option<f64> {
        let of_process = self.process.borrow().as_ref().map(|process| process.origin_ms());
        of_process.or(self.line.borrow().as_ref().map(|line| line.origin_ms))
    }

    /// Moves what the page recorded of itself into the trace. Before the zero is known it is left where it is.
    fn drain_heartbeat(&self) {
        let heartbeat = self.heartbeat.borrow();
        let (Some(heartbeat), Some(origin_ms)) = (&*heartbeat, self.origin_ms()) else { return };
        let events = heartbeat.take_events(origin_ms);
        self.with_run(|run| events.iter().for_each(|event| run.trace_mut().apply(event)));
    }

    fn drain_line(&self) {
        let line = self.line.borrow();
        let Some(line) = &*line else { return };
        self.with_run(|run| {
            let trace = run.trace_mut();
            line.line.take_events().iter().for_each(|event| trace.apply(event));
            trace.look(line.now());
            run.written = Some(line.line.written());
        });
    }
}
