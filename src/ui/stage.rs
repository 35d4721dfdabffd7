//! What happened: the headline, the dials, the timeline, and the comparison.

use yew::prelude::*;

use super::curve::Scaling;
use super::race::{Race, verdict};
use super::sweep::BreakEven;
use super::timeline::Timeline;
use crate::app::{LegView, Msg, PICTURE_ID, Progress, RunView, STAGE_ID};
use crate::insight::Summary;
use crate::insight::curve::Cores;
use crate::insight::dials::Dial;
use crate::model::event::Phase;
use crate::model::format;
use crate::model::outcome::RunEnd;
use crate::model::plan::{Experiment, ExperimentKind, ModelKind, Workload, WorkloadKind};
use crate::model::run::Output;
use crate::timeline::ChartView;

#[derive(PartialEq, Properties)]
pub struct StageProps {
    pub run: Option<RunView>,
    /// Cores, as the browser reports them.
    pub cores: u32,
    /// What will be run, where nothing was yet.
    pub workload: WorkloadKind,
    pub model: ModelKind,
    /// Whether Sequential is run first.
    pub compare: bool,
    pub experiment: ExperimentKind,
    /// What the cores are worth, once that was measured.
    pub calibrated: Option<Cores>,
    /// Whether it has been asked for.
    pub running: bool,
    /// Whether the controls say something else than what was run.
    pub changed: bool,
    pub timeline: ChartView,
    pub send: Callback<Msg>,
}

#[component]
pub fn Stage(props: &StageProps) -> Html {
    let run = props.run.as_ref();
    let sentence = run.and_then(|run| {
        let leg = run.leg()?;
        Some(format!("{}: {}", leg.title, leg.summary.sentence(run.plan.workload.task_noun())))
    });
    html! {
        <section id={STAGE_ID} class="stage" aria-label="What happened">
            { run.map_or_else(|| first_screen(props), |run| headline(run, props.cores)) }
            if props.changed { { of_another_plan(&props.send) } }
            { run.map(|run| experiment(run, props.cores, props.calibrated, false, &props.send)).unwrap_or_default() }
            <Timeline view={props.timeline.clone()} sentence={sentence.clone()} running={props.running} send={props.send.clone()} />
            if let Some(run) = run {
                { legend(&run.legs.iter().map(|leg| &leg.summary).collect::<Vec<_>>()) }
                <p id="sentence" class="sentence">{ sentence }</p>
                { found(run) }
            }
        </section>
    }
}

fn of_another_plan(send: &Callback<Msg>) -> Html {
    let back = send.reform(|_: MouseEvent| Msg::PlanOfRun);
    html! {
        <p id="changed" class="hint">
            { "The controls were changed since this was run. " }
            <button type="button" class="link" onclick={back}>{ "Back to its plan" }</button>
        </p>
    }
}

fn first_screen(props: &StageProps) -> Html {
    let what = match props.workload {
        WorkloadKind::Sites | WorkloadKind::FanOut | WorkloadKind::Pages => "The requests go out",
        WorkloadKind::Primes => "The tasks count primes",
        WorkloadKind::Sleep => "The tasks sleep",
        _ => "The tasks run",
    };
    let made = match props.experiment {
        ExperimentKind::One => "",
        ExperimentKind::Race => "under each model that races, in turns: who is fastest, by how much, and why",
        ExperimentKind::Scaling => "with one worker, then with more and more: what each more gains",
        ExperimentKind::BreakEven => {
            "one after another and in a pool of processes, from short to long: from where on a pool pays"
        }
    };
    if !made.is_empty() {
        return html! {
            <div class="first-screen">
                <h2>{ if props.running { "Starting…" } else { "Press Run" } }</h2>
                <p>{ format!("{what} {made}. Each time is a median of runs that were really made.") }</p>
            </div>
        };
    }
    let how = match props.model {
        ModelKind::Sequential => "one after another",
        ModelKind::Threads => "on threads that share one lock",
        ModelKind::FreeThreads => "on threads without a lock",
        ModelKind::OwnLocks => "on threads with a lock each",
        ModelKind::EventLoop => "all at once on an event loop",
        ModelKind::Processes => "on a pool of processes",
        ModelKind::Cores => "on every core",
        ModelKind::Subprocess => "as programs of their own",
    };
    let first = if props.compare { "first one after another, then " } else { "" };
    html! {
        <div class="first-screen">
            <h2>{ if props.running { "Starting…" } else { "Press Run" } }</h2>
            <p>{ format!("{what} {first}{how}. Each thread, or coroutine, gets a lane on one time axis; each bar in the picture was measured.") }</p>
        </div>
    }
}

