//! Guess first: over the stage stands the question which ship the crane will choose; who points at one (or presses its
//! button) is told afterwards what made the difference.

use crate::api::object::Ref;
use crate::cluster::fact::Fact;
use crate::inspect::scheduling::guess::{self, Verdict};
use crate::ui::dom::{El, afterwards, button, el};
use crate::ui::handle::Ui;
use crate::ui::panels::moment;
use crate::ui::select::Selection;
use crate::ui::session::Session;
use crate::ui::signal::{Memo, RwSignal};
use leptos::prelude::*;
use std::rc::Rc;

/// A guess that was made.
#[derive(Clone, PartialEq)]
struct Guess {
    pod: Ref,
    /// Which attempt.
    number: u32,
    /// Where the trace was.
    place: u64,
    /// The node; `None`: none fits.
    node: Option<String>,
}

/// The card over the stage.
pub fn question(ui: Ui) -> El {
    let made = RwSignal::new(None::<Guess>);
    let asked = move || {
        ui.moving.track();
        ui.head.track();
        ui.scheduling.guessing.track();
        ui.now.track();
        ui.read(Session::question)
    };
    // Whether there is a question moves seldom; what it is can then be read.
    let key = Memo::new(move || asked().map(|(pod, number)| format!("{pod}/{number}")));
    let say = move |node: Option<String>| {
        let Some((pod, number)) = ui.read(Session::question) else { return };
        let place = ui.read(|session| session.trace().head());
        made.set(Some(Guess { pod, number, place, node }));
        ui.play(true);
    };
    afterwards(move || {
        // Pointing at a ship is an answer, not a selection.
        let node = ui.selected.with(|selected| match selected {
            Some(Selection::Object(object)) if object.kind.kind == "Node" => Some(object.key.name.to_string()),
            _ => None,
        });
        let asks = untrack(|| made.with(Option::is_none) && key.with(Option::is_some));
        if let Some(node) = node.filter(|_| asks) {
            say(Some(node));
        }
    });
    el("div", "guess-place").attr("role", "status").part(move || {
        if let Some(guess) = made.get() {
            return Some(answer(ui, &guess, made));
        }
        key.get()?;
        let (pod, _) = ui.read(Session::question)?;
        Some(untrack(|| {
            let say: Rc<dyn Fn(Option<String>)> = Rc::new(say);
            card(ui, &pod, &say)
        }))
    })
}

/// More ships than this are in a menu: the stage is to be seen.
const BUTTONS: usize = 13;

fn menu(ui: Ui, nodes: &[String], say: &Rc<dyn Fn(Option<String>)>) -> El {
    let say = say.clone();
    let options = nodes.iter().map(|node| el("option", "").attr("value", node).text(node));
    el("select", "button")
        .add(el("option", "").attr("value", "").word(ui, "guess-choose"))
        .label(ui, "guess-choose")
        .all(options)
        .on("change", move |event| say(Some(event_target_value(event))))
}

#[inline(never)]
fn card(ui: Ui, pod: &Ref, say: &Rc<dyn Fn(Option<String>)>) -> El {
    let name = pod.key.name.to_string();
    let nodes: Vec<String> =
        ui.view.with_untracked(|view| view.nodes.iter().map(|node| node.name.to_string()).collect());
    let choices: Vec<El> = if nodes.len() > BUTTONS {
        vec![menu(ui, &nodes, say)]
    } else {
        let one = |node: String| {
            let (say, shown) = (say.clone(), node.clone());
            button("button", move || say(Some(node.clone()))).text(&shown)
        };
        nodes.into_iter().map(one).collect()
    };
    let none = say.clone();
    let skip = move || ui.play(true);
    el("section", "guess")
        .attr("data-testid", "guess")
        .label(ui, "guess-title")
        .add(el("p", "guess-ask").words(move || ui.say("guess-ask", &[("pod", name.as_str().into())])))
        .add(
            el("div", "guess-choices")
                .all(choices)
                .add(button("button", move || none(None)).word(ui, "guess-none-button"))
                .add(button("button quiet-button", skip).word(ui, "guess-skip")),
        )
}

#[inline(never)]
fn answer(ui: Ui, guess: &Guess, made: RwSignal<Option<Guess>>) -> El {
    let node = guess.node.clone();
    let node = move || node.clone().unwrap_or_else(|| ui.text("guess-none-fits"));
    let verdict = Memo::new(move || {
        ui.head.track();
        let own = made.get()?;
        moment::read(ui, |shown| {
            let attempt = shown.trace.range(own.place, shown.trace.head()).find_map(|record| match &record.fact {
                Fact::Attempted(attempt) if attempt.pod == own.pod && attempt.number == own.number => {
                    Some((record.id.0, attempt.clone()))
                }
                _ => None,
            })?;
            let Verdict { right, sentences } = guess::verdict(shown, &attempt.1, own.node.as_deref());
            Some((attempt.0, right, sentences))
        })
    });
    let pod = guess.pod.clone();
    let told = move || {
        let Some((place, right, sentences)) = verdict.get() else {
            return vec![el("p", "guess-ask").text(&ui.say("guess-waits", &[("node", node().into())]))];
        };
        let pod = pod.clone();
        let see = move || {
            made.set(None);
            ui.scheduling.shown.set(super::Tab::Attempts);
            ui.scheduling.chosen.set(Some(place));
            ui.select(Some(Selection::Object(pod.clone())));
        };
        let (key, class) = if right { ("guess-was-right", "tone-ok") } else { ("guess-was-wrong", "tone-warn") };
        let title = el("p", &format!("guess-ask {class}")).word(ui, key);
        let buttons = el("div", "guess-choices")
            .add(
                button("button primary", move || made.set(None))
                    .attr("data-testid", "guess-go-on")
                    .word(ui, "guess-go-on"),
            )
            .add(button("button", see).word(ui, "guess-matrix"));
        std::iter::once(title).chain(sentences.iter().map(|text| el("p", "").text(text))).chain([buttons]).collect()
    };
    el("section", "guess").attr("data-testid", "guess").label(ui, "guess-title").part(told)
}
