//! The field of many ships: squares that show more the nearer they are. Small things are pixels (see [`raster`]), so
//! that five thousand ships with all their pods cost no more than a dozen.

use super::Truth;
use super::display::{Anchor, Area, Layer, Look};
use super::field::{Detail, Field};
use super::labels::{PLAIN, shortened};
use super::layout::{Layout, load};
use super::raster::{self, Raster, cell};
use super::sprites::crate_::{self, Status};
use super::sprites::hull_above::{self, Above};
use super::stage::{LEAST_HIT, Stage, Thing};
use super::status;
use super::theme::Token;
use crate::cluster::view::{NodeView, Readiness};
use std::fmt::Write;
use std::rc::Rc;

/// Up to so many pods that are seen keep their places; more lie in the order in which they came.
const KEPT: usize = 3000;

/// Draws the field.
pub fn draw(stage: &mut Stage) {
    let layout = stage.layout;
    let Some(field) = &layout.field else { return };
    let (from, to) = stage.seen();
    let seen: Vec<usize> = field.between(from, to).collect();
    let side = stage.place.scale * field.pitch;
    let detail = Detail::of(side);
    lanes(stage, field, side >= 36.0);
    heads(stage, field);
    if detail >= Detail::Hull {
        for place in &seen {
            hull(stage, field, *place);
        }
    }
    if detail == Detail::Crates {
        for place in &seen {
            crates(stage, field, *place);
        }
    } else {
        pixels(stage, field, &seen, detail);
    }
    touch(stage, field, &seen, side);
    if side >= 96.0 {
        names(stage, field, &seen);
    }
}

/// Whether a node is there, as the chosen truth has it.
fn readiness(stage: &Stage, node: &NodeView) -> Readiness {
    match stage.frame.options.truth {
        Truth::Believed => node.readiness,
        Truth::Actual if !node.kubelet_runs => Readiness::NotReady,
        Truth::Actual if node.cut_off => Readiness::Unknown,
        Truth::Actual => Readiness::Ready,
    }
}

fn lanes(stage: &mut Stage, field: &Field, each_row: bool) {
    let layout = stage.layout;
    let (trunk, bus) = (layout.trunk_x(), Layout::bus_y(0));
    let mut low = bus;
    let mut data = format!("M222 390H330V214H{}M{trunk} 488V{bus}", 690.0 + layout.shift);
    let mut twigs = String::new();
    let mut last = None;
    for place in 0..field.len() {
        let way = field.way_up(place);
        let ((_, gap), (riser, _)) = (way[1], way[2]);
        low = low.max(gap);
        if each_row && last != Some(gap.to_bits()) {
            last = Some(gap.to_bits());
            let end = field.square(place).x + field.pitch * 0.5;
            let _ = write!(twigs, "M{riser} {gap:.1}H{end:.1}");
        } else if each_row {
            let _ = write!(twigs, "H{:.1}", way[0].0);
        }
    }
    let riser = field.way_up(0)[2].0;
    let _ = write!(data, "M{trunk} {bus}H{riser}V{low:.1}");
    let area = Area::new(216.0, 214.0, trunk, low - 214.0);
    stage.put(Thing::new("lanes", "lane", Layer::Lane, area), |pen| {
        pen.path(&data, Look::line(Token::Halo, 11.0).faint(0.5));
        pen.path(&data, Look::line(Token::Lane, 7.0));
        if !twigs.is_empty() {
            pen.path(&twigs, Look::line(Token::Lane, 4.0).faint(0.7));
        }
    });
}

/// The zones' names with how many ships they have, and how many of those are not ready.
fn heads(stage: &mut Stage, field: &Field) {
    if !field.has_heads() {
        return;
    }
    let frame = stage.frame;
    let scale = stage.place.scale;
    for zone in &field.zones {
        let nodes = (zone.places.0..zone.places.1).map(|place| &frame.view.nodes[field.node(place)]);
        let count = nodes.clone().count();
        let lost = nodes.filter(|node| readiness(stage, node) != Readiness::Ready).count();
        let name = if zone.name.is_empty() { "–" } else { &zone.name };
        let mut text = stage.text("stage-zone", &[("name", name.into()), ("count", count.into())]);
        if lost > 0 {
            text += &stage.text("stage-zone-lost", &[("count", lost.into())]);
        }
        let (x, y) = zone.at;
        stage.label(&format!("zone/{}", zone.name), (x, y - 6.0 / scale), Anchor::Start, &text);
    }
}

