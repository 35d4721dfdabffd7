//! The root: holds the state, passes messages to the app and what it asks for to the platform.

use std::rc::Rc;

use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::choices::Choices;
use super::facts::Facts;
use super::numbers::{NumbersPanel, ended};
use super::opened::Opened;
use super::results::Results;
use super::runs::RunsPanel;
use super::settings::Settings;
use super::stage::Stage;
use crate::app::{Effect, Msg, State, update};
use crate::model::plan::{Field, Param};

/// Tells the app what happened.
pub type Send = Rc<dyn Fn(Msg)>;
/// Does what the app asks for.
pub type Perform = Rc<dyn Fn(Effect)>;
/// Joins the app to a platform; `None` where there is none.
pub type Connect = Rc<dyn Fn(Send) -> Option<Perform>>;

#[derive(Properties)]
struct RootProps {
    connect: Connect,
}

impl PartialEq for RootProps {
    fn eq(&self, other: &RootProps) -> bool {
        Rc::ptr_eq(&self.connect, &other.connect)
    }
}

struct Root {
    state: State,
    perform: Option<Perform>,
    /// Always the same one: what is drawn with an equal callback, and nothing else new, is not drawn again.
    send: Callback<Msg>,
}

/// Draws the app into the page, on a platform.
pub fn start(connect: Connect) {
    let document = gloo_utils::document();
    if let Some(root) = document.document_element() {
        // `www/boot.js` no longer has to speak for the program.
        let _ = root.set_attribute("data-started", "yes");
    }
    if let Some(element) = document.get_element_by_id("app") {
        element.set_inner_html("");
        yew::Renderer::<Root>::with_root_and_props(element, RootProps { connect }).render();
    }
}

impl Component for Root {
    type Message = Msg;
    type Properties = RootProps;

    fn create(context: &Context<Root>) -> Root {
        Root { state: State::default(), perform: None, send: context.link().callback(|msg| msg) }
    }

    fn rendered(&mut self, context: &Context<Root>, first: bool) {
        if first {
            let link = context.link().clone();
            self.perform = (context.props().connect)(Rc::new(move |msg| link.send_message(msg)));
        }
    }

    fn update(&mut self, _: &Context<Root>, msg: Msg) -> bool {
        for effect in update(&mut self.state, msg) {
            if let Some(perform) = &self.perform {
                perform(effect);
            }
        }
        true
    }

    fn view(&self, _: &Context<Root>) -> Html {
        let send = &self.send;
        let state = &self.state;
        let on_key = {
            let send = send.clone();
            Callback::from(move |event: KeyboardEvent| {
                let in_field = event.target_dyn_into::<HtmlInputElement>().is_some_and(|field| field.type_() == "text");
                // With Ctrl it runs from anywhere, which the platform listens for.
                if event.key() == "Enter" && in_field && !event.ctrl_key() && !event.meta_key() {
                    event.prevent_default();
                    send.emit(Msg::Run);
                }
            })
        };
        html! {
            <div class="page" onkeydown={on_key}>
                <header class="head">
                    <h1>{ "Overlap" }</h1>
                    <p>{ "Concurrency is tasks taking turns; parallelism is tasks running at the same instant. Here both really \
                          run, on your machine, and you see who waited, who computed, and what was gained." }</p>
                </header>
                { notice(state, send) }
                <main class="columns">
                    <Choices
                        workload={state.draft.workload} model={state.draft.model} compare={state.draft.compare} never_ends={state.draft.never_ends()}
                        experiment={state.draft.experiment} racers={state.draft.racers()} repeats={state.draft.text(Param::Repeats).to_owned()}
                        repeats_usually={state.draft.usual_of(Param::Repeats, 1).unwrap_or_default()}
                        repeats_error={state.error_of(Field::Number(Param::Repeats)).map(|text| AttrValue::from(text.to_owned()))}
                        running={state.running} stopping={state.stopping} obstacle={state.obstacle()}
                        wrong={state.first_wrong().map(AttrValue::from)} copied={state.copied} send={send.clone()}
                    />
                    <div class="happened">
                        if let Some(run) = &state.runs.opened {
                            <Opened run={run.clone()} has_own={state.run.is_some()} timeline={state.timeline.clone()} send={send.clone()} />
                        } else {
                            <Stage run={state.run.clone()} cores={state.environment.cores} workload={state.draft.workload} model={state.draft.model} compare={state.draft.compares()} experiment={state.draft.experiment} calibrated={state.calibrated} running={state.running} changed={state.is_changed()} timeline={state.timeline.clone()} send={send.clone()} />
                            <NumbersPanel legs={ended(state.run.as_ref())} clock_step_us={state.environment.clock_step_us} />
                            <Results run={state.run.clone()} />
                        }
                        <RunsPanel
                            runs={state.runs.clone()} has_run={state.runs.opened.is_some() || state.run.is_some()}
                            running={state.running} send={send.clone()}
                        />
                    </div>
                    <Settings
                        draft={state.draft.clone()} errors={state.errors.clone()} cores={state.environment.cores}
                        programs={state.programs.clone()} send={send.clone()}
                    />
                </main>
                <Facts environment={state.environment.clone()} calibrated={state.calibrated} running={state.running} send={send.clone()} />
            </div>
        }
    }
}

fn notice(state: &State, send: &Callback<Msg>) -> Html {
    let Some(notice) = &state.notice else { return Html::default() };
    let close = send.reform(|_: MouseEvent| Msg::CloseNotice);
    html! {
        <div class="notice" role="alert">
            <p>{ &notice.text }</p>
            <button type="button" class="quiet" onclick={close}>{ "Close" }</button>
        </div>
    }
}
