//! What a DaemonSet reports.
//!
//! Upstream: `daemon_controller.go`, `updateDaemonSetStatus`.

use super::place::Family;
use crate::api::Object;
use crate::api::kinds::pod::Pod;
use serde_json::{Value, json};

/// The set with its new status if that differs, and whether a ready pod has still to become available.
pub fn of(family: &Family, collisions: i32) -> (Option<Object>, bool) {
    let (mut desired, mut current, mut misplaced, mut ready, mut available, mut updated) = (0, 0, 0, 0, 0, 0);
    for place in family.places.iter().filter(|place| place.fits.is_some()) {
        let should = place.should();
        desired += i64::from(should);
        match place.pods.first() {
            Some(pod) if should => {
                current += 1;
                ready += i64::from(pod.get::<Pod>().is_some_and(Pod::is_ready));
                available += i64::from(family.is_available(pod));
                updated += i64::from(family.is_updated(pod));
            }
            Some(_) => misplaced += 1,
            None => {}
        }
    }
    let set = family.set.object;
    let mut status = json!({
        "currentNumberScheduled": current,
        "numberMisscheduled": misplaced,
        "desiredNumberScheduled": desired,
        "numberReady": ready,
        "observedGeneration": set.meta().generation,
    });
    let rest = [
        ("updatedNumberScheduled", updated),
        ("numberAvailable", available),
        ("numberUnavailable", desired - available),
        ("collisionCount", i64::from(collisions)),
    ];
    for (name, number) in rest.into_iter().filter(|(_, number)| *number != 0) {
        status[name] = number.into();
    }
    let old = set.document().and_then(|set| set.at("status")).unwrap_or(&Value::Null);
    let mut changed = set.clone();
    if let Some(document) = changed.document_mut() {
        document.set("status", status.clone());
    }
    // Of a surge the newest pods are not counted above, but it goes on when they are available (upstream: `updatePod`).
    let waits = |pod: &&Object| pod.get::<Pod>().is_some_and(Pod::is_ready) && !family.is_available(pod);
    let waits = !family.set.min_ready.is_zero() && family.places.iter().flat_map(|place| &place.pods).any(waits);
    ((*old != status).then_some(changed), waits)
}
