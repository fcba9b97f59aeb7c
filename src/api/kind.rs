//! What a kind is: everything that is particular to it, as data and functions.

use super::custom::{self, Custom};
use super::faces::Face;
use super::kinds::{KINDS, differs, keep};
use super::names;
use super::object::Object;
use super::status::FieldError;
pub use super::table::Column;
use crate::sim::Time;
use serde_json::Value;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

/// The verbs of most kinds.
pub const ALL_VERBS: &[&str] = &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

/// What is particular to a kind.
pub struct Kind {
    /// API group, empty for core.
    pub group: &'static str,
    /// Version within the group.
    pub version: &'static str,
    /// Kind, such as `Pod`.
    pub kind: &'static str,
    /// Plural, such as `pods`.
    pub plural: &'static str,
    /// Singular, such as `pod`.
    pub singular: &'static str,
    /// Short names that kubectl takes.
    pub short_names: &'static [&'static str],
    /// Categories, such as `all`.
    pub categories: &'static [&'static str],
    /// Whether its objects live in a namespace.
    pub namespaced: bool,
    /// Verbs that the resource itself takes, as discovery names them.
    pub verbs: &'static [&'static str],
    /// What is wrong with a name of this kind (empty: nothing). Generated names are checked with
    /// [`names::as_prefix`] of it.
    pub name_errors: fn(&str) -> Vec<String>,
    /// The kind of which this is another version, if it is not stored itself.
    pub face: Option<Face>,
    /// The part of the etcd key between `/registry/` and the namespace or name.
    pub storage: &'static str,
    /// Subresources: `status`, `scale`, `binding` …
    pub subresources: &'static [&'static str],
    /// Whether `metadata.generation` counts changes of the spec.
    pub generation: bool,
    /// JSON (already checked against the schema) into the typed object. The error is serde's.
    pub decode: fn(Value) -> Result<Object, String>,
    /// Defaulting (upstream: `pkg/apis/<group>/<version>/defaults.go`).
    pub default: fn(&mut Object),
    /// What a creation resets (upstream: the strategy's `PrepareForCreate`), at this moment.
    pub prepare_create: fn(&mut Object, Time),
    /// What an update of the main resource takes from the old object (upstream: `PrepareForUpdate`): new, old.
    pub prepare_update: fn(&mut Object, &Object),
    /// What an update of the status takes from the old object (upstream: the status strategy): new, old.
    pub prepare_status: fn(&mut Object, &Object),
    /// All errors of a new object (upstream: `validation.go`). Metadata is checked for all kinds alike elsewhere.
    pub validate: fn(&Object) -> Vec<FieldError>,
    /// All errors of an update: new, old.
    pub validate_update: fn(&Object, &Object) -> Vec<FieldError>,
    /// What the server warns of although it accepts the object (upstream: `WarningsOnCreate`).
    pub warnings: fn(&Object) -> Vec<String>,
    /// Whether the spec differs, so that the generation moves: new, old.
    pub spec_changed: fn(&Object, &Object) -> bool,
    /// How long a graceful deletion lasts, in seconds; `None`: the kind is deleted at once (only pods are not).
    pub grace: fn(&Object) -> Option<i64>,
    /// The value of a field that field selectors may name; `None`: not selectable.
    pub field: fn(&Object, &str) -> Option<String>,
    /// What the subresource `scale` reads and writes, for kinds that have it.
    pub scale: Option<Scale>,
    /// All table columns in their order, `Name` and `Age` included.
    pub columns: &'static [Column],
    /// What is particular to a kind that somebody has added.
    pub custom: Option<&'static Custom>,
}

/// Its name is enough to know it by.
impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind)
    }
}

/// What `autoscaling/v1 Scale` shows of an object.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// `spec.replicas`.
    pub replicas: fn(&Object) -> i32,
    /// Sets `spec.replicas`.
    pub set_replicas: fn(&mut Object, i32),
    /// `status.replicas`.
    pub current: fn(&Object) -> i32,
    /// `status.selector`: the selector in its string form.
    pub selector: fn(&Object) -> String,
}

