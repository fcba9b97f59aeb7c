//! What must hold of the scheduler's decisions for any cluster: on the recorded ones with random changes, and on random
//! histories of its cache.

use bottle::api::{Kind, Object};
use bottle::cluster::fact::NodeAnswer;
use bottle::cluster::scheduler::cycle::{Decision, Rate, decide};
use bottle::cluster::scheduler::framework::Profile;
use bottle::cluster::scheduler::nodes::Nodes;
use bottle::cluster::scheduler::pod::PodInfo;
use bottle::sim::rng::Rng;
use flate2::read::GzDecoder;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::Path;
use std::rc::Rc;

const PATH: &str = "tests/oracle/scheduler_cases.jsonl.gz";

/// The objects of the recorded clusters; the pod that is to be scheduled comes last.
fn clusters() -> Vec<Vec<Object>> {
    let file = std::fs::File::open(Path::new(env!("CARGO_MANIFEST_DIR")).join(PATH)).expect("the recordings");
    let mut text = String::new();
    GzDecoder::new(file).read_to_string(&mut text).expect("gzip");
    let objects = |line: &str| {
        let case: Value = serde_json::from_str(line).expect("JSON");
        let items = case["input"]["items"].as_array().cloned().unwrap_or_default();
        items.into_iter().enumerate().map(|(number, item)| object(item, number)).collect()
    };
    text.lines().map(objects).collect()
}

fn object(value: Value, number: usize) -> Object {
    let word = |name: &str| value[name].as_str().unwrap_or_default();
    let kind = Kind::find(word("apiVersion"), word("kind")).expect("a known kind");
    let mut object = (kind.decode)(value).expect("an object");
    (kind.default)(&mut object);
    object.meta_mut().uid.get_or_insert_with(|| format!("uid-{number:04}"));
    if kind.namespaced {
        object.meta_mut().namespace.get_or_insert_with(|| "default".to_owned());
    }
    object
}

fn cache<'a>(objects: impl IntoIterator<Item = &'a Object>) -> Nodes {
    let mut nodes = Nodes::default();
    for object in objects {
        match object.kind().kind {
            "Node" => nodes.set_node(object),
            "Pod" => nodes.set_pod(object),
            _ => nodes.surroundings.set(object),
        }
    }
    nodes
}

fn decision(objects: &[Object], pod: &Object) -> Decision {
    let pod = PodInfo::new(pod).expect("a pod");
    decide(&Profile::default(), &pod, cache(objects).update_snapshot(), 0, Rate::Always)
}

fn by_node(decision: &Decision) -> BTreeMap<&str, &NodeAnswer> {
    decision.nodes.iter().map(|answer| (&*answer.node, answer)).collect()
}

#[test]
fn normalised_scores_are_within_range_and_weigh_what_the_profile_says() {
    let weights: BTreeMap<&str, i64> =
        Profile::default().plugins.iter().map(|entry| (entry.plugin.name(), entry.weight)).collect();
    let mut rated = 0;
    for mut objects in clusters() {
        let pod = objects.pop().expect("a pod");
        let decision = decision(&objects, &pod);
        for answer in decision.nodes.iter().filter(|answer| answer.refused.is_none()) {
            let mut total = 0;
            for ((_, score), (plugin, weight)) in answer.rating.scores.iter().zip(&decision.scorers) {
                assert!((0..=100).contains(score), "{plugin} gives {score}");
                assert_eq!(weights[plugin], *weight);
                total += score * weight;
                rated += 1;
            }
            assert_eq!(answer.rating.total, total);
        }
    }
    assert!(rated > 1000);
}

/// Filters' answers and scores do not depend on the order in which nodes and pods became known.
#[test]
fn the_order_of_nodes_does_not_matter() {
    let mut rng = Rng::fork(4, &"order");
    for mut objects in clusters() {
        let pod = objects.pop().expect("a pod");
        let first = decision(&objects, &pod);
        for place in (1..objects.len()).rev() {
            let other = usize::try_from(rng.below(place as u64 + 1)).expect("small");
            objects.swap(place, other);
        }
        // The size of an image is what the first node that has it says: with equal sizes the order must not matter.
        let same_sizes = first.scorers.iter().all(|(name, _)| *name != "ImageLocality") || one_size(&objects);
        let second = decision(&objects, &pod);
        for (name, answer) in by_node(&second) {
            let before = by_node(&first)[name];
            assert_eq!(before.refused, answer.refused, "{name}");
            if same_sizes {
                assert_eq!(
                    (before.rating.total, &before.rating.scores),
                    (answer.rating.total, &answer.rating.scores),
                    "{name}"
                );
            }
        }
        assert_eq!(first.filter_message, second.filter_message);
    }
}

fn one_size(objects: &[Object]) -> bool {
    let mut sizes: BTreeMap<String, i64> = BTreeMap::new();
    let values = objects.iter().filter(|object| object.kind().kind == "Node").map(Object::to_value);
    let images = values.flat_map(|node| node["status"]["images"].as_array().cloned().unwrap_or_default());
    images.into_iter().all(|image| {
        let size = image["sizeBytes"].as_i64().unwrap_or_default();
        let names = image["names"].as_array().cloned().unwrap_or_default();
        names.iter().all(|name| *sizes.entry(name.to_string()).or_insert(size) == size)
    })
}

