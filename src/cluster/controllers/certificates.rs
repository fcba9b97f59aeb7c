//! The certificate controller: approves what kubelets ask for, signs what is approved, clears old requests away.
//!
//! Upstream: `pkg/controller/certificates/{approver,signer,cleaner}`. Requests for the kubelets' own client certificates
//! are approved by themselves; others wait for `kubectl certificate approve`. Four signers are served; what does not fit
//! its signer gets the condition `Failed`. Once an hour somebody looks: what was issued or denied an hour ago goes, and
//! what nobody has decided about in a day; what was approved and never issued stays.
//!
//! Left out: cryptography. A certificate here is a PEM block that names its subject.

use super::shared::subject;
use crate::api::base64;
use crate::api::document::Document;
use crate::api::kinds::certificate_signing_request as request;
use crate::api::meta::timestamp;
use crate::api::request::DeleteOptions;
use crate::api::rules::certificates::Names;
use crate::api::{Object, Ref, Request};
use crate::cluster::client::controller::{Controller, Reconcile, Tolerate, Watch, Write};
use crate::cluster::timing;
use crate::sim::{Duration, Order, Time};
use serde_json::{Value, json};

const CLIENT: &str = "kubernetes.io/kube-apiserver-client";
const KUBELET: &str = "kubernetes.io/kube-apiserver-client-kubelet";
const SERVING: &str = "kubernetes.io/kubelet-serving";
const LEGACY: &str = "kubernetes.io/legacy-unknown";
const NOT_NODE: &str = "subject common name does not begin with system:node: ";
const EMAIL: u8 = 0x81;
const DNS: u8 = 0x82;
const URI: u8 = 0x86;
const IP: u8 = 0x87;

/// The controller.
pub static CONTROLLER: Controller = Controller {
    name: "certificate-controller",
    account: "certificate-controller",
    workers: 5,
    watches: &[Watch::of(&request::KIND)],
    period: None,
    retries: 0,
    reconcile,
    failed: None,
};

fn reconcile(key: &Ref, reconcile: &mut Reconcile) -> Result<(), String> {
    let Some(object) = subject(reconcile, key) else { return Ok(()) };
    let Some(document) = object.document() else { return Ok(()) };
    let has = |kind: &str| condition(document, kind).is_some();
    let issued = !document.text("status.certificate").is_empty();
    if issued || has("Denied") || has("Failed") {
        return Ok(());
    }
    let names = Names::read(document.text("spec.request"));
    if has("Approved") {
        sign(reconcile, object, document, &names);
    } else if let Some(message) = approves(document, &names) {
        let condition = new_condition("Approved", "AutoApproved", message, reconcile.now());
        write(reconcile, object, "approval", |document| add(document, condition));
    }
    Ok(())
}

fn condition<'a>(document: &'a Document, kind: &str) -> Option<&'a Value> {
    document.list("status.conditions").iter().find(|condition| condition["type"] == kind)
}

fn new_condition(kind: &str, reason: &str, message: &str, now: Time) -> Value {
    let now = timestamp(now).0.to_string();
    json!({"type": kind, "status": "True", "reason": reason, "message": message, "lastUpdateTime": now,
        "lastTransitionTime": now})
}

fn add(document: &mut Document, condition: Value) {
    let mut conditions = document.list("status.conditions").to_vec();
    conditions.push(condition);
    document.set("status.conditions", Value::Array(conditions));
}

fn write(reconcile: &mut Reconcile, object: &Object, part: &'static str, change: impl FnOnce(&mut Document)) {
    let mut object = object.clone();
    if let Some(document) = object.document_mut() {
        change(document);
    }
    let mut update = Request::update_status(object);
    update.target.subresource = part;
    reconcile.request(update);
}

/// Clears old requests away.
pub static CLEANER: Controller = Controller {
    name: "csrcleaner",
    account: "certificate-controller",
    workers: 1,
    watches: &[Watch::mapped(&request::KIND, |_, _, _| {})],
    period: Some((timing::REQUEST_LOOK, |wake| {
        let all = wake.cache(&request::KIND);
        wake.objects(all.iter());
    })),
    retries: 0,
    reconcile: clear,
    failed: None,
};

