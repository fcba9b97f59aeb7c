//! The stage's twin: everything on it as a tree of texts that the keyboard and screen readers reach.
//!
//! One tab stop; arrows, Home and End move; Enter selects. The focus is drawn on the canvas too. The rows are made
//! from the view, so what is on the stage is here, however small it is drawn there.

use super::dom::{El, afterwards, el};
use super::handle::Ui;
use super::icons::{Icon, icon};
use super::select::{Selection, component_id};
use crate::api::object::Ref;
use crate::cluster::view::{NodeView, PodView, Readiness, View};
use crate::cluster::wire::Address;
use crate::i18n::{Arg, Language, text};
use crate::scene::sprites::crate_::Status;
use crate::scene::status;
use leptos::prelude::*;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;
use web_sys::Event;

/// Up to so many ships, all are open at first.
const OPEN: usize = 12;
/// The tree of more ships is brought up to date this often.
const UNHURRIED: Duration = Duration::from_secs(1);

/// How a row's status is to be taken; its colour and shape.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Tone {
    Good,
    Waiting,
    Bad,
    Plain,
}

impl Tone {
    const fn class(self) -> &'static str {
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
struct Row {
    level: usize,
    id: String,
    name: String,
    status: String,
    tone: Tone,
    /// Whether it has children, and shows them.
    open: Option<bool>,
    /// What it stands for, as in links.
    link: Option<String>,
}

/// What a selection is called.
#[must_use]
pub fn name_of(language: Language, selection: &Selection) -> String {
    match selection {
        Selection::Object(object) => object.key.name.to_string(),
        Selection::Component(address) => component_name(language, address),
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
fn workload(object: &Ref, index: usize, view: &View, language: Language) -> Row {
    let pods = view.nodes.iter().flat_map(|node| &node.pods).chain(&view.pending);
    let pods = pods.filter(|pod| pod.workload == Some(index) && pod.deadline.is_none());
    let (all, ready) = (pods.clone().count(), pods.filter(|pod| pod.ready).count());
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

/// All rows that are to be seen. `turned` are those that the person has opened or closed against the rule.
fn rows(view: &View, turned: &BTreeSet<String>, language: Language) -> Vec<Row> {
    let few = view.nodes.len() <= OPEN + 1;
    let mut rows = Vec::new();
    let head = |id: &str, name: &str, count: usize, open: bool| Row {
        level: 1,
        id: id.to_owned(),
        name: text(language, name, &[]),
        status: text(language, "count", &[("count", count.into())]),
        tone: Tone::Plain,
        open: Some(open),
        link: None,
    };
    let parts = [Address::ApiServer, Address::Etcd(0), Address::ControllerManager, Address::Scheduler];
    let open = !turned.contains("control-plane");
    rows.push(head("control-plane", "tree-control-plane", parts.len(), open));
    if open {
        rows.extend(parts.map(|address| component(view, address, 2, language)));
    }
    let own = view.workloads.iter().any(|workload| &*workload.key.namespace != "kube-system");
    let open = own != turned.contains("workloads");
    rows.push(head("workloads", "tree-workloads", view.workloads.len() + view.services.len(), open));
    if open {
        let workloads = view.workloads.iter().enumerate();
        rows.extend(workloads.map(|(index, workload)| self::workload(workload, index, view, language)));
        rows.extend(
            view.services.iter().map(|(service, ip)| of_kind(service, (ip.to_string(), Tone::Plain), language)),
        );
    }
    for seen in &view.nodes {
        let own = Selection::node(&seen.name).on_stage();
        let open = (few && !seen.control_plane) != turned.contains(&own);
        rows.push(node(seen, open, language));
        if open {
            rows.push(component(view, Address::Kubelet(seen.name.clone()), 2, language));
            rows.extend(seen.pods.iter().map(|one| pod(one, Some(seen), view, language)));
        }
    }
    if !view.pending.is_empty() {
        let open = !turned.contains("pending");
        rows.push(head("pending", "tree-pending", view.pending.len(), open));
        if open {
            rows.extend(view.pending.iter().map(|one| pod(one, None, view, language)));
        }
    }
    rows
}

/// The tree.
pub fn tree(ui: Ui) -> El {
    let turned = RwSignal::new(BTreeSet::<String>::new());
    let view = unhurried(ui);
    let rows = Memo::new(move |_| view.with(|view| turned.with(|turned| rows(view, turned, ui.language.get()))));
    let current = move || ui.focused.get().filter(|id| rows.with(|rows| rows.iter().any(|row| row.id == *id)));
    let focus = move |_: &_| {
        if current().is_none() {
            ui.focused.set(rows.with(|rows| rows.first().map(|row| row.id.clone())));
        }
    };
    el("ul", "tree")
        .attr("role", "tree")
        .attr("tabindex", "0")
        .attr("data-testid", "tree")
        .label(ui, "tree-label")
        .bind("aria-activedescendant", move || current().map(|id| dom_id(&id)))
        .on("focus", focus)
        .on("blur", move |_| ui.focused.set(None))
        .on_as("keydown", move |event| key(ui, event, rows, turned))
        .rows(
            move || rows.get(),
            |row| format!("{} {} {} {:?}", row.id, row.name, row.status, row.open),
            move |row| tree_row(ui, row, turned),
        )
}

/// The view; of a large cluster only now and then, because nobody reads a hundred rows sixty times a second.
fn unhurried(ui: Ui) -> RwSignal<Rc<View>, LocalStorage> {
    let shown = RwSignal::new_local(ui.view.get_untracked());
    let due = StoredValue::new(false);
    afterwards(move || {
        let view = ui.view.get();
        if view.nodes.len() <= OPEN + 1 {
            shown.set(view);
        } else if !due.get_value() {
            due.set_value(true);
            let show = move || {
                due.set_value(false);
                shown.set(ui.view.get_untracked());
            };
            set_timeout(show, UNHURRIED);
        }
    });
    shown
}

fn dom_id(id: &str) -> String {
    format!("tree-{}", id.replace(['/', ' '], "-"))
}

fn tree_row(ui: Ui, row: Row, turned: RwSignal<BTreeSet<String>>) -> El {
    let Row { level, id, name, status, tone, open, link } = row;
    let (dom, twist_id, focus_id, chosen) = (dom_id(&id), id.clone(), id.clone(), link.clone());
    let is_selected = move || ui.selected.with(|s| s.as_ref().is_some_and(|s| Some(s.write()) == chosen));
    let twist = move |event: &Event| {
        event.stop_propagation();
        turn(turned, &twist_id);
    };
    let take = move |_: &_| match &link {
        Some(link) => ui.select(Selection::read(link)),
        None => turn(turned, &id),
    };
    let made = el("li", if level == 1 { "tree-row top" } else { "tree-row" })
        .attr("role", "treeitem")
        .attr("id", &dom)
        .class_if("focus", move || ui.focused.with(|focused| focused.as_deref() == Some(focus_id.as_str())))
        .attr("aria-level", &level.to_string())
        .bind("aria-selected", move || is_selected().to_string())
        .on("click", take);
    let made = match open {
        Some(open) => made.attr("aria-expanded", if open { "true" } else { "false" }),
        None => made,
    };
    let sign = open.map(|open| icon(if open { Icon::Down } else { Icon::Right }));
    made.add(el("span", "twist").on("click", twist).all(sign))
        .add(el("span", tone.class()))
        .add(el("span", "tree-name").text(&name))
        .add(el("span", "tree-status").text(&status))
}

fn turn(turned: RwSignal<BTreeSet<String>>, id: &str) {
    turned.update(|turned| {
        if !turned.remove(id) {
            turned.insert(id.to_owned());
        }
    });
}

fn key(ui: Ui, event: &web_sys::KeyboardEvent, rows: Memo<Vec<Row>>, turned: RwSignal<BTreeSet<String>>) {
    let rows = rows.get_untracked();
    let focused = ui.focused.get_untracked();
    let at = rows.iter().position(|row| Some(&row.id) == focused.as_ref()).unwrap_or(0);
    let Some(row) = rows.get(at) else { return };
    let to = match event.key().as_str() {
        "ArrowDown" => Some((at + 1).min(rows.len() - 1)),
        "ArrowUp" => Some(at.saturating_sub(1)),
        "Home" => Some(0),
        "End" => Some(rows.len() - 1),
        "ArrowRight" if row.open == Some(true) => Some((at + 1).min(rows.len() - 1)),
        "ArrowLeft" if row.open != Some(true) => rows[..at].iter().rposition(|other| other.level < row.level),
        "ArrowRight" | "ArrowLeft" if row.open.is_some() => {
            turn(turned, &row.id);
            Some(at)
        }
        "Enter" | " " => {
            match &row.link {
                Some(link) => ui.select(Selection::read(link)),
                None => turn(turned, &row.id),
            }
            Some(at)
        }
        letter if letter.chars().count() == 1 && !event.ctrl_key() && !event.meta_key() => typed(&rows, at, letter),
        _ => return,
    };
    event.prevent_default();
    let Some(row) = to.and_then(|to| rows.get(to)) else { return };
    ui.focused.set(Some(row.id.clone()));
    if let Some(element) = document().get_element_by_id(&dom_id(&row.id)) {
        super::browser::call(&element, "scrollIntoView", &[super::browser::object(&[("block", "nearest".into())])]);
    }
}

/// The next row whose name begins with a letter.
fn typed(rows: &[Row], at: usize, letter: &str) -> Option<usize> {
    let letter = letter.to_lowercase();
    let fits = |index: &usize| rows[*index].name.to_lowercase().starts_with(&letter);
    (at + 1..rows.len()).chain(0..=at).find(fits)
}
