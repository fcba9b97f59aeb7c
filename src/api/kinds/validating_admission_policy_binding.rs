//! `ValidatingAdmissionPolicyBinding`: to which requests a policy applies, and what follows.

use super::{Column, Kind};
use crate::api::document::Document;
use crate::api::object::Object;
use crate::api::rules::policies;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

/// The kind.
pub static KIND: Kind = Kind {
    categories: &["api-extensions"],
    generation: true,
    spec_changed: |new, old| super::differs(new, old, "spec"),
    decode: |value| Document::read(&KIND, value).map(Object::from_document),
    default: policies::default_binding,
    validate: policies::validate_binding,
    validate_update: |new, _| policies::validate_binding(new),
    columns: &[
        Column::NAME,
        Column::at("PolicyName", "spec.policyName"),
        Column::text("ParamRef", |object, _| parameter(object)),
        Column::AGE,
    ],
    ..Kind::tree(
        "admissionregistration.k8s.io",
        "ValidatingAdmissionPolicyBinding",
        "validatingadmissionpolicybindings",
        "validatingadmissionpolicybinding",
    )
    .cluster()
};

/// Upstream: `printValidatingAdmissionPolicyBinding`.
pub(super) fn parameter(object: &Object) -> String {
    let text = |path: &str| super::document_text(object, path);
    match (text("spec.paramRef.namespace"), text("spec.paramRef.name")) {
        (_, "") => {
            let selector = object.document().and_then(|binding| binding.part("spec.paramRef.selector"));
            selector.map_or_else(|| "<unset>".to_owned(), |selector| shown(&selector))
        }
        ("", name) => format!("*/{name}"),
        (namespace, name) => format!("{namespace}/{name}"),
    }
}

/// A selector as its Go struct prints itself (upstream: `LabelSelector.String` of `generated.pb.go`).
fn shown(selector: &LabelSelector) -> String {
    let labels = selector.match_labels.iter().flatten().map(|(key, value)| format!("{key}: {value},"));
    let expressions = selector.match_expressions.iter().flatten().map(|expression| {
        let values = expression.values.as_deref().unwrap_or_default().join(" ");
        let (key, operator) = (&expression.key, &expression.operator);
        format!("LabelSelectorRequirement{{Key:{key},Operator:{operator},Values:[{values}],}},")
    });
    let (labels, expressions) = (labels.collect::<String>(), expressions.collect::<String>());
    format!(
        "&LabelSelector{{MatchLabels:map[string]string{{{labels}}},\
         MatchExpressions:[]LabelSelectorRequirement{{{expressions}}},}}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn a_selector_is_shown_as_its_struct() {
        let cell = |reference: Value| {
            let binding = json!({"metadata": {"name": "b"}, "spec": {"policyName": "p", "paramRef": reference}});
            parameter(&(KIND.decode)(binding).expect("a binding"))
        };
        let selector = json!({"matchLabels": {"a": "b"},
            "matchExpressions": [{"key": "k", "operator": "In", "values": ["x", "y"]}]});
        assert_eq!(
            cell(json!({"selector": selector})),
            "&LabelSelector{MatchLabels:map[string]string{a: b,},MatchExpressions:[]LabelSelectorRequirement{\
             LabelSelectorRequirement{Key:k,Operator:In,Values:[x y],},},}"
        );
        assert_eq!(cell(json!({"name": "n"})), "*/n");
        assert_eq!(cell(json!({"parameterNotFoundAction": "Deny"})), "<unset>");
    }
}
