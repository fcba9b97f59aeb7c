//! What came of the manifest: kubectl's lines, what was refused, by which gate and why, and notices of the page.

use super::manifest::Reveal;
use super::moment;
use crate::cluster::fact::Gate;
use crate::inspect;
use crate::ui::answers::Problem;
use crate::ui::handle::Ui;
use crate::ui::icons::{Icon, icon};
use crate::ui::select::Selection;
use leptos::prelude::*;

/// The name of a gate.
const fn gate_key(gate: Gate) -> &'static str {
    match gate {
        Gate::Authentication => "gate-authentication",
        Gate::Authorization => "gate-authorization",
        Gate::Decoding => "gate-decoding",
        Gate::Mutating => "gate-mutating",
        Gate::Validation => "gate-validation",
        Gate::Validating => "gate-validating",
        Gate::Storage => "gate-storage",
    }
}

/// The list.
#[component]
pub fn Problems() -> impl IntoView {
    let ui = Ui::get();
    view! {
        <div class="problems" data-testid="problems" role="status" aria-label=move || ui.text("problems-label") tabindex="0">
            <Notices />
            {move || match ui.answers.get() {
                answers if answers.waiting => {
                    view! { <p class="quiet">{ui.text("problems-waiting")}</p> }.into_any()
                }
                answers => {
                    match answers.last {
                        None => view! { <p class="quiet">{ui.text("problems-empty")}</p> }.into_any(),
                        Some(outcome) => {
                            let refused = !outcome.problems.is_empty();
                            view! {
                                <ul class="lines">
                                    {outcome.lines.into_iter().map(|line| success(ui, line, outcome.dry_run)).collect_view()}
                                </ul>
                                <ul class="refusals">
                                    {outcome.problems.into_iter().map(|problem| refusal(ui, problem)).collect_view()}
                                </ul>
                                <Show when=move || refused>
                                    <p class="quiet">{ui.text("problems-nothing-stored")}</p>
                                </Show>
                            }
                                .into_any()
                        }
                    }
                }
            }}
        </div>
    }
}

/// Sentences about the page itself.
#[component]
fn Notices() -> impl IntoView {
    let ui = Ui::get();
    view! {
        <ul class="notices">
            {move || {
                ui.notices
                    .get()
                    .into_iter()
                    .map(|notice| view! { <li class="notice">{ui.say(notice.key, &notice.args)}</li> })
                    .collect_view()
            }}
        </ul>
    }
}

/// One of kubectl's lines; the name in it leads to what it names.
fn success(ui: Ui, line: String, dry_run: bool) -> impl IntoView {
    let (name, rest) = line.split_once(' ').map_or((line.as_str(), ""), |(name, rest)| (name, rest));
    let known = !dry_run && moment::read(ui, |shown| inspect::by_line(shown, name)).is_some();
    let words = if known {
        let (name, shown) = (name.to_owned(), name.to_owned());
        // Looked up when it is asked for: under this name there may be another object by then.
        let go = move |_| {
            if let Some(object) = moment::read(ui, |shown| inspect::by_line(shown, &name)) {
                ui.select(Some(Selection::Object(object)));
            }
        };
        view! { <button type="button" class="place" on:click=go>{shown}</button> }.into_any()
    } else {
        name.to_owned().into_any()
    };
    view! { <li class="line">{icon(Icon::Tick)} <code>{words} {format!(" {rest}")}</code></li> }
}

fn refusal(ui: Ui, problem: Problem) -> impl IntoView {
    let reveal = use_context::<Reveal>();
    let gate = match (problem.gate, problem.code) {
        (Some(gate), Some(code)) => {
            let gate = ui.text(gate_key(gate));
            ui.say("problem-gate", &[("gate", gate.into()), ("code", code.to_string().into())])
        }
        _ => ui.text("problem-kubectl"),
    };
    let place = problem.place.map(|at| {
        let text = ui.say("problem-place", &[("line", at.line.into()), ("column", at.column.into())]);
        let go = move |_| {
            if let Some(Reveal(reveal)) = reveal {
                reveal.run(at.line);
            }
        };
        view! { <button type="button" class="place" on:click=go>{text}</button> }
    });
    let field = (!problem.field.is_empty()).then(|| view! { <code class="field">{problem.field.clone()}</code> });
    view! {
        <li class="refusal">
            {icon(Icon::Refused)}
            <div>
                <p class="refusal-head"><strong>{gate}</strong> {place} {field}</p>
                <p class="refusal-message">{problem.message}</p>
            </div>
        </li>
    }
}
