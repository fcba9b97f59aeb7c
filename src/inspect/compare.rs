//! What is wanted and what is there, side by side; what the API believes and what is really so.
//!
//! Labels are field names, which every language leaves as they are.

use super::Shown;
use crate::api::document::Document;
use crate::api::kinds::pod::Pod;
use crate::api::object::{Object, ObjectRef};
use crate::cluster::view::{Amounts, NodeView, Readiness};
use crate::sim::{Order, SortedSet};
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::core::v1::{
    Container, ContainerState, ContainerStatus, Namespace, Node, PodTemplateSpec, ReplicationController, Service,
};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use serde_json::Value;
use std::fmt::Display;

/// One thing in both columns.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    /// A field's name.
    pub label: String,
    /// The left column.
    pub wanted: String,
    /// The right column.
    pub actual: String,
    /// Whether both say the same.
    pub same: bool,
}

/// What the two columns are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Columns {
    /// Desired and actual state.
    Desired,
    /// What the API believes, and what is so on the ship.
    Believed,
    /// What a node offers, and what its pods have asked for.
    Offered,
}

/// Rows under one pair of columns: what differs first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Table {
    /// The columns.
    pub columns: Columns,
    /// The rows.
    pub rows: Vec<Row>,
}

impl Table {
    fn new(columns: Columns, mut rows: Vec<Row>) -> Self {
        rows.order_by_key(|row| row.same);
        Self { columns, rows }
    }
}

fn row(label: impl Into<String>, wanted: impl Display + Copy, actual: impl Display + Copy) -> Row {
    let (wanted, actual) = (wanted.to_string(), actual.to_string());
    Row { label: label.into(), same: wanted == actual, wanted, actual }
}

/// Nothing to say.
const NONE: &str = "–";

/// The comparisons of an object; none for kinds without a state of their own.
#[must_use]
pub fn of_object(shown: &Shown, object: &ObjectRef) -> Vec<Table> {
    let Some(object) = shown.objects.object(object) else { return Vec::new() };
    match object.kind().kind {
        "Pod" => object.get().map_or_else(Vec::new, |pod| vec![Table::new(Columns::Desired, of_pod(pod))]),
        "Node" => object.get().map_or_else(Vec::new, |node| of_node(shown, object, node)),
        "Service" => object.get().map_or_else(Vec::new, |service| vec![of_service(shown, object, service)]),
        "Namespace" => object.get().map_or_else(Vec::new, |namespace: &Namespace| {
            let phase = namespace.status.as_ref().and_then(|status| status.phase.clone()).unwrap_or_default();
            let wanted = if object.is_terminating() { NONE } else { "Active" };
            vec![Table::new(Columns::Desired, vec![row("phase", wanted, &*phase)])]
        }),
        _ => workload(shown, object).map_or_else(Vec::new, |rows| vec![Table::new(Columns::Desired, rows)]),
    }
}

fn workload(shown: &Shown, object: &Object) -> Option<Vec<Row>> {
    let generation = object.meta().generation.unwrap_or(0);
    if let Some(deployment) = object.get::<Deployment>() {
        let (spec, status) = (deployment.spec.as_ref()?, deployment.status.clone().unwrap_or_default());
        let wanted = spec.replicas.unwrap_or(1);
        let mut rows = vec![
            row("replicas", wanted, status.replicas.unwrap_or(0)),
            row("updated", wanted, status.updated_replicas.unwrap_or(0)),
            row("ready", wanted, status.ready_replicas.unwrap_or(0)),
            row("available", wanted, status.available_replicas.unwrap_or(0)),
            row("observedGeneration", generation, status.observed_generation.unwrap_or(0)),
        ];
        rows.extend(images(shown, object, Some(&spec.template)));
        return Some(rows);
    }
    if let Some(set) = object.get::<ReplicaSet>() {
        let (spec, status) = (set.spec.as_ref()?, set.status.clone().unwrap_or_default());
        let wanted = spec.replicas.unwrap_or(1);
        let mut rows = vec![
            row("replicas", wanted, status.replicas),
            row("ready", wanted, status.ready_replicas.unwrap_or(0)),
            row("available", wanted, status.available_replicas.unwrap_or(0)),
            row("observedGeneration", generation, status.observed_generation.unwrap_or(0)),
        ];
        rows.extend(images(shown, object, spec.template.as_ref()));
        return Some(rows);
    }
    if let Some(tree) = object.document() {
        return of_tree(shown, object, tree);
    }
    let controller = object.get::<ReplicationController>()?;
    let (spec, status) = (controller.spec.as_ref()?, controller.status.clone().unwrap_or_default());
    let wanted = spec.replicas.unwrap_or(1);
    let mut rows = vec![
        row("replicas", wanted, status.replicas),
        row("ready", wanted, status.ready_replicas.unwrap_or(0)),
        row("available", wanted, status.available_replicas.unwrap_or(0)),
    ];
    rows.extend(images(shown, object, spec.template.as_ref()));
    Some(rows)
}