fn share(asked: i64, offered: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a gauge")]
    if offered > 0 { (asked as f64 / offered as f64).clamp(0.0, 1.0) } else { 0.0 }
}

fn hull(stage: &mut Stage, field: &Field, place: usize) {
    let node = &stage.frame.view.nodes[field.node(place)];
    let square = field.square(place);
    let above = Above {
        cpu: share(node.requested.cpu_milli, node.allocatable.cpu_milli),
        memory: share(node.requested.memory, node.allocatable.memory),
        ready: readiness(stage, node) == Readiness::Ready,
        fog: readiness(stage, node) == Readiness::Unknown && stage.frame.options.truth == Truth::Believed,
        cordoned: node.cordoned,
        tainted: node.taints.iter().any(|taint| !taint.starts_with("node.kubernetes.io/unschedulable")),
    };
    let opacity = if stage.frame.options.lit_node(&node.name) { 1.0 } else { 0.25 };
    let thing = Thing::new(format!("hull/{}", node.name), "hull", Layer::Ship(0), square)
        .at(square.x, square.y, square.w / 100.0)
        .faint(opacity);
    stage.put(thing, |pen| hull_above::draw(pen, &above));
}

fn crates(stage: &mut Stage, field: &Field, place: usize) {
    let node = &stage.frame.view.nodes[field.node(place)];
    let square = field.square(place);
    for (slot, pod) in stage.slots(field.node(place)) {
        let cell = Field::cell(&square, slot);
        // Crates have their own proportions: 48 × 36.
        let h = cell.w * 0.75;
        let area = Area::new(cell.x, cell.y + (cell.h - h) / 2.0, cell.w, h);
        super::harbour::put_crate(stage, &node.pods[pod], Some(node), area, Layer::Ship(0));
    }
}

/// What stands for each ship: touched where it is large enough; far away the whole field, which a touch brings nearer.
fn touch(stage: &mut Stage, field: &Field, seen: &[usize], side: f64) {
    let options = stage.frame.options;
    let marked = |reference: &String| {
        [&options.selected, &options.focused, &options.hovered].into_iter().any(|one| one.as_ref() == Some(reference))
    };
    let near = side >= LEAST_HIT;
    if !near && let (Some(first), Some(last)) = (seen.first(), seen.last()) {
        let (first, last) = (field.square(*first), field.square(*last));
        let area = Area::new(first.x, first.y, super::field::RIGHT - first.x, last.y + last.h - first.y);
        let says = stage.text("stage-fleet", &[("count", field.len().into())]);
        stage.put(Thing::new("fleet", "fleet", Layer::Lane, area).says(says).touched(), |_| {});
    }
    for place in seen {
        let node = &stage.frame.view.nodes[field.node(*place)];
        let reference = format!("Node//{}", node.name);
        if !near && !marked(&reference) {
            continue;
        }
        let mut thing =
            Thing::new(format!("node/{}", node.name), "ship", Layer::Ship(0), field.square(*place)).named(reference);
        if near {
            thing = thing.says(&*node.name).touched();
        }
        stage.put(thing, |_| {});
    }
}

fn names(stage: &mut Stage, field: &Field, seen: &[usize]) {
    let (size, scale) = (stage.frame.options.label_px, stage.place.scale);
    for place in seen {
        let name = stage.frame.view.nodes[field.node(*place)].name.clone();
        let square = field.square(*place);
        let room = field.pitch * scale - 6.0;
        let shown = shortened(&name, size, room);
        let at = stage.place.point(square.x + square.w / 2.0, square.y + square.h);
        stage.write(&format!("node/{name}"), (at.0, at.1 + 0.42 * size), &shown, (Anchor::Middle, PLAIN));
    }
}

