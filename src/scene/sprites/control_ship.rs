//! The control ship: the machine that carries the control plane. Its rooms are static pods; its own small pods stand
//! on the deck at the bow, its kubelet looks through a porthole in the hull.

use super::Sprite;
use crate::scene::display::Look;
use crate::scene::pen::Pen;
use crate::scene::theme::Token;

/// The gallery's sample.
pub static SPRITE: Sprite = Sprite { kind: "control-ship", extent: [384.0, 380.0, 844.0, 120.0], sample: draw };

/// Draws hull and deck, at their place in the world.
pub fn draw(pen: &mut Pen) {
    pen.path("M396 402H1216L1168 484Q1164 492 1150 492H456Q440 492 434 482Z", Look::fill(Token::HullControl));
    pen.path(
        "M417 438L434 482Q440 492 456 492H1150Q1164 492 1168 484L1195 438",
        Look::line(Token::Ink, 2.0).faint(0.35),
    );
    pen.rect([392.0, 392.0, 828.0, 12.0], 4.0, Look::fill(Token::Deck).edged(Token::Ink, 3.0));
}

/// Draws the porthole of the ship's own kubelet around the origin.
pub fn porthole(pen: &mut Pen, runs: bool) {
    let fill = if runs { Token::Kubelet } else { Token::Unknown };
    pen.circle(0.0, 0.0, 15.0, Look::fill(fill).edged(Token::OnHull, 3.0));
    super::ship::anchor(pen, 0.72);
}
