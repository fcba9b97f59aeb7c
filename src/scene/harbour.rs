//! The harbour as it stands, from the view: who is where and in what state. Nothing here moves by itself.

use super::Truth;
use super::display::{Area, Layer, Look};
use super::layout::{BOARD, DEEPEST, Grid, Layout, SHIPS, Spot, board_slot, load};
use super::pen::sine;
use super::sprites::{board, bridge, buoy, control_ship, controllers, crane, fog, hut, lighthouse, log_room};
use super::sprites::{crate_, quay, registry, sea, ship as ship_sprite, signs, skyline};
use super::stage::{LEAST_HIT, Stage, Thing};
use super::status;
use super::theme::Token;
use crate::cluster::view::{NodeView, PodView, Readiness};
use crate::cluster::wire::Address;
use crate::sim::Order;
use std::fmt::Write;

/// Draws everything that is settled.
pub fn draw(stage: &mut Stage) {
    backdrop(stage);
    if stage.layout.field.is_none() {
        lanes(stage);
    }
    control(stage);
    let layout = stage.layout;
    for ship in &layout.ships {
        cargo_ship(stage, ship);
    }
    if layout.field.is_none() {
        front_water(stage);
    }
    queue(stage);
    services(stage);
    watches(stage);
}

fn runs(stage: &Stage, who: &Address) -> bool {
    !stage.frame.view.stopped.contains(who)
}

fn backdrop(stage: &mut Stage) {
    let (w, h) = stage.layout.world;
    let everywhere = Area::new(-sea::BLEED, -sea::BLEED, w + 2.0 * sea::BLEED, h + 2.0 * sea::BLEED);
    stage.put(Thing::new("sky", "sky", Layer::Sky, everywhere), |pen| sea::sky(pen, w));
    let far = Area::new(1250.0, 196.0, 252.0, 124.0);
    let shift = w - 1600.0;
    stage.put(Thing::new("skyline", "skyline", Layer::Far, far).at(shift, 0.0, 1.0), skyline::draw);
    stage.put(Thing::new("sea", "sea", Layer::Sea, everywhere), |pen| sea::sea(pen, (w, h)));
    let drift = drift(stage);
    stage.put(Thing::new("waves", "waves", Layer::Sea, everywhere), |pen| sea::waves(pen, (w, h), drift));
    stage.put(Thing::new("quay", "quay", Layer::Quay, Area::new(-900.0, 440.0, 1192.0, 2460.0)), quay::draw);
    let user = runs(stage, &Address::User);
    let area = stage.layout.area_of(&Address::User);
    let name = stage.text("stage-hut", &[]);
    stage.put(Thing::new("hut", "hut", Layer::Quay, area).says(name).touched(), |pen| hut::draw(pen, !user));
    let area = stage.layout.registry();
    let name = stage.text("stage-registry", &[]);
    stage.put(Thing::new("registry", "registry", Layer::Quay, area).says(name).touched(), registry::draw);
    let area = Area::new(1470.0, 382.0, 116.0, 184.0);
    stage.put(Thing::new("lighthouse", "lighthouse", Layer::Quay, area).at(shift, 0.0, 1.0), lighthouse::draw);
}

/// Waves: 2 wu in 6 s.
fn drift(stage: &Stage) -> f64 {
    let options = stage.frame.options;
    if options.reduced || !options.ambient {
        return 0.0;
    }
    2.0 * sine(stage.frame.pres_ms / 6000.0)
}

fn lanes(stage: &mut Stage) {
    let (layout, trunk) = (&stage.layout, stage.layout.trunk_x());
    let mut data = format!("M222 390H330V214H{}", 690.0 + layout.shift);
    let mut xs: Vec<f64> = layout.ships.iter().filter(|s| s.row == 0).map(|s| s.x + 50.0).collect();
    xs.push(trunk);
    if layout.rows() > 1 {
        xs.push(layout.riser_x());
    }
    let (left, right) = (xs.iter().copied().fold(trunk, f64::min), xs.iter().copied().fold(trunk, f64::max));
    let _ = write!(data, "M{trunk} 488V560M{left} 560H{right}");
    for row in 1..layout.rows() {
        let right = layout.ships.iter().filter(|s| s.row == row).map(|s| s.x + 50.0).fold(0.0, f64::max);
        let (riser, bus) = (layout.riser_x(), Layout::bus_y(row));
        let _ = write!(data, "M{riser} 560V{bus}H{right}");
    }
    for ship in &layout.ships {
        let _ = write!(data, "M{} {}V{}", ship.x + 50.0, Layout::bus_y(ship.row), ship.y - 101.0 + ship.sink);
    }
    let area = Area::new(216.0, 214.0, right, layout.world.1 - 330.0);
    stage.put(Thing::new("lanes", "lane", Layer::Lane, area), |pen| {
        pen.path(&data, Look::line(Token::Halo, 11.0).faint(0.5));
        pen.path(&data, Look::line(Token::Lane, 7.0));
    });
}

