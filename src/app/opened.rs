//! A run that was made at another time, or elsewhere, as it is shown: like a run of this page, where it is one of ours.

use std::rc::Rc;

use super::state::{LegView, Progress, RunView};
use crate::files::ask::Read;
use crate::insight::race::{Side, Table, Verdict};
use crate::insight::{Numbers, Summary, figures, words};
use crate::model::experiment::Trial;
use crate::model::format;
use crate::model::outcome::{Outcome, RunEnd};
use crate::model::plan::Plan;
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

/// A leg of an open run.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenedLeg {
    pub title: String,
    pub noun: String,
    pub summary: Summary,
    pub end: RunEnd,
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

impl OpenedRun {
    /// What is shown of a run that was read, beside its timeline.
    pub fn of(Read { run, summaries, .. }: &Read, source: Source, ahead_minutes: i32) -> OpenedRun {
        OpenedRun {
            source,
            title: run.title(),
            made_ms: run.made_ms,
            ahead_minutes,
            place: run.place.clone(),
            plan: run.plan.clone(),
            legs: run.legs.iter().zip(summaries).map(|(leg, summary)| opened_leg(leg, summary)).collect(),
            run: run_view(run, summaries),
            beside: None,
        }
    }

    /// What is shown of two. `read` has the legs of both.
    pub fn of_two(read: &Read, one: &Read, two: &Read, ahead_minutes: impl Fn(u64) -> i32) -> OpenedRun {
        let views = run_view(&one.run, &one.summaries).zip(run_view(&two.run, &two.summaries));
        let beside = views.map(|(of_one, of_two)| {
            let side = |mark, view: &'_ RunView| (mark, view.settings.clone(), view.figures.clone());
            let sides = [side("A", &of_one), side("B", &of_two)];
            let sides = sides.each_ref().map(|(mark, settings, figures)| Side { mark, settings, figures });
            let table = Table::beside(&sides);
            let verdict = table.verdict();
            let remarks = remarks(&table, &one.run, &two.run, ahead_minutes);
            Beside { table, verdict, remarks }
        });
        OpenedRun { beside, ..OpenedRun::of(read, Source::Compared, 0) }
    }
}

/// The legs of two runs in one.
pub fn beside(one: &Read, two: &Read) -> Read {
    let summaries = [one, two].into_iter().flat_map(|read| read.summaries.iter().cloned()).collect();
    let (one, two) = (&one.run, &two.run);
    let legs = [("A", one), ("B", two)].into_iter().flat_map(|(mark, run)| {
        run.legs.iter().map(move |leg| RunLeg { title: format!("{mark}: {}", leg.title), setting: None, ..leg.clone() })
    });
    let name = format!("{} beside {}", one.title(), two.title());
    // What holds for one of them only is said of none.
    let place = if one.place == two.place { one.place.clone() } else { Place::default() };
    let run = Run { name, place, legs: legs.collect(), ..Run::default() };
    Read { run, summaries, picture: None }
}

fn remarks(table: &Table, one: &Run, two: &Run, ahead_minutes: impl Fn(u64) -> i32) -> Vec<String> {
    let mut remarks = Vec::new();
    if !table.is_of_one_work {
        let works = if one.work == two.work {
            "the same kind of work with other settings".to_owned()
        } else {
            format!("different work ({} and {})", one.work, two.work)
        };
        remarks.push(format!("They did {works}, so their times do not compare and nobody is ranked."));
    }
    let made = |run: &Run| {
        let when = if run.made_ms > 0 {
            local_minute(run.made_ms, ahead_minutes(run.made_ms))
        } else {
            "some time".to_owned()
        };
        let cores = match run.place.cores {
            0 => String::new(),
            cores => format!(" on {}", format::count(cores as usize, "core")),
        };
        let browser = if run.place.browser.is_empty() { String::new() } else { format!(" in {}", run.place.browser) };
        format!("{when}{cores}{browser}")
    };
    remarks.push(format!("A was made {}; B {}.", made(one), made(two)));
    let alike = |of: fn(&Place) -> (&str, u32)| of(&one.place) == of(&two.place);
    if !alike(|place| (&place.browser, place.cores)) {
        remarks.push("What ran them differs, and a part of the difference may come from that.".to_owned());
    } else if table.is_of_one_work {
        remarks.push(
            "They were not run in turns, as a race is: what else the machine did meanwhile is in their difference."
                .to_owned(),
        );
    }
    remarks
}

