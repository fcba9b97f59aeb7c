//! `LimitRange`.
//!
//! Upstream: `pkg/apis/core/v1/defaults.go`, `SetDefaults_LimitRangeItem`; `pkg/apis/core/validation/validation.go`,
//! `ValidateLimitRange`.

use super::{field, items_mut};
use crate::api::check::{self, Errors};
use crate::api::document::Document;
use crate::api::json;
use crate::api::names;
use crate::api::object::Object;
use crate::api::pod::validation::resources::{is_standard, may_overcommit, resource_name};
use crate::api::quantity::Quantity;
use crate::api::status::FieldError;
use crate::api::tree::At;
use crate::sim::{Sorted, SortedSet};
use serde_json::{Map, Value};
use std::cmp::Ordering;

const LISTS: [&str; 5] = ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"];

/// Reads the quantities and sets the defaults of each limit: what is missing follows from what is there.
///
/// # Errors
/// Go's sentence about a bad quantity.
pub fn read(range: &mut Document) -> Result<(), String> {
    let Some(spec) = range.field_mut("spec") else { return Ok(()) };
    for limit in items_mut(spec, "limits") {
        for list in LISTS {
            let amounts = limit.get_mut(list).and_then(Value::as_object_mut);
            amounts.into_iter().flat_map(Map::values_mut).try_for_each(json::read_quantity)?;
        }
    }
    Ok(())
}

/// What follows from what is there (`SetDefaults_LimitRangeItem`).
pub fn default(range: &mut Document) {
    let Some(spec) = range.field_mut("spec") else { return };
    for limit in items_mut(spec, "limits").filter(|limit| limit["type"] == "Container") {
        for (from, to) in [("max", "default"), ("default", "defaultRequest"), ("min", "defaultRequest")] {
            let known = limit[from].as_object().cloned().unwrap_or_default();
            let Some(fields) = limit.as_object_mut().filter(|_| !known.is_empty()) else { continue };
            let target = fields.entry(to).or_insert_with(|| Value::Object(Map::new()));
            for (name, amount) in known {
                if let Some(target) = target.as_object_mut() {
                    target.entry(name).or_insert(amount);
                }
            }
        }
    }
}

/// All errors of a `LimitRange`.
#[must_use]
pub fn validate(object: &Object) -> Errors {
    let mut out = Vec::new();
    let spec = field(object, "spec");
    let mut seen = SortedSet::new();
    for limit in spec.field("limits").items() {
        let sort = limit.field("type");
        let complaints = names::qualified_name(sort.text());
        let standard = matches!(sort.text(), "Pod" | "Container" | "PersistentVolumeClaim");
        if complaints.is_empty() && !standard && !sort.text().contains('/') {
            out.push(sort.invalid("must be a standard limit type or fully qualified"));
        }
        check::complain(&mut out, &sort.path, sort.text(), complaints);
        if !seen.insert(sort.text()) {
            out.push(sort.duplicate());
        }
        item(&mut out, &limit);
    }
    out
}

fn item(out: &mut Errors, limit: &At) {
    let sort = limit.field("type").text();
    for name in LISTS {
        let list = limit.field(name);
        if sort == "Pod" && matches!(name, "default" | "defaultRequest") {
            if !list.is_empty() {
                out.push(list.forbidden("may not be specified when `type` is 'Pod'"));
            }
            continue;
        }
        if name == "maxLimitRequestRatio" && sort == "PersistentVolumeClaim" {
            let sized = ["min", "max"].iter().any(|bound| limit.field(bound).field("storage").given());
            if !sized {
                let detail = "either minimum or maximum storage value is required, but neither was provided";
                out.push(limit.field("limits").required(detail));
            }
        }
        for (resource, at) in list.entries() {
            if matches!(sort, "Pod" | "Container") {
                resource_name(out, &at.path, resource);
            } else {
                let complaints = names::qualified_name(resource);
                if complaints.is_empty() && !resource.contains('/') && !is_standard(resource) {
                    let detail = "must be a standard resource type or fully qualified";
                    out.push(FieldError::invalid(at.path, resource, detail));
                }
                check::complain(out, &at.path, resource, complaints);
            }
        }
    }
    compare(out, limit);
}

