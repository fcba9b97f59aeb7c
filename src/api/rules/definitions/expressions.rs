//! The rules of a schema as programs: whether they can be compiled, and whether they may cost too much.
//!
//! Upstream: `apiextensions-apiserver/pkg/apis/apiextensions/validation/{validation,cel_validation}.go`,
//! `pkg/apiserver/schema/cel/compilation.go`.
//!
//! The type of an object is called after the moment at which the server reads the schema; here it is always the same.

use super::shown;
use crate::api::cel::cost;
use crate::api::cel::rules::program;
use crate::api::cel::types::{Type, compile};
use crate::api::check::{Errors, invalid_as};
use crate::api::status::FieldError;
use crate::api::tree::At;
use crate::sim::Order;
use serde_json::{Value, json};

/// What a rule may cost, however often it runs for one object (`StaticEstimatedCostLimit`).
const RULE_LIMIT: u64 = 10_000_000;
/// What all rules of a schema may cost (`StaticEstimatedCRDCostLimit`).
const TOTAL_LIMIT: u64 = 100_000_000;
/// So many of the dearest are named.
const NAMED: usize = 4;
/// What the type of `self` is called (`generateUniqueSelfTypeName`: a number of nanoseconds stands behind it).
const SELF: &str = "selfType1";

/// All errors of the rules in a schema that is right otherwise; `changed`: it is not the one that is stored already.
pub fn check(out: &mut Errors, schema: &At, changed: bool) {
    let whole = completed(schema.value, true);
    let mut costs = Costs { total: 0, dearest: Vec::new(), each: changed };
    let whole = At { value: &whole, path: schema.path };
    costs.walk(out, &whole, Some(1), None);
    if costs.total <= TOTAL_LIMIT {
        return;
    }
    let detail = "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema";
    costs.dearest.order_by(|(_, a), (_, b)| b.cmp(a));
    out.extend(costs.dearest.into_iter().take(NAMED).map(|(path, _)| FieldError::forbidden(path, detail)));
    let name = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema";
    out.push(schema.forbidden(&over(name, costs.total, TOTAL_LIMIT)));
}

/// The schema with what every object has, at the root and where objects are embedded (`WithTypeAndObjectMeta`).
fn completed(schema: &Value, root: bool) -> Value {
    let mut schema = schema.clone();
    let Some(fields) = schema.as_object_mut() else { return schema };
    for name in ["items", "additionalProperties"] {
        if let Some(inner) = fields.get_mut(name).filter(|inner| inner.is_object()) {
            *inner = completed(inner, inner["x-kubernetes-embedded-resource"] == true);
        }
    }
    if let Some(properties) = fields.get_mut("properties").and_then(Value::as_object_mut) {
        for inner in properties.values_mut() {
            *inner = completed(inner, inner["x-kubernetes-embedded-resource"] == true);
        }
    }
    if root && schema["type"] == "object" {
        let text = || json!({"type": "string"});
        schema["properties"]["apiVersion"] = text();
        schema["properties"]["kind"] = text();
        // What a rule says about the metadata in the schema stays, its other fields cannot be seen.
        let rules = schema["properties"]["metadata"]["x-kubernetes-validations"].clone();
        schema["properties"]["metadata"] =
            json!({"type": "object", "properties": {"name": text(), "generateName": text()}});
        if !rules.is_null() {
            schema["properties"]["metadata"]["x-kubernetes-validations"] = rules;
        }
    }
    schema
}

struct Costs {
    total: u64,
    /// What costs a hundredth of all, and where it stands.
    dearest: Vec<(String, u64)>,
    /// Whether each rule is held to its limit.
    each: bool,
}

