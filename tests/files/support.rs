//! Runs to be written and read: some that an engine made, and any at all.

use core::time::Duration;

use overlap::insight::figures;
use overlap::model::event::Phase;
use overlap::model::experiment::Trial;
use overlap::model::figures::Figures;
use overlap::model::id::{LaneId, TaskId};
use overlap::model::outcome::{Failure, Outcome, RunEnd, Value};
use overlap::model::plan::{Fault, ModelKind, Workload};
use overlap::model::run::{Output, Place, Run, RunLeg};
use overlap::model::time::Instant;
use overlap::model::trace::{Hold, Lane, OpenSpan, Piece, Post, Span, Stamp, TaskLife, Trace};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

use crate::runs::{real, simulate};

pub fn leg(model: ModelKind, trace: Trace) -> RunLeg {
    RunLeg {
        title: model.label().to_owned(),
        model: Some(model),
        setting: None,
        noun: "task".to_owned(),
        task_names: Vec::new(),
        limit_ms: None,
        end: RunEnd::Done,
        output: None,
        trace: trace.into(),
    }
}

/// The plan of what is made here.
const PLAN: &str =
    "v=1&run=sleep&as=event-loop&experiment=race&racers=sequential+event-loop+processes&ms=20&tasks=5&repeats=1&end";

/// The same work one after another, on an event loop, and in two processes.
pub fn made() -> Run {
    let workload = Workload::Sleep { tasks: 5, ms: 20, fault: Fault::None };
    let simulated = |model| leg(model, simulate(&workload, model, None).trace);
    let processes = leg(ModelKind::Processes, real(&workload, ModelKind::Processes, 2, |_| ()).trace);
    let mut legs = vec![simulated(ModelKind::Sequential), simulated(ModelKind::EventLoop), processes];
    for (leg, place) in legs.iter_mut().zip(0..) {
        leg.setting = Some(place);
    }
    let figures_of = |(setting, leg): (usize, &RunLeg)| {
        figures::of(Trial { setting, round: 1 }, &leg.trace, &leg.end, Some(6 << 20))
    };
    let place = Place {
        browser: "Chromium 156".to_owned(),
        cores: 2,
        isolated: true,
        clock_step_ns: Some(5_000),
        build: "0.1.0".to_owned(),
    };
    Run {
        name: "mine".to_owned(),
        work: "Sleep".to_owned(),
        made_ms: 1_790_000_000_000,
        place,
        plan: Some(PLAN.to_owned()),
        figures: Some(legs.iter().enumerate().map(figures_of).collect()),
        trials_over: Some(3),
        legs,
    }
}

fn lane_id() -> impl Strategy<Value = LaneId> {
    prop_oneof![
        Just(LaneId::Page),
        Just(LaneId::Process),
        (0..40_u32).prop_map(LaneId::Thread),
        (0..40_u32).prop_map(LaneId::Coroutine),
        (1..40_u32).prop_map(LaneId::Child),
    ]
}

fn stamp(latest: u64) -> impl Strategy<Value = Stamp> {
    (0..=latest, any::<u32>()).prop_map(|(at, sequence)| Stamp { at: Instant(at), sequence })
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        Just(Outcome::Cancelled),
        any::<u64>().prop_map(|count| Outcome::Done(Value::Count(count))),
        (any::<u16>(), any::<u32>()).prop_map(|(status, bytes)| Outcome::Done(Value::Response { status, bytes })),
        ".*".prop_map(|words| Outcome::Failed(Failure::Panicked(words))),
        any::<u8>().prop_map(|code| Outcome::Failed(Failure::ExitCode(code))),
    ]
}

fn task_of(tasks: u32) -> BoxedStrategy<Option<TaskId>> {
    if tasks == 0 { Just(None).boxed() } else { option::of((0..tasks).prop_map(TaskId)).boxed() }
}

fn lane(tasks: u32, latest: u64) -> impl Strategy<Value = Lane> {
    let phase = (0..Phase::ALL.len()).prop_map(|place| Phase::ALL[place]);
    let spans = vec((phase, task_of(tasks), stamp(latest), any::<u32>()), 0..12).prop_map(move |mut spans| {
        spans.sort_by_key(|(_, _, start, _)| start.at);
        let starts: Vec<Instant> = spans.iter().map(|(_, _, start, _)| start.at).collect();
        let end = |place: usize| starts.get(place + 1).copied().unwrap_or(Instant(latest));
        let span = |(place, (phase, task, start, sequence))| Span {
            phase,
            task,
            start,
            end: Stamp { at: end(place), sequence },
        };
        spans.into_iter().enumerate().map(span).collect::<Vec<Span>>()
    });
    let open = option::of((task_of(tasks), any::<u32>()));
    let hold = (stamp(latest), option::of(any::<u32>()), option::of(lane_id()), any::<(bool, bool)>()).prop_map(
        move |(start, end, from, (was_forced, is_forced))| Hold {
            start,
            end: end.map(|sequence| Stamp { at: Instant(latest), sequence }),
            from,
            was_forced,
            is_forced,
        },
    );
    (option::of(".*"), spans, open, vec(hold, 0..4), vec(stamp(latest), 0..3)).prop_map(
        move |(name, spans, open, holds, requests)| {
            let open = open.map(|(task, sequence)| OpenSpan {
                phase: Phase::Computing,
                task,
                start: Stamp { at: Instant(latest), sequence },
            });
            Lane { name, spans, open, holds, requests }
        },
    )
}