fn control(stage: &mut Stage) {
    let s = stage.layout.shift;
    let room = |stage: &Stage, who: &Address| stage.layout.area_of(who);
    let node = stage.frame.view.nodes.iter().find(|node| node.control_plane);
    let mut hull =
        Thing::new("control-ship", "control-ship", Layer::Control, Area::new(392.0 + s, 392.0, 828.0, 100.0))
            .at(s, 0.0, 1.0)
            .touched();
    if let Some(node) = node {
        hull = hull.named(format!("Node//{}", node.name)).says(&*node.name);
    }
    stage.put(hull, control_ship::draw);
    let (api, etcd, manager) = (Address::ApiServer, Address::Etcd(0), Address::ControllerManager);
    let on = [&api, &etcd, &manager, &Address::Scheduler].map(|who| runs(stage, who));
    let part = |id: &str, kind, area| Thing::new(id, kind, Layer::Control, area).at(s, 0.0, 1.0).touched();
    let names =
        ["stage-etcd", "stage-api-server", "stage-controllers", "stage-scheduler"].map(|key| stage.text(key, &[]));
    let [etcd_name, api_name, manager_name, scheduler_name] = names;
    let area = room(stage, &etcd);
    stage.put(part("etcd", "log-room", area).says(etcd_name), |pen| log_room::draw(pen, 1, on[1]));
    let area = room(stage, &api);
    stage.put(part("kube-apiserver", "bridge", area).says(api_name), |pen| {
        // The conduit from the bridge to the lanes below.
        pen.path("M910 244H925V394", Look::line(Token::Lane, 7.0));
        bridge::draw(pen, on[0]);
    });
    for gate in 0..7 {
        let (x, y) = stage.layout.lamp(gate);
        let light = stage.frame.options.lamps.map_or(bridge::Lamp::Dark, |lamps| lamps[gate]);
        let kind = match light {
            bridge::Lamp::Dark => "gate",
            bridge::Lamp::Passed => "gate-passed",
            bridge::Lamp::Refused => "gate-refused",
        };
        let lamp = Thing::new(format!("gate/{gate}"), kind, Layer::Control, Area::around(x, y, 10.0)).at(x, y, 1.0);
        stage.put(lamp, |pen| bridge::lamp(pen, light));
    }
    let area = room(stage, &manager);
    stage.put(part("kube-controller-manager", "controllers", area).says(manager_name), |pen| {
        controllers::draw(pen, on[2]);
    });
    let area = room(stage, &Address::Scheduler);
    stage.put(part("kube-scheduler", "scheduler", area).says(scheduler_name), |pen| crane::draw(pen, on[3]));
    super::leaders::draw(stage);
    if let Some(node) = node {
        control_cargo(stage, node);
    }
}

/// The control-plane node's kubelet and its own small pods; its static pods are the rooms.
fn control_cargo(stage: &mut Stage, node: &NodeView) {
    let who = Address::Kubelet(node.name.clone());
    let area = stage.layout.area_of(&who);
    let (x, y) = area.middle();
    let says = stage.text("actor-kubelet", &[("node", (&*node.name).into())]);
    let thing = Thing::new(format!("kubelet/{}", node.name), "kubelet", Layer::Control, area).at(x, y, 1.0).touched();
    stage.put(thing.says(says), |pen| control_ship::porthole(pen, node.kubelet_runs));
    for pod in &node.pods {
        // What happens to a static pod is shown at its room's corner.
        if let Some(who) = room_of(&pod.object.key.name) {
            let room = stage.layout.area_of(&who);
            stage.pods.insert(pod.object.clone(), Area::new(room.x + room.w - 30.0, room.y - 9.0, 24.0, 18.0));
        }
    }
    let own = node.pods.iter().filter(|pod| room_of(&pod.object.key.name).is_none());
    for (i, pod) in own.take(8).enumerate() {
        let slot = Grid::control_slot(i);
        let area = Area { x: slot.x + stage.layout.shift, ..slot };
        stage.pods.insert(pod.object.clone(), area);
        put_crate(stage, pod, Some(node), area, Layer::Control);
    }
}

