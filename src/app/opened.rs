//! A run that was made at another time, or elsewhere, as it is shown: like a run of this page, where it is one of ours.

use core::time::Duration;
use std::rc::Rc;

use super::state::{LegView, Progress, RunView};
use crate::files::ask::Read;
use crate::insight::numbers::Context;
use crate::insight::race::{Side, Table, Verdict};
use crate::insight::{self, Numbers, Picture, Summary, figures, words};
use crate::model::experiment::Trial;
use crate::model::figures::Figures;
use crate::model::format;
use crate::model::fragment::draft_from_fragment;
use crate::model::outcome::{Outcome, RunEnd};
use crate::model::plan::{Experiment, Job, Workload};
use crate::model::run::{Place, Run, RunLeg, local_minute};
use crate::model::trace::TaskLife;

/// The most tasks of a run of others that are listed.
const LISTED_MAX: usize = 100;

/// Where an open run comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// It was kept in this browser.
    Kept,
    /// It was read from a file.
    Imported,
    /// Two that were kept, beside each other.
    Compared,
}

/// What a leg of an open run ran, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct JobOfLeg {
    pub job: Job,
    /// Cores, as the browser reported them.
    pub cores: u32,
    /// The smallest step of the clock there.
    pub clock_step: Duration,
}

/// A leg of an open run.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenedLeg {
    pub title: String,
    pub noun: String,
    pub summary: Summary,
    pub end: RunEnd,
    /// What it ran; `None` of runs that are none of ours.
    pub job: Option<Rc<JobOfLeg>>,
    /// `None` until they have been worked out; and for ever of runs that are none of Overlap's.
    pub numbers: Option<Rc<Numbers>>,
    /// The first tasks: name, outcome, and when it ended since the first submission.
    pub tasks: Vec<(String, String, String)>,
}

/// Two runs beside each other, as a race shows its models.
#[derive(Clone, Debug, PartialEq)]
pub struct Beside {
    pub table: Table,
    /// `None` where they do not compare.
    pub verdict: Option<Verdict>,
    /// Why they do not compare, if so.
    pub refusal: Option<String>,
    /// What a person has to know of the two.
    pub remarks: Vec<String>,
}

/// A run that was made at another time, or elsewhere, and is shown now.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenedRun {
    pub source: Source,
    pub title: String,
    pub made_ms: u64,
    /// How far clocks here were ahead of UTC then.
    pub ahead_minutes: i32,
    pub place: Place,
    /// The plan, as the fragment of a link.
    pub plan: Option<String>,
    pub legs: Vec<OpenedLeg>,
    /// The same as a run of this page; `None` where it is none that this page could have made.
    pub run: Option<RunView>,
    /// Where there are two of ours: what they come to beside each other.
    pub beside: Option<Beside>,
}

impl JobOfLeg {
    /// What its numbers are worked out with.
    pub fn context(&self) -> Context<'_> {
        let JobOfLeg { job, cores, clock_step } = self;
        Context { model: job.model, workload: &job.workload, cores: *cores, clock_step: *clock_step }
    }
}

impl OpenedRun {
    /// What is shown of a run that was read, beside its timeline.
    pub fn of(read: &Read, source: Source, ahead_minutes: i32) -> OpenedRun {
        let run = &read.run;
        let view = run_view(run, &read.summaries);
        OpenedRun {
            source,
            title: run.title(),
            made_ms: run.made_ms,
            ahead_minutes,
            place: run.place.clone(),
            plan: run.plan.clone(),
            legs: opened_legs(read, jobs(run, view.as_ref())),
            run: view,
            beside: None,
        }
    }

    /// What is shown of two. `read` has the legs of both.
    pub fn of_two(read: &Read, one: &Read, two: &Read, ahead_minutes: impl Fn(u64) -> i32) -> OpenedRun {
        let [of_one, of_two] = [one, two].map(|read| run_view(&read.run, &read.summaries));
        let jobs = [jobs(&one.run, of_one.as_ref()), jobs(&two.run, of_two.as_ref())].concat();
        let beside = of_one.zip(of_two).map(|(of_one, of_two)| {
            let sides = [("A", &of_one), ("B", &of_two)];
            let sides = sides.map(|(mark, view)| Side {
                mark,
                chosen: view.leg().filter(|_| view.plan.experiment == Experiment::One).map(|leg| leg.setting),
                settings: &view.settings,
                figures: &view.figures,
            });
            let table = Table::beside(&sides);
            let verdict = table.verdict();
            let sides = [(&one.run, &of_one), (&two.run, &of_two)];
            Beside { refusal: refusal(&table, sides), verdict, remarks: remarks(&table, sides, ahead_minutes), table }
        });
        let run = &read.run;
        OpenedRun {
            source: Source::Compared,
            title: run.title(),
            made_ms: 0,
            ahead_minutes: 0,
            place: run.place.clone(),
            plan: None,
            legs: opened_legs(read, jobs),
            run: None,
            beside,
        }
    }

