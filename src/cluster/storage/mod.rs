//! The sidecars of a storage driver: what stands between the API and a driver that speaks CSI.
//!
//! A driver knows nothing of Kubernetes. Beside it, in the same pod, run programs that do: each follows some kinds with the
//! rights of its pod's service account, calls the driver over a socket, and writes down what came of it. Without these pods
//! nothing here happens: claims stay pending, attachments are never made.
//!
//! ```text
//!   claim ── csi-provisioner ── CreateVolume ──▶ PersistentVolume pvc-<uid>
//!   VolumeAttachment ── csi-attacher ── ControllerPublishVolume ──▶ attached
//!   claim grows ── csi-resizer ── ControllerExpandVolume ──▶ the volume's capacity
//! ```
//!
//! Upstream: `kubernetes-csi/external-provisioner`, `external-attacher`, `external-resizer`, and `csi-driver-host-path` for
//! what the driver answers. A call takes a while ([`timing`](super::timing)) and succeeds, unless more is asked for than the driver can have.
//!
//! Left out: snapshots, clones, capacity tracking, secrets, drivers other than the `hostpathplugin`, election among several
//! replicas of a sidecar, a driver that fails by itself. A driver without topology keeps its volumes for the whole
//! cluster, as one of network storage does; the real `hostpathplugin` keeps them on its own node only.

mod attacher;
mod provisioner;
mod resizer;

use super::client::controller::{Controller, Note, Reconcile};
use super::client::runner::Runner;
use super::wire::Program;
use crate::api::meta::EPOCH_SECOND;
use crate::sim::hash::stable_hash;
use crate::sim::{Duration, Time};
use std::rc::Rc;

/// The most that a volume of the driver holds. Upstream: `csi-driver-host-path`, `--max-volume-size`, 1 TiB.
const MOST: i64 = 1 << 40;

/// The sidecars that there are, by their program's name.
const SIDECARS: [(&str, &[&Controller]); 3] = [
    ("csi-attacher", &[&attacher::CONTROLLER]),
    ("csi-provisioner", &[&provisioner::CONTROLLER]),
    ("csi-resizer", &[&resizer::CONTROLLER]),
];

/// The process of a sidecar; `None`: no such program is known.
#[must_use]
pub fn sidecar(program: &Program, now: Time) -> Option<Runner> {
    let (_, controllers) = SIDECARS.iter().find(|(name, _)| *name == &*program.name)?;
    let Program { host, id, .. } = program;
    let driver = program.driver.as_ref()?;
    let reporter = match &*program.name {
        "csi-resizer" => format!("external-resizer {}", driver.name),
        _ => format!("{}_{host}_{}", driver.name, uuid(id)),
    };
    let millis = EPOCH_SECOND * 1000 + now.as_micros() / 1000;
    let flags = [
        format!("driver={}", driver.name),
        format!("topology={}", driver.topology),
        format!("identity={millis}-{}-{}", stable_hash(id) % 10_000, driver.name),
    ];
    Some(Runner::of(controllers, program.user.clone(), &reporter).with_flags(flags.iter().map(String::as_str)))
}

/// A text in the form of a UUID that follows from another.
fn uuid(of: &str) -> String {
    let (a, b) = (stable_hash(&(of, 0)), stable_hash(&(of, 1)));
    let (head, tail) = (a >> 32, b & 0xffff_ffff_ffff);
    format!("{head:08x}-{:04x}-4{:03x}-a{:03x}-{tail:012x}", a >> 16 & 0xffff, a & 0xfff, b >> 48 & 0xfff)
}

/// Whether a call to the driver has come back; the first time it is begun.
fn called(reconcile: &mut Reconcile, call: String, takes: Duration) -> bool {
    let (call, now): (Rc<str>, Time) = (call.into(), reconcile.now());
    let due = match reconcile.memory.get(&call) {
        Some(Note::Moment(due)) => *due,
        _ => now + takes,
    };
    if due <= now {
        reconcile.memory.remove(&call);
        return true;
    }
    reconcile.memory.insert(call, Note::Moment(due));
    reconcile.again_after(due.since(now));
    false
}

/// Whether a call is under way.
fn is_calling(reconcile: &Reconcile, call: &str) -> bool {
    reconcile.memory.contains_key(call)
}

/// The driver's answer when more is asked for than it can have.
///
/// # Errors
/// As gRPC prints it.
fn within_limits(bytes: i64) -> Result<(), String> {
    if bytes <= MOST {
        return Ok(());
    }
    Err(format!("rpc error: code = OutOfRange desc = Requested capacity {bytes} exceeds maximum allowed {MOST}"))
}
