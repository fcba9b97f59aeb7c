//! `PriorityLevelConfiguration`: how many requests of a level are served at the same time.

use super::{Column, Kind};
use crate::api::document::Document;
use crate::api::object::Object;
use crate::api::table;
use serde_json::json;

/// The kind.
pub static KIND: Kind = Kind {
    decode: |value| Document::read(&KIND, value).map(Object::from_document),
    prepare_create: |object, _| super::reset_status(object, json!({})),
    columns: &[
        Column::NAME,
        Column::at("Type", "spec.type"),
        Column::text("NominalConcurrencyShares", |object, _| {
            table::or(object, "spec.limited.nominalConcurrencyShares", "<none>")
        }),
        Column::text("Queues", |object, _| table::or(object, "spec.limited.limitResponse.queuing.queues", "<none>")),
        Column::text("HandSize", |object, _| {
            table::or(object, "spec.limited.limitResponse.queuing.handSize", "<none>")
        }),
        Column::text("QueueLengthLimit", |object, _| {
            table::or(object, "spec.limited.limitResponse.queuing.queueLengthLimit", "<none>")
        }),
        Column::AGE,
    ],
    ..Kind::tree(
        "flowcontrol.apiserver.k8s.io",
        "PriorityLevelConfiguration",
        "prioritylevelconfigurations",
        "prioritylevelconfiguration",
    )
    .cluster()
    .with_status()
};
