//! What comes along the open line of a watch: a round pulse, never a boat. And the square ping of a probe.

use super::Sprite;
use crate::scene::display::Look;
use crate::scene::pen::Pen;
use crate::scene::theme::Token;

/// The gallery's sample.
pub static SPRITE: Sprite = Sprite {
    kind: "pulse",
    extent: [-60.0, -16.0, 80.0, 32.0],
    sample: |pen| draw(pen, &[(0.0, 0.0), (-22.0, 0.0), (-40.0, 0.0)]),
};
/// A sample of the ping.
pub static PING: Sprite =
    Sprite { kind: "ping", extent: [-18.0, -18.0, 36.0, 36.0], sample: |pen| ping(pen, Some(true)) };

/// Draws the pulse at the first point and its train at the others.
pub fn draw(pen: &mut Pen, points: &[(f64, f64)]) {
    for (i, (x, y)) in points.iter().enumerate().rev() {
        let (r, opacity) = [(10.0, 1.0), (7.5, 0.75), (5.5, 0.5)][i.min(2)];
        let look = Look::fill(Token::Api).faint(opacity);
        pen.circle(*x, *y, r, if i == 0 { look.edged(Token::Halo, 2.5) } else { look });
    }
}

/// Draws a ping around the origin; with its answer once that is there.
pub fn ping(pen: &mut Pen, ok: Option<bool>) {
    let token = match ok {
        None => Token::Kubelet,
        Some(true) => Token::Ok,
        Some(false) => Token::Error,
    };
    pen.rect([-10.0, -10.0, 20.0, 20.0], 2.0, Look::fill(Token::Surface).edged(token, 4.0));
    match ok {
        None => pen.rect([-3.0, -3.0, 6.0, 6.0], 0.0, Look::fill(token)),
        Some(true) => pen.path("M-5 0l3.5 4 6-7", Look::line(token, 3.2)),
        Some(false) => pen.path("M-4-4L4 4M4-4L-4 4", Look::line(token, 3.2)),
    }
}
