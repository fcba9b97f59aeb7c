//! "Why?": what is missing, and the chain of causes back to what a person did. A click on a cause goes to its moment.

use super::inspector::Thing;
use super::moment;
use super::transport::clock_text;
use crate::cluster::fact::Fact;
use crate::cluster::input::Input;
use crate::inspect::card;
use crate::inspect::lack::{self, Lack, Verdicts};
use crate::inspect::story::{self, Actor, End, Link, Search, Source, Story};
use crate::sim::FactId;
use crate::ui::handle::Ui;
use crate::ui::select::Selection;
use leptos::prelude::*;

/// So many causes are shown at first: the nearest, and the one where it all began.
const SHOWN: usize = 6;

/// The section.
#[component]
pub fn WhySection(thing: Thing) -> impl IntoView {
    let ui = Ui::get();
    let lack = Memo::new(move |_| {
        thing.changes.track();
        moment::read(ui, |shown| {
            thing.selection.with_value(|selection| selection.object().and_then(|object| lack::of_object(shown, object)))
        })
    });
    let search = StoredValue::new_local(Search::default());
    let story = Memo::new(move |_| {
        thing.changes.track();
        tell(ui, thing, search)
    });
    let end = move || {
        story.with(|story| {
            story.as_ref().map(|story| match story.end {
                End::Person => ui.text("why-end-person"),
                End::Clock => ui.text("why-end-clock"),
                End::Boot => ui.text("why-end-boot"),
            })
        })
    };
    view! {
        <section class="insp-section" data-testid="why" aria-label=move || ui.text("why-title")>
            <h3>{move || ui.text("why-title")}</h3>
            {move || lack.get().map(|lack| view! { <Missing lack /> })}
            <Show when=move || story.with(Option::is_some) fallback=move || view! { <p class="quiet">{ui.text("why-none")}</p> }>
                <Causes story />
                <p class="why-end">{end}</p>
            </Show>
        </section>
    }
}

/// The chain of causes: the nearest, the first of all, and on demand those between.
#[component]
fn Causes(story: Memo<Option<Story>>) -> impl IntoView {
    let ui = Ui::get();
    let all = RwSignal::new(false);
    let count = Memo::new(move |_| story.with(|story| story.as_ref().map_or(0, |story| story.links.len())));
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
    let more = move || {
        (count.get() > SHOWN).then(|| {
            let hidden = move || count.get() - SHOWN;
            let text = move || if all.get() { ui.text("why-fewer") } else { ui.say("why-more", &[("count", hidden().into())]) };
            view! {
                <li class="why-more">
                    <button type="button" class="button" aria-expanded=move || all.get().to_string() on:click=move |_| all.update(|all| *all = !*all)>
                        {text}
                    </button>
                </li>
            }
        })
    };
    view! {
        <ol class="why">
            <For each=move || part(false) key=Clone::clone let:link>
                <Cause link />
            </For>
            {more}
            <For each=move || part(true) key=Clone::clone let:link>
                <Cause link />
            </For>
        </ol>
    }
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
        })
    })
}

/// What is missing.
#[component]
fn Missing(lack: Lack) -> impl IntoView {
    let ui = Ui::get();
    let Lack { sentences, quote, verdicts, culprit } = lack;
    let culprit = culprit.map(|culprit| {
        let link = culprit.link;
        view! {
            <button type="button" class="button" on:click=move |_| ui.select(Selection::read(&link))>
                {move || ui.say("lack-go-on", &[("name", culprit.name.as_str().into())])}
            </button>
        }
    });
    view! {
        <div class="lack">
            <h4>{move || ui.text("lack-title")}</h4>
            {sentences.into_iter().map(|sentence| view! { <p>{sentence}</p> }).collect_view()}
            {(!quote.is_empty()).then(|| view! { <p class="lack-quote" lang="en"><code>{quote}</code></p> })}
            {verdicts.map(|verdicts| view! { <Attempt verdicts /> })}
            {culprit}
        </div>
    }
}

/// The scheduler's last attempt: node × reason.
#[component]
fn Attempt(verdicts: Verdicts) -> impl IntoView {
    let ui = Ui::get();
    let Verdicts { attempt, at, rows, more } = verdicts;
    let row = move |(node, reason): (String, String)| {
        let reason = move || if reason.is_empty() { ui.text("lack-feasible") } else { reason.clone() };
        view! {
            <tr>
                <th scope="row">{node}</th>
                <td>{reason}</td>
            </tr>
        }
    };
    let caption = move || {
        let number = i64::from(attempt);
        ui.say("lack-verdicts", &[("attempt", number.into()), ("time", clock_text(at).into())])
    };
    view! {
        <table class="verdicts">
            <caption>{caption}</caption>
            <thead>
                <tr>
                    <th scope="col">{move || ui.text("lack-node")}</th>
                    <th scope="col">{move || ui.text("lack-reason")}</th>
                </tr>
            </thead>
            <tbody>{rows.into_iter().map(row).collect_view()}</tbody>
        </table>
        {(more > 0).then(|| view! { <p class="quiet">{move || ui.say("lack-more-nodes", &[("count", more.into())])}</p> })}
    }
}

/// One cause.
#[component]
fn Cause(link: Link) -> impl IntoView {
    let ui = Ui::get();
    let Link { fact, at, revision, actor, sentence, source } = link;
    let seek = move |_| {
        ui.play(false);
        ui.seek(at);
    };
    let args = [("time", clock_text(at).into()), ("sentence", sentence.as_str().into())];
    let label = move || ui.say("why-seek", &args);
    view! {
        <li class="cause">
            <Badge actor />
            <div class="cause-body">
                <button type="button" class="cause-seek" aria-label=label on:click=seek>
                    <span class="cause-sentence">{sentence}</span>
                    <span class="cause-when">
                        {clock_text(at)}
                        {revision.map(|revision| format!(" · rev {revision}"))}
                    </span>
                </button>
                {source.map(|source| view! { <Line fact source /> })}
            </div>
        </li>
    }
}

/// The letter of a component in its colour.
#[component]
pub fn Badge(actor: Actor) -> impl IntoView {
    let Actor { letter, colour, name } = actor;
    view! { <span class="badge" style=format!("--who: var(--{colour})") title=name aria-hidden="true">{letter}</span> }
}

/// The person's own line of YAML.
#[component]
fn Line(fact: u64, source: Source) -> impl IntoView {
    let ui = Ui::get();
    let line = source.line;
    let show = move |_| {
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
    view! {
        <div class="cause-line">
            <p>{move || ui.say("why-line", &[("line", line.into())])}</p>
            <code>{source.text}</code>
            <button type="button" class="button" data-testid="show-line" on:click=show>{move || ui.text("why-show-line")}</button>
        </div>
    }
}
