//! `ResourceQuota`: nothing is made that would go beyond a quota of its namespace
//! (upstream: `apiserver/pkg/admission/plugin/resourcequota/controller.go`, `CheckRequest`).
//!
//! What the object uses is added to the quota's status by the transaction that stores the object; upstream writes the
//! quota first. Left out: resources that may only be used where a quota covers them (none by default).

use super::{Attributes, Plugin};
use crate::api::document::Document;
use crate::api::json;
use crate::api::kinds::resource_quota::KIND;
use crate::api::object::Object;
use crate::api::{Status, Verb, usage};
use serde_json::Value;

/// The plugin.
pub const PLUGIN: Plugin = Plugin { validate, ..Plugin::named("ResourceQuota") };

fn validate(request: &mut Attributes, object: Option<&Object>) -> Result<(), Status> {
    let asked = request.review.request;
    let target = &asked.target;
    let Some(object) = object else { return Ok(()) };
    let kind = target.object.kind;
    let creates = asked.verb == Verb::Create || request.old.is_none();
    let counted = match (kind.kind, target.subresource) {
        // Only what these use can change.
        ("Pod", "resize") | ("Service" | "PersistentVolumeClaim", "") => true,
        ("Event" | "Binding", _) => false,
        (_, subresource) => creates && subresource.is_empty(),
    };
    if !counted || !kind.namespaced {
        return Ok(());
    }
    let old = request.old.filter(|_| !creates);
    let cache = request.review.cache;
    let mut minding = Vec::new();
    for quota in cache.in_namespace(&KIND, object.namespace()) {
        if let Some(document) = quota.document().filter(|document| usage::minds(document, object)) {
            satisfied(quota, document, object)?;
            minding.push((quota, document));
        }
    }
    if minding.is_empty() {
        return Ok(());
    }
    let all = usage::added(object, old, request.review.now);
    for (quota, document) in minding {
        let refuse = |why: String| Status::forbidden(kind, object.name(), &why);
        let name = quota.name();
        let mut used = usage::amounts(document, "status.used");
        let hard = usage::amounts(document, "status.hard");
        let added = usage::masked(&all, &hard);
        let beyond = usage::exceeded(&added, &used, &hard);
        if !beyond.is_empty() {
            let of = |amounts: &crate::api::pod::amounts::Amounts| {
                usage::shown(
                    &amounts.iter().filter(|(name, _)| beyond.contains(name)).map(|(n, a)| (n.clone(), *a)).collect(),
                )
            };
            let (requested, used, limited) = (of(&added), of(&used), of(&hard));
            return Err(refuse(format!(
                "exceeded quota: {name}, requested: {requested}, used: {used}, limited: {limited}"
            )));
        }
        if added.is_empty() {
            continue;
        }
        crate::api::pod::amounts::add(&mut used, &added);
        let mut counted = quota.clone();
        if let Some(document) = counted.document_mut() {
            let used = used.iter().map(|(name, amount)| (name.as_str(), Value::from(amount.to_string())));
            document.set("status.used", Value::Object(json::fields(used)));
        }
        request.review.besides.push(counted);
    }
    Ok(())
}

/// Whether the object says what the quota counts, and the quota knows what is used. All quotas are asked that before any
/// is charged.
fn satisfied(quota: &Object, document: &Document, object: &Object) -> Result<(), Status> {
    let refuse = |why: String| Err(Status::forbidden(object.kind(), object.name(), &why));
    let name = quota.name();
    if let Some(missing) = usage::unsaid(document, object) {
        return refuse(format!("failed quota: {name}: {missing}"));
    }
    let (hard, used) = (usage::amounts(document, "status.hard"), usage::amounts(document, "status.used"));
    let counted: Vec<&str> =
        hard.keys().map(String::as_str).filter(|name| usage::counts(object.kind(), name)).collect();
    if counted.iter().any(|name| !used.contains_key(*name)) {
        return refuse(format!("status unknown for quota: {name}, resources: {}", counted.join(",")));
    }
    Ok(())
}
