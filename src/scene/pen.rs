//! Draws in world units and yields shapes in pixels.

use super::display::{Anchor, Area, Fill, Form, Look, Seg, Shape, Words};
use super::raster::Raster;
use super::theme::Token;
use std::rc::Rc;

/// Where a drawing's own units lie on the stage: pixel = offset + scale × unit.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Place {
    /// Pixels of the origin.
    pub x: f64,
    /// Pixels of the origin.
    pub y: f64,
    /// Pixels for one unit.
    pub scale: f64,
}

impl Place {
    /// A place inside this one: its origin at (x, y), `scale` times as large.
    #[must_use]
    pub fn inner(self, x: f64, y: f64, scale: f64) -> Self {
        let (x, y) = self.point(x, y);
        Self { x, y, scale: self.scale * scale }
    }

    /// A point in pixels.
    #[must_use]
    pub fn point(self, x: f64, y: f64) -> (f64, f64) {
        (self.x + x * self.scale, self.y + y * self.scale)
    }

    /// A rectangle in pixels.
    #[must_use]
    pub fn area(self, area: Area) -> Area {
        let (x, y) = self.point(area.x, area.y);
        Area::new(x, y, area.w * self.scale, area.h * self.scale)
    }
}

/// Collects the shapes of one item.
pub struct Pen {
    place: Place,
    shapes: Vec<Shape>,
}

impl Pen {
    /// A pen whose units lie at `place`.
    #[must_use]
    pub fn new(place: Place) -> Self {
        Self { place, shapes: Vec::new() }
    }

    /// What was drawn.
    #[must_use]
    pub fn done(self) -> Vec<Shape> {
        self.shapes
    }

    /// Pixels for one of the pen's units.
    #[must_use]
    pub fn scale(&self) -> f64 {
        self.place.scale
    }

    /// Draws with the origin at (x, y), `scale` times as large.
    pub fn at(&mut self, x: f64, y: f64, scale: f64, draw: impl FnOnce(&mut Self)) {
        let outer = self.place;
        self.place = outer.inner(x, y, scale);
        draw(self);
        self.place = outer;
    }

    /// Draws with everything `opacity` times as opaque.
    pub fn faint(&mut self, opacity: f64, draw: impl FnOnce(&mut Self)) {
        let from = self.shapes.len();
        draw(self);
        for shape in &mut self.shapes[from..] {
            shape.look.opacity *= opacity;
        }
    }

    fn look(&self, mut look: Look) -> Look {
        let scale = self.place.scale;
        if let Some(line) = &mut look.line {
            line.width *= scale;
            line.dash = line.dash.map(|(dash, gap)| (dash * scale, gap * scale));
        }
        if let Some(Fill::Vertical { y, .. }) = &mut look.fill {
            *y = (self.place.point(0.0, y.0).1, self.place.point(0.0, y.1).1);
        }
        look
    }

    fn push(&mut self, form: Form, look: Look) {
        let look = self.look(look);
        self.shapes.push(Shape { form, look });
    }

    /// A rectangle [x, y, w, h] with round corners.
    pub fn rect(&mut self, [x, y, w, h]: [f64; 4], round: f64, look: Look) {
        let area = self.place.area(Area::new(x, y, w, h));
        self.push(Form::Rect(area, round * self.place.scale), look);
    }

    /// A circle.
    pub fn circle(&mut self, x: f64, y: f64, r: f64, look: Look) {
        let centre = self.place.point(x, y);
        self.push(Form::Circle(centre, r * self.place.scale), look);
    }

    /// An ellipse [x, y, rx, ry].
    pub fn ellipse(&mut self, [x, y, rx, ry]: [f64; 4], look: Look) {
        let (centre, scale) = (self.place.point(x, y), self.place.scale);
        self.push(Form::Ellipse(centre, (rx * scale, ry * scale)), look);
    }

    /// A path in SVG's notation: M L H V Q T C Z, absolute and relative.
    pub fn path(&mut self, data: &str, look: Look) {
        let place = self.place;
        let segments = parse(data).into_iter().map(|seg| map(seg, |(x, y)| place.point(x, y))).collect();
        self.push(Form::Path(segments), look);
    }

    /// A line through points.
    pub fn line(&mut self, points: &[(f64, f64)], look: Look) {
        let to = |(i, (x, y)): (usize, &(f64, f64))| {
            let point = self.place.point(*x, *y);
            if i == 0 { Seg::Move(point) } else { Seg::To(point) }
        };
        let segments = points.iter().enumerate().map(to).collect();
        self.push(Form::Path(segments), look);
    }

