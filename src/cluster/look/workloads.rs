//! Which workload a pod belongs to, whether it is of that workload's present revision, and how far rollouts have come.

use crate::api::kinds::{self, controller_revision, pod::Pod};
use crate::api::meta::controller_of;
use crate::api::object::{Key, Object, Ref};
use crate::cluster::World;
use crate::cluster::controllers::deployment::family::{self, Plan};
use crate::cluster::controllers::deployment::status::{self, FINISHED, PROGRESSING};
use crate::cluster::controllers::shared::pods::until_available;
use crate::cluster::controllers::shared::{history, integer, labels, scaled};
use crate::cluster::controllers::statefulset::set::{Set, ordinal};
use crate::cluster::view::Rollout;
use crate::sim::{Duration, Simulation, SortedSet};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

/// Workloads in order of appearance.
#[derive(Default)]
pub struct Workloads<'a> {
    /// Those that have been found.
    pub known: Vec<Ref>,
    /// The owner of the last pod and what is known by it: the next pod is often its brother.
    last: Option<(&'a str, Belongs)>,
    /// Workloads with pods of an older revision.
    mixed: SortedSet<usize>,
}

/// Where the pods of an owner belong.
#[derive(Clone, Default)]
struct Belongs {
    workload: Option<usize>,
    present: Present,
}

/// How a pod of the present revision is recognised.
#[derive(Clone, Default)]
enum Present {
    /// All pods of this owner are.
    #[default]
    All,
    /// None of this owner is.
    None,
    /// By this hash in its label.
    Hash(String),
}

impl<'a> Workloads<'a> {
    /// The index of the workload that a pod belongs to: the topmost controller of its owners. And whether that has a newer
    /// revision than the pod's.
    pub fn of(&mut self, world: &'a World, object: &'a Object) -> (Option<usize>, bool) {
        let Some(owner) = controller_of(object.meta()).map(|owner| owner.uid.as_str()) else { return (None, false) };
        if self.last.as_ref().is_none_or(|(uid, _)| *uid != owner) {
            self.last = Some((owner, self.find(world, object)));
        }
        let Some((_, Belongs { workload, present })) = &self.last else { return (None, false) };
        let outdated = match present {
            Present::All => false,
            Present::None => true,
            Present::Hash(hash) => labels(object.meta()).get(history::REVISION) != Some(hash),
        };
        if let Some(index) = workload.filter(|_| outdated) {
            self.mixed.insert(index);
        }
        (*workload, outdated)
    }

    fn find(&mut self, world: &World, pod: &Object) -> Belongs {
        let (mut top, mut own) = (pod.clone(), None);
        while let Some(owner) = controller_of(top.meta()) {
            let Some(kind) = kinds::Kind::find(&owner.api_version, &owner.kind) else { break };
            let Some(object) = world.object(kind, &Key::new(top.namespace(), &owner.name)) else { break };
            top = object.clone();
            own = own.or_else(|| number_of(&top));
        }
        if top.kind().kind == "Pod" {
            return Belongs::default();
        }
        let present = match top.kind().kind {
            "StatefulSet" | "DaemonSet" => hash(world, &top).map_or(Present::All, Present::Hash),
            _ if own.zip(number_of(&top)).is_some_and(|(own, latest)| own < latest) => Present::None,
            _ => Present::All,
        };
        let workload = top.reference();
        let known = self.known.iter().position(|known| *known == workload);
        let index = known.unwrap_or_else(|| {
            self.known.push(workload);
            self.known.len() - 1
        });
        Belongs { workload: Some(index), present }
    }

    /// All workloads, and the rollouts among them.
    pub fn done(mut self, world: &'a World) -> (Vec<Ref>, Vec<Rollout>) {
        let object = |workload: &Ref| world.object(workload.kind, &workload.key);
        let goes_on = |index: &usize| self.mixed.contains(index) || object(&self.known[*index]).is_some_and(goes_on);
        let rolling: Vec<usize> = (0..self.known.len()).filter(goes_on).collect();
        if rolling.is_empty() {
            return (self.known, Vec::new());
        }
        let mut pods: Vec<Vec<(&Object, bool)>> = vec![Vec::new(); self.known.len()];
        let lives = |pod: &&Object| !pod.is_terminating() && pod.get().is_some_and(|pod: &Pod| !pod.is_terminal());
        for pod in world.objects(&kinds::pod::KIND).filter(lives) {
            if let (Some(index), outdated) = self.of(world, pod) {
                pods[index].push((pod, outdated));
            }
        }
        let rollout = |index: usize| rollout(world, object(&self.known[index])?, index, &pods[index]);
        let rollouts = rolling.into_iter().filter_map(rollout).collect();
        (self.known, rollouts)
    }
}

