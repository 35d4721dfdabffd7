//! What the page knows.

use core::time::Duration;
use std::rc::Rc;

use super::runs::Runs;
use super::{LISTED_FIRST, LISTED_MAX};
use crate::insight::curve::Cores;
use crate::insight::figures::{self, walls};
use crate::insight::repeats::{self, Repeats};
use crate::insight::tasks::{self, Listing};
use crate::insight::{Numbers, Summary, words};
use crate::model::experiment::Setting;
use crate::model::figures::Figures;
use crate::model::fragment::fragment_from_draft;
use crate::model::outcome::RunEnd;
use crate::model::plan::{Draft, Field, FieldError, ModelKind, Plan, SiteKind, WorkloadKind};
use crate::model::run::Output;
use crate::model::trace::Trace;
use crate::timeline::ChartView;

/// Whether the page's own network answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// The service worker is being installed.
    Starting,
    Ready,
    /// There is none to be had here.
    Absent,
}

/// Where the page runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Environment {
    /// Cores, as the browser reports them.
    pub cores: u32,
    /// Whether memory may be shared with workers.
    pub isolated: bool,
    pub network: Network,
    /// The smallest step of the clock that was seen, in microseconds.
    pub clock_step_us: Option<f64>,
    /// The browser, in its own words.
    pub browser: String,
}

impl Default for Environment {
    fn default() -> Environment {
        Environment {
            cores: 1,
            isolated: false,
            network: Network::Starting,
            clock_step_us: None,
            browser: String::new(),
        }
    }
}

/// Something to be told at the top of the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub text: String,
}

/// The run of one setting that is shown: the one that is made, or that whose wall time is nearest to the median.
#[derive(Clone, Debug, PartialEq)]
pub struct LegView {
    /// Its setting, by place.
    pub setting: usize,
    pub model: ModelKind,
    pub title: String,
    pub summary: Summary,
    pub listing: Listing,
    /// What the tasks found together, once all have returned.
    pub answer: Option<String>,
    /// What broke its pool of processes, if anything did.
    pub broken: Option<String>,
    /// What its programs wrote, where its work are commands.
    pub output: Option<Output>,
    /// `None` while it runs.
    pub end: Option<RunEnd>,
    /// `None` until they have been worked out, which is after its end.
    pub numbers: Option<Rc<Numbers>>,
}

impl LegView {
    /// What is told of a run of a setting: of one that goes on, where `end` is `None`, or that has ended.
    pub fn of(
        place: usize,
        setting: &Setting,
        trace: &Trace,
        summary: Summary,
        end: Option<RunEnd>,
        output: Option<Output>,
        limit_ms: Option<u32>,
    ) -> LegView {
        let job = &setting.job;
        let listed = if end.is_none() { LISTED_FIRST } else { LISTED_MAX };
        LegView {
            setting: place,
            model: job.model,
            title: setting.title(),
            summary,
            listing: tasks::listing(trace, &job.workload, limit_ms, listed),
            answer: words::answer(&job.workload, job.model, trace),
            broken: words::broken_pool(job.workload.task_noun(), trace),
            output,
            end,
            numbers: None,
        }
    }
}

/// How far the trials of a plan have come.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    /// How many are over, and how many there are.
    pub done: usize,
    pub all: usize,
    /// The round that is run: 0 is the warm-up.
    pub round: u32,
    /// How long the others are going to take, by those that are over.
    pub left: Option<Duration>,
}

/// A plan and its runs, in the order of its settings. Cheap to clone: it is handed on some ten times a second.
#[derive(Clone, Debug, PartialEq)]
pub struct RunView {
    pub plan: Rc<Plan>,
    pub settings: Rc<Vec<Setting>>,
    pub legs: Vec<Rc<LegView>>,
    /// Which of the legs is run; `None` when all is over.
    pub live: Option<usize>,
    /// What was measured, trial by trial.
    pub figures: Rc<Vec<Figures>>,
    pub progress: Progress,
}

impl RunView {
    /// The leg that is told of: the one that is run, or the last, which is that of the chosen model.
    pub fn leg(&self) -> Option<&Rc<LegView>> {
        self.live.and_then(|live| self.legs.get(live)).or(self.legs.last())
    }

    /// The wall time of a leg: the median of its runs that count, with its spread.
    pub fn walls_of(&self, leg: &LegView) -> Option<Repeats> {
        walls(&self.figures, leg.setting)
    }

    /// How many times faster than Sequential a leg was, if both ended every task: by the medians of their runs.
    pub fn speedup_of(&self, leg: &LegView) -> Option<f64> {
        let against = self.baseline_of(leg)?;
        Some(repeats::speedup(&self.walls_of(against)?, &self.walls_of(leg)?)?.value)
    }