fn headline(run: &RunView, cores: u32) -> Html {
    // While Sequential runs, the numbers are its; then they are those of the model that was chosen.
    let Some(leg) = run.leg() else { return Html::default() };
    if run.plan.experiment != Experiment::One {
        return html! { <div role="status"><h2 id="status">{ experiment_status(run, leg) }</h2></div> };
    }
    html! {
        <>
            <div role="status"><h2 id="status">{ status(run, leg) }</h2></div>
            { broken(leg) }
            { cards(run, leg, cores) }
        </>
    }
}

/// What a run that is over came to: its figures, its verdict, its curves.
pub fn what_it_came_to(run: &RunView, cores: u32, send: &Callback<Msg>) -> Html {
    let leg = run.leg().filter(|_| run.plan.experiment == Experiment::One);
    html! {
        <>
            { leg.map(|leg| broken(leg)).unwrap_or_default() }
            { leg.map(|leg| cards(run, leg, cores)).unwrap_or_default() }
            { experiment(run, cores, None, true, send) }
        </>
    }
}

/// What a run came to: in words, for one that is over.
pub fn came_to(run: &RunView) -> String {
    let Some(leg) = run.leg() else { return String::new() };
    if run.plan.experiment == Experiment::One { status(run, leg) } else { experiment_status(run, leg) }
}

/// What broke its pool, if anything did.
fn broken(leg: &LegView) -> Html {
    html! { if let Some(broken) = &leg.broken { <p id="broken" class="error">{ broken }</p> } }
}

/// The figures of the leg that is told of.
fn cards(run: &RunView, leg: &LegView, cores: u32) -> Html {
    let runs = match run.walls_of(leg) {
        Some(walls) if run.plan.repeats > 1 => format!("medians of {}", format::count(walls.n, "run")),
        _ => "one run each".to_owned(),
    };
    let with_start = run.speedup_with_start_of(leg).map(|with| format!("; {} with starting", format::ratio(with)));
    let speedup = match run.speedup_of(leg) {
        Some(speedup) => html! {
            <div class="card" id="speedup">
                <span class="card-label">{ "Speedup" }</span>
                <strong>{ format::ratio(speedup) }</strong>
                <span class="card-note">{ format!("of Sequential, {runs}{}", with_start.unwrap_or_default()) }</span>
            </div>
        },
        None => match run.speedup_missing(leg) {
            Some(why) => html! {
                <div class="card" id="speedup">
                    <span class="card-label">{ "Speedup" }</span>
                    <strong>{ "–" }</strong>
                    <span class="card-note">{ format!("none: {why}") }</span>
                </div>
            },
            None => Html::default(),
        },
    };
    html! {
            <div class="cards">
                { speedup }
                <div class="card" id="wall">
                    <span class="card-label">{ "Wall time" }</span>
                    <strong>{ format::duration(leg.summary.wall) }</strong>
                    <span class="card-note">{ format!("{} {} of starting", if leg.model == ModelKind::Subprocess { "with" } else { "after" }, format::duration(leg.summary.start_up)) }</span>
                </div>
                { dial("in-flight", "In flight (concurrency)", leg.summary.dials.in_flight, leg.end.is_none(), None) }
                { dial("computing", "Computing (parallelism)", leg.summary.dials.computing, leg.end.is_none(), Some(cores)) }
                { copied(leg) }
            </div>
    }
}

/// How far the trials are, and what they have come to.
fn experiment(run: &RunView, cores: u32, calibrated: Option<Cores>, is_opened: bool, send: &Callback<Msg>) -> Html {
    let is_one = run.plan.experiment == Experiment::One;
    let of_kind = match run.plan.experiment {
        Experiment::One => Html::default(),
        Experiment::Race(_) => html! { <Race run={run.clone()} /> },
        Experiment::Scaling(_) | Experiment::Cores(_) => {
            html! { <Scaling run={run.clone()} {cores} {calibrated} {is_opened} send={send.clone()} /> }
        }
        Experiment::BreakEven(_) => html! { <BreakEven run={run.clone()} send={send.clone()} /> },
    };
    html! {
        <>
            if run.live.is_some() && (!is_one || run.plan.warms_up()) { { progress(run) } }
            { verdict(run) }
            { of_kind }
            if !is_one || run.plan.warms_up() { <p class="hint">{ drawn(run) }</p> }
        </>
    }
}

