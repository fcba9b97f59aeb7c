//! Nobody gives what he has not: who writes a role must hold its rules, who binds one too, unless he may `escalate` or
//! `bind`.
//!
//! Upstream: `pkg/registry/rbac/*/policybased/storage.go`, `pkg/registry/rbac/validation`, `ConfirmNoEscalation`,
//! `Covers`, `CompactRules`.

use super::access::{resource_matches, role_of};
use super::{Access, Attributes, Rule, ask, is_master};
use crate::api::object::Object;
use crate::api::rules::rbac::{GROUP, rules_of};
use crate::api::{Kind, Status};
use crate::cluster::apiserver::watch_cache::WatchCache;
use crate::cluster::wire::User;
use crate::sim::SortedSet;
use std::rc::Rc;

/// Checks a write of a role or a binding; `old` is the object that it replaces.
///
/// # Errors
/// 403 that names the rights that the user has not, 404 for a role that does not exist.
pub fn check(user: &User, object: &Object, old: Option<&Object>, cache: &WatchCache) -> Result<(), Status> {
    if object.kind().group != GROUP || is_master(user) {
        return Ok(());
    }
    if old.is_some_and(|old| only_collected(object, old)) {
        return Ok(());
    }
    let binding = object.kind().kind.ends_with("Binding");
    let (verb, resource, name, rules) = if binding {
        let document = object.document();
        let of = |path: &str| document.map(|binding| binding.text(path)).unwrap_or_default();
        let resource = if of("roleRef.kind") == "Role" { "roles" } else { "clusterroles" };
        ("bind", resource, of("roleRef.name"), None)
    } else {
        // The name of a new role stands in its body, where the rule is not looked for.
        ("escalate", object.kind().plural, old.map_or("", Object::name), Some(rules_of(object)))
    };
    if ask(user, &Attributes::on(verb, GROUP, resource, object.namespace(), name), cache).is_ok() {
        return Ok(());
    }
    let rules = match rules {
        Some(rules) => rules,
        None => rules_of(role_of(object, cache).ok_or_else(|| no_such_role(resource, name))?),
    };
    confirm(user, object, rules.iter().map(Rule::read), cache)?;
    // What gathers other roles may gather anything.
    let gathers = |object: &Object| object.document().is_some_and(|document| document.at("aggregationRule").is_some());
    if !gathers(object) && !old.is_some_and(gathers) {
        return Ok(());
    }
    let everything = Access::everything();
    confirm(user, object, everything.rules("").cloned(), cache).map_err(|_| {
        let text = "must have cluster-admin privileges to use the aggregationRule";
        Status::forbidden(object.kind(), object.name(), text)
    })
}

/// Whether nothing changes but what the garbage collector needs to be rid of the object (`IsOnlyMutatingGCFields`).
fn only_collected(object: &Object, old: &Object) -> bool {
    let mut same = object.clone();
    let (new, before) = (same.meta_mut(), old.meta());
    new.owner_references.clone_from(&before.owner_references);
    new.finalizers.clone_from(&before.finalizers);
    new.self_link.clone_from(&before.self_link);
    new.managed_fields.clone_from(&before.managed_fields);
    same == *old
}

fn no_such_role(resource: &str, name: &str) -> Status {
    let kind: &Kind =
        if resource == "roles" { &crate::api::kinds::role::KIND } else { &crate::api::kinds::cluster_role::KIND };
    Status::not_found(kind, name)
}

fn confirm(user: &User, object: &Object, rules: impl Iterator<Item = Rule>, cache: &WatchCache) -> Result<(), Status> {
    let access = Access::of(user, cache);
    let held: Vec<&Rule> = access.rules(object.namespace()).collect();
    let missing = rules.flat_map(|rule| single(&rule)).filter(|rule| !held.iter().any(|held| covers(held, rule)));
    let texts: SortedSet<String> = compact(missing).iter().map(shown).collect();
    if texts.is_empty() {
        return Ok(());
    }
    let groups: Vec<String> = user.groups.iter().map(|group| format!("{group:?}")).collect();
    let texts: Vec<String> = texts.into_iter().collect();
    let errors = access.unresolved(object.namespace(), "s");
    let text = format!(
        "user {:?} (groups=[{}]) is attempting to grant RBAC permissions not currently held:\n{}{}",
        &*user.name,
        groups.join(" "),
        texts.join("\n"),
        errors.map_or_else(String::new, |errors| format!("; resolution errors: [{errors}]"))
    );
    Err(Status::forbidden(object.kind(), object.name(), &text))
}

