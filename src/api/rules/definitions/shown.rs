//! How errors show versions: the internal structs, with Go's names and every field.

use serde_json::Value;

/// The fields of a version with their zero values; `:` stands between what JSON and what Go calls them.
const VERSION: &str = "name:Name=\"\" served:Served=false storage:Storage=false deprecated:Deprecated=false \
    deprecationWarning:DeprecationWarning=null schema:Schema=null subresources:Subresources=null \
    additionalPrinterColumns:AdditionalPrinterColumns=null selectableFields:SelectableFields=null";
const COLUMN: &str = "name:Name=\"\" type:Type=\"\" format:Format=\"\" description:Description=\"\" priority:Priority=0 jsonPath:JSONPath=\"\"";
const RULE: &str = "rule:Rule=\"\" message:Message=\"\" messageExpression:MessageExpression=\"\" reason:Reason=null \
    fieldPath:FieldPath=\"\" optionalOldSelf:OptionalOldSelf=null";
const SCHEMA: &str = "id:ID=\"\" $schema:Schema=\"\" $ref:Ref=null description:Description=\"\" type:Type=\"\" \
    nullable:Nullable=false format:Format=\"\" title:Title=\"\" default:Default=null maximum:Maximum=null \
    exclusiveMaximum:ExclusiveMaximum=false minimum:Minimum=null exclusiveMinimum:ExclusiveMinimum=false \
    maxLength:MaxLength=null minLength:MinLength=null pattern:Pattern=\"\" maxItems:MaxItems=null minItems:MinItems=null \
    uniqueItems:UniqueItems=false multipleOf:MultipleOf=null enum:Enum=null maxProperties:MaxProperties=null \
    minProperties:MinProperties=null required:Required=null items:Items=null allOf:AllOf=null oneOf:OneOf=null \
    anyOf:AnyOf=null not:Not=null properties:Properties=null additionalProperties:AdditionalProperties=null \
    patternProperties:PatternProperties=null dependencies:Dependencies=null additionalItems:AdditionalItems=null \
    definitions:Definitions=null externalDocs:ExternalDocs=null example:Example=null \
    x-kubernetes-preserve-unknown-fields:XPreserveUnknownFields=null x-kubernetes-embedded-resource:XEmbeddedResource=false \
    x-kubernetes-int-or-string:XIntOrString=false x-kubernetes-list-map-keys:XListMapKeys=null \
    x-kubernetes-list-type:XListType=null x-kubernetes-map-type:XMapType=null x-kubernetes-validations:XValidations=null";

/// All versions.
pub fn versions(value: &Value) -> String {
    list(value, &|version| shown(version, VERSION))
}

/// A rule of a schema.
pub fn rule(value: &Value) -> String {
    shown(value, RULE)
}

/// A schema.
pub fn schema(value: &Value) -> String {
    shown(value, SCHEMA)
}

/// What Go calls a field of a schema.
pub fn field_of_schema(name: &str) -> Option<&'static str> {
    let fields = SCHEMA.split_whitespace().filter_map(|entry| entry.split_once('=')?.0.split_once(':'));
    fields.filter(|(json, _)| *json == name).map(|(_, go)| go).next()
}

fn list(value: &Value, item: &dyn Fn(&Value) -> String) -> String {
    let Some(items) = value.as_array() else { return "null".to_owned() };
    format!("[{}]", items.iter().map(item).collect::<Vec<_>>().join(","))
}

fn shown(value: &Value, fields: &str) -> String {
    let field = |entry: &str| {
        let (names, zero) = entry.split_once('=').unwrap_or((entry, ""));
        let (json, go) = names.split_once(':').unwrap_or((names, names));
        let found = &value[json];
        format!("\"{go}\":{}", if found.is_null() { zero.to_owned() } else { inner(json, found) })
    };
    format!("{{{}}}", fields.split_whitespace().map(field).collect::<Vec<_>>().join(","))
}

fn inner(name: &str, value: &Value) -> String {
    let schema = |value: &Value| shown(value, SCHEMA);
    match name {
        "schema" => format!("{{\"OpenAPIV3Schema\":{}}}", schema(&value["openAPIV3Schema"])),
        "properties" | "patternProperties" => {
            let entries = value.as_object().into_iter().flatten();
            let entries = entries.map(|(name, inner)| format!("{}:{}", Value::from(name.as_str()), schema(inner)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(","))
        }
        "items" => format!("{{\"Schema\":{},\"JSONSchemas\":null}}", schema(value)),
        "additionalProperties" if value.is_boolean() => format!("{{\"Allows\":{value},\"Schema\":null}}"),
        "additionalProperties" => format!("{{\"Allows\":true,\"Schema\":{}}}", schema(value)),
        "not" => schema(value),
        "allOf" | "oneOf" | "anyOf" => list(value, &schema),
        "x-kubernetes-validations" => list(value, &rule),
        "additionalPrinterColumns" => list(value, &|column| shown(column, COLUMN)),
        // Go's encoder writes these as escapes.
        _ => value.to_string().replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026"),
    }
}
