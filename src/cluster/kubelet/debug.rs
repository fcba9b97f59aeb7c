//! Ephemeral containers: what `kubectl debug` adds to a pod that runs.
//!
//! Upstream: `kuberuntime_manager.go` (`computePodActions`, step 5 of `SyncPod`). They are started before all others, even in
//! a pod whose init containers fail, and never again: whatever they do says nothing about the pod. They keep it from ending
//! as little. Left out: that one shares the processes of its target container.

use super::worker::{Slot, Worker};
use crate::api::kinds::pod::Pod;
use crate::sim::Order;
use k8s_openapi::api::core::v1::{Container, EphemeralContainer, PodSpec};
use std::ops::Range;
use std::rc::Rc;

/// An ephemeral container as the others are.
#[must_use]
pub fn plain(debug: &EphemeralContainer) -> Container {
    Container {
        name: debug.name.clone(),
        image: debug.image.clone(),
        image_pull_policy: debug.image_pull_policy.clone(),
        command: debug.command.clone(),
        args: debug.args.clone(),
        env: debug.env.clone(),
        env_from: debug.env_from.clone(),
        volume_mounts: debug.volume_mounts.clone(),
        restart_policy: Some("Never".to_owned()),
        ..Container::default()
    }
}

impl Worker {
    /// The slots of the pod's containers proper: behind those of its init containers, before those of ephemeral ones.
    #[must_use]
    pub fn mains(&self) -> Range<usize> {
        self.inits..self.inits + self.typed().spec.containers.len()
    }

    /// Ephemeral containers that have never been started.
    #[must_use]
    pub fn debuggers(&self) -> Vec<usize> {
        (self.mains().end..self.slots.len()).filter(|slot| self.slots[*slot].state.is_none()).collect()
    }

    /// Gives a slot to each ephemeral container that has none. A patch may put new ones before those that were there, whose
    /// places must not change here.
    pub fn add_debuggers(&mut self) {
        let known: Vec<Rc<str>> = self.slots[self.mains().end..].iter().map(|slot| slot.name.clone()).collect();
        let place = |debug: &EphemeralContainer| known.iter().position(|name| **name == *debug.name);
        let place = |debug: &EphemeralContainer| place(debug).unwrap_or(known.len());
        let spec = self.spec();
        let all = spec.ephemeral_containers.as_deref().unwrap_or_default();
        if !all.is_sorted_by_key(place)
            && let Some(pod) = self.pod.get_mut::<Pod>()
            && let Some(all) = &mut Rc::make_mut(&mut pod.spec).ephemeral_containers
        {
            all.order_by_key(place);
        }
        let spec = self.spec();
        self.slots.extend(added(&spec).skip(known.len()));
    }
}

/// The slots of the ephemeral containers of a pod.
pub fn added(spec: &PodSpec) -> impl Iterator<Item = Slot> + '_ {
    let all = spec.ephemeral_containers.iter().flatten();
    all.map(|debug| Slot { name: debug.name.as_str().into(), ..Slot::default() })
}
