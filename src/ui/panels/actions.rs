//! What can be done with what is selected, and what came of it.
//!
//! Nothing is asked twice: time travel is the way to take something back.

use super::inspector::Thing;
use super::{additions, moment};
use crate::api::object::Ref;
use crate::cluster::input::{Input, Name};
use crate::cluster::wire::Address;
use crate::inspect::deeds::{self, Deed, NETWORK, Outcome};
use crate::ui::dom::{El, afterwards, button, el, truth};
use crate::ui::handle::Ui;
use crate::ui::icons::{Icon, icon};
use crate::ui::select::Selection;
use crate::ui::signal::{Memo, RwSignal};
use leptos::prelude::*;
use web_sys::Event;

/// What the controls share.
#[derive(Clone, Copy)]
pub struct Desk {
    /// The page.
    pub ui: Ui,
    thing: Thing,
    deeds: Memo<Vec<Deed>>,
    /// Where in the trace the last deed stands.
    done: RwSignal<Option<u64>>,
}

impl Desk {
    /// What can be done of one sort; moves only when that differs.
    pub fn of<T: PartialEq + Clone + Send + Sync + 'static>(self, pick: fn(&Deed) -> Option<T>) -> Memo<Option<T>> {
        Memo::new(move || self.deeds.with(|deeds| deeds.iter().find_map(pick)))
    }

    /// Does it.
    pub fn act(self, input: Input) {
        self.done.set(self.ui.act(input));
    }

    /// Does it to the object that is selected.
    pub fn act_on(self, input: impl FnOnce(&Ref) -> Input) {
        let input = self.thing.selection.with_value(|selection| selection.object().map(input));
        if let Some(input) = input {
            self.act(input);
        }
    }

    /// The ship that is selected, itself or by its kubelet.
    pub fn node(self) -> String {
        self.thing.selection.with_value(|selection| match selection {
            Selection::Object(object) => object.key.name.to_string(),
            Selection::Component(component) => component.node().map_or_else(String::new, ToString::to_string),
            Selection::Fact(_) => String::new(),
        })
    }
}

/// The actions.
pub fn actions(ui: Ui, thing: Thing) -> impl Fn() -> Option<El> {
    let deeds = Memo::new(move || {
        thing.changes.track();
        moment::read(ui, |shown| {
            thing.selection.with_value(|selection| match selection {
                Selection::Object(object) => deeds::of_object(shown, object),
                Selection::Component(Address::Kubelet(node)) => deeds::of_ship(shown, node),
                Selection::Component(who) => deeds::of_process(shown, who),
                Selection::Fact(_) => Vec::new(),
            })
        })
    });
    let desk = Desk { ui, thing, deeds, done: RwSignal::new(None) };
    let any = truth(move || deeds.with(|deeds| !deeds.is_empty()) || desk.done.get().is_some());
    let section = move || {
        let [resize, debug, folder] = additions::additions(desk);
        el("section", "deeds")
            .label(ui, "deed-title")
            .part(scale(desk))
            .part(images(desk))
            .add(buttons(desk))
            .part(resize)
            .part(debug)
            .part(folder)
            .part(faults(desk))
            .add(came_of(desk.ui, desk.thing, desk.done))
    };
    move || any.get().then(|| untrack(section))
}

