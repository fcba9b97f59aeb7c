//! Fog over a ship that the control plane does not hear of: it cannot know what is below.

use super::Sprite;
use crate::scene::display::Look;
use crate::scene::pen::Pen;
use crate::scene::theme::Token;

/// The gallery's sample.
pub static SPRITE: Sprite = Sprite { kind: "fog", extent: [-24.0, -150.0, 440.0, 260.0], sample: draw };

/// Draws a fog bank in a ship's own units.
pub fn draw(pen: &mut Pen) {
    let look = Look::fill(Token::Fog);
    pen.faint(0.5, |pen| {
        pen.path(
            "M-10 60Q-30 20 0-20Q-6-70 50-84Q80-130 140-112Q190-150 240-116Q300-136 336-92Q392-84 392-30Q420 10 396 60Q380 92 320 84H60Q4 92-10 60Z",
            look,
        );
    });
    let wisp = Look::line(Token::Ink2, 3.0).faint(0.5);
    pen.path("M40-30q30-14 60 0t60 0M180 10q30-14 60 0t60 0M60 44q26-12 52 0t52 0M230-60q24-12 48 0t48 0", wisp);
}
