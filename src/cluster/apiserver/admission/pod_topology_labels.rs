//! `PodTopologyLabels`: a pod carries the zone and the region of its node
//! (upstream: `plugin/pkg/admission/podtopologylabels`).

use super::Plugin;
use crate::api::kinds::node;
use crate::api::kinds::pod::Pod;
use crate::api::object::{Key, Object};
use crate::cluster::apiserver::watch_cache::WatchCache;

/// The plugin. Pods get their labels when they are bound ([`copy`]); those made with a node have one from the beginning.
pub const PLUGIN: Plugin = Plugin {
    mutate: |request, object| {
        if request.creates("Pod") {
            copy(object, request.review.cache);
        }
        Ok(())
    },
    ..Plugin::named("PodTopologyLabels")
};

const LABELS: [&str; 2] = ["topology.kubernetes.io/region", "topology.kubernetes.io/zone"];

/// Gives a pod the labels of its node that it does not have.
pub fn copy(object: &mut Object, cache: &WatchCache) {
    let Some(name) = object.get::<Pod>().and_then(Pod::node) else { return };
    let Some(labels) = cache.get(&node::KIND, &Key::new("", name)).and_then(|node| node.meta().labels.as_ref()) else {
        return;
    };
    for label in LABELS {
        if let Some(value) = labels.get(label) {
            let own = object.meta_mut().labels.get_or_insert_default();
            own.entry(label.to_owned()).or_insert_with(|| value.clone());
        }
    }
}
