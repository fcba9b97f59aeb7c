//! The attach/detach controller: a volume that a pod needs is attached to the pod's node before it is mounted, and taken
//! off when no pod there needs it any more.
//!
//! Upstream: `pkg/controller/volume/attachdetach` (`attach_detach_controller.go`, `reconciler/reconciler.go`,
//! `statusupdater/node_status_updater.go`) and `pkg/volume/csi/csi_attacher.go`. It does not attach anything itself: it writes a
//! `VolumeAttachment` and waits for the driver's attacher. One look is at one node:
//!
//! ```text
//!   pod on the node ──▶ VolumeAttachment ──▶ attached ──▶ node: status.volumesAttached ──▶ the kubelet mounts
//!   pod gone ──▶ node: status.volumesInUse without it ──▶ volumesAttached without it ──▶ VolumeAttachment deleted
//! ```
//!
//! A volume that only one node may have waits for the other node to let go of it. A kubelet that cannot say so any more is
//! waited for six minutes, or not at all when its node carries the taint `out-of-service`.
//!
//! Left out: volumes of in-tree drivers, pods that the kubelet must tell of uncertain attachments.

use super::shared::pods::has_ended;
use super::shared::{annotation, subject};
use crate::api::document::Document;
use crate::api::kinds::{
    csi_driver, node, persistent_volume as volumes, persistent_volume_claim as claims, pod, pod::Pod,
    volume_attachment as attachments,
};
use crate::api::request::{DeleteOptions, PatchType};
use crate::api::volumes::{BIND_COMPLETED, attaches, csi_driver as driver_of, csi_name, volume_name};
use crate::api::{Key, Object, Ref, Request};
use crate::cluster::client::controller::{Controller, Note, Reconcile, Saying, Tolerate, Wake, Watch, Write};
use crate::cluster::timing;
use crate::sim::hash::stable_hash;
use crate::sim::{Order, Time};
use k8s_openapi::api::core::v1::Node;
use serde_json::{Value, json};
use std::rc::Rc;

/// The controller.
pub static CONTROLLER: Controller = Controller {
    name: "attachdetach-controller",
    account: "attachdetach-controller",
    workers: 1,
    watches: &[
        Watch::mapped(&pod::KIND, wake_by_pod),
        Watch::mapped(&claims::KIND, wake_by_claim),
        Watch::mapped(&attachments::KIND, wake_by_attachment),
        Watch::mapped(&node::KIND, wake_by_node),
        // Read, but their changes wake nobody.
        Watch::mapped(&volumes::KIND, |_, _, _| {}),
        Watch::mapped(&csi_driver::KIND, |_, _, _| {}),
    ],
    period: None,
    retries: 0,
    reconcile,
    failed: None,
};

/// A pod with claims concerns the node that it is bound to.
fn wake_by_pod(wake: &mut Wake, old: Option<&Object>, new: Option<&Object>) {
    let Some(object) = new.or(old) else { return };
    let Some(pod) = object.get::<Pod>() else { return };
    if let Some(node) = pod.node().filter(|_| pod.claims(object.name()).next().is_some()) {
        wake.named(&node::KIND, "", node);
    }
}

/// A claim that has got its volume concerns the nodes of the pods that name it.
fn wake_by_claim(wake: &mut Wake, old: Option<&Object>, new: Option<&Object>) {
    if let Some(claim) = new.filter(|new| old.is_none_or(|old| old.meta().annotations != new.meta().annotations)) {
        wake_users(wake, claim.namespace(), claim.name());
    }
}

/// An attachment concerns its node, and all others that wait for the volume.
fn wake_by_attachment(wake: &mut Wake, old: Option<&Object>, new: Option<&Object>) {
    let Some(wish) = new.or(old).and_then(Object::document) else { return };
    wake.named(&node::KIND, "", wish.text("spec.nodeName"));
    let volume = wake.cache(&volumes::KIND).get(&Key::new("", wish.text("spec.source.persistentVolumeName")));
    if let Some(volume) = volume.filter(|_| new.is_none()).and_then(Object::document) {
        wake_users(wake, volume.text("spec.claimRef.namespace"), volume.text("spec.claimRef.name"));
    }
}

