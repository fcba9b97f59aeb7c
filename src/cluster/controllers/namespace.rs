//! The namespace controller: empties a namespace that is being deleted, then lets it go.
//!
//! Upstream: `pkg/controller/namespace` (`namespace_controller.go`, `deletion/namespaced_resources_deleter.go`). Five
//! seconds after the deletion it deletes all pods; when they are gone, everything else; when that is gone too, it takes
//! its finalizer `kubernetes` out of `spec.finalizers`, and the namespace disappears. What remains (objects whose own
//! finalizers hold them) is named in the status, and looked at again later. As long as some server behind the API server
//! cannot be asked which kinds it has, there might be something of them, and no namespace goes.
//!
//! Each kind goes with one `deletecollection`. Upstream sends one for every kind that the server knows, and lists what is
//! left; here the caches say which kinds there is something of. Events are in no cache, and go last.

use super::shared::subject;
use crate::api::kinds::{api_service, event, namespace, pod, pod::Pod};
use crate::api::meta::{moment, timestamp};
use crate::api::request::{DeleteOptions, Propagation};
use crate::api::{Key, Kind, Object, Ref, Request, Target, Verb, table};
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
    let unknown = undiscovered(reconcile);
    let pods: Vec<&Object> = reconcile.cache(&pod::KIND).in_namespace(name).collect();
    if !pods.is_empty() {
        return if delete(reconcile, name, &pods) { Ok(()) } else { wait_for_pods(reconcile, object, &pods, unknown) };
    }
    let kinds: Vec<_> = reconcile.kinds().filter(|kind| kind.namespaced).collect();
    let rest: Vec<&Object> = kinds.iter().flat_map(|kind| reconcile.cache(kind).in_namespace(name)).collect();
    if delete(reconcile, name, &rest) {
        return Ok(());
    }
    let changed = write_conditions(reconcile, object, verdicts(&rest, unknown.as_ref(), None));
    if let Some((_, why)) = unknown {
        return Err(why);
    } else if !rest.is_empty() {
        look_again(reconcile, timing::NAMESPACE_FINALIZERS);
    } else if changed {
        reconcile.again_after(Duration::from_micros(1));
    } else {
        reconcile.request(collection(&event::KIND, name));
        reconcile.request(finalize(object));
    }
    Ok(())
}

/// Groups and versions whose server does not answer: how many, and the client's words for it (upstream:
/// `discovery.ErrGroupDiscoveryFailed`).
fn undiscovered(reconcile: &Reconcile) -> Option<(usize, String)> {
    let stale = |object: &Object| {
        let service = object.document().filter(|service| service.at("spec.service").is_some())?;
        let is_there = table::condition(object, "Available").is_some_and(|condition| condition["status"] == "True");
        let of = format!("{}/{}", service.text("spec.group"), service.text("spec.version"));
        (!is_there).then(|| format!("{of}: stale GroupVersion discovery: {of}"))
    };
    let groups: Vec<String> = reconcile.cache(&api_service::KIND).iter().filter_map(stale).collect();
    let why = || format!("unable to retrieve the complete list of server APIs: {}", groups.join(", "));
    (!groups.is_empty()).then(|| (groups.len(), why()))
}

