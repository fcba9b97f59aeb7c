//! The log room is etcd: ledgers, one for each member, and a pipe to the bridge: its only connection.

use super::Sprite;
use crate::scene::display::Look;
use crate::scene::pen::Pen;
use crate::scene::theme::Token;

/// The gallery's sample.
pub static SPRITE: Sprite =
    Sprite { kind: "log-room", extent: [460.0, 226.0, 240.0, 178.0], sample: |pen| draw(pen, 3, true) };

/// Draws the room with so many ledgers, at its place in the world.
pub fn draw(pen: &mut Pen, members: usize, runs: bool) {
    let token = if runs { Token::Etcd } else { Token::Unknown };
    pen.path("M690 236H555V292", Look::line(Token::Ink, 12.0));
    pen.path("M690 236H555V292", Look::line(token, 7.0));
    pen.rect([470.0, 296.0, 172.0, 98.0], 10.0, Look::fill(Token::Deck).edged(token, 6.0));
    let books: &[f64] = match members {
        0 | 1 => &[536.0],
        2 | 3 => &[486.0, 536.0, 586.0],
        _ => &[476.0, 506.0, 536.0, 566.0, 596.0],
    };
    for (i, x) in books.iter().enumerate() {
        ledger(pen, *x, i == books.len() / 2, token);
    }
    if books.len() == 1 {
        // Shelves beside a single ledger.
        pen.path(
            "M486 330h34M486 352h34M486 374h34M592 330h34M592 352h34M592 374h34",
            Look::line(token, 4.0).faint(0.45),
        );
    }
}

fn ledger(pen: &mut Pen, x: f64, leads: bool, token: Token) {
    let width = if leads { 5.0 } else { 3.0 };
    pen.rect([x, 313.0, 40.0, 66.0], 4.0, Look::fill(Token::Surface).edged(token, width));
    pen.line(&[(x + 7.0, 316.0), (x + 7.0, 376.0)], Look::line(token, 2.0));
    for (y, w) in [(328.0, 20.0), (340.0, 20.0), (352.0, 14.0)] {
        pen.line(&[(x + 13.0, y), (x + 13.0 + w, y)], Look::line(token, 3.0));
    }
}
