//! The display list: the harbour as plain data, ready to be painted.
//!
//! All places and sizes are CSS pixels of the stage. Colours are [`Token`]s, resolved by the theme when something is
//! painted, so that one list serves both themes. Three painters read it: `Canvas2D` (live), [`super::svg`] (export) and
//! the text twin; none of them knows what a pod is.

use super::raster::Raster;
use super::theme::Token;
use crate::sim::FactId;
use std::rc::Rc;

/// A rectangle; units are those of its owner (stage pixels or world units).
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Area {
    /// Left edge.
    pub x: f64,
    /// Upper edge.
    pub y: f64,
    /// Width.
    pub w: f64,
    /// Height.
    pub h: f64,
}

impl Area {
    /// A rectangle from its left upper corner and its size.
    #[must_use]
    pub const fn new(x: f64, y: f64, w: f64, h: f64) -> Self {
        Self { x, y, w, h }
    }

    /// A square around a point.
    #[must_use]
    pub const fn around(x: f64, y: f64, radius: f64) -> Self {
        Self { x: x - radius, y: y - radius, w: 2.0 * radius, h: 2.0 * radius }
    }

    /// Its middle.
    #[must_use]
    pub fn middle(&self) -> (f64, f64) {
        (self.x + self.w / 2.0, self.y + self.h / 2.0)
    }

    /// Whether a point lies in it.
    #[must_use]
    pub fn contains(&self, x: f64, y: f64) -> bool {
        x >= self.x && x <= self.x + self.w && y >= self.y && y <= self.y + self.h
    }

    /// Whether the two share more than an edge.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.x < other.x + other.w
            && other.x < self.x + self.w
            && self.y < other.y + other.h
            && other.y < self.y + self.h
    }

    /// Larger by `by` on each side.
    #[must_use]
    pub fn grown(&self, by: f64) -> Self {
        Self { x: self.x - by, y: self.y - by, w: self.w + 2.0 * by, h: self.h + 2.0 * by }
    }

    /// Grown evenly until it is at least `side` wide and high.
    #[must_use]
    pub fn at_least(&self, side: f64) -> Self {
        let (dx, dy) = (((side - self.w) / 2.0).max(0.0), ((side - self.h) / 2.0).max(0.0));
        Self { x: self.x - dx, y: self.y - dy, w: self.w + 2.0 * dx, h: self.h + 2.0 * dy }
    }
}

/// What lies above what, from back to front.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Layer {
    /// Sky.
    Sky,
    /// The cloud provider's skyline.
    Far,
    /// Sea.
    Sea,
    /// Quay with hut and registry.
    Quay,
    /// Lanes and watch lines.
    Lane,
    /// The control ship with its rooms.
    Control,
    /// Cargo ships and what lies on them; the row counts from the back.
    Ship(u8),
    /// Water in front of the ships of a row.
    Water(u8),
    /// Things on their way.
    Moving,
    /// Fog, hatches, reject signs.
    Fault,
    /// Labels, in screen-space size.
    Label,
    /// Selection and focus.
    Ring,
    /// What the lesson points at.
    Spotlight,
}

impl Layer {
    /// Its place in the order of painting.
    #[must_use]
    pub fn order(self) -> u16 {
        match self {
            Self::Sky => 0,
            Self::Far => 1,
            Self::Sea => 2,
            Self::Quay => 3,
            Self::Lane => 4,
            Self::Control => 5,
            // A nearer row covers the water in front of the row behind it.
            Self::Ship(row) => 10 + 2 * u16::from(row),
            Self::Water(row) => 11 + 2 * u16::from(row),
            Self::Moving => 100,
            Self::Fault => 101,
            Self::Label => 102,
            Self::Ring => 103,
            Self::Spotlight => 104,
        }
    }
}

/// How an area is filled.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Fill {
    /// With one colour.
    Plain(Token),
    /// From one colour at height `y.0` to another at height `y.1`.
    Vertical {
        /// Upper and lower colour.
        colours: (Token, Token),
        /// Where they are reached, in stage pixels.
        y: (f64, f64),
    },
}

/// How a line is drawn. Ends and corners are round.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Line {
    /// Colour.
    pub token: Token,
    /// Width in pixels.
    pub width: f64,
    /// Length of a dash and of a gap.
    pub dash: Option<(f64, f64)>,
}

/// How a shape looks.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Look {
    /// Its inside.
    pub fill: Option<Fill>,
    /// Its outline.
    pub line: Option<Line>,
    /// 0–1, times the item's.
    pub opacity: f64,
}

impl Look {
    /// Filled, without an outline.
    #[must_use]
    pub const fn fill(token: Token) -> Self {
        Self { fill: Some(Fill::Plain(token)), line: None, opacity: 1.0 }
    }

    /// An outline, not filled.
    #[must_use]
    pub const fn line(token: Token, width: f64) -> Self {
        Self { fill: None, line: Some(Line { token, width, dash: None }), opacity: 1.0 }
    }

