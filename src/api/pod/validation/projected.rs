//! Volumes that put several sources into one directory, and the downward API.

use super::super::super::check::{self, Errors};
use super::super::super::path::Path;
use super::super::super::status::FieldError;
use super::env;
use super::volume::{items, mode};
use crate::sim::SortedSet;
use k8s_openapi::api::core::v1::{
    DownwardAPIVolumeFile, DownwardAPIVolumeSource, KeyToPath, PodSpec, ProjectedVolumeSource,
    ServiceAccountTokenProjection,
};

/// Fields that a file may show.
const FIELDS: [&str; 5] =
    ["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"];

/// Upstream: `validateDownwardAPIVolumeSource`.
#[inline(never)]
pub fn downward(out: &mut Errors, path: &Path, source: &DownwardAPIVolumeSource) {
    mode(out, &path.field("defaultMode"), source.default_mode);
    for file in source.items.iter().flatten() {
        downward_file(out, path, file);
    }
}

/// Upstream: `validateDownwardAPIVolumeFile`; the path is that of the volume.
fn downward_file(out: &mut Errors, path: &Path, file: &DownwardAPIVolumeFile) {
    check::required(out, &path.field("path"), &file.path);
    check::file_path(out, &path.field("path"), &file.path);
    match (&file.field_ref, &file.resource_field_ref) {
        (Some(field), resource) => {
            env::field_ref(out, &path.field("fieldRef"), field, &FIELDS);
            if resource.is_some() {
                let detail = "fieldRef and resourceFieldRef can not be specified simultaneously";
                out.push(FieldError::invalid(path, "resource", detail));
            }
        }
        (None, Some(resource)) => env::resource_ref(out, &path.field("resourceFieldRef"), resource, true),
        (None, None) => out.push(FieldError::required(path, "one of fieldRef and resourceFieldRef is required")),
    }
    mode(out, &path.field("mode"), file.mode);
}

/// Upstream: `validateProjectedVolumeSource`, `validateProjectionSources`.
pub fn check(out: &mut Errors, path: &Path, source: &ProjectedVolumeSource) {
    mode(out, &path.field("defaultMode"), source.default_mode);
    let mut taken: SortedSet<&str> = SortedSet::new();
    let sources = path.field("sources");
    for (index, projection) in source.sources.iter().flatten().enumerate() {
        let item = sources.index(index);
        let mut kinds = 0;
        if let Some(secret) = &projection.secret {
            kinds += 1;
            check::required(out, &item.field("secret.name"), &secret.name);
            let keys = secret.items.as_deref().unwrap_or_default();
            items(out, &item.field("secret.items"), keys);
            conflicts(out, path, &mut taken, keys, &secret.name);
        }
        if let Some(map) = &projection.config_map {
            kinds += 1;
            check::required(out, &item.field("configMap.name"), &map.name);
            let keys = map.items.as_deref().unwrap_or_default();
            items(out, &item.field("configMap.items"), keys);
            conflicts(out, path, &mut taken, keys, &map.name);
        }
        if let Some(downward) = &projection.downward_api {
            kinds += 1;
            for file in downward.items.iter().flatten() {
                downward_file(out, &item.field("downwardAPI"), file);
                if !file.path.is_empty() && !taken.insert(&file.path) {
                    out.push(FieldError::invalid(path, file.path.as_str(), "conflicting duplicate paths"));
                }
            }
        }
        if let Some(token) = &projection.service_account_token {
            kinds += 1;
            service_account_token(out, path, &item.field("serviceAccountToken"), token);
        }
        kinds += i32::from(projection.cluster_trust_bundle.is_some()) + i32::from(projection.pod_certificate.is_some());
        if kinds > 1 {
            out.push(FieldError::forbidden(item, "may not specify more than 1 volume type per source"));
        }
    }
}

fn conflicts<'a>(out: &mut Errors, path: &Path, taken: &mut SortedSet<&'a str>, keys: &'a [KeyToPath], name: &str) {
    for key in keys.iter().filter(|key| !key.path.is_empty()) {
        if !taken.insert(&key.path) {
            out.push(FieldError::invalid(path, name, "conflicting duplicate paths"));
        }
    }
}

/// Errors of the token's path name the volume (`volume`), those of its lifetime the source (`path`).
fn service_account_token(out: &mut Errors, volume: &Path, path: &Path, token: &ServiceAccountTokenProjection) {
    let seconds = token.expiration_seconds.unwrap_or(0);
    if seconds < 10 * 60 {
        let detail = "may not specify a duration less than 10 minutes";
        out.push(FieldError::invalid(path.field("expirationSeconds"), seconds, detail));
    }
    if seconds > 1 << 32 {
        let detail = "may not specify a duration larger than 2^32 seconds";
        out.push(FieldError::invalid(path.field("expirationSeconds"), seconds, detail));
    }
    if token.path.is_empty() {
        out.push(FieldError::required(volume.field("path"), ""));
    } else {
        check::file_path(out, &volume.field("path"), &token.path);
    }
}

/// Without a service account there are no tokens.
pub fn no_tokens(out: &mut Errors, path: &Path, spec: &PodSpec) {
    for (index, volume) in spec.volumes.iter().flatten().enumerate() {
        let Some(projected) = &volume.projected else { continue };
        let path = path.index(index);
        let path = path.field("projected.sources");
        for (index, source) in projected.sources.iter().flatten().enumerate() {
            if source.service_account_token.is_some() {
                let path = path.index(index);
                let detail = "must not be specified when serviceAccountName is not set";
                out.push(FieldError::forbidden(path.field("serviceAccountToken"), detail));
            }
        }
    }
}
