//! The scaling curve: how wall time falls with workers, the law of it, and where it stops to fall; and what the cores are worth.

use super::figures::{counted, walls};
use super::repeats::{Ratio, Repeats, speedup};
use super::scaling::{Fit, Law, Point, fit, fit_as};
use crate::model::experiment::{Place, Setting};
use crate::model::figures::Figures;
use crate::model::format;

/// What was measured with so many workers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CurvePoint {
    pub workers: u32,
    pub wall: Repeats,
    /// Against one worker; of one itself 1.
    pub speedup: Ratio,
    /// At most, in any of its runs.
    pub computing: u32,
}

/// A curve as far as it has been measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// By the number of workers.
    pub points: Vec<CurvePoint>,
    /// The law of those up to `fit_to`, if they are enough for one, and any number of workers gains more than the spread.
    pub fit: Option<Fit>,
    /// What its serial fraction may be within the spreads, if there are any: the least and the most.
    pub serial: Option<(f64, f64)>,
    /// Up to how many workers a law can hold: those beyond the cores have none to compute on.
    pub fit_to: u32,
    /// The least workers that are as fast as the fastest, within the spread of both.
    pub enough: u32,
}

/// What the cores are worth together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cores {
    /// The most work that was done at once, in that of one thread alone.
    pub worth: Ratio,
    /// With how many threads.
    pub threads: u32,
    pub n: usize,
}

/// The least and the most serial fraction of a law where any one of the walls, or all of them as far from each other as they may be,
/// stand at an end of their spreads.
fn serial_within(fit: &Fit, points: &[&CurvePoint], medians: &[Point]) -> (f64, f64) {
    let (mut least, mut most) = (fit.serial, fit.serial);
    let mut consider = |walls: &[Point]| {
        if let Some(other) = fit_as(fit.law, walls) {
            (least, most) = (least.min(other.serial), most.max(other.serial));
        }
    };
    let mut walls = medians.to_vec();
    for (place, point) in points.iter().enumerate() {
        for wall in [point.wall.low, point.wall.high] {
            walls[place].wall_s = wall.as_secs_f64();
            consider(&walls);
        }
        walls[place] = medians[place];
    }
    for one_is_slow in [false, true] {
        for (wall, point) in walls.iter_mut().zip(points) {
            let is_slow = one_is_slow == (point.workers == 1);
            wall.wall_s = if is_slow { point.wall.high } else { point.wall.low }.as_secs_f64();
        }
        consider(&walls);
    }
    (least, most)
}

fn workers_of(setting: &Setting) -> Option<u32> {
    if let Place::Workers(workers) = setting.place { Some(workers) } else { None }
}

impl Curve {
    /// Reads what has been measured so far; `None` before one worker alone was. `cores` bounds the law where tasks compute.
    pub fn of(settings: &[Setting], figures: &[Figures], cores: u32) -> Option<Curve> {
        let measured: Vec<(usize, u32, Repeats)> = settings
            .iter()
            .enumerate()
            .filter_map(|(place, setting)| Some((place, workers_of(setting)?, walls(figures, place)?)))
            .collect();
        let (_, 1, one) = *measured.first()? else { return None };
        let points: Vec<CurvePoint> = measured
            .iter()
            .filter_map(|(place, workers, wall)| {
                let itself = Ratio { value: 1.0, low: 1.0, high: 1.0 };
                let speedup = if *workers == 1 { itself } else { speedup(&one, wall)? };
                let computing = counted(figures, *place).map(|figures| figures.computing).max().unwrap_or(0);
                Some(CurvePoint { workers: *workers, wall: *wall, speedup, computing })
            })
            .collect();
        let most = points.last()?.workers;
        let fit_to = if settings.first()?.job.workload.computes() { cores.clamp(1, most) } else { most };
        let fastest = points.iter().min_by_key(|point| point.wall.median)?;
        let enough = points.iter().find(|point| point.wall.low <= fastest.wall.high)?.workers;
        let of_law: Vec<&CurvePoint> = points.iter().filter(|point| point.workers <= fit_to && enough > 1).collect();
        let median = |point: &&CurvePoint| Point { workers: point.workers, wall_s: point.wall.median.as_secs_f64() };
        let medians: Vec<Point> = of_law.iter().map(median).collect();
        // Two points fit any such law.
        let fit = if medians.len() > 2 { fit(&medians) } else { None };
        let has_spread = points.iter().all(|point| point.wall.n > 1);
        let serial = fit.filter(|_| has_spread).map(|fit| serial_within(&fit, &of_law, &medians));
        Some(Curve { fit, serial, fit_to, enough, points })
    }

    /// How far up a picture of it goes whose highest point is `highest`, both in times as fast as one worker. Far above what was
    /// measured the ideal line says nothing more; what was measured above that line, on a machine that has other work, is drawn too.
    pub fn top(&self, highest: f64) -> f64 {
        let most = self.points.last().map_or(1, |point| point.workers);
        f64::from(most).min((highest * 1.6).ceil().max(2.0)).max(highest)
    }

