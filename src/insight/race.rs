//! The race: the models beside each other, by the medians of their runs, and who won, if anybody did.

use core::time::Duration;

use super::figures::{counted, repeats, walls};
use super::repeats::{Ratio, Repeats, speedup};
use crate::model::experiment::Setting;
use crate::model::figures::Figures;
use crate::model::format;
use crate::model::plan::ModelKind;

/// One model of the race.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its place among the rows.
    pub place: usize,
    /// What it is called.
    pub label: String,
    pub model: ModelKind,
    pub wall: Option<Repeats>,
    /// How many of its runs failed, and why the last did.
    pub failed: usize,
    pub why: Option<String>,
    /// Against the baseline of its run; of that itself 1.
    pub speedup: Option<Ratio>,
    /// Its speedup by its workers, where it has any.
    pub efficiency: Option<f64>,
    /// Threads or processes that did tasks.
    pub workers: Option<u32>,
    /// At most, in any of its runs.
    pub in_flight: u32,
    pub computing: u32,
    /// The largest of its runs.
    pub memory_bytes: Option<u64>,
    /// Medians.
    pub starting: Option<Duration>,
    pub messages: Option<Duration>,
    pub lock: Option<Duration>,
}

/// All of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// In the order in which they ran.
    pub rows: Vec<Row>,
    /// Which of them speedup is against: Sequential, or the slowest where that does not race. `None` of several runs.
    pub baseline: Option<usize>,
    /// Whether all did the same work: the times of others do not compare.
    pub is_of_one_work: bool,
    /// Of several runs: which row each is told by.
    pub told_by: Vec<usize>,
}

/// One of runs that stand beside each other.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// What tells it from the others.
    pub mark: &'a str,
    /// The setting that it is told by: that of the model that was chosen. `None` for the fastest.
    pub chosen: Option<usize>,
    pub settings: &'a [Setting],
    pub figures: &'a [Figures],
}

/// Who won.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// Its place among the rows; `None` where nobody did, or nobody can tell.
    pub winner: Option<usize>,
    pub headline: String,
    /// What was measured of it, a sentence each.
    pub reasons: Vec<String>,
}

/// What waiting or packing must be at least of a model's wall time, on all lanes, to be worth a word.
const WORTH_A_WORD: f64 = 0.1;

impl Row {
    /// Says how many times faster it was than another, which it may be itself.
    fn compare(&mut self, is_itself: bool, against: &Repeats) {
        let itself = Ratio { value: 1.0, low: 1.0, high: 1.0 };
        self.speedup = self.wall.and_then(|wall| if is_itself { Some(itself) } else { speedup(against, &wall) });
        self.efficiency = self.speedup.zip(self.workers).map(|(speedup, workers)| speedup.efficiency(workers).value);
    }
}

impl Table {
    /// Reads what has been measured so far.
    pub fn of(settings: &[Setting], figures: &[Figures]) -> Table {
        Table::of_rows(settings.iter().enumerate().map(|(place, setting)| row(place, setting, figures)).collect())
    }

