//! Static pods: what the files in `/etc/kubernetes/manifests` say runs, whether there is an API server or not.
//!
//! Upstream: `pkg/kubelet/config` (`common.go`, `file.go`, `file_linux.go`). A file that is written, changed or removed is
//! noticed at once (inotify); all are read again every 20 seconds, and only that ends the pod of a file that can no longer
//! be read. The pod's uid is a hash of node, file and content (upstream MD5): another content is another pod, which begins
//! when the one before has ended. The [mirror](super::mirror) shows it in the API.
//!
//! Left out: lists of pods in one file, files at a URL.

use super::mirror::Mirror;
use super::worker::{Stage, Worker};
use super::{Kubelet, mirror};
use crate::api::kinds::pod::{KIND, Pod};
use crate::api::{Object, manifest, meta};
use crate::cluster::fact::Fact;
use crate::cluster::machine::Machine;
use crate::cluster::wire::{Event, Timer};
use crate::cluster::{Cx, timing};
use crate::sim::hash::stable_hash;
use crate::sim::{Duration, Time};
use k8s_openapi::api::core::v1::{PodSpec, Toleration};
use std::rc::Rc;

/// The files are all read again.
pub const READ_ALL: &str = "manifests";

impl Kubelet {
    /// Writes a file into the folder of manifests, or removes it; the kubelet need not run for that.
    pub fn place(&mut self, file: &str, text: &str) {
        if text.is_empty() {
            self.host.manifests.remove(file);
        } else {
            self.host.manifests.insert(file.into(), text.into());
        }
    }

    /// A file has changed under a kubelet that runs.
    pub fn file_changed(&mut self, cx: &mut Cx, file: &str) {
        if self.found.is_none() {
            return;
        }
        let node = self.machine.name.clone();
        let read = self.host.manifests.get(file).map(|text| read(&self.machine, file, text, self.clock(cx.now())));
        let (pod, error): (_, Rc<str>) = match read {
            Some(Ok(pod)) => (Some(pod.reference()), Rc::default()),
            Some(Err(why)) => (None, why.into()),
            None => (None, Rc::default()),
        };
        if !error.is_empty() {
            let period = timing::FILE_CHECK.as_micros();
            let into = cx.now().since(self.since).as_micros() % period;
            let left = Duration::from_micros(u64::try_from(period - into).unwrap_or(0));
            cx.after(left, Event::Timer(Timer::new(READ_ALL)));
        }
        let cause = cx.note(Fact::ManifestRead { node, file: file.into(), pod, error });
        cx.because(Some(cause));
        self.read_manifests(cx, false);
    }

    /// Makes the static pods those of the files. Without `all`, the pod of a file that cannot be read stays.
    pub(super) fn read_manifests(&mut self, cx: &mut Cx, all: bool) {
        let now = self.clock(cx.now());
        let mut wanted: Vec<(Rc<str>, Object)> = Vec::new();
        let mut unreadable: Vec<Rc<str>> = Vec::new();
        for (file, text) in &self.host.manifests {
            match read(&self.machine, file, text, now) {
                Ok(pod) if wanted.iter().all(|(_, other)| other.key() != pod.key()) => {
                    wanted.push((file.clone(), pod));
                }
                Ok(_) => {}
                Err(_) => unreadable.push(file.clone()),
            }
        }
        let ending: Vec<Rc<str>> = self
            .workers
            .iter()
            .filter(|(uid, worker)| {
                let Some(mirror) = &worker.mirror else { return false };
                let kept = !all && unreadable.contains(&mirror.file);
                !mirror.removed && !kept && wanted.iter().all(|(_, pod)| pod.uid() != &***uid)
            })
            .map(|(uid, _)| uid.clone())
            .collect();
        for uid in ending {
            self.end_static(cx, &uid);
        }
        for (file, pod) in wanted {
            // Upstream: `allowStaticPodStart`: one of a name at a time.
            if self.static_of(&pod.key()).is_none() {
                self.add_static(cx, file, &pod);
            }
        }
    }

    fn add_static(&mut self, cx: &mut Cx, file: Rc<str>, pod: &Object) {
        let uid: Rc<str> = pod.uid().into();
        let shown = self.client.lookup(&KIND, &pod.key()).filter(|shown| mirror::is_mirror(shown)).cloned();
        let mut worker = Worker::new(pod, cx.now());
        if let Some(status) = shown.as_ref().filter(|shown| mirror::mirrors(shown, &uid)) {
            // What the API knows of it is what this kubelet has told it before it was started again.
            worker.wanted = status.clone();
            let since = status.get::<Pod>().and_then(|pod| pod.status.start_time.as_ref()).map(meta::moment);
            worker.started = since.unwrap_or(worker.started);
        }
        worker.mirror = Some(Mirror { file, object: shown, asked: false, removed: false });
        let found = self.adopt(&mut worker, &uid);
        self.take_on(cx, &uid, worker, found);
        self.reconcile_mirror(cx, &uid);
    }

