//! The `ConfigMap`s and `Secret`s that a pod's volumes and variables name.
//!
//! Upstream: `pkg/kubelet/kubelet_pods.go` (`makeEnvironmentVariables`), `pkg/kubelet/util/manager` and `pkg/volume`.
//! Upstream keeps a watch on each object that a pod of the node names, unless it is told to ask instead
//! (`configMapAndSecretChangeDetectionStrategy: Get`), as it does here: an object is read when a pod needs it, and when the
//! pod's sync comes that brings its volumes up to date; what is immutable, and `kube-root-ca.crt`, once. What files show
//! of a change, and when, is the same. A volume that cannot be set up is tried again with doubling waits, each time with an event of its own; that
//! the pod's sync gives up waiting after two minutes shows in nothing (upstream: `volume_manager.go`,
//! `WaitForAttachAndMount`, whose timeout is not reported), so it is not modelled. Only volumes that a container mounts are
//! waited for. Left out: `fileKeyRef`, of which the container says so.

mod secrets;

use super::claims::{self, Lack};
use super::report::warning;
use super::sync::jitter;
use super::worker::{Stage, Worker};
use super::{Kubelet, Sent};
use crate::api::kinds::{self, pod::TOKEN_VOLUME};
use crate::api::{Key, Kind, Object, Request, Status};
use crate::cluster::fact::Fact;
use crate::cluster::wire::{Event, Reply, Timer};
use crate::cluster::{Cx, timing};
use crate::sim::Map;
use crate::sim::{Duration, Time};
use k8s_openapi::api::core::v1::{ConfigMap, Container, Secret, Volume};
use std::rc::Rc;

/// A volume that could not be set up is tried again.
pub const MOUNT: &str = "mount";
/// What is in a pod's volumes is brought up to date.
pub const RENEW: &str = "volumes";
/// How long something that was read counts as known: as long as news of a change could be on its way.
const FRESH: Duration = Duration::from_secs(1);
/// How long something that was not there counts as known.
const FRESH_NOTHING: Duration = Duration::from_millis(400);

/// An object that a pod names: a `ConfigMap`, a `Secret`, a claim, and what belongs to a claim.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Source {
    /// Its kind.
    pub kind: &'static Kind,
    /// Its place.
    pub key: Key,
}

/// A place in a pod that names one.
struct Reference {
    source: Source,
    optional: bool,
    /// The volume, if a volume names it.
    volume: Option<String>,
    /// The keys that have to be there.
    keys: Vec<String>,
}

/// The `ConfigMap`s and `Secret`s that are known.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Objects {
    known: Map<Source, Known>,
    /// Requests under way, with the pods that wait for them.
    asked: Map<Source, Vec<Rc<str>>>,
}

/// What was read.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Known {
    object: Option<Object>,
    /// What is in it, shared by all files that show it.
    texts: Texts,
    at: Time,
}

/// Keys with what is in them.
type Texts = Rc<[(Rc<str>, Rc<str>)]>;

fn texts(object: &Object) -> Texts {
    let bytes = |bytes: &[u8]| Rc::from(String::from_utf8_lossy(bytes).as_ref());
    let key = |key: &String| Rc::from(key.as_str());
    if let Some(map) = object.get::<ConfigMap>() {
        let plain = map.data.iter().flatten().map(|(name, text)| (key(name), Rc::from(text.as_str())));
        return plain.chain(map.binary_data.iter().flatten().map(|(name, data)| (key(name), bytes(&data.0)))).collect();
    }
    let secret = object.get::<Secret>().and_then(|secret| secret.data.as_ref());
    secret.into_iter().flatten().map(|(name, data)| (key(name), bytes(&data.0))).collect()
}

/// Whether it will never be another.
fn is_final(source: &Source, object: &Object) -> bool {
    let map = object.get::<ConfigMap>().and_then(|map| map.immutable);
    let secret = || object.get::<Secret>().and_then(|secret| secret.immutable);
    &*source.key.name == "kube-root-ca.crt" || map.or_else(secret) == Some(true)
}

impl Objects {
    fn is_fresh(&self, source: &Source, now: Time) -> bool {
        self.known.get(source).is_some_and(|known| match &known.object {
            Some(object) if is_final(source, object) => true,
            Some(claim) if claims::is_pending(claim) => now.since(known.at) < FRESH_NOTHING,
            Some(_) => now.since(known.at) < FRESH,
            None => now.since(known.at) < FRESH_NOTHING,
        })
    }

