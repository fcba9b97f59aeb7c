//! One ship's inside: the captain's loop (kubelet), the engine room (container runtime) with its latest calls, the radio
//! room with the services, and the hold with every pod as an open crate: containers, probes, volumes.

mod hold;

use super::display::{Anchor, Area, Fill, Layer, Look};
use super::labels::{PLAIN, shortened, width, wrapped};
use super::sprites::{crate_, ship};
use super::stage::{Stage, Thing};
use super::status;
use super::theme::Token;
use crate::api::object::Ref;
use crate::cluster::fact::{Fact, ProbeKind};
use crate::cluster::machine::Engine;
use crate::cluster::view::{ContainerLook, ContainerView, NodeView, PodView};
use crate::cluster::wire::Address;
use crate::i18n::Arg;
use crate::sim::{Record, Sorted, Time};

/// What a pod's manifest says beyond what all pods show.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Gear {
    /// Its volumes: name and sort.
    pub volumes: Vec<(String, String)>,
    /// Probes: container and which.
    pub probes: Vec<(String, ProbeKind)>,
}

/// The gear of all pods of a ship.
pub type Gears = Sorted<Ref, Gear>;

/// Rooms in the world of a deck: captain, engine, hold, radio.
const CAPTAIN: [f64; 4] = [84.0, 140.0, 412.0, 408.0];
const ENGINE: [f64; 4] = [84.0, 570.0, 412.0, 282.0];
const HOLD: [f64; 4] = [516.0, 140.0, 752.0, 712.0];
const RADIO: [f64; 4] = [1288.0, 140.0, 234.0, 712.0];
/// So many of the runtime's calls are listed.
const CALLS: usize = 6;
/// So many facts are looked through for them.
const LOOKED_AT: usize = 6000;
/// A station of the loop stays lit so long, in milliseconds of screen time.
const LIT_MS: f64 = 1500.0;
/// Up to so many pods are open crates; more are crates side by side.
const OPEN: usize = 12;

/// Draws the inside of the node at a place of the view.
pub fn draw(stage: &mut Stage, node: usize) {
    let Some(node) = stage.frame.view.nodes.get(node) else { return };
    backdrop(stage, node);
    captain(stage, node);
    engine(stage, node);
    radio(stage);
    hold(stage, node);
}

fn backdrop(stage: &mut Stage, node: &NodeView) {
    let everywhere = Area::new(-900.0, -900.0, 3400.0, 2800.0);
    let graded = |colours, y| Look { fill: Some(Fill::Vertical { colours, y }), line: None, opacity: 1.0 };
    stage.put(Thing::new("sky", "sky", Layer::Sky, everywhere), |pen| {
        pen.rect([-900.0, -900.0, 3400.0, 1420.0], 0.0, graded((Token::SkyTop, Token::SkyBottom), (-400.0, 520.0)));
        pen.rect([-900.0, 520.0, 3400.0, 1400.0], 0.0, graded((Token::SeaTop, Token::SeaBottom), (520.0, 1000.0)));
    });
    let hull = Thing::new("deck", "ship", Layer::Control, Area::new(30.0, 90.0, 1540.0, 790.0));
    stage.put(hull, |pen| {
        let path = "M30 106H1570L1540 836Q1534 886 1486 886H116Q68 886 62 836Z";
        pen.path(path, Look::fill(Token::HullWorker).edged(Token::Ink, 4.0));
        pen.rect([20.0, 92.0, 1560.0, 22.0], 6.0, Look::fill(Token::Deck).edged(Token::Ink, 3.0));
    });
    let text = stage.text("deck-title", &[("node", (&*node.name).into())]);
    stage.label("deck", (800.0, 66.0), Anchor::Middle, &text);
}

/// A room with its name.
fn room(stage: &mut Stage, who: Option<Address>, (id, key): (&str, &str), area: [f64; 4], edge: Token) {
    let [x, y, w, h] = area;
    let name = stage.text(key, &[]);
    let id = who.map_or_else(|| id.to_owned(), |who| who.to_string());
    let thing = Thing::new(id, "room", Layer::Control, Area::new(x, y, w, h)).says(name.clone()).touched();
    stage.put(thing, |pen| pen.rect(area, 12.0, Look::fill(Token::Deck).edged(edge, 6.0)));
    let size = stage.frame.options.label_px;
    line(stage, (&format!("room/{name}"), area, 0), &name, Look { line: None, ..PLAIN }, size);
}

