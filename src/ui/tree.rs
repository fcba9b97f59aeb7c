//! The stage's twin: everything on it as a tree of texts that the keyboard and screen readers reach.
//!
//! One tab stop; arrows, Home and End move; Enter selects. The focus is drawn on the canvas too. The rows are made
//! from the view, so what is on the stage is here, however small it is drawn there. Of many rows only those are in the
//! document that can be seen, and some before and after them; each says which of how many it is.

mod rows;

pub use self::rows::name_of;

use self::rows::{Entry, OPEN, Row, entries};
use super::browser::{call, get, put};
use super::dom::{El, afterwards, el};
use super::handle::Ui;
use super::icons::{Icon, icon};
use super::select::Selection;
use crate::cluster::view::View;
use crate::sim::SortedSet;
use crate::ui::signal::{Memo, RwSignal};
use leptos::prelude::*;
use std::rc::Rc;
use std::time::Duration;
use web_sys::{Element, Event};

/// The tree of more ships is brought up to date this often.
const UNHURRIED: Duration = Duration::from_secs(1);
/// Up to so many rows, all are in the document.
const ALL: usize = 300;
/// So many of more: what can be seen of them, and some before and after.
const SOME: usize = 120;
/// They are exchanged when so many have passed.
const STEP: usize = 20;
/// How high a row is where nothing can be measured.
const ROW_PX: f64 = 30.0;

/// The tree's rows and which of them are in the document.
#[derive(Clone, Copy)]
struct Twin {
    ui: Ui,
    view: RwSignal<Rc<View>>,
    turned: RwSignal<SortedSet<String>>,
    entries: Memo<Vec<Entry>>,
    first: RwSignal<usize>,
}

impl Twin {
    /// From where to where rows are in the document, and how many there are.
    fn window(self) -> (usize, usize, usize) {
        let count = self.entries.with(Vec::len);
        if count <= ALL {
            return (0, count, count);
        }
        let first = self.first.get().min(count.saturating_sub(SOME));
        (first, first + SOME, count)
    }

    /// The rows that are in the document, with their places.
    fn rows(self) -> Vec<(usize, (usize, usize), Row)> {
        let (from, to, _) = self.window();
        let language = self.ui.language.get();
        self.view.with(|view| {
            self.entries.with(|all| {
                let within = all.iter().enumerate().take(to).skip(from);
                within
                    .filter(|(_, entry)| entry.is_in(view))
                    .map(|(at, entry)| (at, entry.place, entry.row(view, language)))
                    .collect()
            })
        })
    }

    /// A row by its place.
    fn row(self, at: usize) -> Option<Row> {
        let language = self.ui.language.get_untracked();
        let entry = self.entries.with_untracked(|all| all.get(at).cloned())?;
        self.view.with_untracked(|view| entry.is_in(view).then(|| entry.row(view, language)))
    }

    /// The place of a row by its id.
    fn place(self, id: &str) -> Option<usize> {
        let count = self.entries.with_untracked(Vec::len);
        // Mostly it is one of those that are to be seen.
        let (from, to, _) = untrack(|| self.window());
        let is_it = |at: &usize| self.row(*at).is_some_and(|row| row.id == id);
        (from..to).find(is_it).or_else(|| (0..count).find(is_it))
    }
}

