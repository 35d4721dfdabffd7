//! Runs that come from elsewhere, and what leaves the page: opens, keeps, exports and imports.

use core::cell::{Cell, RefCell};
use core::time::Duration;
use std::rc::Rc;

use futures_channel::oneshot;
use gloo_timers::future::TimeoutFuture;
use js_sys::{Array, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{
    Blob, BlobPropertyBag, CanvasRenderingContext2d, File, HtmlAnchorElement, HtmlCanvasElement, HtmlImageElement,
    HtmlInputElement, Url, Window,
};

use super::drawing::drawing;
use super::filing::Filing;
use super::timeline::timeline_canvas;
use crate::app::{ChartFormat, FileTask, Made, Msg, OpenedLeg, OpenedRun, RUN_FILE_ID, RunsMsg, Source};
use crate::files::ask::{Answer, Ask, Format, Kept, Read};
use crate::insight::numbers::Context;
use crate::insight::{Numbers, Summary, words};
use crate::model::format;
use crate::model::fragment::draft_from_fragment;
use crate::model::outcome::Outcome;
use crate::model::run::{Place, Run, RunLeg};
use crate::model::trace::TaskLife;
use crate::timeline;

/// The most tasks of an open run that are listed.
const LISTED_MAX: usize = 100;

/// The timeline tells runs apart by their numbers: those of opened runs are above all that are made here.
const OPENED_FROM: u32 = 1 << 24;
/// More legs than any run has.
const LEGS_MAX: u32 = 256;

/// What is open, and the worker that handles files.
pub struct Shelf {
    window: Window,
    send: Box<dyn Fn(Msg)>,
    filing: Rc<Filing>,
    /// The run that is shown in the place of the one that was made last.
    opened: RefCell<Option<Rc<Read>>>,
    /// How many were opened.
    opened_count: Cell<u32>,
    /// A file that was dropped onto the page and is not yet read.
    dropped: RefCell<Option<File>>,
}

impl Shelf {
    pub fn new(window: Window, program_url: String, send: impl Fn(Msg) + 'static) -> Rc<Shelf> {
        let (filing, opened, dropped) = (Filing::new(program_url), RefCell::default(), RefCell::default());
        let opened_count = Cell::new(0);
        Rc::new(Shelf { window, send: Box::new(send), filing, opened, opened_count, dropped })
    }

    /// Which of the runs that were opened is shown, if any.
    pub fn open_number(&self) -> Option<u32> {
        self.is_open().then(|| self.opened_count.get())
    }

    /// Whether a run from elsewhere is shown.
    pub fn is_open(&self) -> bool {
        self.opened.borrow().is_some()
    }

    /// Shows the run that was made last.
    pub fn close(&self) {
        self.opened.take();
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

    /// Does what the app asks for. `legs` gives what was run last.
    pub fn perform(self: &Rc<Shelf>, task: FileTask, legs: impl FnOnce() -> Vec<RunLeg>) {
        let shelf = self.clone();
        match task {
            FileTask::Close => self.close(),
            FileTask::ExportPicture => self.export_picture(),
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
                let run = record(meta, legs());
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
            FileTask::Beside(made) => self.show_beside(&Read::of(record(made, legs()))),
            FileTask::KeepOpened => {
                let opened = self.opened.borrow().clone();
                match opened {
                    Some(read) => self.ask(Ask::Keep(read.run.clone()), listed, RunsMsg::Refused),
                    None => self.tell(RunsMsg::Refused("There is no open run to be kept.".to_owned())),
                }
            }
            FileTask::Import => spawn_local(async move { shelf.import().await }),
            FileTask::Export(format, meta) => {
                let run = self.shown(meta, legs);
                spawn_local(async move { shelf.export(run, format).await });
            }
            FileTask::OpenInSpeedscope(meta) => {
                let run = self.shown(meta, legs);
                spawn_local(async move { shelf.open_in_speedscope(run).await });
            }
        }
    }

    /// The run that is on the page.
    fn shown(&self, made: Made, legs: impl FnOnce() -> Vec<RunLeg>) -> Run {
        let opened = self.opened.borrow();
        opened.as_ref().map_or_else(|| record(made, legs()), |read| read.run.clone())
    }

    /// Asks for something that is answered by the list of kept runs.
    fn ask(self: &Rc<Shelf>, ask: Ask, listed: fn(Vec<Kept>, Option<u64>) -> RunsMsg, refused: fn(String) -> RunsMsg) {
        let shelf = self.clone();
        spawn_local(async move {
            match shelf.filing.ask(&ask, None).await {
                Ok((Answer::Kept { list, new }, _)) => shelf.tell(listed(list, new)),
                Ok((Answer::Refused(why), _)) => shelf.tell(refused(why)),
                Ok((Answer::Run { .. } | Answer::File, _)) => {}
                Err(error) => shelf.tell(refused(error.to_string())),
            }
        });
    }

    /// Asks for a run; what is refused is told.
    async fn run(&self, ask: Ask, file: Option<&File>) -> Option<(Read, Vec<String>)> {
        match self.filing_answer(ask, file).await? {
            (Answer::Run { read, remarks }, _) => Some((read, remarks)),
            _ => None,
        }
    }

    async fn filing_answer(&self, ask: Ask, file: Option<&File>) -> Option<(Answer, Option<Blob>)> {
        match self.filing.ask(&ask, file).await {
            Ok((Answer::Refused(why), _)) => {
                self.tell(RunsMsg::Refused(why));
                None
            }
            Ok(answer) => Some(answer),
            Err(error) => {
                self.tell(RunsMsg::Refused(error.to_string()));
                None
            }
        }
    }

    fn show(self: &Rc<Shelf>, read: Read, source: Source, id: Option<u64>, remarks: Vec<String>) {
        let read = Rc::new(read);
        let view = Rc::new(view(&read, source));
        self.opened.replace(Some(read.clone()));
        let count = self.opened_count.get() + 1;
        self.opened_count.set(count);
        self.tell(RunsMsg::Opened { run: view, id, remarks });
        let shelf = self.clone();
        spawn_local(async move { shelf.work_out(&read.run, count).await });
    }

    /// Works out the numbers of the legs of an open run, as long as it is open.
    async fn work_out(&self, run: &Run, count: u32) {
        let draft = run.plan.as_deref().and_then(|plan| draft_from_fragment(plan).ok());
        let Some(plan) = draft.and_then(|draft| draft.validate(run.place.cores).ok()) else { return };
        let clock_step = Duration::from_nanos(run.place.clock_step_ns.unwrap_or_default());
        for (place, leg) in run.legs.iter().enumerate() {
            let Some(model) = leg.model else { continue };
            let context = Context { model, workload: &plan.workload, cores: run.place.cores, clock_step };
            let mut numbers = Numbers::default();
            for stage in Numbers::STAGES {
                // A person is answered in between.
                TimeoutFuture::new(0).await;
                if self.opened_count.get() != count || !self.is_open() {
                    return;
                }
                stage(&leg.trace, &context, &mut numbers);
            }
            self.tell(RunsMsg::Numbers(place, Rc::new(numbers)));
        }
    }

    async fn open(self: &Rc<Shelf>, id: u64) {
        let count = self.opened_count.get();
        if let Some((read, remarks)) = self.run(Ask::Open(id), None).await
            && self.opened_count.get() == count
        {
            self.show(read, Source::Kept, Some(id), remarks);
        }
    }

    /// Shows the legs of two kept runs one under the other, on one axis.
    async fn compare(self: &Rc<Shelf>, first: u64, second: u64) {
        let count = self.opened_count.get();
        let Some((one, _)) = self.run(Ask::Open(first), None).await else { return };
        let Some((two, _)) = self.run(Ask::Open(second), None).await else { return };
        if self.opened_count.get() != count {
            return;
        }
        self.show(beside(&one, &two), Source::Compared, None, Vec::new());
    }

    /// Shows what was made last and what is open one under the other.
    fn show_beside(self: &Rc<Shelf>, made: &Read) {
        let opened = self.opened.borrow().clone();
        let Some(opened) = opened else { return self.tell(RunsMsg::Refused("There is no open run.".to_owned())) };
        self.show(beside(made, &opened), Source::Compared, None, Vec::new());
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
        let count = self.opened_count.get();
        let read = self.run(Ask::Import(file.name()), Some(&file)).await;
        // So that the same file may be chosen again.
        if let Some(input) = input {
            input.set_value("");
        }
        if let Some((read, remarks)) = read
            && self.opened_count.get() == count
        {
            self.show(read, Source::Imported, None, remarks);
        }
    }

    async fn export(&self, run: Run, format: Format) {
        let name = file_name(&run, format.ending());
        let Some((_, Some(file))) = self.filing_answer(Ask::Export(run, format), None).await else { return };
        if format == Format::Markdown && self.copy(&file).await.is_some() {
            return self.tell(RunsMsg::Done("Copied!"));
        }
        match self.download(&file, &name) {
            Ok(()) => self.tell(RunsMsg::Done("Exported")),
            Err(_) => self.tell(RunsMsg::Refused("The browser did not take the file. Try again.".to_owned())),
        }
    }

    async fn copy(&self, file: &Blob) -> Option<()> {
        let navigator = self.window.navigator();
        // Pages that are neither on https nor on localhost have no clipboard.
        let has_clipboard =
            Reflect::get(&navigator, &"clipboard".into()).is_ok_and(|clipboard| !clipboard.is_undefined());
        let text = JsFuture::from(file.text()).await.ok()?.as_string().filter(|_| has_clipboard)?;
        JsFuture::from(navigator.clipboard().write_text(&text)).await.ok().map(drop)
    }

    fn download(&self, file: &Blob, name: &str) -> Result<(), JsValue> {
        let address = Url::create_object_url_with_blob(file)?;
        let document = self.window.document().ok_or(JsValue::UNDEFINED)?;
        let link: HtmlAnchorElement = document.create_element("a")?.dyn_into()?;
        link.set_href(&address);
        link.set_download(name);
        link.click();
        Url::revoke_object_url(&address)
    }

    fn export_picture(self: &Rc<Shelf>) {
        let shelf = self.clone();
        let opened = self.opened.borrow();
        let name = opened.as_ref().map_or("overlap.png".to_owned(), |read| file_name(&read.run, "png"));
        drop(opened);
        let take = Closure::once_into_js(move |file: Option<Blob>| {
            let downloaded = file.is_some_and(|file| shelf.download(&file, &name).is_ok());
            shelf.tell(if downloaded {
                RunsMsg::Done("Exported")
            } else {
                RunsMsg::Refused("The browser made no picture: it may be too large. Try the other formats.".to_owned())
            });
        });
        let asked = timeline_canvas(&self.window).and_then(|canvas| canvas.to_blob(take.unchecked_ref()).ok());
        if asked.is_none() {
            self.tell(RunsMsg::Refused("There is no timeline to be exported yet. Run something first.".to_owned()));
        }
    }

    async fn export_chart(&self, id: &str, format: ChartFormat) -> Option<()> {
        let drawing = drawing(&self.window, id)?;
        let options = BlobPropertyBag::new();
        options.set_type("image/svg+xml");
        let svg = Blob::new_with_str_sequence_and_options(&Array::of1(&drawing.svg.as_str().into()), &options).ok()?;
        if format == ChartFormat::Svg {
            return self.download(&svg, &format!("{id}.svg")).ok();
        }
        let address = Url::create_object_url_with_blob(&svg).ok()?;
        let image = HtmlImageElement::new().ok()?;
        image.set_src(&address);
        let decoded = JsFuture::from(image.decode()).await;
        // It has been read, or never will be.
        let _ = Url::revoke_object_url(&address);
        decoded.ok()?;
        let ratio = self.window.device_pixel_ratio().max(2.0);
        let canvas: HtmlCanvasElement = self.window.document()?.create_element("canvas").ok()?.dyn_into().ok()?;
        canvas.set_width((drawing.width * ratio) as u32);
        canvas.set_height((drawing.height * ratio) as u32);
        let context: CanvasRenderingContext2d = canvas.get_context("2d").ok()??.dyn_into().ok()?;
        context.scale(ratio, ratio).ok()?;
        context
            .draw_image_with_html_image_element_and_dw_and_dh(&image, 0.0, 0.0, drawing.width, drawing.height)
            .ok()?;
        let (send, made) = oneshot::channel();
        let take = Closure::once_into_js(move |file: Option<Blob>| drop(send.send(file)));
        canvas.to_blob(take.unchecked_ref()).ok()?;
        self.download(&made.await.ok()??, &format!("{id}.png")).ok()
    }

    /// speedscope lies beside the page, and reads the file from the page's memory.
    async fn open_in_speedscope(&self, run: Run) {
        let title = run.title();
        let asked = self.filing_answer(Ask::Export(run, Format::Chrome), None).await;
        let Some((_, Some(file))) = asked else { return };
        let opened = Url::create_object_url_with_blob(&file).and_then(|address| {
            let part = |text: &str| String::from(js_sys::encode_uri_component(text));
            let page = format!("speedscope/index.html#profileURL={}&title={}", part(&address), part(&title));
            // The address stays valid while this page is open, as that one may be loaded anew.
            self.window.open_with_url_and_target(&page, "_blank")
        });
        self.tell(match opened {
            Ok(Some(_)) => RunsMsg::Done("Opened"),
            _ => RunsMsg::Refused(
                "The browser let no page open. Allow pop-ups for this page, then try again.".to_owned(),
            ),
        });
    }
}

fn listed(list: Vec<Kept>, new: Option<u64>) -> RunsMsg {
    RunsMsg::Listed { list, new }
}

/// The record of a run that was made now.
fn record(made: Made, legs: Vec<RunLeg>) -> Run {
    let Made { plan, place } = made;
    Run { name: String::new(), made_ms: js_sys::Date::now() as u64, place, plan, legs }
}

/// The legs of two runs in one.
fn beside(one: &Read, two: &Read) -> Read {
    let summaries = [one, two].into_iter().flat_map(|read| read.summaries.iter().cloned()).collect();
    let (one, two) = (&one.run, &two.run);
    let legs = [("A", one), ("B", two)].into_iter().flat_map(|(mark, run)| {
        run.legs.iter().map(move |leg| RunLeg { title: format!("{mark}: {}", leg.title), ..leg.clone() })
    });
    let name = format!("{} beside {}", one.title(), two.title());
    // What holds for one of them only is said of none.
    let place = if one.place == two.place { one.place.clone() } else { Place::default() };
    Read { run: Run { name, made_ms: 0, place, plan: None, legs: legs.collect() }, summaries }
}

/// What a file is called: by the run, in letters that every system takes.
fn file_name(run: &Run, ending: &str) -> String {
    let letter = |c: char| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let name: String = run.title().chars().take(40).map(letter).collect();
    let name = name.trim_matches('-');
    format!("{}.{ending}", if name.is_empty() { "overlap" } else { name })
}

/// What is shown of an open run beside its timeline.
fn view(Read { run, summaries }: &Read, source: Source) -> OpenedRun {
    let leg = |(leg, summary): (&RunLeg, &Summary)| {
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
    };
    OpenedRun {
        source,
        title: run.title(),
        made_ms: run.made_ms,
        place: run.place.clone(),
        plan: run.plan.clone(),
        legs: run.legs.iter().zip(summaries).map(leg).collect(),
    }
}
