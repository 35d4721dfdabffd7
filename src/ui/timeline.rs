//! The timeline's frame: its canvas, its controls, and what is known of what was chosen in it.

use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

use crate::app::{Msg, TIMELINE_ID};
use crate::model::format;
use crate::timeline::{ChartView, Command, Details, ReplayView, SPEEDS, StretchSummary};

#[derive(PartialEq, Properties)]
pub struct TimelineProps {
    pub view: ChartView,
    /// The run in words, if there is one.
    pub sentence: Option<String>,
    /// While a run goes on, it is not played once more.
    pub running: bool,
    pub send: Callback<Msg>,
}

/// How the timeline is handled, for those who do not see it and for those who look for the keys.
const KEYS: &str = "W and S zoom, A and D move, 0 shows all, 1 the work without what was started before it, F fits what is chosen. Arrow keys walk from bar to bar, \
                    P pins the lane of a chosen bar, C folds its run, Escape lets go, space plays the run again.";

#[component]
pub fn Timeline(props: &TimelineProps) -> Html {
    let ask = props.send.reform(Msg::Ask);
    let hidden = props.sentence.is_none();
    let label = props.sentence.clone().unwrap_or_else(|| "Timeline".to_owned());
    html! {
        <div class="timeline">
            if !hidden { { bar(props, &ask) } }
            <div class="timeline-scroll">
                <div class="timeline-room">
                    <canvas
                        id={TIMELINE_ID} role="application" aria-roledescription="timeline" {hidden}
                        tabindex="0" aria-label={label} aria-describedby="timeline-keys"
                    />
                </div>
            </div>
            if !hidden {
                if let Some(below) = props.view.below { <p id="lanes-below" class="hint">{ lanes_below(below) }</p> }
                <p id="timeline-keys" class="hint keys">{ KEYS }</p>
                <p id="timeline-said" class="visually-hidden" aria-live="polite">{ props.view.said.clone() }</p>
                if let Some(stretch) = &props.view.stretch { { stretch_panel(stretch, &ask) } }
                if let Some(details) = &props.view.details { { details_panel(details, &ask) } }
            }
        </div>
    }
}

/// That the picture is scrolled, of which nothing else tells where scroll bars hide themselves.
fn lanes_below(below: usize) -> String {
    match below {
        0 => "These are the last lanes; scroll in the picture for those above.".to_owned(),
        below => format!("{} more below: scroll in the picture.", format::count(below, "lane")),
    }
}

fn button(
    ask: &Callback<Command>,
    id: &'static str,
    sign: &'static str,
    label: &'static str,
    command: Command,
) -> Html {
    let onclick = ask.reform(move |_: MouseEvent| command.clone());
    html! { <button type="button" {id} class="tool" title={label} aria-label={label} {onclick}>{ sign }</button> }
}

fn bar(props: &TimelineProps, ask: &Callback<Command>) -> Html {
    let on_filter =
        ask.reform(|event: InputEvent| Command::Filter(event.target_unchecked_into::<HtmlInputElement>().value()));
    html! {
        <div class="timeline-bar" role="toolbar" aria-label="Timeline">
            { button(ask, "zoom-in", "+", "Zoom in (W)", Command::ZoomIn) }
            { button(ask, "zoom-out", "−", "Zoom out (S)", Command::ZoomOut) }
            { button(ask, "zoom-all", "All", "Show all of it (0)", Command::All) }
            { button(ask, "zoom-work", "Work", "Show the work, without what was started before it (1)", Command::Work) }
            if !props.running { { replay(props.view.replay.as_ref(), ask) } }
            <input id="lane-filter" type="search" class="filter" placeholder="Find lanes" aria-label="Show only lanes whose names contain this" value={props.view.filter.clone()} oninput={on_filter} />
        </div>
    }
}

