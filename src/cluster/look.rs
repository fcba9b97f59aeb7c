//! How a [`View`] is read off a world. Reads only; the API server's own cache is what "the API says".

mod nodes;
mod schedulers;
mod workloads;

pub use self::nodes::Known;

use self::workloads::Workloads;
use super::controllers::tainteviction;
use super::view::{Amounts, ContainerLook, ContainerView, NodeView, PodView, View};
use super::wire::Address;
use super::{Process, World};
use crate::api::kinds::{self, KINDS, pod::Pod};
use crate::api::meta::{controller_of, moment};
use crate::api::object::Objects;
use crate::api::object::{Key, Object, Ref};
use crate::api::pod::validation::annotations::MIRROR;
use crate::api::quantity::{MOST, Quantity};
use crate::sim::{Order, Simulation, Time};
use k8s_openapi::api::core::v1::{ContainerStatus, Service};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Text;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Kinds that keep pods, from the one that owns the most.
const WORKLOADS: [&kinds::Kind; 5] = [
    &kinds::deployment::KIND,
    &kinds::replica_set::KIND,
    &kinds::replication_controller::KIND,
    &kinds::stateful_set::KIND,
    &kinds::daemon_set::KIND,
];

impl World {
    /// What the cluster looks like now.
    #[must_use]
    pub fn view(&self) -> View {
        self.view_since(&mut Known::default())
    }

    /// The same, for somebody who looks again and again.
    #[must_use]
    pub fn view_since(&self, known: &mut Known) -> View {
        let mut view = View { t: self.now(), revision: self.revision(), ..View::default() };
        let mut workloads = Workloads::default();
        view.nodes = self.nodes(known);
        // They come in order of their keys, and those of one second stay so.
        let mut pods: Vec<&Object> = self.objects(&kinds::pod::KIND).collect();
        pods.order_by(|a, b| a.meta().creation_timestamp.cmp(&b.meta().creation_timestamp));
        for object in pods {
            let Some(pod) = object.get::<Pod>() else { continue };
            let seen = self.pod(object, pod, workloads.of(self, object));
            match known.place(&seen.node) {
                Some(place) => {
                    let node = &mut view.nodes[place];
                    if !pod.is_terminal() {
                        add_requests(&mut node.requested, pod);
                        self.note_eviction(node, object, pod);
                    }
                    node.pods.push(seen);
                }
                None => view.pending.push(seen),
            }
        }
        // Those that have no pods at the moment come last.
        for kind in WORKLOADS {
            let bare = self.objects(kind).filter(|object| controller_of(object.meta()).is_none());
            let unknown = bare.map(Object::reference).filter(|found| !workloads.known.contains(found));
            let unknown: Vec<Ref> = unknown.collect();
            workloads.known.extend(unknown);
        }
        (view.workloads, view.rollouts) = workloads.done(self);
        self.rest(&mut view);
        view
    }

    fn rest(&self, view: &mut View) {
        for kind in KINDS {
            let count = self.count(kind);
            if count > 0 {
                view.objects.insert(kind.kind, count);
            }
        }
        for object in self.objects(&kinds::service::KIND) {
            let ip = object.get::<Service>().and_then(|service| service.spec.as_ref()?.cluster_ip.as_deref());
            view.services.push((object.reference(), ip.unwrap_or_default().into()));
        }
        view.queue = self.queue();
        view.leaders = self.leaders();
        view.stopped = self.stopped.iter().cloned().collect();
        view.faults = self.faults.iter().cloned().collect();
        view.watches = match self.process(&Address::ApiServer) {
            Some(Process::ApiServer(server)) => {
                server.watchers().map(|(who, kind)| (who.clone(), kind.plural)).collect()
            }
            _ => Vec::new(),
        };
    }

    /// Everything of a kind, as the API shows it.
    #[must_use]
    pub fn objects<'a>(&'a self, kind: &'static kinds::Kind) -> Objects<'a> {
        match self.process(&Address::ApiServer) {
            Some(Process::ApiServer(server)) => server.objects(kind),
            _ => Box::new(std::iter::empty()),
        }
    }

    fn count(&self, kind: &'static kinds::Kind) -> usize {
        match self.process(&Address::ApiServer) {
            Some(Process::ApiServer(server)) => server.count(kind),
            _ => 0,
        }
    }

    /// One object, as the API shows it.
    #[must_use]
    pub fn object(&self, kind: &'static kinds::Kind, key: &Key) -> Option<&Object> {
        match self.process(&Address::ApiServer) {
            Some(Process::ApiServer(server)) => server.object(kind, key),
            _ => None,
        }
    }

