//! What a kubelet and its container runtime say to each other.

use crate::api::object::Key;
use crate::sim::Duration;
use std::rc::Rc;

/// The container runtime interface, as far as it is modelled.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum CriCall {
    /// Tells the runtime from which network it gives pods their addresses.
    UpdateRuntimeConfig {
        /// Such as `10.244.1.0/24`.
        pod_cidr: Rc<str>,
    },
    /// Creates a pod's sandbox (the pause container and the network); answers with its address.
    RunPodSandbox {
        /// The pod's uid.
        pod: Rc<str>,
        /// The pod, for people.
        name: Key,
        /// Whether it shares the node's network.
        host_network: bool,
    },
    /// Stops the sandbox: gives the address back.
    StopPodSandbox {
        /// The pod's uid.
        pod: Rc<str>,
    },
    /// Removes the sandbox and all containers in it.
    RemovePodSandbox {
        /// The pod's uid.
        pod: Rc<str>,
    },
    /// Pulls an image; answers when it is there.
    PullImage {
        /// The pod that wants it.
        pod: Rc<str>,
        /// The container that wants it.
        container: Rc<str>,
        /// The image.
        image: Rc<str>,
    },
    /// Creates a container.
    CreateContainer(ContainerSpec),
    /// Starts a created container.
    StartContainer {
        /// Its id.
        id: Rc<str>,
    },
    /// Sends SIGTERM, and SIGKILL after the timeout.
    StopContainer {
        /// Its id.
        id: Rc<str>,
        /// How long it may take.
        timeout: Duration,
    },
    /// Gives a container that runs other resources (`UpdateContainerResources`).
    UpdateContainer {
        /// Its id.
        id: Rc<str>,
        /// Its memory limit in bytes, if any.
        memory_limit: Option<u64>,
    },
    /// The kubelet changes what is in a volume: the machine's disk, not part of the CRI.
    Write {
        /// The pod's uid.
        pod: Rc<str>,
        /// The volume.
        source: Rc<str>,
        /// What is new or different, and what is gone.
        files: Rc<[(Rc<str>, Option<File>)]>,
    },
    /// Removes a stopped container.
    RemoveContainer {
        /// Its id.
        id: Rc<str>,
    },
    /// Whether it works.
    Status,
    /// Removes an image.
    RemoveImage {
        /// Its full name.
        image: Rc<str>,
    },
    /// Everything that exists, after a restart of the kubelet.
    List,
    /// Runs a command in a container: exec probes.
    ExecSync {
        /// The container.
        id: Rc<str>,
        /// The command.
        command: Rc<[Rc<str>]>,
        /// How long it may take.
        timeout: Duration,
    },
    /// Asks a port of the pod as HTTP and TCP probes do (the kubelet's own connection, not part of the CRI).
    Connect {
        /// The pod's uid.
        pod: Rc<str>,
        /// The port.
        port: u16,
        /// The HTTP path, `None` for a bare TCP connection.
        path: Option<Rc<str>>,
        /// Whether TLS is spoken; `None`: whatever is spoken there.
        tls: Option<bool>,
    },
    /// Crashes a container's process from outside (a fault).
    Kill {
        /// The container.
        id: Rc<str>,
        /// Its exit code.
        code: i32,
    },
}

/// What the runtime must know to make a container.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ContainerSpec {
    /// The pod's uid.
    pub pod: Rc<str>,
    /// The container's name.
    pub name: Rc<str>,
    /// Which attempt this is, from 0.
    pub attempt: u32,
    /// The image.
    pub image: Rc<str>,
    /// `command`, if given.
    pub command: Option<Rc<[Rc<str>]>>,
    /// `args`, if given.
    pub args: Option<Rc<[Rc<str>]>>,
    /// Environment.
    pub env: Rc<[(Rc<str>, Rc<str>)]>,
    /// Memory limit in bytes, if any.
    pub memory_limit: Option<u64>,
    /// Whether it has to end before the pod's containers start.
    pub init: bool,
    /// Whose token lies in it: namespace and name of a service account.
    pub account: Option<(Rc<str>, Rc<str>)>,
    /// Its host name.
    pub hostname: Rc<str>,
    /// What of the machine is in its file system.
    pub mounts: Rc<[Mount]>,
}

