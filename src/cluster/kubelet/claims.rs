//! A pod's claims: their volumes are mounted when they are attached and the node has their driver.
//!
//! Upstream: `pkg/kubelet/volumemanager` (`desired_state_of_world_populator.go`, `reconciler`), `operation_generator.go`
//! (`GenerateVerifyControllerAttachedVolumeFunc`, `GenerateMountVolumeFunc`) and `pkg/volume/csi`. The kubelet reads the claim,
//! its volume and the driver; says in its node's status that it uses the volume; and waits, looking less and less often,
//! until that status says that the volume is attached. Only then it calls the driver, which has to have registered here.
//!
//! A mounted volume is looked at again every minute: when it has grown, its file system is expanded.
//!
//! Volumes that no storage driver made (`hostPath`, `local`, `nfs` …) are taken as mounted at once. A claim that is not
//! bound, or not there, is waited for in silence, as upstream does.

use super::config::{MOUNT, Source};
use super::report::normal;
use super::worker::{Stage, Worker};
use super::{Kubelet, Sent, node};
use crate::api::kinds::{csi_driver, persistent_volume, persistent_volume_claim as claims};
use crate::api::request::PatchType;
use crate::api::volumes::{attaches, csi_driver as driver_of, csi_name, is_bound, size, volume_name};
use crate::api::{Key, Object, Request};
use crate::cluster::wire::{Event, Timer};
use crate::cluster::{Cx, timing};
use crate::sim::{Order, Time};
use serde_json::{Value, json};
use std::rc::Rc;

/// A pod's volumes may have grown.
pub const LOOK: &str = "claims";

/// What stands between a pod and its claims.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Lack {
    /// Nothing.
    Nothing,
    /// Somebody else has to do something first.
    Patience,
    /// The node has not got the driver: the text of the event.
    Driver(String),
}

/// Whether an object is a claim without a volume.
pub fn is_pending(object: &Object) -> bool {
    object.kind() == &claims::KIND && !is_bound(object)
}

/// Whether a pod has claims. Most have none, and nothing more is asked of them.
fn has_claims(worker: &Worker) -> bool {
    let volumes = worker.typed().spec.volumes.iter().flatten();
    volumes.into_iter().any(|volume| volume.persistent_volume_claim.is_some() || volume.ephemeral.is_some())
}

/// A pod's claims.
fn claims_of(worker: &Worker) -> Vec<Key> {
    let pod = worker.typed();
    pod.claims(worker.pod.name()).map(|name| Key::new(worker.pod.namespace(), &name)).collect()
}

/// The volume of a claim, as far as it is known.
enum Volume<'a> {
    Unknown,
    /// No storage driver has to do with it.
    Plain,
    Made(Made<'a>),
}

impl<'a> Volume<'a> {
    fn made(self) -> Option<Made<'a>> {
        match self {
            Self::Made(made) => Some(made),
            Self::Unknown | Self::Plain => None,
        }
    }
}

/// A volume that a storage driver made.
struct Made<'a> {
    volume: &'a Object,
    attaches: bool,
}

impl Kubelet {
    /// What has to be read about a pod's claims: of each its volume, and of a volume its driver, as soon as it is known.
    pub(super) fn volume_sources(&self, worker: &Worker) -> Vec<Source> {
        if has_claims(worker) { self.claim_sources(worker) } else { Vec::new() }
    }

    #[inline(never)]
    fn claim_sources(&self, worker: &Worker) -> Vec<Source> {
        let mut all = Vec::new();
        for key in claims_of(worker) {
            let claim = Source { kind: &claims::KIND, key };
            let volume = self.objects.get(&claim).filter(|claim| is_bound(claim)).map(volume_of);
            let driver = volume.as_ref().and_then(|volume| self.objects.get(volume)).map(driver_source);
            all.extend([claim].into_iter().chain(volume).chain(driver.flatten()));
        }
        all
    }

