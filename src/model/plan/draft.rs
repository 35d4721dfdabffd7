//! A plan as it was typed: any text in any field, so that nothing a person wrote is lost while it is wrong.

use std::collections::BTreeMap;

use super::checks::Checks;
use super::command_line;
use super::field::{Choose, Field, Param};
use super::workload::{CCall, Fault, LockOrder, Shares, Spread, Workload, WorkloadKind};
use super::{
    Carrier, Experiment, ExperimentKind, Initializer, Job, LARGE_MAX_KIB, LoopOptions, ModelKind, Options,
    PROCESS_MAX_MIB, Plan, PoolOptions, SWITCH_INTERVAL_US,
};
use crate::model::format::thousands;

/// How one site is meant, without its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SiteKind {
    Answers,
    Refuses,
    Unreachable,
    BreaksOff,
    Hangs,
    Url,
}

impl SiteKind {
    /// What its value is: milliseconds, an address, or nothing.
    pub fn has_milliseconds(self) -> bool {
        !matches!(self, SiteKind::Url | SiteKind::Hangs)
    }
}

/// One site as it was typed: milliseconds, or an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiteDraft {
    pub kind: SiteKind,
    pub value: String,
}

/// What is wrong with one control, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    pub field: Field,
    pub message: String,
}

/// To whom a control belongs: to one workload, or to the models.
type Scope = Option<WorkloadKind>;

/// A plan as it was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    pub workload: WorkloadKind,
    pub model: ModelKind,
    pub compare: bool,
    pub experiment: ExperimentKind,
    /// The models that were chosen to race, as far as each is offered for the work.
    pub racers: Vec<ModelKind>,
    pub sites: Vec<SiteDraft>,
    /// The line of *Commands*, what its first command reads, and the environment as `NAME=value` words.
    pub command: String,
    pub stdin: String,
    pub env: String,
    /// What was typed where it is not the usual text.
    texts: BTreeMap<(Scope, Param), String>,
    /// What was chosen where it is not the first option.
    chosen: BTreeMap<(Scope, Choose), usize>,
}

impl Default for Draft {
    fn default() -> Draft {
        let site = |kind, value: &str| SiteDraft { kind, value: value.to_owned() };
        Draft {
            workload: WorkloadKind::Sites,
            model: ModelKind::EventLoop,
            compare: true,
            experiment: ExperimentKind::One,
            racers: ModelKind::ALL.into_iter().filter(|model| *model != ModelKind::Subprocess).collect(),
            sites: vec![
                site(SiteKind::Answers, "300"),
                site(SiteKind::Answers, "150"),
                site(SiteKind::Answers, "450"),
                site(SiteKind::Unreachable, "40"),
                site(SiteKind::Answers, "200"),
            ],
            command: command_line::EXAMPLE.to_owned(),
            stdin: String::new(),
            env: String::new(),
            texts: BTreeMap::new(),
            chosen: BTreeMap::new(),
        }
    }
}

impl Draft {
    /// The usual plan of a workload under a model.
    pub fn of(workload: WorkloadKind, model: ModelKind) -> Draft {
        Draft { workload, model, ..Draft::default() }
    }

    /// What stands in a control of the chosen workload, or of the models.
    pub fn text(&self, param: Param) -> &str {
        let usual = param.spec(self.workload).usual;
        self.texts.get(&(self.scope(param.is_of_workload()), param)).map_or(usual, String::as_str)
    }

    /// Types into a control.
    pub fn set_text(&mut self, param: Param, text: String) {
        let key = (self.scope(param.is_of_workload()), param);
        if text == param.spec(self.workload).usual {
            self.texts.remove(&key);
        } else {
            self.texts.insert(key, text);
        }
    }

    /// The place of what is chosen in a control.
    pub fn choice(&self, choose: Choose) -> usize {
        self.chosen.get(&(self.scope(choose.is_of_workload()), choose)).copied().unwrap_or(0)
    }

    /// Chooses by place; a place that there is not changes nothing.
    pub fn set_choice(&mut self, choose: Choose, place: usize) {
        let key = (self.scope(choose.is_of_workload()), choose);
        match place {
            0 => drop(self.chosen.remove(&key)),
            place if place < choose.spec().options.len() => drop(self.chosen.insert(key, place)),
            _ => {}
        }
    }

    fn scope(&self, is_of_workload: bool) -> Scope {
        is_of_workload.then_some(self.workload)
    }

