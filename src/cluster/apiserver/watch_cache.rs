//! What the server knows of etcd: all objects by kind, and the changes of the last minutes for watches that come late.
//!
//! Upstream: `k8s.io/apiserver/pkg/storage/cacher` (`watch_cache.go`). One watch on etcd feeds all kinds.

use crate::api::kinds::pod::Pod;
use crate::api::meta::controller_of;
use crate::api::object::Objects;
use crate::api::object::{Key, Object};
use crate::api::{Kind, Typed};
use crate::cluster::timing;
use crate::cluster::wire::{Change, EtcdEvent};
use crate::sim::Time;
use crate::sim::{Log, Map, Set};
use k8s_openapi::api::core::v1::PodSpec;
use std::rc::Rc;

/// Changes that are always kept for each kind (upstream: `defaultLowerBoundCapacity`).
const KEPT_AT_LEAST: usize = 100;

/// All objects, and what has changed lately.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct WatchCache {
    kinds: Map<&'static Kind, Shelf>,
    revision: u64,
    /// Changes up to this revision were not seen.
    floor: u64,
}

/// The objects of one kind.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
struct Shelf {
    objects: Map<Key, Object>,
    /// Pods by the node they are bound to.
    on_node: Map<Rc<str>, Set<Key>>,
    /// A pod of each owner, by the owner's uid: it carries the spec that all pods of one template share.
    samples: Map<Rc<str>, Object>,
    recent: Log<Past>,
    /// Changes up to this revision have been forgotten.
    floor: u64,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Past {
    at: Time,
    what: Changed,
}

/// One change: an object with what it was before.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Changed {
    /// How.
    pub change: Change,
    /// As it is now; of a deleted one its last state under the deletion's revision.
    pub object: Object,
    /// As it was.
    pub before: Option<Object>,
    /// The revision of the change.
    pub revision: u64,
}

impl WatchCache {
    /// The cache after a list.
    pub fn from_list(objects: impl Iterator<Item = Object>, revision: u64) -> Self {
        let mut cache = Self { kinds: Map::new(), revision, floor: revision };
        for object in objects {
            cache.shelf(object.kind()).insert(object);
        }
        cache
    }

    /// The revision that it has reached.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The object at a place.
    pub fn get(&self, kind: &'static Kind, key: &Key) -> Option<&Object> {
        self.kinds.get(&kind)?.objects.get(key)
    }

    /// The typed object at a place.
    pub fn typed<T: crate::api::Typed>(&self, namespace: &str, name: &str) -> Option<&T> {
        self.get(T::kind(), &Key::new(namespace, name))?.get()
    }

