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
        'm' | 'w' | 'M' | 'W' | '…' => 0.86,
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

/// So long a word is a name: shortened, it keeps its end, which often tells one name from another.
const NAME: usize = 12;

/// A text that fits: its longest name with an ellipsis in the middle or, where there is none or that is not enough, with
/// one at the end.
#[must_use]
pub fn shortened(text: &str, size: f64, room: f64) -> String {
    if width(text, size) <= room {
        return text.to_owned();
    }
    let name = text.split(' ').max_by_key(|word| word.chars().count()).unwrap_or(text);
    let (before, after) = text.split_once(name).unwrap_or_default();
    let letters: Vec<char> = name.chars().collect();
    let middle = |kept: usize| -> String {
        let tail = kept.div_ceil(2);
        let ends =
            [&letters[..kept - tail], &letters[letters.len() - tail..]].map(|end| end.iter().collect::<String>());
        format!("{before}{}…{}{after}", ends[0], ends[1])
    };
    // A name alone is never without its end.
    let least = if before.is_empty() && after.is_empty() { 2 } else { NAME / 2 };
    if letters.len() >= 2 * least {
        let fits = (least..letters.len()).rev().map(middle).find(|short| width(short, size) <= room);
        if let Some(short) = fits {
            return short;
        }
    }
    let mut short: String = text.to_owned();
    while !short.is_empty() && width(&short, size) + width("…", size) > room {
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
    // Two names need no dot between them where each has its lines.
    let names: Vec<&str> = if width(&name, size) <= 2.0 * reach { vec![&*name] } else { name.split(" · ").collect() };
    for (i, line) in names.iter().flat_map(|name| wrapped(name, size, 2.0 * reach)).enumerate() {
        #[expect(clippy::cast_precision_loss, reason = "a few lines")]
        let down = 1.2 * size * i as f64;
        let id = if i == 0 { "registry".to_owned() } else { format!("registry/{i}") };
        stage.write(&id, (middle.0, middle.1 + down), &line, (Anchor::Middle, PLAIN));
    }
}

fn fixed(stage: &mut Stage) {
    let s = stage.layout.shift;
    let far = stage.layout.world.0 - 1600.0;
    let (size, scale) = (stage.frame.options.label_px, stage.place.scale);
    let middle = Anchor::Middle;
    // Below the deck there is room for two lines.
    let room = (404.0 + 0.84 * size / scale).max(432.0);
    let aloft = [("harbour-api-server", "stage-api-server"), ("harbour-scheduler", "stage-scheduler")];
    let two = aloft.map(|(harbour, kubernetes)| stage.name(harbour, kubernetes));
    // Seen from so far that bridge and crane are too close for two words each.
    let close =
        56.0 * scale < 1.2 * size && f64::midpoint(width(&two[0], size), width(&two[1], size)) + 6.0 > 278.0 * scale;
    let [api, scheduler] = if close { aloft.map(|(_, kubernetes)| stage.text(kubernetes, &[])) } else { two };
    let all = [
        ("hut", (128.0, 492.0), stage.name("harbour-hut", "stage-hut")),
        ("api", (800.0 + s, 76.0), api),
        ("scheduler", (1078.0 + s, 132.0), scheduler),
        // Above the lighthouse: beside it lie buoys.
        ("outside", (1528.0 + far, 370.0), stage.name("harbour-outside", "stage-outside")),
    ];
    for (id, at, text) in all {
        stage.label(id, at, middle, &text);
    }
    on_the_hull(stage, room);
    let control = stage.frame.view.nodes.iter().find(|node| node.control_plane).map(|node| node.name.clone());
    if let Some(name) = control {
        let line = size / scale;
        if 2.12 * line <= 88.0 {
            // Beside its captain, and not where the trunk's launches pass.
            stage.hull_label("control-plane", (476.0 + s, 492.0 - (0.42 * line).min(10.0)), Anchor::Start, &name);
        } else {
            stage.label("control-plane", (600.0 + s, 494.0 + line), middle, &name);
        }
    }
}

/// The names of the rooms on the control ship, one beside the other on its hull. Where two words for each have no room,
/// they are Kubernetes' alone.
fn on_the_hull(stage: &mut Stage, y: f64) {
    const ROOMS: [(&str, &str, f64); 3] = [
        ("harbour-etcd", "stage-etcd", 556.0),
        ("harbour-controllers", "stage-controllers", 800.0),
        ("harbour-queue", "stage-queue", 1128.0),
    ];
    // From the captain's porthole to the bow.
    const HULL: (f64, f64) = (474.0, 1190.0);
    let (size, scale, s) = (stage.frame.options.label_px, stage.place.scale, stage.layout.shift);
    let placed = |names: [String; 3]| {
        let mut rooms = ROOMS.iter();
        names.map(|name| {
            let half = width(&name, size) / scale / 2.0;
            let x = rooms.next().map_or(0.0, |(.., x)| *x);
            (name, x.min(HULL.1 - half).max(HULL.0 + half), half)
        })
    };
    let words = placed(ROOMS.map(|(harbour, kubernetes, _)| stage.name(harbour, kubernetes)));
    let apart = words.windows(2).all(|two| two[0].1 + two[0].2 + 8.0 / scale <= two[1].1 - two[1].2);
    let words = if apart { words } else { placed(ROOMS.map(|(_, kubernetes, _)| stage.text(kubernetes, &[]))) };
    let edge = stage.frame.camera.viewport.0;
    for (id, (name, x, half)) in ["etcd", "controllers", "queue"].into_iter().zip(words) {
        // Moved in from the edge of the stage it would lie on its neighbour.
        let ends = [x - half, x + half].map(|end| stage.place.point(end + s, y).0);
        if ends[0] < 4.0 || ends[1] > edge - 4.0 {
            continue;
        }
        stage.hull_label(id, (x + s, y), Anchor::Middle, &name);
    }
}

fn ships(stage: &mut Stage) {
    for ship in &stage.layout.ships {
        let name = stage.frame.view.nodes[ship.node].name.clone();
        let size = stage.frame.options.label_px;
        // Between the engine and the gauges, above the Plimsoll mark.
        let shown = shortened(&name, size, 165.0 * stage.place.scale);
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
    let size = stage.frame.options.label_px;
    // Where it is too long, its first word: the rest is told by the crate itself.
    let first = text.split(' ').next().unwrap_or(&text);
    let beside =
        |name: &str| Some((name.to_owned(), beside_cabins(stage.items(), (x, area.y - 8.0), size, name, 3.0)?));
    let (shown, place) = beside(&text).or_else(|| beside(first)).unwrap_or_else(|| (first.to_owned(), x));
    stage.write(&format!("named/{wanted}"), (place, area.y - 8.0), &shown, (Anchor::Middle, PLAIN));
}

/// Where the middle of a name lies so that it covers no cabin and no mast: where it is wanted or, if that is not far, to
/// the right or to the left of them. `around`: so much of its ground belongs to it on each side, in pixels.
#[must_use]
pub fn beside_cabins(items: &[Item], (x, y): (f64, f64), size: f64, name: &str, around: f64) -> Option<f64> {
    let half = width(name, size) / 2.0 + around;
    let covered = |x: f64| {
        let line = Area::new(x - half, y - 0.82 * size - around, 2.0 * half, 1.06 * size + 2.0 * around);
        let label = line.grown(-1.0);
        let cabin = |item: &&Item| matches!(item.kind, "kubelet" | "radio") && item.area.overlaps(&label);
        items.iter().find(cabin).map(|item| item.area)
    };
    let mut places = vec![x];
    // To the right of what is covered, of what is covered there, and to the left.
    for step in 0..2 {
        let Some(area) = covered(places[step]) else { break };
        places.push(area.x + area.w + half);
    }
    places.extend(covered(x).map(|area| area.x - half));
    places.into_iter().find(|place| (place - x).abs() <= half && covered(*place).is_none())
}

/// Two-coloured rings, seen on any ground.
pub fn rings(stage: &mut Stage) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_end_and_a_sentence_its_beginning() {
        let name = shortened("RunPodSandbox web-6c4ccf44fc-nm8rm", 13.0, 190.0);
        assert!(name.starts_with("RunPodSandbox web") && name.ends_with("m8rm") && name.contains('…'), "{name}");
        let sentence = shortened("no preemption victims found", 13.0, 100.0);
        assert!(sentence.starts_with("no pre") && sentence.ends_with('…'), "{sentence}");
        for (text, room) in ["web", "a-very-long-name-of-a-pod-7x2kq", "볼륨 kube-api-access-x7k2q (projected)"]
            .into_iter()
            .flat_map(|text| [8.0, 20.0, 60.0, 100.0, 150.0].map(|room| (text, room)))
        {
            let short = shortened(text, 13.0, room);
            assert!(short == text || short == "…" || width(&short, 13.0) <= room, "{short} in {room}");
        }
    }
}
