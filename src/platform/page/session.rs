//! Runs plans: one process for each model, its events drained once a frame into a trace, the trace painted.

use core::cell::{Cell, RefCell};
use core::future::Future;
use std::pin::pin;
use std::rc::Rc;

use futures_channel::oneshot;
use futures_util::future::{Either, select};
use gloo_timers::callback::Interval;
use gloo_timers::future::TimeoutFuture;
use wasm_bindgen_futures::spawn_local;

use super::commands::{Line, Programs, Written};
use super::image::SharedImage;
use super::process::{Process, ProcessConfig, ProcessError};
use super::subprocess::{SubprocessConfig, Subprocesses};
use crate::app::{LegView, Msg, Output, RunView};
use crate::insight::{self, Picture, Summary, tasks, words};
use crate::model::event::{Event, EventKind, Phase};
use crate::model::id::LaneId;
use crate::model::outcome::{Failure, Outcome, Report, RunEnd};
use crate::model::plan::{Commands, ModelKind, Options, Plan, Workload};
use crate::model::run::RunLeg;
use crate::model::time::Instant;
use crate::model::trace::Trace;
use crate::platform::clock::absolute_ms;
use crate::timeline;

/// How long tasks have to end by themselves once they are asked to, in milliseconds. Then their process is ended.
const STOP_GRACE_MS: u32 = 60;
/// The longest that any one model may run, in milliseconds.
const LEG_TIME_MS: u32 = 600_000;
/// How often numbers are told to the page, in milliseconds, where a core is left over for the page. The picture is
/// painted every frame then.
const TELL_EVERY_MS: f64 = 100.0;
/// How often both happen while every core is at work, in milliseconds: drawing takes a core's time, and what is measured
/// would be slower for being watched. (Without a GPU, 60 pictures a second took a fifth of two cores.)
const TELL_EVERY_BUSY_MS: f64 = 1_000.0;
/// How often events are drained where no frames are drawn, as in a hidden tab, in milliseconds.
const HIDDEN_DRAIN_MS: u32 = 200;

/// One model's run.
struct Leg {
    model: ModelKind,
    trace: Trace,
    end: Option<RunEnd>,
    /// What its programs wrote, where its work are commands.
    written: Option<Written>,
    /// What was told of it last, once it has ended: it does not change any more.
    told: Option<Rc<LegView>>,
}

impl Leg {
    fn view(&mut self, plan: &Plan) -> Rc<LegView> {
        if let Some(told) = &self.told {
            return told.clone();
        }
        let view = Rc::new(LegView {
            model: self.model,
            summary: Summary::of(&self.trace),
            listing: tasks::listing(&self.trace, &plan.workload, plan.limit_ms),
            answer: words::answer(&plan.workload, self.model, &self.trace),
            end: self.end.clone(),
            output: self.written.as_ref().map(output),
        });
        self.told = self.end.is_some().then(|| view.clone());
        view
    }
}

/// Whether a plan leaves its processes for the next run.
fn keeps(plan: &Plan) -> bool {
    plan.model == ModelKind::Processes && plan.options.pool.warm
}

/// What was written, as text.
fn output(written: &Written) -> Output {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Output { stdout: text(&written.stdout), stderr: text(&written.stderr), cut_bytes: written.cut_bytes }
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
    /// What processes run.
    image: SharedImage,
    plan: RefCell<Option<Rc<Plan>>>,
    legs: RefCell<Vec<Leg>>,
    process: RefCell<Option<Rc<Process>>>,
    /// The process of a warm pool that the last run left, and what it was started for.
    warm: RefCell<Option<(Options, Rc<Process>)>>,
    /// What starts commands, and the programs that a person gave.
    subprocesses: Subprocesses,
    programs: Programs,
    line: RefCell<Option<RunningLine>>,
    /// Events that a warm process had lost in earlier runs.
    lost_before: Cell<u64>,
    stopping: Cell<bool>,
    kill: RefCell<Option<oneshot::Sender<()>>>,
    told_ms: Cell<f64>,
}