    /// With an outline.
    #[must_use]
    pub const fn edged(mut self, token: Token, width: f64) -> Self {
        self.line = Some(Line { token, width, dash: None });
        self
    }

    /// With a dashed outline.
    #[must_use]
    pub const fn dashed(mut self, dash: f64, gap: f64) -> Self {
        if let Some(line) = &mut self.line {
            line.dash = Some((dash, gap));
        }
        self
    }

    /// Less opaque.
    #[must_use]
    pub const fn faint(mut self, opacity: f64) -> Self {
        self.opacity *= opacity;
        self
    }
}

/// One step of a path.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Seg {
    /// Go there.
    Move((f64, f64)),
    /// A straight line.
    To((f64, f64)),
    /// A quadratic curve: control point, end.
    Quad((f64, f64), (f64, f64)),
    /// A cubic curve: two control points, end.
    Cubic((f64, f64), (f64, f64), (f64, f64)),
    /// Back to the start.
    Close,
}

/// Where a text's point lies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Anchor {
    /// At its left end.
    Start,
    /// In its middle.
    Middle,
    /// At its right end.
    End,
}

impl Anchor {
    /// How much of the text stands before its point: 0–1.
    #[must_use]
    pub const fn share(self) -> f64 {
        match self {
            Self::Start => 0.0,
            Self::Middle => 0.5,
            Self::End => 1.0,
        }
    }
}

/// A line of text. `y` of its shape is the baseline.
#[derive(Clone, PartialEq, Debug)]
pub struct Words {
    /// What it says.
    pub text: String,
    /// Size in pixels.
    pub size: f64,
    /// 400–700.
    pub weight: u16,
    /// Whether it is set in the code font.
    pub code: bool,
    /// Where its point lies.
    pub anchor: Anchor,
}

/// What is drawn. The set is closed: a painter is one `match`.
#[derive(Clone, PartialEq, Debug)]
pub enum Form {
    /// A rectangle with round corners of a radius.
    Rect(Area, f64),
    /// A circle: centre and radius.
    Circle((f64, f64), f64),
    /// An ellipse: centre and radii.
    Ellipse((f64, f64), (f64, f64)),
    /// Lines and curves.
    Path(Vec<Seg>),
    /// Pixels of the screen over an area; only their colours count, and the opacity.
    Pixels(Area, Rc<Raster>),
    /// A text at a point; its line is a halo painted below it.
    Text((f64, f64), Box<Words>),
}

/// A form with its look.
#[derive(Clone, PartialEq, Debug)]
pub struct Shape {
    /// What.
    pub form: Form,
    /// How.
    pub look: Look,
}

/// One thing on the stage.
#[derive(Clone, PartialEq, Debug)]
pub struct Item {
    /// The same thing has the same id at every moment.
    pub id: String,
    /// What it is: the sprite's name.
    pub kind: &'static str,
    /// The object that it stands for: `Kind/namespace/name`.
    pub reference: Option<String>,
    /// The fact that it shows. Everything that moves has one.
    pub fact: Option<FactId>,
    /// Where it is.
    pub area: Area,
    /// Where it can be touched: at least 24 × 24 pixels.
    pub hit: Option<Area>,
    /// What it lies above.
    pub layer: Layer,
    /// What it says.
    pub text: Option<String>,
    /// 0–1, of the whole item.
    pub opacity: f64,
    /// What is painted, in this order.
    pub shapes: Vec<Shape>,
}

/// Everything on the stage at a moment, from back to front.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct DisplayList {
    /// Width of the stage in pixels.
    pub width: f64,
    /// Height of the stage in pixels.
    pub height: f64,
    /// The things.
    pub items: Vec<Item>,
}

impl Item {
    /// The fact of a thing that is on its way.
    #[must_use]
    pub fn moving(&self) -> Option<u64> {
        self.fact.filter(|_| self.layer == Layer::Moving).map(|fact| fact.0)
    }
}

impl DisplayList {
    /// The thing that a pointer at (x, y) means: of all that are hit the foremost, of one layer the smallest.
    #[must_use]
    pub fn hit(&self, x: f64, y: f64) -> Option<&Item> {
        let rank = |item: &Item| {
            let size = item.hit.map_or(f64::MAX, |hit| hit.w * hit.h);
            (item.layer.order(), -size)
        };
        self.items
            .iter()
            .filter(|item| item.hit.is_some_and(|hit| hit.contains(x, y)))
            .max_by(|a, b| rank(a).partial_cmp(&rank(b)).unwrap_or(std::cmp::Ordering::Equal))
    }

    /// The thing with this id.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Item> {
        self.items.iter().find(|item| item.id == id)
    }

    /// The thing that stands for an object (`Kind/namespace/name`).
    #[must_use]
    pub fn of(&self, reference: &str) -> Option<&Item> {
        self.items.iter().find(|item| item.reference.as_deref() == Some(reference))
    }
}
