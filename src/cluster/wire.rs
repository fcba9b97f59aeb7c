//! What components say to each other: plain data, no component named by type.

mod cri;
mod etcd;
mod program;
mod usage;

pub use cri::{ContainerSpec, ContainerState, ContainerStatus, CriCall, CriError, CriReply, File, ImageStatus, Mount};
pub use etcd::{EtcdError, EtcdEvent, EtcdOp, EtcdReply, EtcdWrite, KeyValue};
pub use program::{Driver, Program, Told, program};
pub use usage::{Amount, Usage};

use crate::api::{Kind, Object, Request, Status, faces};
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
    /// A further scheduler beside it, by its name.
    OtherScheduler(Rc<str>),
    /// The controller manager: all controllers of one binary.
    ControllerManager,
    /// A node's kubelet.
    Kubelet(Rc<str>),
    /// A node's container runtime; the containers run in it whether the kubelet lives or not.
    Runtime(Rc<str>),
    /// A program in a container that is itself a client of the API server: the node, and `namespace/pod/container`.
    Sidecar(Rc<str>, Rc<str>),
}

/// Numbers from here on belong to callers outside the simulation, who speak as [`Address::User`]: each request is a
/// client of its own.
pub const OUTSIDE: u64 = 1 << 32;

impl Address {
    /// The node that it lives on, if it is part of a node.
    #[must_use]
    pub fn node(&self) -> Option<&Rc<str>> {
        match self {
            Self::Kubelet(node) | Self::Runtime(node) | Self::Sidecar(node, _) => Some(node),
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
            Self::OtherScheduler(name) | Self::Sidecar(_, name) => f.write_str(name),
            Self::ControllerManager => f.write_str("kube-controller-manager"),
            Self::Kubelet(node) => write!(f, "kubelet/{node}"),
            Self::Runtime(node) => write!(f, "containerd/{node}"),
        }
    }
}

/// A process starts again by itself.
pub const START: &str = "start";

/// Whom a request's certificate or token names.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct User {
    /// Such as `system:kube-scheduler`.
    pub name: Rc<str>,
    /// Such as `system:nodes`.
    pub groups: Rc<[Rc<str>]>,
    /// In whose name he asks, if not in his own (`Impersonate-User`, `Impersonate-Group`); the groups as asked for.
    pub acts_as: Option<Rc<User>>,
}

impl User {
    /// The same in somebody else's name.
    #[must_use]
    pub fn acting_as(self, other: Self) -> Self {
        Self { acts_as: Some(Rc::new(other)), ..self }
    }

    /// A service account, as its token names it.
    #[must_use]
    pub fn account(namespace: &str, name: &str) -> Self {
        let all = format!("system:serviceaccounts:{namespace}");
        let groups = ["system:serviceaccounts", &all, "system:authenticated"];
        Self::new(&format!("system:serviceaccount:{namespace}:{name}"), &groups)
    }

    /// A user with groups.
    #[must_use]
    pub fn new(name: &str, groups: &[&str]) -> Self {
        Self { name: name.into(), groups: groups.iter().map(|group| Rc::from(*group)).collect(), acts_as: None }
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
    /// To a kubelet: the metrics server asks what its pods use.
    Scrape,
    /// From a kubelet: what its pods use.
    Usage(Rc<Usage>),
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
    /// From the runtime to the world: a container's program begins to talk to the API server, or (`None`) has ended.
    Program(Option<Rc<Program>>),
    /// From a program in a container to its runtime.
    Told(Rc<Told>),
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
        /// How many objects are left after this page, if nothing was selected among them.
        remaining: Option<usize>,
    },
    /// A collection that was deleted: as it was listed before.
    Gone {
        /// The objects, in order of their keys.
        items: Rc<[Object]>,
        /// The revision of the list.
        listed: u64,
        /// The revision of the last deletion, 0 if nothing was written.
        revision: u64,
    },
    /// A watch has begun.
    Watching,
    /// `Status: Success` (a deletion that was carried out at once).
    Done {
        /// The revision of the deletion, 0 if nothing was written.
        revision: u64,
        /// The uid of the object that is gone; empty if it is not about one.
        uid: Rc<str>,
    },
}

impl Reply {
    /// The same in another version of the kind.
    #[must_use]
    pub fn in_version(self, shown: Option<&'static Kind>) -> Self {
        let Some(shown) = shown else { return self };
        match self {
            Self::Object { object, created, warnings } => {
                Self::Object { object: faces::outward(&object, shown), created, warnings }
            }
            Self::List { items, revision, continue_token, remaining } => {
                let items = items.iter().map(|object| faces::outward(object, shown)).collect();
                Self::List { items, revision, continue_token, remaining }
            }
            Self::Gone { items, listed, revision } => {
                let items = items.iter().map(|object| faces::outward(object, shown)).collect();
                Self::Gone { items, listed, revision }
            }
            other => other,
        }
    }
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
    /// The same, and what there was when the watch began has been sent before it (`sendInitialEvents`).
    InitialEventsEnd(u64),
}

/// On whose behalf something is written.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Behalf {
    /// The client's request.
    pub call: super::fact::Call,
    /// Routine that never slows time.
    pub ambient: bool,
}

/// A shared watch request's scope: of which kind, and for kubelets of which node.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Scope {
    /// The kind.
    pub kind: &'static Kind,
    /// `fieldSelector`, empty for all.
    pub fields: Rc<str>,
}
