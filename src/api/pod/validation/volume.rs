//! Volumes (upstream: `ValidateVolumes`, `validateVolumeSource`).

use super::super::super::check::{self, Errors};
use super::super::super::names;
use super::super::super::path::Path;
use super::super::super::quantity::Quantity;
use super::super::super::status::FieldError;
use super::{projected, rare};
use crate::api::kinds::pod::{Pod, TOKEN_VOLUME};
use crate::sim::{Sorted, SortedSet};
use k8s_openapi::api::core::v1::{
    CSIVolumeSource, HostPathVolumeSource, ImageVolumeSource, KeyToPath, PodSpec, Volume,
};

/// Checks the volumes and gives those that are in order, by name; `pod` is the pod whose spec it is, if any.
pub fn volumes<'a>(out: &mut Errors, path: &Path, spec: &'a PodSpec, pod: Option<&Pod>) -> Sorted<&'a str, &'a Volume> {
    let all = spec.volumes.as_deref().unwrap_or_default();
    // A pod keeps the name of its token's volume in two parts.
    let has_token = pod.is_some_and(|pod| pod.token_suffix.is_some());
    let of_pod = pod.is_some();
    let pod = pod.and_then(|pod| pod.metadata.name.as_deref()).filter(|name| !name.is_empty());
    let created: SortedSet<String> = match pod {
        Some(pod) => {
            let ephemeral = all.iter().filter(|volume| volume.ephemeral.is_some());
            ephemeral.map(|volume| format!("{pod}-{}", volume.name)).collect()
        }
        None => SortedSet::new(),
    };
    let mut good = Sorted::new();
    for (index, volume) in all.iter().enumerate() {
        let path = path.index(index);
        let name = path.field("name");
        let before = out.len();
        source(out, &path, volume, (pod, of_pod));
        if volume.name.is_empty() {
            out.push(FieldError::required(name, ""));
        } else if !(has_token && volume.name == TOKEN_VOLUME) {
            check::complain(out, &name, &volume.name, names::dns1123_label(&volume.name));
        }
        if good.contains_key(volume.name.as_str()) {
            out.push(FieldError::duplicate(name, volume.name.as_str()));
        }
        if out.len() == before {
            good.insert(volume.name.as_str(), volume);
        }
        let claim = volume.persistent_volume_claim.as_ref().map(|claim| claim.claim_name.as_str());
        if let Some(claim) = claim.filter(|claim| created.contains(*claim)) {
            let detail = "must not reference a PVC that gets created for an ephemeral volume";
            out.push(FieldError::invalid(path.field("persistentVolumeClaim.claimName"), claim, detail));
        }
    }
    good
}

/// Exactly one source. The first found is checked, all others are forbidden; their names here are those of upstream's
/// errors, slips included.
fn source(out: &mut Errors, path: &Path, volume: &Volume, pod: (Option<&str>, bool)) {
    let mut found = false;
    if let Some(directory) = &volume.empty_dir {
        found = true;
        let limit = directory.size_limit.as_ref().and_then(|limit| Quantity::try_from(limit).ok());
        if limit.is_some_and(|limit| limit.sign() < 0) {
            let detail = "SizeLimit field must be a valid resource quantity";
            out.push(FieldError::forbidden(path.field("emptyDir.sizeLimit"), detail));
        }
    }
    let sources = [
        ("hostPath", volume.host_path.is_some()),
        ("gitRepo", volume.git_repo.is_some()),
        ("gcePersistentDisk", volume.gce_persistent_disk.is_some()),
        ("awsElasticBlockStore", volume.aws_elastic_block_store.is_some()),
        ("secret", volume.secret.is_some()),
        ("nfs", volume.nfs.is_some()),
        ("iscsi", volume.iscsi.is_some()),
        ("glusterfs", volume.glusterfs.is_some()),
        ("flocker", volume.flocker.is_some()),
        ("persistentVolumeClaim", volume.persistent_volume_claim.is_some()),
        ("rbd", volume.rbd.is_some()),
        ("cinder", volume.cinder.is_some()),
        ("cephFS", volume.cephfs.is_some()),
        ("quobyte", volume.quobyte.is_some()),
        ("downwarAPI", volume.downward_api.is_some()),
        ("fc", volume.fc.is_some()),
        ("flexVolume", volume.flex_volume.is_some()),
        ("configMap", volume.config_map.is_some()),
        ("azureFile", volume.azure_file.is_some()),
        ("vsphereVolume", volume.vsphere_volume.is_some()),
        ("photonPersistentDisk", volume.photon_persistent_disk.is_some()),
        ("portworxVolume", volume.portworx_volume.is_some()),
        ("azureDisk", volume.azure_disk.is_some()),
        ("storageos", volume.storageos.is_some()),
        ("projected", volume.projected.is_some()),
        ("scaleIO", volume.scale_io.is_some()),
        ("csi", volume.csi.is_some()),
        ("ephemeral", volume.ephemeral.is_some()),
        ("image", volume.image.is_some()),
    ];
    for (name, _) in sources.into_iter().filter(|(_, is_set)| *is_set) {
        if found {
            out.push(FieldError::forbidden(path.field(name), "may not specify more than 1 volume type"));
        } else {
            found = true;
            content(out, path, volume, pod, name);
        }
    }
    if !found {
        out.push(FieldError::required(path, "must specify a volume type"));
    }
}

