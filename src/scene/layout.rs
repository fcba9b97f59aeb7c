//! Where everything lies in the world: pure geometry in world units (wu), origin left above.
//!
//! Up to three ships the world is 1600 × 1000; with four to twelve it is 2400 × 1500 and the ships lie in rows of
//! four; more lie as squares in a [`Field`]. The control ship, the hut and the registry keep their places; in the larger
//! world the control ship lies further to the right. A [deck](Layout::deck) is a world of its own.

use super::display::Area;
use super::field::{BASIN, EDGES, Field};
use crate::cluster::view::{NodeView, View};
use crate::cluster::wire::Address;
use crate::sim::Order;

/// Ships that are drawn as ships.
pub const SHIPS: usize = 12;

/// How much of the cluster is seen at once, and how closely.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Level {
    /// The inside of one ship: its place in [`View::nodes`].
    Deck(usize),
    /// Whole ships.
    Harbour,
    /// Hulls from above.
    Basin,
    /// Tiles.
    Fleet,
}

/// A cargo ship's berth in the world.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Spot {
    /// Its place in [`View::nodes`].
    pub node: usize,
    /// Left end of the deck.
    pub x: f64,
    /// Height of the deck when nothing is loaded.
    pub y: f64,
    /// Counts rows from the back.
    pub row: u8,
    /// How deep the load presses it.
    pub sink: f64,
}

/// A ship with all its cargo at the allocatable amount lies so much deeper.
pub const DEEPEST: f64 = 26.0;

/// The world's geometry for a view.
#[derive(Clone, PartialEq, Debug)]
pub struct Layout {
    /// Width and height.
    pub world: (f64, f64),
    /// How far the control ship is shifted to the right.
    pub shift: f64,
    /// How closely it is seen.
    pub level: Level,
    /// The cargo ships in order.
    pub ships: Vec<Spot>,
    /// The squares of more ships than that.
    pub field: Option<Field>,
    /// Names of the nodes, in the order of [`View::nodes`].
    names: Vec<std::rc::Rc<str>>,
}

/// A way along the lanes.
#[derive(Clone, PartialEq, Debug)]
pub struct Route(pub Vec<(f64, f64)>);

impl Route {
    /// Its length.
    #[must_use]
    pub fn length(&self) -> f64 {
        self.0.windows(2).map(|leg| (leg[1].0 - leg[0].0).hypot(leg[1].1 - leg[0].1)).sum()
    }

    /// The point at a share (0–1) of its length.
    #[must_use]
    pub fn point(&self, share: f64) -> (f64, f64) {
        let mut left = self.length() * share.clamp(0.0, 1.0);
        for leg in self.0.windows(2) {
            let ((ax, ay), (bx, by)) = (leg[0], leg[1]);
            let length = (bx - ax).hypot(by - ay);
            if left <= length && length > 0.0 {
                let part = left / length;
                return (ax + (bx - ax) * part, ay + (by - ay) * part);
            }
            left -= length;
        }
        self.0.last().copied().unwrap_or_default()
    }

    /// The same way back.
    #[must_use]
    pub fn back(mut self) -> Self {
        self.0.reverse();
        self
    }
}

/// How full a ship is: the larger share of processor and memory that its pods have asked for, 0–1.
#[must_use]
pub fn load(node: &NodeView) -> f64 {
    let share = |asked: i64, offered: i64| {
        #[expect(clippy::cast_precision_loss, reason = "a share, for the eye")]
        if offered > 0 { (asked as f64 / offered as f64).clamp(0.0, 1.0) } else { 0.0 }
    };
    share(node.requested.cpu_milli, node.allocatable.cpu_milli)
        .max(share(node.requested.memory, node.allocatable.memory))
}

impl Layout {
    /// Lays a view out. With `level`, loads do not press ships down (reduced motion: nothing changes its place).
    #[must_use]
    pub fn of(view: &View, level: bool) -> Self {
        let cargo: Vec<usize> = (0..view.nodes.len()).filter(|i| !view.nodes[*i].control_plane).collect();
        let field = (cargo.len() > SHIPS).then(|| Field::of(view));
        let shown = if field.is_some() { 0 } else { cargo.len() };
        let ship = |(i, node): (usize, &usize)| {
            let (x, y, row) = spot(i, shown);
            let sink = if level { DEEPEST / 2.0 } else { DEEPEST * load(&view.nodes[*node]) };
            Spot { node: *node, x, y, row, sink }
        };
        Self {
            world: match cargo.len() {
                0..=3 => (1600.0, 1000.0),
                4..=SHIPS => (2400.0, height(cargo.len())),
                _ => (2640.0, 1655.0),
            },
            level: match cargo.len() {
                0..=SHIPS => Level::Harbour,
                count if count <= BASIN => Level::Basin,
                _ => Level::Fleet,
            },
            shift: match cargo.len() {
                0..=3 => 0.0,
                4..=SHIPS => 400.0,
                _ => 520.0,
            },
            ships: cargo.iter().take(shown).enumerate().map(ship).collect(),
            field,
            names: view.nodes.iter().map(|node| node.name.clone()).collect(),
        }
    }

