//! Requests and limits of the pod as a whole (upstream: `validatePodResources`, `validatePodResourceConsistency`).

use super::super::super::check::Errors;
use super::super::super::path::Path;
use super::super::super::status::FieldError;
use super::super::amounts::{self, Amounts};
use super::resources;
use crate::sim::SortedSet;
use k8s_openapi::api::core::v1::{PodSpec, ResourceRequirements};
use std::cmp::Ordering;

/// All errors; `path` is that of the field.
pub fn check(out: &mut Errors, path: &Path, spec: &PodSpec, whole: &ResourceRequirements) {
    if spec.os.as_ref().is_some_and(|os| os.name == "windows") {
        out.push(FieldError::forbidden(path, "may not be set for a windows pod"));
        return;
    }
    if whole.claims.is_some() {
        out.push(FieldError::forbidden(path.field("claims"), "claims may not be set for Resources at pod-level"));
    }
    let claims = spec.resource_claims.iter().flatten().map(|claim| claim.name.as_str());
    let claims: SortedSet<&str> = claims.filter(|name| !name.is_empty()).collect();
    resources::requirements_by(out, path, whole, &claims, name);
    consistency(out, path, spec, whole);
}

/// What may be asked for a pod as a whole (`validatePodResourceName`).
fn name(out: &mut Errors, path: &Path, name: &str) {
    let before = out.len();
    resources::any_name(out, path, name);
    if out.len() == before && !is_known(name) {
        out.push(FieldError::not_supported(path, name, &["cpu", "hugepages-", "memory"]));
    }
}

fn is_known(name: &str) -> bool {
    matches!(name, "cpu" | "memory") || resources::is_huge_page(name)
}

fn consistency(out: &mut Errors, path: &Path, spec: &PodSpec, whole: &ResourceRequirements) {
    let (requests, limits) = (amounts::read(whole.requests.as_ref()), amounts::read(whole.limits.as_ref()));
    let mut at_least = |list: &'static str, own: &Amounts, of_containers: &Amounts| {
        for (name, needed) in of_containers {
            let Some(given) = own.get(name).filter(|given| needed.compare(given) == Ordering::Greater) else {
                continue;
            };
            let detail = format!("must be greater than or equal to aggregate container {list} of {needed}");
            out.push(FieldError::invalid(path.field(list).key(name), given.to_string(), detail));
        }
    };
    at_least("requests", &requests, &amounts::of_containers(spec, |resources| resources.requests.as_ref()));
    let mut pages = amounts::of_containers(spec, |resources| resources.limits.as_ref());
    pages.retain(|name, _| resources::is_huge_page(name));
    at_least("limits", &limits, &pages);
    for (index, container) in spec.containers.iter().enumerate() {
        let of_container = container.resources.as_ref().and_then(|resources| resources.limits.as_ref());
        for (name, limit) in &amounts::read(of_container) {
            let Some(most) = limits.get(name).filter(|most| limit.compare(most) == Ordering::Greater) else { continue };
            let list = path.field("containers");
            let item = list.index(index);
            let detail = format!("must be less than or equal to pod limits of {most}");
            out.push(FieldError::invalid(item.key(name).field("limits"), limit.to_string(), detail));
        }
    }
}

/// Fills in what the limits of the whole and the requests of its containers say (`defaultHugePagePodLimits`,
/// `defaultPodRequests`).
pub fn default(spec: &mut PodSpec) {
    let Some(whole) = spec.resources.clone() else { return };
    let (mut requests, mut limits) = (amounts::read(whole.requests.as_ref()), amounts::read(whole.limits.as_ref()));
    if requests.is_empty() && limits.is_empty() {
        return;
    }
    for (name, pages) in &amounts::of_containers(spec, |resources| resources.limits.as_ref()) {
        if resources::is_huge_page(name) && !requests.contains_key(name) && !limits.contains_key(name) {
            limits.insert(name.clone(), *pages);
        }
    }
    if !limits.is_empty() {
        let needed = amounts::of_containers(spec, |resources| resources.requests.as_ref());
        let needed = needed.iter().filter(|(name, _)| matches!(name.as_str(), "cpu" | "memory"));
        let fallback = limits.iter().filter(|(name, _)| is_known(name));
        for (name, amount) in needed.chain(fallback) {
            if !requests.contains_key(name) {
                requests.insert(name.clone(), *amount);
            }
        }
    }
    spec.resources =
        Some(ResourceRequirements { requests: amounts::write(requests), limits: amounts::write(limits), ..whole });
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn spec(whole: &Value, request: &str, limit: &str) -> PodSpec {
        let container = json!({"name": "c", "resources": {"requests": {"cpu": request}, "limits": {"cpu": limit}}});
        crate::api::json::decode_part(&json!({"resources": whole, "containers": [container, container]}))
            .expect("a spec")
    }

    #[test]
    fn containers_fit_into_the_whole() {
        let said = |whole: &Value, request, limit| -> Vec<String> {
            let spec = spec(whole, request, limit);
            let mut out = Vec::new();
            check(&mut out, &Path::new("spec.resources"), &spec, spec.resources.as_ref().expect("resources"));
            out.iter().map(ToString::to_string).collect()
        };
        assert_eq!(said(&json!({"limits": {"cpu": "2"}, "requests": {"cpu": "2"}}), "1", "2"), [""; 0]);
        assert_eq!(
            said(&json!({"limits": {"cpu": "1"}, "requests": {"cpu": "500m"}}), "300m", "2"),
            [
                "spec.resources.requests[cpu]: Invalid value: \"500m\": must be greater than or equal to aggregate container \
             requests of 600m",
                "spec.resources.containers[0][cpu].limits: Invalid value: \"2\": must be less than or equal to pod limits of 1",
                "spec.resources.containers[1][cpu].limits: Invalid value: \"2\": must be less than or equal to pod limits of 1",
            ]
        );
        assert_eq!(
            said(&json!({"requests": {"ephemeral-storage": "1Gi"}}), "1", "1"),
            [
                "spec.resources.requests[ephemeral-storage]: Unsupported value: \"ephemeral-storage\": supported values: \
             \"cpu\", \"hugepages-\", \"memory\""
            ]
        );
    }

    #[test]
    fn the_whole_asks_for_what_its_containers_ask_for() {
        let mut spec = spec(&json!({"limits": {"cpu": "2", "memory": "1Gi"}}), "300m", "1");
        default(&mut spec);
        let requests = amounts::read(spec.resources.and_then(|whole| whole.requests).as_ref());
        let shown: Vec<String> = requests.iter().map(|(name, amount)| format!("{name}={amount}")).collect();
        assert_eq!(shown, ["cpu=600m", "memory=1Gi"]);
    }
}
