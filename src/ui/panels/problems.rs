//! What came of the manifest: kubectl's lines, what was refused, by which gate and why.

use super::moment;
use crate::cluster::fact::Gate;
use crate::inspect;
use crate::ui::answers::Problem;
use crate::ui::dom::{El, button, el};
use crate::ui::editor::Editor;
use crate::ui::handle::Ui;
use crate::ui::icons::{Icon, icon};
use crate::ui::select::Selection;
use crate::ui::signal::RwSignal;

/// The key of a gate's name.
pub const fn gate_key(gate: Gate) -> &'static str {
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
pub fn problems(ui: Ui, editor: RwSignal<Option<Editor>>) -> El {
    let quiet = move |key| el("p", "quiet").text(&ui.text(key));
    let content = move || {
        let answers = ui.answers.get();
        let outcome = match answers.last {
            _ if answers.waiting => return vec![quiet("problems-waiting")],
            None => return vec![quiet("problems-empty")],
            Some(outcome) => outcome,
        };
        let hint = outcome.problems.iter().any(|problem| !problem.warning).then(|| quiet("problems-nothing-stored"));
        let lines = el("ul", "lines").all(outcome.lines.iter().map(|line| success(ui, line, outcome.dry_run)));
        let refusals = outcome.problems.iter().map(|problem| refusal(ui, problem, editor));
        [lines, el("ul", "refusals").all(refusals)].into_iter().chain(hint).collect()
    };
    el("div", "problems")
        .attr("data-testid", "problems")
        .attr("role", "status")
        .label(ui, "problems-label")
        .attr("tabindex", "0")
        .part(content)
}

/// One of kubectl's lines; the name in it leads to what it names.
fn success(ui: Ui, line: &str, dry_run: bool) -> El {
    let (name, rest) = line.split_once(' ').unwrap_or((line, ""));
    let known = !dry_run && moment::read(ui, |shown| inspect::by_line(shown, name)).is_some();
    let code = if known {
        let key = name.to_owned();
        // Looked up when it is asked for: under this name there may be another object by then.
        let go = move || {
            if let Some(object) = moment::read(ui, |shown| inspect::by_line(shown, &key)) {
                ui.select(Some(Selection::Object(object)));
            }
        };
        el("code", "").add(button("place", go).text(name))
    } else {
        el("code", "").text(name)
    };
    el("li", "line").add(icon(Icon::Tick)).add(code.text(&format!(" {rest}")))
}

fn refusal(ui: Ui, problem: &Problem, editor: RwSignal<Option<Editor>>) -> El {
    let gate = match (problem.gate, problem.code) {
        (Some(gate), Some(code)) => {
            let gate = ui.text(gate_key(gate));
            ui.say("problem-gate", &[("gate", gate.into()), ("code", code.to_string().into())])
        }
        _ => ui.text(if problem.warning { "problem-warning" } else { "problem-kubectl" }),
    };
    let place = problem.place.map(|at| {
        let text = ui.say("problem-place", &[("line", at.line.into()), ("column", at.column.into())]);
        let go = move || {
            editor.with_untracked(|editor| {
                if let Some(editor) = editor {
                    editor.reveal(at.line);
                }
            });
        };
        button("place", go).text(&text)
    });
    let field = (!problem.field.is_empty()).then(|| el("code", "field").text(&problem.field));
    let head = el("p", "refusal-head").add(el("strong", "").text(&gate)).all(place).all(field);
    let message = el("p", "refusal-message").text(&problem.message);
    let class = if problem.warning { "refusal warned" } else { "refusal" };
    let sign = icon(if problem.warning { Icon::Alert } else { Icon::Refused });
    el("li", class).add(sign).add(el("div", "").add(head).add(message))
}
