//! The page's edge: does what the app asks for, and tells it what happens.

use core::cell::{Cell, RefCell};
use core::time::Duration;
use std::rc::{Rc, Weak};

use gloo_timers::callback::Timeout;
use gloo_timers::future::TimeoutFuture;
use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{DragEvent, HtmlElement, HtmlInputElement, KeyboardEvent, Window};

use super::environment::{environment, start_network};
use super::image::SharedImage;
use super::picture;
use super::session::Session;
use super::shelf::Shelf;
use super::timeline::Timeline;
use crate::app::{Effect, Environment, Msg, PROGRAM_ID, STAGE_ID};
use crate::platform::clock::now_ms;

/// How long "copied" is said, in milliseconds.
const COPIED_MS: u32 = 2_500;

/// How often events are drained while threads compute, in milliseconds; otherwise it is once a frame.
const BUSY_DRAIN_MS: u32 = 50;

/// The id of the link in `index.html` that names the program of the processes.
const PROCESS_IMAGE_ID: &str = "process-image";

/// And that which names the program that handles files.
const FILES_IMAGE_ID: &str = "files-image";

/// How often the picture is painted while a thread computes, in milliseconds, unless a person handles it. Where there is no GPU, 60
/// pictures a second take half a core: of two, who waits for a lock then waits for a core as well, and a tenth of the time is lost.
const BUSY_PAINT_MS: f64 = 100.0;

type FrameClosure = Closure<dyn FnMut(f64)>;

/// The browser's window, as the app uses it. Lives as long as the page.
pub struct Page {
    window: Window,
    session: Rc<Session>,
    /// Runs that come from elsewhere.
    shelf: Rc<Shelf>,
    send: Rc<dyn Fn(Msg)>,
    timeline: Rc<Timeline>,
    /// The one owner of requestAnimationFrame.
    frame: RefCell<Option<FrameClosure>>,
    frame_is_asked_for: Cell<bool>,
    /// Which run from elsewhere was painted last.
    painted_open: Cell<Option<u32>>,
    /// When the picture was painted last while a run went on.
    painted_ms: Cell<f64>,
    /// When events are drained, or the picture is painted, next, while threads compute.
    next_drain: RefCell<Option<Timeout>>,
}

impl core::fmt::Debug for Page {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Page").finish_non_exhaustive()
    }
}

impl Page {
    /// Joins the app, which is told through `send`, to the window. `None` outside a window.
    pub fn open(send: Rc<dyn Fn(Msg)>) -> Option<Rc<Page>> {
        let window = web_sys::window()?;
        let environment = environment(&window);
        let page = Rc::new_cyclic(|page: &Weak<Page>| {
            let tell = |page: Weak<Page>| {
                let told = send.clone();
                move |msg| {
                    told(msg);
                    // What was told is also to be seen in the picture, the last state of a run above all.
                    if let Some(page) = page.upgrade() {
                        page.ask_for_frame();
                    }
                }
            };
            let clock_step = Duration::from_secs_f64(environment.clock_step_us.unwrap_or_default() / 1e6);
            let image = SharedImage::new(image_url(&window, PROCESS_IMAGE_ID, "href"));
            let session = Session::new(environment.cores, clock_step, image, tell(page.clone()));
            let shelf = Shelf::new(window.clone(), image_url(&window, FILES_IMAGE_ID, "content"), tell(page.clone()));
            let timeline = {
                let (made, opened, told, page) = (session.clone(), shelf.clone(), send.clone(), page.clone());
                Timeline::new(
                    window.clone(),
                    move |act| {
                        // A run from elsewhere is shown in the place of the one that was made last.
                        if !opened.with_legs(act) {
                            made.with_legs(act);
                        }
                    },
                    move || {
                        if let Some(page) = page.upgrade() {
                            page.ask_for_frame();
                        }
                    },
                    move |view| told(Msg::Timeline(view)),
                )
            };
            Page {
                window,
                session,
                shelf,
                send,
                timeline,
                frame: RefCell::default(),
                frame_is_asked_for: Cell::default(),
                painted_open: Cell::default(),
                painted_ms: Cell::default(),
                next_drain: RefCell::default(),
            }
        });
        let of_frame = page.clone();
        page.frame.replace(Some(Closure::new(move |now_ms| of_frame.on_frame(now_ms))));
        page.listen();
        page.session.load_ahead();
        page.tell_environment(environment);
        page.tell_fragment();
        Some(page)
    }

