//! The rules that are a user's, by his bindings.

use super::Attributes;
use crate::api::kinds::{cluster_role, cluster_role_binding, role, role_binding};
use crate::api::object::{Key, Object};
use crate::api::rules::rbac::{GROUP, rules_of, subjects_of};
use crate::cluster::apiserver::watch_cache::WatchCache;
use crate::cluster::wire::User;
use serde_json::{Value, json};
use std::rc::Rc;

type Words = Vec<Rc<str>>;

/// One rule: verbs on resources, or on paths.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Rule {
    /// Such as `get`, or `*`.
    pub verbs: Words,
    /// API groups.
    pub groups: Words,
    /// Resources, `resource/subresource`, `*/subresource`.
    pub resources: Words,
    /// Names; none: all.
    pub names: Words,
    /// Paths that are no resources.
    pub urls: Words,
}

/// The rules of one binding.
#[derive(Clone, Debug)]
struct Grant {
    /// Where; empty: everywhere.
    namespace: Rc<str>,
    /// Why: `ClusterRoleBinding "x" of ClusterRole "y" to Group "z"`.
    source: Rc<str>,
    rules: Vec<Rule>,
}

/// What a user may do.
#[derive(Clone, Debug, Default)]
pub struct Access {
    grants: Vec<Grant>,
    /// Roles that bindings name but that do not exist.
    missing: Vec<Missing>,
}

/// A role that a binding names but that does not exist.
#[derive(Clone, Debug)]
struct Missing {
    /// The binding's; empty: everywhere.
    namespace: Rc<str>,
    /// `Role` or `ClusterRole`.
    kind: Rc<str>,
    name: Rc<str>,
}

impl Rule {
    /// Reads a rule from its tree.
    #[must_use]
    pub fn read(value: &Value) -> Self {
        let words = |name: &str| -> Words {
            value[name].as_array().into_iter().flatten().filter_map(Value::as_str).map(Rc::from).collect()
        };
        Self {
            verbs: words("verbs"),
            groups: words("apiGroups"),
            resources: words("resources"),
            names: words("resourceNames"),
            urls: words("nonResourceURLs"),
        }
    }

    /// The tree of it. Lists that are empty are left out.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut value = json!({});
        for (name, words) in [
            ("verbs", &self.verbs),
            ("apiGroups", &self.groups),
            ("resources", &self.resources),
            ("resourceNames", &self.names),
            ("nonResourceURLs", &self.urls),
        ] {
            if !words.is_empty() {
                value[name] = words.iter().map(|word| json!(&**word)).collect();
            }
        }
        value
    }

    /// Upstream: `RuleAllows`.
    fn allows(&self, what: &Attributes) -> bool {
        let has = |words: &Words, word: &str| words.iter().any(|one| &**one == "*" || &**one == word);
        if !has(&self.verbs, what.verb) {
            return false;
        }
        match what.path {
            Some(path) => self.urls.iter().any(|url| url_matches(url, path)),
            None => {
                has(&self.groups, what.group)
                    && self.resources.iter().any(|resource| resource_matches(resource, what.resource, what.subresource))
                    && (self.names.is_empty() || self.names.iter().any(|name| &**name == what.name))
            }
        }
    }
}

/// Upstream: `NonResourceURLMatches`.
fn url_matches(url: &str, path: &str) -> bool {
    url == "*"
        || url == path
        || url.strip_suffix('*').is_some_and(|prefix| path.starts_with(prefix.trim_end_matches('*')))
}

/// Upstream: `ResourceMatches`.
pub fn resource_matches(rule: &str, resource: &str, subresource: &str) -> bool {
    match rule.split_once('/') {
        None => rule == "*" || (subresource.is_empty() && rule == resource),
        Some((of, sub)) => !subresource.is_empty() && sub == subresource && (of == "*" || of == resource),
    }
}

impl Access {
    /// What those may do who may do everything.
    #[must_use]
    pub fn everything() -> Self {
        let all = || vec![Rc::from("*")];
        let resources = Rule { verbs: all(), groups: all(), resources: all(), ..Rule::default() };
        let paths = Rule { verbs: all(), urls: all(), ..Rule::default() };
        let grant = Grant { namespace: "".into(), source: "".into(), rules: vec![resources, paths] };
        Self { grants: vec![grant], missing: Vec::new() }
    }

    /// What a user may do, by all bindings that name him or a group of his.
    #[must_use]
    pub fn of(user: &User, cache: &WatchCache) -> Self {
        let mut access = Self::default();
        for binding in cache.iter(&cluster_role_binding::KIND).chain(cache.iter(&role_binding::KIND)) {
            let subject = subjects_of(binding).iter().find(|subject| applies(subject, user, binding.namespace()));
            if let Some(subject) = subject {
                access.grant(binding, subject, cache);
            }
        }
        access
    }