/// Whether a workload that has no pod of an older revision any more is still waiting for the new ones.
fn goes_on(object: &Object) -> bool {
    if let Some(plan) = Plan::read(object) {
        let progress = plan.deployment.status.as_ref().and_then(|known| status::get(known, PROGRESSING));
        return number_of(object) > Some(1) && progress.is_some_and(|known| known.reason.as_deref() != Some(FINISHED));
    }
    let Some(tree) = object.document() else { return false };
    let number = |path: &str| integer(tree, path).unwrap_or(0);
    match object.kind().kind {
        "StatefulSet" => tree.text("status.currentRevision") != tree.text("status.updateRevision"),
        "DaemonSet" => {
            let wanted = number("status.desiredNumberScheduled");
            object.meta().generation > Some(1) && number("status.updatedNumberScheduled") < wanted
        }
        _ => false,
    }
}

/// The number of the rollout that made a Deployment or a ReplicaSet what it is.
fn number_of(object: &Object) -> Option<u64> {
    object.meta().annotations.as_ref()?.get(family::REVISION)?.parse().ok()
}

/// What the label of a set's newest pods says, as far as its controller has come.
fn hash(world: &World, set: &Object) -> Option<String> {
    if set.kind().kind == "StatefulSet" {
        let hash = set.document()?.text("status.updateRevision");
        return (!hash.is_empty()).then(|| hash.to_owned());
    }
    let is_its = |revision: &&Object| controller_of(revision.meta()).is_some_and(|owner| owner.uid == set.uid());
    let newest = world.objects(&controller_revision::KIND).filter(is_its).max_by_key(|past| history::number(past))?;
    labels(newest.meta()).get(history::REVISION).cloned()
}

/// How far a rollout has come; `None`: nothing goes on by itself.
#[inline(never)]
fn rollout(world: &World, object: &Object, workload: usize, pods: &[(&Object, bool)]) -> Option<Rollout> {
    let (least, most) = match object.kind().kind {
        "Deployment" => of_deployment(object)?,
        "StatefulSet" => of_stateful_set(object, pods)?,
        "DaemonSet" => of_daemon_set(object)?,
        _ => return None,
    };
    let of_plan = || Plan::read(object)?.spec.min_ready_seconds.map(i64::from);
    let of_tree = || integer(object.document()?, "spec.minReadySeconds");
    let seconds = of_plan().or_else(of_tree).unwrap_or(0);
    let (min_ready, now) = (Duration::from_secs(u64::try_from(seconds).unwrap_or(0)), world.now());
    let mut rollout = Rollout { workload, least, most, ..Rollout::default() };
    for (pod, outdated) in pods {
        let left = pod.get::<Pod>().and_then(|pod| until_available(pod, min_ready, now));
        let side = if *outdated { &mut rollout.old } else { &mut rollout.new };
        let place = if left.is_some_and(|left| left.is_zero()) { &mut side.0 } else { &mut side.1 };
        *place += 1;
    }
    Some(rollout)
}

/// Upstream: `MaxUnavailable` and `MaxSurge` of `pkg/controller/deployment/util`.
fn of_deployment(object: &Object) -> Option<(usize, usize)> {
    let plan = Plan::read(object).filter(|plan| !plan.spec.paused.unwrap_or(false))?;
    if plan.recreates() {
        return Some((0, count(plan.replicas())));
    }
    Some((count(plan.replicas() - plan.max_unavailable()), count(plan.most())))
}

/// One pod after the other; those below the partition stay as they are.
fn of_stateful_set(object: &Object, pods: &[(&Object, bool)]) -> Option<(usize, usize)> {
    let set = Set::read(object).filter(|set| set.rolling)?;
    let first = set.start + set.partition;
    let done = |(pod, old): &&(&Object, bool)| {
        !*old && set.is_ready(pod) && ordinal(object.name(), pod.name()).is_some_and(|n| n >= first)
    };
    let wanted = usize::try_from(set.replicas - set.partition).unwrap_or(0);
    let replicas = usize::try_from(set.replicas).unwrap_or(0);
    (pods.iter().filter(done).count() < wanted).then_some((replicas.saturating_sub(1), replicas))
}

/// Upstream: `UnavailableCount` and `SurgeCount` of `pkg/controller/daemon/util`.
fn of_daemon_set(object: &Object) -> Option<(usize, usize)> {
    let tree = object.document().filter(|tree| tree.text("spec.updateStrategy.type") != "OnDelete")?;
    let wanted = integer(tree, "status.desiredNumberScheduled").and_then(|n| i32::try_from(n).ok()).unwrap_or(0);
    let bound = |field: &str| {
        let value: Option<IntOrString> = tree.part(&format!("spec.updateStrategy.rollingUpdate.{field}"));
        value.map(|value| scaled(Some(&value), wanted, true))
    };
    let surge = bound("maxSurge").unwrap_or(0);
    let unavailable = match bound("maxUnavailable").unwrap_or(1) {
        0 if surge == 0 => 1,
        most => most,
    };
    Some((count(wanted - unavailable), count(wanted + surge)))
}