    /// All objects of a kind in order of their keys.
    #[must_use]
    pub fn iter(&self, kind: &'static Kind) -> Objects<'_> {
        match self.kinds.get(&kind) {
            Some(known) => Box::new(known.objects.values()),
            None => Box::new(std::iter::empty()),
        }
    }

    /// How many objects of a kind there are.
    pub fn count(&self, kind: &'static Kind) -> usize {
        self.kinds.get(&kind).map_or(0, |shelf| shelf.objects.len())
    }

    /// The objects of a kind in one namespace (empty: in all), in order of their keys.
    #[must_use]
    pub fn in_namespace<'a>(&'a self, kind: &'static Kind, namespace: &'a str) -> Objects<'a> {
        let Some(known) = self.kinds.get(&kind) else { return Box::new(std::iter::empty()) };
        let after = known.objects.range(Key::new(namespace, "")..).map(|(_, object)| object);
        Box::new(after.take_while(move |object| namespace.is_empty() || object.namespace() == namespace))
    }

    /// A pod that an owner has made.
    pub fn sample(&self, owner: &str) -> Option<&Object> {
        self.kinds.get(&Pod::kind())?.samples.get(owner)
    }

    /// The spec of the last pod that an owner has made.
    pub fn spec_of(&self, owner: &str) -> Option<&Rc<PodSpec>> {
        self.sample(owner)?.get::<Pod>().map(|pod| &pod.spec)
    }

    /// The pods that are bound to a node.
    #[must_use]
    pub fn on_node(&self, kind: &'static Kind, node: &str) -> Objects<'_> {
        let known = self.kinds.get(&kind);
        let keys = known.and_then(|known| known.on_node.get(node)).into_iter().flatten();
        Box::new(keys.filter_map(move |key| known?.objects.get(key)))
    }

    /// The changes of a kind after a revision; `Err`: they have been forgotten, up to the revision given.
    pub fn since(&self, kind: &'static Kind, revision: u64) -> Result<Vec<Changed>, u64> {
        let Some(known) = self.kinds.get(&kind) else {
            return if revision < self.floor { Err(self.floor) } else { Ok(Vec::new()) };
        };
        let floor = self.floor.max(known.floor);
        if revision < floor {
            return Err(floor);
        }
        let newest_first = known.recent.iter().rev().take_while(|past| past.what.revision > revision);
        let mut changes: Vec<Changed> = newest_first.map(|past| past.what.clone()).collect();
        changes.reverse();
        Ok(changes)
    }

    /// The change of a kind under exactly this revision, if it is still known.
    pub fn at(&self, kind: &'static Kind, revision: u64) -> Option<&Changed> {
        let recent = &self.kinds.get(&kind)?.recent;
        recent
            .iter()
            .rev()
            .map(|past| &past.what)
            .find(|what| what.revision <= revision)
            .filter(|what| what.revision == revision)
    }

    /// Takes a change from etcd.
    pub fn take(&mut self, event: EtcdEvent, now: Time) -> Changed {
        let revision = event.kv.mod_revision;
        self.revision = revision;
        let mut object = event.kv.value;
        let key = object.key();
        let before = self.shelf(object.kind()).remove(&key);
        if event.change == Change::Deleted {
            self.forget_owner(object.uid());
            object.meta_mut().resource_version = Some(revision.to_string());
        } else {
            self.shelf(object.kind()).insert(object.clone());
        }
        let what = Changed { change: event.change, object, before, revision };
        self.shelf(what.object.kind()).remember(Past { at: now, what: what.clone() });
        what
    }

    fn forget_owner(&mut self, uid: &str) {
        if let Some(pods) = self.kinds.get_mut(&Pod::kind()).filter(|pods| pods.samples.contains_key(uid)) {
            pods.samples.remove(uid);
        }
    }

    fn shelf(&mut self, kind: &'static Kind) -> &mut Shelf {
        self.kinds.get_or_default(kind)
    }
}

impl Shelf {
    fn insert(&mut self, object: Object) {
        let key = object.key();
        if let Some(pod) = object.get::<Pod>() {
            if let Some(node) = pod.node_name.clone() {
                self.on_node.get_or_default(node).insert(key.clone());
            }
            if let Some(owner) = controller_of(&pod.metadata) {
                let sample = self.samples.get(owner.uid.as_str()).and_then(|sample| sample.get::<Pod>());
                if !sample.is_some_and(|sample| Rc::ptr_eq(&sample.spec, &pod.spec)) {
                    self.samples.insert(owner.uid.as_str().into(), object.clone());
                }
            }
        }
        self.objects.insert(key, object);
    }

    fn remove(&mut self, key: &Key) -> Option<Object> {
        let object = self.objects.remove(key)?;
        if let Some(node) = object.get::<Pod>().and_then(Pod::node) {
            let empty = self.on_node.get_mut(node).is_some_and(|keys| {
                keys.remove(key);
                keys.is_empty()
            });
            if empty {
                self.on_node.remove(node);
            }
        }
        Some(object)
    }

