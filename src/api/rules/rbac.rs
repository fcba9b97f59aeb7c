//! `rbac.authorization.k8s.io`: roles say what may be done, bindings who may do it.
//!
//! Upstream: `pkg/apis/rbac/validation/validation.go`, `pkg/apis/rbac/v1/defaults.go`.

use super::{default_field, field, selector, shown_struct};
use crate::api::check::{self, Errors};
use crate::api::names;
use crate::api::object::Object;
use crate::api::tree::At;
use serde_json::Value;

/// The API group.
pub const GROUP: &str = "rbac.authorization.k8s.io";

/// A role without rules is stored with none.
pub fn default_role(object: &mut Object) {
    if let Some(role) = object.document_mut() {
        role.set_default("rules", Value::Null);
    }
}

/// References name their API group.
pub fn default_binding(object: &mut Object) {
    let Some(binding) = object.document_mut() else { return };
    if binding.field("roleRef").is_empty() {
        binding.set("roleRef", Value::Object(serde_json::Map::new()));
    }
    let Some(reference) = binding.field_mut("roleRef") else { return };
    default_field(reference, "apiGroup", GROUP);
    let subjects = binding.field_mut("subjects").and_then(Value::as_array_mut).into_iter().flatten();
    for subject in subjects.filter(|subject| matches!(subject["kind"].as_str(), Some("User" | "Group"))) {
        default_field(subject, "apiGroup", GROUP);
    }
}

/// All errors of a `Role` (`ValidateRole`).
#[must_use]
pub fn validate_role(object: &Object) -> Errors {
    let mut out = Vec::new();
    rules(&mut out, &field(object, "rules"), true);
    out
}

/// All errors of a `ClusterRole` (`ValidateClusterRole`).
#[must_use]
pub fn validate_cluster_role(object: &Object) -> Errors {
    let mut out = Vec::new();
    rules(&mut out, &field(object, "rules"), false);
    let aggregation = field(object, "aggregationRule");
    if aggregation.given() {
        let selectors = aggregation.field("clusterRoleSelectors");
        if selectors.is_empty() {
            out.push(selectors.required("at least one clusterRoleSelector required if aggregationRule is non-nil"));
        }
        selectors.items().for_each(|item| selector(&mut out, &item));
    }
    out
}

/// Upstream: `ValidatePolicyRule`.
fn rules(out: &mut Errors, rules: &At, namespaced: bool) {
    for rule in rules.items() {
        let verbs = rule.field("verbs");
        if verbs.is_empty() {
            out.push(verbs.required("verbs must contain at least one value"));
        }
        let (urls, groups, resources) =
            (rule.field("nonResourceURLs"), rule.field("apiGroups"), rule.field("resources"));
        if !urls.is_empty() {
            if namespaced {
                out.push(urls.invalid("namespaced rules cannot apply to non-resource URLs"));
            }
            if !groups.is_empty() || !resources.is_empty() || !rule.field("resourceNames").is_empty() {
                out.push(urls.invalid("rules cannot apply to both regular resources and non-resource URLs"));
            }
            continue;
        }
        if groups.is_empty() {
            out.push(groups.required("resource rules must supply at least one api group"));
        }
        if resources.is_empty() {
            out.push(resources.required("resource rules must supply at least one resource"));
        }
    }
}

/// All errors of a `RoleBinding` (`ValidateRoleBinding`).
#[must_use]
pub fn validate_role_binding(object: &Object) -> Errors {
    binding(object, &["Role", "ClusterRole"], true)
}

/// All errors of a `ClusterRoleBinding` (`ValidateClusterRoleBinding`).
#[must_use]
pub fn validate_cluster_role_binding(object: &Object) -> Errors {
    binding(object, &["ClusterRole"], false)
}

/// All errors of an update of a `RoleBinding` (`ValidateRoleBindingUpdate`).
#[must_use]
pub fn update_role_binding(new: &Object, old: &Object) -> Errors {
    let mut out = validate_role_binding(new);
    same_role(&mut out, new, old);
    out
}

/// All errors of an update of a `ClusterRoleBinding` (`ValidateClusterRoleBindingUpdate`).
#[must_use]
pub fn update_cluster_role_binding(new: &Object, old: &Object) -> Errors {
    let mut out = validate_cluster_role_binding(new);
    same_role(&mut out, new, old);
    out
}

