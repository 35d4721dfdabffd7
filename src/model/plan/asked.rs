//! What experiment a draft asks for: which models it is about, whether it can be made, and its plan.

use super::draft::{Draft, FieldError};
use super::field::{Field, Param};
use super::workload::{Workload, WorkloadKind};
use super::{Job, ModelKind, Plan};
use crate::model::experiment::{
    Experiment, ExperimentKind, REPEATS_USUALLY, SIZES_MIN, size_of, sizes, swept, worker_numbers,
};

impl Draft {
    /// The models that race: those that were chosen and are offered for the work.
    pub fn racers(&self) -> Vec<ModelKind> {
        let races =
            |model: &ModelKind| self.racers.contains(model) && Draft::model_refused(self.workload, *model).is_none();
        ModelKind::ALL.into_iter().filter(races).collect()
    }

    /// The models whose controls are read.
    pub fn models_read(&self) -> Vec<ModelKind> {
        match self.experiment {
            ExperimentKind::Race => self.racers(),
            ExperimentKind::BreakEven => vec![ModelKind::Processes],
            ExperimentKind::One | ExperimentKind::Scaling => vec![self.model],
        }
    }

    /// Why the chosen model is not offered for the chosen work, if that is asked.
    pub fn model_refused_now(&self) -> Option<&'static str> {
        let is_of_model = matches!(self.experiment, ExperimentKind::One | ExperimentKind::Scaling);
        is_of_model.then(|| Draft::model_refused(self.workload, self.model)).flatten()
    }

    /// Why the experiment cannot be made as things are, if so; what to do about it.
    pub fn experiment_refused(&self) -> Option<&'static str> {
        if self.experiment == ExperimentKind::One {
            return None;
        }
        if self.workload == WorkloadKind::Commands {
            return Some("Commands run in one way only: choose other work, or one model.");
        }
        if self.never_ends() {
            return Some("A task that never ends lets nothing else have its turn: have the third task do its work.");
        }
        match self.experiment {
            ExperimentKind::One => None,
            ExperimentKind::Race if self.racers().len() < 2 => Some("Choose two models or more for the race."),
            ExperimentKind::Race => None,
            ExperimentKind::Scaling if !self.model.has_workers() => {
                Some("This model has no workers: choose threads, subinterpreters, processes or cores.")
            }
            ExperimentKind::Scaling if matches!(self.workload, WorkloadKind::Queue | WorkloadKind::Deadlock) => {
                Some("These tasks wait for each other, so that each needs its worker: choose other work.")
            }
            ExperimentKind::Scaling => None,
            ExperimentKind::BreakEven => {
                let has_sizes = matches!(
                    self.workload,
                    WorkloadKind::Primes
                        | WorkloadKind::Mandelbrot
                        | WorkloadKind::Pi
                        | WorkloadKind::Sort
                        | WorkloadKind::Sleep
                        | WorkloadKind::Large
                );
                (!has_sizes).then_some(
                    "Choose work whose tasks can be made longer: Primes, Mandelbrot, π, Sort, Sleep or Large data.",
                )
            }
        }
    }

    /// How often each trial is repeated, unless it says.
    pub(super) fn repeats_usually(&self) -> u32 {
        if self.experiment == ExperimentKind::One { 1 } else { REPEATS_USUALLY }
    }

    /// The most workers of a curve, unless it says: twice the cores.
    pub(super) fn most_workers_usually(&self, cores: u32) -> u32 {
        cores.saturating_mul(2).clamp(2, self.model.most_workers(cores).max(2))
    }

    /// The plan of its experiment, or everything that is wrong with it.
    pub(super) fn validate_experiment(&self, cores: u32) -> Result<Plan, Vec<FieldError>> {
        if let Some(reason) = self.experiment_refused() {
            return Err(vec![FieldError { field: Field::Experiment, message: reason.to_owned() }]);
        }
        match self.experiment {
            ExperimentKind::One => self.validate_model(cores),
            ExperimentKind::Race => self.race(cores),
            ExperimentKind::Scaling => self.scaling(cores),
            ExperimentKind::BreakEven => self.break_even(cores),
        }
    }

    fn race(&self, cores: u32) -> Result<Plan, Vec<FieldError>> {
        let (mut errors, mut first, mut jobs): (Vec<FieldError>, Option<Plan>, Vec<Job>) = Default::default();
        for model in self.racers() {
            match self.under(model).validate_model(cores) {
                Ok(plan) => {
                    jobs.push(plan.job(model));
                    first.get_or_insert(plan);
                }
                // Several models read the same control.
                Err(wrong) => wrong.into_iter().for_each(|error| {
                    if errors.iter().all(|known| known.field != error.field) {
                        errors.push(error);
                    }
                }),
            }
        }
        match first {
            Some(plan) if errors.is_empty() => Ok(Plan { experiment: Experiment::Race(jobs), ..plan }),
            _ => Err(errors),
        }
    }

    fn scaling(&self, cores: u32) -> Result<Plan, Vec<FieldError>> {
        let of_workers = |text: String| {
            let mut draft = self.under(self.model);
            draft.set_text(Param::Workers, text);
            draft.validate_model(cores)
        };
        let typed = self.text(Param::UpTo).trim();
        let text = if typed.is_empty() { self.most_workers_usually(cores).to_string() } else { typed.to_owned() };
        let plan = of_workers(text).map_err(|mut errors| {
            errors.iter_mut().filter(|error| error.field == Field::Number(Param::Workers)).for_each(|error| {
                error.field = Field::Number(Param::UpTo);
            });
            errors
        })?;
        let most = plan.options.workers;
        if most < 2 {
            let message = "Enter 2 or more: one worker makes no curve.".to_owned();
            return Err(vec![FieldError { field: Field::Number(Param::UpTo), message }]);
        }
        Ok(Plan { experiment: Experiment::Scaling(worker_numbers(most)), ..plan })
    }

    fn break_even(&self, cores: u32) -> Result<Plan, Vec<FieldError>> {
        let plan = self.under(ModelKind::Processes).validate_model(cores)?;
        let Some((param, least)) = swept(&plan.workload) else { return Ok(plan) };
        let sizes = sizes(size_of(&plan.workload), least);
        if sizes.len() < SIZES_MIN {
            let message = format!("Enter {} or more: the sweep goes from a part of it to all of it.", least * 16);
            return Err(vec![FieldError { field: Field::Number(param), message }]);
        }
        let mut plan = Plan { experiment: Experiment::BreakEven(sizes), ..plan };
        // One that stays would have the memory for the size that it was started with.
        plan.options.pool.warm = false;
        if !matches!(plan.workload, Workload::Large { .. }) {
            plan.options.pool.carrier = super::Carrier::Copy;
        }
        Ok(plan)
    }

    /// The same draft, of one model.
    pub(super) fn under(&self, model: ModelKind) -> Draft {
        let mut draft = self.clone();
        (draft.model, draft.experiment) = (model, ExperimentKind::One);
        // What is usual for the experiment stays so.
        if draft.text(Param::Repeats).trim().is_empty() {
            draft.set_text(Param::Repeats, self.repeats_usually().to_string());
        }
        draft
    }
}
