//! Admission as people meet it: quotas and limits of namespaces, names in refusals, secrets of accounts, namespaces that go.

use bottle::api::kinds::{namespace, pod, resource_quota, service_account};
use bottle::api::object::Key;
use bottle::api::request::{Body, DeleteOptions, PatchType};
use bottle::api::{Kind, Options, Request, Target, Verb};
use bottle::sim::Duration;
use serde_json::{Value, json};
use std::rc::Rc;

mod bench;

use bench::{Bench, create};

fn pod_named(metadata: &Value, resources: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata,
        "spec": {"containers": [{"name": "c", "image": "x", "resources": resources}]}})
}

fn plain(name: &str, cpu: &str) -> Value {
    pod_named(&json!({ "name": name }), &json!({"requests": {"cpu": cpu}, "limits": {"cpu": cpu}}))
}

/// A quota of which the controller has counted this much.
fn quota(bench: &mut Bench, name: &str, hard: &Value, used: &Value) {
    bench.create(
        json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": name}, "spec": {"hard": hard}}),
    );
    let status = json!({"status": {"hard": hard, "used": used}});
    let mut request = Request::patch(&resource_quota::KIND, &Key::new("default", name), PatchType::Merge, status);
    request.target.subresource = "status";
    bench.ask(request).expect("counted");
}

fn resize(name: &str, resources: &Value) -> Request {
    let patch = json!({"spec": {"containers": [{"name": "c", "resources": resources}]}});
    let mut request = Request::patch(&pod::KIND, &Key::new("default", name), PatchType::Strategic, patch);
    request.target.subresource = "resize";
    request
}

/// A pod that a kubelet can resize.
fn running(bench: &mut Bench, name: &str, cpu: &str) {
    bench.create(plain(name, cpu));
    let resources = json!({"requests": {"cpu": cpu}, "limits": {"cpu": cpu}});
    let status = json!({"status": {"phase": "Running", "containerStatuses": [{"name": "c", "image": "x", "imageID": "",
        "ready": true, "restartCount": 0, "resources": resources, "allocatedResources": {"cpu": cpu}}]}});
    let mut request = Request::patch(&pod::KIND, &Key::new("default", name), PatchType::Merge, status);
    request.target.subresource = "status";
    bench.ask(request).expect("told");
}

#[test]
fn every_quota_is_satisfied_before_one_is_charged() {
    let mut bench = Bench::new();
    quota(&mut bench, "a", &json!({"pods": "0"}), &json!({"pods": "0"}));
    quota(&mut bench, "b", &json!({"limits.memory": "1Gi"}), &json!({"limits.memory": "0"}));
    assert_eq!(
        bench.refused(create(plain("p", "1"))).message,
        "pods \"p\" is forbidden: failed quota: b: must specify limits.memory for: c"
    );
    let mut bench = Bench::new();
    quota(&mut bench, "q", &json!({"pods": "1", "requests.cpu": "1", "services": "1"}), &json!({"pods": "0"}));
    assert_eq!(
        bench.refused(create(plain("p", "1"))).message,
        "pods \"p\" is forbidden: status unknown for quota: q, resources: pods,requests.cpu"
    );
}

#[test]
fn a_resize_keeps_to_quotas_and_limits() {
    let mut bench = Bench::new();
    running(&mut bench, "p", "1");
    quota(&mut bench, "q", &json!({"requests.cpu": "2"}), &json!({"requests.cpu": "1"}));
    let of = |cpu: &str| json!({"requests": {"cpu": cpu}, "limits": {"cpu": cpu}});
    assert_eq!(
        bench.refused(resize("p", &of("3"))).message,
        "pods \"p\" is forbidden: exceeded quota: q, requested: requests.cpu=2, used: requests.cpu=1, limited: \
         requests.cpu=2"
    );
    bench.create(json!({"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "l"},
        "spec": {"limits": [{"type": "Container", "max": {"cpu": "1500m"}}]}}));
    assert_eq!(
        bench.refused(resize("p", &of("2"))).message,
        "pods \"p\" is forbidden: maximum cpu usage per Container is 1500m, but limit is 2"
    );
    bench.ask(resize("p", &of("1500m"))).expect("resized");
    let used = |bench: &mut Bench| {
        bench.get(&resource_quota::KIND, "default", "q").to_value()["status"]["used"]["requests.cpu"].clone()
    };
    assert_eq!(used(&mut bench), "1500m");
    // The pod has more than it asks for until its kubelet has taken it away.
    bench.ask(resize("p", &of("500m"))).expect("resized");
    assert_eq!(used(&mut bench), "1500m");
}

