//! The timeline on the page: gives the chart what a person does with the canvas, and paints what comes of it.

use core::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

use wasm_bindgen::prelude::*;
use web_sys::{HtmlCanvasElement, HtmlElement, KeyboardEvent, PointerEvent, WheelEvent, Window};

use super::canvas::Painter;
use crate::app::TIMELINE_ID;
use crate::files::ask::{Picture, Room};
use crate::timeline::{Chart, ChartView, Command, Input, Leg};

/// Runs something with the runs that are drawn.
pub type WithLegs = dyn Fn(&mut dyn FnMut(&[Leg<'_>]));

/// The timeline's edge.
pub struct Timeline {
    window: Window,
    chart: RefCell<Chart>,
    painter: RefCell<Painter>,
    with_legs: Box<WithLegs>,
    /// Asks for the next frame.
    changed: Box<dyn Fn()>,
    tell: Box<dyn Fn(ChartView)>,
    told: RefCell<ChartView>,
    told_ms: Cell<f64>,
    /// The last frame of a replay.
    frame_ms: Cell<f64>,
    /// Whether a person did something that is not seen yet.
    touched: Cell<bool>,
    /// The height that its rows were given last: giving it again would have the browser lay the page out once more.
    room_px: Cell<f64>,
    /// The canvas whose events are listened to.
    listening: RefCell<Option<HtmlCanvasElement>>,
    /// Fingers and buttons that are down: their numbers and where they are.
    pointers: RefCell<Vec<(i32, f64, f64)>>,
}

impl core::fmt::Debug for Timeline {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Timeline").finish_non_exhaustive()
    }
}

/// While a replay plays, its numbers are told this often, in milliseconds.
const TELL_EVERY_MS: f64 = 100.0;

impl Timeline {
    /// A timeline of the runs that `with_legs` gives. `changed` asks for a frame; `tell` is told what the page is to show beside it.
    pub fn new(
        window: Window,
        with_legs: impl Fn(&mut dyn FnMut(&[Leg<'_>])) + 'static,
        changed: impl Fn() + 'static,
        tell: impl Fn(ChartView) + 'static,
    ) -> Rc<Timeline> {
        Rc::new(Timeline {
            window,
            chart: RefCell::default(),
            painter: RefCell::default(),
            with_legs: Box::new(with_legs),
            changed: Box::new(changed),
            tell: Box::new(tell),
            told: RefCell::default(),
            told_ms: Cell::default(),
            frame_ms: Cell::default(),
            touched: Cell::default(),
            room_px: Cell::default(),
            listening: RefCell::default(),
            pointers: RefCell::default(),
        })
    }

    /// Other runs come.
    pub fn reset(&self) {
        self.chart.borrow_mut().reset();
        self.pointers.borrow_mut().clear();
        // The page forgets what it was told as well.
        self.told.replace(ChartView::default());
    }

    /// Does what another part of the page asks for.
    pub fn command(&self, command: Command) {
        // What was pressed may be gone with the panel that it stood on.
        let is_go = matches!(command, Command::Go(_) | Command::Clear);
        self.each_legs(|chart, legs| chart.command(legs, command.clone()));
        if is_go && let Some(canvas) = self.canvas() {
            let _ = canvas.focus();
        }
        self.touch();
    }

    /// Whether a person did something since the last picture, or a replay plays.
    pub fn wants_frame(&self) -> bool {
        self.touched.get() || self.chart.borrow().is_playing()
    }

    /// Paints, and tells what is to be shown beside the picture.
    pub fn paint(self: &Rc<Timeline>, now_ms: f64) {
        self.touched.set(false);
        let Some(canvas) = self.canvas() else { return };
        self.listen(&canvas);
        let elapsed_ms = now_ms - self.frame_ms.replace(now_ms);
        let is_playing = self.chart.borrow().is_playing();
        if is_playing {
            // A tab that was hidden goes on where it was.
            self.each_legs(|chart, legs| chart.tick(legs, elapsed_ms.clamp(0.0, 100.0)));
        }
        let Some(room) = canvas.parent_element().and_then(|size| size.dyn_into::<HtmlElement>().ok()) else { return };
        let Some(scroller) = room.parent_element().and_then(|element| element.dyn_into::<HtmlElement>().ok()) else {
            return;
        };
        self.each_legs(|chart, legs| {
            if legs.is_empty() {
                return;
            }
            let content = chart.content_height(legs).ceil();
            self.give_room(&room, content);
            let (width, height) =
                (f64::from(scroller.client_width()), f64::from(scroller.client_height()).min(content));
            chart.set_size(width, height);
            chart.input(legs, Input::Scroll(scroller.scroll_top().into()));
            if let Some(top) = chart.take_wanted_scroll() {
                scroller.set_scroll_top(top.round() as i32);
                chart.input(legs, Input::Scroll(scroller.scroll_top().into()));
            }
            let scene = chart.scene(legs);
            self.painter.borrow_mut().paint(&self.window, &canvas, &scene);
        });
        if !is_playing || now_ms - self.told_ms.get() >= TELL_EVERY_MS {
            self.told_ms.set(now_ms);
            self.tell_view();
        }
        if self.chart.borrow().is_playing() {
            (self.changed)();
        } else if is_playing {
            self.tell_view();
        }
    }

    /// Paints a picture that was made elsewhere: what there is of a run that is not here yet.
    pub fn paint_picture(self: &Rc<Timeline>, picture: &Picture) {
        let Some(canvas) = self.canvas() else { return };
        self.listen(&canvas);
        let Some(room) = canvas.parent_element().and_then(|room| room.dyn_into::<HtmlElement>().ok()) else { return };
        self.give_room(&room, picture.whole.ceil());
        // The first lanes are what it has.
        room.parent_element().iter().for_each(|scroller| scroller.set_scroll_top(0));
        self.painter.borrow_mut().paint(&self.window, &canvas, &picture.scene);
    }

    fn give_room(&self, room: &HtmlElement, height_px: f64) {
        if self.room_px.replace(height_px) != height_px {
            let _ = room.style().set_property("height", &format!("{}px", height_px as u32));
        }
    }

    /// A key that was pressed somewhere on the page. Gives whether the timeline took it.
    pub fn key(&self, event: &KeyboardEvent) -> bool {
        let Some(canvas) = self.canvas() else { return false };
        if event.ctrl_key() || event.meta_key() || event.alt_key() || event.default_prevented() {
            return false;
        }
        let is_here = event.target().as_ref() == Some(canvas.as_ref());
        let key = event.key();
        // From elsewhere, letters alone, and only while the pointer is on the timeline and nobody types.
        let is_over = canvas.matches(":hover").unwrap_or(false) && key.chars().count() == 1 && key != " ";
        if !is_here && (!is_over || types(event)) {
            return false;
        }
        let mut taken = false;
        self.each_legs(|chart, legs| taken = chart.input(legs, Input::Key(&key)));
        if taken {
            self.touch();
        }
        taken
    }

    fn tell_view(&self) {
        let mut view = ChartView::default();
        self.each_legs(|chart, legs| view = chart.view(legs));
        if *self.told.borrow() != view {
            self.told.replace(view.clone());
            (self.tell)(view);
        }
    }

    fn each_legs(&self, mut act: impl FnMut(&mut Chart, &[Leg<'_>])) {
        let mut chart = self.chart.borrow_mut();
        (self.with_legs)(&mut |legs| act(&mut chart, legs));
    }

    fn canvas(&self) -> Option<HtmlCanvasElement> {
        timeline_canvas(&self.window)
    }

    fn touch(&self) {
        self.touched.set(true);
        (self.changed)();
    }

    fn input(&self, input: Input<'_>) -> bool {
        let mut taken = false;
        self.each_legs(|chart, legs| taken = !legs.is_empty() && chart.input(legs, input));
        if taken {
            self.touch();
        }
        taken
    }

    /// Listens to a canvas, once. The closures live as long as the page.
    fn listen(self: &Rc<Timeline>, canvas: &HtmlCanvasElement) {
        if self.listening.borrow().as_ref() == Some(canvas) {
            return;
        }
        self.listening.replace(Some(canvas.clone()));
        self.room_px.set(0.0);
        self.pointers.borrow_mut().clear();
        let me = Rc::downgrade(self);
        on(canvas, "pointerdown", &me, |me, event: PointerEvent| me.pressed(&event));
        on(canvas, "pointermove", &me, |me, event: PointerEvent| me.moved(&event));
        on(canvas, "pointerup", &me, |me, event: PointerEvent| me.released(&event));
        on(canvas, "pointercancel", &me, |me, event: PointerEvent| {
            me.pointers.borrow_mut().retain(|(id, ..)| *id != event.pointer_id());
            me.input(Input::Cancel);
        });
        on(canvas, "pointerleave", &me, |me, _: PointerEvent| {
            me.input(Input::Leave);
        });
        on(canvas, "wheel", &me, |me, event: WheelEvent| {
            // By lines in Firefox: some 16 pixels each.
            let unit = if event.delta_mode() == WheelEvent::DOM_DELTA_LINE { 16.0 } else { 1.0 };
            let zooms = event.ctrl_key() || event.meta_key();
            let (dx, dy) = (event.delta_x() * unit, event.delta_y() * unit);
            let (dx, dy) = if event.shift_key() && dx == 0.0 { (dy, 0.0) } else { (dx, dy) };
            if me.input(Input::Wheel { x: event.offset_x().into(), dx, dy, zooms }) {
                event.prevent_default();
            }
        });
        if let Some(scroller) = canvas.parent_element().and_then(|room| room.parent_element()) {
            on(&scroller, "scroll", &me, |me, _: web_sys::Event| me.touch());
        }
    }

    fn pressed(&self, event: &PointerEvent) {
        if event.button() > 0 {
            return;
        }
        let (x, y) = (f64::from(event.offset_x()), f64::from(event.offset_y()));
        self.pointers.borrow_mut().push((event.pointer_id(), x, y));
        if let Some(canvas) = self.canvas() {
            let _ = canvas.set_pointer_capture(event.pointer_id());
        }
        let pans = event.pointer_type() == "touch" || event.shift_key();
        self.input(Input::Press { x, y, pans });
    }

    fn moved(&self, event: &PointerEvent) {
        let (x, y) = (f64::from(event.offset_x()), f64::from(event.offset_y()));
        let mut pointers = self.pointers.borrow_mut();
        if let [one, other] = &mut pointers[..] {
            let spread = |one: &(i32, f64, f64), other: &(i32, f64, f64)| (one.1 - other.1).abs().max(20.0);
            let before = spread(one, other);
            let moved = if one.0 == event.pointer_id() { &mut *one } else { &mut *other };
            (moved.1, moved.2) = (x, y);
            let (factor, x) = (spread(one, other) / before, (one.1 + other.1) / 2.0);
            drop(pointers);
            self.input(Input::Pinch { x, factor });
            return;
        }
        drop(pointers);
        self.input(Input::Move { x, y });
    }

    fn released(&self, event: &PointerEvent) {
        self.pointers.borrow_mut().retain(|(id, ..)| *id != event.pointer_id());
        self.input(Input::Release { x: event.offset_x().into(), y: event.offset_y().into() });
        if event.pointer_type() == "touch" {
            self.input(Input::Leave);
        }
    }
}

/// The canvas that the timeline is painted on, once it is there.
pub fn timeline_canvas(window: &Window) -> Option<HtmlCanvasElement> {
    window.document()?.get_element_by_id(TIMELINE_ID)?.dyn_into().ok()
}

/// The room that a run's timeline has on the page.
pub fn timeline_room(window: &Window) -> Option<Room> {
    let scroller = timeline_canvas(window)?.parent_element()?.parent_element()?;
    let style = window.get_computed_style(&scroller).ok()??;
    // It has no height while there is nothing in it. The browser's own way to read "540px": Rust's would be 20 KB more.
    let height = js_sys::parse_float(&style.get_property_value("max-height").ok()?);
    Some(Room { width: scroller.client_width().into(), height }).filter(|room| room.height.is_finite())
}

/// Whether a key was pressed where a person types or chooses.
fn types(event: &KeyboardEvent) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    target.is_some_and(|element| matches!(element.tag_name().as_str(), "INPUT" | "SELECT" | "TEXTAREA"))
}

fn on<E: wasm_bindgen::convert::FromWasmAbi + 'static>(
    element: &web_sys::EventTarget,
    name: &str,
    timeline: &Weak<Timeline>,
    act: impl Fn(&Rc<Timeline>, E) + 'static,
) {
    let timeline = timeline.clone();
    let listener = Closure::<dyn FnMut(E)>::new(move |event: E| {
        if let Some(timeline) = timeline.upgrade() {
            act(&timeline, event);
        }
    })
    .into_js_value();
    // A wheel that zooms must not scroll as well, which only a listener that is not passive can prevent.
    let options = web_sys::AddEventListenerOptions::new();
    options.set_passive(false);
    let _ = element.add_event_listener_with_callback_and_add_event_listener_options(
        name,
        listener.unchecked_ref(),
        &options,
    );
}
