//! The race: who won and why, and the models beside each other in a table that can be sorted.

use core::time::Duration;

use yew::prelude::*;

use crate::app::RunView;
use crate::insight::race::{Row, Table, Verdict};
use crate::insight::repeats::{Repeats, Spread};
use crate::model::format;
use crate::model::fragment::model_name;
use crate::model::plan::{Experiment, ModelKind};

/// A column: what it is called, and a sentence of what it counts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Column {
    Model,
    Wall,
    Speedup,
    InFlight,
    Computing,
    Starting,
    Efficiency,
    Memory,
    Messages,
    Lock,
}

use Column::*;

/// What a race shows; of one model after Sequential the first six are enough.
const COLUMNS: [Column; 10] = [Model, Wall, Speedup, InFlight, Computing, Starting, Efficiency, Memory, Messages, Lock];
const FEW: usize = 6;

impl Column {
    fn label(self) -> &'static str {
        match self {
            Model => "Model",
            Wall => "Wall time",
            Speedup => "Speedup",
            InFlight => "In flight",
            Computing => "Computing",
            Starting => "Starting",
            Efficiency => "Efficiency",
            Memory => "Memory",
            Messages => "Messages",
            Lock => "Lock",
        }
    }

    /// What it is sorted by; nothing stands last.
    fn key(self, row: &Row) -> Option<f64> {
        let seconds = |time: Option<Duration>| time.map(|time| time.as_secs_f64());
        match self {
            Model => Some(row.place as f64),
            Wall => seconds(row.wall.map(|wall| wall.median)),
            // The greatest first, as the least of times.
            Speedup => row.speedup.map(|speedup| -speedup.value),
            InFlight => row.wall.map(|_| -f64::from(row.in_flight)),
            Computing => row.wall.map(|_| -f64::from(row.computing)),
            Starting => seconds(row.starting),
            Efficiency => row.efficiency.map(|efficiency| -efficiency),
            Memory => row.memory_bytes.map(|bytes| bytes as f64),
            Messages => seconds(row.messages),
            Lock => seconds(row.lock),
        }
    }

    fn text(self, row: &Row) -> String {
        let none = || "–".to_owned();
        let time = |time: Option<Duration>| time.map_or_else(none, format::duration);
        match self {
            Model => row.label.clone(),
            Wall => time(row.wall.map(|wall| wall.median)),
            Speedup => row.speedup.map_or_else(none, |speedup| {
                if speedup.value == 1.0 { "1×".to_owned() } else { format::ratio(speedup.value) }
            }),
            InFlight => row.wall.map_or_else(none, |_| format::thousands(row.in_flight.into())),
            Computing => row.wall.map_or_else(none, |_| format::thousands(row.computing.into())),
            Starting => time(row.starting),
            Efficiency => row.efficiency.map_or_else(none, |share| format!("{} %", format::fixed(share * 100.0, 0))),
            Memory => match row.memory_bytes {
                Some(bytes) => format::bytes(bytes),
                None if row.wall.is_some() => "not measured".to_owned(),
                None => none(),
            },
            Messages => time(row.messages),
            Lock => time(row.lock),
        }
    }
}

/// What a median stands for, where it is of more than one run.
pub fn spread(wall: &Repeats) -> Option<String> {
    let middle = if wall.spread == Spread::Quartiles { "middle half " } else { "" };
    let (low, high) = (format::duration(wall.low), format::duration(wall.high));
    (wall.n > 1).then(|| format!("{middle}{low} to {high}, n = {}", wall.n))
}

#[derive(PartialEq, Properties)]
pub struct RaceProps {
    pub run: RunView,
}

#[component]
pub fn Race(props: &RaceProps) -> Html {
    let run = &props.run;
    if run.settings.len() < 2 || run.legs.len() < 2 {
        return Html::default();
    }
    let table = Table::of(&run.settings, &run.figures);
    let is_race = matches!(run.plan.experiment, Experiment::Race(_));
    let live = run.live.and_then(|live| run.legs.get(live)).map(|leg| leg.setting);
    let note = note(run, &table, is_race);
    html! { <Comparison {table} has_all={is_race} {live} {note} /> }
}

#[derive(PartialEq, Properties)]
pub struct ComparisonProps {
    pub table: Table,
    /// Whether it has all columns.
    pub has_all: bool,
    /// The place of the row that is run now.
    pub live: Option<usize>,
    /// What the figures are.
    pub note: String,
}

