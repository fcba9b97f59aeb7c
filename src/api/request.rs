//! The REST contract as data: what a client asks, without a wire format.
//!
//! Inside the simulation requests travel as these values; `path` gives the real path for people to read, and the
//! HTTP bridge parses real ones into these.

mod parse;

use super::kinds::Kind;
use super::object::{Key, Object, ObjectRef, Ref};
use serde_json::Value;
use std::rc::Rc;

/// What is asked (the verb of authorization, `k8s.io/apiserver` `RequestInfo`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Verb {
    /// Read one.
    Get,
    /// Read many.
    List,
    /// Follow many.
    Watch,
    /// POST.
    Create,
    /// PUT.
    Update,
    /// PATCH.
    Patch,
    /// DELETE one.
    Delete,
    /// DELETE many.
    DeleteCollection,
}

impl Verb {
    /// The HTTP method.
    #[must_use]
    pub fn method(self) -> &'static str {
        match self {
            Self::Get | Self::List | Self::Watch => "GET",
            Self::Create => "POST",
            Self::Update => "PUT",
            Self::Patch => "PATCH",
            Self::Delete | Self::DeleteCollection => "DELETE",
        }
    }

    /// Whether it can change something.
    #[must_use]
    pub fn writes(self) -> bool {
        !matches!(self, Self::Get | Self::List | Self::Watch)
    }
}

/// What it is asked of. The name is empty for collections and for creations with a generated name.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Target {
    /// Kind, namespace (empty: all, or cluster-scoped), name.
    pub object: Ref,
    /// `status`, `scale`, `binding`, `eviction`, `token` or empty.
    pub subresource: &'static str,
}

impl Target {
    /// An object, or with an empty name the collection.
    #[must_use]
    pub fn new(kind: &'static Kind, namespace: &str, name: &str) -> Self {
        Self { object: ObjectRef::new(kind, namespace, name), subresource: "" }
    }

    /// A subresource of an object.
    #[must_use]
    pub fn sub(kind: &'static Kind, key: &Key, subresource: &'static str) -> Self {
        Self { object: Rc::new(ObjectRef { kind, key: key.clone() }), subresource }
    }

    /// The real path, such as `/apis/apps/v1/namespaces/default/deployments/web/scale`.
    #[must_use]
    pub fn path(&self) -> String {
        let ObjectRef { kind, key } = &*self.object;
        let mut parts = if kind.group.is_empty() { vec!["", "api"] } else { vec!["", "apis", kind.group] };
        parts.push(kind.version);
        if kind.namespaced && !key.namespace.is_empty() {
            parts.extend(["namespaces", &*key.namespace]);
        }
        // Metrics name their resource themselves.
        parts.extend(Some(kind.plural).filter(|plural| !plural.is_empty()));
        parts.extend([&*key.name, self.subresource].into_iter().filter(|part| !part.is_empty()));
        parts.join("/")
    }
}

/// How strictly unknown and duplicate fields are taken.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum FieldValidation {
    /// Refuse them (kubectl's default).
    Strict,
    /// Accept with a warning (the server's default).
    #[default]
    Warn,
    /// Drop them silently.
    Ignore,
}

/// What a list or a first read makes of `resourceVersion` (`resourceVersionMatch`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum VersionMatch {
    /// Not said.
    #[default]
    Unset,
    /// That revision or a later one.
    NotOlderThan,
    /// Exactly that revision.
    Exact,
}

/// Query parameters.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent parameters, not states")]
pub struct Options {
    /// `dryRun=All`: everything but the storage.
    pub dry_run: bool,
    /// `fieldValidation`.
    pub field_validation: FieldValidation,
    /// `fieldManager`; empty: derived from the client.
    pub field_manager: Rc<str>,
    /// `labelSelector` in its string form; empty: all.
    pub label_selector: Rc<str>,
    /// `fieldSelector` in its string form; empty: all.
    pub field_selector: Rc<str>,
    /// `resourceVersion`; `None`: the most recent.
    pub resource_version: Option<u64>,
    /// `resourceVersionMatch`.
    pub version_match: VersionMatch,
    /// `limit`; 0: no limit.
    pub limit: usize,
    /// `continue`.
    pub continue_token: Rc<str>,
    /// `allowWatchBookmarks`.
    pub bookmarks: bool,
    /// `sendInitialEvents`: a watch begins with what there is, and a bookmark says when that was all.
    pub initial_events: bool,
    /// `force`: an apply takes over fields that others own.
    pub force: bool,
}

/// The format of a patch.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum PatchType {
    /// `application/json-patch+json`.
    Json,
    /// `application/merge-patch+json`.
    Merge,
    /// `application/strategic-merge-patch+json`.
    Strategic,
    /// `application/apply-patch+yaml`: server-side apply.
    Apply,
}

