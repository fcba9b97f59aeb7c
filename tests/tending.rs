//! Small controllers over time: what hangs on another object comes, changes and goes with it.

mod common;

use bottle::api::Key;
use bottle::api::base64;
use bottle::api::jwt;
use bottle::api::kinds::{
    config_map, daemon_set, endpoint_slice, event, pod, priority_class, replica_set, secret, service_account,
};
use bottle::cluster::History;
use bottle::cluster::input::{Input, Name};
use bottle::sim::{Duration, Simulation};
use serde_json::{Value, json};

fn after(history: &mut History, inputs: Vec<Input>) {
    for input in inputs {
        history.input(input);
    }
    let to = history.world().now() + Duration::from_secs(3);
    history.run_until(to);
}

fn apply(documents: &[Value]) -> Input {
    let text = documents.iter().map(Value::to_string).collect::<Vec<_>>().join("\n---\n");
    Input::Apply { text, dry_run: false, create_namespaces: false }
}

fn name(api_version: &str, kind: &str, name: &str) -> Name {
    Name { api_version: api_version.into(), kind: kind.into(), namespace: "default".into(), name: name.into() }
}

fn patch(kind: &str, of: &str, patch: &Value) -> Input {
    Input::Patch { object: name("v1", kind, of), patch: patch.to_string() }
}

fn delete(kind: &str, of: &str) -> Input {
    Input::Delete { object: name("v1", kind, of) }
}

fn service(of: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": of}, "spec": {"ports": [{"port": 80}]}})
}

fn endpoints(of: &str, ips: &[&str]) -> Value {
    let addresses: Vec<Value> = ips.iter().map(|ip| json!({"ip": ip})).collect();
    json!({"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": of},
        "subsets": [{"addresses": addresses, "ports": [{"port": 5432}]}]})
}

/// The slices of a Service by who keeps them: name, address type and addresses.
fn slices(history: &History, service: &str, by: &str) -> Vec<(String, String, Vec<String>)> {
    let all = history.world().objects(&endpoint_slice::KIND).map(bottle::api::Object::to_value);
    let mine = all.filter(|slice| {
        let labels = &slice["metadata"]["labels"];
        labels["kubernetes.io/service-name"] == service && labels["endpointslice.kubernetes.io/managed-by"] == by
    });
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    mine.map(|slice| {
        let endpoints = slice["endpoints"].as_array().into_iter().flatten();
        let addresses = endpoints.map(|endpoint| text(&endpoint["addresses"][0])).collect();
        (text(&slice["metadata"]["name"]), text(&slice["addressType"]), addresses)
    })
    .collect()
}

fn mirrored(history: &History, service: &str) -> Vec<(String, String, Vec<String>)> {
    slices(history, service, "endpointslicemirroring-controller.k8s.io")
}

fn events(history: &History, reason: &str) -> Vec<String> {
    let all = history.world().objects(&event::KIND).map(bottle::api::Object::to_value);
    all.filter(|event| event["reason"] == reason).map(|event| event["message"].as_str().unwrap_or("").into()).collect()
}

#[test]
fn endpoints_of_a_service_without_selector_are_mirrored_in_any_order() {
    let mut history = common::three_ships(0);
    after(&mut history, vec![apply(&[endpoints("ext", &["192.0.2.11", "192.0.2.10", "2001:db8::1"])])]);
    assert!(mirrored(&history, "ext").is_empty(), "there is no Service yet");
    after(&mut history, vec![apply(&[service("ext")])]);
    let made = mirrored(&history, "ext");
    let families: Vec<(&str, usize)> = made.iter().map(|(_, family, ips)| (&**family, ips.len())).collect();
    assert_eq!(
        {
            let mut sorted = families.clone();
            sorted.sort_unstable();
            sorted
        },
        [("IPv4", 2), ("IPv6", 1)]
    );
    // Other ports: the slice is used again under its name, and labels go along.
    let ports = json!({"metadata": {"labels": {"tier": "db"}}, "subsets": [{"addresses": [{"ip": "192.0.2.10"}],
        "notReadyAddresses": [{"ip": "192.0.2.12"}], "ports": [{"port": 5433}]}]});
    after(&mut history, vec![patch("Endpoints", "ext", &ports)]);
    let changed = mirrored(&history, "ext");
    assert_eq!(changed.len(), 1);
    assert!(made.iter().any(|(name, ..)| *name == changed[0].0), "{changed:?} of {made:?}");
    assert_eq!(changed[0].2, ["192.0.2.10", "192.0.2.12"]);
    let slice = history.world().objects(&endpoint_slice::KIND).find(|slice| slice.name() == changed[0].0);
    let slice = slice.expect("the slice").to_value();
    assert_eq!(slice["metadata"]["labels"]["tier"], "db");
    let ready: Vec<&Value> = slice["endpoints"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|endpoint| &endpoint["conditions"]["ready"])
        .collect();
    assert_eq!(ready, [true, false]);
    // Deleted by hand it comes back; with its Endpoints it goes.
    let gone = Input::Delete { object: name("discovery.k8s.io/v1", "EndpointSlice", &changed[0].0) };
    after(&mut history, vec![gone]);
    assert_eq!(mirrored(&history, "ext").len(), 1);
    after(&mut history, vec![delete("Endpoints", "ext")]);
    assert!(mirrored(&history, "ext").is_empty());
}