/// A workload that is kept as a tree.
fn of_tree(shown: &Shown, object: &Object, tree: &Document) -> Option<Vec<Row>> {
    let number = |path: &str| tree.at(path).and_then(Value::as_i64);
    let is = |path: &str| number(path).unwrap_or(0);
    let (wanted, numbers): (i64, &[(&str, &str)]) = match object.kind().kind {
        "StatefulSet" => (
            number("spec.replicas").unwrap_or(1),
            &[
                ("replicas", "status.replicas"),
                ("updated", "status.updatedReplicas"),
                ("ready", "status.readyReplicas"),
                ("available", "status.availableReplicas"),
            ],
        ),
        "DaemonSet" => (
            is("status.desiredNumberScheduled"),
            &[
                ("scheduled", "status.currentNumberScheduled"),
                ("updated", "status.updatedNumberScheduled"),
                ("ready", "status.numberReady"),
                ("available", "status.numberAvailable"),
            ],
        ),
        _ => return None,
    };
    let mut rows: Vec<Row> = numbers.iter().map(|(name, path)| row(*name, wanted, is(path))).collect();
    rows.push(row("observedGeneration", object.meta().generation.unwrap_or(0), is("status.observedGeneration")));
    let template: Option<PodTemplateSpec> = tree.part("spec.template");
    rows.extend(images(shown, object, template.as_ref()));
    Some(rows)
}

/// The template's image of each container beside those of the pods that there are.
fn images(shown: &Shown, object: &Object, template: Option<&PodTemplateSpec>) -> Vec<Row> {
    let pods: Vec<&Pod> = shown.pods_of(object).into_iter().filter_map(Object::get).collect();
    let containers = template.and_then(|template| template.spec.as_ref()).map(|spec| spec.containers.as_slice());
    let of = |container: &Container| {
        let used = pods.iter().flat_map(|pod| &pod.spec.containers).filter(|other| other.name == container.name);
        let used: SortedSet<&str> = used.filter_map(|other| other.image.as_deref()).collect();
        let used = used.into_iter().collect::<Vec<_>>().join(", ");
        let used = if used.is_empty() { NONE.to_owned() } else { used };
        row(format!("image ({})", container.name), container.image.as_deref().unwrap_or_default(), &*used)
    };
    containers.unwrap_or_default().iter().map(of).collect()
}

fn of_pod(pod: &Pod) -> Vec<Row> {
    let mut rows = vec![bound(pod)];
    let ends = pod.spec.restart_policy.as_deref().is_some_and(|policy| policy != "Always");
    let phase = pod.phase();
    let wanted = if ends && phase == "Succeeded" { "Succeeded" } else { "Running" };
    rows.push(row("phase", wanted, phase));
    let status = &pod.status;
    let init = pod.spec.init_containers.as_deref().unwrap_or_default();
    for (specs, statuses, wanted) in [
        (init, &status.init_container_statuses, "Completed"),
        (&pod.spec.containers[..], &status.container_statuses, if wanted == "Running" { wanted } else { "Completed" }),
    ] {
        for spec in specs {
            let status = statuses.iter().flatten().find(|status| status.name == spec.name);
            rows.extend(container(spec, status, wanted));
        }
    }
    for kind in ["PodScheduled", "Initialized", "ContainersReady", "Ready"] {
        let condition = status.conditions.iter().flatten().find(|condition| condition.type_ == kind);
        let actual = condition.map_or("Unknown", |condition| &condition.status);
        let wanted = if wanted == "Running" { "True" } else { actual };
        rows.push(row(kind, wanted, actual));
    }
    rows
}

/// Any node will do; without one the row differs.
fn bound(pod: &Pod) -> Row {
    let selector = pod.spec.node_selector.as_ref().filter(|map| !map.is_empty());
    let wanted = selector.map_or_else(
        || "*".to_owned(),
        |map| map.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(","),
    );
    let actual = pod.node_name.as_deref().unwrap_or("");
    let shown = if actual.is_empty() { NONE } else { actual };
    Row { label: "nodeName".to_owned(), wanted, actual: shown.to_owned(), same: !actual.is_empty() }
}

fn container(spec: &Container, status: Option<&ContainerStatus>, wanted: &str) -> Vec<Row> {
    let name = &spec.name;
    let state = status.and_then(|status| status.state.as_ref());
    let (word, detail) = state.map_or(("Waiting".to_owned(), String::new()), state_word);
    let restarts = status.map_or(0, |status| status.restart_count);
    let mut actual = word.clone();
    if !detail.is_empty() {
        actual = format!("{actual} ({detail})");
    }
    if restarts > 0 {
        actual = format!("{actual} ×{restarts}");
    }
    let image = spec.image.as_deref().unwrap_or_default();
    let used = status.map_or("", |status| &*status.image);
    let used = if used.is_empty() { NONE } else { used };
    // The runtime reports the full name; that is no difference.
    let same_image =
        used == image || used.ends_with(&format!("/{image}")) || used.ends_with(&format!("/{image}:latest"));
    vec![
        Row { label: name.clone(), wanted: wanted.to_owned(), same: word == wanted, actual },
        Row { label: format!("{name}.image"), wanted: image.to_owned(), actual: used.to_owned(), same: same_image },
    ]
}