/// Bounds and defaults of one resource must not contradict each other.
fn compare(out: &mut Errors, limit: &At) {
    let mut by_resource: Sorted<&str, [Option<Quantity>; 5]> = Sorted::new();
    let pod = limit.field("type").text() == "Pod";
    for (index, name) in LISTS.iter().enumerate().filter(|(index, _)| !(pod && matches!(index, 2 | 3))) {
        for (resource, at) in limit.field(name).entries() {
            by_resource.get_or_default(resource)[index] = Quantity::parse(at.text()).ok();
        }
    }
    for (resource, [max, min, default, request, ratio]) in by_resource {
        let mut exceeds = |list: &str, shown: usize, pair: [(&Option<Quantity>, &str); 2]| {
            let [(Some(low), low_name), (Some(high), high_name)] = pair else { return };
            if low.compare(high) == Ordering::Greater {
                let list = limit.field(list);
                let value = if shown == 0 { low } else { high }.to_string();
                let detail = format!("{low_name} value {low} is greater than {high_name} value {high}");
                out.push(FieldError::invalid(list.path.key(resource), value, detail));
            }
        };
        exceeds("min", 0, [(&min, "min"), (&max, "max")]);
        exceeds("defaultRequest", 1, [(&min, "min"), (&request, "default request")]);
        exceeds("defaultRequest", 0, [(&request, "default request"), (&max, "max")]);
        exceeds("defaultRequest", 0, [(&request, "default request"), (&default, "default limit")]);
        exceeds("default", 0, [(&min, "min"), (&default, "default")]);
        exceeds("default", 1, [(&default, "default"), (&max, "max")]);
        if let Some(ratio) = &ratio {
            let list = limit.field("maxLimitRequestRatio");
            at_most(out, &FieldError::invalid(list.path.key(resource), ratio.to_string(), ""), ratio, [&min, &max]);
        }
        if let (Some(default), Some(request)) = (&default, &request)
            && !may_overcommit(resource)
            && default.compare(request) != Ordering::Equal
        {
            let detail = format!("default value {default} must equal to defaultRequest value {request} in {resource}");
            let list = limit.field("defaultRequest");
            out.push(FieldError::invalid(list.path.key(resource), request.to_string(), detail));
        }
    }
}

/// The most that a limit may exceed a request: not less than once, not more than the bounds let it.
fn at_most(out: &mut Errors, error: &FieldError, ratio: &Quantity, [min, max]: [&Option<Quantity>; 2]) {
    let mut say = |detail: String| out.push(FieldError { detail, ..error.clone() });
    if ratio.milli_value() < 1000 {
        say(format!("ratio {ratio} is less than 1"));
    }
    if let (Some(min), Some(max)) = (min, max) {
        #[expect(clippy::cast_precision_loss, reason = "upstream compares and prints floating point numbers")]
        let (bound, given) = (max.milli_value() as f64 / min.milli_value() as f64, ratio.milli_value() as f64 / 1000.0);
        if given > bound {
            say(format!("ratio {ratio} is greater than max/min = {bound:.6}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::complaints;
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_missing_follows_from_what_is_there() {
        let value = json!({"metadata": {"name": "l"}, "spec": {"limits": [
            {"type": "Container", "max": {"cpu": 2, "memory": "1024Mi"}, "min": {"cpu": "100m"},
             "default": {"cpu": "500m"}}]}});
        let mut range = Document::read(&crate::api::kinds::limit_range::KIND, value).expect("a document");
        read(&mut range).expect("quantities");
        default(&mut range);
        let limit = &range.list("spec.limits")[0];
        assert_eq!(limit["default"], json!({"cpu": "500m", "memory": "1Gi"}));
        assert_eq!(limit["defaultRequest"], json!({"cpu": "500m", "memory": "1Gi"}));
    }

    #[test]
    fn bounds_do_not_contradict_each_other() {
        let said = |limit: Value| complaints(validate, &json!({"spec": {"limits": [limit]}}));
        assert_eq!(
            said(json!({"type": "Container", "default": {"cpu": "500m"}, "defaultRequest": {"cpu": "200m"},
                "max": {"cpu": "10m"}, "min": {"cpu": "100m"}, "maxLimitRequestRatio": {"cpu": "4"}})),
            [
                "spec.limits[0].min[cpu]: Invalid value: \"100m\": min value 100m is greater than max value 10m",
                "spec.limits[0].defaultRequest[cpu]: Invalid value: \"200m\": default request value 200m is greater than \
                 max value 10m",
                "spec.limits[0].default[cpu]: Invalid value: \"10m\": default value 500m is greater than max value 10m",
                "spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: \"4\": ratio 4 is greater than max/min = \
                 0.100000",
            ]
        );
        assert_eq!(
            said(json!({"type": "PersistentVolumeClaim", "max": {"cpu": "1"}}))[0],
            "spec.limits[0].limits: Required value: either minimum or maximum storage value is required, but neither was \
             provided"
        );
    }
}
