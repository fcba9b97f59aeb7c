//! Which objects are meant: label selectors and field selectors.
//!
//! A *label selector* comes in two notations: the string of `kubectl -l` and of `?labelSelector=`
//! (`a=b,c!=d,e in (x,y),f notin (g),h,!i`) and the object inside specs (`matchLabels`, `matchExpressions`).
//! Both become one [`Selector`]. A *field selector* (`metadata.name=web,spec.nodeName!=n1`) knows equality only.
//!
//! Follows `k8s.io/apimachinery/pkg/labels/selector.go`, `pkg/fields/selector.go` and
//! `pkg/apis/meta/v1/helpers.go` (`LabelSelectorAsSelector`), down to the sentences of their errors: an absent selector
//! object selects nothing, an empty one everything.
//! Left out: nothing that a request or a spec can say; selectors are never modified after they are built.

mod fields;
mod parse;

use crate::sim::Order;
use std::collections::BTreeMap;
use std::fmt;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use serde_json::Value;

use super::names;

pub use fields::{FieldSelector, FieldTerm};

/// How a requirement relates a label to its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operator {
    /// `in (…)`: present, and one of the values.
    In,
    /// `notin (…)`: absent, or none of the values.
    NotIn,
    /// `=`: present with this value.
    Equals,
    /// `==`: the same, remembered because it is printed so.
    DoubleEquals,
    /// `!=`: absent, or another value.
    NotEquals,
    /// A bare key: present.
    Exists,
    /// `!key`: absent.
    DoesNotExist,
    /// `>`: an integer greater than the value.
    GreaterThan,
    /// `<`: an integer less than the value.
    LessThan,
}

/// One condition on one label.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Requirement {
    /// The label's key.
    pub key: String,
    /// The relation.
    pub operator: Operator,
    /// Sorted; one for the comparisons, none for existence.
    pub values: Vec<String>,
}

impl Requirement {
    /// Checks key and values as upstream's `NewRequirement` does.
    ///
    /// # Errors
    /// The sentence of upstream's aggregated field errors.
    pub fn new(key: &str, operator: Operator, values: Vec<String>) -> Result<Self, String> {
        let mut errors = Vec::new();
        if let Some(error) = key_error("key", key) {
            errors.push(error);
        }
        if let Some(complaint) = count_error(operator, values.len()) {
            let list: Vec<String> = values.iter().map(|value| format!("{value:?}")).collect();
            errors.push(format!("values: Invalid value: [{}]: {complaint}", list.join(",")));
        }
        for (index, value) in values.iter().enumerate() {
            let ordered = matches!(operator, Operator::GreaterThan | Operator::LessThan);
            if ordered && value.parse::<i64>().is_err() {
                errors.push(format!(
                    "values[{index}]: Invalid value: {value:?}: for 'Gt', 'Lt' operators, the value must be an integer"
                ));
            }
            let complaints = names::label_value(value);
            if !complaints.is_empty() {
                errors.push(format!("values[{index}][{key}]: Invalid value: {value:?}: {}", complaints.join("; ")));
            }
        }
        match errors.len() {
            0 => Ok(Self { key: key.to_owned(), operator, values }),
            1 => Err(errors.swap_remove(0)),
            _ => Err(format!("[{}]", errors.join(", "))),
        }
    }

    /// Whether an object with these labels meets the condition.
    #[must_use]
    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        let label = labels.get(&self.key);
        let listed = |value: &String| self.values.contains(value);
        match self.operator {
            Operator::In | Operator::Equals | Operator::DoubleEquals => label.is_some_and(listed),
            Operator::NotIn | Operator::NotEquals => !label.is_some_and(listed),
            Operator::Exists => label.is_some(),
            Operator::DoesNotExist => label.is_none(),
            Operator::GreaterThan => self.compares(label, |have, want| have > want),
            Operator::LessThan => self.compares(label, |have, want| have < want),
        }
    }

    fn compares(&self, label: Option<&String>, holds: fn(i64, i64) -> bool) -> bool {
        let number = |text: &String| text.parse::<i64>().ok();
        match (label.and_then(number), self.values.first().and_then(number)) {
            (Some(have), Some(want)) => holds(have, want),
            _ => false,
        }
    }
}

fn key_error(path: &str, key: &str) -> Option<String> {
    let complaints = names::qualified_name(key);
    (!complaints.is_empty()).then(|| format!("{path}: Invalid value: {key:?}: {}", complaints.join("; ")))
}