fn wake_users(wake: &mut Wake, namespace: &str, claim: &str) {
    let pods = wake.cache(&pod::KIND).in_namespace(namespace);
    let nodes: Vec<Rc<str>> = pods.filter_map(|object| user_on(object, claim)).collect();
    for node in nodes {
        wake.named(&node::KIND, "", &node);
    }
}

/// The node of a pod that names a claim.
fn user_on(object: &Object, claim: &str) -> Option<Rc<str>> {
    let pod: &Pod = object.get()?;
    pod.node_name.clone().filter(|_| pod.claims(object.name()).any(|name| name == claim))
}

/// A node whose kubelet uses other volumes than before.
fn wake_by_node(wake: &mut Wake, old: Option<&Object>, new: Option<&Object>) {
    let used = |object: Option<&Object>| status(object?).and_then(|status| status.volumes_in_use.clone());
    let tainted = |object: Option<&Object>| object.is_some_and(is_out_of_service);
    if old.is_some() && (new.is_none() || used(old) != used(new) || tainted(old) != tainted(new)) {
        wake.objects(new.or(old));
    }
}

fn status(node: &Object) -> Option<&k8s_openapi::api::core::v1::NodeStatus> {
    node.get::<Node>()?.status.as_ref()
}

fn is_out_of_service(object: &Object) -> bool {
    let taints = object.get::<Node>().and_then(|node| node.spec.as_ref()?.taints.as_deref()).unwrap_or_default();
    taints.iter().any(|taint| taint.key == "node.kubernetes.io/out-of-service")
}

fn is_ready(node: &Object) -> bool {
    let conditions = status(node).and_then(|status| status.conditions.as_deref()).unwrap_or_default();
    conditions.iter().any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

/// The name of an attachment: upstream's is the SHA-256 of the same parts. Upstream: `csi_attacher.go`, `getAttachmentName`.
fn attachment_name(volume: &Object, node: &str) -> String {
    let part = |n: u8| stable_hash(&(csi_name(volume), node, n));
    format!("csi-{:016x}{:016x}{:016x}{:016x}", part(0), part(1), part(2), part(3))
}

/// A volume that pods on a node need.
struct Needed<'a> {
    volume: &'a Object,
    pods: Vec<&'a Object>,
}

fn reconcile(key: &Ref, reconcile: &mut Reconcile) -> Result<(), String> {
    let name = &*key.key.name;
    let node = subject(reconcile, key);
    let needed = needed(name, reconcile);
    forget_told(name, &needed, reconcile);
    let on_node = |wish: &&Object| wish.document().is_some_and(|wish| wish.text("spec.nodeName") == name);
    let wishes: Vec<&Object> = reconcile.cache(&attachments::KIND).iter().filter(on_node).collect();
    let mut trouble = Ok(());
    let (mut attached, mut wanted) = (Vec::new(), Vec::new());
    for need in &needed {
        let wish = wishes.iter().find(|wish| wish.name() == attachment_name(need.volume, name));
        match wish {
            Some(wish) if is_attached(wish) => {
                attached.push(csi_name(need.volume));
                settled(need, (node, wish), reconcile);
            }
            Some(wish) => trouble = trouble.and(wait(need, wish, reconcile)),
            None => wanted.push(need),
        }
    }
    let mut doomed = Vec::new();
    for wish in wishes {
        let of_it = |need: &Needed| attachment_name(need.volume, name) == wish.name();
        if needed.iter().any(of_it) {
            continue;
        }
        match in_use(wish, node, reconcile) {
            Some(volume) => attached.push(volume),
            None => doomed.push(wish),
        }
    }
    report(node, attached, reconcile);
    for wish in doomed.into_iter().filter(|wish| !wish.is_terminating()) {
        let deletion = Request::delete(&attachments::KIND, &wish.key(), DeleteOptions::default());
        reconcile.write(Write::new(deletion).tolerating(Tolerate::NotFound));
    }
    for need in wanted {
        attach(need, name, reconcile);
    }
    trouble
}

