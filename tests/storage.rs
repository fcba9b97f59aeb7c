//! Volumes over time: claims come, are provisioned, attached, mounted, grow and go.

mod common;

use bottle::api::kinds::{
    csi_node, event, node as nodes, persistent_volume as volumes, persistent_volume_claim as claims, pod,
    volume_attachment as attachments,
};
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

/// A cluster with the driver of the examples' menu installed, but for the claim and the pod at its end.
fn with_driver(change: impl Fn(&str) -> String) -> History {
    let text = bottle::examples::find("storage").expect("the example").text();
    let (driver, _) = text.split_once("---\napiVersion: v1\nkind: PersistentVolumeClaim").expect("the claim");
    let mut history = common::three_ships(0);
    after(&mut history, 60, vec![apply(&change(driver))]);
    history
}

/// A claim of a class.
fn claim(name: &str, class: &str, size: &str) -> String {
    let spec = json!({"accessModes": ["ReadWriteOnce"], "storageClassName": class,
        "resources": {"requests": {"storage": size}}});
    json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name}, "spec": spec}).to_string()
}

/// A pod that mounts a claim.
fn user_of(claim: &str, name: &str) -> String {
    let container = json!({"name": "c", "image": "nginx", "volumeMounts": [{"name": "data", "mountPath": "/data"}]});
    let spec = json!({"containers": [container], "terminationGracePeriodSeconds": 0,
        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": claim}}]});
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}).to_string()
}

fn class(name: &str, policy: &str, mode: &str) -> String {
    json!({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": name},
        "provisioner": "hostpath.csi.k8s.io", "reclaimPolicy": policy, "volumeBindingMode": mode})
    .to_string()
}

#[test]
fn a_driver_makes_volumes_when_a_pod_needs_them_and_removes_them_with_their_claims() {
    let mut history = with_driver(str::to_owned);
    after(&mut history, 10, vec![apply(&claim("data", "csi-hostpath", "1Gi"))]);
    let waiting = named(&history, &claims::KIND, "data").expect("the claim");
    assert_eq!(waiting["status"]["phase"], "Pending", "nobody needs it yet");
    assert!(!events(&history, "WaitForFirstConsumer").is_empty());
    after(&mut history, 30, vec![apply(&user_of("data", "web"))]);
    let bound = named(&history, &claims::KIND, "data").expect("the claim");
    let uid = bound["metadata"]["uid"].as_str().expect("a uid");
    assert_eq!(
        (bound["status"]["phase"].as_str(), bound["spec"]["volumeName"].as_str()),
        (Some("Bound"), Some(&*format!("pvc-{uid}")))
    );
    assert_eq!(bound["metadata"]["annotations"]["volume.kubernetes.io/storage-provisioner"], "hostpath.csi.k8s.io");
    let web = named(&history, &pod::KIND, "web").expect("the pod");
    assert_eq!(bound["metadata"]["annotations"]["volume.kubernetes.io/selected-node"], web["spec"]["nodeName"]);
    assert_eq!(web["status"]["phase"], "Running");
    assert_eq!(
        events(&history, "Provisioning"),
        ["External provisioner is provisioning volume for claim \"default/data\""]
    );
    assert_eq!(events(&history, "ProvisioningSucceeded"), [format!("Successfully provisioned volume pvc-{uid}")]);
    let by =
        all(&history, &event::KIND).into_iter().find(|event| event["reason"] == "Provisioning").expect("the event");
    let source = by["source"]["component"].as_str().expect("a source");
    assert!(source.starts_with("hostpath.csi.k8s.io_csi-hostpath-controller-"), "{source}");
    after(&mut history, 60, vec![delete("Pod", "web"), delete("PersistentVolumeClaim", "data")]);
    assert_eq!(all(&history, &volumes::KIND), Vec::<Value>::new());
}

#[test]
fn a_volume_that_is_to_be_kept_stays_when_its_claim_goes() {
    let mut history = with_driver(str::to_owned);
    let keep = [class("keep", "Retain", "Immediate"), claim("data", "keep", "1Gi")];
    after(&mut history, 20, keep.iter().map(|text| apply(text)).collect());
    assert_eq!(named(&history, &claims::KIND, "data").expect("the claim")["status"]["phase"], "Bound");
    after(&mut history, 30, vec![delete("PersistentVolumeClaim", "data")]);
    let left = all(&history, &volumes::KIND);
    assert_eq!(left.len(), 1);
    assert_eq!(left[0]["status"]["phase"], "Released");
}

