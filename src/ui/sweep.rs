//! Break-even: where a pool of processes pays, as a chart, in words, and as a table.

use yew::prelude::*;

use super::chart::{Axis, Dot, Series, chart};
use crate::app::{Msg, RunView};
use crate::insight::sweep::{Sweep, SweepPoint};
use crate::model::experiment::carrier_label;
use crate::model::format;

#[derive(PartialEq, Properties)]
pub struct BreakEvenProps {
    pub run: RunView,
    pub send: Callback<Msg>,
}

/// The class and the sign of each line.
const LOOKS: [(&str, &str); 3] = [("one", "●"), ("two", "■"), ("three", "▲")];
/// Lengths of time that an axis names, in seconds.
const TIMES: [(f64, &str); 9] = [
    (1e-6, "1 µs"),
    (1e-5, "10 µs"),
    (1e-4, "100 µs"),
    (1e-3, "1 ms"),
    (1e-2, "10 ms"),
    (1e-1, "100 ms"),
    (1.0, "1 s"),
    (10.0, "10 s"),
    (100.0, "100 s"),
];
/// Speedups that an axis names.
const SPEEDUPS: [(f64, &str); 9] = [
    (0.001, "0.001×"),
    (0.01, "0.01×"),
    (0.1, "0.1×"),
    (0.5, "0.5×"),
    (1.0, "1×"),
    (2.0, "2×"),
    (4.0, "4×"),
    (16.0, "16×"),
    (64.0, "64×"),
];

#[component]
pub fn BreakEven(props: &BreakEvenProps) -> Html {
    let sweep = Sweep::of(&props.run.settings, &props.run.figures);
    let points = || sweep.lines.iter().flat_map(|line| &line.points);
    if points().count() == 0 {
        return Html::default();
    }
    let words = sweep.words();
    html! {
        <section class="experiment" aria-label="Break-even">
            <ul id="break-even-words" class="words">{ for words.iter().map(|sentence| html! { <li>{ sentence }</li> }) }</ul>
            { drawn(&sweep, &words.join(" "), &props.send) }
            { table(&sweep) }
        </section>
    }
}

fn drawn(sweep: &Sweep, words: &str, send: &Callback<Msg>) -> Html {
    let points = || sweep.lines.iter().flat_map(|line| &line.points);
    let around = |of: &dyn Fn(&SweepPoint) -> f64, least: f64, most: f64| {
        points().map(of).fold((least, most), |(low, high), at| (low.min(at), high.max(at)))
    };
    let (left, right) = around(&|point| point.x, f64::INFINITY, 0.0);
    let low = around(&|point| point.speedup.low, 0.5, 2.0).0;
    let high = around(&|point| point.speedup.high, 0.5, 2.0).1;
    let named = |ticks: &[(f64, &str)], low: f64, high: f64| -> Vec<(f64, String)> {
        let inside = ticks.iter().filter(|(at, _)| (low..=high).contains(at));
        inside.map(|(at, label)| (*at, (*label).to_owned())).collect()
    };
    let x = Axis {
        title: if sweep.is_of_bytes { "data for each task" } else { "length of a task, under Sequential" }.to_owned(),
        low: left,
        high: right,
        is_log: true,
        ticks: if sweep.is_of_bytes {
            sweep.lines[0].points.iter().map(|point| (point.x, sweep.x_label(point.x))).collect()
        } else {
            named(&TIMES, left, right)
        },
    };
    let y = Axis {
        title: "times as fast as Sequential".to_owned(),
        low,
        high,
        is_log: true,
        ticks: named(&SPEEDUPS, low, high),
    };
    let flat = |x| Dot { x, y: 1.0, low: 1.0, high: 1.0 };
    let mut series = vec![Series {
        name: "as fast as Sequential".to_owned(),
        class: "ideal",
        sign: "",
        dots: vec![flat(left), flat(right)],
        is_joined: true,
    }];
    let many = sweep.lines.len() > 1;
    for (line, (class, sign)) in sweep.lines.iter().zip(LOOKS) {
        let dot = |point: &SweepPoint| Dot {
            x: point.x,
            y: point.speedup.value,
            low: point.speedup.low,
            high: point.speedup.high,
        };
        series.push(Series {
            name: if many { carrier_label(line.carrier).to_owned() } else { "process pool".to_owned() },
            class,
            sign,
            dots: line.points.iter().map(dot).collect(),
            is_joined: true,
        });
    }
    chart("break-even-chart", words, (&x, &y), &series, send)
}

fn table(sweep: &Sweep) -> Html {
    let many = sweep.lines.len() > 1;
    let rows = sweep.lines.iter().flat_map(|line| line.points.iter().map(move |point| (line, point))).map(|(line, point)| {
        let carrier = carrier_label(line.carrier);
        html! {
            <tr data-carrier={carrier} data-size={point.size.to_string()} data-speedup={format::fixed(point.speedup.value, 4)}>
                <th scope="row">{ if many { format!("{carrier}, {}", sweep.x_label(point.x)) } else { sweep.x_label(point.x) } }</th>
                <td data-label="Sequential">{ format::duration(point.sequential.median) }</td>
                <td data-label="Process pool">{ format::duration(point.pool.median) }</td>
                <td data-label="Speedup">{ format::ratio(point.speedup.value) }</td>
                <td data-label="With starting">{ format::ratio(point.with_start.value) }</td>
            </tr>
        }
    });
    let first = if sweep.is_of_bytes { "Data for each task" } else { "Length of a task" };
    html! {
        <div class="scroll" tabindex="0" role="region" aria-label="Figures of the sweep">
            <table id="break-even" class="figures">
                <thead><tr>
                    <th scope="col">{ first }</th>
                    <th scope="col">{ "Sequential" }</th>
                    <th scope="col">{ "Process pool" }</th>
                    <th scope="col">{ "Speedup" }</th>
                    <th scope="col">{ "With starting" }</th>
                </tr></thead>
                <tbody>{ for rows }</tbody>
            </table>
        </div>
    }
}