    /// The inside of one ship.
    #[must_use]
    pub fn deck(view: &View, node: usize) -> Self {
        let names = view.nodes.iter().map(|node| node.name.clone()).collect();
        let level = Level::Deck(node);
        Self { world: (1600.0, 1000.0), level, shift: 0.0, ships: Vec::new(), field: None, names }
    }

    /// The places of so many services' buoys between the lanes' drops: (middle, half width), the best first. A few are wide
    /// enough for long names; for more there are two between each two drops.
    #[must_use]
    pub fn buoys(&self, services: usize) -> Vec<(f64, f64)> {
        let mut drops: Vec<f64> = self.ships.iter().filter(|ship| ship.row == 0).map(|ship| ship.x + 50.0).collect();
        if self.field.is_some() {
            drops = vec![self.trunk_x(), 800.0, 1860.0, 420.0, 2240.0];
        }
        // The gap in the middle is seen best.
        drops.order_by(|a, b| (a - self.trunk_x()).abs().total_cmp(&(b - self.trunk_x()).abs()));
        let last = drops.iter().copied().fold(0.0, f64::max);
        let beside = |drop: f64| match drop < last || drops.len() == 1 {
            _ if self.ships.len() > 3 || self.field.is_some() => vec![(drop + 205.0, 160.0)],
            true if services <= drops.len() => vec![(drop + 210.0, 180.0)],
            true => vec![(drop + 110.0, 99.0), (drop + 314.0, 99.0)],
            false if services <= drops.len() => vec![(drop + 125.0, 112.0)],
            false => vec![(drop + 110.0, 99.0)],
        };
        drops.iter().flat_map(|drop| beside(*drop)).collect()
    }

    /// Where rollouts are told: below the ships and the barges' way or, where ships fill the world, beside the control ship.
    #[must_use]
    pub fn tallies(&self) -> Area {
        if self.field.is_none() && self.rows() == 1 {
            let left = self.ships.first().map_or(340.0, |ship| ship.x.min(340.0));
            return Area::new(left, 928.0, self.world.0 - left - 32.0, 70.0);
        }
        let left = 1236.0 + self.shift;
        Area::new(left, 412.0, self.world.0 - 140.0 - left, 98.0)
    }

    /// Rows of ships.
    #[must_use]
    pub fn rows(&self) -> u8 {
        self.ships.last().map_or(1, |ship| ship.row + 1)
    }

    /// Where a row's decks lie.
    #[must_use]
    pub fn row_y(row: u8) -> f64 {
        770.0 + 300.0 * f64::from(row)
    }

    /// Where the lane runs that serves a row.
    #[must_use]
    pub fn bus_y(row: u8) -> f64 {
        if row == 0 { 560.0 } else { Self::row_y(row) - 158.0 }
    }

    /// The ship of a node.
    #[must_use]
    pub fn ship(&self, node: &str) -> Option<&Spot> {
        self.ships.iter().find(|ship| &*self.names[ship.node] == node)
    }

    /// The middle of the control ship, where the trunk of the lanes begins.
    #[must_use]
    pub fn trunk_x(&self) -> f64 {
        810.0 + self.shift
    }

    /// Where the lanes to the rows behind the first go down.
    #[must_use]
    pub fn riser_x(&self) -> f64 {
        let field = self.field.as_ref().map_or(320.0, |_| EDGES[0] - 20.0);
        self.ships.first().map_or(field, |ship| ship.x - 24.0)
    }

    /// Along the lanes from a ship's cabin up to the bus.
    fn ship_to_bus(&self, ship: &Spot) -> Vec<(f64, f64)> {
        let x = ship.x + 50.0;
        let mut points = vec![(x, ship.y - 100.0), (x, Self::bus_y(ship.row))];
        if ship.row > 0 {
            points.extend([(self.riser_x(), Self::bus_y(ship.row)), (self.riser_x(), Self::bus_y(0))]);
        }
        points
    }

