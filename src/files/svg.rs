//! The timeline of a run, and how many of its tasks were in flight and computing, as a picture of lines and areas: SVG 1.1, which
//! stays sharp at any size and can be edited.
//!
//! It is drawn from the same list of shapes as the page's canvas, in the page's own colours, and is light or dark as whoever
//! looks at it prefers.

use core::fmt::Write as _;
use core::time::Duration;

use crate::insight::Summary;
use crate::insight::dials::dials;
use crate::insight::numbers::peak;
use crate::insight::series::{Steps, computing, in_flight};
use crate::model::event::Phase;
use crate::model::format;
use crate::model::run::{Run, RunLeg};
use crate::timeline::paint::{self, Fill, Hatch, LABEL_HEIGHT, MARK_RADIUS, PATTERN_PX};
use crate::timeline::{Align, Ink, Leg, Rect, Shape, scene_within};

/// The width of the picture, in CSS pixels: that of a page of text on a large screen.
const WIDTH: f64 = 1_200.0;
/// No program shows a taller one well.
const HEIGHT_MAX: f64 = 30_000.0;
/// Around the picture, in CSS pixels.
const MARGIN: f64 = 16.0;
/// The height of a line of words: what the picture is of, what it leaves out, what its colours mean. In CSS pixels.
const NOTE_HEIGHT: f64 = 24.0;
/// The room of a letter in it, and of a phase's colour with what is around it, in CSS pixels: wide fonts have room, too.
const LETTER_WIDTH: f64 = 7.2;
const SWATCH_WIDTH: f64 = 44.0;
/// The height of the chart of a leg with its title, and of that, in CSS pixels.
const DIALS_HEIGHT: f64 = 84.0;
const DIALS_TITLE: f64 = 24.0;
/// Into how many parts its time is cut.
const DIALS_PARTS: usize = 240;

/// The page's colours, by name, in light and in dark.
const TOKENS: &str = include_str!("../../www/styles/tokens.css");

/// Draws the timeline of all legs of a run.
pub fn write(run: &Run) -> String {
    let legs: Vec<Leg<'_>> = (0..).zip(&run.legs).map(|(number, leg)| Leg::of(number, leg)).collect();
    let (picture, whole) = scene_within(&legs, WIDTH - 2.0 * MARGIN, HEIGHT_MAX);
    let is_cut = picture.height < whole;
    let key = picture.height + if is_cut { NOTE_HEIGHT } else { 0.0 };
    let phases = legend(run);
    let lines = phases.iter().map(|(_, line, _)| line + 1).max().unwrap_or(0);
    let charts = key + f64::from(lines) * NOTE_HEIGHT;
    let height = NOTE_HEIGHT + charts + run.legs.len() as f64 * DIALS_HEIGHT + 2.0 * MARGIN;
    let mut out = Writer::default();
    out.line(&format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{0}\" viewBox=\"0 0 {WIDTH} {0}\" role=\"img\">",
        number(height)
    ));
    out.line(&format!("<title>{}</title>", escape(&run.title())));
    let said: Vec<String> = run.legs.iter().map(sentence).collect();
    out.line(&format!("<desc>{}</desc>", escape(&said.join(" "))));
    out.line(&format!("<style>{}</style>", style()));
    out.line(&format!("<defs>{}</defs>", patterns()));
    out.line("<rect class=\"fill--panel\" width=\"100%\" height=\"100%\"/>");
    out.line(&format!("<g transform=\"translate({MARGIN} {})\">", number(MARGIN + NOTE_HEIGHT)));
    out.text(0.0, -NOTE_HEIGHT / 2.0, &run.title(), Ink::Strong, Align::Left);
    if is_cut {
        out.open_clip(&Rect { left: 0.0, top: 0.0, width: picture.width, height: picture.height });
    }
    for shape in &picture.shapes {
        out.shape(shape);
    }
    if is_cut {
        out.line("</g>");
        let note = "The lanes below do not fit into one picture; the page, and the other formats, have all of them.";
        out.text(0.0, picture.height + NOTE_HEIGHT / 2.0, note, Ink::Faint, Align::Left);
    }
    for (phase, line, left) in phases {
        let (top, width) = (key + f64::from(line) * NOTE_HEIGHT, SWATCH_WIDTH / 2.0);
        out.shape(&Shape::Phase { left, top: top + 5.0, width, height: NOTE_HEIGHT - 10.0, phase, label: None });
        out.text(left + width + 6.0, top + NOTE_HEIGHT / 2.0, phase.label(), Ink::Faint, Align::Left);
    }
    let longest = run.legs.iter().map(wall).max().unwrap_or_default();
    let peaks = run.legs.iter().map(|leg| dials(&leg.trace));
    let most = peaks.map(|dials| dials.in_flight.peak.max(dials.computing.peak)).max().unwrap_or(0).max(1);
    for (leg, number) in run.legs.iter().zip(0..) {
        out.dials(leg, longest, most, charts + f64::from(number) * DIALS_HEIGHT);
    }
    out.line("</g>");
    out.line("</svg>");
    out.text
}

