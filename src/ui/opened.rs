//! A run that was kept, imported or compared: its timeline, its numbers and its tasks, with where it comes from.

use std::rc::Rc;

use yew::prelude::*;

use super::numbers::{NumbersPanel, ended_of_opened};
use super::race::{COLUMNS_NOTE, Comparison, MEDIANS_NOTE, WALL_NOTE, told};
use super::results::Results;
use super::stage::{came_to, found, legend, what_it_came_to};
use super::timeline::Timeline;
use crate::app::{Beside, Msg, OpenedLeg, OpenedRun, RunsMsg, STAGE_ID, Source};
use crate::insight::Summary;
use crate::insight::race::{Row, Table};
use crate::model::format;
use crate::model::outcome::RunEnd;
use crate::model::run::local_minute;
use crate::timeline::ChartView;

#[derive(PartialEq, Properties)]
pub struct OpenedProps {
    pub run: Rc<OpenedRun>,
    /// Whether something was run on this page, which it can be seen beside.
    pub has_own: bool,
    pub timeline: ChartView,
    pub send: Callback<Msg>,
}

#[component]
pub fn Opened(props: &OpenedProps) -> Html {
    let run = &props.run;
    let act = |msg: RunsMsg, id: &'static str, label: &'static str| {
        let act = props.send.reform(move |_: MouseEvent| Msg::Runs(msg.clone()));
        html! { <>{ " " }<button type="button" {id} class="quiet" onclick={act}>{ label }</button></> }
    };
    let summaries: Vec<&Summary> = run.legs.iter().map(|leg| &leg.summary).collect();
    let is_one = run.source != Source::Compared;
    // Of one of ours, the leg that its figures are of; of others, and of two, each.
    let told_of = if run.run.is_some() { run.legs.len().saturating_sub(1) } else { 0 };
    let sentence =
        run.legs.iter().skip(told_of).map(|leg| format!("{}: {}", leg.title, leg.summary.sentence(&leg.noun)));
    let sentence = sentence.collect::<Vec<_>>().join(" ");
    html! {
        <>
            <section id={STAGE_ID} class="stage" aria-label="What happened">
                <div role="status"><h2 id="status">{ &run.title }</h2></div>
                <p id="provenance" class="hint">{ provenance(run) }
                    if is_one && props.has_own { { act(RunsMsg::Beside, "beside", "Show beside your last run") } }
                    if run.source == Source::Imported { { act(RunsMsg::KeepOpened, "keep-opened", "Keep") } }
                    { act(RunsMsg::Close, "close-opened", "Close") }
                </p>
                if let Some(own) = &run.run {
                    <p id="came-to">{ format!("{}.", came_to(own).trim_end_matches('.')) }</p>
                    { what_it_came_to(own, run.place.cores, &props.send) }
                }
                if let Some(Beside { table, verdict: Some(verdict), .. }) = &run.beside { { told(table, verdict) } }
                if let Some(Beside { refusal: Some(refusal), .. }) = &run.beside {
                    <div id="refusal" class="verdict"><p class="answer">{ refusal }</p></div>
                }
                <Timeline view={props.timeline.clone()} sentence={Some(sentence.clone())} running={false} send={props.send.clone()} />
                { legend(&summaries) }
                <p id="sentence" class="sentence">{ sentence }</p>
                if let Some(own) = &run.run {
                    { found(own) }
                } else if let Some(Beside { table, remarks, .. }) = &run.beside {
                    <Comparison table={table.clone()} has_all=true live={None} note={beside_note(table, remarks)} />
                } else {
                    <table id="opened-numbers">
                        <thead><tr>
                            <th scope="col">{ "Model" }</th><th scope="col">{ "Wall time" }</th><th scope="col">{ "Starting" }</th>
                            <th scope="col">{ "In flight" }</th><th scope="col">{ "Computing" }</th>
                        </tr></thead>
                        <tbody>{ for run.legs.iter().map(numbers) }</tbody>
                    </table>
                }
            </section>
            <NumbersPanel legs={ended_of_opened(run)} clock_step_us={run.place.clock_step_ns.map(|ns| ns as f64 / 1e3)} />
            if run.run.is_some() {
                <Results run={run.run.clone()} />
            } else {
                { for run.legs.iter().map(tasks) }
            }
        </>
    }
}

fn beside_note(table: &Table, remarks: &[String]) -> String {
    let of_rows = |is_so: fn(&Row) -> bool| table.rows.iter().any(is_so);
    let spread = if of_rows(|row| row.wall.is_some_and(|wall| wall.n > 1)) { MEDIANS_NOTE } else { "" };
    let against =
        if of_rows(|row| row.speedup.is_some()) { " Speedup is against Sequential of the same run." } else { "" };
    format!("{}{spread}{against}{WALL_NOTE}{COLUMNS_NOTE}", remarks.join(" "))
}

/// Where the run comes from, and where and when it was made.
fn provenance(run: &OpenedRun) -> String {
    let mut text = match run.source {
        Source::Kept => "Kept in this browser",
        Source::Imported => "Imported from a file",
        Source::Compared => {
            "Two runs, A and B, each from its own first submission; the controls are those of the next run"
        }
    }
    .to_owned();
    let place = &run.place;
    if run.made_ms > 0 {
        text += &format!("; made {}", local_minute(run.made_ms, run.ahead_minutes));
    }
    if !place.browser.is_empty() {
        text += &format!("; {}", place.browser);
    }
    if place.cores > 0 {
        text += &format!("; {}", format::count(place.cores as usize, "core"));
    }
    text + ". What is shown was measured then; nothing was run now."
}

fn numbers(leg: &OpenedLeg) -> Html {
    let summary = &leg.summary;
    let end = match &leg.end {
        RunEnd::Done => "",
        RunEnd::Cancelled => " (stopped)",
        RunEnd::TimedOut => " (took too long)",
        RunEnd::Failed(_) => " (failed)",
    };
    html! {
        <tr>
            <th scope="row">{ format!("{}{end}", leg.title) }</th>
            <td>{ format::duration(summary.wall) }</td>
            <td>{ format::duration(summary.start_up) }</td>
            <td>{ summary.dials.in_flight.peak }</td>
            <td>{ summary.dials.computing.peak }</td>
        </tr>
    }
}

fn tasks(leg: &OpenedLeg) -> Html {
    let rest = leg.summary.tasks.saturating_sub(leg.tasks.len());
    html! {
        <section class="results" aria-label={format!("Tasks: {}", leg.title)}>
            <h2>{ &leg.title }</h2>
            <table>
                <thead><tr><th scope="col">{ "Task" }</th><th scope="col">{ "Outcome" }</th><th scope="col">{ "Ended after" }</th></tr></thead>
                <tbody>{ for leg.tasks.iter().map(|(name, outcome, ended)| html! {
                    <tr><td>{ name }</td><td>{ outcome }</td><td>{ ended }</td></tr>
                }) }</tbody>
            </table>
            if rest > 0 { <p class="hint">{ format!("and {} more", format::thousands(rest as u64)) }</p> }
        </section>
    }
}
