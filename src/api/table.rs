//! Tables of objects: what `kubectl get` shows (upstream: `pkg/printers/internalversion/printers.go`).

use super::object::Object;
use super::selector::Selector;
use super::{age, meta};
use crate::sim::{Order, Time};
use k8s_openapi::api::core::v1::{Container, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, Time as Timestamp};
use serde_json::Value;

/// A column of `kubectl get`.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Heading as in the Table, such as `Ready`.
    pub name: &'static str,
    /// Type of the cell in the Table's JSON: `string`, `integer`, `boolean` or `date`.
    pub kind: &'static str,
    /// Whether only `-o wide` shows it.
    pub wide: bool,
    /// Where the cell comes from.
    pub cell: Cell,
}

/// Where the text of a cell comes from.
#[derive(Clone, Copy, Debug)]
pub enum Cell {
    /// Computed, at this moment.
    Of(fn(&Object, Time) -> String),
    /// The value at a path of an object that is kept as a tree, or this in its place.
    At(&'static str, &'static str),
    /// The length of the list at a path.
    Count(&'static str),
    /// What a `jsonPath` of a custom kind finds, as a text of this type.
    Path(&'static str, &'static str),
}

impl Column {
    /// `Name`.
    pub const NAME: Self = Self::text("Name", |object, _| object.name().to_owned());
    /// `Created At`: the age of kinds that have no columns of their own.
    pub const CREATED_AT: Self = Self {
        kind: "date",
        ..Self::text("Created At", |object, _| {
            object.meta().creation_timestamp.as_ref().map_or_else(String::new, |time| time.0.to_string())
        })
    };
    /// `Age`.
    pub const AGE: Self = Self::text("Age", |object, now| since(object.meta().creation_timestamp.as_ref(), now));

    /// A column of texts.
    #[must_use]
    pub const fn text(name: &'static str, cell: fn(&Object, Time) -> String) -> Self {
        Self { name, kind: "string", wide: false, cell: Cell::Of(cell) }
    }

    /// A column of the texts at a path.
    #[must_use]
    pub const fn at(name: &'static str, path: &'static str) -> Self {
        Self { name, kind: "string", wide: false, cell: Cell::At(path, "") }
    }

    /// A column of the numbers at a path.
    #[must_use]
    pub const fn number(name: &'static str, path: &'static str) -> Self {
        Self { name, kind: "integer", wide: false, cell: Cell::At(path, "0") }
    }

    /// A column of the booleans at a path.
    #[must_use]
    pub const fn flag(name: &'static str, path: &'static str) -> Self {
        Self { name, kind: "boolean", wide: false, cell: Cell::At(path, "false") }
    }

    /// A column of the lengths of the lists at a path.
    #[must_use]
    pub const fn count(name: &'static str, path: &'static str) -> Self {
        Self { name, kind: "integer", wide: false, cell: Cell::Count(path) }
    }

    /// The cell of an object at this moment.
    #[must_use]
    pub fn show(&self, object: &Object, now: Time) -> String {
        match self.cell {
            Cell::Of(cell) => cell(object, now),
            Cell::At(path, none) => or(object, path, none),
            Cell::Path(path, kind) => super::custom::cell(object, path, kind, now),
            Cell::Count(path) => object.document().map_or(0, |document| document.list(path).len()).to_string(),
        }
    }

    /// The format of the cells in the Table's JSON: `name` or nothing.
    #[must_use]
    pub fn format(&self) -> &'static str {
        if matches!(self.name, "Name" | "Attacher") { "name" } else { "" }
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

fn of_containers(template: Option<&PodTemplateSpec>, of: fn(&Container) -> &str) -> String {
    let containers = template.and_then(|template| template.spec.as_ref()).map(|spec| spec.containers.as_slice());
    containers.unwrap_or_default().iter().map(of).collect::<Vec<_>>().join(",")
}

/// The names of the template's containers.
#[must_use]
pub fn containers(template: Option<&PodTemplateSpec>) -> String {
    of_containers(template, |container| &container.name)
}

/// The images of the template's containers.
#[must_use]
pub fn images(template: Option<&PodTemplateSpec>) -> String {
    of_containers(template, |container| container.image.as_deref().unwrap_or_default())
}

/// The selector in its string form; empty when it selects everything or nothing.
#[must_use]
pub fn selector_text(selector: Option<&LabelSelector>) -> String {
    Selector::from_object(selector).map_or_else(|_| "<error>".to_owned(), |selector| selector.to_string())
}

/// The value at a path of an object that is kept as a tree, or `none` if there is none.
#[must_use]
pub fn or(object: &Object, path: &str, none: &str) -> String {
    match object.document().and_then(|document| document.at(path)) {
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
        None => none.to_owned(),
    }
}

/// The same field of all items of a list of a tree, joined by commas.
#[must_use]
pub fn listed(object: &Object, path: &str, field: &str) -> String {
    let items = object.document().map(|document| document.list(path)).unwrap_or_default();
    items.iter().map(|item| item[field].as_str().unwrap_or_default()).collect::<Vec<_>>().join(",")
}

/// The texts of a list of a tree, joined by commas.
#[must_use]
pub fn texts(object: &Object, path: &str) -> String {
    object.document().map(|document| document.texts(path).join(",")).unwrap_or_default()
}

/// The labels at a path of a tree (upstream: `labels.FormatLabels`).
#[must_use]
pub fn labels(object: &Object, path: &str) -> String {
    let labels = object.document().and_then(|document| document.at(path)?.as_object());
    label_text(labels.into_iter().flatten().map(|(key, value)| (key.as_str(), value.as_str().unwrap_or_default())))
}

/// Labels in the order of their texts, in which `a.b=` comes before `a=` (upstream: `labels.FormatLabels`).
#[must_use]
pub fn label_text<'a>(labels: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut pairs: Vec<String> = labels.map(|(key, value)| format!("{key}={value}")).collect();
    pairs.order();
    none_if_empty(pairs.join(","))
}

/// The selector at a path of a tree, in its string form.
#[must_use]
pub fn selector_string(object: &Object, path: &str) -> String {
    selector_text(object.document().and_then(|document| document.part::<LabelSelector>(path)).as_ref())
}

/// The same, or `<none>` (upstream: `metav1.FormatLabelSelector`).
#[must_use]
pub fn selector(object: &Object, path: &str) -> String {
    none_if_empty(selector_string(object, path))
}

/// How long ago the moment at a path of a tree was, or `<none>`.
#[must_use]
pub fn since_at(object: &Object, path: &str, now: Time) -> String {
    let time = object.document().and_then(|document| document.part::<Timestamp>(path));
    time.map_or_else(|| "<none>".to_owned(), |time| since(Some(&time), now))
}

/// A condition in the status of a tree.
#[must_use]
pub fn condition<'a>(object: &'a Object, kind: &str) -> Option<&'a Value> {
    object.document()?.list("status.conditions").iter().find(|condition| condition["type"] == kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_ordered_with_their_values() {
        assert_eq!(
            label_text([("app", "a"), ("app.kubernetes.io/name", "b")].into_iter()),
            "app.kubernetes.io/name=b,app=a"
        );
        assert_eq!(label_text(std::iter::empty()), "<none>");
    }
}