/// The phases of a run, each with its line, and where it stands on it.
fn legend(run: &Run) -> Vec<(Phase, u32, f64)> {
    let seen: Vec<Phase> = run.legs.iter().flat_map(|leg| Summary::of(&leg.trace).phases).collect();
    let (mut line, mut left, mut placed) = (0, 0.0, Vec::new());
    for phase in Phase::ALL.into_iter().filter(|phase| seen.contains(phase)) {
        let width = SWATCH_WIDTH + phase.label().chars().count() as f64 * LETTER_WIDTH;
        if left > 0.0 && left + width > WIDTH - 2.0 * MARGIN {
            (line, left) = (line + 1, 0.0);
        }
        placed.push((phase, line, left));
        left += width;
    }
    placed
}

/// From the first submission to the last outcome.
fn wall(leg: &RunLeg) -> Duration {
    leg.trace.work_start().map_or(Duration::ZERO, |start| leg.trace.work_end() - start)
}

fn sentence(leg: &RunLeg) -> String {
    format!("{}: {}", leg.title, Summary::of(&leg.trace).sentence(&leg.noun))
}

#[derive(Default)]
struct Writer {
    text: String,
    clips: usize,
}

impl Writer {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn shape(&mut self, shape: &Shape) {
        match shape {
            Shape::Phase { left, top, width, height, phase, label } => {
                let fill = paint::fill(*phase);
                // While nothing happens, a line holds the lane together.
                let (y, tall) = if *phase == Phase::Idle { (top + height / 2.0 - 1.0, 2.0) } else { (*top, *height) };
                let ground = match fill.hatch {
                    Some(_) => format!("fill=\"url(#pattern{})\"", fill.colour),
                    None => format!("class=\"fill{}\"", fill.colour),
                };
                self.rect(&Rect { left: *left, top: y, width: *width, height: tall }, &ground);
                if let Some(label) = label {
                    self.label(label, left + width / 2.0, top + height / 2.0, fill);
                }
            }
            Shape::Parts { phase, rects } => self.areas(rects, paint::fill(*phase).colour),
            Shape::Areas { ink, rects } => self.areas(rects, paint::area_token(*ink)),
            Shape::Edge { rect, ink } => {
                let width = if *ink == Ink::Faint { 1 } else { 2 };
                self.rect(
                    rect,
                    &format!("class=\"stroke{}\" fill=\"none\" stroke-width=\"{width}\"", paint::ink_token(*ink)),
                );
            }
            Shape::Text { x, middle, text, ink, align } => self.text(*x, *middle, text, *ink, *align),
            Shape::Line { x1, y1, x2, y2, ink } => {
                let (colour, width, has_gaps) = paint::stroke(*ink);
                let gaps = if has_gaps { " stroke-dasharray=\"5 4\"" } else { "" };
                // Half a pixel aside, a thin line is one pixel wide and not two grey ones.
                let (x1, x2) = (number(x1.round() + 0.5), number(x2.round() + 0.5));
                let (y1, y2) = (number(*y1), number(*y2));
                self.line(&format!(
                    "<line class=\"stroke{colour}\" stroke-width=\"{width}\"{gaps} x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\"/>"
                ));
            }
            Shape::Mark { x, middle, mark } => {
                let (colour, sign) = paint::sign_of(*mark);
                let (x, y) = (number(*x), number(*middle));
                self.line(&format!("<circle class=\"fill{colour}\" cx=\"{x}\" cy=\"{y}\" r=\"{MARK_RADIUS}\"/>"));
                self.line(&format!(
                    "<text class=\"strong fill--on-mark\" text-anchor=\"middle\" dominant-baseline=\"central\" x=\"{x}\" y=\"{y}\">{sign}</text>"
                ));
            }
            // Nobody points at it.
            Shape::Words { .. } => {}
            Shape::Clip(Some(rect)) => self.open_clip(rect),
            Shape::Clip(None) => self.line("</g>"),
        }
    }

