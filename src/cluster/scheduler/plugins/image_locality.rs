//! `ImageLocality`: nodes that already have the pod's images get points for their size, less if few nodes have them.
//! Upstream: `plugins/imagelocality/image_locality.go`.

use crate::cluster::scheduler::framework::{Cycle, MAX_NODE_SCORE, Plugin, PreScore, Scorer};
use crate::cluster::scheduler::nodes::NodeInfo;
use std::borrow::Cow;
use std::rc::Rc;

const MB: i64 = 1024 * 1024;
/// Sums below it give no points.
const LEAST: i64 = 23 * MB;
/// Sums above it (for each container) give all points.
const MOST: i64 = 1000 * MB;

/// The plugin.
#[derive(Debug)]
pub struct ImageLocality;

impl Plugin for ImageLocality {
    fn name(&self) -> &'static str {
        "ImageLocality"
    }

    fn pre_score<'a>(&self, cycle: &Cycle<'a>, _nodes: &[&'a NodeInfo]) -> PreScore<'a> {
        let spec = cycle.pod.spec();
        let containers = spec.init_containers.iter().flatten().chain(&spec.containers);
        let volumes = spec.volumes.iter().flatten().filter_map(|volume| volume.image.as_ref());
        let names = containers.map(|c| c.image.as_deref()).chain(volumes.map(|image| image.reference.as_deref()));
        let (mut count, mut images) = (0, Vec::new());
        for name in names {
            count += 1;
            let known = name.and_then(|name| {
                let name: Rc<str> = tagged(name).into();
                cycle.snapshot.images.get(&name).map(|image| (name, image))
            });
            if let Some((name, image)) = known {
                images.push((name, scaled(image.size, image.nodes.len(), cycle.snapshot.nodes.len())));
            }
        }
        PreScore::Run(Box::new(Images { count, images }))
    }
}

/// How many images the pod has, and for those that some node has what they are worth.
struct Images {
    count: i64,
    images: Vec<(Rc<str>, i64)>,
}

impl Scorer for Images {
    fn score(&self, node: &NodeInfo) -> i64 {
        let here = self.images.iter().filter(|(name, _)| node.images.contains(name));
        let sum: i64 = here.map(|(_, worth)| worth).sum();
        let most = MOST * self.count;
        if most <= LEAST {
            return 0;
        }
        MAX_NODE_SCORE * (sum.clamp(LEAST, most) - LEAST) / (most - LEAST)
    }
}

/// The size scaled by the part of the nodes that have the image, so that pods do not all go to the one that has it.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "as upstream")]
fn scaled(size: i64, on: usize, of: usize) -> i64 {
    let spread = on as f64 / of as f64;
    (size as f64 * spread) as i64
}

/// Upstream: `normalizedImageName`.
fn tagged(name: &str) -> Cow<'_, str> {
    if name.rfind(':') <= name.rfind('/') { Cow::Owned(format!("{name}:latest")) } else { Cow::Borrowed(name) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::scheduler::testing::node;
    use serde_json::json;

    #[test]
    fn names_get_their_tag() {
        assert_eq!(tagged("nginx"), "nginx:latest");
        assert_eq!(tagged("host:5000/nginx"), "host:5000/nginx:latest");
        assert_eq!(tagged("host:5000/nginx:1"), "host:5000/nginx:1");
    }

    #[test]
    fn only_nodes_that_have_the_image_get_points() {
        let status = json!({"images": [{"names": ["big:1"], "sizeBytes": 1000 * MB}]});
        let images = Images { count: 1, images: vec![("big:1".into(), scaled(1000 * MB, 1, 2))] };
        assert_eq!(images.score(&node(&json!({}), &json!({}), &status)), 48);
        assert_eq!(images.score(&node(&json!({}), &json!({}), &json!({}))), 0);
    }
}
