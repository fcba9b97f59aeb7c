//! An attempt as Markdown, for notes and questions, and as CSV, for tables. All nodes, in the scheduler's own words.

use super::matrix::{self, Answer, Group, Matrix};
use crate::cluster::fact::{Attempt, AttemptResult};
use crate::inspect::Shown;
use std::fmt::Write;

/// The whole attempt as Markdown.
#[must_use]
pub fn markdown(shown: &Shown, attempt: &Attempt) -> String {
    let matrix = matrix::limited(shown, attempt, usize::MAX);
    let number = shown.text("sched-number", &[("number", i64::from(attempt.number).into())]);
    let mut text = format!("### {} · {number}\n\n", attempt.pod.key);
    let _ = writeln!(text, "- {}: `{}`", shown.text("sched-woken", &[]), attempt.woken_by);
    let result = match &attempt.result {
        AttemptResult::Chosen(node) => format!("**{node}**"),
        AttemptResult::Unschedulable => attempt.message.to_string(),
        AttemptResult::Error(error) => error.to_string(),
    };
    let _ = writeln!(text, "- {}: {result}", shown.text("sched-result", &[]));
    for candidate in &attempt.candidates {
        let victims: Vec<String> = candidate.victims.iter().map(|victim| victim.key.to_string()).collect();
        let title = shown.text("sched-preemption", &[]);
        let _ = writeln!(text, "- {title}: {} ({})", candidate.node, victims.join(", "));
    }
    text.push('\n');
    let head = matrix.columns.iter().map(|column| match column.weight {
        Some(weight) => format!("{} × {weight}", column.name),
        None => column.name.clone(),
    });
    let head: Vec<String> = std::iter::once(shown.text("lack-node", &[])).chain(head).collect();
    line(&mut text, &head);
    line(&mut text, &vec!["---".to_owned(); head.len()]);
    for row in &matrix.rows {
        let name = if row.wins { format!("**{}**", row.node) } else { row.node.clone() };
        let cells = row.cells.iter().map(|cell| matrix::short(&cell.answer).replace('|', "\\|"));
        line(&mut text, &std::iter::once(name).chain(cells).collect::<Vec<_>>());
    }
    text
}

fn line(text: &mut String, cells: &[String]) {
    let _ = writeln!(text, "| {} |", cells.join(" | "));
}

/// The matrix as CSV (RFC 4180), one column for each number.
#[must_use]
pub fn csv(shown: &Shown, attempt: &Attempt) -> String {
    let matrix = matrix::limited(shown, attempt, usize::MAX);
    let mut text = String::new();
    record(&mut text, &csv_head(&matrix));
    for row in &matrix.rows {
        let mut fields = vec![row.node.clone(), row.wins.to_string()];
        for (cell, column) in row.cells.iter().zip(&matrix.columns) {
            match (&cell.answer, column.group) {
                (Answer::Passes, _) => fields.push("passed".to_owned()),
                (Answer::Refuses(reason), _) => fields.push(reason.clone()),
                (Answer::Points(raw, normal, weight), _) => {
                    fields.extend([raw, normal, weight, &(normal * weight)].map(ToString::to_string));
                }
                (Answer::Sum(sum), _) => fields.push(sum.to_string()),
                (Answer::Silent, Group::Score) => fields.extend(std::iter::repeat_n(String::new(), 4)),
                (Answer::Silent, _) => fields.push(String::new()),
            }
        }
        record(&mut text, &fields);
    }
    text
}

fn csv_head(matrix: &Matrix) -> Vec<String> {
    let mut head = vec!["node".to_owned(), "chosen".to_owned()];
    for column in &matrix.columns {
        match column.group {
            Group::Filter => head.push(column.name.clone()),
            Group::Score => {
                let parts = ["raw", "normalized", "weight", "weighted"];
                head.extend(parts.map(|part| format!("{} {part}", column.name)));
            }
            Group::Total => head.push("total".to_owned()),
        }
    }
    head
}

fn record(text: &mut String, fields: &[String]) {
    let quoted = |field: &String| {
        if field.contains([',', '"', '\n', '\r']) {
            format!("\"{}\"", field.replace('"', "\"\""))
        } else {
            field.clone()
        }
    };
    *text += &fields.iter().map(quoted).collect::<Vec<_>>().join(",");
    *text += "\r\n";
}
