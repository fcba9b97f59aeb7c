//! `CustomResourceDefinition`.
//!
//! Upstream: `apiextensions-apiserver/pkg/apis/apiextensions/{validation/validation.go,v1/defaults.go}`,
//! `pkg/apiserver/schema/validation.go` (structural schemas).

mod shown;
mod structure;

use super::policies::mixed_case_label;
use super::webhooks::{client, one_of};
use super::{default_field, field, items_mut};
use crate::api::check::{self, Errors};
use crate::api::custom;
use crate::api::document::Document;
use crate::api::names;
use crate::api::object::Object;
use crate::api::path::Path;
use crate::api::status::FieldError;
use crate::api::tree::At;
use crate::sim::SortedSet;
use serde_json::{Value, json};

/// What groups of the project's own need.
const APPROVED: &str = "api-approved.kubernetes.io";
const ANNOTATIONS: Path = Path::new("metadata.annotations");
const COLUMN_TYPES: [&str; 5] = ["boolean", "date", "integer", "number", "string"];
const COLUMN_FORMATS: [&str; 9] =
    ["byte", "date", "date-time", "double", "float", "int32", "int64", "password", "uuid"];

/// What the server adds.
pub fn default(object: &mut Object) {
    let Some(definition) = object.document_mut() else { return };
    let kind = definition.text("spec.names.kind").to_owned();
    definition.set_default("spec.conversion", json!({"strategy": "None"}));
    let Some(spec) = definition.field_mut("spec") else { return };
    if spec["preserveUnknownFields"] == false {
        spec.as_object_mut().map(|spec| spec.remove("preserveUnknownFields"));
    }
    if let Some(service) = spec.pointer_mut("/conversion/webhook/clientConfig/service") {
        default_field(service, "port", 443);
    }
    default_field(spec, "names", json!({}));
    if let (Some(names), false) = (spec.get_mut("names"), kind.is_empty()) {
        default_field(names, "singular", kind.to_ascii_lowercase());
        default_field(names, "listKind", format!("{kind}List"));
    }
    for version in items_mut(spec, "versions") {
        default_field(version, "served", false);
        default_field(version, "storage", false);
    }
}

/// What is stored of a new definition's status (the strategy's `PrepareForCreate`).
#[must_use]
pub fn first_status(definition: &Document) -> Value {
    let storage = definition.list("spec.versions").iter().find(|version| version["storage"] == true);
    let stored: Vec<&Value> = storage.into_iter().map(|version| &version["name"]).collect();
    json!({"conditions": null, "acceptedNames": {"plural": "", "kind": ""}, "storedVersions": stored})
}

/// Reads a definition as Go would, but leaves what its schemas say alone: a field named `labels` in them is no map of
/// labels.
///
/// # Errors
/// Go's sentence about the first bad field.
pub fn read(kind: &'static crate::api::Kind, mut document: Value) -> Result<Document, String> {
    let mut schemas = Vec::new();
    if let Some(spec) = document.get_mut("spec") {
        for version in items_mut(spec, "versions") {
            schemas.push(version.as_object_mut().and_then(|version| version.remove("schema")));
        }
    }
    let mut definition = Document::read(kind, document)?;
    if let Some(spec) = definition.field_mut("spec") {
        for (version, schema) in items_mut(spec, "versions").zip(schemas) {
            if let (Some(version), Some(schema)) = (version.as_object_mut(), schema.filter(|schema| !schema.is_null()))
            {
                version.insert("schema".to_owned(), schema);
            }
        }
    }
    Ok(definition)
}

/// All errors of a new definition (`ValidateCustomResourceDefinition`).
#[must_use]
pub fn validate(object: &Object) -> Errors {
    let mut out = Vec::new();
    let spec = field(object, "spec");
    let (plural, group) = (spec.field("names.plural").text(), spec.field("group").text());
    if object.name() != format!("{plural}.{group}") {
        let detail = "must be spec.names.plural+\".\"+spec.group";
        out.push(FieldError::invalid("metadata.name", object.name(), detail));
    }
    of_spec(&mut out, &spec);
    of_names(&mut out, &field(object, "status").field("acceptedNames"));
    stored_versions(&mut out, object, &spec);
    approval(&mut out, object, group);
    out
}

