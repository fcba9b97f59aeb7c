//! The TTL controller: tells each node in an annotation for how long its kubelet may keep what it has read of Secrets and
//! config maps, longer in larger clusters.
//!
//! Upstream: `pkg/controller/ttl/ttl_controller.go` (`ttlBoundaries`, `updateNodeIfNeeded`). A boundary is crossed upwards
//! above its `sizeMax` and downwards below the next one's `sizeMin`, so that the number does not flutter.

use super::shared::{annotation, subject};
use crate::api::kinds::node;
use crate::api::request::PatchType;
use crate::api::{Object, Ref, Request};
use crate::cluster::client::controller::{Controller, Memory, Note, Reconcile, Wake, Watch};
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

/// Where in the boundaries the cluster is.
const STEP: &str = "step";

fn wake(wake: &mut Wake, _: Option<&Object>, new: Option<&Object>) {
    let step = step(wake.cache(&node::KIND).len(), at(wake.memory()));
    wake.memory().insert(STEP.into(), Note::Number(i64::try_from(step).unwrap_or_default()));
    wake.objects(new);
}

fn at(memory: &Memory) -> usize {
    match memory.get(STEP) {
        Some(Note::Number(step)) => usize::try_from(*step).unwrap_or_default(),
        _ => 0,
    }
}

fn reconcile(key: &Ref, reconcile: &mut Reconcile) -> Result<(), String> {
    let Some(node) = subject(reconcile, key) else { return Ok(()) };
    let present = annotation(node.meta(), ANNOTATION).and_then(|text| text.parse().ok());
    let (_, _, wanted) = BOUNDARIES[at(reconcile.memory)];
    if present != Some(wanted) {
        let patch = json!({"metadata": {"annotations": {ANNOTATION: wanted.to_string()}}});
        reconcile.request(Request::patch(&node::KIND, &node.key(), PatchType::Strategic, patch));
    }
    Ok(())
}

/// The step for so many nodes; the present one stays while the number is within its bounds.
fn step(nodes: usize, mut present: usize) -> usize {
    while nodes > BOUNDARIES[present].1 {
        present += 1;
    }
    while nodes < BOUNDARIES[present].0 {
        present -= 1;
    }
    present
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn larger_clusters_keep_longer_and_the_number_does_not_flutter() {
        let seconds = |nodes: usize, present: usize| BOUNDARIES[step(nodes, present)].2;
        assert_eq!([1, 100, 101, 1000, 5000].map(|nodes| seconds(nodes, 0)), [0, 0, 15, 30, 300]);
        assert_eq!((seconds(95, 1), seconds(95, 0), seconds(80, 1), seconds(80, 4)), (15, 0, 0, 0));
    }
}
