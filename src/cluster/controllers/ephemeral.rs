//! The ephemeral volume controller: each generic ephemeral volume of a pod gets a claim of its own, which goes with the pod.
//!
//! Upstream: `pkg/controller/volume/ephemeral/controller.go`. The claim is called `<pod>-<volume>` and made from the volume's
//! template; the pod owns it, so that the garbage collector takes it away. A claim of that name that is not the pod's is
//! left alone: the pod has to wait until somebody removes it.

use super::shared::subject;
use crate::api::document::Document;
use crate::api::json::fields;
use crate::api::kinds::{persistent_volume_claim as claims, pod, pod::Pod, serialize};
use crate::api::meta::{controller_of, controller_ref};
use crate::api::{Key, Object, Ref, Request};
use crate::cluster::client::controller::{Controller, Reconcile, Saying, Wake, Watch, Write};
use serde_json::Value;

/// The controller.
pub static CONTROLLER: Controller = Controller {
    name: "ephemeral_volume",
    account: "ephemeral-volume-controller",
    workers: 5,
    watches: &[Watch::mapped(&pod::KIND, wake_by_pod), Watch::mapped(&claims::KIND, wake_by_claim)],
    period: None,
    retries: 0,
    reconcile,
    failed: None,
};

/// A pod's spec never changes: only its coming matters.
fn wake_by_pod(wake: &mut Wake, old: Option<&Object>, new: Option<&Object>) {
    let Some(object) = new.filter(|new| old.is_none_or(|old| old.uid() != new.uid())) else { return };
    let pod: Option<&Pod> = object.get();
    if pod.is_some_and(|pod| pod.spec.volumes.iter().flatten().any(|volume| volume.ephemeral.is_some())) {
        wake.object(object);
    }
}

/// A claim that somebody has deleted is made again.
fn wake_by_claim(wake: &mut Wake, old: Option<&Object>, new: Option<&Object>) {
    let Some(claim) = old.filter(|_| new.is_none()) else { return };
    let names_it = |object: &&Object| {
        let pod: Option<&Pod> = object.get();
        pod.is_some_and(|pod| claims_of(object, pod).any(|(_, _, name)| name == claim.name()))
    };
    wake.objects(wake.cache(&pod::KIND).in_namespace(claim.namespace()).filter(names_it));
}

/// The ephemeral volumes of a pod: place in the spec, name, and name of the claim (upstream: `VolumeClaimName`).
fn claims_of<'a>(object: &'a Object, pod: &'a Pod) -> impl Iterator<Item = (usize, &'a str, String)> {
    let ephemeral = pod.spec.volumes.iter().flatten().enumerate().filter(|(_, volume)| volume.ephemeral.is_some());
    ephemeral.map(|(index, volume)| (index, &*volume.name, format!("{}-{}", object.name(), volume.name)))
}

fn reconcile(key: &Ref, reconcile: &mut Reconcile) -> Result<(), String> {
    let Some(object) = subject(reconcile, key).filter(|object| !object.is_terminating()) else { return Ok(()) };
    let Some(pod) = object.get::<Pod>() else { return Ok(()) };
    for (index, volume, name) in claims_of(object, pod) {
        let say = |why: &str| Saying::warning(object, "FailedBinding", format!("ephemeral volume {volume}: {why}"));
        match reconcile.lookup(&claims::KIND, &Key::new(object.namespace(), &name)) {
            Some(claim) if controller_of(claim.meta()).is_some_and(|owner| owner.uid == object.uid()) => {}
            Some(_) => {
                let (namespace, pod) = (object.namespace(), object.name());
                let why =
                    format!("PVC {namespace}/{name} was not created for pod {namespace}/{pod} (pod is not owner)");
                reconcile.say(say(&why));
                return Err(format!("pod {}, ephemeral volume {volume}: {why}", object.key()));
            }
            None => {
                let Some(claim) = made(object, index, &name) else { continue };
                let failed = say(&format!("create PVC {name}: {{error}}"));
                reconcile.write(Write::new(Request::create(claim)).failing(failed));
            }
        }
    }
    Ok(())
}

/// The claim of the volume at a place in the pod's spec.
fn made(pod: &Object, index: usize, name: &str) -> Option<Object> {
    let mut value = pod.to_value();
    let template = value.pointer_mut(&format!("/spec/volumes/{index}/ephemeral/volumeClaimTemplate"))?;
    let mut metadata = fields([("name", name.into()), ("namespace", pod.namespace().into())]);
    metadata.insert("ownerReferences".to_owned(), Value::Array(vec![serialize(&controller_ref(pod))]));
    for part in ["labels", "annotations"] {
        if let Some(given) = template["metadata"].get(part) {
            metadata.insert(part.to_owned(), given.clone());
        }
    }
    let claim = fields([("metadata", Value::Object(metadata)), ("spec", template["spec"].take())]);
    Some(Object::from_document(Document::read(&claims::KIND, Value::Object(claim)).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Kind;
    use serde_json::json;

    #[test]
    fn a_claim_has_the_names_the_owner_and_what_the_template_says() {
        let template = json!({"metadata": {"labels": {"tier": "scratch"}},
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}});
        let volumes =
            json!([{"name": "tmp", "emptyDir": {}}, {"name": "data", "ephemeral": {"volumeClaimTemplate": template}}]);
        let pod = json!({"metadata": {"name": "web", "namespace": "shop", "uid": "u"},
            "spec": {"containers": [{"name": "c", "image": "nginx"}], "volumes": volumes}});
        let pod = (Kind::find("v1", "Pod").expect("a kind").decode)(pod).expect("a pod");
        let all: Vec<_> = claims_of(&pod, pod.get().expect("a pod")).collect();
        assert_eq!(all, [(1, "data", "web-data".to_owned())]);
        let claim = made(&pod, 1, "web-data").expect("a claim").to_value();
        assert_eq!(claim["metadata"]["labels"], json!({"tier": "scratch"}));
        let owner = json!([{"apiVersion": "v1", "kind": "Pod", "name": "web", "uid": "u", "controller": true,
            "blockOwnerDeletion": true}]);
        assert_eq!(claim["metadata"]["ownerReferences"], owner);
        assert_eq!(claim["spec"]["resources"]["requests"]["storage"], "1Gi");
    }
}