    /// What it is known to be from now on.
    pub fn put(&mut self, source: Source, object: Object, at: Time) {
        self.known.insert(source, Known { object: Some(object), texts: Texts::default(), at });
    }

    /// What is in one; nothing if there is none.
    pub fn texts(&self, source: &Source) -> Texts {
        self.known.get(source).map(|known| known.texts.clone()).unwrap_or_default()
    }

    /// One that is known and exists.
    pub fn get(&self, source: &Source) -> Option<&Object> {
        self.known.get(source)?.object.as_ref()
    }

    /// A value.
    ///
    /// # Errors
    /// What is not there.
    pub fn value(&self, source: &Source, key: &str) -> Result<String, String> {
        let object = self.get(source).ok_or_else(|| source.not_found())?;
        data(object, key).ok_or_else(|| source.no_key(key))
    }
}

impl Source {
    /// A `Secret` or a `ConfigMap`.
    pub fn of(secret: bool, namespace: &str, name: &str) -> Self {
        let kind = if secret { &kinds::secret::KIND } else { &kinds::config_map::KIND };
        Self { kind, key: Key::new(namespace, name) }
    }

    /// It is not there, in the words of the kubelet.
    pub fn not_found(&self) -> String {
        let kind = self.kind.singular;
        format!("{kind} \"{}\" not found", self.key.name)
    }

    fn no_key(&self, key: &str) -> String {
        let kind = self.kind.kind;
        format!("couldn't find key {key} in {kind} {}", self.key)
    }
}

/// The value of a key.
pub fn data(object: &Object, key: &str) -> Option<String> {
    if let Some(map) = object.get::<ConfigMap>() {
        return map.data.as_ref()?.get(key).cloned();
    }
    let bytes = object.get::<Secret>()?.data.as_ref()?.get(key)?;
    Some(String::from_utf8_lossy(&bytes.0).into_owned())
}

fn has_key(object: &Object, key: &str) -> bool {
    let binary =
        object.get::<ConfigMap>().and_then(|map| map.binary_data.as_ref()).is_some_and(|data| data.contains_key(key));
    binary || data(object, key).is_some()
}

/// All keys.
pub fn keys(object: &Object) -> Vec<String> {
    let map = object.get::<ConfigMap>().and_then(|map| map.data.as_ref()).map(|data| data.keys().cloned().collect());
    let secret =
        || object.get::<Secret>().and_then(|secret| secret.data.as_ref()).map(|data| data.keys().cloned().collect());
    map.or_else(secret).unwrap_or_default()
}

/// Everything that a pod names.
fn references(worker: &Worker) -> Vec<Reference> {
    let (pod, namespace) = (worker.typed(), worker.pod.namespace());
    let mut all = Vec::new();
    let inits = pod.spec.init_containers.as_deref().unwrap_or_default();
    let containers = || inits.iter().chain(&pod.spec.containers);
    let mounted = |volume: &&Volume| {
        containers().flat_map(|one| one.volume_mounts.iter().flatten()).any(|mount| mount.name == volume.name)
    };
    for volume in pod.spec.volumes.iter().flatten().filter(mounted) {
        let suffix = pod.token_suffix.as_deref().filter(|_| volume.name == TOKEN_VOLUME).unwrap_or("");
        of_volume(volume, namespace, &format!("{}{suffix}", volume.name), &mut all);
    }
    for container in containers() {
        of_container(container, namespace, &mut all);
    }
    let secrets = secrets::named(&pod.spec).map(|name| Source::of(true, namespace, name));
    all.extend(secrets.map(|source| Reference { source, optional: true, volume: None, keys: Vec::new() }));
    all
}

/// What each volume lacks; sources of a projected one are all looked at (upstream: `utilerrors.NewAggregate`).
fn by_volume(lacks: Vec<(String, String)>) -> Vec<(String, Vec<String>)> {
    let mut all: Vec<(String, Vec<String>)> = Vec::new();
    for (volume, why) in lacks {
        match all.iter_mut().find(|(known, _)| *known == volume) {
            Some((_, whys)) if whys.contains(&why) => {}
            Some((_, whys)) => whys.push(why),
            None => all.push((volume, vec![why])),
        }
    }
    all
}

