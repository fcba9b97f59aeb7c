//! The letters that tell the templates of one owner apart: a Deployment's ReplicaSets, the revisions of a StatefulSet or
//! DaemonSet.
//!
//! Upstream: `pkg/controller/controller_utils.go`, `ComputeHash`: FNV-1a (32 bits) over a dump of the template, written as
//! letters without vowels. The dump is how one Go library prints Go structs, every unset field included; here the
//! template's JSON stands in its place. So the hash has the same form and the same properties (equal templates, equal
//! hashes; a collision count changes it), but **not the same letters as in a real cluster**.

use crate::api::json::encode;
use crate::api::meta::safe_encode;
use k8s_openapi::api::core::v1::PodTemplateSpec;

/// Eight to ten letters that stand for a template.
#[must_use]
pub fn template_hash(template: &PodTemplateSpec, collisions: Option<i32>) -> String {
    text_hash(&encode(template).to_string(), collisions)
}

/// Eight to ten letters that stand for a text.
#[must_use]
pub fn text_hash(text: &str, collisions: Option<i32>) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::api::core::v1::{Container, PodSpec};

    fn template(image: &str) -> PodTemplateSpec {
        let container = Container { name: "c".to_owned(), image: Some(image.to_owned()), ..Container::default() };
        PodTemplateSpec { spec: Some(PodSpec { containers: vec![container], ..PodSpec::default() }), metadata: None }
    }

    #[test]
    fn the_hash_follows_the_template_and_the_collisions() {
        let hash = template_hash(&template("nginx:1.27"), None);
        assert_eq!(hash, template_hash(&template("nginx:1.27"), None));
        assert_ne!(hash, template_hash(&template("nginx:1.28"), None));
        assert_ne!(hash, template_hash(&template("nginx:1.27"), Some(1)));
        assert!((6..=10).contains(&hash.len()) && !hash.contains(['a', 'e', 'i', 'o', 'u']));
    }

    #[test]
    fn fnv_is_the_published_function() {
        assert_eq!(fnv(0x811c_9dc5, b"foobar"), 0xbf9c_f968);
    }
}
