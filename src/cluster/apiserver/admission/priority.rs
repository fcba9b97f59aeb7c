//! `Priority`: turns the name of a `PriorityClass` into a number (upstream: `plugin/pkg/admission/priority/admission.go`).

use super::{Attributes, Plugin};
use crate::api::kinds::pod::Pod;
use crate::api::object::Object;
use crate::api::{Status, Typed};
use crate::cluster::apiserver::watch_cache::WatchCache;
use k8s_openapi::api::scheduling::v1::PriorityClass;
use std::rc::Rc;

/// The plugin.
pub const PLUGIN: Plugin = Plugin { mutate, validate, ..Plugin::named("Priority") };

fn mutate(request: &mut Attributes, object: &mut Object) -> Result<(), Status> {
    if !request.review.request.target.subresource.is_empty() {
        return Ok(());
    }
    let (kind, name) = (object.kind(), object.name().to_owned());
    let Some(pod) = object.get::<Pod>() else { return Ok(()) };
    if let Some(old) = request.old.and_then(|old| old.get::<Pod>()) {
        // A client that does not know of priorities does not take them away.
        let (priority, policy) = (old.spec.priority, old.spec.preemption_policy.clone());
        if pod.spec.priority.is_none() || pod.spec.preemption_policy.is_none() {
            let Some(pod) = object.get_mut::<Pod>() else { return Ok(()) };
            let spec = Rc::make_mut(&mut pod.spec);
            spec.priority = spec.priority.or(priority);
            spec.preemption_policy = spec.preemption_policy.take().or(policy);
        }
        return Ok(());
    }
    let refuse = |text: String| Err(Status::forbidden(kind, &name, &text));
    let class_name = pod.spec.priority_class_name.clone().filter(|name| !name.is_empty());
    let class = match &class_name {
        Some(class) => match request.review.cache.typed::<PriorityClass>("", class) {
            Some(found) => Some(found),
            None => return refuse(format!("no PriorityClass with name {class} was found")),
        },
        None => default_class(request.review.cache),
    };
    let value = class.map_or(0, |class| class.value.unwrap_or(0));
    let policy = class.map_or(Some("PreemptLowerPriority"), |class| class.preemption_policy.as_deref());
    if let Some(given) = pod.spec.priority.filter(|given| *given != value) {
        return refuse(format!(
            "the integer value of priority ({given}) must not be provided in pod spec; priority admission controller \
             computed {value} from the given PriorityClass name"
        ));
    }
    let given = pod.spec.preemption_policy.as_deref();
    if let (Some(given), Some(policy)) = (given, policy)
        && given != policy
    {
        return refuse(format!(
            "the string value of PreemptionPolicy ({given}) must not be provided in pod spec; priority admission \
             controller computed {policy} from the given PriorityClass name"
        ));
    }
    let class_name = class_name.or_else(|| class.and_then(|class| class.metadata.name.clone()));
    let policy = policy.map(str::to_owned);
    let Some(pod) = object.get_mut::<Pod>() else { return Ok(()) };
    let spec = Rc::make_mut(&mut pod.spec);
    spec.priority_class_name = class_name;
    spec.priority = Some(value);
    spec.preemption_policy = policy.or_else(|| spec.preemption_policy.take());
    Ok(())
}

/// The class of pods that name none: the lowest of those marked as default.
fn default_class(cache: &WatchCache) -> Option<&PriorityClass> {
    let classes = cache.iter(PriorityClass::kind()).filter_map(|object| object.get::<PriorityClass>());
    classes.filter(|class| class.global_default == Some(true)).min_by_key(|class| class.value)
}

/// There is at most one default.
fn validate(request: &mut Attributes, object: Option<&Object>) -> Result<(), Status> {
    let Some(class) = object.and_then(|object| object.get::<PriorityClass>()) else { return Ok(()) };
    if class.global_default != Some(true) {
        return Ok(());
    }
    let other = default_class(request.review.cache).and_then(|class| class.metadata.name.clone());
    match other.filter(|other| Some(other) != class.metadata.name.as_ref()) {
        Some(other) => {
            let text = format!("PriorityClass {other} is already marked as default. Only one default can exist");
            let name = class.metadata.name.clone().unwrap_or_default();
            Err(Status::forbidden(PriorityClass::kind(), &name, &text))
        }
        None => Ok(()),
    }
}
