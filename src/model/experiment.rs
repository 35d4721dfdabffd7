//! Experiments: a plan that is run in more than one way, or more than once, as the list of its trials. Pure: which there
//! are, in which order, and how often; the session runs them one after another.

use core::time::Duration;

use serde::{Deserialize, Serialize};

use super::plan::{Carrier, Job, ModelKind, Options, Param, Plan, Workload};

/// The most repeats of a trial.
pub const REPEATS_MAX: u32 = 15;
/// The repeats of an experiment, unless more or fewer are asked for. A single run is made once.
pub const REPEATS_USUALLY: u32 = 3;
/// The least that is swept: fewer sizes make no curve.
pub const SIZES_MIN: usize = 3;
/// The most sizes of a sweep.
const SIZES_MAX: usize = 7;
/// How many times larger each size of a sweep is than the one before.
const SIZE_STEP: u32 = 4;
/// How long a single run may take, in milliseconds.
const RUN_TIME_MS: u32 = 600_000;
/// How long each trial of an experiment may take, in milliseconds: one that hangs must not keep the others from their turn.
const TRIAL_TIME_MS: u32 = 120_000;
/// Random points of a thread that is calibrated with: some 100 ms of a core.
const SPIN_POINTS: u32 = 20_000_000;

/// Which experiment, without its parameters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExperimentKind {
    /// One model, after Sequential where that is asked for.
    #[default]
    One,
    /// Several models, on the same work.
    Race,
    /// One model, with more and more workers.
    Scaling,
    /// A pool of processes beside Sequential, with longer and longer tasks.
    BreakEven,
}

impl ExperimentKind {
    /// Every kind, in the order in which they are offered.
    pub const ALL: [ExperimentKind; 4] =
        [ExperimentKind::One, ExperimentKind::Race, ExperimentKind::Scaling, ExperimentKind::BreakEven];
}

/// What is run of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Experiment {
    #[default]
    One,
    /// The jobs of those that race, in order.
    Race(Vec<Job>),
    /// The chosen model with each of these numbers of workers.
    Scaling(Vec<u32>),
    /// Sequential and a pool of processes with each of these sizes of a task.
    BreakEven(Vec<u32>),
    /// So many threads at once that each count as much: what the machine's cores are worth.
    Cores(Vec<u32>),
}

impl Experiment {
    /// Whether each of its runs is to be looked at for itself; of the others, what they make together.
    pub fn shows_each_run(&self) -> bool {
        matches!(self, Experiment::One | Experiment::Race(_))
    }
}

/// What tells a setting from the others of its experiment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Its model.
    Model,
    /// Its number of workers.
    Workers(u32),
    /// How much each task is given, in the unit of the control that is swept.
    Size(u32),
}

/// One way in which an experiment runs its work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    pub job: Job,
    pub place: Place,
    /// Whether a run of it is kept to be drawn.
    pub is_kept: bool,
}

/// One run of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trial {
    /// Its setting, by place.
    pub setting: usize,
    /// 0 for the warm-up, which is not counted; repeats count from 1.
    pub round: u32,
}

impl Setting {
    /// What a person reads.
    pub fn title(&self) -> String {
        let model = self.job.model.label();
        match self.place {
            Place::Model => model.to_owned(),
            Place::Workers(1) => format!("{model}, 1 worker"),
            Place::Workers(workers) => format!("{model}, {workers} workers"),
            Place::Size(size) => {
                let (carrier, unit) = match self.job.workload {
                    Workload::Large { .. } if self.job.model == ModelKind::Processes => {
                        (format!(" ({})", carrier_label(self.job.options.pool.carrier)), " KiB")
                    }
                    Workload::Large { .. } => (String::new(), " KiB"),
                    _ => (String::new(), ""),
                };
                format!("{model}{carrier}, {}{unit}", super::format::thousands(size.into()))
            }
        }
    }
}

/// How data travels, in a word.
pub fn carrier_label(carrier: Carrier) -> &'static str {
    match carrier {
        Carrier::Copy => "copy",
        Carrier::Transfer => "transfer",
        Carrier::Shared => "shared",
    }
}

