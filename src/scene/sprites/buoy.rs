//! A Service's cluster IP: a dashed buoy. It is virtual: nothing ever arrives there.

use super::Sprite;
use crate::scene::display::Look;
use crate::scene::pen::Pen;
use crate::scene::theme::Token;

/// The gallery's sample.
pub static SPRITE: Sprite =
    Sprite { kind: "service", extent: [-100.0, -30.0, 200.0, 60.0], sample: |pen| draw(pen, 86.0) };

/// Draws a buoy around the origin, `reach` wide on each side.
pub fn draw(pen: &mut Pen, reach: f64) {
    pen.ellipse([0.0, 0.0, reach, 22.0], Look::fill(Token::Surface).faint(0.35));
    pen.ellipse([0.0, 0.0, reach, 22.0], Look::line(Token::Proxy, 4.0).dashed(9.0, 8.0));
}
