//! Charts as inline SVG: places across are shares of the width, so that words keep their size on any screen.

use yew::prelude::*;

use crate::app::{ChartFormat, Msg, RunsMsg};
use crate::model::format::fixed;

/// The height of the plot, in CSS pixels.
const HEIGHT: f64 = 220.0;

/// One axis of a chart.
#[derive(Clone, Debug)]
pub struct Axis {
    pub title: String,
    pub low: f64,
    pub high: f64,
    pub is_log: bool,
    pub ticks: Vec<(f64, String)>,
}

/// A measured point, with its spread.
#[derive(Clone, Copy, Debug)]
pub struct Dot {
    pub x: f64,
    pub y: f64,
    pub low: f64,
    pub high: f64,
}

/// What belongs together in a chart: points, or a line.
#[derive(Clone, Debug)]
pub struct Series {
    pub name: String,
    /// Its class, which has its colour and its dashes.
    pub class: &'static str,
    /// What stands at each point, since colour alone is not seen by all; empty for a line without points.
    pub sign: &'static str,
    pub dots: Vec<Dot>,
    pub is_joined: bool,
}

impl Axis {
    /// The share of the axis that lies before a place.
    fn share(&self, at: f64) -> f64 {
        let place = |value: f64| if self.is_log { value.max(f64::MIN_POSITIVE).ln() } else { value };
        let (low, high) = (place(self.low), place(self.high));
        if high > low { ((place(at) - low) / (high - low)).clamp(0.0, 1.0) } else { 0.5 }
    }

    fn across(&self, at: f64) -> String {
        format!("{}%", fixed(self.share(at) * 100.0, 2))
    }

    fn up(&self, at: f64) -> String {
        fixed((1.0 - self.share(at)) * HEIGHT, 1)
    }

    fn holds(&self, at: f64) -> bool {
        (self.low..=self.high).contains(&at)
    }
}

/// Draws it. `words` say what it shows to those who do not see it; its figures stand in a table.
pub fn chart(id: &'static str, words: &str, (x, y): (&Axis, &Axis), series: &[Series], send: &Callback<Msg>) -> Html {
    let export = |format: ChartFormat, label: &'static str, title: &'static str| {
        let export = send.reform(move |_: MouseEvent| Msg::Runs(RunsMsg::ExportChart(id, format)));
        html! { <button type="button" class="quiet" {title} aria-label={title} onclick={export}>{ label }</button> }
    };
    let height = fixed(HEIGHT, 0);
    let grid = y.ticks.iter().map(|(at, label)| {
        let up = y.up(*at);
        html! {
            <>
                <line class="grid" x1="0" x2="100%" y1={up.clone()} y2={up.clone()} />
                <text class="tick" x="-6" y={up} text-anchor="end" dominant-baseline="central">{ label }</text>
            </>
        }
    });
    let places = x.ticks.iter().map(|(at, label)| {
        html! { <text class="tick" x={x.across(*at)} y={fixed(HEIGHT + 16.0, 0)} text-anchor="middle">{ label }</text> }
    });
    let drawn = series.iter().map(|series| one(series, x, y));
    let legend = series.iter().map(|series| {
        html! {
            <li>
                <svg class={classes!("key", series.class)} aria-hidden="true">
                    if series.is_joined { <line x1="0" x2="24" y1="7" y2="7" /> }
                    <text x="12" y="7" text-anchor="middle" dominant-baseline="central">{ series.sign }</text>
                </svg>
                { &series.name }
            </li>
        }
    });
    html! {
        <figure {id} class="chart">
            <p class="axis-title">{ &y.title }</p>
            <svg class="plot" role="img" aria-label={words.to_owned()} {height}>
                { for grid }
                <line class="axis" x1="0" x2="100%" y1={fixed(HEIGHT, 0)} y2={fixed(HEIGHT, 0)} />
                { for places }
                { for drawn }
            </svg>
            <p class="axis-title across">{ &x.title }</p>
            <ul class="legend">{ for legend }</ul>
            <div class="chart-exports">
                { export(ChartFormat::Svg, "SVG", "Save this chart as SVG") }
                { export(ChartFormat::Png, "PNG", "Save this chart as PNG") }
            </div>
        </figure>
    }
}

fn one(series: &Series, x: &Axis, y: &Axis) -> Html {
    let inside = |dot: &&Dot| y.holds(dot.y);
    let lines = series.dots.windows(2).filter(|pair| series.is_joined && pair.iter().all(|dot| y.holds(dot.y))).map(|pair| {
        html! { <line x1={x.across(pair[0].x)} y1={y.up(pair[0].y)} x2={x.across(pair[1].x)} y2={y.up(pair[1].y)} /> }
    });
    let dots = series.dots.iter().filter(inside).filter(|_| !series.sign.is_empty()).map(|dot| {
        let across = x.across(dot.x);
        html! {
            <>
                <line class="spread" x1={across.clone()} x2={across.clone()} y1={y.up(dot.low)} y2={y.up(dot.high)} />
                <text x={across} y={y.up(dot.y)} text-anchor="middle" dominant-baseline="central">{ series.sign }</text>
            </>
        }
    });
    html! { <g class={classes!("series", series.class)}>{ for lines }{ for dots }</g> }
}