fn state_word(state: &ContainerState) -> (String, String) {
    if state.running.is_some() {
        return ("Running".to_owned(), String::new());
    }
    if let Some(ended) = &state.terminated {
        let reason = ended.reason.clone().unwrap_or_else(|| "Terminated".to_owned());
        return (reason, if ended.exit_code == 0 { String::new() } else { ended.exit_code.to_string() });
    }
    let waiting = state.waiting.as_ref().and_then(|waiting| waiting.reason.clone()).unwrap_or_default();
    ("Waiting".to_owned(), waiting)
}

fn of_node(shown: &Shown, object: &Object, node: &Node) -> Vec<Table> {
    let mut tables = Vec::new();
    if let Some(seen) = shown.node(object.name()) {
        tables.push(Table::new(Columns::Believed, believed(shown, node, seen)));
        tables.push(Table { columns: Columns::Offered, rows: offered(seen.allocatable, seen.requested) });
    }
    tables
}

/// What the API says of the node beside what is so.
fn believed(shown: &Shown, node: &Node, seen: &NodeView) -> Vec<Row> {
    let ready = match seen.readiness {
        Readiness::Ready => "Ready=True",
        Readiness::NotReady => "Ready=False",
        Readiness::Unknown => "Ready=Unknown",
    };
    let heard = shown.text(if seen.kubelet_runs { "process-running" } else { "process-stopped" }, &[]);
    let wire = shown.text(if seen.cut_off { "network-cut" } else { "network-joined" }, &[]);
    let well = seen.kubelet_runs && !seen.cut_off;
    let actual = format!("kubelet {heard}, {wire}");
    let same = well == (seen.readiness == Readiness::Ready);
    let mut rows = vec![Row { label: "Ready".to_owned(), wanted: ready.to_owned(), actual, same }];
    for condition in node.status.iter().flat_map(|status| status.conditions.iter().flatten()) {
        if condition.type_ != "Ready" {
            rows.push(row(&condition.type_, &condition.status, if well { "False" } else { "?" }));
        }
    }
    rows
}

fn offered(offer: Amounts, asked: Amounts) -> Vec<Row> {
    let amount = |label: &str, offer: String, asked: String, over: bool| Row {
        label: label.to_owned(),
        wanted: offer,
        actual: asked,
        same: !over,
    };
    let cpu = |milli: i64| if milli % 1000 == 0 { (milli / 1000).to_string() } else { format!("{milli}m") };
    let share = |part: i64, whole: i64| if whole == 0 { String::new() } else { format!(" ({}%)", part * 100 / whole) };
    vec![
        amount(
            "cpu",
            cpu(offer.cpu_milli),
            cpu(asked.cpu_milli) + &share(asked.cpu_milli, offer.cpu_milli),
            asked.cpu_milli > offer.cpu_milli,
        ),
        amount(
            "memory",
            format!("{}Mi", offer.memory >> 20),
            format!("{}Mi{}", asked.memory >> 20, share(asked.memory, offer.memory)),
            asked.memory > offer.memory,
        ),
        amount("pods", offer.pods.to_string(), asked.pods.to_string(), asked.pods > offer.pods),
    ]
}

fn of_service(shown: &Shown, object: &Object, service: &Service) -> Table {
    let spec = service.spec.clone().unwrap_or_default();
    let slices = shown.objects.objects(&crate::api::kinds::endpoint_slice::KIND);
    let of_it = slices.into_iter().filter(|slice| {
        slice.namespace() == object.namespace()
            && slice
                .meta()
                .labels
                .as_ref()
                .and_then(|labels| labels.get("kubernetes.io/service-name"))
                .map(String::as_str)
                == Some(object.name())
    });
    let endpoints: Vec<_> =
        of_it.filter_map(Object::get::<EndpointSlice>).flat_map(|slice| slice.endpoints.iter().flatten()).collect();
    let ready = endpoints.iter().filter(|end| end.conditions.as_ref().and_then(|c| c.ready) != Some(false)).count();
    let selector = spec.selector.unwrap_or_default();
    let selected = shown.objects.objects(&crate::api::kinds::pod::KIND).into_iter().filter(|pod| {
        let labels = pod.meta().labels.as_ref();
        !selector.is_empty()
            && pod.namespace() == object.namespace()
            && selector.iter().all(|(key, value)| labels.and_then(|labels| labels.get(key)) == Some(value))
    });
    let selected = if selector.is_empty() { endpoints.len() } else { selected.count() };
    let mut rows = vec![row("endpoints", selected, ready)];
    let ports = spec.ports.unwrap_or_default();
    let ports: Vec<String> = ports.iter().map(|port| port.port.to_string()).collect();
    let ip = spec.cluster_ip.unwrap_or_default();
    rows.push(Row { label: "clusterIP".to_owned(), wanted: NONE.to_owned(), actual: ip, same: true });
    rows.push(Row { label: "ports".to_owned(), wanted: ports.join(", "), actual: ports.join(", "), same: true });
    Table::new(Columns::Desired, rows)
}
