//! Every workload under every model that is offered for it: that it ends, and that what it finds does not depend on who ran it.

use overlap::insight::{Summary, words};
use overlap::model::event::Phase;
use overlap::model::outcome::{Failure, Outcome, Value};
use overlap::model::plan::{
    CCall, Choose, Draft, Fault, Job, LockOrder, ModelKind, Options, Param, Shares, Workload, WorkloadKind,
};

use crate::runs::{Run, real, real_job, simulate, simulate_job};

/// Small enough to be run by every model in a debug build.
fn small(workload: WorkloadKind, model: ModelKind) -> Draft {
    let mut draft = Draft::of(workload, model);
    let texts: &[(Param, &str)] = match workload {
        WorkloadKind::Sites => {
            draft.sites.truncate(4);
            draft.sites.iter_mut().for_each(|site| site.value = "3".to_owned());
            &[]
        }
        WorkloadKind::FanOut => &[(Param::Tasks, "9"), (Param::Latency, "3")],
        WorkloadKind::Pages => &[(Param::Tasks, "3"), (Param::Pages, "3"), (Param::Latency, "2")],
        WorkloadKind::Primes => &[(Param::Below, "40000"), (Param::Tasks, "5")],
        WorkloadKind::Mandelbrot => &[(Param::Iterations, "60"), (Param::Tasks, "5")],
        WorkloadKind::Sha256 => &[(Param::Blocks, "3"), (Param::Tasks, "2")],
        WorkloadKind::Matrix => &[(Param::Size, "60"), (Param::Tasks, "4")],
        WorkloadKind::Pi => &[(Param::Points, "50000"), (Param::Tasks, "5")],
        WorkloadKind::Sort => &[(Param::Numbers, "5000"), (Param::Tasks, "3")],
        WorkloadKind::Sleep => &[(Param::Ms, "4"), (Param::Tasks, "5")],
        WorkloadKind::FetchThenCompute => &[(Param::Tasks, "4"), (Param::Latency, "3"), (Param::Below, "9000")],
        WorkloadKind::Convoy => &[(Param::Sleeps, "4"), (Param::Below, "60000")],
        WorkloadKind::Tiny => &[(Param::Tasks, "300")],
        WorkloadKind::Large => &[(Param::Kib, "64"), (Param::Tasks, "4")],
        WorkloadKind::Queue => &[(Param::Items, "20"), (Param::Below, "900")],
        WorkloadKind::Counter => &[(Param::Times, "300")],
        WorkloadKind::Deadlock => &[(Param::Ms, "5")],
        WorkloadKind::Commands => &[],
    };
    texts.iter().for_each(|(param, text)| draft.set_text(*param, (*text).to_owned()));
    draft
}

/// Runs a draft; in simulated time where that is what the model waits by.
fn run(draft: &Draft) -> Run {
    let plan = draft.validate(2).expect("it is a plan");
    let job = plan.job(plan.model);
    match plan.model {
        ModelKind::EventLoop if !job.options.event_loop.to_thread => simulate_job(&job, None),
        ModelKind::Sequential => simulate_job(&job, None),
        ModelKind::Cores => {
            let workers = rayon::current_num_threads() as u32;
            real_job(&Job { options: Options { workers, ..job.options }, ..job }, None, |_| ())
        }
        _ => real_job(&job, None, |_| ()),
    }
}

/// The outcome of each task, in order of submission.
fn outcomes(run: &Run) -> Vec<Option<Outcome>> {
    run.trace.tasks.iter().map(|task| task.outcome.clone()).collect()
}