fn count_error(operator: Operator, count: usize) -> Option<&'static str> {
    match operator {
        Operator::In | Operator::NotIn if count == 0 => Some("for 'in', 'notin' operators, values set can't be empty"),
        Operator::Equals | Operator::DoubleEquals | Operator::NotEquals if count != 1 => {
            Some("exact-match compatibility requires one single value")
        }
        Operator::Exists | Operator::DoesNotExist if count != 0 => {
            Some("values set must be empty for exists and does not exist")
        }
        Operator::GreaterThan | Operator::LessThan if count != 1 => {
            Some("for 'Gt', 'Lt' operators, exactly one value is required")
        }
        _ => None,
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (key, values) = (&self.key, self.values.join(","));
        match self.operator {
            Operator::In => write!(f, "{key} in ({values})"),
            Operator::NotIn => write!(f, "{key} notin ({values})"),
            Operator::Equals => write!(f, "{key}={values}"),
            Operator::DoubleEquals => write!(f, "{key}=={values}"),
            Operator::NotEquals => write!(f, "{key}!={values}"),
            Operator::Exists => write!(f, "{key}"),
            Operator::DoesNotExist => write!(f, "!{key}"),
            Operator::GreaterThan => write!(f, "{key}>{values}"),
            Operator::LessThan => write!(f, "{key}<{values}"),
        }
    }
}

/// A label selector: all its requirements must hold.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Selector {
    /// Selects no object: what an absent selector in a spec means.
    Nothing,
    /// Selects objects that meet all of these, ordered by key; empty: every object.
    All(Vec<Requirement>),
}

impl Default for Selector {
    fn default() -> Self {
        Self::everything()
    }
}

impl Selector {
    /// Selects every object.
    #[must_use]
    pub fn everything() -> Self {
        Self::All(Vec::new())
    }

    /// Reads the string notation.
    ///
    /// # Errors
    /// Upstream's sentence, for example `unable to parse requirement: found '', expected: …`.
    pub fn parse(text: &str) -> Result<Self, String> {
        parse::requirements(text).map(Self::sorted)
    }

    /// Selects objects that carry all these labels; nothing is validated (`SelectorFromSet`).
    #[must_use]
    pub fn from_labels(labels: &BTreeMap<String, String>) -> Self {
        let equals = |(key, value): (&String, &String)| Requirement {
            key: key.clone(),
            operator: Operator::Equals,
            values: vec![value.clone()],
        };
        Self::All(labels.iter().map(equals).collect())
    }

    /// The selector of a spec (`LabelSelectorAsSelector`): absent selects nothing, empty everything.
    ///
    /// # Errors
    /// Upstream's sentence for an unknown operator, a bad key, or values that do not fit the operator.
    pub fn from_object(selector: Option<&LabelSelector>) -> Result<Self, String> {
        let Some(selector) = selector else {
            return Ok(Self::Nothing);
        };
        let mut requirements = Vec::new();
        for (key, value) in selector.match_labels.iter().flatten() {
            requirements.push(Requirement::new(key, Operator::Equals, vec![value.clone()])?);
        }
        for expression in selector.match_expressions.iter().flatten() {
            let values = expression.values.clone().unwrap_or_default();
            requirements.push(from_expression(&expression.key, &expression.operator, values)?);
        }
        Ok(Self::sorted(requirements))
    }

    /// The same from its JSON form; `null` selects nothing. Parts of another type count as absent: the schema has
    /// already complained about them.
    ///
    /// # Errors
    /// As [`Selector::from_object`].
    pub fn from_value(selector: &Value) -> Result<Self, String> {
        if selector.is_null() {
            return Ok(Self::Nothing);
        }
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mut requirements = Vec::new();
        for (key, value) in selector["matchLabels"].as_object().into_iter().flatten() {
            requirements.push(Requirement::new(key, Operator::Equals, vec![text(value)])?);
        }
        for expression in selector["matchExpressions"].as_array().into_iter().flatten() {
            let values = expression["values"].as_array().into_iter().flatten().map(text).collect();
            requirements.push(from_expression(&text(&expression["key"]), &text(&expression["operator"]), values)?);
        }
        Ok(Self::sorted(requirements))
    }

    fn sorted(mut requirements: Vec<Requirement>) -> Self {
        requirements.order_by(|a, b| a.key.cmp(&b.key));
        Self::All(requirements)
    }

