//! Runs that come from elsewhere, and what leaves the page: opens, keeps, exports and imports.

mod leaving;

use core::cell::{Cell, RefCell};
use std::rc::Rc;

use gloo_timers::future::TimeoutFuture;
use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::{File, HtmlInputElement, Window};

use super::filing::{Answered, Filing, FilingError};
use super::timeline::timeline_room;
use crate::app::{FileTask, JobOfLeg, Made, Msg, OpenedRun, RUN_FILE_ID, RunsMsg, Source, beside};
use crate::files::ask::{Answer, Ask, Kept, Picture, Read, Room};
use crate::insight::{self, Numbers};
use crate::model::figures::Figures;
use crate::model::packed;
use crate::model::run::{Run, RunLeg};
use crate::platform::clock::ahead_minutes;
use crate::timeline;

/// The timeline tells runs apart by their numbers: those of opened runs are above all that are made here.
const OPENED_FROM: u32 = 1 << 24;
/// More legs than any run has.
const LEGS_MAX: u32 = 256;

/// How many spans are taken in before a person is answered: some milliseconds' worth.
const TAKEN_AT_ONCE: usize = 1 << 16;

/// What the page has of the run that was made last.
#[derive(Default)]
pub struct Recorded {
    /// Of each setting, the run that is drawn.
    pub legs: Vec<RunLeg>,
    /// Of each trial.
    pub figures: Vec<Figures>,
    /// How many trials were over when it ended.
    pub trials_over: usize,
}

/// What is open, and the worker that handles files.
pub struct Shelf {
    window: Window,
    send: Box<dyn Fn(Msg)>,
    filing: Rc<Filing>,
    /// The run that is shown in the place of the one that was made last.
    opened: RefCell<Option<Rc<Read>>>,
    /// What is seen of a run while it is taken in.
    picture: RefCell<Option<Rc<Picture>>>,
    /// The picture that the tasks of the open run computed, where they did.
    computed: RefCell<Option<Rc<insight::Picture>>>,
    /// How many were opened.
    opened_count: Cell<u32>,
    /// When the run that was made last ended, in milliseconds since the Unix epoch.
    made_ms: Cell<u64>,
    /// A file that was dropped onto the page and is not yet read.
    dropped: RefCell<Option<File>>,
}

impl Shelf {
    pub fn new(window: Window, program_url: String, send: impl Fn(Msg) + 'static) -> Rc<Shelf> {
        Rc::new(Shelf {
            window,
            send: Box::new(send),
            filing: Filing::new(program_url),
            opened: RefCell::default(),
            picture: RefCell::default(),
            computed: RefCell::default(),
            opened_count: Cell::default(),
            made_ms: Cell::default(),
            dropped: RefCell::default(),
        })
    }

    /// Which of the runs that were opened is shown, if any.
    pub fn open_number(&self) -> Option<u32> {
        self.is_open().then(|| self.opened_count.get())
    }

    /// Whether a run from elsewhere is shown.
    pub fn is_open(&self) -> bool {
        self.opened.borrow().is_some() || self.picture.borrow().is_some()
    }

    /// What is to be seen of a run that is not here as a whole yet.
    pub fn picture(&self) -> Option<Rc<Picture>> {
        self.picture.borrow().clone()
    }

    /// The picture that the tasks of the open run computed, where they did.
    pub fn computed(&self) -> Option<Rc<insight::Picture>> {
        self.computed.borrow().clone()
    }

    /// Shows the run that was made last.
    pub fn close(&self) {
        self.opened.take();
        self.computed.take();
        self.picture.take();
        // What is still being read is not wanted any more.
        self.opened_count.set(self.opened_count.get() + 1);
    }

    /// Takes a file that was dropped, to be imported.
    pub fn drop_file(&self, file: File) {
        self.dropped.replace(Some(file));
        self.tell(RunsMsg::Chosen);
    }

