//! What is kept of the runs of one setting: the one that is being made, and some of those that are over, of which one is drawn.

use core::sync::atomic::{AtomicU32, Ordering};
use core::time::Duration;
use std::rc::Rc;

use super::commands::Written;
use crate::app::LegView;
use crate::insight::repeats::Repeats;
use crate::insight::{Numbers, Summary};
use crate::model::experiment::Setting;
use crate::model::outcome::RunEnd;
use crate::model::run::Output;
use crate::model::trace::Trace;

/// The most runs of a setting that are kept whole: those nearest to the median, one of which is drawn.
const KEPT_MAX: usize = 5;

/// One run, as it was recorded.
pub(super) struct Run {
    pub trace: Rc<Trace>,
    /// What its programs wrote, where its work are commands.
    pub written: Option<Written>,
    /// `None` while it is being made.
    pub end: Option<RunEnd>,
    wall: Duration,
    counts: bool,
    /// Which of all runs of the page it is.
    pub number: u32,
}

impl Run {
    /// Its trace, to be written on. Nobody shares that of a run that is being made, so that nothing is copied.
    pub fn trace_mut(&mut self) -> &mut Trace {
        Rc::make_mut(&mut self.trace)
    }

    /// What its programs wrote, as text.
    pub fn output(&self) -> Option<Output> {
        let written = self.written.as_ref()?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Some(Output { stdout: text(&written.stdout), stderr: text(&written.stderr), cut_bytes: written.cut_bytes })
    }
}

/// How many runs were begun.
static BEGUN: AtomicU32 = AtomicU32::new(0);

/// The runs of one setting.
pub(super) struct Leg {
    /// Its setting, by place.
    pub place: usize,
    pub setting: Setting,
    live: Option<Run>,
    over: Vec<Run>,
    /// Of those that count, kept or not.
    walls: Vec<Duration>,
    /// The numbers of the run that is drawn, once they were worked out.
    numbers: Option<Rc<Numbers>>,
    /// What was told of it last, once its run has ended: that does not change any more.
    told: Option<Rc<LegView>>,
}

impl Leg {
    /// A setting of which nothing was run yet.
    pub fn new(place: usize, setting: Setting) -> Leg {
        Leg { place, setting, live: None, over: Vec::new(), walls: Vec::new(), numbers: None, told: None }
    }

    /// Begins a run.
    pub fn begin(&mut self, trace: Trace, written: Option<Written>) {
        let number = BEGUN.fetch_add(1, Ordering::Relaxed);
        self.live = Some(Run { trace: trace.into(), written, end: None, wall: Duration::ZERO, counts: false, number });
        (self.told, self.numbers) = (None, None);
    }

    /// The run that is being made.
    pub fn live(&mut self) -> Option<&mut Run> {
        self.live.as_mut()
    }

    /// Ends the run, which took `wall`. One that counts takes the place of those that do not.
    pub fn end(&mut self, end: RunEnd, wall: Duration, counts: bool) {
        let Some(mut run) = self.live.take() else { return };
        self.told = None;
        (run.end, run.counts, run.wall) = (Some(end), counts, wall);
        if counts {
            self.walls.push(run.wall);
            self.over.retain(|run| run.counts);
        } else if self.over.iter().any(|run| run.counts) {
            return;
        } else {
            self.over.clear();
        }
        self.over.push(run);
        if self.over.len() > KEPT_MAX {
            let median = self.median();
            let farthest = (0..self.over.len()).max_by_key(|place| self.over[*place].wall.abs_diff(median));
            if let Some(place) = farthest {
                self.over.remove(place);
            }
        }
    }

    fn median(&self) -> Duration {
        Repeats::of(&self.walls, 0).map_or(Duration::ZERO, |repeats| repeats.median)
    }

    /// The run that is drawn: the one that is being made, or that whose wall time is nearest to the median of all.
    pub fn shown(&self) -> Option<&Run> {
        let median = self.median();
        self.live.as_ref().or_else(|| self.over.iter().min_by_key(|run| run.wall.abs_diff(median)))
    }

    /// Takes the numbers of the run that is drawn.
    pub fn set_numbers(&mut self, numbers: Numbers) {
        (self.numbers, self.told) = (Some(Rc::new(numbers)), None);
    }

    /// What is told of it.
    pub fn view(&mut self, limit_ms: Option<u32>) -> Option<Rc<LegView>> {
        if let Some(told) = &self.told {
            return Some(told.clone());
        }
        let run = self.shown()?;
        let (end, output) = (run.end.clone(), run.output());
        let view = LegView::of(self.place, &self.setting, &run.trace, Summary::of(&run.trace), end, output, limit_ms);
        let view = Rc::new(LegView { numbers: self.numbers.clone(), ..view });
        self.told = view.end.is_some().then(|| view.clone());
        Some(view)
    }
}