/// A folder of the machine in a container's file system.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Mount {
    /// Where in the container.
    pub path: Rc<str>,
    /// Which folder: a volume of the pod by its name, or what begins with `/` and belongs to the whole machine.
    pub source: Rc<str>,
    /// What of the folder; empty: all.
    pub sub_path: Rc<str>,
    /// What the kubelet had put there when the container was made: paths in the folder.
    pub files: Rc<[(Rc<str>, File)]>,
    /// Whether the container may only read it.
    pub read_only: bool,
}

/// A file on a machine.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct File {
    /// What is in it.
    pub text: Rc<str>,
    /// Its permissions; those of a folder begin with [`File::FOLDER`].
    pub mode: u16,
}

impl File {
    /// The bit of folders.
    pub const FOLDER: u16 = 0o40_000;

    /// A file as programs make them.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self { text: text.into(), mode: 0o644 }
    }

    /// A folder.
    #[must_use]
    pub fn folder() -> Self {
        Self { text: Rc::default(), mode: Self::FOLDER | 0o755 }
    }
}

/// A container as the runtime knows it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ContainerStatus {
    /// Its id, without `containerd://`.
    pub id: Rc<str>,
    /// The pod's uid.
    pub pod: Rc<str>,
    /// Its name.
    pub name: Rc<str>,
    /// Its image, as asked for.
    pub image: Rc<str>,
    /// Which attempt this is.
    pub attempt: u32,
    /// What it does.
    pub state: ContainerState,
}

/// What a container does.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum ContainerState {
    /// Created, not started.
    Created,
    /// Running since.
    Running {
        /// Since when.
        since: crate::sim::Time,
    },
    /// Ended.
    Exited {
        /// When it was started.
        since: crate::sim::Time,
        /// When it ended.
        at: crate::sim::Time,
        /// Its exit code.
        code: i32,
        /// `Completed`, `Error`, `OOMKilled`, `StartError`.
        reason: &'static str,
        /// What it left in its termination log, or why it could not be started.
        message: Rc<str>,
    },
}

/// What the runtime answers.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum CriReply {
    /// Done.
    Done,
    /// The sandbox's address.
    Sandbox {
        /// The pod's IP.
        ip: Rc<str>,
    },
    /// A new container's id.
    Container {
        /// Its id.
        id: Rc<str>,
    },
    /// An image is there.
    Image(ImageStatus),
    /// Everything that exists: sandboxes with their addresses, containers, images with their sizes.
    List {
        /// Pod uid and IP.
        sandboxes: Rc<[(Rc<str>, Rc<str>)]>,
        /// Containers.
        containers: Rc<[ContainerStatus]>,
        /// Images.
        images: Rc<[ImageStatus]>,
    },
    /// A command's exit code and output.
    Exec {
        /// Exit code.
        code: i32,
        /// What it printed.
        output: Rc<str>,
    },
    /// An HTTP status code, or 0 for an open TCP port.
    Connected(u16),
}

/// An image that a machine has.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ImageStatus {
    /// Its full name with its tag: `docker.io/library/nginx:1.27`.
    pub name: Rc<str>,
    /// Its name with its digest (`imageID`): `docker.io/library/nginx@sha256:…`.
    pub id: Rc<str>,
    /// Its size.
    pub bytes: u64,
}

/// The runtime's errors: the texts reach people through events and statuses.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum CriError {
    /// The image does not exist, or the registry refuses.
    ImageNotFound(Rc<str>),
    /// The registry cannot be reached.
    RegistryUnavailable(Rc<str>),
    /// The command does not exist in the image, and the like.
    StartError(Rc<str>),
    /// Nobody listens on the port.
    ConnectionRefused(Rc<str>),
    /// No answer in time.
    Timeout(Rc<str>),
    /// There is no such container or sandbox.
    NotFound(Rc<str>),
    /// The runtime does not run.
    Unavailable,
}
