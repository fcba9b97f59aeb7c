//! The versions of a custom kind: schemas, subresources, columns and fields for selectors.
//!
//! Upstream: `apiextensions-apiserver/pkg/apis/apiextensions/validation/validation.go`
//! (`validateCustomResourceDefinitionVersion` and what it calls).

use super::shared::Shared;
use super::{expressions, shown, structure};
use crate::api::check::{self, Errors};
use crate::api::custom;
use crate::api::status::FieldError;
use crate::api::tree::At;
use crate::sim::SortedSet;
use serde_json::{Value, json};

const COLUMN_TYPES: [&str; 5] = ["boolean", "date", "integer", "number", "string"];
const COLUMN_FORMATS: [&str; 9] =
    ["byte", "date", "date-time", "double", "float", "int32", "int64", "password", "uuid"];

/// A version: its schema and what belongs to it, unless all versions share that.
pub fn of_version(out: &mut Errors, version: &At, shared: Shared, before: Option<&At>) {
    let schema = version.field("schema");
    if !schema.field("openAPIV3Schema").given() {
        out.push(schema.field("openAPIV3Schema").required(""));
    } else if !shared.schema {
        let status = !version.value["subresources"]["status"].is_null();
        of_schema(out, &schema, status, schema_before(before, version.field("name").text()));
    }
    if !shared.subresources {
        of_subresources(out, &version.field("subresources"));
    }
    if !shared.columns {
        version.field("additionalPrinterColumns").items().for_each(|column| of_column(out, &column));
    }
    of_selectable(out, &version.field("selectableFields"), &schema.value["openAPIV3Schema"]);
    let warning = version.field("deprecationWarning");
    if warning.given() && !version.field("deprecated").flag() {
        out.push(warning.invalid("can only be set for deprecated versions"));
    }
    if warning.given() && warning.is_empty() {
        out.push(warning.required("must not be empty, omit to use default deprecation warning"));
    }
}

/// The schema that a version of the stored definition has.
pub fn schema_before<'v>(before: Option<&At<'v, '_>>, version: &str) -> Option<&'v Value> {
    let versions = before?.value["versions"].as_array()?;
    versions.iter().find(|known| known["name"] == version).map(|known| &known["schema"])
}

/// Upstream: `validateCustomResourceDefinitionValidation`; rules are compiled if the schema is right otherwise.
pub fn of_schema(out: &mut Errors, schema: &At, status: bool, before: Option<&Value>) {
    let whole = schema.field("openAPIV3Schema");
    if !whole.given() {
        return;
    }
    let known = out.len();
    if status {
        at_root(out, &whole);
    }
    if whole.field("nullable").flag() {
        let path = schema.path.field("openAPIV3Schema.nullable");
        out.push(FieldError::forbidden(path, "nullable cannot be true at the root"));
    }
    structure::check(out, &whole);
    if out.len() == known {
        expressions::check(out, &whole, before != Some(schema.value));
    }
}

/// What may stand at the root of a schema from which the status is taken out (upstream: `allowedAtRootSchema`).
fn at_root(out: &mut Errors, schema: &At) {
    const ALLOWED: &str = "Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength \
        MinLength Pattern MaxItems MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs Example \
        XPreserveUnknownFields XValidations";
    let kind = schema.field("type");
    if !kind.is_empty() && kind.text() != "object" {
        let detail =
            "only \"object\" is allowed as the type at the root of the schema if the status subresource is enabled";
        out.push(kind.invalid(detail));
        return;
    }
    let set = |value: &Value| !matches!(value, Value::Null | Value::Bool(false)) && *value != json!("");
    let given = schema.value.as_object().into_iter().flatten().filter(|(_, value)| set(value));
    let mut names = given.filter_map(|(name, _)| shown::field_of_schema(name));
    if names.any(|name| !ALLOWED.split(' ').any(|allowed| allowed == name)) {
        let detail = format!(
            "only [{ALLOWED}] fields are allowed at the root of the schema if the status subresource is enabled"
        );
        out.push(check::invalid_as(&schema.path, shown::schema(schema.value), &detail));
    }
}

/// The most fields that selectors may name (`MaxSelectableFields`).
const MOST_SELECTABLE: usize = 8;

/// Upstream: `ValidateCustomResourceSelectableFields`.
fn of_selectable(out: &mut Errors, fields: &At, schema: &Value) {
    let mut seen = SortedSet::new();
    for field in fields.items() {
        let path = field.field("jsonPath");
        if path.is_empty() {
            out.push(path.required(""));
            continue;
        }
        let Some(found) = structure::field_at(schema, path.text(), false) else {
            out.push(path.invalid("is an invalid path: does not refer to a valid field"));
            continue;
        };
        if path.text() == ".metadata" || path.text().starts_with(".metadata.") {
            out.push(path.invalid("must not point to fields in metadata"));
        }
        if !matches!(found["type"].as_str(), Some("string" | "boolean" | "integer")) {
            let detail = "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.";
            out.push(path.invalid(detail));
        }
        if !seen.insert(path.text()) {
            out.push(path.duplicate());
        }
    }
    if seen.len() > MOST_SELECTABLE {
        out.push(FieldError::too_many(fields.path, seen.len(), MOST_SELECTABLE));
    }
}

/// Upstream: `ValidateCustomResourceDefinitionSubresources`.
pub fn of_subresources(out: &mut Errors, subresources: &At) {
    let scale = subresources.field("scale");
    if !scale.given() {
        return;
    }
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

/// Upstream: `ValidateCustomResourceColumnDefinition`.
pub fn of_column(out: &mut Errors, column: &At) {
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
