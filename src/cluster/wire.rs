//! What components say to each other: plain data, no component named by type.

use crate::api::object::Key;
use crate::api::{Kind, Object, Request, Status};
use crate::sim::Duration;
use std::fmt;
use std::rc::Rc;

/// Who can be addressed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Address {
    /// The person at the hut, with kubectl.
    User,
    /// The API server.
    ApiServer,
    /// A member of etcd.
    Etcd(u8),
    /// The scheduler.
    Scheduler,
    /// The controller manager: all controllers of one binary.
    ControllerManager,
    /// A node's kubelet.
    Kubelet(Rc<str>),
    /// A node's container runtime; the containers run in it whether the kubelet lives or not.
    Runtime(Rc<str>),
}

impl Address {
    /// The node that it lives on, if it is part of a node.
    #[must_use]
    pub fn node(&self) -> Option<&Rc<str>> {
        match self {
            Self::Kubelet(node) | Self::Runtime(node) => Some(node),
            _ => None,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User => f.write_str("user"),
            Self::ApiServer => f.write_str("kube-apiserver"),
            Self::Etcd(member) => write!(f, "etcd-{member}"),
            Self::Scheduler => f.write_str("kube-scheduler"),
            Self::ControllerManager => f.write_str("kube-controller-manager"),
            Self::Kubelet(node) => write!(f, "kubelet/{node}"),
            Self::Runtime(node) => write!(f, "containerd/{node}"),
        }
    }
}

/// Whom a request's certificate or token names.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct User {
    /// Such as `system:kube-scheduler`.
    pub name: Rc<str>,
    /// Such as `system:nodes`.
    pub groups: Rc<[Rc<str>]>,
}

impl User {
    /// A user with groups.
    #[must_use]
    pub fn new(name: &str, groups: &[&str]) -> Self {
        Self { name: name.into(), groups: groups.iter().map(|group| Rc::from(*group)).collect() }
    }
}

/// What the kernel delivers to a process.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Event {
    /// Somebody said something.
    Message {
        /// Who.
        from: Address,
        /// What.
        message: Message,
    },
    /// A timer that the process set itself has run out.
    Timer(Timer),
}

/// A timer of a process: what for, for which key, and a number to recognise an outdated one.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Timer {
    /// What for: a constant of the component.
    pub what: &'static str,
    /// For what key; may be empty.
    pub key: Rc<str>,
    /// Free use: a generation, a request's id.
    pub number: u64,
}

impl Timer {
    /// A timer without a key.
    #[must_use]
    pub fn new(what: &'static str) -> Self {
        Self { what, key: "".into(), number: 0 }
    }

    /// A timer for a key.
    #[must_use]
    pub fn keyed(what: &'static str, key: impl Into<Rc<str>>, number: u64) -> Self {
        Self { what, key: key.into(), number }
    }
}

/// Everything that is said.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Message {
    /// To the API server: a request. Ids are unique for each client.
    Request {
        /// The client's number for it; of a watch, also the number of the stream.
        id: u64,
        /// Whom the credentials name.
        user: User,
        /// What is asked.
        request: Rc<Request>,
    },
    /// From the API server: the answer.
    Response {
        /// The request's id.
        id: u64,
        /// What came of it.
        outcome: Result<Reply, Rc<Status>>,
    },
    /// From the API server: changes on a watch, in the order of their revisions.
    Watch {
        /// The watch request's id.
        id: u64,
        /// Counts the messages of this watch from 1: a gap means that something was lost.
        sequence: u64,
        /// The changes.
        events: Rc<[WatchEvent]>,
    },
    /// From the API server: a watch has ended (its revision is gone, or the server closes it).
    WatchEnded {
        /// The watch request's id.
        id: u64,
        /// Why.
        status: Rc<Status>,
    },
    /// To the API server: a client closes a watch.
    StopWatch {
        /// The watch request's id.
        id: u64,
    },
    /// To etcd.
    Etcd {
        /// The API server's number for it.
        id: u64,
        /// What is asked.
        op: EtcdOp,
        /// Whose request it serves, so that etcd can note it (a trace context, as real ones carry it).
        behalf: Option<Behalf>,
    },
    /// From etcd.
    EtcdReply {
        /// The request's id.
        id: u64,
        /// What came of it.
        outcome: Result<EtcdReply, EtcdError>,
    },
    /// From etcd: changes on a watch.
    EtcdWatch {
        /// The watch's id: that of the request that began it.
        id: u64,
        /// The changes, in order.
        events: Vec<EtcdEvent>,
    },
    /// From the kubelet to its runtime.
    Cri {
        /// The kubelet's number for it.
        id: u64,
        /// What is asked.
        call: CriCall,
    },
    /// From the runtime to its kubelet: the answer to a call.
    CriReply {
        /// The call's id.
        id: u64,
        /// What came of it: an error is the runtime's text.
        outcome: Result<CriReply, CriError>,
    },
    /// From the runtime to its kubelet: a container has ended, or been started.
    CriEvent(ContainerStatus),
}