    /// The file of a static pod is gone: so is the pod, in its own grace period.
    fn end_static(&mut self, cx: &mut Cx, uid: &Rc<str>) {
        let Some(worker) = self.workers.get_mut(uid) else { return };
        if let Some(mirror) = &mut worker.mirror {
            mirror.removed = true;
        }
        worker.cause = cx.cause();
        match worker.stage {
            Stage::Syncing => self.stop(cx, uid),
            Stage::Stopping { .. } => {}
            Stage::Stopped => self.static_gone(cx, uid),
        }
    }

    /// Nothing is left of a static pod whose file is gone: another of its name may begin, and nothing mirrors it.
    pub(super) fn static_gone(&mut self, cx: &mut Cx, uid: &Rc<str>) {
        self.forget(cx, uid);
        self.read_manifests(cx, false);
        self.sweep_mirrors(cx);
    }
}

/// The pod that a file describes. Upstream: `tryDecodeSinglePod`, `applyDefaults`.
fn read(machine: &Machine, file: &str, text: &str, now: Time) -> Result<Object, String> {
    let read = manifest::read(text);
    let Some(document) = read.documents.into_iter().next() else {
        return Err(read.error.map_or_else(|| "file was empty".to_owned(), |error| error.message));
    };
    document.check_type().map_err(|error| error.message)?;
    let text = |field: &str| document.value[field].as_str().unwrap_or_default().to_owned();
    if (text("apiVersion").as_str(), text("kind").as_str()) != ("v1", "Pod") {
        return Err(format!("invalid pod: {} {}", text("apiVersion"), text("kind")));
    }
    let mut object = KIND.read(document.value)?;
    (KIND.default)(&mut object);
    let (node, hashed) = (&machine.name, |half: u8| stable_hash(&(&*machine.name, file, half, &object)));
    let uid = format!("{:016x}{:016x}", hashed(0), hashed(1));
    let Some(pod) = object.get_mut::<Pod>() else { return Err(format!("invalid pod: {file}")) };
    if pod.metadata.name.as_ref().is_none_or(String::is_empty) {
        return Err("invalid pod: name is needed for the pod".to_owned());
    }
    let named = format!("{}-{node}", pod.metadata.name.take().unwrap_or_default());
    pod.metadata.name = Some(named);
    pod.metadata.namespace.get_or_insert_with(|| "default".to_owned());
    pod.metadata.uid = Some(uid.clone());
    pod.node_name = Some(node.clone());
    let seen = meta::micro_time(now).0.to_string();
    let own = [("config.hash", uid), ("config.seen", seen), ("config.source", "file".to_owned())];
    let own = own.map(|(key, value)| (format!("kubernetes.io/{key}"), value));
    pod.metadata.annotations.get_or_insert_default().extend(own);
    // So that node problems do not drive it out.
    let always = Toleration {
        operator: Some("Exists".to_owned()),
        effect: Some("NoExecute".to_owned()),
        ..Toleration::default()
    };
    let tolerations = Rc::make_mut(&mut pod.spec).tolerations.get_or_insert_default();
    if !tolerations.contains(&always) {
        tolerations.push(always);
    }
    if let Some(what) = refers(&pod.spec) {
        return Err(format!("static pods may not reference {what}"));
    }
    (KIND.prepare_create)(&mut object, now);
    let errors: Vec<String> = (KIND.validate)(&object).iter().map(ToString::to_string).collect();
    if errors.is_empty() { Ok(object) } else { Err(format!("invalid pod: [{}]", errors.join(", "))) }
}

/// What of the API a pod names. Upstream: `podutil.HasAPIObjectReference`.
fn refers(spec: &PodSpec) -> Option<&'static str> {
    if spec.service_account_name.as_ref().is_some_and(|name| !name.is_empty()) {
        return Some("serviceaccounts");
    }
    let inits = spec.init_containers.iter().flatten();
    let containers = || inits.clone().chain(&spec.containers);
    let whole = || containers().flat_map(|one| one.env_from.iter().flatten());
    let single = || containers().flat_map(|one| one.env.iter().flatten()).filter_map(|env| env.value_from.as_ref());
    let volumes = || spec.volumes.iter().flatten();
    let projected =
        || volumes().filter_map(|volume| volume.projected.as_ref()).flat_map(|p| p.sources.iter().flatten());
    let secrets = spec.image_pull_secrets.as_ref().is_some_and(|secrets| !secrets.is_empty())
        || whole().any(|from| from.secret_ref.is_some())
        || single().any(|from| from.secret_key_ref.is_some())
        || volumes().any(|volume| volume.secret.is_some())
        || projected().any(|source| source.secret.is_some());
    let maps = whole().any(|from| from.config_map_ref.is_some())
        || single().any(|from| from.config_map_key_ref.is_some())
        || volumes().any(|volume| volume.config_map.is_some())
        || projected().any(|source| source.config_map.is_some());
    let claims = volumes().any(|volume| volume.persistent_volume_claim.is_some() || volume.ephemeral.is_some());
    let all = [(secrets, "secrets"), (maps, "configmaps"), (claims, "persistentvolumeclaims")];
    all.into_iter().find(|(refers, _)| *refers).map(|(_, what)| what)
}