    /// Gives what is open as the timeline draws it; whether anything is.
    pub fn with_legs(&self, act: &mut dyn FnMut(&[timeline::Leg<'_>])) -> bool {
        if self.picture.borrow().is_some() {
            // Nothing can be done with it yet.
            act(&[]);
            return true;
        }
        let opened = self.opened.borrow();
        let Some(read) = opened.as_ref() else { return false };
        let number = OPENED_FROM + self.opened_count.get() * LEGS_MAX;
        let legs: Vec<_> = (number..).zip(&read.run.legs).map(|(number, leg)| timeline::Leg::of(number, leg)).collect();
        act(&legs);
        true
    }

    fn tell(&self, msg: RunsMsg) {
        (self.send)(Msg::Runs(msg));
    }

    /// Does what the app asks for. `recorded` gives what was run last.
    pub fn perform(self: &Rc<Shelf>, task: FileTask, recorded: impl FnOnce() -> Recorded) {
        let shelf = self.clone();
        match task {
            FileTask::Close => self.close(),
            FileTask::ExportChart(id, format) => spawn_local(async move {
                let told = match shelf.export_chart(id, format).await {
                    Some(()) => RunsMsg::Done("Exported"),
                    None => {
                        RunsMsg::Refused("The browser made no picture of this chart. Try the other format.".to_owned())
                    }
                };
                shelf.tell(told);
            }),
            FileTask::List => self.ask(Ask::List, listed, RunsMsg::Refused),
            FileTask::Keep(meta) => {
                self.made_ms.set(js_sys::Date::now() as u64);
                let run = self.record(meta, recorded());
                // What was stopped before it began has nothing to be kept.
                if run.legs.is_empty() {
                    self.tell(RunsMsg::NotKept(None));
                } else {
                    let kept = |list, new| RunsMsg::Kept { list, new };
                    self.ask(Ask::Keep(run), kept, |why| RunsMsg::NotKept(Some(why)));
                }
            }
            FileTask::Name(id, name) => self.ask(Ask::Name(id, name), listed, RunsMsg::Refused),
            FileTask::Remove(id) => self.ask(Ask::Remove(id), listed, RunsMsg::Refused),
            FileTask::Open(id) => spawn_local(async move { shelf.open(id).await }),
            FileTask::Compare(first, second) => spawn_local(async move { shelf.compare(first, second).await }),
            FileTask::Beside(made) => self.show_beside(&Read::of(self.record(made, recorded()))),
            FileTask::KeepOpened => {
                let opened = self.opened.borrow().clone();
                match opened {
                    Some(read) => self.ask(Ask::Keep(read.run.clone()), listed, RunsMsg::Refused),
                    None => self.tell(RunsMsg::Refused("There is no open run to be kept.".to_owned())),
                }
            }
            FileTask::Import => spawn_local(async move { shelf.import().await }),
            FileTask::Export(format, meta) => {
                let run = self.shown(meta, recorded);
                spawn_local(async move { shelf.export(run, format).await });
            }
            FileTask::ExportPicture(meta) => {
                let run = self.shown(meta, recorded);
                spawn_local(async move { shelf.export_picture(run).await });
            }
            FileTask::OpenInSpeedscope(meta) => {
                let run = self.shown(meta, recorded);
                spawn_local(async move { shelf.open_in_speedscope(run).await });
            }
        }
    }

    /// The record of the run that was made last.
    fn record(&self, Made { work, plan, place }: Made, Recorded { legs, figures, trials_over }: Recorded) -> Run {
        Run {
            name: String::new(),
            work,
            made_ms: self.made_ms.get(),
            place,
            plan,
            figures: Some(figures),
            trials_over: u32::try_from(trials_over).ok(),
            legs,
        }
    }

    /// The run that is on the page.
    fn shown(&self, made: Made, recorded: impl FnOnce() -> Recorded) -> Run {
        let opened = self.opened.borrow();
        opened.as_ref().map_or_else(|| self.record(made, recorded()), |read| read.run.clone())
    }

    /// Asks for something that is answered by the list of kept runs.
    fn ask(self: &Rc<Shelf>, ask: Ask, listed: fn(Vec<Kept>, Option<u64>) -> RunsMsg, refused: fn(String) -> RunsMsg) {
        let shelf = self.clone();
        spawn_local(async move {
            match shelf.filing.ask(&ask, None).await {
                Ok(Answered { answer: Answer::Kept { list, new }, .. }) => shelf.tell(listed(list, new)),
                Ok(Answered { answer: Answer::Refused(why), .. }) => shelf.tell(refused(why)),
                Ok(_) => {}
                Err(error) => shelf.tell(refused(error.to_string())),
            }
        });
    }

    /// Asks for a run; what is refused is told. Where it is the only one that is asked for, and comes from `source`, a long one is
    /// seen before it is taken in.
    async fn run(&self, ask: Ask, file: Option<&File>, source: Option<Source>) -> Option<(Read, Vec<String>)> {
        let asked = self.opened_count.get();
        let Answered { answer: Answer::Run { mut read, remarks }, spans, .. } = self.answer(ask, file).await? else {
            return None;
        };
        if self.opened_count.get() != asked {
            return None;
        }
        let picture = source.zip(read.picture.take());
        let is_seen = picture.is_some();
        if let Some((source, picture)) = picture {
            self.picture.replace(Some(Rc::new(picture)));
            self.computed.take();
            // What is still worked out of the run before is not wanted any more.
            self.opened_count.set(asked + 1);
            self.tell(RunsMsg::Opening(Rc::new(opened(&read, source))));
        }
        let count = self.opened_count.get();
        let is_wanted = || self.opened_count.get() == count;
        if take_in(&mut read.run, &spans, is_wanted).await.is_none() {
            if is_wanted() {
                self.tell(RunsMsg::Refused(FilingError::Garbled.to_string()));
                if is_seen {
                    self.tell(RunsMsg::Close);
                }
            }
            return None;
        }
        Some((*read, remarks)).filter(|_| is_wanted())
    }

    async fn answer(&self, ask: Ask, file: Option<&File>) -> Option<Answered> {
        match self.filing.ask(&ask, file).await {
            Ok(Answered { answer: Answer::Refused(why), .. }) => {
                self.tell(RunsMsg::Refused(why));
                None
            }
            Ok(answered) => Some(answered),
            Err(error) => {
                self.tell(RunsMsg::Refused(error.to_string()));
                None
            }
        }
    }

    /// The room that a run is going to be seen in.
    fn room(&self) -> Option<Room> {
        timeline_room(&self.window)
    }

    fn show(self: &Rc<Shelf>, read: Read, run: OpenedRun, id: Option<u64>, remarks: Vec<String>) {
        let jobs: Vec<_> = run.legs.iter().map(|leg| leg.job.clone()).collect();
        let read = Rc::new(read);
        self.opened.replace(Some(read.clone()));
        self.computed.replace(run.picture(&read.run).map(Rc::new));
        self.picture.take();
        let count = self.opened_count.get() + 1;
        self.opened_count.set(count);
        self.tell(RunsMsg::Opened { run: Rc::new(run), id, remarks });
        let shelf = self.clone();
        spawn_local(async move { shelf.work_out(&read.run, &jobs, count).await });
    }

    /// Works out the numbers of the legs of an open run, as long as it is open.
    async fn work_out(&self, run: &Run, jobs: &[Option<Rc<JobOfLeg>>], count: u32) {
        for (place, (leg, job)) in run.legs.iter().zip(jobs).enumerate() {
            let Some(job) = job else { continue };
            let mut numbers = Numbers::default();
            for stage in Numbers::STAGES {
                // A person is answered in between.
                TimeoutFuture::new(0).await;
                if self.opened_count.get() != count || !self.is_open() {
                    return;
                }
                stage(&leg.trace, &job.context(), &mut numbers);
            }
            self.tell(RunsMsg::Numbers(place, Rc::new(numbers)));
        }
    }

    async fn open(self: &Rc<Shelf>, id: u64) {
        if let Some((read, remarks)) = self.run(Ask::Open(id, self.room()), None, Some(Source::Kept)).await {
            let run = opened(&read, Source::Kept);
            self.show(read, run, Some(id), remarks);
        }
    }

    /// Shows the legs of two kept runs one under the other, on one axis.
    async fn compare(self: &Rc<Shelf>, first: u64, second: u64) {
        let count = self.opened_count.get();
        let Some((one, _)) = self.run(Ask::Open(first, None), None, None).await else { return };
        let Some((two, _)) = self.run(Ask::Open(second, None), None, None).await else { return };
        if self.opened_count.get() == count {
            self.show_two(&one, &two);
        }
    }

    fn show_two(self: &Rc<Shelf>, one: &Read, two: &Read) {
        let read = beside(one, two);
        let run = OpenedRun::of_two(&read, one, two, ahead_minutes);
        self.show(read, run, None, Vec::new());
    }

    /// Shows what was made last and what is open one under the other.
    fn show_beside(self: &Rc<Shelf>, made: &Read) {
        let opened = self.opened.borrow().clone();
        let Some(opened) = opened else { return self.tell(RunsMsg::Refused("There is no open run.".to_owned())) };
        if opened.run.made_ms == made.run.made_ms && opened.run.legs.len() == made.run.legs.len() {
            let text = "This is the run that was made last: there is nothing else to show it beside. Run something, or open another.";
            return self.tell(RunsMsg::Refused(text.to_owned()));
        }
        self.show_two(made, &opened);
    }

    async fn import(self: &Rc<Shelf>) {
        let dropped = self.dropped.take();
        let input = self.window.document().and_then(|document| document.get_element_by_id(RUN_FILE_ID));
        let input = input.and_then(|input| input.dyn_into::<HtmlInputElement>().ok());
        let chosen = || input.as_ref()?.files()?.get(0);
        // What is chosen is taken away below, so that it is never an old one.
        let Some(file) = chosen().or(dropped) else {
            return self.tell(RunsMsg::Refused("No file was chosen.".to_owned()));
        };
        let read = self.run(Ask::Import(file.name(), self.room()), Some(&file), Some(Source::Imported)).await;
        // So that the same file may be chosen again.
        if let Some(input) = input {
            input.set_value("");
        }
        if let Some((read, remarks)) = read {
            let run = opened(&read, Source::Imported);
            self.show(read, run, None, remarks);
        }
    }
}

fn opened(read: &Read, source: Source) -> OpenedRun {
    OpenedRun::of(read, source, ahead_minutes(read.run.made_ms))
}

fn listed(list: Vec<Kept>, new: Option<u64>) -> RunsMsg {
    RunsMsg::Listed { list, new }
}

/// Gives the lanes of a run their spans, those of each lane after those of the one before. `None` if they are none, or if the run
/// is not wanted any more.
async fn take_in(run: &mut Run, spans: &Array, is_wanted: impl Fn() -> bool) -> Option<()> {
    let mut taken = 0;
    let mut bytes = Vec::new();
    let lanes = run.legs.iter_mut().flat_map(|leg| Rc::make_mut(&mut leg.trace).lanes.values_mut());
    for (place, lane) in (0..).zip(lanes) {
        let rows: Uint8Array = spans.get(place).dyn_into().ok()?;
        let length = rows.length();
        lane.spans.reserve_exact(length as usize / packed::ROW);
        let mut from = 0;
        while from < length {
            let to = length.min(from + (TAKEN_AT_ONCE * packed::ROW) as u32);
            // Into the place of those before: memory that is new takes longer than all else here.
            bytes.resize((to - from) as usize, 0);
            rows.subarray(from, to).copy_to(&mut bytes);
            packed::unpack(&bytes, &mut lane.spans).ok()?;
            taken += bytes.len() / packed::ROW;
            from = to;
            if taken >= TAKEN_AT_ONCE {
                taken = 0;
                TimeoutFuture::new(0).await;
                if !is_wanted() {
                    return None;
                }
            }
        }
    }
    Some(())
}