/// The room that a static pod of the control plane is.
fn room_of(pod: &str) -> Option<Address> {
    let rooms = [
        ("etcd-", Address::Etcd(0)),
        ("kube-apiserver-", Address::ApiServer),
        ("kube-controller-manager-", Address::ControllerManager),
        ("kube-scheduler-", Address::Scheduler),
    ];
    rooms.into_iter().find(|(prefix, _)| pod.starts_with(prefix)).map(|(_, who)| who)
}

/// A pod as a crate.
pub fn put_crate(stage: &mut Stage, pod: &PodView, node: Option<&NodeView>, area: Area, layer: Layer) {
    let options = stage.frame.options;
    let now = (stage.t, options.truth);
    let cargo = crate_::Cargo { workload: options.groups.hue(pod, node, now), ..status::cargo(pod, node, now) };
    let old = if pod.outdated { format!(" · {}", stage.text("stage-outdated", &[])) } else { String::new() };
    let says = format!("{} {}{old}", pod.object.key.name, pod.status);
    let mut thing = Thing::new(format!("pod/{}", pod.uid), "pod", layer, area)
        .at(area.x, area.y, area.w / 48.0)
        .of(&pod.object)
        .faint(if options.lit_pod(&pod.object) { 1.0 } else { 0.25 })
        .says(says);
    // Where crates lie closer than a finger, the stack is touched instead.
    if area.h * 40.0 / 36.0 * stage.place.scale >= 0.7 * LEAST_HIT || layer == Layer::Control {
        thing = thing.touched();
    }
    stage.put(thing, |pen| crate_::draw(pen, &cargo));
    back_off(stage, pod, area, layer);
}

/// While a container waits out its back-off: how many seconds are left, as a ring that drains.
fn back_off(stage: &mut Stage, pod: &PodView, area: Area, layer: Layer) {
    let Some(until) = pod.containers.iter().filter_map(|container| container.backoff_until).max() else { return };
    let left = until.since(stage.t).as_secs_f64();
    if left <= 0.0 {
        return;
    }
    // The steps of the back-off: the ring is full at the beginning of each.
    let step = [10.0, 20.0, 40.0, 80.0, 160.0, 300.0].into_iter().find(|step| left <= *step).unwrap_or(300.0);
    let scale = area.w / 48.0;
    let (x, y) = (area.x + 12.0 * scale, area.y - 2.0 * scale);
    let says = format!("{:.0}", left.ceil());
    let thing = Thing::new(format!("back-off/{}", pod.uid), "ring", layer, Area::around(x, y, 16.0 * scale));
    stage.put(thing.at(x, y, 0.8 * scale).of(&pod.object).says(says.clone()), |pen| {
        signs::ring(pen, left / step, &says);
    });
}

fn cargo_ship(stage: &mut Stage, ship: &Spot) {
    let view = stage.frame.view;
    let node = &view.nodes[ship.node];
    let (x, y, layer) = (ship.x, ship.y + ship.sink, Layer::Ship(ship.row));
    let share = |asked: i64, offered: i64| {
        #[expect(clippy::cast_precision_loss, reason = "a gauge")]
        if offered > 0 { (asked as f64 / offered as f64).clamp(0.0, 1.0) } else { 0.0 }
    };
    let gauges = ship_sprite::Load {
        cpu: share(node.requested.cpu_milli, node.allocatable.cpu_milli),
        memory: share(node.requested.memory, node.allocatable.memory),
    };
    let name = &node.name;
    let part = |id: String, kind, area: Area| Thing::new(id, kind, layer, area).at(x, y, 1.0);
    let mast = Area::new(x + 82.0, y - 141.0, 40.0, 141.0);
    stage.put(part(format!("proxy/{name}"), "radio", mast), ship_sprite::mast);
    let lit = if stage.frame.options.lit_node(name) { 1.0 } else { 0.45 };
    let hull = part(format!("node/{name}"), "ship", Area::new(x - 4.0, y - 7.0, 396.0, 101.0))
        .faint(lit)
        .named(format!("Node//{name}"))
        .says(&**name)
        .touched();
    stage.put(hull, |pen| ship_sprite::hull(pen, &gauges));
    let wheel = part(format!("runtime/{name}"), "runtime", Area::around(x + 66.0, y + 46.0, 22.0)).touched();
    let says = stage.text("actor-runtime", &[("node", (&**name).into())]);
    stage.put(wheel.says(says), |pen| ship_sprite::engine(pen, 0.0));
    let flag = if node.readiness == Readiness::Ready { ship_sprite::Flag::Up } else { ship_sprite::Flag::Half };
    let actual = stage.frame.options.truth == Truth::Actual;
    // The control plane cannot see whether the captain is there; it sees only what it last heard.
    let captain = if actual { node.kubelet_runs } else { node.readiness == Readiness::Ready };
    let cabin = part(format!("kubelet/{name}"), "kubelet", Area::new(x + 14.0, y - 98.0, 72.0, 98.0)).touched();
    let says = stage.text("actor-kubelet", &[("node", (&**name).into())]);
    stage.put(cabin.says(says), |pen| ship_sprite::cabin(pen, captain, flag));
    load_crates(stage, ship, node);
    ship_state(stage, ship, node);
}