/// All errors of an update (`ValidateCustomResourceDefinitionUpdate`).
#[must_use]
pub fn validate_update(new: &Object, old: &Object) -> Errors {
    let mut out = Vec::new();
    let (spec, before) = (field(new, "spec"), field(old, "spec"));
    of_spec(&mut out, &spec);
    let established = is_established(old);
    let fixed: &[&str] =
        if established { &["scope", "names.kind", "group", "names.plural"] } else { &["group", "names.plural"] };
    for name in fixed {
        let (new, old) = (spec.field(name), before.field(name));
        if new.value != old.value {
            out.push(new.invalid("field is immutable"));
        }
    }
    of_names(&mut out, &field(new, "status").field("acceptedNames"));
    stored_versions(&mut out, new, &spec);
    approval(&mut out, new, spec.field("group").text());
    out
}

/// Whether its kinds are served.
#[must_use]
pub fn is_established(definition: &Object) -> bool {
    let status = field(definition, "status");
    let conditions = status.field("conditions");
    conditions.items().any(|one| one.value["type"] == "Established" && one.value["status"] == "True")
}

/// Upstream: `validateAPIApproval`.
fn approval(out: &mut Errors, object: &Object, group: &str) {
    let protected =
        ["k8s.io", "kubernetes.io"].iter().any(|suffix| group == *suffix || group.ends_with(&format!(".{suffix}")));
    if !protected {
        return;
    }
    let path = ANNOTATIONS.key(APPROVED);
    let given = object.meta().annotations.as_ref().and_then(|annotations| annotations.get(APPROVED));
    match given.map(String::as_str) {
        None => {
            let detail = format!(
                "protected groups must have approval annotation {APPROVED:?}, see https://github.com/kubernetes/enhancements/pull/1111"
            );
            out.push(FieldError::required(path, detail));
        }
        Some(value)
            if value.starts_with("https://") || value.starts_with("http://") || value.starts_with("unapproved") => {}
        Some(value) => {
            let detail = "protected groups must have approval annotation \"api-approved.kubernetes.io\" with either a URL or a reason starting with \"unapproved\", see https://github.com/kubernetes/enhancements/pull/1111";
            out.push(FieldError::invalid(path, value, detail));
        }
    }
}

/// Upstream: `ValidateCustomResourceDefinitionStoredVersions`.
fn stored_versions(out: &mut Errors, object: &Object, spec: &At) {
    let status = field(object, "status");
    let stored = status.field("storedVersions");
    let versions = spec.field("versions");
    let names: Vec<&str> = versions.items().map(|version| version.field("name").text()).collect();
    if stored.is_empty() && stored.given() {
        out.push(stored.invalid("must have at least one stored version"));
    }
    for version in stored.items().filter(|version| !names.contains(&version.text())) {
        out.push(
            version
                .invalid("missing from spec.versions; must be present in spec.versions because it is a stored version"),
        );
    }
    let storage = versions.items().filter(|version| version.field("storage").flag()).last();
    let storage = storage.map(|version| version.field("name").text());
    if let Some(storage) = storage.filter(|name| stored.given() && !stored.texts().contains(name)) {
        out.push(stored.invalid(format!("must have the storage version {storage}")));
    }
}

fn label(out: &mut Errors, at: &At) {
    let complaints = names::dns1035_label(at.text());
    if !at.is_empty() && !complaints.is_empty() {
        out.push(at.invalid(complaints.join(",")));
    }
}

fn of_spec(out: &mut Errors, spec: &At) {
    let (group, scope, versions) = (spec.field("group"), spec.field("scope"), spec.field("versions"));
    let complaints = names::dns1123_subdomain(group.text());
    if group.is_empty() {
        out.push(group.required(""));
    } else if !complaints.is_empty() {
        out.push(group.invalid(complaints.join(",")));
    } else if !group.text().contains('.') {
        out.push(group.invalid("should be a domain with at least one dot"));
    }
    if scope.is_empty() {
        out.push(scope.required(""));
    } else {
        one_of(out, &scope, &["Cluster", "Namespaced"]);
    }
    if spec.field("preserveUnknownFields").flag() {
        let detail =
            "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead";
        out.push(spec.field("preserveUnknownFields").invalid(detail));
    }
    let mut seen = SortedSet::new();
    let mut unique = true;
    for version in versions.items() {
        let name = version.field("name");
        unique &= seen.insert(name.text());
        let complaints = names::dns1035_label(name.text());
        if !complaints.is_empty() {
            out.push(FieldError::invalid(name.path, name.text(), complaints.join(",")));
        }
        of_version(out, &version);
    }
    let shown = || shown::versions(versions.value);
    if !unique {
        out.push(check::invalid_as(&versions.path, shown(), "must contain unique version names"));
    }
    if versions.items().filter(|version| version.field("storage").flag()).count() != 1 {
        let detail = "must have exactly one version marked as storage version";
        out.push(check::invalid_as(&versions.path, shown(), detail));
    }
    let names = spec.field("names");
    for name in ["plural", "singular", "kind", "listKind"] {
        let at = names.field(name);
        if at.is_empty() {
            out.push(at.required(""));
        }
    }
    of_names(out, &names);
    conversion(out, &spec.field("conversion"));
}

