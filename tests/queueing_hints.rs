//! Which events wake a pod that a plugin has refused: for each plugin changes that may help, and changes that cannot.

use bottle::api::kinds::{persistent_volume, persistent_volume_claim, storage_class};
use bottle::api::{Kind, Object};
use bottle::cluster::scheduler::events::{Action, Change, Resource};
use bottle::cluster::scheduler::framework::Profile;
use bottle::cluster::scheduler::pod::PodInfo;
use serde_json::{Value, json};

fn object(api_version: &str, kind: &str, mut value: Value) -> Object {
    value["metadata"]["name"] = value["metadata"]["name"].as_str().unwrap_or("n").into();
    let kind = Kind::find(api_version, kind).expect("a kind");
    let mut object = (kind.decode)(value).expect("an object");
    if kind.namespaced {
        object.meta_mut().namespace.get_or_insert_with(|| "default".to_owned());
    }
    object
}

fn node(spec: &Value, cpu: &str, memory: &str) -> Object {
    let status = json!({"allocatable": {"cpu": cpu, "memory": memory, "pods": "10"}});
    object("v1", "Node", json!({"metadata": {"labels": {"disk": "ssd"}}, "spec": spec, "status": status}))
}

fn pod(uid: &str, spec: &Value) -> Object {
    let mut spec = spec.clone();
    if spec["containers"].is_null() {
        spec["containers"] = json!([{}]);
    }
    spec["containers"][0]["name"] = json!("c");
    object("v1", "Pod", json!({"metadata": {"name": uid, "uid": uid}, "spec": spec}))
}

/// A pod with such a container, which is on a node or not.
fn other(container: &Value, on: Option<&str>) -> Object {
    pod("other", &json!({"nodeName": on, "containers": [container]}))
}

fn requests(cpu: &str, memory: &str) -> Value {
    json!({"resources": {"requests": {"cpu": cpu, "memory": memory}}})
}

/// Whether the plugin, having refused the pod, would have it tried again after such a change.
fn wakes(
    plugin: &str,
    waiting: &Object,
    event: (Resource, Action),
    old: Option<&Object>,
    new: Option<&Object>,
) -> bool {
    let (profile, info) = (Profile::default(), PodInfo::new(waiting).expect("a pod"));
    let change = Change::new(event.0, event.1, old, new);
    let interests = profile.plugin(plugin).expect("a plugin").interests();
    interests.iter().any(|interest| interest.covers(change.event) && (interest.hint)(&info, &change))
}

const NODE_ADD: (Resource, Action) = (Resource::Node, Action::ADD);
const NODE_TAINT: (Resource, Action) = (Resource::Node, Action::NODE_TAINT);
const POD_DELETE: (Resource, Action) = (Resource::AssignedPod, Action::DELETE);

#[test]
fn cordons_and_taints() {
    let waiting = pod("p", &json!({}));
    let (free, cordoned) = (node(&json!({}), "1", "1Gi"), node(&json!({"unschedulable": true}), "1", "1Gi"));
    assert!(wakes("NodeUnschedulable", &waiting, NODE_ADD, None, Some(&free)));
    assert!(!wakes("NodeUnschedulable", &waiting, NODE_ADD, None, Some(&cordoned)));
    assert!(wakes("NodeUnschedulable", &waiting, NODE_TAINT, Some(&cordoned), Some(&free)));
    assert!(!wakes("NodeUnschedulable", &waiting, NODE_TAINT, Some(&free), Some(&free)));
    let tainted = node(&json!({"taints": [{"key": "k", "effect": "NoSchedule"}]}), "1", "1Gi");
    assert!(wakes("TaintToleration", &waiting, NODE_TAINT, Some(&tainted), Some(&free)));
    assert!(wakes("TaintToleration", &waiting, NODE_ADD, None, Some(&free)));
    assert!(!wakes("TaintToleration", &waiting, NODE_ADD, None, Some(&tainted)));
    assert!(!wakes("TaintToleration", &waiting, NODE_TAINT, Some(&free), Some(&tainted)));
    let tolerant = pod("p", &json!({"tolerations": [{"operator": "Exists"}]}));
    let tolerates = (Resource::UnschedulablePod, Action::POD_TOLERATIONS);
    for plugin in ["NodeUnschedulable", "TaintToleration"] {
        assert!(wakes(plugin, &tolerant, tolerates, Some(&waiting), Some(&tolerant)), "{plugin}");
        assert!(!wakes(plugin, &pod("q", &json!({})), tolerates, Some(&waiting), Some(&tolerant)), "{plugin}");
    }
}

