//! What an expression costs at most, estimated before there are values.
//!
//! Upstream: cel-go's `checker/cost.go`, `apiserver/pkg/cel/{library/cost.go,limits.go,common/schemas.go}`,
//! `apiextensions-apiserver/pkg/apiserver/schema/cel/compilation.go`. Every step costs something, and what is gone through
//! as much as it may be long: `maxLength`, `maxItems` and `maxProperties`, or what fits into the largest request.
//!
//! Left out: sizes of the entries of lists and maps that stand in the expression itself, functions on values of unknown
//! type (each counts as the one of its name), what `optMap` binds, the costs of `sets` beyond one step.

use super::checker::Checker;
use super::expr::Expr;
use super::parse::Program;
use super::types::{Type, property};
use super::val::Val;
use serde_json::{Value, json};

/// The largest request in bytes.
const REQUEST: u64 = 3 * 1024 * 1024;
/// What one character costs (`common.StringTraversalCostFactor`).
const TEXT: f64 = 0.1;
/// What one character of a regular expression costs (`common.RegexStringLengthCostFactor`).
const REGEX: f64 = 0.25;
const LIST: u64 = 10;
const MAP: u64 = 30;

/// What a rule of a schema costs at most when it runs once.
#[must_use]
pub fn most(program: &Program, schema: &Value) -> u64 {
    let Some(of) = Type::of_schema(schema, "") else { return 0 };
    // Keys of maps count as empty, as upstream does.
    let key = json!({"type": "string", "maxLength": 0});
    let types = Checker::new(&[("self", of.clone()), ("oldSelf", of)]);
    let mut estimate = Estimate { types, root: schema, key: &key, bound: Vec::new() };
    estimate.of(&program.root).cost
}

/// How often a value of this schema fits into a request.
#[must_use]
pub fn most_values(schema: &Value) -> u64 {
    REQUEST / (least_bytes(schema) + 1)
}

/// The least that a value takes in JSON.
fn least_bytes(schema: &Value) -> u64 {
    if schema["x-kubernetes-int-or-string"] == true {
        return 1;
    }
    match (schema["type"].as_str().unwrap_or_default(), schema["format"].as_str()) {
        ("string", Some("duration")) => 3,
        ("string", Some("date")) => 12,
        ("string", Some("date-time")) => 21,
        ("boolean", _) => 4,
        ("number" | "integer", _) => 1,
        ("object", _) if !schema["additionalProperties"].is_object() => {
            let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let size = |name: &str| match schema["properties"].get(name) {
                Some(inner) if inner["default"].is_null() && Type::of_schema(inner, "").is_some() => {
                    name.len() as u64 + least_bytes(inner) + 4
                }
                _ => 0,
            };
            2 + required.map(size).sum::<u64>()
        }
        _ => 2,
    }
}

/// How many characters, items or entries a value may have (`DeclType.MaxElements`).
fn most_elements(schema: &Value) -> u64 {
    let limit = |name: &str| schema[name].as_i64().map(|limit| u64::try_from(limit).unwrap_or(0));
    if schema["x-kubernetes-int-or-string"] == true {
        return limit("maxLength").map_or(REQUEST - 2, |length| length.saturating_mul(4));
    }
    match (schema["type"].as_str().unwrap_or_default(), schema["format"].as_str()) {
        ("string", Some("duration" | "date-time")) => 32,
        ("string", Some("date")) => 12,
        ("string", Some("byte")) => limit("maxLength").unwrap_or(REQUEST - 2),
        ("string", _) => {
            let words = schema["enum"].as_array().filter(|words| !words.is_empty());
            let longest = words.map(|words| words.iter().filter_map(Value::as_str).map(str::len).max().unwrap_or(0));
            // A character may take four bytes.
            let length = limit("maxLength").map(|length| length.saturating_mul(4));
            length.or(longest.map(|length| length as u64)).unwrap_or(REQUEST - 2)
        }
        ("array", _) => limit("maxItems").unwrap_or_else(|| (REQUEST - 2) / (least_bytes(&schema["items"]) + 1)),
        ("object", _) if schema["additionalProperties"].is_object() => {
            limit("maxProperties").unwrap_or_else(|| (REQUEST - 2) / (least_bytes(&schema["additionalProperties"]) + 6))
        }
        _ => 0,
    }
}

