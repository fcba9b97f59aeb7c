//! What can be selected, and its names: in links (`pods/default/web-x`) and on the stage (`Pod/default/web-x`).

use crate::api::kinds::{self, KINDS};
use crate::api::object::{ObjectRef, Ref};
use crate::cluster::wire::Address;
use crate::ui::handle::Ui;

/// What can be selected.
#[derive(Clone, PartialEq, Debug)]
pub enum Selection {
    /// An object of the API: a pod, a node (a ship), a Deployment …
    Object(Ref),
    /// A component: the API server, etcd, the scheduler, the controllers, a kubelet …
    Component(Address),
    /// Something that happened, by its place in the trace.
    Fact(u64),
}

/// In links, components are named below this word.
const COMPONENTS: &str = "components/";
/// And what happened below this one.
const FACTS: &str = "facts/";

impl Selection {
    /// A ship.
    #[must_use]
    pub fn node(name: &str) -> Self {
        Self::Object(ObjectRef::new(&kinds::node::KIND, "", name))
    }

    /// From a link.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        // No name has other signs, and these need no escapes in an address.
        if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._:/".contains(&byte)) {
            return None;
        }
        if let Some(id) = text.strip_prefix(COMPONENTS) {
            return component(id).map(Self::Component);
        }
        if let Some(place) = text.strip_prefix(FACTS) {
            return place.parse().ok().map(Self::Fact);
        }
        let parts: Vec<&str> = text.split('/').collect();
        let kind = KINDS.iter().find(|kind| kind.plural == parts[0])?;
        match (parts.as_slice(), kind.namespaced) {
            ([_, name], false) => Some(Self::Object(ObjectRef::new(kind, "", name))),
            ([_, namespace, name], true) => Some(Self::Object(ObjectRef::new(kind, namespace, name))),
            _ => None,
        }
    }

    /// For a link.
    #[must_use]
    pub fn write(&self) -> String {
        match self {
            Self::Object(object) => format!("{}/{}", object.kind.plural, object.key),
            Self::Component(address) => format!("{COMPONENTS}{}", component_id(address)),
            Self::Fact(place) => format!("{FACTS}{place}"),
        }
    }

    /// From a thing on the stage: its reference if it stands for an object, else its id.
    #[must_use]
    pub fn of_item(id: &str, reference: Option<&str>) -> Option<Self> {
        let Some(reference) = reference else { return component(id).map(Self::Component) };
        let mut parts = reference.splitn(3, '/');
        let (kind, namespace, name) = (parts.next()?, parts.next()?, parts.next()?);
        let kind = KINDS.iter().find(|known| known.kind == kind)?;
        Some(Self::Object(ObjectRef::new(kind, namespace, name)))
    }

    /// How the stage calls it: a reference or an item's id.
    #[must_use]
    pub fn on_stage(&self) -> String {
        match self {
            Self::Object(object) => object.to_string(),
            Self::Component(address) => component_id(address),
            Self::Fact(_) => self.write(),
        }
    }

    /// The object, if it is one.
    #[must_use]
    pub fn object(&self) -> Option<&Ref> {
        match self {
            Self::Object(object) => Some(object),
            Self::Component(_) | Self::Fact(_) => None,
        }
    }
}

/// A component's name as its processes are called; etcd has one member here.
#[must_use]
pub fn component_id(address: &Address) -> String {
    match address {
        Address::User => "hut".to_owned(),
        Address::Etcd(_) => "etcd".to_owned(),
        other => other.to_string(),
    }
}

fn component(id: &str) -> Option<Address> {
    if let Some(node) = id.strip_prefix("kubelet/") {
        return Some(Address::Kubelet(node.into()));
    }
    if let Some(node) = id.strip_prefix("containerd/") {
        return Some(Address::Runtime(node.into()));
    }
    let fixed = [Address::User, Address::ApiServer, Address::Etcd(0), Address::Scheduler, Address::ControllerManager];
    fixed.into_iter().find(|address| component_id(address) == id)
}

/// What is selected of all that happened from this place in the trace on did not happen in the run that is shown now.
pub fn let_go_of_facts(ui: Ui, from: u64) {
    if ui.selected.with_untracked(|one| matches!(one, Some(Selection::Fact(place)) if *place >= from)) {
        ui.select(None);
    }
}
