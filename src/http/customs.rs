//! Discovery of kinds that somebody has added (upstream: `apiextensions-apiserver/pkg/apiserver/customresource_discovery*`),
//! and of those that other servers answer for (`kube-aggregator/pkg/apiserver/handler_{apis,discovery}.go`).

use super::{Answer, Asked, discovery, negotiation, openapi};
use crate::api::Kind;
use crate::api::custom::offered;
use crate::sim::hash::stable_hash;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Groups with their versions and kinds, the preferred version first.
type Groups = BTreeMap<&'static str, Vec<(&'static str, Vec<&'static Kind>)>>;

/// The answer to a path of discovery in which custom kinds have a part; none if it is about other things.
pub fn answer(asked: &Asked, path: &str, kinds: &[&'static Kind]) -> Option<Answer> {
    if kinds.is_empty() || !matches!(asked.method.as_str(), "GET" | "HEAD") {
        return None;
    }
    let groups = grouped(kinds);
    let served = || kinds.iter().copied().filter(|kind| kind.custom.is_some()).collect::<Vec<_>>();
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    match parts[..] {
        // Whatever is below a group and version for which nobody answers (upstream: `handler_proxy.go`).
        ["apis", group, version, ..] if is_silent(&groups, group, version) => {
            Some(Answer { code: 503, ..Answer::text(503, "service unavailable\n") })
        }
        ["apis"] if negotiation::wanted_as(&asked.accept, "APIGroupDiscoveryList", "apidiscovery.k8s.io", "v2") => {
            let mut value = discovery::groups_aggregated();
            append(&mut value, "items", groups.iter().map(|(name, versions)| aggregated(name, versions)));
            let content_type = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
            Some(Answer { content_type, ..Answer::json(200, &value) })
        }
        ["apis"] => {
            let mut value = discovery::groups();
            append(&mut value, "groups", groups.iter().map(|(name, versions)| described(name, versions)));
            Some(Answer::json(200, &value))
        }
        ["openapi", "v2"] if asked.accept.contains("json") || asked.accept.is_empty() => openapi::v2_with(&served()),
        ["openapi", "v3"] => index(&grouped(&served())),
        ["openapi", "v3", "apis", group, version] => {
            let groups = grouped(&served());
            let (_, kinds) = groups.get(group)?.iter().find(|(known, _)| *known == version)?;
            Some(Answer::json(200, &openapi::custom(kinds)?))
        }
        ["apis", group] => {
            let mut value = described(group, groups.get(group)?);
            value["kind"] = "APIGroup".into();
            value["apiVersion"] = "v1".into();
            Some(Answer::json(200, &value))
        }
        ["apis", group, version] => {
            let (_, kinds) = groups.get(group)?.iter().find(|(known, _)| *known == version)?;
            let resources: Vec<Value> = kinds.iter().flat_map(|kind| resources(kind)).collect();
            let group_version = format!("{group}/{version}");
            Some(Answer::json(
                200,
                &json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": resources}),
            ))
        }
        _ => None,
    }
}

fn is_silent(groups: &Groups, group: &str, version: &str) -> bool {
    let found = groups.get(group).and_then(|versions| versions.iter().find(|(known, _)| *known == version));
    found.is_some_and(|(_, kinds)| silent(kinds))
}

/// A kind without verbs stands for a server that does not answer.
fn silent(kinds: &[&'static Kind]) -> bool {
    kinds.iter().all(|kind| kind.verbs.is_empty())
}

/// Which documents of the third version of `OpenAPI` there are.
fn index(groups: &Groups) -> Option<Answer> {
    let mut value = openapi::index();
    for (group, versions) in groups {
        for (version, kinds) in versions {
            // Clients keep a document as long as its address is the same.
            let hash = stable_hash(&openapi::custom(kinds)?.to_string());
            let path = format!("apis/{group}/{version}");
            let url = format!("/openapi/v3/{path}?hash={hash:016X}");
            value["paths"][path] = json!({"serverRelativeURL": url});
        }
    }
    Some(Answer::json(200, &value))
}

fn append(value: &mut Value, name: &str, items: impl Iterator<Item = Value>) {
    if let Some(list) = value[name].as_array_mut() {
        list.extend(items);
    }
}

fn grouped(kinds: &[&'static Kind]) -> Groups {
    let mut groups = Groups::new();
    for kind in kinds {
        let versions = groups.entry(kind.group).or_default();
        match versions.iter_mut().find(|(version, _)| *version == kind.version) {
            Some((_, known)) => known.push(*kind),
            None => versions.push((kind.version, vec![*kind])),
        }
    }
    for versions in groups.values_mut() {
        versions.sort_by_key(|(version, _)| std::cmp::Reverse(rank(version)));
    }
    groups
}

/// How far a version is: stable before beta before alpha, newer before older (upstream: `util/version/version.go`).
fn rank(version: &str) -> (u8, u32, u32) {
    let number = |text: &str| text.parse().ok();
    let Some(rest) = version.strip_prefix('v') else { return (0, 0, 0) };
    for (word, stage) in [("beta", 2), ("alpha", 1)] {
        if let Some((major, minor)) = rest.split_once(word) {
            return number(major).zip(number(minor)).map_or((0, 0, 0), |(major, minor)| (stage, major, minor));
        }
    }
    number(rest).map_or((0, 0, 0), |major| (3, major, 0))
}

fn described(name: &str, versions: &[(&str, Vec<&'static Kind>)]) -> Value {
    let version = |(version, _): &(&str, _)| json!({"groupVersion": format!("{name}/{version}"), "version": version});
    let versions: Vec<Value> = versions.iter().map(version).collect();
    json!({"name": name, "versions": versions, "preferredVersion": versions[0]})
}

/// A kind of the answer to a subresource: group, version, kind.
fn sub_kind(kind: &Kind, name: &str) -> (String, String, String) {
    match name {
        "scale" => ("autoscaling".to_owned(), "v1".to_owned(), "Scale".to_owned()),
        _ => (kind.group.to_owned(), kind.version.to_owned(), kind.kind.to_owned()),
    }
}

fn resources(kind: &'static Kind) -> Vec<Value> {
    let mut own = json!({"name": kind.plural, "singularName": kind.singular, "namespaced": kind.namespaced,
        "kind": kind.kind, "verbs": offered(kind)});
    if kind.custom.is_some() {
        own["storageVersionHash"] = discovery::storage_version_hash(kind.group, kind.version, kind.kind).into();
    }
    for (name, words) in [("shortNames", kind.short_names), ("categories", kind.categories)] {
        if !words.is_empty() {
            own[name] = json!(words);
        }
    }
    let sub = |name: &&str| {
        let (group, version, of) = sub_kind(kind, name);
        let mut value = json!({"name": format!("{}/{name}", kind.plural), "singularName": "",
            "namespaced": kind.namespaced, "kind": of, "verbs": ["get", "patch", "update"]});
        if *name == "scale" {
            value["group"] = group.into();
            value["version"] = version.into();
        }
        value
    };
    std::iter::once(own).chain(kind.subresources.iter().map(sub)).collect()
}

fn aggregated(name: &str, versions: &[(&str, Vec<&'static Kind>)]) -> Value {
    let response =
        |(group, version, kind): (String, String, String)| json!({"group": group, "version": version, "kind": kind});
    let resource = |kind: &&'static Kind| {
        let scope = if kind.namespaced { "Namespaced" } else { "Cluster" };
        let mut value = json!({"resource": kind.plural, "responseKind": response(sub_kind(kind, "")), "scope": scope,
            "singularResource": kind.singular, "verbs": offered(kind)});
        for (name, words) in [("shortNames", kind.short_names), ("categories", kind.categories)] {
            if !words.is_empty() {
                value[name] = json!(words);
            }
        }
        let sub = |name: &&str| json!({"subresource": name, "responseKind": response(sub_kind(kind, name)), "verbs": ["get", "patch", "update"]});
        if !kind.subresources.is_empty() {
            value["subresources"] = kind.subresources.iter().map(sub).collect();
        }
        value
    };
    let version = |(version, kinds): &(&str, Vec<&'static Kind>)| {
        if silent(kinds) {
            return json!({"version": version, "freshness": "Stale"});
        }
        json!({"version": version, "resources": kinds.iter().map(resource).collect::<Vec<_>>(), "freshness": "Current"})
    };
    json!({"metadata": {"name": name}, "versions": versions.iter().map(version).collect::<Vec<_>>()})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_have_an_order() {
        let mut versions = ["v1alpha1", "v2", "v1beta2", "v10", "x", "v1beta10", "v1"];
        versions.sort_by_key(|version| std::cmp::Reverse(rank(version)));
        assert_eq!(versions, ["v10", "v2", "v1", "v1beta10", "v1beta2", "v1alpha1", "x"]);
    }
}
