//! What can be done with what is selected, and what came of it.
//!
//! Nothing is asked twice: time travel is the way to take something back.

use super::inspector::Thing;
use super::moment;
use crate::api::object::Ref;
use crate::cluster::fact::Fact;
use crate::cluster::input::Input;
use crate::cluster::wire::Address;
use crate::inspect::deeds::{self, Deed, Outcome};
use crate::ui::handle::Ui;
use crate::ui::icons::{Icon, icon};
use crate::ui::select::Selection;
use leptos::prelude::*;

/// What the controls share.
#[derive(Clone, Copy)]
struct Desk {
    ui: Ui,
    thing: Thing,
    deeds: Memo<Vec<Deed>>,
    /// Where in the trace the last deed stands.
    done: RwSignal<Option<u64>>,
}

impl Desk {
    /// What can be done of one sort; moves only when that differs.
    fn of<T: PartialEq + Clone + Send + Sync + 'static>(self, pick: fn(&Deed) -> Option<T>) -> Memo<Option<T>> {
        Memo::new(move |_| self.deeds.with(|deeds| deeds.iter().find_map(pick)))
    }

    fn act(self, input: Input) {
        let before = self.ui.read(|session| session.trace().head());
        self.ui.act(input);
        let place = self.ui.read(|session| {
            let trace = session.trace();
            let mut new = trace.range(before, trace.head()).rev();
            new.find(|record| matches!(record.fact, Fact::Input(_))).map(|record| record.id.0)
        });
        self.done.set(place);
    }

    fn act_on(self, input: impl FnOnce(&Ref) -> Input) {
        let input = self.thing.selection.with_value(|selection| selection.object().map(input));
        if let Some(input) = input {
            self.act(input);
        }
    }

    /// The ship that is selected, itself or by its kubelet.
    fn node(self) -> String {
        self.thing.selection.with_value(|selection| match selection {
            Selection::Object(object) => object.key.name.to_string(),
            Selection::Component(component) => component.node().map_or_else(String::new, ToString::to_string),
        })
    }
}

/// The actions.
#[component]
pub fn Actions(thing: Thing) -> impl IntoView {
    let ui = Ui::get();
    let deeds = Memo::new(move |_| {
        thing.changes.track();
        moment::read(ui, |shown| {
            thing.selection.with_value(|selection| match selection {
                Selection::Object(object) => deeds::of_object(shown, object),
                Selection::Component(Address::Kubelet(node)) => deeds::of_ship(shown, node),
                Selection::Component(_) => Vec::new(),
            })
        })
    });
    let desk = Desk { ui, thing, deeds, done: RwSignal::new(None) };
    let any = Memo::new(move |_| deeds.with(|deeds| !deeds.is_empty()) || desk.done.get().is_some());
    view! {
        <Show when=move || any.get()>
            <section class="deeds" aria-label=move || ui.text("deed-title")>
                <Scale desk />
                <Images desk />
                <div class="deed-row">
                    <Buttons desk />
                </div>
                <Result desk />
            </section>
        </Show>
    }
}

/// The commands that need no more than a click.
#[component]
fn Buttons(desk: Desk) -> impl IntoView {
    let ui = desk.ui;
    let undo = desk.of(|deed| matches!(deed, Deed::Undo).then_some(()));
    let delete = desk.of(|deed| matches!(deed, Deed::Delete).then_some(()));
    let cordon = desk.of(|deed| if let Deed::Cordon(on) = deed { Some(*on) } else { None });
    let kubelet = desk.of(|deed| if let Deed::Kubelet(stop) = deed { Some(*stop) } else { None });
    let network = desk.of(|deed| if let Deed::Network(cut) = deed { Some(*cut) } else { None });
    let crash = desk.of(|deed| if let Deed::Crash(containers) = deed { Some(containers.clone()) } else { None });
    let toggle = move |what: Memo<Option<bool>>, keys: [&'static str; 2], act: fn(String, bool) -> Input| {
        let text = move || ui.text(if what.get() == Some(true) { keys[0] } else { keys[1] });
        let click = move |_| {
            if let Some(on) = what.get_untracked() {
                desk.act(act(desk.node(), on));
            }
        };
        view! {
            <Show when=move || what.with(Option::is_some)>
                <button type="button" class="button" on:click=click>{text}</button>
            </Show>
        }
    };
    let crash_button = move |container: String, many: bool| {
        let name = container.clone();
        let text = move || if many { format!("{}: {name}", ui.text("deed-crash")) } else { ui.text("deed-crash") };
        let click = move |_| {
            desk.act_on(|object| Input::Crash {
                namespace: object.key.namespace.to_string(),
                pod: object.key.name.to_string(),
                container: container.clone(),
            });
        };
        view! { <button type="button" class="button" data-testid="crash" on:click=click>{text}</button> }
    };
    view! {
        <Show when=move || undo.with(Option::is_some)>
            <button type="button" class="button" data-testid="undo" on:click=move |_| desk.act_on(|object| Input::Undo { object: deeds::name(object) })>
                {move || ui.text("deed-rollback")}
            </button>
        </Show>
        {toggle(cordon, ["deed-cordon", "deed-uncordon"], |node, on| Input::Cordon { node, on })}
        {toggle(kubelet, ["deed-kubelet-stop", "deed-kubelet-start"], |node, stop| Input::Kubelet { node, stop })}
        {toggle(network, ["deed-network-cut", "deed-network-join"], |node, cut| Input::Network { node, cut })}
        {move || {
            let containers = crash.get().unwrap_or_default();
            let many = containers.len() > 1;
            containers.into_iter().map(|container| crash_button(container, many)).collect_view()
        }}
        <Show when=move || delete.with(Option::is_some)>
            <button type="button" class="button danger" data-testid="delete" on:click=move |_| desk.act_on(|object| Input::Delete { object: deeds::name(object) })>
                {move || ui.text("deed-delete")}
            </button>
        </Show>
    }
}