/// A subresource's or request's payload that is no stored object is not a kind; a kind can always be decoded.
impl Kind {
    /// A namespaced kind of the core group with no particulars; kinds are written as `Kind { …, ..Kind::plain() }`.
    #[must_use]
    pub const fn plain() -> Self {
        Self {
            group: "",
            version: "v1",
            kind: "",
            plural: "",
            singular: "",
            short_names: &[],
            categories: &[],
            namespaced: true,
            verbs: ALL_VERBS,
            name_errors: names::dns1123_subdomain,
            face: None,
            storage: "",
            subresources: &[],
            generation: false,
            decode: |_| Err(String::new()),
            default: |_| {},
            prepare_create: |_, _| {},
            prepare_update: |_, _| {},
            prepare_status: |_, _| {},
            validate: |_| Vec::new(),
            validate_update: |_, _| Vec::new(),
            warnings: |_| Vec::new(),
            spec_changed: |_, _| false,
            grace: |_| None,
            field: |_, _| None,
            scale: None,
            columns: &[Column::NAME, Column::AGE],
            custom: None,
        }
    }

    /// A namespaced kind that is kept as a tree, stored under its plural.
    pub(super) const fn tree(
        group: &'static str,
        kind: &'static str,
        plural: &'static str,
        singular: &'static str,
    ) -> Self {
        Self { group, kind, plural, singular, storage: plural, ..Self::plain() }
    }

    /// The same of the whole cluster.
    pub(super) const fn cluster(self) -> Self {
        Self { namespaced: false, ..self }
    }

    /// The same with a spec that people write, whose changes are counted, and a status that a controller writes.
    pub(super) const fn with_status(self) -> Self {
        Self {
            subresources: &["status"],
            generation: true,
            prepare_update: |new, old| keep(new, old, "status"),
            prepare_status: |new, old| keep(new, old, "spec"),
            spec_changed: |new, old| differs(new, old, "spec"),
            ..self
        }
    }

    /// Reads a document that has been checked against the schema.
    ///
    /// # Errors
    /// Go's sentence about what cannot be read.
    pub fn read(&'static self, document: Value) -> Result<Object, String> {
        if self.custom.is_some() { custom::read(self, document) } else { (self.decode)(document) }
    }

    /// `apiVersion`: `v1`, `apps/v1`.
    #[must_use]
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_owned() } else { format!("{}/{}", self.group, self.version) }
    }

    /// The resource as errors name it: `pods`, `deployments.apps`.
    #[must_use]
    pub fn resource(&self) -> String {
        if self.group.is_empty() { self.plural.to_owned() } else { format!("{}.{}", self.plural, self.group) }
    }

    /// The kind as errors name it: `Pod`, `Deployment.apps`.
    #[must_use]
    pub fn qualified(&self) -> String {
        if self.group.is_empty() { self.kind.to_owned() } else { format!("{}.{}", self.kind, self.group) }
    }

    /// The etcd key of an object: `/registry/pods/default/web`.
    #[must_use]
    pub fn etcd_key(&self, namespace: &str, name: &str) -> String {
        if self.namespaced {
            format!("/registry/{}/{namespace}/{name}", self.storage)
        } else {
            format!("/registry/{}/{name}", self.storage)
        }
    }

    /// Finds a kind by `apiVersion` and `kind`.
    #[must_use]
    pub fn find(api_version: &str, kind: &str) -> Option<&'static Self> {
        KINDS.iter().copied().find(|k| k.kind == kind && k.api_version() == api_version)
    }

    /// Finds a kind by anything that kubectl takes: plural, singular, short name, kind, `deployments.apps`.
    #[must_use]
    pub fn by_name(word: &str) -> Option<&'static Self> {
        let word = word.to_ascii_lowercase();
        let (resource, group) = word.split_once('.').map_or((word.as_str(), None), |(r, g)| (r, Some(g)));
        KINDS.iter().copied().find(|k| {
            let named = k.plural == resource || k.singular == resource || k.short_names.contains(&resource);
            named && group.is_none_or(|group| k.group == group)
        })
    }
}

impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl Eq for Kind {}
impl PartialOrd for Kind {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Kind {
    fn cmp(&self, other: &Self) -> Ordering {
        // Almost always one of the registry's statics with itself or another: the first comparison decides.
        if std::ptr::eq(self, other) {
            return Ordering::Equal;
        }
        (self.kind, self.group, self.version).cmp(&(other.kind, other.group, other.version))
    }
}
impl Hash for Kind {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.group, self.version, self.kind).hash(state);
    }
}
