//! `StorageClass`: how volumes are made, and whether that waits for a pod.

use super::{Column, Kind, Object};
use crate::api::check::{self, Errors};
use crate::api::document::Document;
use crate::api::names;
use crate::api::path::Path;
use crate::api::status::FieldError;
use crate::api::tree::At;

/// The kind.
pub static KIND: Kind = Kind {
    group: "storage.k8s.io",
    kind: "StorageClass",
    plural: "storageclasses",
    singular: "storageclass",
    short_names: &["sc"],
    namespaced: false,
    storage: "storageclasses",
    decode: |value| Document::read(&KIND, value).map(Object::from_document),
    default: |object| {
        super::with_document(object, |class| {
            class.set_default("reclaimPolicy", "Delete".into());
            class.set_default("volumeBindingMode", "Immediate".into());
        });
    },
    validate,
    validate_update,
    columns: &[
        Column::text("Name", |object, _| {
            let suffix = if is_default(object) { " (default)" } else { "" };
            format!("{}{suffix}", object.name())
        }),
        Column::text("Provisioner", |object, _| super::document_text(object, "provisioner").to_owned()),
        Column::text("ReclaimPolicy", |object, _| super::document_text(object, "reclaimPolicy").to_owned()),
        Column::text("VolumeBindingMode", |object, _| super::document_text(object, "volumeBindingMode").to_owned()),
        Column::text("AllowVolumeExpansion", |object, _| {
            let allowed = object.document().and_then(|class| class.at("allowVolumeExpansion")?.as_bool());
            allowed.unwrap_or(false).to_string()
        }),
        Column::AGE,
    ],
    ..Kind::plain()
};

const RECLAIM: [&str; 2] = ["Delete", "Retain"];
const MODES: [&str; 2] = ["Immediate", "WaitForFirstConsumer"];

/// Whether claims that name no class get this one.
#[must_use]
pub fn is_default(object: &Object) -> bool {
    let annotations = object.meta().annotations.as_ref();
    let says =
        |name: &str| annotations.and_then(|annotations| annotations.get(name)).is_some_and(|text| text == "true");
    says("storageclass.kubernetes.io/is-default-class") || says("storageclass.beta.kubernetes.io/is-default-class")
}

/// The newest of the default classes. Upstream: `pkg/volume/util`, `GetDefaultClass`.
#[must_use]
pub fn newest_default<'a>(classes: impl Iterator<Item = &'a Object>) -> Option<&'a Object> {
    classes.filter(|class| is_default(class)).min_by_key(|class| {
        let created = class.meta().creation_timestamp.as_ref().map(crate::api::meta::moment);
        (std::cmp::Reverse(created), class.name().to_owned())
    })
}

/// Upstream: `pkg/apis/storage/validation`, `ValidateStorageClass`.
fn validate(object: &Object) -> Errors {
    let mut out = Vec::new();
    let Some(class) = object.document() else { return out };
    let path = Path::new("provisioner");
    let provisioner = class.text("provisioner");
    if provisioner.is_empty() {
        out.push(FieldError::required(path, ""));
    } else {
        check::complain(&mut out, &path, provisioner, names::qualified_name(&provisioner.to_ascii_lowercase()));
    }
    parameters(&mut out, &class.field("parameters"));
    let policy = class.text("reclaimPolicy");
    if !RECLAIM.contains(&policy) {
        out.push(FieldError::not_supported("reclaimPolicy", policy, &RECLAIM));
    }
    check::one_of(&mut out, &Path::new("volumeBindingMode"), class.text("volumeBindingMode"), &MODES);
    topologies(&mut out, &class.field("allowedTopologies"));
    out
}

const MOST_PARAMETERS: usize = 512;
const LONGEST_PARAMETERS: usize = 256 * 1024;

/// Upstream: `validateParameters`.
fn parameters(out: &mut Errors, parameters: &At) {
    let (mut count, mut total) = (0, 0);
    for (name, value) in parameters.entries() {
        count += 1;
        total += name.len() + value.text().len();
        if name.is_empty() {
            out.push(FieldError::invalid(parameters.path, name, "field can not be empty."));
        }
    }
    if count > MOST_PARAMETERS {
        out.push(FieldError::too_long(parameters.path, MOST_PARAMETERS));
    } else if total > LONGEST_PARAMETERS {
        out.push(FieldError::too_long(parameters.path, LONGEST_PARAMETERS));
    }
}

/// Upstream: `validateAllowedTopologies`, `ValidateTopologySelectorTerm`, which names no term by its number.
fn topologies(out: &mut Errors, topologies: &At) {
    let expressions = topologies.path.field("matchLabelExpressions");
    for (number, term) in topologies.items().enumerate() {
        let terms = term.field("matchLabelExpressions");
        let mut keys = Vec::new();
        for (index, one) in terms.items().enumerate() {
            let path = expressions.index(index);
            let (key, values) = (one.field("key").text(), one.field("values").texts());
            if values.is_empty() {
                out.push(FieldError::required(path.field("values"), ""));
            }
            for (index, value) in values.iter().enumerate() {
                if values[..index].contains(value) {
                    out.push(FieldError::duplicate(path.field("values").index(index), *value));
                }
            }
            check::complain(out, &path.field("key"), key, names::qualified_name(key));
            if keys.contains(&key) {
                out.push(FieldError::duplicate(path.field("key"), key));
            }
            keys.push(key);
        }
        if topologies.items().take(number).any(|other| other.value == term.value) {
            out.push(FieldError::duplicate(term.path.field("matchLabelExpressions"), ""));
        }
    }
}

/// Upstream: `ValidateStorageClassUpdate`.
fn validate_update(new: &Object, old: &Object) -> Errors {
    let mut out = validate(new);
    for field in ["parameters", "provisioner", "reclaimPolicy"] {
        if super::differs(new, old, field) {
            out.push(FieldError::forbidden(field, format!("updates to {field} are forbidden.")));
        }
    }
    if super::differs(new, old, "volumeBindingMode") {
        let value = super::document_text(new, "volumeBindingMode");
        out.push(FieldError::invalid("volumeBindingMode", value, "field is immutable"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn parameters_and_topologies_are_checked() {
        let class = json!({"metadata": {"name": "c"}, "provisioner": "p", "reclaimPolicy": "Delete",
            "volumeBindingMode": "Immediate", "parameters": {"": "a"}, "allowedTopologies": [
                {"matchLabelExpressions": [{"key": "zone", "values": ["a", "a"]}, {"key": "zone", "values": []}]},
                {"matchLabelExpressions": [{"key": "a b", "values": ["a"]}]}]});
        let object = (KIND.decode)(class).expect("a class");
        let found: Vec<String> = validate(&object).iter().map(ToString::to_string).collect();
        assert_eq!(
            found[..4],
            [
                "parameters: Invalid value: \"\": field can not be empty.",
                "allowedTopologies.matchLabelExpressions[0].values[1]: Duplicate value: \"a\"",
                "allowedTopologies.matchLabelExpressions[1].values: Required value",
                "allowedTopologies.matchLabelExpressions[1].key: Duplicate value: \"zone\"",
            ]
        );
        assert!(found[4].starts_with("allowedTopologies.matchLabelExpressions[0].key: Invalid value: \"a b\""));
    }
}
