//! What must hold whatever happens: over many seeds, with faults.

mod common;

use bottle::api::kinds::{deployment, pod};
use bottle::api::object::{Key, ObjectRef};
use bottle::cluster::fact::Fact;
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
