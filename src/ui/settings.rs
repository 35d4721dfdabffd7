//! The plan's parameters, each with its message when it is wrong.

use yew::prelude::*;

use super::command_line::CommandLine;
use super::widgets::{Select, TextField};
use crate::app::{Edit, Msg};
use crate::model::format;
use crate::model::plan::{
    Choose, Draft, ExperimentKind, Field, FieldError, ModelKind, Param, SITES_MAX, SiteKind, WorkloadKind,
};

#[derive(PartialEq, Properties)]
pub struct SettingsProps {
    pub draft: Draft,
    pub errors: Vec<FieldError>,
    pub cores: u32,
    pub programs: Vec<(String, usize)>,
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
    let Draft { workload, .. } = props.draft;
    let of_workload = Param::of_workload(workload).iter().map(|param| number(props, *param, &edit));
    let of_models = props.draft.params_of_models().into_iter().map(|param| number(props, param, &edit));
    let choices_of_workload = props.draft.choices_of_workload().into_iter().map(|choose| choice(props, choose, &edit));
    let choices_of_models = props.draft.choices_of_models().into_iter().map(|choose| choice(props, choose, &edit));
    let has_models = !props.draft.params_of_models().is_empty() || !props.draft.choices_of_models().is_empty();
    let of = match &props.draft.models_read()[..] {
        [only] => format!("The model: {}", only.label()),
        _ => "The models".to_owned(),
    };
    let is_one = props.draft.experiment == ExperimentKind::One;
    let has_limits = is_one || workload != WorkloadKind::Commands;
    html! {
        <section class="settings" aria-labelledby="settings-title">
            <div class="settings-head">
                <h2 id="settings-title">{ "Settings" }</h2>
                if !props.draft.is_usual() {
                    <button type="button" class="quiet" onclick={edit.reform(|_: MouseEvent| Edit::Reset)}>{ "Reset" }</button>
                }
            </div>
            <h3>{ format!("The work: {}", workload.label()) }</h3>
            if workload == WorkloadKind::Sites { { sites(props, &edit) } }
            if workload == WorkloadKind::Commands { <CommandLine draft={props.draft.clone()} errors={props.errors.clone()} programs={props.programs.clone()} send={props.send.clone()} /> }
            { for of_workload }
            { for choices_of_workload }
            if has_models {
                <h3>{ of }</h3>
                { for of_models }
                { for choices_of_models }
            }
            if has_limits { <h3>{ "The run" }</h3> }
            if workload != WorkloadKind::Commands { { number(props, Param::Limit, &edit) } }
            if is_one { { number(props, Param::Repeats, &edit) } }
        </section>
    }
}

fn number(props: &SettingsProps, param: Param, edit: &Callback<Edit>) -> Html {
    let draft = &props.draft;
    let spec = param.spec(draft.workload);
    let usual = draft.usual_of(param, props.cores).unwrap_or_default();
    let reported = || format!("This browser reports {}", format::count(props.cores as usize, "core"));
    let (placeholder, hint) = match (param, draft.models_read().last().copied().unwrap_or(draft.model)) {
        (Param::Workers, _) if draft.experiment == ExperimentKind::Race => (
            "as each model has it".to_owned(),
            format!("{}. Left empty: pools of processes and cores have as many, pools of threads 4 more.", reported()),
        ),
        (Param::UpTo, _) => (format!("{usual} (twice the cores)"), format!("{}. {}", reported(), spec.hint)),
        (Param::Repeats, _) => (
            usual,
            "The median is told, with the spread. Of more than one, a first is not counted (warm-up).".to_owned(),
        ),
        (Param::Workers, ModelKind::Cores) => {
            (format!("{usual} (one a core)"), format!("{}; up to 4 workers for each.", reported()))
        }
        (Param::Workers, ModelKind::Processes) => (
            format!("{usual} (one a core)"),
            format!(
                "Pool(n). {}; up to 4 processes for each. One that dies breaks the pool, as in a ProcessPoolExecutor.",
                reported()
            ),
        ),
        (Param::Workers, _) => {
            let hint = "max_workers; never more than there are tasks. The browser makes threads ready beforehand, Python as tasks come.";
            (format!("{usual} (cores + 4)"), hint.to_owned())
        }
        (Param::SwitchInterval, _) => (format!("{usual} (Python’s)"), spec.hint.to_owned()),
        (Param::Chunksize, _) if !usual.is_empty() => (format!("{usual} (Python’s rule)"), spec.hint.to_owned()),
        _ => ("none".to_owned(), spec.hint.to_owned()),
    };
    let placeholder = if spec.usual.is_empty() { placeholder } else { spec.usual.to_owned() };
    // The dial has the name of the link's.
    let id = if param == Param::InFlight { "most-in-flight" } else { spec.key };
    html! {
        <TextField
            key={spec.key} {id} label={spec.label} unit={spec.unit} value={draft.text(param).to_owned()} {placeholder} {hint}
            error={props.error(Field::Number(param))} on_text={edit.reform(move |text| Edit::Text(param, text))}
        />
    }
}

