//! The image registry: a warehouse on the quay. Pulls go from here straight to a ship, never through the API server.

use super::Sprite;
use crate::scene::display::Look;
use crate::scene::pen::Pen;
use crate::scene::theme::{FILLS, Token};

/// The gallery's sample.
pub static SPRITE: Sprite = Sprite { kind: "registry", extent: [14.0, 540.0, 244.0, 190.0], sample: draw };

/// Draws the warehouse, at its place in the world.
pub fn draw(pen: &mut Pen) {
    pen.rect([36.0, 600.0, 200.0, 120.0], 3.0, Look::fill(Token::Deck).edged(Token::Ink, 3.0));
    pen.path("M22 604L136 548L250 604Z", Look::fill(Token::Cloud).edged(Token::Ink, 3.0));
    pen.path("M36 630H236M36 684H236", Look::line(Token::Ink2, 2.0).faint(0.6));
    for (x, fill) in [(52.0, FILLS[0]), (111.0, FILLS[1]), (170.0, FILLS[2])] {
        // An image is a stack of layers.
        pen.rect([x, 642.0, 50.0, 36.0], 2.0, Look::fill(fill).edged(Token::CrateInk, 3.0));
        pen.line(&[(x, 654.0), (x + 50.0, 654.0)], Look::line(Token::CrateInk, 2.0));
        pen.line(&[(x, 666.0), (x + 50.0, 666.0)], Look::line(Token::CrateInk, 2.0));
    }
    pen.path("M116 720V696H156V720M136 696V720", Look::line(Token::Ink, 3.0));
}
