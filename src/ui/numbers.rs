//! The numbers of each run that has ended: what they say in words, where the workers' time went, how many ran at once, how long
//! tasks took, and the lock.

use core::time::Duration;
use std::rc::Rc;

use yew::prelude::*;

use crate::app::{OpenedRun, RunView};
use crate::insight::advice::Said;
use crate::insight::ledger::{Ledger, Term};
use crate::insight::numbers::peak;
use crate::insight::quantile::Quantiles;
use crate::insight::series::Bucket;
use crate::insight::{Numbers, Provenance, Summary};
use crate::model::format;
use crate::model::id::LaneId;

/// A run that has ended, with its numbers.
#[derive(Clone, PartialEq)]
pub struct Ended {
    /// What it is called, as in the timeline.
    pub label: String,
    pub summary: Summary,
    pub numbers: Rc<Numbers>,
}

/// Those of a run's legs whose numbers are known.
pub fn ended(run: Option<&RunView>) -> Vec<Ended> {
    let legs = run.into_iter().flat_map(|run| &run.legs);
    let ended = legs.filter_map(|leg| {
        let (label, numbers) = (leg.model.label().to_owned(), leg.numbers.clone()?);
        Some(Ended { label, summary: leg.summary.clone(), numbers })
    });
    ended.collect()
}

/// The same of a run that was opened.
pub fn ended_of_opened(run: &OpenedRun) -> Vec<Ended> {
    let ended = run.legs.iter().filter_map(|leg| {
        let (label, numbers) = (leg.title.clone(), leg.numbers.clone()?);
        Some(Ended { label, summary: leg.summary.clone(), numbers })
    });
    ended.collect()
}

#[derive(PartialEq, Properties)]
pub struct NumbersProps {
    pub legs: Vec<Ended>,
    /// The smallest step of the clock that was seen, in microseconds.
    pub clock_step_us: Option<f64>,
}

#[component]
pub fn NumbersPanel(props: &NumbersProps) -> Html {
    let legs = &props.legs[..];
    if legs.is_empty() {
        return Html::default();
    }
    let step =
        props.clock_step_us.map_or_else(String::new, |us| format!(" (its step here is {} µs)", format::fixed(us, 0)));
    html! {
        <section class="numbers" id="numbers" aria-labelledby="numbers-title">
            <h2 id="numbers-title">{ "The numbers" }</h2>
            { in_words(legs) }
            { ledgers(legs) }
            { over_time(legs) }
            { latencies(legs) }
            { for legs.iter().map(lock) }
            <p class="hint">
                { "Measured figures were recorded, and are as exact as the clock" }{ step }
                { "; derived ones are worked out from those; modelled ones are what a model expects." }
            </p>
        </section>
    }
}

/// How a figure is known.
fn known(provenance: Provenance) -> Html {
    html! { <small class={classes!("known", provenance.label())}>{ provenance.label() }</small> }
}

fn in_words(legs: &[Ended]) -> Html {
    let of_leg = |Ended { label, summary, numbers }: &Ended| {
        let said = numbers.advice.iter().map(said);
        let nothing = if summary.is_complete() {
            "Nothing stands out in what was measured."
        } else {
            "Not every task came to its end, so that what was measured tells of no way to be faster."
        };
        html! {
            <>
                <h3>{ label }</h3>
                if numbers.advice.is_empty() {
                    <p class="hint">{ nothing }</p>
                } else {
                    <ul class="advice" data-model={label.clone()}>{ for said }</ul>
                }
            </>
        }
    };
    html! { <>{ for legs.iter().map(of_leg) }</> }
}

fn said(said: &Said) -> Html {
    html! {
        <li data-advice={said.name}>
            { &said.sentence }{ " " }{ known(Said::PROVENANCE) }
            if let Some(prediction) = &said.prediction { { " " }{ prediction }{ " " }{ known(Provenance::Modelled) } }
            <span class="hint">{ " From " }{ said.basis }{ "." }</span>
        </li>
    }
}