fn same_role(out: &mut Errors, new: &Object, old: &Object) {
    let role = field(new, "roleRef");
    if role.value != field(old, "roleRef").value {
        let names = [("apiGroup", "APIGroup", "\"\""), ("kind", "Kind", "\"\""), ("name", "Name", "\"\"")];
        out.push(check::invalid_as(&role.path, shown_struct(role.value, &names), "cannot change roleRef"));
    }
}

fn binding(object: &Object, kinds: &[&str], namespaced: bool) -> Errors {
    let mut out = Vec::new();
    let role = field(object, "roleRef");
    let (group, kind, name) = (role.field("apiGroup"), role.field("kind"), role.field("name"));
    if group.text() != GROUP {
        out.push(group.not_supported(&[GROUP]));
    }
    if !kinds.contains(&kind.text()) {
        out.push(kind.not_supported(kinds));
    }
    if name.is_empty() {
        out.push(name.required(""));
    } else {
        name.complain(&mut out, names::path_segment(name.text()));
    }
    for one in field(object, "subjects").items() {
        subject(&mut out, &one, namespaced);
    }
    out
}

/// Upstream: `ValidateRoleBindingSubject`.
fn subject(out: &mut Errors, subject: &At, namespaced: bool) {
    let (kind, name, group) = (subject.field("kind"), subject.field("name"), subject.field("apiGroup"));
    if name.is_empty() {
        out.push(name.required(""));
    }
    match kind.text() {
        "ServiceAccount" => {
            if !name.is_empty() {
                name.complain(out, names::dns1123_subdomain(name.text()));
            }
            if !group.is_empty() {
                out.push(group.not_supported(&[""]));
            }
            let namespace = subject.field("namespace");
            if !namespaced && namespace.is_empty() {
                out.push(namespace.required(""));
            }
        }
        "User" | "Group" => {
            if group.text() != GROUP {
                out.push(group.not_supported(&[GROUP]));
            }
        }
        _ => out.push(kind.not_supported(&["ServiceAccount", "User", "Group"])),
    }
}

/// The rules that a role or rule list brings along, as trees.
#[must_use]
pub fn rules_of(object: &Object) -> &[Value] {
    object.document().map(|role| role.list("rules")).unwrap_or_default()
}

/// The subjects of a binding, as trees.
#[must_use]
pub fn subjects_of(object: &Object) -> &[Value] {
    object.document().map(|binding| binding.list("subjects")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::complaints;
    use super::*;
    use serde_json::json;

    #[test]
    fn rules_need_verbs_and_either_resources_or_urls() {
        let rules = json!({"rules": [{"apiGroups": [""], "resources": ["pods"]}, {"resources": ["pods"], "verbs": ["get"]},
            {"nonResourceURLs": ["/x"], "resources": ["pods"], "verbs": ["get"]}]});
        assert_eq!(
            complaints(validate_cluster_role, &rules),
            [
                "rules[0].verbs: Required value: verbs must contain at least one value",
                "rules[1].apiGroups: Required value: resource rules must supply at least one api group",
                "rules[2].nonResourceURLs: Invalid value: [\"/x\"]: rules cannot apply to both regular resources and non-resource URLs",
            ]
        );
        assert_eq!(complaints(validate_role, &rules).len(), 4);
        assert_eq!(
            complaints(validate_cluster_role, &json!({"aggregationRule": {}})),
            [
                "aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector required if aggregationRule is non-nil"
            ]
        );
    }

    #[test]
    fn bindings_name_a_role_and_subjects() {
        let binding = json!({"roleRef": {"apiGroup": GROUP, "kind": "Role", "name": "a/b"}, "subjects": [
            {"kind": "User", "name": "u"}, {"kind": "ServiceAccount", "name": "X"}, {"kind": "Robot", "name": "r"}]});
        let found = complaints(validate_cluster_role_binding, &binding);
        assert_eq!(found[0], "roleRef.kind: Unsupported value: \"Role\": supported values: \"ClusterRole\"");
        assert_eq!(found[1], "roleRef.name: Invalid value: \"a/b\": may not contain '/'");
        assert_eq!(
            found[2],
            "subjects[0].apiGroup: Unsupported value: \"\": supported values: \"rbac.authorization.k8s.io\""
        );
        assert_eq!(found[4], "subjects[1].namespace: Required value");
        assert_eq!(
            found[5],
            "subjects[2].kind: Unsupported value: \"Robot\": supported values: \"ServiceAccount\", \"User\", \"Group\""
        );
    }
}