/// Where pixels go: the raster, and how world units become its pixels.
struct Easel {
    raster: Raster,
    origin: (f64, f64),
    scale: f64,
}

impl Easel {
    #[expect(clippy::cast_possible_truncation, reason = "pixels of a screen")]
    /// The edges of one of many areas that have so much room between them: where a pixel cannot be divided, the areas
    /// differ by one and the gaps are all alike.
    fn edges(&self, area: &Area, gap: (f64, f64)) -> [i32; 4] {
        let x = |x: f64| ((x - self.origin.0) * self.scale).round() as i32;
        let y = |y: f64| ((y - self.origin.1) * self.scale).round() as i32;
        // What has three pixels or more is never without a gap.
        let apart = |gap: f64, of: f64| {
            let least = i32::from((of + gap) * self.scale >= 3.0);
            ((gap * self.scale).round() as i32).max(least)
        };
        let (right, bottom) = (x(area.x + area.w + gap.0), y(area.y + area.h + gap.1));
        [x(area.x), y(area.y), right - apart(gap.0, area.w), bottom - apart(gap.1, area.h)]
    }
}

/// Tiles and pods as pixels of the screen.
fn pixels(stage: &mut Stage, field: &Field, seen: &[usize], detail: Detail) {
    let ratio = stage.frame.options.ratio;
    let (wide, high) = stage.frame.camera.viewport;
    let (from, _) = stage.seen();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "pixels of a screen")]
    let pixels = |css: f64| (css * ratio).ceil() as usize;
    let mut easel =
        Easel { raster: Raster::new(pixels(wide), pixels(high)), origin: from, scale: stage.place.scale * ratio };
    let most = seen.iter().map(|place| stage.frame.view.nodes[field.node(*place)].pods.len()).max().unwrap_or(0);
    let few = seen.len() * most <= KEPT;
    for place in seen {
        let square = field.square(*place);
        if detail < Detail::Hull {
            tile(stage, &mut easel, field.node(*place), (&square, most));
        } else {
            cells(stage, &mut easel, field.node(*place), (&square, few));
        }
    }
    let area = Area::new(from.0, from.1, wide / stage.place.scale, high / stage.place.scale);
    let raster = Rc::new(easel.raster);
    let size = {
        #[expect(clippy::cast_precision_loss, reason = "pixels of a screen")]
        let css = |pixels: usize| pixels as f64 / ratio;
        (css(raster.width), css(raster.height))
    };
    stage.put(Thing::new("field", "field", Layer::Ship(0), area), |pen| pen.pixels(size, raster));
}

/// A ship from far away: filled from below as it is loaded, crossed out when it is not ready, its pods if they fit.
fn tile(stage: &Stage, easel: &mut Easel, index: usize, (square, most): (&Area, usize)) {
    let node = &stage.frame.view.nodes[index];
    let gap = stage.layout.field.as_ref().map_or(0.0, |field| field.pitch - square.w);
    let [left, top, right, bottom] = easel.edges(square, (gap, gap));
    let shade = |token| if stage.frame.options.lit_node(&node.name) { cell(token) } else { raster::faint(cell(token)) };
    let (wide, high) = ((right - left).max(1), (bottom - top).max(1));
    let heard = readiness(stage, node);
    easel.raster.fill([left, top, left + wide, top + high], shade(Token::HullWorker));
    let ground = if heard == Readiness::Ready { Token::Deck } else { Token::Unknown };
    let inner =
        if wide >= 6 { [left + 1, top + 1, right - 1, bottom - 1] } else { [left, top, left + wide, top + high] };
    easel.raster.fill(inner, shade(ground));
    let [x, y, r, b] = inner;
    // Pods where there is at least a pixel for each.
    let (columns, size) = grid(r - x, b - y, most);
    if size > 0 {
        for (i, pod) in (0_i32..).zip(&node.pods) {
            let at = (x + i % columns * size, b - size - i / columns * size);
            let gap = i32::from(size > 2);
            easel.raster.fill([at.0, at.1, at.0 + size - gap, at.1 + size - gap], stage.pod_cell(pod, node));
        }
    } else {
        #[expect(clippy::cast_possible_truncation, reason = "a few pixels")]
        let filled = (f64::from(b - y) * load(node)).round() as i32;
        easel.raster.fill([x, b - filled, r, b], shade(Token::Lane));
    }
    if heard != Readiness::Ready {
        let thick = 1 + i32::from(wide >= 9);
        easel.raster.cross([left, top, right, bottom], thick, shade(Token::Error));
    } else if node.cordoned {
        // A chain along the lower edge.
        for link in (x..r).step_by(2) {
            easel.raster.fill([link, b - 1 - high / 8, link + 1, b], shade(Token::Ink));
        }
    }
}

