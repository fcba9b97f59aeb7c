//! Nodes × plugins: every verdict and every score of an attempt.

use super::{Shown, natural, plugin};
use crate::cluster::fact::{Attempt, AttemptResult, NodeAnswer, Refusal};
use crate::inspect::lack::in_words;
use crate::sim::Order;
use std::cmp::Reverse;

/// Up to so many nodes, all are shown;
pub const FEW: usize = 50;
/// of more, the best so many.
pub const TOP: usize = 20;

/// What a column is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Group {
    /// A filter's verdicts.
    Filter,
    /// A scorer's points.
    Score,
    /// The sum of the points.
    Total,
}

/// A column.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Column {
    /// What it is about.
    pub group: Group,
    /// The plugin, or what the sum is called.
    pub name: String,
    /// What the plugin does, in one sentence.
    pub meaning: String,
    /// How much its points weigh.
    pub weight: Option<i64>,
}

/// What a cell says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// The filter lets the node pass.
    Passes,
    /// It does not, for this reason.
    Refuses(String),
    /// It was not asked any more, or there was nothing to rate.
    Silent,
    /// Raw and normalised score, weight.
    Points(i64, i64, i64),
    /// The sum of all points.
    Sum(i64),
}

/// A cell.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cell {
    /// What it says.
    pub answer: Answer,
    /// In words, complete.
    pub words: String,
    /// What it said before something was changed in thought, if that was something else (empty: nothing).
    pub before: Option<String>,
}

/// A row.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    /// The node.
    pub node: String,
    /// Whether it was chosen.
    pub wins: bool,
    /// Whether it passed all filters.
    pub feasible: bool,
    /// One for each column.
    pub cells: Vec<Cell>,
}

/// The matrix.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Matrix {
    /// Filters, then scorers, then the sum.
    pub columns: Vec<Column>,
    /// The winner, then feasible nodes by their points, then the others by name.
    pub rows: Vec<Row>,
    /// So many nodes are not shown.
    pub more: usize,
}

/// The matrix of an attempt, as it is shown.
#[must_use]
pub fn of(shown: &Shown, attempt: &Attempt) -> Matrix {
    let nodes = attempt.nodes.len();
    limited(shown, attempt, if nodes > FEW { TOP } else { nodes })
}

/// The matrix of an attempt with at most so many rows.
#[must_use]
pub fn limited(shown: &Shown, attempt: &Attempt, most: usize) -> Matrix {
    let mut answers: Vec<&NodeAnswer> = attempt.nodes.iter().collect();
    let wins = |answer: &NodeAnswer| matches!(&attempt.result, AttemptResult::Chosen(node) if *node == answer.node);
    answers.order_by_key(|answer| {
        (!wins(answer), answer.refused.is_some(), Reverse(answer.rating.total), natural(&answer.node))
    });
    let columns = columns(shown, attempt);
    let row = |answer: &&NodeAnswer| Row {
        node: answer.node.to_string(),
        wins: wins(answer),
        feasible: answer.refused.is_none(),
        cells: columns.iter().map(|column| cell(shown, attempt, answer, column)).collect(),
    };
    let rows = answers.iter().take(most).map(row).collect();
    Matrix { rows, more: answers.len().saturating_sub(most), columns }
}

fn columns(shown: &Shown, attempt: &Attempt) -> Vec<Column> {
    let column = |group: Group, name: &str, weight: Option<i64>| Column {
        group,
        name: name.to_owned(),
        meaning: plugin(shown, name),
        weight,
    };
    let refused = attempt.nodes.iter().filter_map(|answer| answer.refused.as_ref());
    // Nodes that a plugin had ruled out before they were asked about.
    let early = refused.map(|refusal| refusal.plugin).find(|plugin| !attempt.filters.contains(plugin));
    let filters = early.iter().chain(attempt.filters.iter()).map(|name| column(Group::Filter, name, None));
    let scorers = attempt.scorers.iter().map(|(name, weight)| column(Group::Score, name, Some(*weight)));
    let mut columns: Vec<Column> = filters.chain(scorers).collect();
    if !attempt.scorers.is_empty() {
        let (name, meaning) = (shown.text("sched-total", &[]), shown.text("sched-total-meaning", &[]));
        columns.push(Column { group: Group::Total, name, meaning, weight: None });
    }
    columns
}

