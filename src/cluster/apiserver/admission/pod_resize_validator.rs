//! `PodResizeValidator`: no pod is given more than its node has (upstream: `plugin/pkg/admission/podresize`).

use super::{Attributes, Plugin};
use crate::api::Status;
use crate::api::kinds::{node, pod::Pod};
use crate::api::object::{Key, Object};
use crate::api::pod::amounts;
use crate::api::quantity::Quantity;
use k8s_openapi::api::core::v1::Node;
use std::cmp::Ordering;

/// The plugin.
pub const PLUGIN: Plugin = Plugin { validate, ..Plugin::named("PodResizeValidator") };

fn validate(request: &mut Attributes, object: Option<&Object>) -> Result<(), Status> {
    if request.review.request.target.subresource != "resize" {
        return Ok(());
    }
    match object {
        Some(object) => fits(request, object),
        None => Ok(()),
    }
}

fn fits(request: &Attributes, object: &Object) -> Result<(), Status> {
    let (Some(pod), Some(old)) = (object.get::<Pod>(), request.old) else { return Ok(()) };
    let Some(name) = pod.node().filter(|_| old.meta().generation != pod.metadata.generation) else { return Ok(()) };
    let refuse = |text: &str| Status::forbidden(object.kind(), object.name(), text);
    let node = request.review.cache.get(&node::KIND, &Key::new("", name)).and_then(|node| node.get::<Node>());
    let node = node.ok_or_else(|| refuse(&format!("node \"{name}\" not found")))?;
    let offers = amounts::read(node.status.as_ref().and_then(|status| status.allocatable.as_ref()));
    let wants = amounts::requests(&pod.spec, true);
    let lack = |name: &str, value: fn(&Quantity) -> i64| {
        let (wanted, offered) = (wants.get(name)?, offers.get(name)?);
        let more = wanted.compare(offered) == Ordering::Greater;
        more.then(|| format!("{name}, requested: {}, allocatable: {}", value(wanted), value(offered)))
    };
    let lacks = [lack("cpu", Quantity::milli_value), lack("memory", Quantity::value)];
    let lacks: Vec<String> = lacks.into_iter().flatten().collect();
    if lacks.is_empty() {
        return Ok(());
    }
    Err(refuse(&format!("node didn't have enough allocatable resources: {}", lacks.join("; "))))
}
