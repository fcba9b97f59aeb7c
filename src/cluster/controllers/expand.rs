//! The expand controller: a claim that wants more than it has is left to the resizer of its volume's driver.
//!
//! Upstream: `pkg/controller/volume/expand/expand_controller.go`, `syncHandler`.
//!
//! Left out: volumes that the controller manager could expand itself: it has no such plugin any more.

use super::shared::{annotation, subject};
use crate::api::kinds::{persistent_volume as volumes, persistent_volume_claim as claims};
use crate::api::request::PatchType;
use crate::api::volumes::{MIGRATED, volume_name, wanted};
use crate::api::{Key, Object, Ref, Request};
use crate::cluster::client::controller::{Controller, Reconcile, Saying, Wake, Watch, Write};
use serde_json::json;

/// The controller.
pub static CONTROLLER: Controller = Controller {
    name: "volume_expand",
    account: "expand-controller",
    workers: 10,
    watches: &[Watch::mapped(&claims::KIND, wake_by_claim)],
    period: None,
    retries: 0,
    reconcile,
    failed: None,
};

/// Where the claim of a volume of an old sort names who makes it larger. Upstream: `util.VolumeResizerKey`.
const RESIZER: &str = "volume.kubernetes.io/storage-resizer";

/// Only a bound claim that is new or has grown.
fn wake_by_claim(wake: &mut Wake, old: Option<&Object>, new: Option<&Object>) {
    let bound = |claim: &&Object| claim.document().is_some_and(|claim| claim.text("status.phase") == "Bound");
    wake.objects(new.filter(|new| old.is_none_or(|old| has_grown(old, new))).filter(bound));
}

fn has_grown(old: &Object, new: &Object) -> bool {
    wanted(new) > wanted(old) || has(new) > has(old)
}

fn has(claim: &Object) -> i64 {
    claim.document().map_or(0, |claim| claim.amount("status.capacity.storage"))
}

/// The volume is read from the API server itself.
fn reconcile(key: &Ref, reconcile: &mut Reconcile) -> Result<(), String> {
    let Some(claim) = subject(reconcile, key) else { return Ok(()) };
    let name = volume_name(claim);
    let volume = match reconcile.ask(&volumes::KIND, &Key::new("", name)) {
        None => return Ok(()),
        Some(Err(status)) => return Err(format!("failed to get PV {name:?}: {}", status.message)),
        Some(Ok(volume)) => volume,
    };
    let Some(tree) = volume.document() else { return Ok(()) };
    if tree.text("spec.claimRef.namespace") != claim.namespace() || tree.text("spec.claimRef.uid") != claim.uid() {
        return Err(format!("persistent Volume is not bound to PVC being updated : {}", key.key));
    }
    if wanted(claim) <= has(claim) {
        return Ok(());
    }
    let of_old = MIGRATED.iter().find(|(source, _, _)| tree.at(&format!("spec.{source}")).is_some());
    let Some((_, plugin, driver)) = of_old else {
        let text = "waiting for an external controller to expand this PVC";
        reconcile.say(Saying::normal(claim, "ExternalExpanding", text));
        return Ok(());
    };
    let text = format!("CSI migration enabled for {plugin}; waiting for external resizer to expand the pvc");
    reconcile.say(Saying::normal(claim, "ExternalExpanding", text));
    if annotation(claim.meta(), RESIZER) != Some(*driver) {
        let patch = json!({"metadata": {"annotations": {RESIZER: driver}}});
        let mut request = Request::patch(&claims::KIND, &claim.key(), PatchType::Strategic, patch);
        request.target.subresource = "status";
        let failed = format!("error setting resizer annotation to pvc {}, with error {{error}}", key.key);
        reconcile.write(Write::new(request).failing(Saying::warning(claim, "ExternalExpanding", failed)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::client::testing::{Heard, asked};

    fn claim(wants: &str, has: &str) -> Object {
        let value = json!({"metadata": {"name": "c", "namespace": "n", "uid": "u"},
            "spec": {"volumeName": "v", "resources": {"requests": {"storage": wants}}},
            "status": {"capacity": {"storage": has}}});
        (claims::KIND.decode)(value).expect("a claim")
    }

    #[test]
    fn only_what_is_wanted_or_had_more_is_news() {
        let before = claim("1Gi", "1Gi");
        assert!(has_grown(&before, &claim("2Gi", "1Gi")) && has_grown(&before, &claim("1Gi", "2Gi")));
        assert!(!has_grown(&before, &claim("1024Mi", "1Gi")));
    }

    #[test]
    fn a_volume_of_an_old_sort_is_its_drivers_to_expand() {
        let heard = |source: &str, uid: &str, has: &str| -> Heard {
            let spec = json!({source: {}, "claimRef": {"namespace": "n", "name": "c", "uid": uid}});
            let volume = (volumes::KIND.decode)(json!({"metadata": {"name": "v"}, "spec": spec})).expect("a volume");
            let claim = claim("2Gi", has);
            asked(&CONTROLLER, std::slice::from_ref(&claim), &claim.reference(), &volume)
        };
        let plain = heard("csi", "u", "1Gi");
        assert_eq!(plain.said, ["ExternalExpanding: waiting for an external controller to expand this PVC"]);
        assert!(plain.requests.is_empty());
        let old = heard("awsElasticBlockStore", "u", "1Gi");
        let text = "CSI migration enabled for kubernetes.io/aws-ebs; waiting for external resizer to expand the pvc";
        assert_eq!(old.said, [format!("ExternalExpanding: {text}")]);
        assert_eq!(old.requests.len(), 1);
        assert!(heard("csi", "u", "2Gi").said.is_empty());
        let wrong = heard("csi", "another", "1Gi").result;
        assert_eq!(wrong, Err("persistent Volume is not bound to PVC being updated : n/c".to_owned()));
    }
}
