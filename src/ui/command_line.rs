//! The controls of *Commands*: the line, what its first command reads, its environment, and programs of a person's own.

use wasm_bindgen::JsCast;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{File, HtmlInputElement, HtmlTextAreaElement};
use yew::prelude::*;

use super::widgets::TextField;
use crate::app::{Edit, Msg};
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
                <label for="program">{ "A program of your own" }</label>
                <input id="program" type="file" accept=".wasm,application/wasm" multiple=true onchange={on_files(&props.send)} />
                <p class="hint">{ "A .wasm file for WASI preview 1 (wasm32-wasip1), chosen or dropped here; it is then run by its name, and stays in this browser." }</p>
                if !props.programs.is_empty() { <ul class="programs" id="programs">{ for given }</ul> }
            </div>
        </>
    }
}

/// Reads what was chosen, and hands it on.
fn on_files(send: &Callback<Msg>) -> Callback<Event> {
    let send = send.clone();
    Callback::from(move |event: Event| {
        let input = event.target_unchecked_into::<HtmlInputElement>();
        let Some(files) = input.files() else { return };
        for file in (0..files.length()).filter_map(|index| files.get(index)) {
            let send = send.clone();
            spawn_local(async move {
                if let Some(bytes) = read(&file).await {
                    send.emit(Msg::Program { name: file.name(), bytes });
                }
            });
        }
    })
}

/// The bytes of a file. One that is gone meanwhile has none.
async fn read(file: &File) -> Option<Vec<u8>> {
    let buffer = JsFuture::from(file.array_buffer()).await.ok()?;
    Some(js_sys::Uint8Array::new(buffer.unchecked_ref()).to_vec())
}
