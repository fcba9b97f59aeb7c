//! `HorizontalPodAutoscaler`: scales a workload by what its pods use.

use super::{Column, Kind};
use crate::api::document::Document;
use crate::api::object::Object;
use crate::api::rules::autoscaling;
use crate::api::table;
use serde_json::{Value, json};

/// The kind.
pub static KIND: Kind = Kind {
    version: "v2",
    short_names: &["hpa"],
    categories: &["all"],
    generation: false,
    decode: |value| {
        let mut scaler = Document::read(&KIND, value)?;
        ["spec", "status"]
            .iter()
            .try_for_each(|field| scaler.field_mut(field).map_or(Ok(()), autoscaling::read_quantities))?;
        Ok(Object::from_document(scaler))
    },
    default: |object| super::with_document(object, autoscaling::default),
    prepare_create: |object, _| super::reset_status(object, json!({"currentMetrics": null, "desiredReplicas": 0})),
    validate: autoscaling::validate,
    validate_update: autoscaling::update,
    columns: COLUMNS,
    ..Kind::tree("autoscaling", "HorizontalPodAutoscaler", "horizontalpodautoscalers", "horizontalpodautoscaler")
        .with_status()
};

/// Version 1 shows the same.
pub(super) const COLUMNS: &[Column] = &[
    Column::NAME,
    Column::text("Reference", |object, _| reference(object)),
    Column::text("Targets", |object, _| targets(object)),
    Column::text("MinPods", |object, _| table::or(object, "spec.minReplicas", "<unset>")),
    Column::at("MaxPods", "spec.maxReplicas"),
    Column::text("Replicas", |object, _| table::or(object, "status.currentReplicas", "0")),
    Column::AGE,
];

fn reference(object: &Object) -> String {
    let text = |path: &str| super::document_text(object, path);
    format!("{}/{}", text("spec.scaleTargetRef.kind"), text("spec.scaleTargetRef.name"))
}

/// How many metrics a cell shows.
const SHOWN: usize = 2;

/// Upstream: `formatHPAMetrics`.
fn targets(object: &Object) -> String {
    let Some(scaler) = object.document() else { return String::new() };
    let (specs, statuses) = (scaler.list("spec.metrics"), scaler.list("status.currentMetrics"));
    if specs.is_empty() {
        return "<none>".to_owned();
    }
    let cells = specs.iter().enumerate().map(|(n, spec)| metric(spec, statuses.get(n)));
    let shown = cells.take(SHOWN).collect::<Vec<_>>().join(", ");
    if specs.len() > SHOWN { format!("{shown} + {} more...", specs.len() - SHOWN) } else { shown }
}

fn metric(spec: &Value, status: Option<&Value>) -> String {
    let kind = spec["type"].as_str().unwrap_or_default();
    let field = match kind {
        "External" => "external",
        "Pods" => "pods",
        "Object" => "object",
        "Resource" => "resource",
        "ContainerResource" => "containerResource",
        _ => return "<unknown type>".to_owned(),
    };
    let (spec, target) = (&spec[field], &spec[field]["target"]);
    let current = |name: &str| status.map(|status| &status[field]["current"][name]).filter(|value| !value.is_null());
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let known = |name: &str| current(name).map_or_else(|| "<unknown>".to_owned(), text);
    let resource = matches!(kind, "Resource" | "ContainerResource");
    let percent = |value: &Value| if value.is_null() { "<auto>".to_owned() } else { format!("{value}%") };
    if resource {
        let name = spec["name"].as_str().unwrap_or_default();
        if let Some(wanted) = target["averageValue"].as_str() {
            return format!("{name}: {}/{wanted}", known("averageValue"));
        }
        let now = current("averageUtilization").map_or_else(|| "<unknown>".to_owned(), percent);
        return format!("{name}: {now}/{}", percent(&target["averageUtilization"]));
    }
    match target["averageValue"].as_str() {
        Some(wanted) if kind == "Pods" => format!("{}/{wanted}", known("averageValue")),
        Some(wanted) => format!("{}/{wanted} (avg)", known("averageValue")),
        None => format!("{}/{}", known("value"), target["value"].as_str().unwrap_or_default()),
    }
}
