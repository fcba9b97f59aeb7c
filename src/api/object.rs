//! One object of any kind: immutable, shared, cheap to clone.

use super::document::Document;
use super::kinds::Kind;
use super::managed::Written;
use crate::sim::hash::StableHasher;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::Value;
use std::any::Any;
use std::cell::OnceCell;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::rc::Rc;

/// A type that a kind stores.
pub trait Typed: Clone + PartialEq + fmt::Debug + Any {
    /// The kind that it belongs to.
    fn kind() -> &'static Kind;
    /// Its metadata.
    fn meta(&self) -> &ObjectMeta;
    /// Its metadata, to change.
    fn meta_mut(&mut self) -> &mut ObjectMeta;
    /// Its JSON form, `apiVersion` and `kind` included.
    fn to_value(&self) -> Value;
}

/// What [`Object`] needs of a [`Typed`], without its type.
trait Body {
    fn kind(&self) -> &'static Kind;
    fn meta(&self) -> &ObjectMeta;
    fn meta_mut(&mut self) -> &mut ObjectMeta;
    fn to_value(&self) -> Value;
    fn same(&self, other: &dyn Body) -> bool;
    fn copy(&self) -> Object;
    fn any(&self) -> &dyn Any;
    fn any_mut(&mut self) -> &mut dyn Any;
}

impl<T: Typed> Body for T {
    fn kind(&self) -> &'static Kind {
        T::kind()
    }
    fn meta(&self) -> &ObjectMeta {
        Typed::meta(self)
    }
    fn meta_mut(&mut self) -> &mut ObjectMeta {
        Typed::meta_mut(self)
    }
    fn to_value(&self) -> Value {
        Typed::to_value(self)
    }
    fn same(&self, other: &dyn Body) -> bool {
        other.any().downcast_ref::<T>().is_some_and(|other| self == other)
    }
    fn copy(&self) -> Object {
        Object::new(self.clone())
    }
    fn any(&self) -> &dyn Any {
        self
    }
    fn any_mut(&mut self) -> &mut dyn Any {
        self
    }
}

impl Body for Document {
    fn kind(&self) -> &'static Kind {
        self.kind
    }
    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }
    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
    fn to_value(&self) -> Value {
        Self::to_value(self)
    }
    fn same(&self, other: &dyn Body) -> bool {
        other.any().downcast_ref::<Self>().is_some_and(|other| self == other)
    }
    fn copy(&self) -> Object {
        Object::from_document(self.clone())
    }
    fn any(&self) -> &dyn Any {
        self
    }
    fn any_mut(&mut self) -> &mut dyn Any {
        self
    }
}

/// An object of any kind. A clone shares the allocation; changing one copies it first if it is shared.
#[derive(Clone)]
pub struct Object(Rc<Shared<dyn Body>>);

/// Some objects in order. A box, because an iterator that says how it was made is a type of its own, with code of its own
/// for whatever is done with it.
pub type Objects<'a> = Box<dyn Iterator<Item = &'a Object> + 'a>;

/// What the clones of an object share.
struct Shared<B: ?Sized> {
    /// The hash, once somebody has asked for it: the same object stands in many caches and histories.
    hash: OnceCell<u64>,
    /// What names it, once somebody has asked: its key stands in as many places as the object. Who changes the name of an
    /// object leaves it as it is, so it is looked at before it is given away.
    reference: OnceCell<Ref>,
    /// Who has written it; objects are equal whoever has.
    written: Option<Written>,
    body: B,
}

impl<B> Shared<B> {
    fn of(body: B) -> Self {
        Self { hash: OnceCell::new(), reference: OnceCell::new(), written: None, body }
    }
}

impl Object {
    /// Wraps a typed object.
    pub fn new<T: Typed>(typed: T) -> Self {
        Self(Rc::new(Shared::of(typed)))
    }

    /// Wraps an object that is kept as a tree.
    #[must_use]
    pub fn from_document(document: Document) -> Self {
        Self(Rc::new(Shared::of(document)))
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> &'static Kind {
        self.0.body.kind()
    }

