//! The page's edge: does what the app asks for, and tells it what happens.

use core::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use gloo_timers::callback::Timeout;
use gloo_timers::future::TimeoutFuture;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::Window;

use super::canvas::{self, Painter};
use super::environment::{environment, start_network};
use super::session::Session;
use crate::app::{Effect, Environment, Msg};

/// How long "copied" is said, in milliseconds.
const COPIED_MS: u32 = 2_500;

/// How often events are drained while every core is at work, in milliseconds; otherwise it is once a frame.
const BUSY_DRAIN_MS: u32 = 50;

type FrameClosure = Closure<dyn FnMut(f64)>;

/// The browser's window, as the app uses it. Lives as long as the page.
pub struct Page {
    window: Window,
    session: Rc<Session>,
    send: Rc<dyn Fn(Msg)>,
    painter: RefCell<Painter>,
    /// The one owner of requestAnimationFrame.
    frame: RefCell<Option<FrameClosure>>,
    frame_is_asked_for: Cell<bool>,
    /// When events are drained next, while every core is at work.
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
            let (told, page) = (send.clone(), page.clone());
            let session = Session::new(environment.cores, move |msg| {
                told(msg);
                // What was told is also to be seen in the picture, the last state of a run above all.
                if let Some(page) = page.upgrade() {
                    page.ask_for_frame();
                }
            });
            Page {
                window,
                session,
                send,
                painter: RefCell::default(),
                frame: RefCell::default(),
                frame_is_asked_for: Cell::default(),
                next_drain: RefCell::default(),
            }
        });
        let of_frame = page.clone();
        page.frame.replace(Some(Closure::new(move |now_ms| of_frame.on_frame(now_ms))));
        page.listen();
        page.tell_environment(environment);
        page.tell_fragment();
        Some(page)
    }

    /// Does what the app asks for.
    pub fn perform(self: &Rc<Page>, effect: Effect) {
        match effect {
            Effect::Run(plan) => {
                self.session.run(plan);
                self.ask_for_frame();
            }
            Effect::Stop => self.session.stop(),
            Effect::SetFragment(fragment) => {
                if let Ok(history) = self.window.history() {
                    // Typing makes no history: Back leaves the page, as it does everywhere.
                    let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&format!("#{fragment}")));
                }
            }
            Effect::CopyLink => self.copy_link(),
        }
    }

    fn on_frame(self: &Rc<Page>, now_ms: f64) {
        self.frame_is_asked_for.set(false);
        self.session.drain();
        if !self.session.is_running() {
            self.paint();
            return;
        }
        let told = self.session.tell_in_time(now_ms);
        if !self.session.every_core_is_at_work() {
            self.paint();
            self.ask_for_frame();
            return;
        }
        if told {
            self.paint();
        }
        // Even a frame in which nothing changes costs the browser something, so there are few of them now.
        let page = self.clone();
        // In the place of the one before, which it cancels: whoever else asks for a frame adds none of these.
        self.next_drain.replace(Some(Timeout::new(BUSY_DRAIN_MS, move || page.ask_for_frame())));
    }

    fn paint(&self) {
        if let Some(canvas) = canvas::canvas(&self.window) {
            let scene = self.session.scene(canvas::width(&canvas));
            self.painter.borrow_mut().paint(&self.window, &canvas, &scene);
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
        let _ = self.window.add_event_listener_with_callback("resize", repaint.unchecked_ref());
        let _ = self.window.add_event_listener_with_callback("hashchange", fragment.unchecked_ref());
        if let Ok(Some(query)) = self.window.match_media("(prefers-color-scheme: dark)") {
            let _ = query.add_event_listener_with_callback("change", repaint.unchecked_ref());
        }
    }

    fn tell_environment(self: &Rc<Page>, mut environment: Environment) {
        (self.send)(Msg::Environment(environment.clone()));
        let page = self.clone();
        spawn_local(async move {
            environment.network = start_network(&page.window).await;
            (page.send)(Msg::Environment(environment));
        });
    }

    fn tell_fragment(&self) {
        let fragment = self.window.location().hash().unwrap_or_default();
        (self.send)(Msg::Fragment(fragment.trim_start_matches('#').to_owned()));
    }

    fn copy_link(self: &Rc<Page>) {
        let page = self.clone();
        spawn_local(async move {
            let link = page.window.location().href().unwrap_or_default();
            let copied = JsFuture::from(page.window.navigator().clipboard().write_text(&link)).await;
            (page.send)(Msg::Copied(copied.map(|_| ()).map_err(|_| ())));
            TimeoutFuture::new(COPIED_MS).await;
            (page.send)(Msg::CopiedSaid);
        });
    }
}
