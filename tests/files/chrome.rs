//! What is exported as trace events is what the format allows, and holds what the run holds. The rules are those of Google's
//! “Trace Event Format”, as strictly as Perfetto and speedscope take them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

use overlap::files::{chrome, import};
use overlap::insight::Summary;
use overlap::model::event::Phase;
use overlap::model::id::{LaneId, TaskId};
use overlap::model::plan::ModelKind;
use overlap::model::run::Run;
use overlap::model::time::Instant;
use overlap::model::trace::{Hold, Lane, Span, Stamp, Trace};
use proptest::prelude::*;
use serde_json::Value;

use crate::support::{any_run, leg, made};

/// Nanoseconds of a time that is written in microseconds with three decimals.
fn ns(value: &Value) -> i128 {
    (value.as_f64().expect("a time is a number") * 1e3).round() as i128
}

fn text<'a>(event: &'a Value, key: &str) -> &'a str {
    event[key].as_str().unwrap_or_else(|| panic!("{key} is missing in {event}"))
}

type Thread = (u64, u64);

/// Checks a file, and gives its events by their phase.
fn checked(file: &str) -> BTreeMap<String, Vec<Value>> {
    let document: Value = serde_json::from_str(file).expect("it is JSON");
    assert_eq!(document["displayTimeUnit"], "ms");
    let events = document["traceEvents"].as_array().expect("it has events");
    let mut kinds: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    let mut slices: HashMap<Thread, Vec<(i128, i128)>> = HashMap::new();
    let mut open: HashMap<(u64, String, String), Vec<(i128, String)>> = HashMap::new();
    let mut threads: HashSet<Thread> = HashSet::new();
    for event in events {
        let thread = (event["pid"].as_u64().expect("a process"), event["tid"].as_u64().expect("a thread"));
        let ph = text(event, "ph");
        assert!(!text(event, "name").is_empty() || ph != "X", "{event}");
        assert!(ns(&event["ts"]) >= 0, "{event}");
        match ph {
            "M" => {
                let known = ["process_name", "process_sort_index", "thread_name", "thread_sort_index"];
                assert!(known.contains(&text(event, "name")), "{event}");
                if event["name"] == "thread_name" {
                    assert!(threads.insert(thread), "the thread is named twice: {event}");
                }
            }
            "X" => {
                assert!(ns(&event["dur"]) >= 0, "{event}");
                let start = ns(&event["ts"]);
                slices.entry(thread).or_default().push((start, start + ns(&event["dur"])));
            }
            "b" | "e" => {
                let key = (thread.0, text(event, "cat").to_owned(), text(event, "id").to_owned());
                let stack = open.entry(key).or_default();
                if ph == "b" {
                    assert!(stack.last().is_none_or(|(start, _)| *start <= ns(&event["ts"])), "{event}");
                    stack.push((ns(&event["ts"]), text(event, "name").to_owned()));
                } else {
                    let (start, name) = stack.pop().expect("what ends has begun");
                    assert_eq!(name, text(event, "name"), "async slices nest");
                    assert!(start <= ns(&event["ts"]));
                }
            }
            "C" => assert!(event["args"]["tasks"].is_u64(), "{event}"),
            "s" | "f" => assert!(event["id"].is_u64() && (ph == "s" || event["bp"] == "e"), "{event}"),
            other => panic!("there is no phase {other}"),
        }
        kinds.entry(ph.to_owned()).or_default().push(event.clone());
    }
    assert!(open.values().all(Vec::is_empty), "what begins ends");
    for (thread, mut slices) in slices.clone() {
        assert!(threads.contains(&thread), "thread {thread:?} has no name");
        slices.sort_unstable();
        // Spans of a lane stand one after another, so that nothing overlaps.
        assert!(
            slices.windows(2).all(|pair| pair[0].1 <= pair[1].0 || pair[0].0 == pair[0].1),
            "{thread:?}: {slices:?}"
        );
    }
    for (thread, mut slices) in added(file) {
        slices.sort_by(|one, other| one.partial_cmp(other).expect("times have an order"));
        assert!(
            slices.windows(2).all(|pair| pair[0].1 <= pair[1].0 || pair[0].0 == pair[1].0),
            "as floating-point numbers are added, {thread:?}: {slices:?}"
        );
    }
    flows(&kinds, &slices);
    kinds
}