/// Pods are given the time that they asked for; after that it is an error that they are still there (upstream:
/// `deleteAllContentForGroupVersionResource`, `estimateGracefulTermination`).
fn wait_for_pods(
    reconcile: &mut Reconcile,
    object: &Object,
    pods: &[&Object],
    unknown: Option<(usize, String)>,
) -> Result<(), String> {
    let most = pods.iter().filter_map(|pod| grace(pod)).max().unwrap_or(Duration::ZERO);
    let since = object.meta().deletion_timestamp.as_ref().map(moment).unwrap_or_default();
    let over = reconcile.now().since(since) >= most;
    let held = pods.iter().any(|pod| pod.meta().finalizers.as_ref().is_some_and(|finalizers| !finalizers.is_empty()));
    let name = object.name();
    let text = || format!("unexpected items still remain in namespace: {name} for gvr: /v1, Resource=pods");
    let trouble = (over && !held).then(text);
    write_conditions(reconcile, object, verdicts(&[], unknown.as_ref(), trouble.as_deref()));
    if let Some(why) = trouble.or(unknown.map(|(_, why)| why)) {
        return Err(why);
    }
    look_again(reconcile, if over { timing::NAMESPACE_FINALIZERS } else { most });
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
fn write_conditions(reconcile: &mut Reconcile, object: &Object, verdicts: [Verdict; 5]) -> bool {
    let now = timestamp(reconcile.now());
    let mut new = object.clone();
    let Some(namespace) = new.get_mut::<Namespace>() else { return false };
    let conditions = namespace.status.get_or_insert_default().conditions.get_or_insert_default();
    let mut changed = false;
    for (type_, status, reason, message) in verdicts {
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

const DISCOVERY: &str = "NamespaceDeletionDiscoveryFailure";
const CONTENT: &str = "NamespaceDeletionContentFailure";

type Verdict = (&'static str, &'static str, &'static str, String);

/// What is to be said of what is left (`rest`), of what could not be found out and of what could not be deleted.
fn verdicts(rest: &[&Object], unknown: Option<&(usize, String)>, trouble: Option<&str>) -> [Verdict; 5] {
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
        match unknown {
            None => fine(DISCOVERY, "ResourcesDiscovered", "All resources successfully discovered"),
            Some((groups, why)) => {
                let message = format!("Discovery failed for some groups, {groups} failing: {why}");
                (DISCOVERY, "True", "DiscoveryFailed", message)
            }
        },
        fine(
            "NamespaceDeletionGroupVersionParsingFailure",
            "ParsedGroupVersions",
            "All legacy kube types successfully parsed",
        ),
        match trouble {
            None => {
                let message = "All content successfully deleted, may be waiting on finalization";
                fine(CONTENT, "ContentDeleted", message)
            }
            Some(why) => {
                let message = format!("Failed to delete all resource types, 1 remaining: {why}");
                (CONTENT, "True", "ContentDeletionFailed", message)
            }
        },
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::request::Body;
    use crate::cluster::client::testing::look;
    use serde_json::{Value, json};

    fn object(kind: &'static Kind, metadata: Value, rest: Value) -> Object {
        let mut value = rest;
        value["metadata"] = metadata;
        (kind.decode)(value).expect("an object")
    }

    /// The conditions that are true after a look so long after the deletion, with their messages; and the error.
    fn told(objects: &[Object], seconds: u64) -> (Vec<(String, String)>, Result<(), String>) {
        let deleted = timestamp(crate::sim::Time::from_secs(0)).0.to_string();
        let ending = json!({"name": "shop", "deletionTimestamp": deleted});
        let namespace = object(&namespace::KIND, ending, json!({"spec": {"finalizers": ["kubernetes"]}}));
        let mut result = Ok(());
        let all = [std::slice::from_ref(&namespace), objects].concat();
        let now = crate::sim::Time::from_secs(0) + Duration::from_secs(seconds);
        let wanted = look(&all, now, |it| result = reconcile(&namespace.reference(), it));
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let conditions = wanted.iter().filter_map(|request| match &request.body {
            Body::Object(object) => {
                Some(object.to_value()["status"]["conditions"].as_array().cloned().unwrap_or_default())
            }
            _ => None,
        });
        let failing = conditions.flatten().filter(|condition| condition["status"] == "True");
        (failing.map(|condition| (text(&condition["reason"]), text(&condition["message"]))).collect(), result)
    }

    #[test]
    fn pods_that_stay_longer_than_they_asked_for_are_a_failure() {
        let metadata = json!({"name": "p", "namespace": "shop", "deletionTimestamp": "2026-01-01T00:00:00Z"});
        let pod =
            object(&pod::KIND, metadata, json!({"spec": {"containers": [], "terminationGracePeriodSeconds": 30}}));
        assert_eq!(told(std::slice::from_ref(&pod), 20), (Vec::new(), Ok(())));
        let why = "unexpected items still remain in namespace: shop for gvr: /v1, Resource=pods".to_owned();
        let message = format!("Failed to delete all resource types, 1 remaining: {why}");
        assert_eq!(told(&[pod], 31), (vec![("ContentDeletionFailed".to_owned(), message)], Err(why)));
    }

    #[test]
    fn a_server_that_does_not_answer_keeps_namespaces_from_going() {
        let service = |available: &str| {
            let spec =
                json!({"group": "metrics.k8s.io", "version": "v1beta1", "service": {"name": "m", "namespace": "s"}});
            let status = json!({"conditions": [{"type": "Available", "status": available}]});
            object(
                &api_service::KIND,
                json!({"name": "v1beta1.metrics.k8s.io"}),
                json!({"spec": spec, "status": status}),
            )
        };
        assert_eq!(told(&[service("True")], 6), (Vec::new(), Ok(())));
        let why = "unable to retrieve the complete list of server APIs: metrics.k8s.io/v1beta1: stale GroupVersion \
                   discovery: metrics.k8s.io/v1beta1";
        let message = format!("Discovery failed for some groups, 1 failing: {why}");
        assert_eq!(told(&[service("False")], 6), (vec![("DiscoveryFailed".to_owned(), message)], Err(why.to_owned())));
    }
}
