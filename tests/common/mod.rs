//! What the tests over time share: random inputs, and worlds to try them on.
#![allow(dead_code, reason = "each test file uses its part")]

use bottle::cluster::History;
use bottle::cluster::boot::{Scenario, boot};
use bottle::cluster::input::{Input, Name};
use bottle::sim::Time;
use bottle::sim::rng::Rng;

/// The three ships, settled.
pub fn three_ships(seed: u64) -> History {
    boot(&Scenario::named("three-ships").expect("the scenario"), seed)
}

/// What a person might do next, faults included.
pub fn random_input(rng: &mut Rng) -> Input {
    let node = format!("node-{}", 1 + rng.below(3));
    let web = format!("web-{}", rng.below(3));
    let deployment = Name {
        api_version: "apps/v1".into(),
        kind: "Deployment".into(),
        namespace: "default".into(),
        name: web.clone(),
    };
    match rng.below(12) {
        0..=3 => apply(&web, rng),
        4 => Input::Scale { object: deployment, replicas: i32::try_from(rng.below(7)).expect("small") },
        5 => Input::SetImage {
            object: deployment,
            container: "web".into(),
            image: format!("nginx:1.2{}", 5 + rng.below(4)),
        },
        6 => Input::Delete { object: deployment },
        7 => Input::Cordon { node, on: rng.chance(500) },
        8 => Input::Kubelet { node, stop: rng.chance(500) },
        9 => Input::Network { node, cut: rng.chance(500) },
        10 => Input::Undo { object: deployment, revision: 0 },
        _ => Input::Apply { text: broken(rng), dry_run: rng.chance(300), create_namespaces: false },
    }
}

/// Everything healed and uncordoned.
pub fn heal() -> Vec<Input> {
    let nodes = (1..=3).map(|n| format!("node-{n}"));
    nodes
        .flat_map(|node| {
            [
                Input::Network { node: node.clone(), cut: false },
                Input::Kubelet { node: node.clone(), stop: false },
                Input::Cordon { node, on: false },
            ]
        })
        .collect()
}

fn apply(name: &str, rng: &mut Rng) -> Input {
    let image = ["nginx:1.27", "redis:7", "busybox:1.36", "httpd:2.4"][usize::try_from(rng.below(4)).expect("small")];
    let strategy = if rng.chance(200) { "Recreate" } else { "RollingUpdate" };
    let text = format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec:\n  replicas: {}\n  strategy: {{type: {strategy}}}\n  \
         selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    metadata: {{labels: {{app: {name}}}}}\n    spec:\n      \
         terminationGracePeriodSeconds: {}\n      containers:\n      - name: web\n        image: {image}\n        \
         resources: {{requests: {{cpu: {}m}}}}\n",
        rng.below(6),
        rng.below(10),
        50 + rng.below(900),
    );
    Input::Apply { text, dry_run: false, create_namespaces: false }
}

/// Manifests that are refused at different gates.
fn broken(rng: &mut Rng) -> String {
    let texts = [
        "apiVersion: v1\nkind: Pod\nmetadata: {name: Bad_Name}\nspec: {containers: []}\n",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec: {replicas: many}\n",
        "a: [\n",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: nowhere}\nspec: {containers: [{name: c, image: nginx}]}\n",
    ];
    texts[usize::try_from(rng.below(4)).expect("small")].to_owned()
}

/// A moment up to `limit` seconds, in whole milliseconds.
pub fn random_time(rng: &mut Rng, limit: u64) -> Time {
    Time::from_millis(i64::try_from(rng.below(limit * 1000)).expect("small"))
}
