//! Something that happened: when, who, what, and the chain of its causes.

use super::inspector::{Thing, close};
use super::inspector_why::{badge, why_section};
use super::moment;
use super::transport::clock_text;
use crate::inspect::story;
use crate::ui::dom::{El, button, el};
use crate::ui::handle::Ui;
use crate::ui::select::Selection;
use crate::ui::signal::Memo;
use leptos::prelude::*;

/// What it is called: its sentence.
#[inline(never)]
pub fn sentence_of(ui: Ui, fact: u64) -> String {
    let told = moment::peek(ui, |shown| story::happening(shown, fact));
    told.map_or_else(String::new, |(link, _)| link.sentence)
}

/// Everything about it.
pub fn fact_panel(ui: Ui, thing: Thing, fact: u64) -> El {
    let told = Memo::new(move || {
        thing.changes.track();
        moment::read(ui, |shown| story::happening(shown, fact))
    });
    let kind = move || {
        let when = told.with(|told| told.as_ref().map_or_else(String::new, |(link, _)| clock_text(link.at)));
        format!("{} · {when}", ui.text("insp-fact"))
    };
    let sentence = move || match told.get() {
        Some((link, _)) => el("h2", "insp-name insp-sentence").add(badge(&link.actor)).text(&link.sentence),
        None => el("h2", "insp-name insp-sentence").word(ui, "insp-fact-later"),
    };
    let deeds = move || {
        let (link, about) = told.get()?;
        let show = button("button", move || ui.change(|session| session.show_fact(fact)));
        let show = show.text(&ui.say("req-go", &[("time", clock_text(link.at).into())]));
        let about = about.rsplit_once('/').map(|(_, name)| {
            let link = about.clone();
            button("button", move || ui.select(Selection::read(&link)))
                .text(&ui.say("lack-go-on", &[("name", name.into())]))
        });
        Some(el("div", "insp-fact-deeds").add(show).all(about))
    };
    let titles = el("div", "insp-titles").add(el("p", "insp-kind").words(kind)).part(move || [sentence()]);
    el("div", "insp-thing")
        .attr("data-testid", "fact")
        .add(el("header", "insp-head").add(titles).add(close(ui)))
        .part(deeds)
        .add(el("div", "insp-overview").add(why_section(ui, thing)))
}
