//! What to run, how to run it, and Run.

use yew::prelude::*;

use super::widgets::{Chip, TextField};
use crate::app::{Edit, Msg};
use crate::model::fragment::{experiment_name, model_name, workload_name};
use crate::model::plan::{Draft, ExperimentKind, ModelKind, Param, WorkloadKind};

#[derive(PartialEq, Properties)]
pub struct ChoicesProps {
    pub workload: WorkloadKind,
    pub model: ModelKind,
    pub compare: bool,
    /// Whether a task never ends, so that Sequential would not either.
    pub never_ends: bool,
    pub experiment: ExperimentKind,
    /// Those that race.
    pub racers: Vec<ModelKind>,
    /// How often each trial is repeated: what was typed, what holds without, and what is wrong with it.
    pub repeats: AttrValue,
    pub repeats_usually: AttrValue,
    pub repeats_error: Option<AttrValue>,
    pub running: bool,
    pub stopping: bool,
    pub obstacle: Option<&'static str>,
    /// What is to be done before this can run, if any control is wrong.
    pub wrong: Option<AttrValue>,
    pub copied: Option<Result<(), ()>>,
    pub send: Callback<Msg>,
}

/// A workload with what its tasks do.
type Card = (WorkloadKind, &'static str);

/// The workloads by what they show.
const WORKLOADS: [(&str, &[Card]); 5] = [
    (
        "Waiting",
        &[
            (WorkloadKind::Sites, "Requests that wait for answers. You say how long each takes, and how it fails."),
            (WorkloadKind::FanOut, "Many requests, whose answers take longer or shorter."),
            (WorkloadKind::Pages, "Requests that each need the answer to the one before."),
            (WorkloadKind::Sleep, "Tasks that sleep, then return “result”."),
        ],
    ),
    (
        "Computing",
        &[
            (WorkloadKind::Primes, "Counting primes: work that needs nothing but a core."),
            (WorkloadKind::Mandelbrot, "A picture whose rows fill in as tasks compute them."),
            (WorkloadKind::Sha256, "SHA-256 of much data, as hashlib’s C code does it."),
            (WorkloadKind::Matrix, "The product of two matrices, row by row."),
            (WorkloadKind::Pi, "π by random points, counted where they hit the circle."),
            (WorkloadKind::Sort, "Random numbers, sorted by each task."),
        ],
    ),
    (
        "Mixed",
        &[
            (WorkloadKind::FetchThenCompute, "Each task waits for an answer, then computes."),
            (WorkloadKind::Convoy, "One task computes while another wakes again and again."),
            (WorkloadKind::Tiny, "Tasks that do nothing: handing them over is all the work."),
            (WorkloadKind::Large, "Tasks that are given much data, which may have to be copied."),
        ],
    ),
    (
        "Sharing",
        &[
            (WorkloadKind::Queue, "A bounded queue between a producer and its consumers."),
            (WorkloadKind::Counter, "Tasks that add to the same number. Without a lock, updates get lost."),
            (WorkloadKind::Deadlock, "Two tasks that each have the lock which the other waits for."),
        ],
    ),
    ("Programs", &[(WorkloadKind::Commands, "Other programs (WASI), each reading what the one before it writes.")]),
];

fn card(workload: WorkloadKind) -> Option<&'static Card> {
    WORKLOADS.iter().flat_map(|(_, workloads)| workloads.iter()).find(|(kind, _)| *kind == workload)
}

fn model_text(model: ModelKind) -> &'static str {
    match model {
        ModelKind::Sequential => "One task after another, on one thread.",
        ModelKind::Threads => "Python’s threads: waiting overlaps, but one at a time computes.",
        ModelKind::FreeThreads => "Threads without that lock: all may compute at once.",
        ModelKind::OwnLocks => {
            "An interpreter for each thread (InterpreterPoolExecutor): no lock in common, but copies."
        }
        ModelKind::EventLoop => "Coroutines on one thread: while one waits, another runs.",
        ModelKind::Processes => "Python’s Pool.map: processes with memory of their own; what they need is copied.",
        ModelKind::Subprocess => "Python’s subprocess: a process for each program, with pipes between them.",
        ModelKind::Cores => "A rayon thread a core, stealing work: tasks run at the same instant.",
    }
}

#[component]
pub fn Choices(props: &ChoicesProps) -> Html {
    let edit = props.send.reform(Msg::Edit);
    let groups = WORKLOADS.into_iter().map(|(title, workloads)| {
        let chips = workloads.iter().map(|(kind, _)| {
            let on_choose = edit.reform(move |()| Edit::Workload(*kind));
            let value = workload_name(*kind);
            html! { <Chip group="workload" {value} label={kind.label()} chosen={*kind == props.workload} {on_choose} /> }
        });
        html! {
            <div class="chips" role="group" aria-label={title}><span class="chip-title">{ title }</span>{ for chips }</div>
        }
    });
    let text = card(props.workload).map(|(_, text)| *text);
    html! {
        <section class="choices" aria-label="What to run">
            <fieldset>
                <legend>{ "Work" }</legend>
                <div class="chip-groups">{ for groups }</div>
                <p class="choice-text" id="workload-text">{ text }</p>
            </fieldset>
            <fieldset>
                <legend>{ "How it is run" }</legend>
                { experiments(props, &edit) }
                { models(props, &edit) }
                <p class="choice-text" id="model-text">{ experiment_text(props) }</p>
                { for refusals(props.workload) }
                if props.experiment != ExperimentKind::One { { repeats(props, &edit) } }
            </fieldset>
            { run_bar(props, &edit) }
        </section>
    }
}

