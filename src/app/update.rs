//! What can happen, and what comes of it.

use super::runs::{self, FileTask, RunsMsg};
use super::state::{Environment, Notice, RunView, State};
use crate::insight::curve::Cores;
use crate::model::fragment::{draft_from_fragment, fragment_from_draft};
use crate::model::plan::{
    Choose, Draft, Experiment, ExperimentKind, ModelKind, Param, Plan, SITES_MAX, SiteDraft, SiteKind, WorkloadKind,
};
use crate::timeline::{ChartView, Command};

/// A change to the draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    Workload(WorkloadKind),
    Model(ModelKind),
    Text(Param, String),
    /// One of a choice, by its place.
    Choice(Choose, usize),
    Compare(bool),
    Experiment(ExperimentKind),
    /// Whether a model races.
    Racer(ModelKind, bool),
    SiteKind(usize, SiteKind),
    SiteValue(usize, String),
    Command(String),
    Stdin(String),
    Env(String),
    AddSite,
    RemoveSite(usize),
    Reset,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Msg {
    Edit(Edit),
    /// The page was opened with a fragment, or was given another.
    Fragment(String),
    /// Puts the plan of the run that is shown into the controls again.
    PlanOfRun,
    /// Where the page runs became known, or changed.
    Environment(Environment),
    Run,
    /// Races all models on the work that is chosen.
    RaceAll,
    /// Measures what the cores are worth.
    Calibrate,
    Stop,
    /// How the run stands.
    Progress(RunView),
    /// Every leg has ended.
    Ended,
    /// A person chose programs, which are to be read.
    ProgramsChosen,
    /// A program that was chosen is here.
    Program {
        name: String,
        bytes: Vec<u8>,
    },
    /// What is to be shown beside the timeline.
    Timeline(ChartView),
    /// Something is asked of the timeline.
    Ask(Command),
    CopyLink,
    Copied(Result<(), ()>),
    /// The moment of saying so is over.
    CopiedSaid,
    CloseNotice,
    /// Something about kept, exported or imported runs.
    Runs(RunsMsg),
}

/// Something to be done outside.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    Run(Plan),
    Stop,
    Timeline(Command),
    /// Reads the programs that were chosen.
    ReadPrograms,
    /// Keeps a program, to be run by its name.
    AddProgram(String, Vec<u8>),
    SetFragment(String),
    /// Copies the link to the plan of this fragment.
    CopyLink(String),
    /// Something about kept, exported or imported runs.
    Files(FileTask),
    /// Takes the person to what is wrong.
    ShowError,
    /// Brings what is shown of a run onto the screen.
    ShowStage,
}

/// Changes the state, and says what is to be done.
pub fn update(state: &mut State, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Edit(edit) => {
            apply(&mut state.draft, edit);
            state.validate();
            vec![Effect::SetFragment(fragment_from_draft(&state.draft))]
        }
        Msg::PlanOfRun => {
            let plan = state.runs.made.as_ref().and_then(|made| made.plan.as_deref());
            let Some(Ok(draft)) = plan.map(draft_from_fragment) else { return Vec::new() };
            state.draft = draft;
            state.validate();
            vec![Effect::SetFragment(fragment_from_draft(&state.draft))]
        }
        Msg::Fragment(fragment) => {
            open(state, &fragment);
            Vec::new()
        }
        Msg::Environment(environment) => {
            state.environment = environment;
            state.validate();
            Vec::new()
        }
        Msg::Run => run(state),
        Msg::RaceAll => {
            apply(&mut state.draft, Edit::Experiment(ExperimentKind::Race));
            state.draft.racers = Draft::default().racers;
            let mut effects = run(state);
            effects.push(Effect::SetFragment(fragment_from_draft(&state.draft)));
            effects
        }
        Msg::Calibrate if state.running || !state.environment.isolated => Vec::new(),
        Msg::Calibrate => start(state, Plan::of_cores(state.environment.cores)),
        Msg::Stop => {
            let act = state.running && !state.stopping;
            state.stopping |= act;
            if act { vec![Effect::Stop] } else { Vec::new() }
        }
        Msg::Progress(view) => {
            state.run = Some(view);
            Vec::new()
        }
        Msg::Ended => {
            state.running = false;
            state.stopping = false;
            note_cores(state);
            runs::ended(state)
        }
        Msg::Runs(msg) => runs::update(state, msg),
        Msg::ProgramsChosen => vec![Effect::ReadPrograms],
        Msg::Program { name, bytes } if !bytes.starts_with(b"\0asm") => {
            state.notice = Some(Notice {
                text: format!(
                    "“{name}” is no WebAssembly program. Choose a .wasm file that was built for wasm32-wasip1."
                ),
            });
            Vec::new()
        }
        Msg::Program { name, bytes } => {
            state.programs.retain(|(known, _)| *known != name);
            state.programs.push((name.clone(), bytes.len()));
            vec![Effect::AddProgram(name, bytes)]
        }
        Msg::Timeline(view) => {
            state.timeline = view;
            Vec::new()
        }
        Msg::Ask(command) => vec![Effect::Timeline(command)],
        Msg::CopyLink => {
            let fragment = fragment_from_draft(&state.draft);
            vec![Effect::SetFragment(fragment.clone()), Effect::CopyLink(fragment)]
        }
        Msg::Copied(result) => {
            state.copied = Some(result);
            Vec::new()
        }
        Msg::CopiedSaid => {
            state.copied = None;
            Vec::new()
        }
        Msg::CloseNotice => {
            state.notice = None;
            Vec::new()
        }
    }
}

