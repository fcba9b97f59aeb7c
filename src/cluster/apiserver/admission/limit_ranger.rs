//! `LimitRanger`: containers get the namespace's defaults, and must keep to its bounds
//! (upstream: `plugin/pkg/admission/limitranger/admission.go`).

use super::{Attributes, Plugin};
use crate::api::Status;
use crate::api::kinds::limit_range::KIND;
use crate::api::kinds::pod::Pod;
use crate::api::object::Object;
use crate::api::pod::amounts::{self, Amounts};
use crate::api::quantity::Quantity;
use k8s_openapi::api::core::v1::{Container, ResourceRequirements};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Text;
use serde_json::Value;
use std::collections::BTreeMap;
use std::rc::Rc;

/// The plugin.
pub const PLUGIN: Plugin = Plugin {
    mutate: |request, object| {
        mutate(request, object);
        Ok(())
    },
    validate,
    ..Plugin::named("LimitRanger")
};

const ANNOTATION: &str = "kubernetes.io/limit-ranger";

/// The limits of all ranges of the namespace, range by range.
fn ranges(request: &Attributes, namespace: &str) -> Vec<Vec<Value>> {
    let found = request.review.cache.in_namespace(&KIND, namespace);
    found.filter_map(Object::document).map(|range| range.list("spec.limits").to_vec()).collect()
}

/// Whether the request gives resources to a pod that is not on its way out.
fn is_about_pod(request: &Attributes) -> bool {
    let target = &request.review.request.target;
    let resizes = target.subresource == "resize" && !request.old.is_some_and(Object::is_terminating);
    request.creates("Pod") || (resizes && target.object.kind.kind == "Pod")
}

fn mutate(request: &Attributes, object: &mut Object) {
    if !is_about_pod(request) {
        return;
    }
    for limits in ranges(request, object.namespace()) {
        let of = |list: &str| {
            let mut all = BTreeMap::new();
            for limit in limits.iter().filter(|limit| limit["type"] == "Container") {
                let amounts = limit[list].as_object().into_iter().flatten();
                all.extend(
                    amounts.map(|(name, text)| (name.clone(), Text(text.as_str().unwrap_or_default().to_owned()))),
                );
            }
            all
        };
        let (requests, limits) = (of("defaultRequest"), of("default"));
        let lacks = |container: &Container| !lacking(container, &requests, &limits).is_empty();
        let Some(pod) = object.get::<Pod>() else { continue };
        let spec = &pod.spec;
        if !spec.containers.iter().chain(spec.init_containers.iter().flatten()).any(lacks) {
            continue;
        }
        let Some(pod) = object.get_mut::<Pod>() else { continue };
        let spec = Rc::make_mut(&mut pod.spec);
        let mut told = Vec::new();
        for container in &mut spec.containers {
            complete(&mut told, container, "container", [&requests, &limits]);
        }
        for container in spec.init_containers.iter_mut().flatten() {
            complete(&mut told, container, "init container", [&requests, &limits]);
        }
        let text = format!("LimitRanger plugin set: {}", told.join("; "));
        pod.metadata.annotations.get_or_insert_default().insert(ANNOTATION.to_owned(), text);
    }
}

type Texts = BTreeMap<String, Text>;

fn lacking<'a>(container: &Container, requests: &'a Texts, limits: &'a Texts) -> Vec<&'a String> {
    let resources = container.resources.as_ref();
    let has = |list: Option<&Texts>, name: &String| list.is_some_and(|list| list.contains_key(name));
    let own = |which: fn(&ResourceRequirements) -> Option<&Texts>| resources.and_then(which);
    let requests = requests.keys().filter(|name| !has(own(|own| own.requests.as_ref()), name));
    requests.chain(limits.keys().filter(|name| !has(own(|own| own.limits.as_ref()), name))).collect()
}

/// Sets what a container leaves out, and tells of it (`mergeContainerResources`).
fn complete(told: &mut Vec<String>, container: &mut Container, sort: &str, [requests, limits]: [&Texts; 2]) {
    let resources = container.resources.get_or_insert_default();
    for (list, defaults, word) in
        [(&mut resources.requests, requests, "request"), (&mut resources.limits, limits, "limit")]
    {
        let mut set: Vec<&str> = Vec::new();
        for (name, amount) in defaults {
            let list = list.get_or_insert_default();
            if !list.contains_key(name) {
                list.insert(name.clone(), amount.clone());
                set.push(name);
            }
        }
        if !set.is_empty() {
            told.push(format!("{} {word} for {sort} {}", set.join(", "), container.name));
        }
    }
}

fn validate(request: &mut Attributes, object: Option<&Object>) -> Result<(), Status> {
    let Some(object) = object else { return Ok(()) };
    let claim = object.kind().kind == "PersistentVolumeClaim" && request.review.request.target.subresource.is_empty();
    if !is_about_pod(request) && (!claim || request.old.is_some_and(Object::is_terminating)) {
        return Ok(());
    }
    for limits in ranges(request, object.namespace()) {
        let mut errors: Vec<String> = Vec::new();
        for limit in &limits {
            match object.get::<Pod>() {
                Some(pod) => bound_pod(&mut errors, limit, pod),
                None => bound_claim(&mut errors, limit, object),
            }
        }
        let text = match errors.as_slice() {
            [] => continue,
            [one] => one.clone(),
            many => format!("[{}]", many.join(", ")),
        };
        return Err(Status::forbidden(object.kind(), object.name(), &text));
    }
    Ok(())
}

