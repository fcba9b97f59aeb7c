//! Where to look: the place of a fact in the world, for a camera that shows only a part of it.

use super::display::Area;
use super::layout::Layout;
use super::script::Script;
use super::sprites::controllers;
use crate::cluster::fact::{AttemptResult, Fact};
use crate::cluster::wire::Address;
use crate::sim::{FactId, Time, Trace};

/// The place of the beat of the story that is being told at a moment; `None` when none is.
#[must_use]
pub fn place(layout: &Layout, script: &Script, trace: &Trace<Fact>, t: Time) -> Option<(f64, f64)> {
    let beats = script.pace.beats();
    let end = beats.partition_point(|beat| beat.at <= t);
    let beat = beats[..end].iter().rev().take(64).find(|beat| beat.lead)?;
    of(layout, &trace.get(FactId(beat.head))?.fact)
}

/// The place of a fact in world units.
#[must_use]
pub fn of(layout: &Layout, fact: &Fact) -> Option<(f64, f64)> {
    let node = |node: &std::rc::Rc<str>| {
        let at = layout.ship(node).map(|ship| (ship.x + 194.0, ship.y - 40.0));
        let at = at.or_else(|| layout.square(node).map(|square| square.middle()));
        Some(at.unwrap_or_else(|| layout.area_of(&Address::Kubelet(node.clone())).middle()))
    };
    let who = |address: &Address| Some(layout.to_bridge(address).point(0.5));
    match fact {
        Fact::Input(_) | Fact::Answer { .. } => Some(layout.area_of(&Address::User).middle()),
        Fact::Requested { call, .. } | Fact::Gate { call, .. } | Fact::Answered { call, .. } => who(&call.from),
        Fact::Committed { .. } => Some(layout.area_of(&Address::Etcd(0)).middle()),
        Fact::WatchOpened { by, .. } | Fact::WatchLost { by, .. } => who(by),
        Fact::Watched { to, .. } => who(to),
        Fact::PodQueued { .. } => Some(layout.area_of(&Address::Scheduler).middle()),
        Fact::Attempted(attempt) => match &attempt.result {
            AttemptResult::Chosen(chosen) => node(chosen),
            AttemptResult::Unschedulable | AttemptResult::Error(_) => {
                Some(layout.area_of(&Address::Scheduler).middle())
            }
        },
        Fact::ProcessStopped { process: by, .. }
        | Fact::LeaderChanged { by, .. }
        | Fact::Reconciled { by, .. }
        | Fact::Retried { by, .. } => Some(layout.area_of(by).middle()),
        Fact::ManifestRead { node: on, .. }
        | Fact::PodAccepted { node: on, .. }
        | Fact::PodRefused { node: on, .. }
        | Fact::SandboxReady { node: on, .. }
        | Fact::Pulling { node: on, .. }
        | Fact::Pulled { node: on, .. }
        | Fact::PullFailed { node: on, .. }
        | Fact::ContainerStarted { node: on, .. }
        | Fact::StartFailed { node: on, .. }
        | Fact::ContainerExited { node: on, .. }
        | Fact::BackOff { node: on, .. }
        | Fact::Probed { node: on, .. }
        | Fact::PodStopping { node: on, .. }
        | Fact::ContainerKilled { node: on, .. }
        | Fact::PodStopped { node: on, .. }
        | Fact::ImageRemoved { node: on, .. }
        | Fact::VolumeWritten { node: on, .. }
        | Fact::Resized { node: on, .. }
        | Fact::Pressure { node: on, .. }
        | Fact::PodEvicted { node: on, .. }
        | Fact::NetworkCut { node: on, .. } => node(on),
        Fact::Fault { fault, of, .. } => Some(befallen(layout, fault, of).middle()),
    }
}

/// What a fault befalls: a controller's window, the registry, a process's room, else a ship's captain.
#[must_use]
pub fn befallen(layout: &Layout, fault: &str, of: &str) -> Area {
    let rooms = [Address::ApiServer, Address::Etcd(0), Address::ControllerManager, Address::Scheduler];
    let node = || of.rsplit('/').next().unwrap_or(of);
    match fault {
        "controller" => layout.window(controllers::index(of)),
        "image" | "registry" => layout.registry(),
        _ => {
            let room = rooms.into_iter().find(|room| room.to_string() == of);
            layout.area_of(&room.unwrap_or_else(|| Address::Kubelet(node().into())))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::testing;

    #[test]
    fn every_beat_has_a_place_in_the_world() {
        let trace = testing::trace_of_a_deployment();
        let (layout, script) = (Layout::of(&testing::harbour(3, 0), false), Script::of(&trace));
        assert_eq!(place(&layout, &script, &trace, Time::ZERO), None);
        for beat in script.pace.beats() {
            let (x, y) = of(&layout, &trace.get(FactId(beat.head)).unwrap().fact).unwrap();
            assert!((0.0..=1600.0).contains(&x) && (0.0..=1000.0).contains(&y), "{beat:?}");
        }
        let end = place(&layout, &script, &trace, Time::from_secs(60)).unwrap();
        assert!((end.0 - 954.0).abs() < 1.0, "on node-2: {end:?}");
    }
}