fn load_crates(stage: &mut Stage, ship: &Spot, node: &NodeView) {
    let slots = stage.slots(ship.node);
    let grid = Grid::of(slots.keys().last().map_or(0, |last| last + 1));
    if grid.size < 1.0 {
        let area = Area::new(ship.x + 118.0, ship.y + ship.sink - 130.0, 266.0, 122.0);
        let stack = Thing::new(format!("stack/{}", node.name), "stack", Layer::Ship(ship.row), area)
            .named(format!("Node//{}", node.name))
            .touched();
        stage.put(stack, |_| {});
    }
    for pod in slots.values().map(|i| &node.pods[*i]) {
        if let Some(area) = stage.pods.get(&pod.object).copied() {
            put_crate(stage, pod, Some(node), area, Layer::Ship(ship.row));
        }
    }
}

/// Chains, taints, fog and cut cables.
fn ship_state(stage: &mut Stage, ship: &Spot, node: &NodeView) {
    let (x, y, name) = (ship.x, ship.y + ship.sink, &node.name);
    let layer = Layer::Ship(ship.row);
    if node.cordoned {
        let thing = Thing::new(format!("chain/{name}"), "chain", layer, Area::new(x + 108.0, y - 10.0, 244.0, 16.0));
        stage.put(thing.at(x, y, 1.0), signs::chain);
    }
    // The taint of a cordon is the chain itself.
    let taints = node.taints.iter().filter(|taint| !taint.starts_with("node.kubernetes.io/unschedulable"));
    let mut bollard_x = x + 376.0;
    for (i, taint) in taints.take(3).enumerate() {
        let area = Area::new(bollard_x - 12.0, y - 34.0, 24.0, 30.0);
        let thing = Thing::new(format!("taint/{name}/{i}"), "taint", layer, area).at(bollard_x, y - 8.0, 0.9);
        stage.put(thing.says(&**taint).touched(), signs::bollard);
        bollard_x -= 26.0;
    }
    let actual = stage.frame.options.truth == Truth::Actual;
    if node.readiness == Readiness::Unknown && !actual {
        let area = Area::new(x - 24.0, y - 136.0, 440.0, 226.0);
        stage.put(Thing::new(format!("fog/{name}"), "fog", Layer::Fault, area).at(x, y, 1.0), fog::draw);
    }
    // How long the pods may stay, as the API believes: the ring is full when the taint comes.
    if let Some((since, until)) = node.eviction.filter(|(_, until)| *until > stage.t && !actual) {
        let left = until.since(stage.t).as_secs_f64();
        let (at, seconds) = ((x + 366.0, y - 78.0), format!("{:.0}", left.ceil()));
        let thing = Thing::new(format!("eviction/{name}"), "ring", Layer::Fault, Area::around(at.0, at.1, 24.0));
        let says = stage.text("stage-eviction", &[("seconds", seconds.as_str().into())]);
        let share = left / until.since(since).as_secs_f64().max(1.0);
        stage.put(thing.at(at.0, at.1, 1.2).says(says).touched(), |pen| signs::ring(pen, share, &seconds));
    }
    if node.cut_off && actual {
        let at = (x + 50.0, y - 118.0);
        let thing = Thing::new(format!("cut/{name}"), "cut", Layer::Fault, Area::around(at.0, at.1, 22.0));
        stage.put(thing.at(at.0, at.1, 1.0), signs::cut);
    }
}

/// Water in front of the hulls: deeper on the hull, the more is asked of the ship.
fn front_water(stage: &mut Stage) {
    let (w, h) = stage.layout.world;
    let drift = drift(stage);
    for row in 0..stage.layout.rows() {
        let y = Layout::row_y(row) + 76.0;
        let depth = if row + 1 == stage.layout.rows() { h + sea::BLEED - y } else { DEEPEST + 40.0 };
        let from = 292.0 - 22.0;
        let area = Area::new(from, y - 8.0, w + sea::BLEED - from, depth);
        let thing = Thing::new(format!("water/{row}"), "water", Layer::Water(row), area);
        stage.put(thing, |pen| sea::water(pen, (292.0, w + sea::BLEED + 92.0), y, depth, drift));
    }
    if !stage.frame.options.reduced {
        return;
    }
    // Ships that may not move show their load by a mark on the hull instead.
    for ship in &stage.layout.ships {
        let level = ship.y + ship.sink + 90.0 - 24.0 * load(&stage.frame.view.nodes[ship.node]);
        let area = Area::new(ship.x + 30.0, ship.y + ship.sink, 330.0, 94.0);
        let id = format!("draught/{}", stage.frame.view.nodes[ship.node].name);
        stage.put(Thing::new(id, "draught", Layer::Water(ship.row), area), |pen| {
            pen.line(&[(ship.x + 36.0, level), (ship.x + 352.0, level)], Look::line(Token::SeaTop, 3.0).faint(0.8));
        });
    }
}