    /// The picture that the tasks of the leg computed which is told of. `run` is what this was made of.
    pub fn picture(&self, run: &Run) -> Option<Picture> {
        let view = self.run.as_ref()?;
        let setting = view.settings.get(view.leg()?.setting)?;
        insight::picture::picture(&setting.job.workload, &run.legs.last()?.trace)
    }
}

/// The legs and the figures of two runs in one.
pub fn beside(one: &Read, two: &Read) -> Read {
    let summaries = [one, two].into_iter().flat_map(|read| read.summaries.iter().cloned()).collect();
    let (one, two) = (&one.run, &two.run);
    // The settings of the second stand behind those of the first.
    let settings_of = |run: &Run| {
        let of_legs = run.legs.iter().filter_map(|leg| leg.setting).max();
        let of_figures = run.figures.iter().flatten().map(|figures| figures.trial.setting as u32).max();
        of_legs.max(of_figures).map_or(0, |most| most.saturating_add(1))
    };
    let behind = settings_of(one);
    let sides = [("A", one, 0), ("B", two, behind)];
    let legs = sides.into_iter().flat_map(|(mark, run, first)| {
        run.legs.iter().map(move |leg| RunLeg {
            title: format!("{mark}: {}", leg.title),
            setting: leg.setting.map(|setting| setting.saturating_add(first)),
            ..leg.clone()
        })
    });
    let figures = sides.into_iter().flat_map(|(_, run, first)| {
        run.figures.iter().flatten().map(move |figures| {
            let Trial { setting, round } = figures.trial;
            Figures { trial: Trial { setting: setting.saturating_add(first as usize), round }, ..figures.clone() }
        })
    });
    let has_figures = one.figures.is_some() && two.figures.is_some();
    let name = format!("A: {} · B: {}", one.title(), two.title());
    // What holds for one of them only is said of none.
    let place = if one.place == two.place { one.place.clone() } else { Place::default() };
    let figures = has_figures.then(|| figures.collect());
    let run = Run { name, place, figures, legs: legs.collect(), ..Run::default() };
    Read { run, summaries, picture: None }
}

/// Why two runs do not compare, if so.
fn refusal(table: &Table, [(one, of_one), (two, of_two)]: [(&Run, &RunView); 2]) -> Option<String> {
    let [work, other] = [of_one, of_two].map(|view| view.plan.workload.kind().label());
    let why = if table.is_of_one_work {
        return None;
    } else if work == other {
        let differences = differences(one, two);
        let differences: Vec<&str> = differences.iter().map(String::as_str).collect();
        let which = if differences.is_empty() { String::new() } else { format!(": {}", format::list(&differences)) };
        format!("{work} with other settings{which}")
    } else {
        format!("different work ({work} and {other})")
    };
    Some(format!("They did {why}. Their times do not compare, so nobody is ranked."))
}

/// What their plans say differently.
fn differences(one: &Run, two: &Run) -> Vec<String> {
    let draft = |run: &Run| draft_from_fragment(run.plan.as_deref().unwrap_or_default()).ok();
    let drafts = draft(one).zip(draft(two));
    drafts.map_or_else(Vec::new, |(here, there)| here.differences(&there, [one.place.cores, two.place.cores]))
}