/// Upstream: `ValidateCustomResourceDefinitionNames`.
fn of_names(out: &mut Errors, names: &At) {
    let (kind, list) = (names.field("kind"), names.field("listKind"));
    label(out, &names.field("plural"));
    label(out, &names.field("singular"));
    mixed_case_label(out, &kind, false);
    mixed_case_label(out, &list, false);
    names.field("shortNames").items().for_each(|one| label(out, &one));
    if !kind.is_empty() && kind.text() == list.text() {
        out.push(list.invalid("kind and listKind may not be the same"));
    }
    names.field("categories").items().for_each(|one| label(out, &one));
}

fn of_version(out: &mut Errors, version: &At) {
    let schema = version.field("schema.openAPIV3Schema");
    if schema.given() {
        structure::check(out, &schema);
    } else {
        out.push(schema.required(""));
    }
    let subresources = version.field("subresources");
    let scale = subresources.field("scale");
    if scale.given() {
        for (name, start, required) in [
            ("specReplicasPath", ".spec.", true),
            ("statusReplicasPath", ".status.", true),
            ("labelSelectorPath", "", false),
        ] {
            let at = scale.field(name);
            let within = at.text().starts_with(start)
                || (start.is_empty() && (at.text().starts_with(".spec.") || at.text().starts_with(".status.")));
            if at.is_empty() {
                out.extend(required.then(|| at.required("")));
            } else if at.text().contains('[') {
                out.push(at.invalid("should be a simple json path without array notation"));
            } else if !within {
                let words = if start.is_empty() { ".spec or .status" } else { start.trim_end_matches('.') };
                out.push(at.invalid(format!("should be a json path under {words}")));
            }
        }
    }
    let columns = version.field("additionalPrinterColumns");
    columns.items().for_each(|column| of_column(out, &column));
    let warning = version.field("deprecationWarning");
    if warning.given() && !version.field("deprecated").flag() {
        out.push(warning.invalid("can only be set for deprecated versions"));
    }
    if warning.given() && warning.is_empty() {
        out.push(warning.required("must not be empty, omit to use default deprecation warning"));
    }
}

/// Upstream: `ValidateCustomResourceColumnDefinition`.
fn of_column(out: &mut Errors, column: &At) {
    let (name, kind, format, path) =
        (column.field("name"), column.field("type"), column.field("format"), column.field("jsonPath"));
    if name.is_empty() {
        out.push(name.required(""));
    }
    if kind.is_empty() {
        out.push(kind.required("must be one of boolean,date,integer,number,string"));
    } else if !COLUMN_TYPES.contains(&kind.text()) {
        out.push(kind.invalid("must be one of boolean,date,integer,number,string"));
    }
    if !format.is_empty() && !COLUMN_FORMATS.contains(&format.text()) {
        out.push(format.invalid(format!("must be one of {}", COLUMN_FORMATS.join(","))));
    }
    if path.is_empty() {
        out.push(path.required(""));
    } else if !custom::is_simple(path.text()) {
        out.push(path.invalid("must be a simple json path starting with ."));
    }
}

/// Upstream: `ValidateCustomResourceConversion`.
fn conversion(out: &mut Errors, conversion: &At) {
    let (strategy, webhook) = (conversion.field("strategy"), conversion.field("webhook"));
    if !conversion.given() {
        return;
    }
    match strategy.text() {
        "None" if webhook.given() => {
            out.push(webhook.forbidden("should not be set when strategy is not set to Webhook"));
        }
        "None" => {}
        "Webhook" => {
            let versions = webhook.field("conversionReviewVersions");
            if webhook.field("clientConfig").given() {
                client(out, &webhook.field("clientConfig"));
            } else {
                let at = conversion.field("webhookClientConfig");
                out.push(at.required("required when strategy is set to Webhook, but not allowed if spec.preserveUnknownFields is set to true"));
            }
            if versions.is_empty() {
                out.push(versions.required(""));
            } else if !versions.texts().iter().any(|version| matches!(*version, "v1" | "v1beta1")) {
                out.push(versions.invalid("must include at least one of v1, v1beta1"));
            }
        }
        "" => out.push(strategy.required("")),
        _ => out.push(strategy.not_supported(&["None", "Webhook"])),
    }
}

#[cfg(test)]
mod tests {
    use super::super::complaints;
    use super::*;