fn replay(view: Option<&ReplayView>, ask: &Callback<Command>) -> Html {
    let is_playing = view.is_some_and(|view| view.playing);
    let (sign, label) = if is_playing { ("❚❚", "Pause (space)") } else { ("▶", "Play it again, slowly (space)") };
    let play = button(ask, "replay", sign, label, Command::Play);
    let Some(view) = view else { return play };
    let on_seek = ask.reform(|event: InputEvent| {
        let text = event.target_unchecked_into::<HtmlInputElement>().value();
        Command::Seek(text.parse::<u32>().unwrap_or(0) as f64 / 1_000.0)
    });
    let on_speed = ask.reform(|event: Event| {
        let place = event.target_unchecked_into::<HtmlSelectElement>().selected_index();
        Command::Speed(SPEEDS.get(place as usize).copied().unwrap_or(1.0))
    });
    let speeds = SPEEDS.map(|speed| {
        html! { <option selected={speed == view.speed}>{ format!("{}×", format::fixed(speed, if speed < 1.0 { 2 } else { 0 })) }</option> }
    });
    html! {
        <>
            { play }
            { button(ask, "step-back", "|◂", "To the event before", Command::Step(false)) }
            { button(ask, "step-on", "▸|", "To the next event", Command::Step(true)) }
            <input
                id="scrub" type="range" min="0" max="1000" aria-label="Where the replay stands" aria-valuetext={view.at.clone()}
                value={((view.part * 1_000.0) as u32).to_string()} oninput={on_seek}
            />
            <select id="replay-speed" aria-label="Speed of the replay" onchange={on_speed}>{ for speeds }</select>
            <span class="hint" id="replay-at">{ format!("{} · 1× is {}", view.at, view.pace) }</span>
            { button(ask, "replay-end", "×", "End the replay", Command::EndReplay) }
        </>
    }
}

/// Escape closes a panel also from within.
fn on_escape(ask: &Callback<Command>) -> Callback<KeyboardEvent> {
    let ask = ask.clone();
    Callback::from(move |event: KeyboardEvent| {
        if event.key() == "Escape" {
            event.prevent_default();
            ask.emit(Command::Clear);
        }
    })
}

fn details_panel(details: &Details, ask: &Callback<Command>) -> Html {
    let facts = details.facts.iter().map(|(name, text)| html! { <div><dt>{ *name }</dt><dd>{ text }</dd></div> });
    let links = details.links.iter().map(|link| {
        let target = link.target;
        let onclick = ask.reform(move |_: MouseEvent| Command::Go(target));
        html! { <li><button type="button" class="link" {onclick}>{ &link.label }</button></li> }
    });
    html! {
        <section id="details" class="details" aria-label="What was chosen" onkeydown={on_escape(ask)}>
            <h3>{ &details.title }</h3>
            { button(ask, "details-close", "×", "Close (Escape)", Command::Clear) }
            <dl>{ for facts }</dl>
            if !details.links.is_empty() { <ul>{ for links }</ul> }
        </section>
    }
}

fn stretch_panel(stretch: &StretchSummary, ask: &Callback<Command>) -> Html {
    let legs = stretch.legs.iter().map(|leg| {
        let phases = leg.phases.iter().map(|(phase, time)| {
            let lanes = time.as_secs_f64() / stretch.length.as_secs_f64().max(1e-9);
            html! { <div><dt>{ phase.label() }</dt><dd>{ format!("{}, {} lanes on average", format::duration(*time), format::fixed(lanes, 2)) }</dd></div> }
        });
        html! {
            <>
                <h4>{ format!("{}: {} ended", leg.title, format::count(leg.ended, "task")) }</h4>
                <dl>{ for phases }</dl>
            </>
        }
    });
    html! {
        <section id="stretch" class="details" aria-label="The stretch of time that was chosen" onkeydown={on_escape(ask)}>
            <h3>{ format!("{} from {} on", format::duration(stretch.length), stretch.from) }</h3>
            { button(ask, "stretch-close", "×", "Close (Escape)", Command::Clear) }
            { for legs }
        </section>
    }
}
