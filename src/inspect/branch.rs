//! Two runs at one moment, side by side: which objects, placements and states differ.

use super::Objects;
use super::history::leaves;
use crate::api::kinds::KINDS;
use crate::api::kinds::pod::Pod;
use crate::api::object::{Object, Ref};
use crate::sim::{Sorted, SortedSet};
use k8s_openapi::api::core::v1::ContainerStatus;

/// Kinds that differ in every run and tell nothing.
const NOISE: [&str; 4] = ["Event", "Lease", "EndpointSlice", "Endpoints"];

/// Fields of which the same is true: each write and each run has its own.
const OWN: [&str; 4] = ["uid", "resourceVersion", "generation", "observedGeneration"];
/// So many fields of an object are told.
const FIELDS: usize = 6;

/// A difference: the object, and what is said of it here and there, line by line (`None`: it is not there).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// Which object.
    pub object: Ref,
    /// How it is in the shown run.
    pub here: Option<Vec<String>>,
    /// How it is in the other one.
    pub there: Option<Vec<String>>,
}

/// What differs between two runs, in the order of kinds and names.
#[must_use]
pub fn compare(here: &dyn Objects, there: &dyn Objects) -> Vec<Difference> {
    let mut found = Vec::new();
    for kind in KINDS.iter().filter(|kind| !NOISE.contains(&kind.kind)) {
        let all = |run: &dyn Objects| -> Sorted<Ref, Sorted<String, String>> {
            run.objects(kind).into_iter().map(|object| (object.reference(), told(object))).collect()
        };
        let (ours, theirs) = (all(here), all(there));
        let names: SortedSet<&Ref> = ours.keys().chain(theirs.keys()).collect();
        for name in names {
            let (here, there) = (ours.get(name), theirs.get(name));
            if here != there {
                let (here, there) = (lines(here, there), lines(there, here));
                found.push(Difference { object: name.clone(), here, there });
            }
        }
    }
    found
}

/// What one run says of an object and the other does not; of one that is only here, how large or where it is.
fn lines(ours: Option<&Sorted<String, String>>, theirs: Option<&Sorted<String, String>>) -> Option<Vec<String>> {
    let line = |(path, value): &(String, String)| match path.as_str() {
        "" => value.clone(),
        path => format!("{path}: {value}"),
    };
    let is_told = |(path, value): &&(String, String)| match theirs {
        Some(theirs) => theirs.get(path) != Some(value),
        None => ["", "spec.replicas"].contains(&path.as_str()),
    };
    Some(ours?.iter().filter(is_told).take(FIELDS).map(line).collect())
}

/// What tells two versions of an object apart: of a pod how and where it is, of others their fields.
fn told(object: &Object) -> Sorted<String, String> {
    if let Some(pod) = object.get::<Pod>() {
        let node = pod.node_name.as_deref().unwrap_or("–");
        return [(String::new(), format!("{} · {node}", word(object, pod)))].into_iter().collect();
    }
    let mut fields = leaves(&object.to_value());
    fields.retain(|path, _| {
        let last = path.rsplit('.').next().unwrap_or_default();
        let is_noise =
            last.ends_with("Time") || last.ends_with("Timestamp") || last == "message" || OWN.contains(&last);
        !is_noise && !["metadata.managedFields", "status.images"].iter().any(|part| path.starts_with(part))
    });
    fields
}

/// A pod's state: why a container waits, or else the phase.
fn word(object: &Object, pod: &Pod) -> String {
    if object.is_terminating() {
        return "Terminating".to_owned();
    }
    let containers = [&pod.status.init_container_statuses, &pod.status.container_statuses];
    let reason = |status: &ContainerStatus| status.state.as_ref()?.waiting.as_ref()?.reason.clone();
    containers.into_iter().flatten().flatten().find_map(reason).unwrap_or_else(|| pod.phase().to_owned())
}

/// Events of one run that the other has not: reason, object and message. Of many alike one counts.
#[must_use]
pub fn events(here: &dyn Objects, there: &dyn Objects) -> Vec<String> {
    let all = |run: &dyn Objects| -> std::collections::BTreeSet<String> {
        let told = |object: &&Object| {
            let value = object.to_value();
            let text =
                |path: &str| value.pointer(path).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
            let about = (text("/involvedObject/kind"), text("/involvedObject/name"));
            format!("{} {} {}: {}", text("/reason"), about.0, about.1, text("/message"))
        };
        run.objects(&crate::api::kinds::event::KIND).iter().map(told).collect()
    };
    all(here).difference(&all(there)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Kind;
    use crate::api::object::ObjectRef;
    use serde_json::json;

    struct Fake(Vec<Object>);

    impl Objects for Fake {
        fn object(&self, object: &ObjectRef) -> Option<&Object> {
            self.0.iter().find(|one| *one.reference() == *object)
        }

        fn objects(&self, kind: &'static Kind) -> Vec<&Object> {
            self.0.iter().filter(|one| one.kind() == kind).collect()
        }
    }

    fn fake(documents: &[serde_json::Value]) -> Fake {
        let read = |document: &serde_json::Value| {
            let text = |name: &str| document[name].as_str().expect("a text");
            let kind = Kind::find(text("apiVersion"), text("kind")).expect("a kind");
            kind.read(document.clone()).expect("an object")
        };
        Fake(documents.iter().map(read).collect())
    }

    #[test]
    fn only_what_differs_is_told_and_what_each_run_has_of_its_own_is_not() {
        let set = |replicas: i32, uid: &str| {
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "uid": uid},
                "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": "web"}},
                    "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c"}]}}}})
        };
        let map = |value: &str| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}, "data": {"key": value}});
        let pod = |state: serde_json::Value| {
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"nodeName": "node-1", "containers": []},
                "status": {"phase": "Running", "containerStatuses": [{"name": "c", "image": "i", "imageID": "", "ready": false,
                    "restartCount": 0, "state": state}]}})
        };
        let waits = json!({"waiting": {"reason": "CrashLoopBackOff"}});
        let here = fake(&[set(3, "a"), map("one"), pod(waits)]);
        let there = fake(&[set(5, "b"), pod(json!({"running": {}}))]);
        let found: Vec<_> = compare(&here, &there)
            .into_iter()
            .map(|one| {
                (one.object.kind.kind, one.here.map(|lines| lines.join("")), one.there.map(|lines| lines.join("")))
            })
            .collect();
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(found.len(), 3, "{found:?}");
        for row in [
            ("ConfigMap", some(""), None),
            ("Pod", some("CrashLoopBackOff · node-1"), some("Running · node-1")),
            ("Deployment", some("spec.replicas: 3"), some("spec.replicas: 5")),
        ] {
            assert!(found.contains(&row), "{row:?} is not in {found:?}");
        }
        assert_eq!(
            compare(&here, &fake(&[set(3, "c"), map("one"), pod(json!({"waiting": {"reason": "CrashLoopBackOff"}}))])),
            []
        );
    }
}
