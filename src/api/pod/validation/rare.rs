//! Volumes that few pods have.

use super::super::super::check::{self, Errors};
use super::super::super::path::Path;
use super::super::super::status::FieldError;
use crate::api::kinds::{persistent_volume_claim as claims, serialize};
use crate::api::rules::volume_sources;
use crate::api::tree::At;
use k8s_openapi::api::core::v1::{EphemeralVolumeSource, Volume};

/// The source of this name, which is that of its errors.
pub fn source(out: &mut Errors, path: &Path, volume: &Volume, name: &str) {
    let name = if name == "cephFS" { "cephfs" } else { name };
    let volume = serialize(volume);
    volume_sources::check(out, &At::new(Some(&volume), *path), name, None);
}

/// The claim that will be made (`validateEphemeralVolumeSource`, `ValidateTemplateObjectMeta`).
pub fn ephemeral(out: &mut Errors, path: &Path, source: &EphemeralVolumeSource) {
    let path = path.field("volumeClaimTemplate");
    let Some(template) = &source.volume_claim_template else {
        out.push(FieldError::required(path, ""));
        return;
    };
    let metadata = path.field("metadata");
    if let Some(meta) = &template.metadata {
        check::annotations(out, &metadata.field("annotations"), meta.annotations.as_ref());
        check::labels(out, &metadata.field("labels"), meta.labels.as_ref());
        let others = serialize(meta);
        let others = others.as_object().into_iter().flatten().map(|(name, _)| name);
        for name in others.filter(|name| !["annotations", "labels"].contains(&name.as_str())) {
            out.push(FieldError::forbidden(metadata.field(name), "cannot be set"));
        }
    }
    let spec = serialize(&template.spec);
    claims::validate_spec(out, &At::new(Some(&spec), path.field("spec")));
}