/// The amounts of one list of a limit.
fn list(limit: &Value, name: &str) -> Vec<(String, Quantity)> {
    let entries = limit[name].as_object().into_iter().flatten();
    entries.filter_map(|(name, text)| Some((name.clone(), Quantity::parse(text.as_str()?).ok()?))).collect()
}

fn push(errors: &mut Vec<String>, error: Option<String>) {
    // The same complaint of several containers is made once.
    if let Some(error) = error.filter(|error| !errors.contains(error)) {
        errors.push(error);
    }
}

fn bound_pod(errors: &mut Vec<String>, limit: &Value, pod: &Pod) {
    let sort = limit["type"].as_str().unwrap_or_default();
    let spec = &pod.spec;
    match sort {
        "Container" => {
            for container in spec.containers.iter().chain(spec.init_containers.iter().flatten()) {
                let own = container.resources.as_ref();
                let requests = amounts::read(own.and_then(|own| own.requests.as_ref()));
                let limits = amounts::read(own.and_then(|own| own.limits.as_ref()));
                bound(errors, limit, sort, [&requests, &limits]);
            }
        }
        "Pod" => bound(errors, limit, sort, [&amounts::requests(spec, false), &amounts::limits(spec, false)]),
        _ => {}
    }
}

fn bound(errors: &mut Vec<String>, limit: &Value, sort: &str, [requests, limits]: [&Amounts; 2]) {
    for (name, wanted) in list(limit, "min") {
        push(errors, minimum(sort, &name, &wanted, [requests.get(&name), limits.get(&name)]));
    }
    for (name, wanted) in list(limit, "max") {
        let head = format!("maximum {name} usage per {sort} is {wanted}");
        let error = match (requests.get(&name), limits.get(&name)) {
            (_, None) => Some(format!("{head}.  No limit is specified")),
            (_, Some(limit)) if limit.compare(&wanted).is_gt() => Some(format!("{head}, but limit is {limit}")),
            (Some(request), _) if request.compare(&wanted).is_gt() => Some(format!("{head}, but request is {request}")),
            _ => None,
        };
        push(errors, error);
    }
    for (name, wanted) in list(limit, "maxLimitRequestRatio") {
        push(errors, ratio(sort, &name, &wanted, [requests.get(&name), limits.get(&name)]));
    }
}

/// Upstream: `minConstraint`.
fn minimum(sort: &str, name: &str, wanted: &Quantity, [request, limit]: [Option<&Quantity>; 2]) -> Option<String> {
    let head = format!("minimum {name} usage per {sort} is {wanted}");
    match (request, limit) {
        (None, _) => Some(format!("{head}.  No request is specified")),
        (Some(request), _) if request.compare(wanted).is_lt() => Some(format!("{head}, but request is {request}")),
        (_, Some(limit)) if limit.compare(wanted).is_lt() => Some(format!("{head}, but limit is {limit}")),
        _ => None,
    }
}

/// Upstream: `limitRequestRatioConstraint`.
fn ratio(sort: &str, name: &str, wanted: &Quantity, [request, limit]: [Option<&Quantity>; 2]) -> Option<String> {
    let head = format!("{name} max limit to request ratio per {sort} is {wanted}");
    let Some(request) = request.filter(|request| !request.is_zero()) else {
        return Some(format!("{head}, but no request is specified or request is 0"));
    };
    let Some(limit) = limit.filter(|limit| !limit.is_zero()) else {
        return Some(format!("{head}, but no limit is specified or limit is 0"));
    };
    #[expect(clippy::cast_precision_loss, reason = "upstream compares and prints floating point numbers")]
    let (found, most) =
        (limit.milli_value() as f64 / request.milli_value() as f64, wanted.milli_value() as f64 / 1000.0);
    (found > most).then(|| format!("{head}, but provided ratio is {found:.6}"))
}

fn bound_claim(errors: &mut Vec<String>, limit: &Value, claim: &Object) {
    let sort = "PersistentVolumeClaim";
    if limit["type"] != sort {
        return;
    }
    let Some(document) = claim.document() else { return };
    let requests = crate::api::usage::amounts(document, "spec.resources.requests");
    for (name, wanted) in list(limit, "min") {
        push(errors, minimum(sort, &name, &wanted, [requests.get(&name), None]));
    }
    for (name, wanted) in list(limit, "max") {
        let head = format!("maximum {name} usage per {sort} is {wanted}");
        let error = match requests.get(&name) {
            None => Some(format!("{head}.  No request is specified")),
            Some(request) if request.compare(&wanted).is_gt() => Some(format!("{head}, but request is {request}")),
            Some(_) => None,
        };
        push(errors, error);
    }
}
