//! The scheduler view: any attempt of a pod (or of all pods), as a tab of the inspector and over the whole screen.
//!
//! What it says is made by [`crate::inspect::scheduling`]; here it gets its form: [`report`] is an attempt, [`grid`] the
//! matrix, [`thought`] what would be if, [`question`] asks over the stage what the learner expects.

mod configuration;
mod grid;
mod question;
mod report;
mod thought;

pub use self::configuration::configuration;
pub use self::question::question;

use self::configuration::Draft;

use super::inspector::Thing;
use super::moment;
use crate::cluster::what_if::{Edit, Thought};
use crate::cluster::wire::Address;
use crate::inspect::scheduling::attempts::{self, Line, Search};
use crate::ui::browser;
use crate::ui::dom::{El, afterwards, button, el, follow};
use crate::ui::handle::Ui;
use crate::ui::icons::{Icon, icon};
use crate::ui::select::Selection;
use crate::ui::signal::{Memo, RwSignal};
use leptos::prelude::*;
use web_sys::KeyboardEvent;

/// What is shown of scheduling, whatever is selected.
#[derive(Clone, Copy)]
pub struct Scheduling {
    /// The tab of the inspector, where a thing has it.
    pub shown: RwSignal<Tab>,
    /// The attempt that was asked for; none: the latest.
    pub chosen: RwSignal<Option<u64>>,
    /// Whether time stops before the crane decides.
    pub guessing: RwSignal<bool>,
    /// The scheduler's file, as somebody writes it.
    pub draft: Draft,
}

/// A tab of the inspector.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tab {
    /// What all things have.
    Overview,
    /// Attempts.
    Attempts,
    /// The scheduler's file.
    Configuration,
}

impl Tab {
    /// Its name in links; empty: it is the first.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Overview => "",
            Self::Attempts => "sched",
            Self::Configuration => "config",
        }
    }

    /// From a link.
    #[must_use]
    pub fn read(name: &str) -> Option<Self> {
        TABS.iter().map(|(tab, ..)| *tab).find(|tab| tab.name() == name)
    }
}

/// All tabs: id, and key of the name.
const TABS: [(Tab, &str, &str); 3] = [
    (Tab::Overview, "insp-overview", "sched-tab-overview"),
    (Tab::Attempts, "insp-scheduling", "sched-tab-attempts"),
    (Tab::Configuration, "insp-configuration", "sched-tab-configuration"),
];

impl Scheduling {
    /// At first no attempt was asked for.
    #[must_use]
    pub fn new(shown: Tab) -> Self {
        Self {
            shown: RwSignal::new(shown),
            chosen: RwSignal::new(None),
            guessing: RwSignal::new(false),
            draft: Draft::new(),
        }
    }

    /// The tab that is shown of a thing, and its id.
    pub fn tab(self, thing: Thing) -> (Tab, &'static str) {
        let shown = self.shown.get();
        let there = tabs_of(thing).iter().find(|(tab, ..)| *tab == shown).unwrap_or(&TABS[0]);
        (there.0, there.1)
    }
}

/// What the parts of the view share.
#[derive(Clone, Copy)]
struct Desk {
    ui: Ui,
    thing: Thing,
    lines: Memo<Vec<Line>>,
    /// The place of the shown attempt in the trace.
    current: Memo<Option<u64>>,
    /// What is changed in thought.
    edits: RwSignal<Vec<Edit>>,
    /// The attempt that can be thought through again, once somebody has asked.
    base: StoredValue<Option<(u64, Thought)>, LocalStorage>,
    /// Whether the view fills the screen.
    full: RwSignal<bool>,
    /// What came of copying.
    said: RwSignal<&'static str>,
}