/// A rule as rules of one verb on one thing.
fn single(rule: &Rule) -> Vec<Rule> {
    let one = |word: &Rc<str>| vec![word.clone()];
    let mut out = Vec::new();
    let names: Vec<Vec<Rc<str>>> =
        if rule.names.is_empty() { vec![Vec::new()] } else { rule.names.iter().map(one).collect() };
    for group in &rule.groups {
        for resource in &rule.resources {
            for verb in &rule.verbs {
                out.extend(names.iter().map(|names| Rule {
                    verbs: one(verb),
                    groups: one(group),
                    resources: one(resource),
                    names: names.clone(),
                    urls: Vec::new(),
                }));
            }
        }
    }
    for url in &rule.urls {
        out.extend(rule.verbs.iter().map(|verb| Rule { verbs: one(verb), urls: one(url), ..Rule::default() }));
    }
    out
}

/// Whether a rule holds all that a single one does.
fn covers(held: &Rule, wanted: &Rule) -> bool {
    let has = |words: &[Rc<str>], wanted: &[Rc<str>]| {
        words.iter().any(|word| &**word == "*") || wanted.iter().all(|word| words.contains(word))
    };
    let resource = |wanted: &Rc<str>| {
        let (resource, sub) = wanted.split_once('/').unwrap_or((wanted, ""));
        held.resources.contains(wanted) || held.resources.iter().any(|rule| resource_matches(rule, resource, sub))
    };
    let url = |wanted: &Rc<str>| {
        held.urls
            .iter()
            .any(|url| url == wanted || url.strip_suffix('*').is_some_and(|prefix| wanted.starts_with(prefix)))
    };
    has(&held.verbs, &wanted.verbs)
        && has(&held.groups, &wanted.groups)
        && wanted.resources.iter().all(resource)
        && wanted.urls.iter().all(url)
        && (held.names.is_empty()
            || (!wanted.names.is_empty() && wanted.names.iter().all(|name| held.names.contains(name))))
}

/// Rules on the same thing become one.
fn compact(rules: impl Iterator<Item = Rule>) -> Vec<Rule> {
    let mut out: Vec<Rule> = Vec::new();
    for rule in rules {
        let same = |other: &&mut Rule| {
            rule.urls.is_empty()
                && (&other.groups, &other.resources, &other.names) == (&rule.groups, &rule.resources, &rule.names)
        };
        match out.iter_mut().find(same) {
            Some(other) => other.verbs.extend(rule.verbs),
            None => out.push(rule),
        }
    }
    out
}

/// Upstream: `CompactString`.
fn shown(rule: &Rule) -> String {
    let parts = [
        ("APIGroups", &rule.groups),
        ("Resources", &rule.resources),
        ("NonResourceURLs", &rule.urls),
        ("ResourceNames", &rule.names),
        ("Verbs", &rule.verbs),
    ];
    let quoted = |words: &[Rc<str>]| words.iter().map(|word| format!("{word:?}")).collect::<Vec<_>>().join(" ");
    let parts = parts.iter().filter(|(_, words)| !words.is_empty());
    format!("{{{}}}", parts.map(|(name, words)| format!("{name}:[{}]", quoted(words))).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn missing(held: &Value, wanted: &Value) -> Vec<String> {
        let (held, wanted) = (Rule::read(held), Rule::read(wanted));
        compact(single(&wanted).into_iter().filter(|rule| !covers(&held, rule))).iter().map(shown).collect()
    }

    #[test]
    fn what_is_not_held_is_named() {
        let held = json!({"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]});
        let wanted = json!({"apiGroups": [""], "resources": ["pods", "secrets"], "verbs": ["get", "list"]});
        assert_eq!(
            missing(&held, &wanted),
            [
                r#"{APIGroups:[""], Resources:["pods"], Verbs:["list"]}"#,
                r#"{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}"#,
            ]
        );
        assert!(missing(&json!({"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}), &wanted).is_empty());
        let named = json!({"apiGroups": [""], "resources": ["pods"], "verbs": ["get"], "resourceNames": ["a"]});
        assert!(missing(&held, &named).is_empty());
        assert_eq!(missing(&named, &held).len(), 1);
    }
}
