//! Names at the harbour's level, in screen-space size; what is selected or pointed at; rings.

use super::Truth;
use super::display::{Anchor, Area, Layer, Look};
use super::harbour;
use super::stage::{Stage, Thing};
use super::theme::Token;
use crate::cluster::view::Readiness;

/// About how wide a text is, in pixels: Pretendard's advances, a little generous.
#[must_use]
pub fn width(text: &str, size: f64) -> f64 {
    let advance = |c: char| match c {
        '가'..='힣' | '\u{3000}'..='\u{9fff}' => 0.88,
        'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '|' | '\'' | '·' | '!' => 0.28,
        ' ' => 0.24,
        'f' | 't' | 'r' | '-' | '(' | ')' | '/' | '1' => 0.39,
        'm' | 'w' | 'M' | 'W' => 0.86,
        'A'..='Z' => 0.67,
        _ => 0.58,
    };
    text.chars().map(advance).sum::<f64>() * size
}

/// Ink with a halo of the ground.
pub const PLAIN: Look = Look::fill(Token::Ink).edged(Token::Halo, 4.0);

/// Writes the labels that are always there.
pub fn draw(stage: &mut Stage) {
    fixed(stage);
    ships(stage);
    for (name, (x, y), wide) in harbour::buoys(stage) {
        let size = stage.frame.options.label_px;
        let room = wide - 2.0;
        let shown = shortened(&name, size, room);
        stage.write(&format!("service/{name}"), (x, y + 0.35 * size), &shown, (Anchor::Middle, PLAIN));
    }
}

/// Names what is selected or pointed at, and draws the rings.
pub fn draw_marks(stage: &mut Stage) {
    named(stage);
    rings(stage);
}

/// A text that fits, with an ellipsis if it had to be cut.
#[must_use]
pub fn shortened(text: &str, size: f64, room: f64) -> String {
    if width(text, size) <= room {
        return text.to_owned();
    }
    let mut short: String = text.to_owned();
    while !short.is_empty() && width(&short, size) + size * 0.8 > room {
        short.pop();
    }
    short + "…"
}

fn fixed(stage: &mut Stage) {
    let s = stage.layout.shift;
    let far = stage.layout.world.0 - 1600.0;
    let (size, scale) = (stage.frame.options.label_px, stage.place.scale);
    let middle = Anchor::Middle;
    // Below the deck there is room for two lines.
    let room = (404.0 + 0.84 * size / scale).max(432.0);
    let all = [
        ("hut", (128.0, 492.0), stage.name("harbour-hut", "stage-hut"), false),
        ("registry", (136.0, 762.0), stage.name("harbour-registry", "stage-registry"), false),
        ("api", (800.0 + s, 76.0), stage.name("harbour-api-server", "stage-api-server"), false),
        ("etcd", (556.0 + s, room), stage.name("harbour-etcd", "stage-etcd"), true),
        ("controllers", (800.0 + s, room), stage.name("harbour-controllers", "stage-controllers"), true),
        ("scheduler", (1078.0 + s, 138.0), stage.name("harbour-scheduler", "stage-scheduler"), false),
        ("queue", (1128.0 + s, room), stage.name("harbour-queue", "stage-queue"), true),
        ("outside", (1528.0 + far, 602.0), stage.name("harbour-outside", "stage-outside"), false),
    ];
    for (id, at, text, on_hull) in all {
        if on_hull {
            stage.hull_label(id, at, middle, &text);
        } else {
            stage.label(id, at, middle, &text);
        }
    }
    let control = stage.frame.view.nodes.iter().find(|node| node.control_plane).map(|node| node.name.clone());
    if let Some(name) = control {
        let line = size / scale;
        if 2.12 * line <= 88.0 {
            stage.hull_label("control-plane", (806.0 + s, 492.0 - (0.42 * line).min(10.0)), middle, &name);
        } else {
            stage.label("control-plane", (640.0 + s, 494.0 + line), middle, &name);
        }
    }
}

fn ships(stage: &mut Stage) {
    for ship in &stage.layout.ships {
        let name = stage.frame.view.nodes[ship.node].name.clone();
        let size = stage.frame.options.label_px;
        // Between the engine and the Plimsoll mark.
        let shown = shortened(&name, size, 160.0 * stage.place.scale);
        let y = ship.y + ship.sink + 34.0;
        // White on white fog could not be read.
        let fog = stage.frame.options.truth == Truth::Believed
            && stage.frame.view.nodes[ship.node].readiness == Readiness::Unknown;
        let (id, at) = (format!("node/{name}"), (ship.x + 100.0, y));
        if fog {
            stage.label(&id, at, Anchor::Start, &shown);
        } else {
            stage.hull_label(&id, at, Anchor::Start, &shown);
        }
    }
}

/// Names what the pointer is on and what is selected, if that has no label of its own.
fn named(stage: &mut Stage) {
    let options = stage.frame.options;
    let wanted = [options.selected.as_deref(), options.hovered.as_deref()];
    let mut said: Vec<String> = Vec::new();
    for wanted in wanted.into_iter().flatten() {
        let item = stage.items().iter().find(|item| item.id == wanted || item.reference.as_deref() == Some(wanted));
        let Some((text, area)) = item.and_then(|item| Some((item.text.clone()?, item.area))) else { continue };
        // What has its own label is not named twice.
        let labelled = stage.items().iter().any(|item| item.kind == "label" && item.text.as_ref() == Some(&text));
        if labelled || said.contains(&text) {
            continue;
        }
        let (size, (x, y)) = (options.label_px, area.middle());
        let (wide, high) = stage.frame.camera.viewport;
        if !Area::new(0.0, 0.0, wide, high).contains(x, y) {
            continue;
        }
        // Two names close to each other stand above each other.
        let above = |said: usize| if said == 0 { 8.0 } else { 8.0 + 1.3 * size };
        stage.write(&format!("named/{wanted}"), (x, area.y - above(said.len())), &text, (Anchor::Middle, PLAIN));
        said.push(text);
    }
}

/// Two-coloured rings, seen on any ground.
fn rings(stage: &mut Stage) {
    let options = stage.frame.options;
    let wanted = [("selected", options.selected.as_deref()), ("focused", options.focused.as_deref())];
    for (kind, wanted) in wanted {
        let Some(wanted) = wanted else { continue };
        let item = stage.items().iter().find(|item| item.id == wanted || item.reference.as_deref() == Some(wanted));
        let Some(area) = item.map(|item| item.area) else { continue };
        let scale = stage.place.scale;
        // Rings have their width in pixels, whatever the camera's distance.
        let world = Area::new(
            (area.x - stage.place.x) / scale,
            (area.y - stage.place.y) / scale,
            area.w / scale,
            area.h / scale,
        )
        .grown(5.0 / scale);
        let thing = Thing::new(format!("ring/{kind}"), "ring", Layer::Ring, world);
        stage.put(thing, |pen| {
            let outline = [world.x, world.y, world.w, world.h];
            pen.rect(outline, 6.0 / scale, Look::line(Token::FocusInner, 7.0 / scale));
            let ring = Look::line(Token::Accent, 3.0 / scale);
            pen.rect(
                outline,
                6.0 / scale,
                if kind == "focused" { ring } else { ring.dashed(8.0 / scale, 5.0 / scale) },
            );
        });
    }
}
