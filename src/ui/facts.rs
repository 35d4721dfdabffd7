//! Where this runs: what figures mean nothing without.

use yew::prelude::*;

use crate::app::{Environment, Network};
use crate::model::format;

#[derive(PartialEq, Properties)]
pub struct FactsProps {
    pub environment: Environment,
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
                { for facts.into_iter().map(|(name, value)| html! { <div><dt>{ name }</dt><dd>{ value }</dd></div> }) }
            </dl>
            <p>{ "Everything stays in this browser: no data leaves it, unless you type an address to ask. Ctrl+Enter runs." }</p>
        </footer>
    }
}
