//! Other resources for a pod that runs: what may be asked for by `pods/<name>/resize`.
//!
//! Upstream: `pkg/registry/core/pod/strategy.go` (`podResizeStrategy`) and `pkg/apis/core/validation/validation.go`
//! (`ValidatePodResize`). Left out: the resources of the whole pod, Windows.

use super::super::check::Errors;
use super::super::path::Path;
use super::super::status::FieldError;
use super::status::{is_sidecar, qos_class};
use super::validation::{self, annotations};
use crate::api::kinds::pod::Pod;
use k8s_openapi::api::core::v1::{Container, PodSpec, ResourceRequirements};
use std::rc::Rc;

const SPEC: Path = Path::new("spec");

type Amounts = std::collections::BTreeMap<String, k8s_openapi::apimachinery::pkg::api::resource::Quantity>;

/// The stored pod with the resources and the policies that are asked for; nothing else is taken over.
#[must_use]
pub fn taken_over(wanted: &Pod, old: &Pod) -> Rc<PodSpec> {
    let mut spec = old.spec.clone();
    let own = Rc::make_mut(&mut spec);
    take(&mut own.containers, &wanted.spec.containers);
    if let Some(inits) = &mut own.init_containers {
        take(inits, wanted.spec.init_containers.as_deref().unwrap_or_default());
    }
    spec
}

fn take(own: &mut Vec<Container>, wanted: &[Container]) {
    let names = |all: &[Container]| all.iter().map(|one| one.name.clone()).collect::<Vec<_>>();
    if names(own) != names(wanted) {
        // Refused afterwards.
        *own = wanted.to_vec();
        return;
    }
    for (own, wanted) in own.iter_mut().zip(wanted) {
        own.resources.clone_from(&wanted.resources);
        own.resize_policy.clone_from(&wanted.resize_policy);
    }
}

/// All errors of a resize.
#[must_use]
pub fn validate(new: &Pod, old: &Pod) -> Errors {
    if old.metadata.annotations.as_ref().is_some_and(|all| all.contains_key(annotations::MIRROR)) {
        return vec![FieldError::forbidden("[]", "static pods cannot be resized")];
    }
    if old.spec.os.as_ref().is_some_and(|os| os.name == "windows") {
        return vec![FieldError::forbidden("[]", "windows pods cannot be resized")];
    }
    let mut out = validation::metadata_and_spec(new);
    let class = old.status.qos_class.clone().unwrap_or_default();
    let wanted = qos_class(&new.spec);
    if class != wanted {
        out.push(FieldError::invalid(SPEC, class, "Pod QOS Class may not change as a result of resizing"));
    }
    if !supported(old) {
        out.push(FieldError::forbidden(SPEC, "Pod running on node without support for resize"));
    }
    let none: &[Container] = &[];
    let inits = |pod: &Pod| pod.spec.init_containers.as_deref().unwrap_or(none).to_vec();
    let ordered = ordering(&mut out, "containers", &new.spec.containers, &old.spec.containers);
    if !(ordering(&mut out, "initContainers", &inits(new), &inits(old)) && ordered) {
        return out;
    }
    for (index, (new, old)) in inits(new).iter().zip(&inits(old)).enumerate() {
        let list = SPEC.field("initContainers");
        let at = list.index(index);
        let path = at.field("resources");
        if is_sidecar(old) {
            container(&mut out, &path, new, old);
        } else if new.resources != old.resources {
            out.push(FieldError::forbidden(SPEC, "resources for non-sidecar init containers are immutable"));
        }
    }
    for (index, (new, old)) in new.spec.containers.iter().zip(&old.spec.containers).enumerate() {
        container(&mut out, &SPEC.field("containers").index(index).field("resources"), new, old);
    }
    if others(new) != others(old) {
        out.push(FieldError::forbidden(SPEC, "only cpu and memory resources are mutable"));
    }
    out
}

/// A kubelet that resizes tells the resources of what runs. Upstream: `isPodResizeRequestSupported`.
fn supported(pod: &Pod) -> bool {
    let statuses = pod.status.container_statuses.iter().flatten();
    let mut running = statuses.filter(|status| status.state.as_ref().is_some_and(|state| state.running.is_some()));
    running.all(|status| status.resources.is_some())
}

fn ordering(out: &mut Errors, what: &str, new: &[Container], old: &[Container]) -> bool {
    let path = &SPEC.field(what);
    if new.len() != old.len() {
        out.push(FieldError::forbidden(*path, format!("{what} may not be added or removed on resize")));
        return false;
    }
    let before = out.len();
    for (index, (new, old)) in new.iter().zip(old).enumerate() {
        if new.name != old.name {
            let at = path.index(index);
            let detail = format!("{what} may not be renamed or reordered on resize");
            out.push(FieldError::forbidden(at.field("name"), detail));
        }
    }
    out.len() == before
}

fn container(out: &mut Errors, path: &Path, new: &Container, old: &Container) {
    type List = fn(&ResourceRequirements) -> Option<&Amounts>;
    let lists: [(&str, List); 2] = [("requests", |all| all.requests.as_ref()), ("limits", |all| all.limits.as_ref())];
    for (name, list) in lists {
        let of = |container: &Container| container.resources.as_ref().and_then(list).cloned().unwrap_or_default();
        let (before, after) = (of(old), of(new));
        if before.keys().any(|name| !after.contains_key(name)) {
            out.push(FieldError::forbidden(path.field(name), format!("resource {name} cannot be removed")));
        }
    }
}

/// What of the resources of containers is neither CPU nor memory.
fn others(pod: &Pod) -> Vec<ResourceRequirements> {
    let all = pod.spec.init_containers.iter().flatten().chain(&pod.spec.containers);
    let rest = |list: Option<Amounts>| {
        let mut list = list.unwrap_or_default();
        list.retain(|name, _| !matches!(name.as_str(), "cpu" | "memory"));
        Some(list)
    };
    let of = |container: &Container| {
        let resources = container.resources.clone().unwrap_or_default();
        ResourceRequirements { requests: rest(resources.requests), limits: rest(resources.limits), ..resources }
    };
    all.map(of).collect()
}