#[test]
fn more_than_a_driver_has_is_refused_in_its_words() {
    let mut history = with_driver(str::to_owned);
    let much = [class("now", "Delete", "Immediate"), claim("much", "now", "2Ti")];
    after(&mut history, 20, much.iter().map(|text| apply(text)).collect());
    let why = "failed to provision volume with StorageClass \"now\": rpc error: code = OutOfRange desc = Requested capacity \
               2199023255552 exceeds maximum allowed 1099511627776";
    let said = events(&history, "ProvisioningFailed");
    assert!(said.iter().all(|message| message == why) && !said.is_empty(), "{said:?}");
}

#[test]
fn without_its_pods_a_driver_does_nothing() {
    let mut history = with_driver(|text| text.replace("replicas: 1", "replicas: 0"));
    let one = [class("now", "Delete", "Immediate"), claim("data", "now", "1Gi")];
    after(&mut history, 30, one.iter().map(|text| apply(text)).collect());
    assert_eq!(named(&history, &claims::KIND, "data").expect("the claim")["status"]["phase"], "Pending");
    assert!(events(&history, "Provisioning").is_empty());
    assert!(events(&history, "ExternalProvisioning")[0].contains("'hostpath.csi.k8s.io'"));
    // Without the right to make volumes it tries in vain.
    let mut history = with_driver(|text| {
        text.replace("verbs: [get, list, watch, create, patch, delete]", "verbs: [get, list, watch]")
    });
    after(&mut history, 30, one.iter().map(|text| apply(text)).collect());
    assert_eq!(named(&history, &claims::KIND, "data").expect("the claim")["status"]["phase"], "Pending");
    assert!(!events(&history, "Provisioning").is_empty());
}

/// The volumes that a node has attached, and that it uses.
fn of_node(history: &History, name: &str) -> (Vec<String>, Vec<String>) {
    let status = named(history, &nodes::KIND, name).expect("the node")["status"].clone();
    let texts = |list: &Value, of: fn(&Value) -> &Value| -> Vec<String> {
        let all = list.as_array().into_iter().flatten();
        all.map(|one| of(one).as_str().unwrap_or_default().to_owned()).collect()
    };
    (texts(&status["volumesAttached"], |one| &one["name"]), texts(&status["volumesInUse"], |one| one))
}