fn progress(run: &RunView) -> Html {
    let Progress { done, all, round, left } = run.progress;
    let round = if round == 0 {
        "a round to warm up, which is not counted".to_owned()
    } else {
        format!("round {round} of {}", run.plan.repeats)
    };
    let left = left.map(|left| format!("; about {} left", format::duration(left))).unwrap_or_default();
    html! {
        <div id="progress" class="progress" data-done={done.to_string()} data-all={all.to_string()}>
            <progress max={all.to_string()} value={done.to_string()} aria-label="Trials that are over"></progress>
            <p class="hint">{ format!("Trial {} of {all}: {round}{left}", done + 1) }</p>
        </div>
    }
}

fn drawn(run: &RunView) -> &'static str {
    match run.plan.experiment {
        Experiment::BreakEven(_) => {
            "Drawn: the largest size, of each the run whose wall time is nearest to the median."
        }
        _ if run.plan.warms_up() => "Drawn of each: the run whose wall time is nearest to the median of its runs.",
        _ => "Drawn: the one run of each.",
    }
}

fn experiment_status(run: &RunView, leg: &LegView) -> String {
    let name = match run.plan.experiment {
        Experiment::One => "The run",
        Experiment::Race(_) => "The race",
        Experiment::Scaling(_) => "The scaling curve",
        Experiment::BreakEven(_) => "The break-even sweep",
        Experiment::Cores(_) => "Measuring the cores",
    };
    let Progress { done, all, .. } = run.progress;
    let failed = run.figures.iter().filter(|figures| figures.failed.is_some()).count();
    let failed = if failed > 0 { format!("; {} did not count", format::count(failed, "trial")) } else { String::new() };
    if run.live.is_some() {
        format!("{name}: {}", leg.title)
    } else if done < all || leg.end == Some(RunEnd::Cancelled) {
        let counted = run.figures.len();
        format!("{name} was stopped after {counted} of {}; what was measured stays", format::count(all, "trial"))
    } else {
        format!("{name} is done{failed}")
    }
}

/// What going from one memory to another cost.
fn copied(leg: &LegView) -> Html {
    let Some(copied) = leg.summary.copied else { return Html::default() };
    let call = copied.call.map(|call| format!("; from a call to its answer {} (median)", format::duration(call)));
    html! {
        <div class="card" id="copied">
            <span class="card-label">{ "Sent between memories" }</span>
            <strong>{ format::bytes(copied.bytes) }</strong>
            <span class="card-note">{ format!(
                "{}; {} packing, {} unpacking, on all lanes{}",
                format::count(copied.messages as usize, "message"), format::duration(copied.packing), format::duration(copied.unpacking),
                call.unwrap_or_default(),
            ) }</span>
        </div>
    }
}

/// A dial. Of threads that compute, no more than there are cores do so at one instant, whatever their number.
fn dial(id: &'static str, label: &str, dial: Dial, running: bool, cores: Option<u32>) -> Html {
    let mean = if dial.peak > 0 && dial.mean < 0.05 { "less than 0.1".to_owned() } else { format::fixed(dial.mean, 1) };
    let note = if running { format!("{} now · {mean} on average", dial.now) } else { format!("{mean} on average") };
    let (most, note) = match cores.filter(|cores| dial.peak > *cores) {
        Some(cores) => (
            format!("{} on {}", dial.peak, format::count(cores as usize, "core")),
            format!("at most, in turns; {note}"),
        ),
        None => (format!("{} at most", format::thousands(dial.peak.into())), note),
    };
    html! {
        <div class="card" {id} data-peak={dial.peak.to_string()}>
            <span class="card-label">{ label }</span>
            <strong>{ most }</strong>
            <span class="card-note">{ note }</span>
        </div>
    }
}

