//! The rows of the tree: which there are is found out for all of them, what they say only for those that are to be seen.

use crate::api::object::Ref;
use crate::cluster::view::{NodeView, PodView, Readiness, View};
use crate::cluster::wire::Address;
use crate::i18n::{Arg, Language, text};
use crate::scene::sprites::crate_::Status;
use crate::scene::status;
use crate::sim::SortedSet;
use crate::ui::select::{Selection, component_id};

/// Up to so many ships, all are open at first.
pub const OPEN: usize = 12;

/// How a row's status is to be taken; its colour and shape.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tone {
    Good,
    Waiting,
    Bad,
    Plain,
}

impl Tone {
    /// The classes of its dot.
    pub const fn class(self) -> &'static str {
        match self {
            Self::Good => "dot good",
            Self::Waiting => "dot waiting",
            Self::Bad => "dot bad",
            Self::Plain => "dot plain",
        }
    }
}

/// One row.
#[derive(Clone, PartialEq, Debug)]
pub struct Row {
    /// From 1.
    pub level: usize,
    /// Its own, for focus and document.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// How it is.
    pub status: String,
    /// How that is to be taken.
    pub tone: Tone,
    /// Whether it has children, and shows them.
    pub open: Option<bool>,
    /// What it stands for, as in links.
    pub link: Option<String>,
}

/// What a selection is called.
#[must_use]
pub fn name_of(language: Language, selection: &Selection) -> String {
    match selection {
        Selection::Object(object) => object.key.name.to_string(),
        Selection::Component(address) => component_name(language, address),
        Selection::Fact(_) => text(language, "insp-fact", &[]),
    }
}

fn component_name(language: Language, address: &Address) -> String {
    let (key, node) = match address {
        Address::User => ("component-user", None),
        Address::ApiServer => ("component-api-server", None),
        Address::Etcd(_) => ("component-etcd", None),
        Address::Scheduler | Address::OtherScheduler(_) => ("component-scheduler", None),
        Address::ControllerManager => ("component-controllers", None),
        Address::Kubelet(node) => ("component-kubelet", Some(node)),
        Address::Runtime(node) => ("component-runtime", Some(node)),
        Address::Sidecar(_, name) => ("component-sidecar", Some(name)),
    };
    let node = node.map_or("", |node| &**node);
    text(language, key, &[("node", Arg::from(node))])
}

fn component(view: &View, address: Address, level: usize, language: Language) -> Row {
    let stopped = view.stopped.contains(&address);
    Row {
        level,
        id: component_id(&address),
        name: component_name(language, &address),
        status: text(language, if stopped { "state-stopped" } else { "state-runs" }, &[]),
        tone: if stopped { Tone::Bad } else { Tone::Good },
        open: None,
        link: Some(Selection::Component(address).write()),
    }
}

fn pod(pod: &PodView, node: Option<&NodeView>, view: &View, language: Language) -> Row {
    let look = status::of(pod, node, (view.t, crate::scene::Truth::Believed));
    let word = pod.status.to_string();
    let tone = match look {
        Status::Ready | Status::Succeeded => Tone::Good,
        Status::Failed | Status::Evicted => Tone::Bad,
        Status::Unknown => Tone::Plain,
        _ => Tone::Waiting,
    };
    let ready = matches!(look, Status::Running);
    let status = if ready { format!("{word}, {}", text(language, "state-not-ready", &[])) } else { word };
    Row {
        level: 2,
        id: pod.object.to_string(),
        name: pod.object.key.name.to_string(),
        status,
        tone,
        open: None,
        link: Some(Selection::Object(pod.object.clone()).write()),
    }
}

/// An object that is no pod, with what is to be said of it.
fn of_kind(object: &Ref, (status, tone): (String, Tone), language: Language) -> Row {
    let kind = crate::scene::caption::kind(object.kind.kind, language);
    Row {
        level: 2,
        id: object.to_string(),
        name: object.key.name.to_string(),
        status: format!("{kind} {status}"),
        tone,
        open: None,
        link: Some(Selection::Object(object.clone()).write()),
    }
}

/// A workload: how many of its pods are ready.
fn workload(object: &Ref, (ready, all): (usize, usize), language: Language) -> Row {
    let tone = match all {
        0 => Tone::Plain,
        _ if ready == all => Tone::Good,
        _ => Tone::Waiting,
    };
    of_kind(object, (format!("{ready}/{all}"), tone), language)
}

fn node(node: &NodeView, open: bool, language: Language) -> Row {
    let (key, tone) = match node.readiness {
        Readiness::Ready => ("Ready", Tone::Good),
        Readiness::NotReady => ("NotReady", Tone::Bad),
        Readiness::Unknown => ("Unknown", Tone::Plain),
    };
    let mut status = key.to_owned();
    if node.cordoned {
        status += ", SchedulingDisabled";
    }
    let pods = text(language, "count-pods", &[("count", node.pods.len().into())]);
    status = format!("{status} · {pods}");
    let selection = Selection::node(&node.name);
    let (id, link) = (selection.on_stage(), Some(selection.write()));
    Row { level: 1, id, name: node.name.to_string(), status, tone, open: Some(open), link }
}

/// The control plane's components.
const PARTS: [Address; 4] = [Address::ApiServer, Address::Etcd(0), Address::ControllerManager, Address::Scheduler];

