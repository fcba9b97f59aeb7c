//! Which changes concern a Deployment.

use super::family::Plan;
use crate::api::kinds::{deployment, pod, replica_set};
use crate::api::meta::controller_of;
use crate::api::selector::Selector;
use crate::api::{Key, Object};
use crate::cluster::client::controller::Wake;
use crate::cluster::controllers::shared::claim::is_controlled;
use crate::cluster::controllers::shared::labels;

/// A set has changed: its Deployment; of an orphan, all that would have it.
pub(super) fn wake_by_set(wake: &mut Wake, old: Option<&Object>, new: Option<&Object>) {
    let kind = &deployment::KIND;
    for set in old.into_iter().chain(new) {
        wake.owner(set, kind);
    }
    let Some(orphan) = new.filter(|set| !is_controlled(set) && !set.is_terminating()) else { return };
    let would = |object: &&Object| {
        let selector = Plan::read(object).map(|plan| Selector::from_object(Some(&plan.spec.selector)));
        selector.is_some_and(|selector| selector.is_ok_and(|selector| selector.matches(labels(orphan.meta()))))
    };
    wake.objects(wake.cache(kind).in_namespace(orphan.namespace()).filter(would));
}

/// A Deployment that recreates waits for its last pod to go.
pub(super) fn wake_by_pod(wake: &mut Wake, old: Option<&Object>, new: Option<&Object>) {
    let (Some(pod), None) = (old, new) else { return };
    let sets = wake.cache(&replica_set::KIND);
    let Some(set) = controller_of(pod.meta()).and_then(|owner| sets.get(&Key::new(pod.namespace(), &owner.name)))
    else {
        return;
    };
    let Some(key) = wake.owner_of(set, &deployment::KIND) else { return };
    let Some(owner) = wake.cache(&deployment::KIND).get(&key.key) else { return };
    let pods = wake.cache(&pod::KIND);
    let empty = || sets.owned_by(owner.uid()).all(|set| pods.owned_by(set.uid()).next().is_none());
    if Plan::read(owner).is_some_and(|plan| plan.recreates()) && empty() {
        wake.key(key);
    }
}
