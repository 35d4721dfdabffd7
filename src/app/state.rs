//! What the page knows.

use std::rc::Rc;

use super::runs::Runs;
use crate::insight::tasks::Listing;
use crate::insight::{Summary, speedup, speedup_with_start};
use crate::model::outcome::RunEnd;
use crate::model::plan::{Draft, Field, FieldError, ModelKind, Plan, SiteKind, WorkloadKind};

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

/// What programs wrote, as far as it is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    pub stdout: String,
    pub stderr: String,
    /// Bytes that were written and are not shown.
    pub cut_bytes: u64,
}

/// One run under one model, as far as it has come.
#[derive(Clone, Debug, PartialEq)]
pub struct LegView {
    pub model: ModelKind,
    pub summary: Summary,
    pub listing: Listing,
    /// What the tasks found together, once all have returned.
    pub answer: Option<String>,
    /// What its programs wrote, where its work are commands.
    pub output: Option<Output>,
    /// `None` while it runs.
    pub end: Option<RunEnd>,
}

/// A plan and its runs, in the order in which they are made. Cheap to clone: it is handed on some ten times a second.
#[derive(Clone, Debug, PartialEq)]
pub struct RunView {
    pub plan: Rc<Plan>,
    pub legs: Vec<Rc<LegView>>,
}

impl RunView {
    /// How many times faster than Sequential a run was, if both ended every task.
    pub fn speedup_of(&self, leg: &LegView) -> Option<f64> {
        speedup(self.baseline_of(leg)?, &leg.summary)
    }

    /// Why there is no speedup to be told of a run that has ended, if there is none.
    pub fn speedup_missing(&self, leg: &LegView) -> Option<&'static str> {
        let baseline = self.baseline_of(leg)?;
        if leg.end.is_none() || self.speedup_of(leg).is_some() {
            None
        } else if !baseline.is_complete() {
            Some("Sequential did not end every task by itself")
        } else if !leg.summary.is_complete() {
            Some("not every task ended by itself")
        } else {
            Some("it was too short to be measured")
        }
    }

    /// The same, with what starting took.
    pub fn speedup_with_start_of(&self, leg: &LegView) -> Option<f64> {
        speedup_with_start(self.baseline_of(leg)?, &leg.summary)
    }

    fn baseline_of(&self, leg: &LegView) -> Option<&Summary> {
        let baseline = self.legs.iter().find(|leg| leg.model == ModelKind::Sequential)?;
        (leg.model != ModelKind::Sequential).then_some(&baseline.summary)
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
    pub running: bool,
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
    /// The message of a control.
    pub fn error_of(&self, field: Field) -> Option<&str> {
        self.errors.iter().find(|error| error.field == field).map(|error| error.message.as_str())
    }

    /// What is to be done before this can run, if any control is wrong.
    pub fn first_wrong(&self) -> Option<String> {
        let error = self.errors.first()?;
        let name = match error.field {
            Field::Model => return Some(format!("{} is {} Choose another.", self.draft.model.label(), error.message)),
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