/// The commands that need no more than a click.
fn buttons(desk: Desk) -> El {
    let ui = desk.ui;
    let undo = desk.of(|deed| matches!(deed, Deed::Undo).then_some(true));
    let delete = desk.of(|deed| matches!(deed, Deed::Delete).then_some(true));
    let drain = desk.of(|deed| matches!(deed, Deed::Cordon(_)).then_some(true));
    let cordon = desk.of(|deed| if let Deed::Cordon(on) = deed { Some(*on) } else { None });
    let crash = desk.of(|deed| if let Deed::Crash(containers) = deed { Some(containers.clone()) } else { None });
    let toggle = move || {
        let click = move || {
            if let Some(on) = cordon.get_untracked() {
                desk.act(Input::Cordon { node: desk.node(), on });
            }
        };
        let text = move || ui.text(if cordon.get() == Some(true) { "deed-cordon" } else { "deed-uncordon" });
        button("button", click).words(text)
    };
    let is_ship = truth(move || cordon.with(Option::is_some));
    let order =
        move |what: Memo<Option<bool>>, class: &'static str, name: &'static str, key, act: fn(Name) -> Input| {
            let click = move || desk.act_on(|object| act(deeds::name(object)));
            move || what.get().map(|_| button(class, click).attr("data-testid", name).word(ui, key))
        };
    let crash_button = move |container: String, many: bool| {
        let name = container.clone();
        let text = move || if many { format!("{}: {name}", ui.text("deed-crash")) } else { ui.text("deed-crash") };
        let click = move || {
            desk.act_on(|object| Input::Crash {
                namespace: object.key.namespace.to_string(),
                pod: object.key.name.to_string(),
                container: container.clone(),
            });
        };
        button("button", click).attr("data-testid", "crash").words(text)
    };
    let crashes = move || {
        let containers = crash.get().unwrap_or_default();
        let many = containers.len() > 1;
        containers.into_iter().map(move |container| crash_button(container, many))
    };
    el("div", "deed-row")
        .part(order(undo, "button", "undo", "deed-rollback", |object| Input::Undo { object, revision: 0 }))
        .part(order(undo, "button", "restart", "deed-restart", |object| Input::Restart { object }))
        .part(move || is_ship.get().then(toggle))
        .part(order(drain, "button", "drain", "deed-drain", |object| Input::Drain { node: object.name }))
        .part(crashes)
        .part(order(delete, "button danger", "delete", "deed-delete", |object| Input::Delete { object }))
}