impl Session {
    /// A session that tells what happens in it.
    pub fn new(cores: u32, image: SharedImage, send: impl Fn(Msg) + 'static) -> Rc<Session> {
        Rc::new(Session {
            send: Box::new(send),
            cores,
            image,
            plan: RefCell::default(),
            legs: RefCell::default(),
            process: RefCell::default(),
            warm: RefCell::default(),
            subprocesses: Subprocesses::new(SubprocessConfig::of_page(0.0)),
            programs: Programs::default(),
            line: RefCell::default(),
            lost_before: Cell::default(),
            stopping: Cell::default(),
            kill: RefCell::default(),
            told_ms: Cell::default(),
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
        self.legs.borrow().iter().any(|leg| leg.end.is_none())
    }

    /// Runs a plan, model by model. Never two at once: the page only asks when nothing runs.
    pub fn run(self: &Rc<Session>, plan: Plan) {
        self.stopping.set(false);
        self.kill.replace(None);
        self.legs.borrow_mut().clear();
        let plan = Rc::new(plan);
        self.plan.replace(Some(plan.clone()));
        // What another plan left warm would only be in the way.
        if !self.warm.borrow().as_ref().is_some_and(|(options, _)| keeps(&plan) && *options == plan.options) {
            self.warm.take();
        }
        let session = self.clone();
        spawn_local(async move {
            let drain = {
                let session = session.clone();
                Interval::new(HIDDEN_DRAIN_MS, move || session.drain())
            };
            for model in plan.models() {
                let end = session.run_leg(&plan, model).await;
                // Where one model dies, the other is still to be seen.
                let goes_on = end != RunEnd::Cancelled && !session.stopping.get();
                session.end_leg(end);
                if !goes_on {
                    break;
                }
            }
            drop(drain);
            session.tell();
            (session.send)(Msg::Ended);
        });
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
    async fn run_line(&self, commands: &Commands) -> RunEnd {
        let (kill, killed) = oneshot::channel::<()>();
        self.kill.replace(Some(kill));
        let leg = Leg {
            model: ModelKind::Subprocess,
            trace: Trace::new(commands.commands.len() as u32),
            end: None,
            written: Some(Written::default()),
            told: None,
        };
        self.legs.borrow_mut().push(leg);
        let (line, origin_ms) = (Line::default(), absolute_ms());
        self.line.replace(Some(RunningLine { line: line.clone(), origin_ms }));
        let system = self.subprocesses.on_axis(origin_ms);
        let now = move || Instant::from_ms(absolute_ms() - origin_ms);
        // What is dropped here ends the commands.
        let work = line.run(commands, &self.programs, &system, now);
        match select(pin!(work), select(killed, TimeoutFuture::new(LEG_TIME_MS))).await {
            // A stop that came when all was done stopped nothing.
            Either::Left((report, _)) => self.take_report(Ok(report)),
            Either::Right((Either::Left(_), _)) => RunEnd::Cancelled,
            Either::Right((Either::Right(_), _)) => RunEnd::TimedOut,
        }
    }

    async fn run_leg(&self, plan: &Plan, model: ModelKind) -> RunEnd {
        if let Workload::Commands(commands) = &plan.workload {
            return self.run_line(commands).await;
        }
        let (kill, killed) = oneshot::channel::<()>();
        self.kill.replace(Some(kill));
        let mut trace = Trace::new(plan.workload.tasks());
        self.lost_before.set(0);
        let warm = if model == plan.model { self.warm.take() } else { None };
        // One that died meanwhile is started anew.
        if let Some((_, process)) = warm.filter(|(_, process)| process.is_alive()) {
            return self.run_warm(plan, process, trace, killed).await;
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
        self.legs.borrow_mut().push(Leg { model, trace, end: None, written: None, told: None });
        if self.stopping.get() {
            return RunEnd::Cancelled;
        }
        let job = plan.job(model);
        let work = async {
            let config = ProcessConfig::for_job(self.image.get().await?, &job);
            let process = Rc::new(Process::spawn(&config)?);
            self.process.replace(Some(process.clone()));
            process.ready(&config).await?;
            process.run(&job).await
        };
        self.see_out(work, killed).await
    }

    /// Has the processes of the last run do the work of this one.
    async fn run_warm(&self, plan: &Plan, process: Rc<Process>, trace: Trace, killed: oneshot::Receiver<()>) -> RunEnd {
        self.legs.borrow_mut().push(Leg { model: plan.model, trace, end: None, written: None, told: None });
        // What it recorded at the end of the last run belongs to that.
        self.lost_before.set(process.take_events(|_| ()));
        self.process.replace(Some(process.clone()));
        let job = plan.job(plan.model);
        self.see_out(async { process.run(&job).await }, killed).await
    }

    async fn see_out(
        &self,
        work: impl Future<Output = Result<Report, ProcessError>>,
        killed: oneshot::Receiver<()>,
    ) -> RunEnd {
        let ended = match select(pin!(work), select(killed, TimeoutFuture::new(LEG_TIME_MS))).await {
            Either::Left((report, _)) => self.take_report(report),
            Either::Right((Either::Left(_), _)) => RunEnd::Cancelled,
            Either::Right((Either::Right(_), _)) => RunEnd::TimedOut,
        };
        // A stop that came when all was done stopped nothing.
        let was_cut = self.legs.borrow().last().is_some_and(|leg| !Summary::of(&leg.trace).is_complete());
        if self.stopping.get() && was_cut { RunEnd::Cancelled } else { ended }
    }

    fn take_report(&self, report: Result<Report, ProcessError>) -> RunEnd {
        self.drain();
        match report {
            Ok(report) => {
                if let Some(leg) = self.legs.borrow_mut().last_mut() {
                    leg.trace.apply_report(&report);
                }
                RunEnd::Done
            }
            Err(error) => RunEnd::Failed(error.to_string()),
        }
    }

    /// Takes what was still recorded, ends the process with all that is in it, and closes the trace.
    fn end_leg(&self, end: RunEnd) {
        self.drain();
        let (process, line) = (self.process.take(), self.line.take());
        if let Some(leg) = self.legs.borrow_mut().last_mut() {
            let outcome = match end {
                RunEnd::Failed(_) => Outcome::Failed(Failure::ProcessDied),
                RunEnd::Done | RunEnd::Cancelled | RunEnd::TimedOut => Outcome::Cancelled,
            };
            if let Some(process) = &process {
                leg.trace.cut(process.now(), &outcome);
            }
            if let Some(line) = &line {
                leg.trace.cut(line.now(), &outcome);
            }
            if let (Some(process), Some(plan), RunEnd::Done) = (process, &*self.plan.borrow(), &end)
                && keeps(plan)
                && leg.model == plan.model
                && !self.stopping.get()
                && Summary::of(&leg.trace).is_complete()
            {
                self.warm.replace(Some((plan.options, process)));
            }
            leg.end = Some(end);
        }
        self.tell();
    }

    /// Moves recorded events into the trace.
    pub fn drain(&self) {
        self.drain_line();
        let process = self.process.borrow().clone();
        let Some(process) = process else { return };
        let mut legs = self.legs.borrow_mut();
        let Some(leg) = legs.last_mut() else { return };
        let trace = &mut leg.trace;
        let now = process.now();
        trace.lost = process.take_events(|event| trace.apply(event)) - self.lost_before.get();
        trace.look(now);
    }

    fn drain_line(&self) {
        let line = self.line.borrow();
        let Some(line) = &*line else { return };
        if let Some(leg) = self.legs.borrow_mut().last_mut() {
            line.line.take_events().iter().for_each(|event| leg.trace.apply(event));
            leg.trace.look(line.now());
            leg.written = Some(line.line.written());
        }
    }

    /// Tells the numbers, if it is time to. Gives whether it was.
    pub fn tell_in_time(&self, now_ms: f64) -> bool {
        let every_ms = if self.every_core_is_at_work() { TELL_EVERY_BUSY_MS } else { TELL_EVERY_MS };
        let due = now_ms - self.told_ms.get() >= every_ms;
        if due {
            self.told_ms.set(now_ms);
            self.tell();
        }
        due
    }

    /// Whether anything that the page does now takes a core from what is measured.
    pub fn every_core_is_at_work(&self) -> bool {
        let legs = self.legs.borrow();
        let Some(leg) = legs.last().filter(|leg| leg.end.is_none()) else { return false };
        let to_thread = |plan: &Rc<Plan>| plan.options.event_loop.to_thread;
        let computes_at_once = leg.model.is_parallel() || self.plan.borrow().as_ref().is_some_and(to_thread);
        let enough = |plan: &Rc<Plan>| plan.options.workers >= self.cores && plan.workload.computes();
        computes_at_once && self.plan.borrow().as_ref().is_some_and(enough)
    }

    fn tell(&self) {
        let plan = self.plan.borrow();
        let Some(plan) = &*plan else { return };
        let mut legs = self.legs.borrow_mut();
        let view = RunView { plan: plan.clone(), legs: legs.iter_mut().map(|leg| leg.view(plan)).collect() };
        drop(legs);
        (self.send)(Msg::Progress(view));
    }

    /// What was run last, as it is kept and exported.
    pub fn record(&self) -> Vec<RunLeg> {
        let plan = self.plan.borrow();
        let Some(plan) = &*plan else { return Vec::new() };
        let legs = self.legs.borrow();
        let ended = legs.iter().filter_map(|leg| Some((leg, leg.end.clone()?)));
        let record = ended.map(|(leg, end)| {
            let noun = plan.workload.task_noun();
            let names = (0..leg.trace.tasks.len() as u32).map(|index| plan.workload.task_name(index));
            let mut record = RunLeg {
                title: leg.model.label().to_owned(),
                model: Some(leg.model),
                noun: noun.to_owned(),
                task_names: Vec::new(),
                limit_ms: plan.limit_ms,
                end,
                trace: leg.trace.clone(),
            };
            // Names that say no more than the number are not kept.
            if names.clone().enumerate().any(|(index, name)| name != record.task_name(index)) {
                record.task_names = names.collect();
            }
            record
        });
        record.collect()
    }

    /// What the tasks of the last run have computed of a picture, if their work is one.
    pub fn picture(&self) -> Option<Picture> {
        let (plan, legs) = (self.plan.borrow(), self.legs.borrow());
        insight::picture::picture(&plan.as_ref()?.workload, &legs.last()?.trace)
    }

    /// The timeline of all runs, this wide.
    pub fn scene(&self, width: f64) -> timeline::Scene {
        let plan = self.plan.borrow();
        let Some(plan) = &*plan else { return timeline::Scene::default() };
        let legs = self.legs.borrow();
        let children: Vec<String> = match &plan.workload {
            Workload::Commands(line) => {
                (0..line.commands.len() as u32).map(|place| plan.workload.task_name(place)).collect()
            }
            _ => Vec::new(),
        };
        let drawn: Vec<timeline::Leg<'_>> = legs
            .iter()
            .map(|leg| timeline::Leg {
                title: leg.model.label(),
                trace: &leg.trace,
                noun: plan.workload.task_noun(),
                children: &children,
                limit_ms: plan.limit_ms,
            })
            .collect();
        timeline::scene(&drawn, width)
    }
}