fn run(state: &mut State) -> Vec<Effect> {
    if state.running || state.obstacle().is_some() {
        return Vec::new();
    }
    let Some(plan) = state.validate() else { return vec![Effect::ShowError] };
    start(state, plan)
}

fn start(state: &mut State, plan: Plan) -> Vec<Effect> {
    state.running = true;
    state.stopping = false;
    state.notice = None;
    // What was run before is not what runs now, also not for a moment.
    state.run = None;
    state.timeline = ChartView::default();
    runs::started(state, &plan);
    vec![Effect::Run(plan)]
}

/// Keeps what the cores were found to be worth, if that is what was run, to its end.
fn note_cores(state: &mut State) {
    let Some(run) = state.run.as_ref().filter(|run| matches!(run.plan.experiment, Experiment::Cores(_))) else {
        return;
    };
    if run.progress.done == run.progress.all
        && let Some(cores) = Cores::of(&run.settings, &run.figures)
    {
        state.calibrated = Some(cores);
    }
}

fn open(state: &mut State, fragment: &str) {
    if fragment.is_empty() {
        return;
    }
    match draft_from_fragment(fragment) {
        Ok(draft) => {
            state.draft = draft;
            state.notice = None;
        }
        Err(error) => {
            state.draft = Draft::default();
            state.notice = Some(Notice { text: format!("{error}. The page shows its usual plan instead.") });
        }
    }
    state.validate();
}

/// The model that shows best what a workload is about.
fn best_model(workload: WorkloadKind) -> ModelKind {
    match workload {
        WorkloadKind::Sites | WorkloadKind::FanOut | WorkloadKind::Pages | WorkloadKind::Sleep => ModelKind::EventLoop,
        WorkloadKind::Primes
        | WorkloadKind::Mandelbrot
        | WorkloadKind::Matrix
        | WorkloadKind::Pi
        | WorkloadKind::Sort
        | WorkloadKind::Tiny => ModelKind::Cores,
        WorkloadKind::Large => ModelKind::Processes,
        WorkloadKind::Counter => ModelKind::FreeThreads,
        WorkloadKind::Sha256
        | WorkloadKind::FetchThenCompute
        | WorkloadKind::Convoy
        | WorkloadKind::Queue
        | WorkloadKind::Deadlock => ModelKind::Threads,
        WorkloadKind::Commands => ModelKind::Subprocess,
    }
}

