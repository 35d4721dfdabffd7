//! A run as a whole, as it is kept, exported and imported: where and when it was made, and what each of its legs left.

use std::rc::Rc;

use serde::{Deserialize, Serialize};

use super::experiment::Setting;
use super::figures::Figures;
use super::fragment::draft_from_fragment;
use super::outcome::RunEnd;
use super::plan::{ModelKind, Plan};
use super::trace::Trace;

/// The version of the format in which this program writes runs.
pub const RUN_VERSION: u32 = 2;

/// More cores than any machine has that runs a browser. A file can say anything.
const CORES_MAX: u32 = 1_024;

/// Where a run was made: what its figures mean nothing without.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The browser, or what else ran it, in its own words.
    pub browser: String,
    /// Cores, as the browser reports them; 0 where nobody says.
    pub cores: u32,
    /// Whether memory could be shared with workers.
    pub isolated: bool,
    /// The smallest step of the clock that was seen, in nanoseconds.
    pub clock_step_ns: Option<u64>,
    /// The version of the program that recorded it.
    pub build: String,
}

/// How many legs a run is called by at most.
const TITLES_MAX: usize = 3;

/// What programs wrote, as far as it is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    pub stdout: String,
    pub stderr: String,
    /// Bytes that were written and are not shown.
    pub cut_bytes: u64,
}

/// What running under one model left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunLeg {
    /// What a person reads over it.
    pub title: String,
    /// The model, where it is one of ours.
    pub model: Option<ModelKind>,
    /// Its setting, by place among those of the plan; `None` where the plan is none of ours.
    #[serde(default)]
    pub setting: Option<u32>,
    /// What one of its tasks is called.
    pub noun: String,
    /// The names of its tasks, in order of submission, where they have names of their own.
    #[serde(default)]
    pub task_names: Vec<String>,
    /// The timeout of `wait`, in milliseconds since the first task was submitted.
    #[serde(default)]
    pub limit_ms: Option<u32>,
    pub end: RunEnd,
    /// What its programs wrote, where its work are commands.
    #[serde(default)]
    pub output: Option<Output>,
    /// Shared with what draws it: a run can be large, and is handed on whole.
    pub trace: Rc<Trace>,
}

/// A run. New fields have a default, so that files without them are still read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// What a person called it; empty where nobody has.
    #[serde(default)]
    pub name: String,
    /// What work its tasks do, for a person; empty where nobody says.
    #[serde(default)]
    pub work: String,
    /// When it was made, in milliseconds since the Unix epoch; 0 where nobody knows.
    #[serde(default)]
    pub made_ms: u64,
    #[serde(default)]
    pub place: Place,
    /// The plan, as the fragment of a link; `None` where it is none of ours.
    #[serde(default)]
    pub plan: Option<String>,
    /// What was measured, trial by trial: of more than the runs that are kept whole. `None` where nobody says.
    #[serde(default)]
    pub figures: Option<Vec<Figures>>,
    /// How many of its trials were over when it ended: all, unless it was stopped.
    #[serde(default)]
    pub trials_over: Option<u32>,
    /// In the order in which they ran.
    pub legs: Vec<RunLeg>,
}

impl RunLeg {
    /// What a task is called, by its place in the order of submission.
    pub fn task_name(&self, index: usize) -> String {
        self.task_names.get(index).cloned().unwrap_or_else(|| format!("{} {}", self.noun, index + 1))
    }

    /// Its place among the settings of its plan, by its title, which is that of its setting; `None` where it is none of them, or is
    /// another one than it says, or has other tasks. Version 1 does not say which.
    fn setting_among(&self, settings: &[Setting]) -> Option<usize> {
        let is_its = |setting: &Setting| Some(setting.job.model) == self.model && setting.title() == self.title;
        let place = settings.iter().position(is_its)?;
        let is_said = self.setting.is_none_or(|said| said as usize == place);
        let has_its_tasks = settings[place].job.workload.tasks() as usize == self.trace.tasks.len();
        (is_said && has_its_tasks).then_some(place)
    }
}

