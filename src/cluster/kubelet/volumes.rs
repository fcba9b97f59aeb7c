//! What is in a pod's volumes, and where its containers see it.
//!
//! Upstream: `pkg/volume/{configmap,secret,projected,downwardapi,emptydir,hostpath}`, `pkg/kubelet/kubelet_pods.go`
//! (`makeMounts`), `volume/util/subpath`. What the kubelet writes (keys of `ConfigMap`s and `Secret`s, fields of the pod)
//! is written anew when the pod is synced and something of it has changed: upstream looks at each pod every minute, up to
//! half as much later, and at once when its labels or annotations change. What is mounted by `subPath` stays as it was.
//! Left out: tokens (their file is empty), `fsGroup`, `sizeLimit`; what a claim's volume holds stays on the machine and is
//! not carried to others; volumes of all other kinds hold whatever is asked of them.

use super::config::{Objects, Source};
use super::env::{Variable, expand, field_value, resource_value};
use super::worker::{Worker, container};
use super::{Asked, Kubelet};
use crate::cluster::Cx;
use crate::cluster::machine::Machine;
use crate::cluster::wire::{CriCall, File, Mount};
use k8s_openapi::api::core::v1::{Container, DownwardAPIVolumeFile, KeyToPath, Volume, VolumeMount};
use std::rc::Rc;

/// The files of a volume by their paths in it.
pub type Files = Rc<[(Rc<str>, File)]>;

/// What the kubelet has put into a pod's volumes, by their names.
pub type Written = Rc<[(Rc<str>, Files)]>;

/// Which keys become which files, if not all by their own names.
type Items<'a> = Option<&'a [KeyToPath]>;

/// A volume in the making.
struct Folder<'a> {
    worker: &'a Worker,
    objects: &'a Objects,
    machine: &'a Machine,
    mode: u16,
    files: Vec<(Rc<str>, File)>,
}

fn mode(given: Option<i32>) -> u16 {
    given.and_then(|mode| u16::try_from(mode).ok()).unwrap_or(0o644)
}

impl Folder<'_> {
    fn put(&mut self, path: &str, text: Rc<str>, own: Option<i32>) {
        let file = File { text, mode: own.map_or(self.mode, |own| mode(Some(own))) };
        self.files.retain(|(other, _)| **other != *path);
        self.files.push((path.into(), file));
    }

    fn keys(&mut self, secret: bool, name: &str, items: Items) {
        let source = Source::of(secret, self.worker.pod.namespace(), name);
        for (key, text) in self.objects.texts(&source).iter() {
            match items {
                None => self.put(key, text.clone(), None),
                Some(items) => {
                    for item in items.iter().filter(|item| *item.key == **key) {
                        self.put(&item.path, text.clone(), item.mode);
                    }
                }
            }
        }
    }

    fn fields(&mut self, items: &[DownwardAPIVolumeFile]) {
        let spec = self.worker.spec();
        for item in items {
            let text = match (&item.field_ref, &item.resource_field_ref) {
                (Some(field), _) => field_value(self.worker, self.machine, &field.field_path),
                (None, Some(resource)) => {
                    let named = (0..self.worker.slots.len())
                        .map(|slot| container(&spec, slot))
                        .find(|one| Some(&one.name) == resource.container_name.as_ref());
                    let divisor = resource.divisor.as_ref().map(|divisor| divisor.0.as_str());
                    let value = |one: &Container| resource_value(one, self.machine, &resource.resource, divisor);
                    named.map(|one| value(&one)).unwrap_or_default()
                }
                (None, None) => String::new(),
            };
            self.put(&item.path, text.into(), item.mode);
        }
    }

    fn fill(&mut self, volume: &Volume) {
        if let Some(map) = &volume.config_map {
            self.keys(false, &map.name, map.items.as_deref());
        }
        if let Some(secret) = &volume.secret {
            self.keys(true, secret.secret_name.as_deref().unwrap_or(""), secret.items.as_deref());
        }
        if let Some(downward) = &volume.downward_api {
            self.fields(downward.items.as_deref().unwrap_or_default());
        }
        let projected = volume.projected.as_ref().and_then(|projected| projected.sources.as_deref());
        for source in projected.unwrap_or_default() {
            if let Some(map) = &source.config_map {
                self.keys(false, &map.name, map.items.as_deref());
            }
            if let Some(secret) = &source.secret {
                self.keys(true, &secret.name, secret.items.as_deref());
            }
            if let Some(downward) = &source.downward_api {
                self.fields(downward.items.as_deref().unwrap_or_default());
            }
            if let Some(token) = &source.service_account_token {
                self.put(&token.path, Rc::default(), Some(0o600));
            }
        }
    }
}