/// The largest squares of pixels with which so many fit: how many side by side, and their side; 0 if they do not.
fn grid(wide: i32, high: i32, count: usize) -> (i32, i32) {
    let count = i32::try_from(count).unwrap_or(i32::MAX).max(11);
    (1..=6)
        .rev()
        .find(|size| (wide / size) * (high / size) >= count)
        .map_or((1, 0), |size| ((wide / size).max(1), size))
}

/// The pods of a hull that is seen from above.
fn cells(stage: &Stage, easel: &mut Easel, index: usize, (square, few): (&Area, bool)) {
    let node = &stage.frame.view.nodes[index];
    if few {
        for (slot, pod) in stage.slots(index) {
            one(stage, easel, (&node.pods[pod], node), &Field::cell(square, slot));
        }
    } else {
        for (slot, pod) in node.pods.iter().enumerate() {
            one(stage, easel, (pod, node), &Field::cell(square, slot));
        }
    }
}

type Aboard<'a> = (&'a crate::cluster::view::PodView, &'a NodeView);

/// A crate as a few pixels: outline and fill say how it is, the colour to what it belongs.
fn one(stage: &Stage, easel: &mut Easel, (pod, node): Aboard, area: &Area) {
    let [left, top, right, bottom] = easel.edges(area, Field::between_cells(area));
    let colour = stage.pod_cell(pod, node);
    let lit = stage.frame.options.lit_pod(&pod.object);
    let shade = |token| if lit { cell(token) } else { raster::faint(cell(token)) };
    let outer = [left, top, right.max(left + 1), bottom.max(top + 1)];
    let edge = i32::from(right - left >= 5);
    let inner = [left + edge, top + edge, outer[2] - edge, outer[3] - edge];
    let middle = i32::midpoint(top, outer[3]);
    easel.raster.fill(outer, shade(Token::CrateInk));
    let paper = shade(Token::CratePaper);
    match status::of(pod, Some(node), (stage.t, stage.frame.options.truth)) {
        Status::Ready => easel.raster.fill(inner, colour),
        Status::Running | Status::Creating(_) => {
            easel.raster.fill(inner, paper);
            easel.raster.fill([inner[0], middle, inner[2], inner[3]], colour);
        }
        Status::Pending => easel.raster.fill(inner, paper),
        Status::Succeeded | Status::Terminating(_) => {
            easel.raster.fill(inner, paper);
            easel.raster.fill([inner[0], inner[1], i32::midpoint(inner[0], inner[2]), inner[3]], colour);
        }
        Status::Failed | Status::Evicted => {
            easel.raster.fill(inner, colour);
            easel.raster.cross(outer, edge.max(1), shade(Token::CrateError));
        }
        Status::Unknown => easel.raster.fill(inner, shade(Token::Unknown)),
    }
}

impl Stage<'_> {
    /// The corners of what is seen, in world units.
    #[must_use]
    pub fn seen(&self) -> ((f64, f64), (f64, f64)) {
        let camera = &self.frame.camera;
        (camera.world_at(self.layout, 0.0, 0.0), camera.world_at(self.layout, camera.viewport.0, camera.viewport.1))
    }

    /// The pixel of a pod: its group's colour.
    fn pod_cell(&self, pod: &crate::cluster::view::PodView, node: &NodeView) -> u8 {
        let options = self.frame.options;
        let colour = cell(crate_::fill(options.groups.hue(pod, Some(node), (self.t, options.truth))));
        if options.lit_pod(&pod.object) { colour } else { raster::faint(colour) }
    }
}