fn node_of(history: &History, pod: &str) -> String {
    named(history, &pod::KIND, pod).expect("the pod")["spec"]["nodeName"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_volume_is_attached_before_it_is_mounted_and_taken_off_when_the_pod_is_gone() {
    let mut history = with_driver(str::to_owned);
    let drivers = named(&history, &csi_node::KIND, "node-1").expect("the CSINode")["spec"]["drivers"].clone();
    assert_eq!(drivers[0]["name"], "hostpath.csi.k8s.io");
    after(&mut history, 1, vec![apply(&claim("data", "csi-hostpath", "1Gi")), apply(&user_of("data", "web"))]);
    after(&mut history, 2, vec![]);
    let node = node_of(&history, "web");
    assert_eq!(of_node(&history, &node).1, Vec::<String>::new(), "the kubelet has not said yet that it uses it");
    assert_eq!(named(&history, &pod::KIND, "web").expect("the pod")["status"]["phase"], "Pending");
    after(&mut history, 30, vec![]);
    let volume = all(&history, &volumes::KIND).remove(0);
    let (name, handle) =
        (volume["metadata"]["name"].as_str().unwrap_or_default(), volume["spec"]["csi"]["volumeHandle"].as_str());
    let unique = format!("kubernetes.io/csi/hostpath.csi.k8s.io^{}", handle.unwrap_or_default());
    assert_eq!(of_node(&history, &node), (vec![unique.clone()], vec![unique]));
    assert_eq!(named(&history, &pod::KIND, "web").expect("the pod")["status"]["phase"], "Running");
    let wish = all(&history, &attachments::KIND).remove(0);
    assert_eq!((wish["status"]["attached"].as_bool(), wish["spec"]["nodeName"].as_str()), (Some(true), Some(&*node)));
    let finalizers = volume["metadata"]["finalizers"].to_string();
    assert!(finalizers.contains("external-attacher/hostpath-csi-k8s-io"), "{finalizers}");
    assert_eq!(
        events(&history, "SuccessfulAttachVolume"),
        [format!("AttachVolume.Attach succeeded for volume \"{name}\" ")]
    );
    after(&mut history, 40, vec![delete("Pod", "web")]);
    assert_eq!(of_node(&history, &node), (vec![], vec![]));
    assert_eq!(all(&history, &attachments::KIND), Vec::<Value>::new());
    assert_eq!(all(&history, &volumes::KIND).len(), 1, "the claim keeps its volume");
}

#[test]
fn a_volume_for_one_node_waits_for_the_other_to_let_go_of_it() {
    let mut history = with_driver(str::to_owned);
    after(&mut history, 40, vec![apply(&claim("data", "csi-hostpath", "1Gi")), apply(&user_of("data", "first"))]);
    let volume = all(&history, &volumes::KIND).remove(0)["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let first = node_of(&history, "first");
    let node = |name: &str| Input::Cordon { node: name.to_owned(), on: true };
    after(&mut history, 10, vec![node(&first), apply(&user_of("data", "second"))]);
    assert_ne!(node_of(&history, "second"), first);
    let told = events(&history, "FailedAttachVolume");
    assert_eq!(told, [format!("Multi-Attach error for volume \"{volume}\" Volume is already used by pod(s) first")]);
    assert_eq!(named(&history, &pod::KIND, "second").expect("the pod")["status"]["phase"], "Pending");
    // Whoever comes after it on its node is told, too.
    let second = node_of(&history, "second");
    let others =
        all(&history, &nodes::KIND).into_iter().filter_map(|node| Some(node["metadata"]["name"].as_str()?.to_owned()));
    let others: Vec<Input> = others.filter(|name| *name != second).map(|name| node(&name)).collect();
    after(&mut history, 10, others);
    after(&mut history, 10, vec![delete("Pod", "second")]);
    after(&mut history, 10, vec![apply(&user_of("data", "third"))]);
    assert_eq!(events(&history, "FailedAttachVolume").len(), 2);
    after(&mut history, 150, vec![delete("Pod", "first")]);
    assert_eq!(named(&history, &pod::KIND, "third").expect("the pod")["status"]["phase"], "Running");
}

#[test]
fn a_lost_nodes_volume_is_taken_off_after_six_minutes_or_when_somebody_says_that_it_is_off() {
    for told in [false, true] {
        let mut history = with_driver(str::to_owned);
        after(&mut history, 40, vec![apply(&claim("data", "csi-hostpath", "1Gi")), apply(&user_of("data", "web"))]);
        let lost = node_of(&history, "web");
        after(&mut history, 420, vec![Input::Fault { fault: "power".into(), of: lost.clone(), on: true }]);
        assert_eq!(named(&history, &pod::KIND, "web"), None, "it was evicted");
        assert_eq!(all(&history, &attachments::KIND).len(), 1, "its machine may still write");
        if told {
            let taint = json!([{"key": "node.kubernetes.io/out-of-service", "effect": "NoExecute"}]);
            let object = Name { api_version: "v1".into(), kind: "Node".into(), namespace: String::new(), name: lost };
            let patch = json!({"spec": {"taints": taint}}).to_string();
            after(&mut history, 30, vec![Input::Patch { object, patch }]);
        } else {
            after(&mut history, 360, vec![]);
        }
        assert_eq!(all(&history, &attachments::KIND), Vec::<Value>::new());
    }
}

#[test]
fn a_node_without_the_driver_is_told_of_in_its_words() {
    let mut history =
        with_driver(|text| text.replace("tolerations: [{operator: Exists}]", "nodeSelector: {none: such}"));
    let one = [class("now", "Delete", "Immediate"), claim("data", "now", "1Gi"), user_of("data", "web")];
    after(&mut history, 60, one.iter().map(|text| apply(text)).collect());
    let (volume, node) = (all(&history, &volumes::KIND).remove(0), node_of(&history, "web"));
    let volume = volume["metadata"]["name"].as_str().unwrap_or_default();
    let why = format!(
        "AttachVolume.Attach failed for volume \"{volume}\" : CSINode {node} does not contain driver hostpath.csi.k8s.io"
    );
    let told = events(&history, "FailedAttachVolume");
    assert!(!told.is_empty() && told.iter().all(|message| *message == why), "{told:?}");
    // A driver that needs not attach is missed when it should mount.
    let mut history = with_driver(|text| {
        text.replace("tolerations: [{operator: Exists}]", "nodeSelector: {none: such}")
            .replace("attachRequired: true", "attachRequired: false")
    });
    after(&mut history, 60, one.iter().map(|text| apply(text)).collect());
    let told = events(&history, "FailedMount");
    let end = "kubernetes.io/csi: mounter.SetUpAt failed to get CSI client: driver name hostpath.csi.k8s.io not found in the list of registered CSI drivers";
    assert!(
        !told.is_empty()
            && told.iter().all(|message| message.starts_with("MountVolume.SetUp failed") && message.ends_with(end)),
        "{told:?}"
    );
}

#[test]
fn a_driver_with_topology_makes_volumes_for_the_node_of_the_pod() {
    let mut history = with_driver(|text| text.replace("--enable-topology=false", "--enable-topology=true"));
    after(&mut history, 40, vec![apply(&claim("data", "csi-hostpath", "1Gi")), apply(&user_of("data", "web"))]);
    let node = node_of(&history, "web");
    assert_eq!(
        named(&history, &nodes::KIND, &node).expect("the node")["metadata"]["labels"]["topology.hostpath.csi/node"],
        *node
    );
    let volume = all(&history, &volumes::KIND).remove(0);
    let term = &volume["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"][0]["matchExpressions"][0];
    assert_eq!((&term["key"], &term["values"]), (&json!("topology.hostpath.csi/node"), &json!([node])));
    assert_eq!(named(&history, &pod::KIND, "web").expect("the pod")["status"]["phase"], "Running");
}

/// Asks for more.
fn grow(claim: &str, size: &str) -> Input {
    let object = Name {
        api_version: "v1".into(),
        kind: "PersistentVolumeClaim".into(),
        namespace: "default".into(),
        name: claim.into(),
    };
    Input::Patch { object, patch: json!({"spec": {"resources": {"requests": {"storage": size}}}}).to_string() }
}

#[test]
fn a_claim_grows_by_its_resizer_and_the_kubelet() {
    let mut history = with_driver(str::to_owned);
    after(&mut history, 40, vec![apply(&claim("data", "csi-hostpath", "1Gi")), apply(&user_of("data", "web"))]);
    let name = all(&history, &volumes::KIND).remove(0)["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let node = node_of(&history, "web");
    after(&mut history, 2, vec![grow("data", "2Gi")]);
    let claim = named(&history, &claims::KIND, "data").expect("the claim");
    let conditions = claim["status"]["conditions"].as_array().expect("conditions").iter();
    let kinds: Vec<&Value> = conditions.map(|condition| &condition["type"]).collect();
    assert_eq!(kinds, ["Resizing", "FileSystemResizePending"]);
    assert_eq!(
        (&claim["status"]["capacity"]["storage"], &all(&history, &volumes::KIND)[0]["spec"]["capacity"]["storage"]),
        (&json!("1Gi"), &json!("2Gi"))
    );
    assert_eq!(claim["status"]["allocatedResourceStatuses"]["storage"], "NodeResizePending");
    assert_eq!(events(&history, "ExternalExpanding"), ["waiting for an external controller to expand this PVC"]);
    assert_eq!(events(&history, "Resizing"), [format!("External resizer is resizing volume {name}")]);
    assert_eq!(events(&history, "FileSystemResizeRequired"), ["Require file system resize of volume on node"]);
    after(&mut history, 70, vec![]);
    let claim = named(&history, &claims::KIND, "data").expect("the claim");
    assert_eq!(claim["status"]["capacity"]["storage"], "2Gi");
    assert!(claim["status"].get("conditions").is_none() && claim["status"].get("allocatedResourceStatuses").is_none());
    let done = format!("MountVolume.NodeExpandVolume succeeded for volume \"{name}\" {node}");
    assert_eq!(events(&history, "FileSystemResizeSuccessful"), [done.clone(), done], "of the pod and of the claim");
    // A class that does not allow it.
    let fixed = [class("fixed", "Delete", "Immediate"), crate::claim("other", "fixed", "1Gi")];
    after(&mut history, 20, fixed.iter().map(|text| apply(text)).collect());
    after(&mut history, 5, vec![grow("other", "2Gi")]);
    assert_eq!(
        named(&history, &claims::KIND, "other").expect("the claim")["spec"]["resources"]["requests"]["storage"],
        "1Gi"
    );
}

#[test]
fn what_the_driver_cannot_have_is_said_in_the_claim_and_tried_again_seldom() {
    let mut history = with_driver(str::to_owned);
    after(&mut history, 40, vec![apply(&claim("data", "csi-hostpath", "1Gi")), apply(&user_of("data", "web"))]);
    let volume = all(&history, &volumes::KIND).remove(0)["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    after(&mut history, 60, vec![grow("data", "2Ti")]);
    let status = named(&history, &claims::KIND, "data").expect("the claim")["status"].clone();
    assert_eq!(status["allocatedResourceStatuses"]["storage"], "ControllerResizeInfeasible");
    assert_eq!(status["allocatedResources"]["storage"], "2Ti");
    let why =
        "rpc error: code = OutOfRange desc = Requested capacity 2199023255552 exceeds maximum allowed 1099511627776";
    assert_eq!(status["conditions"][1]["type"], "ControllerResizeError");
    assert_eq!(status["conditions"][1]["message"], format!("failed to expand pvc with {why}"));
    let told = format!("resize volume \"{volume}\" by resizer \"hostpath.csi.k8s.io\" failed: {why}");
    assert_eq!(events(&history, "VolumeResizeFailed"), [told]);
    let count = all(&history, &event::KIND).into_iter().find(|event| event["reason"] == "VolumeResizeFailed");
    assert_eq!(count.expect("the event")["count"], 2, "once more after a second, then after five minutes");
    // Who wants less than that gets it.
    after(&mut history, 2, vec![grow("data", "3Gi")]);
    let status = named(&history, &claims::KIND, "data").expect("the claim")["status"].clone();
    assert_eq!(status["allocatedResourceStatuses"]["storage"], "NodeResizePending");
    assert_eq!(status["allocatedResources"]["storage"], "3Gi");
}

#[test]
fn a_volume_to_be_recycled_is_emptied_by_a_pod_and_can_be_had_again() {
    let mut history = common::three_ships(5);
    let volume = "apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: old}\nspec:\n  accessModes: [ReadWriteOnce]\n  \
                  capacity: {storage: 1Gi}\n  hostPath: {path: /srv/data}\n  persistentVolumeReclaimPolicy: Recycle\n";
    let claim = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data}\nspec:\n  storageClassName: ''\n  \
                 accessModes: [ReadWriteOnce]\n  resources: {requests: {storage: 1Gi}}\n";
    after(&mut history, 20, vec![apply(volume), apply(claim)]);
    assert_eq!(named(&history, &volumes::KIND, "old").expect("it is there")["status"]["phase"], "Bound");
    after(&mut history, 2, vec![delete("PersistentVolumeClaim", "data")]);
    let pod = named(&history, &pod::KIND, "recycler-for-old").expect("it empties the volume");
    assert_eq!(pod["spec"]["containers"][0]["name"], "pv-recycler");
    after(&mut history, 60, vec![]);
    assert!(named(&history, &pod::KIND, "recycler-for-old").is_none());
    let volume = named(&history, &volumes::KIND, "old").expect("it stays");
    assert_eq!((&volume["status"]["phase"], &volume["spec"]["claimRef"]), (&json!("Available"), &Value::Null));
    assert_eq!(events(&history, "VolumeRecycled"), ["Volume recycled"]);
    assert!(events(&history, "VolumeFailedRecycle").is_empty());
}
