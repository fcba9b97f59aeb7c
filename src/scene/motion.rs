//! What each fact looks like while it happens: one visual verb for each mechanism, and how long it takes.
//!
//! The match in [`Motion::of`] is exhaustive: a new fact does not compile until somebody has decided how it is shown,
//! or that it is not. Durations are milliseconds of screen time at adaptive speed. Drawing is in [`super::motions`].

use crate::api::{Target, Verb};
use crate::cluster::fact::{AttemptResult, Fact};
use crate::cluster::wire::Address;

/// How much a motion weighs in the telling.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Role {
    /// Routine: drawn where it falls, never slows time, has no caption.
    Ambient,
    /// Belongs to the story but does not carry it (reads, reports): short, faint.
    Side,
    /// Carries the story.
    Lead,
}

/// The visual verbs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Act {
    /// The hut's screen lights up: a person did something.
    Order,
    /// The hut shows what kubectl printed.
    Answer,
    /// A launch carries a slip to the bridge.
    Travel,
    /// A gate lamp lights, or becomes an octagon.
    Gate,
    /// The slip goes down the pipe and a ledger line is inked.
    Ink,
    /// The launch returns with a stamp.
    Return,
    /// A lease is renewed: a tick at the porthole.
    Lease,
    /// A long bar along the watch line: list and watch.
    List,
    /// The watch line breaks.
    Break,
    /// A pulse along the watch line.
    Pulse,
    /// A controller's window lights.
    Window,
    /// A controller's window shows a sand-glass: it will try again.
    Retry,
    /// A ghost comes to the queue board.
    Queue,
    /// The crane's light cone visits the ships.
    Crane,
    /// The captain takes a pod on, or refuses it.
    Board,
    /// The sandbox: skid and address.
    Sandbox,
    /// A barge brings an image from the quay.
    Barge,
    /// The image is there.
    Landed,
    /// A container's box fills.
    Fill,
    /// Something went wrong at a crate: a triangle.
    Alarm,
    /// A container ends: a shake, or a flag.
    Exit,
    /// A sand-glass ring begins to run.
    Ring,
    /// A square ping from the captain.
    Ping,
    /// SIGTERM: a tag with the grace period.
    Term,
    /// SIGKILL.
    Kill,
    /// The crate is gone.
    Leave,
    /// A process stops or starts.
    Stop,
    /// A cable is cut or joined.
    Cut,
    /// Something befalls a machine, or is over: a sign at what it befalls.
    Sign,
}

/// A fact's motion.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Motion {
    /// Which.
    pub act: Act,
    /// Screen time in milliseconds at adaptive speed.
    pub takes_ms: f64,
    /// How much it weighs.
    pub role: Role,
}

impl Motion {
    const fn new(act: Act, takes_ms: f64, role: Role) -> Self {
        Self { act, takes_ms, role }
    }

