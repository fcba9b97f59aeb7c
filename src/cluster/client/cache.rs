//! What an informer knows: the objects of one kind, with the indexes that its readers need.

use super::Notice;
use crate::api::kinds::pod::Pod;
use crate::api::meta::controller_of;
use crate::api::object::Objects;
use crate::api::object::{Key, Object};
use crate::sim::FactId;
use crate::sim::{Map, Set};
use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::rc::Rc;

/// The objects of one kind as far as a client knows them.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Cache {
    objects: Map<Key, Object>,
    /// By the uid of each owner; under the empty uid those that nobody controls.
    owned: Map<Rc<str>, Group>,
    /// Pods by the node they are bound to (empty: none).
    on_node: Map<Rc<str>, Group>,
    revision: u64,
}

/// Objects that an index holds together. Controllers look at all pods of an owner whenever one of them moves: what they
/// ask of them is counted here as they come and go, so that a thousand pods are not read a thousand times.
#[derive(Clone, Debug, Default)]
struct Group {
    objects: Map<Key, Object>,
    /// The pods among them that somebody controls, counted by what they have in common.
    alike: Vec<(Rc<Alike>, usize)>,
}

/// What controllers ask of a pod.
#[derive(PartialEq, Eq, Debug)]
pub struct Alike {
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Uid of the owner that controls it.
    pub controller: String,
    /// Whether it has ended.
    pub ended: bool,
    /// Whether its deletion has been asked for.
    pub terminating: bool,
    /// Whether it is ready.
    pub ready: bool,
}

impl Alike {
    fn describes(&self, pod: &Pod, controller: &str) -> bool {
        self.ready == pod.is_ready()
            && self.ended == pod.is_terminal()
            && self.terminating == pod.metadata.deletion_timestamp.is_some()
            && self.controller == controller
            && pod.metadata.labels.as_ref().map_or_else(|| self.labels.is_empty(), |labels| *labels == self.labels)
    }

    fn of(pod: &Pod, controller: &str) -> Self {
        Self {
            labels: pod.metadata.labels.clone().unwrap_or_default(),
            controller: controller.to_owned(),
            ended: pod.is_terminal(),
            terminating: pod.metadata.deletion_timestamp.is_some(),
            ready: pod.is_ready(),
        }
    }
}

/// The counts follow from the objects.
impl PartialEq for Group {
    fn eq(&self, other: &Self) -> bool {
        self.objects == other.objects
    }
}

impl Eq for Group {}

impl Hash for Group {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.objects.hash(state);
    }
}

impl Group {
    /// Takes an object, in place of what it was before.
    fn insert(&mut self, key: Key, object: &Object) {
        if let Some(old) = self.objects.insert(key, object.clone()) {
            self.discount(&old);
        }
        if let Some((pod, controller)) = controlled(object) {
            match self.alike.iter_mut().find(|(alike, _)| alike.describes(pod, controller)) {
                Some((_, count)) => *count += 1,
                None => self.alike.push((Rc::new(Alike::of(pod, controller)), 1)),
            }
        }
    }

    fn remove(&mut self, key: &Key) {
        if let Some(object) = self.objects.remove(key) {
            self.discount(&object);
        }
    }

    fn discount(&mut self, object: &Object) {
        let Some((pod, controller)) = controlled(object) else { return };
        let Some(place) = self.alike.iter().position(|(alike, _)| alike.describes(pod, controller)) else { return };
        self.alike[place].1 -= 1;
        if self.alike[place].1 == 0 {
            self.alike.swap_remove(place);
        }
    }
}

fn controlled(object: &Object) -> Option<(&Pod, &str)> {
    Some((object.get::<Pod>()?, controller_of(object.meta())?.uid.as_str()))
}

impl Cache {
    /// The object at a place.
    #[must_use]
    pub fn get(&self, key: &Key) -> Option<&Object> {
        self.objects.get(key)
    }

