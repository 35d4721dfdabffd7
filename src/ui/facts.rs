//! Where this runs: what figures mean nothing without.

use yew::prelude::*;

use crate::app::{Environment, Msg, Network};
use crate::insight::curve::Cores;
use crate::model::format;

#[derive(PartialEq, Properties)]
pub struct FactsProps {
    pub environment: Environment,
    /// What the cores are worth, once that was measured.
    pub calibrated: Option<Cores>,
    pub running: bool,
    pub send: Callback<Msg>,
}

#[component]
pub fn Facts(props: &FactsProps) -> Html {
    let Environment { cores, isolated, network, clock_step_us, browser } = &props.environment;
    let network = match network {
        Network::Starting => "starting",
        Network::Ready => "service worker",
        Network::Absent => "none: no service worker here",
    };
    let clock = clock_step_us.map_or("unknown".to_owned(), |us| format!("{} µs", format::fixed(us, 0)));
    let facts = [
        ("Browser", browser.clone()),
        ("Cores reported", cores.to_string()),
        ("Shared memory", if *isolated { "yes (isolated)" } else { "no (not isolated)" }.to_owned()),
        ("Clock step", clock),
        ("Network of the page", network.to_owned()),
        ("Overlap", env!("CARGO_PKG_VERSION").to_owned()),
    ];
    html! {
        <footer class="facts">
            <dl id="facts">
                { cores_measured(props) }
                { for facts.into_iter().map(|(name, value)| html! { <div><dt>{ name }</dt><dd>{ value }</dd></div> }) }
            </dl>
            <p>{ "Everything stays in this browser: no data leaves it, unless you type an address to ask. Ctrl+Enter runs." }</p>
        </footer>
    }
}

/// What as many threads get done at once as one alone would in turn.
fn cores_measured(props: &FactsProps) -> Html {
    let measure = props.send.reform(|_: MouseEvent| Msg::Calibrate);
    let value = match props.calibrated {
        Some(Cores { worth, threads, n }) => format!(
            "{} ({} to {}), with {} at once, n = {n}",
            format::fixed(worth.value, 2),
            format::fixed(worth.low, 2),
            format::fixed(worth.high, 2),
            format::count(threads as usize, "thread"),
        ),
        None if props.environment.isolated => "not yet".to_owned(),
        None => "not possible here: threads need shared memory".to_owned(),
    };
    html! {
        <div>
            <dt>{ "Cores measured" }</dt>
            <dd>
                <span id="cores-measured">{ value }</span>
                if props.environment.isolated && !props.running {
                    { " " }<button type="button" id="calibrate" class="quiet" onclick={measure}>{ "Measure" }</button>
                }
            </dd>
        </div>
    }
}