/// The volumes that pods on a node need and that have to be attached (upstream: `desired_state_of_world_populator.go`).
fn needed<'a>(node: &str, reconcile: &Reconcile<'a>) -> Vec<Needed<'a>> {
    let mut all: Vec<Needed> = Vec::new();
    for object in reconcile.cache(&pod::KIND).on_node(node) {
        let Some(pod) = object.get::<Pod>().filter(|pod| !has_ended(pod)) else { continue };
        for name in pod.claims(object.name()) {
            let Some(volume) = volume_of(object.namespace(), &name, reconcile) else { continue };
            match all.iter_mut().find(|need| need.volume.name() == volume.name()) {
                Some(need) => need.pods.push(object),
                None => all.push(Needed { volume, pods: vec![object] }),
            }
        }
    }
    all
}

/// The volume of a claim, if it has to be attached.
fn volume_of<'a>(namespace: &str, claim: &str, reconcile: &Reconcile<'a>) -> Option<&'a Object> {
    let claim = reconcile.lookup(&claims::KIND, &Key::new(namespace, claim))?;
    annotation(claim.meta(), BIND_COMPLETED)?;
    let volume = reconcile.lookup(&volumes::KIND, &Key::new("", volume_name(claim)))?;
    let driver = driver_of(volume);
    let known = reconcile.lookup(&csi_driver::KIND, &Key::new("", driver));
    let its = volume.document()?.text("spec.claimRef.uid") == claim.uid();
    (its && !driver.is_empty() && attaches(known)).then_some(volume)
}

fn is_attached(wish: &Object) -> bool {
    let is = |wish: &Document| wish.at("status.attached") == Some(&Value::Bool(true));
    !wish.is_terminating() && wish.document().is_some_and(is)
}

fn attaching(wish: &str) -> Rc<str> {
    format!("attach/{wish}").into()
}

/// The first time that an attachment is seen done is told to the pods.
fn settled(need: &Needed, (node, wish): (Option<&Object>, &Object), reconcile: &mut Reconcile) {
    reconcile.memory.remove(&attaching(wish.name()));
    let reported = node.and_then(status).and_then(|status| status.volumes_attached.as_deref()).unwrap_or_default();
    if !reported.iter().any(|one| one.name == csi_name(need.volume)) {
        let text = format!("AttachVolume.Attach succeeded for volume {:?} ", need.volume.name());
        for pod in &need.pods {
            reconcile.say(Saying::normal(pod, "SuccessfulAttachVolume", text.clone()));
        }
    }
}

/// An attachment that is not done yet (upstream: `csi_attacher.go`, `waitForVolumeAttachment`).
fn wait(need: &Needed, wish: &Object, reconcile: &mut Reconcile) -> Result<(), String> {
    let (now, key) = (reconcile.now(), attaching(wish.name()));
    let error = wish.document().map(|wish| wish.text("status.attachError.message")).unwrap_or_default();
    let until = match reconcile.memory.get(&key) {
        Some(Note::Moment(until)) => *until,
        _ => now + timing::CSI_TIMEOUT,
    };
    reconcile.memory.insert(key.clone(), Note::Moment(until));
    let driver = driver_of(need.volume);
    let why = if !error.is_empty() {
        error.to_owned()
    } else if until <= now {
        let handle = need.volume.document().map(|volume| volume.text("spec.csi.volumeHandle")).unwrap_or_default();
        format!("timed out waiting for external-attacher of {driver} CSI driver to attach volume {handle}")
    } else {
        reconcile.again_after(until.since(now));
        return Ok(());
    };
    reconcile.memory.remove(&key);
    let text = format!("AttachVolume.Attach failed for volume {:?} : {why}", need.volume.name());
    for pod in &need.pods {
        reconcile.say(Saying::warning(pod, "FailedAttachVolume", text.clone()));
    }
    Err(why)
}

