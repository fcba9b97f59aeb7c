//! `DefaultStorageClass`: a claim that says nothing of its class gets the newest of the default classes
//! (upstream: `plugin/pkg/admission/storage/storageclass/setdefault`).

use super::Plugin;
use crate::api::kinds::{persistent_volume_claim, storage_class};

/// The plugin.
pub const PLUGIN: Plugin = Plugin {
    mutate: |request, object| {
        let names_none = object.document().is_some_and(|claim| claim.at("spec.storageClassName").is_none())
            && persistent_volume_claim::class(object).is_empty();
        if request.creates("PersistentVolumeClaim") && names_none {
            let classes = request.review.cache.iter(&storage_class::KIND);
            let newest = storage_class::newest_default(classes);
            if let (Some(class), Some(claim)) = (newest, object.document_mut()) {
                claim.set("spec.storageClassName", class.name().into());
            }
        }
        Ok(())
    },
    ..Plugin::named("DefaultStorageClass")
};
