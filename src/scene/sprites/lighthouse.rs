//! The lighthouse: clients from outside (`NodePort`, load balancer, Ingress).

use super::Sprite;
use crate::scene::display::Look;
use crate::scene::pen::Pen;
use crate::scene::theme::Token;

/// The gallery's sample.
pub static SPRITE: Sprite = Sprite { kind: "lighthouse", extent: [1460.0, 370.0, 136.0, 206.0], sample: draw };

/// Draws the lighthouse, at its place in the world.
pub fn draw(pen: &mut Pen) {
    pen.path("M1470 566Q1480 546 1500 552Q1528 540 1556 552Q1576 546 1586 566Z", Look::fill(Token::QuayEdge));
    pen.path("M1500 430h56l10 126h-76z", Look::fill(Token::Deck).edged(Token::Ink, 3.0));
    pen.path("M1496.800 466h62.400l2.400 30h-67.200z", Look::fill(Token::Proxy));
    pen.path("M1494 430h68", Look::line(Token::Ink, 5.0));
    pen.rect([1508.0, 402.0, 40.0, 28.0], 3.0, Look::fill(Token::Glow).edged(Token::Ink, 3.0));
    pen.path("M1502 402L1528 382L1554 402Z", Look::fill(Token::Proxy).edged(Token::Ink, 3.0));
    pen.path("M1520 556v-18q8-8 16 0v18", Look::line(Token::Ink, 3.0));
}
