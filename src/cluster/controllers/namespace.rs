//! The namespace controller: empties a namespace that is being deleted, then lets it go.
//!
//! Upstream: `pkg/controller/namespace` (`namespace_controller.go`, `deletion/namespaced_resources_deleter.go`). Five
//! seconds after the deletion it deletes all pods; when they are gone, everything else; when that is gone too, it takes
//! its finalizer `kubernetes` out of `spec.finalizers`, and the namespace disappears. What remains (objects whose own
//! finalizers hold them) is named in the status, and looked at again later.
//!
//! Each kind goes with one `deletecollection`. Upstream sends one for every kind that the server knows, and lists what is
//! left; here the caches say which kinds there is something of. Events are in no cache, and go last.

use super::shared::subject;
use crate::api::kinds::{event, namespace, pod, pod::Pod};
use crate::api::meta::timestamp;
use crate::api::request::{DeleteOptions, Propagation};
use crate::api::{Key, Kind, Object, Ref, Request, Target, Verb};
use crate::cluster::client::controller::{Controller, Reconcile, Wake, Watch, Write};
use crate::cluster::timing;
use crate::sim::{Duration, Sorted};
use k8s_openapi::api::core::v1::{Namespace, NamespaceCondition};

/// The controller.
pub static CONTROLLER: Controller = Controller {
    name: "namespace-controller",
    account: "namespace-controller",
    workers: 10,
    watches: &[Watch::mapped(&namespace::KIND, wake)],
    period: None,
    retries: 0,
    reconcile,
    failed: None,
};

fn wake(wake: &mut Wake, _: Option<&Object>, new: Option<&Object>) {
    if let Some(object) = new.filter(|object| object.is_terminating()) {
        wake.key_after(object.reference(), timing::NAMESPACE_GRACE);
    }
}

fn reconcile(key: &Ref, reconcile: &mut Reconcile) -> Result<(), String> {
    let Some(object) = subject(reconcile, key).filter(|object| object.is_terminating()) else { return Ok(()) };
    let Some(finalizers) = object.get().and_then(|ns: &Namespace| ns.spec.as_ref()?.finalizers.as_ref()) else {
        return Ok(());
    };
    if finalizers.is_empty() {
        return Ok(());
    }
    let name = object.name();
    let pods: Vec<&Object> = reconcile.cache(&pod::KIND).in_namespace(name).collect();
    if !pods.is_empty() {
        if !delete(reconcile, name, &pods) {
            write_conditions(reconcile, object, &[]);
            let most = pods.iter().filter_map(|pod| grace(pod)).max().unwrap_or(Duration::ZERO);
            look_again(reconcile, most);
        }
        return Ok(());
    }
    let kinds: Vec<_> = reconcile.kinds().filter(|kind| kind.namespaced).collect();
    let rest: Vec<&Object> = kinds.iter().flat_map(|kind| reconcile.cache(kind).in_namespace(name)).collect();
    if delete(reconcile, name, &rest) {
        return Ok(());
    }
    let changed = write_conditions(reconcile, object, &rest);
    if !rest.is_empty() {
        look_again(reconcile, timing::NAMESPACE_FINALIZERS);
    } else if changed {
        reconcile.again_after(Duration::from_micros(1));
    } else {
        reconcile.request(collection(&event::KIND, name));
        reconcile.request(finalize(object));
    }
    Ok(())
}

/// Deletes the kinds of which something is not being deleted yet; tells whether there was any. What comes of it is seen in
/// the next look.
fn delete(reconcile: &mut Reconcile, namespace: &str, objects: &[&Object]) -> bool {
    let mut kinds: Vec<_> =
        objects.iter().filter(|object| !object.is_terminating()).map(|object| object.kind()).collect();
    kinds.dedup();
    let any = !kinds.is_empty();
    if any {
        reconcile.together(kinds.into_iter().map(|kind| Write::new(collection(kind, namespace))).collect());
        reconcile.again_after(Duration::from_micros(1));
    }
    any
}

/// Deletes all objects of a kind in a namespace.
fn collection(kind: &'static Kind, namespace: &str) -> Request {
    let options = DeleteOptions { propagation: Some(Propagation::Background), ..DeleteOptions::default() };
    let target = Target::new(kind, namespace, "");
    Request { verb: Verb::DeleteCollection, target, ..Request::delete(kind, &Key::new(namespace, ""), options) }
}

