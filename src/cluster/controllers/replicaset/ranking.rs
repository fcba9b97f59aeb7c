//! Which pods go first when there are too many.
//!
//! Upstream: `pkg/controller/controller_utils.go`, `ActivePodsWithRanks.Less`: unbound, then pending, not ready, cheap to
//! delete, crowded on their node, ready for a short time, restarted often, young. Ages are compared by the power of two
//! of their nanoseconds; what is equal in all is decided by the uid, which is as good as chance.
//!
//! Upstream asks the uid as soon as two powers are equal and the moments are not. That is no order (a before b, b before
//! c, c as good as a), which Go's sorting does not mind; here the uid comes last.

use crate::api::Object;
use crate::api::kinds::pod::Pod;
use crate::api::meta::moment;
use crate::cluster::controllers::shared::annotation;
use crate::sim::{Order, Sorted, Time};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time as MetaTime;
use std::cmp::Ordering;

/// The `excess` pods of `active` that should go. `related` are all pods of the same owner's owner, which count when it
/// is asked how crowded a node is.
pub fn to_delete<'a>(
    active: &[&'a Object],
    related: impl Iterator<Item = &'a Object>,
    excess: usize,
    now: Time,
) -> Vec<&'a Object> {
    let mut on_node: Sorted<&str, usize> = Sorted::new();
    for node in related.filter_map(|object| object.get::<Pod>()?.node()) {
        *on_node.get_or_default(node) += 1;
    }
    let crowd = |pod: &Pod| pod.node().and_then(|node| on_node.get(node).copied()).unwrap_or(0);
    first(active, excess, |a, b| compare((a, crowd(a)), (b, crowd(b)), now))
}

/// The same without regard to costs and crowds, and with ages as they are (upstream: `ActivePods.Less`): so a Job chooses.
#[must_use]
pub fn plain<'a>(active: &[&'a Object], excess: usize) -> Vec<&'a Object> {
    let younger = |a: Option<&MetaTime>, b: Option<&MetaTime>| b.cmp(&a);
    first(active, excess, |a, b| {
        let order = settled(a, b)
            .then_with(|| if a.is_ready() { younger(ready_since(a), ready_since(b)) } else { Ordering::Equal });
        let order = order.then_with(|| restarts(b).cmp(&restarts(a)));
        order.then_with(|| younger(a.metadata.creation_timestamp.as_ref(), b.metadata.creation_timestamp.as_ref()))
    })
}

fn first<'a>(active: &[&'a Object], count: usize, order: impl Fn(&Pod, &Pod) -> Ordering) -> Vec<&'a Object> {
    if count >= active.len() {
        return active.to_vec();
    }
    let mut ranked: Vec<(&Object, &Pod)> = active.iter().filter_map(|object| Some((*object, object.get()?))).collect();
    ranked.order_by(|a, b| order(a.1, b.1));
    ranked.into_iter().take(count).map(|(object, _)| object).collect()
}

/// Unbound, then pending, then not ready.
fn settled(a: &Pod, b: &Pod) -> Ordering {
    let bound = a.node().is_some().cmp(&b.node().is_some());
    bound.then_with(|| phase(a).cmp(&phase(b))).then_with(|| a.is_ready().cmp(&b.is_ready()))
}

fn compare((a, crowd_a): (&Pod, usize), (b, crowd_b): (&Pod, usize), now: Time) -> Ordering {
    let dear = || cost(a).cmp(&cost(b)).then(crowd_b.cmp(&crowd_a));
    let long_ready = || match (ready_since(a), ready_since(b)) {
        (Some(since_a), Some(since_b)) => by_age(since_a, since_b, now),
        _ => Ordering::Equal,
    };
    let age = || match (&a.metadata.creation_timestamp, &b.metadata.creation_timestamp) {
        (Some(born_a), Some(born_b)) => by_age(born_a, born_b, now),
        _ => Ordering::Equal,
    };
    let order = settled(a, b).then_with(dear).then_with(long_ready);
    let order = order.then_with(|| restarts(b).cmp(&restarts(a))).then_with(age);
    order.then_with(|| a.metadata.uid.cmp(&b.metadata.uid))
}

fn phase(pod: &Pod) -> u8 {
    match pod.phase() {
        "Pending" => 0,
        "Unknown" => 1,
        _ => 2,
    }
}