/// A fault that can begin or be repaired.
type Fault = (&'static str, String, bool, String);

/// What can go wrong and what is repaired, folded; open from the beginning where something is wrong already.
fn faults(desk: Desk) -> impl Fn() -> Option<El> {
    let known = Memo::new(move || {
        let fault = |deed: &Deed| match deed {
            Deed::Fault(fault, of, on, label) => Some((*fault, of.clone(), *on, label.clone())),
            _ => None,
        };
        desk.deeds.with(|deeds| deeds.iter().filter_map(fault).collect::<Vec<Fault>>())
    });
    let there = truth(move || known.with(|known| !known.is_empty()));
    let wrong = move |known: &Vec<Fault>| known.iter().filter(|(_, _, on, _)| !on).count();
    let title = move || match known.with(wrong) {
        0 => desk.ui.text("deed-faults"),
        count => format!(
            "{} · {}",
            desk.ui.text("deed-faults"),
            desk.ui.say("deed-faults-wrong", &[("count", count.into())])
        ),
    };
    move || {
        let folded = || {
            let details = el("details", "fold").attr("data-testid", "faults");
            let details = if known.with_untracked(wrong) > 0 { details.attr("open", "") } else { details };
            details.add(el("summary", "").words(title)).part(move || afflicted(desk, &known.get()))
        };
        there.get().then(|| untrack(folded))
    }
}

/// The buttons, a row for each that they befall. What is selected needs no name again.
fn afflicted(desk: Desk, faults: &[Fault]) -> Vec<El> {
    let press = |(fault, of, on, label): &Fault| {
        let (fault, of, on) = (*fault, of.clone(), *on);
        let click = move || {
            desk.act(if fault == NETWORK {
                Input::Network { node: of.clone(), cut: on }
            } else {
                Input::Fault { fault: fault.to_owned(), of: of.clone(), on }
            });
        };
        button("button", click).attr("data-fault", fault).text(label)
    };
    let own = desk.thing.selection.with_value(|selection| match selection {
        Selection::Component(component) if component.node().is_none() => component.to_string(),
        _ => desk.node(),
    });
    let row = |same: &[Fault]| {
        let of = &*same[0].1;
        let name = (of != own).then(|| of.strip_suffix(&format!("/{own}")).unwrap_or(of));
        let label = name.map(|name| el("span", "deed-label").text(name));
        el("div", "deed-row faults").attr("role", "group").attr("aria-label", of).all(label).all(same.iter().map(press))
    };
    faults.chunk_by(|one, next| one.1 == next.1).map(row).collect()
}

/// How many replicas.
fn scale(desk: Desk) -> impl Fn() -> Option<El> {
    let replicas = desk.of(|deed| if let Deed::Scale(replicas) = deed { Some(*replicas) } else { None });
    let wanted = RwSignal::new(0_i32);
    afterwards(move || {
        if let Some(replicas) = replicas.get() {
            wanted.set(replicas);
        }
    });
    let there = truth(move || replicas.with(Option::is_some));
    move || there.get().then(|| scale_form(desk, wanted))
}

fn scale_form(desk: Desk, wanted: RwSignal<i32>) -> El {
    let ui = desk.ui;
    let scale = move |event: &Event| {
        event.prevent_default();
        let replicas = wanted.get_untracked();
        desk.act_on(|object| Input::Scale { object: deeds::name(object), replicas });
    };
    let step = |by: i32, sign: Icon, key| {
        let step = move || wanted.update(|wanted| *wanted = wanted.saturating_add(by).max(0));
        button("button icon-button", step).add(icon(sign)).add(el("span", "visually-hidden").word(ui, key))
    };
    let number = el("input", "field")
        .attr("type", "number")
        .attr("min", "0")
        .attr("inputmode", "numeric")
        .attr("data-testid", "replicas")
        .attr("aria-labelledby", "deed-replicas")
        .value(move || wanted.get().to_string())
        .on("input", move |event| {
            if let Ok(number) = event_target_value(event).parse() {
                wanted.set(number);
            }
        });
    let stepper = el("span", "stepper").add(step(-1, Icon::Minus, "deed-fewer")).add(number).add(step(
        1,
        Icon::Plus,
        "deed-greater",
    ));
    el("form", "deed-form")
        .on("submit", scale)
        .add(el("span", "deed-label").attr("id", "deed-replicas").word(ui, "deed-replicas"))
        .add(stepper)
        .add(el("button", "button").attr("type", "submit").attr("data-testid", "scale").word(ui, "deed-scale"))
}

/// Which image.
fn images(desk: Desk) -> impl Fn() -> Option<El> {
    let images = desk.of(|deed| if let Deed::SetImage(images) = deed { Some(images.clone()) } else { None });
    let container = RwSignal::new(String::new());
    let image = RwSignal::new(String::new());
    afterwards(move || {
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
    let there = truth(move || images.with(Option::is_some));
    move || there.get().then(|| image_form(desk, images, container, image))
}

fn image_form(
    desk: Desk,
    images: Memo<Option<Vec<(String, String)>>>,
    container: RwSignal<String>,
    image: RwSignal<String>,
) -> El {
    let ui = desk.ui;
    let change = move |event: &Event| {
        event.prevent_default();
        let (container, image) = (container.get_untracked(), image.get_untracked().trim().to_owned());
        desk.act_on(|object| Input::SetImage { object: deeds::name(object), container, image });
    };
    let choice = move || {
        let images = images.get().filter(|images| images.len() > 1)?;
        let options = images.iter().map(|(name, _)| el("option", "").attr("value", name).text(name));
        let menu =
            el("select", "button").on("change", move |event| container.set(event_target_value(event))).all(options);
        Some(el("label", "deed-choice").add(el("span", "visually-hidden").word(ui, "deed-container")).add(menu))
    };
    let field = el("input", "field")
        .attr("id", "deed-image")
        .attr("type", "text")
        .attr("spellcheck", "false")
        .attr("autocapitalize", "off")
        .attr("autocomplete", "off")
        .attr("data-testid", "image")
        .value(move || image.get())
        .on("input", move |event| image.set(event_target_value(event)));
    el("form", "deed-form")
        .on("submit", change)
        .add(el("label", "deed-label").attr("for", "deed-image").word(ui, "deed-image"))
        .part(choice)
        .add(field)
        .add(el("button", "button").attr("type", "submit").attr("data-testid", "set-image").word(ui, "deed-set-image"))
}

/// What came of the input at a place of the trace: kubectl's lines, or the refusal.
pub fn came_of(ui: Ui, thing: Thing, done: RwSignal<Option<u64>>) -> El {
    let outcome = Memo::new(move || {
        thing.changes.track();
        let place = done.get()?;
        let there = ui.read(|session| place < session.trace().head());
        there.then(|| moment::read(ui, |shown| deeds::outcome(shown, place)))
    });
    let quiet = move |key| el("p", "quiet").text(&ui.text(key));
    let lines = move || match outcome.get() {
        None => Vec::new(),
        Some(None) => vec![quiet("deed-waiting")],
        Some(Some(Outcome { lines, refused })) => {
            let mark = if refused { Icon::Refused } else { Icon::Tick };
            let lines = lines.iter().map(|line| el("p", "").add(icon(mark)).add(el("span", "").text(line)));
            // What was refused cannot be undone.
            let hint = (!refused).then(|| quiet("deed-undo-hint"));
            [el("div", if refused { "refused" } else { "" }).all(lines)].into_iter().chain(hint).collect()
        }
    };
    el("div", "deed-result").attr("aria-live", "polite").attr("data-testid", "outcome").part(lines)
}