fn cell(shown: &Shown, attempt: &Attempt, node: &NodeAnswer, column: &Column) -> Cell {
    let answer = match column.group {
        Group::Filter => verdict(attempt, node.refused.as_deref(), &column.name),
        Group::Score => {
            let place = attempt.scorers.iter().position(|(name, _)| *name == column.name);
            let scores = place.and_then(|place| Some((node.rating.scores.get(place)?, attempt.scorers[place].1)));
            scores.map_or(Answer::Silent, |((raw, normal), weight)| Answer::Points(*raw, *normal, weight))
        }
        Group::Total if node.refused.is_none() => Answer::Sum(node.rating.total),
        Group::Total => Answer::Silent,
    };
    Cell { words: words(shown, &answer), answer, before: None }
}

fn verdict(attempt: &Attempt, refused: Option<&Refusal>, plugin: &str) -> Answer {
    let Some(refused) = refused else { return Answer::Passes };
    if refused.plugin == plugin {
        return Answer::Refuses(refused.reasons.join(", "));
    }
    let place = |name: &str| attempt.filters.iter().position(|filter| *filter == name);
    match (place(plugin), place(refused.plugin)) {
        (Some(own), Some(no)) if own < no => Answer::Passes,
        _ => Answer::Silent,
    }
}

fn words(shown: &Shown, answer: &Answer) -> String {
    match answer {
        Answer::Passes => shown.text("sched-passes", &[]),
        Answer::Refuses(reason) => {
            let parts: Vec<String> = reason.split(", ").map(|part| in_words(shown, part)).collect();
            parts.join(", ")
        }
        Answer::Silent => shown.text("sched-silent", &[]),
        Answer::Points(raw, normal, weight) => {
            let (points, weight) = ((normal * weight).into(), (*weight).into());
            let args =
                [("raw", raw.to_string().into()), ("normal", (*normal).into()), ("weight", weight), ("points", points)];
            shown.text("sched-points", &args)
        }
        Answer::Sum(sum) => sum.to_string(),
    }
}

/// A cell in one short text, the same in every language.
#[must_use]
pub fn short(answer: &Answer) -> String {
    match answer {
        Answer::Passes => "✓".to_owned(),
        Answer::Refuses(reason) => format!("✕ {reason}"),
        Answer::Silent => "–".to_owned(),
        Answer::Points(raw, normal, weight) => format!("{raw} → {normal} × {weight} = {}", normal * weight),
        Answer::Sum(sum) => sum.to_string(),
    }
}

/// Marks in the new matrix what is not as it was in the old one. How many cells that are.
pub fn compare(old: &Matrix, new: &mut Matrix) -> usize {
    let mut count = 0;
    for row in &mut new.rows {
        let before = old.rows.iter().find(|other| other.node == row.node);
        for (cell, column) in row.cells.iter_mut().zip(&new.columns) {
            let same = |other: &Column| other.group == column.group && other.name == column.name;
            let place = old.columns.iter().position(same);
            let was = place.zip(before).and_then(|(place, row)| row.cells.get(place));
            let changed = was.map_or(cell.answer != Answer::Silent, |was| was.answer != cell.answer);
            if changed {
                cell.before = Some(was.map_or_else(String::new, before_in_words));
                count += 1;
            }
        }
    }
    count
}

/// Empty: nothing had been said.
fn before_in_words(was: &Cell) -> String {
    match &was.answer {
        Answer::Silent => String::new(),
        Answer::Points(_, normal, weight) => (normal * weight).to_string(),
        Answer::Passes | Answer::Refuses(_) | Answer::Sum(_) => was.words.clone(),
    }
}