impl Desk {
    /// The shown attempt as it can be thought through again, without changes.
    fn base(self) -> Option<Thought> {
        let place = self.current.get()?;
        let known =
            self.base.with_value(|base| base.as_ref().filter(|base| base.0 == place).map(|base| base.1.clone()));
        known.or_else(|| {
            let made = self.ui.read(|session| session.thought(place))?;
            self.base.set_value(Some((place, made.clone())));
            Some(made)
        })
    }

    /// With the changes; those that the server would refuse are left out.
    fn thought(self) -> Option<Thought> {
        let base = self.base()?;
        let edit = |thought: Thought, edit: &Edit| thought.clone().with(edit).unwrap_or(thought);
        Some(self.edits.with(|edits| edits.iter().fold(base, edit)))
    }
}

/// Whether a thing has attempts to show.
pub fn has_attempts(selection: &Selection) -> bool {
    match selection {
        Selection::Object(object) => attempts::has_some(object),
        Selection::Component(component) => *component == Address::Scheduler,
        Selection::Fact(_) => false,
    }
}

/// The tabs of a thing that has attempts: only the scheduler has a file.
fn tabs_of(thing: Thing) -> &'static [(Tab, &'static str, &'static str)] {
    let of_pod = thing.selection.with_value(|selection| selection.object().is_some());
    if of_pod { &TABS[..2] } else { &TABS }
}

/// The tabs of a thing that has attempts.
pub fn tabs(ui: Ui, thing: Thing) -> El {
    let tabs = tabs_of(thing);
    let shown = ui.scheduling.shown;
    let place = move || tabs.iter().position(|(tab, ..)| *tab == ui.scheduling.tab(thing).0).unwrap_or(0);
    let tab = |(at, (own, name, key)): (usize, &(Tab, &'static str, &'static str))| {
        let own = *own;
        button("tab", move || shown.set(own))
            .attr("role", "tab")
            .attr("id", name)
            .attr("data-testid", name)
            .attr("aria-controls", "insp-part")
            .bind("aria-selected", move || (place() == at).to_string())
            .bind("tabindex", move || if place() == at { "0" } else { "-1" })
            .word(ui, key)
    };
    let key = move |event: &KeyboardEvent| {
        let (at, last) = (untrack(place), tabs.len() - 1);
        let next = match event.key().as_str() {
            "ArrowLeft" => at.checked_sub(1).unwrap_or(last),
            "ArrowRight" => {
                if at == last {
                    0
                } else {
                    at + 1
                }
            }
            "Home" => 0,
            "End" => last,
            _ => return,
        };
        event.prevent_default();
        shown.set(tabs[next].0);
        focus(tabs[next].1);
    };
    el("div", "tabs insp-tabs")
        .attr("role", "tablist")
        .label(ui, "sched-tabs")
        .on_as("keydown", key)
        .all(tabs.iter().enumerate().map(tab))
}

/// Gives the focus to an element.
fn focus(id: &str) {
    if let Some(element) = document().get_element_by_id(id) {
        browser::call(&element, "focus", &[]);
    }
}

/// The view of a thing's attempts.
pub fn scheduling(ui: Ui, thing: Thing) -> El {
    let search = StoredValue::new_local(Search::default());
    let lines = Memo::new(move || {
        thing.changes.track();
        moment::read(ui, |shown| {
            let pod = thing.selection.with_value(|selection| selection.object().cloned());
            let found = search.try_update_value(|search| search.attempts(shown.trace, pod.as_ref()).to_vec());
            let found = found.unwrap_or_default();
            found.into_iter().filter_map(|place| attempts::line(shown, place, pod.is_none())).collect::<Vec<_>>()
        })
    });
    let current = Memo::new(move || {
        let chosen = ui.scheduling.chosen.get();
        lines.with(|lines| {
            let there = chosen.filter(|chosen| lines.iter().any(|line| line.fact == *chosen));
            there.or(lines.last().map(|line| line.fact))
        })
    });
    let desk = Desk {
        ui,
        thing,
        lines,
        current,
        edits: RwSignal::new(Vec::new()),
        base: StoredValue::new_local(None),
        full: RwSignal::new(false),
        said: RwSignal::new(""),
    };
    follow(move || {
        // What was thought about one attempt says nothing about another.
        current.track();
        desk.edits.set(Vec::new());
        desk.said.set("");
    });
    screen(
        desk,
        el("dialog", "sched").attr("open", "").attr("data-testid", "scheduler").label(ui, "sched-tab-attempts"),
    )
    .add(head(desk))
    .add(guess_first(ui))
    .part(move || {
        if current.get().is_some() {
            return untrack(|| report::report(desk));
        }
        let of_pod = desk.thing.selection.with_value(|selection| selection.object().is_some());
        vec![el("p", "quiet sched-part").word(ui, if of_pod { "sched-never" } else { "sched-never-any" })]
    })
}