    /// How many tasks were in flight, and how many computed, over time: a run that took longer has a longer chart, and
    /// all have the scale of the most.
    fn dials(&mut self, leg: &RunLeg, longest: Duration, most: u32, top: f64) {
        let (start, wall) = (leg.trace.work_start().unwrap_or_default(), wall(leg));
        let width = (WIDTH - 2.0 * MARGIN) * wall.as_secs_f64() / longest.as_secs_f64().max(1e-9);
        let buckets = |steps: Steps| steps.buckets(start, start + wall, DIALS_PARTS);
        let (in_flight, computing) = (buckets(in_flight(&leg.trace)), buckets(computing(&leg.trace)));
        let words = format!(
            "{}: in flight (light, at most {}) and computing (strong, at most {}), over {}",
            leg.title,
            peak(&in_flight),
            peak(&computing),
            format::duration(wall),
        );
        self.text(0.0, top + DIALS_TITLE / 2.0, &words, Ink::Strong, Align::Left);
        let bottom = top + DIALS_HEIGHT - MARGIN;
        let unit = (bottom - top - DIALS_TITLE) / f64::from(most);
        for (buckets, colour) in [(in_flight, "--term-in-flight"), (computing, "--phase-compute")] {
            let part = width / buckets.len().max(1) as f64;
            let mut path = format!("M0 {}", number(bottom));
            for (bucket, right) in buckets.iter().zip(1..) {
                let _ = write!(path, "V{}H{}", number(bottom - bucket.mean * unit), number(f64::from(right) * part));
            }
            self.line(&format!("<path class=\"fill{colour}\" d=\"{path}V{}z\"/>", number(bottom)));
        }
    }

