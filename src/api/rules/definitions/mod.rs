//! `CustomResourceDefinition`.
//!
//! Upstream: `apiextensions-apiserver/pkg/apis/apiextensions/{validation/validation.go,v1/defaults.go}`,
//! `pkg/apiserver/schema/validation.go` (structural schemas).

mod expressions;
mod shared;
mod shown;
mod structural;
mod structure;
mod versions;

use self::shared::Shared;
use self::versions::{of_column, of_schema, of_subresources, of_version, schema_before};
use super::policies::mixed_case_label;
use super::webhooks::{client, one_of};
use super::{default_field, field, items_mut};
use crate::api::check::{self, Errors};
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
    of_spec(&mut out, &spec, None);
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
    of_spec(&mut out, &spec, Some(&before));
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

fn of_spec(out: &mut Errors, spec: &At, before: Option<&At>) {
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
    let shared = Shared::of(versions.value);
    let mut seen = SortedSet::new();
    let mut unique = true;
    for version in versions.items() {
        let name = version.field("name");
        unique &= seen.insert(name.text());
        let complaints = names::dns1035_label(name.text());
        if !complaints.is_empty() {
            out.push(FieldError::invalid(name.path, name.text(), complaints.join(",")));
        }
        of_version(out, &version, shared, before);
    }
    let shown = || shown::versions(&shared.taken_out(versions.value));
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
    of_shared(out, spec, shared, before);
    conversion(out, &spec.field("conversion"));
}

