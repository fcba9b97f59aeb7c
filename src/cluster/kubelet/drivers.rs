//! Storage drivers of a node: a registrar in a pod tells the kubelet of the driver beside it, and the node's `CSINode` says so.
//!
//! Upstream: `pkg/kubelet/pluginmanager`, `pkg/volume/csi/csi_plugin.go` (`RegisterPlugin`, `DeRegisterPlugin`) and
//! `nodeinfomanager/nodeinfomanager.go` (`InstallCSIDriver`). A driver is there as long as both its containers run.
//!
//! Left out: the empty `CSINode` of a node that has never had a driver.

use super::worker::{Worker, container};
use super::{Kubelet, Sent};
use crate::api::document::Document;
use crate::api::kinds::{csi_node, node};
use crate::api::request::PatchType;
use crate::api::{Key, Object, Request, Status};
use crate::cluster::wire::{Driver, Event, Reply, Timer, program};
use crate::cluster::{Cx, timing};
use crate::sim::SortedSet;
use serde_json::{Value, json};
use std::rc::Rc;

/// The program that tells the kubelet of a driver.
const REGISTRAR: &str = "csi-node-driver-registrar";
/// The `CSINode` is written again.
pub const DRIVERS: &str = "drivers";

/// Whether a container of this image has to do with drivers.
pub fn concerns(image: &str) -> bool {
    matches!(program(image), REGISTRAR | "hostpathplugin")
}

/// The driver that a pod registers.
fn registered(worker: &Worker) -> Option<Driver> {
    let spec = worker.spec();
    let running = || (0..worker.slots.len()).filter(|slot| worker.slots[*slot].running().is_some());
    let image = |slot: usize| container(&spec, slot).image.clone().unwrap_or_default();
    running().find(|slot| program(&image(*slot)) == REGISTRAR)?;
    running().find_map(|slot| Driver::of(&image(slot), container(&spec, slot).args.as_deref().unwrap_or_default()))
}

impl Kubelet {
    /// Whether a driver has registered.
    pub(super) fn has_driver(&self, name: &str) -> bool {
        self.drivers.iter().any(|driver| &*driver.name == name)
    }

    /// A container has started or ended: a driver may have come or gone.
    pub(super) fn look_for_drivers(&mut self, cx: &mut Cx) {
        let found: SortedSet<Driver> = self.workers.values().filter_map(registered).collect();
        if found != self.drivers {
            self.drivers = found;
            self.write_drivers(cx);
        }
    }

    /// Reads the `CSINode`, to write it.
    #[inline(never)]
    pub(super) fn write_drivers(&mut self, cx: &mut Cx) {
        let key = Key::new("", &self.machine.name);
        let id = self.client.request(cx, Request::get(&csi_node::KIND, &key));
        self.requests.insert(id, Sent::Drivers(false));
    }

    /// The `CSINode` has been read, or (`written`) written.
    #[inline(never)]
    pub(super) fn drivers_answered(&mut self, cx: &mut Cx, written: bool, outcome: &Result<Reply, Rc<Status>>) {
        match outcome {
            Ok(_) if written => {}
            Ok(Reply::Object { object, .. }) => self.update_drivers(cx, object.clone()),
            Err(status) if status.code == 404 && !written => self.create_drivers(cx),
            _ => cx.after(timing::CSI_RETRY, Event::Timer(Timer::new(DRIVERS))),
        }
    }

    fn entries(&self) -> Value {
        let entry = |driver: &Driver| {
            let keys = if driver.topology { json!([Driver::TOPOLOGY]) } else { Value::Null };
            json!({"name": &*driver.name, "nodeID": &*self.machine.name, "topologyKeys": keys})
        };
        self.drivers.iter().map(entry).collect()
    }

    fn update_drivers(&mut self, cx: &mut Cx, mut object: Object) {
        let entries = self.entries();
        let same = object.document().is_some_and(|node| node.at("spec.drivers") == Some(&entries));
        if let Some(document) = object.document_mut().filter(|_| !same) {
            document.set("spec.drivers", entries);
            let id = self.client.request(cx, Request::update(object));
            self.requests.insert(id, Sent::Drivers(true));
        }
        self.mark_node(cx);
    }

    fn create_drivers(&mut self, cx: &mut Cx) {
        let name = &*self.machine.name;
        let owner = json!({"apiVersion": "v1", "kind": "Node", "name": name, "uid": self.registered_uid()});
        let value =
            json!({"metadata": {"name": name, "ownerReferences": [owner]}, "spec": {"drivers": self.entries()}});
        if let Ok(document) = Document::read(&csi_node::KIND, value) {
            let id = self.client.request(cx, Request::create(Object::from_document(document)));
            self.requests.insert(id, Sent::Drivers(true));
        }
        self.mark_node(cx);
    }

    /// The node itself says under which name drivers know it, and where it lies for them.
    fn mark_node(&mut self, cx: &mut Cx) {
        let name = &*self.machine.name;
        let ids: serde_json::Map<String, Value> =
            self.drivers.iter().map(|driver| (driver.name.to_string(), name.into())).collect();
        let known = if ids.is_empty() { Value::Null } else { Value::from(Value::Object(ids).to_string()) };
        let mut metadata = json!({"annotations": {"csi.volume.kubernetes.io/nodeid": known}});
        if self.drivers.iter().any(|driver| driver.topology) {
            metadata["labels"] = json!({Driver::TOPOLOGY: name});
        }
        let patch = json!({"metadata": metadata});
        let request = Request::patch(&node::KIND, &Key::new("", name), PatchType::Strategic, patch);
        self.client.request(cx, request);
    }
}