    /// Its metadata.
    #[must_use]
    pub fn meta(&self) -> &ObjectMeta {
        self.0.body.meta()
    }

    /// Its metadata, to change.
    pub fn meta_mut(&mut self) -> &mut ObjectMeta {
        self.body_mut().meta_mut()
    }

    /// The typed object, if it is a `T`.
    #[must_use]
    pub fn get<T: Typed>(&self) -> Option<&T> {
        self.0.body.any().downcast_ref()
    }

    /// The typed object to change, if it is a `T`.
    pub fn get_mut<T: Typed>(&mut self) -> Option<&mut T> {
        self.body_mut().any_mut().downcast_mut()
    }

    /// The object as a tree, if its kind is kept so.
    #[must_use]
    pub fn document(&self) -> Option<&Document> {
        self.0.body.any().downcast_ref()
    }

    /// The object as a tree to change, if its kind is kept so.
    pub fn document_mut(&mut self) -> Option<&mut Document> {
        self.body_mut().any_mut().downcast_mut()
    }

    /// Its JSON form, `apiVersion` and `kind` included.
    #[must_use]
    pub fn to_value(&self) -> Value {
        self.0.body.to_value()
    }

    /// Whether the two share one allocation.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        std::ptr::addr_eq(Rc::as_ptr(&self.0), Rc::as_ptr(&other.0))
    }

    /// `metadata.name`, empty when unset.
    #[must_use]
    pub fn name(&self) -> &str {
        self.meta().name.as_deref().unwrap_or("")
    }

    /// `metadata.namespace`, empty when unset.
    #[must_use]
    pub fn namespace(&self) -> &str {
        self.meta().namespace.as_deref().unwrap_or("")
    }

    /// `metadata.uid`, empty when unset.
    #[must_use]
    pub fn uid(&self) -> &str {
        self.meta().uid.as_deref().unwrap_or("")
    }

    /// `metadata.resourceVersion` as a number, 0 when unset.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.meta().resource_version.as_deref().and_then(|rv| rv.parse().ok()).unwrap_or(0)
    }

    /// Whether its deletion has been asked for.
    #[must_use]
    pub fn is_terminating(&self) -> bool {
        self.meta().deletion_timestamp.is_some()
    }

    /// Its place within its kind.
    #[must_use]
    pub fn key(&self) -> Key {
        match self.known() {
            Some(known) => known.key.clone(),
            None => Key::new(self.namespace(), self.name()),
        }
    }

    /// What names it among all objects.
    #[must_use]
    pub fn reference(&self) -> Ref {
        match self.known() {
            Some(known) => known.clone(),
            None => ObjectRef::new(self.kind(), self.namespace(), self.name()),
        }
    }

    /// The reference that all share, unless the object has got another name since.
    fn known(&self) -> Option<&Ref> {
        let new = || ObjectRef::new(self.kind(), self.namespace(), self.name());
        let known = self.0.reference.get_or_init(new);
        (*known.key.name == *self.name() && *known.key.namespace == *self.namespace()).then_some(known)
    }

    fn body_mut(&mut self) -> &mut (dyn Body + 'static) {
        let shared = self.shared_mut();
        shared.hash.take();
        &mut shared.body
    }

    fn shared_mut(&mut self) -> &mut Shared<dyn Body> {
        if Rc::get_mut(&mut self.0).is_none() {
            let mut copy = self.0.body.copy();
            if let Some(fresh) = Rc::get_mut(&mut copy.0) {
                fresh.reference = self.0.reference.clone();
                fresh.written.clone_from(&self.0.written);
            }
            *self = copy;
        }
        match Rc::get_mut(&mut self.0) {
            Some(shared) => shared,
            None => unreachable!("a fresh copy is not shared"),
        }
    }

    /// From what the owners of its fields can be computed.
    #[must_use]
    pub fn written(&self) -> Option<&Written> {
        self.0.written.as_ref()
    }

    /// Notes who has written it.
    pub fn set_written(&mut self, written: Written) {
        self.shared_mut().written = Some(written);
    }
}

impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        self.is_same(other) || self.0.body.same(&other.0.body)
    }
}

impl Eq for Object {}

/// Hashes the JSON form, which is the same on every machine.
impl Hash for Object {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let hash = self.0.hash.get_or_init(|| {
            let mut hasher = StableHasher::default();
            hash_value(&self.to_value(), &mut hasher);
            hasher.finish()
        });
        state.write_u64(*hash);
    }
}

/// Feeds a JSON value into a hasher. Map keys are ordered, so equal values give equal hashes.
pub fn hash_value<H: Hasher>(value: &Value, state: &mut H) {
    match value {
        Value::Null => state.write_u8(0),
        Value::Bool(flag) => state.write_u8(1 + u8::from(*flag)),
        Value::Number(number) => match number.as_i64() {
            Some(n) => state.write_i64(n),
            None => state.write_u64(number.as_f64().unwrap_or(0.0).to_bits()),
        },
        Value::String(text) => text.hash(state),
        Value::Array(items) => {
            state.write_usize(items.len());
            for item in items {
                hash_value(item, state);
            }
        }
        Value::Object(fields) => {
            state.write_usize(fields.len());
            for (name, field) in fields {
                name.hash(state);
                hash_value(field, state);
            }
        }
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.reference(), self.revision())
    }
}

/// The place of an object within its kind. The namespace is empty for cluster-scoped kinds.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Key {
    /// The namespace, or empty.
    pub namespace: Rc<str>,
    /// The name.
    pub name: Rc<str>,
}

impl Key {
    /// A key.
    #[must_use]
    pub fn new(namespace: &str, name: &str) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// By namespace, then by name. Mostly the namespaces are equal, and often they are the same allocation.
impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        let same = Rc::ptr_eq(&self.namespace, &other.namespace);
        let first = if same { Ordering::Equal } else { self.namespace.cmp(&other.namespace) };
        if first == Ordering::Equal { by_words(&self.name, &other.name) } else { first }
    }
}

/// As `str::cmp`, eight bytes at a time: names begin alike for long, and compiled to Wasm `str::cmp` goes byte by byte.
fn by_words(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    while let (Some((x, rest)), Some((y, other))) = (a.split_first_chunk(), b.split_first_chunk()) {
        if x != y {
            return u64::from_be_bytes(*x).cmp(&u64::from_be_bytes(*y));
        }
        (a, b) = (rest, other);
    }
    a.cmp(b)
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace.is_empty() { f.write_str(&self.name) } else { write!(f, "{}/{}", self.namespace, self.name) }
    }
}

/// Names one object among all: kind, namespace, name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ObjectRef {
    /// Its kind.
    pub kind: &'static Kind,
    /// Its place within the kind.
    pub key: Key,
}

/// A shared [`ObjectRef`]: facts and requests carry many of them.
pub type Ref = Rc<ObjectRef>;

impl ObjectRef {
    /// A reference. The name is empty where the server will generate it.
    #[must_use]
    pub fn new(kind: &'static Kind, namespace: &str, name: &str) -> Ref {
        Rc::new(Self { kind, key: Key::new(namespace, name) })
    }
}

/// `Kind/namespace/name`, with an empty namespace for cluster-scoped kinds.
impl fmt::Display for ObjectRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.kind.kind, self.key.namespace, self.key.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds::named;
    use crate::sim::hash::stable_hash;
    use k8s_openapi::api::core::v1::ConfigMap;

    #[test]
    fn a_changed_object_has_another_hash_and_leaves_its_clones_alone() {
        let object = Object::new(ConfigMap { metadata: named("default", "c"), ..ConfigMap::default() });
        let (mut changed, before) = (object.clone(), stable_hash(&object));
        changed.meta_mut().name = Some("d".to_owned());
        assert_eq!((object.name(), stable_hash(&object)), ("c", before));
        assert_ne!(stable_hash(&changed), before);
        assert_ne!(changed, object);
    }
}
