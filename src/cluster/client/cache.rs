//! What an informer knows: the objects of one kind, with the indexes that its readers need.

use super::Notice;
use crate::api::kinds::pod::Pod;
use crate::api::meta::controller_of;
use crate::api::object::{Key, Object};
use crate::sim::FactId;
use imbl::{OrdMap, OrdSet};
use std::rc::Rc;

/// The objects of one kind as far as a client knows them.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Cache {
    objects: OrdMap<Key, Object>,
    /// By the uid of each owner; under the empty uid those that nobody controls.
    owned: OrdMap<Rc<str>, OrdMap<Key, Object>>,
    /// Pods by the node they are bound to (empty: none).
    on_node: OrdMap<Rc<str>, OrdMap<Key, Object>>,
    revision: u64,
}

impl Cache {
    /// The object at a place.
    #[must_use]
    pub fn get(&self, key: &Key) -> Option<&Object> {
        self.objects.get(key)
    }

    /// All objects in order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = &Object> {
        self.objects.values()
    }

    /// The objects of a namespace in order of their names.
    pub fn in_namespace<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = &'a Object> {
        let from = Key::new(namespace, "");
        self.objects.range(from..).take_while(move |(key, _)| &*key.namespace == namespace).map(|(_, object)| object)
    }

    /// The objects whose controlling owner has this uid.
    pub fn owned_by<'a>(&'a self, uid: &'a str) -> impl Iterator<Item = &'a Object> + use<'a> {
        self.dependents(uid).filter(move |object| controller_of(object.meta()).is_some_and(|owner| owner.uid == uid))
    }

    /// The objects that name an owner with this uid, controlling or not.
    pub fn dependents<'a>(&'a self, uid: &str) -> impl Iterator<Item = &'a Object> + use<'a> {
        self.owned.get(uid).filter(|_| !uid.is_empty()).into_iter().flat_map(OrdMap::values)
    }

    /// The objects of a namespace that nobody controls.
    pub fn orphans<'a>(&'a self, namespace: &'a str) -> impl Iterator<Item = &'a Object> + use<'a> {
        let here = move |orphans: &'a OrdMap<Key, Object>| orphans.range(Key::new(namespace, "")..);
        let orphans = self.owned.get("").into_iter().flat_map(here);
        orphans.take_while(move |(key, _)| &*key.namespace == namespace).map(|(_, object)| object)
    }

    /// The pods bound to a node; with an empty name those bound to none.
    pub fn on_node<'a>(&'a self, node: &str) -> impl Iterator<Item = &'a Object> + use<'a> {
        self.on_node.get(node).into_iter().flat_map(OrdMap::values)
    }

    /// The names of nodes that pods are bound to; an empty one if some are bound to none.
    pub fn nodes(&self) -> impl Iterator<Item = &Rc<str>> {
        self.on_node.keys()
    }

    /// How many objects there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.objects.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    /// The revision up to which everything has been seen.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Everything up to `revision` has been seen.
    pub(super) fn reached(&mut self, revision: u64) {
        self.revision = self.revision.max(revision);
    }

    /// Takes one change; `object` names what has changed and carries its revision.
    pub(super) fn change(&mut self, object: &Object, new: Option<Object>, cause: Option<FactId>) -> Notice {
        self.reached(object.revision());
        let key = object.key();
        let old = self.remove(&key);
        if let Some(new) = &new {
            self.insert(key, new.clone());
        } else {
            // The last state, as the watch gave it, is what its readers should see go.
            return Notice::Changed { old: Some(object.clone()), new: None, cause };
        }
        Notice::Changed { old, new, cause }
    }

    /// Takes a whole list: what is not in it is gone.
    pub(super) fn replace(&mut self, items: &[Object], revision: u64, cause: Option<FactId>) -> Vec<Notice> {
        self.reached(revision);
        let mut notices = Vec::new();
        let keep: OrdSet<Key> = items.iter().map(Object::key).collect();
        let gone: Vec<Key> = self.objects.keys().filter(|key| !keep.contains(*key)).cloned().collect();
        for key in gone {
            let old = self.remove(&key);
            notices.push(Notice::Changed { old, new: None, cause });
        }
        for item in items {
            let key = item.key();
            if self.objects.get(&key).is_some_and(|old| old.revision() == item.revision()) {
                continue;
            }
            let old = self.remove(&key);
            self.insert(key, item.clone());
            notices.push(Notice::Changed { old, new: Some(item.clone()), cause });
        }
        notices
    }

    fn insert(&mut self, key: Key, object: Object) {
        for owner in owners(&object) {
            self.owned.entry(owner.into()).or_default().insert(key.clone(), object.clone());
        }
        if let Some(pod) = object.get::<Pod>() {
            let node = pod.node_name.clone().unwrap_or_default();
            self.on_node.entry(node).or_default().insert(key.clone(), object.clone());
        }
        self.objects.insert(key, object);
    }

    fn remove(&mut self, key: &Key) -> Option<Object> {
        let object = self.objects.remove(key)?;
        for owner in owners(&object) {
            unindex(&mut self.owned, owner, key);
        }
        if let Some(pod) = object.get::<Pod>() {
            unindex(&mut self.on_node, pod.node().unwrap_or_default(), key);
        }
        Some(object)
    }
}

/// Under what an object stands in the index of owners.
fn owners(object: &Object) -> impl Iterator<Item = &str> {
    let free = controller_of(object.meta()).is_none().then_some("");
    let owners = object.meta().owner_references.iter().flatten().map(|owner| owner.uid.as_str());
    owners.filter(|uid| !uid.is_empty()).chain(free)
}

fn unindex(index: &mut OrdMap<Rc<str>, OrdMap<Key, Object>>, name: &str, key: &Key) {
    let empty = index.get_mut(name).is_some_and(|objects| {
        objects.remove(key);
        objects.is_empty()
    });
    if empty {
        index.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds::named;

    fn pod(name: &str, node: &str, revision: u64) -> Object {
        let mut metadata = named("default", name);
        metadata.resource_version = Some(revision.to_string());
        let node_name = (!node.is_empty()).then(|| node.into());
        Object::new(Pod { metadata, node_name, ..Pod::default() })
    }

    #[test]
    fn indexes_follow_the_objects() {
        let mut cache = Cache::default();
        let first = pod("a", "", 1);
        cache.change(&first, Some(first.clone()), None);
        assert_eq!(cache.on_node("").count(), 1);
        let bound = pod("a", "node-1", 2);
        cache.change(&bound, Some(bound.clone()), None);
        assert_eq!((cache.on_node("").count(), cache.on_node("node-1").count()), (0, 1));
        assert_eq!(cache.in_namespace("default").count(), 1);
        assert_eq!(cache.in_namespace("defaul").count(), 0);
    }

    #[test]
    fn a_new_list_corrects_what_was_missed() {
        let mut cache = Cache::default();
        cache.replace(&[pod("a", "", 1), pod("b", "", 2)], 2, None);
        let notices = cache.replace(&[pod("b", "", 2), pod("c", "", 5)], 6, None);
        let names: Vec<_> = notices
            .iter()
            .map(|notice| match notice {
                Notice::Changed { old: Some(old), new: None, .. } => format!("-{}", old.name()),
                Notice::Changed { new: Some(new), .. } => format!("+{}", new.name()),
                _ => String::new(),
            })
            .collect();
        assert_eq!(names, ["-a", "+c"]);
        assert_eq!(cache.revision(), 6);
    }
}