    /// The square of a node.
    #[must_use]
    pub fn square(&self, node: &str) -> Option<Area> {
        let field = self.field.as_ref()?;
        Some(field.square(field.place_of(node)?))
    }

    fn way_to_bridge(&self, mut points: Vec<(f64, f64)>) -> Route {
        let (trunk, bridge) = (self.trunk_x(), 910.0 + self.shift);
        points.extend([(trunk, Self::bus_y(0)), (trunk, 466.0), (bridge + 15.0, 466.0), (bridge + 15.0, 244.0)]);
        points.push((bridge, 244.0));
        Route(points)
    }

    /// The way of a client's requests to the bridge; watch events come back along it.
    #[must_use]
    pub fn to_bridge(&self, from: &Address) -> Route {
        let s = self.shift;
        match from {
            Address::User => Route(vec![(216.0, 390.0), (330.0, 390.0), (330.0, 214.0), (690.0 + s, 214.0)]),
            Address::Etcd(_) => Route(vec![(555.0 + s, 296.0), (555.0 + s, 236.0), (690.0 + s, 236.0)]),
            Address::ApiServer => Route(vec![(800.0 + s, 219.0), (800.0 + s, 170.0)]),
            Address::Scheduler | Address::OtherScheduler(_) => {
                Route(vec![(968.0 + s, 296.0), (968.0 + s, 222.0), (910.0 + s, 222.0)])
            }
            Address::ControllerManager => Route(vec![(800.0 + s, 300.0), (800.0 + s, 268.0)]),
            Address::Kubelet(node) | Address::Runtime(node) | Address::Sidecar(node, _) => {
                match (self.ship(node), &self.field) {
                    (Some(ship), _) => self.way_to_bridge(self.ship_to_bus(ship)),
                    (None, Some(field)) if let Some(place) = field.place_of(node) => {
                        self.way_to_bridge(field.way_up(place))
                    }
                    // The captain of the control ship itself.
                    _ => Route(vec![(452.0 + s, 444.0), (925.0 + s, 444.0), (925.0 + s, 244.0), (910.0 + s, 244.0)]),
                }
            }
        }
    }

    /// Where somebody is.
    #[must_use]
    pub fn area_of(&self, who: &Address) -> Area {
        let s = self.shift;
        if let Some(square) = who.node().and_then(|node| self.square(node)) {
            return square;
        }
        match who {
            Address::User => Area::new(28.0, 300.0, 200.0, 156.0),
            Address::ApiServer => Area::new(690.0 + s, 170.0, 220.0, 98.0),
            Address::Etcd(_) => Area::new(470.0 + s, 296.0, 172.0, 98.0),
            Address::ControllerManager => Area::new(690.0 + s, 300.0, 220.0, 94.0),
            Address::Scheduler | Address::OtherScheduler(_) => Area::new(940.0 + s, 296.0, 112.0, 98.0),
            Address::Kubelet(node) => match self.ship(node) {
                Some(ship) => Area::new(ship.x + 14.0, ship.y + ship.sink - 98.0, 72.0, 98.0),
                None => Area::around(452.0 + s, 444.0, 16.0),
            },
            Address::Runtime(node) | Address::Sidecar(node, _) => match self.ship(node) {
                Some(ship) => Area::around(ship.x + 66.0, ship.y + ship.sink + 46.0, 22.0),
                None => Area::around(452.0 + s, 444.0, 16.0),
            },
        }
    }

    /// The registry, on the quay.
    #[must_use]
    pub fn registry(&self) -> Area {
        Area::new(24.0, 548.0, 224.0, 174.0)
    }

    /// One of the eight windows of the controllers' room.
    #[must_use]
    pub fn window(&self, index: usize) -> Area {
        let (column, row) = ([0.0, 1.0, 2.0, 3.0][index % 4], if index < 4 { 0.0 } else { 1.0 });
        Area::new(702.0 + 51.0 * column + self.shift, 310.0 + 40.0 * row, 44.0, 32.0)
    }

    /// One of the seven gate lamps.
    #[must_use]
    pub fn lamp(&self, gate: usize) -> (f64, f64) {
        #[expect(clippy::cast_precision_loss, reason = "0 to 6")]
        let index = gate as f64;
        (713.0 + 29.0 * index + self.shift, 246.0)
    }
}

/// A world is as high as its rows of ships need.
fn height(ships: usize) -> f64 {
    [1000.0, 1230.0, 1500.0][(ships.saturating_sub(1) / 4).min(2)]
}