#[test]
fn a_name_that_is_not_made_up_yet_is_called_by_its_beginning() {
    let mut bench = Bench::new();
    let of_class = |metadata: Value| {
        let mut pod = pod_named(&metadata, &json!({}));
        pod["spec"]["priorityClassName"] = "none".into();
        let target = Target::new(&pod::KIND, "default", pod["metadata"]["name"].as_str().unwrap_or_default());
        Request { verb: Verb::Create, target, options: Options::default(), body: Body::Document(Rc::new(pod)) }
    };
    let text = "is forbidden: no PriorityClass with name none was found";
    assert_eq!(bench.refused(of_class(json!({"generateName": "web-"}))).message, format!("pods \"web-\" {text}"));
    assert_eq!(bench.refused(of_class(json!({}))).message, format!("pods \"Unknown\" {text}"));
    assert_eq!(bench.refused(of_class(json!({"name": "w"}))).message, format!("pods \"w\" {text}"));
    // What is refused behind it knows the name.
    quota(&mut bench, "q", &json!({"pods": "0"}), &json!({"pods": "0"}));
    let made = pod_named(&json!({"generateName": "web-"}), &json!({}));
    let target = Target::new(&pod::KIND, "default", "");
    let request =
        Request { verb: Verb::Create, target, options: Options::default(), body: Body::Document(Rc::new(made)) };
    let refused = bench.refused(request).message;
    assert!(refused.starts_with("pods \"web-") && !refused.starts_with("pods \"web-\""), "{refused}");
}

#[test]
fn a_pod_that_is_applied_into_being_is_admitted_like_a_created_one() {
    let mut bench = Bench::new();
    let mut request = Request::patch(&pod::KIND, &Key::new("default", "p"), PatchType::Apply, plain("p", "1"));
    request.options.field_manager = "me".into();
    let pod = bench.object(request).to_value();
    assert_eq!(pod["spec"]["serviceAccountName"], "default");
    assert_eq!(pod["spec"]["priority"], 0);
    assert_eq!(pod["spec"]["volumes"].as_array().map(Vec::len), Some(1), "{pod}");
}

#[test]
fn a_namespace_that_goes_takes_no_evictions() {
    let mut bench = Bench::new();
    bench.create(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "blue"}}));
    let mut account = bench::service_account("default");
    account["metadata"]["namespace"] = "blue".into();
    let put = |kind: &'static Kind, document: Value| {
        let target = Target::new(kind, "blue", document["metadata"]["name"].as_str().unwrap_or_default());
        Request { verb: Verb::Create, target, options: Options::default(), body: Body::Document(Rc::new(document)) }
    };
    bench.ask(put(&service_account::KIND, account)).expect("an account");
    bench.ask(put(&pod::KIND, plain("p", "1"))).expect("a pod");
    bench.ask(Request::delete(&namespace::KIND, &Key::new("", "blue"), DeleteOptions::default())).expect("going");
    let mut evict = put(&pod::KIND, json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "p"}}));
    evict.target.subresource = "eviction";
    let refused = bench.refused(evict);
    let text = "unable to create new content in namespace blue because it is being terminated";
    assert_eq!(refused.message, format!("pods \"p\" is forbidden: {text}"));
    assert_eq!(refused.details.expect("details").causes[0].reason, "NamespaceTerminating");
    let unnamed = put(&pod::KIND, pod_named(&json!({"generateName": "w-"}), &json!({})));
    assert_eq!(bench.refused(unnamed).message, format!("pods \"w-\" is forbidden: {text}"));
}

#[test]
fn pods_use_the_secrets_that_their_account_names_if_it_says_so() {
    let mut bench = Bench::new();
    let mut account = bench::service_account("careful");
    account["metadata"]["annotations"] = json!({"kubernetes.io/enforce-mountable-secrets": "true"});
    account["secrets"] = json!([{"name": "own"}]);
    bench.create(account);
    let pod = |spec: Value| {
        let mut pod = pod_named(&json!({"name": "p"}), &json!({}));
        pod["spec"]["serviceAccountName"] = "careful".into();
        for (field, value) in spec.as_object().into_iter().flatten() {
            pod["spec"][field] = value.clone();
        }
        create(pod)
    };
    let end = |what: &str| format!("is not allowed because service account careful does not reference that {what}");
    let volume = |name: &str| json!({"volumes": [{"name": "v", "secret": {"secretName": name}}]});
    assert_eq!(
        bench.refused(pod(volume("other"))).message,
        format!("pods \"p\" is forbidden: volume with secret.secretName=\"other\" {}", end("secret"))
    );
    let from = json!({"secretKeyRef": {"name": "other", "key": "k"}});
    let container = json!({"name": "c", "image": "x", "env": [{"name": "E", "valueFrom": from}]});
    assert_eq!(
        bench.refused(pod(json!({"containers": [container]}))).message,
        format!(
            "pods \"p\" is forbidden: container c with envVar E referencing secret.secretName=\"other\" {}",
            end("secret")
        )
    );
    assert_eq!(
        bench.refused(pod(json!({"imagePullSecrets": [{"name": "pull"}]}))).message,
        format!("pods \"p\" is forbidden: imagePullSecrets[0].name=\"pull\" {}", end("imagePullSecret"))
    );
    bench.ask(pod(volume("own"))).expect("its own");
    bench.run(Duration::from_secs(1));
    let mirror = json!({"name": "m", "annotations": {"kubernetes.io/config.mirror": "1"}});
    let mut mirror = pod_named(&mirror, &json!({}));
    mirror["spec"]["nodeName"] = "n".into();
    mirror["spec"]["volumes"] = json!([{"name": "v", "secret": {"secretName": "own"}}]);
    assert_eq!(
        bench.refused(create(mirror)).message,
        "pods \"m\" is forbidden: a mirror pod may not reference secrets"
    );
}
