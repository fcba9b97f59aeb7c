//! The TTL controller: tells each node in an annotation for how long its kubelet may keep what it has read of Secrets and
//! config maps, longer in larger clusters.
//!
//! Upstream: `pkg/controller/ttl/ttl_controller.go` (`ttlBoundaries`, `updateNodeIfNeeded`). A boundary is crossed upwards
//! above its `sizeMax` and downwards below the next one's `sizeMin`, so that the number does not flutter.

use super::shared::{annotation, subject};
use crate::api::kinds::node;
use crate::api::request::PatchType;
use crate::api::{Object, Ref, Request};
use crate::cluster::client::controller::{Controller, Reconcile, Wake, Watch};
use serde_json::json;

const ANNOTATION: &str = "node.alpha.kubernetes.io/ttl";

/// `sizeMin`, `sizeMax`, seconds.
const BOUNDARIES: [(usize, usize, u32); 5] =
    [(0, 100, 0), (90, 500, 15), (450, 1000, 30), (900, 2000, 60), (1800, usize::MAX, 300)];

/// The controller.
pub static CONTROLLER: Controller = Controller {
    name: "ttl-controller",
    account: "ttl-controller",
    workers: 5,
    watches: &[Watch::mapped(&node::KIND, wake)],
    period: None,
    retries: 0,
    reconcile,
    failed: None,
};

fn wake(wake: &mut Wake, _: Option<&Object>, new: Option<&Object>) {
    wake.objects(new);
}

fn reconcile(key: &Ref, reconcile: &mut Reconcile) -> Result<(), String> {
    let Some(node) = subject(reconcile, key) else { return Ok(()) };
    let present = annotation(node.meta(), ANNOTATION).and_then(|text| text.parse().ok());
    let wanted = seconds(reconcile.cache(&node::KIND).len(), present);
    if present != Some(wanted) {
        let patch = json!({"metadata": {"annotations": {ANNOTATION: wanted.to_string()}}});
        reconcile.request(Request::patch(&node::KIND, &node.key(), PatchType::Strategic, patch));
    }
    Ok(())
}

/// The seconds for so many nodes; the present ones stay while the number is within their bounds.
fn seconds(nodes: usize, present: Option<u32>) -> u32 {
    let stays =
        |(least, most, seconds): &&(usize, usize, u32)| Some(*seconds) == present && (*least..=*most).contains(&nodes);
    let fits = |(_, most, _): &&(usize, usize, u32)| nodes <= *most;
    let found = BOUNDARIES.iter().find(stays).or_else(|| BOUNDARIES.iter().find(fits));
    found.map_or(0, |(_, _, seconds)| *seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn larger_clusters_keep_longer_and_the_number_does_not_flutter() {
        assert_eq!([1, 100, 101, 1000, 5000].map(|nodes| seconds(nodes, None)), [0, 0, 15, 30, 300]);
        assert_eq!((seconds(95, Some(15)), seconds(95, Some(0)), seconds(80, Some(15))), (15, 0, 0));
    }
}