    /// The numbers that are read of it, in the order in which they are shown.
    pub fn params(&self) -> impl Iterator<Item = Param> + use<> {
        // Commands have a timeout of their own.
        let limit = (self.workload != WorkloadKind::Commands).then_some(Param::Limit);
        Param::of_workload(self.workload)
            .iter()
            .copied()
            .chain(self.params_of_models())
            .chain(limit)
            .chain([Param::Repeats])
    }

    /// Of these, those of the models: each once, though several may read it.
    pub fn params_of_models(&self) -> Vec<Param> {
        let is_curve = self.experiment == ExperimentKind::Scaling;
        let models = self.models_read();
        let mut params = Vec::new();
        for param in models.iter().flat_map(|model| Param::of_model(*model)) {
            // A curve has every number of workers up to a most.
            let param = if is_curve && *param == Param::Workers { Param::UpTo } else { *param };
            if !params.contains(&param) {
                params.push(param);
            }
        }
        params
    }

    /// The choices that are read of it.
    pub fn choices(&self) -> impl Iterator<Item = Choose> + use<> {
        self.choices_of_workload().into_iter().chain(self.choices_of_models())
    }

    /// Of these, those of the work.
    pub fn choices_of_workload(&self) -> Vec<Choose> {
        let read = self.models_read().into_iter().max_by_key(|model| Choose::of_workload(self.workload, *model).len());
        Choose::of_workload(self.workload, read.unwrap_or(self.model)).to_vec()
    }

    /// Of these, those of the models: each once.
    pub fn choices_of_models(&self) -> Vec<Choose> {
        // A sweep has every carrier.
        let is_swept = |choose: &Choose| {
            self.experiment == ExperimentKind::BreakEven && matches!(choose, Choose::Carrier | Choose::Start)
        };
        let models = self.models_read().into_iter();
        models.flat_map(Choose::of_model).copied().filter(|choose| !is_swept(choose)).collect()
    }

    /// Whether everything that is read of it, besides what is run and how, is as it was at first.
    pub fn is_usual(&self) -> bool {
        let usual = Draft::default();
        let sites = self.workload != WorkloadKind::Sites || self.sites == usual.sites;
        let line = (&self.command, &self.stdin, &self.env) == (&usual.command, &usual.stdin, &usual.env);
        let line = line || self.workload != WorkloadKind::Commands;
        let texts = self.params().all(|param| self.text(param) == param.spec(self.workload).usual);
        sites && line && texts && self.compare && self.choices().all(|choose| self.choice(choose) == 0)
    }

