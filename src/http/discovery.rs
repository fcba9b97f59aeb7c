//! Discovery: which groups, versions and resources there are (upstream: `k8s.io/apiserver/pkg/endpoints/discovery`).
//!
//! What a kind says of itself comes from the registry of kinds; `assets/native/discovery.txt` adds the order of groups,
//! the subresources' verbs, and the resources that are not simulated, which a real server names all the same (asked for,
//! they answer 404).

use crate::api::kinds::{ALL_VERBS, KINDS};
use crate::api::{Kind, base64};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::sync::OnceLock;

const TEXT: &str = include_str!("../../assets/native/discovery.txt");
const CHECKS: &str = include_str!("../../assets/native/checks.txt");
/// Paths that are neither checks nor resources.
const PATHS: &[&str] = &[
    "/.well-known/openid-configuration",
    "/api",
    "/api/v1",
    "/apis",
    "/apis/",
    "/flagz",
    "/healthz",
    "/livez",
    "/metrics",
    "/metrics/slis",
    "/openapi/v2",
    "/openapi/v3",
    "/openapi/v3/",
    "/openid/v1/jwks",
    "/readyz",
    "/statusz",
    "/version",
];
/// What the recordings' server calls its own address.
const ADDRESS: &str = "10.0.0.1:17443";

/// A group with its versions, the preferred one first.
struct Group {
    name: &'static str,
    versions: Vec<Version>,
}

struct Version {
    name: &'static str,
    resources: Vec<Resource>,
}

struct Resource {
    plural: &'static str,
    singular: &'static str,
    kind: &'static str,
    namespaced: bool,
    verbs: Vec<&'static str>,
    short_names: Vec<&'static str>,
    categories: Vec<&'static str>,
    subresources: Vec<Subresource>,
}

struct Subresource {
    name: &'static str,
    verbs: Vec<&'static str>,
    /// Empty: the resource's own.
    kind: &'static str,
    /// Empty: the resource's own.
    group_version: &'static str,
}

/// All groups; the first is the core group.
fn all() -> &'static [Group] {
    static GROUPS: OnceLock<Vec<Group>> = OnceLock::new();
    GROUPS.get_or_init(|| {
        let mut groups: Vec<Group> = Vec::new();
        for line in TEXT.lines() {
            let mut words = line.split(' ');
            match words.next() {
                Some("#") | None => {}
                Some("=") => {
                    let name = words.next().filter(|name| *name != "-").unwrap_or_default();
                    groups.push(Group { name, versions: Vec::new() });
                }
                Some("+") => {
                    let version = Version { name: words.next().unwrap_or_default(), resources: Vec::new() };
                    groups.last_mut().expect("a version follows its group").versions.push(version);
                }
                Some(plural) => {
                    let group = groups.last_mut().expect("a resource follows its group");
                    let version = group.versions.last_mut().expect("a resource follows its version");
                    version.resources.push(resource(group.name, version.name, plural, words));
                }
            }
        }
        groups
    })
}

