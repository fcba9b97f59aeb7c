//! Collects the items of one picture, in pixels, from drawings in world units.

use super::display::{Anchor, Area, DisplayList, Item, Layer, Look, Words};
use super::field::Field;
use super::labels::{PLAIN, item, width};
use super::layout::{BOARD, Grid, Layout, board_slot};
use super::pen::{Pen, Place};
use super::theme::Token;
use super::{Dial, Frame};
use crate::api::object::Ref;
use crate::i18n::{self, Arg};
use crate::sim::{FactId, Order, Sorted, Time};

/// The smallest side of what can be touched, in pixels.
pub const LEAST_HIT: f64 = 24.0;

/// A thing to be drawn: an item before its shapes.
#[derive(Clone, Debug)]
pub struct Thing {
    item: Item,
    origin: (f64, f64, f64),
    touch: bool,
}

impl Thing {
    /// A thing that covers an area in world units.
    #[must_use]
    pub fn new(id: impl Into<String>, kind: &'static str, layer: Layer, area: Area) -> Self {
        let item = Item {
            id: id.into(),
            kind,
            reference: None,
            fact: None,
            area,
            hit: None,
            layer,
            text: None,
            opacity: 1.0,
            shapes: Vec::new(),
        };
        Self { item, origin: (0.0, 0.0, 1.0), touch: false }
    }

    /// The pen's origin in the world, and its scale.
    #[must_use]
    pub fn at(mut self, x: f64, y: f64, scale: f64) -> Self {
        self.origin = (x, y, scale);
        self
    }

    /// It stands for an object.
    #[must_use]
    pub fn of(mut self, reference: &Ref) -> Self {
        self.item.reference = Some(reference.to_string());
        self
    }

    /// It stands for an object that is named by a text.
    #[must_use]
    pub fn named(mut self, reference: String) -> Self {
        self.item.reference = Some(reference);
        self
    }

    /// It shows a fact.
    #[must_use]
    pub fn because(mut self, fact: FactId) -> Self {
        self.item.fact = Some(fact);
        self
    }

    /// It can be touched.
    #[must_use]
    pub fn touched(mut self) -> Self {
        self.touch = true;
        self
    }

    /// It says something.
    #[must_use]
    pub fn says(mut self, text: impl Into<String>) -> Self {
        self.item.text = Some(text.into());
        self
    }

    /// It is less opaque.
    #[must_use]
    pub fn faint(mut self, opacity: f64) -> Self {
        self.item.opacity = opacity;
        self
    }
}

/// Collects items.
pub struct Stage<'a> {
    /// What is drawn.
    pub frame: &'a Frame<'a>,
    /// Where things lie.
    pub layout: &'a Layout,
    /// Where the world lies on the stage.
    pub place: Place,
    /// The moment.
    pub t: Time,
    /// Where the pods of the view lie, in world units.
    pub pods: Sorted<Ref, Area>,
    items: Vec<Item>,
}

impl<'a> Stage<'a> {
    /// An empty stage.
    #[must_use]
    pub fn new(frame: &'a Frame<'a>) -> Self {
        let layout = frame.layout;
        let place = frame.camera.place(layout);
        let mut stage = Self { frame, layout, place, t: frame.view.t, pods: Sorted::new(), items: Vec::new() };
        stage.pods = stage.berth();
        stage
    }

    /// The slots that the pods of one node have: those that they keep, the others the first free ones.
    #[must_use]
    pub fn slots(&self, node: usize) -> Sorted<usize, usize> {
        let mut taken = Sorted::new();
        let pods = &self.frame.view.nodes[node].pods;
        let name = &self.frame.view.nodes[node].name;
        let known = |pod: &Ref| self.frame.script.berths.at(pod, self.t).filter(|(node, _)| *node == name);
        let mut rest = Vec::new();
        for (i, pod) in pods.iter().enumerate() {
            match known(&pod.object).filter(|(_, slot)| !taken.contains_key(slot)) {
                Some((_, slot)) => drop(taken.insert(slot, i)),
                None => rest.push(i),
            }
        }
        let mut slot = 0;
        for i in rest {
            while taken.contains_key(&slot) {
                slot += 1;
            }
            taken.insert(slot, i);
        }
        taken
    }

    fn berth(&self) -> Sorted<Ref, Area> {
        let view = self.frame.view;
        let waiting = view.queue.iter().take(BOARD).enumerate().map(|(i, (pod, _))| {
            let area = board_slot(i);
            (pod.clone(), Area { x: area.x + self.layout.shift, ..area })
        });
        // What lies on a ship counts: of equal keys the last one stays.
        let mut places: Vec<(Ref, Area)> = waiting.collect();
        for ship in &self.layout.ships {
            let slots = self.slots(ship.node);
            let grid = Grid::of(slots.keys().last().map_or(0, |last| last + 1));
            for (slot, pod) in slots {
                let area = grid.slot(slot);
                let area = Area::new(area.x + ship.x, area.y + ship.y + ship.sink, area.w, area.h);
                places.push((view.nodes[ship.node].pods[pod].object.clone(), area));
            }
        }
        places.into_iter().collect()
    }