impl Costs {
    /// `times`: how often the value may stand in an object, if that is bounded; `loose`: above here old and new cannot be
    /// told to be the same.
    fn walk(&mut self, out: &mut Errors, schema: &At, times: Option<u64>, loose: Option<&str>) {
        let limit = |name: &str| schema.value[name].as_i64().map(|limit| u64::try_from(limit).unwrap_or(0));
        let (additional, items) = (schema.field("additionalProperties"), schema.field("items"));
        let within = match schema.value["type"].as_str() {
            Some("object") if additional.value.is_object() => limit("maxProperties"),
            Some("array") => limit("maxItems"),
            _ => Some(1),
        };
        let inside = times.zip(within).map(|(times, within)| times.saturating_mul(within));
        let here = String::from(schema.path);
        if additional.value.is_object() {
            self.walk(out, &additional, inside, loose);
        }
        let granular = schema.value["x-kubernetes-map-type"] != "atomic";
        for (_, property) in schema.field("properties").entries() {
            self.walk(out, &property, inside, loose.or((!granular).then_some(here.as_str())));
        }
        if items.value.is_object() {
            let keyed = schema.value["x-kubernetes-list-type"] == "map";
            self.walk(out, &items, inside, loose.or((!keyed).then_some(here.as_str())));
        }
        for rule in schema.field("x-kubernetes-validations").items() {
            self.rule(out, schema.value, &rule, times);
            correlation(out, &rule, loose);
        }
    }

    fn rule(&mut self, out: &mut Errors, schema: &Value, rule: &At, times: Option<u64>) {
        let Some(of) = Type::of_schema(schema, SELF) else { return };
        let old = if rule.field("optionalOldSelf").flag() { Type::Optional(Box::new(of.clone())) } else { of.clone() };
        let wanted = [
            ("rule", "bool", "cel expression must evaluate to a bool"),
            ("messageExpression", "string", "messageExpression must evaluate to a string"),
        ];
        for (name, wanted, otherwise) in wanted {
            let at = rule.field(name);
            let text = at.text();
            if text.trim().is_empty() {
                continue;
            }
            let result = match program(text) {
                Ok(program) => compile(&program, text, &[("self", of.clone()), ("oldSelf", old.clone())])
                    .map(|found| (program, found)),
                Err(error) => Err(error.in_text(text)),
            };
            let detail = match result {
                Ok((program, Type::Plain(found))) if found == wanted => Ok(cost::most(&program, schema)),
                Ok(_) => Err(otherwise.to_owned()),
                Err(error) if name == "rule" => Err(format!("compilation failed: {error}")),
                Err(error) => Err(format!("messageExpression compilation failed: {error}")),
            };
            match detail {
                Err(detail) => {
                    out.push(invalid_as(&at.path, shown::rule(rule.value), &detail));
                    // Of a rule that cannot be compiled the message is not looked at.
                    return;
                }
                Ok(cost) => {
                    let times = times.unwrap_or_else(|| cost::most_values(schema));
                    let cost = if name == "rule" { cost.saturating_mul(times) } else { cost };
                    self.observe(out, &at, name, cost);
                }
            }
        }
    }

    fn observe(&mut self, out: &mut Errors, at: &At, name: &str, cost: u64) {
        if self.each && cost > RULE_LIMIT {
            out.push(at.forbidden(&over(&format!("estimated {name} cost"), cost, RULE_LIMIT)));
        }
        self.total = self.total.saturating_add(cost);
        if cost >= TOTAL_LIMIT / 100 {
            self.dearest.push((String::from(at.path), cost));
        }
    }
}

/// Rules about an old value need one that is known to be the same.
fn correlation(out: &mut Errors, rule: &At, loose: Option<&str>) {
    let (text, optional) = (rule.field("rule"), rule.field("optionalOldSelf"));
    let uses = program(text.text()).is_ok_and(|program| program.uses("oldSelf"));
    match loose {
        Some(path) if uses => {
            let detail = format!("oldSelf cannot be used on the uncorrelatable portion of the schema within {path}");
            out.push(text.invalid(detail));
        }
        _ if !uses && optional.given() => {
            out.push(optional.invalid("may not be set if oldSelf is not used in rule"));
        }
        _ => {}
    }
}

/// Upstream: `getCostErrorMessage`.
#[expect(clippy::cast_precision_loss, reason = "as upstream divides")]
fn over(name: &str, cost: u64, limit: u64) -> String {
    let factor = cost as f64 / limit as f64;
    let factor = match factor {
        _ if factor > 100.0 => "more than 100x".to_owned(),
        _ if factor < 1.5 => format!("{factor:.6}x"),
        _ => format!("{factor:.1}x"),
    };
    format!(
        "{name} exceeds budget by factor of {factor} (try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)"
    )
}
