//! More ships than a harbour holds: a field of squares, one for each node, ordered by zone, pool and name, so that a
//! node keeps its place beside its neighbours at every distance.
//!
//! What a square shows depends on how large it is on the stage (see [`Detail`]): from far away a tile that is filled as
//! the ship is loaded, nearer its pods as a map of pixels, nearer still hulls from above and crates with their signs.

use super::display::Area;
use super::layout::Layout;
use crate::cluster::view::View;
use crate::sim::Order;
use std::cell::OnceCell;
use std::rc::Rc;

/// A harbour of so many nodes is a basin; of more, a fleet.
pub const BASIN: usize = 150;
/// The field's left, upper, right and lower edge in the world.
pub const EDGES: [f64; 4] = [330.0, 664.0, RIGHT, 1630.0];
/// The right edge.
pub const RIGHT: f64 = 2600.0;
/// Room for the name of a zone above its squares.
const HEAD: f64 = 52.0;
/// Open water between two zones.
const ALLEY: f64 = 40.0;
/// A square is never larger.
const LARGEST: f64 = 300.0;
/// Pods side by side in a square, and in a column: 110, as many as a node takes by default.
pub const CELLS: (usize, usize) = (11, 10);

/// What a square shows, by its side in pixels.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Detail {
    /// Filled as the ship is loaded.
    Tile,
    /// The same, with a pixel for each pod.
    Map,
    /// A hull from above with a cell for each pod, gauges and a flag.
    Hull,
    /// The same with crates.
    Crates,
}

impl Detail {
    /// What a square of this side in pixels shows.
    #[must_use]
    pub fn of(side: f64) -> Self {
        match side {
            side if side < 14.0 => Self::Tile,
            side if side < 36.0 => Self::Map,
            side if side < 270.0 => Self::Hull,
            _ => Self::Crates,
        }
    }
}

/// Nodes of one zone.
#[derive(Clone, PartialEq, Debug)]
pub struct Zone {
    /// Its name; empty if the nodes have none.
    pub name: Rc<str>,
    /// Its first place in the field, and the one after its last.
    pub places: (usize, usize),
    /// The left upper corner of its first square.
    pub at: (f64, f64),
    /// Squares in a row.
    pub columns: usize,
}

impl Zone {
    fn count(&self) -> usize {
        self.places.1 - self.places.0
    }
}

/// The squares of all nodes that are not the control plane's.
#[derive(Clone, Debug)]
pub struct Field {
    /// A square's side in world units, the gap to the next one included.
    pub pitch: f64,
    /// For each place the node's place in the view.
    nodes: Vec<usize>,
    /// From left to right.
    pub zones: Vec<Zone>,
    /// Names of the nodes with their places, in order of the names; made when first asked for.
    names: OnceCell<Vec<(Rc<str>, usize)>>,
    all: Vec<Rc<str>>,
}

impl PartialEq for Field {
    fn eq(&self, other: &Self) -> bool {
        self.nodes == other.nodes && self.zones == other.zones && self.all == other.all
    }
}

impl Field {
    /// The field of a view's nodes.
    #[must_use]
    pub fn of(view: &View) -> Self {
        let mut nodes: Vec<usize> = (0..view.nodes.len()).filter(|i| !view.nodes[*i].control_plane).collect();
        let group = |i: &usize| -> (&str, &str) { (&view.nodes[*i].zone, &view.nodes[*i].pool) };
        // The view has them in order of their names already.
        nodes.order_by(|a, b| group(a).cmp(&group(b)));
        let mut zones: Vec<Zone> = Vec::new();
        for (place, node) in nodes.iter().enumerate() {
            let name = &view.nodes[*node].zone;
            match zones.last_mut().filter(|zone| zone.name == *name) {
                Some(zone) => zone.places.1 = place + 1,
                None => zones.push(Zone { name: name.clone(), places: (place, place + 1), at: (0.0, 0.0), columns: 1 }),
            }
        }
        let all = view.nodes.iter().map(|node| node.name.clone()).collect();
        let mut field = Self { pitch: 0.0, nodes, zones, names: OnceCell::new(), all };
        field.fit();
        field
    }

