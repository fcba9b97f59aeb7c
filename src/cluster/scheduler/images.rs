//! Which images are on which nodes. Upstream: `backend/cache/cache.go`, `imageStates`.

use crate::api::object::Object;
use crate::sim::{Map, Set};
use k8s_openapi::api::core::v1 as core;
use std::collections::BTreeSet;
use std::rc::Rc;

/// An image as far as its place matters.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Image {
    /// Bytes, as the first node that had it said.
    pub size: i64,
    /// On which nodes it is.
    pub nodes: Set<Rc<str>>,
}

/// All names of a node's images, with their sizes.
pub fn names(images: &[core::ContainerImage]) -> impl Iterator<Item = (&str, i64)> {
    images.iter().flat_map(|image| {
        image.names.iter().flatten().map(|name| (name.as_str(), image.size_bytes.unwrap_or_default()))
    })
}

/// A node has other images than before.
pub fn moved(all: &mut Map<Rc<str>, Image>, node: &Object, before: &BTreeSet<Rc<str>>, after: &BTreeSet<Rc<str>>) {
    for image in before.difference(after) {
        gone(all, image, node.name());
    }
    let status = node.get::<core::Node>().and_then(|node| node.status.as_ref());
    let images = status.and_then(|status| status.images.as_deref()).unwrap_or_default();
    for (name, size) in names(images).filter(|(name, _)| !before.contains(*name)) {
        let image = all.get_or_insert_with(name.into(), || Image { size, nodes: Set::new() });
        image.nodes.insert(node.name().into());
    }
}

/// A node no longer has an image.
pub fn gone(all: &mut Map<Rc<str>, Image>, image: &str, node: &str) {
    let Some(known) = all.get_mut(image) else { return };
    known.nodes.remove(node);
    if known.nodes.is_empty() {
        all.remove(image);
    }
}
