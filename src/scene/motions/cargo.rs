//! On the ships: image barges, sandboxes, containers that start and end, probes, back-offs, the end of a pod.

use super::{Movers, READING_MS, Shown, between, progress, travelling};
use crate::api::object::Ref;
use crate::cluster::fact::{Fact, ProbeKind};
use crate::scene::display::{Anchor, Area, Layer, Look};
use crate::scene::labels::{beside_cabins, width};
use crate::scene::layout::Layout;
use crate::scene::motion::Act;
use crate::scene::pen::sine;
use crate::scene::sprites::{barge as barge_sprite, crate_, pulse, ship, signs};
use crate::scene::stage::{Stage, Thing};
use crate::scene::theme::Token;

/// An image on its way from the quay: part of its way while the fact is told, the rest as its time passes.
pub fn barge<'a>(stage: &mut Stage<'a>, one: &Shown<'a>, all: &[Shown<'a>], movers: &mut Movers) {
    let Fact::Pulling { node, pod, container, image, takes, .. } = &one.record.fact else { return };
    let ended = |other: &Shown| match &other.record.fact {
        Fact::Pulled { pod: p, container: c, .. } | Fact::PullFailed { pod: p, container: c, .. } => {
            p == pod && c == container && other.record.id > one.record.id
        }
        _ => false,
    };
    if all.iter().any(ended) {
        return;
    }
    let (from, to) = berth(stage, node);
    let gone = stage.t.since(one.record.at).as_secs_f64() / takes.as_secs_f64().max(1e-6);
    let share = 0.4 * one.share() + 0.6 * gone.min(1.0);
    let at = between(from, to, progress(stage, share));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 4")]
    let layers = (share * 4.0).ceil().clamp(1.0, 4.0) as usize;
    let fill = crate_::fill(workload(stage, pod));
    // Among many small ships, barges are small too.
    let scale = stage.layout.field.as_ref().map_or(1.0, |field| (field.pitch / 260.0).min(1.0));
    let thing = travelling(one, "barge", "barge", at, 58.0 * scale).at(at.0, at.1, scale).of(pod).says(&**image);
    let draw = move |pen: &mut crate::scene::pen::Pen| barge_sprite::draw(pen, layers, fill);
    movers.push(Act::Barge, node.to_string(), (thing, at), Box::new(draw));
    engine(stage, one, node);
}

/// A barge's way: before its ship, or for the control ship below its bow.
fn berth(stage: &Stage, node: &str) -> ((f64, f64), (f64, f64)) {
    match stage.layout.ship(node) {
        Some(ship) => {
            let y = Layout::row_y(ship.row) + 142.0;
            ((340.0, y), (ship.x + 194.0, y))
        }
        None if let Some(square) = stage.layout.square(node) => {
            let (_, y) = square.middle();
            ((312.0, y), (square.x, y))
        }
        None => ((300.0, 470.0), (360.0 + stage.layout.shift, 470.0)),
    }
}

fn workload(stage: &Stage, pod: &Ref) -> Option<usize> {
    let pods = stage.frame.view.nodes.iter().flat_map(|node| &node.pods);
    pods.chain(&stage.frame.view.pending).find(|view| view.object == *pod)?.workload
}

/// The engine turns while the runtime works.
fn engine(stage: &mut Stage, one: &Shown, node: &str) {
    let Some(spot) = stage.layout.ship(node).copied() else { return };
    let turn = if stage.frame.options.reduced { 0.0 } else { one.age_ms / 1200.0 };
    let (x, y) = (spot.x, spot.y + spot.sink);
    let area = Area::around(x + 66.0, y + 46.0, 22.0);
    let id = format!("engine/{}/{node}", one.record.id.0);
    let thing = Thing::new(id, "runtime", Layer::Ship(spot.row), area).at(x, y, 1.0).because(one.record.id);
    stage.put(thing, |pen| {
        ship::engine(pen, turn);
        pen.circle(66.0, 46.0, 25.0, Look::line(Token::Glow, 4.0));
    });
}

