//! What can happen, and what comes of it.

use super::runs::{self, FileTask, RunsMsg};
use super::state::{Environment, Notice, RunView, State};
use crate::model::fragment::{draft_from_fragment, fragment_from_draft};
use crate::model::plan::{Choose, Draft, ModelKind, Param, Plan, SITES_MAX, SiteDraft, SiteKind, WorkloadKind};

/// A change to the draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    Workload(WorkloadKind),
    Model(ModelKind),
    Text(Param, String),
    /// One of a choice, by its place.
    Choice(Choose, usize),
    Compare(bool),
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
    /// Where the page runs became known, or changed.
    Environment(Environment),
    Run,
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
}

/// Changes the state, and says what is to be done.
pub fn update(state: &mut State, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Edit(edit) => {
            apply(&mut state.draft, edit);
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
    state.running = true;
    state.stopping = false;
    state.notice = None;
    // What was run before is not what runs now, also not for a moment.
    state.run = None;
    runs::started(state);
    vec![Effect::Run(plan)]
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
            *draft = Draft::of(draft.workload, draft.model);
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