/// The tree.
pub fn tree(ui: Ui) -> El {
    let turned = RwSignal::new(SortedSet::<String>::new());
    let view = unhurried(ui);
    let entries = Memo::new(move || view.with(|view| turned.with(|turned| entries(view, turned))));
    let twin = Twin { ui, view, turned, entries, first: RwSignal::new(0) };
    let shown = Memo::new(move || twin.rows());
    let current = move || ui.focused.get().filter(|id| shown.with(|rows| rows.iter().any(|(.., row)| row.id == *id)));
    let focus = move |_: &_| {
        if current().is_none() {
            ui.focused.set(twin.row(0).map(|row| row.id));
        }
    };
    // The rows that are not in the document leave their room.
    let room = move || {
        let (from, to, count) = twin.window();
        #[expect(clippy::cast_precision_loss, reason = "rows of a list")]
        let px = |rows: usize| rows as f64 * ROW_PX + 2.0;
        (count > ALL).then(|| format!("padding-block: {:.0}px {:.0}px", px(from), px(count - to)))
    };
    let made = el("ul", "tree")
        .attr("role", "tree")
        .attr("tabindex", "0")
        .attr("data-testid", "tree")
        .label(ui, "tree-label")
        .class_if("many", move || twin.window().2 > ALL)
        .bind("style", room)
        .bind("aria-activedescendant", move || current().map(|id| dom_id(&id)))
        .on("focus", focus)
        .on("blur", move |_| ui.focused.set(None));
    let list = made.node::<Element>();
    let ul = list.clone();
    afterwards(move || {
        // Whoever scrolls: the panel around it.
        let moved = wasm_bindgen::prelude::Closure::<dyn Fn()>::new({
            let list = ul.clone();
            move || scrolled(twin, &list)
        });
        if let Some(panel) = ul.closest(".guide").ok().flatten() {
            call(&panel, "addEventListener", &["scroll".into(), moved.into_js_value()]);
        }
    });
    made.on_as("keydown", move |event| key(twin, &list, event)).rows(
        move || shown.get(),
        |(_, place, row)| format!("{} {} {} {:?} {place:?}", row.id, row.name, row.status, row.open),
        move |(_, place, row)| tree_row(ui, (place, row), turned),
    )
}

/// The list's upper edge within what scrolls, how far that has been scrolled, and how high a row is.
fn measures(list: &Element) -> Option<(Element, f64, f64)> {
    let panel = list.closest(".guide").ok().flatten()?;
    let above = panel.get_bounding_client_rect().top() - list.get_bounding_client_rect().top();
    Some((panel, above, ROW_PX))
}

/// Brings those rows into the document that can be seen now.
fn scrolled(twin: Twin, list: &Element) {
    let Some((_, above, high)) = measures(list) else { return };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "rows of a list")]
    let first = ((above / high).max(0.0) as usize / STEP * STEP).saturating_sub(2 * STEP);
    if twin.first.try_get_untracked().is_some_and(|known| known != first) {
        twin.first.set(first);
    }
}

/// Brings a row into the document and into sight.
fn reveal(twin: Twin, list: &Element, at: usize) {
    let (from, to, count) = untrack(|| twin.window());
    if count > ALL
        && !(from..to).contains(&at)
        && let Some((panel, above, high)) = measures(list)
    {
        twin.first.set((at / STEP * STEP).saturating_sub(2 * STEP));
        #[expect(clippy::cast_precision_loss, reason = "rows of a list")]
        let top = get(&panel, "scrollTop").as_f64().unwrap_or(0.0) - above + (at as f64 - 3.0) * high;
        put(&panel, "scrollTop", &top.into());
    }
    let Some(row) = twin.row(at) else { return };
    twin.ui.focused.set(Some(row.id.clone()));
    // The rows come in the same breath, but after this.
    request_animation_frame(move || {
        if let Some(element) = document().get_element_by_id(&dom_id(&row.id)) {
            call(&element, "scrollIntoView", &[super::browser::object(&[("block", "nearest".into())])]);
        }
    });
}

/// The view; of a large cluster only now and then, because nobody reads a hundred rows sixty times a second.
fn unhurried(ui: Ui) -> RwSignal<Rc<View>> {
    let shown = RwSignal::new(ui.view.get_untracked());
    let due = StoredValue::new(false);
    afterwards(move || {
        let view = ui.view.get();
        if view.nodes.len() <= OPEN + 1 {
            shown.set(view);
        } else if !due.get_value() {
            due.set_value(true);
            let show = move || {
                due.set_value(false);
                shown.set(ui.view.get_untracked());
            };
            set_timeout(show, UNHURRIED);
        }
    });
    shown
}