    fn definition(versions: &Value) -> Value {
        json!({"metadata": {"name": "widgets.example.com"}, "spec": {"group": "example.com", "scope": "Namespaced",
            "names": {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"}, "versions": versions}})
    }

    fn schema(schema: &Value) -> Vec<String> {
        complaints(
            validate,
            &definition(
                &json!([{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}}]),
            ),
        )
    }

    #[test]
    fn a_definition_has_names_versions_and_schemas() {
        assert!(schema(&json!({"type": "object"})).is_empty());
        let found = complaints(
            validate,
            &json!({"metadata": {"name": "x"}, "spec": {"group": "example", "versions": [
            {"name": "V1", "storage": true, "additionalPrinterColumns": [{"type": "text", "jsonPath": "spec"}],
             "subresources": {"scale": {"specReplicasPath": ".status.x"}}}]}}),
        );
        for wanted in [
            "metadata.name: Invalid value: \"x\": must be spec.names.plural+\".\"+spec.group",
            "spec.group: Invalid value: \"example\": should be a domain with at least one dot",
            "spec.scope: Required value",
            "spec.versions[0].schema.openAPIV3Schema: Required value",
            "spec.versions[0].subresources.scale.specReplicasPath: Invalid value: \".status.x\": should be a json path under .spec",
            "spec.versions[0].subresources.scale.statusReplicasPath: Required value",
            "spec.versions[0].additionalPrinterColumns[0].name: Required value",
            "spec.versions[0].additionalPrinterColumns[0].type: Invalid value: \"text\": must be one of boolean,date,integer,number,string",
            "spec.versions[0].additionalPrinterColumns[0].jsonPath: Invalid value: \"spec\": must be a simple json path starting with .",
            "spec.names.plural: Required value",
        ] {
            assert!(found.iter().any(|one| one == wanted), "{wanted}\n{found:#?}");
        }
        let mut protected = definition(
            &json!([{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {"type": "object"}}}]),
        );
        protected["spec"]["group"] = json!("x.k8s.io");
        protected["metadata"]["name"] = json!("widgets.x.k8s.io");
        assert!(
            complaints(validate, &protected)[0]
                .starts_with("metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups")
        );
    }

    #[test]
    fn schemas_are_structural() {
        let found = schema(&json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {
            "a": {}, "b": {"type": "list"}, "c": {"type": "array"}, "d": {"type": "object", "additionalProperties": false},
            "e": {"type": "array", "uniqueItems": true, "items": {"type": "string"}},
            "f": {"type": "array", "x-kubernetes-list-type": "map", "items": {"type": "object", "properties": {"k": {"type": "string"}}}},
            "g": {"type": "integer", "default": "x"}, "h": {"type": "string", "pattern": "("},
            "i": {"type": "object", "x-kubernetes-validations": [{"rule": "self.x >"}]}}}}}));
        for wanted in [
            "spec.versions[0].schema.openAPIV3Schema.properties[spec].properties[a].type: Required value: must not be empty for specified object fields",
            "spec.versions[0].schema.openAPIV3Schema.properties[spec].properties[b].type: Unsupported value: \"list\": supported values: \"array\", \"boolean\", \"integer\", \"number\", \"object\", \"string\"",
            "spec.versions[0].schema.openAPIV3Schema.properties[spec].properties[c].items: Required value: must be specified",
            "spec.versions[0].schema.openAPIV3Schema.properties[spec].properties[d].additionalProperties: Forbidden: additionalProperties cannot be set to false",
            "spec.versions[0].schema.openAPIV3Schema.properties[spec].properties[e].uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic",
            "spec.versions[0].schema.openAPIV3Schema.properties[spec].properties[f].x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map",
            "spec.versions[0].schema.openAPIV3Schema.properties[spec].properties[g].default: Invalid value: \"string\": spec.versions[0].schema.openAPIV3Schema.properties[spec].properties[g].default in body must be of type integer: \"string\"",
        ] {
            assert!(found.iter().any(|one| one == wanted), "{wanted}\n{found:#?}");
        }
        assert!(found.iter().any(|one| one.contains(
            "x-kubernetes-validations[0].rule: Invalid value: \"self.x >\": compilation failed: ERROR: <input>:1:9"
        )));
        assert_eq!(
            schema(&json!({"type": "string"})),
            ["spec.versions[0].schema.openAPIV3Schema.type: Invalid value: \"string\": must be object at the root"]
        );
        assert_eq!(
            schema(&json!({})),
            ["spec.versions[0].schema.openAPIV3Schema.type: Required value: must not be empty at the root"]
        );
    }
}