impl Plan {
    /// What calibrates the cores: the same count by one thread alone, and by more and more at once.
    pub fn of_cores(cores: u32) -> Plan {
        Plan {
            workload: Workload::Pi { tasks: 1, points: SPIN_POINTS, seed: 1 },
            model: ModelKind::FreeThreads,
            options: Options::default(),
            compare: false,
            limit_ms: None,
            repeats: REPEATS_USUALLY,
            experiment: Experiment::Cores(worker_numbers(cores.max(1) * 2)),
        }
    }

    /// The ways in which its work is run, in order.
    pub fn settings(&self) -> Vec<Setting> {
        let of_model = |job| Setting { job, place: Place::Model, is_kept: true };
        match &self.experiment {
            Experiment::One => self.models().into_iter().map(|model| of_model(self.job(model))).collect(),
            Experiment::Race(jobs) => jobs.iter().cloned().map(of_model).collect(),
            Experiment::Scaling(numbers) => {
                let setting = |workers: &u32| {
                    let options = Options { workers: *workers, ..self.options };
                    Setting {
                        job: Job { options, ..self.job(self.model) },
                        place: Place::Workers(*workers),
                        is_kept: true,
                    }
                };
                numbers.iter().map(setting).collect()
            }
            Experiment::Cores(numbers) => {
                // Each thread spins for the same time whatever their number, also where there are hundreds of cores.
                let most = numbers.iter().copied().max().unwrap_or(1).max(1);
                let points = SPIN_POINTS.min(u32::MAX / most);
                let setting = |threads: &u32| {
                    let workload = Workload::Pi { tasks: *threads, points: threads * points, seed: 1 };
                    let options = Options { workers: *threads, ..self.options };
                    let job = Job { workload, model: self.model, options };
                    Setting { job, place: Place::Workers(*threads), is_kept: true }
                };
                numbers.iter().map(setting).collect()
            }
            Experiment::BreakEven(sizes) => self.settings_of_sizes(sizes),
        }
    }

    /// Of each size Sequential, and a pool for each way in which its data may travel. Those of the largest are drawn.
    fn settings_of_sizes(&self, sizes: &[u32]) -> Vec<Setting> {
        let carriers = match self.workload {
            Workload::Large { .. } => &[Carrier::Copy, Carrier::Transfer, Carrier::Shared][..],
            // Next to nothing travels.
            _ => &[self.options.pool.carrier][..],
        };
        let mut settings = Vec::new();
        for size in sizes {
            let setting = |model, options| {
                let job = Job { workload: with_size(&self.workload, *size), model, options };
                Setting { job, place: Place::Size(*size), is_kept: Some(size) == sizes.last() }
            };
            settings.push(setting(ModelKind::Sequential, Options::default()));
            for carrier in carriers {
                let mut options = self.options;
                options.pool.carrier = *carrier;
                settings.push(setting(ModelKind::Processes, options));
            }
        }
        settings
    }

    /// Whether the first round is not counted: it pays for what the later ones find done, such as code that the browser has
    /// yet to make fast.
    pub fn warms_up(&self) -> bool {
        self.repeats > 1
    }

    /// Every run, in order: a round of all settings, then the next, so that a machine that gets slower or faster meanwhile does
    /// so for all of them.
    pub fn trials(&self) -> Vec<Trial> {
        let settings = self.settings().len();
        let first = if self.warms_up() { 0 } else { 1 };
        (first..=self.repeats).flat_map(|round| (0..settings).map(move |setting| Trial { setting, round })).collect()
    }

    /// The longest that one of its runs may take, in milliseconds.
    pub fn trial_time_ms(&self) -> u32 {
        if self.experiment == Experiment::One { RUN_TIME_MS } else { TRIAL_TIME_MS }
    }
}

/// How long the trials that are left are going to take, by how long those took that are over: each as long as its setting did
/// on average, or, where that has not run, as all did. `None` before the first is over.
pub fn time_left(trials: &[Trial], over: &[Duration]) -> Option<Duration> {
    let mean_of = |setting: Option<usize>| {
        let of_it = |trial: &Trial| setting.is_none_or(|setting| trial.setting == setting);
        let lengths = trials.iter().zip(over).filter(|(trial, _)| of_it(trial)).map(|(_, length)| *length);
        let (count, sum) = lengths.fold((0, Duration::ZERO), |(count, sum), length| (count + 1, sum + length));
        (count > 0).then(|| sum / count)
    };
    let all = mean_of(None)?;
    Some(trials.iter().skip(over.len()).map(|trial| mean_of(Some(trial.setting)).unwrap_or(all)).sum())
}

