//! The nodes of a recording: how they join, fall silent and come back.

use super::kubelets::Ships;
use crate::api::kinds;
use crate::api::kinds::pod::Pod;
use crate::api::meta::timestamp;
use crate::api::request::PatchType;
use crate::api::{Key, Object, Request};
use crate::cluster::Cx;
use crate::sim::Time;
use serde_json::{Value, json};

/// The conditions of a node that is well: type, status, reason, message.
const WELL: [[&str; 4]; 4] = [
    ["MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"],
    ["DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"],
    ["PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"],
    ["Ready", "True", "KubeletReady", "kubelet is posting ready status"],
];

fn conditions(now: Time) -> Value {
    let now = timestamp(now).0.to_string();
    let one = |[type_, status, reason, message]: [&str; 4]| {
        json!({"type": type_, "status": status, "reason": reason, "message": message, "lastHeartbeatTime": now,
               "lastTransitionTime": now})
    };
    WELL.into_iter().map(one).collect()
}

impl Ships {
    pub(super) fn join(&mut self, cx: &mut Cx, node: &Value, index: usize) {
        let name = node["name"].as_str().expect("a name");
        let sizes = json!({
            "cpu": node["cpu"].as_str().unwrap_or("4"), "memory": node["memory"].as_str().unwrap_or("8Gi"),
            "pods": node["pods"].as_str().unwrap_or("110"), "ephemeral-storage": "100Gi",
        });
        let mut labels = json!({"beta.kubernetes.io/arch": "amd64", "beta.kubernetes.io/os": "linux",
            "kubernetes.io/arch": "amd64", "kubernetes.io/os": "linux", "kubernetes.io/hostname": name});
        for (label, value) in node["labels"].as_object().into_iter().flatten() {
            labels[label] = value.clone();
        }
        let document = json!({
            "apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels},
            "spec": {"taints": node["taints"]},
            "status": {"capacity": sizes, "allocatable": sizes, "conditions": conditions(cx.now()),
                "addresses": [{"type": "InternalIP", "address": format!("10.0.0.{}", 11 + index)},
                    {"type": "Hostname", "address": name}],
                "daemonEndpoints": {"kubeletEndpoint": {"Port": 0}},
                "nodeInfo": {"machineID": format!("m{name}"), "systemUUID": format!("s{name}"),
                    "bootID": format!("b{name}"), "kernelVersion": "6.1.0-32-amd64",
                    "osImage": "Debian GNU/Linux 12 (bookworm)", "containerRuntimeVersion": "containerd://2.0.5",
                    "kubeletVersion": "v1.36.2", "kubeProxyVersion": "", "operatingSystem": "linux",
                    "architecture": "amd64"}},
        });
        let object = (kinds::node::KIND.decode)(document).expect("a node");
        self.client.request(cx, Request::create(object));
        let lease = json!({
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
            "metadata": {"name": name, "namespace": "kube-node-lease"},
            "spec": {"holderIdentity": name, "leaseDurationSeconds": 40, "renewTime": micro(cx.now())},
        });
        let lease = (kinds::lease::KIND.decode)(lease).expect("a lease");
        self.client.request(cx, Request::create(lease));
    }

    /// A renewal of a node's lease; the lease belongs to the node.
    pub(super) fn renewal(&self, node: &str, now: Time) -> Request {
        let key = Key::new("", node);
        let owner = self
            .lookup(&kinds::node::KIND, &key)
            .map(|object| json!([{"apiVersion": "v1", "kind": "Node", "name": node, "uid": object.uid()}]));
        let patch = json!({"metadata": {"ownerReferences": owner}, "spec": {"renewTime": micro(now)}});
        Request::patch(&kinds::lease::KIND, &Key::new("kube-node-lease", node), PatchType::Merge, patch)
    }

    pub fn node_down(&mut self, node: &str) {
        self.down.insert(node.to_owned());
    }

    pub fn node_up(&mut self, cx: &mut Cx, node: &str) {
        self.down.remove(node);
        self.client.request(cx, self.renewal(node, cx.now()));
        let status = json!({"status": {"conditions": conditions(cx.now())}});
        let mut request = Request::patch(&kinds::node::KIND, &Key::new("", node), PatchType::Strategic, status);
        request.target.subresource = "status";
        self.client.request(cx, request);
        let pods: Vec<Object> = self.client.cache(&kinds::pod::KIND).on_node(node).cloned().collect();
        for pod in pods {
            let runs = pod.get::<Pod>().is_some_and(|pod| pod.phase() == "Running");
            if runs && !pod.is_terminating() {
                self.set_ready(cx, &pod, true);
            } else {
                self.see(cx, &pod);
            }
        }
    }
}

/// A timestamp with microseconds, as leases have it.
pub(super) fn micro(now: Time) -> String {
    let second = timestamp(now).0.to_string();
    let micros = now.as_micros().rem_euclid(1_000_000);
    format!("{}.{micros:06}Z", second.trim_end_matches('Z'))
}
