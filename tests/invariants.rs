//! What must hold whatever happens: over many seeds, with faults.

mod common;

use bottle::api::kinds::{deployment, job, pod};
use bottle::api::object::{Key, ObjectRef};
use bottle::cluster::fact::Fact;
use bottle::cluster::input::Input;
use bottle::cluster::wire::Change;
use bottle::cluster::{History, World};
use bottle::sim::rng::Rng;
use bottle::sim::{Simulation, Time};
use k8s_openapi::api::apps::v1::Deployment;
use std::collections::{BTreeMap, BTreeSet};

const SEEDS: u64 = 60;

/// A run with random inputs and faults over two minutes, then everything healed and given time.
fn run(seed: u64) -> History {
    let mut rng = Rng::fork(seed, &"invariants");
    let mut history = common::three_ships(seed);
    let mut moments: Vec<Time> = (0..12).map(|_| common::random_time(&mut rng, 120)).collect();
    moments.sort();
    for moment in moments {
        history.run_until(moment);
        history.input(common::random_input(&mut rng));
    }
    history.run_until(Time::from_secs(120));
    for input in common::heal() {
        history.input(input);
    }
    history.run_until(Time::from_secs(120 + 1200));
    history
}

#[test]
fn the_cluster_keeps_its_promises_under_faults() {
    for seed in 0..SEEDS {
        let history = run(seed);
        no_container_before_its_binding(seed, &history);
        no_pod_on_two_nodes(seed, &history);
        every_write_is_a_new_revision(seed, &history);
        replicas_converge(seed, history.world());
    }
}

/// A kubelet starts only what etcd says is bound to its node.
fn no_container_before_its_binding(seed: u64, history: &History) {
    let mut bound: BTreeSet<Key> = BTreeSet::new();
    for record in history.trace().range(0, history.trace().len()) {
        match &record.fact {
            Fact::Committed { object, .. } if object.kind == &pod::KIND => {
                bound.insert(object.key.clone());
            }
            Fact::SandboxReady { pod, .. } | Fact::ContainerStarted { pod, .. } => {
                assert!(bound.contains(&pod.key), "seed {seed}: {pod} runs before it was written");
            }
            _ => {}
        }
    }
}

/// Between its creation and its removal a pod runs on one node only.
fn no_pod_on_two_nodes(seed: u64, history: &History) {
    let mut places: BTreeMap<Key, String> = BTreeMap::new();
    for record in history.trace().range(0, history.trace().len()) {
        match &record.fact {
            Fact::Committed { object, change: Change::Deleted, .. } if object.kind == &pod::KIND => {
                places.remove(&object.key);
            }
            Fact::ContainerStarted { pod, node, .. } => {
                let place = places.entry(pod.key.clone()).or_insert_with(|| node.to_string());
                assert_eq!(place, &**node, "seed {seed}: {pod} on two nodes");
            }
            _ => {}
        }
    }
}

fn every_write_is_a_new_revision(seed: u64, history: &History) {
    let mut last = 0;
    for record in history.trace().range(0, history.trace().len()) {
        if let Fact::Committed { revision, object, .. } = &record.fact {
            assert!(*revision > last, "seed {seed}: {object} written at {revision} after {last}");
            last = *revision;
        }
    }
}

/// After the last fault every Deployment has as many pods as it wants, unless they do not fit.
fn replicas_converge(seed: u64, world: &World) {
    let view = world.view();
    for object in world.objects(&deployment::KIND) {
        let wanted = object.get::<Deployment>().and_then(|d| d.spec.as_ref()?.replicas).unwrap_or(1);
        let index = view
            .workloads
            .iter()
            .position(|w| **w == *ObjectRef::new(object.kind(), object.namespace(), object.name()));
        let pods = view.nodes.iter().flat_map(|node| &node.pods).chain(&view.pending);
        let alive = pods.filter(|p| index.is_some() && p.workload == index && p.deadline.is_none()).count();
        let alive = i32::try_from(alive).expect("small");
        // A rollout whose new pods never become ready (busybox exits at once) keeps its surge beside the old ones.
        let surge = wanted.div_euclid(4) + 1;
        assert!(
            (wanted..=wanted + surge).contains(&alive),
            "seed {seed} at {:?}: {object:?} wants {wanted}, has {alive}",
            world.now()
        );
    }
}

