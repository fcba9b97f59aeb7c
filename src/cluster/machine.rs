//! A machine before it is a node: what its kubelet finds when it starts. Plain data, written by the scenario.

use std::rc::Rc;

/// What a machine has and how its kubelet is configured.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Machine {
    /// Host name, and name of the node.
    pub name: Rc<str>,
    /// Cores in thousandths.
    pub cpu_milli: i64,
    /// Memory in bytes.
    pub memory: i64,
    /// `maxPods`.
    pub max_pods: i64,
    /// Ephemeral storage in bytes.
    pub disk: i64,
    /// Internal IP.
    pub ip: Rc<str>,
    /// The node's pod network, such as `10.244.1.0/24`.
    pub pod_cidr: Rc<str>,
    /// Labels beside those that every kubelet sets.
    pub labels: Vec<(Rc<str>, Rc<str>)>,
    /// Taints that the kubelet registers with: key, value, effect.
    pub taints: Vec<(Rc<str>, Rc<str>, Rc<str>)>,
}
