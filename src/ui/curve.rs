//! The scaling curve, and what the cores are worth: a chart, its words, and its table.

use yew::prelude::*;

use super::chart::{Axis, Dot, Series, chart};
use super::race::spread;
use crate::app::{Msg, RunView};
use crate::insight::curve::{Cores, Curve, CurvePoint};
use crate::insight::repeats::Ratio;
use crate::model::format;
use crate::model::plan::Experiment;

/// Into how many pieces a curve is drawn.
const PIECES: u32 = 40;

#[derive(PartialEq, Properties)]
pub struct ScalingProps {
    pub run: RunView,
    /// Cores, as the browser reports them.
    pub cores: u32,
    /// What they are worth, once that was measured.
    pub calibrated: Option<Cores>,
    /// Whether it was made at another time, and perhaps elsewhere.
    pub is_opened: bool,
    pub send: Callback<Msg>,
}

#[component]
pub fn Scaling(props: &ScalingProps) -> Html {
    let run = &props.run;
    let Some(curve) = Curve::of(&run.settings, &run.figures, props.cores) else { return Html::default() };
    let is_spin = matches!(run.plan.experiment, Experiment::Cores(_));
    // Of cores, each thread does as much as one alone: what is gained is work and not time.
    let gain = |point: &CurvePoint| {
        let Ratio { value, low, high } = point.speedup;
        let times = if is_spin { f64::from(point.workers) } else { 1.0 };
        Ratio { value: value * times, low: low * times, high: high * times }
    };
    let mut words = if is_spin { Vec::new() } else { curve.words() };
    let cores = format::count(props.cores as usize, "core");
    let reported = if props.is_opened {
        format!("The browser that ran it reported {cores}")
    } else {
        format!("This browser reports {cores}")
    };
    let worth = if is_spin { Cores::of(&run.settings, &run.figures) } else { props.calibrated };
    words.push(match worth {
        Some(cores) => format!(
            "{reported}; measured, {} at once get as much done as {} alone would one after another ({} to {}, n = {}).",
            format::count(cores.threads as usize, "thread"),
            format::fixed(cores.worth.value, 2),
            format::fixed(cores.worth.low, 2),
            format::fixed(cores.worth.high, 2),
            cores.n,
        ),
        None if props.is_opened => format!("{reported}."),
        None => format!("{reported}. What they are worth can be measured at the foot of the page."),
    });
    html! {
        <section class="experiment" aria-label="Scaling curve">
            <ul id="scaling-words" class="words" data-enough={curve.enough.to_string()}>
                { for words.iter().map(|sentence| html! { <li>{ sentence }</li> }) }
            </ul>
            { drawn(&curve, &gain, is_spin, &words.join(" "), &props.send) }
            { table(&curve, &gain, is_spin) }
        </section>
    }
}

fn drawn(curve: &Curve, gain: &dyn Fn(&CurvePoint) -> Ratio, is_spin: bool, words: &str, send: &Callback<Msg>) -> Html {
    let most = curve.points.last().map_or(1, |point| point.workers);
    let highest = curve.points.iter().map(|point| gain(point).high).fold(1.0, f64::max);
    let top = curve.top(highest);
    let x = Axis {
        title: if is_spin { "threads at once" } else { "workers" }.to_owned(),
        low: 1.0,
        high: f64::from(most.max(2)),
        is_log: false,
        ticks: curve.points.iter().map(|point| (f64::from(point.workers), point.workers.to_string())).collect(),
    };
    let step = (top / 6.0).ceil().max(1.0);
    let ticks = (0..=6).map(|tick| f64::from(tick) * step).filter(|at| *at <= top);
    let y = Axis {
        title: if is_spin { "work done at once, in that of one thread" } else { "times as fast as one worker" }
            .to_owned(),
        low: 0.0,
        high: top,
        is_log: false,
        ticks: ticks.map(|at| (at, format!("{}×", format::fixed(at, 0)))).collect(),
    };
    let line = |of: &dyn Fn(f64) -> f64, to: f64| -> Vec<Dot> {
        let place = |piece| 1.0 + (to - 1.0) * f64::from(piece) / f64::from(PIECES);
        (0..=PIECES)
            .map(|piece| {
                let (x, y) = (place(piece), of(place(piece)));
                Dot { x, y, low: y, high: y }
            })
            .collect()
    };
    let mut series = vec![Series {
        name: "ideal: each adds all of itself".to_owned(),
        class: "ideal",
        sign: "",
        dots: line(&|workers| workers, f64::from(most).min(top)),
        is_joined: true,
    }];
    if let Some(fit) = curve.fit.filter(|_| !is_spin && curve.fit_to > 1) {
        series.push(Series {
            name: format!("law, derived from 1 to {}", curve.fit_to),
            class: "law",
            sign: "",
            dots: line(&|workers| fit.speedup(workers), f64::from(curve.fit_to)),
            is_joined: true,
        });
    }
    let dot = |point: &CurvePoint| {
        let Ratio { value, low, high } = gain(point);
        Dot { x: f64::from(point.workers), y: value, low, high }
    };
    series.push(Series {
        name: "measured: median and spread".to_owned(),
        class: "one",
        sign: "●",
        dots: curve.points.iter().map(dot).collect(),
        is_joined: false,
    });
    chart("scaling-chart", words, (&x, &y), &series, send)
}

fn table(curve: &Curve, gain: &dyn Fn(&CurvePoint) -> Ratio, is_spin: bool) -> Html {
    let rows = curve.points.iter().map(|point| {
        let gained = gain(point);
        html! {
            <tr data-workers={point.workers.to_string()} data-speedup={format::fixed(gained.value, 3)}>
                <th scope="row">{ point.workers }</th>
                <td data-label="Wall time"><span>{ format::duration(point.wall.median) }if let Some(spread) = spread(&point.wall) { <small>{ spread }</small> }</span></td>
                <td data-label={if is_spin { "Work" } else { "Speedup" }}>{ format::ratio(gained.value) }</td>
                <td data-label="Each worker’s part">{ format!("{} %", format::fixed(gained.value * 100.0 / f64::from(point.workers), 0)) }</td>
                <td data-label="Computing">{ point.computing }</td>
            </tr>
        }
    });
    html! {
        <div class="scroll" tabindex="0" role="region" aria-label="Figures of the curve">
            <table id="scaling" class="figures">
                <thead><tr>
                    <th scope="col">{ if is_spin { "Threads" } else { "Workers" } }</th>
                    <th scope="col">{ "Wall time" }</th>
                    <th scope="col">{ if is_spin { "Work" } else { "Speedup" } }</th>
                    <th scope="col">{ "Each one’s part" }</th>
                    <th scope="col">{ "Computing" }</th>
                </tr></thead>
                <tbody>{ for rows }</tbody>
            </table>
        </div>
    }
}