/// Numbers of workers up to a most: each where they are few, then about as many as tell a curve.
pub fn worker_numbers(most: u32) -> Vec<u32> {
    let steps = [1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256];
    let mut numbers: Vec<u32> = steps.into_iter().filter(|number| *number < most).collect();
    if most > 8 {
        // Half of the small ones tell enough.
        numbers.retain(|number| !matches!(number, 5 | 7));
    }
    numbers.push(most.max(1));
    numbers
}

/// The control whose size is swept to find where a pool pays, and the least that is tried; `None` where no task can be made longer.
pub fn swept(workload: &Workload) -> Option<(Param, u32)> {
    match workload {
        Workload::Primes { .. } => Some((Param::Below, 2_000)),
        Workload::Mandelbrot { .. } => Some((Param::Iterations, 10)),
        Workload::Pi { .. } => Some((Param::Points, 10_000)),
        Workload::Sort { .. } => Some((Param::Numbers, 100)),
        Workload::Sleep { .. } => Some((Param::Ms, 1)),
        Workload::Large { .. } => Some((Param::Kib, 1)),
        _ => None,
    }
}

/// How much each task is given, in the unit of the control that is swept.
pub fn size_of(workload: &Workload) -> u32 {
    match workload {
        Workload::Primes { below: size, .. }
        | Workload::Mandelbrot { iterations: size, .. }
        | Workload::Pi { points: size, .. }
        | Workload::Sort { numbers: size, .. }
        | Workload::Sleep { ms: size, .. }
        | Workload::Large { kib: size, .. } => *size,
        _ => 0,
    }
}

fn with_size(workload: &Workload, to: u32) -> Workload {
    let mut workload = workload.clone();
    if let Workload::Primes { below: size, .. }
    | Workload::Mandelbrot { iterations: size, .. }
    | Workload::Pi { points: size, .. }
    | Workload::Sort { numbers: size, .. }
    | Workload::Sleep { ms: size, .. }
    | Workload::Large { kib: size, .. } = &mut workload
    {
        *size = to;
    }
    workload
}