fn dom_id(id: &str) -> String {
    format!("tree-{}", id.replace(['/', ' '], "-"))
}

fn tree_row(ui: Ui, ((place, of), row): ((usize, usize), Row), turned: RwSignal<SortedSet<String>>) -> El {
    let Row { level, id, name, status, tone, open, link } = row;
    let (dom, twist_id, focus_id, chosen) = (dom_id(&id), id.clone(), id.clone(), link.clone());
    let is_selected = move || ui.selected.with(|s| s.as_ref().is_some_and(|s| Some(s.write()) == chosen));
    let twist = move |event: &Event| {
        event.stop_propagation();
        turn(turned, &twist_id);
    };
    let take = move |_: &_| match &link {
        Some(link) => ui.select(Selection::read(link)),
        None => turn(turned, &id),
    };
    let made = el("li", if level == 1 { "tree-row top" } else { "tree-row" })
        .attr("role", "treeitem")
        .attr("id", &dom)
        .class_if("focus", move || ui.focused.with(|focused| focused.as_deref() == Some(focus_id.as_str())))
        .attr("aria-level", &level.to_string())
        .attr("aria-posinset", &place.to_string())
        .attr("aria-setsize", &of.to_string())
        .bind("aria-selected", move || is_selected().to_string())
        .on("click", take);
    let made = match open {
        Some(open) => made.attr("aria-expanded", if open { "true" } else { "false" }),
        None => made,
    };
    let sign = open.map(|open| icon(if open { Icon::Down } else { Icon::Right }));
    made.add(el("span", "twist").on("click", twist).all(sign))
        .add(el("span", tone.class()))
        .add(el("span", "tree-name").text(&name))
        .add(el("span", "tree-status").text(&status))
}

fn turn(turned: RwSignal<SortedSet<String>>, id: &str) {
    turned.update(|turned| {
        if !turned.remove(id) {
            turned.insert(id.to_owned());
        }
    });
}

fn key(twin: Twin, list: &Element, event: &web_sys::KeyboardEvent) {
    let (ui, turned) = (twin.ui, twin.turned);
    let count = twin.entries.with_untracked(Vec::len);
    let at = ui.focused.get_untracked().and_then(|id| twin.place(&id)).unwrap_or(0);
    let (Some(row), Some(end)) = (twin.row(at), count.checked_sub(1)) else { return };
    let level = |at: usize| twin.entries.with_untracked(|all| all.get(at).map_or(0, |entry| entry.level));
    let to = match event.key().as_str() {
        "ArrowDown" => Some((at + 1).min(end)),
        "ArrowUp" => Some(at.saturating_sub(1)),
        "Home" => Some(0),
        "End" => Some(end),
        "ArrowRight" if row.open == Some(true) => Some((at + 1).min(end)),
        "ArrowLeft" if row.open != Some(true) => (0..at).rev().find(|other| level(*other) < row.level),
        "ArrowRight" | "ArrowLeft" if row.open.is_some() => {
            turn(turned, &row.id);
            Some(at)
        }
        "Enter" | " " => {
            match &row.link {
                Some(link) => ui.select(Selection::read(link)),
                None => turn(turned, &row.id),
            }
            Some(at)
        }
        letter if letter.chars().count() == 1 && !event.ctrl_key() && !event.meta_key() => typed(twin, at, letter),
        _ => return,
    };
    event.prevent_default();
    if let Some(to) = to {
        reveal(twin, list, to);
    }
}

/// The next row whose name begins with a letter.
fn typed(twin: Twin, at: usize, letter: &str) -> Option<usize> {
    let letter = letter.to_ascii_lowercase();
    let count = twin.entries.with_untracked(Vec::len);
    let fits = |index: &usize| twin.row(*index).is_some_and(|row| row.name.to_ascii_lowercase().starts_with(&letter));
    (at + 1..count).chain(0..=at).find(fits)
}