    fn remember(&mut self, past: Past) {
        let now = past.at;
        self.recent.push(past);
        let old = |past: &Past| now.since(past.at) > timing::WATCH_HISTORY;
        while self.recent.len() > KEPT_AT_LEAST && self.recent.first().is_some_and(old) {
            if let Some(gone) = self.recent.pop_first() {
                self.floor = gone.what.revision;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds::{self, named};
    use crate::cluster::wire::KeyValue;
    use crate::sim::Duration;
    use k8s_openapi::api::core::v1::ConfigMap;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;

    const MAPS: &Kind = &kinds::config_map::KIND;

    fn event(mut value: Object, change: Change, revision: u64) -> EtcdEvent {
        value.meta_mut().resource_version = Some(revision.to_string());
        let key = value.kind().etcd_key(value.namespace(), value.name()).into();
        let kv = KeyValue { key, value, create_revision: revision, mod_revision: revision, version: 1, lease: 0 };
        EtcdEvent { change, kv, previous: None }
    }

    fn map(name: &str) -> Object {
        Object::new(ConfigMap { metadata: named("default", name), ..ConfigMap::default() })
    }

    fn pod(name: &str, node: Option<&str>) -> Pod {
        let mut metadata = named("default", name);
        let owner = OwnerReference { uid: "owner".to_owned(), controller: Some(true), ..OwnerReference::default() };
        metadata.owner_references = Some(vec![owner]);
        Pod { metadata, node_name: node.map(Rc::from), ..Pod::default() }
    }

    #[test]
    fn history_is_kept_for_a_while_and_then_said_to_be_gone() {
        let mut cache = WatchCache::from_list(std::iter::empty(), 5);
        for revision in 6..=155 {
            cache.take(event(map("a"), Change::Updated, revision), Time::ZERO);
        }
        assert_eq!(cache.since(MAPS, 5).map(|changes| changes.len()), Ok(150));
        assert_eq!(cache.since(MAPS, 4), Err(5));
        let later = Time::ZERO + timing::WATCH_HISTORY + Duration::from_secs(1);
        cache.take(event(map("a"), Change::Updated, 156), later);
        assert_eq!(cache.since(MAPS, 56).map(|changes| changes.len()), Ok(KEPT_AT_LEAST));
        assert_eq!(cache.since(MAPS, 55), Err(56));
        assert_eq!(cache.at(MAPS, 156).map(|changed| changed.revision), Some(156));
        assert_eq!(cache.at(MAPS, 200), None);
    }

    #[test]
    fn a_deleted_object_is_told_under_the_revision_of_its_deletion() {
        let mut cache = WatchCache::from_list(std::iter::once(map("a")), 1);
        let mut gone = event(map("a"), Change::Deleted, 7);
        gone.kv.value = map("a");
        let changed = cache.take(gone, Time::ZERO);
        assert_eq!((changed.object.revision(), changed.before.is_some()), (7, true));
        assert_eq!(cache.count(MAPS), 0);
    }

    #[test]
    fn pods_are_found_by_their_node_and_specs_by_their_owner() {
        let mut cache = WatchCache::default();
        cache.take(event(Object::new(pod("a", None)), Change::Created, 1), Time::ZERO);
        let on = |cache: &WatchCache| cache.on_node(Pod::kind(), "n").count();
        assert_eq!(on(&cache), 0);
        cache.take(event(Object::new(pod("a", Some("n"))), Change::Updated, 2), Time::ZERO);
        assert_eq!(on(&cache), 1);
        assert!(cache.spec_of("owner").is_some() && cache.spec_of("other").is_none());
        cache.take(event(Object::new(pod("a", Some("n"))), Change::Deleted, 3), Time::ZERO);
        assert_eq!(on(&cache), 0);
        let mut owner = map("owner");
        owner.meta_mut().uid = Some("owner".to_owned());
        cache.take(event(owner, Change::Deleted, 4), Time::ZERO);
        assert!(cache.spec_of("owner").is_none());
    }

    #[test]
    fn namespaces_are_told_apart() {
        let in_namespace =
            |namespace: &str| Object::new(ConfigMap { metadata: named(namespace, "c"), ..ConfigMap::default() });
        let cache = WatchCache::from_list(["a", "a-b", "b"].into_iter().map(in_namespace), 1);
        assert_eq!(cache.in_namespace(MAPS, "a").count(), 1);
        assert_eq!(cache.in_namespace(MAPS, "").count(), 3);
    }
}