    /// All versions of an object that etcd has, the oldest first; `None`: deleted.
    #[must_use]
    pub fn versions(&self, kind: &'static kinds::Kind, key: &Key) -> Vec<(u64, Option<Object>)> {
        match self.process(&Address::Etcd(0)) {
            Some(Process::Etcd(etcd)) => etcd.versions(&kind.etcd_key(&key.namespace, &key.name)),
            _ => Vec::new(),
        }
    }

    /// How many keys etcd has, and the oldest revision that it can read.
    #[must_use]
    pub fn etcd_size(&self) -> (usize, u64) {
        match self.process(&Address::Etcd(0)) {
            Some(Process::Etcd(etcd)) => etcd.size(),
            _ => (0, 0),
        }
    }

    /// etcd's revision.
    #[must_use]
    pub fn revision(&self) -> u64 {
        match self.process(&Address::Etcd(0)) {
            Some(Process::Etcd(etcd)) => etcd.revision(),
            _ => 0,
        }
    }

    /// The node and the id of a pod's container; with an empty name of its first.
    pub(super) fn find_container(&self, pod: (&str, &str), container: &str) -> Option<(Rc<str>, Rc<str>)> {
        let object = self.object(&kinds::pod::KIND, &Key::new(pod.0, pod.1))?;
        let pod = object.get::<Pod>()?;
        let mut statuses =
            pod.status.container_statuses.iter().flatten().chain(pod.status.init_container_statuses.iter().flatten());
        let name = if container.is_empty() { &*pod.spec.containers.first()?.name } else { container };
        let status = statuses.find(|status| status.name == name)?;
        let id = status.container_id.as_deref()?.split("://").nth(1)?;
        Some((pod.node_name.clone()?, id.into()))
    }

    /// When the first of the node's pods will be driven out.
    fn note_eviction(&self, node: &mut NodeView, object: &Object, pod: &Pod) {
        if object.is_terminating() || !node.taints.iter().any(|taint| taint.ends_with(":NoExecute")) {
            return;
        }
        let known = self.object(&kinds::node::KIND, &Key::new("", &node.name));
        if let Some(leaves) = known.and_then(|known| tainteviction::leaves(known, pod)) {
            node.eviction =
                Some(node.eviction.map_or(leaves, |before| if before.1 <= leaves.1 { before } else { leaves }));
        }
    }

    fn pod(&self, object: &Object, pod: &Pod, (workload, outdated): (Option<usize>, bool)) -> PodView {
        let deadline = object.meta().deletion_timestamp.as_ref().map(moment);
        let init = containers(pod.spec.init_containers.as_deref(), pod.status.init_container_statuses.as_deref(), true);
        let main = containers(Some(&pod.spec.containers), pod.status.container_statuses.as_deref(), false);
        let mut view = PodView {
            object: object.reference(),
            uid: object.uid().into(),
            workload,
            outdated,
            mirror: object.meta().annotations.as_ref().is_some_and(|map| map.contains_key(MIRROR)),
            phase: pod.phase().into(),
            status: self.status_word(object, pod),
            ready: pod.is_ready(),
            reason: reason(pod),
            deadline,
            created: object.meta().creation_timestamp.as_ref().map_or(Time::ZERO, moment),
            ip: pod.status.pod_ip.as_deref().unwrap_or_default().into(),
            node: pod.node_name.clone().unwrap_or_default(),
            containers: init.chain(main).collect(),
            debuggers: debuggers(pod),
        };
        if let Some(node) = &pod.node_name {
            self.back_offs(node, object, &mut view);
        }
        view
    }

    /// kubectl's STATUS column.
    fn status_word(&self, object: &Object, pod: &Pod) -> Rc<str> {
        let column = object.kind().columns.iter().find(|column| column.name == "Status");
        column.map_or_else(|| pod.phase().into(), |column| column.show(object, self.now()).into())
    }

    /// The ends of the back-offs, which only the node itself knows.
    fn back_offs(&self, node: &Rc<str>, object: &Object, view: &mut PodView) {
        let waits =
            |c: &ContainerView| matches!(&c.state, ContainerLook::Waiting(reason) if reason.ends_with("BackOff"));
        if !view.containers.iter().any(waits) {
            return;
        }
        if let Some(Process::Kubelet(kubelet)) = self.process(&Address::Kubelet(node.clone())) {
            for container in &mut view.containers {
                container.backoff_until = kubelet.backoff_until(super::kubelet::uid_on_node(object), &container.name);
            }
        }
    }
}

fn amounts(map: &BTreeMap<String, Text>) -> Amounts {
    let quantity = |name: &str| map.get(name).and_then(|text| Quantity::parse(&text.0).ok());
    Amounts {
        cpu_milli: quantity("cpu").map_or(0, |q| q.milli_value().min(MOST)),
        memory: quantity("memory").map_or(0, |q| q.value().min(MOST)),
        pods: quantity("pods").map_or(0, |q| q.value().min(MOST)),
    }
}