/// The sizes of a sweep, from the smallest: the largest, a quarter of it, and so on.
pub fn sizes(largest: u32, least: u32) -> Vec<u32> {
    let smaller = |size: &u32| Some(size / SIZE_STEP).filter(|size| *size >= least.max(1));
    let mut sizes: Vec<u32> = core::iter::successors(Some(largest), smaller).take(SIZES_MAX).collect();
    sizes.reverse();
    sizes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::plan::{Draft, WorkloadKind};

    fn plan(workload: WorkloadKind, model: ModelKind, experiment: ExperimentKind) -> Plan {
        let mut draft = Draft::of(workload, model);
        draft.experiment = experiment;
        draft.validate(2).unwrap()
    }

    #[test]
    fn a_single_run_is_the_model_after_sequential_once() {
        let plan = plan(WorkloadKind::Primes, ModelKind::Cores, ExperimentKind::One);
        assert_eq!(plan.trials(), [Trial { setting: 0, round: 1 }, Trial { setting: 1, round: 1 }]);
        assert!(!plan.warms_up());
        assert_eq!(plan.settings()[1].job, plan.job(ModelKind::Cores));
    }

    #[test]
    fn repeats_are_interleaved_after_a_round_that_is_not_counted() {
        let mut draft = Draft::of(WorkloadKind::Primes, ModelKind::Cores);
        draft.set_text(Param::Repeats, "2".to_owned());
        let rounds: Vec<_> =
            draft.validate(2).unwrap().trials().iter().map(|trial| (trial.round, trial.setting)).collect();
        assert_eq!(rounds, [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0), (2, 1)]);
    }

    #[test]
    fn a_race_has_every_model_that_is_offered_with_its_own_workers() {
        let plan = plan(WorkloadKind::Primes, ModelKind::Cores, ExperimentKind::Race);
        let settings = plan.settings();
        let runners: Vec<_> = settings.iter().map(|setting| (setting.job.model, setting.job.options.workers)).collect();
        assert_eq!(
            runners,
            [
                (ModelKind::Sequential, 1),
                (ModelKind::Threads, 6),
                (ModelKind::FreeThreads, 6),
                (ModelKind::OwnLocks, 6),
                (ModelKind::EventLoop, 1),
                (ModelKind::Processes, 2),
                (ModelKind::Cores, 2),
            ]
        );
        assert_eq!(plan.trials().len(), 7 * (1 + REPEATS_USUALLY as usize));
        assert!(settings.iter().all(|setting| setting.job.workload == plan.workload));
    }

    #[test]
    fn a_curve_goes_from_one_worker_past_the_cores() {
        let plan = plan(WorkloadKind::Primes, ModelKind::Processes, ExperimentKind::Scaling);
        let workers: Vec<_> = plan.settings().iter().map(|setting| setting.job.options.workers).collect();
        assert_eq!(workers, [1, 2, 3, 4]);
        assert_eq!(worker_numbers(1), [1]);
        assert_eq!(worker_numbers(20), [1, 2, 3, 4, 6, 8, 12, 16, 20]);
        assert_eq!(plan.settings()[2].title(), "Process pool, 3 workers");
    }

    #[test]
    fn a_sweep_of_large_data_has_every_carrier_beside_sequential_at_each_size() {
        let plan = plan(WorkloadKind::Large, ModelKind::Sequential, ExperimentKind::BreakEven);
        let settings = plan.settings();
        assert_eq!(settings.len() % 4, 0);
        let titles: Vec<_> = settings[..4].iter().map(Setting::title).collect();
        assert_eq!(
            titles,
            [
                "Sequential, 1 KiB",
                "Process pool (copy), 1 KiB",
                "Process pool (transfer), 1 KiB",
                "Process pool (shared), 1 KiB"
            ]
        );
        assert_eq!(settings.iter().filter(|setting| setting.is_kept).count(), 4, "the largest is drawn");
        assert_eq!(size_of(&settings.last().unwrap().job.workload), 4_096);
    }

    #[test]
    fn sizes_grow_by_a_step_to_the_largest() {
        assert_eq!(sizes(4_096, 1), [1, 4, 16, 64, 256, 1_024, 4_096]);
        assert_eq!(sizes(8_000_000, 2_000), [7_812, 31_250, 125_000, 500_000, 2_000_000, 8_000_000]);
        assert_eq!(sizes(3, 2), [3]);
    }

    #[test]
    fn what_is_left_takes_as_long_as_what_is_over() {
        let plan = Plan { repeats: 2, ..plan(WorkloadKind::Primes, ModelKind::Cores, ExperimentKind::One) };
        let trials = plan.trials();
        let ms = Duration::from_millis;
        assert_eq!(time_left(&trials, &[]), None);
        assert_eq!(time_left(&trials, &[ms(100)]), Some(ms(500)), "all as long as the one that is over");
        assert_eq!(time_left(&trials, &[ms(100), ms(10)]), Some(ms(220)));
        assert_eq!(time_left(&trials, &[ms(1); 6]), Some(ms(0)));
    }

    #[test]
    fn every_experiment_that_is_a_plan_is_bounded() {
        for workload in WorkloadKind::ALL {
            for model in ModelKind::ALL {
                for experiment in ExperimentKind::ALL {
                    let mut draft = Draft::of(workload, model);
                    draft.experiment = experiment;
                    draft.set_text(Param::Repeats, REPEATS_MAX.to_string());
                    let refused = draft.experiment_refused().is_some() || draft.model_refused_now().is_some();
                    let Ok(plan) = draft.validate(8) else {
                        assert!(refused, "{workload:?} {model:?} {experiment:?}");
                        continue;
                    };
                    assert!(!refused, "{workload:?} {model:?} {experiment:?}");
                    assert!((1..=500).contains(&plan.trials().len()), "{}", plan.trials().len());
                }
            }
        }
    }
}