    /// A part of a circle, clockwise from the top: `from` and `to` in turns.
    pub fn arc(&mut self, (x, y): (f64, f64), r: f64, (from, to): (f64, f64), look: Look) {
        let place = self.place;
        let segments = arc(x, y, r, (from, to)).into_iter().map(|seg| map(seg, |(x, y)| place.point(x, y))).collect();
        self.push(Form::Path(segments), look);
    }

    /// Parallel lines from lower left to upper right, cut off at a rectangle.
    pub fn hatch(&mut self, [x, y, w, h]: [f64; 4], pitch: f64, look: Look) {
        let mut segments = Vec::new();
        let mut along = pitch / 2.0;
        while along < w + h {
            // The line runs from (along, 0) down to (0, along), inside the rectangle.
            let upper = if along <= w { (along, 0.0) } else { (w, along - w) };
            let lower = if along <= h { (0.0, along) } else { (along - h, h) };
            segments.push(Seg::Move(self.place.point(x + upper.0, y + upper.1)));
            segments.push(Seg::To(self.place.point(x + lower.0, y + lower.1)));
            along += pitch;
        }
        self.push(Form::Path(segments), look);
    }

    /// Pixels that cover the stage from its left upper corner, as large as given in pixels of the page.
    pub fn pixels(&mut self, (width, height): (f64, f64), raster: Rc<Raster>) {
        self.push(
            Form::Pixels(Area::new(0.0, 0.0, width, height), raster),
            Look { fill: None, line: None, opacity: 1.0 },
        );
    }

    /// A text whose size is in the pen's units.
    pub fn text(&mut self, (x, y): (f64, f64), text: &str, size: f64, token: Token) {
        let words = Words {
            text: text.to_owned(),
            size: size * self.place.scale,
            weight: 650,
            code: false,
            anchor: Anchor::Middle,
        };
        let at = self.place.point(x, y);
        self.push(Form::Text(at, Box::new(words)), Look::fill(token));
    }
}

fn map(seg: Seg, to: impl Fn((f64, f64)) -> (f64, f64)) -> Seg {
    match seg {
        Seg::Move(p) => Seg::Move(to(p)),
        Seg::To(p) => Seg::To(to(p)),
        Seg::Quad(a, p) => Seg::Quad(to(a), to(p)),
        Seg::Cubic(a, b, p) => Seg::Cubic(to(a), to(b), to(p)),
        Seg::Close => Seg::Close,
    }
}

/// The sine of so many turns, to a hundred thousandth: what a drawing needs, without the tables of the general function.
#[must_use]
pub fn sine(turns: f64) -> f64 {
    let part = turns - turns.floor();
    // The quarter turn on either side of zero holds all there is.
    let near = if part < 0.25 {
        part
    } else if part < 0.75 {
        0.5 - part
    } else {
        part - 1.0
    };
    let x = near * std::f64::consts::TAU;
    let square = x * x;
    x * (1.0 - square / 6.0 * (1.0 - square / 20.0 * (1.0 - square / 42.0 * (1.0 - square / 72.0))))
}

/// A circle's arc as cubic curves of at most a quarter turn.
fn arc(x: f64, y: f64, r: f64, (from, to): (f64, f64)) -> Vec<Seg> {
    let cosine = |t: f64| sine(t + 0.25);
    let point = |t: f64| (x + r * sine(t), y - r * cosine(t));
    let slope = |t: f64| (cosine(t), sine(t));
    let mut segments = vec![Seg::Move(point(from))];
    let mut t = from;
    while t < to - 1e-9 {
        let end = (t + 0.25).min(to);
        let quarter = (end - t) / 4.0;
        let reach = r * 4.0 / 3.0 * sine(quarter) / cosine(quarter);
        let ((ax, ay), (bx, by)) = (point(t), point(end));
        let ((au, av), (bu, bv)) = (slope(t), slope(end));
        segments.push(Seg::Cubic((ax + reach * au, ay + reach * av), (bx - reach * bu, by - reach * bv), (bx, by)));
        t = end;
    }
    segments
}

/// Reads a path. Only our own drawings come here: a letter that is not known ends it.
fn parse(data: &str) -> Vec<Seg> {
    let mut reader = Reader { rest: data, at: (0.0, 0.0), start: (0.0, 0.0), control: None, segments: Vec::new() };
    let mut command = 'M';
    while let Some(next) = reader.peek() {
        if next.is_ascii_alphabetic() {
            reader.rest = &reader.rest[1..];
            command = next;
        }
        if reader.step(command).is_none() {
            break;
        }
        // Further pairs after a move are lines.
        command = match command {
            'M' => 'L',
            'm' => 'l',
            'Z' | 'z' => ' ',
            other => other,
        };
    }
    reader.segments
}

