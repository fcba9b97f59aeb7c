//! Manifests, and what a real API server and kubectl said to them.

use super::client::{self, Command, Outcome, Trouble};
use super::difference::{check, first};
use super::server::{Server, hide_uids, masked, without_uids};
use super::words;
use super::{Case, Recognised, Source, Verdict};
use crate::api::faces;
use crate::api::object::Key;
use crate::api::request::PatchType;
use crate::api::{Kind, Request, manifest};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::rc::Rc;

/// The namespace of the recordings.
const NAMESPACE: &str = "golden";

/// The list of `api/cases.json`, or one case of it.
pub fn cases<'a>(value: &'a Value, _: Source<'a>) -> Option<Recognised<'a>> {
    let is_case = |case: &Value| case["manifest"].is_string() && case["results"].is_array();
    let cases = match value {
        Value::Array(cases) if cases.iter().any(is_case) => cases.as_slice(),
        case if is_case(case) => std::slice::from_ref(case),
        _ => return None,
    };
    let made = cases.iter().map(|case| {
        let name = case["name"].as_str().unwrap_or("(without a name)").to_owned();
        Case { name, run: Box::new(|| run(case)) }
    });
    Some(Recognised::Cases(made.collect()))
}

/// The server as it was before each recording.
fn prepared(case: &Value) -> Result<Server, String> {
    let mut server = Server::new();
    server.namespace(NAMESPACE);
    for (number, text) in case["setup"].as_array().into_iter().flatten().enumerate() {
        let text = text.as_str().unwrap_or_default();
        let Outcome { troubles, .. } = client::run(&mut server, &Command::apply(NAMESPACE), text);
        if let Some(difference) = words::differ(&format!("setup[{number}]"), &[], &troubles) {
            return Err(difference);
        }
        for document in manifest::read(text).documents {
            settle(&mut server, &document.value);
        }
    }
    Ok(server)
}

/// What the controllers that ran beside the recording server would have done.
fn settle(server: &mut Server, document: &Value) {
    let name = document["metadata"]["name"].as_str().unwrap_or_default();
    match document["kind"].as_str() {
        Some("Namespace") => server.namespace(name),
        Some("CustomResourceDefinition") => server.wait_for(name),
        Some("ResourceQuota") => {
            let hard = &document["spec"]["hard"];
            let used =
                hard.as_object().map(|hard| hard.keys().map(|name| (name.clone(), json!("0"))).collect::<Value>());
            let Some(kind) = Kind::find("v1", "ResourceQuota") else { return };
            let namespace = document["metadata"]["namespace"].as_str().unwrap_or(NAMESPACE);
            let patch = json!({"status": {"hard": hard, "used": used}});
            let mut request = Request::patch(kind, &Key::new(namespace, name), PatchType::Merge, patch);
            request.target.subresource = "status";
            // A refusal shows in what the quota then says.
            let _ = server.ask(request);
        }
        _ => {}
    }
}

fn run(case: &Value) -> Verdict {
    let server = match prepared(case) {
        Ok(server) => server,
        Err(difference) => return Verdict::Failed(difference),
    };
    let text = case["manifest"].as_str().unwrap_or_default();
    let results = case["results"].as_array().map_or(&[][..], Vec::as_slice);
    let mut after = server.clone();
    let mut outcomes = Vec::new();
    for (number, result) in results.iter().enumerate() {
        let command = match Command::parse(result["cmd"].as_str().unwrap_or_default()) {
            Ok(command) => command,
            Err(word) => return Verdict::Failed(format!("results[{number}].cmd: expected a known word got {word:?}")),
        };
        // An apply after a creation that failed found what that had left; everything else began anew.
        let outcome = if number == 0 {
            client::run(&mut after, &command, text)
        } else if command.is_apply() {
            client::run(&mut after.clone(), &command, text)
        } else {
            client::run(&mut server.clone(), &command, text)
        };
        outcomes.push(outcome);
    }
    // Uids stand in labels and messages too.
    let recorded_case = without_uids(case);
    let (case, results) = (&recorded_case, recorded_case["results"].as_array().map_or(&[][..], Vec::as_slice));
    let nothing_sent = outcomes.iter().all(|outcome| outcome.unreadable) && !outcomes.is_empty();
    if nothing_sent && case["http"].is_null() && results.iter().all(is_unreadable) {
        return Verdict::Skipped("kubectl cannot read the manifest: nothing is the server's".to_owned());
    }
    let recorded = results.iter().enumerate().zip(&outcomes);
    http_differs(&case["http"], &server, text)
        .or_else(|| {
            recorded.into_iter().find_map(|((number, result), outcome)| result_differs(number, result, outcome))
        })
        .or_else(|| stored_differs(&case["stored"], &after))
        .into()
}

fn is_unreadable(result: &Value) -> bool {
    result["stderr"].as_str().is_some_and(|text| text.starts_with("error: error parsing"))
}