    /// Where a pod lies or, if it has gone or is only about to come, where it lay or will.
    #[must_use]
    pub fn pod_area(&self, pod: &Ref, node: &str) -> Option<Area> {
        if let Some(area) = self.pods.get(pod) {
            return Some(*area);
        }
        if let Some(square) = self.layout.square(node) {
            return Some(Field::cell(&square, self.slot_of(pod, node)?));
        }
        let ship = *self.layout.ship(node)?;
        let (_, slot) = self.frame.script.berths.at(pod, self.t).filter(|(at, _)| &***at == node)?;
        let slots = self.slots(ship.node);
        let grid = Grid::of(slots.keys().last().map_or(0, |last| last + 1).max(slot + 1));
        let area = grid.slot(slot);
        Some(Area::new(area.x + ship.x, area.y + ship.y + ship.sink, area.w, area.h))
    }

    /// The slot of a pod on a ship that is one of many.
    fn slot_of(&self, pod: &Ref, node: &str) -> Option<usize> {
        if let Some((_, slot)) = self.frame.script.berths.at(pod, self.t).filter(|(at, _)| &***at == node) {
            return Some(slot);
        }
        let node = self.frame.view.nodes.iter().find(|seen| &*seen.name == node)?;
        node.pods.iter().position(|seen| seen.object == *pod)
    }

    /// Draws a thing.
    pub fn put(&mut self, thing: Thing, draw: impl FnOnce(&mut Pen)) {
        let Thing { mut item, origin: (x, y, scale), touch } = thing;
        item.area = self.place.area(item.area);
        item.hit = touch.then(|| item.area.at_least(LEAST_HIT));
        let mut pen = Pen::new(self.place.inner(x, y, scale));
        draw(&mut pen);
        item.shapes = pen.done();
        self.items.push(item);
    }

    /// Writes a label; the point of its baseline is in world units.
    pub fn label(&mut self, id: &str, at: (f64, f64), anchor: Anchor, text: &str) {
        let at = self.place.point(at.0, at.1);
        self.write(id, at, text, (anchor, PLAIN));
    }

    /// Writes a label on a ship's hull.
    pub fn hull_label(&mut self, id: &str, at: (f64, f64), anchor: Anchor, text: &str) {
        let at = self.place.point(at.0, at.1);
        self.write(id, at, text, (anchor, Look::fill(Token::OnHull)));
    }

    /// Writes a label that may be left out: it does so where another label stands already.
    pub fn note(&mut self, id: &str, at: (f64, f64), anchor: Anchor, text: &str) {
        let before = self.items.len();
        self.label(id, at, anchor, text);
        if self.items.len() == before {
            return;
        }
        let area = self.items[before].area;
        if self.items[..before].iter().any(|item| item.kind == "label" && item.area.overlaps(&area)) {
            self.items.pop();
        }
    }

    /// Writes a label at a point in pixels.
    pub fn write(&mut self, id: &str, (px, py): (f64, f64), text: &str, (anchor, look): (Anchor, Look)) {
        let size = self.frame.options.label_px;
        if size <= 0.0 || text.is_empty() {
            return;
        }
        let wide = width(text, size);
        let offset = anchor.share() * wide;
        // A label of what is seen is not cut by the edge of the stage: it moves inside. Where it cannot, it is left out.
        let (edge, floor) = self.frame.camera.viewport;
        let seen = px >= 0.0 && px <= edge && wide + 8.0 <= edge;
        let left = if seen { (px - offset).clamp(4.0, edge - 4.0 - wide) } else { px - offset };
        let cut = left < 0.0 && left + wide > 0.0 || left < edge && left + wide > edge;
        if cut && wide + 8.0 <= edge {
            return;
        }
        let lowest = floor - 0.3 * size;
        let py = if py > -0.3 * size && py < lowest + 1.2 * size { py.clamp(0.9 * size, lowest) } else { py };
        let px = left + offset;
        let words = Words { text: text.to_owned(), size, weight: 600, code: false, anchor };
        self.items.push(item(format!("label/{id}"), (px, py), words, look));
    }

    /// A text in the frame's language.
    #[must_use]
    pub fn text(&self, key: &str, args: &[(&str, Arg)]) -> String {
        i18n::text(self.frame.language, key, args)
    }

    /// What a part of the harbour is called, in the words that were chosen.
    #[must_use]
    pub fn name(&self, harbour: &str, kubernetes: &str) -> String {
        let [harbour, kubernetes] = [harbour, kubernetes].map(|key| self.text(key, &[]));
        match self.frame.options.dial {
            Dial::Harbour => harbour,
            Dial::Kubernetes => kubernetes,
            Dial::Both if harbour == kubernetes => harbour,
            Dial::Both => format!("{harbour} · {kubernetes}"),
        }
    }

    /// The items so far.
    #[must_use]
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// The finished list, from back to front.
    #[must_use]
    pub fn done(mut self) -> DisplayList {
        self.items.order_by_key(|item| item.layer.order());
        let (width, height) = self.frame.camera.viewport;
        DisplayList { width, height, items: self.items }
    }
}