/// What all versions have in common, at the first of them.
fn of_shared(out: &mut Errors, spec: &At, shared: Shared, before: Option<&At>) {
    let versions = spec.field("versions");
    if let Some(first) = versions.items().next() {
        let at = |name: &'static str, of: &'static str| At::new(first.value.get(name), spec.path.field(of));
        if shared.schema {
            let status = !first.value["subresources"]["status"].is_null();
            of_schema(out, &at("schema", "validation"), status, schema_before(before, first.field("name").text()));
        }
        if shared.subresources {
            of_subresources(out, &at("subresources", "subresources"));
        }
        if shared.columns {
            at("additionalPrinterColumns", "additionalPrinterColumns")
                .items()
                .for_each(|column| of_column(out, &column));
        }
    }
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
            "spec.subresources.scale.specReplicasPath: Invalid value: \".status.x\": should be a json path under .spec",
            "spec.subresources.scale.statusReplicasPath: Required value",
            "spec.additionalPrinterColumns[0].name: Required value",
            "spec.additionalPrinterColumns[0].type: Invalid value: \"text\": must be one of boolean,date,integer,number,string",
            "spec.additionalPrinterColumns[0].jsonPath: Invalid value: \"spec\": must be a simple json path starting with .",
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
            "h": {"type": "string", "pattern": "("}}}}}));
        for wanted in [
            "spec.validation.openAPIV3Schema.properties[spec].properties[a].type: Required value: must not be empty for specified object fields",
            "spec.validation.openAPIV3Schema.properties[spec].properties[b].type: Unsupported value: \"list\": supported values: \"array\", \"boolean\", \"integer\", \"number\", \"object\", \"string\"",
            "spec.validation.openAPIV3Schema.properties[spec].properties[c].items: Required value: must be specified",
            "spec.validation.openAPIV3Schema.properties[spec].properties[d].additionalProperties: Forbidden: additionalProperties cannot be set to false",
            "spec.validation.openAPIV3Schema.properties[spec].properties[e].uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic",
            "spec.validation.openAPIV3Schema.properties[spec].properties[f].x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map",
        ] {
            assert!(found.iter().any(|one| one == wanted), "{wanted}\n{found:#?}");
        }
        // Defaults are looked at once the schema is structural.
        assert_eq!(
            schema(&json!({"type": "object", "properties": {"g": {"type": "integer", "default": "x"}}})),
            [
                "spec.validation.openAPIV3Schema.properties[g].default: Invalid value: \"string\": spec.validation.openAPIV3Schema.properties[g].default in body must be of type integer: \"string\""
            ]
        );
        assert_eq!(
            schema(&json!({"type": "string"})),
            ["spec.validation.openAPIV3Schema.type: Invalid value: \"string\": must be object at the root"]
        );
        assert_eq!(
            schema(&json!({})),
            ["spec.validation.openAPIV3Schema.type: Required value: must not be empty at the root"]
        );
    }
    #[test]
    fn what_only_narrows_says_nothing_new() {
        let said = |spec: Value| -> Vec<String> {
            let found = schema(&json!({"type": "object", "properties": {"spec": spec}}));
            found.iter().map(|one| one.replace("spec.validation.openAPIV3Schema.properties[spec]", "SPEC")).collect()
        };
        let fields = json!({"a": {"type": "string"}});
        assert!(said(json!({"type": "object", "properties": fields, "anyOf": [{"required": ["a"]}, {"properties": {"a": {"pattern": "x"}}}]})).is_empty());
        assert_eq!(
            said(
                json!({"type": "object", "properties": fields, "oneOf": [{"type": "object", "properties": {"b": {"minLength": 1, "nullable": true}}}]})
            ),
            [
                "SPEC.oneOf[0].properties[b].nullable: Forbidden: must be false to be structural",
                "SPEC.oneOf[0].type: Forbidden: must be empty to be structural",
                "SPEC.properties[b]: Required value: because it is defined in SPEC.oneOf[0].properties[b]",
            ]
        );
        assert!(
            said(json!({"x-kubernetes-int-or-string": true, "anyOf": [{"type": "integer"}, {"type": "string"}]}))
                .is_empty()
        );
        assert_eq!(
            said(json!({"type": "string", "x-kubernetes-map-type": "loose", "x-kubernetes-list-type": "map"})),
            [
                "SPEC.type: Invalid value: \"string\": must be object if x-kubernetes-map-type is specified",
                "SPEC.x-kubernetes-map-type: Unsupported value: \"loose\": supported values: \"atomic\", \"granular\"",
                "SPEC.type: Invalid value: \"string\": must be array if x-kubernetes-list-type is specified",
                "SPEC.x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map",
                "SPEC.items: Required value: must have a schema if x-kubernetes-list-type is map",
            ]
        );
        let found = schema(
            &json!({"type": "object", "properties": {"metadata": {"type": "object", "properties": {"labels": {"type": "object"}}}}}),
        );
        assert_eq!(
            found,
            [
                "spec.validation.openAPIV3Schema.properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified"
            ]
        );
    }

    #[test]
    fn fields_of_rules_and_selectors_are_there() {
        let spec = json!({"type": "object", "properties": {"a": {"type": "string"}, "o": {"type": "object"}, "m": {"type": "object", "additionalProperties": {"type": "string"}}}});
        let of = |fields: Value| {
            let root = json!({"type": "object", "properties": {"spec": spec}});
            let versions = json!([{"name": "v1", "served": true, "storage": true, "selectableFields": fields, "schema": {"openAPIV3Schema": root}}]);
            complaints(validate, &definition(&versions))
        };
        assert!(of(json!([{"jsonPath": ".spec.a"}, {"jsonPath": ".spec.m.x"}])).is_empty());
        assert_eq!(
            of(
                json!([{"jsonPath": ".spec.b"}, {"jsonPath": ".spec.o"}, {"jsonPath": ".spec.a"}, {"jsonPath": ".spec.a"}])
            ),
            [
                "spec.versions[0].selectableFields[0].jsonPath: Invalid value: \".spec.b\": is an invalid path: does not refer to a valid field",
                "spec.versions[0].selectableFields[1].jsonPath: Invalid value: \".spec.o\": must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.",
                "spec.versions[0].selectableFields[3].jsonPath: Duplicate value: \".spec.a\"",
            ]
        );
        for (path, right) in
            [(".a", true), ("['a']", true), (".m['x.y']", true), (".b", false), ("a", false), (".a.b", false)]
        {
            let mut spec = spec.clone();
            spec["x-kubernetes-validations"] = json!([{"rule": "true", "fieldPath": path}]);
            assert_eq!(rules(&spec).is_empty(), right, "{path}: {:?}", rules(&spec));
        }
    }

    #[test]
    fn types_of_rules_are_known() {
        let spec = |rule: &str| {
            rules(&json!({"type": "object", "properties": {"o": {"type": "object", "properties": {"n": {"type": "integer"}}}}, "x-kubernetes-validations": [{"rule": rule, "optionalOldSelf": true}]})).join("; ")
        };
        assert!(
            spec("self.o == 'x' && oldSelf.hasValue()")
                .contains("found no matching overload for '_==_' applied to '(selfType1.o, string)'")
        );
        assert!(spec("oldSelf.o.n == 1").contains("applied to '(optional_type(int), int)'"));
        assert_eq!(spec("oldSelf.?o.?n.orValue(1) < self.o.n"), "");
        assert!(
            spec("oldSelf.hasValue() ? self.o : self.o.n == 1")
                .contains("'_?_:_' applied to '(bool, selfType1.o, bool)'")
        );
    }

    /// The errors of rules at `spec`, without what is the same for all.
    fn rules(spec: &Value) -> Vec<String> {
        let found = schema(&json!({"type": "object", "properties": {"spec": spec}}));
        found.iter().map(|one| one.replace("spec.validation.openAPIV3Schema.properties[spec]", "SPEC")).collect()
    }

    #[test]
    fn rules_are_compiled() {
        let broken = |rule: &str| {
            let rule = json!({"rule": rule});
            let found = rules(&json!({"type": "object", "x-kubernetes-validations": [rule], "properties": {
                "name": {"type": "string"}, "size": {"type": "integer"}, "namespace": {"type": "string"}, "tags": {"type": "array", "items": {"type": "string"}}, "a-b": {"type": "string"}, "free": {"x-kubernetes-preserve-unknown-fields": true}}}));
            let shown = shown::rule(&rule);
            found
                .iter()
                .map(|one| {
                    one.replace(&shown, "RULE")
                        .replace("SPEC.x-kubernetes-validations[0].rule: Invalid value: RULE: ", "")
                })
                .collect::<Vec<_>>()
                .join("; ")
        };
        assert_eq!(
            broken("self.none == 1"),
            "compilation failed: ERROR: <input>:1:5: undefined field 'none'\n | self.none == 1\n | ....^"
        );
        // A word that CEL keeps for itself is called otherwise.
        assert_eq!(
            broken("!has(self.namespace)"),
            "compilation failed: ERROR: <input>:1:5: undefined field 'namespace'\n | !has(self.namespace)\n | ....^"
        );
        assert_eq!(broken("has(self.__namespace__) && self.a__dash__b == 'x'"), "");
        assert!(broken("self.free == 1").contains("undefined field 'free'"));
        assert_eq!(
            broken("self.size == 'a' || other"),
            "compilation failed: ERROR: <input>:1:11: found no matching overload for '_==_' applied to '(int, string)'\n | self.size == 'a' || other\n | ..........^\nERROR: <input>:1:21: undeclared reference to 'other' (in container '')\n | self.size == 'a' || other\n | ....................^"
        );
        assert!(
            broken("self.name.startWith('a')").contains("1:20: undeclared reference to 'startWith' (in container '')")
        );
        let overload = "1:21: found no matching overload for 'startsWith' applied to 'string.(int)'";
        assert!(broken("self.name.startsWith(1)").contains(overload));
        assert_eq!(broken("self.size"), "cel expression must evaluate to a bool");
        let dear = broken("self == oldSelf && self.tags.all(t, t.matches('a'))");
        assert!(dear.contains("rule: Forbidden: estimated rule cost exceeds budget"), "{dear}");
    }

    #[test]
    fn rules_may_not_cost_too_much() {
        let all = |limits: Value| {
            let mut spec = json!({"type": "array", "items": {"type": "string"},
                "x-kubernetes-validations": [{"rule": "self.all(x, x.contains('gpu'))"}]});
            for (name, value) in limits.as_object().into_iter().flatten() {
                if name == "maxLength" { spec["items"][name] = value.clone() } else { spec[name] = value.clone() }
            }
            rules(&spec)
        };
        let advice = "(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)";
        assert_eq!(
            all(json!({})),
            [
                format!("SPEC.x-kubernetes-validations[0].rule: Forbidden: estimated rule cost exceeds budget by factor of more than 100x {advice}"),
                "SPEC.x-kubernetes-validations[0].rule: Forbidden: contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema".to_owned(),
                format!("spec.validation.openAPIV3Schema: Forbidden: x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema exceeds budget by factor of more than 100x {advice}"),
            ]
        );
        // The greatest numbers that the real validation lets pass.
        for (length, items) in [(16, 909_090), (63, 333_333), (253, 94_339), (1024, 24_154)] {
            assert!(all(json!({"maxLength": length, "maxItems": items})).is_empty(), "{length}");
            let over = all(json!({"maxLength": length, "maxItems": items + 1}));
            assert!(over[0].contains("exceeds budget by factor of 1.0000"), "{over:?}");
        }
        // What stands within a list without end may be there as often as it fits into a request.
        let within = |limit: Value| {
            rules(&json!({"type": "array", "maxItems": limit, "items": {"type": "string", "maxLength": 100,
            "x-kubernetes-validations": [{"rule": "self.contains('abc')"}]}}))
        };
        assert_eq!(within(Value::Null).len(), 1);
        assert!(within(Value::Null)[0].contains("factor of 4.3x"), "{:?}", within(Value::Null));
        assert!(within(json!(1000)).is_empty());
    }

    #[test]
    fn old_values_must_be_known_to_be_the_same() {
        let found = rules(&json!({"type": "object", "properties": {"list": {"type": "array", "maxItems": 5,
            "items": {"type": "integer", "x-kubernetes-validations": [{"rule": "self == oldSelf"}, {"rule": "self > 0", "optionalOldSelf": true}]}}}}));
        let items = "SPEC.properties[list].items.x-kubernetes-validations";
        assert_eq!(
            found,
            [
                format!(
                    "{items}[0].rule: Invalid value: \"self == oldSelf\": oldSelf cannot be used on the uncorrelatable portion of the schema within SPEC.properties[list]"
                ),
                format!(
                    "{items}[1].optionalOldSelf: Invalid value: true: may not be set if oldSelf is not used in rule"
                ),
            ]
        );
    }
}