fn of_volume(volume: &Volume, namespace: &str, name: &str, all: &mut Vec<Reference>) {
    type Items<'a> = Option<&'a Vec<k8s_openapi::api::core::v1::KeyToPath>>;
    let mut add = |secret: bool, object: &str, optional: Option<bool>, items: Items| {
        all.push(Reference {
            source: Source::of(secret, namespace, object),
            optional: optional.unwrap_or(false),
            volume: Some(name.to_owned()),
            keys: items.into_iter().flatten().map(|item| item.key.clone()).collect(),
        });
    };
    if let Some(map) = &volume.config_map {
        add(false, &map.name, map.optional, map.items.as_ref());
    }
    if let Some(secret) = &volume.secret {
        add(true, secret.secret_name.as_deref().unwrap_or(""), secret.optional, secret.items.as_ref());
    }
    let projected = volume.projected.as_ref().and_then(|projected| projected.sources.as_deref());
    for source in projected.unwrap_or_default() {
        if let Some(map) = &source.config_map {
            add(false, &map.name, map.optional, map.items.as_ref());
        }
        if let Some(secret) = &source.secret {
            add(true, &secret.name, secret.optional, secret.items.as_ref());
        }
    }
}

fn of_container(container: &Container, namespace: &str, all: &mut Vec<Reference>) {
    let mut add = |secret: bool, object: &str, optional: Option<bool>| {
        let source = Source::of(secret, namespace, object);
        all.push(Reference { source, optional: optional.unwrap_or(false), volume: None, keys: Vec::new() });
    };
    for from in container.env_from.as_deref().unwrap_or_default() {
        if let Some(map) = &from.config_map_ref {
            add(false, &map.name, map.optional);
        }
        if let Some(secret) = &from.secret_ref {
            add(true, &secret.name, secret.optional);
        }
    }
    for from in container.env.as_deref().unwrap_or_default().iter().filter_map(|env| env.value_from.as_ref()) {
        if let Some(map) = &from.config_map_key_ref {
            add(false, &map.name, map.optional);
        }
        if let Some(secret) = &from.secret_key_ref {
            add(true, &secret.name, secret.optional);
        }
    }
}

impl Kubelet {
    /// Sets up a pod's volumes: reads what they and the containers name, and goes on when it is there. In a pod whose
    /// containers run already, what is there is brought up to date.
    pub(super) fn mount(&mut self, cx: &mut Cx, uid: &Rc<str>) {
        let now = cx.now();
        let Some(worker) = self
            .workers
            .get(uid)
            .filter(|worker| (worker.run.is_some() || worker.renewing) && worker.stage == Stage::Syncing)
        else {
            return;
        };
        let (wanted, spec) = (references(worker), worker.spec());
        let stale: Vec<Source> = wanted
            .iter()
            .map(|wanted| wanted.source.clone())
            .chain(self.volume_sources(worker))
            .filter(|source| !self.objects.is_fresh(source, now))
            .collect();
        if !stale.is_empty() {
            return self.read(cx, uid, stale);
        }
        let of_claims = self.volumes_lack(worker);
        let mut lacks: Vec<(String, String)> = wanted.iter().filter_map(|wanted| self.lack(wanted)).collect();
        for volume in spec.volumes.iter().flatten().filter(|volume| volume.host_path.is_some()) {
            lacks.extend(self.check_host_path(volume).map(|why| (volume.name.clone(), why)));
        }
        let runs = self.workers.get_mut(uid).is_some_and(|worker| {
            worker.renewing = false;
            worker.run.is_some()
        });
        if lacks.is_empty() && of_claims == Lack::Nothing {
            if let Some(worker) = self.workers.get_mut(uid) {
                worker.mounting = None;
            }
            if runs && self.mount_claims(cx, uid) {
                return;
            }
            self.write_volumes(cx, uid);
            self.plan_renewal(cx, uid, &wanted);
            if runs {
                self.name_missing_secrets(cx, uid, &spec);
                self.grow(cx, uid);
                self.mounted(cx, uid);
            }
            return;
        }
        if let Lack::Driver(text) = of_claims {
            self.say(cx, uid, None, &warning("FailedMount", &text));
        }
        for (volume, whys) in by_volume(lacks) {
            let why = if whys.len() == 1 { whys.concat() } else { format!("[{}]", whys.join(", ")) };
            let text = format!("MountVolume.SetUp failed for volume \"{volume}\" : {why}");
            self.say(cx, uid, None, &warning("FailedMount", &text));
        }
        let Some(worker) = self.workers.get_mut(uid) else { return };
        let (wait, since) = worker.mounting.unwrap_or((timing::MOUNT_RETRY, now));
        worker.mounting = Some(((wait * 2).min(timing::MOUNT_RETRY_MAX), since));
        worker.renewing = !runs;
        cx.after(wait, Event::Timer(Timer::keyed(MOUNT, uid.clone(), 0)));
    }