struct Reader<'a> {
    rest: &'a str,
    at: (f64, f64),
    start: (f64, f64),
    control: Option<(f64, f64)>,
    segments: Vec<Seg>,
}

impl Reader<'_> {
    fn peek(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start_matches([' ', ',']);
        self.rest.chars().next()
    }

    fn number(&mut self) -> Option<f64> {
        self.peek()?;
        let bytes = self.rest.as_bytes();
        let mut end = usize::from(bytes[0] == b'-');
        let mut dot = false;
        while let Some(byte) = bytes.get(end) {
            if !(byte.is_ascii_digit() || (*byte == b'.' && !dot)) {
                break;
            }
            dot |= *byte == b'.';
            end += 1;
        }
        let number = self.rest[..end].parse().ok()?;
        self.rest = &self.rest[end..];
        Some(number)
    }

    fn point(&mut self, relative: bool) -> Option<(f64, f64)> {
        let (x, y) = (self.number()?, self.number()?);
        Some(if relative { (self.at.0 + x, self.at.1 + y) } else { (x, y) })
    }

    fn step(&mut self, command: char) -> Option<()> {
        let relative = command.is_ascii_lowercase();
        let mut control = None;
        let seg = match command.to_ascii_uppercase() {
            'M' => {
                self.start = self.point(relative)?;
                Seg::Move(self.start)
            }
            'L' => Seg::To(self.point(relative)?),
            'H' => {
                let x = self.number()?;
                Seg::To((if relative { self.at.0 + x } else { x }, self.at.1))
            }
            'V' => {
                let y = self.number()?;
                Seg::To((self.at.0, if relative { self.at.1 + y } else { y }))
            }
            'Q' => {
                let (a, p) = (self.point(relative)?, self.point(relative)?);
                control = Some(a);
                Seg::Quad(a, p)
            }
            'T' => {
                let mirror = self.control.map_or(self.at, |(x, y)| (2.0 * self.at.0 - x, 2.0 * self.at.1 - y));
                control = Some(mirror);
                Seg::Quad(mirror, self.point(relative)?)
            }
            'C' => Seg::Cubic(self.point(relative)?, self.point(relative)?, self.point(relative)?),
            'Z' => Seg::Close,
            _ => return None,
        };
        self.control = control;
        self.at = match seg {
            Seg::Move(p) | Seg::To(p) | Seg::Quad(_, p) | Seg::Cubic(_, _, p) => p,
            Seg::Close => self.start,
        };
        self.segments.push(seg);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sine_is_good_enough_for_a_drawing() {
        for step in -300..300 {
            let turns = f64::from(step) / 97.0;
            assert!((sine(turns) - (turns * std::f64::consts::TAU).sin()).abs() < 1e-5, "{turns}");
        }
    }

    #[test]
    fn paths_are_read_as_svg_reads_them() {
        assert_eq!(
            parse("M1 2h3v-4l-1-1q1 1 2 0T9 9Z"),
            [
                Seg::Move((1.0, 2.0)),
                Seg::To((4.0, 2.0)),
                Seg::To((4.0, -2.0)),
                Seg::To((3.0, -3.0)),
                Seg::Quad((4.0, -2.0), (5.0, -3.0)),
                Seg::Quad((6.0, -4.0), (9.0, 9.0)),
                Seg::Close,
            ]
        );
        assert_eq!(parse("M0,0 1 1"), [Seg::Move((0.0, 0.0)), Seg::To((1.0, 1.0))]);
    }

    #[test]
    fn a_full_turn_is_four_curves_and_ends_where_it_began() {
        let segments = arc(5.0, 5.0, 3.0, (0.0, 1.0));
        assert_eq!(segments.len(), 5);
        let Some(Seg::Cubic(_, _, (x, y))) = segments.last() else { panic!("a curve") };
        assert!((x - 5.0).abs() < 1e-4 && (y - 2.0).abs() < 1e-4);
    }

    #[test]
    fn inner_places_nest() {
        let place = Place { x: 10.0, y: 0.0, scale: 2.0 }.inner(5.0, 5.0, 0.5);
        assert_eq!(place.point(1.0, 1.0), (21.0, 11.0));
    }
}