/// Where the workers' time went: a bar for each run, and a table that is the legend of all.
fn ledgers(legs: &[Ended]) -> Html {
    let seen = |term: &Term| legs.iter().any(|Ended { numbers, .. }| !numbers.ledger.time(*term).is_zero());
    let terms: Vec<Term> = Term::ALL.into_iter().filter(seen).collect();
    let row = |term: &Term| {
        let cell = |Ended { label, numbers, .. }: &Ended| {
            let ledger = &numbers.ledger;
            let text = match ledger.time(*term) {
                Duration::ZERO => html! { "–" },
                time => {
                    html! { <span>{ format::duration(time) }<span class="hint">{ percent(ledger, *term) }</span></span> }
                }
            };
            html! { <td class="number" data-label={label.clone()}>{ text }</td> }
        };
        html! {
            <tr>
                <th scope="row">{ swatch(*term) }{ term.label() }{ " " }{ known(term.provenance()) }</th>
                { for legs.iter().map(cell) }
            </tr>
        }
    };
    html! {
        <>
            <h3>{ "Where the workers’ time went" }</h3>
            { for legs.iter().map(bar) }
            <div class="scroll" tabindex="0" role="region" aria-label="Table of the workers’ time">
                <table class="by-leg">
                    <thead><tr>
                        <th scope="col">{ "All workers together" }</th>
                        { for legs.iter().map(|leg| html! { <th scope="col">{ &leg.label }</th> }) }
                    </tr></thead>
                    <tbody>{ for terms.iter().map(row) }</tbody>
                </table>
            </div>
            <p class="hint">{ "Workers × wall time, with starting. A worker is who does tasks: a thread or a process of a pool, or the \
                               one thread of an event loop. Where more compute than there are cores, computing is also waiting for a \
                               core, which no browser tells apart." }</p>
        </>
    }
}

fn percent(ledger: &Ledger, term: Term) -> String {
    let percent = ledger.share(term) * 100.0;
    let digits = u32::from(percent < 9.95);
    format!(" {} %", format::fixed(percent, digits))
}

fn bar(Ended { label, numbers, .. }: &Ended) -> Html {
    let ledger = &numbers.ledger;
    let seen = || Term::ALL.into_iter().filter(|term| !ledger.time(*term).is_zero());
    let part = |term: Term| {
        // None is lost to rounding: each has its edge, and shares what is left.
        let grow = (ledger.share(term) * 10_000.0) as u32;
        html! { <span class={classes!("swatch", class(term))} style={format!("flex-grow:{grow}")} title={term.label()}></span> }
    };
    let words: Vec<String> = seen().map(|term| format!("{}{}", term.label(), percent(ledger, term))).collect();
    let microseconds: Vec<String> = Term::ALL.iter().map(|term| ledger.time(*term).as_micros().to_string()).collect();
    html! {
        <figure
            class="ledger" data-model={label.clone()} data-workers={ledger.workers.to_string()}
            data-total={ledger.total().as_micros().to_string()} data-terms={microseconds.join(" ")}
        >
            <figcaption>
                <strong>{ label }</strong>
                { format!(
                    ": {} × {} = {}", format::count(ledger.workers as usize, "worker"), format::duration(ledger.wall),
                    format::duration(ledger.total()),
                ) }
                if !numbers.adds_up { <span class="error">{ " The terms do not add up: something was recorded that cannot be." }</span> }
            </figcaption>
            <div class="ledger-bar" role="img" aria-label={words.join(", ")}>{ for seen().map(part) }</div>
        </figure>
    }
}

fn class(term: Term) -> &'static str {
    match term {
        Term::Computing => "compute",
        Term::Lock => "lock",
        Term::Shared => "mutex",
        Term::Io => "wait",
        Term::Starting => "start",
        Term::Serialise => "serialise",
        Term::Transfer => "transfer",
        Term::Deserialise => "deserialise",
        Term::Dispatch => "dispatch",
        Term::Idle => "idle",
    }
}

fn swatch(term: Term) -> Html {
    html! { <span class={classes!("swatch", class(term))} aria-hidden="true"></span> }
}

/// Both dials over time: runs that took longer have longer charts, and all have one scale.
fn over_time(legs: &[Ended]) -> Html {
    let longest = legs.iter().map(|leg| leg.summary.wall).max().unwrap_or_default().as_secs_f64();
    let peaks = legs.iter().flat_map(|leg| [&leg.numbers.series.in_flight, &leg.numbers.series.computing]);
    let most = peaks.map(|series| peak(series)).max().unwrap_or(0).max(1);
    let charts = legs.iter().map(|Ended { label, summary, numbers }| {
        let wall = summary.wall;
        let width = if longest > 0.0 { wall.as_secs_f64() / longest * 100.0 } else { 100.0 };
        let style = format!("width:{}%", format::fixed(width, 1));
        html! {
            <figure class="over-time">
                <figcaption>
                    <strong>{ label }</strong>
                    { format!(
                        ": {} in flight at most, {} on average; {} computing at most, {} on average; in {}",
                        summary.dials.in_flight.peak, format::fixed(summary.dials.in_flight.mean, 1),
                        summary.dials.computing.peak, format::fixed(summary.dials.computing.mean, 1), format::duration(wall),
                    ) }
                </figcaption>
                { chart("in-flight", &numbers.series.in_flight, most, style.clone()) }
                { chart("computes", &numbers.series.computing, most, style) }
            </figure>
        }
    });
    html! {
        <>
            <h3>{ "In flight and computing, over time " }{ known(Provenance::Measured) }</h3>
            { for charts }
            <ul class="legend">
                <li><span class="swatch in-flight" aria-hidden="true"></span>{ "in flight" }</li>
                <li><span class="swatch compute" aria-hidden="true"></span>{ "computing" }</li>
                <li>{ "filled: on average; line: at most" }</li>
            </ul>
        </>
    }
}

