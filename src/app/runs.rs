//! Runs that are kept, exported and imported, as the page knows them.

use std::rc::Rc;

use super::opened::OpenedRun;
use super::state::{Notice, State};
use super::update::Effect;
use crate::files::ask::{Format, Kept};
use crate::insight::Numbers;
use crate::model::fragment::{draft_from_fragment, fragment_from_draft};
use crate::model::plan::{Draft, Experiment, Plan};
use crate::model::run::Place;
use crate::timeline::ChartView;

/// What a run was made with: what its record says beside what was recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct Made {
    /// What its tasks do, for a person.
    pub work: String,
    /// The plan, as the fragment of a link; `None` where it is not one that the controls can show.
    pub plan: Option<String>,
    pub place: Place,
}

/// What a chart of the page may be written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChartFormat {
    Svg,
    Png,
}

/// Kept runs, and the one that is open.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Runs {
    /// The latest first; `None` until somebody asked.
    pub list: Option<Rc<Vec<Kept>>>,
    /// The run that is shown, where it is not the one that was made last.
    pub opened: Option<Rc<OpenedRun>>,
    /// Which of the kept ones is on the page, if any.
    pub current: Option<u64>,
    /// Which of them was made last, on this page.
    pub last: Option<u64>,
    /// The first of two that are to be compared.
    pub compare: Option<u64>,
    /// What was in the controls, and the plan of an opened run that took its place.
    pub before: Option<Box<(Draft, Draft)>>,
    /// Which of the kept ones a person is asked about: whether it is to be removed.
    pub removing: Option<u64>,
    /// What the last run was made with; `None` before the first.
    pub made: Option<Made>,
    /// What is under way.
    pub busy: bool,
    /// Whether the run that is seen is not on the page as a whole yet.
    pub opening: bool,
    /// Whether the run that ended just now is being kept.
    pub keeping: bool,
    /// What became of the last thing asked for, in a few words.
    pub said: Option<&'static str>,
    /// Why the last run was not kept, if so. It is no notice: a browser that keeps nothing would have one after each run.
    pub not_kept: Option<String>,
}