fn crate_of(stage: &Stage, fact: &Fact) -> Option<(Ref, Area)> {
    let (Fact::PodRefused { node, pod, .. }
    | Fact::SandboxReady { node, pod, .. }
    | Fact::Pulled { node, pod, .. }
    | Fact::PullFailed { node, pod, .. }
    | Fact::ContainerStarted { node, pod, .. }
    | Fact::StartFailed { node, pod, .. }
    | Fact::ContainerExited { node, pod, .. }
    | Fact::BackOff { node, pod, .. }
    | Fact::Probed { node, pod, .. }
    | Fact::PodStopping { node, pod, .. }
    | Fact::ContainerKilled { node, pod, .. }
    | Fact::PodEvicted { node, pod, .. }
    | Fact::VolumeWritten { node, pod, .. }
    | Fact::Resized { node, pod, .. }
    | Fact::PodStopped { node, pod }) = fact
    else {
        return None;
    };
    Some((pod.clone(), stage.pod_area(pod, node)?))
}

/// A thing at a crate, in the crate's own units.
fn at_crate(one: &Shown, what: &str, kind: &'static str, (pod, area): (&Ref, Area)) -> Thing {
    Thing::new(one.id(what), kind, Layer::Moving, area).at(area.x, area.y, area.w / 48.0).because(one.record.id).of(pod)
}

fn note(stage: &mut Stage, one: &Shown, area: Area, text: &str) {
    // Beside what is only a few pixels, words would hide more than they say.
    if area.w * stage.place.scale < 16.0 {
        return;
    }
    let (size, at) = (stage.frame.options.label_px, stage.place.point(area.x + area.w / 2.0, area.y - 10.0));
    // Neither the captain nor the mast is hidden by it: where there is no room beside them, it begins at the crate.
    let beside = beside_cabins(stage.items(), at, size, text, 3.0);
    let x = beside.unwrap_or(at.0 + width(text, size) / 2.0 - area.w / 2.0 * stage.place.scale);
    let (x, y) = ((x - stage.place.x) / stage.place.scale, area.y - 10.0);
    stage.note(&one.id("note"), (x, y), Anchor::Middle, text);
}

/// What begins at a crate.
pub fn at_the_crate(stage: &mut Stage, one: &Shown) {
    let Some((pod, area)) = crate_of(stage, &one.record.fact) else { return };
    let place = (&pod, area);
    let share = progress(stage, one.share());
    match &one.record.fact {
        Fact::SandboxReady { ip, node, .. } if one.lasts(500.0) => {
            let thing = at_crate(one, "sandbox", "sandbox", place).says(&**ip);
            stage.put(thing, |pen| {
                pen.rect([0.0, 31.0, 48.0 * share, 5.0], 1.0, Look::fill(Token::Runtime).edged(Token::CrateInk, 2.0));
            });
            note(stage, one, area, ip);
            engine(stage, one, node);
        }
        Fact::VolumeWritten { volume, .. } if one.lasts(500.0) => {
            stage.put(at_crate(one, "volume", "tick", place).says(&**volume), |pen| {
                pen.at(40.0, 30.0, 0.7, signs::tick);
            });
            note(stage, one, area, volume);
        }
        Fact::Resized { step, .. } if one.lasts(500.0) => {
            let done = matches!(*step, "Started" | "Completed");
            stage.put(at_crate(one, "resized", "tick", place).says(*step), |pen| {
                pen.at(40.0, 30.0, 0.7, if done { signs::tick } else { signs::triangle });
            });
            note(stage, one, area, step);
        }
        Fact::Pulled { cached, .. } if one.lasts(500.0) => {
            stage.put(at_crate(one, "pulled", "tick", place), |pen| pen.at(40.0, 30.0, 0.7, signs::tick));
            if *cached {
                let text = stage.text("stage-image-there", &[]);
                note(stage, one, area, &text);
            }
        }
        Fact::ContainerStarted { node, container, .. } if one.lasts(100.0) => {
            stage.put(at_crate(one, "start", "start", place).says(&**container), |pen| {
                let height = 29.0 * share;
                pen.rect([2.0, 31.0 - height, 44.0, height], 1.0, Look::fill(Token::Glow).faint(0.65));
                pen.rect([-3.0, -3.0, 54.0, 42.0], 4.0, Look::line(Token::Runtime, 4.0));
            });
            engine(stage, one, node);
        }
        Fact::PodRefused { reason, .. } | Fact::StartFailed { reason, .. } => {
            alarm(stage, one, place, (reason, reason));
        }
        Fact::PullFailed { error, .. } => alarm(stage, one, place, ("ErrImagePull", error)),
        Fact::PodEvicted { resource, .. } => alarm(stage, one, place, ("Evicted", resource)),
        _ => {}
    }
}