    /// Whether a model is offered for this workload; if not, why.
    pub fn model_refused(workload: WorkloadKind, model: ModelKind) -> Option<&'static str> {
        let needs_threads_that_share =
            matches!(workload, WorkloadKind::Queue | WorkloadKind::Counter | WorkloadKind::Deadlock);
        match model {
            ModelKind::Subprocess if workload != WorkloadKind::Commands => {
                Some("only for commands, which are programs of their own.")
            }
            ModelKind::Subprocess => None,
            _ if workload == WorkloadKind::Commands => Some("not for commands, as they are programs of their own."),
            ModelKind::Processes | ModelKind::OwnLocks if needs_threads_that_share => {
                Some("not for what tasks share, as each of its workers has memory of its own.")
            }
            ModelKind::Cores if needs_threads_that_share => {
                Some("not for tasks that wait for each other, as rayon expects that none of them blocks.")
            }
            _ => None,
        }
    }

    /// Whether it needs memory that workers of the browser share.
    pub fn needs_shared_memory(&self) -> bool {
        self.model.shares_memory()
            || self.chooses(Choose::Blocking, "thread")
            || self.chooses(Choose::Carrier, "shared")
    }

    /// Whether one of its tasks never ends by itself.
    pub fn never_ends(&self) -> bool {
        self.chooses(Choose::Fault, "endless")
    }

    /// Whether something is read, and is this option, by its name in links.
    fn chooses(&self, choose: Choose, option: &str) -> bool {
        let (mut read, options) = (self.choices(), choose.spec().options);
        read.any(|read| read == choose) && options[self.choice(choose)].0 == option
    }

    /// Whether Sequential is run first, to compare with.
    pub fn compares(&self) -> bool {
        self.compare && self.model.compares() && !self.never_ends()
    }

    /// What holds where a control is left empty, as far as there is anything.
    pub fn usual_of(&self, param: Param, cores: u32) -> Option<String> {
        match param {
            Param::Workers => Some(self.models_read().last()?.default_workers(cores).to_string()),
            Param::UpTo => Some(self.most_workers_usually(cores).to_string()),
            Param::Repeats => Some(self.repeats_usually().to_string()),
            Param::SwitchInterval => Some(thousands(SWITCH_INTERVAL_US.into())),
            Param::Chunksize => {
                let mut without = self.under(ModelKind::Processes);
                without.set_text(Param::Chunksize, String::new());
                without.validate_model(cores).ok().map(|plan| plan.job(plan.model).chunksize().to_string())
            }
            _ => None,
        }
    }

    /// The plan, or everything that is wrong with it. `cores` is what the machine reports.
    ///
    /// # Errors
    /// One message for each control whose text is not usable; fields that the chosen workload or model does not read
    /// are not looked at.
    pub fn validate(&self, cores: u32) -> Result<Plan, Vec<FieldError>> {
        self.validate_experiment(cores)
    }

    /// The plan of the chosen model.
    pub(super) fn validate_model(&self, cores: u32) -> Result<Plan, Vec<FieldError>> {
        let mut checks = Checks { draft: self, errors: Vec::new() };
        if let Some(reason) = Self::model_refused(self.workload, self.model) {
            checks.add(Field::Model, reason.to_owned());
        }
        let workload = self.workload(&mut checks);
        let options = self.options(cores, &mut checks);
        if let (WorkloadKind::Queue, true) = (self.workload, self.model.is_thread_pool())
            && options.workers < workload.tasks()
        {
            let message = format!(
                "The producer and each consumer need a thread: enter {} or more, or fewer consumers.",
                workload.tasks()
            );
            checks.add(Field::Number(Param::Workers), message);
        }
        let job = Job { workload, model: self.model, options };
        if matches!(job.workload, Workload::Sort { .. }) && job.memory_mib() >= PROCESS_MAX_MIB {
            let message = format!(
                "That many at once need more than the {PROCESS_MAX_MIB} MiB of a process: enter less, or fewer workers."
            );
            checks.add(Field::Number(Param::Numbers), message);
        }
        let Job { workload, options, .. } = job;
        let limit_ms =
            if self.params().any(|param| param == Param::Limit) { checks.optional(Param::Limit) } else { None };
        let repeats = checks.optional(Param::Repeats).unwrap_or(self.repeats_usually());
        let Checks { errors, .. } = checks;
        if errors.is_empty() {
            let (model, compare) = (self.model, self.compare);
            Ok(Plan { workload, model, options, compare, limit_ms, repeats, experiment: Experiment::One })
        } else {
            Err(errors)
        }
    }

    fn options(&self, cores: u32, checks: &mut Checks<'_>) -> Options {
        let reads = |param| Param::of_model(self.model).contains(&param);
        let chooses = |choose| if Choose::of_model(self.model).contains(&choose) { self.choice(choose) } else { 0 };
        let workers = if reads(Param::Workers) { checks.workers(cores) } else { None };
        let mut optional = |param| if reads(param) { checks.optional(param) } else { None };
        let pool = PoolOptions {
            chunksize: optional(Param::Chunksize),
            per_process: optional(Param::PerProcess),
            prefetch: optional(Param::Prefetch),
            warm: chooses(Choose::Start) == 1,
            carrier: [Carrier::Copy, Carrier::Transfer, Carrier::Shared][chooses(Choose::Carrier)],
            initializer: [Initializer::None, Initializer::Runs, Initializer::Fails][chooses(Choose::Initializer)],
        };
        let event_loop = LoopOptions {
            in_flight: optional(Param::InFlight),
            each_ms: optional(Param::TaskLimit),
            group: chooses(Choose::Together) == 1,
            to_thread: chooses(Choose::Blocking) == 1,
        };
        // `asyncio.to_thread` runs on a usual `ThreadPoolExecutor`.
        let usual = if event_loop.to_thread { ModelKind::FreeThreads } else { self.model };
        Options {
            workers: workers.unwrap_or_else(|| usual.default_workers(cores)),
            switch_interval_us: optional(Param::SwitchInterval).unwrap_or(SWITCH_INTERVAL_US),
            pool,
            event_loop,
        }
    }

    fn workload(&self, checks: &mut Checks<'_>) -> Workload {
        // What is not offered beside this model is not read either.
        let choice = |choose| if self.choices().any(|read| read == choose) { self.choice(choose) } else { 0 };
        let fault = [Fault::None, Fault::Panic, Fault::Trap, Fault::Endless, Fault::Allocate][choice(Choose::Fault)];
        let simd = choice(Choose::Simd) == 1;
        match self.workload {
            WorkloadKind::Sites => {
                Workload::Sites(self.sites.iter().enumerate().map(|(index, site)| checks.site(index, site)).collect())
            }
            WorkloadKind::FanOut => Workload::FanOut {
                requests: checks.number(Param::Tasks),
                latency_ms: checks.number(Param::Latency),
                spread: [Spread::Same, Spread::Even, Spread::LongTail][choice(Choose::Spread)],
                seed: checks.number(Param::Seed),
            },
            WorkloadKind::Pages => Workload::Pages {
                tasks: checks.number(Param::Tasks),
                pages: checks.number(Param::Pages),
                latency_ms: checks.number(Param::Latency),
            },
            WorkloadKind::Primes => Workload::Primes {
                tasks: checks.number(Param::Tasks),
                below: checks.number(Param::Below),
                shares: [Shares::Even, Shares::OneLong][choice(Choose::Shares)],
                fault,
            },
            WorkloadKind::Mandelbrot => Workload::Mandelbrot {
                tasks: checks.number(Param::Tasks),
                iterations: checks.number(Param::Iterations),
                simd,
                fault,
            },
            WorkloadKind::Sha256 => Workload::Sha256 {
                tasks: checks.number(Param::Tasks),
                blocks: checks.number(Param::Blocks),
                c_call: [CCall::Releases, CCall::Keeps][choice(Choose::CCall)],
            },
            WorkloadKind::Matrix => {
                Workload::Matrix { tasks: checks.number(Param::Tasks), size: checks.number(Param::Size), simd }
            }
            WorkloadKind::Pi => Workload::Pi {
                tasks: checks.number(Param::Tasks),
                points: checks.number(Param::Points),
                seed: checks.number(Param::Seed),
            },
            WorkloadKind::Sort => Workload::Sort {
                tasks: checks.number(Param::Tasks),
                numbers: checks.number(Param::Numbers),
                seed: checks.number(Param::Seed),
            },
            WorkloadKind::Sleep => {
                Workload::Sleep { tasks: checks.number(Param::Tasks), ms: checks.number(Param::Ms), fault }
            }
            WorkloadKind::FetchThenCompute => Workload::FetchThenCompute {
                tasks: checks.number(Param::Tasks),
                latency_ms: checks.number(Param::Latency),
                below: checks.number(Param::Below),
            },
            WorkloadKind::Convoy => Workload::Convoy {
                sleeps: checks.number(Param::Sleeps),
                ms: checks.number(Param::Ms),
                below: checks.number(Param::Below),
            },
            WorkloadKind::Tiny => Workload::Tiny { tasks: checks.number(Param::Tasks) },
            WorkloadKind::Large => {
                let (tasks, kib) = (checks.number(Param::Tasks), checks.number(Param::Kib));
                if tasks * kib > LARGE_MAX_KIB {
                    let message =
                        format!("{tasks} tasks of {kib} KiB are more than the 128 MiB that a run may be given.");
                    checks.add(Field::Number(Param::Kib), message);
                }
                Workload::Large { tasks, kib }
            }
            WorkloadKind::Queue => Workload::Queue {
                items: checks.number(Param::Items),
                capacity: checks.number(Param::Capacity),
                consumers: checks.number(Param::Consumers),
                below: checks.number(Param::Below),
            },
            WorkloadKind::Counter => Workload::Counter {
                tasks: checks.number(Param::Tasks),
                times: checks.number(Param::Times),
                locked: choice(Choose::Locked) == 1,
            },
            WorkloadKind::Commands => Workload::Commands(checks.commands()),
            WorkloadKind::Deadlock => Workload::Deadlock {
                order: [LockOrder::Crossed, LockOrder::Same][choice(Choose::Order)],
                hold_ms: checks.number(Param::Ms),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(draft: &Draft) -> Vec<(Field, String)> {
        draft.validate(2).unwrap_err().into_iter().map(|error| (error.field, error.message)).collect()
    }

    fn primes(texts: &[(Param, &str)]) -> Draft {
        let mut draft = Draft { workload: WorkloadKind::Primes, model: ModelKind::Cores, ..Draft::default() };
        texts.iter().for_each(|(param, text)| draft.set_text(*param, (*text).to_owned()));
        draft
    }

    #[test]
    fn the_default_draft_is_a_plan_under_which_sequential_runs_first() {
        let plan = Draft::default().validate(2).unwrap();
        assert_eq!(plan.workload.tasks(), 5);
        assert_eq!(plan.models(), [ModelKind::Sequential, ModelKind::EventLoop]);
        assert_eq!(Plan { compare: false, ..plan.clone() }.models(), [ModelKind::EventLoop]);
        assert_eq!(Plan { model: ModelKind::Sequential, ..plan }.models(), [ModelKind::Sequential]);
    }

    #[test]
    fn every_workload_is_a_plan_as_it_stands_under_every_model_that_is_offered_for_it() {
        for workload in WorkloadKind::ALL {
            for model in ModelKind::ALL {
                let draft = Draft::of(workload, model);
                let plan = draft.validate(2);
                assert_eq!(
                    plan.is_ok(),
                    Draft::model_refused(workload, model).is_none(),
                    "{workload:?} {model:?} {plan:?}"
                );
                assert!(draft.is_usual());
                for param in draft.params() {
                    let spec = param.spec(workload);
                    assert!(!spec.key.is_empty() && !spec.label.is_empty() && spec.least <= spec.most, "{param:?}");
                }
            }
        }
    }

    #[test]
    fn workers_default_to_the_cores_and_end_at_four_times_them() {
        let cores = |text| primes(&[(Param::Workers, text)]);
        assert_eq!(cores("").validate(2).unwrap().options.workers, 2);
        assert_eq!(cores(" 8 ").validate(2).unwrap().options.workers, 8);
        for (text, part) in [
            ("0", "0 is too small"),
            ("10000", "10000 is too large"),
            ("99999999999999999999", "is too large"),
            ("-1", "-1 is too small"),
            ("9", "to 8 (4 for each of the 2"),
        ] {
            let found = errors(&cores(text));
            assert_eq!(found.len(), 1);
            assert_eq!(found[0].0, Field::Number(Param::Workers));
            assert!(found[0].1.contains(part), "{}", found[0].1);
        }
    }

    #[test]
    fn what_is_no_whole_number_is_said_to_be_none() {
        for text in ["two", "1.5", "1e3", "-", "1-1"] {
            let found = errors(&primes(&[(Param::Workers, text)]));
            assert!(found[0].1.contains("is no whole number"), "{}", found[0].1);
        }
        assert!(primes(&[(Param::Below, "2,000,000")]).validate(2).is_ok());
        assert!(errors(&primes(&[(Param::Below, "")]))[0].1.starts_with("Enter a whole number"));
    }

    #[test]
    fn a_negative_latency_is_a_message_beside_its_site() {
        let mut draft = Draft::default();
        draft.sites[2].value = "-5".to_owned();
        assert_eq!(errors(&draft)[0].0, Field::Site(2));
        assert!(errors(&draft)[0].1.contains("too small"));
    }

    #[test]
    fn what_tasks_share_is_refused_where_nothing_is_shared_with_the_reason() {
        let draft = Draft { model: ModelKind::Processes, workload: WorkloadKind::Counter, ..Draft::default() };
        assert_eq!(errors(&draft)[0].0, Field::Model);
    }

    #[test]
    fn a_producer_and_its_consumers_need_a_thread_each() {
        let mut draft = Draft { model: ModelKind::Threads, workload: WorkloadKind::Queue, ..Draft::default() };
        assert!(draft.validate(2).is_ok());
        draft.set_text(Param::Workers, "2".to_owned());
        assert_eq!(errors(&draft)[0].0, Field::Number(Param::Workers));
    }

    #[test]
    fn fields_that_are_not_read_are_not_looked_at() {
        let mut draft = primes(&[(Param::Below, "x"), (Param::Workers, "x")]);
        draft.workload = WorkloadKind::Sites;
        draft.model = ModelKind::Sequential;
        assert!(draft.validate(2).is_ok());
    }

    #[test]
    fn each_workload_keeps_its_own_texts_and_choices() {
        let mut draft = primes(&[(Param::Tasks, "3")]);
        draft.set_choice(Choose::Fault, 1);
        draft.workload = WorkloadKind::Sleep;
        assert_eq!((draft.text(Param::Tasks), draft.choice(Choose::Fault)), ("4", 0));
        draft.workload = WorkloadKind::Primes;
        assert_eq!((draft.text(Param::Tasks), draft.choice(Choose::Fault)), ("3", 1));
        draft.set_choice(Choose::Fault, 99);
        assert_eq!(draft.choice(Choose::Fault), 1, "there is no such option");
        draft.set_text(Param::Tasks, "8".to_owned());
        draft.set_choice(Choose::Fault, 0);
        assert!(draft.is_usual());
    }

    #[test]
    fn too_much_data_is_refused() {
        let mut draft = Draft { workload: WorkloadKind::Large, model: ModelKind::Processes, ..Draft::default() };
        draft.set_text(Param::Kib, "16384".to_owned());
        draft.set_text(Param::Tasks, "100".to_owned());
        assert_eq!(errors(&draft)[0].0, Field::Number(Param::Kib));
    }
}
