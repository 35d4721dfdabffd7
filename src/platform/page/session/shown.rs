//! What is told and drawn of a session.

use super::super::shelf::Recorded;
use super::Session;
use crate::app::{Msg, RunView};
use crate::insight::{self, Picture};
use crate::model::plan::{Experiment, Job, Workload};
use crate::model::run::RunLeg;
use crate::platform::clock::now_ms;
use crate::timeline;

/// How often numbers are told to the page, in milliseconds, where nothing computes. The picture is painted every frame then.
const TELL_EVERY_MS: f64 = 100.0;
/// The same while a thread computes, or an experiment is made: what is measured comes before what is seen of it.
const TELL_EVERY_MEASURED_MS: f64 = 250.0;
/// How often both happen while every core is at work, in milliseconds: drawing takes a core's time, and what is measured
/// would be slower for being watched. (Without a GPU, 60 pictures a second took a fifth of two cores.)
const TELL_EVERY_BUSY_MS: f64 = 1_000.0;
/// Telling walks through the whole trace: of a long one it is done less often, so that it never takes more than one part of so
/// many of the page's time.
const TELL_PART: f64 = 20.0;

impl Session {
    /// Whether it is time to tell the numbers. Whoever asks this tells them.
    pub fn is_to_be_told(&self, now_ms: f64) -> bool {
        let due = self.is_due(now_ms);
        if due {
            self.told_ms.set(now_ms);
        }
        due
    }

    /// Whether they were told long enough ago.
    pub fn is_due(&self, now_ms: f64) -> bool {
        let every_ms = if self.every_core_is_at_work() {
            TELL_EVERY_BUSY_MS
        } else if self.is_experiment() || self.keeps_a_core_at_work() {
            TELL_EVERY_MEASURED_MS
        } else {
            TELL_EVERY_MS
        };
        now_ms - self.told_ms.get() >= every_ms.max(self.telling_ms.get() * TELL_PART)
    }

    /// Tells the numbers. When a run has ended, its last ones were told.
    pub fn tell_if_running(&self) {
        if self.running.get() {
            self.tell();
        }
    }

    /// Whether the picture is painted no oftener than the numbers are told: what the page does might take a core from what is
    /// measured.
    pub fn draws_little(&self) -> bool {
        self.every_core_is_at_work() || self.every_core_has_a_thread() || self.is_experiment()
    }

    /// Whether its runs are made to be measured rather than watched.
    fn is_experiment(&self) -> bool {
        let plan = self.plan.borrow();
        plan.as_ref().is_some_and(|plan| plan.warms_up() || plan.experiment != Experiment::One)
    }

    /// Whether what runs keeps a core at work.
    pub fn keeps_a_core_at_work(&self) -> bool {
        self.of_live(|job| job.workload.keeps_a_core_at_work())
    }

    /// Whether as many threads as there are cores take turns at computing: who is given the lock needs a core at once.
    fn every_core_has_a_thread(&self) -> bool {
        self.of_live(|job| {
            job.model.has_workers() && job.options.workers >= self.cores && job.workload.keeps_a_core_at_work()
        })
    }

    fn every_core_is_at_work(&self) -> bool {
        self.of_live(|Job { model, options, workload }| {
            let computes_at_once = model.is_parallel() || options.event_loop.to_thread;
            computes_at_once && options.workers >= self.cores && workload.keeps_a_core_at_work()
        })
    }

    /// Whether something is so of what runs; nothing is where nothing does.
    fn of_live(&self, is_so: impl Fn(&Job) -> bool) -> bool {
        let legs = self.legs.borrow();
        let live = self.live.get().filter(|_| self.running.get());
        live.and_then(|index| legs.get(index)).is_some_and(|leg| is_so(&leg.setting.job))
    }

    /// Tells how the run stands.
    pub(super) fn tell(&self) {
        let began_ms = now_ms();
        let plan = self.plan.borrow();
        let Some(plan) = &*plan else { return };
        let mut legs = self.legs.borrow_mut();
        // One that has not begun its first run is not there yet.
        let live = self.live.get().filter(|_| self.running.get());
        let shown = legs.iter().take(live.unwrap_or(0)).filter(|leg| leg.shown().is_some()).count();
        let view = RunView {
            plan: plan.clone(),
            settings: self.settings.borrow().clone(),
            live: live.map(|_| shown),
            legs: legs.iter_mut().filter_map(|leg| leg.view(plan.limit_ms)).collect(),
            figures: self.figures.borrow().clone(),
            progress: self.progress.borrow().clone(),
        };
        drop(legs);
        (self.send)(Msg::Progress(view));
        self.telling_ms.set(now_ms() - began_ms);
    }

    /// What was run last, as it is kept and exported: the figures of each trial, and of each setting the run that is drawn.
    pub fn record(&self) -> Recorded {
        Recorded {
            legs: self.drawn(),
            figures: self.figures.borrow().to_vec(),
            trials_over: self.progress.borrow().done,
        }
    }

    fn drawn(&self) -> Vec<RunLeg> {
        let limit_ms = self.plan.borrow().as_ref().and_then(|plan| plan.limit_ms);
        let legs = self.legs.borrow();
        let record = legs.iter().filter_map(|leg| {
            let run = leg.shown()?;
            let job = &leg.setting.job;
            let names = (0..run.trace.tasks.len() as u32).map(|index| job.workload.task_name(index));
            let mut record = RunLeg {
                title: leg.setting.title(),
                model: Some(job.model),
                setting: u32::try_from(leg.place).ok(),
                noun: job.workload.task_noun().to_owned(),
                task_names: Vec::new(),
                limit_ms,
                end: run.end.clone()?,
                output: run.output(),
                trace: run.trace.clone(),
            };
            // Names that say no more than the number are not kept.
            if names.clone().enumerate().any(|(index, name)| name != record.task_name(index)) {
                record.task_names = names.collect();
            }
            Some(record)
        });
        record.collect()
    }

    /// What the tasks of the run that is shown have computed of a picture, if their work is one.
    pub fn picture(&self) -> Option<Picture> {
        let legs = self.legs.borrow();
        let live = self.live.get().filter(|_| self.running.get());
        let leg = live.and_then(|index| legs.get(index)).or(legs.last())?;
        insight::picture::picture(&leg.setting.job.workload, &leg.shown()?.trace)
    }

    /// Gives the runs as the timeline draws them: none, where nothing was run.
    pub fn with_legs(&self, act: &mut dyn FnMut(&[timeline::Leg<'_>])) {
        let plan = self.plan.borrow();
        let Some(plan) = &*plan else { return act(&[]) };
        let legs = self.legs.borrow();
        let children: Vec<String> = match &plan.workload {
            Workload::Commands(line) => {
                (0..line.commands.len() as u32).map(|place| plan.workload.task_name(place)).collect()
            }
            _ => Vec::new(),
        };
        let titles: Vec<String> = legs.iter().map(|leg| leg.setting.title()).collect();
        let drawn: Vec<timeline::Leg<'_>> = legs
            .iter()
            .zip(&titles)
            .filter_map(|(leg, title)| {
                let run = leg.shown()?;
                Some(timeline::Leg {
                    number: run.number,
                    title,
                    trace: &run.trace,
                    noun: plan.workload.task_noun(),
                    children: &children,
                    limit_ms: plan.limit_ms,
                })
            })
            .collect();
        act(&drawn);
    }
}
