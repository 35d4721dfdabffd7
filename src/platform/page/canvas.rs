//! Paints a scene onto the page's canvas.

use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CanvasPattern, CanvasRenderingContext2d, HtmlCanvasElement, Window};

use crate::model::event::Phase;
use crate::timeline::paint::{
    self, Fill, Hatch, LABEL_HEIGHT, MARK_RADIUS, PATTERN_PX, area_token, fill, ink_token, label_half, sign_of, stroke,
};
use crate::timeline::{Align, Ink, Mark, Rect, Scene, Shape};

const FONT: &str = "12px system-ui, sans-serif";
const STRONG_FONT: &str = "600 13px system-ui, sans-serif";

/// The most pixels, in all and of a side, that a canvas may have on every browser: iOS shows nothing of a larger one. A very
/// tall picture is less sharp instead.
pub const AREA_MAX_PX: f64 = 16_777_216.0;
pub const SIDE_MAX_PX: f64 = 16_384.0;

/// Paints, and keeps what it found out about the page's colours.
#[derive(Debug, Default)]
pub struct Painter {
    /// Each colour, by its name.
    colours: Vec<(&'static str, String)>,
    patterns: Vec<(&'static str, CanvasPattern)>,
    dark: Option<bool>,
}

impl Painter {
    /// Paints a scene, and makes the canvas as large as it.
    pub fn paint(&mut self, window: &Window, canvas: &HtmlCanvasElement, scene: &Scene) -> Option<()> {
        let ratio = window
            .device_pixel_ratio()
            .min((AREA_MAX_PX / (scene.width * scene.height).max(1.0)).sqrt())
            .min(SIDE_MAX_PX / scene.height.max(1.0));
        let (width, height) = ((scene.width * ratio).round() as u32, (scene.height * ratio).round() as u32);
        if (canvas.width(), canvas.height()) != (width, height) {
            canvas.set_width(width);
            canvas.set_height(height);
            canvas.style().set_property("height", &format!("{}px", scene.height.ceil() as u32)).ok()?;
        }
        let context: CanvasRenderingContext2d = canvas.get_context("2d").ok()??.dyn_into().ok()?;
        self.read_colours(window, &context);
        context.set_transform(ratio, 0.0, 0.0, ratio, 0.0, 0.0).ok()?;
        context.clear_rect(0.0, 0.0, scene.width, scene.height);
        context.set_text_baseline("middle");
        for shapes in scene.shapes.chunk_by(|one, other| is_bar(one) && is_bar(other)) {
            match shapes {
                [Shape::Phase { .. }, ..] => self.bars(&context, shapes),
                [Shape::Words { x, y, words }] => self.words(&context, scene, (*x, *y), words),
                shapes => shapes.iter().for_each(|shape| self.shape(&context, shape)),
            }
        }
        Some(())
    }

    /// Looks the tokens up again where the theme changed. One that is missing is painted in hot pink, to be noticed.
    fn read_colours(&mut self, window: &Window, context: &CanvasRenderingContext2d) {
        let dark =
            window.match_media("(prefers-color-scheme: dark)").ok().flatten().is_some_and(|query| query.matches());
        if self.dark == Some(dark) {
            return;
        }
        self.dark = Some(dark);
        self.patterns.clear();
        self.colours.clear();
        let root = window.document().and_then(|document| document.document_element());
        let style = root.and_then(|root| window.get_computed_style(&root).ok().flatten());
        for name in paint::colours() {
            let value = style.as_ref().and_then(|style| style.get_property_value(name).ok()).unwrap_or_default();
            let value = value.trim();
            self.colours.push((name, if value.is_empty() { MISSING.to_owned() } else { value.to_owned() }));
        }
        for phase in Phase::ALL {
            let Fill { colour, hatch } = fill(phase);
            if let Some(hatch) = hatch
                && let Some(pattern) = self.pattern(window, context, colour, hatch)
            {
                self.patterns.push((colour, pattern));
            }
        }
    }

    fn pattern(
        &self,
        window: &Window,
        context: &CanvasRenderingContext2d,
        colour: &'static str,
        hatch: Hatch,
    ) -> Option<CanvasPattern> {
        let tile: HtmlCanvasElement = window.document()?.create_element("canvas").ok()?.dyn_into().ok()?;
        tile.set_width(PATTERN_PX as u32);
        tile.set_height(PATTERN_PX as u32);
        let pen: CanvasRenderingContext2d = tile.get_context("2d").ok()??.dyn_into().ok()?;
        pen.set_fill_style_str(self.colour(colour));
        pen.fill_rect(0.0, 0.0, PATTERN_PX, PATTERN_PX);
        pen.set_stroke_style_str(self.colour("--hatch"));
        pen.set_fill_style_str(self.colour("--hatch"));
        pen.set_line_width(1.5);
        match hatch {
            // Three strokes, so that the pattern goes on over the edges of its tile.
            Hatch::Rising => {
                for shift in [-PATTERN_PX, 0.0, PATTERN_PX] {
                    line(&pen, (shift, PATTERN_PX), (shift + PATTERN_PX, 0.0));
                }
            }
            Hatch::Falling => {
                for shift in [-PATTERN_PX, 0.0, PATTERN_PX] {
                    line(&pen, (shift, 0.0), (shift + PATTERN_PX, PATTERN_PX));
                }
            }
            Hatch::Upright => line(&pen, (PATTERN_PX / 2.0, 0.0), (PATTERN_PX / 2.0, PATTERN_PX)),
            Hatch::Dots => pen.fill_rect(3.0, 3.0, 2.0, 2.0),
        }
        context.create_pattern_with_html_canvas_element(&tile, "repeat").ok()?
    }

    fn colour(&self, name: &str) -> &str {
        self.colours.iter().find(|(known, _)| *known == name).map_or(MISSING, |(_, colour)| colour)
    }

    /// Paints bars, none of which lies on another: phase by phase, as it takes longer to change the colour than to fill a bar;
    /// then their labels.
    fn bars(&self, context: &CanvasRenderingContext2d, bars: &[Shape]) {
        for wanted in Phase::ALL {
            let mut is_set = false;
            for bar in bars {
                let Shape::Phase { left, top, width, height, phase, .. } = bar else { continue };
                if *phase != wanted {
                    continue;
                }
                if !core::mem::replace(&mut is_set, true) {
                    self.set_fill(context, wanted);
                }
                if wanted == Phase::Idle {
                    // Nothing happens: a line that holds the lane together.
                    context.fill_rect(*left, top + height / 2.0 - 1.0, *width, 2.0);
                } else {
                    context.fill_rect(*left, *top, *width, *height);
                }
            }
        }
        for bar in bars {
            if let Shape::Phase { left, top, width, height, phase, label: Some(label) } = bar {
                self.label(context, label, left + width / 2.0, top + height / 2.0, *phase);
            }
        }
    }

    fn set_fill(&self, context: &CanvasRenderingContext2d, phase: Phase) {
        let Fill { colour, .. } = fill(phase);
        match self.patterns.iter().find(|(name, _)| *name == colour) {
            Some((_, pattern)) => context.set_fill_style_canvas_pattern(pattern),
            None => context.set_fill_style_str(self.colour(colour)),
        }
    }

    fn shape(&self, context: &CanvasRenderingContext2d, shape: &Shape) {
        match shape {
            Shape::Phase { .. } => self.bars(context, core::slice::from_ref(shape)),
            Shape::Text { x, middle, text, ink, align } => {
                context.set_font(if *ink == Ink::Strong { STRONG_FONT } else { FONT });
                context.set_fill_style_str(self.colour(ink_token(*ink)));
                context.set_text_align(match align {
                    Align::Left => "left",
                    Align::Center => "center",
                    Align::Right => "right",
                });
                let _ = context.fill_text(text, *x, *middle);
            }
            Shape::Line { x1, y1, x2, y2, ink } => {
                let (colour, width, has_gaps) = stroke(*ink);
                context.set_stroke_style_str(self.colour(colour));
                context.set_line_width(width);
                let dashes = if has_gaps { js_sys::Array::of2(&5.into(), &4.into()) } else { js_sys::Array::new() };
                let _ = context.set_line_dash(&JsValue::from(dashes));
                // Half a pixel aside, a thin line is one pixel wide and not two grey ones.
                line(context, (x1.round() + 0.5, *y1), (x2.round() + 0.5, *y2));
                let _ = context.set_line_dash(&js_sys::Array::new());
            }
            Shape::Parts { phase, rects } => {
                context.set_fill_style_str(self.colour(fill(*phase).colour));
                fill_all(context, rects);
            }
            Shape::Areas { ink, rects } => {
                context.set_fill_style_str(self.colour(area_token(*ink)));
                fill_all(context, rects);
            }
            Shape::Edge { rect, ink } => {
                context.set_stroke_style_str(self.colour(ink_token(*ink)));
                context.set_line_width(if *ink == Ink::Faint { 1.0 } else { 2.0 });
                context.stroke_rect(rect.left, rect.top, rect.width, rect.height);
            }
            Shape::Clip(Some(rect)) => {
                context.save();
                context.begin_path();
                context.rect(rect.left, rect.top, rect.width, rect.height);
                context.clip();
            }
            Shape::Clip(None) => context.restore(),
            Shape::Mark { x, middle, mark } => self.mark(context, *x, *middle, *mark),
            // Those need to know the picture's edges.
            Shape::Words { .. } => {}
        }
    }

    /// Words beside the pointer, where there is room for them.
    fn words(&self, context: &CanvasRenderingContext2d, scene: &Scene, (x, y): (f64, f64), words: &[String]) {
        let font = |number: usize| if number == 0 { STRONG_FONT } else { FONT };
        let widths = words.iter().enumerate().map(|(number, word)| {
            context.set_font(font(number));
            context.measure_text(word).map_or(0.0, |measured| measured.width())
        });
        let (width, height) = (widths.fold(0.0, f64::max).ceil() + 14.0, words.len() as f64 * 16.0 + 8.0);
        let left = if x + 12.0 + width > scene.width { (x - 12.0 - width).max(0.0) } else { x + 12.0 };
        let top = if y + 14.0 + height > scene.height { (y - 8.0 - height).max(0.0) } else { y + 14.0 };
        let rect = Rect { left, top, width, height };
        self.shape(context, &Shape::Areas { ink: Ink::Over, rects: vec![rect] });
        self.shape(context, &Shape::Edge { rect, ink: Ink::Faint });
        context.set_text_align("left");
        for (number, word) in words.iter().enumerate() {
            context.set_font(font(number));
            context.set_fill_style_str(self.colour(ink_token(if number == 0 { Ink::Strong } else { Ink::Faint })));
            let _ = context.fill_text(word, left + 7.0, top + 12.0 + 16.0 * number as f64);
        }
    }

    /// A task's number, on a ground of its own where lines would run through it.
    fn label(&self, context: &CanvasRenderingContext2d, label: &str, x: f64, middle: f64, phase: Phase) {
        context.set_font(FONT);
        context.set_text_align("center");
        let Fill { colour, hatch } = fill(phase);
        if hatch.is_some() {
            let half = label_half(label);
            context.set_fill_style_str(self.colour(colour));
            context.fill_rect(x - half, middle - LABEL_HEIGHT / 2.0, 2.0 * half, LABEL_HEIGHT);
        }
        context.set_fill_style_str(self.colour("--on-phase"));
        let _ = context.fill_text(label, x, middle + 0.5);
    }

    fn mark(&self, context: &CanvasRenderingContext2d, x: f64, middle: f64, mark: Mark) {
        let (colour, sign) = sign_of(mark);
        context.begin_path();
        context.set_fill_style_str(self.colour(colour));
        let _ = context.arc(x, middle, MARK_RADIUS, 0.0, core::f64::consts::TAU);
        context.fill();
        context.set_font(STRONG_FONT);
        context.set_text_align("center");
        context.set_fill_style_str(self.colour("--on-mark"));
        let _ = context.fill_text(sign, x, middle);
    }
}

/// What a token that no style sheet has is painted in, to be noticed.
const MISSING: &str = "hotpink";

fn is_bar(shape: &Shape) -> bool {
    matches!(shape, Shape::Phase { .. })
}

fn fill_all(context: &CanvasRenderingContext2d, rects: &[Rect]) {
    for rect in rects {
        context.fill_rect(rect.left, rect.top, rect.width, rect.height);
    }
}

fn line(context: &CanvasRenderingContext2d, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) {
    context.begin_path();
    context.move_to(x1, y1);
    context.line_to(x2, y2);
    context.stroke();
}
