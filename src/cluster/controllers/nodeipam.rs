//! Node IPAM: gives each node a part of the cluster's pod network, from which its pods take their addresses.
//!
//! Upstream: `pkg/controller/nodeipam/ipam/range_allocator.go` and `cidrset/cidr_set.go`: the parts are given in turn, a
//! part that is free again only after all others. Left out: two stacks, other sizes than /24, parts that a Service range
//! hides.

use super::shared::subject;
use crate::api::kinds::node;
use crate::api::request::PatchType;
use crate::api::{Object, Ref, Request};
use crate::cluster::client::controller::{Controller, Failed, Memory, Note, Reconcile, Saying, Wake, Watch};
use k8s_openapi::api::core::v1::Node;
use serde_json::json;
use std::net::Ipv4Addr;
use std::rc::Rc;

/// The controller.
pub static CONTROLLER: Controller = Controller {
    name: "node-ipam-controller",
    account: "node-controller",
    workers: 30,
    watches: &[Watch::mapped(&node::KIND, wake)],
    period: None,
    retries: 0,
    reconcile,
    failed: Some(failed),
};

/// Which part is given next.
const NEXT: &str = "next";

fn wake(wake: &mut Wake, old: Option<&Object>, new: Option<&Object>) {
    let Some(range) = range(wake.flag("allocate-node-cidrs"), wake.flag("cluster-cidr")) else { return };
    match new {
        Some(node) => match cidr(node) {
            "" => wake.object(node),
            now if old.is_some_and(|old| cidr(old) == now) => {}
            now => {
                wake.memory().remove(&given(node.name()));
                if let Some(part) = range.part_of(now) {
                    wake.memory().insert(taken(part), Note::Number(0));
                }
            }
        },
        None => {
            if let Some(part) = old.and_then(|node| range.part_of(cidr(node))) {
                wake.memory().remove(&taken(part));
            }
        }
    }
}

fn reconcile(key: &Ref, reconcile: &mut Reconcile) -> Result<(), String> {
    let range = range(reconcile.flag("allocate-node-cidrs"), reconcile.flag("cluster-cidr"));
    let Some((range, node)) = range.zip(subject(reconcile, key)).filter(|(_, node)| cidr(node).is_empty()) else {
        return Ok(());
    };
    let Some(part) = range.allocate(reconcile.memory) else {
        let text = format!("Node {} status is now: CIDRNotAvailable", node.name());
        reconcile.say(Saying::normal(node, "CIDRNotAvailable", text));
        return Err("failed to allocate cidr from cluster cidr at idx:0: CIDR allocation failed; there are no remaining CIDRs left to \
                    allocate in the accepted range"
            .to_owned());
    };
    reconcile.memory.insert(given(node.name()), Note::Number(part.into()));
    let text = range.text(part);
    let patch = json!({"spec": {"podCIDR": text, "podCIDRs": [text]}});
    reconcile.request(Request::patch(&node::KIND, &node.key(), PatchType::Strategic, patch));
    Ok(())
}

/// The node could not be written: the part is free again, unless the server may have taken it after all.
fn failed(key: &Ref, reconcile: &mut Reconcile, (_, error): Failed) {
    if let Some(node) = subject(reconcile, key) {
        let text = format!("Node {} status is now: CIDRAssignmentFailed", node.name());
        reconcile.say(Saying::normal(node, "CIDRAssignmentFailed", text));
    }
    if error.reason == "ServerTimeout" {
        return;
    }
    if let Some(Note::Number(part)) = reconcile.memory.remove(&given(&key.key.name)) {
        reconcile.memory.remove(&taken(u32::try_from(part).unwrap_or_default()));
    }
}

fn cidr(node: &Object) -> &str {
    node.get::<Node>().and_then(|node| node.spec.as_ref()?.pod_cidr.as_deref()).unwrap_or_default()
}

fn taken(part: u32) -> Rc<str> {
    format!("taken {part}").into()
}

fn given(node: &str) -> Rc<str> {
    format!("given {node}").into()
}

/// The cluster's pod network: where it begins, and how many parts it has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Range {
    base: u32,
    parts: u32,
}

fn range(allocates: Option<&str>, cluster: Option<&str>) -> Option<Range> {
    let (base, bits) = cluster.filter(|_| allocates == Some("true"))?.split_once('/')?;
    let bits: u32 = bits.parse().ok().filter(|bits| *bits <= 24)?;
    Some(Range { base: base.parse::<Ipv4Addr>().ok()?.into(), parts: 1 << (24 - bits) })
}

impl Range {
    fn part_of(self, cidr: &str) -> Option<u32> {
        let address: u32 = cidr.split('/').next()?.parse::<Ipv4Addr>().ok()?.into();
        Some(address.checked_sub(self.base)? >> 8).filter(|part| *part < self.parts)
    }

    fn text(self, part: u32) -> String {
        format!("{}/24", Ipv4Addr::from(self.base + (part << 8)))
    }

    /// Upstream: `CidrSet.AllocateNext`.
    fn allocate(self, memory: &mut Memory) -> Option<u32> {
        let next = match memory.get(NEXT) {
            Some(Note::Number(next)) => u32::try_from(*next).unwrap_or_default(),
            _ => 0,
        };
        let part = (0..self.parts).map(|n| (next + n) % self.parts).find(|part| !memory.contains_key(&taken(*part)))?;
        memory.insert(taken(part), Note::Number(0));
        memory.insert(NEXT.into(), Note::Number(((part + 1) % self.parts).into()));
        Some(part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Status;
    use crate::cluster::client::testing::told_after;

    #[test]
    fn a_node_that_cannot_be_written_is_told_of() {
        let node = (node::KIND.decode)(json!({"metadata": {"name": "n1"}, "spec": {}})).expect("a node");
        let request = Request::update(node.clone());
        let told = told_after(
            &CONTROLLER,
            std::slice::from_ref(&node),
            &node.reference(),
            (&request, &Status::internal("no")),
        );
        assert_eq!(told, ["CIDRAssignmentFailed: Node n1 status is now: CIDRAssignmentFailed"]);
    }

    #[test]
    fn parts_are_given_in_turn_and_one_that_is_free_again_after_all_others() {
        let range = range(Some("true"), Some("10.244.0.0/22")).expect("a range");
        let mut memory = Memory::default();
        memory.insert(taken(1), Note::Number(0));
        let mut next = || range.allocate(&mut memory).map(|part| range.text(part));
        assert_eq!(next().as_deref(), Some("10.244.0.0/24"));
        assert_eq!(next().as_deref(), Some("10.244.2.0/24"));
        memory.remove(&taken(0));
        let mut next = || range.allocate(&mut memory).map(|part| range.text(part));
        assert_eq!(next().as_deref(), Some("10.244.3.0/24"));
        assert_eq!(next().as_deref(), Some("10.244.0.0/24"));
        assert_eq!(next(), None);
        assert_eq!(
            (range.part_of("10.244.2.0/24"), range.part_of("10.245.0.0/24"), range.part_of("")),
            (Some(2), None, None)
        );
    }

    #[test]
    fn who_was_not_told_to_allocates_nothing() {
        assert_eq!(super::range(None, Some("10.244.0.0/16")), None);
        assert_eq!(super::range(Some("false"), Some("10.244.0.0/16")), None);
        assert_eq!(super::range(Some("true"), Some("10.244.0.0/26")), None);
    }
}
