//! `PriorityClass`: a name for a priority.

use super::{Column, Kind, Object, differs, document_text, with_document};
use crate::api::document::Document;
use crate::api::status::FieldError;

/// The kind.
pub static KIND: Kind = Kind {
    group: "scheduling.k8s.io",
    kind: "PriorityClass",
    plural: "priorityclasses",
    singular: "priorityclass",
    short_names: &["pc"],
    namespaced: false,
    storage: "priorityclasses",
    generation: true,
    decode: |value| Document::read(&KIND, value).map(Object::from_document),
    columns: &[
        Column::NAME,
        Column::integer("Value", |object, _| value(object).to_string()),
        Column { kind: "boolean", ..Column::text("Global-Default", |object, _| is_default(object).to_string()) },
        Column::AGE,
        Column::text("PreemptionPolicy", |object, _| policy(object).to_owned()),
    ],
    default,
    validate,
    validate_update,
    spec_changed: |new, old| CONTENT.iter().any(|field| differs(new, old, field)),
    ..Kind::plain()
};

/// The highest value that users may give (upstream: `HighestUserDefinablePriority`).
const HIGHEST: i32 = 1_000_000_000;
/// The classes that only the system may have, and their values (upstream: `SystemPriorityClasses`).
const SYSTEM: &[(&str, i32)] = &[("system-cluster-critical", 2_000_000_000), ("system-node-critical", 2_000_001_000)];
const POLICIES: [&str; 2] = ["PreemptLowerPriority", "Never"];

/// What the generation counts.
const CONTENT: [&str; 4] = ["value", "globalDefault", "description", "preemptionPolicy"];

/// The priority of pods that name a class.
#[must_use]
pub fn value(object: &Object) -> i32 {
    let value = object.document().and_then(|class| class.at("value")?.as_i64());
    value.and_then(|value| i32::try_from(value).ok()).unwrap_or_default()
}

/// Whether pods that name no class get this one.
#[must_use]
pub fn is_default(object: &Object) -> bool {
    object.document().and_then(|class| class.at("globalDefault")?.as_bool()).unwrap_or_default()
}

/// Whether its pods push others out.
#[must_use]
pub fn policy(object: &Object) -> &str {
    document_text(object, "preemptionPolicy")
}

/// Upstream: `SetDefaults_PriorityClass`.
fn default(object: &mut Object) {
    with_document(object, |class| {
        class.set_default("value", 0.into());
        class.set_default("preemptionPolicy", POLICIES[0].into());
    });
}

/// Upstream: `pkg/apis/scheduling/validation`, `ValidatePriorityClass`.
fn validate(object: &Object) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if object.name().starts_with("system-") {
        errors.extend(system_error(object).map(|text| {
            let head = "priority class names with 'system-' prefix are reserved for system use only. error:";
            FieldError::forbidden("metadata.name", format!("{head} {text}"))
        }));
    } else if value(object) > HIGHEST {
        let text = format!("maximum allowed value of a user defined priority is {HIGHEST}");
        errors.push(FieldError::forbidden("value", text));
    }
    let policy = policy(object);
    if !policy.is_empty() && !POLICIES.contains(&policy) {
        errors.push(FieldError::not_supported("preemptionPolicy", policy, &POLICIES));
    }
    errors
}

/// Upstream: `IsKnownSystemPriorityClass`.
fn system_error(object: &Object) -> Option<String> {
    let name = object.name();
    let Some((_, known)) = SYSTEM.iter().find(|(known, _)| *known == name) else {
        return Some(format!("{name} is not a known system priority class"));
    };
    if value(object) != *known {
        return Some(format!("value of {name} PriorityClass must be {known}"));
    }
    is_default(object).then(|| format!("globalDefault of {name} PriorityClass must be false"))
}

/// Upstream: `ValidatePriorityClassUpdate`.
fn validate_update(new: &Object, old: &Object) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if value(new) != value(old) {
        errors.push(FieldError::forbidden("value", "may not be changed in an update."));
    }
    if policy(new) != policy(old) {
        errors.push(FieldError::invalid("preemptionPolicy", policy(new), "field is immutable"));
    }
    errors
}