    fn rect(&mut self, rect: &Rect, ground: &str) {
        let [x, y, width, height] = [rect.left, rect.top, rect.width, rect.height].map(number);
        self.line(&format!("<rect {ground} x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"/>"));
    }

    /// Many areas of one colour are one path.
    fn areas(&mut self, rects: &[Rect], colour: &str) {
        let mut path = String::new();
        for rect in rects {
            let [x, y, width, height] = [rect.left, rect.top, rect.width, rect.height].map(number);
            let _ = write!(path, "M{x} {y}h{width}v{height}h-{width}z");
        }
        if !path.is_empty() {
            self.line(&format!("<path class=\"fill{colour}\" d=\"{path}\"/>"));
        }
    }

    /// A task's number, on a ground of its own where lines would run through it.
    fn label(&mut self, label: &str, x: f64, middle: f64, fill: Fill) {
        if fill.hatch.is_some() {
            let half = paint::label_half(label);
            let ground =
                Rect { left: x - half, top: middle - LABEL_HEIGHT / 2.0, width: 2.0 * half, height: LABEL_HEIGHT };
            self.rect(&ground, &format!("class=\"fill{}\"", fill.colour));
        }
        let (x, y) = (number(x), number(middle + 0.5));
        self.line(&format!(
            "<text class=\"fill--on-phase\" text-anchor=\"middle\" dominant-baseline=\"central\" x=\"{x}\" y=\"{y}\">{}</text>",
            escape(label)
        ));
    }

    fn text(&mut self, x: f64, middle: f64, text: &str, ink: Ink, align: Align) {
        let anchor = match align {
            Align::Left => "start",
            Align::Center => "middle",
            Align::Right => "end",
        };
        let strong = if ink == Ink::Strong { "strong " } else { "" };
        let (x, y) = (number(x), number(middle));
        self.line(&format!(
            "<text class=\"{strong}fill{}\" text-anchor=\"{anchor}\" dominant-baseline=\"central\" x=\"{x}\" y=\"{y}\">{}</text>",
            paint::ink_token(ink),
            escape(text)
        ));
    }

    fn open_clip(&mut self, rect: &Rect) {
        self.clips += 1;
        let name = format!("clip-{}", self.clips);
        self.text.push_str(&format!("<clipPath id=\"{name}\">"));
        self.rect(rect, "");
        self.line(&format!("</clipPath><g clip-path=\"url(#{name})\">"));
    }
}

/// A class for each colour, to fill and to draw lines with. Written out, since many programs that draw know no variables.
fn style() -> String {
    let mut style = "text{font:12px system-ui,sans-serif}text.strong{font-weight:600;font-size:13px}".to_owned();
    let (light, dark) = TOKENS.split_once("@media (prefers-color-scheme: dark)").unwrap_or((TOKENS, ""));
    let classes = |style: &mut String, tokens: &str| {
        for (name, colour) in colours(tokens) {
            let _ = write!(style, ".fill{name}{{fill:{colour}}}.stroke{name}{{stroke:{colour}}}");
        }
    };
    classes(&mut style, light);
    style.push_str("@media (prefers-color-scheme:dark){");
    classes(&mut style, dark);
    style.push('}');
    style
}

/// The colours of a style sheet that pictures use, by name.
fn colours(tokens: &str) -> impl Iterator<Item = (&str, &str)> {
    /// Those beside the timeline's own: of the ground, and of the dials.
    const OWN: [&str; 2] = ["--panel", "--term-in-flight"];
    let lines = tokens.lines().filter_map(|line| line.trim().strip_suffix(';')?.split_once(": "));
    lines.filter(|(name, _)| paint::colours().chain(OWN).any(|used| used == *name))
}

/// Lines over a colour, for each phase that has them.
fn patterns() -> String {
    let mut patterns = String::new();
    let side = PATTERN_PX;
    for Fill { colour, hatch } in Phase::ALL.into_iter().map(paint::fill) {
        let lines = match hatch {
            // Three strokes, so that the pattern goes on over the edges of its tile.
            Some(Hatch::Rising) => "M-8 8L0 0M0 8L8 0M8 8L16 0",
            Some(Hatch::Falling) => "M-8 0L0 8M0 0L8 8M8 0L16 8",
            Some(Hatch::Upright) => "M4 0V8",
            Some(Hatch::Dots) => "M3 4H5",
            None => continue,
        };
        let width = if hatch == Some(Hatch::Dots) { 2.0 } else { 1.5 };
        let _ = write!(
            patterns,
            "<pattern id=\"pattern{colour}\" width=\"{side}\" height=\"{side}\" patternUnits=\"userSpaceOnUse\">\
             <rect class=\"fill{colour}\" width=\"{side}\" height=\"{side}\"/>\
             <path class=\"stroke--hatch\" fill=\"none\" stroke-width=\"{width}\" d=\"{lines}\"/></pattern>"
        );
    }
    patterns
}

/// With hundredths of a pixel where there are any.
fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Text in XML. What XML does not allow, not even escaped, is left out.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => out.push(' '),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {}
            c => out.push(c),
        }
    }
    out
}
