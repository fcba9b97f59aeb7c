//! Writes the elements of a picture.

use super::Colours;
use super::outlines::{EM, Line, Outlines};
use crate::scene::display::{self, Anchor, Area, DisplayList, Fill, Form, Item, Look, Seg, Shape, Words};
use crate::scene::raster::{Raster, read};
use crate::scene::theme::Token;
use crate::sim::Sorted;
use std::fmt::Write;

/// Collects the elements of a document, and what they refer to.
pub struct Writer<'a> {
    colours: Colours,
    outlines: &'a Outlines,
    /// Names and elements, in the order of their use.
    gradients: Vec<(String, String)>,
    /// The outlines of the letters that were written, by weight and character.
    glyphs: Sorted<(u16, char), &'a str>,
    out: String,
}

impl<'a> Writer<'a> {
    /// Nothing is written yet.
    #[must_use]
    pub const fn new(colours: Colours, outlines: &'a Outlines) -> Self {
        Self { colours, outlines, gradients: Vec::new(), glyphs: Sorted::new(), out: String::new() }
    }

    /// All that was written.
    #[must_use]
    pub fn done(self) -> String {
        let gradients: String = self.gradients.iter().map(|(_, element)| element.as_str()).collect();
        let glyph = |((weight, character), path): &((u16, char), &str)| {
            format!("<path id=\"{}\" d=\"{path}\"/>\n", name(*weight, *character))
        };
        let glyphs: String = self.glyphs.iter().map(glyph).collect();
        format!(
            "<defs>{gradients}{glyphs}</defs><g stroke-linecap=\"round\" stroke-linejoin=\"round\" fill=\"none\">{}</g>",
            self.out
        )
    }

    /// The ground of a document.
    #[must_use]
    pub fn paper(&self, (w, h): (f64, f64)) -> String {
        let fill = self.colours.of(Token::Surface);
        format!("<rect width=\"{}\" height=\"{}\" fill=\"{fill}\"/>", number(w), number(h))
    }

    /// A line of its own, in ink.
    pub fn say(&mut self, at: (f64, f64), size: f64, text: String) {
        let words = Words { text, size, weight: 500, code: false, anchor: Anchor::Start };
        self.words(at, &words, &Look::fill(Token::Ink));
        self.out.push('\n');
    }

    /// A list at a place: what reaches over its edge is cut off.
    pub fn framed(&mut self, list: &DisplayList, (x, y): (f64, f64)) {
        let [x, y, w, h] = [x, y, list.width, list.height].map(number);
        let size = format!("width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\"");
        let _ = writeln!(self.out, "<svg x=\"{x}\" y=\"{y}\" {size}>");
        self.things(list);
        self.out.push_str("</svg>\n");
    }

    /// The things of a list.
    pub fn things(&mut self, list: &DisplayList) {
        for item in &list.items {
            self.item(item);
        }
    }

    fn item(&mut self, item: &Item) {
        if item.shapes.is_empty() {
            return;
        }
        let grouped = item.opacity < 1.0;
        if grouped {
            let _ = write!(self.out, "<g opacity=\"{}\">", number(item.opacity));
        }
        for shape in &item.shapes {
            self.shape(shape);
        }
        if grouped {
            self.out.push_str("</g>");
        }
        self.out.push('\n');
    }

    fn shape(&mut self, shape: &Shape) {
        if let Form::Text(at, words) = &shape.form {
            return self.words(*at, words, &shape.look);
        }
        let look = self.paint(&shape.look);
        let _ = match &shape.form {
            Form::Rect(area, round) => {
                let round = if *round > 0.05 { format!(" rx=\"{}\"", number(*round)) } else { String::new() };
                let [left, top, wide, high] = [area.x, area.y, area.w, area.h].map(number);
                write!(self.out, "<rect x=\"{left}\" y=\"{top}\" width=\"{wide}\" height=\"{high}\"{round}{look}/>")
            }
            Form::Circle(centre, radius) => {
                let [x, y, radius] = [centre.0, centre.1, *radius].map(number);
                write!(self.out, "<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\"{look}/>")
            }
            Form::Ellipse(centre, radii) => {
                let [x, y, rx, ry] = [centre.0, centre.1, radii.0, radii.1].map(number);
                write!(self.out, "<ellipse cx=\"{x}\" cy=\"{y}\" rx=\"{rx}\" ry=\"{ry}\"{look}/>")
            }
            Form::Path(segments) => write!(self.out, "<path d=\"{}\"{look}/>", path(segments)),
            Form::Pixels(area, raster) => {
                self.pixels(area, raster);
                Ok(())
            }
            Form::Text(..) => Ok(()),
        };
    }

    /// Runs of pixels as rectangles; each colour is one path.
    fn pixels(&mut self, area: &Area, raster: &Raster) {
        let mut paths: Sorted<u8, String> = Sorted::new();
        for ([x, y, w], cell) in raster.runs() {
            let _ = write!(paths.get_or_default(cell), "M{x} {y}h{w}v1h-{w}z");
        }
        #[expect(clippy::cast_precision_loss, reason = "pixels of a screen")]
        let scale = area.w / raster.width.max(1) as f64;
        let _ = write!(self.out, "<g shape-rendering=\"crispEdges\" transform=\"scale({})\">", number(scale));
        for (cell, data) in paths {
            let Some((token, faint)) = read(cell) else { continue };
            let opacity = if faint { " opacity=\"0.25\"" } else { "" };
            let _ = write!(self.out, "<path fill=\"{}\"{opacity} d=\"{data}\"/>", self.colours.of(token));
        }
        self.out.push_str("</g>");
    }