/// The beginnings and ends of all slices, by process and thread, as a program has them that adds floating-point numbers. They are
/// read from the lines themselves: what reads JSON here may be wrong in the last digit.
fn added(file: &str) -> BTreeMap<(String, String), Vec<(f64, f64)>> {
    let mut added: BTreeMap<(String, String), Vec<(f64, f64)>> = BTreeMap::new();
    for line in file.lines().filter(|line| line.starts_with("{\"ph\":\"X\"")) {
        let part = |key: &str| {
            let (_, rest) = line.split_once(&format!("\"{key}\":")).expect("it has all parts");
            rest.split([',', '}']).next().expect("something stands there").to_owned()
        };
        let number = |key| part(key).parse::<f64>().expect("a time is a number");
        let slices = added.entry((part("pid"), part("tid"))).or_default();
        slices.push((number("ts"), number("ts") + number("dur")));
    }
    added
}

/// Each flow has one start and one end, in this order, and both stand inside a slice that can carry them.
fn flows(kinds: &BTreeMap<String, Vec<Value>>, slices: &HashMap<Thread, Vec<(i128, i128)>>) {
    let none = Vec::new();
    let ends = |ph: &str| {
        let mut found: BTreeMap<u64, (i128, Thread)> = BTreeMap::new();
        for event in kinds.get(ph).unwrap_or(&none) {
            let thread = (event["pid"].as_u64().expect("a number"), event["tid"].as_u64().expect("a number"));
            let before = found.insert(event["id"].as_u64().expect("a number"), (ns(&event["ts"]), thread));
            assert!(before.is_none(), "a flow has one {ph}: {event}");
        }
        found
    };
    let (starts, ends) = (ends("s"), ends("f"));
    assert!(starts.keys().eq(ends.keys()), "what flows arrives");
    for (id, (at, _)) in &starts {
        assert!(*at <= ends[id].0, "flow {id} goes back in time");
    }
    for (id, (at, thread)) in starts.iter().chain(&ends) {
        let carries = |(start, end): &(i128, i128)| start <= at && at < end;
        assert!(
            slices.get(thread).is_some_and(|slices| slices.iter().any(carries)),
            "flow {id} at {at} hangs in the air"
        );
    }
}

fn count(kinds: &BTreeMap<String, Vec<Value>>, ph: &str, matches: impl Fn(&Value) -> bool) -> usize {
    kinds.get(ph).map_or(0, |events| events.iter().filter(|event| matches(event)).count())
}

fn spans(run: &Run, of: impl Fn(LaneId) -> bool) -> usize {
    let lanes = run.legs.iter().flat_map(|leg| leg.trace.lanes.iter());
    // To idle for no time is nothing.
    let is_there = |span: &&Span| span.phase != Phase::Idle || span.end.at > span.start.at;
    let of_lane = |lane: &Lane| lane.spans.iter().filter(is_there).count() + usize::from(lane.open.is_some());
    lanes.filter(|(id, _)| of(*id)).map(|(_, lane)| of_lane(lane)).sum()
}

#[test]
fn an_export_holds_every_span_flow_and_level() {
    let run = made();
    let kinds = checked(&chrome::write(&run));
    let is_coroutine = |id| matches!(id, LaneId::Coroutine(_));
    assert_eq!(
        count(&kinds, "X", |event| !event["args"]["mark"].is_string()),
        spans(&run, |id| !is_coroutine(id)),
        "a slice a span"
    );
    let coroutines = run
        .legs
        .iter()
        .flat_map(|leg| leg.trace.lanes.iter())
        .filter(|(id, lane)| is_coroutine(*id) && !lane.spans.is_empty());
    assert_eq!(
        count(&kinds, "b", |_| true),
        spans(&run, is_coroutine) + coroutines.count(),
        "and one for each coroutine"
    );
    // Sequential and the pool: each task has a flow to its start. And each message to its arrival.
    let flows = count(&kinds, "s", |_| true);
    let messages: usize = run.legs.iter().map(|leg| leg.trace.posts.len()).sum();
    assert!(messages > 0 && flows > messages, "{flows} flows, {messages} messages");
    let pid = |title: &str| {
        let named = |event: &&Value| event["name"] == "process_name" && event["args"]["name"] == title;
        kinds["M"].iter().find(named).expect("each leg is a process")["pid"].clone()
    };
    for leg in &run.legs {
        let dials = Summary::of(&leg.trace).dials;
        for (name, dial) in [("in flight", dials.in_flight), ("computing", dials.computing)] {
            let of_it = kinds["C"].iter().filter(|event| event["pid"] == pid(&leg.title) && event["name"] == name);
            let peak = of_it.filter_map(|event| event["args"]["tasks"].as_u64()).max().unwrap_or(0);
            assert_eq!(peak, u64::from(dial.peak), "{} {name}", leg.title);
        }
    }
}