fn status(run: &RunView, leg: &LegView) -> String {
    let model = leg.model.label();
    match &leg.end {
        None if leg.summary.wall.is_zero() => format!("{model} is starting…"),
        None => format!("{model} is running…"),
        Some(RunEnd::Done) if leg.summary.failed > 0 => {
            let noun = run.plan.workload.task_noun();
            let planned = if leg.summary.failed == run.plan.workload.set_to_fail() { ", as planned" } else { "" };
            format!("{model} is done; {} failed{planned}", format::count(leg.summary.failed, noun))
        }
        Some(RunEnd::Done) if leg.summary.lost_updates > 0 => format!("{model} is done, with a wrong result"),
        Some(RunEnd::Done) => format!("{model} is done"),
        Some(RunEnd::Cancelled) if leg.model != run.plan.model => {
            format!("Stopped during {model}; {} was not run", run.plan.model.label())
        }
        Some(RunEnd::Cancelled) => format!("{model} was cancelled; what it did stays"),
        Some(RunEnd::TimedOut) => format!("{model} took longer than any run may, and was ended"),
        Some(RunEnd::Failed(words)) => format!("{model} failed: {words}."),
    }
}

/// What stands below the picture: what the tasks found, and Sequential beside the one model that was run.
pub fn found(run: &RunView) -> Html {
    html! {
        <>
            { computed(run) }
            if run.plan.experiment == Experiment::One { <Race run={run.clone()} /> }
        </>
    }
}

/// What the tasks found: in words, and as a picture where it is one.
fn computed(run: &RunView) -> Html {
    let Some(leg) = run.leg() else { return Html::default() };
    let is_picture = matches!(run.plan.workload, Workload::Mandelbrot { .. });
    html! {
        <>
            if let Some(output) = &leg.output { { written(output) } }
            if let Some(answer) = &leg.answer { <p id="answer" class="answer">{ answer }</p> }
            if is_picture {
                <figure class="computed">
                    <canvas id={PICTURE_ID} role="img" aria-label={format!("The Mandelbrot set, as computed by {}", leg.model.label())} />
                    <figcaption class="hint">{ format!(
                        "Computed by {}; the strip on the right has a colour for each worker that computed a row. Its points come with what is \
                         recorded, and not in messages.", leg.model.label(),
                    ) }</figcaption>
                </figure>
            }
        </>
    }
}

/// What programs wrote.
fn written(output: &Output) -> Html {
    let stream = |id: &'static str, name: &str, text: &str| {
        html! {
            if !text.is_empty() {
                <h3>{ name }</h3>
                <pre {id} class="output" tabindex="0">{ text }</pre>
            }
        }
    };
    html! {
        <>
            { stream("stdout", "stdout", &output.stdout) }
            { stream("stderr", "stderr", &output.stderr) }
            if output.cut_bytes > 0 {
                <p class="hint">{ format!("{} bytes more were written, which are not shown.", format::thousands(output.cut_bytes)) }</p>
            }
        </>
    }
}

/// The phases that were seen, each as it is drawn.
pub fn legend(summaries: &[&Summary]) -> Html {
    let seen = |phase: &Phase| summaries.iter().any(|summary| summary.phases.contains(phase));
    let shown = Phase::ALL.into_iter().filter(seen);
    let items = shown.map(|phase| {
        html! { <li><span class={format!("swatch {}", swatch(phase))} aria-hidden="true"></span>{ phase.label() }</li> }
    });
    html! {
        <ul class="legend" aria-label="Legend">
            { for items }
            if summaries.iter().any(|summary| summary.has_lock) {
                <li><span class="swatch holder" aria-hidden="true"></span>{ "holds the lock" }</li>
            }
            if summaries.iter().any(|summary| summary.failed > 0) {
                <li><span class="swatch mark-failed" aria-hidden="true">{ "×" }</span>{ "failed" }</li>
            }
            if summaries.iter().any(|summary| summary.cancelled > 0) {
                <li><span class="swatch mark-cancelled" aria-hidden="true">{ "–" }</span>{ "cancelled" }</li>
            }
        </ul>
    }
}

fn swatch(phase: Phase) -> &'static str {
    match phase {
        Phase::Idle => "idle",
        Phase::Instantiating => "start",
        Phase::StartingThreads => "threads",
        Phase::Computing => "compute",
        Phase::WaitingIo => "wait",
        Phase::Sleeping => "sleep",
        Phase::WaitingLock => "lock",
        Phase::Serialising => "serialise",
        Phase::Deserialising => "deserialise",
        Phase::WaitingMutex => "mutex",
        Phase::WaitingQueue => "queue",
        Phase::WaitingJoin => "join",
        Phase::WaitingPipe => "pipe",
        Phase::Blocked => "blocked",
        Phase::ComputingUnlocked => "unlocked",
    }
}
