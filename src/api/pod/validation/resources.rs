//! Requests and limits (upstream: `validateResourceRequirements`).

use super::super::super::check::{self, Errors};
use super::super::super::names;
use super::super::super::path::Path;
use super::super::super::quantity::Quantity;
use super::super::super::status::FieldError;
use crate::sim::SortedSet;
use k8s_openapi::api::core::v1::{ResourceClaim, ResourceRequirements};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Text;
use std::cmp::Ordering;
use std::collections::BTreeMap;

type Amounts = BTreeMap<String, Text>;

/// Whole things that quotas count.
pub const COUNTED: [&str; 9] = [
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "services.nodeports",
    "services.loadbalancers",
];

/// Memory in pages of a certain size.
#[must_use]
pub fn is_huge_page(name: &str) -> bool {
    name.starts_with("hugepages-")
}

/// Kubernetes' own, not a device of somebody else's.
#[must_use]
pub fn is_native(name: &str) -> bool {
    !name.contains('/') || name.contains("kubernetes.io/")
}

/// Upstream: `IsExtendedResourceName`. The name must stay valid behind the prefix that quotas add.
#[must_use]
pub fn is_extended(name: &str) -> bool {
    !is_native(name) && !name.starts_with("requests.") && names::qualified_name(&format!("requests.{name}")).is_empty()
}

/// Whether requests may be less than limits.
#[must_use]
pub fn may_overcommit(name: &str) -> bool {
    is_native(name) && !is_huge_page(name)
}

fn is_container_resource(name: &str) -> bool {
    matches!(name, "cpu" | "memory" | "ephemeral-storage") || is_huge_page(name)
}

/// Upstream: `IsStandardResourceName`.
#[must_use]
pub fn is_standard(name: &str) -> bool {
    let bare = name.strip_prefix("requests.").or_else(|| name.strip_prefix("limits.")).unwrap_or(name);
    matches!(bare, "cpu" | "memory" | "ephemeral-storage")
        || matches!(name, "storage" | "requests.storage")
        || COUNTED.contains(&name)
        || is_huge_page(name)
        || name.starts_with("requests.hugepages-")
}

/// The resources of a container.
pub fn requirements(out: &mut Errors, path: &Path, requirements: &ResourceRequirements, claims: &SortedSet<&str>) {
    requirements_by(out, path, requirements, claims, resource_name);
}

/// The same of anything, with the rule for the names of resources.
pub fn requirements_by(
    out: &mut Errors,
    path: &Path,
    requirements: &ResourceRequirements,
    claims: &SortedSet<&str>,
    rule: fn(&mut Errors, &Path, &str),
) {
    let limits = requirements.limits.as_ref();
    let requests = requirements.requests.as_ref();
    let limits_path = path.field("limits");
    for (name, text) in limits.into_iter().flatten() {
        rule(out, &limits_path.key(name), name);
        amount(out, &limits_path.key(name), name, text);
    }
    let requests_path = path.field("requests");
    for (name, text) in requests.into_iter().flatten() {
        rule(out, &requests_path.key(name), name);
        amount(out, &requests_path.key(name), name, text);
        match limits.and_then(|limits| limits.get(name)) {
            Some(limit) => compare(out, &requests_path, name, [text, limit]),
            None if !may_overcommit(name) => {
                let detail = "Limit must be set for non overcommitable resources";
                out.push(FieldError::required(limits_path, detail));
            }
            None => {}
        }
    }
    let any = |of: fn(&str) -> bool| {
        let names = |amounts: Option<&Amounts>| amounts.is_some_and(|amounts| amounts.keys().any(|name| of(name)));
        names(limits) || names(requests)
    };
    if any(is_huge_page) && !any(|name| matches!(name, "cpu" | "memory")) {
        out.push(FieldError::forbidden(path, "HugePages require cpu or memory"));
    }
    claim_names(out, &path.field("claims"), requirements.claims.as_deref().unwrap_or_default(), claims);
}

/// The pod's overhead, checked like limits (`validateOverhead`).
pub fn overhead(out: &mut Errors, path: &Path, overhead: &Amounts) {
    let as_limits = ResourceRequirements { limits: Some(overhead.clone()), ..ResourceRequirements::default() };
    requirements(out, path, &as_limits, &SortedSet::new());
}