    /// Finds the largest squares that fit. Zones lie side by side, each as wide as its share of the ships.
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a field")]
    fn fit(&mut self) {
        let [left, top, right, bottom] = EDGES;
        let head = if self.has_heads() { HEAD } else { 0.0 };
        let between = ALLEY * (self.zones.len().max(1) - 1) as f64;
        let (wide, high) = (right - left - between, bottom - top - head);
        let all = self.nodes.len().max(1) as f64;
        let columns = |zone: &Zone, pitch: f64| ((wide * zone.count() as f64 / all / pitch) as usize).max(1);
        let fits = |zone: &Zone, pitch: f64| zone.count().div_ceil(columns(zone, pitch)) as f64 * pitch <= high;
        let mut pitch = (wide * high / all).sqrt().min(LARGEST);
        while pitch > 4.0 && !self.zones.iter().all(|zone| fits(zone, pitch)) {
            pitch *= 0.99;
        }
        self.pitch = pitch;
        let mut x = left;
        for zone in &mut self.zones {
            (zone.at, zone.columns) = ((x, top + head), columns(zone, pitch));
            x += wide * zone.count() as f64 / all + ALLEY;
        }
    }

    /// Whether the zones' names are written above them.
    #[must_use]
    pub fn has_heads(&self) -> bool {
        self.zones.len() > 1
    }

    /// How many squares there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The node at a place: its place in the view.
    #[must_use]
    pub fn node(&self, place: usize) -> usize {
        self.nodes[place]
    }

    /// The square at a place, without the gap.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a field")]
    pub fn square(&self, place: usize) -> Area {
        let zone = &self.zones[self.zones.partition_point(|zone| zone.places.1 <= place).min(self.zones.len() - 1)];
        let within = place - zone.places.0;
        let (column, row) = ((within % zone.columns) as f64, (within / zone.columns) as f64);
        let gap = (self.pitch * 0.12).min(24.0);
        Area::new(zone.at.0 + column * self.pitch, zone.at.1 + row * self.pitch, self.pitch - gap, self.pitch - gap)
    }

    /// The place at a point of the world, if there is a node.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked: not negative")]
    pub fn at(&self, (x, y): (f64, f64)) -> Option<usize> {
        let zone = self.zones.iter().rev().find(|zone| x >= zone.at.0)?;
        let (column, row) = ((x - zone.at.0) / self.pitch, (y - zone.at.1) / self.pitch);
        if row < 0.0 || column as usize >= zone.columns {
            return None;
        }
        let place = zone.places.0 + row as usize * zone.columns + column as usize;
        (place < zone.places.1).then_some(place)
    }

