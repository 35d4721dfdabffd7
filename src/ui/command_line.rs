//! The controls of *Commands*: the line, what its first command reads, its environment, and programs of a person's own.

use web_sys::HtmlTextAreaElement;
use yew::prelude::*;

use super::widgets::TextField;
use crate::app::{Edit, Msg, PROGRAM_ID};
use crate::model::format;
use crate::model::plan::{Draft, Field, FieldError};

#[derive(PartialEq, Properties)]
pub struct CommandLineProps {
    pub draft: Draft,
    pub errors: Vec<FieldError>,
    /// Programs that a person gave, with their bytes.
    pub programs: Vec<(String, usize)>,
    pub send: Callback<Msg>,
}

#[component]
pub fn CommandLine(props: &CommandLineProps) -> Html {
    let edit = props.send.reform(Msg::Edit);
    let error = |field| {
        let found = props.errors.iter().find(|error: &&FieldError| error.field == field);
        found.map(|error| AttrValue::from(error.message.clone()))
    };
    let on_stdin =
        edit.reform(|event: InputEvent| Edit::Stdin(event.target_unchecked_into::<HtmlTextAreaElement>().value()));
    let given = props.programs.iter().map(|(name, bytes)| {
        html! { <li key={name.clone()}>{ format!("{name}, {} bytes", format::thousands(*bytes as u64)) }</li> }
    });
    html! {
        <>
            <TextField
                id="command" label="Commands" value={props.draft.command.clone()} mode="text" error={error(Field::Command)}
                hint="primes, upper, wc, sha256sum and printenv come with the page. | gives what one writes to the next."
                on_text={edit.reform(Edit::Command)}
            />
            <div class="field">
                <label for="stdin">{ "What the first one reads (stdin)" }</label>
                <textarea id="stdin" rows="3" spellcheck="false" value={props.draft.stdin.clone()} oninput={on_stdin} />
            </div>
            <TextField
                id="env" label="Environment" value={props.draft.env.clone()} mode="text" placeholder="NAME=value NAME=value"
                error={error(Field::Env)} on_text={edit.reform(Edit::Env)}
            />
            <div class="field">
                <label for={PROGRAM_ID}>{ "A program of your own" }</label>
                <input id={PROGRAM_ID} type="file" accept=".wasm,application/wasm" multiple=true onchange={props.send.reform(|_: Event| Msg::ProgramsChosen)} />
                <p class="hint">{ "A .wasm file for WASI preview 1 (wasm32-wasip1), chosen or dropped here, then run by its name. It stays in this browser, and links do not carry it." }</p>
                if !props.programs.is_empty() { <ul class="programs" id="programs">{ for given }</ul> }
            </div>
        </>
    }
}