impl Run {
    /// What a person reads of it in a list: its name, or its work and what its legs are called.
    pub fn title(&self) -> String {
        if self.name.is_empty() { self.usual_title() } else { self.name.clone() }
    }

    /// The same where nobody gave it a name.
    pub fn usual_title(&self) -> String {
        let titles: Vec<&str> = self.legs.iter().take(TITLES_MAX).map(|leg| leg.title.as_str()).collect();
        let more = self.legs.len() - titles.len();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let titles = titles.join(", ") + &more;
        if self.work.is_empty() { titles } else { format!("{}: {titles}", self.work) }
    }

    /// The plan that it was made by; `None` where it is none of ours, or none that this program would run.
    fn plan(&self) -> Option<Plan> {
        let draft = draft_from_fragment(self.plan.as_deref()?).ok()?;
        draft.validate(self.place.cores.clamp(1, CORES_MAX)).ok()
    }

    /// The plan and its settings, with the place of each leg among them; `None` where it is none of ours, or its legs are not what its
    /// plan says: a file can say anything.
    pub fn settings(&self) -> Option<(Plan, Vec<Setting>, Vec<usize>)> {
        // Without a place, nobody knows what its usual numbers were.
        let plan = self.plan().filter(|_| self.place.cores > 0)?;
        let settings = plan.settings();
        let places = self.legs.iter().map(|leg| leg.setting_among(&settings)).collect::<Option<Vec<usize>>>()?;
        (!places.is_empty()).then_some((plan, settings, places))
    }

    /// Lane spans, and other rows, of all legs: how large it is.
    pub fn events(&self) -> usize {
        self.legs.iter().map(|leg| leg.trace.lanes.values().map(|lane| lane.spans.len()).sum::<usize>()).sum()
    }
}

/// A time in milliseconds since the Unix epoch as people write it where clocks are so many minutes ahead of UTC:
/// "2026-11-28 11:47".
pub fn local_minute(ms: u64, ahead_minutes: i32) -> String {
    let minutes = (ms / 60_000).saturating_add_signed(ahead_minutes.into());
    let (days, minute_of_day) = (minutes / 1_440, minutes % 1_440);
    // Howard Hinnant's civil_from_days, for days since 1970: years begin in March, so that a leap day is their last.
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{year}-{month:02}-{day:02} {:02}:{:02}", minute_of_day / 60, minute_of_day % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_day_and_a_minute() {
        for (ms, text) in [
            (0, "1970-01-01 00:00"),
            (951_782_399_999, "2000-02-28 23:59"),
            (951_782_400_000, "2000-02-29 00:00"),
            (1_795_866_420_000, "2026-11-28 11:47"),
        ] {
            assert_eq!(local_minute(ms, 0), text);
        }
        assert_eq!(local_minute(951_782_399_999, 60), "2000-02-29 00:59");
        assert_eq!(local_minute(951_782_400_000, -330), "2000-02-28 18:30");
    }

    #[test]
    fn a_run_is_called_by_its_name_or_by_its_legs() {
        let leg = |title: &str| RunLeg {
            title: title.to_owned(),
            model: None,
            setting: None,
            noun: "site".to_owned(),
            task_names: vec!["first".to_owned()],
            limit_ms: None,
            end: RunEnd::Done,
            output: None,
            trace: Trace::new(2).into(),
        };
        let run = Run { legs: vec![leg("Sequential"), leg("Cores")], ..Run::default() };
        assert_eq!(run.title(), "Sequential, Cores");
        assert_eq!(Run { work: "Primes".to_owned(), ..run.clone() }.title(), "Primes: Sequential, Cores");
        assert_eq!(Run { name: "mine".to_owned(), ..run.clone() }.title(), "mine");
        assert_eq!((run.legs[0].task_name(0), run.legs[0].task_name(1)), ("first".into(), "site 2".into()));
    }
}