fn amount(out: &mut Errors, path: &Path, name: &str, text: &Text) {
    // Decoding has refused what is no quantity.
    let Ok(amount) = Quantity::try_from(text) else { return };
    if amount.sign() < 0 {
        out.push(FieldError::invalid(path, amount.to_string(), "must be greater than or equal to 0"));
    }
    let whole = COUNTED.contains(&name) || (!is_native(name) && is_extended(name));
    if whole && amount.milli_value() % 1000 != 0 {
        out.push(FieldError::invalid(path, amount.to_string(), "must be an integer"));
    }
    if let Some(size) = name.strip_prefix("hugepages-") {
        let size = Quantity::parse(size).ok().filter(|size| size.sign() > 0 && size.milli_value() % 1000 == 0);
        if size.is_none_or(|size| amount.value() % size.value() != 0) {
            let detail = format!("{amount} is not positive integer multiple of {name}");
            out.push(FieldError::invalid(path, amount.to_string(), detail));
        }
    }
}

/// Upstream: `validateContainerResourceName`.
pub fn resource_name(out: &mut Errors, path: &Path, name: &str) {
    if matches!(name, "cpu" | "memory") {
        return;
    }
    any_name(out, path, name);
    let detail = if name.contains('/') {
        if is_native(name) || is_extended(name) {
            return;
        }
        "doesn't follow extended resource name standard"
    } else {
        if is_container_resource(name) {
            return;
        }
        "must be a standard resource for containers"
    };
    out.push(FieldError::invalid(path, name, detail));
}

/// Upstream: `validateResourceName`.
pub fn any_name(out: &mut Errors, path: &Path, name: &str) {
    let complaints = names::qualified_name(name);
    if complaints.is_empty() && !name.contains('/') && !is_standard(name) {
        out.push(FieldError::invalid(path, name, "must be a standard resource type or fully qualified"));
    }
    check::complain(out, path, name, complaints);
}

fn compare(out: &mut Errors, path: &Path, name: &str, [request, limit]: [&Text; 2]) {
    if request == limit {
        return;
    }
    let (Ok(request), Ok(limit)) = (Quantity::try_from(request), Quantity::try_from(limit)) else { return };
    let ordering = request.compare(&limit);
    let relation = match ordering {
        Ordering::Equal => return,
        _ if !may_overcommit(name) => "equal to",
        Ordering::Greater => "less than or equal to",
        Ordering::Less => return,
    };
    out.push(FieldError::invalid(path, request.to_string(), format!("must be {relation} {name} limit of {limit}")));
}

/// Upstream: `validateResourceClaimNames`.
fn claim_names(out: &mut Errors, path: &Path, claims: &[ResourceClaim], known: &SortedSet<&str>) {
    let mut seen: SortedSet<String> = SortedSet::new();
    for (index, claim) in claims.iter().enumerate() {
        let path = path.index(index);
        let name = claim.name.as_str();
        if name.is_empty() {
            out.push(FieldError::required(path, ""));
            continue;
        }
        let request = claim.request.as_deref().unwrap_or_default();
        if seen.contains(name) {
            out.push(FieldError::duplicate(path, name));
        } else {
            if !request.is_empty() {
                check::complain(out, &path.field("request"), request, names::dns1123_label(request));
            }
            let key = if request.is_empty() { name.to_owned() } else { format!("{name}/{request}") };
            if seen.contains(&key) {
                out.push(FieldError::duplicate(path, key.as_str()));
            } else if request.is_empty() {
                let of_claim = |key: &&String| key.split_once('/').is_some_and(|(claim, _)| claim == name);
                let count = seen.iter().filter(of_claim).count();
                (0..count).for_each(|_| out.push(FieldError::duplicate(path, name)));
            }
            seen.insert(key);
        }
        if !known.contains(name) {
            let mut error = FieldError::not_found(path, name);
            let known: Vec<&str> = known.iter().copied().collect();
            let list = if known.is_empty() { " which is empty".to_owned() } else { format!(": {}", known.join(", ")) };
            error.detail = format!("must be one of the names in pod.spec.resourceClaims{list}");
            out.push(error);
        }
    }
}
