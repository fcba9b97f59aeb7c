//! The guide: what this is, a question that one click answers, things to try, and everything on the stage as a tree.

use crate::examples;
use crate::ui::dom::{El, button, el};
use crate::ui::handle::{Tab, Ui};
use crate::ui::icons::{Icon, icon};
use crate::ui::tour;
use crate::ui::tree::tree;

/// More to try: the example, what to look for.
const TRY: &[(&str, &str, &str)] =
    &[("broken", "try-broken", "try-broken-look"), ("crash-loop", "try-crash-loop", "try-crash-loop-look")];

/// The guide.
pub fn guide(ui: Ui) -> El {
    let go = move |name: &str| {
        if let Some(example) = examples::find(name) {
            ui.show_example(example);
            super::manifest::apply(ui, false);
            if ui.phone.get_untracked() {
                ui.tab.set(Tab::Manifest);
            }
        }
    };
    let tries = TRY.iter().map(|(name, title, look)| {
        let button = button("try", move || go(name))
            .attr("data-testid", &format!("try-{name}"))
            .add(el("span", "try-icon").add(icon(Icon::Play)))
            .add(el("span", "try-title").word(ui, title))
            .add(el("span", "try-look").word(ui, look));
        el("li", "").add(button)
    });
    let tour = button("try", move || tour::start(ui))
        .attr("data-testid", "tour-start")
        .add(el("span", "try-icon").add(icon(Icon::Play)))
        .add(el("span", "try-title").word(ui, "tour-title"))
        .add(el("span", "try-look").word(ui, "tour-hint"));
    let tries = std::iter::once(el("li", "").add(tour)).chain(tries);
    let answer = button("button primary", move || go("deployment")).attr("data-testid", "try-deployment");
    let ask = el("div", "ask")
        .attr("data-testid", "ask")
        .add(el("h3", "").word(ui, "guide-ask"))
        .add(answer.add(icon(Icon::Play)).add(el("span", "").word(ui, "try-deployment")));
    let welcome = el("section", "welcome")
        .add(el("h2", "").word(ui, "guide-title"))
        .add(el("p", "").word(ui, "guide-text"))
        .add(ask)
        .add(el("h3", "").word(ui, "guide-try"))
        .add(el("ol", "tries").all(tries));
    let objects =
        el("section", "objects").attr("data-testid", "twin").add(el("h3", "").word(ui, "tree-title")).add(tree(ui));
    el("aside", "guide")
        .attr("id", "panel-guide")
        .attr("role", "region")
        .label(ui, "guide-label")
        .add(welcome)
        .add(objects)
}
