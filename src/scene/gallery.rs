//! Every sprite, status and motion side by side: to look at, and to see that nothing is cut or unreadable.

use super::display::{Anchor, Area, DisplayList, Form, Item, Layer, Look, Shape, Words};
use super::labels::{shortened, width};
use super::pen::{Pen, Place};
use super::sprites::crate_::{self, Cargo, Status};
use super::sprites::{SPRITES, Sprite};
use super::theme::{FILLS, Token};
use crate::i18n::{Language, text};

/// One cell of the gallery, in pixels.
const CELL: (f64, f64) = (168.0, 148.0);

/// A picture of every sprite, `width` pixels wide; as high as it must be.
#[must_use]
pub fn sprites(wide: f64, language: Language) -> DisplayList {
    let mut sheet = Sheet::new(wide);
    for sprite in SPRITES {
        let name = text(language, &format!("sprite-{}", sprite.kind), &[]);
        sheet.cell(sprite.kind, &name, sprite.extent, sprite.sample);
    }
    sheet.done()
}

/// A picture of every status of a crate in every workload's colours.
#[must_use]
pub fn statuses(wide: f64, language: Language) -> DisplayList {
    let mut sheet = Sheet::new(wide);
    for (key, status) in Status::ALL {
        let name = text(language, key, &[]);
        let cargo = Cargo { workload: Some(0), status, containers: 2, running: 1, ..Cargo::default() };
        sheet.cell(key, &name, [-10.0, -18.0, 70.0, 62.0], move |pen| crate_::draw(pen, &cargo));
    }
    for workload in 0..FILLS.len() {
        let cargo =
            Cargo { workload: Some(workload), status: Status::Ready, containers: 1, running: 1, ..Cargo::default() };
        let name = text(language, "gallery-workload", &[("number", (workload + 1).into())]);
        sheet.cell("workload", &name, [-10.0, -18.0, 70.0, 62.0], move |pen| crate_::draw(pen, &cargo));
    }
    sheet.done()
}

/// A crate of a colour and a pattern without any status: what stands before a name in a legend.
#[must_use]
pub fn swatch(workload: usize) -> DisplayList {
    let area = Area::new(0.0, 0.0, SWATCH.0, SWATCH.1);
    let mut pen = Pen::new(Place { x: 1.0, y: 1.0, scale: (SWATCH.1 - 2.0) / 36.0 });
    crate_::plain(&mut pen, workload);
    let item = Item {
        id: "swatch".to_owned(),
        kind: "workload",
        reference: None,
        fact: None,
        area,
        hit: None,
        layer: Layer::Label,
        text: None,
        opacity: 1.0,
        shapes: pen.done(),
    };
    DisplayList { width: SWATCH.0, height: SWATCH.1, items: vec![item] }
}

/// The size of a swatch in pixels: large enough for its pattern.
const SWATCH: (f64, f64) = (22.0, 20.0);

struct Sheet {
    wide: f64,
    items: Vec<Item>,
    cells: usize,
}

impl Sheet {
    fn new(wide: f64) -> Self {
        Self { wide: wide.max(CELL.0), items: Vec::new(), cells: 0 }
    }

    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a page")]
    fn place(&self, index: usize) -> Area {
        let columns = ((self.wide / CELL.0) as usize).max(1);
        Area::new((index % columns) as f64 * CELL.0, (index / columns) as f64 * CELL.1, CELL.0, CELL.1)
    }

    fn cell(&mut self, kind: &'static str, name: &str, extent: [f64; 4], draw: impl FnOnce(&mut Pen)) {
        let area = self.place(self.cells);
        let [x, y, w, h] = extent;
        let scale = ((CELL.0 - 20.0) / w).min((CELL.1 - 46.0) / h).min(1.4);
        let middle = (area.x + CELL.0 / 2.0, area.y + 10.0 + (CELL.1 - 46.0) / 2.0);
        let place = Place { x: middle.0 - (x + w / 2.0) * scale, y: middle.1 - (y + h / 2.0) * scale, scale };
        let mut pen = Pen::new(Place { x: area.x, y: area.y, scale: 1.0 });
        let card = Look::fill(Token::SeaTop).edged(Token::Rule, 1.0);
        pen.rect([4.0, 4.0, CELL.0 - 8.0, CELL.1 - 8.0], 8.0, card);
        let mut shapes = pen.done();
        let mut pen = Pen::new(place);
        draw(&mut pen);
        shapes.extend(pen.done());
        let shown = shortened(name, 13.0, CELL.0 - 16.0);
        let words = Words { text: shown.clone(), size: 13.0, weight: 600, code: false, anchor: Anchor::Middle };
        let at = (area.x + CELL.0 / 2.0, area.y + CELL.1 - 16.0);
        let look = Look::fill(Token::Ink).edged(Token::Halo, 4.0);
        shapes.push(Shape { form: Form::Text(at, Box::new(words)), look });
        debug_assert!(width(&shown, 13.0) <= CELL.0, "a name fits its cell");
        self.items.push(Item {
            id: format!("gallery/{}", self.cells),
            kind,
            reference: None,
            fact: None,
            area,
            hit: None,
            layer: Layer::Label,
            text: Some(shown),
            opacity: 1.0,
            shapes,
        });
        self.cells += 1;
    }

    fn done(self) -> DisplayList {
        let last = self.place(self.cells.saturating_sub(1));
        DisplayList { width: self.wide, height: last.y + last.h, items: self.items }
    }
}

/// The names of all sprites, in the gallery's order.
pub fn names() -> impl Iterator<Item = &'static str> {
    SPRITES.iter().map(|sprite: &&Sprite| sprite.kind)
}