fn clear(key: &Ref, reconcile: &mut Reconcile) -> Result<(), String> {
    let Some(object) = subject(reconcile, key) else { return Ok(()) };
    if object.document().and_then(|document| end(object, document)).is_some_and(|end| end < reconcile.now()) {
        let deletion = Request::delete(&request::KIND, &object.key(), DeleteOptions::default());
        reconcile.write(Write::new(deletion).tolerating(Tolerate::NotFound));
    }
    Ok(())
}

/// From when on a request can be cleared away; `None`: it stays (upstream: `cleaner.go`).
fn end(object: &Object, document: &Document) -> Option<Time> {
    let since = |kind: &str| super::job::spec::at(&condition(document, kind)?["lastUpdateTime"]);
    if document.list("status.conditions").is_empty() {
        let created = object.meta().creation_timestamp.as_ref().map(crate::api::meta::moment)?;
        return Some(created + timing::REQUEST_PENDING);
    }
    let issued = !document.text("status.certificate").is_empty();
    if let Some(denied) = since("Denied") {
        return Some(denied + timing::REQUEST_FINISHED);
    }
    // A certificate that was given for less time than that has run out before.
    let approved = since("Approved").filter(|_| issued)?;
    let valid = document.at("spec.expirationSeconds").and_then(Value::as_u64).map(Duration::from_secs);
    Some(approved + valid.map_or(timing::REQUEST_FINISHED, |valid| valid.min(timing::REQUEST_FINISHED)))
}

/// What a kubelet asks for (upstream: `ValidateKubeletClientCSR`, `ValidateKubeletServingCSR`).
fn of_node(names: &Names, usages: &[&str], side: &str) -> Result<(), String> {
    let serves = side == "server";
    let has = |sort: u8| names.alternatives.contains(&sort);
    let is_node = names.common.starts_with("system:node:");
    let refused = [
        (names.organizations != ["system:nodes"], "subject organization is not system:nodes"),
        (serves && !has(DNS) && !has(IP), "DNS or IP subjectAltName is required"),
        (!serves && has(DNS), "DNS subjectAltNames are not allowed"),
        (has(EMAIL), "Email subjectAltNames are not allowed"),
        (!serves && has(IP), "IP subjectAltNames are not allowed"),
        (has(URI), "URI subjectAltNames are not allowed"),
        (!serves && !is_node, NOT_NODE),
    ];
    if let Some((_, why)) = refused.iter().find(|(refused, _)| *refused) {
        return Err((*why).to_owned());
    }
    let own = format!("{side} auth");
    let mut wanted = [own.as_str(), "digital signature", "key encipherment"];
    let all = |wanted: &[&str]| wanted.len() == usages.len() && wanted.iter().all(|usage| usages.contains(usage));
    // Keys that are not of RSA encipher nothing.
    if all(&wanted) || all(&wanted[..2]) {
        return if is_node { Ok(()) } else { Err(NOT_NODE.to_owned()) };
    }
    wanted.order();
    Err(format!("usages did not match [{}]", wanted.join(" ")))
}

/// Whether a request is approved by itself, and with which words (upstream: `approver/sarapprove.go`). Who may ask is
/// what the bootstrap roles say: administrators, joining nodes, and a node for itself.
fn approves(document: &Document, names: &Names) -> Option<&'static str> {
    let usages = document.texts("spec.usages");
    if document.text("spec.signerName") != KUBELET || of_node(names, &usages, "client").is_err() {
        return None;
    }
    if document.text("spec.username") == names.common {
        return Some("Auto approving self kubelet client certificate after SubjectAccessReview.");
    }
    let joins = |group: &&str| *group == "system:masters" || group.starts_with("system:bootstrappers");
    let may = document.texts("spec.groups").iter().any(joins);
    may.then_some("Auto approving kubelet client certificate after SubjectAccessReview.")
}

