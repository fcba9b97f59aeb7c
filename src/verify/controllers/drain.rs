//! Commands of more than one request: `drain`, `create job --from`, `certificate approve` and `deny`.

use super::steps::{create, evict};
use super::world::World;
use crate::api::Key;
use crate::api::base64;
use crate::api::kinds::{self, pod};
use crate::api::meta::controller_of;
use crate::api::request::PatchType;
use crate::api::{Object, Request};
use crate::sim::Duration;
use serde_json::{Value, json};

/// `drain NODE`: cordons it and evicts what is on it; what a budget refuses is tried again every five seconds.
pub fn drain(world: &mut World, node: &str, options: &[&str]) {
    let key = Key::new("", node);
    let patch = json!({"spec": {"unschedulable": true}});
    world.send(Request::patch(&kinds::node::KIND, &key, PatchType::Merge, patch));
    world.after(Duration::from_millis(100));
    let ignored = options.contains(&"--ignore-daemonsets");
    let limit = options.iter().find_map(|option| option.strip_prefix("--timeout=")?.strip_suffix('s')?.parse().ok());
    let on_node = world.ships.on_node(node);
    let of_daemon = |pod: &&Object| controller_of(pod.meta()).is_some_and(|owner| owner.kind == "DaemonSet");
    if !ignored && on_node.iter().any(|pod| of_daemon(&pod)) {
        return;
    }
    let mut left: Vec<String> = on_node.iter().filter(|pod| !of_daemon(pod)).map(|pod| pod.name().to_owned()).collect();
    let mut waited = 0;
    while !left.is_empty() {
        let sent: Vec<(String, u64)> = left.into_iter().map(|pod| (pod.clone(), evict(world, &pod))).collect();
        world.after(Duration::from_millis(100));
        let refused = |world: &World, id| world.answer(id).is_some_and(|(code, _)| *code == 429);
        left = sent.into_iter().filter(|(_, id)| refused(world, *id)).map(|(pod, _)| pod).collect();
        waited += 5;
        if left.is_empty() || limit.is_some_and(|limit: u64| waited >= limit) {
            break;
        }
        world.after(Duration::from_secs(5));
    }
}

/// `create job NAME --from=cronjob/CRON`.
pub fn job_from(world: &mut World, name: &str, from: &str) -> Option<()> {
    let cron = world.ships.lookup(&kinds::cron_job::KIND, &Key::new("demo", from))?;
    let template = cron.to_value()["spec"]["jobTemplate"].clone();
    let mut annotations = template["metadata"]["annotations"].clone();
    annotations["cronjob.kubernetes.io/instantiate"] = "manual".into();
    let owner =
        json!({"apiVersion": "batch/v1", "kind": "CronJob", "name": from, "uid": cron.uid(), "controller": true});
    let job = json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": {"name": name, "annotations": annotations, "labels": template["metadata"]["labels"],
            "ownerReferences": [owner]},
        "spec": template["spec"],
    });
    let request = create(&job).ok()?;
    world.send(request);
    Some(())
}

/// A request for a certificate, as the recorder made them: only the names in it count.
pub fn certificate_request(what: &Value) -> Value {
    let block = |tag: u8, content: Vec<u8>| [vec![tag, u8::try_from(content.len()).unwrap_or(0)], content].concat();
    let part = |id: u8, text: &str| {
        let pair = [block(6, vec![0x55, 4, id]), block(12, text.as_bytes().to_vec())].concat();
        block(0x31, block(0x30, pair))
    };
    let organizations = what["o"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let mut names: Vec<u8> = organizations.flat_map(|name| part(10, name)).collect();
    names.extend(part(3, what["cn"].as_str().unwrap_or_default()));
    let text = base64::encode(&block(0x30, block(0x30, names)));
    let pem = format!("-----BEGIN CERTIFICATE REQUEST-----\n{text}\n-----END CERTIFICATE REQUEST-----\n");
    let mut spec =
        json!({"request": base64::encode(pem.as_bytes()), "signerName": what["signer"], "usages": what["usages"]});
    if !what["expirationSeconds"].is_null() {
        spec["expirationSeconds"] = what["expirationSeconds"].clone();
    }
    json!({"apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest",
        "metadata": {"name": what["name"]}, "spec": spec})
}

/// `certificate approve` or `deny`.
pub fn judge(world: &mut World, name: &str, approve: bool) -> Option<()> {
    let key = Key::new("", name);
    let mut object = world.ships.lookup(&kinds::certificate_signing_request::KIND, &key)?;
    let now = crate::api::meta::timestamp(world.kernel.now()).0.to_string();
    let (kind, reason, judged) =
        if approve { ("Approved", "KubectlApprove", "approved") } else { ("Denied", "KubectlDeny", "denied") };
    let deed = if approve { "approve" } else { "deny" };
    let condition = json!({"type": kind, "status": "True", "reason": reason, "lastUpdateTime": now,
        "message": format!("This CSR was {judged} by kubectl certificate {deed}."), "lastTransitionTime": now});
    object.document_mut()?.set("status.conditions", json!([condition]));
    let mut request = Request::update_status(object);
    request.target.subresource = "approval";
    world.send(request);
    Some(())
}

impl super::kubelets::Ships {
    fn on_node(&self, node: &str) -> Vec<Object> {
        let bound = |object: &&Object| object.get().is_some_and(|pod: &pod::Pod| pod.node() == Some(node));
        self.cache(&pod::KIND).filter(bound).cloned().collect()
    }
}