/// What the kubelet writes into a volume; `None`: it does not write there.
fn files(worker: &Worker, volume: &Volume, objects: &Objects, machine: &Machine) -> Option<Files> {
    let given = volume.config_map.as_ref().map(|map| map.default_mode);
    let given = given.or_else(|| volume.secret.as_ref().map(|secret| secret.default_mode));
    let given = given.or_else(|| volume.downward_api.as_ref().map(|downward| downward.default_mode));
    let given = given.or_else(|| volume.projected.as_ref().map(|projected| projected.default_mode))?;
    let mut folder = Folder { worker, objects, machine, mode: mode(given), files: Vec::new() };
    folder.fill(volume);
    Some(folder.files.into())
}

/// Everything that the kubelet writes into a pod's volumes.
pub fn written(worker: &Worker, objects: &Objects, machine: &Machine) -> Written {
    let spec = worker.spec();
    let all = spec.volumes.iter().flatten();
    all.filter_map(|volume| Some((Rc::from(volume.name.as_str()), files(worker, volume, objects, machine)?))).collect()
}

/// What a container sees of the machine.
pub fn mounts(worker: &Worker, container: &Container, env: &[Variable]) -> Rc<[Mount]> {
    let spec = worker.spec();
    let volume = |name: &str| spec.volumes.iter().flatten().find(|volume| volume.name == *name);
    let mounts = container.volume_mounts.iter().flatten();
    mounts.filter_map(|mount| of_mount(worker, volume(&mount.name)?, mount, env)).collect()
}

fn of_mount(worker: &Worker, volume: &Volume, mount: &VolumeMount, env: &[Variable]) -> Option<Mount> {
    let path: Rc<str> = mount.mount_path.trim_end_matches('/').into();
    let sub_path = mount.sub_path_expr.as_deref().map(|text| expand(text, env));
    let sub_path = sub_path.or_else(|| mount.sub_path.as_deref().map(Rc::from)).unwrap_or_default();
    let name: Rc<str> = volume.name.as_str().into();
    let files = worker.written.iter().find(|(known, _)| *known == name).map(|(_, files)| files.clone());
    if let Some(files) = files {
        // A copy by its sub-path is a folder of its own, which nobody writes again.
        let source = if sub_path.is_empty() { name } else { format!("{name}:{sub_path}").into() };
        return Some(Mount { path, source, sub_path, files, read_only: true });
    }
    let source = if volume.empty_dir.is_some() {
        name
    } else if let Some(host) = &volume.host_path {
        host.path.as_str().into()
    } else {
        let named = volume.persistent_volume_claim.as_ref().map(|claim| claim.claim_name.clone());
        let own = volume.ephemeral.as_ref().map(|_| format!("{}-{name}", worker.pod.name()));
        format!("/var/local/claims/{}/{}", worker.pod.namespace(), named.or(own)?).into()
    };
    Some(Mount { path, source, sub_path, files: Rc::default(), read_only: mount.read_only == Some(true) })
}

/// A container's host name. Upstream: `GeneratePodHostNameAndDomain`.
pub fn hostname(worker: &Worker, machine: &Machine) -> Rc<str> {
    let spec = worker.spec();
    if spec.host_network == Some(true) && spec.hostname_override.is_none() {
        return machine.name.clone();
    }
    let own = spec.hostname_override.as_deref().or(spec.hostname.as_deref());
    let name = own.filter(|name| !name.is_empty()).unwrap_or(worker.pod.name());
    name.get(..63).unwrap_or(name).trim_end_matches(['-', '.']).into()
}

