//! Charts that the page draws as inline SVG, as files of their own: with the colours that they have on the page written out, and
//! the words that stand around them.

use wasm_bindgen::JsCast;
use web_sys::{CssStyleDeclaration, Element, Node, Window, XmlSerializer};

/// Around the plot, in CSS pixels: labels stand beside and below it.
const MARGIN: f64 = 56.0;
/// The height of a line of words.
const LINE: f64 = 20.0;

/// What of an element's style is seen in a picture.
const SEEN: [&str; 10] = [
    "fill",
    "fill-opacity",
    "stroke",
    "stroke-width",
    "stroke-dasharray",
    "stroke-opacity",
    "opacity",
    "font-family",
    "font-size",
    "font-weight",
];

/// The chart in the figure of this id, as it is on the page now, as SVG; `None` if there is none.
pub fn drawing(window: &Window, id: &str) -> Option<String> {
    let figure = window.document()?.get_element_by_id(id)?;
    let plot = figure.query_selector("svg.plot").ok()??;
    let area = plot.get_bounding_client_rect();
    let titles = texts(&figure, ".axis-title");
    let legend = figure.query_selector_all(".legend li").ok()?;
    let (width, height) =
        (area.width() + 2.0 * MARGIN, area.height() + 2.0 * MARGIN + LINE * f64::from(legend.length()));
    let style = |element: &Element| window.get_computed_style(element).ok().flatten();
    let words = style(&figure)?;
    let ground = figure.closest(".stage").ok().flatten().and_then(|stage| style(&stage));
    let ground = ground.map_or(String::new(), |ground| value(&ground, "background-color"));
    let inner = drawn(window, &plot)?;
    let size = |element: &Element, x: f64, y: f64, width: f64, height: f64| {
        for (name, value) in [("x", x), ("y", y), ("width", width), ("height", height)] {
            let _ = element.set_attribute(name, &format!("{value:.1}"));
        }
        let _ = element.set_attribute("overflow", "visible");
    };
    size(&inner, MARGIN, MARGIN, area.width(), area.height());
    let serializer = XmlSerializer::new().ok()?;
    let text_of = |node: &Node| serializer.serialize_to_string(node).unwrap_or_default();
    let line = |x: f64, y: f64, anchor: &str, text: &str| {
        format!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"{}\" style=\"font:13px system-ui,sans-serif\">{}</text>",
            value(&words, "color"),
            escape(text)
        )
    };
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" viewBox=\"0 0 {width:.0} {height:.0}\">\
         <rect width=\"100%\" height=\"100%\" fill=\"{ground}\"/>"
    );
    if let Some(title) = titles.first() {
        svg += &line(MARGIN, MARGIN / 2.0, "start", title);
    }
    svg += &text_of(&inner);
    if let Some(title) = titles.get(1) {
        svg += &line(MARGIN + area.width() / 2.0, MARGIN + area.height() + LINE, "middle", title);
    }
    for number in 0..legend.length() {
        let Some(item) = legend.get(number).and_then(|item| item.dyn_into::<Element>().ok()) else { continue };
        let y = 1.5 * MARGIN + area.height() + LINE * f64::from(number);
        if let Some(key) = item.query_selector("svg").ok().flatten().and_then(|key| drawn(window, &key)) {
            size(&key, MARGIN, y, 24.0, 14.0);
            svg += &text_of(&key);
        }
        // The sign in its key is drawn above.
        let text: Vec<String> = (0..item.child_nodes().length())
            .filter_map(|place| item.child_nodes().get(place))
            .filter(|node| node.node_type() == Node::TEXT_NODE)
            .filter_map(|node| node.text_content())
            .collect();
        svg += &line(MARGIN + 34.0, y + 11.0, "start", &text.concat());
    }
    svg += "</svg>\n";
    Some(svg)
}

/// A copy of an element, whose style is written out.
fn drawn(window: &Window, element: &Element) -> Option<Element> {
    let copy: Element = element.clone_node_with_deep(true).ok()?.dyn_into().ok()?;
    let (of, to) = (element.query_selector_all("*").ok()?, copy.query_selector_all("*").ok()?);
    for place in 0..of.length() {
        let (Some(of), Some(to)) = (of.get(place), to.get(place)) else { continue };
        let (Ok(of), Ok(to)) = (of.dyn_into::<Element>(), to.dyn_into::<Element>()) else { continue };
        let Ok(Some(style)) = window.get_computed_style(&of) else { continue };
        for name in SEEN {
            let _ = to.set_attribute(name, &value(&style, name));
        }
        let _ = to.remove_attribute("class");
    }
    let _ = copy.remove_attribute("class");
    let _ = copy.set_attribute("xmlns", "http://www.w3.org/2000/svg");
    Some(copy)
}

fn value(style: &CssStyleDeclaration, name: &str) -> String {
    style.get_property_value(name).unwrap_or_default()
}

fn texts(figure: &Element, selector: &str) -> Vec<String> {
    let Ok(found) = figure.query_selector_all(selector) else { return Vec::new() };
    (0..found.length()).filter_map(|place| found.get(place)?.text_content()).collect()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
