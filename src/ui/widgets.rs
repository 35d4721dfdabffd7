//! Small parts that panels are made of.

use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

/// A text field with its label, and the message of what is wrong with it.
#[derive(Clone, PartialEq, Properties)]
pub struct TextFieldProps {
    pub id: AttrValue,
    pub label: AttrValue,
    pub value: AttrValue,
    #[prop_or_default]
    pub placeholder: AttrValue,
    /// What stands behind the field: its unit.
    #[prop_or_default]
    pub unit: AttrValue,
    /// A sentence that helps to fill it.
    #[prop_or_default]
    pub hint: AttrValue,
    #[prop_or_default]
    pub error: Option<AttrValue>,
    /// Whether the label is only for those who do not see where the field stands.
    #[prop_or_default]
    pub label_is_hidden: bool,
    /// What is typed here, for the keyboards of phones.
    #[prop_or(AttrValue::Static("numeric"))]
    pub mode: AttrValue,
    pub on_text: Callback<String>,
}

#[component]
pub fn TextField(props: &TextFieldProps) -> Html {
    let on_input = props.on_text.reform(|event: InputEvent| event.target_unchecked_into::<HtmlInputElement>().value());
    let note_id = format!("{}-note", props.id);
    let note = props.error.clone().or_else(|| (!props.hint.is_empty()).then(|| props.hint.clone()));
    html! {
        <div class="field">
            <label for={props.id.clone()} class={classes!(props.label_is_hidden.then_some("visually-hidden"))}>
                { &props.label }
            </label>
            <span class="field-row">
                <input
                    id={props.id.clone()} type="text" value={props.value.clone()} placeholder={props.placeholder.clone()}
                    inputmode={props.mode.clone()} autocomplete="off" spellcheck="false"
                    aria-invalid={props.error.is_some().then_some("true")}
                    aria-describedby={note.is_some().then(|| note_id.clone())}
                    oninput={on_input}
                />
                if !props.unit.is_empty() { <span class="unit">{ &props.unit }</span> }
            </span>
            if let Some(note) = note {
                <p id={note_id} class={if props.error.is_some() { "error" } else { "hint" }}>{ note }</p>
            }
        </div>
    }
}

/// One of a group of choices, of which one is chosen, or several.
#[derive(Clone, PartialEq, Properties)]
pub struct ChipProps {
    pub group: AttrValue,
    pub value: AttrValue,
    pub label: AttrValue,
    pub chosen: bool,
    /// Whether several of the group may be chosen.
    #[prop_or_default]
    pub is_many: bool,
    /// Whether it cannot be chosen as things are.
    #[prop_or_default]
    pub is_refused: bool,
    pub on_choose: Callback<()>,
}

#[component]
pub fn Chip(props: &ChipProps) -> Html {
    let id = format!("{}-{}", props.group, props.value);
    let on_change = props.on_choose.reform(|_: Event| ());
    html! {
        <label class={classes!("chip", props.chosen.then_some("chosen"), props.is_refused.then_some("refused"))}>
            <input
                type={if props.is_many { "checkbox" } else { "radio" }} id={id} name={props.group.clone()} value={props.value.clone()} checked={props.chosen}
                disabled={props.is_refused} onchange={on_change}
            />
            { &props.label }
        </label>
    }
}

/// A choice from a list, by its place.
#[derive(Clone, PartialEq, Properties)]
pub struct SelectProps {
    pub id: AttrValue,
    pub label: AttrValue,
    /// The value and the words of each.
    pub options: &'static [(&'static str, &'static str)],
    pub chosen: usize,
    pub on_choose: Callback<usize>,
}

#[component]
pub fn Select(props: &SelectProps) -> Html {
    let options = props.options;
    let on_change = props.on_choose.reform(move |event: Event| {
        let value = event.target_unchecked_into::<HtmlSelectElement>().value();
        options.iter().position(|(known, _)| *known == value).unwrap_or(0)
    });
    let items = options.iter().enumerate().map(|(place, (value, text))| {
        html! { <option key={*value} value={*value} selected={place == props.chosen}>{ *text }</option> }
    });
    // `selected` speaks only until a person has chosen; after that the property does.
    let value = options.get(props.chosen).map_or("", |(value, _)| *value);
    html! {
        <select id={props.id.clone()} aria-label={props.label.clone()} onchange={on_change} ~value={value}>{ for items }</select>
    }
}