#[test]
fn what_must_not_be_mirrored_is_taken_away() {
    let mut history = common::three_ships(0);
    let both = |of: &str| [service(of), endpoints(of, &["192.0.2.10"])];
    after(&mut history, ["a", "b", "c", "d"].iter().map(|of| apply(&both(of))).collect());
    for of in ["a", "b", "c", "d"] {
        assert_eq!(mirrored(&history, of).len(), 1, "{of}");
    }
    let skip = json!({"metadata": {"labels": {"endpointslice.kubernetes.io/skip-mirror": "true"}}});
    let leader = json!({"metadata": {"annotations": {"control-plane.alpha.kubernetes.io/leader": "{}"}}});
    let selector = json!({"spec": {"selector": {"app": "d"}}});
    after(
        &mut history,
        vec![
            patch("Endpoints", "a", &skip),
            patch("Endpoints", "b", &leader),
            delete("Service", "c"),
            patch("Service", "d", &selector),
        ],
    );
    for of in ["a", "b", "c", "d"] {
        assert!(mirrored(&history, of).is_empty(), "{of}");
    }
    assert_eq!(slices(&history, "d", "endpointslice-controller.k8s.io").len(), 1, "now its selector gives it slices");
    // Without the label and without the selector they are mirrored again.
    let skip = json!({"metadata": {"labels": {"endpointslice.kubernetes.io/skip-mirror": null}}});
    let selector = json!({"spec": {"selector": null}});
    after(&mut history, vec![patch("Endpoints", "a", &skip), patch("Service", "d", &selector)]);
    let hand_made = patch("Endpoints", "d", &json!({"subsets": endpoints("d", &["192.0.2.7"])["subsets"]}));
    after(&mut history, vec![hand_made]);
    assert_eq!(mirrored(&history, "a").len(), 1);
    assert_eq!(mirrored(&history, "d")[0].2, ["192.0.2.7"]);
}

#[test]
fn a_subset_is_mirrored_up_to_a_thousand_addresses() {
    let mut history = common::three_ships(0);
    let ips: Vec<String> = (0..1002).map(|n| format!("198.18.{}.{}", n / 250, n % 250)).collect();
    let ips: Vec<&str> = ips.iter().map(String::as_str).collect();
    after(&mut history, vec![apply(&[service("ext"), endpoints("ext", &ips)])]);
    assert_eq!(mirrored(&history, "ext")[0].2.len(), 1000);
    let said =
        "A max of 1000 addresses can be mirrored to EndpointSlices per Endpoints subset. 2 addresses were skipped";
    assert_eq!(events(&history, "TooManyAddressesToMirror"), [said]);
}

fn account(of: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": of}})
}

fn token_secret(of: &str, account: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/service-account-token",
        "metadata": {"name": of, "annotations": {"kubernetes.io/service-account.name": account}}})
}

fn stored(history: &History, of: &str) -> Option<Value> {
    history.world().objects(&secret::KIND).find(|secret| secret.name() == of).map(bottle::api::Object::to_value)
}