/// Writes a line of a room: the first is its name.
fn line(stage: &mut Stage, (id, [x, y, w, _], number): (&str, [f64; 4], usize), text: &str, look: Look, size: f64) {
    #[expect(clippy::cast_precision_loss, reason = "a few lines")]
    let down = size * (1.5 + 1.55 * number as f64);
    let at = stage.place.point(x, y);
    let shown = shortened(text, size, w * stage.place.scale - 16.0);
    stage.write(id, (at.0 + 10.0, at.1 + down), &shown, (Anchor::Start, look));
}

/// How many lines a room holds.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few lines")]
fn lines(stage: &Stage, [.., h]: [f64; 4], size: f64) -> usize {
    ((h - 12.0) * stage.place.scale / (1.55 * size)).max(1.0) as usize
}

/// What happened on this ship lately, the latest first.
fn lately<'a>(stage: &Stage<'a>, node: &'a NodeView) -> impl Iterator<Item = &'a Record<Fact>> + use<'a> {
    let trace = stage.frame.trace;
    let to = trace.place_at(Time::from_micros(stage.t.as_micros() + 1));
    let name: &str = &node.name;
    let here = move |record: &&Record<Fact>| match &record.fact {
        Fact::Requested { call, ambient: false, .. } => call.from.node().is_some_and(|at| **at == *name),
        other => at(other).is_some_and(|(at, ..)| at == name),
    };
    let far = u64::try_from(LOOKED_AT).unwrap_or(0);
    trace.range(to.saturating_sub(far), to).rev().filter(here)
}

/// Node, pod and container of what happens on a ship, and the runtime's call or event.
fn at(fact: &Fact) -> Option<(&str, &Ref, &str, &'static str)> {
    Some(match fact {
        Fact::PodAccepted { node, pod } => (node, pod, "", ""),
        Fact::SandboxReady { node, pod, .. } => (node, pod, "", "RunPodSandbox"),
        Fact::Pulling { node, pod, image, .. } => (node, pod, image, "PullImage"),
        Fact::Pulled { node, pod, image, .. } => (node, pod, image, "PullImage ok"),
        Fact::PullFailed { node, pod, image, .. } => (node, pod, image, "PullImage failed"),
        Fact::ContainerStarted { node, pod, container, .. } => (node, pod, container, "StartContainer"),
        Fact::StartFailed { node, pod, container, .. } => (node, pod, container, "StartContainer failed"),
        Fact::ContainerExited { node, pod, container, .. } => (node, pod, container, "exit"),
        Fact::ContainerKilled { node, pod, container } => (node, pod, container, "StopContainer"),
        Fact::PodStopped { node, pod } => (node, pod, "", "RemovePodSandbox"),
        Fact::Probed { node, pod, container, .. } => (node, pod, container, ""),
        _ => return None,
    })
}