/// `DeleteOptions`.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct DeleteOptions {
    /// `gracePeriodSeconds`; `None`: the object's own.
    pub grace_period_seconds: Option<i64>,
    /// `preconditions.uid`.
    pub uid: Option<Rc<str>>,
    /// `preconditions.resourceVersion`.
    pub resource_version: Option<u64>,
    /// `propagationPolicy`.
    pub propagation: Option<Propagation>,
}

/// What becomes of an object's dependents when it is deleted.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Propagation {
    /// They stay, without their owner.
    Orphan,
    /// They go later.
    Background,
    /// They go first.
    Foreground,
}

/// A request's body.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Body {
    /// None.
    Empty,
    /// An object that a component built with types: nothing in it can be malformed.
    Object(Object),
    /// A document as a person wrote it: decoding may refuse it.
    Document(Rc<Value>),
    /// A patch.
    Patch(PatchType, Rc<Value>),
    /// A patch that sets the whole status of an object (and its conditions) to what this object's status is, whatever
    /// the stored revision. It stands for the kubelet's strategic merge patch, without building JSON for each.
    StatusPatch(Object),
    /// Options of a deletion.
    Delete(DeleteOptions),
}

impl std::hash::Hash for Body {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self).hash(state);
        match self {
            Self::Empty => {}
            Self::Object(object) | Self::StatusPatch(object) => object.hash(state),
            Self::Document(value) => super::object::hash_value(value, state),
            Self::Patch(kind, value) => {
                kind.hash(state);
                super::object::hash_value(value, state);
            }
            Self::Delete(options) => options.hash(state),
        }
    }
}

/// One request.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Request {
    /// What is asked.
    pub verb: Verb,
    /// Of what.
    pub target: Target,
    /// Query parameters.
    pub options: Options,
    /// The body.
    pub body: Body,
}

impl Request {
    fn plain(verb: Verb, target: Target, body: Body) -> Self {
        Self { verb, target, options: Options::default(), body }
    }

    /// Reads one object.
    #[must_use]
    pub fn get(kind: &'static Kind, key: &Key) -> Self {
        Self::plain(Verb::Get, Target::sub(kind, key, ""), Body::Empty)
    }

    /// Lists a kind in a namespace (empty: in all).
    #[must_use]
    pub fn list(kind: &'static Kind, namespace: &str) -> Self {
        Self::plain(Verb::List, Target::new(kind, namespace, ""), Body::Empty)
    }

    /// Watches a kind everywhere from a revision.
    #[must_use]
    pub fn watch(kind: &'static Kind, from_revision: u64) -> Self {
        let mut request = Self::plain(Verb::Watch, Target::new(kind, "", ""), Body::Empty);
        request.options.resource_version = Some(from_revision);
        request.options.bookmarks = true;
        request
    }

    /// Creates an object in its own namespace.
    #[must_use]
    pub fn create(object: Object) -> Self {
        let target = Target::new(object.kind(), object.namespace(), object.name());
        Self::plain(Verb::Create, target, Body::Object(object))
    }

    /// Replaces an object; its `resourceVersion`, if set, must be the stored one.
    #[must_use]
    pub fn update(object: Object) -> Self {
        let target = Target::new(object.kind(), object.namespace(), object.name());
        Self::plain(Verb::Update, target, Body::Object(object))
    }

    /// Replaces an object's status; its `resourceVersion`, if set, must be the stored one.
    #[must_use]
    pub fn update_status(object: Object) -> Self {
        let target = Target::sub(object.kind(), &object.key(), "status");
        Self::plain(Verb::Update, target, Body::Object(object))
    }

    /// Sets an object's status whatever the stored revision (see [`Body::StatusPatch`]); the uid must be the same.
    #[must_use]
    pub fn patch_status(object: Object) -> Self {
        let target = Target::sub(object.kind(), &object.key(), "status");
        Self::plain(Verb::Patch, target, Body::StatusPatch(object))
    }

    /// Patches an object.
    #[must_use]
    pub fn patch(kind: &'static Kind, key: &Key, format: PatchType, patch: Value) -> Self {
        Self::plain(Verb::Patch, Target::sub(kind, key, ""), Body::Patch(format, Rc::new(patch)))
    }

    /// Deletes an object.
    #[must_use]
    pub fn delete(kind: &'static Kind, key: &Key, options: DeleteOptions) -> Self {
        Self::plain(Verb::Delete, Target::sub(kind, key, ""), Body::Delete(options))
    }

    /// The same with other query parameters.
    #[must_use]
    pub fn with(mut self, options: Options) -> Self {
        self.options = options;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::kinds;

    #[test]
    fn paths_are_the_real_ones() {
        assert_eq!(Target::new(&kinds::pod::KIND, "default", "web").path(), "/api/v1/namespaces/default/pods/web");
        assert_eq!(Target::new(&kinds::pod::KIND, "", "").path(), "/api/v1/pods");
        let key = Key::new("default", "web");
        assert_eq!(
            Target::sub(&kinds::pod::KIND, &key, "binding").path(),
            "/api/v1/namespaces/default/pods/web/binding"
        );
    }
}
