//! `PriorityClass`: a name for a priority.

use super::{Column, Kind, Object, decode, plain_kind};
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
    ..Kind::plain()
};

fn cell(object: &Object, of: fn(&PriorityClass) -> String) -> String {
    object.get::<PriorityClass>().map(of).unwrap_or_default()
}