#[test]
fn a_token_secret_is_filled_once_and_goes_with_its_account() {
    let mut history = common::three_ships(0);
    // In one breath, the Secret first: it is too early, and goes.
    after(&mut history, vec![apply(&[token_secret("early", "bot")])]);
    assert_eq!(stored(&history, "early"), None);
    after(&mut history, vec![apply(&[account("bot"), token_secret("bot-token", "bot"), token_secret("other", "bot")])]);
    let filled = stored(&history, "bot-token").expect("a Secret");
    let text = |name: &str| {
        let bytes = base64::decode(filled["data"][name].as_str().expect("data")).expect("base64");
        String::from_utf8(bytes).expect("text")
    };
    let uid =
        history.world().objects(&service_account::KIND).find(|it| it.name() == "bot").expect("it").uid().to_owned();
    assert_eq!(filled["metadata"]["annotations"]["kubernetes.io/service-account.uid"], uid);
    assert_eq!(text("namespace"), "default");
    assert!(text("ca.crt").starts_with("-----BEGIN CERTIFICATE-----"));
    let claims = jwt::read(&text("token")).expect("a token");
    assert_eq!(claims["sub"], "system:serviceaccount:default:bot");
    assert_eq!(claims["kubernetes.io/serviceaccount/secret.name"], "bot-token");
    assert_eq!(claims["exp"], Value::Null, "it does not run out");
    // What somebody takes out comes back; what is left is not touched.
    after(&mut history, vec![patch("Secret", "bot-token", &json!({"data": {"namespace": null, "more": "YQ=="}}))]);
    let again = stored(&history, "bot-token").expect("a Secret");
    assert_eq!(again["data"]["token"], filled["data"]["token"]);
    assert_eq!((&again["data"]["namespace"], &again["data"]["more"]), (&filled["data"]["namespace"], &json!("YQ==")));
    // The account's list of secrets loses what is deleted, and only that.
    let listed = json!({"secrets": [{"name": "bot-token"}, {"name": "elsewhere"}]});
    after(&mut history, vec![patch("ServiceAccount", "bot", &listed)]);
    after(&mut history, vec![delete("Secret", "bot-token")]);
    let bot = history.world().objects(&service_account::KIND).find(|it| it.name() == "bot").expect("it").to_value();
    assert_eq!(bot["secrets"], json!([{"name": "elsewhere"}]));
    // Another account of the same name is not the one whose token it is.
    after(&mut history, vec![delete("ServiceAccount", "bot"), apply(&[account("bot")])]);
    assert_eq!(stored(&history, "other"), None);
}

/// A new pod beside the old one is not the oldest on its node, but the update waits for it and goes on.
#[test]
fn a_surge_goes_on_when_its_new_pods_have_been_ready_for_long_enough() {
    let mut history = common::three_ships(6);
    let agent = |image: &str| {
        json!({
            "apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "agent"},
            "spec": {
                "minReadySeconds": 10,
                "selector": {"matchLabels": {"app": "agent"}},
                "updateStrategy": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
                "template": {
                    "metadata": {"labels": {"app": "agent"}},
                    "spec": {"terminationGracePeriodSeconds": 1, "containers": [{"name": "c", "image": image}]},
                },
            },
        })
    };
    after(&mut history, vec![apply(&[agent("nginx:1.27")])]);
    history.run_until(history.world().view().t + Duration::from_mins(1));
    after(&mut history, vec![apply(&[agent("nginx:1.28")])]);
    history.run_until(history.world().view().t + Duration::from_mins(2));
    let set = history.world().object(&daemon_set::KIND, &Key::new("default", "agent")).expect("the set").to_value();
    assert_eq!(set["status"]["updatedNumberScheduled"], 3, "{}", set["status"]);
    assert_eq!(set["status"]["numberAvailable"], 3, "{}", set["status"]);
}

fn stateful_set(of: &str, claims: &[&str]) -> Value {
    let claims: Vec<Value> = claims
        .iter()
        .map(|claim| {
            json!({"metadata": {"name": claim}, "spec": {"accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": "1Gi"}}}})
        })
        .collect();
    json!({
        "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": of},
        "spec": {
            "replicas": 1, "serviceName": of, "selector": {"matchLabels": {"app": of}}, "volumeClaimTemplates": claims,
            "template": {"metadata": {"labels": {"app": of}}, "spec": {"containers": [{"name": "c", "image": "nginx:1.27"}]}},
        },
    })
}

fn bare_pod(of: &str, labels: &Value, spec: &Value) -> Value {
    let mut pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": of, "labels": labels}, "spec": spec});
    pod["spec"]["containers"] = json!([{"name": "c", "image": "nginx:1.27"}]);
    pod
}

fn pod_of(history: &History, of: &str) -> Option<Value> {
    history.world().object(&pod::KIND, &Key::new("default", of)).map(bottle::api::Object::to_value)
}

#[test]
fn a_stateful_set_says_that_a_claim_is_going_and_nothing_of_a_pod_that_is_there() {
    let mut history = common::three_ships(6);
    let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data-db-0", "finalizers": ["example.com/held"]},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}});
    after(&mut history, vec![apply(&[claim, bare_pod("web-0", &json!({}), &json!({}))])]);
    after(&mut history, vec![delete("PersistentVolumeClaim", "data-db-0")]);
    after(&mut history, vec![apply(&[stateful_set("db", &["data"]), stateful_set("web", &[])])]);
    let told = "Create Pod db-0 in StatefulSet db failed error: pvc data-db-0 is being deleted";
    assert_eq!(events(&history, "FailedCreate"), [told]);
}