/// The least and the most.
#[derive(Clone, Copy)]
struct Size {
    least: u64,
    most: u64,
}

impl Size {
    const UNKNOWN: Self = Self { least: 0, most: u64::MAX };

    fn fixed(size: usize) -> Self {
        Self { least: size as u64, most: size as u64 }
    }

    fn plus(self, other: Self) -> Self {
        Self { least: self.least.saturating_add(other.least), most: self.most.saturating_add(other.most) }
    }
}

/// A number of characters at a price, rounded up.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "as upstream counts; the conversion saturates"
)]
fn priced(count: u64, price: f64) -> u64 {
    (count as f64 * price).ceil() as u64
}

/// What is known of a part of the expression.
struct Part<'s> {
    cost: u64,
    size: Size,
    /// The schema of its value, if it is a part of the object.
    schema: Option<&'s Value>,
}

struct Estimate<'s> {
    types: Checker<'s>,
    root: &'s Value,
    key: &'s Value,
    /// The variables of comprehensions, the last named counts.
    bound: Vec<(String, &'s Value)>,
}

impl<'s> Estimate<'s> {
    /// A part whose size its schema or its type tells.
    fn part(&mut self, expr: &Expr, cost: u64, schema: Option<&'s Value>) -> Part<'s> {
        let scalar = || match self.types.of(expr) {
            Type::Plain(name) if !matches!(name, "string" | "bytes") => Size::fixed(1),
            _ => Size::UNKNOWN,
        };
        let size = schema.map_or_else(scalar, |schema| Size { least: 0, most: most_elements(schema) });
        Part { cost, size, schema }
    }

    fn of(&mut self, expr: &Expr) -> Part<'s> {
        match expr {
            Expr::Literal(value, _) => Part { cost: 0, size: written(value), schema: None },
            Expr::Name(name, _) => {
                let bound = self.bound.iter().rev().find(|(known, _)| known == name).map(|(_, schema)| *schema);
                let whole = (name == "self" || name == "oldSelf").then_some(self.root);
                self.part(expr, 1, bound.or(whole))
            }
            Expr::Field(of, name, optional, _) => {
                let inner = self.of(of);
                let counts =
                    *optional || matches!(self.types.of(of), Type::Map(..) | Type::Custom(..) | Type::Object(_));
                let schema = inner.schema.and_then(|schema| below(schema, name)).filter(|_| !optional);
                self.part(expr, inner.cost.saturating_add(u64::from(counts)), schema)
            }
            Expr::Has(of, ..) => Part { cost: self.of(of).cost, size: Size::fixed(1), schema: None },
            Expr::Index(of, index, optional, _) => {
                let cost = 1u64.saturating_add(self.of(index).cost);
                let inner = self.of(of);
                let schema = inner.schema.and_then(elements).filter(|_| !optional);
                self.part(expr, cost.saturating_add(inner.cost), schema)
            }
            Expr::Call(of, name, arguments, _) => self.call(expr, of.as_deref(), name, arguments),
            Expr::Binary(sign, left, right, _) => self.binary(expr, sign, left, right),
            Expr::Unary(_, of, _) => {
                let cost = self.of(of).cost.saturating_add(1);
                Part { cost, size: Size::fixed(1), schema: None }
            }
            Expr::If(parts, _) => {
                let [condition, yes, no] = [&parts[0], &parts[1], &parts[2]].map(|part| self.of(part));
                let size = Size { least: yes.size.least.min(no.size.least), most: yes.size.most.max(no.size.most) };
                Part { cost: condition.cost.saturating_add(yes.cost.max(no.cost)), size, schema: None }
            }
            Expr::List(items, _) => {
                let cost = self.sum(items).saturating_add(LIST);
                Part { cost, size: Size::fixed(items.len()), schema: None }
            }
            Expr::Map(entries, _) => {
                let cost = entries.iter().fold(MAP, |cost, (key, value)| {
                    cost.saturating_add(self.of(key).cost).saturating_add(self.of(value).cost)
                });
                Part { cost, size: Size::fixed(entries.len()), schema: None }
            }
            Expr::Each(what, of, variables, parts, _) => self.each(what, of, variables, parts),
        }
    }

