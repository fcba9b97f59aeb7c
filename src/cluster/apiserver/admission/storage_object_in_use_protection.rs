//! `StorageObjectInUseProtection`: claims, volumes and classes of attributes get the finalizers with which they outlive their users
//! (upstream: `plugin/pkg/admission/storage/storageobjectinuseprotection`).

use super::Plugin;
use crate::api::kinds::{persistent_volume, persistent_volume_claim, volume_attributes_class};

/// The plugin.
pub const PLUGIN: Plugin = Plugin {
    mutate: |request, object| {
        let finalizer = if request.creates("PersistentVolumeClaim") {
            persistent_volume_claim::PROTECTION
        } else if request.creates("PersistentVolume") {
            persistent_volume::PROTECTION
        } else if request.creates("VolumeAttributesClass") {
            volume_attributes_class::PROTECTION
        } else {
            return Ok(());
        };
        let finalizers = object.meta_mut().finalizers.get_or_insert_default();
        if !finalizers.iter().any(|known| known == finalizer) {
            finalizers.push(finalizer.to_owned());
        }
        Ok(())
    },
    ..Plugin::named("StorageObjectInUseProtection")
};
