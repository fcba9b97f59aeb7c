//! How the harbour is looked at: what colours stand for, whose words label it, what a search lights up, whose deck.

use super::handle::Ui;
use super::select::Selection;
use crate::api::kinds;
use crate::api::kinds::pod::{Pod, TOKEN_VOLUME};
use crate::api::object::Ref;
use crate::api::selector::Selector;
use crate::cluster::fact::ProbeKind;
use crate::cluster::view::{NodeView, PodView, Readiness, View};
use crate::scene::colours::{Colours, Groups};
use crate::scene::deck::{Gear, Gears};
use crate::scene::sprites::bridge;
use crate::scene::{Dial, Found};
use crate::sim::{Sorted, Time};
use crate::ui::session::{Session, Until};
use crate::ui::signal::RwSignal;
use leptos::prelude::*;
use std::collections::BTreeMap;
use std::rc::Rc;

/// A camera in an address: the middle in world units, and the zoom.
pub type Cam = (f64, f64, f64);

/// What was searched for in which view, and what was found.
type Search = (String, Rc<View>, Rc<Found>);

/// Signals of how the harbour is looked at.
pub struct Sight {
    /// What colours stand for.
    pub colours: RwSignal<Colours>,
    /// Whose words label it.
    pub dial: RwSignal<Dial>,
    /// What is searched for; may be empty.
    pub search: RwSignal<String>,
    /// The node whose deck is shown.
    pub deck: RwSignal<Option<Rc<str>>>,
    /// Whether its panel is open.
    pub open: RwSignal<bool>,
    /// Whether these dialogs are open.
    pub palette: RwSignal<bool>,
    /// Settings.
    pub settings: RwSignal<bool>,
    /// The person's own keys, by the names of actions.
    pub keys: RwSignal<BTreeMap<String, String>>,
    /// Help.
    pub help: RwSignal<bool>,
    /// Where somebody is on the tour.
    pub tour: RwSignal<Option<super::tour::Tour>>,
    /// Share and keep.
    pub share: RwSignal<bool>,
    /// Names that the person has given to runs that were left, by when and what was done next in them.
    pub names: RwSignal<BTreeMap<String, String>>,
    /// Branches, compared.
    pub compare: RwSignal<Option<usize>>,
    /// Moments that are marked, in order.
    pub bookmarks: RwSignal<Vec<Time>>,
    /// The request that is chosen, by the place of its first fact, and how the bridge's lamps show it.
    pub request: RwSignal<Option<u64>>,
    /// See there.
    pub lamps: RwSignal<Option<[bridge::Lamp; 7]>>,
    /// Where the person has put the camera.
    pub camera: RwSignal<Option<Cam>>,
    /// What the last search found, of which view.
    last: StoredValue<Option<Search>, LocalStorage>,
}

impl Sight {
    /// What an address says of it; it lives as long as the page.
    #[must_use]
    pub fn kept(link: &super::link::Link) -> &'static Self {
        let sight = Self {
            colours: RwSignal::new(link.colours),
            dial: RwSignal::new(link.dial),
            search: RwSignal::new(link.search.clone()),
            deck: RwSignal::new(link.deck.as_deref().map(Into::into)),
            open: RwSignal::new(!link.search.is_empty()),
            palette: RwSignal::new(false),
            settings: RwSignal::new(false),
            keys: RwSignal::new(super::keys::kept()),
            help: RwSignal::new(false),
            tour: RwSignal::new(None),
            share: RwSignal::new(false),
            names: RwSignal::new(BTreeMap::new()),
            compare: RwSignal::new(None),
            bookmarks: RwSignal::new(link.marks.clone()),
            request: RwSignal::new(None),
            lamps: RwSignal::new(None),
            camera: RwSignal::new(link.camera),
            last: StoredValue::new_local(None),
        };
        Box::leak(Box::new(sight))
    }

    /// Moves whenever the picture is another because of it.
    pub fn track(&self) {
        self.colours.track();
        self.dial.track();
        self.search.track();
        self.deck.track();
    }
}

/// What the search lights up at the shown moment; `None`: nothing is searched for, or not yet understood.
#[must_use]
pub fn found(ui: Ui) -> Option<Rc<Found>> {
    let words = ui.sight.search.get_untracked();
    let query = Query::read(&words).ok()?;
    if query.is_empty() {
        return None;
    }
    ui.read(|session| {
        let view = session.view();
        let known = ui.sight.last.with_value(|last| {
            let (of, seen, found) = last.as_ref()?;
            (*of == words && Rc::ptr_eq(seen, &view)).then(|| found.clone())
        });
        Some(known.unwrap_or_else(|| {
            let found = Rc::new(query.find(session, &view));
            ui.sight.last.set_value(Some((words, view, found.clone())));
            found
        }))
    })
}