/// Rows beside each other, in a table that can be sorted.
#[component]
pub fn Comparison(props: &ComparisonProps) -> Html {
    let sorted_by = use_state(|| Model);
    let table = &props.table;
    let columns = if props.has_all { &COLUMNS[..] } else { &COLUMNS[..FEW] };
    let mut rows: Vec<&Row> = table.rows.iter().collect();
    rows.sort_by(|one, other| match (sorted_by.key(one), sorted_by.key(other)) {
        (Some(one), Some(other)) => one.total_cmp(&other),
        (one, other) => other.is_some().cmp(&one.is_some()),
    });
    let heads = columns.iter().map(|column| {
        let column = *column;
        let sort = {
            let sorted_by = sorted_by.clone();
            Callback::from(move |_: MouseEvent| sorted_by.set(column))
        };
        let is_by = *sorted_by == column;
        let order =
            if matches!(column, Speedup | InFlight | Computing | Efficiency) { "descending" } else { "ascending" };
        html! {
            <th scope="col" aria-sort={is_by.then_some(order)}>
                <button type="button" class="sort" onclick={sort} title="Sort">{ column.label() }</button>
            </th>
        }
    });
    let body = rows.iter().map(|row| table_row(row, columns, props.live == Some(row.place)));
    html! {
        <>
            <div class="scroll" tabindex="0" role="region" aria-label="Comparison">
                <table id="comparison" data-baseline={table.baseline().map(|row| model_name(row.model))}>
                    <thead><tr>{ for heads }</tr></thead>
                    <tbody>{ for body }</tbody>
                </table>
            </div>
            <p class="hint">{ &props.note }</p>
        </>
    }
}

fn table_row(row: &Row, columns: &[Column], is_live: bool) -> Html {
    let under = |column| match column {
        Wall => row.wall.as_ref().and_then(spread),
        Efficiency => {
            row.workers.filter(|_| row.wall.is_some()).map(|workers| format::count(workers as usize, "worker"))
        }
        _ => None,
    };
    let cells = columns.iter().skip(1).map(|column| {
        html! {
            <td data-label={column.label()}>
                <span>
                    { column.text(row) }
                    if let Some(under) = under(*column) { <small>{ under }</small> }
                </span>
            </td>
        }
    });
    let failed = row.why.as_ref().map(|why| format!("{} failed: {why}", format::count(row.failed, "run")));
    html! {
        <tr
            key={row.place} class={classes!(is_live.then_some("live"))} data-model={model_name(row.model)}
            data-wall-ms={row.wall.map(|wall| format::fixed(wall.median.as_secs_f64() * 1e3, 3))}
            data-n={row.wall.map(|wall| wall.n.to_string())} data-in-flight={row.in_flight.to_string()}
            data-computing={row.computing.to_string()} data-workers={row.workers.map(|workers| workers.to_string())}
            data-memory-bytes={row.memory_bytes.map(|bytes| bytes.to_string())}
        >
            <th scope="row">
                { &row.label }
                if is_live { <small>{ "runs now" }</small> }
                if let Some(failed) = failed { <small class="error">{ failed }</small> }
            </th>
            { for cells }
        </tr>
    }
}

fn note(run: &RunView, table: &Table, is_race: bool) -> String {
    let runs = match run.plan.repeats {
        1 => "Measured, one run each.".to_owned(),
        repeats => format!(
            "Measured: medians of up to {repeats} runs each, in turns, after one that is not counted; the spread is from the shortest \
             to the longest, or, of five and more, the middle half."
        ),
    };
    let against = match table.baseline() {
        Some(baseline) if is_race && baseline.model != ModelKind::Sequential => {
            format!(" Speedup is against the slowest, {}, as Sequential does not race.", baseline.label)
        }
        _ => String::new(),
    };
    let more = if is_race { COLUMNS_NOTE } else { "" };
    format!("{runs}{against}{WALL_NOTE}{more}")
}

/// What medians and spreads are.
pub const MEDIANS_NOTE: &str = " Of several runs it is the median; the spread is from the shortest to the longest, or, of five and \
     more, the middle half.";

/// What the columns are that every comparison has.
pub const WALL_NOTE: &str = " Wall time is from the first task submitted to the last ended; starting the process comes before it. \
     Computing counts threads that run a task; with more of them than cores, the system lets them take turns, which no browser \
     tells.";

/// What the others are.
pub const COLUMNS_NOTE: &str = " Efficiency is speedup by worker. Memory is that of its WebAssembly processes, at most; what the browser itself takes for each \
     worker, no page can see. Messages (packing and unpacking) and waiting for the lock are sums over all lanes, which wait and \
     pack at the same time.";

/// Who won, once it is over.
pub fn verdict(run: &RunView) -> Html {
    let is_race = matches!(run.plan.experiment, Experiment::Race(_));
    if !is_race || run.live.is_some() {
        return Html::default();
    }
    let table = Table::of(&run.settings, &run.figures);
    table.verdict().map(|verdict| told(&table, &verdict)).unwrap_or_default()
}

/// Who won, and why.
pub fn told(table: &Table, verdict: &Verdict) -> Html {
    let winner = verdict.winner.and_then(|place| table.rows.get(place));
    html! {
        <div id="verdict" class="verdict" data-winner={winner.map(|row| model_name(row.model))}>
            <p class="answer">{ &verdict.headline }</p>
            if !verdict.reasons.is_empty() {
                <ul>{ for verdict.reasons.iter().map(|reason| html! { <li>{ reason }</li> }) }</ul>
            }
        </div>
    }
}