    /// Why there is no speedup to be told of a leg that has ended, if there is none.
    pub fn speedup_missing(&self, leg: &LegView) -> Option<&'static str> {
        let baseline = self.baseline_of(leg)?;
        if leg.end.is_none() || self.speedup_of(leg).is_some() {
            None
        } else if !baseline.summary.is_complete() {
            Some("Sequential did not end every task by itself")
        } else if !leg.summary.is_complete() {
            Some("not every task ended by itself")
        } else if figures::is_wrong(&self.figures, leg.setting) {
            Some("its result is wrong")
        } else if self.walls_of(leg).is_none() || self.walls_of(baseline).is_none() {
            Some("no run of both counts")
        } else {
            Some("it was too short to be measured")
        }
    }

    /// The same, with what starting took. Nothing is started of what is kept warm.
    pub fn speedup_with_start_of(&self, leg: &LegView) -> Option<f64> {
        let with_start =
            |leg: &LegView| figures::repeats(&self.figures, leg.setting, |figures| figures.wall + figures.start_up);
        let is_warm = leg.summary.start_up.is_zero();
        let against = self.baseline_of(leg).filter(|_| !is_warm)?;
        Some(repeats::speedup(&with_start(against)?, &with_start(leg)?)?.value)
    }

    fn baseline_of(&self, leg: &LegView) -> Option<&LegView> {
        let baseline = self.legs.iter().find(|leg| leg.model == ModelKind::Sequential)?;
        (leg.model != ModelKind::Sequential).then_some(&**baseline)
    }
}

/// Everything that is drawn by Yew.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    pub draft: Draft,
    /// What is wrong with the draft, control by control.
    pub errors: Vec<FieldError>,
    pub environment: Environment,
    /// What was run last, or is running.
    pub run: Option<RunView>,
    /// What is shown beside the timeline.
    pub timeline: ChartView,
    pub running: bool,
    /// What the cores are worth, once that was measured.
    pub calibrated: Option<Cores>,
    /// Programs that a person gave the page, by name, with their bytes.
    pub programs: Vec<(String, usize)>,
    /// Stop was asked for, and is under way.
    pub stopping: bool,
    pub notice: Option<Notice>,
    /// What became of copying the link: said for a moment.
    pub copied: Option<Result<(), ()>>,
    /// Runs that are kept, and the one that is open.
    pub runs: Runs,
}

impl State {
    /// Whether the controls say something else than what was run last, and is shown.
    pub fn is_changed(&self) -> bool {
        let plan = self.runs.made.as_ref().and_then(|made| made.plan.as_ref());
        !self.running && self.run.is_some() && plan.is_some_and(|plan| *plan != fragment_from_draft(&self.draft))
    }

    /// The message of a control.
    pub fn error_of(&self, field: Field) -> Option<&str> {
        self.errors.iter().find(|error| error.field == field).map(|error| error.message.as_str())
    }

    /// What is to be done before this can run, if any control is wrong.
    pub fn first_wrong(&self) -> Option<String> {
        let error = self.errors.first()?;
        let name = match error.field {
            Field::Model => return Some(format!("{} is {} Choose another.", self.draft.model.label(), error.message)),
            Field::Experiment => return Some(error.message.clone()),
            Field::Number(param) => param.spec(self.draft.workload).label.to_owned(),
            Field::Site(index) => format!("Site {}", index + 1),
            Field::Command => "Commands".to_owned(),
            Field::Env => "Environment".to_owned(),
        };
        Some(format!("Before this can run, “{name}” needs a look."))
    }

    /// Why nothing can be run here as things are, if so: the place, not the plan.
    pub fn obstacle(&self) -> Option<&'static str> {
        if self.draft.needs_shared_memory() && !self.environment.isolated {
            return Some(
                "Threads need memory that they share, and this page was not given any: it is not cross-origin isolated. \
                 Open it over https or on localhost, outside a private window, and not inside another page.",
            );
        }
        if self.needs_own_network() {
            return match self.environment.network {
                Network::Ready => None,
                Network::Starting => Some("The page's own network is starting."),
                Network::Absent => Some(
                    "The sites are answered by a service worker, and this browser gives the page none: a private window, \
                     or a page that is not on https or localhost. Give addresses of your own, or run another workload.",
                ),
            };
        }
        None
    }

    fn needs_own_network(&self) -> bool {
        match self.draft.workload {
            WorkloadKind::Sites => self.draft.sites.iter().any(|site| site.kind != SiteKind::Url),
            WorkloadKind::FanOut | WorkloadKind::Pages | WorkloadKind::FetchThenCompute => true,
            _ => false,
        }
    }

    /// Checks the draft again.
    pub(super) fn validate(&mut self) -> Option<Plan> {
        match self.draft.validate(self.environment.cores) {
            Ok(plan) => {
                self.errors.clear();
                Some(plan)
            }
            Err(errors) => {
                self.errors = errors;
                None
            }
        }
    }
}