/// Without required anti-affinity (of anybody) and required spread one more node refuses nobody.
#[test]
fn one_more_node_makes_no_pod_unschedulable() {
    let mut tried = 0;
    for mut objects in clusters() {
        let pod = objects.pop().expect("a pod");
        let text = pod.to_value().to_string() + &objects.iter().map(|o| o.to_value().to_string()).collect::<String>();
        let before = decision(&objects, &pod);
        let anti = text.contains("podAntiAffinity") && text.contains("\"requiredDuring");
        if before.best.is_empty() || anti || text.contains("DoNotSchedule") {
            continue;
        }
        let labels = json!({"kubernetes.io/hostname": "another", "topology.kubernetes.io/zone": "zone-new"});
        let sizes = json!({"cpu": "64", "memory": "256Gi", "pods": "110"});
        let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "another", "labels": labels},
            "status": {"allocatable": sizes, "capacity": sizes}});
        objects.push(object(node, 9999));
        let after = decision(&objects, &pod);
        assert!(!after.best.is_empty(), "{}", after.message);
        let feasible = |decision: &Decision| -> BTreeSet<String> {
            let fits = decision.nodes.iter().filter(|answer| answer.refused.is_none());
            fits.map(|answer| answer.node.to_string()).collect()
        };
        assert!(feasible(&before).is_subset(&feasible(&after)));
        tried += 1;
    }
    assert!(tried > 100, "{tried}");
}

/// One random thing that happens to the cache, with what is really there afterwards.
fn happen(rng: &mut Rng, nodes: &mut Nodes, truth: &mut BTreeMap<String, Object>) {
    let mut draw = |bound: u64| rng.below(bound);
    let (name, uid) = (format!("node-{}", draw(6)), format!("pod-{:02}", draw(30)));
    match draw(10) {
        0..=2 => {
            let mut labels = json!({"kubernetes.io/hostname": name, "zone": format!("zone-{}", draw(3))});
            if draw(4) == 0 {
                labels["rack"] = json!("r");
            }
            let image = json!([{"names": [format!("image-{}", draw(3))], "sizeBytes": 50_000_000}]);
            let status = json!({"allocatable": {"cpu": "8", "memory": "8Gi", "pods": "20"}, "images": image});
            let meta = json!({"name": name, "labels": labels});
            let node = object(json!({"apiVersion": "v1", "kind": "Node", "metadata": meta, "status": status}), 0);
            nodes.set_node(&node);
            truth.insert(name, node);
        }
        3 => {
            nodes.remove_node(&name);
            truth.remove(&name);
        }
        4 => {
            nodes.remove_pod(&uid);
            truth.remove(&uid);
        }
        what => {
            let near = json!({"labelSelector": {"matchLabels": {"app": "a"}}, "topologyKey": "zone"});
            let affinity = json!({"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [near]}});
            let cpu = format!("{}m", 50 * draw(4));
            let app = if draw(2) == 0 { "a" } else { "b" };
            let mut pod = json!({"apiVersion": "v1", "kind": "Pod",
                "metadata": {"name": uid, "uid": uid, "labels": {"app": app}},
                "spec": {"containers": [{"name": "c", "resources": {"requests": {"cpu": cpu}}}]}});
            if draw(3) == 0 {
                pod["spec"]["affinity"] = affinity;
            }
            if what == 5 && !truth.contains_key(&uid) {
                // Assumed, and then taken back: nothing remains of it.
                let info = Rc::new(PodInfo::new(&object(pod, 0)).expect("a pod"));
                nodes.assume(&info, &name.as_str().into());
                nodes.update_snapshot();
                assert!(nodes.forget(&uid).is_some());
                return;
            }
            pod["spec"]["nodeName"] = name.into();
            let pod = object(pod, 0);
            nodes.set_pod(&pod);
            truth.insert(uid, pod);
        }
    }
}

#[test]
fn the_cache_is_what_it_would_be_if_it_were_made_anew() {
    for seed in 0..60 {
        let mut rng = Rng::fork(seed, &"cache");
        let (mut nodes, mut truth) = (Nodes::default(), BTreeMap::new());
        for step in 0..120 {
            happen(&mut rng, &mut nodes, &mut truth);
            if step % 7 != 0 {
                continue;
            }
            let mut anew = cache(truth.values());
            let (ours, right) = (nodes.update_snapshot(), anew.update_snapshot());
            assert_eq!(ours.nodes.len(), right.nodes.len(), "seed {seed} step {step}");
            let at = format!("seed {seed} step {step}");
            assert_eq!(ours.images, right.images, "{at}");
            for node in right.nodes.iter() {
                let mine = ours.get(&node.name).expect("the node");
                let sums = |info: &bottle::cluster::scheduler::nodes::NodeInfo| {
                    let alike: BTreeMap<_, _> = info.alike.iter().cloned().collect();
                    (info.requested.clone(), info.non_zero, info.allocatable.clone(), info.pods.len(), alike)
                };
                assert_eq!(sums(mine), sums(node), "{at} {}", node.name);
            }
            let told = |snapshot: &bottle::cluster::scheduler::nodes::Snapshot| -> Vec<String> {
                let alike = snapshot.crowd.all().map(|alike| {
                    let values: Vec<_> = ["zone", "rack", "kubernetes.io/hostname"]
                        .iter()
                        .map(|label| alike.values_of(label).collect::<Vec<_>>())
                        .collect();
                    format!("{} {:?} {values:?}", alike.one.likeness, alike.nodes.iter().collect::<Vec<_>>())
                });
                let values = ["zone", "rack"].map(|label| snapshot.crowd.values_everywhere(label));
                alike.chain([format!("{values:?}")]).collect()
            };
            assert_eq!(told(ours), told(right), "{at}");
        }
    }
}
