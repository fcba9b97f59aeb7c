//! `PersistentVolumeClaimResize`: a claim grows only where its class lets it
//! (upstream: `plugin/pkg/admission/storage/persistentvolume/resize`).

use super::{Attributes, Plugin};
use crate::api::kinds::{persistent_volume_claim, storage_class};
use crate::api::object::{Key, Object};
use crate::api::{Status, kinds};
use serde_json::Value;

/// The plugin.
pub const PLUGIN: Plugin = Plugin { validate, ..Plugin::named("PersistentVolumeClaimResize") };

const SIZE: &str = "spec.resources.requests.storage";

fn validate(request: &mut Attributes, object: Option<&Object>) -> Result<(), Status> {
    let (Some(new), Some(old)) = (object, request.old) else { return Ok(()) };
    let plain = request.review.request.target.subresource.is_empty();
    if !plain || new.kind() != &persistent_volume_claim::KIND {
        return Ok(());
    }
    let size = |object: &Object| object.document().map_or(0, |claim| claim.amount(SIZE));
    if size(new) <= size(old) {
        return Ok(());
    }
    let refuse = |text: &str| Err(Status::forbidden(new.kind(), new.name(), text));
    if kinds::document_text(old, "status.phase") != "Bound" {
        return refuse("Only bound persistent volume claims can be expanded");
    }
    let name = persistent_volume_claim::class(new);
    let class = request.review.cache.get(&storage_class::KIND, &Key::new("", name));
    let allows = class.and_then(Object::document).and_then(|class| class.at("allowVolumeExpansion"));
    if name.is_empty() || name != persistent_volume_claim::class(old) || allows != Some(&Value::Bool(true)) {
        return refuse(
            "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support \
             resize",
        );
    }
    Ok(())
}