#[test]
fn names_labels_and_ports_of_nodes() {
    let ssd = node(&json!({}), "1", "1Gi");
    let named = pod("p", &json!({"nodeName": "n"}));
    assert!(wakes("NodeName", &named, NODE_ADD, None, Some(&ssd)));
    let relabelled = (Resource::Node, Action::NODE_LABEL);
    assert!(!wakes("NodeName", &named, relabelled, Some(&ssd), Some(&ssd)));
    let bare = object("v1", "Node", json!({}));
    let choosy = pod("p", &json!({"nodeSelector": {"disk": "ssd"}}));
    assert!(wakes("NodeAffinity", &choosy, relabelled, Some(&bare), Some(&ssd)));
    assert!(!wakes("NodeAffinity", &choosy, relabelled, Some(&ssd), Some(&ssd)), "it matched before");
    assert!(!wakes("NodeAffinity", &choosy, NODE_ADD, None, Some(&bare)));
    let port = |number: u16| json!({"ports": [{"containerPort": 80, "hostPort": number}]});
    let wanting = pod("p", &json!({"containers": [port(80)]}));
    assert!(wakes("NodePorts", &wanting, POD_DELETE, Some(&other(&port(80), Some("n"))), None));
    assert!(!wakes("NodePorts", &wanting, POD_DELETE, Some(&other(&port(81), Some("n"))), None));
    assert!(!wakes("NodePorts", &wanting, POD_DELETE, Some(&other(&port(80), None)), None), "it was on no node");
    assert!(wakes("NodePorts", &wanting, NODE_ADD, None, Some(&ssd)));
}

#[test]
fn resources() {
    let waiting = pod("p", &json!({"containers": [{"resources": {"requests": {"cpu": "2"}}}]}));
    let fit = |event, old: Option<&Object>, new: Option<&Object>| wakes("NodeResourcesFit", &waiting, event, old, new);
    assert!(fit(POD_DELETE, Some(&other(&json!({}), Some("n"))), None));
    assert!(!fit(POD_DELETE, Some(&other(&json!({}), None)), None), "it was on no node");
    let less = (Resource::AssignedPod, Action::POD_SCALE_DOWN);
    let (big, small) = (other(&requests("2", "2Gi"), Some("n")), other(&requests("1", "2Gi"), Some("n")));
    assert!(fit(less, Some(&big), Some(&small)));
    assert!(!fit(less, Some(&big), Some(&other(&requests("2", "1Gi"), Some("n")))), "it asks for no memory");
    let (large, tiny) = (node(&json!({}), "4", "1Gi"), node(&json!({}), "1", "1Gi"));
    assert!(fit(NODE_ADD, None, Some(&large)));
    assert!(!fit(NODE_ADD, None, Some(&tiny)));
    let grown = (Resource::Node, Action::NODE_ALLOCATABLE);
    assert!(fit(grown, Some(&tiny), Some(&large)));
    assert!(!fit(grown, Some(&large), Some(&node(&json!({}), "4", "2Gi"))), "only the memory has grown");
    assert!(!fit((Resource::Node, Action::NODE_LABEL), Some(&tiny), Some(&large)));
}

#[test]
fn gates() {
    let (gated, free) = (pod("p", &json!({"schedulingGates": [{"name": "g"}]})), pod("p", &json!({})));
    let opened = (Resource::UnschedulablePod, Action::POD_GATES_ELIMINATED);
    assert!(wakes("SchedulingGates", &free, opened, Some(&gated), Some(&free)));
    assert!(!wakes("SchedulingGates", &pod("q", &json!({})), opened, Some(&gated), Some(&free)));
    assert!(!wakes(
        "SchedulingGates",
        &free,
        (Resource::UnschedulablePod, Action::POD_LABEL),
        Some(&gated),
        Some(&free)
    ));
}

#[test]
fn volumes() {
    let volumes = json!([{"name": "v", "persistentVolumeClaim": {"claimName": "mine"}}]);
    let waiting = pod("p", &json!({"volumes": volumes}));
    let claim = |name: &str| object("v1", "PersistentVolumeClaim", json!({"metadata": {"name": name}, "spec": {}}));
    let claimed = (Resource::Other(&persistent_volume_claim::KIND), Action::ADD);
    for plugin in ["VolumeBinding", "VolumeRestrictions", "VolumeZone", "NodeVolumeLimits"] {
        assert!(wakes(plugin, &waiting, claimed, None, Some(&claim("mine"))), "{plugin}");
        assert!(!wakes(plugin, &waiting, claimed, None, Some(&claim("another"))), "{plugin}");
    }
    let user = pod("other", &json!({"nodeName": "n", "volumes": volumes}));
    assert!(wakes("VolumeRestrictions", &waiting, POD_DELETE, Some(&user), None));
    assert!(!wakes("VolumeRestrictions", &waiting, POD_DELETE, Some(&other(&json!({}), Some("n"))), None));
    let volume = object("v1", "PersistentVolume", json!({"spec": {}}));
    let come = (Resource::Other(&persistent_volume::KIND), Action::ADD);
    assert!(wakes("VolumeBinding", &waiting, come, None, Some(&volume)));
    assert!(!wakes("VolumeRestrictions", &waiting, come, None, Some(&volume)));
    let class = |topologies: &Value| {
        let value = json!({"provisioner": "p", "allowedTopologies": topologies});
        object("storage.k8s.io/v1", "StorageClass", value)
    };
    let term = json!([{"matchLabelExpressions": [{"key": "zone", "values": ["a"]}]}]);
    let updated = (Resource::Other(&storage_class::KIND), Action::UPDATE);
    assert!(wakes("VolumeBinding", &waiting, updated, Some(&class(&json!([]))), Some(&class(&term))));
    assert!(!wakes("VolumeBinding", &waiting, updated, Some(&class(&term)), Some(&class(&term))));
}