/// Where the `i`-th of `count` ships lies: x, y and row.
fn spot(i: usize, count: usize) -> (f64, f64, u8) {
    const ONE: [f64; 1] = [760.0];
    const TWO: [f64; 2] = [550.0, 970.0];
    const THREE: [f64; 3] = [340.0, 760.0, 1180.0];
    const FOUR: [f64; 4] = [364.0, 874.0, 1384.0, 1894.0];
    let y = Layout::row_y(0);
    match count {
        1 => (ONE[i], y, 0),
        2 => (TWO[i], y, 0),
        3 => (THREE[i], y, 0),
        _ => {
            let row = u8::try_from(i / 4).unwrap_or(0);
            (FOUR[i % 4], Layout::row_y(row), row)
        }
    }
}

/// How large the crates on a ship are: the more there are, the smaller.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Grid {
    /// 1, ½ or ¼.
    pub size: f64,
    /// Crates in a row.
    columns: usize,
}

impl Grid {
    /// The grid for a ship whose highest slot in use is `slots - 1`.
    #[must_use]
    pub fn of(slots: usize) -> Self {
        match slots {
            0..=15 => Self { size: 1.0, columns: 5 },
            16..=60 => Self { size: 0.5, columns: 10 },
            _ => Self { size: 0.25, columns: 20 },
        }
    }

    /// A slot's place, relative to the left end of the deck.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a few hundred slots")]
    pub fn slot(self, index: usize) -> Area {
        let (column, row) = ((index % self.columns) as f64, (index / self.columns) as f64);
        let (w, h) = (48.0 * self.size, 36.0 * self.size);
        Area::new(120.0 + 52.0 * self.size * column, -8.0 - h - 40.0 * self.size * row, w, h)
    }

    /// A small crate's place on the control ship's deck (absolute, without the ship's shift).
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a few slots")]
    pub fn control_slot(index: usize) -> Area {
        let (column, row) = ((index % 2) as f64, (index / 2) as f64);
        Area::new(405.0 + 29.0 * column, 372.0 - 21.0 * row, 24.0, 18.0)
    }
}

/// A place on the queue board (absolute, without the ship's shift).
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "a few slots")]
pub fn board_slot(index: usize) -> Area {
    let (column, row) = ((index % 2) as f64, (index / 2 % 2) as f64);
    Area::new(1078.0 + 52.0 * column, 308.0 + 41.0 * row, 48.0, 36.0)
}

/// Ghosts that the queue board shows.
pub const BOARD: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::testing;

    fn boxes(layout: &Layout) -> Vec<Area> {
        layout.ships.iter().map(|s| Area::new(s.x - 4.0, s.y - 144.0, 396.0, 144.0 + 94.0 + DEEPEST)).collect()
    }

    #[test]
    fn nothing_overlaps_and_all_lies_in_the_world() {
        for count in 1..=12 {
            let layout = Layout::of(&testing::harbour(count, 0), false);
            let ships = boxes(&layout);
            assert_eq!(ships.len(), count);
            for (i, ship) in ships.iter().enumerate() {
                assert!(ship.x > 250.0 && ship.x + ship.w <= layout.world.0, "{count} ships: {ship:?}");
                assert!(ship.y + ship.h <= layout.world.1, "{count} ships: {ship:?}");
                assert!(ships[i + 1..].iter().all(|other| !ship.overlaps(other)), "{count} ships");
            }
            assert_eq!(layout.level, Level::Harbour);
        }
    }

    #[test]
    fn lanes_have_only_right_angles() {
        let layout = Layout::of(&testing::harbour(12, 0), false);
        for who in [Address::User, Address::Scheduler, Address::Kubelet("node-7".into()), Address::Etcd(0)] {
            let route = layout.to_bridge(&who);
            for leg in route.0.windows(2) {
                assert!((leg[0].0 - leg[1].0).abs() < 0.1 || (leg[0].1 - leg[1].1).abs() < 0.1, "{who}: {leg:?}");
            }
        }
    }

    #[test]
    fn crates_fill_their_ship_without_touching_each_other() {
        for slots in [15, 60, 240] {
            let grid = Grid::of(slots);
            let places: Vec<Area> = (0..slots).map(|i| grid.slot(i)).collect();
            for (i, place) in places.iter().enumerate() {
                assert!(place.x >= 120.0 && place.x + place.w <= 380.0 && place.y >= -130.0, "{place:?}");
                assert!(places[i + 1..].iter().all(|other| !place.overlaps(other)));
            }
        }
    }
}
