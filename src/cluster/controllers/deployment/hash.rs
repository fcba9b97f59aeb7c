//! The label that tells the ReplicaSets of a Deployment apart.

use crate::api::meta::safe_encode;
use k8s_openapi::api::core::v1::PodTemplateSpec;

/// Eight to ten letters that stand for a template.
#[must_use]
pub fn template_hash(template: &PodTemplateSpec, collisions: Option<i32>) -> String {
    let text = serde_json::to_string(template).unwrap_or_default();
    let mut hash = fnv(0x811c_9dc5, text.as_bytes());
    if let Some(collisions) = collisions {
        // Upstream writes the count into the first half of eight bytes.
        hash = fnv(hash, &u64::from(collisions.cast_unsigned()).to_le_bytes());
    }
    safe_encode(&hash.to_string())
}

/// FNV-1a, 32 bits.
fn fnv(start: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(start, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}
