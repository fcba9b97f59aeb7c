//! Writes a display list as SVG: exports, the picture in the page while the app loads, and tests.

use super::display::{Anchor, Area, DisplayList, Fill, Form, Item, Layer, Look, Seg, Shape, Words};
use super::labels::{width, wrapped};
use super::raster::Raster;
use super::theme::{Theme, Token};
use crate::sim::Sorted;
use std::fmt::Write;

/// Sizes of what an export says beside its pictures, in pixels: where it is from, a sentence, its line, and between pictures.
const STAMP: f64 = 11.0;
const SENTENCE: f64 = 17.0;
const LINE: f64 = 25.0;
const GAP: f64 = 16.0;

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

/// A list as an SVG document.
#[must_use]
pub fn document(list: &DisplayList, title: &str, theme: Theme) -> String {
    let (w, h) = (number(list.width), number(list.height));
    let head = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}\" height=\"{h}\" viewBox=\"0 0 {w} {h}\" role=\"img\">\
         <title>{}</title>",
        escape(title)
    );
    let mut out = head;
    body(list, Colours::Theme(theme), &mut out);
    out + "</svg>\n"
}

/// A picture with a line in its corner: where it is from.
#[must_use]
pub fn stamped(list: &DisplayList, line: &str) -> DisplayList {
    let words = Words { text: line.to_owned(), size: STAMP, weight: 500, code: false, anchor: Anchor::Start };
    let at = (STAMP, list.height - STAMP);
    let area = Area::new(at.0, at.1 - STAMP, width(line, STAMP), STAMP);
    let shape = Shape { form: Form::Text(at, Box::new(words)), look: super::labels::PLAIN };
    let mut list = list.clone();
    list.items.push(Item {
        id: "stamp".to_owned(),
        kind: "label",
        reference: None,
        fact: None,
        area,
        hit: None,
        layer: Layer::Label,
        text: Some(line.to_owned()),
        opacity: 1.0,
        shapes: vec![shape],
    });
    list
}

/// Pictures side by side, each with its sentence below, and where they are from: for slides and handouts.
#[must_use]
pub fn strip(pictures: &[(DisplayList, String)], line: &str, theme: Theme) -> String {
    let (ink, paper) = (Token::Ink.hex(theme), Token::Surface.hex(theme));
    let wide: f64 = GAP + pictures.iter().map(|(list, _)| list.width + GAP).sum::<f64>();
    let below = GAP + pictures.iter().map(|(list, _)| list.height).fold(0.0, f64::max);
    let told: Vec<Vec<String>> = pictures.iter().map(|(list, text)| wrapped(text, SENTENCE, list.width)).collect();
    let high = below + told.iter().map(|lines| lines.iter().map(|_| LINE).sum()).fold(0.0, f64::max) + 2.0 * LINE;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" role=\"img\">\
         <title>{2}</title><rect width=\"{0}\" height=\"{1}\" fill=\"{paper}\"/>",
        number(wide),
        number(high),
        escape(line)
    );
    let say = |out: &mut String, (x, y): (f64, f64), size: f64, text: &str| {
        let words = Words { text: text.to_owned(), size, weight: 500, code: false, anchor: Anchor::Start };
        let _ = write_text(out, (x, y), &words, &format!(" fill=\"{ink}\""));
    };
    let mut left = GAP;
    for ((list, _), told) in pictures.iter().zip(told) {
        // A document of its own: what reaches over its edge is cut off there.
        let inner =
            document(list, "", theme).replacen("<svg ", &format!("<svg x=\"{}\" y=\"{GAP}\" ", number(left)), 1);
        out += &inner.replacen("<title></title>", "", 1);
        let mut y = below;
        for text in told {
            y += LINE;
            say(&mut out, (left, y), SENTENCE, &text);
        }
        left += list.width + GAP;
    }
    say(&mut out, (GAP, high - GAP), STAMP, line);
    out + "</svg>\n"
}

/// The list as an SVG element for the page: the colours are the page's, without words.
#[must_use]
pub fn picture(list: &DisplayList) -> String {
    let (w, h) = (number(list.width), number(list.height));
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {w} {h}\" preserveAspectRatio=\"xMidYMid meet\" aria-hidden=\"true\">"
    );
    body(list, Colours::Page, &mut out);
    out + "</svg>\n"
}

fn body(list: &DisplayList, colours: Colours, out: &mut String) {
    let mut gradients = String::new();
    let mut things = String::new();
    for item in &list.items {
        write_item(item, colours, (&mut gradients, &mut things));
    }
    let _ = write!(
        out,
        "<defs>{gradients}</defs><g stroke-linecap=\"round\" stroke-linejoin=\"round\" fill=\"none\">{things}</g>"
    );
}

fn write_item(item: &Item, colours: Colours, (gradients, out): (&mut String, &mut String)) {
    if item.shapes.is_empty() {
        return;
    }
    let grouped = item.opacity < 1.0;
    if grouped {
        let _ = write!(out, "<g opacity=\"{}\">", number(item.opacity));
    }
    for shape in &item.shapes {
        write_shape(shape, colours, (gradients, out));
    }
    if grouped {
        out.push_str("</g>");
    }
    out.push('\n');
}

