//! What a real server said to public manifests: `kubectl create --dry-run=server` in a cluster that has all namespaces.

use super::client::{self, Command, Trouble};
use super::server::Server;
use super::words;
use super::{Case, Recognised, Source, Verdict};
use crate::api::manifest;
use serde_json::Value;
use std::path::Path;

/// A line of `verdicts.jsonl`.
pub fn verdict<'a>(value: &'a Value, source: Source<'a>) -> Option<Recognised<'a>> {
    let file = value["file"].as_str()?;
    let (_, _) = (value["exit"].as_i64()?, value["stderr"].as_array()?);
    let Some(corpus) = source.corpus else {
        return Some(Recognised::NotRun("verdicts of a corpus: name its folder with --corpus DIR"));
    };
    let run = Box::new(move || run(value, &corpus.join(file)));
    Some(Recognised::Cases(vec![Case { name: file.to_owned(), run }]))
}

fn run(verdict: &Value, path: &Path) -> Verdict {
    let text = match std::fs::read(path) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) => return Verdict::Failed(format!("file: expected a manifest got {error}")),
    };
    let mut server = Server::new();
    for document in manifest::read(&text).documents {
        if let Some(namespace) = document.value["metadata"]["namespace"].as_str() {
            server.namespace(namespace);
        }
    }
    let outcome = client::run(&mut server, &Command::DRY_CREATE, &text);
    let lines: Vec<&str> = verdict["stderr"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    // All namespaces were there, which the recorded creations minded.
    let exists = |text: &str| text.contains("(AlreadyExists)") && text.contains("namespaces ");
    let recorded: Vec<String> =
        words::read(&lines.join("\n")).failures.into_iter().filter(|failure| !exists(failure)).collect();
    let minds = |trouble: &Trouble| !matches!(trouble, Trouble::Status(status) if is_namespace_there(status));
    let ours: Vec<Trouble> = outcome.troubles.into_iter().filter(minds).collect();
    if outcome.unreadable && recorded.iter().any(|failure| failure.contains("error parsing")) {
        // How a broken text is told is kubectl's alone; that it is broken is the same.
        return Verdict::Passed;
    }
    words::differ("verdict", &recorded, &ours).into()
}

fn is_namespace_there(status: &crate::api::Status) -> bool {
    status.reason == "AlreadyExists" && status.message.starts_with("namespaces ")
}
