//! The expand controller: a claim that wants more than it has is left to the resizer of its volume's driver.
//!
//! Upstream: `pkg/controller/volume/expand/expand_controller.go`, `syncHandler`.
//!
//! Left out: volumes that the controller manager could expand itself (`hostPath` of old provisioners, drivers of the old in-tree
//! sorts).

use super::shared::subject;
use crate::api::kinds::{persistent_volume as volumes, persistent_volume_claim as claims};
use crate::api::volumes::{volume_name, wanted};
use crate::api::{Key, Object, Ref};
use crate::cluster::client::controller::{Controller, Reconcile, Saying, Wake, Watch};

/// The controller.
pub static CONTROLLER: Controller = Controller {
    name: "volume_expand",
    account: "expand-controller",
    workers: 10,
    watches: &[Watch::mapped(&claims::KIND, wake_by_claim), Watch::mapped(&volumes::KIND, |_, _, _| {})],
    period: None,
    retries: 0,
    reconcile,
    failed: None,
};

/// Only a claim that is new or has grown.
fn wake_by_claim(wake: &mut Wake, old: Option<&Object>, new: Option<&Object>) {
    wake.objects(new.filter(|new| old.is_none_or(|old| has_grown(old, new))));
}

fn has_grown(old: &Object, new: &Object) -> bool {
    let has = |claim: &Object| claim.document().map_or(0, |claim| claim.amount("status.capacity.storage"));
    wanted(new) > wanted(old) || has(new) > has(old)
}

fn reconcile(key: &Ref, reconcile: &mut Reconcile) -> Result<(), String> {
    let Some(claim) = subject(reconcile, key) else { return Ok(()) };
    let Some(tree) = claim.document() else { return Ok(()) };
    let bound = tree.text("status.phase") == "Bound";
    let volume = reconcile.lookup(&volumes::KIND, &Key::new("", volume_name(claim)));
    if bound && volume.is_some() && wanted(claim) > tree.amount("status.capacity.storage") {
        let text = "waiting for an external controller to expand this PVC";
        reconcile.say(Saying::normal(claim, "ExternalExpanding", text));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_is_wanted_or_had_more_is_news() {
        let claim = |wants: &str, has: &str| {
            let value = json!({"metadata": {"name": "c"}, "spec": {"resources": {"requests": {"storage": wants}}},
                "status": {"capacity": {"storage": has}}});
            (claims::KIND.decode)(value).expect("a claim")
        };
        let before = claim("1Gi", "1Gi");
        assert!(has_grown(&before, &claim("2Gi", "1Gi")) && has_grown(&before, &claim("1Gi", "2Gi")));
        assert!(!has_grown(&before, &claim("1024Mi", "1Gi")));
    }
}
