//! How objects go: at once, gracefully, or when their finalizers allow it.
//!
//! Upstream: `k8s.io/apiserver/pkg/registry/rest/delete.go` (`BeforeDelete`), `generic/registry/store.go` (`Delete`),
//! for pods `registry/core/pod/strategy.go` (`CheckGracefulDelete`), for namespaces `registry/core/namespace/storage`.

use super::customs;
use super::stages::{Plan, Refused, Review, admission, at};
use crate::api::kinds::custom_resource_definition;
use crate::api::kinds::pod::Pod;
use crate::api::object::Object;
use crate::api::request::{DeleteOptions, Propagation};
use crate::api::{Body, Status, meta};
use crate::cluster::fact::Gate;
use crate::sim::{Duration, Time};
use k8s_openapi::api::core::v1::Namespace;

const FOREGROUND: &str = "foregroundDeletion";
const ORPHAN: &str = "orphan";
/// Upstream: `pkg/registry/batch/job/storage`, `deleteOptionWarnings`.
const JOB_WARNING: &str = "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background \
                           to remove them or set propagationPolicy=Orphan to suppress this warning";

/// A deletion of the stored object.
///
/// # Errors
/// The gate that refuses.
pub fn delete(review: &mut Review, stored: Option<&Object>) -> Result<Plan, Refused> {
    let target = review.request.target.object.clone();
    let missing = || at(Gate::Storage)(Status::not_found(target.kind, &target.key.name));
    let old = stored.ok_or_else(missing)?;
    let options = match &review.request.body {
        Body::Delete(options) => options.clone(),
        _ => DeleteOptions::default(),
    };
    admission::validate(review, None, Some(old)).map_err(at(Gate::Validating))?;
    preconditions(&options, old).map_err(at(Gate::Storage))?;
    if options.propagation.is_none() && old.kind().kind == "Job" {
        review.warnings.push(JOB_WARNING.into());
    }
    Ok(if old.get::<Namespace>().is_some() {
        namespace(&options, old, review.now)
    } else {
        plan(&options, old, review.now)
    })
}

/// Whether the object is the one that the client means.
///
/// # Errors
/// 409 when it is not.
pub fn preconditions(options: &DeleteOptions, old: &Object) -> Result<(), Status> {
    let refuse = |text: String| Err(Status::conflict(old.kind(), old.name(), &text));
    if let Some(uid) = options.uid.as_deref().filter(|uid| *uid != old.uid()) {
        return refuse(format!("Precondition failed: UID in precondition: {uid}, UID in object meta: {}", old.uid()));
    }
    if let Some(revision) = options.resource_version.filter(|revision| *revision != old.revision()) {
        return refuse(format!(
            "Precondition failed: ResourceVersion in precondition: {revision}, ResourceVersion in object meta: {}",
            old.revision()
        ));
    }
    Ok(())
}

/// Whether a deletion is graceful, and what it does to the object.
enum Grace {
    /// The kind goes at once.
    None,
    /// The object is marked to go after this many seconds.
    Begun(i64),
    /// It is marked already, and nothing changes.
    Pending,
}

/// What becomes of the object (upstream: `updateForGracefulDeletionAndFinalizers`).
pub fn plan(options: &DeleteOptions, old: &Object, now: Time) -> Plan {
    if old.kind() == &custom_resource_definition::KIND && !old.is_terminating() {
        return Plan::Update(customs::to_go(old, now));
    }
    let mut new = old.clone();
    let grace = begin(options, &mut new, now);
    if matches!(grace, Grace::Pending) {
        return Plan::Nothing(new);
    }
    let finalizers = finalizers(options, old);
    if finalizers != old.meta().finalizers.clone().unwrap_or_default() {
        new.meta_mut().finalizers = Some(finalizers.clone()).filter(|list| !list.is_empty());
    }
    match grace {
        Grace::Begun(0) if finalizers.is_empty() => Plan::MarkThenDelete(new),
        Grace::None if finalizers.is_empty() => Plan::Delete,
        Grace::None => {
            mark_as_deleting(&mut new, now);
            if new == *old { Plan::Nothing(new) } else { Plan::Update(new) }
        }
        _ => Plan::Update(new),
    }
}