    /// What it says, a sentence each. What is not measured is called by its name.
    pub fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        let Some(fastest) = self.points.iter().min_by_key(|point| point.wall.median) else { return words };
        let count = |workers: u32| format::count(workers as usize, "worker");
        if self.points.len() > 1 {
            words.push(if self.enough == 1 {
                format!("Measured: no number of workers is faster than one{}.", self.beyond(" by more than the spread"))
            } else if self.enough < self.points[self.points.len() - 1].workers {
                format!(
                    "Measured: {} are {} as fast as one; more gain nothing{}.",
                    count(self.enough),
                    format::ratio(self.speedup_with(self.enough)),
                    self.beyond(" beyond the spread"),
                )
            } else {
                let (most, gain) = (count(fastest.workers), format::ratio(fastest.speedup.value));
                format!("Measured: {most}, the most that were tried, are {gain} as fast as one.")
            });
        }
        if let Some(fit) = self.fit {
            words.push(self.law(&fit));
        } else if self.enough > 1 && self.fit_to <= 2 {
            words.push(if self.points.last().is_some_and(|most| most.workers > self.fit_to) {
                let cores = format::count(self.fit_to as usize, "core");
                format!("No law can be derived: workers beyond {cores} take turns, and up to there any law would fit.")
            } else {
                "From two numbers of workers no law can be derived: any would fit.".to_owned()
            });
        }
        words
    }

    /// Words on the spread, which is known only where each was run more than once.
    fn beyond(&self, spread: &'static str) -> &'static str {
        if self.points.iter().all(|point| point.wall.n > 1) {
            spread
        } else {
            ", by one run each, which tells no spread"
        }
    }

    fn speedup_with(&self, workers: u32) -> f64 {
        self.points.iter().find(|point| point.workers == workers).map_or(1.0, |point| point.speedup.value)
    }

    fn law(&self, fit: &Fit) -> String {
        let percent = |share: f64| format!("{} %", format::fixed(share * 100.0, if share < 0.1 { 1 } else { 0 }));
        let of = format!("Derived, from {} to {}:", format::count(1, "worker"), self.fit_to);
        let within = match self.serial {
            Some((least, most)) if percent(least) != percent(most) => {
                format!(" ({} to {} within the spread)", percent(least), percent(most))
            }
            _ => String::new(),
        };
        let serial = format!("{of} {} of the work{within} is done by one at a time", percent(fit.serial));
        match (fit.law, fit.knee(), fit.bound()) {
            (Law::Amdahl, Some(knee), Some(bound)) => format!(
                "{serial} (Amdahl’s law). With cores without end it would be {} at most; from about {} workers on, each adds less than \
                 half of itself.",
                format::ratio(bound),
                format::fixed(knee, 0)
            ),
            (Law::Usl, Some(knee), _) => format!(
                "{serial}, and workers cost each other time (Universal Scalability Law). Beyond about {} workers, more take \
                 longer.",
                format::fixed(knee, 0)
            ),
            _ => format!("{of} no part of the work{within} is done by one at a time; each worker adds all of itself."),
        }
    }
}

impl Cores {
    /// What so many threads got done at once, each as much as one alone: settings of `Experiment::Cores`.
    pub fn of(settings: &[Setting], figures: &[Figures]) -> Option<Cores> {
        let one = walls(figures, 0)?;
        let worth = settings.iter().enumerate().filter_map(|(place, setting)| {
            let (threads, wall) = (workers_of(setting)?, walls(figures, place)?);
            let Ratio { value, low, high } = speedup(&one, &wall)?;
            let rate = f64::from(threads);
            let worth = if threads == 1 {
                Ratio { value: 1.0, low: 1.0, high: 1.0 }
            } else {
                Ratio { value: value * rate, low: low * rate, high: high * rate }
            };
            Some(Cores { worth, threads, n: wall.n })
        });
        worth.max_by(|one, other| one.worth.value.total_cmp(&other.worth.value))
    }
}

#[cfg(test)]
mod tests {
    use super::super::figures::made::figures;
    use super::*;
    use crate::model::plan::{Draft, ExperimentKind, ModelKind, Param, Plan, WorkloadKind};

    fn settings(workload: WorkloadKind, most: u32) -> Vec<Setting> {
        let mut draft = Draft::of(workload, ModelKind::FreeThreads);
        draft.experiment = ExperimentKind::Scaling;
        draft.set_text(Param::UpTo, most.to_string());
        draft.validate(4).unwrap().settings()
    }

    fn measured(walls: &[u64]) -> Vec<Figures> {
        walls.iter().enumerate().map(|(setting, wall)| figures(setting, 1, *wall, 1)).collect()
    }

    #[test]
    fn a_curve_that_scales_to_the_cores_says_where_it_ends_and_fits_no_law_beyond() {
        let curve = Curve::of(&settings(WorkloadKind::Primes, 6), &measured(&[120, 60, 40, 30, 30, 30]), 4).unwrap();
        assert_eq!((curve.points.len(), curve.enough, curve.fit_to), (6, 4, 4));
        assert!(curve.fit.is_some_and(|fit| fit.serial < 1e-6), "{:?}", curve.fit);
        let words = curve.words();
        assert_eq!(
            words[0],
            "Measured: 4 workers are 4.00× as fast as one; more gain nothing, by one run each, which tells no spread."
        );
        assert!(words[1].contains("no part of the work is done by one at a time"), "{}", words[1]);
    }