/// The height of a chart, in units of its own, for each of what it counts.
const UNITS: f64 = 100.0;

fn chart(class: &'static str, buckets: &[Bucket], most: u32, style: String) -> Html {
    let (height, width) = (u64::from(most.max(1)) * 100, buckets.len().max(1));
    let y = |value: f64| height - ((value * UNITS).round() as u64).min(height);
    let path = |value: &dyn Fn(&Bucket) -> f64| {
        let mut path = format!("M0 {height}");
        for (bucket, right) in buckets.iter().zip(1..) {
            path += &format!("V{}H{right}", y(value(bucket)));
        }
        path + &format!("V{height}")
    };
    html! {
        <div class="dial-axis" data-most={most.to_string()} aria-hidden="true">
            <svg class={classes!("dial-chart", class)} viewBox={format!("0 0 {width} {height}")} preserveAspectRatio="none" {style}>
                <path class="mean" d={path(&|bucket| bucket.mean)} />
                <path class="peak" d={path(&|bucket| bucket.peak.into())} vector-effect="non-scaling-stroke" />
            </svg>
        </div>
    }
}

/// A median beside a high quantile.
fn both(quantiles: Option<Quantiles>) -> [String; 2] {
    quantiles.map_or_else(Default::default, |of| [format::duration(of.median), format::duration(of.high)])
}

fn latencies(legs: &[Ended]) -> Html {
    let rows = legs.iter().map(|Ended { label, numbers, .. }| {
        let latency = &numbers.latency;
        let ([queued, queued_high], [run, run_high]) = (both(latency.queued), both(latency.run));
        let digits = u32::from(latency.per_second < 100.0);
        let cells = [
            ("Queued, median", queued),
            ("95 % within", queued_high),
            ("Run, median", run),
            ("95 % within", run_high),
            ("Tasks a second", format::fixed(latency.per_second, digits)),
        ];
        row(label, cells)
    });
    let head = ["Tasks", "Queued, median", "95 % within", "Run, median", "95 % within", "Tasks a second"];
    table("How long tasks were queued, and ran", &head, Provenance::Measured, rows.collect())
}

fn lock(Ended { label, numbers, .. }: &Ended) -> Html {
    let Some(lock) = &numbers.lock else { return Html::default() };
    let rows = lock.threads.iter().map(|thread| {
        let cells = [
            ("Held", format::duration(thread.held)),
            ("Waited for", format::duration(thread.waited)),
            ("Times taken", format::thousands(thread.holds as u64)),
            ("Made to drop it", format::thousands(thread.forced as u64)),
        ];
        // Only threads share a lock.
        let LaneId::Thread(number) = thread.lane else { return Html::default() };
        let name = if number == 0 { "main thread".to_owned() } else { format!("worker {number}") };
        row(&name, cells)
    });
    let [median, high] = both(lock.hold);
    let title = format!(
        "The lock of {}: {} from thread to thread, {} of them forced; held for {median} (median), {high} (99 of 100)",
        label,
        format::count(lock.hand_overs as usize, "hand-over"),
        lock.forced,
    );
    table(
        &title,
        &["Thread", "Held", "Waited for", "Times taken", "Made to drop it"],
        Provenance::Measured,
        rows.collect(),
    )
}

fn row<const N: usize>(name: &str, cells: [(&'static str, String); N]) -> Html {
    let cells = cells.into_iter().map(|(label, text)| html! { <td class="number" data-label={label}>{ text }</td> });
    html! { <tr><th scope="row">{ name }</th>{ for cells }</tr> }
}

fn table(title: &str, head: &[&'static str], provenance: Provenance, rows: Vec<Html>) -> Html {
    html! {
        <>
            <h3>{ title }{ " " }{ known(provenance) }</h3>
            <div class="scroll" tabindex="0" role="region" aria-label={title.to_owned()}>
                <table class="by-leg">
                    <thead><tr>{ for head.iter().map(|name| html! { <th scope="col">{ *name }</th> }) }</tr></thead>
                    <tbody>{ for rows }</tbody>
                </table>
            </div>
        </>
    }
}