#[test]
fn a_pod_that_a_stateful_set_adopts_gets_all_labels_of_its_place() {
    let mut history = common::three_ships(6);
    let orphan = bare_pod("web-0", &json!({"app": "web"}), &json!({}));
    after(&mut history, vec![apply(&[orphan])]);
    after(&mut history, vec![apply(&[stateful_set("web", &[])])]);
    history.run_until(history.world().now() + Duration::from_secs(20));
    let labels = pod_of(&history, "web-0").expect("it")["metadata"]["labels"].clone();
    assert_eq!(labels["statefulset.kubernetes.io/pod-name"], "web-0");
    assert_eq!(labels["apps.kubernetes.io/pod-index"], "0");
}

/// Upstream: `namespacedOwnerOfClusterScopedObjectErr`.
#[test]
fn what_has_no_namespace_does_not_go_because_of_an_owner_that_has_one() {
    let mut history = common::three_ships(6);
    let owner = json!({"apiVersion": "v1", "kind": "ConfigMap", "name": "gone", "uid": "0b2f"});
    let class = json!({"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass",
        "metadata": {"name": "high", "ownerReferences": [owner]}, "value": 7});
    let map =
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "below", "ownerReferences": [owner]}});
    after(&mut history, vec![apply(&[class, map])]);
    history.run_until(history.world().now() + Duration::from_secs(20));
    assert!(history.world().object(&priority_class::KIND, &Key::new("", "high")).is_some());
    assert!(history.world().object(&config_map::KIND, &Key::new("default", "below")).is_none());
}

/// Upstream: `reportInvalidNamespaceOwnerRef`.
#[test]
fn an_owner_in_another_namespace_is_none_and_is_spoken_of() {
    let mut history = common::three_ships(6);
    let map = |name: &str, namespace: &str, owners: Value| {
        json!({"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": name, "namespace": namespace, "ownerReferences": owners}})
    };
    after(&mut history, vec![apply(&[map("owner", "kube-system", json!([]))])]);
    let owner =
        history.world().object(&config_map::KIND, &Key::new("kube-system", "owner")).expect("it").uid().to_owned();
    let reference = json!({"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner});
    after(&mut history, vec![apply(&[map("below", "default", json!([reference]))])]);
    assert!(history.world().object(&config_map::KIND, &Key::new("default", "below")).is_none());
    let place = format!("[v1/ConfigMap, namespace: default, name: owner, uid: {owner}]");
    let told = format!("ownerRef {place} does not exist in namespace \"default\"");
    assert_eq!(events(&history, "OwnerRefInvalidNamespace"), [told]);
}

/// Upstream: `processPodOnNode`: the first time stays.
#[test]
fn a_second_taint_does_not_hasten_an_eviction() {
    let mut history = common::three_ships(6);
    let tolerates = |key: &str, seconds: u64| json!({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": seconds});
    let spec = json!({"nodeName": "node-1", "tolerations": [tolerates("a", 30), tolerates("b", 5)]});
    after(&mut history, vec![apply(&[bare_pod("guest", &json!({}), &spec)])]);
    let taint = |keys: &[&str]| {
        let taints: Vec<Value> = keys.iter().map(|key| json!({"key": key, "effect": "NoExecute"})).collect();
        let object = Name { namespace: String::new(), ..name("v1", "Node", "node-1") };
        Input::Patch { object, patch: json!({"spec": {"taints": taints}}).to_string() }
    };
    after(&mut history, vec![taint(&["a"])]);
    after(&mut history, vec![taint(&["a", "b"])]);
    let goes =
        |history: &History| pod_of(history, "guest").is_none_or(|pod| !pod["metadata"]["deletionTimestamp"].is_null());
    history.run_until(history.world().now() + Duration::from_secs(20));
    assert!(!goes(&history));
    history.run_until(history.world().now() + Duration::from_secs(10));
    assert!(goes(&history));
}

#[test]
fn a_pod_on_a_node_that_is_gone_is_left_out_of_the_slices_and_spoken_of() {
    let mut history = common::three_ships(6);
    let mut web = service("web");
    web["spec"]["selector"] = json!({"app": "web"});
    after(&mut history, vec![apply(&[web, bare_pod("one", &json!({"app": "web"}), &json!({"nodeName": "node-1"}))])]);
    history.run_until(history.world().now() + Duration::from_secs(20));
    let node = Name { namespace: String::new(), ..name("v1", "Node", "node-1") };
    after(&mut history, vec![Input::Kubelet { node: "node-1".into(), stop: true }, Input::Delete { object: node }]);
    after(&mut history, vec![patch("Service", "web", &json!({"metadata": {"labels": {"seen": "yes"}}}))]);
    let why = "Error updating Endpoint Slices for Service default/web: skipping Pod one for Service default/web: Node node-1 Not Found";
    assert_eq!(events(&history, "FailedToUpdateEndpointSlices"), [why]);
    let by = "endpointslice-controller.k8s.io";
    assert!(slices(&history, "web", by).iter().all(|(_, _, addresses)| addresses.is_empty()));
}

/// Only a set that cannot be made is told of, not a status that somebody else was faster with.
#[test]
fn a_deployment_whose_status_is_written_over_has_not_failed() {
    let mut history = common::three_ships(6);
    let web = |image: &str| {
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {
            "replicas": 2, "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": image}]}}}})
    };
    after(&mut history, vec![apply(&[web("nginx:1.27")])]);
    let slow = Input::Fault { fault: "slow".into(), of: "kube-controller-manager".into(), on: true };
    after(&mut history, vec![slow]);
    for round in 0..60 {
        history.input(apply(&[web(if round < 30 { "nginx:1.28" } else { "redis:7" })]));
        let object = name("apps/v1", "Deployment", "web");
        history.input(Input::Patch {
            object,
            patch: json!({"metadata": {"labels": {"round": round.to_string()}}}).to_string(),
        });
        history.run_until(history.world().now() + Duration::from_millis(500));
    }
    assert!(events(&history, "ScalingReplicaSet").len() > 2);
    assert_eq!(events(&history, "ReplicaSetCreateError"), [""; 0]);
}

