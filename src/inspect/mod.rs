//! What the panels tell of a thing at the shown moment, as plain data in the language of the interface.
//!
//! The inspector asks five questions of whatever is selected, always in this order, and each has its file:
//!
//! 1. [`identity`]: what is it, and how is it?
//! 2. [`story`]: why is it so (the chain of causes back to what a person did), and [`lack`]: what is missing?
//! 3. [`compare`]: what is wanted, what is there; what the API believes, what is really so.
//! 4. [`events`]: what has been noted about it; also the list of all events.
//! 5. YAML as stored, with whoever wrote each field, why it is so ([`field`]), and its [`history`].
//!
//! A pod and the scheduler also have their attempts: [`scheduling`].
//!
//! A component has a [`card`] instead of an object's sections. [`deeds`] says what a person can do with a thing, and
//! what came of it.
//!
//! Everything here is a pure function of [`Shown`]: view, trace and objects of one moment. Nothing remembers anything,
//! so a rewind needs no care; what is expensive ([`story::Search`]) keeps only how far it has read the trace. Values are
//! strings and numbers that can be compared, so that the page redraws only what differs.
//!
//! [`effects`] goes forward from a cause; [`requests`] lists what the API server was asked, [`passage`] what its gates found; [`branch`] compares two runs.
//!
//! Left out: comparisons for kinds that come with later issues.

pub mod branch;
pub mod card;
pub mod compare;
pub mod deeds;
pub mod effects;
pub mod events;
pub mod field;
pub mod history;
pub mod identity;
pub mod lack;
pub mod logs;
pub mod passage;
pub mod requests;
pub mod scheduling;
pub mod story;

use crate::api::Kind;
use crate::api::object::{Object, ObjectRef, Ref};
use crate::cluster::fact::{Call, Fact};
use crate::cluster::view::{NodeView, PodView, View};
use crate::i18n::{Arg, Language, text};
use crate::sim::{Time, Trace};

/// Where objects can be looked up, as the API shows them.
pub trait Objects {
    /// One object.
    fn object(&self, object: &ObjectRef) -> Option<&Object>;
    /// Everything of a kind, in the order of keys.
    fn objects(&self, kind: &'static Kind) -> Vec<&Object>;
    /// The last lines that a pod's container has printed.
    fn log(&self, _pod: &ObjectRef, _container: &str) -> Vec<std::rc::Rc<str>> {
        Vec::new()
    }
    /// All versions of an object that etcd still has, the oldest first.
    fn versions(&self, object: &ObjectRef) -> history::Versions {
        self.object(object).map(|object| (0, Some(object.clone()))).into_iter().collect()
    }
    /// What each gate found of a request that was sent at a moment.
    fn passage(&self, _call: &Call, _at: Time) -> Vec<Fact> {
        Vec::new()
    }
}

/// The moment that is shown, and in which language.
#[derive(Clone, Copy)]
pub struct Shown<'a> {
    /// When.
    pub now: Time,
    /// What the cluster looks like.
    pub view: &'a View,
    /// What has happened, up to its head.
    pub trace: &'a Trace<Fact>,
    /// The objects.
    pub objects: &'a dyn Objects,
    /// The language.
    pub language: Language,
}

impl Shown<'_> {
    /// A text.
    #[must_use]
    pub fn text(&self, key: &str, args: &[(&str, Arg)]) -> String {
        text(self.language, key, args)
    }

    /// A pod in the view, with its node.
    #[must_use]
    pub fn pod(&self, pod: &ObjectRef) -> Option<(&PodView, Option<&NodeView>)> {
        let on_ships = self.view.nodes.iter().flat_map(|node| node.pods.iter().map(move |pod| (pod, Some(node))));
        let waiting = self.view.pending.iter().map(|pod| (pod, None));
        on_ships.chain(waiting).find(|(seen, _)| *seen.object == *pod)
    }

    /// A node in the view.
    #[must_use]
    pub fn node(&self, name: &str) -> Option<&NodeView> {
        self.view.nodes.iter().find(|node| &*node.name == name)
    }

    /// Pods that an object controls, in the order of their names.
    #[must_use]
    pub fn pods_of(&self, owner: &Object) -> Vec<&Object> {
        let controls = |object: &&Object| {
            crate::api::meta::controller_of(object.meta()).is_some_and(|reference| reference.uid == owner.uid())
        };
        let pods = self.objects.objects(&crate::api::kinds::pod::KIND);
        if owner.kind().kind != "Deployment" {
            return pods.into_iter().filter(controls).collect();
        }
        let sets = self.objects.objects(&crate::api::kinds::replica_set::KIND);
        let sets: Vec<&str> = sets.into_iter().filter(controls).map(Object::uid).collect();
        let by_set = |pod: &&Object| {
            crate::api::meta::controller_of(pod.meta()).is_some_and(|owner| sets.contains(&owner.uid.as_str()))
        };
        pods.into_iter().filter(by_set).collect()
    }
}

/// The name of an object for links within the page: `pods/default/web`, `nodes/node-1`.
#[must_use]
pub fn link(object: &ObjectRef) -> String {
    format!("{}/{}", object.kind.plural, object.key)
}

/// The object that one of kubectl's lines names (`deployment.apps/web`); of several in different namespaces the newest.
#[must_use]
pub fn by_line(shown: &Shown, name: &str) -> Option<Ref> {
    let (kind, name) = name.split_once('/')?;
    let kind = Kind::by_name(kind)?;
    let named = shown.objects.objects(kind).into_iter().filter(|object| object.name() == name);
    named.max_by_key(|object| object.revision()).map(Object::reference)
}