/// An Indexed Job: six pieces of work, three at a time.
const CARGO: &str = "apiVersion: batch/v1\nkind: Job\nmetadata: {name: cargo}\nspec:\n  completions: 6\n  parallelism: 3\n  \
                     completionMode: Indexed\n  backoffLimit: 100\n  template:\n    spec:\n      restartPolicy: Never\n      \
                     terminationGracePeriodSeconds: 5\n      containers:\n      - {name: c, image: 'busybox:1.36', command: [sleep, '9']}\n";

fn apply(text: &str) -> Input {
    Input::Apply { text: text.to_owned(), dry_run: false, create_namespaces: false }
}

/// Ships stop, networks are cut, ships are drained; in the end each index has succeeded once, all is counted, and no pod
/// carries the finalizer any more.
#[test]
fn jobs_count_exactly_whatever_happens_to_their_pods() {
    for seed in 0..20 {
        let mut rng = Rng::fork(seed, &"jobs");
        let mut history = common::three_ships(seed);
        history.input(apply(CARGO));
        let mut moments: Vec<Time> = (0..6).map(|_| common::random_time(&mut rng, 60)).collect();
        moments.sort();
        for moment in moments {
            history.run_until(moment);
            let node = format!("node-{}", 1 + rng.below(3));
            history.input(match rng.below(3) {
                0 => Input::Kubelet { node, stop: rng.chance(500) },
                1 => Input::Network { node, cut: rng.chance(500) },
                _ => Input::Drain { node },
            });
        }
        history.run_until(Time::from_secs(60));
        for input in common::heal() {
            history.input(input);
        }
        history.run_until(Time::from_secs(60 + 1500));
        let world = history.world();
        let job = world.objects(&job::KIND).next().expect("the Job");
        let status = job.to_value()["status"].clone();
        assert_eq!(status["completedIndexes"], "0-5", "seed {seed}: {status}");
        assert_eq!(status["succeeded"], 6, "seed {seed}: {status}");
        assert_eq!(status["uncountedTerminatedPods"], serde_json::json!({}), "seed {seed}: {status}");
        assert!(job::has(job, "Complete"), "seed {seed}: {status}");
        for pod in world.objects(&pod::KIND) {
            assert!(pod.meta().finalizers.iter().flatten().next().is_none(), "seed {seed}: {pod:?} is not counted");
        }
    }
}

const GUARDED: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 3\n  \
                       selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n    spec:\n      \
                       terminationGracePeriodSeconds: 4\n      containers: [{name: c, image: 'nginx:1.27'}]\n---\n\
                       apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: web}\nspec:\n  minAvailable: 2\n  \
                       selector: {matchLabels: {app: web}}\n";

/// Ships are drained at random; there are never fewer ready pods than the budget wants.
#[test]
fn evictions_never_violate_a_budget() {
    for seed in 0..20 {
        let mut rng = Rng::fork(seed, &"budgets");
        let mut history = common::three_ships(seed);
        history.input(apply(GUARDED));
        history.run_until(Time::from_secs(40));
        let mut evicted = 0;
        for tick in 400..1600_i64 {
            if rng.below(60) == 0 {
                let node = format!("node-{}", 1 + rng.below(3));
                history.input(if rng.chance(600) { Input::Drain { node } } else { Input::Cordon { node, on: false } });
            }
            history.run_until(Time::from_millis(tick * 100));
            let pods = history.world().objects(&pod::KIND).filter(|pod| pod.namespace() == "default");
            let typed = pods.filter_map(|object| object.get::<pod::Pod>());
            let (mut healthy, mut going) = (0, 0);
            for pod in typed {
                healthy += usize::from(pod.is_ready() && pod.metadata.deletion_timestamp.is_none());
                going += usize::from(pod.condition("DisruptionTarget").is_some());
            }
            evicted = evicted.max(going);
            assert!(healthy >= 2, "seed {seed}: {healthy} ready at {tick}");
        }
        assert!(evicted > 0 || seed > 0, "seed {seed}: nothing was evicted");
    }
}
