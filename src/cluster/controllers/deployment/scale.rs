//! How a changed number of replicas is spread over the ReplicaSets of an unfinished rollout.
//!
//! Upstream: `pkg/controller/deployment/sync.go`, `scale`; `util.GetReplicaSetProportion`.

use super::family::{Child, DESIRED, MAXIMUM, Plan, active, total};
use crate::sim::Order;
use std::cmp::Reverse;

/// What the sets should want now: the set, its size, and whether to speak of it.
#[must_use]
pub fn scale<'a>(plan: &Plan, new: Option<Child<'a>>, old: &[Child<'a>]) -> Vec<(Child<'a>, i32, bool)> {
    let all: Vec<Child> = old.iter().copied().chain(new).collect();
    if let Some(only) = active_or_latest(new, old) {
        return if only.replicas == plan.replicas() { Vec::new() } else { vec![(only, plan.replicas(), true)] };
    }
    if new.is_some_and(|new| is_saturated(plan, &new)) {
        return active(old).into_iter().map(|set| (set, 0, true)).collect();
    }
    if plan.recreates() {
        return Vec::new();
    }
    proportional(plan, active(&all))
}

/// The one set that wants pods; if none does, the newest; `None` if several do (upstream: `FindActiveOrLatest`).
fn active_or_latest<'a>(new: Option<Child<'a>>, old: &[Child<'a>]) -> Option<Child<'a>> {
    let all: Vec<Child> = old.iter().copied().chain(new).collect();
    match active(&all).as_slice() {
        [] => new.or_else(|| old.iter().copied().max_by_key(Child::age)),
        [only] => Some(*only),
        _ => None,
    }
}

/// Upstream: `IsSaturated`.
fn is_saturated(plan: &Plan, set: &Child) -> bool {
    let wanted = plan.replicas();
    set.replicas == wanted && set.number(DESIRED) == Some(wanted) && set.available() == wanted
}

fn proportional<'a>(plan: &Plan, mut sets: Vec<Child<'a>>) -> Vec<(Child<'a>, i32, bool)> {
    let allowed = if plan.replicas() > 0 { plan.most() } else { 0 };
    let to_add = allowed.saturating_sub(total(&sets));
    if to_add > 0 {
        sets.order_by_key(|set| (Reverse(set.replicas), Reverse(set.age())));
    } else if to_add < 0 {
        sets.order_by_key(|set| (Reverse(set.replicas), set.age()));
    }
    let mut added = 0;
    let mut sizes: Vec<(Child, i32, bool)> = Vec::new();
    for set in sets {
        let part = proportion(plan, &set, to_add, added);
        sizes.push((set, set.replicas + part, false));
        added += part;
    }
    if let Some((_, size, _)) = sizes.first_mut() {
        *size = (*size + to_add - added).max(0);
    }
    sizes
}

/// The share of one set, never more than is left (upstream: `GetReplicaSetProportion`).
fn proportion(plan: &Plan, set: &Child, to_add: i32, added: i32) -> i32 {
    if set.replicas == 0 || to_add == 0 || to_add == added {
        return 0;
    }
    let share = share(plan, set);
    if to_add > 0 { share.min(to_add - added) } else { share.max(to_add - added) }
}

/// Upstream: `getReplicaSetFraction`.
fn share(plan: &Plan, set: &Child) -> i32 {
    if plan.replicas() == 0 {
        return -set.replicas;
    }
    let maximum = i64::from(plan.most());
    let status = || plan.deployment.status.as_ref().and_then(|status| status.replicas).unwrap_or(0);
    let before = i64::from(set.number(MAXIMUM).filter(|n| *n != 0).unwrap_or_else(status));
    if before <= 0 {
        return 0;
    }
    // Rounds half up, in whole numbers.
    let size = (2 * i64::from(set.replicas) * maximum + before) / (2 * before);
    i32::try_from(size).unwrap_or(i32::MAX) - set.replicas
}
