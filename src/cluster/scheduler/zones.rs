//! In which order the nodes are examined: one of each zone in turn.

use crate::api::object::Object;
use crate::sim::Map;
use std::rc::Rc;

/// The nodes of each zone in order of appearance. Upstream: `backend/cache/node_tree.go`.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Zones {
    zones: Vec<(Rc<str>, Vec<Rc<str>>)>,
    of: Map<Rc<str>, Rc<str>>,
}

impl Zones {
    /// Puts a node into a zone. Says whether it was not there before.
    pub fn put(&mut self, zone: &Rc<str>, node: &Rc<str>) -> bool {
        if self.of.get(node) == Some(zone) {
            return false;
        }
        self.remove(node);
        self.of.insert(node.clone(), zone.clone());
        match self.zones.iter_mut().find(|(name, _)| name == zone) {
            Some((_, nodes)) => nodes.push(node.clone()),
            None => self.zones.push((zone.clone(), vec![node.clone()])),
        }
        true
    }

    pub fn remove(&mut self, node: &Rc<str>) {
        let Some(zone) = self.of.remove(node) else { return };
        for (_, nodes) in self.zones.iter_mut().filter(|(name, _)| *name == zone) {
            nodes.retain(|name| name != node);
        }
        self.zones.retain(|(_, nodes)| !nodes.is_empty());
    }

    /// The first node of each zone, then the second of each, and so on.
    pub fn order(&self) -> Vec<Rc<str>> {
        let longest = self.zones.iter().map(|(_, nodes)| nodes.len()).max().unwrap_or(0);
        (0..longest)
            .flat_map(|place| self.zones.iter().filter_map(move |(_, nodes)| nodes.get(place)).cloned())
            .collect()
    }
}

/// Upstream: `component-helpers/node/topology/helpers.go`, `GetZoneKey`.
pub fn zone_of(object: &Object) -> Rc<str> {
    let labels = object.meta().labels.as_ref();
    let label = |names: [&str; 2]| {
        let value = names.iter().find_map(|name| labels?.get(*name));
        value.map(String::as_str).unwrap_or_default()
    };
    let zone = label(["topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone"]);
    let region = label(["topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/region"]);
    if zone.is_empty() && region.is_empty() { "".into() } else { format!("{region}:{zone}").into() }
}