/// The same element stands in the inspector and, as a modal dialog, over the whole screen.
fn screen(desk: Desk, dialog: El) -> El {
    let element: web_sys::Element = dialog.node();
    let own = element.clone();
    afterwards(move || {
        if desk.full.get() != own.matches(":modal").unwrap_or(false) {
            if desk.full.get_untracked() {
                let _ = own.remove_attribute("open");
                browser::call(&own, "showModal", &[]);
            } else {
                browser::call(&own, "close", &[]);
            }
        }
    });
    dialog.on("close", move |_| {
        desk.full.set(false);
        let _ = element.set_attribute("open", "");
    })
}

/// Which attempt, and what can be done with it.
fn head(desk: Desk) -> El {
    let ui = desk.ui;
    let options = move || {
        let lines = desk.lines.get();
        lines
            .into_iter()
            .rev()
            .map(|line| {
                let text = format!("{} · {}", super::transport::clock_text(line.at), line.text);
                el("option", "").attr("value", &line.fact.to_string()).text(&text)
            })
            .collect::<Vec<_>>()
    };
    let chosen = move |event: &web_sys::Event| {
        let value = event.target().map(|target| browser::get(&target, "value"));
        ui.scheduling.chosen.set(value.and_then(|value| value.as_string()?.parse().ok()));
    };
    let menu = el("select", "button sched-attempt")
        .attr("data-testid", "attempt")
        .label(ui, "sched-attempt")
        .part(options)
        .value(move || {
            desk.lines.track();
            desk.current.get().map(|place| place.to_string()).unwrap_or_default()
        })
        .on("change", chosen);
    let full = button("button icon-button", move || desk.full.update(|full| *full = !*full))
        .attr("data-testid", "full-screen")
        .bind("title", move || ui.text(if desk.full.get() { "sched-small" } else { "sched-full" }))
        .part(move || [icon(if desk.full.get() { Icon::Close } else { Icon::Whole })])
        .add(
            el("span", "visually-hidden")
                .words(move || ui.text(if desk.full.get() { "sched-small" } else { "sched-full" })),
        );
    let name = move || {
        let pod =
            desk.thing.selection.with_value(|selection| selection.object().map(|object| object.key.name.to_string()));
        pod.unwrap_or_else(|| ui.text("component-scheduler"))
    };
    el("header", "sched-head").add(el("p", "sched-title").words(name)).add(menu).add(full)
}

/// The switch of the mode.
fn guess_first(ui: Ui) -> El {
    let on = ui.scheduling.guessing;
    let toggle = button("switch", move || {
        on.update(|on| *on = !*on);
        let on = on.get_untracked();
        ui.change(|session| session.guess_first(on));
    });
    let toggle = toggle
        .attr("role", "switch")
        .attr("data-testid", "guess-first")
        .bind("aria-checked", move || on.get().to_string())
        .attr("aria-describedby", "guess-text")
        .add(el("span", "switch-knob"))
        .word(ui, "guess-title");
    el("div", "sched-guess").add(toggle).add(el("p", "quiet").attr("id", "guess-text").word(ui, "guess-text"))
}
