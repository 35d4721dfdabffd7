//! The plan's parameters, each with its message when it is wrong.

use web_sys::HtmlSelectElement;
use yew::prelude::*;

use super::widgets::TextField;
use crate::app::{Edit, Msg};
use crate::model::format;
use crate::model::plan::{
    Draft, Fault, Field, FieldError, ModelKind, SITES_MAX, SWITCH_INTERVAL_US, SiteKind, WorkloadKind,
};

#[derive(PartialEq, Properties)]
pub struct SettingsProps {
    pub draft: Draft,
    pub errors: Vec<FieldError>,
    pub cores: u32,
    pub is_default: bool,
    pub send: Callback<Msg>,
}

impl SettingsProps {
    fn error(&self, field: Field) -> Option<AttrValue> {
        self.errors.iter().find(|error| error.field == field).map(|error| error.message.clone().into())
    }
}

#[component]
pub fn Settings(props: &SettingsProps) -> Html {
    let edit = props.send.reform(Msg::Edit);
    let draft = &props.draft;
    let fields = match draft.workload {
        WorkloadKind::Sites => sites(props, &edit),
        WorkloadKind::Primes => html! {
            <>
                <TextField
                    id="below" label="Count the primes below" value={draft.below.clone()} error={props.error(Field::Below)}
                    on_text={edit.reform(Edit::Below)}
                />
                <TextField
                    id="prime-tasks" label="Tasks to share them out to" value={draft.prime_tasks.clone()}
                    error={props.error(Field::PrimeTasks)} on_text={edit.reform(Edit::PrimeTasks)}
                />
                { fault(draft.fault, &edit) }
            </>
        },
        WorkloadKind::Sleep => html! {
            <>
                <TextField
                    id="sleep-ms" label="Each task sleeps" unit="ms" value={draft.sleep_ms.clone()}
                    error={props.error(Field::SleepMs)} on_text={edit.reform(Edit::SleepMs)}
                />
                <TextField
                    id="sleep-tasks" label="Tasks" value={draft.sleep_tasks.clone()} error={props.error(Field::SleepTasks)}
                    on_text={edit.reform(Edit::SleepTasks)}
                />
                { fault(draft.fault, &edit) }
            </>
        },
    };
    html! {
        <section class="settings" aria-labelledby="settings-title">
            <div class="settings-head">
                <h2 id="settings-title">{ "Settings" }</h2>
                if !props.is_default {
                    <button type="button" class="quiet" onclick={edit.reform(|_: MouseEvent| Edit::Reset)}>{ "Reset" }</button>
                }
            </div>
            { fields }
            if draft.model.has_workers() {
                { workers(props, &edit) }
            }
            <TextField
                id="limit" label="Time limit (wait’s timeout)" unit="ms" placeholder="none" value={draft.limit_ms.clone()}
                error={props.error(Field::Limit)} on_text={edit.reform(Edit::Limit)}
                hint="Splits the tasks that are done by then from those that are not. They go on all the same."
            />
        </section>
    }
}

fn workers(props: &SettingsProps, edit: &Callback<Edit>) -> Html {
    let (draft, cores) = (&props.draft, props.cores);
    let usual = draft.model.default_workers(cores);
    let reported = || format!("This browser reports {}", format::count(cores as usize, "core"));
    let (placeholder, hint) = match draft.model {
        ModelKind::Cores => (format!("{usual} (one a core)"), format!("{}; up to 4 workers for each.", reported())),
        ModelKind::Processes => (
            format!("{usual} (one a core)"),
            format!(
                "Pool(n). {}; up to 4 processes for each. One that dies breaks the pool, as in a ProcessPoolExecutor.",
                reported()
            ),
        ),
        _ => {
            let hint = "max_workers; never more than there are tasks. The browser makes threads ready beforehand, Python as tasks come.";
            (format!("{usual} (cores + 4)"), hint.to_owned())
        }
    };
    html! {
        <>
            <TextField
                id="workers" label="Workers" value={draft.workers.clone()} {placeholder} {hint}
                error={props.error(Field::Workers)} on_text={edit.reform(Edit::Workers)}
            />
            if draft.model == ModelKind::Processes {
                <TextField
                    id="chunksize" label="Chunk size" unit="tasks" value={draft.chunksize.clone()} placeholder="Python’s rule"
                    hint="How many tasks one message to a process carries. Usually so many that each process gets about four messages."
                    error={props.error(Field::Chunksize)} on_text={edit.reform(Edit::Chunksize)}
                />
            }
            if draft.model == ModelKind::Threads {
                <TextField
                    id="interval" label="Switch interval" unit="µs" value={draft.switch_interval_us.clone()}
                    placeholder={format!("{} (Python’s)", format::thousands(SWITCH_INTERVAL_US.into()))}
                    hint="How long a thread waits for the lock before it asks whoever holds it to let go."
                    error={props.error(Field::SwitchInterval)} on_text={edit.reform(Edit::SwitchInterval)}
                />
            }
        </>
    }
}