#[test]
fn what_a_workload_finds_does_not_depend_on_the_model() {
    for workload in WorkloadKind::ALL {
        // Two are about what does depend on it, and commands are none of the engine's.
        if matches!(workload, WorkloadKind::Queue | WorkloadKind::Deadlock | WorkloadKind::Commands) {
            continue;
        }
        let sequential = run(&small(workload, ModelKind::Sequential));
        let summary = Summary::of(&sequential.trace);
        assert!(summary.is_complete(), "{workload:?}: {summary:?}");
        for model in ModelKind::ALL.into_iter().filter(|model| Draft::model_refused(workload, *model).is_none()) {
            let other = run(&small(workload, model));
            assert_eq!(outcomes(&other), outcomes(&sequential), "{workload:?} under {model:?}");
            let mut pieces: Vec<_> = other.trace.shown.iter().map(|piece| (piece.piece, piece.shades)).collect();
            pieces.sort_unstable();
            let mut expected: Vec<_> = sequential.trace.shown.iter().map(|piece| (piece.piece, piece.shades)).collect();
            expected.sort_unstable();
            assert!(pieces == expected, "{workload:?} under {model:?}");
        }
    }
}

#[test]
fn a_picture_is_whole_and_every_piece_of_it_is_there_once() {
    let run = run(&small(WorkloadKind::Mandelbrot, ModelKind::FreeThreads));
    let mut pieces: Vec<u32> = run.trace.shown.iter().map(|piece| piece.piece).collect();
    pieces.sort_unstable();
    assert!(pieces.into_iter().eq(0..256 * 160 / 16));
}

#[test]
fn a_producer_waits_where_the_queue_is_full_and_consumers_where_it_is_empty() {
    for model in [ModelKind::Threads, ModelKind::FreeThreads, ModelKind::EventLoop] {
        let run = run(&small(WorkloadKind::Queue, model));
        let counts: Vec<u64> = outcomes(&run)
            .into_iter()
            .map(|outcome| match outcome {
                Some(Outcome::Done(Value::Count(count))) => count,
                other => panic!("{model:?}: {other:?}"),
            })
            .collect();
        assert_eq!((counts[0], counts[1..].iter().sum()), (20, 20), "{model:?}: what was put was taken, once");
        let waited =
            run.trace.lanes.values().flat_map(|lane| &lane.spans).any(|span| span.phase == Phase::WaitingQueue);
        assert!(waited, "{model:?}: four fit, and twenty are produced");
    }
}

#[test]
fn one_after_another_a_producer_that_fills_its_queue_is_told_that_nobody_will_take_anything() {
    let run = run(&small(WorkloadKind::Queue, ModelKind::Sequential));
    let all = outcomes(&run);
    assert!(matches!(&all[0], Some(Outcome::Failed(Failure::Stalled(why))) if why.contains("1 producer")), "{all:?}");
    assert!(all.iter().all(Option::is_some), "and the run ends");
}

#[test]
fn two_locks_taken_crosswise_are_a_deadlock_that_is_named_and_ended() {
    for model in [ModelKind::Threads, ModelKind::FreeThreads, ModelKind::EventLoop] {
        let run = run(&small(WorkloadKind::Deadlock, model));
        let all = outcomes(&run);
        let named = |outcome: &Option<Outcome>| {
            matches!(outcome, Some(Outcome::Failed(Failure::Deadlock(why)))
                if why.contains("task 1 has A") && why.contains("task 2 has B"))
        };
        assert_eq!(all.iter().filter(|outcome| named(outcome)).count(), 1, "{model:?}: {all:?}");
        let done = all.iter().filter(|outcome| matches!(outcome, Some(Outcome::Done(_)))).count();
        assert_eq!(done, 1, "{model:?}: the other goes on: {all:?}");
        let mut same = small(WorkloadKind::Deadlock, model);
        same.set_choice(Choose::Order, 1);
        assert_eq!(Summary::of(&self::run(&same).trace).done, 2, "{model:?}: in the same order they cannot lock up");
    }
}

#[test]
fn the_lock_keeps_every_update_and_a_loop_needs_none() {
    for (model, locked) in
        [(ModelKind::Threads, 1), (ModelKind::FreeThreads, 1), (ModelKind::EventLoop, 0), (ModelKind::EventLoop, 1)]
    {
        let mut draft = small(WorkloadKind::Counter, model);
        draft.set_choice(Choose::Locked, locked);
        let run = run(&draft);
        assert_eq!(run.trace.counter, Some(4 * 300), "{model:?}");
        let answer = words::answer(&draft.validate(2).unwrap().workload, model, &run.trace).expect("all tasks counted");
        assert!(answer.contains("no update"), "{answer}");
    }
}

