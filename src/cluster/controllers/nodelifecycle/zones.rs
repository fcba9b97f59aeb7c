//! How fast nodes may be emptied when many are lost at once.
//!
//! Upstream: `node_lifecycle_controller.go` (`handleDisruption`, `ComputeZoneState`), `scheduler/rate_limited_queue.go`. If
//! *all* nodes seem lost, it is probably the control plane that is cut off: nobody is evicted. If more than 55 % of a zone
//! (and at least three) are lost, eviction there slows down to one node in 100 s, or in zones of up to 50 nodes stops. In
//! all other cases one node in 10 s of each zone gets its `NoExecute` taint.

use super::taints::condition;
use crate::api::Object;
use crate::api::object::Objects;
use crate::cluster::controllers::shared::labels;
use crate::cluster::timing;
use crate::sim::{Duration, Sorted};

/// How a zone is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// Most nodes are ready.
    Normal,
    /// More than 55 % are not.
    Partial,
    /// None is.
    Full,
}

/// A node's region and zone (upstream: `GetZoneKey`).
pub type Zone<'a> = (&'a str, &'a str);

/// The zone of a node.
#[must_use]
pub fn zone(node: &Object) -> Zone<'_> {
    let label = |name: &str| labels(node.meta()).get(name).map_or("", String::as_str);
    (label("topology.kubernetes.io/region"), label("topology.kubernetes.io/zone"))
}

fn is_ready(node: &Object) -> bool {
    condition(node, "Ready").is_some_and(|ready| ready.status == "True")
}

/// Whether there are nodes and none anywhere is ready: every zone is [`State::Full`].
#[must_use]
pub fn all_lost(mut nodes: Objects) -> bool {
    nodes.next().is_some_and(|first| !is_ready(first) && !nodes.any(is_ready))
}

/// What is known of all zones.
#[derive(Debug, Default)]
pub struct Zones<'a>(Sorted<Zone<'a>, (usize, usize)>);

impl<'a> Zones<'a> {
    /// Counts nodes: all, and those that are not ready.
    #[must_use]
    pub fn of(nodes: Objects<'a>) -> Self {
        let mut zones: Sorted<Zone, (usize, usize)> = Sorted::new();
        for node in nodes {
            let ready = is_ready(node);
            let (all, lost) = zones.get_or_default(zone(node));
            *all += 1;
            *lost += usize::from(!ready);
        }
        Self(zones)
    }

    /// How a zone is.
    #[must_use]
    pub fn state(&self, zone: Zone) -> State {
        match self.0.get(&zone) {
            Some((all, lost)) if lost == all => State::Full,
            // Upstream: `--unhealthy-zone-threshold` 0.55.
            Some((all, lost)) if *lost > 2 && lost * 100 >= all * 55 => State::Partial,
            _ => State::Normal,
        }
    }

    /// The least time between two evictions in a zone, if not all nodes are lost; `None`: nobody is evicted.
    #[must_use]
    pub fn pause(&self, zone: Zone) -> Option<Duration> {
        let large = self.0.get(&zone).is_some_and(|(all, _)| *all > 50);
        match self.state(zone) {
            State::Partial => large.then_some(timing::NODE_EVICTION_PAUSE_SLOW),
            State::Normal | State::Full => Some(timing::NODE_EVICTION_PAUSE),
        }
    }
}