/// What happens to them.
#[derive(Clone, Debug, PartialEq)]
pub enum RunsMsg {
    /// A person looks at them.
    Shown,
    /// Those that are kept; and the one that was kept just now.
    Listed {
        list: Vec<Kept>,
        new: Option<u64>,
    },
    /// The run that ended just now was kept.
    Kept {
        list: Vec<Kept>,
        new: Option<u64>,
    },
    Open(u64),
    /// Asks whether it is to be removed; where that was asked of this one, removes it.
    Remove(u64),
    /// It is not to be removed.
    KeepAfterAll,
    /// Gives a kept run a name; an empty one takes it away.
    Name(u64, String),
    /// Chooses the first of two that are to be compared, or, where one is chosen, compares with it.
    Compare(u64),
    /// Shows the run that is open beside the one that was made last.
    Beside,
    /// Keeps the run that is open, which came from a file.
    KeepOpened,
    /// The numbers of a leg of the run that is open are known.
    Numbers(usize, Rc<Numbers>),
    Export(Format),
    /// The timeline as a picture.
    ExportPicture,
    /// The chart in the figure of this id.
    ExportChart(&'static str, ChartFormat),
    OpenInSpeedscope,
    /// A person chose a file.
    Chosen,
    /// A run is seen, which is not yet on the page as a whole.
    Opening(Rc<OpenedRun>),
    /// A run is on the page.
    Opened {
        run: Rc<OpenedRun>,
        id: Option<u64>,
        remarks: Vec<String>,
    },
    /// What was asked for is done.
    Done(&'static str),
    /// It cannot be done: why, and what to do.
    Refused(String),
    /// The run that ended just now was not kept: why, and what to do; or there was nothing to be kept.
    NotKept(Option<String>),
    /// Back to the run that was made last.
    Close,
}

/// What is to be done outside.
#[derive(Clone, Debug, PartialEq)]
pub enum FileTask {
    List,
    Keep(Made),
    Open(u64),
    Compare(u64, u64),
    /// Shows what was made last and what is open beside each other.
    Beside(Made),
    /// Keeps what is open.
    KeepOpened,
    Name(u64, String),
    Remove(u64),
    Export(Format, Made),
    /// The timeline as PNG.
    ExportPicture(Made),
    ExportChart(&'static str, ChartFormat),
    OpenInSpeedscope(Made),
    /// Reads the file that was chosen.
    Import,
    /// Shows what was made last.
    Close,
}

/// What a plan does, for a person.
fn work_of(plan: &Plan) -> String {
    let work = plan.workload.kind().label();
    match &plan.experiment {
        Experiment::One => work.to_owned(),
        Experiment::Race(_) => format!("Race of {work}"),
        Experiment::Scaling(_) => format!("Scaling of {work}"),
        Experiment::BreakEven(_) => format!("Break-even of {work}"),
        Experiment::Cores(_) => "Measuring the cores".to_owned(),
    }
}

/// A run begins.
pub(super) fn started(state: &mut State, plan: &Plan) {
    let environment = &state.environment;
    let is_of_controls = !matches!(plan.experiment, Experiment::Cores(_));
    state.runs.made = Some(Made {
        work: work_of(plan),
        plan: is_of_controls.then(|| fragment_from_draft(&state.draft)),
        place: Place {
            browser: environment.browser.clone(),
            cores: environment.cores,
            isolated: environment.isolated,
            clock_step_ns: environment.clock_step_us.map(|us| (us * 1e3).round() as u64),
            build: env!("CARGO_PKG_VERSION").to_owned(),
        },
    });
    let runs = &mut state.runs;
    (runs.opened, runs.current, runs.compare, runs.said, runs.not_kept) = (None, None, None, None, None);
    (runs.before, runs.removing, runs.last) = (None, None, None);
    // What is still being read is not going to be shown.
    (runs.busy, runs.opening) = (false, false);
}

/// A run has ended.
pub(super) fn ended(state: &mut State) -> Vec<Effect> {
    state.runs.keeping = state.runs.made.is_some();
    state.runs.made.iter().map(|made| Effect::Files(FileTask::Keep(made.clone()))).collect()
}

/// Changes the state, and says what is to be done.
pub(super) fn update(state: &mut State, msg: RunsMsg) -> Vec<Effect> {
    let is_free = !state.running && !state.runs.busy && !state.runs.opening;
    let runs = &mut state.runs;
    // Whatever else a person asks for is no answer to this.
    let is_news = matches!(
        msg,
        RunsMsg::Listed { .. }
            | RunsMsg::Kept { .. }
            | RunsMsg::Numbers(..)
            | RunsMsg::Opening(_)
            | RunsMsg::Opened { .. }
            | RunsMsg::Done(_)
            | RunsMsg::Refused(_)
            | RunsMsg::NotKept(_)
    );
    let removing = if is_news { None } else { runs.removing.take() };
    let task = match msg {
        RunsMsg::Shown if runs.list.is_none() => FileTask::List,
        RunsMsg::Listed { list, new } => {
            runs.current = new.or(runs.current).filter(|id| list.iter().any(|kept| kept.id == *id));
            runs.compare = runs.compare.filter(|id| list.iter().any(|kept| kept.id == *id));
            runs.list = Some(Rc::new(list));
            runs.busy = false;
            return Vec::new();
        }
        RunsMsg::Kept { list, new } => {
            // Meanwhile another can be on the page.
            if !state.running && runs.opened.is_none() {
                runs.current = new;
            }
            runs.last = new;
            runs.list = Some(Rc::new(list));
            runs.keeping = false;
            return Vec::new();
        }
        RunsMsg::Opening(run) => {
            (runs.current, runs.opened, runs.opening) = (None, Some(run), true);
            // Nothing is chosen in it yet.
            state.timeline = ChartView::default();
            return Vec::new();
        }
        RunsMsg::Opened { run, id, remarks } => {
            (runs.busy, runs.opening) = (false, false);
            runs.current = id;
            runs.compare = None;
            state.notice = (!remarks.is_empty()).then(|| Notice { text: remarks.join(" ") });
            let mut effects = opened(state, run);
            effects.push(Effect::ShowStage);
            return effects;
        }
        RunsMsg::Done(said) => {
            runs.busy = false;
            runs.said = Some(said);
            return Vec::new();
        }
        RunsMsg::Refused(text) => {
            runs.busy = false;
            state.notice = Some(Notice { text });
            return Vec::new();
        }
        RunsMsg::NotKept(why) => {
            runs.not_kept = why;
            runs.keeping = false;
            return Vec::new();
        }
        RunsMsg::Name(id, name) => FileTask::Name(id, name.trim().to_owned()),
        RunsMsg::Remove(id) if removing == Some(id) => FileTask::Remove(id),
        RunsMsg::Remove(id) => {
            runs.removing = Some(id);
            runs.said = Some("Remove this run for ever, or keep it?");
            return Vec::new();
        }
        RunsMsg::KeepAfterAll => {
            runs.said = None;
            return Vec::new();
        }
        // What is on the page may be replaced only by what is asked for after it has ended.
        RunsMsg::Open(id) if is_free => FileTask::Open(id),
        RunsMsg::Chosen if is_free => FileTask::Import,
        RunsMsg::Chosen => {
            let text =
                "A file can be opened once what is under way has ended: stop it or wait, then choose the file again.";
            state.notice = Some(Notice { text: text.to_owned() });
            return Vec::new();
        }
        RunsMsg::Compare(id) if is_free => match runs.compare.take() {
            Some(first) if first != id => FileTask::Compare(first, id),
            Some(_) => return Vec::new(),
            None => {
                runs.compare = Some(id);
                runs.said = Some("Choose the run to compare it with.");
                return Vec::new();
            }
        },
        RunsMsg::Numbers(leg, numbers) => {
            if let Some(leg) = runs.opened.as_mut().and_then(|run| Rc::make_mut(run).legs.get_mut(leg)) {
                leg.numbers = Some(numbers);
            }
            return Vec::new();
        }
        RunsMsg::Beside if is_free && runs.opened.is_some() && state.run.is_some() => FileTask::Beside(made(state)),
        RunsMsg::KeepOpened if is_free && runs.opened.is_some() => FileTask::KeepOpened,
        RunsMsg::Export(format) if is_free => FileTask::Export(format, made(state)),
        RunsMsg::OpenInSpeedscope if is_free => FileTask::OpenInSpeedscope(made(state)),
        RunsMsg::ExportPicture if is_free => FileTask::ExportPicture(made(state)),
        RunsMsg::ExportChart(id, format) if is_free => FileTask::ExportChart(id, format),
        RunsMsg::Close if is_free || runs.opening => {
            (runs.opened, runs.busy, runs.opening) = (None, false, false);
            let is_kept = |id: &u64| runs.list.as_ref().is_some_and(|list| list.iter().any(|kept| kept.id == *id));
            runs.current = runs.last.filter(is_kept);
            let mut effects = vec![Effect::Files(FileTask::Close)];
            // A plan that was changed meanwhile is a person's own.
            if let Some((before, _)) = runs.before.take().filter(|plans| plans.1 == state.draft).map(|plans| *plans) {
                state.draft = before;
                state.validate();
                effects.push(Effect::SetFragment(fragment_from_draft(&state.draft)));
            }
            return effects;
        }
        RunsMsg::Shown
        | RunsMsg::Open(_)
        | RunsMsg::Compare(_)
        | RunsMsg::Beside
        | RunsMsg::KeepOpened
        | RunsMsg::Export(_)
        | RunsMsg::OpenInSpeedscope
        | RunsMsg::ExportPicture
        | RunsMsg::ExportChart(..)
        | RunsMsg::Close => return Vec::new(),
    };
    // These change nothing that another might want to change.
    let disturbs = !matches!(task, FileTask::List | FileTask::ExportChart(..));
    state.runs.busy |= disturbs;
    state.runs.said = None;
    vec![Effect::Files(task)]
}

/// What the run that is shown was made with; an opened one brings its own.
fn made(state: &State) -> Made {
    state.runs.made.clone().unwrap_or_else(|| Made { work: String::new(), plan: None, place: Place::default() })
}

/// Shows a run, and puts its plan into the controls, where it has one.
fn opened(state: &mut State, run: Rc<OpenedRun>) -> Vec<Effect> {
    let draft = run.plan.as_deref().map(draft_from_fragment);
    state.runs.opened = Some(run);
    match draft {
        Some(Ok(draft)) => {
            let shown = core::mem::replace(&mut state.draft, draft.clone());
            let before = state.runs.before.take().filter(|plans| plans.1 == shown).map_or(shown, |plans| plans.0);
            state.runs.before = Some(Box::new((before, draft)));
            state.validate();
            vec![Effect::SetFragment(fragment_from_draft(&state.draft))]
        }
        Some(Err(error)) => {
            // The run is there, only it cannot be run again.
            state.notice = Some(Notice { text: format!("{error}. The controls stay as they were.") });
            Vec::new()
        }
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::opened::Source;
    use crate::app::{Environment, Msg, Network, update};
    use crate::model::plan::{ModelKind, WorkloadKind};

    fn ready() -> State {
        let mut state = State::default();
        let environment = Environment { cores: 2, isolated: true, network: Network::Ready, ..Environment::default() };
        update(&mut state, Msg::Environment(environment));
        state
    }

    fn kept(id: u64) -> Kept {
        Kept { id, ahead_minutes: 0, name: String::new(), title: "Cores".to_owned(), bytes: 9 }
    }

    fn tell(state: &mut State, msg: RunsMsg) -> Vec<Effect> {
        update(state, Msg::Runs(msg))
    }

    fn run(plan: Option<&str>) -> Rc<OpenedRun> {
        Rc::new(OpenedRun {
            source: Source::Kept,
            title: "Cores".to_owned(),
            made_ms: 5,
            ahead_minutes: 0,
            place: Place::default(),
            plan: plan.map(str::to_owned),
            legs: Vec::new(),
            run: None,
            beside: None,
        })
    }

    #[test]
    fn a_run_is_kept_when_it_ends_with_the_plan_that_it_began_with() {
        let mut state = ready();
        update(&mut state, Msg::Run);
        let plan = fragment_from_draft(&state.draft);
        update(&mut state, Msg::Edit(crate::app::Edit::Workload(WorkloadKind::Primes)));
        let effects = update(&mut state, Msg::Ended);
        let [Effect::Files(FileTask::Keep(made))] = &effects[..] else { panic!("{effects:?}") };
        assert_eq!((&made.plan, made.place.cores), (&Some(plan), 2));
        tell(&mut state, RunsMsg::Kept { list: vec![kept(7)], new: Some(7) });
        assert_eq!(state.runs.current, Some(7));
        // Where the next has begun meanwhile, the one that was kept is not the one on the page.
        update(&mut state, Msg::Run);
        tell(&mut state, RunsMsg::Kept { list: vec![kept(8), kept(7)], new: Some(8) });
        assert_eq!(state.runs.current, None);
    }

    #[test]
    fn what_measures_the_cores_has_no_plan_that_the_controls_could_show() {
        let mut state = ready();
        update(&mut state, Msg::Calibrate);
        assert_eq!(state.runs.made.map(|made| made.plan), Some(None));
    }

    #[test]
    fn a_file_that_comes_during_a_run_is_refused_with_a_word_and_one_that_is_being_read_is_let_go() {
        let mut state = ready();
        tell(&mut state, RunsMsg::Chosen);
        assert!(state.runs.busy);
        update(&mut state, Msg::Run);
        assert!(!state.runs.busy);
        assert_eq!(tell(&mut state, RunsMsg::Chosen), []);
        assert!(state.notice.is_some());
    }

    #[test]
    fn an_open_run_brings_its_plan_into_the_controls_and_the_next_run_takes_its_place() {
        let mut state = ready();
        assert_eq!(tell(&mut state, RunsMsg::Open(7)), [Effect::Files(FileTask::Open(7))]);
        assert_eq!(tell(&mut state, RunsMsg::Open(8)), [], "one thing after another");
        let before = state.draft.clone();
        let opened = run(Some("v=1&run=primes&as=cores&end"));
        tell(&mut state, RunsMsg::Opened { run: opened, id: Some(7), remarks: Vec::new() });
        assert_eq!((state.draft.workload, state.draft.model), (WorkloadKind::Primes, ModelKind::Cores));
        assert!(state.runs.opened.is_some() && state.notice.is_none());
        let mut closed = state.clone();
        let effects = tell(&mut closed, RunsMsg::Close);
        assert!(matches!(effects[..], [Effect::Files(FileTask::Close), Effect::SetFragment(_)]), "{effects:?}");
        assert_eq!(closed.draft, before, "what was in the controls is there again");
        let mut beside = state.clone();
        tell(&mut beside, RunsMsg::Opened { run: run(None), id: None, remarks: Vec::new() });
        tell(&mut beside, RunsMsg::Opened { run: run(Some("v=1&run=pi&as=cores&end")), id: None, remarks: Vec::new() });
        assert_eq!(beside.draft.workload, WorkloadKind::Pi);
        tell(&mut beside, RunsMsg::Close);
        assert_eq!(beside.draft, before, "however many were opened");
        let mut changed = state.clone();
        update(&mut changed, Msg::Edit(crate::app::Edit::Workload(WorkloadKind::Sleep)));
        tell(&mut changed, RunsMsg::Close);
        assert_eq!(changed.draft.workload, WorkloadKind::Sleep, "what was chosen since stays");
        update(&mut state, Msg::Run);
        assert_eq!((&state.runs.opened, state.runs.current), (&None, None));
        assert_eq!(tell(&mut state, RunsMsg::Open(7)), [], "not while one is running");
    }

    #[test]
    fn what_cannot_be_opened_leaves_the_open_run_and_says_why() {
        let mut state = ready();
        tell(
            &mut state,
            RunsMsg::Opened { run: run(None), id: None, remarks: vec!["Two events were left out.".into()] },
        );
        assert_eq!(state.notice.as_ref().map(|notice| notice.text.as_str()), Some("Two events were left out."));
        tell(&mut state, RunsMsg::Chosen);
        tell(&mut state, RunsMsg::Refused("This file is damaged.".to_owned()));
        assert!(state.runs.opened.is_some() && !state.runs.busy);
        assert_eq!(state.notice.as_ref().map(|notice| notice.text.as_str()), Some("This file is damaged."));
    }

    #[test]
    fn a_run_that_is_only_seen_can_be_closed_and_nothing_else_until_it_is_there() {
        let mut state = ready();
        tell(&mut state, RunsMsg::Chosen);
        tell(&mut state, RunsMsg::Opening(run(None)));
        // Whatever else ends meanwhile.
        tell(&mut state, RunsMsg::Listed { list: vec![kept(7)], new: None });
        tell(&mut state, RunsMsg::Refused("No room.".to_owned()));
        for ask in [RunsMsg::Export(Format::Json), RunsMsg::KeepOpened, RunsMsg::Open(7), RunsMsg::OpenInSpeedscope] {
            assert_eq!(tell(&mut state, ask), []);
        }
        let mut closed = state.clone();
        assert_eq!(tell(&mut closed, RunsMsg::Close), [Effect::Files(FileTask::Close)]);
        assert!(closed.runs.opened.is_none() && matches!(tell(&mut closed, RunsMsg::Open(7))[..], [_]));
        let mut running = state.clone();
        update(&mut running, Msg::Run);
        assert!(!running.runs.opening);
        tell(&mut state, RunsMsg::Opened { run: run(None), id: None, remarks: Vec::new() });
        assert!(matches!(tell(&mut state, RunsMsg::Export(Format::Json))[..], [_]));
    }

    #[test]
    fn a_run_is_removed_when_it_was_asked_for_twice() {
        let mut state = ready();
        tell(&mut state, RunsMsg::Listed { list: vec![kept(2), kept(1)], new: None });
        assert_eq!((tell(&mut state, RunsMsg::Remove(1)), state.runs.removing), (vec![], Some(1)));
        assert_eq!((tell(&mut state, RunsMsg::Remove(2)), state.runs.removing), (vec![], Some(2)), "that is another");
        tell(&mut state, RunsMsg::Compare(1));
        assert_eq!(tell(&mut state, RunsMsg::Remove(2)), []);
        assert_eq!(tell(&mut state, RunsMsg::Remove(2)), [Effect::Files(FileTask::Remove(2))]);
        assert_eq!(state.runs.removing, None);
    }

    #[test]
    fn two_are_compared_one_after_the_other_is_chosen() {
        let mut state = ready();
        tell(&mut state, RunsMsg::Listed { list: vec![kept(2), kept(1)], new: None });
        assert_eq!(tell(&mut state, RunsMsg::Compare(1)), []);
        assert_eq!(tell(&mut state, RunsMsg::Compare(1)), [], "chosen again, it is no longer chosen");
        tell(&mut state, RunsMsg::Compare(1));
        assert_eq!(tell(&mut state, RunsMsg::Compare(2)), [Effect::Files(FileTask::Compare(1, 2))]);
    }
}