/// Something has gone wrong at a crate: in a word, and with its reason.
fn alarm(stage: &mut Stage, one: &Shown, place: (&Ref, Area), (word, reason): (&str, &str)) {
    if one.lasts(READING_MS) {
        stage
            .put(at_crate(one, "alarm", "triangle", place).says(reason), |pen| pen.at(24.0, 8.0, 1.2, signs::triangle));
        note(stage, one, place.1, word);
    }
}

/// A ping from the captain to a crate, and its answer.
pub fn ping(stage: &mut Stage, one: &Shown, movers: &mut Movers) {
    let Fact::Probed { node, probe, ok, .. } = &one.record.fact else { return };
    let Some((pod, area)) = crate_of(stage, &one.record.fact) else { return };
    if !one.lasts(250.0) {
        return;
    }
    let captain = stage.layout.area_of(&crate::cluster::wire::Address::Kubelet(node.clone())).middle();
    let share = progress(stage, (one.share() / 0.7).min(1.0));
    let at = between((captain.0, captain.1 - 9.0), area.middle(), share);
    let word = match probe {
        ProbeKind::Startup => "startup",
        ProbeKind::Liveness => "liveness",
        ProbeKind::Readiness => "readiness",
    };
    let answer = (share >= 1.0).then_some(*ok);
    let thing = travelling(one, "ping", "ping", at, 10.0).of(&pod).says(word);
    movers.push(Act::Ping, node.to_string(), (thing, at), Box::new(move |pen| pulse::ping(pen, answer)));
}

/// What ends at a crate.
pub fn ending(stage: &mut Stage, one: &Shown) {
    let Some((pod, area)) = crate_of(stage, &one.record.fact) else { return };
    let place = (&pod, area);
    let share = progress(stage, one.share());
    match &one.record.fact {
        Fact::ContainerExited { code, reason, .. } if one.lasts(700.0) => exit(stage, one, place, (*code, reason)),
        Fact::BackOff { pull, restarts, .. } if one.lasts(0.0) => {
            let word = if *pull { "ImagePullBackOff" } else { "CrashLoopBackOff" };
            stage.put(at_crate(one, "back-off", "ring", place).says(word), |pen| {
                pen.at(24.0, 14.0, 1.0, |pen| signs::ring(pen, 1.0, &format!("×{restarts}")));
            });
        }
        Fact::PodStopping { grace, .. } if one.lasts(400.0) => {
            let text = format!("SIGTERM {} s", grace.as_secs());
            stage.put(at_crate(one, "term", "tag", place).says(text.clone()), |pen| pen.at(24.0, 6.0, 1.0, signs::tag));
            note(stage, one, area, &text);
        }
        Fact::ContainerKilled { .. } if one.lasts(400.0) => {
            stage.put(at_crate(one, "kill", "triangle", place).says("SIGKILL"), |pen| {
                pen.at(24.0, 8.0, 1.1, signs::triangle);
            });
            note(stage, one, area, "SIGKILL");
        }
        Fact::PodStopped { .. } if one.lasts(0.0) => {
            let workload = workload(stage, &pod);
            let thing = at_crate(one, "leave", "ghost", place).faint(1.0 - 0.9 * share);
            stage.put(thing, |pen| crate_::ghost(pen, workload));
        }
        _ => {}
    }
}

/// A crash shakes the crate; a good end raises a flag.
fn exit(stage: &mut Stage, one: &Shown, (pod, area): (&Ref, Area), (code, reason): (i32, &str)) {
    let still = stage.frame.options.reduced || one.age_ms > 240.0 || code == 0;
    let shake = if still { 0.0 } else { 3.0 * sine(one.age_ms / 120.0) };
    let area = Area { x: area.x + shake, ..area };
    let thing = at_crate(one, "exit", "exit", (pod, area)).says(format!("{reason} {code}"));
    stage.put(thing, |pen| {
        if code == 0 {
            pen.path("M24 24V-6L42 0L24 7", Look::fill(Token::CrateOk).edged(Token::CratePaper, 2.5));
        } else {
            pen.hatch([0.0, 0.0, 48.0, 36.0], 9.0, Look::line(Token::CrateError, 3.0));
            pen.at(34.0, 2.0, 1.0, signs::triangle);
        }
    });
    let text = stage.text("stage-exit", &[("code", code.to_string().into()), ("reason", reason.into())]);
    note(stage, one, Area { x: area.x - shake, ..area }, &text);
}
