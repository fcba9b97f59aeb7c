//! `PriorityClass`: a name for a priority.

use super::{Column, Kind, Object, decode, plain_kind};
use crate::api::status::FieldError;
use k8s_openapi::api::scheduling::v1::PriorityClass;

plain_kind!(PriorityClass);

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
    decode: decode::<PriorityClass>,
    columns: &[
        Column::NAME,
        Column::integer("Value", |object, _| cell(object, |class| class.value.unwrap_or(0).to_string())),
        Column {
            kind: "boolean",
            ..Column::text("Global-Default", |object, _| {
                cell(object, |class| class.global_default.unwrap_or(false).to_string())
            })
        },
        Column::AGE,
        Column::text("PreemptionPolicy", |object, _| {
            cell(object, |class| class.preemption_policy.clone().unwrap_or_default())
        }),
    ],
    default,
    validate,
    validate_update,
    spec_changed: |new, old| content(new) != content(old),
    ..Kind::plain()
};

/// The highest value that users may give (upstream: `HighestUserDefinablePriority`).
const HIGHEST: i32 = 1_000_000_000;
/// The classes that only the system may have, and their values (upstream: `SystemPriorityClasses`).
const SYSTEM: &[(&str, i32)] = &[("system-cluster-critical", 2_000_000_000), ("system-node-critical", 2_000_001_000)];
const POLICIES: [&str; 2] = ["PreemptLowerPriority", "Never"];

/// What the generation counts.
fn content(object: &Object) -> Option<PriorityClass> {
    let class = object.get::<PriorityClass>()?;
    Some(PriorityClass { metadata: super::ObjectMeta::default(), ..class.clone() })
}

/// Upstream: `SetDefaults_PriorityClass`.
fn default(object: &mut Object) {
    let Some(class) = object.get_mut::<PriorityClass>() else { return };
    class.value.get_or_insert(0);
    class.preemption_policy.get_or_insert_with(|| POLICIES[0].to_owned());
}

/// Upstream: `pkg/apis/scheduling/validation`, `ValidatePriorityClass`.
fn validate(object: &Object) -> Vec<FieldError> {
    let Some(class) = object.get::<PriorityClass>() else { return Vec::new() };
    let mut errors = Vec::new();
    let value = class.value.unwrap_or(0);
    if object.name().starts_with("system-") {
        errors.extend(system_error(object.name(), class).map(|text| {
            let head = "priority class names with 'system-' prefix are reserved for system use only. error:";
            FieldError::forbidden("metadata.name", format!("{head} {text}"))
        }));
    } else if value > HIGHEST {
        let text = format!("maximum allowed value of a user defined priority is {HIGHEST}");
        errors.push(FieldError::forbidden("value", text));
    }
    if let Some(policy) = class.preemption_policy.as_deref().filter(|policy| !POLICIES.contains(policy)) {
        errors.push(FieldError::not_supported("preemptionPolicy", policy, &POLICIES));
    }
    errors
}

/// Upstream: `IsKnownSystemPriorityClass`.
fn system_error(name: &str, class: &PriorityClass) -> Option<String> {
    let Some((_, value)) = SYSTEM.iter().find(|(known, _)| *known == name) else {
        return Some(format!("{name} is not a known system priority class"));
    };
    if class.value != Some(*value) {
        return Some(format!("value of {name} PriorityClass must be {value}"));
    }
    (class.global_default == Some(true)).then(|| format!("globalDefault of {name} PriorityClass must be false"))
}

/// Upstream: `ValidatePriorityClassUpdate`.
fn validate_update(new: &Object, old: &Object) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let (Some(new), Some(old)) = (new.get::<PriorityClass>(), old.get::<PriorityClass>()) else { return errors };
    if new.value != old.value {
        errors.push(FieldError::forbidden("value", "may not be changed in an update."));
    }
    if new.preemption_policy != old.preemption_policy {
        let value = new.preemption_policy.clone().unwrap_or_default();
        errors.push(FieldError::invalid("preemptionPolicy", value, "field is immutable"));
    }
    errors
}

fn cell(object: &Object, of: fn(&PriorityClass) -> String) -> String {
    object.get::<PriorityClass>().map(of).unwrap_or_default()
}