/// Upstream: `slowStartBatch`: one, two, four; those of the same group are looked at all the same.
#[test]
fn a_claim_that_is_going_keeps_only_pods_of_later_groups_from_being_made() {
    let mut history = common::three_ships(6);
    let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data-db-1", "finalizers": ["example.com/held"]},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}});
    after(&mut history, vec![apply(&[claim])]);
    after(&mut history, vec![delete("PersistentVolumeClaim", "data-db-1")]);
    let mut set = stateful_set("db", &["data"]);
    set["spec"]["replicas"] = 4.into();
    set["spec"]["podManagementPolicy"] = "Parallel".into();
    after(&mut history, vec![apply(&[set])]);
    let there = |of: &&str| pod_of(&history, of).is_some();
    let made: Vec<&str> = ["db-0", "db-1", "db-2", "db-3"].into_iter().filter(there).collect();
    assert_eq!(made, ["db-0", "db-2"]);
    let told = "Create Pod db-1 in StatefulSet db failed error: pvc data-db-1 is being deleted";
    assert_eq!(events(&history, "FailedCreate"), [told]);
}

/// Upstream: `endpointSliceChangeMinSyncDelay`.
#[test]
fn a_slice_that_somebody_deletes_comes_back_after_a_second() {
    let mut history = common::three_ships(6);
    let mut web = service("web");
    web["spec"]["selector"] = json!({"app": "web"});
    after(&mut history, vec![apply(&[web])]);
    let by = "endpointslice-controller.k8s.io";
    let slice = slices(&history, "web", by).remove(0).0;
    history.input(Input::Delete { object: name("discovery.k8s.io/v1", "EndpointSlice", &slice) });
    history.run_until(history.world().now() + Duration::from_millis(900));
    assert_eq!(slices(&history, "web", by), []);
    history.run_until(history.world().now() + Duration::from_millis(300));
    assert_eq!(slices(&history, "web", by).len(), 1);
}

/// Upstream: `syncStatusOnly`.
#[test]
fn a_deployment_that_is_going_still_numbers_its_set() {
    let mut history = common::three_ships(6);
    let web = json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "finalizers": ["example.com/held"]}, "spec": {
            "replicas": 1, "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "nginx:1.27"}]}}}});
    after(&mut history, vec![apply(&[web])]);
    after(&mut history, vec![Input::Delete { object: name("apps/v1", "Deployment", "web") }]);
    let sets = |history: &History| -> Vec<Value> {
        history.world().objects(&replica_set::KIND).map(bottle::api::Object::to_value).collect()
    };
    let set = sets(&history)[0]["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let number = "deployment.kubernetes.io/revision";
    let none = json!({"metadata": {"annotations": {number: null}}});
    after(&mut history, vec![Input::Patch { object: name("apps/v1", "ReplicaSet", &set), patch: none.to_string() }]);
    assert_eq!(sets(&history)[0]["metadata"]["annotations"][number], "1");
}