/// The captain: the loop that never ends, and how it stands with the control plane.
fn captain(stage: &mut Stage, node: &NodeView) {
    let who = Address::Kubelet(node.name.clone());
    let edge = if node.kubelet_runs { Token::Kubelet } else { Token::Unknown };
    room(stage, Some(who.clone()), ("", "deck-captain"), CAPTAIN, edge);
    let ages = stations(stage, node);
    let [x, y, w, _] = CAPTAIN;
    let (cx, cy) = (x + w / 2.0, y + 150.0);
    let places = [(cx - 104.0, cy - 40.0), (cx + 104.0, cy - 40.0), (cx + 104.0, cy + 50.0), (cx - 104.0, cy + 50.0)];
    let area = Area::new(x + 10.0, y + 60.0, w - 20.0, 190.0);
    stage.put(Thing::new("loop", "loop", Layer::Control, area), |pen| {
        pen.rect([places[0].0, places[0].1, 208.0, 90.0], 40.0, Look::line(Token::Lane, 6.0));
        for (x, y, turn) in [(cx, cy - 40.0, 1.0), (cx, cy + 50.0, -1.0)] {
            let head = [(x - 8.0 * turn, y - 9.0), (x + 8.0 * turn, y), (x - 8.0 * turn, y + 9.0)];
            pen.line(&head, Look::line(Token::Lane, 6.0));
        }
        for (place, age) in places.iter().zip(&ages) {
            let lit = *age < LIT_MS;
            let fill = if lit { Token::Glow } else { Token::Surface };
            pen.circle(place.0, place.1, 15.0, Look::fill(fill).edged(Token::Ink, 3.0));
        }
        pen.at(cx, cy + 5.0, 1.6, |pen| {
            pen.circle(0.0, 0.0, 17.0, Look::fill(edge));
            ship::anchor(pen, 1.0);
        });
    });
    let size = stage.frame.options.label_px;
    let keys = ["deck-watch", "deck-sync", "deck-cri", "deck-report"];
    for ((key, (px, py)), above) in keys.into_iter().zip(places).zip([true, true, false, false]) {
        let text = stage.text(key, &[]);
        let at = stage.place.point(px, py);
        let down = if above { -20.0 * stage.place.scale - 3.0 } else { 20.0 * stage.place.scale + size };
        // A word stays within the room's walls.
        let (half, walls) = (width(&text, size) / 2.0, (stage.place.point(x, 0.0).0, stage.place.point(x + w, 0.0).0));
        let middle = at.0.min(walls.1 - 10.0 - half).max(walls.0 + 10.0 + half);
        stage.write(key, (middle, at.1 + down), &text, (Anchor::Middle, Look { line: None, ..PLAIN }));
    }
    let since = node.lease.map_or(0.0, |lease| stage.t.since(lease).as_secs_f64());
    let lease = stage.text("deck-lease", &[("seconds", format!("{:.0}", since.max(0.0)).as_str().into())]);
    let link = stage.text(if node.cut_off { "deck-cut" } else { "deck-linked" }, &[]);
    let base = [x, y + 252.0, w, 0.0];
    let room = w * stage.place.scale - 16.0;
    let told = [lease, link].into_iter().flat_map(|text| wrapped(&text, size, room));
    for (i, text) in told.enumerate() {
        line(stage, (&format!("captain/{i}"), base, i), &text, Look { line: None, ..PLAIN }, size);
    }
}

/// How long ago each station of the loop had something to do, in milliseconds of screen time.
fn stations(stage: &Stage, node: &NodeView) -> [f64; 4] {
    let mut ages = [f64::MAX; 4];
    let frame = stage.frame;
    for record in lately(stage, node) {
        let station = match &record.fact {
            Fact::PodAccepted { .. } => 0,
            Fact::Probed { .. } => 1,
            Fact::Requested { .. } => 3,
            _ => 2,
        };
        let age = frame.pres_ms - frame.script.pace.to_pres(record.at, frame.speed);
        if age > LIT_MS {
            break;
        }
        ages[station] = ages[station].min(age);
        // Whatever the captain does began with his looking at what is wanted.
        if station == 2 {
            ages[1] = ages[1].min(age);
        }
    }
    ages
}

/// The engine room: the latest calls of the container runtime.
fn engine(stage: &mut Stage, node: &NodeView) {
    let title = match node.engine {
        Engine::Containerd => "deck-engine",
        Engine::CriO => "deck-engine-cri-o",
        Engine::CriDockerd => "deck-engine-docker",
    };
    room(stage, Some(Address::Runtime(node.name.clone())), ("", title), ENGINE, Token::Runtime);
    let size = stage.frame.options.label_px;
    let places = lines(stage, ENGINE, size).saturating_sub(2).min(CALLS);
    let calls: Vec<(Time, String)> = lately(stage, node)
        .filter_map(|record| {
            let (_, pod, what, call) = at(&record.fact).filter(|(.., call)| !call.is_empty())?;
            let what = if what.is_empty() { &*pod.key.name } else { what };
            let code =
                if let Fact::ContainerExited { code, .. } = &record.fact { format!(" {code}") } else { String::new() };
            Some((record.at, format!("{call}{code} {what}")))
        })
        .take(places)
        .collect();
    let text = stage.text("deck-images", &[("count", node.images.into())]);
    line(stage, ("engine/images", ENGINE, 1), &text, Look::fill(Token::Ink2), size);
    if calls.is_empty() {
        let text = stage.text("deck-quiet", &[]);
        line(stage, ("engine/quiet", ENGINE, 3), &text, Look::fill(Token::Ink2), size);
    }
    for (i, (_, text)) in calls.iter().enumerate() {
        let look = Look { line: None, ..PLAIN }.faint(if i == 0 { 1.0 } else { 0.75 });
        line(stage, (&format!("call/{i}"), ENGINE, 2 + i), text, look, size);
    }
}

