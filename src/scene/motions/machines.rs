//! Rooms, cabins and cables: a lit window, a lease's tick, a process that stops, a network that is cut.

use super::{READING_MS, Shown, moving};
use crate::api::kinds::pod;
use crate::api::object::ObjectRef;
use crate::cluster::fact::Fact;
use crate::cluster::wire::Address;
use crate::scene::attention;
use crate::scene::display::{Area, Layer, Look};
use crate::scene::pen::Pen;
use crate::scene::sprites::{controllers, signs};
use crate::scene::stage::{Stage, Thing};
use crate::scene::theme::Token;
use crate::sim::Sorted;

/// How long a window stays lit, and a retry's ring is seen, after its motion, in milliseconds.
const GLOW_MS: f64 = 120.0;

/// The controllers' windows that are lit: however much a controller does, it has one.
pub fn draw_windows(stage: &mut Stage, shown: &[Shown]) {
    let mut windows = Sorted::<usize, &Shown>::new();
    for one in shown.iter().filter(|one| one.lasts(GLOW_MS)) {
        let Fact::Reconciled { by: Address::ControllerManager, controller, .. } = &one.record.fact else { continue };
        let index = controllers::index(controller);
        if windows.get(&index).is_none_or(|before| one.outshines(before)) {
            windows.insert(index, one);
        }
    }
    for (index, one) in windows {
        let Fact::Reconciled { object, .. } = &one.record.fact else { continue };
        let area = stage.layout.window(index);
        let thing = Thing::new(format!("window/{}/{index}", one.record.id.0), "window", Layer::Control, area)
            .at(area.x, area.y, 1.0)
            .because(one.record.id)
            .of(object)
            .faint(one.opacity());
        stage.put(thing, |pen| controllers::window(pen, index, Some(1.0)));
    }
}

/// A program in a container works: its crate glows.
pub fn program(stage: &mut Stage, one: &Shown) {
    let Fact::Reconciled { by: by @ Address::Sidecar(_, name), object, .. } = &one.record.fact else { return };
    if one.lasts(GLOW_MS) {
        let area = carrier(stage, by);
        let (x, y) = area.middle();
        let thing = moving(one, "program", "program", (x, y), area.w / 2.0).of(object).says(&**name);
        let (w, h, wide) = (1.16 * area.w, 1.2 * area.h, 0.12 * area.w);
        stage.put(thing, |pen| pen.rect([-w / 2.0, -h / 2.0, w, h], wide, Look::line(Token::Glow, wide)));
    }
}

/// The crate in which a program runs, or what carries it.
fn carrier(stage: &Stage, by: &Address) -> Area {
    let crate_ = || {
        let Address::Sidecar(node, name) = by else { return None };
        let (namespace, rest) = name.split_once('/')?;
        stage.pod_area(&ObjectRef::new(&pod::KIND, namespace, rest.split('/').next()?), node)
    };
    crate_().unwrap_or_else(|| stage.layout.area_of(by))
}

/// A controller will try again.
pub fn retry(stage: &mut Stage, one: &Shown) {
    let Fact::Retried { by, controller, object, after, error } = &one.record.fact else { return };
    if one.lasts(GLOW_MS) {
        let (x, y) = match by {
            Address::Sidecar(..) => carrier(stage, by).middle(),
            _ => stage.layout.window(controllers::index(controller)).middle(),
        };
        let says = format!("{:.0}", after.as_secs_f64().ceil());
        let thing = moving(one, "retry", "ring", (x, y), 20.0).of(object).says(&**error);
        stage.put(thing, |pen| signs::ring(pen, 1.0, &says));
    }
}

/// The tick at a cabin whose kubelet renews its lease.
#[inline(never)]
pub fn heartbeat(stage: &mut Stage, one: &Shown) {
    let Fact::Requested { call, .. } = &one.record.fact else { return };
    if one.lasts(0.0) {
        let (x, y) = stage.layout.area_of(&call.from).middle();
        let thing = moving(one, "lease", "tick", (x + 22.0, y - 26.0), 10.0);
        stage.put(thing, |pen| pen.at(0.0, 0.0, 0.8, signs::tick));
    }
}

/// A sign at a machine.
pub fn sign(stage: &mut Stage, one: &Shown) {
    match &one.record.fact {
        Fact::PodAccepted { node, pod } if one.lasts(0.0) => {
            let who = Address::Kubelet(node.clone());
            let (x, y) = stage.layout.area_of(&who).middle();
            let thing = moving(one, "accepted", "accepted", (x, y - 9.0), 26.0).of(pod);
            stage.put(thing, |pen| pen.circle(0.0, 0.0, 26.0, Look::line(Token::Glow, 6.0)));
        }
        Fact::ManifestRead { node, file, error, .. } if one.lasts(300.0) => {
            let who = Address::Kubelet(node.clone());
            let (x, y) = stage.layout.area_of(&who).middle();
            let (thing, wrong) = (moving(one, "manifest", "manifest", (x, y - 9.0), 22.0), !error.is_empty());
            stage.put(thing.says(&**file), |pen| if wrong { signs::stop(pen) } else { signs::tick(pen) });
        }
        Fact::ProcessStopped { process, stopped: ends } | Fact::LeaderChanged { by: process, leads: ends, .. }
            if one.lasts(600.0) =>
        {
            let area = stage.layout.area_of(process);
            let (x, y) = area.middle();
            let thing = Thing::new(one.id("stop"), "stop", Layer::Fault, Area::around(x, y, 22.0));
            let stopped = *ends == matches!(one.record.fact, Fact::ProcessStopped { .. });
            stage.put(thing.at(x, y, 1.0).because(one.record.id).says(process.to_string()), |pen| {
                if stopped { signs::stop(pen) } else { signs::tick(pen) }
            });
        }
        Fact::NetworkCut { node, cut } if one.lasts(600.0) => {
            let route = stage.layout.to_bridge(&Address::Kubelet(node.clone()));
            let (x, y) = route.0[0];
            let thing = Thing::new(one.id("cut"), "cut", Layer::Fault, Area::around(x, y - 20.0, 22.0));
            let cut = *cut;
            stage.put(thing.at(x, y - 20.0, 1.0).because(one.record.id).says(&**node), |pen| {
                if cut { signs::cut(pen) } else { signs::tick(pen) }
            });
        }
        _ => {}
    }
}

/// A sign at what a fault, a shortage or a clearing of disk befalls, and what it is about.
pub fn befallen(stage: &mut Stage, one: &Shown) {
    if !one.lasts(READING_MS) {
        return;
    }
    let captain = |node: &std::rc::Rc<str>| Address::Kubelet(node.clone());
    let (area, said, draw): (Area, &str, fn(&mut Pen)) = match &one.record.fact {
        Fact::Fault { fault, of, on } => {
            let begins = if matches!(*fault, "slow" | "cut") { signs::cut } else { signs::stop };
            (attention::befallen(stage.layout, fault, of), of, if *on { begins } else { signs::tick })
        }
        Fact::Pressure { node, condition, on } => {
            (stage.layout.area_of(&captain(node)), condition, if *on { signs::triangle } else { signs::tick })
        }
        Fact::ImageRemoved { node, image } => (stage.layout.area_of(&captain(node)), image, signs::tag),
        _ => return,
    };
    let (x, y) = area.middle();
    let thing = Thing::new(one.id("sign"), "sign", Layer::Fault, Area::around(x, y, 22.0));
    stage.put(thing.at(x, y, 1.0).because(one.record.id).says(said).faint(one.opacity()), draw);
}