/// The manifest as it was posted without kubectl.
fn http_differs(recorded: &Value, server: &Server, text: &str) -> Option<String> {
    let path = recorded["path"].as_str()?;
    let method = recorded["method"].as_str().unwrap_or("POST");
    let mut answer = server.clone().http(method, path, "application/yaml", text);
    answer.body = without_uids(&answer.body);
    let warnings: BTreeSet<String> =
        recorded["warnings"].as_array().into_iter().flatten().filter_map(Value::as_str).map(unquoted).collect();
    let ours: BTreeSet<String> = answer.warnings.iter().cloned().collect();
    let status = &recorded["status"];
    let refused = || {
        check("http.status.reason", &status["reason"], &answer.body["reason"])
            .or_else(|| causes_differ(status, &answer.body))
            .or_else(|| message_differs(status, &answer.body))
    };
    check("http.code", &recorded["code"], &answer.code.into())
        .map(|difference| match answer.body["message"].as_str().or(status["message"].as_str()) {
            Some(message) => format!("{difference} ({})", super::difference::cut(message, 200)),
            None => difference,
        })
        .or_else(|| (answer.code >= 300).then(refused).flatten())
        .or_else(|| (answer.code < 300).then(|| check("http.warnings", &json!(warnings), &json!(ours))).flatten())
}

/// `299 - "text"`.
fn unquoted(header: &str) -> String {
    let quoted = header.split_once(" - ").map_or(header, |(_, rest)| rest);
    serde_json::from_str(quoted).unwrap_or_else(|_| header.to_owned())
}

fn causes_differ(recorded: &Value, ours: &Value) -> Option<String> {
    let causes = |status: &Value| -> BTreeSet<String> {
        status["details"]["causes"].as_array().into_iter().flatten().map(first_line_of_cause).collect()
    };
    check("http.status.details.causes", &json!(causes(recorded)), &json!(causes(ours)))
}

fn first_line_of_cause(cause: &Value) -> String {
    let text = |name: &str| cause[name].as_str().unwrap_or_default();
    let message = text("message").lines().next().unwrap_or_default();
    format!("{} {}: {message}", text("reason"), text("field"))
}

/// With several causes their order in the message is that of Go's maps: any.
fn message_differs(recorded: &Value, ours: &Value) -> Option<String> {
    let count = ours["details"]["causes"].as_array().map_or(0, Vec::len);
    let length = |status: &Value| status["message"].as_str().map_or(0, str::len);
    if count > 1 && length(recorded) == length(ours) {
        return None;
    }
    check("http.status.message", &recorded["message"], &ours["message"])
}

fn result_differs(number: usize, result: &Value, outcome: &Outcome) -> Option<String> {
    let at = format!("results[{number}]");
    let printed = words::read(result["stderr"].as_str().unwrap_or_default());
    let exit = i32::from(!outcome.troubles.is_empty());
    let troubles: Vec<Trouble> = outcome.troubles.iter().map(hidden).collect();
    words::differ(&format!("{at}.stderr"), &printed.failures, &troubles)
        .or_else(|| check(&format!("{at}.exit"), &result["exit"], &exit.into()))
        .or_else(|| check(&format!("{at}.stderr warnings"), &json!(printed.warnings), &json!(outcome.warnings)))
}

/// A refusal without the uids in it.
fn hidden(trouble: &Trouble) -> Trouble {
    let Trouble::Status(status) = trouble else { return trouble.clone() };
    let mut status = (**status).clone();
    status.message = hide_uids(&status.message);
    for cause in status.details.iter_mut().flat_map(|details| &mut details.causes) {
        cause.message = hide_uids(&cause.message);
    }
    Trouble::Status(Rc::new(status))
}

/// The objects as GET returns them.
fn stored_differs(recorded: &Value, server: &Server) -> Option<String> {
    let mut taken = BTreeSet::new();
    recorded.as_array().into_iter().flatten().enumerate().find_map(|(number, recorded)| {
        let at = format!("stored[{number}]");
        let text = |value: &Value, name: &str| value[name].as_str().unwrap_or_default().to_owned();
        let (api_version, kind) = (text(recorded, "apiVersion"), text(recorded, "kind"));
        let custom = || server.custom_kinds().find(|known| known.kind == kind && known.api_version() == api_version);
        let Some(kind) = Kind::find(&api_version, &kind).or_else(custom) else {
            return Some(format!("{at}: expected an object of kind {kind} in {api_version} got no such kind"));
        };
        let (namespace, name) = (text(&recorded["metadata"], "namespace"), text(&recorded["metadata"], "name"));
        let here = server.objects(faces::stored(kind)).filter(|object| object.namespace() == namespace);
        let fits = |found: &str| found == name || masked(&name.as_str().into(), &found.into());
        let found = here.into_iter().find(|object| fits(object.name()) && !taken.contains(object.uid()));
        let Some(found) = found else { return Some(format!("{at}: expected {namespace}/{name} got no such object")) };
        taken.insert(found.uid().to_owned());
        let mut ours = faces::outward(found, kind).to_value();
        if let Some(metadata) = ours["metadata"].as_object_mut() {
            metadata.remove("managedFields");
        }
        first(&at, recorded, &ours, &masked)
    })
}
