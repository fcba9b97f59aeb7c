//! Steps that change what is there: replacements, labels, images, finalizers.

use crate::play::{Play, text};
use crate::steps::named;
use regex_lite::Regex;
use serde_json::{Value, json};

/// An image that no registry has.
const UNPULLABLE: &str = "registry.k8s.io/pause:does-not-exist";

/// Changes something as a sentence says.
pub fn change(play: &mut Play, verb: &str, words: &str) -> Result<(), String> {
    let form = |form: &str| {
        Regex::new(form).expect("a form").captures(words).map(|found| {
            found.iter().map(|group| group.map_or(String::new(), |group| group.as_str().to_owned())).collect::<Vec<_>>()
        })
    };
    if let Some(found) = form(r"^finalizer ([\w./-]+) to both pods$") {
        return hold(play, &found[1]);
    }
    if let Some(found) = form(r"^(\w+) not ready$").filter(|_| verb == "mark") {
        return mark(play, &found[1]);
    }
    if let Some(found) = form(r"^(\w+ )?(app)=(\w+)$") {
        return label(play, &found);
    }
    if let Some(found) = form(r"^(?:its )?labels to (\w+)=(\w+)$") {
        return relabel_pod(play, (&found[1], &found[2]));
    }
    if let Ok(replicas) = words.parse::<i64>() {
        let path = format!("{}/scale", play.path(play.subject));
        let mut scale = play.rig.ask("GET", &path, &Value::Null).body;
        scale["spec"]["replicas"] = replicas.into();
        play.ask("scale", "PUT", &path, &scale);
        return Ok(());
    }
    let thing = match words.split_once(" with ").map(|(word, _)| word).and_then(|word| play.find(word)) {
        Some(thing) => thing,
        None => play.subject,
    };
    if play.things[thing].created.is_null() {
        return Err("not understood: what is to be changed has not been created".to_owned());
    }
    play.subject = thing;
    let stale = words.contains("stale") || words.contains("resourceVersion '");
    // Kubelets and controllers write, too: who is not meant to come too late tries again.
    for _ in 0..if stale { 0 } else { 20 } {
        let mut body = play.read(thing);
        replace(play, thing, &mut body, words)?;
        if play.reply().code != 409 {
            return Ok(());
        }
        play.log.pop();
        play.rig.run(bottle::sim::Duration::from_millis(7));
    }
    let mut body = if words.contains("stale") { play.things[thing].created.clone() } else { play.read(thing) };
    replace(play, thing, &mut body, words)
}

fn replace(play: &mut Play, thing: usize, body: &mut Value, words: &str) -> Result<(), String> {
    let unconditional = ["without RV", "without resourceVersion"].iter().any(|form| words.contains(form));
    if unconditional && let Some(metadata) = body["metadata"].as_object_mut() {
        metadata.remove("resourceVersion");
    }
    rewrite(body, words)?;
    let path = play.path(thing);
    play.ask("replace", "PUT", &path, body);
    Ok(())
}