    /// All objects in order of their keys.
    #[must_use]
    pub fn iter(&self) -> Objects<'_> {
        Box::new(self.objects.values())
    }

    /// The objects of a namespace in order of their names.
    #[must_use]
    pub fn in_namespace<'a>(&'a self, namespace: &'a str) -> Objects<'a> {
        within(&self.objects, namespace)
    }

    /// The objects whose controlling owner has this uid.
    #[must_use]
    pub fn owned_by<'a>(&'a self, uid: &'a str) -> Objects<'a> {
        let controls = move |object: &&Object| controller_of(object.meta()).is_some_and(|owner| owner.uid == uid);
        Box::new(self.dependents(uid).filter(controls))
    }

    /// The objects that name an owner with this uid, controlling or not.
    #[must_use]
    pub fn dependents(&self, uid: &str) -> Objects<'_> {
        all(self.owned.get(uid).filter(|_| !uid.is_empty()))
    }

    /// The pods whose controlling owner has this uid, counted by what they have in common.
    pub fn alike<'a>(&'a self, uid: &'a str) -> impl Iterator<Item = (&'a Alike, usize)> + use<'a> {
        let groups = self.owned.get(uid).into_iter().flat_map(|group| &group.alike);
        groups.filter(move |(alike, _)| alike.controller == uid).map(|(alike, count)| (&**alike, *count))
    }

    /// The objects of a namespace that nobody controls.
    #[must_use]
    pub fn orphans<'a>(&'a self, namespace: &'a str) -> Objects<'a> {
        match self.owned.get("") {
            Some(orphans) => within(&orphans.objects, namespace),
            None => Box::new(std::iter::empty()),
        }
    }

    /// The pods bound to a node; with an empty name those bound to none.
    #[must_use]
    pub fn on_node(&self, node: &str) -> Objects<'_> {
        all(self.on_node.get(node))
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
        let Some(new) = new else {
            self.remove(&key);
            // The last state, as the watch gave it, is what its readers should see go.
            return Notice::Changed { old: Some(object.clone()), new: None, cause };
        };
        Notice::Changed { old: self.insert(key, &new), new: Some(new), cause }
    }

    /// Takes a whole list: what is not in it is gone.
    pub(super) fn replace(&mut self, items: &[Object], revision: u64, cause: Option<FactId>) -> Vec<Notice> {
        self.reached(revision);
        let mut notices = Vec::new();
        let keep: Set<Key> = items.iter().map(Object::key).collect();
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
            let old = self.insert(key, item);
            notices.push(Notice::Changed { old, new: Some(item.clone()), cause });
        }
        notices
    }

    /// Takes an object and gives what it was before.
    fn insert(&mut self, key: Key, object: &Object) -> Option<Object> {
        let old = self.objects.insert(key.clone(), object.clone());
        // Mostly it stands where it stood.
        if let Some(old) = old.as_ref().filter(|old| !owners(old).eq(owners(object)) || node_of(old) != node_of(object))
        {
            self.leave(&key, old);
        }
        for owner in owners(object) {
            group(&mut self.owned, owner).insert(key.clone(), object);
        }
        if let Some(node) = node_of(object) {
            group(&mut self.on_node, node).objects.insert(key, object.clone());
        }
        old
    }

    fn remove(&mut self, key: &Key) -> Option<Object> {
        let object = self.objects.remove(key)?;
        self.leave(key, &object);
        Some(object)
    }

    /// Takes an object out of the indexes.
    fn leave(&mut self, key: &Key, object: &Object) {
        for owner in owners(object) {
            unindex(&mut self.owned, owner, |group| group.remove(key));
        }
        if let Some(node) = node_of(object) {
            unindex(&mut self.on_node, node, |group| drop(group.objects.remove(key)));
        }
    }
}

/// Under what an object stands in the index of owners.
impl<'a> IntoIterator for &'a Cache {
    type Item = &'a Object;
    type IntoIter = Objects<'a>;

    fn into_iter(self) -> Objects<'a> {
        self.iter()
    }
}

/// The objects of a namespace.
fn within<'a>(objects: &'a Map<Key, Object>, namespace: &'a str) -> Objects<'a> {
    let inside = objects.range(Key::new(namespace, "")..).take_while(move |(key, _)| &*key.namespace == namespace);
    Box::new(inside.map(|(_, object)| object))
}

/// The objects of a group, if there is one.
fn all(group: Option<&Group>) -> Objects<'_> {
    match group {
        Some(group) => Box::new(group.objects.values()),
        None => Box::new(std::iter::empty()),
    }
}

fn owners(object: &Object) -> impl Iterator<Item = &str> {
    let free = controller_of(object.meta()).is_none().then_some("");
    let owners = object.meta().owner_references.iter().flatten().map(|owner| owner.uid.as_str());
    owners.filter(|uid| !uid.is_empty()).chain(free)
}

/// The node that a pod is bound to, empty if to none; `None`: it is no pod.
fn node_of(object: &Object) -> Option<&str> {
    object.get::<Pod>().map(|pod| pod.node_name.as_deref().unwrap_or_default())
}

fn group<'a>(index: &'a mut Map<Rc<str>, Group>, name: &str) -> &'a mut Group {
    let known = index.contains_key(name);
    if !known {
        index.insert(name.into(), Group::default());
    }
    index.get_mut(name).expect("it has just been put there")
}

fn unindex(index: &mut Map<Rc<str>, Group>, name: &str, remove: impl FnOnce(&mut Group)) {
    let empty = index.get_mut(name).is_some_and(|group| {
        remove(group);
        group.objects.is_empty()
    });
    if empty {
        index.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds::named;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;

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
    fn pods_of_an_owner_are_counted_as_they_come_change_and_go() {
        let owned = |name: &str, phase: &str, revision| {
            let mut pod = pod(name, "", revision);
            let owner = OwnerReference { uid: "o".to_owned(), controller: Some(true), ..OwnerReference::default() };
            pod.meta_mut().owner_references = Some(vec![owner]);
            pod.get_mut::<Pod>().expect("a pod").status.phase = Some(phase.to_owned());
            pod
        };
        let counts = |cache: &Cache| cache.alike("o").map(|(alike, count)| (alike.ended, count)).collect::<Vec<_>>();
        let mut cache = Cache::default();
        for (name, revision) in [("a", 1), ("b", 2), ("c", 3)] {
            let pod = owned(name, "Running", revision);
            cache.change(&pod, Some(pod.clone()), None);
        }
        assert_eq!(counts(&cache), [(false, 3)]);
        let ended = owned("b", "Failed", 4);
        cache.change(&ended, Some(ended.clone()), None);
        assert_eq!(counts(&cache), [(false, 2), (true, 1)]);
        cache.change(&ended, None, None);
        assert_eq!(counts(&cache), [(false, 2)]);
        assert_eq!(cache.alike("").count(), 0);
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