/// A successful answer of the API server.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Reply {
    /// The object as it is now stored (or would be: dry run). `created` tells 201 from 200.
    Object {
        /// The object.
        object: Object,
        /// Whether it was created by this request.
        created: bool,
        /// Texts of `Warning` headers.
        warnings: Rc<[Rc<str>]>,
    },
    /// A list.
    List {
        /// The objects, in order of their keys.
        items: Rc<[Object]>,
        /// The revision that the list shows.
        revision: u64,
        /// The token with which to go on; empty at the end.
        continue_token: Rc<str>,
    },
    /// A watch has begun.
    Watching,
    /// `Status: Success` (a deletion that was carried out at once).
    Done {
        /// The revision of the deletion, 0 if nothing was written.
        revision: u64,
    },
}

/// How an object changed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Change {
    /// It is new.
    Created,
    /// It is different.
    Updated,
    /// It is gone.
    Deleted,
}

/// One event of a watch.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum WatchEvent {
    /// An object has changed (or entered or left the selection). Of a deleted one, its last state.
    Change(Change, Object),
    /// Everything up to this revision has been sent.
    Bookmark(u64),
}

/// On whose behalf something is written.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Behalf {
    /// The client's request.
    pub call: super::fact::Call,
    /// Routine that never slows time.
    pub ambient: bool,
}

/// A request to etcd. Keys are byte strings in their order; `end` is exclusive, empty means the single key.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum EtcdOp {
    /// Reads keys from `key` up to `end` at `revision` (`None`: now), at most `limit` (0: all).
    Range {
        /// First key.
        key: Rc<str>,
        /// Where to stop; empty: only `key`.
        end: Rc<str>,
        /// At which revision.
        revision: Option<u64>,
        /// At most so many.
        limit: usize,
    },
    /// If all comparisons hold, does `then`, otherwise `otherwise`, in one revision.
    Txn {
        /// Comparisons of modification revisions (0: the key does not exist).
        compare: Vec<(Rc<str>, u64)>,
        /// If all hold.
        then: Vec<EtcdWrite>,
        /// If not: keys to read.
        otherwise: Vec<Rc<str>>,
    },
    /// Follows keys from `key` up to `end`, starting with the changes of revision `from`.
    Watch {
        /// First key.
        key: Rc<str>,
        /// Where to stop.
        end: Rc<str>,
        /// From which revision.
        from: u64,
    },
    /// Forgets everything that was overwritten before `revision`.
    Compact {
        /// The oldest revision that stays readable.
        revision: u64,
    },
    /// Grants a lease.
    LeaseGrant {
        /// Time to live.
        ttl: Duration,
    },
    /// Revokes a lease and deletes its keys.
    LeaseRevoke {
        /// Its id.
        lease: u64,
    },
}

/// One write of a transaction.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum EtcdWrite {
    /// Sets a key, attached to a lease if any.
    Put(Rc<str>, Object, Option<u64>),
    /// Deletes a key.
    Delete(Rc<str>),
}

/// A key with its value and its counters.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct KeyValue {
    /// The key.
    pub key: Rc<str>,
    /// The value.
    pub value: Object,
    /// The revision that created it.
    pub create_revision: u64,
    /// The revision that last changed it.
    pub mod_revision: u64,
    /// How often it has been written since it was created.
    pub version: u64,
    /// The lease that it hangs on, 0 for none.
    pub lease: u64,
}

/// What etcd answers.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum EtcdReply {
    /// To a range: the keys, the store's revision, and how many there are in all.
    Range {
        /// Those within the limit.
        kvs: Vec<KeyValue>,
        /// The store's revision.
        revision: u64,
        /// All that match.
        count: usize,
    },
    /// To a transaction.
    Txn {
        /// Whether the comparisons held.
        succeeded: bool,
        /// The store's revision afterwards.
        revision: u64,
        /// What was read, if they did not hold.
        found: Vec<KeyValue>,
    },
    /// A watch has begun, at this revision of the store.
    Watching(u64),
    /// Compacted up to this revision.
    Compacted(u64),
    /// A lease was granted under this id.
    Lease(u64),
}

/// Why etcd refuses.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum EtcdError {
    /// `etcdserver: mvcc: required revision has been compacted`.
    Compacted(u64),
    /// `etcdserver: mvcc: required revision is a future revision`.
    FutureRevision,
    /// `etcdserver: requested lease not found`.
    LeaseNotFound,
}

/// One change on a watch of etcd.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct EtcdEvent {
    /// How it changed.
    pub change: Change,
    /// The key; of a deleted one its last value, with the revision of the deletion as `mod_revision`.
    pub kv: KeyValue,
    /// The value before, if any.
    pub previous: Option<Object>,
}

/// The container runtime interface, as far as it is modelled.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum CriCall {
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
    /// Removes a stopped container.
    RemoveContainer {
        /// Its id.
        id: Rc<str>,
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
}

/// A shared watch request's scope: of which kind, and for kubelets of which node.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Scope {
    /// The kind.
    pub kind: &'static Kind,
    /// `fieldSelector`, empty for all.
    pub fields: Rc<str>,
}
