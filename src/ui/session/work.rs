//! What the page's main thread spends on us.

use crate::sim::Order;

/// Milliseconds of main-thread work since the last call of [`super::Session::frames`].
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Frames {
    /// Median work of an animation frame.
    pub frame_p50: f64,
    /// 95th percentile.
    pub frame_p95: f64,
    /// Median of every uninterrupted piece of work, commands included.
    pub slice_p50: f64,
    /// 95th percentile.
    pub slice_p95: f64,
    /// The longest piece.
    pub slice_max: f64,
    /// The engine's part of them: 95th percentile.
    pub engine_p95: f64,
}

/// How long the engine may work in a frame that also paints, in milliseconds;
const SLICE: f64 = 5.0;
/// and in one that does not, because the engine cannot keep up.
const BUSY_SLICE: f64 = 7.0;

/// Tells the time in milliseconds: the page's clock. The engine never sees it.
pub type Clock<'a> = &'a dyn Fn() -> f64;

/// The engine's time in a frame.
pub struct Slice<'a> {
    end: f64,
    clock: Clock<'a>,
    asked: u32,
}

impl<'a> Slice<'a> {
    /// Begins now; `alone`: nothing is painted in it.
    #[must_use]
    pub fn begin(clock: Clock<'a>, alone: bool) -> Self {
        Self { end: clock() + if alone { BUSY_SLICE } else { SLICE }, clock, asked: 0 }
    }

    /// Whether it is over; asked before each event. Looking at the clock costs as much as a small event, so that is not
    /// done every time.
    pub fn is_over(&mut self) -> bool {
        self.asked += 1;
        self.asked.is_multiple_of(4) && (self.clock)() > self.end
    }
}

/// So many measurements are kept.
const KEPT: usize = 20_000;

/// The measurements, in milliseconds.
#[derive(Clone, Debug, Default)]
pub struct Work {
    frames: Vec<f64>,
    slices: Vec<f64>,
    engine: Vec<f64>,
}

impl Work {
    /// Notes a piece of work, and how much of it was the engine's; `frame`: it was a whole animation frame.
    pub fn note(&mut self, millis: f64, engine: f64, frame: bool) {
        if self.slices.len() >= KEPT {
            *self = Self::default();
        }
        self.slices.push(millis);
        if engine > 0.0 {
            self.engine.push(engine);
        }
        if frame {
            self.frames.push(millis);
        }
    }

    /// The figures so far; begins anew.
    pub fn take(&mut self) -> Frames {
        let Self { mut frames, mut slices, mut engine } = std::mem::take(self);
        engine.order_by(f64::total_cmp);
        frames.order_by(f64::total_cmp);
        slices.order_by(f64::total_cmp);
        Frames {
            frame_p50: percentile(&frames, 50),
            frame_p95: percentile(&frames, 95),
            slice_p50: percentile(&slices, 50),
            slice_p95: percentile(&slices, 95),
            slice_max: slices.last().copied().unwrap_or(0.0),
            engine_p95: percentile(&engine, 95),
        }
    }
}

fn percentile(sorted: &[f64], percent: usize) -> f64 {
    let index = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(index).copied().unwrap_or(0.0)
}