/// The radio room: where requests to services would be sent from this ship.
fn radio(stage: &mut Stage) {
    room(stage, None, ("radio", "deck-radio"), RADIO, Token::Proxy);
    let view = stage.frame.view;
    let size = stage.frame.options.label_px;
    for (i, (service, ip)) in view.services.iter().take(8).enumerate() {
        line(stage, (&format!("rule/{i}"), RADIO, 1 + 2 * i), &service.key.name, Look { line: None, ..PLAIN }, size);
        line(stage, (&format!("vip/{i}"), RADIO, 2 + 2 * i), ip, Look::fill(Token::Ink2), size);
    }
}

fn hold(stage: &mut Stage, node: &NodeView) {
    let [x, y, w, h] = HOLD;
    let text = stage.text(
        "deck-hold",
        &[("count", node.pods.len().into()), ("most", Arg::from(usize::try_from(node.allocatable.pods).unwrap_or(0)))],
    );
    let area = Area::new(x, y, w, h);
    stage.put(Thing::new("hold", "room", Layer::Control, area), |pen| {
        pen.rect(HOLD, 12.0, Look::fill(Token::Surface2).edged(Token::Ink2, 4.0));
    });
    let size = stage.frame.options.label_px;
    line(stage, ("hold", HOLD, 0), &text, Look { line: None, ..PLAIN }, size);
    if node.pods.len() > OPEN {
        hold::chosen(stage, node, width(&text, size));
    }
    let top = y + 2.5 * size / stage.place.scale;
    let room = Area::new(x + 14.0, top, w - 28.0, y + h - 14.0 - top);
    let (count, open) = (node.pods.len(), node.pods.len() <= OPEN);
    let (columns, rows) = match count {
        0..=2 => (1, 3),
        3..=6 => (2, 3),
        7..=OPEN => (3, 4),
        _ => (11, count.div_ceil(11).max(8)),
    };
    #[expect(clippy::cast_precision_loss, reason = "a few crates")]
    let place = |i: usize| {
        let (cw, ch) = (room.w / columns as f64, room.h / rows as f64);
        let (column, row) = ((i % columns) as f64, (i / columns) as f64);
        let area = Area::new(room.x + column * cw + 6.0, room.y + row * ch + 6.0, cw - 12.0, ch - 12.0);
        let w = area.w.min(area.h / 0.75);
        if open { area } else { Area::new(area.x, area.y, w, w * 0.75) }
    };
    for (i, pod) in node.pods.iter().enumerate() {
        if open {
            open_crate(stage, (pod, node), place(i));
        } else {
            super::harbour::put_crate(stage, pod, Some(node), place(i), Layer::Ship(0));
        }
    }
    // Room for more is drawn as far as there is any.
    let most = usize::try_from(node.allocatable.pods).unwrap_or(0);
    for i in count..most.min(columns * rows) {
        hold::free(stage, i, place(i), open);
    }
}