    #[test]
    fn a_serial_part_is_found_and_said() {
        // A fifth of 100 ms is done by one at a time.
        let curve = Curve::of(&settings(WorkloadKind::Primes, 4), &measured(&[100, 60, 47, 40]), 4).unwrap();
        assert!(curve.fit.is_some_and(|fit| (fit.serial - 0.2).abs() < 0.01), "{:?}", curve.fit);
        assert!(curve.words()[1].starts_with("Derived, from 1 worker to 4: 20 % of the work"), "{:?}", curve.words());
    }

    fn measured_twice() -> Vec<Figures> {
        [(0, 100), (0, 101), (1, 60), (1, 61)].map(|(setting, wall)| figures(setting, 1, wall, 1)).to_vec()
    }

    #[test]
    fn what_is_serial_is_told_within_the_spread() {
        let settings = settings(WorkloadKind::Primes, 4);
        // A fifth of 100 ms is done by one at a time, more or less.
        let walls = [(0, [90, 100, 110]), (1, [56, 60, 64]), (2, [44, 47, 50]), (3, [38, 40, 42])];
        let measured = walls.iter().flat_map(|(setting, walls)| walls.map(|wall| figures(*setting, 1, wall, 1)));
        let curve = Curve::of(&settings, &measured.collect::<Vec<_>>(), 4).unwrap();
        assert!(curve.fit.is_some_and(|fit| (fit.serial - 0.2).abs() < 0.01), "{:?}", curve.fit);
        let words = &curve.words()[1];
        assert!(words.contains("20 % of the work (") && words.contains(" within the spread) is done"), "{words}");
        let two = Curve::of(&settings, &measured_twice(), 2).unwrap();
        assert_eq!((two.fit, two.serial), (None, None));
        assert!(two.words()[1].starts_with("From two numbers of workers no law"), "{:?}", two.words());
        let beyond = Curve::of(&settings, &self::measured(&[100, 60, 61, 62]), 2).unwrap();
        assert!(
            beyond.words()[1].starts_with("No law can be derived: workers beyond 2 cores take turns"),
            "{beyond:?}"
        );
    }

    #[test]
    fn the_law_lies_within_its_spread_whichever_wall_is_uneven() {
        let settings = settings(WorkloadKind::Primes, 8);
        let walls = [(0, [100, 100, 101]), (1, [52, 55, 75]), (3, [32, 32, 33]), (7, [21, 21, 22])];
        let figures = walls.iter().flat_map(|(setting, walls)| walls.map(|wall| figures(*setting, 1, wall, 1)));
        let curve = Curve::of(&settings, &figures.collect::<Vec<_>>(), 8).unwrap();
        let (fit, (least, most)) = (curve.fit.unwrap(), curve.serial.unwrap());
        assert!(least < fit.serial && fit.serial < most, "{least} {} {most}", fit.serial);
    }

    #[test]
    fn a_picture_holds_what_was_measured_above_the_ideal() {
        let curve = Curve::of(&settings(WorkloadKind::Primes, 2), &measured(&[130, 60]), 2).unwrap();
        let speedup = curve.points[1].speedup;
        assert!(speedup.high > 2.0 && curve.top(speedup.high) >= speedup.high, "{speedup:?}");
        let most =
            Curve::of(&settings(WorkloadKind::Primes, 8), &measured(&[80, 40, 40, 40, 40, 40, 40, 40]), 2).unwrap();
        assert_eq!((curve.top(1.9), most.top(2.0)), (2.0, 4.0), "nor does it go far above that");
    }

    #[test]
    fn what_gains_nothing_says_so_and_waiting_needs_no_cores() {
        let curve = Curve::of(&settings(WorkloadKind::Primes, 4), &measured(&[100, 101, 103, 102]), 4).unwrap();
        assert_eq!((curve.enough, curve.fit), (1, None), "there is nothing that a law could be of");
        assert!(curve.words()[0].contains("no number of workers is faster than one"), "{:?}", curve.words());
        let waits = Curve::of(&settings(WorkloadKind::Sleep, 4), &measured(&[400, 200, 200, 100]), 1).unwrap();
        assert_eq!((waits.fit_to, waits.enough), (4, 4));
        assert_eq!(Curve::of(&settings(WorkloadKind::Primes, 4), &[figures(1, 1, 50, 1)], 4), None);
    }

    #[test]
    fn cores_are_worth_what_as_many_threads_get_done_in_the_time_of_one() {
        let settings = Plan::of_cores(2).settings();
        let cores = Cores::of(&settings, &measured(&[100, 104, 156, 208])).unwrap();
        assert_eq!(cores.n, 1);
        assert!((cores.worth.value - 1.923).abs() < 0.001, "{cores:?}");
    }
}