fn add_requests(sum: &mut Amounts, pod: &Pod) {
    for container in &pod.spec.containers {
        if let Some(requests) = container.resources.as_ref().and_then(|r| r.requests.as_ref()) {
            let amounts = amounts(requests);
            sum.cpu_milli += amounts.cpu_milli;
            sum.memory += amounts.memory;
        }
    }
    sum.pods += 1;
}

fn containers<'a>(
    specs: Option<&'a [k8s_openapi::api::core::v1::Container]>,
    statuses: Option<&'a [ContainerStatus]>,
    init: bool,
) -> impl Iterator<Item = ContainerView> + 'a {
    specs.unwrap_or_default().iter().map(move |spec| {
        let status = statuses.unwrap_or_default().iter().find(|status| status.name == spec.name);
        ContainerView {
            name: spec.name.as_str().into(),
            image: spec.image.as_deref().unwrap_or_default().into(),
            init,
            state: status.map_or_else(|| ContainerLook::Waiting("".into()), look),
            ready: status.is_some_and(|status| status.ready),
            restarts: status.map_or(0, |status| status.restart_count),
            backoff_until: None,
        }
    })
}

fn debuggers(pod: &Pod) -> Vec<ContainerView> {
    let Some(added) = &pod.spec.ephemeral_containers else { return Vec::new() };
    let specs: Vec<_> = added.iter().map(super::kubelet::debugger).collect();
    containers(Some(&specs), pod.status.ephemeral_container_statuses.as_deref(), false).collect()
}

fn look(status: &ContainerStatus) -> ContainerLook {
    let Some(state) = &status.state else { return ContainerLook::Waiting("".into()) };
    if state.running.is_some() {
        return ContainerLook::Running;
    }
    if let Some(ended) = &state.terminated {
        return ContainerLook::Terminated(ended.exit_code, ended.reason.as_deref().unwrap_or_default().into());
    }
    let waiting = state.waiting.as_ref().and_then(|waiting| waiting.reason.as_deref());
    ContainerLook::Waiting(waiting.unwrap_or_default().into())
}

/// What holds a pod up: its own reason, else that of a container, else that of a condition that is false.
fn reason(pod: &Pod) -> Rc<str> {
    if let Some(reason) = &pod.status.reason {
        return reason.as_str().into();
    }
    let init = pod.status.init_container_statuses.iter().flatten();
    let waiting = init.chain(pod.status.container_statuses.iter().flatten()).find_map(|status| match look(status) {
        ContainerLook::Waiting(reason) if !reason.is_empty() => Some(reason),
        ContainerLook::Terminated(code, reason) if code != 0 => Some(reason),
        _ => None,
    });
    waiting.unwrap_or_else(|| {
        let conditions = pod.status.conditions.iter().flatten();
        let unmet = conditions.filter(|c| c.status == "False").find_map(|c| c.reason.as_deref());
        unmet.unwrap_or_default().into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::boot::{Scenario, boot};
    use crate::cluster::input::Input;
    use crate::sim::Duration;

    #[test]
    fn who_looks_again_sees_what_who_looks_for_the_first_time_sees() {
        let mut history = boot(&Scenario::named("sixty-ships").unwrap(), 7);
        let mut known = Known::default();
        let text = crate::examples::find("deployment").unwrap().text().to_owned();
        let node = |number: usize| history.world().view().nodes[number].name.to_string();
        let (first, last) = (node(1), node(60));
        let inputs = [
            Input::Apply { text, dry_run: false, create_namespaces: false },
            Input::Cordon { node: first.clone(), on: true },
            Input::Kubelet { node: first.clone(), stop: true },
            Input::Network { node: last.clone(), cut: true },
            Input::Delete {
                object: crate::cluster::input::Name {
                    api_version: "v1".to_owned(),
                    kind: "Node".to_owned(),
                    namespace: String::new(),
                    name: first.clone(),
                },
            },
            Input::Kubelet { node: first, stop: false },
            Input::Network { node: last, cut: false },
        ];
        let same = |history: &crate::cluster::History, known: &mut Known| {
            let world = history.world();
            assert_eq!(world.view_since(known), world.view(), "{:?}", world.now());
        };
        for input in inputs {
            history.input(input);
            for _ in 0..20 {
                history.run_until(history.world().now() + Duration::from_secs(3));
                same(&history, &mut known);
            }
        }
        // A moment of the past has other objects under the same names.
        history.seek(Time::from_secs(30));
        same(&history, &mut known);
    }
}