/// What a person has to know of two runs that stand beside each other.
fn remarks(
    table: &Table,
    [(one, of_one), (two, of_two)]: [(&Run, &RunView); 2],
    ahead_minutes: impl Fn(u64) -> i32,
) -> Vec<String> {
    let mut remarks = Vec::new();
    let made = |run: &Run| {
        let when = local_minute(run.made_ms, ahead_minutes(run.made_ms));
        let when = if run.made_ms > 0 { when } else { "some time".to_owned() };
        let cores = format::count(run.place.cores as usize, "core");
        let browser = if run.place.browser.is_empty() { String::new() } else { format!(" in {}", run.place.browser) };
        format!("{when} on {cores}{browser}")
    };
    remarks.push(format!("A was made {}; B {}.", made(one), made(two)));
    if table.is_of_one_work {
        remarks.push(
            "They were not run in turns, as a race is: what else the machine did meanwhile is in their difference."
                .to_owned(),
        );
        let mut differs = differences(one, two);
        let (here, there) = (&one.place, &two.place);
        if (&here.browser, here.cores) != (&there.browser, there.cores) {
            differs.push("what ran them".to_owned());
        }
        if here.build != there.build {
            differs.push("the version of Overlap".to_owned());
        }
        let [often, other] = [of_one, of_two].map(|view| view.plan.repeats);
        if often != other {
            differs.push(format!("how often each was run ({often} and {other})"));
        }
        if !differs.is_empty() {
            let differs: Vec<&str> = differs.iter().map(String::as_str).collect();
            remarks.push(format!("So is what else they do not share: {}.", format::list(&differs)));
        }
    }
    remarks
}

fn opened_legs(Read { run, summaries, .. }: &Read, jobs: Vec<Option<Rc<JobOfLeg>>>) -> Vec<OpenedLeg> {
    let legs = run.legs.iter().zip(summaries).zip(jobs);
    legs.map(|((leg, summary), job)| opened_leg(leg, summary, job)).collect()
}

fn opened_leg(leg: &RunLeg, summary: &Summary, job: Option<Rc<JobOfLeg>>) -> OpenedLeg {
    let start = leg.trace.work_start().unwrap_or_default();
    let task = |(index, life): (usize, &TaskLife)| {
        let outcome = match &life.outcome {
            None => "open".to_owned(),
            Some(Outcome::Done(_)) => "done".to_owned(),
            Some(Outcome::Cancelled) => "cancelled".to_owned(),
            Some(Outcome::Failed(failure)) => words::failure(failure),
        };
        let ended = life.ended.map_or(String::new(), |stamp| format::duration(stamp.at - start));
        (leg.task_name(index), outcome, ended)
    };
    OpenedLeg {
        title: leg.title.clone(),
        noun: leg.noun.clone(),
        summary: summary.clone(),
        end: leg.end.clone(),
        job,
        numbers: None,
        tasks: leg.trace.tasks.iter().enumerate().take(LISTED_MAX).map(task).collect(),
    }
}

/// What the legs of a run ran, of which numbers are worked out: of curves, times are what matters.
fn jobs(run: &Run, view: Option<&RunView>) -> Vec<Option<Rc<JobOfLeg>>> {
    let Some(view) = view.filter(|view| view.plan.experiment.shows_each_run()) else {
        return vec![None; run.legs.len()];
    };
    let clock_step = Duration::from_nanos(run.place.clock_step_ns.unwrap_or_default());
    let job = |leg: &Rc<LegView>| {
        let job = view.settings[leg.setting].job.clone();
        Some(Rc::new(JobOfLeg { job, cores: run.place.cores, clock_step }))
    };
    view.legs.iter().map(job).collect()
}