/// Upstream: `store.go`, `markAsDeleting`.
fn mark_as_deleting(object: &mut Object, now: Time) {
    let counts = object.meta().generation.is_some_and(|generation| generation > 0);
    let metadata = object.meta_mut();
    if metadata.deletion_timestamp.is_none() {
        if counts {
            metadata.generation = metadata.generation.map(|generation| generation + 1);
        }
        metadata.deletion_timestamp = Some(meta::timestamp(now));
    }
    metadata.deletion_grace_period_seconds = Some(0);
}

/// Upstream: `rest.BeforeDelete`.
fn begin(options: &DeleteOptions, object: &mut Object, now: Time) -> Grace {
    let Some(default) = (object.kind().grace)(object) else { return Grace::None };
    let metadata = object.meta();
    if let Some(deadline) = &metadata.deletion_timestamp {
        let left = metadata.deletion_grace_period_seconds.unwrap_or(0);
        if left == 0 {
            return Grace::None;
        }
        // Only a shorter time may be asked for.
        return match options.grace_period_seconds {
            Some(shorter) if shorter < left => {
                let asked = meta::moment(deadline);
                let earlier = Time::from_micros(asked.as_micros() - (left - shorter.max(0)) * 1_000_000);
                let metadata = object.meta_mut();
                metadata.deletion_timestamp = Some(meta::timestamp(earlier));
                metadata.deletion_grace_period_seconds = Some(shorter.max(0));
                Grace::Begun(shorter.max(0))
            }
            _ => Grace::Pending,
        };
    }
    let seconds = period(options, object, default);
    let metadata = object.meta_mut();
    metadata.deletion_timestamp = Some(meta::timestamp(now + Duration::from_secs(seconds.unsigned_abs())));
    metadata.deletion_grace_period_seconds = Some(seconds);
    if let Some(generation) = metadata.generation.filter(|generation| *generation > 0) {
        metadata.generation = Some(generation + 1);
    }
    Grace::Begun(seconds)
}

/// Upstream: `podStrategy.CheckGracefulDelete`: nobody has to be asked to stop what runs nowhere.
fn period(options: &DeleteOptions, object: &Object, default: i64) -> i64 {
    let asked = options.grace_period_seconds.unwrap_or(default);
    let idle = object.get::<Pod>().is_some_and(|pod| pod.node().is_none() || pod.is_terminal());
    match asked {
        _ if idle => 0,
        negative if negative < 0 => 1,
        seconds => seconds,
    }
}

/// Upstream: `DefaultGarbageCollectionPolicy`: the pods of these stay unless somebody says otherwise.
fn keeps_pods(object: &Object) -> bool {
    matches!(object.kind().kind, "ReplicationController" | "Job")
}

/// Upstream: `store.go`, `deletionFinalizersForGarbageCollection`: a wish about the dependents becomes a finalizer.
fn finalizers(options: &DeleteOptions, old: &Object) -> Vec<String> {
    let mut list = old.meta().finalizers.clone().unwrap_or_default();
    let default = keeps_pods(old).then_some(Propagation::Orphan);
    let Some(propagation) = options.propagation.or(default) else { return list };
    list.retain(|name| name != FOREGROUND && name != ORPHAN);
    match propagation {
        Propagation::Orphan => list.push(ORPHAN.to_owned()),
        Propagation::Foreground => list.push(FOREGROUND.to_owned()),
        Propagation::Background => {}
    }
    list
}

