//! The courier launch: a request on its way, with a slip; and the slip alone.

use super::Sprite;
use crate::scene::display::Look;
use crate::scene::pen::Pen;
use crate::scene::theme::Token;

/// The gallery's sample.
pub static SPRITE: Sprite = Sprite {
    kind: "launch",
    extent: [-36.0, -38.0, 72.0, 60.0],
    sample: |pen| draw(pen, Token::Api, Cargo::Stamp("201")),
};
/// A sample of the slip.
pub static SLIP: Sprite =
    Sprite { kind: "slip", extent: [-18.0, -18.0, 36.0, 36.0], sample: |pen| slip(pen, Token::Ink) };

/// What a launch carries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cargo<'a> {
    /// Nothing any more: the slip is inside.
    Nothing,
    /// The request.
    Slip,
    /// The answer, with its code.
    Stamp(&'a str),
    /// A refusal, with its code.
    Refusal(&'a str),
}

/// Draws a launch around the origin.
pub fn draw(pen: &mut Pen, token: Token, cargo: Cargo) {
    pen.path("M-31 0H31L22 17H-21Z", Look::fill(Token::Surface).edged(token, 4.5));
    match cargo {
        Cargo::Nothing => pen.path("M-8 0V-9H8V0", Look::fill(Token::Surface).edged(token, 4.0)),
        Cargo::Slip => pen.at(0.0, -13.0, 1.0, |pen| slip(pen, token)),
        Cargo::Stamp(code) => stamp(pen, code, Token::Ok),
        Cargo::Refusal(code) => {
            stamp(pen, code, Token::Error);
            pen.path("M-14 3l-6 11M0 3l-6 11M14 3l-6 11", Look::line(Token::Error, 3.0));
        }
    }
}

fn stamp(pen: &mut Pen, code: &str, token: Token) {
    pen.rect([-24.0, -32.0, 48.0, 28.0], 5.0, Look::fill(Token::Surface).edged(token, 3.5));
    pen.text((0.0, -10.5), code, 21.0, token);
}

/// Draws a slip around the origin.
pub fn slip(pen: &mut Pen, token: Token) {
    pen.rect([-12.0, -11.0, 24.0, 22.0], 2.0, Look::fill(Token::Surface).edged(token, 3.5));
    pen.path("M-6-4H6M-6 3H2", Look::line(token, 2.5));
}