/// Upstream: `signer/signer.go`.
fn sign(reconcile: &mut Reconcile, object: &Object, document: &Document, names: &Names) {
    let usages = document.texts("spec.usages");
    let checked = match document.text("spec.signerName") {
        CLIENT => of_client(&usages),
        KUBELET => of_node(names, &usages, "client"),
        SERVING => of_node(names, &usages, "server"),
        LEGACY => Ok(()),
        _ => return,
    };
    let now = reconcile.now();
    if let Err(why) = checked {
        let condition = new_condition("Failed", "SignerValidationFailure", &why, now);
        write(reconcile, object, "status", |document| add(document, condition));
        return;
    }
    let seconds = document.at("spec.expirationSeconds").and_then(Value::as_u64);
    let until =
        now + seconds.map_or(timing::CERTIFICATE, |seconds| Duration::from_secs(seconds).min(timing::CERTIFICATE));
    let text = format!(
        "Subject: CN={}, O={}; Issuer: CN=kubernetes; Not After: {}",
        names.common,
        names.organizations.join(", "),
        timestamp(until).0
    );
    let block = base64::encode(text.as_bytes());
    let certificate = format!("-----BEGIN CERTIFICATE-----\n{block}\n-----END CERTIFICATE-----\n");
    let certificate = base64::encode(certificate.as_bytes());
    write(reconcile, object, "status", |document| document.set("status.certificate", certificate.into()));
}

/// Upstream: `validAPIServerClientUsages`.
fn of_client(usages: &[&str]) -> Result<(), String> {
    let known = |usage: &&&str| matches!(**usage, "client auth" | "digital signature" | "key encipherment");
    if let Some(other) = usages.iter().find(|usage| !known(usage)) {
        return Err(format!("invalid usage for client certificate: {other}"));
    }
    let has = usages.contains(&"client auth");
    if has { Ok(()) } else { Err("missing required usage for client certificate: client auth".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kubelet_asks_for_what_its_signer_gives_and_nothing_else() {
        let asked = |alternatives: &[u8], usages: &[&str], side: &str| {
            let organizations = vec!["system:nodes".to_owned()];
            let names =
                Names { common: "system:node:n1".to_owned(), organizations, alternatives: alternatives.to_vec() };
            of_node(&names, usages, side).err().unwrap_or_default()
        };
        let usages = ["key encipherment", "client auth", "digital signature"];
        assert_eq!(asked(&[], &usages, "client"), "");
        assert_eq!(asked(&[], &usages[1..], "client"), "");
        let mismatch = "usages did not match [client auth digital signature key encipherment]";
        assert_eq!(asked(&[], &["client auth"], "client"), mismatch);
        assert_eq!(asked(&[DNS], &usages, "client"), "DNS subjectAltNames are not allowed");
        assert_eq!(asked(&[], &["server auth", "digital signature"], "server"), "DNS or IP subjectAltName is required");
        assert_eq!(asked(&[IP], &["server auth", "digital signature"], "server"), "");
        let mismatch = "usages did not match [digital signature key encipherment server auth]";
        assert_eq!(asked(&[IP], &usages, "server"), mismatch);
    }

    #[test]
    fn what_is_approved_and_never_issued_stays() {
        let end = |status: Value| {
            let value =
                json!({"metadata": {"name": "r", "creationTimestamp": "2026-01-01T00:00:00Z"}, "status": status});
            let object = (request::KIND.decode)(value).expect("a request");
            end(&object, object.document().expect("a tree"))
        };
        let of = |kind: &str| json!([{"type": kind, "status": "True", "lastUpdateTime": "2026-01-01T01:00:00Z"}]);
        let created =
            crate::api::meta::moment(&crate::api::json::decode_part(&json!("2026-01-01T00:00:00Z")).expect("a time"));
        assert_eq!(end(json!({})), Some(created + timing::REQUEST_PENDING));
        let decided = created + timing::REQUEST_LOOK + timing::REQUEST_FINISHED;
        assert_eq!(end(json!({"conditions": of("Denied")})), Some(decided));
        assert_eq!(end(json!({"conditions": of("Approved"), "certificate": "eA=="})), Some(decided));
        let short = json!({"metadata": {"name": "r"}, "spec": {"expirationSeconds": 600},
            "status": {"conditions": of("Approved"), "certificate": "eA=="}});
        let short = (request::KIND.decode)(short).expect("a request");
        let ten = created + timing::REQUEST_LOOK + Duration::from_mins(10);
        assert_eq!(super::end(&short, short.document().expect("a tree")), Some(ten), "it has run out before");
        assert_eq!(end(json!({"conditions": of("Approved")})), None);
        assert_eq!(end(json!({"conditions": of("Failed")})), None);
    }
}
