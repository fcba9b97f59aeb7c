//! The matrix as a grid: one tab stop; arrows, Home and End move from cell to cell.

use crate::inspect::scheduling::matrix::{Answer, Cell, Column, Group, Matrix, Row};
use crate::ui::browser;
use crate::ui::dom::{El, el};
use crate::ui::handle::Ui;
use crate::ui::icons::{Icon, icon};
use wasm_bindgen::JsCast;
use web_sys::{Element, KeyboardEvent};

/// Which matrix it is.
#[derive(Clone, Copy)]
pub(super) struct Grid {
    /// For tests.
    pub id: &'static str,
    /// Its name.
    pub title: &'static str,
}

/// The grid.
pub(super) fn grid(ui: Ui, matrix: &Matrix, what: Grid) -> El {
    let count = |group: Group| matrix.columns.iter().filter(|column| column.group == group).count();
    let groups = [(Group::Filter, "sched-filters"), (Group::Score, "sched-scores")].map(|(group, key)| {
        (count(group) > 0)
            .then(|| el("th", "").attr("scope", "colgroup").attr("colspan", &count(group).to_string()).word(ui, key))
    });
    let groups =
        el("tr", "sched-groups").attr("role", "presentation").add(el("td", "")).all(groups.into_iter().flatten());
    let corner = el("th", "").attr("scope", "col").attr("tabindex", "0").word(ui, "lack-node");
    let head = el("tr", "").add(corner).all(matrix.columns.iter().map(|column| heading(ui, column)));
    let table = el("table", "matrix")
        .attr("role", "grid")
        .attr("data-testid", what.id)
        .label(ui, what.title)
        .attr("aria-describedby", "sched-keys")
        .add(el("thead", "").add(groups).add(head))
        .add(el("tbody", "").all(matrix.rows.iter().map(|r| row(ui, matrix, r))))
        .on_as("keydown", key);
    el("div", "sched-scroll")
        .attr("id", what.id)
        .add(table)
        .add(el("p", "visually-hidden").attr("id", "sched-keys").word(ui, "sched-keys"))
}

fn heading(ui: Ui, column: &Column) -> El {
    let mut name = el("span", "sched-name");
    // A long name breaks between its words.
    let mut start = 0;
    for (place, letter) in column.name.char_indices().skip(1) {
        if letter.is_ascii_uppercase() && column.name[..place].ends_with(|c: char| c.is_ascii_lowercase()) {
            name = name.text(&column.name[start..place]).add(el("wbr", ""));
            start = place;
        }
    }
    let name = name.text(&column.name[start..]);
    let weight = column
        .weight
        .map(|weight| el("span", "sched-weight").text(&ui.say("sched-weight", &[("weight", weight.into())])));
    let class = match column.group {
        Group::Filter => "of-filter",
        Group::Score => "of-score",
        Group::Total => "of-total",
    };
    el("th", class).attr("scope", "col").attr("tabindex", "-1").attr("title", &column.meaning).add(name).all(weight)
}

fn row(ui: Ui, matrix: &Matrix, row: &Row) -> El {
    let class = match (row.wins, row.feasible) {
        (true, _) => "wins",
        (false, true) => "",
        (false, false) => "refused",
    };
    let wins = row.wins.then(|| el("span", "sched-wins").word(ui, "sched-wins"));
    let name = el("th", "").attr("scope", "row").attr("tabindex", "-1").add(el("span", "").text(&row.node)).all(wins);
    let cells = row.cells.iter().zip(&matrix.columns).map(|(c, column)| cell(ui, c, column));
    el("tr", class).add(name).all(cells)
}

fn cell(ui: Ui, cell: &Cell, column: &Column) -> El {
    let hidden = || el("span", "visually-hidden").text(&cell.words);
    let shown = match &cell.answer {
        Answer::Passes => el("td", "passes").add(icon(Icon::Tick)).add(hidden()),
        Answer::Refuses(reason) => {
            let words = el("span", "").text(&cell.words);
            el("td", "refuses").attr("title", reason).add(icon(Icon::Refused)).add(words)
        }
        Answer::Silent => el("td", "silent").add(el("span", "").attr("aria-hidden", "true").text("–")).add(hidden()),
        Answer::Points(raw, normal, weight) => {
            let points = el("span", "points").attr("aria-hidden", "true").text(&(normal * weight).to_string());
            let how = el("span", "how").attr("aria-hidden", "true").text(&format!("{raw} → {normal} × {weight}"));
            el("td", "scored").attr("style", &format!("--score: {normal}")).add(points).add(how).add(hidden())
        }
        Answer::Sum(sum) => el("td", "sum").text(&sum.to_string()),
    };
    let differs = cell.before.is_some();
    let before = cell.before.as_ref().filter(|before| !before.is_empty());
    let before =
        before.map(|before| el("span", "before").text(&ui.say("sched-before", &[("before", before.as_str().into())])));
    let last = if column.group == Group::Total { " of-total" } else { "" };
    let element: Element = shown.node();
    let class = format!("{}{last}{}", element.class_name(), if differs { " differs" } else { "" });
    shown.attr("class", &class).attr("tabindex", "-1").all(before)
}

/// Moves the focus within the grid.
fn key(event: &KeyboardEvent) {
    let Some(cell) = event.target().and_then(|target| target.dyn_into::<Element>().ok()) else { return };
    let (Ok(Some(cell)), Ok(Some(grid))) = (cell.closest("th, td"), cell.closest("table")) else { return };
    let Ok(rows) = grid.query_selector_all("tr:not(.sched-groups)") else { return };
    let rows: Vec<Element> = (0..rows.length()).filter_map(|i| rows.get(i)?.dyn_into().ok()).collect();
    let Some(y) = rows.iter().position(|row| row.contains(Some(&cell))) else { return };
    let x = std::iter::successors(cell.previous_element_sibling(), Element::previous_element_sibling).count();
    let (right, bottom) = (rows[y].child_element_count().saturating_sub(1) as usize, rows.len() - 1);
    let (x, y) = match (event.key().as_str(), event.ctrl_key()) {
        ("ArrowLeft", _) => (x.saturating_sub(1), y),
        ("ArrowRight", _) => ((x + 1).min(right), y),
        ("ArrowUp", _) => (x, y.saturating_sub(1)),
        ("ArrowDown", _) => (x, (y + 1).min(bottom)),
        ("Home", false) => (0, y),
        ("End", false) => (right, y),
        ("Home", true) => (0, 0),
        ("End", true) => (right, bottom),
        _ => return,
    };
    event.prevent_default();
    event.stop_propagation();
    let next = u32::try_from(x).ok().and_then(|x| rows[y].children().item(x));
    if let Some(next) = next {
        let _ = cell.set_attribute("tabindex", "-1");
        let _ = next.set_attribute("tabindex", "0");
        browser::call(&next, "focus", &[]);
    }
}