/// A word that is a list with commas.
fn listed(word: Option<&'static str>) -> Vec<&'static str> {
    word.filter(|word| *word != "-").map(|word| word.split(',').collect()).unwrap_or_default()
}

/// A line of the text, over which the registry has the last word.
fn resource(group: &str, version: &str, plural: &'static str, mut words: std::str::Split<'static, char>) -> Resource {
    let mut next = || words.next();
    let (singular, kind) = (next().unwrap_or_default(), next().unwrap_or_default());
    let namespaced = next() == Some("n");
    let verbs = match next() {
        Some("*") => ALL_VERBS.to_vec(),
        verbs => listed(verbs),
    };
    let (short_names, categories) = (listed(next()), listed(next()));
    let subresources = words.map(Subresource::parse).collect();
    let known = |known: &&&Kind| known.group == group && known.version == version && known.plural == plural;
    match KINDS.iter().find(known) {
        None => Resource { plural, singular, kind, namespaced, verbs, short_names, categories, subresources },
        Some(known) => Resource {
            plural,
            singular: known.singular,
            kind: known.kind,
            namespaced: known.namespaced,
            verbs: known.verbs.to_vec(),
            short_names: known.short_names.to_vec(),
            categories: known.categories.to_vec(),
            subresources,
        },
    }
}

impl Subresource {
    fn parse(word: &'static str) -> Self {
        let mut parts = word.splitn(4, ':');
        let name = parts.next().unwrap_or_default();
        let verbs = parts.next().map_or_else(|| vec!["get", "patch", "update"], |verbs| listed(Some(verbs)));
        Self { name, verbs, kind: parts.next().unwrap_or_default(), group_version: parts.next().unwrap_or_default() }
    }

    /// Group and version of its kind where they are not the resource's own.
    fn group_and_version(&self) -> (&'static str, &'static str) {
        self.group_version.split_once('/').unwrap_or_default()
    }
}

/// Whether a path leads into a version: everything there is a resource.
pub fn is_below_a_version(path: &str) -> bool {
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    match parts.next() {
        Some("api") => parts.nth(1).is_some(),
        Some("apis") => parts.nth(2).is_some(),
        _ => false,
    }
}

/// `/`: all paths.
pub fn paths() -> Value {
    let mut paths: Vec<String> = PATHS.iter().map(|path| (*path).to_owned()).collect();
    for (check, words) in checks() {
        paths.extend(words.split(',').map(|word| format!("/{word}/{check}")));
    }
    for group in groups_beyond_core() {
        paths.push(format!("/apis/{}", group.name));
        paths.extend(group.versions.iter().map(|version| format!("/apis/{}/{}", group.name, version.name)));
    }
    paths.sort();
    json!({"paths": paths})
}

/// The health checks, and under which of `healthz`, `livez` and `readyz` each stands.
pub fn checks() -> impl Iterator<Item = (&'static str, &'static str)> {
    CHECKS.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(' '))
}

fn groups_beyond_core() -> impl Iterator<Item = &'static Group> {
    all().iter().filter(|group| !group.name.is_empty())
}

/// `/api`.
pub fn versions() -> Value {
    let addresses = json!([{"clientCIDR": "0.0.0.0/0", "serverAddress": ADDRESS}]);
    json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": addresses})
}

/// `/apis`.
pub fn groups() -> Value {
    let groups: Vec<Value> = groups_beyond_core().map(described).collect();
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
}

fn described(group: &Group) -> Value {
    let version = |version: &Version| json!({"groupVersion": format!("{}/{}", group.name, version.name), "version": version.name});
    let versions: Vec<Value> = group.versions.iter().map(version).collect();
    json!({"name": group.name, "versions": versions, "preferredVersion": versions[0]})
}

/// `/apis/apps`.
pub fn group(path: &str) -> Option<Value> {
    let name = path.strip_prefix("/apis/")?;
    let mut value = described(groups_beyond_core().find(|group| group.name == name)?);
    value["kind"] = "APIGroup".into();
    value["apiVersion"] = "v1".into();
    Some(value)
}

/// `/api/v1`, `/apis/apps/v1`.
pub fn resources(path: &str) -> Option<Value> {
    let (group, version) = match path.strip_prefix("/apis/") {
        Some(rest) => rest.split_once('/')?,
        None => ("", path.strip_prefix("/api/")?),
    };
    let found = all().iter().find(|known| known.name == group && !(group.is_empty() && version.is_empty()))?;
    let found = found.versions.iter().find(|known| known.name == version)?;
    let mut resources: Vec<(String, Value)> = Vec::new();
    for resource in &found.resources {
        resources.push((resource.plural.to_owned(), resource.described(group, version)));
        for sub in &resource.subresources {
            let name = format!("{}/{}", resource.plural, sub.name);
            resources.push((name.clone(), resource.sub_described(sub, &name)));
        }
    }
    resources.sort_by(|(a, _), (b, _)| a.cmp(b));
    let resources: Vec<Value> = resources.into_iter().map(|(_, value)| value).collect();
    let group_version = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    let mut value = json!({"kind": "APIResourceList", "groupVersion": group_version, "resources": resources});
    if !group.is_empty() {
        value["apiVersion"] = "v1".into();
    }
    Some(value)
}

