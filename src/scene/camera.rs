//! Which part of the world is seen, and how large.

use super::layout::Layout;
use super::pen::Place;

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

impl Camera {
    /// The whole world, fitted.
    #[must_use]
    pub fn whole(viewport: (f64, f64), layout: &Layout) -> Self {
        Self { viewport, centre: (layout.world.0 / 2.0, layout.world.1 / 2.0), zoom: 1.0 }
    }

    /// The part of the world around a point that a phone shows.
    #[must_use]
    pub fn focus(viewport: (f64, f64), layout: &Layout, around: (f64, f64)) -> Self {
        let whole = Self::whole(viewport, layout);
        let scale = (viewport.0 / FOCUS.0).min(viewport.1 / FOCUS.1).max(0.4);
        let zoom = scale / whole.fitted(layout);
        // The edge of the world stays at the edge of the stage.
        let keep = |at: f64, world: f64, seen: f64| {
            if seen >= world { world / 2.0 } else { at.clamp(seen / 2.0, world - seen / 2.0) }
        };
        let centre =
            (keep(around.0, layout.world.0, viewport.0 / scale), keep(around.1, layout.world.1, viewport.1 / scale));
        Self { viewport, centre, zoom }
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
    fn a_phone_sees_crates_large_enough_and_never_beyond_the_world() {
        let layout = Layout::of(&testing::harbour(3, 0), false);
        for around in [(0.0, 0.0), (1600.0, 1000.0), (800.0, 500.0)] {
            let camera = Camera::focus((390.0, 340.0), &layout, around);
            assert!((camera.scale(&layout) - 0.4756).abs() < 0.08, "{}", camera.scale(&layout));
            let (left, _) = camera.world_at(&layout, 0.0, 0.0);
            let (right, _) = camera.world_at(&layout, 390.0, 340.0);
            assert!(left >= -1e-6 && right <= 1600.0 + 1e-6);
        }
    }
}
