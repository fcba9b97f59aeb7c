//! The bridge is the API server: the only room with lanes. Seven gate lamps stand for what each request must pass.

use super::Sprite;
use crate::scene::display::Look;
use crate::scene::pen::Pen;
use crate::scene::theme::Token;

/// The gallery's sample.
pub static SPRITE: Sprite = Sprite {
    kind: "bridge",
    extent: [680.0, 80.0, 240.0, 200.0],
    sample: |pen| {
        draw(pen, true);
        for lamp in 0..7 {
            let state = [Lamp::Passed, Lamp::Refused, Lamp::Dark][usize::from(lamp > 3) + usize::from(lamp > 4)];
            pen.at(713.0 + 29.0 * f64::from(lamp), 246.0, 1.0, |pen| self::lamp(pen, state));
        }
    },
};

/// A gate lamp.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lamp {
    /// Nothing is at this gate.
    Dark,
    /// Something has just passed.
    Passed,
    /// It was refused here.
    Refused,
}

/// Draws the room, at its place in the world.
pub fn draw(pen: &mut Pen, runs: bool) {
    pen.path("M800 104V170M776 128H824", Look::line(Token::Ink, 6.0));
    let light = if runs { Token::Api } else { Token::Unknown };
    pen.circle(800.0, 98.0, 13.0, Look::fill(light).edged(Token::Ink, 3.0));
    pen.rect([690.0, 170.0, 220.0, 98.0], 10.0, Look::fill(Token::Deck).edged(light, 6.0));
    for x in [704.0, 744.0, 822.0, 862.0] {
        pen.rect([x, 185.0, 34.0, 36.0], 5.0, Look::fill(Token::SeaTop).edged(Token::Ink, 2.0));
    }
    wheel(pen, light);
}

/// The helm between the windows.
fn wheel(pen: &mut Pen, token: Token) {
    pen.at(800.0, 203.0, 0.74, |pen| {
        pen.path("M0-22V22M-19-11L19 11M-19 11L19-11", Look::line(token, 4.5));
        pen.circle(0.0, 0.0, 14.0, Look::line(token, 5.0));
        pen.circle(0.0, 0.0, 4.5, Look::fill(token));
    });
}

/// Draws a lamp around the origin.
pub fn lamp(pen: &mut Pen, lamp: Lamp) {
    let fill = match lamp {
        Lamp::Dark => Token::Surface,
        Lamp::Passed => Token::Ok,
        Lamp::Refused => Token::Error,
    };
    pen.circle(0.0, 0.0, 10.0, Look::fill(fill).edged(Token::Ink, 3.0));
    if lamp == Lamp::Passed {
        pen.path("M-4.5 0l3.5 3.5 6-7", Look::line(Token::Glyph, 2.8));
    }
    if lamp == Lamp::Refused {
        pen.path("M-4-4l8 8M4-4l-8 8", Look::line(Token::Glyph, 2.8));
    }
}