fn choice(props: &SettingsProps, choose: Choose, edit: &Callback<Edit>) -> Html {
    let spec = choose.spec();
    html! {
        <div class="field" key={spec.key}>
            <label for={spec.key}>{ spec.label }</label>
            <Select
                id={spec.key} label={spec.label} options={spec.options} chosen={props.draft.choice(choose)}
                on_choose={edit.reform(move |place| Edit::Choice(choose, place))}
            />
            if !spec.hint.is_empty() { <p class="hint">{ spec.hint }</p> }
        </div>
    }
}

const SITE_KINDS: [SiteKind; 6] =
    [SiteKind::Answers, SiteKind::Refuses, SiteKind::Unreachable, SiteKind::BreaksOff, SiteKind::Hangs, SiteKind::Url];
const SITE_OPTIONS: [(&str, &str); 6] = [
    ("answers", "answers"),
    ("refuses", "fails (503)"),
    ("unreachable", "unreachable"),
    ("breaks-off", "breaks off"),
    ("hangs", "never answers"),
    ("url", "own address"),
];

fn sites(props: &SettingsProps, edit: &Callback<Edit>) -> Html {
    let many = props.draft.sites.len() > 1;
    let rows = props.draft.sites.iter().enumerate().map(|(index, site)| {
        let number = index + 1;
        let address = site.kind == SiteKind::Url;
        let on_choose = edit.reform(move |place: usize| Edit::SiteKind(index, SITE_KINDS[place.min(SITE_KINDS.len() - 1)]));
        let on_text = edit.reform(move |text| Edit::SiteValue(index, text));
        let remove = edit.reform(move |_: MouseEvent| Edit::RemoveSite(index));
        let chosen = SITE_KINDS.iter().position(|kind| *kind == site.kind).unwrap_or(0);
        html! {
            <li key={index} class={classes!("site", address.then_some("address"))}>
                <span class="site-number">{ number }</span>
                <Select
                    id={format!("site-{number}-kind")} label={format!("What site {number} does")} options={&SITE_OPTIONS[..]}
                    {chosen} {on_choose}
                />
                if address || site.kind.has_milliseconds() {
                    <TextField
                        id={format!("site-{number}")} value={site.value.clone()} label_is_hidden=true mode={if address { "url" } else { "numeric" }}
                        label={if address { format!("Address of site {number}") } else { format!("Milliseconds of site {number}") }}
                        unit={if address { "" } else { "ms" }} placeholder={if address { "https://example.org/" } else { "" }} error={props.error(Field::Site(index))} {on_text}
                    />
                }
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
            <p class="hint">{ "Real HTTP requests, answered after these times by this page’s own service worker, not by the internet." }</p>
            if props.draft.sites.len() < SITES_MAX {
                <button type="button" class="quiet" onclick={edit.reform(|_: MouseEvent| Edit::AddSite)}>{ "Add a site" }</button>
            }
            if props.draft.sites.iter().any(|site| site.kind == SiteKind::Url) {
                <p class="hint">{ "Your own addresses are asked over the network. Other origins must allow it (CORS)." }</p>
            }
        </>
    }
}
