//! Walking through objects that are kept as trees: a value and the path at which it stands, from which errors are made.
//!
//! Go's validation sees structs, in which an absent text and an empty one are the same; so do [`At::text`],
//! [`At::number`] and [`At::is_empty`]. Where a pointer tells absent from empty, [`At::given`] does.

use super::json;
use super::path::Path;
use super::status::FieldError;
use serde::de::DeserializeOwned;
use serde_json::Value;

static NULL: Value = Value::Null;

/// A value within an object, and where it stands.
#[derive(Clone, Copy, Debug)]
pub struct At<'v, 'p> {
    /// The value; null if there is none.
    pub value: &'v Value,
    /// Where it stands.
    pub path: Path<'p>,
}

impl<'v, 'p> At<'v, 'p> {
    /// A field of an object.
    #[must_use]
    pub fn new(value: Option<&'v Value>, path: Path<'p>) -> Self {
        Self { value: value.unwrap_or(&NULL), path }
    }

    /// A field of this value. The name may be several names with dots.
    #[must_use]
    pub fn field<'b>(&'b self, name: &'b str) -> At<'v, 'b> {
        let value = name.split('.').try_fold(self.value, |value, name| value.get(name));
        At::new(value, self.path.field(name))
    }

    /// The items of this list; none if it is no list.
    pub fn items<'b>(&'b self) -> impl Iterator<Item = At<'v, 'b>> {
        let items = self.value.as_array().map(Vec::as_slice).unwrap_or_default();
        items.iter().enumerate().map(|(index, item)| At { value: item, path: self.path.index(index) })
    }

    /// The entries of this map in alphabetic order; none if it is no map.
    pub fn entries<'b>(&'b self) -> impl Iterator<Item = (&'v str, At<'v, 'b>)>
    where
        'v: 'b,
    {
        let entries = self.value.as_object().into_iter().flatten();
        entries.map(|(key, value)| (key.as_str(), At { value, path: self.path.key(key) }))
    }

    /// The text; empty if there is none.
    #[must_use]
    pub fn text(&self) -> &'v str {
        self.value.as_str().unwrap_or_default()
    }

    /// The whole number; 0 if there is none.
    #[must_use]
    pub fn number(&self) -> i64 {
        self.value.as_i64().unwrap_or_default()
    }

    /// Whether it is `true`.
    #[must_use]
    pub fn flag(&self) -> bool {
        self.value.as_bool().unwrap_or_default()
    }

    /// How many items or entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self.value {
            Value::Array(items) => items.len(),
            Value::Object(fields) => fields.len(),
            Value::String(text) => text.len(),
            _ => 0,
        }
    }

    /// Whether it is absent, or an empty text, list or map.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self.value {
            Value::Bool(_) | Value::Number(_) => false,
            _ => self.len() == 0,
        }
    }

    /// Whether it is there, empty or not.
    #[must_use]
    pub fn given(&self) -> bool {
        !self.value.is_null()
    }

    /// The texts of this list.
    #[must_use]
    pub fn texts(&self) -> Vec<&'v str> {
        self.value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// The value as a type.
    #[must_use]
    pub fn part<T: DeserializeOwned>(&self) -> Option<T> {
        json::decode_part(self.value).ok().filter(|_| self.given())
    }

    /// It must be set.
    #[must_use]
    pub fn required(&self, detail: &str) -> FieldError {
        FieldError::required(self.path, detail)
    }

    /// Its value is wrong.
    #[must_use]
    pub fn invalid(&self, detail: impl Into<String>) -> FieldError {
        FieldError::invalid(self.path, self.value.clone(), detail)
    }

    /// It must not be set.
    #[must_use]
    pub fn forbidden(&self, detail: &str) -> FieldError {
        FieldError::forbidden(self.path, detail)
    }

    /// It stands there twice.
    #[must_use]
    pub fn duplicate(&self) -> FieldError {
        FieldError::duplicate(self.path, self.value.clone())
    }

    /// It is none of those known.
    #[must_use]
    pub fn not_supported(&self, known: &[&str]) -> FieldError {
        FieldError::not_supported(self.path, self.text(), known)
    }

    /// One error for each complaint about it.
    pub fn complain(&self, out: &mut Vec<FieldError>, complaints: Vec<String>) {
        out.extend(complaints.into_iter().map(|complaint| self.invalid(complaint)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn fields_know_where_they_stand() {
        let value = json!({"rules": [{"verbs": ["get"], "empty": ""}], "labels": {"a": "b"}, "zero": 0});
        let root = At::new(Some(&value), Path::new("spec"));
        let rules = root.field("rules");
        let rule = rules.items().next().expect("a rule");
        assert_eq!(rule.field("verbs").texts(), ["get"]);
        assert_eq!(rule.field("empty").required("").to_string(), "spec.rules[0].empty: Required value");
        assert!(rule.field("empty").is_empty() && rule.field("empty").given() && !rule.field("absent").given());
        let labels = root.field("labels");
        let (key, label) = labels.entries().next().expect("a label");
        assert_eq!((key, label.invalid("x").to_string()), ("a", "spec.labels[a]: Invalid value: \"b\": x".to_owned()));
        assert!(!root.field("zero").is_empty() && root.field("zero").number() == 0);
    }
}