    /// Whether an object with these labels is selected.
    #[must_use]
    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        match self {
            Self::Nothing => false,
            Self::All(requirements) => requirements.iter().all(|requirement| requirement.matches(labels)),
        }
    }

    /// Whether it selects every object.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        matches!(self, Self::All(requirements) if requirements.is_empty())
    }

    /// A label and the one value that it must have, if it demands such a thing.
    #[must_use]
    pub fn demands(&self) -> Option<(&str, &str)> {
        let one = |it: &Requirement| matches!(it.operator, Operator::In | Operator::Equals | Operator::DoubleEquals);
        let one = self.requirements().iter().find(|it| one(it) && it.values.len() == 1)?;
        Some((&one.key, &one.values[0]))
    }

    /// The conditions; none for both "everything" and "nothing".
    #[must_use]
    pub fn requirements(&self) -> &[Requirement] {
        match self {
            Self::Nothing => &[],
            Self::All(requirements) => requirements,
        }
    }
}

fn from_expression(key: &str, operator: &str, mut values: Vec<String>) -> Result<Requirement, String> {
    let operator = match operator {
        "In" => Operator::In,
        "NotIn" => Operator::NotIn,
        "Exists" => Operator::Exists,
        "DoesNotExist" => Operator::DoesNotExist,
        other => return Err(format!("{other:?} is not a valid label selector operator")),
    };
    values.order();
    Requirement::new(key, operator, values)
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, requirement) in self.requirements().iter().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            requirement.fmt(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn canonical_string() {
        let cases = [
            ("a=b,c!=d", "a=b,c!=d"),
            ("e in (y,x), !f , g notin (h)", "e in (x,y),!f,g notin (h)"),
            ("z,a==b", "a==b,z"),
            ("", ""),
            ("x in ()", "x in ()"),
            ("x in (foo,,baz)", "x in (,baz,foo)"),
            ("a>5,b<7", "a>5,b<7"),
            ("a=", "a="),
            ("in in (in)", "in in (in)"),
        ];
        for (text, expected) in cases {
            assert_eq!(Selector::parse(text).unwrap().to_string(), expected, "{text}");
        }
    }

    #[test]
    fn sentences() {
        let cases = [
            ("a in (", "unable to parse requirement: found '', expected: ',', ')' or identifier"),
            ("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
            (",a", "found ',', expected: !, identifier, or 'end of string'"),
            ("a,", "found '', expected: identifier after ','"),
            ("a=b c", "found 'c', expected: ',' or 'end of string'"),
            ("a in b", "unable to parse requirement: found 'b' expected: '('"),
            ("a in (b c)", "unable to parse requirement: found 'c', expected: ',' or ')'"),
            ("!", "unable to parse requirement: found '', expected: identifier"),
        ];
        for (text, expected) in cases {
            assert_eq!(Selector::parse(text).unwrap_err(), expected, "{text}");
        }
        let key = Selector::parse("-a=b").unwrap_err();
        assert!(key.starts_with("unable to parse requirement: <nil>: Invalid value: \"-a\": name part must consist"));
        let value = Selector::parse("a=-b").unwrap_err();
        assert!(value.starts_with("unable to parse requirement: values[0][a]: Invalid value: \"-b\": a valid label"));
    }

    #[test]
    fn matching() {
        let pod = labels(&[("app", "web"), ("tier", "front"), ("n", "7")]);
        for yes in ["app=web", "app in (web,db),tier", "!x", "x!=y", "x notin (a)", "n>6", "n<8", ""] {
            assert!(Selector::parse(yes).unwrap().matches(&pod), "{yes}");
        }
        for no in ["app=db", "!app", "x", "app notin (web)", "app!=web", "n>7", "app>1"] {
            assert!(!Selector::parse(no).unwrap().matches(&pod), "{no}");
        }
    }

    #[test]
    fn objects() {
        let value = json!({
            "matchLabels": {"app": "web"},
            "matchExpressions": [{"key": "tier", "operator": "In", "values": ["b", "a"]}]
        });
        let selector = Selector::from_value(&value).unwrap();
        assert_eq!(selector.to_string(), "app=web,tier in (a,b)");
        let typed: LabelSelector = serde_json::from_value(value).unwrap();
        assert_eq!(Selector::from_object(Some(&typed)).unwrap(), selector);
        assert!(!Selector::from_object(None).unwrap().matches(&labels(&[])));
        assert!(Selector::from_value(&json!({})).unwrap().is_everything());
        let bad = json!({"matchExpressions": [{"key": "a", "operator": "Eq"}]});
        assert_eq!(Selector::from_value(&bad).unwrap_err(), "\"Eq\" is not a valid label selector operator");
        let empty = json!({"matchExpressions": [{"key": "a", "operator": "In"}]});
        assert_eq!(
            Selector::from_value(&empty).unwrap_err(),
            "values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty"
        );
    }
}
