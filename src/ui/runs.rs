//! Runs: kept ones, and what leaves the page and comes in.

use std::rc::Rc;

use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::app::{Msg, RUN_FILE_ID, Runs, RunsMsg, Source};
use crate::files::ask::{Format, Kept};
use crate::model::format;
use crate::model::run::local_minute;

#[derive(PartialEq, Properties)]
pub struct RunsPanelProps {
    pub runs: Runs,
    /// Whether there is a run to be exported.
    pub has_run: bool,
    pub running: bool,
    pub send: Callback<Msg>,
}

/// What a run may be exported as, and what for.
const EXPORTS: [(RunsMsg, &str, &str); 7] = [
    (RunsMsg::Export(Format::Json), "JSON", "Everything; Import reads it again"),
    (RunsMsg::Export(Format::Chrome), "Perfetto", "Trace events, for ui.perfetto.dev and chrome://tracing"),
    (RunsMsg::Export(Format::Csv), "CSV", "The tasks, for spreadsheets"),
    (RunsMsg::Export(Format::Markdown), "Copy Markdown", "The numbers as a table"),
    (RunsMsg::Export(Format::Svg), "SVG", "The whole timeline, sharp at any size"),
    (RunsMsg::ExportPicture, "PNG", "The whole timeline, as an image"),
    (RunsMsg::OpenInSpeedscope, "Open in speedscope", "In a new tab, from this page’s own files"),
];

#[component]
pub fn RunsPanel(props: &RunsPanelProps) -> Html {
    let RunsPanelProps { runs, has_run, running, send } = props;
    let send = send.reform(Msg::Runs);
    let shown = send.reform(|_: Event| RunsMsg::Shown);
    let chosen = send.reform(|_: Event| RunsMsg::Chosen);
    let is_busy = *running || runs.busy;
    let exports = EXPORTS.into_iter().map(|(msg, label, title)| {
        // Two are no run: their medians and their verdict would not come back.
        let is_two = runs.opened.as_ref().is_some_and(|run| run.source == Source::Compared);
        let is_refused = is_two && msg == RunsMsg::Export(Format::Json);
        let title = if is_refused { "Two runs are no run: open one of them to export it" } else { title };
        let export = send.reform(move |_: MouseEvent| msg.clone());
        html! { <button type="button" class="quiet" {title} disabled={is_busy || !has_run || is_refused} onclick={export}>{ label }</button> }
    });
    html! {
        <details class="runs" id="runs" aria-busy={(runs.busy || runs.keeping || runs.opening).to_string()} ontoggle={shown}>
            <summary>{ if runs.not_kept.is_some() { "Runs (the last one was not kept)" } else { "Runs" } }</summary>
            <div class="runs-row" role="group" aria-label="Export">{ for exports }</div>
            <div class="runs-row">
                <label class="quiet file-button">
                    { "Import…" }
                    <input
                        type="file" id={RUN_FILE_ID} class="visually-hidden" accept=".json,application/json" disabled={is_busy}
                        onchange={chosen}
                    />
                </label>
                <span class="hint">{ "Runs of Overlap, and traces of VizTracer or Chrome. A file may also be dropped on the page." }</span>
            </div>
            if let Some(current) = runs.current {
                <Namer id={current} name={name_of(runs, current)} send={send.clone()} />
            }
            <p role="status" id="runs-said" class="hint">{ runs.said.unwrap_or_default() }</p>
            if let Some(why) = &runs.not_kept { <p class="error" id="runs-not-kept">{ why }</p> }
            { kept(runs, is_busy, &send) }
        </details>
    }
}

fn name_of(runs: &Runs, id: u64) -> AttrValue {
    let kept = runs.list.as_ref().and_then(|list| list.iter().find(|kept| kept.id == id));
    kept.map(|kept| kept.name.clone()).unwrap_or_default().into()
}

fn kept(runs: &Runs, is_busy: bool, send: &Callback<RunsMsg>) -> Html {
    let Some(list) = runs.list.as_ref().filter(|list| !list.is_empty()) else {
        return html! { <p class="hint">{ "The last 20 runs are kept in this browser, and those that you give a name." }</p> };
    };
    let row = |kept: &Kept| {
        let id = kept.id;
        let button = |msg: RunsMsg, label: &'static str, disabled: bool| {
            let act = send.reform(move |_: MouseEvent| msg.clone());
            html! { <button type="button" class="quiet" {disabled} onclick={act}>{ label }</button> }
        };
        let compare = match runs.compare {
            Some(first) if first == id => "Cancel",
            Some(_) => "…with this",
            None => "Compare",
        };
        let title = if kept.name.is_empty() { &kept.title } else { &kept.name };
        html! {
            <tr key={id.to_string()} class={classes!((runs.current == Some(id) || runs.compare == Some(id)).then_some("current"))}>
                <th scope="row">
                    { title }
                    if runs.compare == Some(id) { <small>{ " (A: now choose B)" }</small> }
                </th>
                <td>{ format!("{}, {}", local_minute(id, kept.ahead_minutes), format::bytes(kept.bytes)) }</td>
                <td class="runs-acts">
                    { button(RunsMsg::Open(id), "Open", is_busy) }
                    { button(RunsMsg::Compare(id), compare, is_busy) }
                    if runs.removing == Some(id) {
                        // Where Remove was, so that a second click in haste removes nothing.
                        { button(RunsMsg::KeepAfterAll, "Keep", is_busy) }
                        { button(RunsMsg::Remove(id), "Remove for ever", is_busy) }
                    } else {
                        { button(RunsMsg::Remove(id), "Remove", is_busy) }
                    }
                </td>
            </tr>
        }
    };
    html! { <table id="kept" aria-label="Kept runs"><tbody>{ for list.iter().map(row) }</tbody></table> }
}

#[derive(PartialEq, Properties)]
struct NamerProps {
    id: u64,
    name: AttrValue,
    send: Callback<RunsMsg>,
}

/// Gives the run on the page a name, by which it stays.
#[component]
fn Namer(props: &NamerProps) -> Html {
    // What is being typed, which stays while the page around it changes; until another run, or another name, is there.
    let typed = use_state(|| None::<String>);
    {
        let typed = typed.clone();
        use_effect_with((props.id, props.name.clone()), move |_| typed.set(None));
    }
    let shown = (*typed).clone().unwrap_or_else(|| props.name.to_string());
    let save = {
        let (shown, send, id) = (shown.clone(), props.send.clone(), props.id);
        Rc::new(move || send.emit(RunsMsg::Name(id, shown.clone())))
    };
    let on_type = Callback::from(move |event: InputEvent| {
        typed.set(Some(event.target_unchecked_into::<HtmlInputElement>().value()));
    });
    let (by_click, by_key) = (save.clone(), save);
    let on_click = Callback::from(move |_: MouseEvent| by_click());
    let on_key = Callback::from(move |event: KeyboardEvent| {
        if event.key() == "Enter" {
            // In other fields it runs the plan.
            event.stop_propagation();
            event.prevent_default();
            by_key();
        }
    });
    html! {
        <div class="runs-row">
            <label for="run-name" class="visually-hidden">{ "Name of this run" }</label>
            <input
                id="run-name" type="text" placeholder="Name this run to keep it" value={shown}
                autocomplete="off" oninput={on_type} onkeydown={on_key}
            />
            <button type="button" class="quiet" id="run-save" onclick={on_click}>{ "Save" }</button>
        </div>
    }
}