    /// The same of several runs: of each, the settings that are drawn. There is no baseline of all: speedup is against Sequential of
    /// the same run, where it has one.
    pub fn beside(sides: &[Side<'_>]) -> Table {
        let mut rows: Vec<Row> = Vec::new();
        let mut works = Vec::new();
        let mut baselines = Vec::new();
        let mut told_by = Vec::new();
        for Side { mark, chosen, settings, figures } in sides {
            let first = rows.len();
            for (place, setting) in settings.iter().enumerate().filter(|(_, setting)| setting.is_kept) {
                let label = format!("{mark}: {}", setting.title());
                if *chosen == Some(place) {
                    told_by.push(rows.len());
                }
                rows.push(Row { place: rows.len(), label, ..row(place, setting, figures) });
                works.push(&setting.job.workload);
                baselines.push((settings, figures));
            }
            if chosen.is_none() {
                let ended = rows[first..].iter().filter(|row| row.wall.is_some() && row.failed == 0);
                told_by.extend(ended.min_by_key(|row| row.wall.map(|wall| wall.median)).map(|row| row.place));
            }
        }
        let is_of_one_work = works.windows(2).all(|pair| pair[0].comes_to_the_same_as(pair[1]));
        if is_of_one_work {
            for (row, (settings, figures)) in rows.iter_mut().zip(baselines) {
                // What ran in turns with it.
                let of_side = settings.iter().position(|setting| setting.job.model == ModelKind::Sequential);
                if let Some(against) = of_side.and_then(|place| walls(figures, place)) {
                    row.compare(row.model == ModelKind::Sequential, &against);
                }
            }
        }
        Table { rows, baseline: None, is_of_one_work, told_by }
    }

    fn of_rows(mut rows: Vec<Row>) -> Table {
        let sequential = rows.iter().find(|row| row.model == ModelKind::Sequential);
        // One that races and has not ended yet is waited for.
        let baseline = match sequential {
            Some(row) => Some(row),
            None => rows.iter().filter(|row| row.wall.is_some()).max_by_key(|row| row.wall.map(|wall| wall.median)),
        };
        let baseline = baseline.and_then(|row| Some((row.place, row.wall?)));
        if let Some((place, against)) = baseline {
            for row in &mut rows {
                row.compare(row.place == place, &against);
            }
        }
        Table { rows, baseline: baseline.map(|(place, _)| place), is_of_one_work: true, told_by: Vec::new() }
    }

    /// The row that speedup is against.
    pub fn baseline(&self) -> Option<&Row> {
        self.rows.get(self.baseline?)
    }

    /// Who won, and why; of what was measured alone.
    pub fn verdict(&self) -> Option<Verdict> {
        if !self.is_of_one_work {
            return None;
        }
        if let [one, other] = self.told_by[..] {
            return self.verdict_of_two(self.rows.get(one)?, self.rows.get(other)?);
        }
        let mut ended: Vec<(&Row, Repeats)> = self.rows.iter().filter_map(|row| Some((row, row.wall?))).collect();
        // One of whose runs some failed is told, and wins nothing.
        ended.retain(|(row, _)| row.failed == 0);
        ended.sort_by_key(|(_, wall)| wall.median);
        let &(best, wall) = ended.first()?;
        let &(second, after) = ended.get(1)?;
        let close: Vec<&str> =
            ended.iter().filter(|(_, other)| other.low <= wall.high).map(|(row, _)| row.label.as_str()).collect();
        // A race that was stopped says nothing of those that did not run.
        let is_whole = self.rows.iter().all(|row| row.wall.is_some() || row.failed > 0);
        let of = if is_whole { "" } else { "Of those that ran: " };
        let none =
            |headline: String| Some(Verdict { winner: None, headline: format!("{of}{headline}"), reasons: Vec::new() });
        if ended.iter().any(|(_, wall)| wall.n == 1) {
            let spread = if ended.iter().all(|(_, wall)| wall.n == 1) {
                "One run each tells no spread: repeats would."
            } else {
                "Some ran only once, which tells no spread."
            };
            return none(format!(
                "Fastest this once: {}, {} before {} with {}. {spread}",
                best.label,
                format::duration(wall.median),
                second.label,
                format::duration(after.median),
            ));
        }
        if close.len() > 1 {
            let (mut least, mut most) = (f64::INFINITY, 0.0_f64);
            for (row, _) in ended.iter().filter(|(_, other)| other.low <= wall.high) {
                // Where the baseline is one of them, none is faster for certain.
                let speedup =
                    row.speedup.filter(|_| self.baseline != Some(row.place)).map_or(0.0, |speedup| speedup.value);
                (least, most) = (least.min(speedup), most.max(speedup));
            }
            let clear = self.baseline().filter(|_| least > 0.0).map(|baseline| {
                format!(" They are {} to {} as fast as {}.", format::ratio(least), format::ratio(most), baseline.label)
            });
            let close = format::list(&close);
            return none(format!("Too close to tell: the spreads of {close} overlap.{}", clear.unwrap_or_default()));
        }
        let headline = match (best.speedup, self.baseline()) {
            (Some(speedup), Some(baseline)) if baseline.place != best.place => format!(
                "{} won: {}, which is {} as fast as {}.",
                best.label,
                format::duration(wall.median),
                format::ratio(speedup.value),
                baseline.label
            ),
            _ => format!(
                "{} won: {}, before {} with {}.",
                best.label,
                format::duration(wall.median),
                second.label,
                format::duration(after.median)
            ),
        };
        Some(Verdict { winner: Some(best.place), headline: format!("{of}{headline}"), reasons: self.reasons(best) })
    }

    /// How one run stands to another, each told by one row. No reasons: of runs that were made at other times, perhaps elsewhere,
    /// more than the model makes the difference.
    fn verdict_of_two(&self, one: &Row, other: &Row) -> Option<Verdict> {
        let none = |headline: String| Some(Verdict { winner: None, headline, reasons: Vec::new() });
        let ends = |row: &Row| row.wall.filter(|_| row.failed == 0);
        let (Some(wall), Some(after)) = (ends(one), ends(other)) else {
            let failed: Vec<&str> =
                [one, other].into_iter().filter(|row| ends(row).is_none()).map(|row| row.label.as_str()).collect();
            return none(format!("No ratio: of {}, not every run ended every task by itself.", format::list(&failed)));
        };
        let is_first = wall.median <= after.median;
        let ((best, wall), (second, after)) =
            if is_first { ((one, wall), (other, after)) } else { ((other, after), (one, wall)) };
        let told = |row: &Row, wall: &Repeats| format!("{} ({})", row.label, format::duration(wall.median));
        let (best_told, second_told) = (told(best, &wall), told(second, &after));
        let ratio = speedup(&after, &wall).map(|ratio| format::ratio(ratio.value)).filter(|ratio| ratio != "1.00×");
        let Some(ratio) = ratio else {
            return none(format!("{best_told} took as long as {second_told}."));
        };
        let headline = format!("{best_told} was {ratio} as fast as {second_told}.");
        if wall.n == 1 || after.n == 1 {
            return none(format!(
                "{headline} One run tells no spread: with repeats you would see whether that is chance."
            ));
        }
        if after.low <= wall.high {
            return none(format!("Too close to tell: the spreads of {best_told} and {second_told} overlap."));
        }
        Some(Verdict { winner: Some(best.place), headline, reasons: Vec::new() })
    }

    fn reasons(&self, best: &Row) -> Vec<String> {
        let mut reasons = Vec::new();
        if best.computing > 1 {
            reasons.push(format!("Up to {} of its tasks computed at the same instant.", best.computing));
        } else if best.in_flight > 1 {
            let overlap = "Up to {} of its tasks were in flight at the same time, of which at most one computed";
            let gained = best.speedup.is_some_and(|speedup| speedup.low > 1.0) && self.baseline != Some(best.place);
            let overlap = overlap.replace("{}", &best.in_flight.to_string());
            reasons.push(overlap + if gained { ": what overlapped is waiting." } else { "." });
        } else {
            reasons.push(
                "It did one task at a time: here no other gained as much by overlapping them as it paid for that."
                    .to_owned(),
            );
        }
        for row in self.rows.iter().filter(|row| row.place != best.place) {
            let Some(wall) = row.wall else { continue };
            let is_much = |time: &Duration| time.as_secs_f64() > WORTH_A_WORD * wall.median.as_secs_f64();
            let label = &row.label;
            if let Some(lock) = row.lock.filter(is_much)
                && row.computing <= 1
            {
                let lock = format::duration(lock);
                reasons
                    .push(format!("{label} computed one at a time: its threads waited for the lock, {lock} in all."));
            }
            if let Some(messages) = row.messages.filter(is_much) {
                reasons.push(format!(
                    "{label} spent {} on packing and unpacking messages, on all lanes.",
                    format::duration(messages)
                ));
            }
        }
        reasons
    }
}

fn row(place: usize, setting: &Setting, figures: &[Figures]) -> Row {
    let median =
        |of: &dyn Fn(&Figures) -> Option<Duration>| repeats(figures, place, |figures| of(figures).unwrap_or_default());
    let all = || counted(figures, place);
    let any = |of: fn(&Figures) -> bool| all().any(of);
    let failures = || figures.iter().filter(|figures| figures.trial.setting == place && figures.failed.is_some());
    let job = &setting.job;
    let workers = job.model.has_workers().then(|| job.options.workers.min(job.workload.tasks()).max(1));
    Row {
        place,
        label: setting.title(),
        model: job.model,
        wall: walls(figures, place),
        failed: failures().count(),
        why: failures().next_back().and_then(|figures| figures.failed.clone()),
        speedup: None,
        efficiency: None,
        workers,
        in_flight: all().map(|figures| figures.in_flight).max().unwrap_or(0),
        computing: all().map(|figures| figures.computing).max().unwrap_or(0),
        memory_bytes: all().filter_map(|figures| figures.memory_bytes).max(),
        starting: median(&|figures| Some(figures.start_up)).map(|start| start.median),
        messages: median(&|figures| figures.messages)
            .filter(|_| any(|figures| figures.messages.is_some()))
            .map(|all| all.median),
        lock: median(&|figures| figures.lock).filter(|_| any(|figures| figures.lock.is_some())).map(|all| all.median),
    }
}

#[cfg(test)]
mod tests {
    use super::super::figures::made::figures;
    use super::*;
    use crate::model::plan::{Draft, ExperimentKind, WorkloadKind};

