//! What keys, the pointer and the page's controls do to the timeline.

use overlap::model::event::Phase;
use overlap::model::id::LaneId;
use overlap::model::trace::Trace;
use overlap::timeline::{Chart, Command, Input, Leg, Shape, Target};

use super::traces;

fn leg<'a>(title: &'a str, trace: &'a Trace) -> Leg<'a> {
    Leg { number: 0, title, trace, noun: "task", children: &[], limit_ms: None }
}

fn chart() -> Chart {
    let mut chart = Chart::default();
    chart.set_size(640.0, 300.0);
    chart
}

fn texts(chart: &mut Chart, legs: &[Leg<'_>]) -> Vec<String> {
    let scene = chart.scene(legs);
    let found = scene.shapes.into_iter().flat_map(|shape| match shape {
        Shape::Text { text, .. } => vec![text],
        Shape::Words { words, .. } => words,
        _ => Vec::new(),
    });
    found.collect()
}

/// Presses and lets go in the same place.
fn click(chart: &mut Chart, legs: &[Leg<'_>], x: f64, y: f64) {
    chart.input(legs, Input::Press { x, y, pans: false });
    chart.input(legs, Input::Release { x, y });
}

/// The middle of the first lane of the first run.
const FIRST_LANE: f64 = 50.0 + 30.0 + 12.0;

#[test]
fn a_click_on_a_bar_tells_its_tasks_life_and_a_click_beside_it_lets_go() {
    let trace = traces::call();
    let legs = [leg("Process pool", &trace)];
    let mut chart = chart();
    // Rows: the process, its thread, the child.
    let child = FIRST_LANE + 2.0 * 24.0;
    let x = 112.0 + (640.0 - 14.0 - 112.0) * 35.0 / 50.0;
    click(&mut chart, &legs, x, child);
    let details = chart.view(&legs).details.unwrap();
    assert_eq!(details.title, "process 1, computing");
    let fact = |name| details.facts.iter().find(|(found, _)| *found == name).map(|(_, text)| text.as_str());
    assert_eq!(fact("From"), Some("5.00 ms"));
    assert_eq!(fact("Length"), Some("20.0 ms"));
    assert_eq!(fact("Task"), Some("task 1: finished"));
    assert_eq!(fact("Queued"), Some("5.00 ms, from 0 µs on"));
    assert_eq!(fact("unpacking a message"), Some("1.00 ms"));
    let labels: Vec<&str> = details.links.iter().map(|link| link.label.as_str()).collect();
    assert_eq!(
        labels,
        [
            "Sent to it by main thread, 4.00 KB",
            "Received by main thread, 40 bytes",
            "Before, in this task: unpacking a message",
            "After, in this task: packing a message",
        ]
    );
    chart.command(&legs, Command::Go(details.links[1].target));
    assert_eq!(chart.view(&legs).details.unwrap().title, "main thread, unpacking a message");
    assert!(chart.view(&legs).said.starts_with("main thread: unpacking a message, task 1, 1.00 ms from 28.0 ms on"));
    chart.command(&legs, Command::All);
    click(&mut chart, &legs, 112.0 + 2.0, child);
    assert_eq!(chart.view(&legs).details, None);
}

#[test]
fn a_wait_for_the_lock_leads_to_who_had_it() {
    let trace = traces::passes();
    let legs = [leg("Threads", &trace)];
    let mut chart = chart();
    let woken = |chart: &mut Chart, thread: u32, place: usize| {
        chart.command(&legs, Command::Go(Target { leg: 0, lane: LaneId::Thread(thread), place }));
        let link = chart.view(&legs).details.unwrap().links.remove(0);
        chart.command(&legs, Command::Go(link.target));
        let details = chart.view(&legs).details.unwrap();
        let from = details.facts.iter().find(|(name, _)| *name == "From").map(|(_, from)| from.clone()).unwrap();
        (link.label, format!("{} from {from}", details.title))
    };
    let forced = |thread: u32| format!("Woken by worker {thread}, which was made to drop the lock");
    assert_eq!(woken(&mut chart, 2, 0), (forced(1), "worker 1, computing from 0 µs".to_owned()));
    let let_go = "Woken by worker 2, which let go of the lock".to_owned();
    assert_eq!(woken(&mut chart, 3, 0), (let_go, "worker 2, computing from 5.00 ms".to_owned()));
    // The last wait of all.
    assert_eq!(woken(&mut chart, 1, 2), (forced(3), "worker 3, computing from 7.00 ms".to_owned()));
}

#[test]
fn pinned_lanes_are_walked_too_and_keys_pin_and_fold() {
    let trace = traces::passes();
    let legs = [leg("Threads", &trace)];
    let mut chart = chart();
    let key = |chart: &mut Chart, name| chart.input(&legs, Input::Key(name));
    assert!(!key(&mut chart, "p") && !key(&mut chart, "c"), "nothing is chosen");
    assert!(key(&mut chart, "ArrowDown"));
    let first = chart.view(&legs).said;
    while !chart.view(&legs).said.starts_with("worker 3: ") {
        assert!(key(&mut chart, "ArrowDown"));
    }
    let height = chart.content_height(&legs);
    assert!(key(&mut chart, "p"));
    // It stands at the top now, above the others.
    assert!(key(&mut chart, "ArrowDown"));
    assert_eq!(chart.view(&legs).said.split(':').next(), first.split(':').next());
    assert!(key(&mut chart, "ArrowUp"));
    assert!(chart.view(&legs).said.starts_with("worker 3: "), "{}", chart.view(&legs).said);
    assert!(key(&mut chart, "c"));
    assert!(chart.content_height(&legs) < height);
}

#[test]
fn what_is_found_by_name_is_told_until_other_runs_come() {
    let trace = traces::passes();
    let legs = [leg("Threads", &trace)];
    let mut chart = chart();
    chart.command(&legs, Command::Filter(" Worker 2".to_owned()));
    assert_eq!(chart.view(&legs).filter, " Worker 2");
    let filtered = chart.content_height(&legs);
    chart.reset();
    assert_eq!(chart.view(&legs).filter, "");
    assert!(chart.content_height(&legs) > filtered);
}

#[test]
fn arrow_keys_walk_and_say_where_they_are_and_escape_lets_go() {
    let trace = traces::turns();
    let legs = [leg("Threads", &trace)];
    let mut chart = chart();
    let key = |chart: &mut Chart, name| chart.input(&legs, Input::Key(name));
    assert!(!key(&mut chart, "Escape"), "there is nothing to let go of");
    assert!(!key(&mut chart, "x"));
    for name in ["ArrowDown", "ArrowDown", "ArrowRight"] {
        assert!(key(&mut chart, name));
    }
    assert_eq!(chart.view(&legs).said, "worker 1: computing, task 1, 5.00 ms from 0 µs on");
    key(&mut chart, "ArrowRight");
    assert_eq!(chart.view(&legs).said, "worker 1: waiting for the lock, task 1, 5.00 ms from 5.00 ms on");
    key(&mut chart, "ArrowDown");
    assert_eq!(chart.view(&legs).said, "worker 2: computing, task 2, 5.00 ms from 5.00 ms on");
    assert!(key(&mut chart, "Escape"));
    assert_eq!(chart.view(&legs).details, None);
}

#[test]
fn dragging_chooses_a_stretch_whose_sum_is_told() {
    let trace = traces::turns();
    let legs = [leg("Threads", &trace)];
    let mut chart = chart();
    // From 0 to 20 ms of 60 ms that are shown, of which 20 lie before zero.
    let x = |ms: f64| 112.0 + (640.0 - 14.0 - 112.0) * (20.0 + ms) / 60.0;
    chart.input(&legs, Input::Press { x: x(0.0), y: 100.0, pans: false });
    chart.input(&legs, Input::Move { x: x(20.0), y: 120.0 });
    assert_eq!(chart.view(&legs).stretch, None, "not before it is whole");
    chart.input(&legs, Input::Release { x: x(20.0), y: 120.0 });
    let stretch = chart.view(&legs).stretch.unwrap();
    assert!((stretch.length.as_secs_f64() - 0.020).abs() < 1e-6);
    let told: Vec<_> = stretch.legs[0].phases.iter().map(|(phase, time)| (phase.label(), time.as_millis())).collect();
    // Rounded down, as the edges lie on pixels.
    assert!(told.iter().all(|(_, ms)| (19..=20).contains(ms)) && told.len() == 2, "{told:?}");
    chart.input(&legs, Input::Key("f"));
    assert!(!chart.view(&legs).is_whole);
    chart.input(&legs, Input::Key("0"));
    assert!(chart.view(&legs).is_whole);
}

#[test]
fn titles_fold_names_pin_and_a_filter_hides() {
    let trace = traces::turns();
    let legs = [leg("Threads", &trace)];
    let mut chart = chart();
    let all = chart.content_height(&legs);
    click(&mut chart, &legs, 20.0, 50.0 + 15.0);
    assert!(chart.content_height(&legs) < all);
    assert!(texts(&mut chart, &legs).contains(&"▸ Threads".to_owned()));
    click(&mut chart, &legs, 20.0, 50.0 + 15.0);
    assert_eq!(chart.content_height(&legs), all);
    // The second lane, by its name, goes to the top.
    click(&mut chart, &legs, 20.0, FIRST_LANE + 24.0);
    chart.command(&legs, Command::Filter("Worker 2".to_owned()));
    let texts = texts(&mut chart, &legs);
    let lanes: Vec<&str> =
        texts.iter().map(String::as_str).filter(|text| text.contains("worker") || text.contains("lane")).collect();
    assert_eq!(lanes, ["worker 2", "1 lane not shown", "worker 1"]);
}

#[test]
fn the_wheel_zooms_with_ctrl_alone_and_the_small_picture_moves_what_is_shown() {
    let trace = traces::sites();
    let legs = [leg("Event loop", &trace)];
    let mut chart = chart();
    assert!(!chart.input(&legs, Input::Wheel { x: 300.0, dx: 0.0, dy: -100.0, zooms: false }), "the page scrolls");
    assert!(chart.input(&legs, Input::Wheel { x: 300.0, dx: 0.0, dy: -300.0, zooms: true }));
    assert!(!chart.view(&legs).is_whole);
    let before = texts(&mut chart, &legs);
    chart.input(&legs, Input::Press { x: 600.0, y: 10.0, pans: false });
    chart.input(&legs, Input::Release { x: 600.0, y: 10.0 });
    assert_ne!(texts(&mut chart, &legs), before);
    chart.input(&legs, Input::Pinch { x: 300.0, factor: 0.1 });
    assert!(chart.view(&legs).is_whole);
}

#[test]
fn a_replay_steps_from_event_to_event_and_plays_to_the_end() {
    let trace = traces::call();
    let legs = [leg("Process pool", &trace)];
    let mut chart = chart();
    let at = |chart: &Chart| chart.view(&legs).replay.map(|replay| replay.at);
    assert_eq!(at(&chart), None);
    for expected in ["0 µs", "2.00 ms", "4.00 ms", "5.00 ms", "25.0 ms"] {
        chart.command(&legs, Command::Step(true));
        assert_eq!(at(&chart).as_deref(), Some(expected));
    }
    chart.command(&legs, Command::Step(false));
    assert_eq!(at(&chart).as_deref(), Some("5.00 ms"));
    chart.command(&legs, Command::Speed(4.0));
    chart.command(&legs, Command::Play);
    assert!(chart.is_playing());
    chart.tick(&legs, 60_000.0);
    let replay = chart.view(&legs).replay.unwrap();
    assert_eq!((replay.part, replay.playing, replay.speed), (1.0, false, 4.0));
    chart.command(&legs, Command::EndReplay);
    assert_eq!(at(&chart), None);
}

#[test]
fn a_chosen_row_below_what_is_seen_is_scrolled_to() {
    let trace = traces::turns();
    let legs = [leg("Threads", &trace), leg("Threads again", &trace)];
    let mut chart = chart();
    chart.set_size(640.0, 120.0);
    chart.command(&legs, Command::Go(Target { leg: 1, lane: LaneId::Thread(2), place: 0 }));
    let top = chart.take_wanted_scroll().unwrap();
    assert!(top > 0.0);
    assert_eq!(chart.take_wanted_scroll(), None, "once");
    assert!(top <= chart.content_height(&legs) - 120.0);
}

#[test]
fn a_timeline_without_runs_takes_everything_and_shows_nothing() {
    let mut chart = chart();
    for name in ["w", "s", "a", "d", "0", "f", ".", ",", "ArrowUp", "ArrowDown", "Home", "End", " "] {
        chart.input(&[], Input::Key(name));
    }
    click(&mut chart, &[], 300.0, 100.0);
    chart.command(&[], Command::Go(Target { leg: 3, lane: LaneId::Process, place: 9 }));
    chart.command(&[], Command::Step(true));
    assert_eq!(chart.view(&[]).details, None);
    assert!(chart.scene(&[]).shapes.len() < 40);
}

#[test]
fn work_is_shown_without_what_was_started_before_it_and_everything_again() {
    let trace = traces::turns();
    let legs = [leg("Threads", &trace)];
    let mut chart = chart();
    let bars = |chart: &mut Chart| {
        let is_start = |shape: &Shape| matches!(shape, Shape::Phase { phase: Phase::Instantiating, .. });
        chart.scene(&legs).shapes.iter().filter(|shape| is_start(shape)).count()
    };
    assert_eq!(bars(&mut chart), 1);
    chart.command(&legs, Command::Work);
    assert!(!chart.view(&legs).is_whole);
    assert_eq!(bars(&mut chart), 0);
    chart.input(&legs, Input::Key("0"));
    assert_eq!((bars(&mut chart), chart.view(&legs).is_whole), (1, true));
    chart.input(&legs, Input::Key("1"));
    assert!(!chart.view(&legs).is_whole);
}

#[test]
fn lanes_that_have_no_room_are_counted_until_they_are_scrolled_to() {
    let trace = traces::turns();
    let legs = [leg("Threads", &trace)];
    let lanes = trace.lanes.len();
    let mut chart = chart();
    assert_eq!(chart.view(&legs).below, None, "all have room");
    // The head, the title, and one lane and a half.
    chart.set_size(640.0, 50.0 + 30.0 + 24.0 + 13.0);
    assert_eq!(chart.view(&legs).below, Some(lanes - 2));
    chart.input(&legs, Input::Scroll(24.0));
    assert_eq!(chart.view(&legs).below, Some(lanes - 3));
    chart.input(&legs, Input::Scroll(900.0));
    assert_eq!(chart.view(&legs).below, Some(0));
}