/// Before the name of a volume: its pods on a node have been told that another node has it.
fn multi(node: &str) -> String {
    format!("multi/{node}/")
}

/// Pods that come later are told again of a volume that nobody here needed meanwhile (upstream: `SetMultiAttachError`,
/// which lasts as long as the volume is wanted).
fn forget_told(node: &str, needed: &[Needed], reconcile: &mut Reconcile) {
    let prefix: Rc<str> = multi(node).into();
    let known = reconcile.memory.range(prefix.clone()..).map(|(key, _)| key.clone());
    let known = known.take_while(|key| key.starts_with(&*prefix));
    let is_needed = |key: &str| needed.iter().any(|need| key.strip_prefix(&*prefix) == Some(need.volume.name()));
    let over: Vec<Rc<str>> = known.filter(|key| !is_needed(key)).collect();
    for key in over {
        reconcile.memory.remove(&key);
    }
}

/// Asks for an attachment, unless another node has the volume and it may have only one.
fn attach(need: &Needed, node: &str, reconcile: &mut Reconcile) {
    let name = need.volume.name();
    let told: Rc<str> = format!("{}{name}", multi(node)).into();
    let modes = need.volume.document().map(|volume| volume.texts("spec.accessModes")).unwrap_or_default();
    let shared = modes.iter().any(|mode| matches!(*mode, "ReadWriteMany" | "ReadOnlyMany"));
    let elsewhere: Vec<&str> = reconcile
        .cache(&attachments::KIND)
        .iter()
        .filter_map(Object::document)
        .filter(|wish| wish.text("spec.source.persistentVolumeName") == name && wish.text("spec.nodeName") != node)
        .map(|wish| wish.text("spec.nodeName"))
        .collect();
    if shared || elsewhere.is_empty() {
        reconcile.memory.remove(&told);
        let value = json!({"metadata": {"name": attachment_name(need.volume, node)}, "spec": {
            "attacher": driver_of(need.volume), "nodeName": node, "source": {"persistentVolumeName": name}}});
        if let Ok(wish) = Document::read(&attachments::KIND, value) {
            let write = Write::new(Request::create(Object::from_document(wish))).tolerating(Tolerate::AlreadyExists);
            let why = "kubernetes.io/csi: attacher.Attach failed: {error}";
            let text = format!("AttachVolume.Attach failed for volume {name:?} : {why}");
            let failed = need.pods.iter().map(|pod| Saying::warning(pod, "FailedAttachVolume", text.clone()));
            reconcile.write(failed.fold(write, Write::failing));
        }
    } else if reconcile.memory.insert(told, Note::Number(1)).is_none() {
        let others: Vec<&Object> = elsewhere.iter().flat_map(|node| users(need.volume, node, reconcile)).collect();
        for pod in &need.pods {
            let text = format!("Multi-Attach error for volume {name:?} {}", multi_attach(pod.namespace(), &others));
            reconcile.say(Saying::warning(pod, "FailedAttachVolume", text));
        }
    }
}

/// The pods on a node that use a volume.
fn users<'a>(volume: &Object, node: &str, reconcile: &Reconcile<'a>) -> Vec<&'a Object> {
    let Some(tree) = volume.document() else { return Vec::new() };
    let (namespace, claim) = (tree.text("spec.claimRef.namespace"), tree.text("spec.claimRef.name"));
    let pods = reconcile.cache(&pod::KIND).on_node(node).filter(|pod| pod.namespace() == namespace);
    let alive = |object: &&Object| object.get().is_some_and(|pod: &Pod| !has_ended(pod));
    pods.filter(alive).filter(|object| user_on(object, claim).is_some()).collect()
}