/// A pod with its lid off.
fn open_crate(stage: &mut Stage, (pod, node): (&PodView, &NodeView), area: Area) {
    let options = stage.frame.options;
    let now = (stage.t, options.truth);
    let hue = options.groups.hue(pod, Some(node), now);
    let cargo = crate_::Cargo { workload: hue, ..status::cargo(pod, Some(node), now) };
    let says = format!("{} {}", pod.object.key.name, pod.status);
    let thing = Thing::new(format!("pod/{}", pod.uid), "pod", Layer::Ship(0), area)
        .of(&pod.object)
        .faint(if options.lit_pod(&pod.object) { 1.0 } else { 0.25 })
        .says(says)
        .touched();
    let outline = [area.x, area.y, area.w, area.h];
    stage.put(thing, |pen| {
        pen.rect(outline, 4.0, Look::fill(Token::Surface).edged(Token::Ink, 3.0));
        pen.rect([area.x, area.y, 64.0, area.h], 4.0, Look::fill(crate_::fill(hue)).edged(Token::Ink, 3.0));
        pen.at(area.x + 10.0, area.y + 14.0, 0.92, |pen| crate_::draw(pen, &cargo));
        // The sandbox: what all its containers stand on.
        pen.rect([area.x, area.y + area.h - 9.0, area.w, 9.0], 3.0, Look::fill(Token::CrateInk));
    });
    let size = stage.frame.options.label_px;
    let text = [area.x + 60.0, area.y, area.w - 60.0, area.h];
    let ink = Look { line: None, ..PLAIN };
    let id = |what: &str, i: usize| format!("{what}/{}/{i}", pod.uid);
    let room = lines(stage, [area.x, area.y, area.w, area.h - 10.0], size);
    let mut told: Vec<(String, Look, Option<&ContainerView>)> = vec![(pod.object.key.name.to_string(), ink, None)];
    let small = Look::fill(Token::Ink2);
    // Where there is too little room for both, the state is more than the address.
    let both = format!("{} · {}", pod.status, pod.ip);
    let fits = !pod.ip.is_empty() && width(&both, size) <= text[2] * stage.place.scale - 16.0;
    told.push((if fits { both } else { pod.status.to_string() }, small, None));
    let all = pod.containers.iter().chain(&pod.debuggers);
    told.extend(all.map(|container| (contained(stage, pod, container), ink, Some(container))));
    let gear = stage.frame.options.gears.as_ref().and_then(|gears| gears.get(&pod.object));
    for (name, sort) in gear.iter().flat_map(|gear| &gear.volumes) {
        let text = stage.text("deck-volume", &[("name", name.as_str().into()), ("sort", sort.as_str().into())]);
        told.push((text, small, None));
    }
    let more = told.len().saturating_sub(room);
    for (i, (words, look, container)) in told.iter().take(room).enumerate() {
        let mut place = text;
        if let Some(container) = container {
            // The sign stands where the line begins.
            let step = size / stage.place.scale;
            #[expect(clippy::cast_precision_loss, reason = "a few lines")]
            let y = text[1] + step * (1.12 + 1.55 * i as f64);
            let x = text[0] + 16.0 / stage.place.scale;
            mark(stage, &id("mark", i), ((x, y), step * 0.42), &container.state, container.ready);
            (place[0], place[2]) = (place[0] + 1.1 * step, place[2] - 1.1 * step);
        }
        let free = place[2] * stage.place.scale - 16.0;
        // What has no line of its own is counted, but at the cost of no word.
        let rest = if more > 0 && i + 1 == room { format!("  +{more}") } else { String::new() };
        let (all, counted) = (width(words, size), width(&rest, size));
        let rest = if all <= free && all + counted > free { String::new() } else { rest };
        let free = free - width(&rest, size);
        let words = shortened(words, size, free) + &rest;
        line(stage, (&id("crate", i), place, i), &words, *look, size);
    }
}

/// How a container is: a full disc is ready, half of one runs, a ring waits, a tick has ended well, a cross badly.
fn mark(stage: &mut Stage, id: &str, ((x, y), r): ((f64, f64), f64), look: &ContainerLook, ready: bool) {
    let thing = Thing::new(id, "mark", Layer::Label, Area::around(x, y, r));
    let edge = Look::line(Token::Ink, 0.3 * r);
    stage.put(thing, |pen| match look {
        ContainerLook::Running if ready => pen.circle(x, y, r, Look::fill(Token::Ok).edged(Token::Ink, 0.3 * r)),
        ContainerLook::Running => {
            pen.circle(x, y, r, edge);
            pen.arc((x, y), 0.5 * r, (0.0, 0.5), Look::line(Token::Ink, r));
        }
        ContainerLook::Waiting(_) => pen.circle(x, y, r, edge.dashed(0.6 * r, 0.6 * r)),
        ContainerLook::Terminated(0, _) => {
            pen.line(&[(x - r, y), (x - 0.3 * r, y + 0.7 * r), (x + r, y - 0.7 * r)], Look::line(Token::Ok, 0.5 * r));
        }
        ContainerLook::Terminated(..) => {
            for turn in [1.0, -1.0] {
                let (dx, dy) = (0.7 * r, 0.7 * r * turn);
                pen.line(&[(x - dx, y - dy), (x + dx, y + dy)], Look::line(Token::Error, 0.5 * r));
            }
        }
    });
}

/// A container in a line: its name, how often it began anew, its probes and its image.
fn contained(stage: &Stage, pod: &PodView, container: &ContainerView) -> String {
    let again = if container.restarts > 0 { format!(" ×{}", container.restarts) } else { String::new() };
    let gear = stage.frame.options.gears.as_ref().and_then(|gears| gears.get(&pod.object));
    let own = gear.into_iter().flat_map(|gear| &gear.probes).filter(|(name, _)| **name == *container.name);
    let probes: Vec<&str> = own
        .map(|(_, kind)| match kind {
            ProbeKind::Startup => "S",
            ProbeKind::Liveness => "L",
            ProbeKind::Readiness => "R",
        })
        .collect();
    let probes = if probes.is_empty() { String::new() } else { format!(" [{}]", probes.join(" ")) };
    format!("{}{again}{probes}  {}", container.name, container.image)
}