fn write_shape(shape: &Shape, colours: Colours, (gradients, out): (&mut String, &mut String)) {
    let look = paint(&shape.look, colours, gradients);
    let _ = match &shape.form {
        Form::Rect(area, round) => {
            let round = if *round > 0.05 { format!(" rx=\"{}\"", number(*round)) } else { String::new() };
            let [left, top, wide, high] = [area.x, area.y, area.w, area.h].map(number);
            write!(out, "<rect x=\"{left}\" y=\"{top}\" width=\"{wide}\" height=\"{high}\"{round}{look}/>")
        }
        Form::Circle(centre, radius) => {
            let [x, y, radius] = [centre.0, centre.1, *radius].map(number);
            write!(out, "<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\"{look}/>")
        }
        Form::Ellipse(centre, radii) => {
            let [x, y, rx, ry] = [centre.0, centre.1, radii.0, radii.1].map(number);
            write!(out, "<ellipse cx=\"{x}\" cy=\"{y}\" rx=\"{rx}\" ry=\"{ry}\"{look}/>")
        }
        Form::Path(segments) => write!(out, "<path d=\"{}\"{look}/>", path(segments)),
        Form::Pixels(area, raster) => {
            write_pixels(out, area, raster, colours);
            Ok(())
        }
        Form::Text(at, words) => {
            // The halo is a text of its own below: many programs do not know `paint-order`, and would draw it above.
            if shape.look.line.is_some() {
                let halo = paint(&Look { fill: None, ..shape.look }, colours, gradients);
                let _ = write_text(out, *at, words, &format!(" aria-hidden=\"true\"{halo}"));
            }
            let body = paint(&Look { line: None, ..shape.look }, colours, gradients);
            write_text(out, *at, words, &body)
        }
    };
}

/// Runs of pixels as rectangles; each colour is one path.
fn write_pixels(out: &mut String, area: &Area, raster: &Raster, colours: Colours) {
    let mut paths: Sorted<u8, String> = Sorted::new();
    for ([x, y, w], cell) in raster.runs() {
        let _ = write!(paths.get_or_default(cell), "M{x} {y}h{w}v1h-{w}z");
    }
    #[expect(clippy::cast_precision_loss, reason = "pixels of a screen")]
    let scale = area.w / raster.width.max(1) as f64;
    let _ = write!(out, "<g shape-rendering=\"crispEdges\" transform=\"scale({})\">", number(scale));
    for (cell, data) in paths {
        let Some((token, faint)) = super::raster::read(cell) else { continue };
        let opacity = if faint { " opacity=\"0.25\"" } else { "" };
        let _ = write!(out, "<path fill=\"{}\"{opacity} d=\"{data}\"/>", colours.of(token));
    }
    out.push_str("</g>");
}

fn write_text(out: &mut String, (x, y): (f64, f64), words: &Words, look: &str) -> std::fmt::Result {
    let anchor = match words.anchor {
        Anchor::Start => "start",
        Anchor::Middle => "middle",
        Anchor::End => "end",
    };
    let font = if words.code { "JetBrains Mono, monospace" } else { "Pretendard, Pretendard Variable, sans-serif" };
    write!(
        out,
        "<text x=\"{}\" y=\"{}\" text-anchor=\"{anchor}\" font-family=\"{font}\" font-size=\"{}\" font-weight=\"{}\"{look}>{}</text>",
        number(x),
        number(y),
        number(words.size),
        words.weight,
        escape(&words.text)
    )
}

fn paint(look: &Look, colours: Colours, gradients: &mut String) -> String {
    let mut out = String::new();
    match look.fill {
        None => {}
        Some(Fill::Plain(token)) => {
            let _ = write!(out, " fill=\"{}\"", colours.of(token));
        }
        Some(Fill::Vertical { colours: (top, bottom), y }) => {
            let id = format!("g-{}-{}", top.name(), bottom.name());
            let (y1, y2) = (number(y.0), number(y.1));
            let _ = write!(
                gradients,
                "<linearGradient id=\"{id}\" gradientUnits=\"userSpaceOnUse\" x1=\"0\" x2=\"0\" y1=\"{y1}\" y2=\"{y2}\">\
                 <stop offset=\"0\" stop-color=\"{}\"/><stop offset=\"1\" stop-color=\"{}\"/></linearGradient>",
                colours.of(top),
                colours.of(bottom)
            );
            let _ = write!(out, " fill=\"url(#{id})\"");
        }
    }
    if let Some(line) = look.line {
        let _ = write!(out, " stroke=\"{}\" stroke-width=\"{}\"", colours.of(line.token), number(line.width));
        if let Some((dash, gap)) = line.dash {
            let _ = write!(out, " stroke-dasharray=\"{} {}\"", number(dash), number(gap));
        }
    }
    if look.opacity < 1.0 {
        let _ = write!(out, " opacity=\"{}\"", number(look.opacity));
    }
    out
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
fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod snapshots;