/// What a row stands for: places in the view.
#[derive(Clone, PartialEq, Debug)]
pub enum What {
    /// A group: its id, the key of its name, and how many it has.
    Head(&'static str, &'static str, usize),
    /// A component of the control plane, by its place in [`PARTS`].
    Part(usize),
    /// The kubelet of a node.
    Kubelet(usize),
    /// A workload: how many of its pods are ready, and of how many.
    Workload(usize, (usize, usize)),
    /// A service.
    Service(usize),
    /// A node.
    Node(usize),
    /// A pod of a node.
    Pod(usize, usize),
    /// A pod without a node.
    Pending(usize),
}

/// A row that has not been written out.
#[derive(Clone, PartialEq, Debug)]
pub struct Entry {
    /// From 1.
    pub level: usize,
    /// Whether it has children, and shows them.
    pub open: Option<bool>,
    /// What it stands for.
    pub what: What,
    /// Its place among those of its parent, from 1, and how many they are.
    pub place: (usize, usize),
}

impl Entry {
    /// Whether a view has it: entries may be a moment older.
    pub fn is_in(&self, view: &View) -> bool {
        match self.what {
            What::Head(..) | What::Part(_) => true,
            What::Workload(index, _) => index < view.workloads.len(),
            What::Service(index) => index < view.services.len(),
            What::Node(index) | What::Kubelet(index) => index < view.nodes.len(),
            What::Pod(index, pod) => view.nodes.get(index).is_some_and(|node| pod < node.pods.len()),
            What::Pending(index) => index < view.pending.len(),
        }
    }

    /// Writes it out.
    pub fn row(&self, view: &View, language: Language) -> Row {
        let open = self.open.unwrap_or(false);
        match &self.what {
            What::Head(id, key, count) => Row {
                level: 1,
                id: (*id).to_owned(),
                name: text(language, key, &[]),
                status: text(language, "count", &[("count", (*count).into())]),
                tone: Tone::Plain,
                open: Some(open),
                link: None,
            },
            What::Part(index) => component(view, PARTS[*index].clone(), 2, language),
            What::Kubelet(index) => component(view, Address::Kubelet(view.nodes[*index].name.clone()), 2, language),
            What::Workload(index, counts) => workload(&view.workloads[*index], *counts, language),
            What::Service(index) => {
                let (service, ip) = &view.services[*index];
                of_kind(service, (ip.to_string(), Tone::Plain), language)
            }
            What::Node(index) => node(&view.nodes[*index], open, language),
            What::Pod(index, place) => {
                let node = &view.nodes[*index];
                pod(&node.pods[*place], Some(node), view, language)
            }
            What::Pending(index) => pod(&view.pending[*index], None, view, language),
        }
    }
}

/// All rows that are to be seen. `turned` are those that the person has opened or closed against the rule.
pub fn entries(view: &View, turned: &SortedSet<String>) -> Vec<Entry> {
    let few = view.nodes.len() <= OPEN + 1;
    let mut all = Vec::new();
    let mut add = |level, open, what| all.push(Entry { level, open, what, place: (0, 0) });
    let open = !turned.contains("control-plane");
    add(1, Some(open), What::Head("control-plane", "tree-control-plane", PARTS.len()));
    if open {
        (0..PARTS.len()).for_each(|index| add(2, None, What::Part(index)));
    }
    let own = view.workloads.iter().any(|workload| &*workload.key.namespace != "kube-system");
    let open = own != turned.contains("workloads");
    add(1, Some(open), What::Head("workloads", "tree-workloads", view.workloads.len() + view.services.len()));
    if open {
        for (index, counts) in counts(view).into_iter().enumerate() {
            add(2, None, What::Workload(index, counts));
        }
        (0..view.services.len()).for_each(|index| add(2, None, What::Service(index)));
    }
    for (index, seen) in view.nodes.iter().enumerate() {
        let is_turned = !turned.is_empty() && turned.contains(&Selection::node(&seen.name).on_stage());
        let open = (few && !seen.control_plane) != is_turned;
        add(1, Some(open), What::Node(index));
        if open {
            add(2, None, What::Kubelet(index));
            (0..seen.pods.len()).for_each(|pod| add(2, None, What::Pod(index, pod)));
        }
    }
    if !view.pending.is_empty() {
        let open = !turned.contains("pending");
        add(1, Some(open), What::Head("pending", "tree-pending", view.pending.len()));
        if open {
            (0..view.pending.len()).for_each(|index| add(2, None, What::Pending(index)));
        }
    }
    placed(&mut all);
    all
}

/// Of each workload: how many of its pods are ready, and of how many.
fn counts(view: &View) -> Vec<(usize, usize)> {
    let mut counts = vec![(0, 0); view.workloads.len()];
    for pod in view.nodes.iter().flat_map(|node| &node.pods).chain(&view.pending) {
        if let Some(count) = pod.workload.filter(|_| pod.deadline.is_none()).and_then(|index| counts.get_mut(index)) {
            count.0 += usize::from(pod.ready);
            count.1 += 1;
        }
    }
    counts
}

/// Notes each row's place among its siblings.
fn placed(all: &mut [Entry]) {
    let heads = all.iter().filter(|entry| entry.level == 1).count();
    let (mut head, mut from) = (0, 0);
    while from < all.len() {
        head += 1;
        all[from].place = (head, heads);
        let children = all[from + 1..].iter().take_while(|entry| entry.level > 1).count();
        for (number, entry) in all[from + 1..].iter_mut().take(children).enumerate() {
            entry.place = (number + 1, children);
        }
        from += 1 + children;
    }
}