fn apply(draft: &mut Draft, edit: Edit) {
    match edit {
        Edit::Workload(workload) => {
            let (before, after) = (best_model(draft.workload), best_model(workload));
            draft.workload = workload;
            // The model that shows best what this work gains, unless a person chose another that can run it.
            if draft.model == before || Draft::model_refused(workload, draft.model).is_some() {
                draft.model = after;
            }
        }
        Edit::Model(model) => draft.model = model,
        Edit::Text(param, text) => draft.set_text(param, text),
        Edit::Choice(choose, place) => draft.set_choice(choose, place),
        Edit::Compare(compare) => draft.compare = compare,
        Edit::Experiment(experiment) => {
            draft.experiment = experiment;
            // The work's own best may have no workers.
            if experiment == ExperimentKind::Scaling
                && !draft.model.has_workers()
                && Draft::model_refused(draft.workload, ModelKind::FreeThreads).is_none()
            {
                let best = best_model(draft.workload);
                draft.model = if best.has_workers() { best } else { ModelKind::FreeThreads };
            }
        }
        Edit::Racer(model, races) => {
            let is_in = |racer: &ModelKind| if *racer == model { races } else { draft.racers.contains(racer) };
            draft.racers = ModelKind::ALL.into_iter().filter(is_in).collect();
        }
        Edit::SiteKind(index, kind) => {
            if let Some(site) = draft.sites.get_mut(index) {
                if kind == SiteKind::Url {
                    site.value = String::new();
                } else if kind.has_milliseconds() && !site.kind.has_milliseconds() {
                    site.value = "100".to_owned();
                }
                site.kind = kind;
            }
        }
        Edit::SiteValue(index, text) => {
            if let Some(site) = draft.sites.get_mut(index) {
                site.value = text;
            }
        }
        Edit::Command(text) => draft.command = text,
        Edit::Stdin(text) => draft.stdin = text,
        Edit::Env(text) => draft.env = text,
        Edit::AddSite if draft.sites.len() < SITES_MAX => {
            draft.sites.push(SiteDraft { kind: SiteKind::Answers, value: "250".to_owned() });
        }
        Edit::RemoveSite(index) if draft.sites.len() > 1 && index < draft.sites.len() => {
            draft.sites.remove(index);
        }
        Edit::AddSite | Edit::RemoveSite(_) => {}
        Edit::Reset => {
            let experiment = draft.experiment;
            *draft = Draft::of(draft.workload, draft.model);
            draft.experiment = experiment;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Network;
    use crate::model::plan::Field;

    fn ready() -> State {
        let mut state = State::default();
        let environment = Environment { cores: 2, isolated: true, network: Network::Ready, ..Environment::default() };
        update(&mut state, Msg::Environment(environment));
        state
    }

    #[test]
    fn run_runs_the_validated_plan_once_and_stop_stops_it_once() {
        let mut state = ready();
        let effects = update(&mut state, Msg::Run);
        assert!(matches!(&effects[..], [Effect::Run(plan)] if plan.workload.tasks() == 5), "{effects:?}");
        assert_eq!(update(&mut state, Msg::Run), []);
        assert_eq!(update(&mut state, Msg::Stop), [Effect::Stop]);
        assert_eq!(update(&mut state, Msg::Stop), []);
        update(&mut state, Msg::Ended);
        assert!(!state.running && !state.stopping);
        assert_eq!(update(&mut state, Msg::Stop), []);
    }

    #[test]
    fn a_wrong_field_has_its_message_and_nothing_runs() {
        let mut state = ready();
        update(&mut state, Msg::Edit(Edit::SiteValue(1, "-4".to_owned())));
        assert!(state.error_of(Field::Site(1)).is_some());
        assert_eq!(update(&mut state, Msg::Run), [Effect::ShowError]);
        assert_eq!(state.draft.sites[1].value, "-4", "what was typed stays");
        update(&mut state, Msg::Edit(Edit::SiteValue(1, "4".to_owned())));
        assert_eq!(state.errors, []);
        assert_eq!(update(&mut state, Msg::Run).len(), 1);
    }

    #[test]
    fn a_link_gives_its_plan_and_a_broken_one_the_usual_plan_with_a_word() {
        let mut state = ready();
        let effects = update(&mut state, Msg::Edit(Edit::Workload(WorkloadKind::Primes)));
        let [Effect::SetFragment(fragment)] = &effects[..] else { panic!("{effects:?}") };
        let mut other = ready();
        update(&mut other, Msg::Fragment(fragment.clone()));
        assert_eq!((&other.draft, &other.notice), (&state.draft, &None));
        update(&mut other, Msg::Fragment(fragment[..fragment.len() / 2].to_owned()));
        assert_eq!(other.draft, Draft::default());
        assert!(other.notice.is_some());
        update(&mut other, Msg::CloseNotice);
        assert_eq!(other.notice, None);
    }

    #[test]
    fn where_memory_or_network_is_missing_what_needs_none_still_runs() {
        let mut state = ready();
        let bare = Environment { cores: 2, isolated: false, network: Network::Absent, ..Environment::default() };
        update(&mut state, Msg::Environment(bare));
        assert!(state.obstacle().is_some_and(|why| why.contains("service worker")));
        assert_eq!(update(&mut state, Msg::Run), []);
        update(&mut state, Msg::Edit(Edit::Workload(WorkloadKind::Primes)));
        assert!(state.obstacle().is_some_and(|why| why.contains("isolated")));
        update(&mut state, Msg::Edit(Edit::Model(ModelKind::Sequential)));
        assert_eq!(state.obstacle(), None);
        assert_eq!(update(&mut state, Msg::Run).len(), 1);
    }

    #[test]
    fn choosing_work_that_a_model_cannot_run_chooses_one_that_can() {
        let mut state = ready();
        update(&mut state, Msg::Edit(Edit::Workload(WorkloadKind::Primes)));
        assert_eq!(state.draft.model, ModelKind::Cores);
        update(&mut state, Msg::Edit(Edit::Model(ModelKind::Processes)));
        update(&mut state, Msg::Edit(Edit::Workload(WorkloadKind::Sites)));
        assert_eq!(state.draft.model, ModelKind::Processes, "it can, and a person chose it");
        update(&mut state, Msg::Edit(Edit::Workload(WorkloadKind::Counter)));
        assert_eq!(state.draft.model, ModelKind::FreeThreads);
        update(&mut state, Msg::Edit(Edit::Workload(WorkloadKind::Sites)));
        assert_eq!(state.draft.model, ModelKind::EventLoop);
    }

    #[test]
    fn a_race_is_one_click_and_its_link_races_again() {
        let mut state = ready();
        update(&mut state, Msg::Edit(Edit::Workload(WorkloadKind::Primes)));
        update(&mut state, Msg::Edit(Edit::Racer(ModelKind::Threads, false)));
        let effects = update(&mut state, Msg::RaceAll);
        let [Effect::Run(plan), Effect::SetFragment(fragment)] = &effects[..] else { panic!("{effects:?}") };
        assert_eq!(plan.settings().len(), 7);
        let mut other = ready();
        update(&mut other, Msg::Fragment(fragment.clone()));
        assert!(matches!(&update(&mut other, Msg::Run)[..], [Effect::Run(again)] if again == plan));
        update(&mut state, Msg::Ended);
        for model in [ModelKind::Sequential, ModelKind::Threads, ModelKind::FreeThreads, ModelKind::OwnLocks] {
            update(&mut state, Msg::Edit(Edit::Racer(model, false)));
        }
        update(&mut state, Msg::Edit(Edit::Racer(ModelKind::Threads, true)));
        assert_eq!(
            state.draft.racers(),
            [ModelKind::Threads, ModelKind::EventLoop, ModelKind::Processes, ModelKind::Cores]
        );
        update(&mut state, Msg::Edit(Edit::Workload(WorkloadKind::Commands)));
        assert!(state.error_of(Field::Experiment).is_some());
        assert_eq!(update(&mut state, Msg::Run), [Effect::ShowError]);
    }

    #[test]
    fn a_scaling_curve_is_of_a_model_that_has_workers() {
        let mut state = ready();
        update(&mut state, Msg::Edit(Edit::Experiment(ExperimentKind::Scaling)));
        assert_eq!(state.draft.model, ModelKind::FreeThreads);
        assert_eq!(state.errors, []);
        update(&mut state, Msg::Edit(Edit::Workload(WorkloadKind::Primes)));
        update(&mut state, Msg::Edit(Edit::Model(ModelKind::EventLoop)));
        assert!(state.error_of(Field::Experiment).is_some_and(|why| why.contains("no workers")));
    }

    #[test]
    fn cores_are_calibrated_where_memory_is_shared_and_kept() {
        let mut state = ready();
        let effects = update(&mut state, Msg::Calibrate);
        assert!(matches!(&effects[..], [Effect::Run(plan)] if plan.settings().len() == 4), "{effects:?}");
        assert_eq!(update(&mut state, Msg::Calibrate), [], "one at a time");
        let mut bare = ready();
        bare.environment.isolated = false;
        assert_eq!(update(&mut bare, Msg::Calibrate), []);
    }

    #[test]
    fn sites_come_and_go_within_bounds() {
        let mut state = ready();
        for _ in 0..30 {
            update(&mut state, Msg::Edit(Edit::AddSite));
        }
        assert_eq!(state.draft.sites.len(), SITES_MAX);
        for _ in 0..30 {
            update(&mut state, Msg::Edit(Edit::RemoveSite(0)));
        }
        assert_eq!(state.draft.sites.len(), 1);
        update(&mut state, Msg::Edit(Edit::SiteKind(0, SiteKind::Url)));
        assert_eq!(state.draft.sites[0].value, "");
        update(&mut state, Msg::Edit(Edit::SiteValue(9, "1".to_owned())));
        update(&mut state, Msg::Edit(Edit::Reset));
        assert_eq!(state.draft, Draft::default());
    }
}
