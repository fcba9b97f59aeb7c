//! Volumes over time: claims come, are provisioned, attached, mounted, grow and go.

mod common;

use bottle::api::kinds::{event, persistent_volume_claim as claims};
use bottle::api::{Kind, Object};
use bottle::cluster::History;
use bottle::cluster::input::{Input, Name};
use bottle::sim::{Duration, Simulation};
use serde_json::{Value, json};

fn after(history: &mut History, seconds: u64, inputs: Vec<Input>) {
    for input in inputs {
        history.input(input);
    }
    let to = history.world().now() + Duration::from_secs(seconds);
    history.run_until(to);
}

fn apply(text: &str) -> Input {
    Input::Apply { text: text.to_owned(), dry_run: false, create_namespaces: false }
}

fn delete(kind: &str, name: &str) -> Input {
    let object = Name { api_version: "v1".into(), kind: kind.into(), namespace: "default".into(), name: name.into() };
    Input::Delete { object }
}

fn all(history: &History, kind: &'static Kind) -> Vec<Value> {
    history.world().objects(kind).map(Object::to_value).collect()
}

fn named(history: &History, kind: &'static Kind, name: &str) -> Option<Value> {
    all(history, kind).into_iter().find(|object| object["metadata"]["name"] == name)
}

/// The messages of all events with a reason.
fn events(history: &History, reason: &str) -> Vec<String> {
    let told = all(history, &event::KIND).into_iter().filter(|event| event["reason"] == reason);
    told.map(|event| event["message"].as_str().unwrap_or_default().to_owned()).collect()
}

const EPHEMERAL: &str = "
apiVersion: v1
kind: Pod
metadata: {name: cache}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - {name: c, image: nginx, volumeMounts: [{name: scratch, mountPath: /scratch}]}
  volumes:
  - name: scratch
    ephemeral:
      volumeClaimTemplate:
        metadata: {labels: {tier: scratch}}
        spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
";

#[test]
fn an_ephemeral_volume_has_a_claim_that_comes_and_goes_with_its_pod() {
    let mut history = common::three_ships(0);
    after(&mut history, 5, vec![apply(EPHEMERAL)]);
    let claim = named(&history, &claims::KIND, "cache-scratch").expect("the claim");
    assert_eq!(claim["metadata"]["labels"]["tier"], "scratch");
    assert_eq!(claim["metadata"]["ownerReferences"][0]["name"], "cache");
    after(&mut history, 5, vec![delete("PersistentVolumeClaim", "cache-scratch")]);
    let again = named(&history, &claims::KIND, "cache-scratch").expect("it is made again");
    assert_ne!(again["metadata"]["uid"], claim["metadata"]["uid"]);
    after(&mut history, 10, vec![delete("Pod", "cache")]);
    assert_eq!(named(&history, &claims::KIND, "cache-scratch"), None);
}

#[test]
fn a_claim_that_is_not_the_pods_keeps_it_waiting() {
    let mut history = common::three_ships(0);
    let other = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "cache-scratch"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}});
    after(&mut history, 5, vec![apply(&other.to_string()), apply(EPHEMERAL)]);
    let why =
        "ephemeral volume scratch: PVC default/cache-scratch was not created for pod default/cache (pod is not owner)";
    let said = events(&history, "FailedBinding");
    assert!(said.iter().any(|message| message == why), "{said:?}");
    // As soon as it is gone the pod gets its own.
    after(&mut history, 30, vec![delete("PersistentVolumeClaim", "cache-scratch")]);
    let claim = named(&history, &claims::KIND, "cache-scratch").expect("the claim");
    assert_eq!(claim["metadata"]["ownerReferences"][0]["name"], "cache");
}