/// What every machine has.
const FOLDERS: [&str; 22] = [
    "/",
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/etc/ssl",
    "/etc/ssl/certs",
    "/home",
    "/lib",
    "/lib/modules",
    "/media",
    "/mnt",
    "/opt",
    "/proc",
    "/root",
    "/run",
    "/srv",
    "/sys",
    "/tmp",
    "/usr",
    "/var",
    "/var/log",
];
/// … that its kubelet and its runtime have made.
const OWN_FOLDERS: [&str; 4] =
    ["/etc/kubernetes", "/etc/kubernetes/manifests", "/etc/kubernetes/pki", "/var/lib/kubelet"];
const FILES: [&str; 5] = ["/etc/hostname", "/etc/hosts", "/etc/localtime", "/etc/os-release", "/etc/resolv.conf"];
/// Where sockets are, behind which [`Engine::places`](crate::cluster::machine::Engine::places) goes on.
const SOCKETS: [&str; 2] = ["/run/", "/var/run/"];

impl Kubelet {
    /// What stands against a `hostPath` volume; what it is to make is made. Upstream: `hostpath/host_path.go`, `checkType`.
    pub(super) fn check_host_path(&mut self, volume: &Volume) -> Option<String> {
        let host = volume.host_path.as_ref()?;
        let path = host.path.trim_end_matches('/');
        let path = if path.is_empty() { "/" } else { path };
        let made = self.host.paths.get(path).copied();
        let (folders, socket) = self.machine.engine.places();
        let folder =
            FOLDERS.contains(&path) || OWN_FOLDERS.contains(&path) || folders.contains(&path) || made == Some(true);
        let file = FILES.contains(&path) || made == Some(false);
        let socket = SOCKETS.iter().any(|root| path.strip_prefix(root) == Some(socket));
        let kind = host.type_.as_deref().unwrap_or_default();
        let (fits, what) = match kind {
            "Directory" => (folder, "directory"),
            "DirectoryOrCreate" => (!file && !socket, "directory"),
            "File" => (file, "file"),
            "FileOrCreate" => (!folder && !socket, "file"),
            "Socket" => (socket, "socket file"),
            "CharDevice" => {
                (["/dev/null", "/dev/zero", "/dev/random", "/dev/kmsg"].contains(&path), "character device")
            }
            "BlockDevice" => (path == "/dev/vda", "block device"),
            _ => (true, ""),
        };
        if !fits {
            return Some(format!("hostPath type check failed: {path} is not a {what}"));
        }
        // Without a type the runtime makes the folder that it is to mount.
        if !folder && !file && ["", "DirectoryOrCreate", "FileOrCreate"].contains(&kind) {
            self.host.paths.insert(path.into(), kind != "FileOrCreate");
        }
        None
    }

    /// Brings what is in a pod's volumes up to date, and tells the runtime where containers see it already.
    pub(super) fn write_volumes(&mut self, cx: &mut Cx, uid: &Rc<str>) {
        let Some(worker) = self.workers.get_mut(uid) else { return };
        let now = written(worker, &self.objects, &self.machine);
        if now == worker.written {
            return;
        }
        let before = std::mem::replace(&mut worker.written, now.clone());
        let running = worker.slots.iter().any(|slot| slot.running().is_some());
        for (source, files) in now.iter().filter(|_| running) {
            let old =
                before.iter().find(|(name, _)| name == source).map(|(_, files)| files.clone()).unwrap_or_default();
            let changes = differences(&old, files);
            if !changes.is_empty() {
                let (pod, source) = (uid.clone(), source.clone());
                self.volume_changed(cx, uid, &source);
                self.call(cx, CriCall::Write { pod, source, files: changes.into() }, Asked::Nothing);
            }
        }
    }
}

/// What is new or different in a folder, and what is gone.
fn differences(old: &Files, new: &Files) -> Vec<(Rc<str>, Option<File>)> {
    let gone = old.iter().filter(|(path, _)| new.iter().all(|(other, _)| other != path));
    let gone = gone.map(|(path, _)| (path.clone(), None));
    let changed =
        new.iter().filter(|entry| !old.contains(entry)).map(|(path, file)| (path.clone(), Some(file.clone())));
    gone.chain(changed).collect()
}