    const SEQUENTIAL: usize = 0;
    const THREADS: usize = 1;
    const CORES: usize = 2;

    fn settings(models: &[ModelKind]) -> Vec<Setting> {
        let mut draft = Draft::of(WorkloadKind::Primes, ModelKind::Cores);
        draft.experiment = ExperimentKind::Race;
        draft.racers = models.to_vec();
        draft.validate(2).unwrap().settings()
    }

    fn three() -> Vec<Setting> {
        settings(&[ModelKind::Sequential, ModelKind::Threads, ModelKind::Cores])
    }

    #[test]
    fn speedup_is_against_sequential_and_efficiency_by_the_workers() {
        let all = [figures(SEQUENTIAL, 1, 100, 1), figures(THREADS, 1, 125, 1), figures(CORES, 1, 50, 2)];
        let table = Table::of(&three(), &all);
        assert_eq!(table.baseline, Some(SEQUENTIAL));
        let speedups: Vec<_> = table.rows.iter().map(|row| row.speedup.map(|speedup| speedup.value)).collect();
        assert_eq!(speedups, [Some(1.0), Some(0.8), Some(2.0)]);
        assert_eq!((table.rows[CORES].workers, table.rows[CORES].efficiency), (Some(2), Some(1.0)));
        assert_eq!(table.rows[SEQUENTIAL].efficiency, None);
        let without = Table::of(
            &settings(&[ModelKind::Threads, ModelKind::Cores]),
            &[figures(0, 1, 90, 1), figures(1, 1, 30, 2)],
        );
        assert_eq!(without.baseline().map(|row| row.model), Some(ModelKind::Threads), "the slowest");
        assert_eq!(without.rows[1].speedup.map(|speedup| speedup.value), Some(3.0));
    }