    fn grant(&mut self, binding: &Object, subject: &Value, cache: &WatchCache) {
        let Some(document) = binding.document() else { return };
        let (kind, name) = (document.text("roleRef.kind"), document.text("roleRef.name"));
        let namespace: Rc<str> = binding.namespace().into();
        let Some(role) = role_of(binding, cache) else {
            self.missing.push(Missing { namespace, kind: kind.into(), name: name.into() });
            return;
        };
        let place = if namespace.is_empty() { String::new() } else { format!("/{namespace}") };
        let (kind_of_binding, to) = (binding.kind().kind, described(subject, &namespace));
        let source = format!("{kind_of_binding} \"{}{place}\" of {kind} \"{name}\" to {to}", binding.name());
        let rules = rules_of(role).iter().map(Rule::read).collect();
        self.grants.push(Grant { namespace, source: source.into(), rules });
    }

    /// The rules that count in a namespace, and everywhere.
    pub fn rules<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = &'a Rule> {
        self.within(namespace).flat_map(|grant| &grant.rules)
    }

    fn within<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = &'a Grant> {
        self.grants.iter().filter(move |grant| grant.namespace.is_empty() || *grant.namespace == *namespace)
    }

    /// The binding that allows it, or which roles are missing.
    pub fn allows(&self, what: &Attributes) -> super::Decision {
        let fits = |grant: &&Grant| grant.rules.iter().any(|rule| rule.allows(what));
        if let Some(grant) = self.within(what.namespace).find(fits) {
            return Ok(grant.source.clone());
        }
        Err(self.unresolved(what.namespace, "").map_or_else(String::new, |text| format!("RBAC: {text}")))
    }

    /// Which roles do not exist that count in a namespace, each named once; `plural` is what the word for them ends with.
    pub fn unresolved(&self, namespace: &str, plural: &str) -> Option<String> {
        let here =
            self.missing.iter().filter(|missing| missing.namespace.is_empty() || *missing.namespace == *namespace);
        let mut texts: Vec<String> = Vec::new();
        for Missing { kind, name, .. } in here {
            let text = format!("{}{plural}.{GROUP} \"{name}\" not found", kind.to_ascii_lowercase());
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        match texts.len() {
            0 => None,
            1 => texts.pop(),
            _ => Some(format!("[{}]", texts.join(", "))),
        }
    }
}

/// The role that a binding gives.
pub fn role_of<'a>(binding: &Object, cache: &'a WatchCache) -> Option<&'a Object> {
    let document = binding.document()?;
    let name = document.text("roleRef.name");
    match document.text("roleRef.kind") {
        "Role" => cache.get(&role::KIND, &Key::new(binding.namespace(), name)),
        _ => cache.get(&cluster_role::KIND, &Key::new("", name)),
    }
}

/// Upstream: `appliesToUser`.
fn applies(subject: &Value, user: &User, namespace: &str) -> bool {
    let name = subject["name"].as_str().unwrap_or_default();
    match subject["kind"].as_str() {
        Some("User") => *user.name == *name,
        Some("Group") => user.groups.iter().any(|group| **group == *name),
        Some("ServiceAccount") => {
            let of = subject["namespace"].as_str().unwrap_or(namespace);
            let account = user.name.strip_prefix("system:serviceaccount:").and_then(|rest| rest.split_once(':'));
            account == Some((of, name))
        }
        _ => false,
    }
}

fn described(subject: &Value, namespace: &str) -> String {
    let text = |field: &str| subject[field].as_str().unwrap_or_default();
    let (kind, name) = (text("kind"), text("name"));
    if kind != "ServiceAccount" {
        return format!("{kind} \"{name}\"");
    }
    let of = subject["namespace"].as_str().unwrap_or(namespace);
    format!("{kind} \"{name}/{of}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(value: &Value) -> Rule {
        Rule::read(value)
    }

    #[test]
    fn rules_fit_verbs_groups_resources_and_names() {
        let pods = rule(&json!({"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods", "*/scale"]}));
        let asks = |verb, resource, subresource, name| {
            pods.allows(&Attributes { subresource, ..Attributes::on(verb, "", resource, "a", name) })
        };
        assert!(asks("get", "pods", "", "x") && asks("get", "deployments", "scale", ""));
        assert!(!asks("delete", "pods", "", "x") && !asks("get", "pods", "log", "x") && !asks("get", "nodes", "", ""));
        let named = rule(&json!({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "resourceNames": ["x"]}));
        assert!(named.allows(&Attributes::on("update", "apps", "deployments", "a", "x")));
        assert!(!named.allows(&Attributes::on("list", "apps", "deployments", "a", "")));
    }

    #[test]
    fn paths_may_end_with_a_star() {
        let rule = rule(&json!({"verbs": ["get"], "nonResourceURLs": ["/healthz", "/apis/*"]}));
        let asks = |path| rule.allows(&Attributes::path("get", path));
        assert!(asks("/healthz") && asks("/apis/apps/v1"));
        assert!(!asks("/healthz/x") && !asks("/api"));
    }
}