    /// Does what the app asks for.
    pub fn perform(self: &Rc<Page>, effect: Effect) {
        match effect {
            Effect::Timeline(command) => self.timeline.command(command),
            Effect::Run(plan) => {
                self.timeline.reset();
                self.shelf.close();
                self.painted_open.set(None);
                self.session.run(plan);
                self.ask_for_frame();
                self.show_stage(false);
            }
            Effect::ShowError => self.show_error(),
            Effect::ShowStage => self.show_stage(true),
            Effect::ReadPrograms => self.read_programs(),
            Effect::AddProgram(name, bytes) => self.session.add_program(name, bytes),
            Effect::Stop => self.session.stop(),
            Effect::SetFragment(fragment) => {
                if let Ok(history) = self.window.history() {
                    // Typing makes no history: Back leaves the page, as it does everywhere.
                    let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&format!("#{fragment}")));
                }
            }
            Effect::CopyLink(fragment) => self.copy_link(&fragment),
            Effect::Files(task) => {
                self.shelf.perform(task, || self.session.record());
                self.ask_for_frame();
            }
        }
    }

    fn on_frame(self: &Rc<Page>, now_ms: f64) {
        self.frame_is_asked_for.set(false);
        self.session.drain();
        if !self.session.is_running() {
            self.paint(now_ms);
            return;
        }
        let told = self.session.is_to_be_told(now_ms);
        if told {
            // Apart from the frame, which paints the picture and lays the page out: both at once would hold up a person.
            let session = self.session.clone();
            spawn_local(async move {
                TimeoutFuture::new(0).await;
                session.tell_if_running();
            });
        }
        if !self.session.draws_little() {
            self.paint(now_ms);
            self.painted_ms.set(now_ms);
            if self.session.keeps_a_core_at_work() {
                self.drain_without_frames();
            } else {
                self.ask_for_frame();
            }
            return;
        }
        if told || self.timeline.wants_frame() {
            self.paint(now_ms);
        }
        self.drain_without_frames();
    }

    /// Drains events until it is time to paint. Even a frame in which nothing changes costs the browser something, so there are none
    /// until then.
    fn drain_without_frames(self: &Rc<Page>) {
        let page = self.clone();
        let drain = move || {
            page.session.drain();
            let waits = if page.session.draws_little() {
                !page.session.is_due(now_ms())
            } else {
                page.session.keeps_a_core_at_work() && now_ms() - page.painted_ms.get() < BUSY_PAINT_MS
            };
            if waits {
                page.drain_without_frames();
            } else {
                page.ask_for_frame();
            }
        };
        // In the place of the one before, which it cancels: whoever else asks for a frame adds none of these.
        self.next_drain.replace(Some(Timeout::new(BUSY_DRAIN_MS, drain)));
    }

    fn paint(&self, now_ms: f64) {
        let open = self.shelf.open_number();
        if self.painted_open.replace(open) != open {
            self.timeline.reset();
        }
        match self.shelf.picture() {
            Some(picture) => self.timeline.paint_picture(&picture),
            None => self.timeline.paint(now_ms),
        }
        // Its canvas comes with the numbers, which may be a moment later.
        if let Some(seen) = self.shelf.computed() {
            let _ = picture::paint(&self.window, &seen);
        } else if let Some(seen) = self.session.picture().filter(|_| !self.shelf.is_open()) {
            let _ = picture::paint(&self.window, &seen);
        }
    }

    /// Asks for one frame, however often it is called before it comes.
    pub fn ask_for_frame(&self) {
        if !self.frame_is_asked_for.replace(true)
            && let Some(frame) = &*self.frame.borrow()
        {
            let _ = self.window.request_animation_frame(frame.as_ref().unchecked_ref());
        }
    }

    fn listen(self: &Rc<Page>) {
        let (page, of_fragment) = (self.clone(), self.clone());
        // These live as long as the page does.
        let repaint = Closure::<dyn FnMut()>::new(move || page.ask_for_frame()).into_js_value();
        let fragment = Closure::<dyn FnMut()>::new(move || of_fragment.tell_fragment()).into_js_value();
        let (send, timeline) = (self.send.clone(), self.timeline.clone());
        // On the window: nothing need have the focus.
        let key = Closure::<dyn FnMut(KeyboardEvent)>::new(move |event: KeyboardEvent| {
            if event.key() == "Enter" && (event.ctrl_key() || event.meta_key()) {
                event.prevent_default();
                send(Msg::Run);
            } else if timeline.key(&event) {
                event.prevent_default();
            }
        })
        .into_js_value();
        let shelf = self.shelf.clone();
        // Files may be dropped anywhere; without these two, the browser would leave the page for the file.
        let over = Closure::<dyn FnMut(DragEvent)>::new(|event: DragEvent| event.prevent_default()).into_js_value();
        let dropped = Closure::<dyn FnMut(DragEvent)>::new(move |event: DragEvent| {
            if let Some(file) = event.data_transfer().and_then(|data| data.files()).and_then(|files| files.get(0)) {
                event.prevent_default();
                shelf.drop_file(file);
            }
        })
        .into_js_value();
        let _ = self.window.add_event_listener_with_callback("dragover", over.unchecked_ref());
        let _ = self.window.add_event_listener_with_callback("drop", dropped.unchecked_ref());
        let _ = self.window.add_event_listener_with_callback("keydown", key.unchecked_ref());
        let _ = self.window.add_event_listener_with_callback("resize", repaint.unchecked_ref());
        let _ = self.window.add_event_listener_with_callback("hashchange", fragment.unchecked_ref());
        if let Ok(Some(query)) = self.window.match_media("(prefers-color-scheme: dark)") {
            let _ = query.add_event_listener_with_callback("change", repaint.unchecked_ref());
        }
    }

    fn tell_environment(self: &Rc<Page>, environment: Environment) {
        (self.send)(Msg::Environment(environment.clone()));
        let (page, environment) = (self.clone(), RefCell::new(environment));
        spawn_local(async move {
            start_network(&page.window, |network| {
                environment.borrow_mut().network = network;
                (page.send)(Msg::Environment(environment.borrow().clone()));
            })
            .await;
        });
    }

    fn tell_fragment(&self) {
        let fragment = self.window.location().hash().unwrap_or_default();
        (self.send)(Msg::Fragment(fragment.trim_start_matches('#').to_owned()));
    }

    /// Reads what was chosen, and hands it on.
    fn read_programs(self: &Rc<Page>) {
        let input = self.window.document().and_then(|document| document.get_element_by_id(PROGRAM_ID));
        let files = input.and_then(|input| input.dyn_into::<HtmlInputElement>().ok()?.files());
        let Some(files) = files else { return };
        for file in (0..files.length()).filter_map(|index| files.get(index)) {
            let page = self.clone();
            spawn_local(async move {
                // One that is gone meanwhile cannot be read, and is not listed.
                if let Ok(buffer) = JsFuture::from(file.array_buffer()).await {
                    (page.send)(Msg::Program { name: file.name(), bytes: Uint8Array::new(&buffer).to_vec() });
                }
            });
        }
    }

    fn copy_link(self: &Rc<Page>, fragment: &str) {
        let href = self.window.location().href().unwrap_or_default();
        let link = format!("{}#{fragment}", href.split('#').next().unwrap_or_default());
        let page = self.clone();
        spawn_local(async move {
            // Pages that are neither on https nor on localhost have no clipboard.
            let has_clipboard = Reflect::has(&page.window.navigator(), &"clipboard".into()).unwrap_or(false);
            let copied =
                has_clipboard && JsFuture::from(page.window.navigator().clipboard().write_text(&link)).await.is_ok();
            (page.send)(Msg::Copied(if copied { Ok(()) } else { Err(()) }));
            TimeoutFuture::new(COPIED_MS).await;
            (page.send)(Msg::CopiedSaid);
        });
    }

    /// Brings what happens onto the screen, where it is below it, as on a phone; and `above`, where it was asked for from further down.
    /// Who runs a plan while they look at a part of the last run stays there.
    fn show_stage(&self, above: bool) {
        let stage = self.window.document().and_then(|document| document.get_element_by_id(STAGE_ID));
        let height = self.window.inner_height().ok().and_then(|height| height.as_f64());
        if let (Some(stage), Some(height)) = (stage, height)
            && let top = stage.get_bounding_client_rect().top()
            && (top > height / 2.0 || above && top < 0.0)
        {
            stage.scroll_into_view();
        }
    }

    /// Takes a person to the first control that is wrong.
    fn show_error(&self) {
        let wrong =
            self.window.document().and_then(|document| document.query_selector("[aria-invalid='true']").ok()?);
        if let Some(wrong) = wrong.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
            let _ = wrong.focus();
        }
    }
}

/// Where the page says that a program is. Nowhere is an address that nothing can be loaded from.
fn image_url(window: &Window, id: &str, attribute: &str) -> String {
    let link = window.document().and_then(|document| document.get_element_by_id(id));
    let address = link.and_then(|link| link.get_attribute(attribute)).unwrap_or_default();
    let base = window.document().and_then(|document| document.base_uri().ok().flatten()).unwrap_or_default();
    web_sys::Url::new_with_base(&address, &base).map(|url| url.href()).unwrap_or_default()
}
