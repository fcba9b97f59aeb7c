//! A cargo ship from above: hull, hold, gauges of what is asked for, flag. 100 × 100, the bow above.

use super::Sprite;
use crate::scene::display::Look;
use crate::scene::pen::Pen;
use crate::scene::theme::Token;

/// The gallery's sample.
pub static SPRITE: Sprite = Sprite {
    kind: "hull",
    extent: [-6.0, -6.0, 112.0, 112.0],
    sample: |pen| draw(pen, &Above { cpu: 0.6, memory: 0.4, ready: true, cordoned: true, ..Above::default() }),
};

/// What is seen from above.
#[expect(clippy::struct_excessive_bools, reason = "each is a sign of its own")]
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Above {
    /// Share of the processor that is asked for.
    pub cpu: f64,
    /// Share of the memory.
    pub memory: f64,
    /// The flag is up.
    pub ready: bool,
    /// Nothing is heard of it.
    pub fog: bool,
    /// A chain lies before the hold.
    pub cordoned: bool,
    /// It has other taints.
    pub tainted: bool,
}

/// Draws a hull.
pub fn draw(pen: &mut Pen, above: &Above) {
    let hull = "M50 0C70 3 90 12 96 32V88Q96 100 84 100H16Q4 100 4 88V32C10 12 30 3 50 0Z";
    pen.path(hull, Look::fill(Token::HullWorker).edged(Token::Ink, 2.0));
    pen.rect([8.0, 21.0, 84.0, 62.0], 3.0, Look::fill(Token::Screen).faint(0.55));
    for (x, share) in [(9.0, above.cpu), (53.0, above.memory)] {
        pen.rect([x, 88.0, 38.0, 7.0], 2.0, Look::line(Token::OnHull, 1.5));
        if share > 0.0 {
            pen.rect([x, 88.0, 38.0 * share.min(1.0), 7.0], 2.0, Look::fill(Token::OnHull));
        }
    }
    if above.cordoned {
        pen.path("M10 20.500H90", Look::line(Token::Warn, 4.0).dashed(6.0, 6.0));
    }
    if above.tainted {
        pen.circle(72.0, 13.5, 4.5, Look::fill(Token::Warn).edged(Token::Ink, 1.5));
    }
    if above.fog {
        pen.path(hull, Look::fill(Token::Fog).faint(0.5));
    }
    // The flag: up and green, or at half-mast and red.
    let (y, cloth) = if above.ready { (4.0, Token::Ok) } else { (9.0, Token::Error) };
    pen.path("M44 18V4", Look::line(Token::OnHull, 2.0));
    pen.at(44.0, y, 1.0, |pen| pen.path("M0 0L16 4.500L0 9Z", Look::fill(cloth).edged(Token::Ink, 1.2)));
}
