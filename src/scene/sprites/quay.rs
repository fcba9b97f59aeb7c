//! The quay: the land from which people and images come.

use super::Sprite;
use crate::scene::display::Look;
use crate::scene::pen::Pen;
use crate::scene::theme::Token;

/// The gallery's sample.
pub static SPRITE: Sprite = Sprite { kind: "quay", extent: [100.0, 430.0, 210.0, 200.0], sample };

fn sample(pen: &mut Pen) {
    pen.path("M110 440H250L292 490V620H110Z", Look::fill(Token::Quay).edged(Token::QuayEdge, 6.0));
    pen.rect([264.0, 540.0, 20.0, 12.0], 4.0, Look::fill(Token::QuayEdge));
    pen.rect([268.0, 550.0, 12.0, 12.0], 2.0, Look::fill(Token::QuayEdge));
}

/// Draws the quay, at its place in the world.
pub fn draw(pen: &mut Pen) {
    pen.path("M-900 440H250L292 490V2900H-900Z", Look::fill(Token::Quay).edged(Token::QuayEdge, 6.0));
    pen.path("M272 512V2900", Look::line(Token::QuayEdge, 2.0).faint(0.5));
    for y in [540.0, 700.0, 860.0] {
        pen.rect([264.0, y, 20.0, 12.0], 4.0, Look::fill(Token::QuayEdge));
        pen.rect([268.0, y + 10.0, 12.0, 12.0], 2.0, Look::fill(Token::QuayEdge));
    }
}
