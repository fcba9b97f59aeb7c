//! Writes a display list as SVG: exports, the picture in the page while the app loads, and tests.

mod outlines;
mod writer;

pub use self::outlines::Outlines;

use self::writer::{Writer, escape, number};
use super::camera::Camera;
use super::display::{Anchor, DisplayList, Words};
use super::labels::{self, wrapped};
use super::layout::Layout;
use super::theme::{Theme, Token};
use crate::i18n::{self, Language};

/// Sizes of what an export says beside its pictures, in pixels: where it is from, a sentence, its line, and between pictures.
const STAMP: f64 = 11.0;
const SENTENCE: f64 = 17.0;
const LINE: f64 = 25.0;
const GAP: f64 = 16.0;
/// A picture among others is so large, in pixels: three of them in a row can be read on a slide, and on a page that lies on its
/// side.
pub const BEAT: (f64, f64) = (520.0, 340.0);
/// The size of its names: so many units of the world where that is within these pixels, so that names have the room that they
/// need between things in a larger harbour too.
const NAMES: f64 = 46.0;
const NAMES_PX: (f64, f64) = (9.0, 15.0);
/// So many stand in a row.
const ROW: usize = 3;

/// Where colours come from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Colours {
    /// A theme's values.
    Theme(Theme),
    /// The page's variables, so that the picture follows the page's theme.
    Page,
}

impl Colours {
    fn of(self, token: Token) -> String {
        match self {
            Self::Theme(theme) => token.hex(theme).to_owned(),
            // What is the same in both themes needs no variable.
            Self::Page if token.hex(Theme::Light) == token.hex(Theme::Dark) => token.hex(Theme::Light).to_owned(),
            Self::Page => format!("var(--{})", token.name()),
        }
    }
}

/// What an export says of itself, and how it is written.
#[derive(Clone, Copy, Debug)]
pub struct Sheet<'a> {
    /// Where it is from.
    pub title: &'a str,
    /// Its colours.
    pub theme: Theme,
    /// The language of its words.
    pub language: Language,
    /// Its letters.
    pub outlines: &'a Outlines,
}

impl Sheet<'_> {
    /// The beginning of a document: who cannot see it is told its name, and what stands in it.
    fn head(&self, (w, h): (f64, f64), told: &str) -> String {
        let (w, h) = (number(w), number(h));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" width=\"{w}\" height=\"{h}\" \
             viewBox=\"0 0 {w} {h}\" lang=\"{0}\" xml:lang=\"{0}\" role=\"img\"><title>{1}</title><desc>{2}</desc>\n",
            self.language.tag(),
            escape(&format!("{} · {}", i18n::text(self.language, "product", &[]), self.title)),
            escape(told)
        )
    }
}

/// A list as an SVG document.
#[must_use]
pub fn document(list: &DisplayList, sheet: &Sheet) -> String {
    let labels: Vec<&str> =
        list.items.iter().filter(|item| item.kind == "label").filter_map(|item| item.text.as_deref()).collect();
    let mut writer = Writer::new(Colours::Theme(sheet.theme), sheet.outlines);
    writer.things(list);
    sheet.head((list.width, list.height), &labels.join(" · ")) + &writer.done() + "</svg>\n"
}

/// A picture with a line in its corner: where it is from.
#[must_use]
pub fn stamped(list: &DisplayList, line: &str) -> DisplayList {
    let words = Words { text: line.to_owned(), size: STAMP, weight: 500, code: false, anchor: Anchor::Start };
    let mut list = list.clone();
    let at = (STAMP, list.height - STAMP);
    list.items.push(labels::item("stamp".to_owned(), at, words, labels::PLAIN));
    list
}

/// The size of the names in a picture among others, in pixels.
#[must_use]
pub fn names(layout: &Layout) -> f64 {
    (NAMES * Camera::whole(BEAT, layout).place(layout).scale).clamp(NAMES_PX.0, NAMES_PX.1)
}

/// Pictures side by side in rows of at most three, each with its sentence below, and where they are from: for slides and
/// handouts. All are as large as the first.
#[must_use]
pub fn strip(pictures: &[(DisplayList, String)], sheet: &Sheet) -> String {
    let (wide, high) = pictures.first().map_or((0.0, 0.0), |(list, _)| (list.width, list.height));
    // Four are two and two.
    let rows = pictures.len().div_ceil(ROW).max(1);
    let columns = pictures.len().div_ceil(rows).max(1);
    let mut writer = Writer::new(Colours::Theme(sheet.theme), sheet.outlines);
    let (mut top, mut right) = (GAP, GAP);
    for row in pictures.chunks(columns) {
        let mut left = GAP;
        let mut below = top + high;
        for (list, text) in row {
            writer.framed(list, (left, top));
            let mut y = top + high + SENTENCE / 2.0;
            for line in wrapped(text, SENTENCE, wide) {
                y += LINE;
                writer.say((left, y), SENTENCE, line);
            }
            below = below.max(y);
            left += wide + GAP;
        }
        right = right.max(left);
        top = below + LINE;
    }
    writer.say((GAP, top + STAMP), STAMP, sheet.title.to_owned());
    let size = (right, top + STAMP + GAP);
    let sentences: Vec<&str> = pictures.iter().map(|(_, text)| text.as_str()).collect();
    sheet.head(size, &sentences.join(" ")) + &writer.paper(size) + &writer.done() + "</svg>\n"
}

/// The list as an SVG element for the page: the colours are the page's, without words.
#[must_use]
pub fn picture(list: &DisplayList) -> String {
    let (w, h) = (number(list.width), number(list.height));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {w} {h}\" preserveAspectRatio=\"xMidYMid meet\" aria-hidden=\"true\">{}</svg>\n",
        body(list, Colours::Page)
    )
}

/// The list's elements; words stay words.
fn body(list: &DisplayList, colours: Colours) -> String {
    let outlines = Outlines::default();
    let mut writer = Writer::new(colours, &outlines);
    writer.things(list);
    writer.done()
}

#[cfg(test)]
mod snapshots;