    /// What volumes show of things that may change is looked at again in a while: when upstream syncs the pod next, whether
    /// there is anything to do or not (`pod_workers.go`, `completeWork`).
    fn plan_renewal(&mut self, cx: &mut Cx, uid: &Rc<str>, wanted: &[Reference]) {
        let changes = |source: &Source| self.objects.get(source).is_none_or(|object| !is_final(source, object));
        let any = wanted.iter().any(|wanted| wanted.volume.is_some() && changes(&wanted.source));
        let Some(worker) = self.workers.get_mut(uid).filter(|worker| any && !worker.renews) else { return };
        worker.renews = true;
        let wait = jitter(cx, timing::POD_SYNC);
        cx.after(wait, Event::Timer(Timer::keyed(RENEW, uid.clone(), 0)));
    }

    /// The time has come to look at what volumes show.
    pub(super) fn renew_due(&mut self, cx: &mut Cx, uid: &Rc<str>) {
        if let Some(worker) = self.workers.get_mut(uid) {
            worker.renews = false;
        }
        self.renew_volumes(cx, uid);
    }

    /// Brings what is in a pod's volumes up to date.
    pub(super) fn renew_volumes(&mut self, cx: &mut Cx, uid: &Rc<str>) {
        let Some(worker) = self.workers.get_mut(uid) else { return };
        if worker.stage == Stage::Syncing && !worker.written.is_empty() && !worker.renewing {
            worker.renewing = true;
            self.mount(cx, uid);
        }
    }

    /// What a volume shows has changed.
    pub(super) fn volume_changed(&self, cx: &mut Cx, uid: &Rc<str>, volume: &Rc<str>) {
        let Some(worker) = self.workers.get(uid) else { return };
        let (node, pod) = (self.machine.name.clone(), worker.what.clone());
        let cause = cx.note(Fact::VolumeWritten { node, pod, volume: volume.clone() });
        cx.because(Some(cause));
    }

    /// What a volume lacks: its name, and why it cannot be set up.
    fn lack(&self, wanted: &Reference) -> Option<(String, String)> {
        let volume = wanted.volume.clone().filter(|_| !wanted.optional)?;
        let Some(object) = self.objects.get(&wanted.source) else { return Some((volume, wanted.source.not_found())) };
        let key = wanted.keys.iter().find(|key| !has_key(object, key))?;
        Some((
            volume,
            if wanted.source.kind == &kinds::secret::KIND {
                format!("references non-existent secret key: {key}")
            } else {
                format!("configmap references non-existent config key: {key}")
            },
        ))
    }

    /// Reads objects for a pod.
    pub(super) fn read(&mut self, cx: &mut Cx, uid: &Rc<str>, sources: Vec<Source>) {
        for source in sources {
            if let Some(waiting) = self.objects.asked.get_mut(&source) {
                if !waiting.contains(uid) {
                    waiting.push(uid.clone());
                }
                continue;
            }
            self.objects.asked.insert(source.clone(), vec![uid.clone()]);
            let id = self.client.request(cx, Request::get(source.kind, &source.key));
            self.requests.insert(id, Sent::Config(source));
        }
    }

    pub(super) fn fetched(&mut self, cx: &mut Cx, source: &Source, outcome: &Result<Reply, Rc<Status>>) {
        let at = cx.now();
        let object = match outcome {
            Ok(Reply::Object { object, .. }) => Some(object.clone()),
            // Whoever gets no answer goes by what he knows.
            Err(status) if status.code != 404 => self.objects.get(source).cloned(),
            _ => None,
        };
        let texts = object.as_ref().map(texts).unwrap_or_default();
        self.objects.known.insert(source.clone(), Known { object, texts, at });
        for uid in self.objects.asked.remove(source).unwrap_or_default() {
            self.grow(cx, &uid);
            self.mount(cx, &uid);
        }
    }
}