/// Upstream: `controller.kubernetes.io/pod-deletion-cost`; what cannot be read is 0.
fn cost(pod: &Pod) -> i32 {
    let text = annotation(&pod.metadata, "controller.kubernetes.io/pod-deletion-cost");
    text.and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn ready_since(pod: &Pod) -> Option<&MetaTime> {
    pod.condition("Ready").filter(|condition| condition.status == "True")?.last_transition_time.as_ref()
}

/// The most restarts of any container, then of any init container that goes on running.
fn restarts(pod: &Pod) -> (i32, i32) {
    let most = |statuses: &Option<Vec<k8s_openapi::api::core::v1::ContainerStatus>>| {
        statuses.iter().flatten().map(|status| status.restart_count).max().unwrap_or(0)
    };
    (most(&pod.status.container_statuses), most(&pod.status.init_container_statuses))
}

/// Upstream: `logarithmicRankDiff`.
fn by_age(a: &MetaTime, b: &MetaTime, now: Time) -> Ordering {
    let magnitude = |since: &MetaTime| now.since(moment(since)).as_nanos().checked_ilog2();
    magnitude(a).cmp(&magnitude(b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds::named;
    use crate::api::meta::timestamp;
    use k8s_openapi::api::core::v1::{PodCondition, PodStatus};

    fn pod(name: &str, node: &str, ready_since: Option<i64>) -> Object {
        let mut metadata = named("default", name);
        metadata.uid = Some(name.to_owned());
        let ready = ready_since.map(|at| PodCondition {
            type_: "Ready".to_owned(),
            status: "True".to_owned(),
            last_transition_time: Some(timestamp(Time::from_secs(at))),
            ..PodCondition::default()
        });
        let phase = Some(if ready.is_some() { "Running" } else { "Pending" }.to_owned());
        let status = PodStatus { phase, conditions: ready.map(|ready| vec![ready]), ..PodStatus::default() };
        Object::new(Pod { metadata, node_name: (!node.is_empty()).then(|| node.into()), status, ..Pod::default() })
    }

    /// The names in the order in which they would go.
    fn order(pods: &[Object]) -> Vec<&str> {
        let all: Vec<&Object> = pods.iter().collect();
        let now = Time::from_secs(1000);
        let mut order: Vec<&str> = Vec::new();
        for n in 1..=pods.len() {
            let gone = to_delete(&all, pods.iter(), n, now);
            order.extend(gone.iter().map(|pod| pod.name()).filter(|name| !order.contains(name)).collect::<Vec<_>>());
        }
        order
    }

    #[test]
    fn unbound_then_pending_then_young_then_old() {
        let pods = [
            pod("old", "a", Some(0)),
            pod("young", "b", Some(990)),
            pod("pending", "c", None),
            pod("unbound", "", None),
        ];
        assert_eq!(order(&pods), ["unbound", "pending", "young", "old"]);
    }

    #[test]
    fn the_crowded_node_gives_first() {
        let pods = [pod("alone", "a", Some(0)), pod("two", "b", Some(0)), pod("three", "b", Some(0))];
        assert_eq!(order(&pods)[2], "alone");
    }

    #[test]
    fn the_deletion_cost_comes_before_the_crowd() {
        let mut pods = [pod("cheap", "a", Some(0)), pod("x", "b", Some(0)), pod("y", "b", Some(0))];
        let cost = [("controller.kubernetes.io/pod-deletion-cost".to_owned(), "-1".to_owned())];
        pods[0].meta_mut().annotations = Some(cost.into());
        assert_eq!(order(&pods)[0], "cheap");
    }

    #[test]
    fn a_job_asks_for_no_cost() {
        let mut pods = [pod("old", "a", Some(0)), pod("new", "a", Some(1)), pod("wait", "b", None)];
        let cost = [("controller.kubernetes.io/pod-deletion-cost".to_owned(), "-1".to_owned())];
        pods[0].meta_mut().annotations = Some(cost.into());
        let all: Vec<&Object> = pods.iter().collect();
        let names: Vec<&str> = plain(&all, 2).into_iter().map(Object::name).collect();
        assert_eq!(names, ["wait", "new"]);
    }

    /// Ready at two moments of one power of two: equal for the first criteria, whatever the pairs.
    #[test]
    fn the_ranking_is_an_order() {
        let pods: Vec<Object> = (0..60).map(|n| pod(&format!("{:02}", n * 37 % 60), "a", Some(100 + n % 3))).collect();
        let all: Vec<&Object> = pods.iter().collect();
        let now = Time::from_secs(1000);
        let rank = |a: &Object, b: &Object| {
            let typed = |object: &Object| object.get::<Pod>().expect("a pod").clone();
            compare((&typed(a), 0), (&typed(b), 0), now)
        };
        for (a, b, c) in all.windows(3).map(|three| (three[0], three[1], three[2])) {
            if rank(a, b).is_le() && rank(b, c).is_le() {
                assert!(rank(a, c).is_le(), "{} {} {}", a.name(), b.name(), c.name());
            }
        }
        assert_eq!(to_delete(&all, pods.iter(), 30, now).len(), 30);
    }
}