/// What is searched for.
#[derive(Debug, Default)]
struct Query {
    /// All of these must be in the name.
    names: Vec<String>,
    status: Option<String>,
    node: Option<String>,
    namespace: Option<String>,
    labels: Option<Selector>,
}

impl Query {
    /// Reads `web status=crash node=node-1 ns=default app=web,tier!=db`.
    fn read(text: &str) -> Result<Self, String> {
        let mut query = Self::default();
        let mut labels: Vec<&str> = Vec::new();
        for word in text.split_whitespace() {
            match word.split_once('=') {
                Some(("status", value)) => query.status = Some(value.to_ascii_lowercase()),
                Some(("node", value)) => query.node = Some(value.to_owned()),
                Some(("ns" | "namespace", value)) => query.namespace = Some(value.to_owned()),
                _ if labels.is_empty() && !word.contains(['=', '!', '(']) && !text.contains('(') => {
                    query.names.push(word.to_ascii_lowercase());
                }
                _ => labels.push(word),
            }
        }
        if !labels.is_empty() {
            query.labels = Some(Selector::parse(&labels.join(" "))?);
        }
        Ok(query)
    }

    fn is_empty(&self) -> bool {
        self.names.is_empty()
            && self.status.is_none()
            && self.node.is_none()
            && self.namespace.is_none()
            && self.labels.is_none()
    }

    fn find(&self, session: &Session, view: &View) -> Found {
        let of_kind = |kind| -> Sorted<Ref, BTreeMap<String, String>> {
            if self.labels.is_none() {
                return Sorted::new();
            }
            let objects = session.objects(kind).into_iter();
            objects.map(|object| (object.reference(), object.meta().labels.clone().unwrap_or_default())).collect()
        };
        let labels = of_kind(&kinds::pod::KIND);
        let of_nodes = of_kind(&kinds::node::KIND);
        let none = BTreeMap::new();
        let mut found = Found::default();
        for node in &view.nodes {
            let own = Selection::node(&node.name);
            let of_node = own.object().and_then(|object| of_nodes.get(object)).unwrap_or(&none);
            let mut lit = self.is_node(node, of_node);
            for pod in &node.pods {
                if self.is_pod(pod, labels.get(&pod.object).unwrap_or(&none)) {
                    found.pods.insert(pod.object.clone());
                    lit = true;
                }
            }
            if lit {
                found.nodes.insert(node.name.clone());
            }
        }
        let waiting = view.pending.iter().filter(|pod| self.is_pod(pod, labels.get(&pod.object).unwrap_or(&none)));
        found.pods.extend(waiting.map(|pod| pod.object.clone()));
        found
    }

    fn is_pod(&self, pod: &PodView, labels: &BTreeMap<String, String>) -> bool {
        let name = pod.object.key.name.to_ascii_lowercase();
        let is_status = |wanted: &String| {
            let ready = if pod.ready { "ready" } else { "notready" };
            pod.status.to_ascii_lowercase().contains(wanted) || ready == wanted
        };
        self.names.iter().all(|word| name.contains(word))
            && self.status.as_ref().is_none_or(is_status)
            && self.node.as_ref().is_none_or(|node| *pod.node == **node)
            && self.namespace.as_ref().is_none_or(|namespace| *pod.object.key.namespace == **namespace)
            && self.labels.as_ref().is_none_or(|selector| selector.matches(labels))
    }

    fn is_node(&self, node: &NodeView, labels: &BTreeMap<String, String>) -> bool {
        let name = node.name.to_ascii_lowercase();
        let is_status = |wanted: &String| match node.readiness {
            Readiness::Ready => wanted == "ready",
            Readiness::NotReady => wanted == "notready",
            Readiness::Unknown => wanted == "unknown" || wanted == "notready",
        };
        self.namespace.is_none()
            && self.names.iter().all(|word| name.contains(word))
            && self.status.as_ref().is_none_or(is_status)
            && self.node.as_ref().is_none_or(|wanted| *node.name == **wanted)
            && self.labels.as_ref().is_none_or(|selector| selector.matches(labels))
    }
}