fn life(latest: u64) -> impl Strategy<Value = TaskLife> {
    (vec(stamp(latest), 3), any::<[bool; 3]>(), option::of(lane_id()), option::of(outcome())).prop_map(
        |(mut stamps, [submitted, started, ended], lane, outcome)| {
            stamps.sort();
            TaskLife {
                submitted: submitted.then_some(stamps[0]),
                started: started.then_some(stamps[1]),
                ended: ended.then_some(stamps[2]),
                lane,
                outcome,
            }
        },
    )
}

fn post(tasks: u32, latest: u64) -> impl Strategy<Value = Post> {
    let end = || option::of((lane_id(), stamp(latest)));
    (any::<(u32, u32)>(), task_of(tasks), end(), end()).prop_map(|((number, bytes), task, sent, received)| Post {
        number,
        bytes,
        task,
        sent,
        received,
    })
}

fn trace() -> impl Strategy<Value = Trace> {
    (0..8_u32, 0..1_u64 << 50).prop_flat_map(|(tasks, latest)| {
        (
            btree_map(lane_id(), lane(tasks, latest), 0..5),
            vec(life(latest), tasks as usize),
            vec(any::<bool>(), tasks as usize),
            vec(post(tasks, latest), 0..4),
            any::<(bool, u32)>(),
            (option::of(any::<u64>()), any::<u64>()),
            vec(
                (any::<(u32, u64)>(), lane_id()).prop_map(|((piece, shades), lane)| Piece { piece, shades, lane }),
                0..4,
            ),
        )
            .prop_map(move |(lanes, tasks, ended, posts, open, (counter, lost), shown)| {
                let mut trace = Trace { tasks, counter, lost, shown, latest: Instant(latest), ..Trace::default() };
                for (id, lane) in lanes {
                    *trace.lanes.lane(id) = lane;
                }
                let ended = ended.iter().zip(0..).filter(|(ended, _)| **ended);
                trace.ended = ended.map(|(_, task)| TaskId(task)).collect();
                if !posts.is_empty() {
                    trace.open_posts.insert(open, posts.len() as u32 - 1);
                }
                trace.posts = posts;
                trace
            })
    })
}

fn end() -> impl Strategy<Value = RunEnd> {
    prop_oneof![Just(RunEnd::Done), Just(RunEnd::Cancelled), Just(RunEnd::TimedOut), ".*".prop_map(RunEnd::Failed),]
}

fn any_figures() -> impl Strategy<Value = Figures> {
    let time = || any::<u64>().prop_map(Duration::from_nanos);
    let counts = (any::<u32>(), any::<u32>(), any::<u32>(), any::<u32>());
    (
        counts,
        time(),
        time(),
        option::of(time()),
        option::of(time()),
        option::of(any::<u64>()),
        option::of("[a-z ]{0,40}"),
    )
        .prop_map(
            |((setting, round, in_flight, computing), wall, start_up, messages, lock, memory_bytes, failed)| Figures {
                trial: Trial { setting: setting as usize, round },
                wall,
                start_up,
                in_flight,
                computing,
                messages,
                lock,
                memory_bytes,
                failed,
            },
        )
}

/// Any run that may be kept.
pub fn any_run() -> impl Strategy<Value = Run> {
    let model = option::of((0..ModelKind::ALL.len()).prop_map(|place| ModelKind::ALL[place]));
    let numbers = (option::of(any::<u32>()), option::of(any::<u32>()));
    let output = option::of((".*", ".*", any::<u64>()));
    let leg = (".*", model, ".*", vec(".*", 0..3), numbers, end(), output, trace()).prop_map(
        |(title, model, noun, task_names, (setting, limit_ms), end, output, trace)| RunLeg {
            title,
            model,
            setting,
            noun,
            task_names,
            limit_ms,
            end,
            output: output.map(|(stdout, stderr, cut_bytes)| Output { stdout, stderr, cut_bytes }),
            trace: trace.into(),
        },
    );
    let place = (".*", any::<u32>(), any::<bool>(), option::of(any::<u64>()), ".*").prop_map(
        |(browser, cores, isolated, clock_step_ns, build)| Place { browser, cores, isolated, clock_step_ns, build },
    );
    let words = (".*", ".*", option::of(".*"));
    (words, any::<u64>(), place, (option::of(vec(any_figures(), 0..4)), option::of(any::<u32>())), vec(leg, 1..3))
        .prop_map(|((name, work, plan), made_ms, place, (figures, trials_over), legs)| Run {
            name,
            work,
            made_ms,
            place,
            plan,
            figures,
            trials_over,
            legs,
        })
}