    /// The volume of a claim.
    fn volume(&self, key: Key) -> Volume<'_> {
        let claim = self.objects.get(&Source { kind: &claims::KIND, key }).filter(|claim| is_bound(claim));
        let Some(volume) = claim.and_then(|claim| self.objects.get(&volume_of(claim))) else { return Volume::Unknown };
        match driver_source(volume) {
            None => Volume::Plain,
            Some(driver) => Volume::Made(Made { volume, attaches: attaches(self.objects.get(&driver)) }),
        }
    }

    /// What is lacking before a pod's claims can be mounted.
    pub(super) fn volumes_lack(&self, worker: &Worker) -> Lack {
        if worker.staged.is_some() || !has_claims(worker) { Lack::Nothing } else { self.claims_lack(worker) }
    }

    #[inline(never)]
    fn claims_lack(&self, worker: &Worker) -> Lack {
        for key in claims_of(worker) {
            let made = match self.volume(key) {
                Volume::Unknown => return Lack::Patience,
                Volume::Plain => continue,
                Volume::Made(made) => made,
            };
            let (name, driver) = (made.volume.name(), driver_of(made.volume));
            if made.attaches && !self.is_attached(&csi_name(made.volume)) {
                return Lack::Patience;
            }
            if !self.has_driver(driver) {
                let unknown = format!("driver name {driver} not found in the list of registered CSI drivers");
                let step = if made.attaches {
                    ("MountDevice", "attacher.MountDevice failed to create newCsiDriverClient")
                } else {
                    ("SetUp", "mounter.SetUpAt failed to get CSI client")
                };
                let (operation, call) = step;
                return Lack::Driver(format!(
                    "MountVolume.{operation} failed for volume {name:?} : kubernetes.io/csi: {call}: {unknown}"
                ));
            }
        }
        Lack::Nothing
    }

    /// Whether the node's status says that the volume is in use here and attached.
    fn is_attached(&self, name: &str) -> bool {
        let Some(status) = node::status_of(&self.client, &self.machine.name) else { return false };
        let used = status.volumes_in_use.iter().flatten().any(|used| used == name);
        used && status.volumes_attached.iter().flatten().any(|attached| attached.name == name)
    }

    /// Mounts what is there; whether that still takes a while.
    pub(super) fn mount_claims(&mut self, cx: &mut Cx, uid: &Rc<str>) -> bool {
        self.workers.get(uid).is_some_and(has_claims) && self.stage_claims(cx, uid)
    }

    #[inline(never)]
    fn stage_claims(&mut self, cx: &mut Cx, uid: &Rc<str>) -> bool {
        let now = cx.now();
        let Some(worker) = self.workers.get(uid) else { return false };
        if let Some(staged) = worker.staged {
            return now < staged;
        }
        let driven = |key| matches!(self.volume(key), Volume::Made(_));
        if !claims_of(worker).into_iter().any(driven) {
            return false;
        }
        if let Some(worker) = self.workers.get_mut(uid) {
            worker.staged = Some(now + timing::CSI_MOUNT);
        }
        cx.after(timing::CSI_MOUNT, Event::Timer(Timer::keyed(MOUNT, uid.clone(), 0)));
        cx.after(timing::POD_SYNC, Event::Timer(Timer::keyed(LOOK, uid.clone(), 0)));
        true
    }

    /// Reads a pod's claims and volumes again: somebody may have expanded them.
    pub(super) fn look_at_volumes(&mut self, cx: &mut Cx, uid: &Rc<str>) {
        let Some(worker) = self.workers.get(uid).filter(|worker| worker.stage == Stage::Syncing) else { return };
        let sources = self.volume_sources(worker);
        self.read(cx, uid, sources);
        cx.after(timing::POD_SYNC, Event::Timer(Timer::keyed(LOOK, uid.clone(), 0)));
    }

    /// Expands the file systems of volumes that have grown, and writes into their claims that they have what they wanted.
    /// Upstream: `operationexecutor/node_expander.go`.
    pub(super) fn grow(&mut self, cx: &mut Cx, uid: &Rc<str>) {
        let now = cx.now();
        let Some(worker) = self.workers.get(uid) else { return };
        if worker.stage == Stage::Syncing && worker.staged.is_some_and(|staged| staged <= now) {
            self.expand_claims(cx, uid, now);
        }
    }

    #[inline(never)]
    fn expand_claims(&mut self, cx: &mut Cx, uid: &Rc<str>, now: Time) {
        let Some(worker) = self.workers.get(uid) else { return };
        let grown: Vec<(Source, Object, String)> = claims_of(worker)
            .into_iter()
            .filter_map(|key| {
                let made = self.volume(key.clone()).made()?;
                let source = Source { kind: &claims::KIND, key };
                let mut claim = self.objects.get(&source)?.clone();
                let tree = claim.document_mut()?;
                let waits = tree.list("status.conditions").iter().any(|one| one["type"] == "FileSystemResizePending");
                if !waits || size(made.volume) <= tree.amount("status.capacity.storage") {
                    return None;
                }
                tree.set("status.capacity.storage", made.volume.document()?.at("spec.capacity.storage")?.clone());
                tree.set("status.conditions", Value::Null);
                Some((source, claim, made.volume.name().to_owned()))
            })
            .collect();
        for (source, claim, volume) in grown {
            let text = format!("MountVolume.NodeExpandVolume succeeded for volume {volume:?} {}", self.machine.name);
            self.say(cx, uid, None, &normal("FileSystemResizeSuccessful", &text));
            self.recorder.record(cx, &mut self.client, &claim, false, "FileSystemResizeSuccessful", &text);
            let size = claim.document().and_then(|claim| claim.at("status.capacity.storage")).cloned();
            let status = json!({"capacity": {"storage": size}, "conditions": null, "allocatedResourceStatuses": null});
            let patch = json!({"status": status});
            let mut request = Request::patch(&claims::KIND, &source.key, PatchType::Merge, patch);
            request.target.subresource = "status";
            let id = self.client.request(cx, request);
            self.objects.put(source.clone(), claim, now);
            self.requests.insert(id, Sent::Config(source));
        }
    }

    /// The volumes that the node's pods use and that have to be attached, for the node's status.
    pub(super) fn volumes_in_use(&self) -> Vec<String> {
        let used = |worker: &&Worker| worker.stage != Stage::Stopped && has_claims(worker);
        if !self.workers.values().any(|worker| used(&worker)) {
            return Vec::new();
        }
        self.claims_in_use()
    }

    #[inline(never)]
    fn claims_in_use(&self) -> Vec<String> {
        let mut all = Vec::new();
        for worker in self.workers.values().filter(|worker| worker.stage != Stage::Stopped) {
            let made = claims_of(worker).into_iter().filter_map(|key| self.volume(key).made());
            all.extend(made.filter(|made| made.attaches).map(|made| csi_name(made.volume)));
        }
        all.order();
        all.dedup();
        all
    }
}

fn volume_of(claim: &Object) -> Source {
    Source { kind: &persistent_volume::KIND, key: Key::new("", volume_name(claim)) }
}

fn driver_source(volume: &Object) -> Option<Source> {
    let driver = driver_of(volume);
    (!driver.is_empty()).then(|| Source { kind: &csi_driver::KIND, key: Key::new("", driver) })
}