/// What is to be said of the search: an error, or how much was found.
#[must_use]
pub fn told(ui: Ui) -> String {
    let words = ui.sight.search.get();
    ui.view.track();
    match Query::read(&words) {
        Err(error) => error,
        Ok(query) if query.is_empty() => String::new(),
        Ok(_) => found(ui).map_or_else(String::new, |found| {
            ui.say("search-found", &[("pods", found.pods.len().into()), ("nodes", found.nodes.len().into())])
        }),
    }
}

/// What colours stand for at the shown moment.
#[must_use]
pub fn groups(ui: Ui, view: &View) -> Groups {
    Groups::of(view, ui.sight.colours.get_untracked())
}

/// The volumes and probes of a node's pods.
#[must_use]
pub fn gears(session: &Session, node: &NodeView) -> Rc<Gears> {
    let gear = |pod: &PodView| -> Option<(Ref, Gear)> {
        let object = session.object(&pod.object)?.get::<Pod>()?;
        let spec = &object.spec;
        let mut gear = Gear::default();
        for volume in spec.volumes.iter().flatten() {
            let sort = if volume.config_map.is_some() {
                "configMap"
            } else if volume.secret.is_some() {
                "secret"
            } else if volume.empty_dir.is_some() {
                "emptyDir"
            } else if volume.persistent_volume_claim.is_some() {
                "persistentVolumeClaim"
            } else if volume.projected.is_some() {
                "projected"
            } else if volume.host_path.is_some() {
                "hostPath"
            } else {
                "…"
            };
            // Pods of one template share their spec: each has its own end of this name beside it.
            let end = object.token_suffix.as_deref().filter(|_| volume.name == TOKEN_VOLUME).unwrap_or_default();
            gear.volumes.push((format!("{}{end}", volume.name), sort.to_owned()));
        }
        for container in spec.init_containers.iter().flatten().chain(&spec.containers) {
            let probes = [
                (container.startup_probe.is_some(), ProbeKind::Startup),
                (container.liveness_probe.is_some(), ProbeKind::Liveness),
                (container.readiness_probe.is_some(), ProbeKind::Readiness),
            ];
            let own = probes.into_iter().filter(|(there, _)| *there);
            gear.probes.extend(own.map(|(_, kind)| (container.name.clone(), kind)));
        }
        Some((pod.object.clone(), gear))
    };
    Rc::new(node.pods.iter().filter_map(gear).collect())
}

/// The ship that a selection is on: whose deck could be shown.
#[must_use]
pub fn ship_of(ui: Ui) -> Option<Rc<str>> {
    ui.selected.with(|selected| match selected.as_ref()? {
        Selection::Object(object) if object.kind.kind == "Node" => Some(object.key.name.to_string().into()),
        Selection::Object(object) if object.kind.kind == "Pod" => ui.view.with(|view| {
            let on = |node: &&NodeView| node.pods.iter().any(|pod| pod.object == *object);
            view.nodes.iter().find(on).map(|node| node.name.clone())
        }),
        Selection::Object(_) | Selection::Fact(_) => None,
        Selection::Component(component) => component.node().cloned(),
    })
}

impl Ui {
    /// Runs on until something happens.
    pub fn until(self, what: Until) {
        let selected = self.selected.get_untracked();
        if what != Until::Selected || untrack(|| self.can_wait()) {
            self.change(|session| session.until(what, selected));
        }
    }

    /// Whether something is selected that can change.
    pub fn can_wait(self) -> bool {
        self.selected.with(|selected| selected.as_ref().is_some_and(|one| !matches!(one, Selection::Fact(_))))
    }

    /// Marks the shown moment, or forgets its mark.
    pub fn bookmark(self) {
        let now = self.now.get_untracked();
        self.sight.bookmarks.update(|all| match all.binary_search(&now) {
            Ok(at) => drop(all.remove(at)),
            Err(at) => all.insert(at, now),
        });
    }

    /// Goes to the next moment that is marked, or the one before.
    pub fn to_bookmark(self, forward: bool) {
        let now = self.now.get_untracked();
        let found = self.sight.bookmarks.with_untracked(|all| {
            if forward {
                all.iter().find(|at| **at > now).copied()
            } else {
                all.iter().rev().find(|at| **at < now).copied()
            }
        });
        if let Some(at) = found {
            self.play(false);
            self.seek(at);
        }
    }
}