#[test]
fn coroutines_take_turns_on_their_loops_thread_and_flows_lead_there() {
    let at = |us: u64| Stamp { at: Instant(us * 1_000), sequence: us as u32 };
    let mut trace = Trace::new(3);
    // The third began within one step of the clock, has a name that is none, and had its second turn much later.
    for (task, turns) in [(0, [(10, 30), (90, 100)]), (1, [(30, 45), (100, 120)]), (2, [(45, 45), (120, 130)])] {
        let life = &mut trace.tasks[task as usize];
        (life.submitted, life.started) = (Some(at(5 + u64::from(task))), Some(at(turns[0].0)));
        (life.ended, life.lane) = (Some(at(turns[1].1)), Some(LaneId::Coroutine(task)));
        let [first, second] = turns;
        let spans = [
            (Phase::Computing, first.0, first.1),
            (Phase::Sleeping, first.1, second.0),
            (Phase::Computing, second.0, second.1),
        ];
        trace.lanes.lane(LaneId::Coroutine(task)).spans = spans
            .map(|(phase, start, end)| Span { phase, task: Some(TaskId(task)), start: at(start), end: at(end) })
            .to_vec();
    }
    trace.lanes.lane(LaneId::Coroutine(2)).name = Some(String::new());
    trace.look(Instant(130_000));
    let run = Run { legs: vec![leg(ModelKind::EventLoop, trace)], ..Run::default() };
    let kinds = checked(&chrome::write(&run));
    let turns: Vec<(&str, i128)> = kinds["X"]
        .iter()
        .filter(|event| event["args"]["mark"] == "a turn of a coroutine")
        .map(|event| (text(event, "name"), ns(&event["ts"])))
        .collect();
    let (first, second) = ("task 1", "task 2");
    let third = "coroutine 3";
    assert_eq!(turns, [(first, 10_000), (second, 30_000), (first, 90_000), (second, 100_000), (third, 120_000)]);
    let arrive: Vec<i128> = kinds["f"].iter().map(|event| ns(&event["ts"])).collect();
    assert_eq!(arrive, [10_000, 30_000], "each where its first turn begins, if that took any time");
}

#[test]
fn an_export_that_is_read_again_has_its_lanes_phases_and_times() {
    let mut run = made();
    // Who held a lock, and when tasks were submitted, is no lane, and comes back as none.
    let at = |ms: u64| Stamp { at: Instant(ms * 1_000_000), sequence: 0 };
    let hold = Hold { start: at(1), end: Some(at(9)), from: None, was_forced: false, is_forced: true };
    Rc::make_mut(&mut run.legs[0].trace).lanes.lane(LaneId::Thread(0)).holds.push(hold);
    let written = chrome::write(&run);
    assert!(written.contains("holds the lock") && written.contains("submit "));
    let imported = import(written.as_bytes(), "again").unwrap();
    assert!(imported.remarks.iter().any(|remark| remark.contains("JSON")), "{:?}", imported.remarks);
    let again = imported.run;
    let time_of = |run: &Run, of: &dyn Fn(LaneId) -> bool| {
        let mut times: BTreeMap<&str, u128> = BTreeMap::new();
        let lanes = run.legs.iter().flat_map(|leg| leg.trace.lanes.iter());
        for (_, lane) in lanes.filter(|(id, _)| of(*id)) {
            for span in &lane.spans {
                *times.entry(span.phase.label()).or_default() += (span.end.at - span.start.at).as_nanos();
            }
        }
        times.retain(|_, time| *time > 0);
        times
    };
    assert_eq!(time_of(&again, &|_| true), time_of(&run, &|_| true));
}

#[test]
fn tracks_of_chromes_own_ids_are_told_apart() {
    let event = |ph: &str, id: u32, ts: u32| {
        format!(r#"{{"ph":"{ph}","cat":"net","name":"request","pid":1,"tid":1,"id2":{{"local":"0x{id}"}},"ts":{ts}}}"#)
    };
    // The second begins and ends within the first.
    let events = [event("b", 1, 0), event("b", 2, 10), event("e", 2, 20), event("e", 1, 100)].join(",");
    let run = import(format!("[{events}]").as_bytes(), "chrome").unwrap().run;
    let lengths: Vec<u128> = run.legs[0]
        .trace
        .lanes
        .values()
        .map(|lane| lane.spans.iter().map(|span| (span.end.at - span.start.at).as_micros()).sum())
        .collect();
    assert_eq!(lengths, [100, 10]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_run_is_exported_by_the_rules(run in any_run()) {
        checked(&chrome::write(&run));
    }
}