/// What of an object a sentence changes.
fn rewrite(body: &mut Value, words: &str) -> Result<(), String> {
    let form =
        |form: &str| Regex::new(form).expect("a form").captures(words).map(|found| found[found.len() - 1].to_owned());
    if let Some(address) = form(r"(?:->|endpoint address) ?([\d.]+)$") {
        body["endpoints"][0]["addresses"] = json!([address]);
    } else if let Some(value) = form(r"with selector and template label app=(\w+)$") {
        body["spec"]["selector"]["matchLabels"] = json!({"app": value});
        body["spec"]["template"]["metadata"]["labels"]["app"] = value.into();
    } else if let Some(value) = form(r"^template label version=(\w+)$") {
        body["spec"]["template"]["metadata"]["labels"]["version"] = value.into();
    } else if let Some(name) = form(r"^template annotation ([\w./-]+)$") {
        body["spec"]["template"]["metadata"]["annotations"][name] = "2026-01-01T00:00:00Z".into();
    } else if let Some(image) = form(r"^image ([\w.:/-]+)$") {
        body["spec"]["template"]["spec"]["containers"][0]["image"] = format!("registry.k8s.io/{image}").into();
    } else if words == "image to an unpullable one" {
        body["spec"]["template"]["spec"]["containers"][0]["image"] = UNPULLABLE.into();
    } else if words == "message/reason" {
        body["message"] = "replaced message".into();
        body["reason"] = "Replaced".into();
    } else if words == "labels+selector" {
        body["metadata"]["labels"] = json!({"revision": "updated"});
        body["spec"]["selector"] = json!({"app": "updated"});
    } else if words == "with resourceVersion '1'" {
        body["metadata"]["resourceVersion"] = "1".into();
        mark_with(body, "stale");
    } else if let Some(word) = form(r"^(fresh|stale|with stale copy|without RV|without resourceVersion)$") {
        mark_with(body, if word.contains("stale") { "stale" } else { "fresh" });
    } else if words == "label" {
        mark_with(body, "updated");
    } else if let Some(word) = form(r"^label (\w+)$") {
        mark_with(body, &word);
    } else {
        return Err(format!("not understood: replace '{words}'"));
    }
    Ok(())
}

/// Writes a word where it can be seen: into the message of an event, into the labels of everything else.
fn mark_with(body: &mut Value, word: &str) {
    if text(&body["kind"]) == "Event" {
        body["message"] = word.into();
        return;
    }
    let names: Vec<String> =
        body["metadata"]["labels"].as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect();
    let own = names.into_iter().filter(|name| !name.contains('/')).collect::<Vec<_>>();
    for name in if own.is_empty() { vec!["revision".to_owned()] } else { own } {
        body["metadata"]["labels"][name] = word.into();
    }
}

fn hold(play: &mut Play, finalizer: &str) -> Result<(), String> {
    play.names = play.active().iter().map(|pod| text(&pod["metadata"]["name"]).to_owned()).collect();
    for name in play.names.clone() {
        let path = format!("/api/v1/namespaces/{}/pods/{name}", play.namespaces[0]);
        let patch = json!({"metadata": {"finalizers": [finalizer]}});
        let answer = play.rig.ask_as("PATCH", &path, "application/merge-patch+json", &patch);
        if answer.code != 200 {
            return Err(answer.message().to_owned());
        }
    }
    Ok(())
}

fn mark(play: &mut Play, word: &str) -> Result<(), String> {
    let thing = named(play, word)?;
    crate::conditions::eventually(play, "ready")?;
    let path = format!("{}/status", play.path(thing));
    let patch = json!({"status": {"conditions": [{"type": "Ready", "status": "False"}]}});
    let answer = play.rig.ask_as("PATCH", &path, "application/strategic-merge-patch+json", &patch);
    if answer.code == 200 { Ok(()) } else { Err(answer.message().to_owned()) }
}

fn label(play: &mut Play, found: &[String]) -> Result<(), String> {
    let thing = match found[1].trim() {
        "" => play.subject,
        word => named(play, word)?,
    };
    let path = play.path(thing);
    let patch = json!({"metadata": {"labels": {&found[2]: &found[3]}}});
    let answer = play.rig.ask_as("PATCH", &path, "application/merge-patch+json", &patch);
    play.rig.run(bottle::sim::Duration::from_millis(100));
    if answer.code == 200 { Ok(()) } else { Err(answer.message().to_owned()) }
}

/// The labels of the first pod there is.
fn relabel_pod(play: &mut Play, (name, value): (&str, &str)) -> Result<(), String> {
    play.rig.run(bottle::sim::Duration::from_secs(3));
    let mut pod = play.active().first().cloned().ok_or("there is no pod")?;
    pod["metadata"]["labels"] = json!({name: value});
    play.names = [text(&pod["metadata"]["name"]).to_owned()].into();
    let path = format!("/api/v1/namespaces/{}/pods/{}", play.namespaces[0], text(&pod["metadata"]["name"]));
    let answer = play.ask("replace", "PUT", &path, &pod);
    if answer.code == 200 { Ok(()) } else { Err(answer.message().to_owned()) }
}
