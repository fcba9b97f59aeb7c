//! `Priority`: turns the name of a `PriorityClass` into a number (upstream: `plugin/pkg/admission/priority/admission.go`).

use super::{Attributes, Plugin, attempted};
use crate::api::Status;
use crate::api::kinds::pod::Pod;
use crate::api::kinds::priority_class::{self, KIND};
use crate::api::object::{Key, Object};
use crate::cluster::apiserver::watch_cache::WatchCache;
use std::rc::Rc;

/// The plugin.
pub const PLUGIN: Plugin = Plugin { mutate, validate, ..Plugin::named("Priority") };

fn mutate(request: &mut Attributes, object: &mut Object) -> Result<(), Status> {
    if !request.review.request.target.subresource.is_empty() {
        return Ok(());
    }
    let (kind, name) = (object.kind(), attempted(object).to_owned());
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
        Some(class) => match request.review.cache.get(&KIND, &Key::new("", class)) {
            Some(found) => Some(found),
            None => return refuse(format!("no PriorityClass with name {class} was found")),
        },
        None => default_class(request.review.cache),
    };
    let value = class.map_or(0, priority_class::value);
    let policy = class.map_or("PreemptLowerPriority", priority_class::policy);
    let policy = Some(policy).filter(|policy| !policy.is_empty());
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
    let class_name = class_name.or_else(|| class.map(|class| class.name().to_owned()));
    let policy = policy.map(str::to_owned);
    let Some(pod) = object.get_mut::<Pod>() else { return Ok(()) };
    let spec = Rc::make_mut(&mut pod.spec);
    spec.priority_class_name = class_name;
    spec.priority = Some(value);
    spec.preemption_policy = policy.or_else(|| spec.preemption_policy.take());
    Ok(())
}

/// The class of pods that name none: the lowest of those marked as default.
fn default_class(cache: &WatchCache) -> Option<&Object> {
    cache.iter(&KIND).filter(|class| priority_class::is_default(class)).min_by_key(|class| priority_class::value(class))
}

/// There is at most one default.
fn validate(request: &mut Attributes, object: Option<&Object>) -> Result<(), Status> {
    let is_class = |object: &&Object| object.kind() == &KIND && priority_class::is_default(object);
    let Some(class) = object.filter(is_class) else { return Ok(()) };
    match default_class(request.review.cache).map(Object::name).filter(|other| *other != class.name()) {
        Some(other) => {
            let text = format!("PriorityClass {other} is already marked as default. Only one default can exist");
            Err(Status::forbidden(&KIND, class.name(), &text))
        }
        None => Ok(()),
    }
}
