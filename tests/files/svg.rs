//! What is exported as SVG can be read by any program that reads XML, and shows what the run holds.

use std::collections::BTreeSet;

use overlap::files::svg;
use overlap::model::event::Phase;
use overlap::timeline::{Leg, Shape, scene};
use proptest::prelude::*;
use roxmltree::{Document, Node};

use crate::support::{any_run, made};

fn all<'a>(document: &'a Document<'a>, name: &'a str) -> impl Iterator<Item = Node<'a, 'a>> {
    document.descendants().filter(move |node| node.has_tag_name(("http://www.w3.org/2000/svg", name)))
}

#[test]
fn every_bar_of_the_picture_is_there_with_a_colour_that_is_defined() {
    let run = made();
    let written = svg::write(&run);
    let document = Document::parse(&written).unwrap();
    let legs: Vec<Leg<'_>> = (0..).zip(&run.legs).map(|(number, leg)| Leg::of(number, leg)).collect();
    let picture = scene(&legs, 1_168.0);
    let bars =
        picture.shapes.iter().filter(|shape| matches!(shape, Shape::Phase { phase, .. } if *phase == Phase::Sleeping));
    let drawn = all(&document, "rect").filter(|rect| rect.attribute("fill") == Some("url(#pattern--phase-sleep)"));
    let count = bars.count();
    assert!(count > 5, "{count} bars sleep");
    assert_eq!(drawn.count(), count + 1, "one tells what it means");
    let texts: BTreeSet<&str> = all(&document, "text").filter_map(|text| text.text()).collect();
    for leg in &run.legs {
        assert!(texts.iter().any(|text| text.contains(&leg.title)), "{}", leg.title);
    }
    let style = all(&document, "style").next().and_then(|style| style.text()).unwrap();
    for class in document.descendants().filter_map(|node| node.attribute("class")).flat_map(str::split_whitespace) {
        assert!(style.contains(&format!(".{class}{{")), "nothing says what {class} is");
    }
    // In both themes.
    assert_eq!(style.matches(".fill--phase-sleep{").count(), 2);
    let patterns: BTreeSet<&str> = all(&document, "pattern").filter_map(|node| node.attribute("id")).collect();
    for fill in document.descendants().filter_map(|node| node.attribute("fill")?.strip_prefix("url(#")) {
        assert!(patterns.contains(fill.trim_end_matches(')')), "there is no {fill}");
    }
}

#[test]
fn a_name_is_text_and_never_more() {
    let mut run = made();
    run.name = "</title><script>alert(1)</script>&\"'\u{1}\n".to_owned();
    let written = svg::write(&run);
    let document = Document::parse(&written).unwrap();
    assert_eq!(all(&document, "script").count(), 0);
    assert_eq!(all(&document, "title").next().unwrap().text(), Some("</title><script>alert(1)</script>&\"' "));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_run_can_be_read_by_others(run in any_run()) {
        let written = svg::write(&run);
        prop_assert!(Document::parse(&written).is_ok(), "{:?}", Document::parse(&written).err());
        prop_assert!(!written.contains("NaN") && !written.contains("inf"));
    }
}
