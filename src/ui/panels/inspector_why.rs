//! "Why?": what is missing, and the chain of causes back to what a person did. A click on a cause goes to its moment.

use super::inspector::Thing;
use super::moment;
use super::transport::clock_text;
use crate::cluster::fact::Fact;
use crate::cluster::input::Input;
use crate::inspect::card;
use crate::inspect::effects::effects;
use crate::inspect::lack::{self, Lack, Verdicts};
use crate::inspect::story::{self, Actor, End, Link, Search, Source, Story};
use crate::sim::FactId;
use crate::ui::dom::{El, button, el, truth};
use crate::ui::handle::Ui;
use crate::ui::select::Selection;
use crate::ui::signal::{Memo, RwSignal};
use leptos::prelude::*;

/// So many causes are shown at first: the nearest, and the one where it all began.
const SHOWN: usize = 6;
/// So many effects of a cause are shown.
const EFFECTS: usize = 24;

/// The section.
pub fn why_section(ui: Ui, thing: Thing) -> El {
    let lack = Memo::new(move || {
        thing.changes.track();
        moment::read(ui, |shown| {
            thing.selection.with_value(|selection| selection.object().and_then(|object| lack::of_object(shown, object)))
        })
    });
    let search = StoredValue::new_local(Search::default());
    let story = Memo::new(move || {
        thing.changes.track();
        tell(ui, thing, search)
    });
    let has_story = truth(move || story.with(Option::is_some));
    let content = move || {
        if has_story.get() {
            untrack(|| told(ui, story)).into()
        } else {
            vec![el("p", "quiet").text(&ui.text("why-none"))]
        }
    };
    let happened = thing.selection.with_value(|selection| matches!(selection, Selection::Fact(_)));
    let title = if happened { "why-ask" } else { "why-title" };
    el("section", "insp-section")
        .attr("data-testid", "why")
        .label(ui, title)
        .add(el("h3", "").word(ui, title))
        .part(move || lack.get().map(|lack| missing(ui, lack)))
        .part(content)
}

/// A chain of causes, and where it all began.
pub fn told(ui: Ui, story: Memo<Option<Story>>) -> [El; 2] {
    [causes(ui, story), el("p", "why-end").words(move || end(ui, story))]
}

/// Where it all began.
fn end(ui: Ui, story: Memo<Option<Story>>) -> String {
    let end = story.with(|story| story.as_ref().map(|story| story.end));
    end.map_or_else(String::new, |end| {
        ui.text(match end {
            End::Person => "why-end-person",
            End::Clock => "why-end-clock",
            End::Boot => "why-end-boot",
        })
    })
}

/// The chain of causes: the nearest, the first of all, and on demand those between.
fn causes(ui: Ui, story: Memo<Option<Story>>) -> El {
    let all = RwSignal::new(false);
    let count = Memo::new(move || story.with(|story| story.as_ref().map_or(0, |story| story.links.len())));
    let folds = move || count.get() > SHOWN && !all.get();
    let part = move |last: bool| {
        story.with(|story| {
            let links = story.iter().flat_map(|story| story.links.iter());
            match (folds(), last) {
                (false, false) => links.cloned().collect(),
                (true, false) => links.take(SHOWN - 1).cloned().collect(),
                (true, true) => links.last().cloned().into_iter().collect(),
                (false, true) => Vec::new(),
            }
        })
    };
    let text = move || {
        if all.get() { ui.text("why-fewer") } else { ui.say("why-more", &[("count", (count.get() - SHOWN).into())]) }
    };
    let more = move || {
        let toggle = button("button", move || all.update(|all| *all = !*all))
            .bind("aria-expanded", move || all.get().to_string())
            .words(text);
        el("li", "why-more").add(toggle)
    };
    let key = |link: &Link| {
        let line = link.source.as_ref().map_or(0, |source| source.line);
        format!("{} {} {line} {}", link.fact, link.at.as_micros(), link.sentence)
    };
    el("ol", "why")
        .rows(move || part(false), key, move |link| cause(ui, link))
        .when(move || count.get() > SHOWN, more)
        .rows(move || part(true), key, move |link| cause(ui, link))
}

fn tell(ui: Ui, thing: Thing, search: StoredValue<Search, LocalStorage>) -> Option<Story> {
    moment::read(ui, |shown| {
        thing.selection.with_value(|selection| match selection {
            Selection::Object(object) => {
                let last = search.try_update_value(|search| search.last_change(shown.trace, object)).flatten()?;
                Some(story::story(shown, last, lack::trouble(shown, object).as_ref()))
            }
            Selection::Component(component) => {
                let last = card::last_deed(shown, component)?;
                Some(story::story(shown, FactId(last.fact), None))
            }
            Selection::Fact(place) => {
                story::happening(shown, *place)?;
                Some(story::story(shown, FactId(*place), None))
            }
        })
    })
}