#[test]
fn updates_get_lost_between_threads_without_a_lock_and_are_counted() {
    // Until it is seen: nothing says that it must be, which is the trouble with it.
    let workload = Workload::Counter { tasks: 4, times: 20_000, locked: false };
    let lost = (0..20).any(|_| {
        let run = real(&workload, ModelKind::FreeThreads, 4, |_| ());
        run.trace.counter.is_some_and(|value| value < 80_000)
    });
    assert!(lost);
}

#[test]
fn c_code_that_lets_go_of_the_lock_overlaps_and_c_code_that_keeps_it_does_not() {
    let peak = |c_call| {
        let workload = Workload::Sha256 { tasks: 3, blocks: 60, c_call };
        let run = real(&workload, ModelKind::Threads, 3, |_| ());
        let summary = Summary::of(&run.trace);
        assert_eq!(summary.done, 3);
        let unlocked =
            run.trace.lanes.values().flat_map(|lane| &lane.spans).any(|span| span.phase == Phase::ComputingUnlocked);
        assert_eq!(unlocked, c_call == CCall::Releases);
        summary.dials.computing.peak
    };
    // A busy machine can keep the threads apart in any run, but not in all.
    assert!((0..20).any(|_| peak(CCall::Releases) >= 2));
    assert_eq!(peak(CCall::Keeps), 1);
}

#[test]
fn interpreters_of_their_own_compute_at_once_and_pack_what_they_are_given() {
    let run = real(
        &Workload::Primes { tasks: 8, below: 3_000_000, shares: Shares::Even, fault: Fault::None },
        ModelKind::OwnLocks,
        2,
        |_| (),
    );
    let spans =
        |phase| run.trace.lanes.values().flat_map(|lane| &lane.spans).filter(|span| span.phase == phase).count();
    assert_eq!((spans(Phase::Serialising), spans(Phase::Deserialising)), (16, 16), "each task, there and back");
    assert_eq!(spans(Phase::WaitingLock), 0, "nobody else has their locks");
    assert_eq!(Summary::of(&run.trace).dials.computing.peak, 2);
}

#[test]
fn what_never_ends_and_what_takes_memory_without_end_is_ended_by_a_stop() {
    for fault in [Fault::Endless, Fault::Allocate] {
        for model in [ModelKind::FreeThreads, ModelKind::Threads] {
            let workload = Workload::Sleep { tasks: 3, ms: 1, fault };
            let run = real(&workload, model, 3, |ports| {
                while ports.started_tasks() < 3 {
                    std::thread::yield_now();
                }
                ports.stop();
            });
            assert_eq!(run.report.outcomes.len(), 3, "{fault:?} {model:?}");
        }
    }
}

#[test]
fn an_answer_that_breaks_off_and_one_that_never_comes_are_failures_of_their_own() {
    use overlap::model::plan::Site;
    let sites = Workload::Sites(vec![Site::BreaksOff { after_ms: 5 }, Site::Hangs, Site::Answers { after_ms: 9 }]);
    let run = simulate(&sites, ModelKind::EventLoop, None);
    let all = outcomes(&run);
    assert!(matches!(&all[0], Some(Outcome::Failed(Failure::BrokeOff(_)))), "{all:?}");
    assert!(matches!(&all[1], Some(Outcome::Failed(Failure::TimedOut(15_000)))), "{all:?}");
    assert!(matches!(&all[2], Some(Outcome::Done(_))), "{all:?}");
}

#[test]
fn a_deadlock_in_one_order_only_is_none() {
    let workload = Workload::Deadlock { order: LockOrder::Crossed, hold_ms: 1 };
    let run = simulate(&workload, ModelKind::Sequential, None);
    assert_eq!(Summary::of(&run.trace).done, 2, "one after another, nobody else has a lock");
}