    fn sum(&mut self, parts: &[Expr]) -> u64 {
        parts.iter().fold(0, |sum, part| self.of(part).cost.saturating_add(sum))
    }

    fn binary(&mut self, expr: &Expr, sign: &str, left: &Expr, right: &Expr) -> Part<'s> {
        let of = self.types.of(left);
        let sides = [self.of(left), self.of(right)];
        let inner = sides[0].cost.saturating_add(sides[1].cost);
        let [a, b] = sides.map(|side| side.size);
        let long = matches!(of, Type::Plain("string" | "bytes") | Type::Dyn);
        let compared = priced(a.most.min(b.most), TEXT);
        let (cost, size) = match sign {
            "&&" | "||" => (0, Size::fixed(1)),
            "==" | "!=" => (compared, Size::fixed(1)),
            "<" | "<=" | ">" | ">=" if long => (compared, Size::fixed(1)),
            "in" if !matches!(self.types.of(right), Type::Map(..)) => (b.most, Size::fixed(1)),
            "+" if long => (priced(a.plus(b).most, TEXT), a.plus(b)),
            "+" if matches!(of, Type::List(_)) => (1, a.plus(b)),
            _ => return self.part(expr, inner.saturating_add(1), None),
        };
        Part { cost: inner.saturating_add(cost), size, schema: None }
    }

    /// What the macros unfold to: a loop with a condition, a step and a result.
    fn each(&mut self, what: &str, of: &Expr, variables: &[String], parts: &[Expr]) -> Part<'s> {
        let range = self.of(of);
        let range_type = self.types.of(of);
        let items = self.types.items(&range_type, variables.len(), of.at());
        let item = items.last().cloned().unwrap_or(Type::Dyn);
        // Upstream takes what belongs to no part of the object for the whole of it.
        let schema = match (&item, range.schema) {
            (_, None) => self.root,
            (_, Some(schema)) => below_all(schema).unwrap_or(self.key),
        };
        for (variable, item) in variables.iter().zip(items) {
            self.types.names.push((variable.clone(), item));
            self.bound.push((variable.clone(), schema));
        }
        let costs: Vec<u64> = parts.iter().map(|part| self.of(part).cost).collect();
        self.bound.truncate(self.bound.len() - variables.len());
        self.types.names.truncate(self.types.names.len() - variables.len());
        let first = costs.first().copied().unwrap_or(0);
        let (before, step, result, size) = match (what, costs.get(1)) {
            ("all", _) => (0, first.saturating_add(3), 1, Size::fixed(1)),
            ("exists", _) => (0, first.saturating_add(4), 1, Size::fixed(1)),
            ("exists_one" | "existsOne", _) => (0, first.saturating_add(2), 2, Size::fixed(1)),
            ("filter", _) => (LIST, first.saturating_add(LIST + 3), 1, range.size),
            ("map", None) => (LIST, first.saturating_add(LIST + 2), 1, range.size),
            ("map", Some(then)) => (LIST, first.saturating_add(*then).saturating_add(LIST + 2), 1, range.size),
            _ => return Part { cost: range.cost.saturating_add(first), size: Size::UNKNOWN, schema: None },
        };
        let cost = range.size.most.saturating_mul(step).saturating_add(before + result);
        Part { cost: cost.saturating_add(range.cost), size, schema: None }
    }

    fn call(&mut self, expr: &Expr, of: Option<&Expr>, name: &str, arguments: &[Expr]) -> Part<'s> {
        if name == "dyn" && arguments.len() == 1 {
            let inner = self.of(&arguments[0]);
            return Part { cost: inner.cost.saturating_add(1), ..inner };
        }
        let space =
            matches!(of, Some(Expr::Name(name, _)) if ["sets", "format", "optional", "ip"].contains(&name.as_str()));
        let target = of.filter(|_| !space).map(|of| (self.of(of), self.types.of(of)));
        let given: Vec<Part> = arguments.iter().map(|argument| self.of(argument)).collect();
        let inner =
            target.iter().map(|(part, _)| part).chain(&given).fold(0, |sum: u64, part| sum.saturating_add(part.cost));
        let sizes: Vec<Size> = given.iter().map(|part| part.size).collect();
        let (cost, size) = match (&target, sizes.as_slice()) {
            (Some((target, kind)), sizes) => method(name, target, kind, sizes),
            (None, sizes) => free(name, sizes),
        };
        let cost = inner.saturating_add(cost);
        match size {
            Some(size) => Part { cost, size, schema: None },
            None => self.part(expr, cost, None),
        }
    }
}