/// A run as the page shows its own.
fn run_view(run: &Run, summaries: &[Summary]) -> Option<RunView> {
    let (plan, settings, places) = run.settings()?;
    let recorded = || run.legs.iter().zip(summaries).zip(&places);
    let figures = match &run.figures {
        Some(figures) => figures.clone(),
        // Version 1 kept what is drawn alone. Of one run each that is all there was; of anything else it is not what was measured.
        None => {
            let had_one_each = plan.experiment == Experiment::One && !plan.warms_up() && places.len() == settings.len();
            let figures = recorded().map(|((leg, summary), place)| {
                let trial = Trial { setting: *place, round: 1 };
                figures::of_summary(trial, &leg.trace, summary, &leg.end, None)
            });
            had_one_each.then(|| figures.collect())?
        }
    };
    let legs = recorded().map(|((leg, summary), place)| {
        let output = leg.output.clone().filter(|_| matches!(plan.workload, Workload::Commands(_)));
        let (setting, end) = (&settings[*place], Some(leg.end.clone()));
        Rc::new(LegView::of(*place, setting, &leg.trace, summary.clone(), end, output, plan.limit_ms))
    });
    let all = plan.trials().len();
    let done = run.trials_over.map_or(figures.len(), |over| over as usize);
    Some(RunView {
        legs: legs.collect(),
        plan: Rc::new(plan),
        progress: Progress { done, all, ..Progress::default() },
        settings: Rc::new(settings),
        live: None,
        figures: Rc::new(figures),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fragment::fragment_from_draft;
    use crate::model::id::TaskId;
    use crate::model::outcome::Value;
    use crate::model::plan::{Draft, ExperimentKind, ModelKind, Param, WorkloadKind};
    use crate::model::time::Instant;
    use crate::model::trace::{Stamp, Trace};

    const TASKS: u32 = 3;
    const BELOW: u32 = 1_000;

    /// A trace whose tasks all end after so many milliseconds.
    fn trace(tasks: u32, ms: u64) -> Trace {
        let at = |ms: u64| Stamp { at: Instant(ms * 1_000_000), sequence: 0 };
        let mut trace = Trace::new(tasks);
        for life in &mut trace.tasks {
            (life.submitted, life.started, life.ended) = (Some(at(0)), Some(at(0)), Some(at(ms)));
            life.outcome = Some(Outcome::Done(Value::Count(7)));
        }
        trace.ended = (0..tasks).map(TaskId).collect();
        trace.look(at(ms).at);
        trace
    }

    /// A run of primes under Sequential and another model, as it is kept.
    fn read(model: ModelKind, ms: u64, below: u32) -> Read {
        read_of(model, ms, below, 3)
    }

    fn read_of(model: ModelKind, ms: u64, below: u32, repeats: u32) -> Read {
        let mut draft = Draft::of(WorkloadKind::Primes, model);
        draft.set_text(Param::Tasks, TASKS.to_string());
        draft.set_text(Param::Repeats, repeats.to_string());
        draft.set_text(Param::Below, below.to_string());
        draft.experiment = ExperimentKind::One;
        let legs =
            [(ModelKind::Sequential, 100), (model, ms)].into_iter().zip(0..).map(|((model, ms), place)| RunLeg {
                title: model.label().to_owned(),
                model: Some(model),
                setting: Some(place),
                noun: "task".to_owned(),
                task_names: Vec::new(),
                limit_ms: None,
                end: RunEnd::Done,
                output: None,
                trace: trace(TASKS, ms).into(),
            });
        let mut run = Run { plan: Some(fragment_from_draft(&draft)), legs: legs.collect(), ..Run::default() };
        (run.place.cores, run.work) = (2, "Primes".to_owned());
        let of = |place: usize, round: u32| {
            let leg = &run.legs[place];
            let wall = leg.trace.work_end() - leg.trace.work_start().unwrap_or_default();
            let trial = Trial { setting: place, round };
            let figures = figures::of(trial, &leg.trace, &leg.end, Some(1 << 20));
            Figures { wall: wall + Duration::from_millis(round.into()), ..figures }
        };
        let figures = (1..=repeats).flat_map(|round| [of(0, round), of(1, round)]).collect();
        run.figures = Some(figures);
        let plan = run.settings().map(|(plan, ..)| plan.trials().len() as u32);
        run.trials_over = plan;
        Read::of(run)
    }

    #[test]
    fn a_run_of_ours_is_shown_as_this_page_shows_its_own() {
        let opened = OpenedRun::of(&read(ModelKind::Cores, 50, BELOW), Source::Kept, 0);
        let run = opened.run.unwrap();
        let leg = run.leg().unwrap();
        assert_eq!((leg.model, leg.listing.total), (ModelKind::Cores, 3));
        assert!(leg.answer.as_deref().is_some_and(|answer| answer.contains("21 primes")), "{:?}", leg.answer);
        assert_eq!(run.walls_of(leg).map(|walls| (walls.n, walls.median)), Some((3, Duration::from_millis(52))));
        assert_eq!(run.speedup_of(leg), Some(102.0 / 52.0));
        assert_eq!((run.plan.repeats, run.live), (3, None));
        assert!(opened.legs.iter().all(|leg| leg.job.is_some()), "its numbers are worked out");
        let mut stopped = read(ModelKind::Cores, 50, BELOW);
        stopped.run.trials_over = Some(5);
        let run = OpenedRun::of(&stopped, Source::Kept, 0).run.unwrap();
        assert_eq!((run.progress.done, run.progress.all), (5, 8));
    }

    #[test]
    fn one_that_version_1_kept_is_whole_where_each_was_run_once() {
        let mut old = read_of(ModelKind::Cores, 50, BELOW, 1);
        old.run.figures = None;
        old.run.trials_over = None;
        old.run.legs.iter_mut().for_each(|leg| leg.setting = None);
        let run = OpenedRun::of(&old, Source::Kept, 0).run.unwrap();
        assert_eq!(run.speedup_of(run.leg().unwrap()), Some(2.0));
        assert_eq!((run.figures.len(), run.progress.done, run.progress.all), (2, 2, 2));
        let mut old = read(ModelKind::Cores, 50, BELOW);
        old.run.figures = None;
        assert_eq!(OpenedRun::of(&old, Source::Kept, 0).run, None, "of three runs each, two are not known");
    }

    #[test]
    fn one_whose_plan_says_something_else_than_its_legs_is_shown_as_any_file() {
        let run_of = |change: &dyn Fn(&mut Run)| {
            let mut read = read(ModelKind::Cores, 50, BELOW);
            change(&mut read.run);
            OpenedRun::of(&read, Source::Imported, 0).run
        };
        assert!(run_of(&|_| ()).is_some());
        assert_eq!(run_of(&|run| run.plan = None), None);
        assert_eq!(run_of(&|run| run.plan = Some("v=1&run=nothing&end".to_owned())), None);
        assert_eq!(run_of(&|run| run.legs[1].setting = Some(9)), None, "no such setting");
        assert_eq!(run_of(&|run| run.legs[1].model = Some(ModelKind::Threads)), None, "another model's");
        assert_eq!(run_of(&|run| run.legs[1].trace = trace(5, 50).into()), None, "other tasks");
        assert_eq!(run_of(&|run| run.legs.clear()), None);
        assert_eq!(run_of(&|run| run.legs[1].title = "Cores, 2 workers".to_owned()), None, "no such title");
        assert_eq!(run_of(&|run| run.place.cores = 0), None, "its usual numbers are not known");
        let figures = run_of(&|run| run.figures = Some(vec![])).unwrap();
        let leg = figures.leg().unwrap();
        assert_eq!(figures.speedup_of(leg), None, "what was not measured is not shown");
        assert_eq!(figures.speedup_missing(leg), Some("no run of both counts"));
    }

    #[test]
    fn two_of_the_same_work_are_ranked_and_others_are_not() {
        let (one, two) = (read(ModelKind::Threads, 110, BELOW), read(ModelKind::Cores, 50, BELOW));
        let of_two = |one: &Read, two: &Read| OpenedRun::of_two(&beside(one, two), one, two, |_| 0);
        let opened = of_two(&one, &two);
        let titles: Vec<&str> = opened.legs.iter().map(|leg| leg.title.as_str()).collect();
        assert_eq!(titles, ["A: Sequential", "A: Threads with a GIL", "B: Sequential", "B: Cores"]);
        let Beside { table, verdict, remarks, refusal } = opened.beside.unwrap();
        let verdict = verdict.unwrap();
        assert_eq!((verdict.winner, refusal), (Some(3), None));
        assert!(verdict.headline.contains("as fast as A: Threads with a GIL"), "{}", verdict.headline);
        assert_eq!(table.rows[3].memory_bytes, Some(1 << 20));
        assert!(remarks.iter().any(|remark| remark.contains("not run in turns")), "{remarks:?}");
        assert!(
            !remarks.iter().any(|remark| remark.contains("do not share")),
            "nobody chose anything else: {remarks:?}"
        );
        let mut elsewhere = two.clone();
        elsewhere.run.place.cores = 8;
        let Beside { remarks, .. } = of_two(&two, &elsewhere).beside.unwrap();
        let differs = "So is what else they do not share: “Workers” (2 and 8) and what ran them.";
        assert_eq!(remarks.last().map(String::as_str), Some(differs));
        let other = read(ModelKind::Cores, 50, 777);
        let Beside { verdict, refusal, .. } = of_two(&one, &other).beside.unwrap();
        assert_eq!(verdict, None);
        let why = refusal.unwrap();
        assert!(why.contains("Primes with other settings: “Count the primes below” (1000 and 777)"), "{why}");
        let both = beside(&one, &two).run;
        let settings: Vec<_> = both.legs.iter().map(|leg| leg.setting).collect();
        assert_eq!(settings, [Some(0), Some(1), Some(2), Some(3)]);
        assert_eq!(
            figures::walls(&both.figures.unwrap(), 3).map(|walls| walls.median),
            Some(Duration::from_millis(52))
        );
        let mut foreign = two;
        foreign.run.plan = None;
        assert_eq!(of_two(&one, &foreign).beside, None, "nobody knows what it did");
    }
}
