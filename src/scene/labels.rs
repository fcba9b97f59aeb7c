//! Names at the harbour's level, in screen-space size; what is selected; rings.

use super::Truth;
use super::display::{Anchor, Area, Form, Item, Layer, Look, Shape, Words};
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

/// A label at a point in pixels, as wide as its words are about.
#[must_use]
pub fn item(id: String, at: (f64, f64), words: Words, look: Look) -> Item {
    let (size, wide) = (words.size, width(&words.text, words.size));
    Item {
        id,
        kind: "label",
        reference: None,
        fact: None,
        area: Area::new(at.0 - words.anchor.share() * wide, at.1 - 0.82 * size, wide, 1.06 * size),
        hit: None,
        layer: Layer::Label,
        text: Some(words.text.clone()),
        opacity: 1.0,
        shapes: vec![Shape { form: Form::Text(at, Box::new(words)), look }],
    }
}

/// Writes the labels that are always there.
pub fn draw(stage: &mut Stage) {
    fixed(stage);
    registry(stage);
    ships(stage);
    for (name, (x, y), wide) in harbour::buoys(stage) {
        let size = stage.frame.options.label_px;
        let room = wide - 2.0;
        let shown = shortened(&name, size, room);
        stage.write(&format!("service/{name}"), (x, y + 0.35 * size), &shown, (Anchor::Middle, PLAIN));
    }
}

/// Names what is selected, and draws the rings.
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

/// A sentence in lines, broken between words.
#[must_use]
pub fn wrapped(text: &str, size: f64, room: f64) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last().map_or("", String::as_str);
        let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
        if line.is_empty() || width(&longer, size) <= room {
            lines.pop();
            lines.push(longer);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

/// The registry's name, in lines where the lane to the ships leaves too little room.
fn registry(stage: &mut Stage) {
    let name = stage.name("harbour-registry", "stage-registry");
    let (size, place) = (stage.frame.options.label_px, stage.place);
    let (middle, lane) = (place.point(136.0, 762.0), place.point(stage.layout.riser_x() - 10.0, 0.0).0);
    let reach = (middle.0.min(lane - middle.0) - 8.0).max(0.0);
    for (i, line) in wrapped(&name, size, 2.0 * reach).iter().enumerate() {
        #[expect(clippy::cast_precision_loss, reason = "a few lines")]
        let down = 1.2 * size * i as f64;
        let id = if i == 0 { "registry".to_owned() } else { format!("registry/{i}") };
        stage.write(&id, (middle.0, middle.1 + down), line, (Anchor::Middle, PLAIN));
    }
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

/// Names what is selected, if that has no label of its own. What the pointer is on is named by the page.
fn named(stage: &mut Stage) {
    let Some(wanted) = stage.frame.options.selected.as_deref() else { return };
    let item = stage.items().iter().find(|item| item.id == wanted || item.reference.as_deref() == Some(wanted));
    let Some((text, area)) = item.and_then(|item| Some((item.text.clone()?, item.area))) else { return };
    // What has its own label is not named twice.
    let labelled = stage.items().iter().any(|item| item.kind == "label" && item.text.as_ref() == Some(&text));
    let ((x, y), (wide, high)) = (area.middle(), stage.frame.camera.viewport);
    if labelled || !Area::new(0.0, 0.0, wide, high).contains(x, y) {
        return;
    }
    let (shown, x) = beside_cabins(stage, &text, (x, area.y - 8.0));
    stage.write(&format!("named/{wanted}"), (x, area.y - 8.0), &shown, (Anchor::Middle, PLAIN));
}

/// A name and where its middle lies so that it covers no cabin and no mast: moved aside or, where it is too long for that,
/// only its first word (the rest is told by the crate itself).
fn beside_cabins(stage: &Stage, text: &str, (x, y): (f64, f64)) -> (String, f64) {
    let size = stage.frame.options.label_px;
    let covered = |name: &str, x: f64| {
        let wide = width(name, size);
        let label = Area::new(x - wide / 2.0, y - 0.82 * size, wide, 1.06 * size).grown(2.0);
        let cabin =
            |item: &&super::display::Item| matches!(item.kind, "kubelet" | "radio") && item.area.overlaps(&label);
        stage.items().iter().find(cabin).map(|item| item.area)
    };
    let first = text.split(' ').next().unwrap_or(text);
    for name in [text, first] {
        let half = width(name, size) / 2.0 + 3.0;
        let mut places = vec![x];
        // To the right of what is covered, of what is covered there, and to the left.
        for step in 0..2 {
            if let Some(area) = covered(name, places[step]) {
                places.push(area.x + area.w + half);
            } else {
                break;
            }
        }
        places.extend(covered(name, x).map(|area| area.x - half));
        let near = |place: &&f64| (**place - x).abs() <= half && covered(name, **place).is_none();
        if let Some(place) = places.iter().find(near) {
            return (name.to_owned(), *place);
        }
    }
    (first.to_owned(), x)
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