/// How many replicas.
#[component]
fn Scale(desk: Desk) -> impl IntoView {
    let ui = desk.ui;
    let replicas = desk.of(|deed| if let Deed::Scale(replicas) = deed { Some(*replicas) } else { None });
    let wanted = RwSignal::new(0_i32);
    Effect::new(move |_| {
        if let Some(replicas) = replicas.get() {
            wanted.set(replicas);
        }
    });
    let scale = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let replicas = wanted.get_untracked();
        desk.act_on(|object| Input::Scale { object: deeds::name(object), replicas });
    };
    let step = move |by: i32| wanted.update(|wanted| *wanted = wanted.saturating_add(by).max(0));
    view! {
        <Show when=move || replicas.with(Option::is_some)>
            <form class="deed-form" on:submit=scale>
                <span class="deed-label" id="deed-replicas">{move || ui.text("deed-replicas")}</span>
                <span class="stepper">
                    <button type="button" class="button icon-button" on:click=move |_| step(-1)>
                        {icon(Icon::Minus)} <span class="visually-hidden">{move || ui.text("deed-fewer")}</span>
                    </button>
                    <input
                        type="number"
                        class="field"
                        min="0"
                        inputmode="numeric"
                        data-testid="replicas"
                        aria-labelledby="deed-replicas"
                        prop:value=move || wanted.get().to_string()
                        on:input=move |event| {
                            if let Ok(number) = event_target_value(&event).parse() {
                                wanted.set(number);
                            }
                        }
                    />
                    <button type="button" class="button icon-button" on:click=move |_| step(1)>
                        {icon(Icon::Plus)} <span class="visually-hidden">{move || ui.text("deed-greater")}</span>
                    </button>
                </span>
                <button type="submit" class="button" data-testid="scale">{move || ui.text("deed-scale")}</button>
            </form>
        </Show>
    }
}

/// Which image.
#[component]
fn Images(desk: Desk) -> impl IntoView {
    let ui = desk.ui;
    let images = desk.of(|deed| if let Deed::SetImage(images) = deed { Some(images.clone()) } else { None });
    let container = RwSignal::new(String::new());
    let image = RwSignal::new(String::new());
    Effect::new(move |_| {
        let images = images.get().unwrap_or_default();
        let chosen = container.get();
        match images.iter().find(|(name, _)| *name == chosen).or(images.first()) {
            Some((name, now)) => {
                if *name != chosen {
                    container.set(name.clone());
                }
                image.set(now.clone());
            }
            None => image.set(String::new()),
        }
    });
    let change = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        let (container, image) = (container.get_untracked(), image.get_untracked().trim().to_owned());
        desk.act_on(|object| Input::SetImage { object: deeds::name(object), container, image });
    };
    let choice = move || {
        images.get().filter(|images| images.len() > 1).map(|images| view! {
            <label class="deed-choice">
                <span class="visually-hidden">{move || ui.text("deed-container")}</span>
                <select class="button" on:change=move |event| container.set(event_target_value(&event))>
                    {images.into_iter().map(|(name, _)| view! { <option value=name.clone()>{name.clone()}</option> }).collect_view()}
                </select>
            </label>
        })
    };
    view! {
        <Show when=move || images.with(Option::is_some)>
            <form class="deed-form" on:submit=change>
                <label class="deed-label" for="deed-image">{move || ui.text("deed-image")}</label>
                {choice}
                <input
                    id="deed-image"
                    class="field"
                    type="text"
                    spellcheck="false"
                    autocapitalize="off"
                    autocomplete="off"
                    data-testid="image"
                    prop:value=move || image.get()
                    on:input=move |event| image.set(event_target_value(&event))
                />
                <button type="submit" class="button" data-testid="set-image">{move || ui.text("deed-set-image")}</button>
            </form>
        </Show>
    }
}

/// What came of it: kubectl's lines, or the server's refusal.
#[component]
fn Result(desk: Desk) -> impl IntoView {
    let ui = desk.ui;
    let outcome = Memo::new(move |_| {
        desk.thing.changes.track();
        let place = desk.done.get()?;
        let there = ui.read(|session| place < session.trace().head());
        there.then(|| moment::read(ui, |shown| deeds::outcome(shown, place)))
    });
    let lines = move || match outcome.get() {
        None => ().into_any(),
        Some(None) => view! { <p class="quiet">{ui.text("deed-waiting")}</p> }.into_any(),
        Some(Some(Outcome { lines, refused })) => {
            let mark = if refused { Icon::Refused } else { Icon::Tick };
            let lines = lines.into_iter().map(|line| view! { <p>{icon(mark)} <span>{line}</span></p> });
            view! {
                <div class:refused=refused>{lines.collect_view()}</div>
                <p class="quiet">{ui.text("deed-undo-hint")}</p>
            }
            .into_any()
        }
    };
    view! { <div class="deed-result" aria-live="polite" data-testid="outcome">{lines}</div> }
}