impl Resource {
    fn described(&self, group: &str, version: &str) -> Value {
        let mut value = json!({
            "name": self.plural, "singularName": self.singular, "namespaced": self.namespaced, "kind": self.kind,
            "verbs": self.verbs,
        });
        put(&mut value, "shortNames", &self.short_names);
        put(&mut value, "categories", &self.categories);
        if self.verbs.contains(&"list") && self.kind != "ComponentStatus" {
            value["storageVersionHash"] = storage_version_hash(group, version, self.kind).into();
        }
        value
    }

    fn sub_described(&self, sub: &Subresource, name: &str) -> Value {
        let kind = if sub.kind.is_empty() { self.kind } else { sub.kind };
        let mut value = json!({
            "name": name, "singularName": "", "namespaced": self.namespaced, "kind": kind, "verbs": sub.verbs,
        });
        let (group, version) = sub.group_and_version();
        if !group.is_empty() {
            value["group"] = group.into();
            value["version"] = version.into();
        }
        value
    }

    fn aggregated(&self) -> Value {
        let response =
            |(group, version): (&str, &str), kind: &str| json!({"group": group, "version": version, "kind": kind});
        let scope = if self.namespaced { "Namespaced" } else { "Cluster" };
        let mut value = json!({
            "resource": self.plural, "responseKind": response(("", ""), self.kind), "scope": scope,
            "singularResource": self.singular, "verbs": self.verbs,
        });
        put(&mut value, "shortNames", &self.short_names);
        put(&mut value, "categories", &self.categories);
        let sub = |sub: &Subresource| {
            let kind = if sub.kind.is_empty() { self.kind } else { sub.kind };
            json!({
                "subresource": sub.name, "responseKind": response(sub.group_and_version(), kind), "verbs": sub.verbs,
            })
        };
        if !self.subresources.is_empty() {
            value["subresources"] = self.subresources.iter().map(sub).collect();
        }
        value
    }
}

fn put(value: &mut Value, name: &str, words: &[&str]) {
    if !words.is_empty() {
        value[name] = json!(words);
    }
}

/// `/api`, aggregated.
pub fn core_aggregated() -> Value {
    aggregated(all().iter().filter(|group| group.name.is_empty()))
}

/// `/apis`, aggregated.
pub fn groups_aggregated() -> Value {
    aggregated(groups_beyond_core())
}

fn aggregated<'a>(groups: impl Iterator<Item = &'a Group>) -> Value {
    let version = |version: &Version| {
        let resources: Vec<Value> = version.resources.iter().map(Resource::aggregated).collect();
        json!({"version": version.name, "resources": resources, "freshness": "Current"})
    };
    let group = |group: &Group| {
        let mut metadata = Map::new();
        if !group.name.is_empty() {
            metadata.insert("name".to_owned(), group.name.into());
        }
        let versions: Vec<Value> = group.versions.iter().map(version).collect();
        json!({"metadata": metadata, "versions": versions})
    };
    let items: Vec<Value> = groups.map(group).collect();
    json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items})
}

/// Upstream: `discovery/storageversionhash.go`. Two kinds are stored in another version than the one that is asked for.
pub(super) fn storage_version_hash(group: &str, version: &str, kind: &str) -> String {
    let (group, version) = match (group, kind) {
        ("autoscaling", "HorizontalPodAutoscaler") => ("autoscaling", "v2"),
        ("events.k8s.io", "Event") => ("", "v1"),
        _ => (group, version),
    };
    base64::encode(&Sha256::digest(format!("{group}/{version}/{kind}"))[..8])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_the_registry_is_discovered() {
        for kind in KINDS.iter().filter(|kind| !kind.verbs.is_empty()) {
            let version = all().iter().filter(|group| group.name == kind.group);
            let mut version = version.flat_map(|group| &group.versions).filter(|known| known.name == kind.version);
            let resource = version.find_map(|known| known.resources.iter().find(|known| known.plural == kind.plural));
            let resource = resource.unwrap_or_else(|| panic!("{} is not in discovery.txt", kind.resource()));
            for sub in kind.subresources {
                assert!(resource.subresources.iter().any(|known| known.name == *sub), "{}/{sub}", kind.resource());
            }
        }
    }

    #[test]
    fn hashes_are_those_of_the_real_server() {
        assert_eq!(storage_version_hash("apps", "v1", "Deployment"), "8aSe+NMegvE=");
        assert_eq!(storage_version_hash("", "v1", "Pod"), "xPOwRZ+Yhw8=");
    }
}