    /// The motion of a fact; `None`: it is not shown as a motion of its own.
    ///
    /// The facts of a request after its first weigh as that one does; what is said here of them holds until
    /// [`super::pace::Pace`] has found it.
    #[must_use]
    pub fn of(fact: &Fact) -> Option<Self> {
        use Role::{Ambient, Lead, Side};
        let lead = |act, takes_ms| Some(Self::new(act, takes_ms, Lead));
        match fact {
            Fact::Input(_) => lead(Act::Order, 500.0),
            Fact::Answer { .. } => lead(Act::Answer, 700.0),
            Fact::Requested { ambient: true, target, call, .. } => match &call.from {
                // A heartbeat is a tick of the captain's; other routine stays invisible.
                Address::Kubelet(_) if target.object.kind.kind == "Lease" => {
                    Some(Self::new(Act::Lease, 400.0, Ambient))
                }
                _ => None,
            },
            Fact::Requested { call, verb, target, .. } => {
                Some(Self::new(Act::Travel, travel_ms(&call.from), request_role(&call.from, *verb, target)))
            }
            Fact::Gate { ambient: true, .. }
            | Fact::Committed { ambient: true, .. }
            | Fact::Answered { ambient: true, .. }
            | Fact::Watched { ambient: true, .. } => None,
            Fact::Gate { refused: Some(_), .. } => lead(Act::Gate, 900.0),
            Fact::Gate { .. } => lead(Act::Gate, 65.0),
            Fact::Committed { .. } => lead(Act::Ink, 400.0),
            Fact::Answered { call, .. } => lead(Act::Return, travel_ms(&call.from).min(700.0)),
            Fact::WatchOpened { .. } => Some(Self::new(Act::List, 600.0, Side)),
            // Servers end watches now and then; a cut cable is told by itself.
            Fact::WatchLost { .. } => Some(Self::new(Act::Break, 600.0, Side)),
            Fact::Watched { to, .. } => lead(Act::Pulse, pulse_ms(to)),
            Fact::Reconciled { writes: 0, .. } => Some(Self::new(Act::Window, 240.0, Ambient)),
            Fact::Reconciled { .. } => lead(Act::Window, 320.0),
            Fact::Retried { .. } => Some(Self::new(Act::Retry, 400.0, Side)),
            Fact::PodQueued { .. } => lead(Act::Queue, 320.0),
            Fact::Attempted(attempt) => {
                let chosen = matches!(attempt.result, AttemptResult::Chosen(_));
                lead(Act::Crane, if chosen { 1500.0 } else { 1200.0 })
            }
            Fact::ManifestRead { error, .. } if !error.is_empty() => lead(Act::Board, 700.0),
            Fact::ManifestRead { .. } => lead(Act::Board, 500.0),
            Fact::PodAccepted { .. } => lead(Act::Board, 240.0),
            Fact::VolumeWritten { .. } | Fact::Resized { step: "Started" | "Completed", .. } => {
                lead(Act::Landed, 320.0)
            }
            Fact::SandboxReady { .. } => lead(Act::Sandbox, 320.0),
            Fact::Pulling { .. } => lead(Act::Barge, 600.0),
            Fact::Pulled { cached, .. } => lead(Act::Landed, if *cached { 320.0 } else { 260.0 }),
            Fact::PodRefused { .. }
            | Fact::PullFailed { .. }
            | Fact::StartFailed { .. }
            | Fact::Resized { .. }
            | Fact::PodEvicted { .. } => lead(Act::Alarm, 700.0),
            Fact::ContainerStarted { .. } => lead(Act::Fill, 500.0),
            Fact::ContainerExited { .. } => lead(Act::Exit, 500.0),
            Fact::BackOff { .. } => lead(Act::Ring, 500.0),
            Fact::Probed { turned, .. } => Some(Self::new(Act::Ping, 320.0, if *turned { Lead } else { Ambient })),
            Fact::PodStopping { .. } => lead(Act::Term, 500.0),
            Fact::ContainerKilled { .. } => lead(Act::Kill, 400.0),
            Fact::PodStopped { .. } => lead(Act::Leave, 320.0),
            Fact::NetworkCut { .. } => lead(Act::Cut, 600.0),
            Fact::ProcessStopped { .. } | Fact::LeaderChanged { .. } => lead(Act::Stop, 600.0),
            Fact::Fault { .. } => lead(Act::Sign, 600.0),
            Fact::Pressure { .. } => lead(Act::Sign, 700.0),
            Fact::ImageRemoved { .. } => Some(Self::new(Act::Sign, 700.0, Side)),
        }
    }
}

/// What a person asks for, and what makes, binds or removes something, carries the story; reads and reports do not.
fn request_role(from: &Address, verb: Verb, target: &Target) -> Role {
    let telling = matches!(verb, Verb::Create | Verb::Delete | Verb::DeleteCollection);
    match from {
        Address::User => Role::Lead,
        _ if telling && target.object.kind.kind != "Event" => Role::Lead,
        _ => Role::Side,
    }
}

/// How long a launch needs from a caller to the bridge: 900 wu/s along its lane, clamped to 450–1100 ms. The lanes'
/// lengths are those of the three-ships harbour: the telling must not depend on the picture.
#[must_use]
pub fn travel_ms(from: &Address) -> f64 {
    match from {
        Address::User => 720.0,
        Address::Kubelet(_) | Address::Runtime(_) | Address::Sidecar(..) => 900.0,
        Address::ApiServer
        | Address::Etcd(_)
        | Address::Scheduler
        | Address::OtherScheduler(_)
        | Address::ControllerManager => 450.0,
    }
}

/// How long a watch pulse needs: 1600 wu/s, clamped to 200–600 ms.
fn pulse_ms(to: &Address) -> f64 {
    match to {
        Address::User => 400.0,
        Address::Kubelet(_) | Address::Runtime(_) | Address::Sidecar(..) => 500.0,
        Address::ApiServer
        | Address::Etcd(_)
        | Address::Scheduler
        | Address::OtherScheduler(_)
        | Address::ControllerManager => 220.0,
    }
}