fn grace(object: &Object) -> Option<Duration> {
    let pod: &Pod = object.get().filter(|pod: &&Pod| !pod.is_terminal())?;
    u64::try_from(pod.spec.termination_grace_period_seconds?).ok().map(Duration::from_secs)
}

/// Upstream: `ResourcesRemainingError`: half of the estimate, and a second more.
fn look_again(reconcile: &mut Reconcile, estimate: Duration) {
    reconcile.again_after(Duration::from_secs(estimate.as_secs() / 2 + 1));
}

fn finalize(object: &Object) -> Request {
    let mut object = object.clone();
    if let Some(finalizers) = object.get_mut().and_then(|ns: &mut Namespace| ns.spec.as_mut()?.finalizers.as_mut()) {
        finalizers.retain(|finalizer| finalizer != "kubernetes");
    }
    let target = Target::sub(&namespace::KIND, &object.key(), "finalize");
    Request { target, ..Request::update(object) }
}

/// Writes the conditions if one has changed; tells whether it did (upstream: `status_condition_utils.go`).
fn write_conditions(reconcile: &mut Reconcile, object: &Object, rest: &[&Object]) -> bool {
    let now = timestamp(reconcile.now());
    let mut new = object.clone();
    let Some(namespace) = new.get_mut::<Namespace>() else { return false };
    let conditions = namespace.status.get_or_insert_default().conditions.get_or_insert_default();
    let mut changed = false;
    for (type_, status, reason, message) in verdicts(rest) {
        let known = conditions.iter_mut().find(|condition| condition.type_ == type_);
        let same = known.as_ref().is_some_and(|c| {
            c.status == status && c.reason.as_deref() == Some(reason) && c.message.as_ref() == Some(&message)
        });
        if same {
            continue;
        }
        changed = true;
        let since = known.as_ref().filter(|c| c.status == status).and_then(|c| c.last_transition_time.clone());
        let next = NamespaceCondition {
            type_: type_.to_owned(),
            status: status.to_owned(),
            reason: Some(reason.to_owned()),
            message: Some(message),
            last_transition_time: since.or_else(|| Some(now.clone())),
        };
        match known {
            Some(known) => *known = next,
            None => conditions.push(next),
        }
    }
    if changed {
        reconcile.request(Request::update_status(new));
    }
    changed
}

type Verdict = (&'static str, &'static str, &'static str, String);

fn verdicts(rest: &[&Object]) -> [Verdict; 5] {
    let mut kinds: Sorted<String, usize> = Sorted::new();
    let mut finalizers: Sorted<&str, usize> = Sorted::new();
    for object in rest {
        // Upstream prints `resource.group`, whose group is empty for core.
        *kinds.get_or_default(format!("{}.{}", object.kind().plural, object.kind().group)) += 1;
        for finalizer in object.meta().finalizers.iter().flatten() {
            *finalizers.get_or_default(finalizer) += 1;
        }
    }
    let list = |parts: Vec<String>| parts.join(", ");
    let remaining = list(kinds.iter().map(|(kind, n)| format!("{kind} has {n} resource instances")).collect());
    let held = list(finalizers.iter().map(|(name, n)| format!("{name} in {n} resource instances")).collect());
    let fine = |type_, reason, message: &str| (type_, "False", reason, message.to_owned());
    [
        fine("NamespaceDeletionDiscoveryFailure", "ResourcesDiscovered", "All resources successfully discovered"),
        fine(
            "NamespaceDeletionGroupVersionParsingFailure",
            "ParsedGroupVersions",
            "All legacy kube types successfully parsed",
        ),
        fine(
            "NamespaceDeletionContentFailure",
            "ContentDeleted",
            "All content successfully deleted, may be waiting on finalization",
        ),
        if kinds.is_empty() {
            fine("NamespaceContentRemaining", "ContentRemoved", "All content successfully removed")
        } else {
            let message = format!("Some resources are remaining: {remaining}");
            ("NamespaceContentRemaining", "True", "SomeResourcesRemain", message)
        },
        if finalizers.is_empty() {
            let message = "All content-preserving finalizers finished";
            fine("NamespaceFinalizersRemaining", "ContentHasNoFinalizers", message)
        } else {
            let message = format!("Some content in the namespace has finalizers remaining: {held}");
            ("NamespaceFinalizersRemaining", "True", "SomeFinalizersRemain", message)
        },
    ]
}
