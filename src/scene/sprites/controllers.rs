//! The controllers' room: eight windows, one for each of the best-known controllers; a window lights while its
//! reconcile runs. Windows carry signs of their objects.

use super::Sprite;
use crate::scene::display::Look;
use crate::scene::pen::Pen;
use crate::scene::theme::Token;

/// The gallery's sample.
pub static SPRITE: Sprite = Sprite {
    kind: "controllers",
    extent: [680.0, 290.0, 240.0, 114.0],
    sample: |pen| {
        draw(pen, true);
        pen.at(753.0, 310.0, 1.0, |pen| window(pen, 1, Some(1.0)));
    },
};

/// What a window stands for, in the order of the windows.
pub const WINDOWS: [&str; 8] =
    ["deployment", "replicaset", "node", "job", "endpointslice", "serviceaccount", "namespace", "garbagecollector"];

/// The window of a controller by its name; controllers without a window of their own work behind the last.
#[must_use]
pub fn index(controller: &str) -> usize {
    let name: String = controller.chars().filter(char::is_ascii_alphanumeric).collect();
    let name = name.to_ascii_lowercase();
    let at = |word: &str| name.starts_with(word);
    match () {
        () if at("replicationcontroller") || at("replicaset") => 1,
        () if at("node") || at("taint") || at("podgc") => 2,
        () if at("job") || at("cronjob") => 3,
        () if at("endpoint") => 4,
        () if at("serviceaccount") || at("rootca") => 5,
        () if at("namespace") => 6,
        () if at("deployment") => 0,
        () => 7,
    }
}

/// Draws the room with dark windows, at its place in the world.
pub fn draw(pen: &mut Pen, runs: bool) {
    let token = if runs { Token::Controllers } else { Token::Unknown };
    pen.rect([690.0, 300.0, 220.0, 94.0], 10.0, Look::fill(Token::Deck).edged(token, 6.0));
    for i in 0..8u32 {
        let (x, y) = (702.0 + 51.0 * f64::from(i % 4), 310.0 + 40.0 * f64::from(i / 4));
        pen.at(x, y, 1.0, |pen| window(pen, i as usize, None));
    }
}

/// Draws a window from its left upper corner; lit to a share.
pub fn window(pen: &mut Pen, index: usize, lit: Option<f64>) {
    let look = match lit {
        None => Look::fill(Token::SeaTop).edged(Token::Controllers, 3.0),
        Some(_) => Look::fill(Token::Glow).edged(Token::Controllers, 5.0),
    };
    pen.rect([0.0, 0.0, 44.0, 32.0], 4.0, look);
    let ink = if lit.is_some() { Token::CrateInk } else { Token::Ink };
    sign(pen, index, Look::line(ink, 2.4));
}

/// A small sign of what the controller looks after, in the middle of its window.
fn sign(pen: &mut Pen, index: usize, look: Look) {
    pen.at(22.0, 16.0, 1.0, |pen| match index {
        // A Deployment rolls: an arrow around.
        0 => pen.path("M-7-2q2-6 8-6q7 0 8 7M9-5v5h-5M7 4q-3 5-8 4q-5-1-7-5M-8 8v-5h5", look),
        // A set of equal boxes.
        1 => {
            for x in [-10.0, -3.0, 4.0] {
                pen.rect([x, -4.0, 6.0, 8.0], 1.0, look);
            }
        }
        // A ship.
        2 => pen.path("M-10 1h20l-3 6h-14ZM-3 1v-8h6v8", look),
        // A job: done once.
        3 => pen.path("M-8 0l5 6L8-6", look),
        // Slices of endpoints.
        4 => pen.path("M-9-5h7M2-5h7M-9 0h7M2 0h7M-9 5h7M2 5h7", look),
        // A badge.
        5 => {
            pen.circle(0.0, -4.0, 3.4, look);
            pen.path("M-7 8q0-7 7-7q7 0 7 7", look);
        }
        // A fenced area.
        6 => pen.rect([-9.0, -6.0, 18.0, 12.0], 2.0, look.dashed(3.0, 3.6)),
        // The collector's bin.
        _ => pen.path("M-7-5h14M-5-5l1 12h8l1-12M-2-8h4", look),
    });
}
