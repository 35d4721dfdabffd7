//! What to run, how to run it, and Run.

use yew::prelude::*;

use super::widgets::Choice;
use crate::app::{Edit, Msg};
use crate::model::plan::{Draft, ModelKind, WorkloadKind};

#[derive(PartialEq, Properties)]
pub struct ChoicesProps {
    pub workload: WorkloadKind,
    pub model: ModelKind,
    pub compare: bool,
    pub running: bool,
    pub stopping: bool,
    pub obstacle: Option<&'static str>,
    pub is_valid: bool,
    pub copied: Option<Result<(), ()>>,
    pub send: Callback<Msg>,
}

const WORKLOADS: [(WorkloadKind, &str, &str, &str); 3] = [
    (WorkloadKind::Sites, "sites", "Five sites", "Requests that wait for answers; one site cannot be reached."),
    (WorkloadKind::Primes, "primes", "Count primes", "Work that needs nothing but a core."),
    (WorkloadKind::Sleep, "sleep", "Sleep a second", "Tasks that sleep, then return “result”."),
];

fn model_text(model: ModelKind) -> (&'static str, &'static str) {
    match model {
        ModelKind::Sequential => ("sequential", "One task after another, on one thread."),
        ModelKind::Threads => ("threads", "Python’s threads: waiting overlaps, but one at a time computes."),
        ModelKind::FreeThreads => ("free-threads", "Threads without that lock: all may compute at once."),
        ModelKind::EventLoop => ("event-loop", "Coroutines on one thread: while one waits, another runs."),
        ModelKind::Processes => {
            ("processes", "Python’s Pool.map: processes with memory of their own; what they need is copied.")
        }
        ModelKind::Cores => ("cores", "A rayon thread a core, stealing work: tasks run at the same instant."),
    }
}

#[component]
pub fn Choices(props: &ChoicesProps) -> Html {
    let edit = props.send.reform(Msg::Edit);
    let workloads = WORKLOADS.into_iter().map(|(kind, value, label, text)| {
        let on_choose = edit.reform(move |()| Edit::Workload(kind));
        html! { <Choice group="workload" {value} {label} {text} chosen={kind == props.workload} {on_choose} /> }
    });
    let models = ModelKind::ALL.into_iter().map(|kind| {
        let (value, text) = model_text(kind);
        let on_choose = edit.reform(move |()| Edit::Model(kind));
        let refused = Draft::model_refused(props.workload, kind).map(AttrValue::from);
        html! {
            <Choice group="model" {value} label={kind.label()} {text} chosen={kind == props.model} {refused} {on_choose} />
        }
    });
    html! {
        <section class="choices" aria-label="What to run">
            <fieldset><legend>{ "Work" }</legend><div class="choice-list">{ for workloads }</div></fieldset>
            <fieldset><legend>{ "How it is run" }</legend><div class="choice-list">{ for models }</div></fieldset>
            { run_bar(props, &edit) }
        </section>
    }
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
    let blocked = !props.running && (props.obstacle.is_some() || !props.is_valid);
    let reason = match props.obstacle {
        Some(obstacle) if !props.running => Some(obstacle),
        _ if blocked => Some("A setting needs a look before this can run."),
        _ => None,
    };
    html! {
        <div class="run-bar">
            <button
                type="button" id="run" class={classes!("primary", props.running.then_some("stop"))} onclick={on_run}
                aria-disabled={blocked.then_some("true")} aria-describedby={reason.map(|_| "run-reason")}
                title={if props.running { "" } else { "Ctrl+Enter" }}
            >
                { label }
            </button>
            <button type="button" id="copy-link" class="quiet" onclick={copy}>{ copied }</button>
            if props.model != ModelKind::Sequential {
                <label class="check">
                    <input type="checkbox" id="compare" checked={props.compare} onchange={on_compare} />
                    { "Run Sequential first, to compare" }
                </label>
            }
            if let Some(reason) = reason {
                <p id="run-reason" class="reason" role="status">{ reason }</p>
            }
        </div>
    }
}