const SITE_KINDS: [(SiteKind, &str, &str); 4] = [
    (SiteKind::Answers, "answers", "answers"),
    (SiteKind::Refuses, "refuses", "fails (503)"),
    (SiteKind::Unreachable, "unreachable", "unreachable"),
    (SiteKind::Url, "url", "own address"),
];

const FAULTS: [(Fault, &str, &str); 3] = [
    (Fault::None, "none", "does its work"),
    (Fault::Panic, "panic", "raises an error (panic)"),
    (Fault::Trap, "trap", "crashes its process (trap)"),
];

/// A choice from a list, by its place in the list.
fn select<T: Copy + PartialEq + 'static>(
    id: String,
    label: String,
    options: &'static [(T, &'static str, &'static str)],
    chosen: T,
    on_choose: Callback<T>,
) -> Html {
    let on_change = Callback::from(move |event: Event| {
        let value = event.target_unchecked_into::<HtmlSelectElement>().value();
        if let Some((choice, ..)) = options.iter().find(|(_, known, _)| *known == value) {
            on_choose.emit(*choice);
        }
    });
    let items = options.iter().map(|(choice, value, text)| {
        html! { <option key={*value} value={*value} selected={*choice == chosen}>{ *text }</option> }
    });
    // `selected` speaks only until a person has chosen; after that the property does.
    let value = options.iter().find(|(choice, ..)| *choice == chosen).map_or("", |(_, value, _)| *value);
    html! { <select {id} aria-label={label} onchange={on_change} ~value={value}>{ for items }</select> }
}

fn fault(chosen: Fault, edit: &Callback<Edit>) -> Html {
    html! {
        <div class="field">
            <label for="fault">{ "The third task" }</label>
            { select("fault".to_owned(), "The third task".to_owned(), &FAULTS, chosen, edit.reform(Edit::Fault)) }
        </div>
    }
}

fn sites(props: &SettingsProps, edit: &Callback<Edit>) -> Html {
    let many = props.draft.sites.len() > 1;
    let rows = props.draft.sites.iter().enumerate().map(|(index, site)| {
        let number = index + 1;
        let address = site.kind == SiteKind::Url;
        let on_kind = edit.reform(move |kind| Edit::SiteKind(index, kind));
        let on_text = edit.reform(move |text| Edit::SiteValue(index, text));
        let remove = edit.reform(move |_: MouseEvent| Edit::RemoveSite(index));
        html! {
            <li key={index} class={classes!("site", address.then_some("address"))}>
                <span class="site-number">{ number }</span>
                { select(format!("site-{number}-kind"), format!("What site {number} does"), &SITE_KINDS, site.kind, on_kind) }
                <TextField
                    id={format!("site-{number}")} value={site.value.clone()} label_is_hidden=true numeric={!address}
                    label={if address { format!("Address of site {number}") } else { format!("Milliseconds of site {number}") }}
                    unit={if address { "" } else { "ms" }} error={props.error(Field::Site(index))} {on_text}
                />
                if many {
                    <button type="button" class="quiet icon" aria-label={format!("Remove site {number}")} onclick={remove}>
                        { "×" }
                    </button>
                }
            </li>
        }
    });
    html! {
        <>
            <ol class="sites">{ for rows }</ol>
            <p class="hint">{ "Real requests, answered after these times by this page’s own service worker: no real sites." }</p>
            if props.draft.sites.len() < SITES_MAX {
                <button type="button" class="quiet" onclick={edit.reform(|_: MouseEvent| Edit::AddSite)}>{ "Add a site" }</button>
            }
            if props.draft.sites.iter().any(|site| site.kind == SiteKind::Url) {
                <p class="hint">{ "Your own addresses are asked over the network. Other origins must allow it (CORS)." }</p>
            }
        </>
    }
}