fn count(number: i32) -> usize {
    usize::try_from(number).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::History;
    use crate::cluster::boot::{Scenario, boot};
    use crate::cluster::input::Input;

    fn apply(history: &mut History, text: &str, seconds: u64) {
        history.input(Input::Apply { text: text.to_owned(), dry_run: false, create_namespaces: false });
        history.run_until(history.world().now() + Duration::from_secs(seconds));
    }

    /// Every state that a rollout goes through, seen twice a second.
    fn course(history: &mut History, seconds: u64) -> Vec<Rollout> {
        let mut seen: Vec<Rollout> = Vec::new();
        for _ in 0..2 * seconds {
            history.run_until(history.world().now() + Duration::from_millis(500));
            let rollouts = history.world().view().rollouts;
            assert!(rollouts.len() < 2);
            if seen.last() != rollouts.last() {
                seen.extend(rollouts);
            }
        }
        seen
    }

    #[test]
    fn in_a_rolling_update_the_old_pods_become_fewer_and_the_bounds_are_kept() {
        let mut history = boot(&Scenario::named("three-ships").unwrap(), 42);
        let example = |name: &str| crate::examples::find(name).unwrap().text();
        apply(&mut history, example("deployment"), 30);
        assert_eq!(history.world().view().rollouts, []);
        apply(&mut history, example("rolling-update"), 0);
        let seen = course(&mut history, 60);
        assert_eq!(seen.first().map(|first| first.old), Some((3, 0)), "{seen:?}");
        assert!(seen.windows(2).all(|two| two[0].old.0 >= two[1].old.0), "they only become fewer: {seen:?}");
        assert!(seen.iter().all(|now| (now.least, now.most) == (3, 4)), "maxSurge 1, maxUnavailable 0: {seen:?}");
        assert!(seen.iter().all(|now| now.new.0 + now.old.0 >= 3), "{seen:?}");
        assert!(seen.iter().all(|now| now.new.0 + now.new.1 + now.old.0 + now.old.1 <= 4), "{seen:?}");
        let view = history.world().view();
        assert_eq!(view.rollouts, []);
        assert!(!view.nodes.iter().flat_map(|node| &node.pods).any(|pod| pod.outdated));
    }

    /// A StatefulSet or DaemonSet with this much of a spec, of an image's tag.
    fn set(kind: &str, spec: &str, tag: &str) -> String {
        format!(
            "{{apiVersion: apps/v1, kind: {kind}, metadata: {{name: set}}, spec: {{{spec} selector: {{matchLabels: {{app: set}}}}, \
             template: {{metadata: {{labels: {{app: set}}}}, spec: {{terminationGracePeriodSeconds: 1, containers: \
             [{{name: c, image: \"nginx:{tag}\"}}]}}}}}}}}"
        )
    }

    #[test]
    fn a_pod_that_is_lost_later_is_no_rollout() {
        let mut history = boot(&Scenario::named("three-ships").unwrap(), 42);
        apply(&mut history, &set("DaemonSet", "", "1.27"), 60);
        apply(&mut history, &set("DaemonSet", "", "1.28"), 90);
        assert_eq!(history.world().view().rollouts, []);
        history.input(Input::Network { node: "node-2".to_owned(), cut: true });
        assert_eq!(course(&mut history, 120), []);
        assert_eq!(history.world().view().nodes[2].readiness, crate::cluster::view::Readiness::Unknown);
    }

    #[test]
    fn sets_have_their_bounds_and_what_nobody_replaces_is_no_rollout() {
        let bounds = |kind: &str, spec: &str| {
            let mut history = boot(&Scenario::named("three-ships").unwrap(), 42);
            apply(&mut history, &set(kind, spec, "1.27"), 60);
            apply(&mut history, &set(kind, spec, "1.28"), 0);
            let seen = course(&mut history, 90);
            let first = seen.first().map(|first| (first.least, first.most));
            assert!(seen.iter().all(|now| Some((now.least, now.most)) == first), "{seen:?}");
            let kept = |now: &Rollout| now.new.0 + now.old.0 >= now.least;
            assert!(seen.iter().all(kept), "{seen:?}");
            let view = history.world().view();
            let old = view.nodes.iter().flat_map(|node| &node.pods).filter(|pod| pod.outdated).count();
            (first, old, view.rollouts.len())
        };
        let partition = "updateStrategy: {type: RollingUpdate, rollingUpdate: {partition: 2}},";
        let surge = "updateStrategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 50%, maxUnavailable: 0}},";
        let by_hand = "updateStrategy: {type: OnDelete},";
        assert_eq!(bounds("StatefulSet", "replicas: 3,"), (Some((2, 3)), 0, 0));
        assert_eq!(bounds("StatefulSet", &format!("replicas: 3, {partition}")), (Some((2, 3)), 2, 0));
        assert_eq!(bounds("StatefulSet", &format!("replicas: 3, {by_hand}")), (None, 3, 0));
        assert_eq!(bounds("Deployment", "replicas: 3, strategy: {type: Recreate},"), (Some((0, 3)), 0, 0));
        assert_eq!(bounds("DaemonSet", ""), (Some((2, 3)), 0, 0));
        assert_eq!(bounds("DaemonSet", surge), (Some((3, 5)), 0, 0));
        assert_eq!(bounds("DaemonSet", by_hand), (None, 3, 0));
    }
}