fn method(name: &str, target: &Part, kind: &Type, sizes: &[Size]) -> (u64, Option<Size>) {
    let size = target.size;
    let item = target.schema.and_then(elements).map(most_elements);
    match (name, sizes) {
        ("startsWith" | "endsWith", [what]) => (priced(what.most, TEXT), None),
        ("contains", [what]) => (priced(size.most, TEXT).saturating_mul(priced(what.most, TEXT)), None),
        ("matches", [regex]) => {
            (priced(size.most.saturating_add(1), TEXT).saturating_mul(priced(regex.most, REGEX)), None)
        }
        ("find" | "findAll", [regex, ..]) => {
            let cost = priced(size.most.saturating_add(1), TEXT).saturating_mul(priced(regex.most, REGEX));
            (cost, Some(Size { least: 0, most: size.most }))
        }
        ("format", _) => (priced(size.most, TEXT), None),
        ("lowerAscii" | "upperAscii" | "substring" | "trim", _) => (priced(size.most, TEXT), Some(size)),
        ("split", _) => (priced(size.most, 2.0 * TEXT), Some(Size { least: 0, most: size.most })),
        ("replace", [what, with, ..]) => (priced(size.most, 2.0 * TEXT), Some(replaced(size, *what, *with))),
        ("join", _) => {
            let mut most = item.map_or(0, |item| size.most.saturating_mul(item));
            if let Some(between) = sizes.first() {
                most = most.saturating_add(between.most.saturating_mul(size.most.saturating_sub(1)));
            }
            (priced(most, TEXT), Some(Size { least: 0, most }))
        }
        ("isSorted" | "sum" | "max" | "min" | "indexOf" | "lastIndexOf", _) => match kind {
            Type::List(inner) if matches!(**inner, Type::Plain("string" | "bytes")) => {
                let each = priced(item.unwrap_or(u64::MAX), TEXT).saturating_add(1);
                (size.most.saturating_mul(each), None)
            }
            Type::List(_) => (size.most, None),
            _ => (priced(size.most, TEXT), None),
        },
        _ => (1, None),
    }
}

fn free(name: &str, sizes: &[Size]) -> (u64, Option<Size>) {
    match (name, sizes) {
        ("url", [text]) => (priced(text.most, TEXT), None),
        ("bytes", [text]) => {
            (priced(text.most, TEXT), Some(Size { least: text.least, most: text.most.saturating_mul(4) }))
        }
        _ => (1, None),
    }
}

/// How long a text may be in which something was replaced.
fn replaced(text: Size, what: Size, with: Size) -> Size {
    let (count, kept) = match what.least {
        0 => (text.most.saturating_add(1), text.most),
        least if with.most <= least => (0, text.most),
        least => (text.most.div_ceil(least), 0),
    };
    Size { least: 0, most: count.saturating_mul(with.most).saturating_add(kept) }
}

fn written(value: &Val) -> Size {
    match value {
        Val::Text(text) => Size::fixed(text.chars().count()),
        Val::Bytes(bytes) => Size::fixed(bytes.len()),
        _ => Size::fixed(1),
    }
}

/// The schema of a field.
fn below<'s>(schema: &'s Value, name: &str) -> Option<&'s Value> {
    if schema["additionalProperties"].is_object() { None } else { property(schema, name) }
}

/// The schema of what an index finds.
fn elements(schema: &Value) -> Option<&Value> {
    ["items", "additionalProperties"].into_iter().map(|name| &schema[name]).find(|inner| inner.is_object())
}

