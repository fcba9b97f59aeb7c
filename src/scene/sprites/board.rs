//! The queue board beside the scheduler: pods without a ship are paper ghosts here; they exist only in etcd.

use super::Sprite;
use crate::scene::display::Look;
use crate::scene::pen::Pen;
use crate::scene::theme::Token;

/// The gallery's sample.
pub static SPRITE: Sprite = Sprite { kind: "queue-board", extent: [1058.0, 290.0, 140.0, 114.0], sample: draw };

/// Draws the board, at its place in the world.
pub fn draw(pen: &mut Pen) {
    let look = Look::fill(Token::Deck).faint(0.4);
    pen.rect([1068.0, 300.0, 120.0, 92.0], 8.0, look);
    pen.rect([1068.0, 300.0, 120.0, 92.0], 8.0, Look::line(Token::Ink2, 4.0).dashed(10.0, 8.0));
}
