//! Break-even: at which size of a task, or of its message, a pool of processes takes less time than one task after another.

use super::break_even::{BreakEven, Sample, break_even};
use super::figures::repeats;
use super::repeats::{Ratio, Repeats, speedup};
use crate::model::experiment::{Place, Setting, carrier_label};
use crate::model::figures::Figures;
use crate::model::format;
use crate::model::plan::{Carrier, ModelKind, Workload};
use core::time::Duration;

/// A pool beside Sequential at one size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SweepPoint {
    /// How much each task is given, in the unit of the control that is swept.
    pub size: u32,
    /// What the axis shows: the bytes that each task is given, or how many seconds one took under Sequential.
    pub x: f64,
    pub sequential: Repeats,
    pub pool: Repeats,
    /// Against Sequential, without what starting takes.
    pub speedup: Ratio,
    /// The same with it, on both sides.
    pub with_start: Ratio,
}

/// A pool whose data travels in one way, at each size.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    pub carrier: Carrier,
    pub points: Vec<SweepPoint>,
    /// Where it pays, without and with what starting takes, as far as the spreads tell; `None` where they tell it at no size.
    pub pays: Option<BreakEven>,
    pub pays_with_start: Option<BreakEven>,
    /// At how many sizes the spreads do not tell whether it pays without what starting takes.
    pub unclear: usize,
}

/// The whole sweep, as far as it has been measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Sweep {
    pub lines: Vec<Line>,
    /// Whether the axis shows bytes; otherwise it shows seconds of a task.
    pub is_of_bytes: bool,
}

impl Sweep {
    /// Reads what has been measured so far.
    pub fn of(settings: &[Setting], figures: &[Figures]) -> Sweep {
        let is_of_bytes =
            settings.first().is_some_and(|setting| matches!(setting.job.workload, Workload::Large { .. }));
        let mut lines: Vec<Line> = Vec::new();
        let mut sequential = None;
        for (place, setting) in settings.iter().enumerate() {
            if setting.job.model == ModelKind::Sequential {
                sequential = times(figures, place);
                continue;
            }
            let (carrier, Place::Size(size)) = (setting.job.options.pool.carrier, setting.place) else { continue };
            if lines.iter().all(|line| line.carrier != carrier) {
                lines.push(Line { carrier, points: Vec::new(), pays: None, pays_with_start: None, unclear: 0 });
            }
            let line = lines.iter_mut().find(|line| line.carrier == carrier);
            let (Some(line), Some(one), Some(pool)) = (line, sequential, times(figures, place)) else { continue };
            let task_s = one.0.median.as_secs_f64() / f64::from(setting.job.workload.tasks().max(1));
            let x = if is_of_bytes { f64::from(size) * 1_024.0 } else { task_s };
            if let (Some(faster), Some(with_start)) = (speedup(&one.0, &pool.0), speedup(&one.1, &pool.1)) {
                let (sequential, pool) = (one.0, pool.0);
                line.points.push(SweepPoint { size, x, sequential, pool, speedup: faster, with_start });
            }
        }
        for line in &mut lines {
            // Nobody wins by chance: where the spreads overlap, neither pays nor does not.
            let samples = |of: fn(&SweepPoint) -> Ratio| -> Vec<Sample> {
                let is_told = |ratio: &Ratio| ratio.low > 1.0 || ratio.high < 1.0 || ratio.low == ratio.high;
                let told = line.points.iter().filter(|point| is_told(&of(point)));
                told.map(|point| Sample { size: point.x, pool_s: 1.0, sequential_s: of(point).value }).collect()
            };
            let (without, with) = (samples(|point| point.speedup), samples(|point| point.with_start));
            line.unclear = line.points.len() - without.len();
            (line.pays, line.pays_with_start) = (break_even(&without), break_even(&with));
        }
        Sweep { lines, is_of_bytes }
    }

    /// A place of the axis, as a person reads it.
    pub fn x_label(&self, x: f64) -> String {
        if self.is_of_bytes { binary(x) } else { format::duration(Duration::from_secs_f64(x.clamp(0.0, 1e6))) }
    }

    /// What it says, a sentence for each way in which data travels; those of which the same is to be said share one.
    pub fn words(&self) -> Vec<String> {
        let mut said: Vec<(String, Vec<&str>)> = Vec::new();
        for line in &self.lines {
            if line.points.is_empty() {
                continue;
            }
            let Some(found) = line.pays else {
                let words = "takes as long as one task after another, as far as the spreads tell".to_owned();
                match said.iter_mut().find(|(known, _)| *known == words) {
                    Some((_, carriers)) => carriers.push(carrier_words(line.carrier)),
                    None => said.push((words, vec![carrier_words(line.carrier)])),
                }
                continue;
            };
            let with_start = match line.pays_with_start {
                Some(with) if with != found => {
                    format!("; with the start of its processes counted, it {}", self.pays(with))
                }
                _ => String::new(),
            };
            let unclear = match line.unclear {
                0 => String::new(),
                sizes => format!("; at {} the spreads overlap, which tells nothing", format::count(sizes, "size")),
            };
            let words = format!("{}{with_start}{unclear}", self.pays(found));
            match said.iter_mut().find(|(known, _)| *known == words) {
                Some((_, carriers)) => carriers.push(carrier_words(line.carrier)),
                None => said.push((words, vec![carrier_words(line.carrier)])),
            }
        }
        let many = self.lines.len() > 1;
        let sentence = |(words, carriers): (String, Vec<&str>)| {
            let who = if many { format!("By {}, a", format::list(&carriers)) } else { "A".to_owned() };
            format!("{who} pool of processes {words}.")
        };
        let mut words: Vec<String> = said.into_iter().map(sentence).collect();
        let points = || self.lines.iter().flat_map(|line| &line.points);
        if points().any(|point| point.pool.n == 1) {
            words.push("One run of each tells no spread: repeats would.".to_owned());
        }
        words
    }

