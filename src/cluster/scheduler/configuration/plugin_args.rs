//! Whether the arguments of a plugin are allowed.
//! Upstream: `pkg/scheduler/apis/config/validation/validation_pluginargs.go`.

use crate::api::check::{self as checks, Errors};
use crate::api::names;
use crate::api::path::Path;
use crate::api::pod::validation::affinity;
use crate::api::status::FieldError;
use crate::sim::SortedSet;
use k8s_openapi::api::core::v1::NodeAffinity;
use serde_json::Value;

const STRATEGIES: [&str; 3] = ["LeastAllocated", "MostAllocated", "RequestedToCapacityRatio"];

/// Checks the arguments of a plugin, but for those of `NodeResourcesFit`, which that plugin checks itself.
pub fn check(out: &mut Errors, path: &Path, name: &str, args: &Value) {
    match name {
        "DefaultPreemption" => preemption(out, path, args),
        "InterPodAffinity" => {
            range(out, &path.field("hardPodAffinityWeight"), args["hardPodAffinityWeight"].as_i64().unwrap_or(1));
        }
        "NodeAffinity" => {
            if let Ok(added) = crate::api::json::decode_part::<NodeAffinity>(&args["addedAffinity"]) {
                affinity::node_affinity(out, &path.field("addedAffinity"), &added);
            }
        }
        "NodeResourcesBalancedAllocation" => balanced(out, &path.field("resources"), &args["resources"]),
        "PodTopologySpread" => spread(out, path, args),
        "VolumeBinding" => volume_binding(out, path, args),
        _ => {}
    }
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

fn range(out: &mut Errors, path: &Path, number: i64) {
    if !(0..=100).contains(&number) {
        out.push(FieldError::invalid(path, number, "not in valid range [0, 100]"));
    }
}

fn preemption(out: &mut Errors, path: &Path, args: &Value) {
    let (percent_path, least_path) =
        (path.field("minCandidateNodesPercentage"), path.field("minCandidateNodesAbsolute"));
    let percent = args["minCandidateNodesPercentage"].as_i64().unwrap_or(10);
    let least = args["minCandidateNodesAbsolute"].as_i64().unwrap_or(100);
    range(out, &percent_path, percent);
    if least < 0 {
        out.push(FieldError::invalid(least_path, least, "not in valid range [0, inf)"));
    }
    if percent == 0 && least == 0 {
        for (path, other) in [(percent_path, "minCandidateNodesAbsolute"), (least_path, "minCandidateNodesPercentage")]
        {
            out.push(FieldError::invalid(path, 0, format!("cannot be zero at the same time as {other}")));
        }
    }
}

fn balanced(out: &mut Errors, path: &Path, resources: &Value) {
    let mut seen = SortedSet::new();
    for (index, resource) in items(resources).iter().enumerate() {
        let path = path.index(index);
        let name = text(resource, "name");
        if !seen.insert(name) {
            out.push(FieldError::duplicate(path.field("name"), name));
        }
        if let Some(weight) = resource["weight"].as_i64().filter(|weight| !matches!(weight, 0 | 1)) {
            out.push(FieldError::invalid(path.field("weight"), weight, "must be 1"));
        }
    }
}

fn spread(out: &mut Errors, path: &Path, args: &Value) {
    let constraints = items(&args["defaultConstraints"]);
    let kind = Some(text(args, "defaultingType")).filter(|kind| !kind.is_empty()).unwrap_or("System");
    match kind {
        "System" if !constraints.is_empty() => {
            out.push(FieldError::invalid(path.field("defaultingType"), kind, "when .defaultConstraints are not empty"));
        }
        "System" | "List" => {}
        kind => out.push(FieldError::not_supported(path.field("defaultingType"), kind, &["System", "List"])),
    }
    let path = path.field("defaultConstraints");
    for (index, constraint) in constraints.iter().enumerate() {
        let place = path.index(index);
        let skew = constraint["maxSkew"].as_i64().unwrap_or(0);
        if skew <= 0 {
            out.push(FieldError::invalid(place.field("maxSkew"), skew, "not in valid range (0, inf)"));
        }
        let (key, action) = (text(constraint, "topologyKey"), text(constraint, "whenUnsatisfiable"));
        if key.is_empty() {
            out.push(FieldError::required(place.field("topologyKey"), "can not be empty"));
        } else {
            checks::complain(out, &place.field("topologyKey"), key, names::qualified_name(key));
        }
        if action.is_empty() {
            out.push(FieldError::required(place.field("whenUnsatisfiable"), "can not be empty"));
        } else if !["DoNotSchedule", "ScheduleAnyway"].contains(&action) {
            let known = ["DoNotSchedule", "ScheduleAnyway"];
            out.push(FieldError::not_supported(place.field("whenUnsatisfiable"), action, &known));
        }
        if !constraint["labelSelector"].is_null() {
            let detail = "constraint must not define a selector, as they deduced for each pod";
            out.push(FieldError::forbidden(place.field("labelSelector"), detail));
        }
        let same = |other: &Value| (text(other, "topologyKey"), text(other, "whenUnsatisfiable")) == (key, action);
        if constraints[..index].iter().any(same) {
            out.push(FieldError::duplicate(place, format!("{{{key}, {action}}}")));
        }
    }
}

fn volume_binding(out: &mut Errors, path: &Path, args: &Value) {
    if let Some(seconds) = args["bindTimeoutSeconds"].as_i64().filter(|seconds| *seconds < 0) {
        let detail = "invalid BindTimeoutSeconds, should not be a negative value";
        out.push(FieldError::invalid(path.field("bindTimeoutSeconds"), seconds, detail));
    }
    if !args["shape"].is_null() {
        let point = |point: &Value| {
            let number = |name: &str| point[name].as_i64().unwrap_or(0);
            format!("{{\"Utilization\":{},\"Score\":{}}}", number("utilization"), number("score"))
        };
        let shown: Vec<String> = items(&args["shape"]).iter().map(point).collect();
        let detail = "unexpected field `shape`, remove it or turn on the feature gate StorageCapacityScoring";
        out.push(checks::invalid_as(&path.field("shape"), format!("[{}]", shown.join(",")), detail));
    }
}

/// What `NodeResourcesFit` checks itself when it starts.
#[must_use]
pub fn fit(args: &Value) -> Errors {
    let mut out = Vec::new();
    let ignored = Path::new("ignoredResources");
    for (index, name) in items(&args["ignoredResources"]).iter().filter_map(Value::as_str).enumerate() {
        checks::complain(&mut out, &ignored.index(index), name, names::qualified_name(name));
    }
    let ignored = Path::new("ignoredResourceGroups");
    for (index, name) in items(&args["ignoredResourceGroups"]).iter().filter_map(Value::as_str).enumerate() {
        if name.contains('/') {
            out.push(FieldError::invalid(ignored.index(index), name, "resource group name can't contain '/'"));
        }
        checks::complain(&mut out, &ignored.index(index), name, names::qualified_name(name));
    }
    let strategy = &args["scoringStrategy"];
    if strategy.is_null() {
        return out;
    }
    let path = Path::new("scoringStrategy");
    let kind = text(strategy, "type");
    if !STRATEGIES.contains(&kind) {
        out.push(FieldError::not_supported(path.field("type"), kind, &STRATEGIES));
    }
    let resources = path.field("resources");
    for (index, resource) in items(&strategy["resources"]).iter().enumerate() {
        let weight = resource["weight"].as_i64().filter(|weight| *weight != 0).unwrap_or(1);
        if !(1..=100).contains(&weight) {
            let detail = format!("resource weight of {} not in valid range (0, 100]", text(resource, "name"));
            let place = resources.index(index);
            out.push(FieldError::invalid(place.field("weight"), weight, detail));
        }
    }
    let ratio = path.field("requestedToCapacityRatio");
    match (kind == "RequestedToCapacityRatio", &strategy["requestedToCapacityRatio"]) {
        (true, Value::Null) => {
            out.push(FieldError::required(ratio, "must be specified when type is RequestedToCapacityRatio"));
        }
        (true, given) => shape(&mut out, &ratio.field("shape"), items(&given["shape"])),
        (false, Value::Null) => {}
        (false, _) => out.push(FieldError::forbidden(ratio, "must be nil when type is not RequestedToCapacityRatio")),
    }
    out
}

fn shape(out: &mut Errors, path: &Path, points: &[Value]) {
    if points.is_empty() {
        return out.push(FieldError::required(path, "at least one point must be specified"));
    }
    let number = |point: &Value, name: &str| point[name].as_i64().unwrap_or(0);
    let used: Vec<i64> = points.iter().map(|point| number(point, "utilization")).collect();
    if let Some(index) = (1..used.len()).find(|index| used[index - 1] >= used[*index]) {
        let place = path.index(index);
        let detail = "values must be sorted in increasing order";
        out.push(FieldError::invalid(place.field("utilization"), used[index], detail));
    }
    for (index, point) in points.iter().enumerate() {
        let place = path.index(index);
        range(out, &place.field("utilization"), number(point, "utilization"));
        let score = number(point, "score");
        if !(0..=10).contains(&score) {
            out.push(FieldError::invalid(place.field("score"), score, "not in valid range [0, 10]"));
        }
    }
}
