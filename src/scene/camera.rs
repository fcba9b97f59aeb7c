//! Which part of the world is seen, and how large.

use super::display::Area;
use super::layout::{Layout, Level};
use super::pen::Place;
use crate::cluster::wire::Address;

/// The stage's size and what it looks at.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Camera {
    /// Width and height of the stage in pixels.
    pub viewport: (f64, f64),
    /// The point of the world that lies in the middle of the stage.
    pub centre: (f64, f64),
    /// 1: the whole world just fits.
    pub zoom: f64,
}

/// How far one can come near, and how far away.
const ZOOM: (f64, f64) = (0.5, 8.0);
/// A ship that is one of many becomes at most so large, in pixels.
const NEAREST_PX: f64 = 560.0;
/// What a phone sees of the world, in world units.
const FOCUS: (f64, f64) = (820.0, 860.0);
/// Where a phone looks first: at the control ship, with nothing of it below the small map.
const FIRST_LOOK: (f64, f64) = (800.0, 380.0);
/// Aboard a ship it looks at the hold,
const FIRST_ABOARD: (f64, f64) = (800.0, 360.0);
/// whose name is here.
const HOLD_NAME: Area = Area::new(516.0, 140.0, 300.0, 56.0);
/// Where a phone's small map of the whole lies on the stage, in pixels: in the corner where the world begins, for what is
/// told of happens to the right of it.
pub const MAP: Area = Area::new(8.0, 8.0, 96.0, 60.0);

impl Camera {
    /// The whole world, fitted.
    #[must_use]
    pub fn whole(viewport: (f64, f64), layout: &Layout) -> Self {
        Self { viewport, centre: (layout.world.0 / 2.0, layout.world.1 / 2.0), zoom: 1.0 }
    }

    /// The part of the world around a point (first around the control ship) that a phone shows; the bridge is never below
    /// the [small map](MAP).
    #[must_use]
    pub fn focus(viewport: (f64, f64), layout: &Layout, around: Option<(f64, f64)>) -> Self {
        let first = if matches!(layout.level, Level::Deck(_)) { FIRST_ABOARD } else { FIRST_LOOK };
        let around = around.unwrap_or((first.0 + layout.shift, first.1));
        let whole = Self::whole(viewport, layout);
        // Crates are large enough for a finger, and even on the narrowest phone the control ship is whole.
        let scale = (viewport.0 / FOCUS.0).min(viewport.1 / FOCUS.1).max((viewport.0 / 860.0).min(0.4));
        let zoom = scale / whole.fitted(layout);
        // The edge of the world stays at the edge of the stage.
        let keep = |at: f64, world: f64, seen: f64| {
            if seen >= world { world / 2.0 } else { at.clamp(seen / 2.0, world - seen / 2.0) }
        };
        let centre =
            (keep(around.0, layout.world.0, viewport.0 / scale), keep(around.1, layout.world.1, viewport.1 / scale));
        Self { viewport, centre, zoom }.beside_the_map(layout, around)
    }

    /// Moved as little as needed for the bridge, its mast and its name (aboard a ship, the hold's name) to lie beside or
    /// below the small map, while what is looked at stays in sight.
    fn beside_the_map(mut self, layout: &Layout, around: (f64, f64)) -> Self {
        let (place, room) = (self.place(layout), layout.area_of(&Address::ApiServer));
        let bridge = match layout.level {
            Level::Deck(_) => HOLD_NAME,
            _ => Area::new(room.x, room.y - 124.0, room.w, room.h + 124.0),
        };
        let bridge = place.area(bridge);
        let map = MAP.grown(4.0);
        if !bridge.overlaps(&map) {
            return self;
        }
        let (right, down, up) = (map.x + map.w - bridge.x, map.y + map.h - bridge.y, bridge.y + bridge.h - map.y);
        let at = place.point(around.0, around.1);
        let kept =
            |(x, y): &(f64, f64)| Area::new(0.0, 0.0, self.viewport.0, self.viewport.1).contains(at.0 + x, at.1 + y);
        let ways = [(right, 0.0), (0.0, down), (0.0, -up)].into_iter().filter(kept);
        if let Some((x, y)) = ways.min_by(|a, b| (a.0 + a.1.abs()).total_cmp(&(b.0 + b.1.abs()))) {
            self.centre = (self.centre.0 - x / place.scale, self.centre.1 - y / place.scale);
        }
        self
    }

    fn fitted(&self, layout: &Layout) -> f64 {
        (self.viewport.0 / layout.world.0).min(self.viewport.1 / layout.world.1)
    }

    /// The largest zoom.
    #[must_use]
    pub fn nearest(&self, layout: &Layout) -> f64 {
        let pitch = layout.field.as_ref().map(|field| field.pitch * self.fitted(layout));
        pitch.map_or(ZOOM.1, |pitch| ZOOM.1.max(NEAREST_PX / pitch))
    }

    /// A part of the way from another camera to this one, 0–1. Distances change evenly to the eye.
    #[must_use]
    pub fn from(self, other: Self, share: f64) -> Self {
        let between = |a: f64, b: f64| a + (b - a) * share;
        let zoom = (between(other.zoom.ln(), self.zoom.ln())).exp();
        // The middle moves as the picture does: by pixels of the nearer one.
        let (from, to) = (1.0 / other.zoom, 1.0 / self.zoom);
        let along = if (to - from).abs() < 1e-9 { share } else { (1.0 / zoom - from) / (to - from) };
        let centre = (
            other.centre.0 + (self.centre.0 - other.centre.0) * along,
            other.centre.1 + (self.centre.1 - other.centre.1) * along,
        );
        Self { viewport: self.viewport, centre, zoom }
    }