/// The schema of what a comprehension goes through: items; keys have none.
fn below_all(schema: &Value) -> Option<&Value> {
    Some(&schema["items"]).filter(|items| items.is_object())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(schema: &Value, rule: &str) -> u64 {
        most(&Program::parse(rule).expect("a rule"), schema)
    }

    /// The numbers of upstream's `TestCostEstimation` (`schema/cel/compilation_test.go`): without limits, and with one.
    #[test]
    fn rules_cost_what_upstream_says() {
        let limited = |mut schema: Value, limit: u64| {
            let name = match schema["type"].as_str() {
                Some("array") => "maxItems",
                Some("object") => "maxProperties",
                _ => "maxLength",
            };
            schema[name] = json!(limit);
            schema
        };
        let array = |kind: &str| json!({"type": "array", "items": {"type": kind}});
        let map = |kind: &str| json!({"type": "object", "additionalProperties": {"type": kind}});
        let times = |format: &str| json!({"type": "string", "format": format});
        let text = json!({"type": "string"});
        let all = "self.all(x, true)";
        for (schema, rule, free, limit, bounded) in [
            (array("number"), all, 4_718_591, 10, 32),
            (array("string"), all, 3_145_727, 20, 62),
            (array("boolean"), all, 1_887_437, 5, 17),
            (map("number"), all, 1_348_169, 10, 32),
            (map("string"), all, 1_179_647, 3, 11),
            (map("boolean"), all, 943_718, 100, 302),
            (json!({"type": "array", "items": times("date")}), all, 725_936, 15, 47),
            (json!({"type": "array", "items": times("date-time")}), all, 428_963, 25, 77),
            (json!({"type": "array", "items": times("duration")}), all, 2_359_295, 5, 17),
            (json!({"type": "array", "items": times("duration")}), "self[0].getHours() == 2", 4, 525, 4),
            (json!({"type": "object", "additionalProperties": times("date-time")}), "self['a'] == self['b']", 8, 7, 8),
            (text.clone(), "self.contains('test')", 314_574, 10, 5),
            (text.clone(), "self.startsWith('test')", 2, 15, 2),
            (text.clone(), "size(self + 'hello') > size('hello')", 314_578, 4, 7),
            (text.clone(), "self.matches('x')", 314_574, 50, 22),
            (text.clone(), "''.matches('(((((((((())))))))))[0-9]')", 7, 10, 7),
            (text.clone(), "self.find('[0-9]+') == ''", 629_147, 10, 11),
            (text.clone(), "self.lowerAscii() == 'lower!'", 314_575, 10, 6),
            (text, "self == 'x'", 2, 0, 1),
            (array("number"), "self[1] == 0.0", 2, 5000, 2),
            (array("string"), "self[1] == self[1]", 314_577, 8, 314_577),
            (array("number"), "self.all(x, x == 0.0)", 6_291_454, 3 * 1024 * 2048, 25_165_826),
            (map("integer"), "oldSelf.size() == self.size()", 5, 10, 5),
            (map("string"), "self.all(x, x.contains(self[x]))", 2_752_507, 10, 72),
        ] {
            assert_eq!(cost(&schema, rule), free, "{rule} of {schema}");
            assert_eq!(cost(&limited(schema.clone(), limit), rule), bounded, "{rule} of at most {limit}: {schema}");
        }
        let loops = "self.all(x, self.all(y, self.all(z, true)))";
        assert_eq!(cost(&limited(array("number"), 10), loops), 3552);
        assert_eq!(cost(&array("string"), "self.join(' ') == 'aa bb'"), 329_853_068_905);
        assert_eq!(cost(&array("string"), "self.isSorted() == true"), 329_854_432_052);
        let words = json!({"type": "string", "enum": ["A", "LongValue"]});
        assert_eq!(cost(&words, "self.contains('A')"), 2);
        let parts = json!({"type": "object", "properties": {"str": {"type": "string"},
            "before": {"type": "string", "maxLength": 2}, "after": {"type": "string", "maxLength": 4}}});
        assert_eq!(cost(&parts, "self.str.replace(self.before, self.after) == 'does not matter'"), 629_154);
    }
}
