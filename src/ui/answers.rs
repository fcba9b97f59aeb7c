//! What the server said to the manifest: read from the trace, never remembered beside it.

use super::handle::Ui;
use crate::api::Status;
use crate::api::manifest::{Position, locate};
use crate::cluster::fact::{Fact, Gate};
use crate::cluster::input::Input;
use crate::sim::{FactId, Record, Trace};

/// One thing that is wrong with a manifest.
#[derive(Clone, PartialEq, Debug)]
pub struct Problem {
    /// Where in the text, if it can be said.
    pub place: Option<Position>,
    /// The path of the field, empty if it is not about one.
    pub field: String,
    /// The words of the server or of kubectl.
    pub message: String,
    /// HTTP status code of the refusal; `None`: it was never sent.
    pub code: Option<u16>,
    /// The gate that refused it.
    pub gate: Option<Gate>,
    /// Whether it was only a warning.
    pub warning: bool,
}

/// What came of one Apply or dry run.
#[derive(Clone, PartialEq, Debug)]
pub struct Outcome {
    /// kubectl's lines for what was accepted.
    pub lines: Vec<String>,
    /// What was refused.
    pub problems: Vec<Problem>,
    /// Whether it was only asked.
    pub dry_run: bool,
    /// The text that was sent.
    pub text: String,
}

/// The last outcome.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Answers {
    seen: u64,
    /// An answer is on its way.
    pub waiting: bool,
    /// The last one.
    pub last: Option<Outcome>,
}

impl Answers {
    /// What was answered before this place is not the person's: the boot is over when he comes.
    #[must_use]
    pub fn new(head: u64) -> Self {
        Self { seen: head, ..Self::default() }
    }
}

/// Reads the facts that are new.
pub fn read(ui: Ui) {
    let head = ui.head.get_untracked();
    let from = ui.answers.with_untracked(|answers| answers.seen.min(head));
    let outcome = ui.read(|session| {
        let trace = session.trace();
        trace.range(from, head).rev().find_map(|record| outcome(trace, record))
    });
    let same = outcome.is_none();
    let note = |answers: &mut Answers| {
        answers.seen = head;
        if let Some(outcome) = outcome {
            answers.waiting = false;
            answers.last = Some(outcome);
        }
    };
    if same {
        ui.answers.update_untracked(note);
    } else {
        ui.answers.update(note);
    }
}

fn outcome(trace: &Trace<Fact>, record: &Record<Fact>) -> Option<Outcome> {
    let Fact::Answer { lines, refused, warned, dry_run } = &record.fact else { return None };
    let (origin, text) = trace.causes(record.id).find_map(|cause| match &cause.fact {
        Fact::Input(input) => match &**input {
            Input::Apply { text, .. } => Some((cause.id, text.clone())),
            _ => None,
        },
        _ => None,
    })?;
    let of = |(document, status): &(usize, std::rc::Rc<Status>)| {
        problems(&text, *document, status, gate(trace, origin, record.id, status))
    };
    let warnings = warned.iter().map(|(document, message)| {
        let (field, message) = (field_in(message).unwrap_or_default(), message.to_string());
        let place = locate(&text, *document, &field).or_else(|| locate(&text, *document, ""));
        Problem { place, field, message, code: None, gate: None, warning: true }
    });
    let problems = refused.iter().flat_map(of).chain(warnings).collect();
    let lines = lines.iter().map(ToString::to_string).collect();
    Some(Outcome { lines, problems, dry_run: *dry_run, text })
}

/// The gate that refused a request of this input with this status.
fn gate(trace: &Trace<Fact>, origin: FactId, end: FactId, status: &Status) -> Option<Gate> {
    trace.range(origin.0, end.0).find_map(|record| match &record.fact {
        Fact::Gate { gate, refused: Some(refused), .. } if **refused == *status => Some(*gate),
        _ => None,
    })
}

/// One problem for each field that a status names, or one for the status as a whole.
fn problems(text: &str, document: usize, status: &Status, gate: Option<Gate>) -> Vec<Problem> {
    let code = gate.map(|_| status.code);
    let whole = || locate(text, document, "");
    let causes = status.details.as_ref().map_or(&[][..], |details| &details.causes);
    if causes.is_empty() {
        // The strict decoder names its fields only in its words.
        let field = field_in(&status.message).unwrap_or_default();
        let place = locate(text, document, &field).or_else(whole);
        return vec![Problem { place, field, message: status.message.clone(), code, gate, warning: false }];
    }
    let problem = |field: &str, message: &str| {
        let place = locate(text, document, field).or_else(whole);
        Problem { place, field: field.to_owned(), message: message.to_owned(), code, gate, warning: false }
    };
    causes.iter().map(|cause| problem(&cause.field, &cause.message)).collect()
}

/// The field at the beginning of a warning, or of `unknown field "spec.replica"`, of `Go struct field DeploymentSpec.spec.replicas of type int32` and
/// their like.
fn field_in(message: &str) -> Option<String> {
    if let Some((_, typed)) = message.split_once("Go struct field ") {
        return Some(typed.split_once('.')?.1.split_once(' ')?.0.to_owned());
    }
    // Warnings begin with it: `spec.template.spec.containers[0].env[1]: hides …`.
    if let Some((path, _)) = message.split_once(": ")
        && ["spec.", "metadata.", "webhooks["].iter().any(|start| path.starts_with(start))
        && !path.contains(' ')
    {
        return Some(path.to_owned());
    }
    let rest = ["unknown field \"", "duplicate field \""].iter().find_map(|start| message.split_once(start))?.1;
    rest.split_once('"').map(|(field, _)| field.to_owned())
}