    #[test]
    fn who_is_faster_than_the_spread_wins_and_the_reason_was_measured() {
        let mut all = Vec::new();
        for (round, ms) in (1..).zip([100, 101, 102]) {
            all.push(figures(SEQUENTIAL, round, ms, 1));
            let lock = Some(Duration::from_millis(90));
            all.push(Figures { lock, ..figures(THREADS, round, ms + 5, 1) });
            all.push(figures(CORES, round, ms / 2, 2));
        }
        let verdict = Table::of(&three(), &all).verdict().unwrap();
        assert_eq!(verdict.winner, Some(CORES));
        assert_eq!(verdict.headline, "Cores won: 50.0 ms, which is 2.02× as fast as Sequential.");
        assert_eq!(
            verdict.reasons,
            [
                "Up to 2 of its tasks computed at the same instant.",
                "Threads with a GIL computed one at a time: its threads waited for the lock, 90.0 ms in all."
            ]
        );
    }

    #[test]
    fn where_spreads_overlap_nobody_wins() {
        let mut all = Vec::new();
        for (round, (one, other)) in (1..).zip([(100, 98), (104, 101), (101, 103)]) {
            all.push(figures(SEQUENTIAL, round, one, 1));
            all.push(figures(CORES, round, other, 2));
            all.push(figures(THREADS, round, 500, 1));
        }
        let verdict = Table::of(&three(), &all).verdict().unwrap();
        assert_eq!(verdict.winner, None);
        assert_eq!(verdict.headline, "Too close to tell: the spreads of Sequential and Cores overlap.");
        let slow = [(SEQUENTIAL, 300), (SEQUENTIAL, 310), (CORES, 100), (CORES, 106), (THREADS, 104), (THREADS, 110)];
        let slow = slow.map(|(setting, wall)| figures(setting, 1, wall, 2));
        let verdict = Table::of(&three(), &slow).verdict().unwrap();
        assert_eq!(verdict.winner, None);
        let clear = "They are 2.85× to 2.96× as fast as Sequential.";
        assert!(verdict.headline.ends_with(clear), "{}", verdict.headline);
    }