/// What is made of the work: one run, or more.
fn experiments(props: &ChoicesProps, edit: &Callback<Edit>) -> Html {
    let chips = ExperimentKind::ALL.into_iter().map(|kind| {
        let label = match kind {
            ExperimentKind::One => "One model",
            ExperimentKind::Race => "Race",
            ExperimentKind::Scaling => "Scaling",
            ExperimentKind::BreakEven => "Break-even",
        };
        let on_choose = edit.reform(move |()| Edit::Experiment(kind));
        let value = experiment_name(kind);
        html! { <Chip group="experiment" {value} {label} chosen={kind == props.experiment} {on_choose} /> }
    });
    html! { <div class="chips experiments" role="group" aria-label="What is made of it">{ for chips }</div> }
}

/// The models: one is chosen, or those that race.
fn models(props: &ChoicesProps, edit: &Callback<Edit>) -> Html {
    let is_many = props.experiment == ExperimentKind::Race;
    if props.experiment == ExperimentKind::BreakEven {
        return Html::default();
    }
    let chips = ModelKind::ALL.into_iter().map(|kind| {
        let races = props.racers.contains(&kind);
        let on_choose =
            edit.reform(move |()| if is_many { Edit::Racer(kind, !races) } else { Edit::Model(kind) });
        let is_refused = Draft::model_refused(props.workload, kind).is_some()
            || (props.experiment == ExperimentKind::Scaling && !kind.has_workers());
        let chosen = if is_many { races } else { kind == props.model };
        html! { <Chip group="model" value={model_name(kind)} label={kind.label()} {chosen} {is_refused} {is_many} {on_choose} /> }
    });
    html! {
        <div class="chips" role="group" aria-label={if is_many { "Models that race" } else { "Model" }}>{ for chips }</div>
    }
}

fn experiment_text(props: &ChoicesProps) -> &'static str {
    match props.experiment {
        ExperimentKind::One => model_text(props.model),
        ExperimentKind::Race => "The same work under each of these, one after another, so that none disturbs another.",
        ExperimentKind::Scaling => "The same work with one worker, then more, past the cores: what each more gains.",
        ExperimentKind::BreakEven => {
            "A pool of processes beside Sequential, from short tasks to long ones: from where on it pays."
        }
    }
}

fn repeats(props: &ChoicesProps, edit: &Callback<Edit>) -> Html {
    let spec = Param::Repeats.spec(props.workload);
    html! {
        <div class="repeats">
            <TextField
                id={spec.key} label={spec.label} value={props.repeats.clone()} placeholder={props.repeats_usually.clone()}
                hint="In turns: a round of all, then the next. With more than one, a first round warms up and is not counted."
                error={props.repeats_error.clone()} on_text={edit.reform(|text| Edit::Text(Param::Repeats, text))}
            />
        </div>
    }
}

/// Why some models are not offered: a line for each reason.
fn refusals(workload: WorkloadKind) -> Vec<Html> {
    let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
    for model in ModelKind::ALL {
        let Some(reason) = Draft::model_refused(workload, model) else { continue };
        match reasons.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, models)) => models.push(model.label()),
            None => reasons.push((reason, vec![model.label()])),
        }
    }
    let line = |(reason, models): (&str, Vec<&str>)| {
        html! { <p class="choice-text refusal">{ format!("{}: {reason}", models.join(", ")) }</p> }
    };
    reasons.into_iter().map(line).collect()
}

fn run_bar(props: &ChoicesProps, edit: &Callback<Edit>) -> Html {
    let (send, running) = (props.send.clone(), props.running);
    let on_run = Callback::from(move |event: MouseEvent| {
        // The second half of a double click on Run is no Stop.
        if !running || event.detail() < 2 {
            send.emit(if running { Msg::Stop } else { Msg::Run });
        }
    });
    let copy = props.send.reform(|_: MouseEvent| Msg::CopyLink);
    let compare = !props.compare;
    let on_compare = edit.reform(move |_: Event| Edit::Compare(compare));
    let label = match (props.running, props.stopping) {
        (true, true) => "Stopping…",
        (true, false) => "Stop",
        (false, _) => "Run",
    };
    let copied = match props.copied {
        Some(Ok(())) => "Copied!",
        Some(Err(())) => "Copy it from the address bar",
        None => "Copy link",
    };
    let blocked = !props.running && (props.obstacle.is_some() || props.wrong.is_some());
    let reason = match props.obstacle {
        Some(obstacle) if !props.running => Some(obstacle.to_owned()),
        _ => props.wrong.as_ref().filter(|_| blocked).map(|wrong| wrong.to_string()),
    };
    html! {
        <div class="run-bar">
            <button
                type="button" id="run" class={classes!("primary", props.running.then_some("stop"))} onclick={on_run}
                aria-disabled={blocked.then_some("true")} aria-describedby={reason.as_ref().map(|_| "run-reason")}
                title={if props.running { "" } else { "Ctrl+Enter" }}
            >
                { label }
            </button>
            <button type="button" id="copy-link" class="quiet" onclick={copy}>{ copied }</button>
            if !props.running && props.workload != WorkloadKind::Commands {
                <button type="button" id="race-all" class="quiet" onclick={props.send.reform(|_: MouseEvent| Msg::RaceAll)}>
                    { "Race all" }
                </button>
            }
            if props.experiment == ExperimentKind::One && props.model.compares() {
                <label class="check">
                    <input type="checkbox" id="compare" checked={props.compare && !props.never_ends} disabled={props.never_ends} onchange={on_compare} />
                    { if props.never_ends { "No Sequential first: one of its tasks would never end" } else { "Run Sequential first, to compare" } }
                </label>
            }
            if let Some(reason) = reason {
                <p id="run-reason" class="reason" role="status">{ reason }</p>
            }
        </div>
    }
}
