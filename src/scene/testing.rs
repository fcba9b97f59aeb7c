//! Hand-made views and traces for tests.

use crate::api::kinds;
use crate::api::object::{ObjectRef, Ref};
use crate::cluster::view::{Amounts, ContainerLook, ContainerView, NodeView, PodView, Readiness, View};
use crate::cluster::wire::Address;
use crate::sim::Time;

/// A pod's reference in the namespace `default`.
#[must_use]
pub fn pod(name: &str) -> Ref {
    ObjectRef::new(&kinds::pod::KIND, "default", name)
}

/// A pod that runs and is ready.
#[must_use]
pub fn pod_view(name: &str, workload: Option<usize>) -> PodView {
    PodView {
        object: pod(name),
        uid: format!("uid-{name}").into(),
        workload,
        phase: "Running".into(),
        status: "Running".into(),
        ready: true,
        reason: "".into(),
        deadline: None,
        created: Time::ZERO,
        ip: "10.244.1.2".into(),
        node: "node-1".into(),
        containers: vec![ContainerView {
            name: "main".into(),
            image: "web:1".into(),
            init: false,
            state: ContainerLook::Running,
            ready: true,
            restarts: 0,
            backoff_until: None,
        }],
    }
}

/// A harbour with so many cargo ships, each with so many pods.
#[must_use]
pub fn harbour(ships: usize, pods: usize) -> View {
    let amounts = Amounts { cpu_milli: 4000, memory: 8 << 30, pods: 110 };
    let node = |name: String, control_plane: bool| NodeView {
        name: name.into(),
        control_plane,
        readiness: Readiness::Ready,
        kubelet_runs: true,
        allocatable: amounts,
        ..NodeView::default()
    };
    let mut view = View { nodes: vec![node("control-plane".into(), true)], revision: 42, ..View::default() };
    for i in 0..ships {
        let mut ship = node(format!("node-{}", i + 1), false);
        ship.pods = (0..pods).map(|p| pod_view(&format!("web-{i}-{p}"), Some(p % 5))).collect();
        ship.requested = Amounts { cpu_milli: 400 * i64::try_from(pods).unwrap_or(0), ..Amounts::default() };
        view.watches.push((Address::Kubelet(ship.name.clone()), "pods"));
        view.nodes.push(ship);
    }
    view.nodes[0].pods = ["coredns-a", "coredns-b"].map(|name| pod_view(name, None)).to_vec();
    view.watches.push((Address::Scheduler, "pods"));
    view.watches.push((Address::ControllerManager, "pods"));
    view.services = vec![(ObjectRef::new(&kinds::pod::KIND, "default", "kubernetes"), "10.96.0.1".into())];
    view
}
