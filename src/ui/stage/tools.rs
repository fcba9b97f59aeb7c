//! What is beside the picture: search, what colours stand for, whose words label it, the way aboard a ship.

use crate::scene::Dial;
use crate::scene::colours::Colours;
use crate::scene::gallery;
use crate::ui::dom::{El, afterwards, button, canvas, el};
use crate::ui::gallery::show;
use crate::ui::handle::Ui;
use crate::ui::icons::{Icon, icon};
use crate::ui::select::Selection;
use crate::ui::sight;
use leptos::prelude::*;
use web_sys::{HtmlElement, KeyboardEvent};

/// What colours can stand for, as in the catalogue; behind the first hyphen their names.
const COLOURS: &[&str] = &["colours-workload", "colours-namespace", "colours-pool", "colours-status", "colours-load"];
/// Whose words can label the harbour, the same way.
const LABELS: &[&str] = &["labels-mode-harbour", "labels-mode-both", "labels-mode-k8s"];

/// The button that opens the panel.
pub fn toggle(ui: Ui) -> El {
    let open = ui.sight.open;
    button("", move || open.update(|open| *open = !*open))
        .attr("data-testid", "view-tools")
        .attr("aria-controls", "view-tools")
        .bind("aria-expanded", move || open.get().to_string())
        .named(ui, "title", "view-tools")
        .add(icon(Icon::Search))
        .add(el("span", "visually-hidden").word(ui, "view-tools"))
}

/// The panel.
pub fn panel(ui: Ui) -> El {
    el("div", "").when(move || ui.sight.open.get(), move || content(ui))
}

#[inline(never)]
fn content(ui: Ui) -> El {
    let close = move |event: &KeyboardEvent| {
        if event.key() == "Escape" {
            event.stop_propagation();
            ui.sight.open.set(false);
        }
    };
    el("div", "view-tools")
        .attr("id", "view-tools")
        .attr("role", "group")
        .label(ui, "view-tools")
        .on_as("keydown", close)
        .add(search(ui))
        .add(menu(ui, "colours", COLOURS, colours(ui)))
        .add(menu(ui, "labels-mode", LABELS, dial(ui)))
        .part(move || legend(ui))
}

fn search(ui: Ui) -> El {
    let field = el("input", "field")
        .attr("type", "search")
        .attr("data-testid", "search")
        .attr("spellcheck", "false")
        .attr("autocapitalize", "off")
        .attr("placeholder", "web  app=web  status=crash")
        .value(move || ui.sight.search.get())
        .on("input", move |event| ui.sight.search.set(event_target_value(event)));
    let element = field.node::<HtmlElement>();
    afterwards(move || {
        let _ = element.focus();
    });
    el("label", "")
        .add(el("span", "").word(ui, "search"))
        .add(field)
        .add(el("span", "quiet").attr("role", "status").words(move || sight::told(ui)))
}

/// A menu: how the present choice is called, and how another is made.
type Choice = (Box<dyn Fn() -> &'static str>, Box<dyn Fn(&str)>);

fn colours(ui: Ui) -> Choice {
    let choose = move |name: &str| {
        if let Some((_, colours)) = Colours::ALL.iter().find(|(known, _)| *known == name) {
            ui.sight.colours.set(*colours);
        }
    };
    (Box::new(move || ui.sight.colours.get().name()), Box::new(choose))
}

fn dial(ui: Ui) -> Choice {
    let name = move || Dial::ALL.iter().find(|(_, dial)| *dial == ui.sight.dial.get()).map_or("", |(name, _)| *name);
    let choose = move |name: &str| {
        if let Some((_, dial)) = Dial::ALL.iter().find(|(known, _)| *known == name) {
            ui.sight.dial.set(*dial);
        }
    };
    (Box::new(name), Box::new(choose))
}

fn menu(ui: Ui, key: &'static str, keys: &[&'static str], (chosen, choose): Choice) -> El {
    let option = |text: &&'static str| {
        let name = text.rsplit('-').next().unwrap_or_default();
        el("option", "").attr("value", name).word(ui, text)
    };
    let menu = el("select", "button")
        .attr("data-testid", key)
        .all(keys.iter().map(option))
        .value(move || chosen().to_owned())
        .on("change", move |event| choose(&event_target_value(event)));
    el("label", "").add(el("span", "").word(ui, key)).add(menu)
}

/// What the colours mean just now.
fn legend(ui: Ui) -> Option<El> {
    let colours = ui.sight.colours.get();
    let rows = ui.view.with(|view| sight::groups(ui, view).legend(view));
    let name = move |text: &str| {
        let fixed = matches!(colours, Colours::Status | Colours::Load);
        if fixed { ui.text(text) } else { text.to_owned() }
    };
    let row = |(hue, text): &(usize, String)| {
        let swatch = canvas("swatch");
        show(&swatch.node(), &gallery::swatch(*hue), ui.theme.get(), window().device_pixel_ratio().clamp(1.0, 3.0));
        el("li", "").add(swatch).text(&name(text))
    };
    (!rows.is_empty()).then(|| el("ul", "legend").all(rows.iter().take(16).map(row)))
}

/// The way aboard the ship that is selected, and back.
pub fn aboard(ui: Ui) -> El {
    let deck = ui.sight.deck;
    let leave = move || button("button", move || deck.set(None)).attr("data-testid", "ashore").word(ui, "ashore");
    let go = move || {
        let ship = sight::ship_of(ui)?;
        if deck.with(|deck| deck.as_ref() == Some(&ship)) {
            return None;
        }
        let name = ship.to_string();
        let board = move || {
            deck.set(Some(ship.clone()));
            if ui.selected.with_untracked(Option::is_none) {
                ui.select(Some(Selection::node(&ship)));
            }
        };
        let text = move || ui.say("aboard", &[("node", name.as_str().into())]);
        Some(button("button", board).attr("data-testid", "aboard").words(text))
    };
    el("div", "aboard").when(move || deck.with(Option::is_some), leave).part(go)
}
