//! Pictures of known traces, as lists of what is drawn.

use expect_test::{ExpectFile, expect_file};
use overlap::model::event::Phase;
use overlap::model::trace::Trace;
use overlap::timeline::{Chart, Command, Input, Leg, Scene, Shape};

use super::traces;

fn leg<'a>(title: &'a str, trace: &'a Trace, limit_ms: Option<u32>) -> Leg<'a> {
    Leg { number: 0, title, trace, noun: "task", children: &[], limit_ms }
}

/// A list that a person can read: a line for each shape, in tenths of pixels.
fn list(scene: &Scene) -> String {
    let number = |value: f64| format!("{:.1}", value + 0.0);
    let mut text = format!("{} x {}\n", number(scene.width), number(scene.height));
    for shape in &scene.shapes {
        text += &match shape {
            Shape::Phase { left, top, width, height, phase, label } => format!(
                "bar {phase:?} {} {} {} {}{}\n",
                number(*left),
                number(*top),
                number(*width),
                number(*height),
                label.as_ref().map(|label| format!(" {label:?}")).unwrap_or_default(),
            ),
            Shape::Parts { phase, rects } => {
                let rects = rects.iter().map(|rect| {
                    let [left, top, width, height] = [rect.left, rect.top, rect.width, rect.height].map(number);
                    format!("  {left} {top} {width} {height}\n")
                });
                format!("parts {phase:?}\n{}", rects.collect::<String>())
            }
            other => format!("{other:?}\n"),
        };
    }
    text
}

fn check(scene: &Scene, expected: ExpectFile) {
    expected.assert_eq(&list(scene));
}

#[test]
fn sites_on_an_event_loop() {
    let trace = traces::sites();
    check(&overlap::timeline::scene(&[leg("Event loop", &trace, Some(50))], 640.0), expect_file!["pictures/sites.txt"]);
}

#[test]
fn a_race_on_a_phone() {
    let (one, two) = (traces::turns(), traces::call());
    let legs = [leg("Threads", &one, None), leg("Process pool", &two, None)];
    check(&overlap::timeline::scene(&legs, 340.0), expect_file!["pictures/race_on_a_phone.txt"]);
}

#[test]
fn a_wait_for_the_lock_with_what_ended_it() {
    let trace = traces::turns();
    let legs = [leg("Threads", &trace, None)];
    let mut chart = Chart::default();
    chart.set_size(640.0, 200.0);
    chart.input(&legs, Input::Key("ArrowDown"));
    for key in ["ArrowDown", "ArrowDown", "w"] {
        chart.input(&legs, Input::Key(key));
    }
    check(&chart.scene(&legs), expect_file!["pictures/wait.txt"]);
}

#[test]
fn a_replay_draws_nothing_that_comes_later() {
    let trace = traces::call();
    let legs = [leg("Process pool", &trace, None)];
    let mut chart = Chart::default();
    chart.set_size(640.0, 200.0);
    chart.command(&legs, Command::Seek(0.5));
    check(&chart.scene(&legs), expect_file!["pictures/replay.txt"]);
}

#[test]
fn of_a_million_events_every_kind_is_seen_and_no_more_is_drawn_than_there_are_pixels() {
    let trace = traces::million();
    let legs = [leg("Threads", &trace, None)];
    let scene = overlap::timeline::scene(&legs, 1_000.0);
    let height_of = |phase| {
        let parts = scene.shapes.iter().filter_map(|shape| match shape {
            Shape::Parts { phase: of, rects } if *of == phase => Some(rects),
            _ => None,
        });
        // Of the lane, not of the small picture.
        parts.flatten().filter(|rect| rect.top > 60.0).map(|rect| rect.height).fold(0.0, f64::max)
    };
    assert!((10.0..=15.0).contains(&height_of(Phase::Computing)), "three quarters of the time");
    assert!(height_of(Phase::WaitingIo) >= 3.0);
    assert!(height_of(Phase::Sleeping) >= 3.0, "once in a million, and seen");
    let drawn: usize = scene
        .shapes
        .iter()
        .map(|shape| match shape {
            Shape::Parts { rects, .. } | Shape::Areas { rects, .. } => rects.len(),
            _ => 1,
        })
        .sum();
    assert!(drawn < 3_000, "{drawn}");
}
