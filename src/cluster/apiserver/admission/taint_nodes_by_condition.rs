//! `TaintNodesByCondition`: a new node takes no pods until its controller has seen it ready
//! (upstream: `plugin/pkg/admission/nodetaint`).

use super::{Attributes, Plugin};
use crate::api::object::Object;
use k8s_openapi::api::core::v1::{Node, Taint};

/// The plugin.
pub const PLUGIN: Plugin = Plugin {
    mutate: |request, object| {
        taint(request, object);
        Ok(())
    },
    ..Plugin::named("TaintNodesByCondition")
};

fn taint(request: &Attributes, object: &mut Object) {
    if !request.creates("Node") {
        return;
    }
    let Some(node) = object.get_mut::<Node>() else { return };
    let taints = node.spec.get_or_insert_default().taints.get_or_insert_default();
    let key = "node.kubernetes.io/not-ready";
    if !taints.iter().any(|taint| taint.key == key && taint.effect == "NoSchedule") {
        taints.push(Taint { key: key.to_owned(), effect: "NoSchedule".to_owned(), ..Taint::default() });
    }
}
