//! The results of the run, in order of submission and in order of completion.

use core::time::Duration;
use std::rc::Rc;

use yew::prelude::*;

use crate::app::{LISTED_FIRST, LegView, RunView};
use crate::insight::TaskRow;
use crate::insight::tasks::{Split, Standing};
use crate::model::format;
use crate::model::plan::{Experiment, Plan};

#[derive(PartialEq, Properties)]
pub struct ResultsProps {
    pub run: Option<RunView>,
}

/// What the tasks are sorted by.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Column {
    Task,
    Result,
    Ended,
    Place,
}

impl Column {
    const ALL: [Column; 4] = [Column::Task, Column::Result, Column::Ended, Column::Place];

    fn label(self) -> &'static str {
        match self {
            Column::Task => "Task",
            Column::Result => "Result",
            Column::Ended => "Ended after",
            Column::Place => "Place",
        }
    }

    fn order(self) -> &'static str {
        match self {
            Column::Task => "In order of submission",
            Column::Result => "By result",
            Column::Ended => "By when they ended",
            Column::Place => "In order of completion",
        }
    }

    /// Rows come in order of submission, and what is equal stays so. Tasks that did not end stand last.
    fn sort(self, rows: &mut [&TaskRow]) {
        match self {
            Column::Task => {}
            Column::Result => rows.sort_by(|one, other| one.result.cmp(&other.result)),
            Column::Ended => rows.sort_by_key(|row| row.ended.unwrap_or(Duration::MAX)),
            Column::Place => rows.sort_by_key(|row| row.place.unwrap_or(usize::MAX)),
        }
    }
}

#[component]
pub fn Results(props: &ResultsProps) -> Html {
    let sorted_by = use_state(|| Column::Task);
    // The plan of the run of which all tasks were asked for: the next run begins with few again.
    let whole = use_state(|| None::<Rc<Plan>>);
    let Some((run, leg)) = props.run.as_ref().and_then(|run| Some((run, run.leg()?))) else {
        return Html::default();
    };
    // Of a curve, times are what matters.
    if !matches!(run.plan.experiment, Experiment::One | Experiment::Race(_)) {
        return Html::default();
    }
    let listing = &leg.listing;
    let is_whole = whole.as_ref().is_some_and(|plan| Rc::ptr_eq(plan, &run.plan));
    let shown = if is_whole { listing.rows.len() } else { LISTED_FIRST };
    let mut rows: Vec<&TaskRow> = listing.rows.iter().collect();
    sorted_by.sort(&mut rows);
    let rows = rows.into_iter().take(shown).map(|row| result_row(row, run.plan.limit_ms.is_some()));
    let order = listing.completed.iter().take(shown);
    let order = order.map(|(number, name)| html! { <li key={*number}>{ name }</li> });
    let more = listing.total.saturating_sub(shown);
    let show_all = {
        let (whole, plan) = (whole.clone(), run.plan.clone());
        Callback::from(move |_: MouseEvent| whole.set(Some(plan.clone())))
    };
    let heads = Column::ALL.into_iter().map(|column| {
        let sort = {
            let sorted_by = sorted_by.clone();
            Callback::from(move |_: MouseEvent| sorted_by.set(column))
        };
        html! {
            <th scope="col" aria-sort={(*sorted_by == column).then_some("ascending")}>
                <button type="button" class="sort" onclick={sort} title="Sort">{ column.label() }</button>
            </th>
        }
    });
    html! {
        <section class="results" aria-labelledby="results-title">
            <h2 id="results-title">{ format!("Results of {}: {}", leg.model.label(), run.plan.workload.kind().label()) }</h2>
            { limit_line(run, leg) }
            <div class="scroll" tabindex="0" role="region" aria-label="Table of results">
                <table id="results">
                    <caption>{ sorted_by.order() }</caption>
                    <thead><tr>
                        { for heads }
                        if run.plan.limit_ms.is_some() { <th scope="col">{ "At the limit" }</th> }
                    </tr></thead>
                    <tbody>{ for rows }</tbody>
                </table>
            </div>
            if more > 0 {
                <p class="hint">
                    { format!("and {} more", format::count(more, "task")) }
                    if leg.end.is_some() && shown < listing.rows.len() {
                        { " " }<button type="button" id="show-all" class="quiet" onclick={show_all}>{ format!("Show {}", format::thousands(listing.rows.len() as u64)) }</button>
                    } else if leg.end.is_some() {
                        { "; all are in the timeline, and in the CSV file that Export makes" }
                    }
                </p>
            }
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
            <td class="number">{ row.ended.map(format::duration).unwrap_or_default() }</td>
            <td class="number">{ row.place.map(|place| place.to_string()).unwrap_or_default() }</td>
            if has_limit { <td>{ at_limit }</td> }
        </tr>
    }
}