fn queue(stage: &mut Stage) {
    let s = stage.layout.shift;
    let area = Area::new(1068.0 + s, 300.0, 120.0, 92.0);
    let name = stage.text("stage-queue", &[]);
    let board_thing = Thing::new("queue", "queue-board", Layer::Control, area).at(s, 0.0, 1.0).says(name).touched();
    stage.put(board_thing, board::draw);
    let view = stage.frame.view;
    let pod_of = |reference: &crate::api::object::Ref| view.pending.iter().find(|pod| pod.object == *reference);
    for (i, (reference, _)) in view.queue.iter().take(BOARD).enumerate() {
        let slot = board_slot(i);
        let area = Area { x: slot.x + s, ..slot };
        let pod = pod_of(reference);
        let id = pod.map_or_else(|| format!("pod/{reference}"), |pod| format!("pod/{}", pod.uid));
        let says = format!("{} Pending", reference.key.name);
        let thing = Thing::new(id, "ghost", Layer::Control, area).at(area.x, area.y, 1.0).of(reference).says(says);
        stage.put(thing.touched(), |pen| crate_::ghost(pen, pod.and_then(|pod| pod.workload)));
    }
    if view.queue.len() > BOARD {
        let more = stage.text("stage-more", &[("count", (view.queue.len() - BOARD).into())]);
        stage.label("queue-more", (1128.0 + s, 290.0), super::display::Anchor::Middle, &more);
    }
}

fn services(stage: &mut Stage) {
    let services = &stage.frame.view.services;
    // What people make comes first; the cluster's own services fill what is left.
    let own = |name: &str| name == "kubernetes" || name == "kube-dns";
    let mut order: Vec<_> = services.iter().filter(|(service, _)| !own(&service.key.name)).collect();
    order.extend(services.iter().filter(|(service, _)| own(&service.key.name)));
    for ((service, ip), (x, reach)) in order.iter().zip(stage.layout.buoys(order.len())) {
        let y = 606.0;
        let area = Area::new(x - reach, y - 22.0, 2.0 * reach, 44.0);
        let thing = Thing::new(format!("service/{service}"), "service", Layer::Lane, area).at(x, y, 1.0).of(service);
        stage.put(thing.says(format!("{} {ip}", service.key.name)).touched(), |pen| buoy::draw(pen, reach));
    }
}

/// The buoys that are drawn: the service's name, its middle and its width in pixels.
#[must_use]
pub fn buoys(stage: &Stage) -> Vec<(String, (f64, f64), f64)> {
    let named = |item: &super::display::Item| {
        let name = item.reference.as_ref()?.rsplit('/').next()?.to_owned();
        (item.kind == "service").then_some((name, item.area.middle(), item.area.w))
    };
    stage.items().iter().filter_map(named).collect()
}

/// Open watches: thin dotted lines beside the lanes.
fn watches(stage: &mut Stage) {
    let view = stage.frame.view;
    let mut seen: Vec<&Address> = view.watches.iter().map(|(who, _)| who).collect();
    if stage.layout.field.is_some() {
        // Of so many captains' lines only the lanes are left.
        seen.retain(|who| who.node().is_none());
    }
    seen.order();
    seen.dedup();
    for who in seen.into_iter().take(SHIPS + 4) {
        let points: Vec<_> = stage.layout.to_bridge(who).0.iter().map(|(x, y)| (x + 9.0, y + 9.0)).collect();
        let (a, b) = (points.first().copied().unwrap_or_default(), points.last().copied().unwrap_or_default());
        let area = Area::new(a.0.min(b.0), a.1.min(b.1), (a.0 - b.0).abs(), (a.1 - b.1).abs());
        let thing = Thing::new(format!("watch/{who}"), "watch-line", Layer::Lane, area);
        stage.put(thing, |pen| pen.line(&points, Look::line(Token::Api, 2.5).dashed(1.0, 8.0)));
    }
}
