//! What can happen, and what comes of it.

use super::state::{Environment, Notice, RunView, State};
use crate::model::fragment::{draft_from_fragment, fragment_from_draft};
use crate::model::plan::{Draft, Fault, ModelKind, Plan, SITES_MAX, SiteDraft, SiteKind, WorkloadKind};

/// A change to the draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    Workload(WorkloadKind),
    Model(ModelKind),
    Workers(String),
    SwitchInterval(String),
    Chunksize(String),
    Compare(bool),
    Limit(String),
    SiteKind(usize, SiteKind),
    SiteValue(usize, String),
    AddSite,
    RemoveSite(usize),
    PrimeTasks(String),
    Below(String),
    SleepTasks(String),
    SleepMs(String),
    Fault(Fault),
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
    CopyLink,
    Copied(Result<(), ()>),
    /// The moment of saying so is over.
    CopiedSaid,
    CloseNotice,
}

/// Something to be done outside.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    Run(Plan),
    Stop,
    SetFragment(String),
    /// Copies the link to the plan of this fragment.
    CopyLink(String),
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
            Vec::new()
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

fn apply(draft: &mut Draft, edit: Edit) {
    match edit {
        Edit::Workload(workload) => {
            draft.workload = workload;
            // A fault was meant for the work that it was set beside.
            draft.fault = Fault::None;
            // The model that shows best what this work gains, where the one chosen cannot run it.
            if Draft::model_refused(workload, draft.model).is_some() {
                draft.model = ModelKind::EventLoop;
            } else if workload == WorkloadKind::Primes && draft.model == ModelKind::EventLoop {
                draft.model = ModelKind::Cores;
            }
        }
        Edit::Model(model) => draft.model = model,
        Edit::Workers(text) => draft.workers = text,
        Edit::SwitchInterval(text) => draft.switch_interval_us = text,
        Edit::Chunksize(text) => draft.chunksize = text,
        Edit::Compare(compare) => draft.compare = compare,
        Edit::Limit(text) => draft.limit_ms = text,
        Edit::SiteKind(index, kind) => {
            if let Some(site) = draft.sites.get_mut(index) {
                let address = |kind| kind == SiteKind::Url;
                if address(kind) != address(site.kind) {
                    site.value = if address(kind) { "https://".to_owned() } else { "100".to_owned() };
                }
                site.kind = kind;
            }
        }
        Edit::SiteValue(index, text) => {
            if let Some(site) = draft.sites.get_mut(index) {
                site.value = text;
            }
        }
        Edit::AddSite if draft.sites.len() < SITES_MAX => {
            draft.sites.push(SiteDraft { kind: SiteKind::Answers, value: "250".to_owned() });
        }
        Edit::RemoveSite(index) if draft.sites.len() > 1 && index < draft.sites.len() => {
            draft.sites.remove(index);
        }
        Edit::AddSite | Edit::RemoveSite(_) => {}
        Edit::PrimeTasks(text) => draft.prime_tasks = text,
        Edit::Below(text) => draft.below = text,
        Edit::SleepTasks(text) => draft.sleep_tasks = text,
        Edit::SleepMs(text) => draft.sleep_ms = text,
        Edit::Fault(fault) => draft.fault = fault,
        Edit::Reset => {
            *draft = Draft { workload: draft.workload, model: draft.model, ..Draft::default() };
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
        assert_eq!(state.draft.sites[0].value, "https://");
        update(&mut state, Msg::Edit(Edit::SiteValue(9, "1".to_owned())));
        update(&mut state, Msg::Edit(Edit::Reset));
        assert_eq!(state.draft, Draft::default());
    }
}
