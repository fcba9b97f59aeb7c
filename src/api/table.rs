//! Tables of objects: what `kubectl get` shows (upstream: `pkg/printers/internalversion/printers.go`).

use super::object::Object;
use super::selector::Selector;
use super::{age, meta};
use crate::sim::Time;
use k8s_openapi::api::core::v1::{Container, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, Time as Timestamp};
use serde_json::Value;

/// A column of `kubectl get`.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Heading as in the Table, such as `Ready`.
    pub name: &'static str,
    /// Type of the cell in the Table's JSON: `string`, `integer` or `boolean`.
    pub kind: &'static str,
    /// Whether only `-o wide` shows it.
    pub wide: bool,
    /// The cell at this moment.
    pub cell: fn(&Object, Time) -> String,
}

impl Column {
    /// `Name`.
    pub const NAME: Self = Self::text("Name", |object, _| object.name().to_owned());
    /// `Age`.
    pub const AGE: Self = Self::text("Age", |object, now| since(object.meta().creation_timestamp.as_ref(), now));

    /// A column of texts.
    #[must_use]
    pub const fn text(name: &'static str, cell: fn(&Object, Time) -> String) -> Self {
        Self { name, kind: "string", wide: false, cell }
    }

    /// A column of integers.
    #[must_use]
    pub const fn integer(name: &'static str, cell: fn(&Object, Time) -> String) -> Self {
        Self { kind: "integer", ..Self::text(name, cell) }
    }

    /// The same column, shown by `-o wide` only.
    #[must_use]
    pub const fn wide(self) -> Self {
        Self { wide: true, ..self }
    }
}

/// How long ago that was, as tables say it (upstream: `translateTimestampSince`).
#[must_use]
pub fn since(timestamp: Option<&Timestamp>, now: Time) -> String {
    timestamp.map_or_else(|| "<unknown>".to_owned(), |timestamp| age::human(now.since(meta::moment(timestamp))))
}

/// The items joined by commas, or `<none>`.
#[must_use]
pub fn joined<'a>(items: impl IntoIterator<Item = &'a str>) -> String {
    none_if_empty(items.into_iter().collect::<Vec<_>>().join(","))
}

/// The number, 0 if there is none.
#[must_use]
pub fn number(value: Option<&Value>) -> String {
    value.and_then(Value::as_i64).unwrap_or(0).to_string()
}

/// The text, or `<none>` when it is empty.
#[must_use]
pub fn none_if_empty(text: String) -> String {
    if text.is_empty() { "<none>".to_owned() } else { text }
}

fn listed(template: Option<&PodTemplateSpec>, of: fn(&Container) -> &str) -> String {
    let containers = template.and_then(|template| template.spec.as_ref()).map(|spec| spec.containers.as_slice());
    containers.unwrap_or_default().iter().map(of).collect::<Vec<_>>().join(",")
}

/// The names of the template's containers.
#[must_use]
pub fn containers(template: Option<&PodTemplateSpec>) -> String {
    listed(template, |container| &container.name)
}

/// The images of the template's containers.
#[must_use]
pub fn images(template: Option<&PodTemplateSpec>) -> String {
    listed(template, |container| container.image.as_deref().unwrap_or_default())
}

/// The selector in its string form; empty when it selects everything or nothing.
#[must_use]
pub fn selector_text(selector: Option<&LabelSelector>) -> String {
    Selector::from_object(selector).map_or_else(|_| "<error>".to_owned(), |selector| selector.to_string())
}
