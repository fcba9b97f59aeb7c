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
    /// What makes its containers.
    pub engine: Engine,
    /// Labels beside those that every kubelet sets.
    pub labels: Vec<(Rc<str>, Rc<str>)>,
    /// Taints that the kubelet registers with: key, value, effect.
    pub taints: Vec<(Rc<str>, Rc<str>, Rc<str>)>,
}

/// The program behind the CRI that makes a machine's containers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Engine {
    /// containerd with runc, as kubeadm finds it on most machines.
    #[default]
    Containerd,
    /// CRI-O with crun.
    CriO,
    /// Docker Engine behind cri-dockerd.
    CriDockerd,
}

impl Engine {
    /// What stands before `://` and a container's id.
    #[must_use]
    pub const fn scheme(self) -> &'static str {
        match self {
            Self::Containerd => "containerd",
            Self::CriO => "cri-o",
            Self::CriDockerd => "docker",
        }
    }

    /// `status.nodeInfo.containerRuntimeVersion`.
    #[must_use]
    pub const fn version(self) -> &'static str {
        match self {
            Self::Containerd => "containerd://2.2.1",
            Self::CriO => "cri-o://1.34.3",
            Self::CriDockerd => "docker://28.5.2",
        }
    }

    /// The one with that version in a node's status; an unknown one counts as the usual one.
    #[must_use]
    pub fn of(version: &str) -> Self {
        let all = [Self::Containerd, Self::CriO, Self::CriDockerd];
        all.into_iter().find(|engine| version.split(':').next() == Some(engine.scheme())).unwrap_or_default()
    }

    /// Its folders on the machine, and its socket under `/run` (and `/var/run`).
    #[must_use]
    pub const fn places(self) -> ([&'static str; 2], &'static str) {
        match self {
            Self::Containerd => (["/var/lib/containerd", "/run/containerd"], "containerd/containerd.sock"),
            Self::CriO => (["/var/lib/containers", "/run/crio"], "crio/crio.sock"),
            Self::CriDockerd => (["/var/lib/docker", "/run/docker"], "cri-dockerd.sock"),
        }
    }

    /// What its kubelet says when nobody listens on its socket.
    #[must_use]
    #[inline(never)]
    pub fn unavailable(self) -> String {
        let root = if self == Self::Containerd { "/run" } else { "/var/run" };
        let (_, socket) = self.places();
        format!(
            "rpc error: code = Unavailable desc = connection error: desc = \"transport: Error while dialing: dial unix \
             {root}/{socket}: connect: connection refused\""
        )
    }
}