    /// Pixels for one world unit.
    #[must_use]
    pub fn scale(&self, layout: &Layout) -> f64 {
        self.fitted(layout) * self.zoom
    }

    /// Where the world lies on the stage.
    #[must_use]
    pub fn place(&self, layout: &Layout) -> Place {
        let scale = self.scale(layout);
        let (w, h) = self.viewport;
        Place { x: w / 2.0 - self.centre.0 * scale, y: h / 2.0 - self.centre.1 * scale, scale }
    }

    /// The point of the world below a pixel.
    #[must_use]
    pub fn world_at(&self, layout: &Layout, x: f64, y: f64) -> (f64, f64) {
        let place = self.place(layout);
        ((x - place.x) / place.scale, (y - place.y) / place.scale)
    }

    /// Moved by pixels; the middle stays in the world.
    #[must_use]
    pub fn panned(mut self, layout: &Layout, dx: f64, dy: f64) -> Self {
        let scale = self.scale(layout);
        self.centre.0 = (self.centre.0 - dx / scale).clamp(0.0, layout.world.0);
        self.centre.1 = (self.centre.1 - dy / scale).clamp(0.0, layout.world.1);
        self
    }

    /// Nearer or further by a factor; what lies below the pixel (x, y) stays there.
    #[must_use]
    pub fn zoomed(mut self, layout: &Layout, (x, y): (f64, f64), factor: f64) -> Self {
        let before = self.world_at(layout, x, y);
        self.zoom = (self.zoom * factor).clamp(ZOOM.0, self.nearest(layout));
        let after = self.world_at(layout, x, y);
        self.centre.0 = (self.centre.0 + before.0 - after.0).clamp(0.0, layout.world.0);
        self.centre.1 = (self.centre.1 + before.1 - after.1).clamp(0.0, layout.world.1);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::testing;

    #[test]
    fn the_whole_world_fits_and_zooming_keeps_the_point_below_the_pointer() {
        let layout = Layout::of(&testing::harbour(3, 0), false);
        let camera = Camera::whole((760.0, 524.0), &layout);
        assert!((camera.scale(&layout) - 0.475).abs() < 1e-9);
        let before = camera.world_at(&layout, 100.0, 200.0);
        let near = camera.zoomed(&layout, (100.0, 200.0), 2.0);
        let after = near.world_at(&layout, 100.0, 200.0);
        assert!((before.0 - after.0).abs() < 1e-9 && (before.1 - after.1).abs() < 1e-9);
        assert!((near.scale(&layout) - 0.95).abs() < 1e-9);
    }

    #[test]
    fn on_a_phone_the_bridge_is_never_below_the_small_map() {
        for ships in [3, 12] {
            let layout = Layout::of(&testing::harbour(ships, 0), false);
            let room = layout.area_of(&Address::ApiServer);
            let mut below = 0;
            for (x, y) in (0..=20).flat_map(|x| (0..=20).map(move |y| (f64::from(x) / 20.0, f64::from(y) / 20.0))) {
                let around = (x * layout.world.0, y * layout.world.1);
                let camera = Camera::focus((390.0, 284.0), &layout, Some(around));
                assert!(!camera.place(&layout).area(room).overlaps(&MAP), "{ships} ships, around {around:?}");
                // What is looked at stays in sight.
                let seen = camera.place(&layout).point(around.0, around.1);
                assert!(Area::new(0.0, 0.0, 390.0, 284.0).grown(1e-6).contains(seen.0, seen.1), "{around:?}: {seen:?}");
                below += usize::from(camera.centre.0 < 488.0 || camera.centre.1 < 355.0);
            }
            assert!(below > 0, "somewhere the camera had to give way");
        }
    }

    #[test]
    fn a_phone_first_sees_the_control_ship_whole() {
        let layout = Layout::of(&testing::harbour(3, 0), false);
        for (w, h) in [(390.0, 284.0), (360.0, 284.0), (320.0, 246.0)] {
            let place = Camera::focus((w, h), &layout, None).place(&layout);
            let ship = place.area(Area::new(396.0, 90.0, 824.0, 402.0));
            assert!(ship.x >= 0.0 && ship.x + ship.w <= w && ship.y >= 0.0 && ship.y + ship.h <= h, "{w}: {ship:?}");
            for who in [Address::ApiServer, Address::Scheduler, Address::Etcd(0)] {
                assert!(!place.area(layout.area_of(&who)).overlaps(&MAP), "{w}: {who}");
            }
            // The client's lane, along which the first launch comes.
            assert!(w < 360.0 || place.point(330.0, 214.0).1 > MAP.y + MAP.h, "{w}");
        }
    }

    #[test]
    fn a_phone_sees_crates_large_enough_and_never_beyond_the_world() {
        let layout = Layout::of(&testing::harbour(3, 0), false);
        for around in [(0.0, 0.0), (1600.0, 1000.0), (800.0, 500.0)] {
            let camera = Camera::focus((390.0, 340.0), &layout, Some(around));
            assert!((camera.scale(&layout) - 0.4756).abs() < 0.08, "{}", camera.scale(&layout));
            let (left, _) = camera.world_at(&layout, 0.0, 0.0);
            let (right, _) = camera.world_at(&layout, 390.0, 340.0);
            assert!(left >= -1e-6 && right <= 1600.0 + 1e-6);
        }
    }
}