fn opened_leg(leg: &RunLeg, summary: &Summary) -> OpenedLeg {
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
        numbers: None,
        tasks: leg.trace.tasks.iter().enumerate().take(LISTED_MAX).map(task).collect(),
    }
}

/// A run as the page shows its own. `None` where its plan is none of ours, or says something else than its legs do: a file can say
/// anything.
fn run_view(run: &Run, summaries: &[Summary]) -> Option<RunView> {
    let plan = run.plan()?;
    let settings = plan.settings();
    let setting_of = |leg: &RunLeg| {
        let place = leg.setting_among(&settings)?;
        (settings[place].job.workload.tasks() as usize == leg.trace.tasks.len()).then_some(place)
    };
    let places = run.legs.iter().map(setting_of).collect::<Option<Vec<usize>>>().filter(|places| !places.is_empty())?;
    let recorded = || run.legs.iter().zip(summaries).zip(&places);
    let legs = recorded().map(|((leg, summary), place)| {
        let (end, output) = (Some(leg.end.clone()), leg.output.clone());
        Rc::new(LegView::of(*place, &settings[*place], &leg.trace, summary.clone(), end, output, plan.limit_ms))
    });
    let (figures, plan, all) = match &run.figures {
        Some(figures) => (figures.clone(), plan.clone(), plan.trials().len()),
        // Version 1 kept only what is drawn: one run of each.
        None => {
            let figures = recorded().map(|((leg, summary), place)| {
                let trial = Trial { setting: *place, round: 1 };
                figures::of_summary(trial, &leg.trace, summary, &leg.end, None)
            });
            (figures.collect(), Plan { repeats: 1, ..plan.clone() }, run.legs.len())
        }
    };
    Some(RunView {
        legs: legs.collect(),
        plan: Rc::new(plan),
        progress: Progress { done: figures.len(), all, ..Progress::default() },
        settings: Rc::new(settings),
        live: None,
        figures: Rc::new(figures),
    })
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use crate::model::figures::Figures;
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
        let repeats = 3;
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
    }

    #[test]
    fn one_that_version_1_kept_has_one_run_of_each() {
        let mut old = read(ModelKind::Cores, 50, BELOW);
        old.run.figures = None;
        old.run.legs.iter_mut().for_each(|leg| leg.setting = None);
        let run = OpenedRun::of(&old, Source::Kept, 0).run.unwrap();
        assert_eq!(run.speedup_of(run.leg().unwrap()), Some(2.0));
        assert_eq!((run.plan.repeats, run.figures.len(), run.progress.done == run.progress.all), (1, 2, true));
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
        let figures = run_of(&|run| run.figures = Some(vec![])).unwrap();
        assert_eq!(figures.speedup_of(figures.leg().unwrap()), None, "what was not measured is not shown");
    }

    #[test]
    fn two_of_the_same_work_are_ranked_and_others_are_not() {
        let (one, two) = (read(ModelKind::Threads, 110, BELOW), read(ModelKind::Cores, 50, BELOW));
        let of_two = |one: &Read, two: &Read| OpenedRun::of_two(&beside(one, two), one, two, |_| 0);
        let opened = of_two(&one, &two);
        let titles: Vec<&str> = opened.legs.iter().map(|leg| leg.title.as_str()).collect();
        assert_eq!(titles, ["A: Sequential", "A: Threads with a GIL", "B: Sequential", "B: Cores"]);
        let Beside { table, verdict, remarks } = opened.beside.unwrap();
        assert_eq!(verdict.and_then(|verdict| verdict.winner), Some(3));
        assert_eq!(table.rows[3].memory_bytes, Some(1 << 20));
        assert!(remarks.iter().any(|remark| remark.contains("not run in turns")), "{remarks:?}");
        let other = read(ModelKind::Cores, 50, 777);
        let Beside { verdict, remarks, .. } = of_two(&one, &other).beside.unwrap();
        assert_eq!(verdict, None);
        assert!(remarks[0].contains("the same kind of work with other settings"), "{remarks:?}");
        let mut foreign = two;
        foreign.run.plan = None;
        assert_eq!(of_two(&one, &foreign).beside, None, "nobody knows what it did");
    }
}
