//! Traces of real CPython, recorded by VizTracer (`tests/viztracer`), have the lanes and tasks that their program had.

use std::collections::BTreeMap;

use overlap::files::import;
use overlap::insight::Summary;
use overlap::model::event::Phase;
use overlap::model::id::LaneId;
use overlap::model::trace::{Lane, Trace};

/// A recording of `tests/viztracer/program.py`; another may be named, which `./dev test` makes anew.
fn recorded() -> Vec<u8> {
    let path = std::env::var("OVERLAP_VIZTRACER")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/tests/viztracer/sample.json").to_owned());
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn of_name<'a>(trace: &'a Trace, name: &str) -> (LaneId, &'a Lane) {
    let mut found =
        trace.lanes.iter().filter(|(_, lane)| lane.name.as_deref().is_some_and(|own| own.starts_with(name)));
    let lane = found.next().unwrap_or_else(|| panic!("there is no lane {name}"));
    assert!(found.next().is_none(), "there are several lanes {name}");
    lane
}

fn time_in(lane: &Lane, phase: Phase) -> f64 {
    let spans = lane.spans.iter().filter(|span| span.phase == phase);
    spans.map(|span| (span.end.at - span.start.at).as_secs_f64() * 1e3).sum()
}

#[test]
fn threads_coroutines_and_processes_have_their_lanes_and_tasks() {
    let imported = import(&recorded(), "cpython.json").unwrap();
    assert_eq!(imported.remarks, [] as [String; 0]);
    let [leg] = &imported.run.legs[..] else { panic!("one leg") };
    assert_eq!((leg.title.as_str(), leg.model), ("CPython", None));
    assert!(imported.run.place.browser.starts_with("CPython, recorded by VizTracer "));
    let trace = &leg.trace;
    // The tasks of each kind, by the name of what they call.
    let mut tasks: BTreeMap<&str, usize> = BTreeMap::new();
    leg.task_names.iter().for_each(|name| *tasks.entry(name).or_default() += 1);
    let expected = [("compute", 1), ("fetch", 3), ("in_a_process", 5), ("locked", 2), ("main", 1), ("rest", 3)];
    assert_eq!(
        tasks.into_iter().collect::<Vec<_>>().iter().map(|(name, _)| *name).collect::<Vec<_>>(),
        expected.map(|(name, _)| name)
    );
    for (name, least) in expected {
        let found = leg.task_names.iter().filter(|other| *other == name).count();
        // Chunks of a pool are tasks, and how many there are is the pool's own affair.
        assert!(found == least || name == "in_a_process" && found >= least, "{found} of {name}");
    }
    let (id, _) = of_name(trace, "MainThread");
    assert_eq!(id, LaneId::Thread(0));
    for name in ["ThreadPoolExecutor-0_0", "ThreadPoolExecutor-0_1"] {
        let (id, lane) = of_name(trace, name);
        assert!(matches!(id, LaneId::Thread(_)));
        assert!(time_in(lane, Phase::Sleeping) > 29.0, "{name} slept");
    }
    // The loop's coroutines wait for their sleep, and compute when it is over.
    let coroutines: Vec<&Lane> =
        trace.lanes.iter().filter(|(id, _)| matches!(id, LaneId::Coroutine(_))).map(|(_, lane)| lane).collect();
    assert_eq!(coroutines.len(), 4);
    for lane in &coroutines[1..] {
        assert!(time_in(lane, Phase::Sleeping) > 19.0, "{:?}", lane.name);
        assert!(time_in(lane, Phase::Computing) > 0.0);
    }
    // The second thread waits while the first one holds their lock and sleeps.
    let (first, second) = (of_name(trace, "locker-1").1, of_name(trace, "locker-2").1);
    assert!(time_in(first, Phase::WaitingMutex).max(time_in(second, Phase::WaitingMutex)) > 20.0);
    let children: Vec<&Lane> =
        trace.lanes.iter().filter(|(id, _)| matches!(id, LaneId::Child(_))).map(|(_, lane)| lane).collect();
    assert_eq!(children.len(), 4, "two of each pool");
    assert!(children.iter().any(|lane| lane.name.as_deref().is_some_and(|name| name.starts_with("ForkPoolWorker-"))));
    assert!(children.iter().all(|lane| time_in(lane, Phase::Idle) > 0.0), "each waited for work");
}

#[test]
fn its_numbers_are_those_of_a_run() {
    let run = import(&recorded(), "cpython.json").unwrap().run;
    let summary = Summary::of(&run.legs[0].trace);
    assert_eq!((summary.done, summary.failed), (summary.tasks, 0));
    assert!(summary.dials.in_flight.peak >= 4, "four coroutines at least: {:?}", summary.dials);
    assert!(summary.wall.as_millis() > 100);
    // Of the thread pool's four tasks two had to wait for a thread.
    let queued = run.legs[0].trace.tasks.iter().filter(|task| {
        task.submitted
            .zip(task.started)
            .is_some_and(|(submitted, started)| (started.at - submitted.at).as_millis() > 20)
    });
    assert_eq!(queued.count(), 2);
}