    fn pays(&self, found: BreakEven) -> String {
        let of = if self.is_of_bytes { "for each task" } else { "a task" };
        match found {
            BreakEven::Never => "pays at none of the sizes that were measured".to_owned(),
            BreakEven::Always => "pays at every size that was measured".to_owned(),
            BreakEven::From(size) => format!("pays from about {} {of} on", self.x_label(size)),
            BreakEven::UpTo(size) => format!("pays up to about {} {of}", self.x_label(size)),
            BreakEven::Unclear => "pays at some sizes and not at others, in no order".to_owned(),
        }
    }
}

/// Wall times, and the same with what starting took.
fn times(figures: &[Figures], setting: usize) -> Option<(Repeats, Repeats)> {
    let wall = repeats(figures, setting, |figures| figures.wall)?;
    Some((wall, repeats(figures, setting, |figures| figures.wall + figures.start_up)?))
}

fn carrier_words(carrier: Carrier) -> &'static str {
    if carrier == Carrier::Shared { "shared memory" } else { carrier_label(carrier) }
}

/// Bytes in the units of 1,024 in which they are asked for.
fn binary(bytes: f64) -> String {
    if bytes < 1_024.0 * 1_024.0 {
        format!("{} KiB", format::fixed(bytes / 1_024.0, if bytes < 10_240.0 { 1 } else { 0 }))
    } else {
        format!("{} MiB", format::fixed(bytes / (1_024.0 * 1_024.0), 1))
    }
}

#[cfg(test)]
mod tests {
    use super::super::figures::made::figures;
    use super::*;
    use crate::model::plan::{Draft, ExperimentKind, WorkloadKind};

    fn settings(workload: WorkloadKind) -> Vec<Setting> {
        let mut draft = Draft::of(workload, ModelKind::Processes);
        draft.experiment = ExperimentKind::BreakEven;
        draft.validate(2).unwrap().settings()
    }

    /// Of each setting one trial that takes as long as `of` says of its size and model, in milliseconds.
    fn measured(settings: &[Setting], of: impl Fn(u32, &Setting) -> u64) -> Vec<Figures> {
        let trial = |(place, setting): (usize, &Setting)| {
            let Place::Size(size) = setting.place else { panic!("{setting:?}") };
            let start = if setting.job.model == ModelKind::Processes { 50 } else { 0 };
            Figures { start_up: Duration::from_millis(start), ..figures(place, 1, of(size, setting), 1) }
        };
        settings.iter().enumerate().map(trial).collect()
    }

    #[test]
    fn the_crossing_lies_between_the_sizes_around_it_and_starting_moves_it_out() {
        let settings = settings(WorkloadKind::Primes);
        // Sequential takes a millisecond for 10,000; two processes half of it, and 10 ms for messages.
        let of = |size: u32, setting: &Setting| {
            let alone = u64::from(size / 10_000) + 1;
            if setting.job.model == ModelKind::Sequential { alone } else { alone / 2 + 10 }
        };
        let sweep = Sweep::of(&settings, &measured(&settings, of));
        let [line] = &sweep.lines[..] else { panic!("{sweep:?}") };
        let (Some(BreakEven::From(without)), Some(BreakEven::From(with))) = (line.pays, line.pays_with_start) else {
            panic!("{line:?}")
        };
        // 20 ms of eight tasks: 2.5 ms each.
        assert!((0.001..0.007).contains(&without), "{without}");
        assert!(with > without, "{with}");
        let words = sweep.words();
        assert!(words[0].starts_with("A pool of processes pays from about "), "{words:?}");
        assert!(words[0].contains("; with the start of its processes counted, it pays from about "), "{words:?}");
    }

    #[test]
    fn carriers_stand_beside_each_other_by_the_size_of_their_messages() {
        let settings = settings(WorkloadKind::Large);
        let of = |size: u32, setting: &Setting| match (setting.job.model, setting.job.options.pool.carrier) {
            (ModelKind::Sequential, _) => 10 + u64::from(size),
            (_, Carrier::Copy) => 20 + 2 * u64::from(size),
            (_, _) => 20 + u64::from(size) / 2,
        };
        let sweep = Sweep::of(&settings, &measured(&settings, of));
        assert!(sweep.is_of_bytes);
        let pays: Vec<_> = sweep.lines.iter().map(|line| (line.carrier, line.pays)).collect();
        assert_eq!(pays[0], (Carrier::Copy, Some(BreakEven::Never)));
        let Some(BreakEven::From(bytes)) = pays[2].1 else { panic!("{pays:?}") };
        assert!((16.0 * 1024.0..64.0 * 1024.0).contains(&bytes), "{bytes}");
        let words = sweep.words();
        assert_eq!(words.len(), 3, "transfer and shared share a sentence");
        assert_eq!(words[2], "One run of each tells no spread: repeats would.");
        assert_eq!(words[0], "By copy, a pool of processes pays at none of the sizes that were measured.");
        assert!(
            words[1].starts_with("By transfer and shared memory, a pool of processes pays from about "),
            "{words:?}"
        );
    }

    #[test]
    fn before_anything_is_measured_nothing_is_said() {
        let settings = settings(WorkloadKind::Sort);
        assert_eq!(Sweep::of(&settings, &[]).words(), Vec::<String>::new());
    }
}