    /// The places whose squares can be seen between two points of the world.
    pub fn between(&self, from: (f64, f64), to: (f64, f64)) -> impl Iterator<Item = usize> + '_ {
        let seen = Area::new(from.0, from.1, to.0 - from.0, to.1 - from.1);
        let in_zone = move |zone: &Zone| {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a field")]
            let row = |y: f64| ((y - zone.at.1) / self.pitch).max(0.0) as usize * zone.columns;
            let (first, last) = (row(from.1).min(zone.count()), (row(to.1) + zone.columns).min(zone.count()));
            let start = zone.places.0;
            (first..last).map(move |within| start + within)
        };
        self.zones.iter().flat_map(in_zone).filter(move |place| self.square(*place).overlaps(&seen))
    }

    /// The place of a node.
    #[must_use]
    pub fn place_of(&self, name: &str) -> Option<usize> {
        let names = self.names.get_or_init(|| {
            let mut names: Vec<_> =
                self.nodes.iter().enumerate().map(|(place, node)| (self.all[*node].clone(), place)).collect();
            names.order_by(|a, b| a.0.cmp(&b.0));
            names
        });
        let found = names.binary_search_by(|(known, _)| (**known).cmp(name)).ok()?;
        Some(names[found].1)
    }

    /// From a square up to the bus below the control ship: along the gap above its row, then at the field's left edge.
    #[must_use]
    pub fn way_up(&self, place: usize) -> Vec<(f64, f64)> {
        let square = self.square(place);
        let (x, _) = square.middle();
        let gap = square.y - (self.pitch - square.h) / 2.0;
        let (riser, bus) = (EDGES[0] - 20.0, Layout::bus_y(0));
        vec![(x, square.y), (x, gap), (riser, gap), (riser, bus)]
    }

    /// A pod's cell within a square of this size, from its left upper corner.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a few hundred cells")]
    pub fn cell(square: &Area, index: usize) -> Area {
        // A node with more pods than usual shows the first of them.
        let index = index.min(CELLS.0 * CELLS.1 - 1);
        let (column, row) = ((index % CELLS.0) as f64, (index / CELLS.0) as f64);
        let hold = Self::hold(square);
        let (w, h) = (hold.w / CELLS.0 as f64, hold.h / CELLS.1 as f64);
        Area::new(hold.x + column * w + 0.08 * w, hold.y + row * h + 0.08 * h, 0.84 * w, 0.84 * h)
    }

    /// How much room there is between a pod's cell and the next, to the right and below.
    #[must_use]
    pub fn between_cells(cell: &Area) -> (f64, f64) {
        (cell.w * 0.16 / 0.84, cell.h * 0.16 / 0.84)
    }

    /// Where the cargo lies within a square.
    #[must_use]
    pub fn hold(square: &Area) -> Area {
        Area::new(square.x + 0.09 * square.w, square.y + 0.21 * square.h, 0.82 * square.w, 0.62 * square.h)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::testing;

    fn zoned(count: usize, zones: usize) -> View {
        let mut view = testing::harbour(count, 0);
        for (place, node) in view.nodes.iter_mut().enumerate() {
            node.zone = if zones > 1 { format!("zone-{}", place % zones).into() } else { "".into() };
        }
        view
    }

    #[test]
    fn every_ship_has_its_own_square_within_the_field() {
        for (count, zones) in [(13, 1), (60, 3), (150, 3), (151, 1), (1000, 3), (5000, 3), (5000, 6)] {
            let view = zoned(count, zones);
            let field = Field::of(&view);
            assert_eq!((field.len(), field.zones.len()), (count, zones));
            for place in 0..field.len() {
                let square = field.square(place);
                let right_bottom = (square.x + square.w, square.y + square.h);
                assert!(square.x >= EDGES[0] && square.y >= EDGES[1] && right_bottom.0 <= EDGES[2] + 0.1, "{square:?}");
                assert!(right_bottom.1 <= EDGES[3] + 0.1, "{count} ships in {zones} zones: {square:?}");
                assert_eq!(field.at(square.middle()), Some(place), "{count} ships in {zones} zones");
                assert_eq!(field.place_of(&view.nodes[field.node(place)].name), Some(place));
            }
            assert_eq!(field.place_of("no-such"), None);
            assert_eq!(field.at((0.0, 0.0)), None);
        }
    }

    #[test]
    fn only_what_is_seen_is_found() {
        let field = Field::of(&zoned(5000, 3));
        let all: Vec<usize> = field.between((0.0, 0.0), (9000.0, 9000.0)).collect();
        assert_eq!(all.len(), 5000);
        let square = field.square(2500);
        let one: Vec<usize> =
            field.between((square.x + 1.0, square.y + 1.0), (square.x + 2.0, square.y + 2.0)).collect();
        assert_eq!(one, [2500]);
        assert_eq!(field.between((-500.0, -500.0), (0.0, 0.0)).count(), 0);
    }

    #[test]
    fn ways_have_only_right_angles_and_cells_do_not_touch() {
        let field = Field::of(&zoned(60, 3));
        for place in 0..60 {
            let way = field.way_up(place);
            assert!(way.windows(2).all(|leg| (leg[0].0 - leg[1].0).abs() < 0.1 || (leg[0].1 - leg[1].1).abs() < 0.1));
        }
        let square = field.square(0);
        let cells: Vec<Area> = (0..110).map(|index| Field::cell(&square, index)).collect();
        for (i, cell) in cells.iter().enumerate() {
            assert!(square.contains(cell.x, cell.y) && square.contains(cell.x + cell.w, cell.y + cell.h));
            assert!(cells[i + 1..].iter().all(|other| !cell.overlaps(other)));
        }
    }
}