/// The content of the volume's first source, whose name is that of its errors. `pod`: the name of the pod that it belongs
/// to, and whether it belongs to one.
fn content(out: &mut Errors, path: &Path, volume: &Volume, pod: (Option<&str>, bool), name: &str) {
    let required = |out: &mut Errors, field: &str, value: &str| check::required(out, &path.field(field), value);
    if let Some(source) = &volume.host_path {
        host_path(out, &path.field("hostPath"), source);
    } else if let Some(source) = &volume.git_repo {
        required(out, "gitRepo.repository", &source.repository);
        let directory = source.directory.as_deref().unwrap_or_default();
        check::descending_path(out, &path.field("gitRepo.directory"), directory);
    } else if let Some(source) = &volume.secret {
        required(out, "secret.secretName", source.secret_name.as_deref().unwrap_or_default());
        mode(out, &path.field("secret.defaultMode"), source.default_mode);
        items(out, &path.field("secret.items"), source.items.as_deref().unwrap_or_default());
    } else if let Some(source) = &volume.persistent_volume_claim {
        required(out, "persistentVolumeClaim.claimName", &source.claim_name);
    } else if let Some(source) = &volume.downward_api {
        projected::downward(out, &path.field("downwardAPI"), source);
    } else if let Some(source) = &volume.config_map {
        required(out, "configMap.name", &source.name);
        mode(out, &path.field("configMap.defaultMode"), source.default_mode);
        items(out, &path.field("configMap.items"), source.items.as_deref().unwrap_or_default());
    } else {
        newer_content(out, path, volume, pod, name);
    }
}

fn newer_content(out: &mut Errors, path: &Path, volume: &Volume, pod: (Option<&str>, bool), name: &str) {
    if let Some(source) = &volume.projected {
        projected::check(out, &path.field("projected"), source);
    } else if let Some(source) = &volume.csi {
        csi(out, &path.field("csi"), source);
    } else if let Some(source) = &volume.ephemeral {
        rare::ephemeral(out, &path.field("ephemeral"), source);
        if let Some(pod) = pod.0.filter(|_| !volume.name.is_empty()) {
            let claim = format!("{pod}-{}", volume.name);
            for complaint in names::dns1123_subdomain(&claim) {
                let detail = format!("PVC name {claim:?}: {complaint}");
                out.push(FieldError::invalid(path.field("name"), volume.name.as_str(), detail));
            }
        }
    } else if let Some(source) = &volume.image {
        image(out, &path.field("image"), source, pod.1);
    } else {
        rare::source(out, path, volume, name);
    }
}

fn host_path(out: &mut Errors, path: &Path, source: &HostPathVolumeSource) {
    if source.path.is_empty() {
        out.push(FieldError::required(path.field("path"), ""));
        return;
    }
    check::no_backsteps(out, &path.field("path"), &source.path);
    let known = ["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];
    if let Some(kind) = source.type_.as_deref().filter(|kind| !known.contains(kind)) {
        out.push(FieldError::not_supported(path.field("type"), kind, &known));
    }
}

/// Upstream: `ValidateCSIDriverName` and the rest of `validateCSIVolumeSource`.
#[inline(never)]
fn csi(out: &mut Errors, path: &Path, source: &CSIVolumeSource) {
    let driver = path.field("driver");
    if source.driver.is_empty() {
        out.push(FieldError::required(driver, ""));
    }
    if source.driver.len() > 63 {
        out.push(FieldError::too_long(driver, 63));
    }
    check::complain(out, &driver, &source.driver, names::dns1123_subdomain(&source.driver.to_ascii_lowercase()));
    if let Some(secret) = &source.node_publish_secret_ref {
        if secret.name.is_empty() {
            out.push(FieldError::required(path.field("nodePublishSecretRef.name"), ""));
        } else {
            // Upstream names the driver's own name.
            check::complain(out, &path.field("name"), &secret.name, names::dns1123_subdomain(&secret.name));
        }
    }
}

/// Templates may leave to somebody else which image it is.
#[inline(never)]
fn image(out: &mut Errors, path: &Path, source: &ImageVolumeSource, of_pod: bool) {
    if of_pod {
        check::required(out, &path.field("reference"), source.reference.as_deref().unwrap_or_default());
    }
    let policy = source.pull_policy.as_deref().unwrap_or_default();
    check::one_of(out, &path.field("pullPolicy"), policy, &["Always", "IfNotPresent", "Never"]);
}

/// The mode of files.
pub fn mode(out: &mut Errors, path: &Path, mode: Option<i32>) {
    if let Some(mode) = mode.filter(|mode| !(0..=0o777).contains(mode)) {
        let detail = "must be a number between 0 and 0777 (octal), both inclusive";
        out.push(FieldError::invalid(path, mode, detail));
    }
}

/// Which keys become which files (`validateKeyToPath`).
pub fn items(out: &mut Errors, path: &Path, items: &[KeyToPath]) {
    for (index, item) in items.iter().enumerate() {
        let path = path.index(index);
        check::required(out, &path.field("key"), &item.key);
        check::required(out, &path.field("path"), &item.path);
        check::file_path(out, &path.field("path"), &item.path);
        mode(out, &path.field("mode"), item.mode);
    }
}