/// A namespace is emptied by its controller before it goes: it only begins to terminate.
fn namespace(options: &DeleteOptions, old: &Object, now: Time) -> Plan {
    if !old.is_terminating() {
        let mut new = old.clone();
        let finalizers = finalizers(options, old);
        if let Some(namespace) = new.get_mut::<Namespace>() {
            namespace.metadata.deletion_timestamp = Some(meta::timestamp(now));
            namespace.metadata.finalizers = Some(finalizers).filter(|list| !list.is_empty());
            namespace.status.get_or_insert_default().phase = Some("Terminating".to_owned());
        }
        return Plan::Update(new);
    }
    let spec = old.get::<Namespace>().and_then(|namespace| namespace.spec.as_ref());
    let left = spec.and_then(|spec| spec.finalizers.as_ref()).is_some_and(|list| !list.is_empty());
    if left { Plan::Nothing(old.clone()) } else { plan(options, old, now) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds::named;
    use k8s_openapi::api::core::v1::{ConfigMap, PodSpec};
    use std::rc::Rc;

    const NOW: Time = Time::from_secs(100);

    fn pod(node: Option<&str>, phase: &str) -> Object {
        let spec = PodSpec { termination_grace_period_seconds: Some(30), ..PodSpec::default() };
        let mut pod =
            Pod { metadata: named("d", "p"), spec: Rc::new(spec), node_name: node.map(Rc::from), ..Pod::default() };
        pod.status.phase = Some(phase.to_owned());
        Object::new(pod)
    }

    fn within(seconds: i64) -> DeleteOptions {
        DeleteOptions { grace_period_seconds: Some(seconds), ..DeleteOptions::default() }
    }

    fn seconds(plan: &Plan) -> Option<i64> {
        match plan {
            Plan::Update(object) | Plan::MarkThenDelete(object) => object.meta().deletion_grace_period_seconds,
            _ => None,
        }
    }

    #[test]
    fn a_running_pod_gets_its_time_and_an_idle_one_none() {
        let running = plan(&DeleteOptions::default(), &pod(Some("n"), "Running"), NOW);
        assert!(matches!(running, Plan::Update(_)));
        assert_eq!(seconds(&running), Some(30));
        for idle in [pod(None, "Pending"), pod(Some("n"), "Succeeded"), pod(Some("n"), "Failed")] {
            assert!(matches!(plan(&DeleteOptions::default(), &idle, NOW), Plan::MarkThenDelete(_)));
        }
        assert_eq!(seconds(&plan(&within(-5), &pod(Some("n"), "Running"), NOW)), Some(1));
    }

    #[test]
    fn time_that_is_running_can_only_be_cut() {
        let Plan::Update(marked) = plan(&within(30), &pod(Some("n"), "Running"), NOW) else { panic!("not marked") };
        assert!(matches!(plan(&DeleteOptions::default(), &marked, NOW), Plan::Nothing(_)));
        assert!(matches!(plan(&within(30), &marked, NOW), Plan::Nothing(_)));
        let Plan::Update(sooner) = plan(&within(10), &marked, NOW) else { panic!("not cut") };
        let deadline = sooner.meta().deletion_timestamp.as_ref().map(meta::moment);
        assert_eq!(deadline, Some(Time::from_secs(110)));
        assert!(matches!(plan(&within(0), &sooner, NOW), Plan::MarkThenDelete(_)));
    }

    #[test]
    fn what_has_finalizers_is_marked_and_stays() {
        let mut object = Object::new(ConfigMap { metadata: named("d", "c"), ..ConfigMap::default() });
        assert!(matches!(plan(&DeleteOptions::default(), &object, NOW), Plan::Delete));
        object.meta_mut().finalizers = Some(vec!["a/b".to_owned()]);
        let Plan::Update(marked) = plan(&DeleteOptions::default(), &object, NOW) else { panic!("not marked") };
        assert!(marked.is_terminating());
        assert!(matches!(plan(&DeleteOptions::default(), &marked, NOW), Plan::Nothing(_)));
        let orphan = DeleteOptions { propagation: Some(Propagation::Orphan), ..DeleteOptions::default() };
        let Plan::Update(orphaned) = plan(&orphan, &object, NOW) else { panic!("not marked") };
        assert_eq!(orphaned.meta().finalizers.as_deref(), Some(&["a/b".to_owned(), ORPHAN.to_owned()][..]));
    }
}