    /// Words as outlines, or as a text where a letter has none. The halo is an element of its own below them: many programs do
    /// not know `paint-order`, and would draw it above.
    fn words(&mut self, at: (f64, f64), words: &Words, look: &Look) {
        let (body, halo) = (Look { line: None, ..*look }, Look { fill: None, ..*look });
        let halo = Some(halo).filter(|halo| halo.line.is_some());
        if let Some(line) = self.outlines.set(words) {
            return self.outlined(&line, at, words, (&body, halo));
        }
        if let Some(halo) = halo {
            let halo = format!(" aria-hidden=\"true\"{}", self.paint(&halo));
            self.text(at, words, &halo);
        }
        let body = self.paint(&body);
        self.text(at, words, &body);
    }

    fn outlined(&mut self, line: &Line<'a>, (x, y): (f64, f64), words: &Words, (body, halo): (&Look, Option<Look>)) {
        let scale = words.size / EM;
        #[expect(clippy::cast_precision_loss, reason = "the width of a line")]
        let left = x - words.anchor.share() * line.wide as f64 * scale;
        let [left, top] = [left, y].map(number);
        let told = escape(&words.text).replace('"', "&quot;");
        let _ = write!(
            self.out,
            "<g role=\"img\" aria-label=\"{told}\" transform=\"translate({left} {top}) scale({scale:.6})\">"
        );
        let mut run = String::new();
        for glyph in &line.glyphs {
            self.glyphs.insert((words.weight, glyph.character), glyph.path);
            let _ = write!(run, "<use xlink:href=\"#{}\" x=\"{}\"/>", name(words.weight, glyph.character), glyph.x);
        }
        // Under the scale a line of so many pixels is so many parts of an em wide.
        let halo = halo.map(|halo| Look {
            line: halo.line.map(|line| display::Line { width: line.width / scale, ..line }),
            ..halo
        });
        for look in halo.iter().chain([body]) {
            let look = self.paint(look);
            let _ = write!(self.out, "<g{look}>{run}</g>");
        }
        self.out.push_str("</g>");
    }

    fn text(&mut self, (x, y): (f64, f64), words: &Words, look: &str) {
        let anchor = match words.anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let font = if words.code { "JetBrains Mono, monospace" } else { "Pretendard, Pretendard Variable, sans-serif" };
        let _ = write!(
            self.out,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"{anchor}\" font-family=\"{font}\" font-size=\"{}\" font-weight=\"{}\"{look}>{}</text>",
            number(x),
            number(y),
            number(words.size),
            words.weight,
            escape(&words.text)
        );
    }

    fn paint(&mut self, look: &Look) -> String {
        let mut out = String::new();
        match look.fill {
            None => {}
            Some(Fill::Plain(token)) => {
                let _ = write!(out, " fill=\"{}\"", self.colours.of(token));
            }
            Some(Fill::Vertical { colours, y }) => {
                let _ = write!(out, " fill=\"url(#{})\"", self.gradient(colours, y));
            }
        }
        if let Some(line) = look.line {
            let _ = write!(out, " stroke=\"{}\" stroke-width=\"{}\"", self.colours.of(line.token), number(line.width));
            if let Some((dash, gap)) = line.dash {
                let _ = write!(out, " stroke-dasharray=\"{} {}\"", number(dash), number(gap));
            }
        }
        if look.opacity < 1.0 {
            let _ = write!(out, " opacity=\"{}\"", number(look.opacity));
        }
        out
    }

    /// The name of a gradient. In a strip the same colours may have their places at different heights.
    fn gradient(&mut self, (top, bottom): (Token, Token), y: (f64, f64)) -> String {
        let (y1, y2) = (number(y.0), number(y.1));
        let rest = format!(
            "\" gradientUnits=\"userSpaceOnUse\" x1=\"0\" x2=\"0\" y1=\"{y1}\" y2=\"{y2}\">\
             <stop offset=\"0\" stop-color=\"{}\"/><stop offset=\"1\" stop-color=\"{}\"/></linearGradient>",
            self.colours.of(top),
            self.colours.of(bottom)
        );
        let mut id = format!("g-{}-{}", top.name(), bottom.name());
        loop {
            let element = format!("<linearGradient id=\"{id}{rest}");
            match self.gradients.iter().find(|(known, _)| *known == id) {
                Some((_, known)) if *known == element => return id,
                Some(_) => id.push('-'),
                None => {
                    self.gradients.push((id.clone(), element));
                    return id;
                }
            }
        }
    }
}

/// The name of a letter's outline.
fn name(weight: u16, character: char) -> String {
    format!("l{weight}-{:x}", u32::from(character))
}

fn path(segments: &[Seg]) -> String {
    let mut out = String::new();
    let at = |(x, y): (f64, f64)| format!("{} {}", number(x), number(y));
    for seg in segments {
        let _ = match *seg {
            Seg::Move(p) => write!(out, "M{}", at(p)),
            Seg::To(p) => write!(out, "L{}", at(p)),
            Seg::Quad(a, p) => write!(out, "Q{} {}", at(a), at(p)),
            Seg::Cubic(a, b, p) => write!(out, "C{} {} {}", at(a), at(b), at(p)),
            Seg::Close => write!(out, "Z"),
        };
    }
    out
}

/// At most two decimals, no superfluous zeros.
pub fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// A text as the content of an element.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
