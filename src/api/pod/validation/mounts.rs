//! Where volumes appear within containers.

use super::super::super::check::{self, Errors};
use super::super::super::path::Path;
use super::super::super::status::FieldError;
use super::container::Surroundings;
use crate::sim::SortedSet;
use k8s_openapi::api::core::v1::{Container, VolumeMount};

/// Mounts (`ValidateVolumeMounts`).
pub fn mounts(out: &mut Errors, path: &Path, container: &Container, around: &Surroundings) {
    let Some(mounts) = container.volume_mounts.as_deref() else { return };
    let devices = container.volume_devices.as_deref().unwrap_or_default();
    let device_names: SortedSet<&str> = devices.iter().map(|device| device.name.as_str()).collect();
    let device_paths: SortedSet<&str> = devices.iter().map(|device| device.device_path.as_str()).collect();
    let mut places = SortedSet::new();
    for (index, mount) in mounts.iter().enumerate() {
        let item = path.index(index);
        let (name, place) = (mount.name.as_str(), mount.mount_path.as_str());
        check::required(out, &item.field("name"), name);
        if !around.volumes.contains_key(name) {
            out.push(FieldError::not_found(item.field("name"), name));
        }
        check::required(out, &item.field("mountPath"), place);
        if !places.insert(place) {
            out.push(FieldError::invalid(item.field("mountPath"), place, "must be unique"));
        }
        if device_names.contains(name) {
            out.push(FieldError::invalid(item.field("name"), name, "must not already exist in volumeDevices"));
        }
        if device_paths.contains(place) {
            let detail = "must not already exist as a path in volumeDevices";
            out.push(FieldError::invalid(item.field("mountPath"), place, detail));
        }
        let sub_path = mount.sub_path.as_deref().unwrap_or_default();
        if !sub_path.is_empty() {
            check::descending_path(out, &path.field("subPath"), sub_path);
        }
        let expression = mount.sub_path_expr.as_deref().unwrap_or_default();
        if !expression.is_empty() {
            if !sub_path.is_empty() {
                let detail = "subPathExpr and subPath are mutually exclusive";
                out.push(FieldError::invalid(item.field("subPathExpr"), expression, detail));
            }
            check::descending_path(out, &path.field("subPathExpr"), expression);
        }
        propagation(out, path, mount, container);
    }
}

/// Upstream: `validateMountPropagation` and `validateMountRecursiveReadOnly`; both name the list.
fn propagation(out: &mut Errors, path: &Path, mount: &VolumeMount, container: &Container) {
    if let Some(mode) = mount.mount_propagation.as_deref() {
        let path = path.field("mountPropagation");
        let known = ["Bidirectional", "HostToContainer", "None"];
        if !known.contains(&mode) {
            out.push(FieldError::not_supported(path, mode, &known));
        }
        let privileged = container.security_context.as_ref().and_then(|context| context.privileged) == Some(true);
        if mode == "Bidirectional" && !privileged {
            let detail = "Bidirectional mount propagation is available only to privileged containers";
            out.push(FieldError::forbidden(path, detail));
        }
    }
    let path = path.field("recursiveReadOnly");
    match mount.recursive_read_only.as_deref() {
        None | Some("Disabled") => {}
        Some("Enabled" | "IfPossible") => {
            if mount.read_only != Some(true) {
                out.push(FieldError::forbidden(path, "may only be specified when readOnly is true"));
            }
            if mount.mount_propagation.as_deref().is_some_and(|mode| mode != "None") {
                let detail = "may only be specified when mountPropagation is None or not specified";
                out.push(FieldError::forbidden(path, detail));
            }
        }
        Some(other) => out.push(FieldError::not_supported(path, other, &["Disabled", "Enabled", "IfPossible"])),
    }
}

/// Raw block devices (`ValidateVolumeDevices`).
#[inline(never)]
pub fn devices(out: &mut Errors, path: &Path, container: &Container, around: &Surroundings) {
    let Some(devices) = container.volume_devices.as_deref() else { return };
    let mounts = container.volume_mounts.as_deref().unwrap_or_default();
    let (mut names, mut places) = (SortedSet::new(), SortedSet::new());
    for (index, device) in devices.iter().enumerate() {
        let path = path.index(index);
        let (name, place) = (device.name.as_str(), device.device_path.as_str());
        check::required(out, &path.field("name"), name);
        if names.contains(name) {
            out.push(FieldError::invalid(path.field("name"), name, "must be unique"));
        }
        match around.volumes.get(name) {
            None => out.push(FieldError::not_found(path.field("name"), name)),
            Some(volume) if volume.persistent_volume_claim.is_none() && volume.ephemeral.is_none() => {
                let detail = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode";
                out.push(FieldError::invalid(path.field("name"), name, detail));
            }
            Some(_) => {}
        }
        check::required(out, &path.field("devicePath"), place);
        if places.contains(place) {
            out.push(FieldError::invalid(path.field("devicePath"), place, "must be unique"));
        }
        if place.split('/').any(|part| part == "..") {
            let detail = "can not contain backsteps ('..')";
            out.push(FieldError::invalid(path.field("devicePath"), place, detail));
        } else {
            places.insert(place);
        }
        if mounts.iter().any(|mount| mount.name == name) {
            out.push(FieldError::invalid(path.field("name"), name, "must not already exist in volumeMounts"));
        }
        if mounts.iter().any(|mount| mount.mount_path == place) {
            let detail = "must not already exist as a path in volumeMounts";
            out.push(FieldError::invalid(path.field("devicePath"), place, detail));
        }
        if !name.is_empty() {
            names.insert(name);
        }
    }
}