/// What is missing.
fn missing(ui: Ui, lack: Lack) -> El {
    let Lack { sentences, quote, verdicts, culprit, turn } = lack;
    let culprit = culprit.map(|culprit| {
        let link = culprit.link;
        button("button", move || ui.select(Selection::read(&link)))
            .words(move || ui.say("lack-go-on", &[("name", culprit.name.as_str().into())]))
    });
    let quote = (!quote.is_empty()).then(|| el("p", "lack-quote").attr("lang", "en").add(el("code", "").text(&quote)));
    el("div", "lack")
        .add(el("h4", "").word(ui, "lack-title"))
        .all(sentences.iter().map(|sentence| el("p", "").text(sentence)))
        .all(turn.map(|who| el("p", "lack-turn").word(ui, "lack-turn").add(badge(&who)).text(&who.name)))
        .all(quote)
        .all(verdicts.into_iter().flat_map(|verdicts| attempt(ui, verdicts)))
        .all(culprit)
}

/// The scheduler's last attempt: node × reason.
fn attempt(ui: Ui, verdicts: Verdicts) -> Vec<El> {
    let Verdicts { attempt, at, rows, more } = verdicts;
    let row = |(node, reason): (String, String)| {
        let reason = move || if reason.is_empty() { ui.text("lack-feasible") } else { reason.clone() };
        el("tr", "").add(el("th", "").attr("scope", "row").text(&node)).add(el("td", "").words(reason))
    };
    let caption = move || {
        let number = i64::from(attempt);
        ui.say("lack-verdicts", &[("attempt", number.into()), ("time", clock_text(at).into())])
    };
    let heads = ["lack-node", "lack-reason"].map(|key| el("th", "").attr("scope", "col").word(ui, key));
    let table = el("table", "verdicts")
        .add(el("caption", "").words(caption))
        .add(el("thead", "").add(el("tr", "").all(heads)))
        .add(el("tbody", "").all(rows.into_iter().map(row)));
    let more = (more > 0).then(|| el("p", "quiet").words(move || ui.say("lack-more-nodes", &[("count", more.into())])));
    [table].into_iter().chain(more).collect()
}

/// One cause.
fn cause(ui: Ui, link: Link) -> El {
    let Link { fact, at, revision, actor, sentence, source } = link;
    let seek = move || {
        ui.play(false);
        ui.seek(at);
    };
    let when = el("span", "cause-when")
        .text(&clock_text(at))
        .text(&revision.map_or_else(String::new, |revision| format!(" · rev {revision}")));
    let told = el("span", "cause-sentence").text(&sentence);
    let args = [("time", clock_text(at).into()), ("sentence", sentence.into())];
    let seek = button("cause-seek", seek).bind("aria-label", move || ui.say("why-seek", &args)).add(told).add(when);
    let body = el("div", "cause-body").add(seek).all(source.map(|source| line(ui, fact, &source))).add(came(ui, fact));
    el("li", "cause").add(badge(&actor)).add(body)
}

/// What came of a cause: asked for by a button.
fn came(ui: Ui, fact: u64) -> El {
    let (open, most) = (RwSignal::new(false), RwSignal::new(EFFECTS));
    let toggle = button("fold-button effects-button", move || open.update(|open| *open = !*open))
        .attr("data-testid", "effects")
        .bind("aria-expanded", move || open.get().to_string())
        .word(ui, "why-effects");
    let list = move || {
        if !open.get() {
            return None;
        }
        let (links, more) = moment::read(ui, |shown| effects(shown, fact, most.get()));
        if links.is_empty() {
            return Some(el("p", "quiet").word(ui, "why-no-effects"));
        }
        let row = |link: Link| {
            let Link { at, sentence, actor, .. } = link;
            let seek = move || {
                ui.play(false);
                ui.seek(at);
            };
            let told = el("span", "cause-sentence").text(&sentence);
            let seek = button("cause-seek", seek).add(told).add(el("span", "cause-when").text(&clock_text(at)));
            el("li", "cause").add(badge(&actor)).add(el("div", "cause-body").add(seek))
        };
        let more = (more > 0).then(|| {
            let all = button("fold-button", move || most.set(usize::MAX)).attr("data-testid", "all-effects");
            el("li", "").add(all.text(&ui.say("why-more-effects", &[("count", more.into())])))
        });
        Some(el("ol", "causes effects").all(links.into_iter().map(row)).all(more))
    };
    el("div", "").add(toggle).part(list)
}

/// The letter of a component in its colour.
#[must_use]
pub fn badge(actor: &Actor) -> El {
    el("span", "badge")
        .attr("style", &format!("--who: var(--{})", actor.colour))
        .attr("title", &actor.name)
        .attr("aria-hidden", "true")
        .text(actor.letter)
}

/// The person's own line of YAML.
fn line(ui: Ui, fact: u64, source: &Source) -> El {
    let line = source.line;
    let show = move || {
        let manifest = ui.read(|session| match &session.trace().get(FactId(fact))?.fact {
            Fact::Input(input) => match &**input {
                Input::Apply { text, .. } => Some(text.clone()),
                _ => None,
            },
            _ => None,
        });
        if let Some(manifest) = manifest {
            ui.show_line(manifest, line);
        }
    };
    el("div", "cause-line")
        .add(el("p", "").words(move || ui.say("why-line", &[("line", line.into())])))
        .add(el("code", "").text(&source.text))
        .add(button("button", show).attr("data-testid", "show-line").word(ui, "why-show-line"))
}