    #[test]
    fn one_run_each_makes_nobody_win_and_one_that_failed_wins_nothing() {
        let once = [figures(SEQUENTIAL, 1, 100, 1), figures(CORES, 1, 50, 2)];
        let verdict = Table::of(&three(), &once).verdict().unwrap();
        assert_eq!(verdict.winner, None);
        // The race was stopped before Threads ran.
        assert!(verdict.headline.starts_with("Of those that ran: Fastest this once: Cores"), "{}", verdict.headline);
        let stopped = [&once[..], &[figures(THREADS, 1, 120, 1), figures(SEQUENTIAL, 2, 100, 1)]].concat();
        let verdict = Table::of(&three(), &stopped).verdict().unwrap();
        assert_eq!(verdict.winner, None, "in the second round only the first of them ran");
        assert!(verdict.headline.ends_with("Some ran only once, which tells no spread."), "{}", verdict.headline);
        let mut all = Vec::new();
        for round in 1..=2 {
            all.push(figures(SEQUENTIAL, round, 100, 1));
            all.push(figures(THREADS, round, 120, 1));
            all.push(Figures { failed: (round == 2).then(|| "died".to_owned()), ..figures(CORES, round, 50, 2) });
        }
        let table = Table::of(&three(), &all);
        assert_eq!((table.rows[CORES].failed, table.rows[CORES].why.as_deref()), (1, Some("died")));
        assert_eq!(table.verdict().unwrap().winner, Some(SEQUENTIAL));
        assert_eq!(Table::of(&three(), &all[..1]).verdict(), None, "nothing to compare with yet");
    }

    #[test]
    fn runs_beside_each_other_are_one_race_where_their_work_is_the_same() {
        let (one, mut two) = (settings(&[ModelKind::Sequential, ModelKind::Threads]), three());
        two.drain(..CORES);
        let of_one = [figures(0, 1, 100, 1), figures(0, 2, 102, 1), figures(1, 1, 120, 1), figures(1, 2, 121, 1)];
        let of_two = [figures(0, 1, 50, 2), figures(0, 2, 52, 2)];
        fn side<'a>(mark: &'a str, chosen: Option<usize>, settings: &'a [Setting], figures: &'a [Figures]) -> Side<'a> {
            Side { mark, chosen, settings, figures }
        }
        let table = Table::beside(&[side("A", Some(1), &one, &of_one), side("B", None, &two, &of_two)]);
        let labels: Vec<&str> = table.rows.iter().map(|row| row.label.as_str()).collect();
        assert_eq!(labels, ["A: Sequential", "A: Threads with a GIL", "B: Cores"]);
        let verdict = table.verdict().unwrap();
        assert_eq!(verdict.winner, Some(2));
        assert_eq!(verdict.headline, "B: Cores (51.0 ms) was 2.36× as fast as A: Threads with a GIL (121 ms).");
        assert_eq!(table.rows[2].speedup, None, "nothing ran one after another in turns with it");
        let fast = [figures(0, 1, 50, 1), figures(0, 2, 50, 1), figures(1, 1, 60, 1), figures(1, 2, 60, 1)];
        let twice = Table::beside(&[side("A", None, &one, &of_one), side("B", None, &one, &fast)]);
        let speedups = [1, 3].map(|place| twice.rows[place].speedup.map(|speedup| (speedup.value * 100.0).round()));
        assert_eq!(speedups, [Some(84.0), Some(83.0)], "each by Sequential of its own run");
        assert_eq!(twice.told_by, [0, 2], "the fastest of each");
        let headline = |of_two: &[Figures]| {
            let sides = [side("A", Some(1), &one, &of_one), side("B", Some(0), &two, of_two)];
            Table::beside(&sides).verdict().map(|verdict| (verdict.winner, verdict.headline)).unwrap()
        };
        assert!(headline(&[figures(0, 1, 50, 2)]).1.contains("One run tells no spread"));
        let close = [figures(0, 1, 110, 2), figures(0, 2, 125, 2)];
        assert!(headline(&close).1.starts_with("Too close to tell: the spreads of B: Cores"));
        assert!(headline(&of_one[2..3]).1.contains("No ratio: of B: Cores"), "{}", headline(&of_one[2..3]).1);
        let alike = [figures(0, 1, 120, 2), figures(0, 2, 121, 2)];
        assert!(headline(&alike).1.contains("took as long as"), "{}", headline(&alike).1);
        let mut other = two.clone();
        other[0].job.workload = crate::model::plan::Workload::Tiny { tasks: 8 };
        let table = Table::beside(&[side("A", None, &one, &of_one), side("B", None, &other, &of_two)]);
        assert_eq!((table.verdict(), table.rows[2].speedup), (None, None), "what differs does not compare");
        assert!(table.rows[2].wall.is_some());
    }
}
