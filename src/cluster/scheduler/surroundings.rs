//! What else some plugins look at: the labels of namespaces, and who selects a pod.

use super::pod::labels_of;
use crate::api::Kind;
use crate::api::kinds::{
    csi_node, namespace, persistent_volume, persistent_volume_claim, pod_disruption_budget, replica_set,
    replication_controller, service, storage_class, volume_attachment,
};
use crate::api::meta::controller_of;
use crate::api::object::Objects;
use crate::api::object::{Key, Object};
use crate::api::selector::Selector;
use crate::sim::Map;
use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::api::core::v1::{ReplicationController, Service};
use std::collections::BTreeMap;

/// Namespaces, what selects pods, disruption budgets, and all about volumes.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Surroundings {
    objects: Map<(&'static Kind, Key), Object>,
}

impl Surroundings {
    /// The kinds that it is about.
    pub const KINDS: [&'static Kind; 10] = [
        &namespace::KIND,
        &replica_set::KIND,
        &replication_controller::KIND,
        &service::KIND,
        &pod_disruption_budget::KIND,
        &persistent_volume::KIND,
        &persistent_volume_claim::KIND,
        &storage_class::KIND,
        &csi_node::KIND,
        &volume_attachment::KIND,
    ];

    /// An object is new or has changed.
    pub fn set(&mut self, object: &Object) {
        self.objects.insert((object.kind(), object.key()), object.clone());
    }

    /// An object is gone.
    pub fn remove(&mut self, object: &Object) {
        self.objects.remove(&(object.kind(), object.key()));
    }

    fn of<'a>(&'a self, kind: &'static Kind, namespace: &'a str) -> Objects<'a> {
        let from = (kind, Key::new(namespace, ""));
        let inside =
            move |((of, key), _): &(&(&'static Kind, Key), &Object)| *of == kind && *key.namespace == *namespace;
        Box::new(self.objects.range(from..).take_while(inside).map(|(_, object)| object))
    }

    /// An object.
    #[must_use]
    pub fn get(&self, kind: &'static Kind, namespace: &str, name: &str) -> Option<&Object> {
        self.objects.get(&(kind, Key::new(namespace, name)))
    }

    /// All objects of a kind.
    #[must_use]
    pub fn all(&self, kind: &'static Kind) -> Objects<'_> {
        let from = (kind, Key::new("", ""));
        Box::new(self.objects.range(from..).take_while(move |((of, _), _)| *of == kind).map(|(_, object)| object))
    }

    /// The labels of a namespace.
    #[must_use]
    pub fn namespace_labels(&self, name: &str) -> Option<&BTreeMap<String, String>> {
        self.objects.get(&(&namespace::KIND, Key::new("", name))).map(labels_of)
    }

    /// The namespaces whose labels match.
    pub fn namespaces_matching<'a>(&'a self, selector: &'a Selector) -> impl Iterator<Item = &'a str> {
        let all = self.of(&namespace::KIND, "");
        all.filter(|namespace| selector.matches(labels_of(namespace))).map(Object::name)
    }

    /// What selects a pod together with its like: Services, and its controlling set.
    /// Upstream: `plugins/helper/spread.go`, `DefaultSelector`.
    #[must_use]
    pub fn default_selector(&self, pod: &Object) -> Selector {
        let mut labels = BTreeMap::new();
        for object in self.of(&service::KIND, pod.namespace()) {
            let spec = object.get::<Service>().and_then(|service| service.spec.as_ref());
            let selector = spec.and_then(|spec| spec.selector.as_ref()).filter(|selector| !selector.is_empty());
            if let Some(selector) = selector.filter(|selector| covers(selector, labels_of(pod))) {
                labels.extend(selector.clone());
            }
        }
        let Some(owner) = controller_of(pod.meta()) else { return Selector::from_labels(&labels) };
        let key = Key::new(pod.namespace(), &owner.name);
        let set_of = |kind: &'static Kind| self.objects.get(&(kind, key.clone())).filter(|_| owner.kind == kind.kind);
        if let Some(set) = set_of(&replication_controller::KIND).and_then(Object::get::<ReplicationController>) {
            labels.extend(set.spec.iter().filter_map(|spec| spec.selector.clone()).flatten());
        }
        let mut requirements = Selector::from_labels(&labels).requirements().to_vec();
        if let Some(set) = set_of(&replica_set::KIND).and_then(Object::get::<ReplicaSet>) {
            let selector = set.spec.as_ref().map(|spec| Selector::from_object(Some(&spec.selector)));
            requirements.extend(selector.and_then(Result::ok).iter().flat_map(Selector::requirements).cloned());
        }
        Selector::All(requirements)
    }
}

fn covers(selector: &BTreeMap<String, String>, labels: &BTreeMap<String, String>) -> bool {
    selector.iter().all(|(key, value)| labels.get(key) == Some(value))
}