/// Who has the volume, as far as it may be told (upstream: `reportMultiAttachError`).
fn multi_attach(namespace: &str, others: &[&Object]) -> String {
    let (own, foreign): (Vec<&Object>, Vec<&Object>) = others.iter().partition(|pod| pod.namespace() == namespace);
    let names: Vec<&str> = own.iter().map(|pod| pod.name()).collect();
    match (names.is_empty(), foreign.len()) {
        (true, 0) => "Volume is already exclusively attached to one node and can't be attached to another".to_owned(),
        (true, count) => format!("Volume is already used by {count} pod(s) in different namespaces"),
        (false, 0) => format!("Volume is already used by pod(s) {}", names.join(", ")),
        (false, count) => {
            format!("Volume is already used by pod(s) {} and {count} pod(s) in different namespaces", names.join(", "))
        }
    }
}

/// The volume of an attachment that nobody needs, as long as the node's kubelet has it mounted.
fn in_use(wish: &Object, node: Option<&Object>, reconcile: &mut Reconcile) -> Option<String> {
    let name = wish.document()?.text("spec.source.persistentVolumeName");
    let volume = csi_name(reconcile.lookup(&volumes::KIND, &Key::new("", name))?);
    let since: Rc<str> = format!("detach/{}", wish.name()).into();
    let used = node.and_then(status).and_then(|status| status.volumes_in_use.as_deref()).unwrap_or_default();
    if wish.is_terminating() || !used.contains(&volume) {
        reconcile.memory.remove(&since);
        return None;
    }
    let now = reconcile.now();
    let until: Time = match reconcile.memory.get(&since) {
        Some(Note::Moment(until)) => *until,
        _ => now + timing::DETACH_TIMEOUT,
    };
    if node.is_some_and(is_out_of_service) || (until <= now && !node.is_some_and(is_ready)) {
        reconcile.memory.remove(&since);
        return None;
    }
    reconcile.memory.insert(since, Note::Moment(until));
    reconcile.again_after(if until <= now { timing::DETACH_LOOK } else { until.since(now) });
    Some(volume)
}

/// Writes which volumes are attached, if the node's status says something else (upstream: `UpdateNodeStatuses`).
fn report(node: Option<&Object>, mut attached: Vec<String>, reconcile: &mut Reconcile) {
    let Some(node) = node else { return };
    attached.order();
    let listed = status(node).and_then(|status| status.volumes_attached.as_deref()).unwrap_or_default();
    let mut before: Vec<String> = listed.iter().map(|one| one.name.clone()).collect();
    before.order();
    if before == attached {
        return;
    }
    let entry = |name: &String| json!({"name": name, "devicePath": ""});
    let all = if attached.is_empty() { Value::Null } else { attached.iter().map(entry).collect() };
    let patch = json!({"status": {"volumesAttached": all}});
    let mut request = Request::patch(&node::KIND, &node.key(), PatchType::Merge, patch);
    request.target.subresource = "status";
    reconcile.write(Write::new(request).tolerating(Tolerate::NotFound));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(namespace: &str, name: &str) -> Object {
        let value = json!({"metadata": {"name": name, "namespace": namespace}, "spec": {"containers": []}});
        (pod::KIND.decode)(value).expect("a pod")
    }

    #[test]
    fn pods_of_other_namespaces_are_only_counted() {
        let (a, b, c) = (pod("shop", "a"), pod("shop", "b"), pod("bank", "c"));
        let text = |others: &[&Object]| multi_attach("shop", others);
        assert_eq!(text(&[]), "Volume is already exclusively attached to one node and can't be attached to another");
        assert_eq!(text(&[&a, &b]), "Volume is already used by pod(s) a, b");
        assert_eq!(text(&[&c]), "Volume is already used by 1 pod(s) in different namespaces");
        assert_eq!(text(&[&a, &c]), "Volume is already used by pod(s) a and 1 pod(s) in different namespaces");
    }
}
