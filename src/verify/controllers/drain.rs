//! Commands of more than one request: `drain`, and `create job --from`.

use super::steps::{create, evict};
use super::world::World;
use crate::api::Key;
use crate::api::kinds::{self, pod};
use crate::api::meta::controller_of;
use crate::api::request::PatchType;
use crate::api::{Object, Request};
use crate::sim::Duration;
use serde_json::json;

/// `drain NODE`: cordons it and evicts what is on it; what a budget refuses is tried again every five seconds.
pub fn drain(world: &mut World, node: &str, options: &[&str]) -> Option<()> {
    let key = Key::new("", node);
    let patch = json!({"spec": {"unschedulable": true}});
    world.send(Request::patch(&kinds::node::KIND, &key, PatchType::Merge, patch));
    world.after(Duration::from_millis(100));
    let ignored = options.contains(&"--ignore-daemonsets");
    let limit = options.iter().find_map(|option| option.strip_prefix("--timeout=")?.strip_suffix('s')?.parse().ok());
    let on_node = world.ships.on_node(node);
    let of_daemon = |pod: &&Object| controller_of(pod.meta()).is_some_and(|owner| owner.kind == "DaemonSet");
    if !ignored && on_node.iter().any(|pod| of_daemon(&pod)) {
        return Some(());
    }
    let mut left: Vec<String> = on_node.iter().filter(|pod| !of_daemon(pod)).map(|pod| pod.name().to_owned()).collect();
    let mut waited = 0;
    while !left.is_empty() {
        let sent: Vec<(String, u64)> = left.into_iter().map(|pod| (pod.clone(), evict(world, &pod))).collect();
        world.after(Duration::from_millis(100));
        let refused = |world: &World, id| world.answer(id).is_some_and(|(code, _)| *code == 429);
        left = sent.into_iter().filter(|(_, id)| refused(world, *id)).map(|(pod, _)| pod).collect();
        waited += 5;
        if left.is_empty() || limit.is_some_and(|limit: u64| waited >= limit) {
            break;
        }
        world.after(Duration::from_secs(5));
    }
    Some(())
}

/// `create job NAME --from=cronjob/CRON`.
pub fn job_from(world: &mut World, name: &str, from: &str) -> Option<()> {
    let cron = world.ships.lookup(&kinds::cron_job::KIND, &Key::new("demo", from))?;
    let template = cron.to_value()["spec"]["jobTemplate"].clone();
    let mut annotations = template["metadata"]["annotations"].clone();
    annotations["cronjob.kubernetes.io/instantiate"] = "manual".into();
    let owner =
        json!({"apiVersion": "batch/v1", "kind": "CronJob", "name": from, "uid": cron.uid(), "controller": true});
    let job = json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": {"name": name, "annotations": annotations, "labels": template["metadata"]["labels"],
            "ownerReferences": [owner]},
        "spec": template["spec"],
    });
    let request = create(&job).ok()?;
    world.send(request);
    Some(())
}

impl super::kubelets::Ships {
    fn on_node(&self, node: &str) -> Vec<Object> {
        let bound = |object: &&Object| object.get().is_some_and(|pod: &pod::Pod| pod.node() == Some(node));
        self.cache(&pod::KIND).filter(bound).cloned().collect()
    }
}
