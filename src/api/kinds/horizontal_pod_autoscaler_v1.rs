//! `HorizontalPodAutoscaler`: the older version, whose only metric is the processor.

use super::Kind;
use crate::api::document::Document;
use crate::api::faces::AUTOSCALER;
use crate::api::object::Object;

/// The kind.
pub static KIND: Kind = Kind {
    version: "v1",
    face: Some(AUTOSCALER),
    short_names: &["hpa"],
    categories: &["all"],
    generation: false,
    decode: |value| Document::read(&KIND, value).map(Object::from_document),
    columns: super::horizontal_pod_autoscaler::COLUMNS,
    ..Kind::tree("autoscaling", "HorizontalPodAutoscaler", "horizontalpodautoscalers", "horizontalpodautoscaler")
        .with_status()
};
