//! The results of the run, in order of submission and in order of completion.

use yew::prelude::*;

use super::choices::workload_label;
use crate::app::{LegView, RunView};
use crate::insight::TaskRow;
use crate::insight::tasks::{Split, Standing};
use crate::model::format;
use crate::model::plan::Experiment;

#[derive(PartialEq, Properties)]
pub struct ResultsProps {
    pub run: Option<RunView>,
}

#[component]
pub fn Results(props: &ResultsProps) -> Html {
    let Some((run, leg)) = props.run.as_ref().and_then(|run| Some((run, run.leg()?))) else {
        return Html::default();
    };
    // Of a curve, times are what matters.
    if !matches!(run.plan.experiment, Experiment::One | Experiment::Race(_)) {
        return Html::default();
    }
    let listing = &leg.listing;
    let order = listing.completed.iter().map(|(number, name)| html! { <li key={*number}>{ name }</li> });
    let more = listing.total - listing.rows.len();
    html! {
        <section class="results" aria-labelledby="results-title">
            <h2 id="results-title">{ format!("Results of {}: {}", leg.model.label(), workload_label(run.plan.workload.kind())) }</h2>
            { limit_line(run, leg) }
            <div class="scroll" tabindex="0" role="region" aria-label="Table of results">
                <table id="results">
                    <caption>{ "In order of submission" }</caption>
                    <thead><tr>
                        <th scope="col">{ "Task" }</th>
                        <th scope="col">{ "Result" }</th>
                        <th scope="col">{ "Ended after" }</th>
                        <th scope="col">{ "Place" }</th>
                        if run.plan.limit_ms.is_some() { <th scope="col">{ "At the limit" }</th> }
                    </tr></thead>
                    <tbody>{ for listing.rows.iter().map(|row| result_row(row, run.plan.limit_ms.is_some())) }</tbody>
                </table>
                if more > 0 { <p class="hint">{ format!("and {} more", format::count(more, "task")) }</p> }
            </div>
            if !listing.completed.is_empty() {
                <h3>{ "In order of completion" }</h3>
                <ol class="completion" id="completion">{ for order }</ol>
            }
        </section>
    }
}

fn limit_line(run: &RunView, leg: &LegView) -> Html {
    let Some(limit_ms) = run.plan.limit_ms else { return Html::default() };
    let Split { done, not_done, open } = leg.listing.split.unwrap_or_default();
    let split = if open > 0 && leg.end.is_some() {
        format!("It ended before {limit_ms} ms: {done} done.")
    } else if open > 0 {
        format!("Until {limit_ms} ms, wait goes on: {done} done so far.")
    } else {
        format!("After {limit_ms} ms, wait gave {done} done and {not_done} not done.")
    };
    html! {
        <p id="limit-split">
            { split }
            <span class="hint">{ " Derived from when each task ended." }</span>
        </p>
    }
}

fn result_row(row: &TaskRow, has_limit: bool) -> Html {
    let (sign, class) = match row.standing {
        Standing::Queued => ("", "queued"),
        Standing::Running => ("…", "running"),
        Standing::Done => ("✓", "done"),
        Standing::Failed => ("×", "failed"),
        Standing::Cancelled => ("–", "cancelled"),
    };
    let at_limit = match row.in_time {
        Some(true) => "done",
        Some(false) => "not done",
        None => "",
    };
    html! {
        <tr key={row.number} class={class}>
            <th scope="row">{ &row.name }</th>
            <td><span class="sign" aria-hidden="true">{ sign }</span>{ &row.result }</td>
            <td class="number">{ row.ended.clone().unwrap_or_default() }</td>
            <td class="number">{ row.place.map(|place| place.to_string()).unwrap_or_default() }</td>
            if has_limit { <td>{ at_limit }</td> }
        </tr>
    }
}
