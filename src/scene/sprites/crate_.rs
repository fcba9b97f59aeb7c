//! A pod is a crate: pause skid below, one small box for each container, its workload's colour and pattern, and its
//! status as a sign. What has no ship yet, or is only intended, is a dashed ghost.

use super::{Sprite, signs};
use crate::scene::display::Look;
use crate::scene::pen::Pen;
use crate::scene::theme::{FILLS, Token};

/// The gallery's sample.
pub static SPRITE: Sprite = Sprite {
    kind: "pod",
    extent: [-8.0, -14.0, 66.0, 58.0],
    sample: |pen| draw(pen, &Cargo { workload: Some(0), containers: 2, ..Cargo::default() }),
};
/// A sample of the ghost.
pub static GHOST: Sprite =
    Sprite { kind: "ghost", extent: [-6.0, -6.0, 60.0, 48.0], sample: |pen| ghost(pen, Some(1)) };

/// A sample of a pod of an older revision.
pub static OUTDATED: Sprite = Sprite {
    kind: "outdated",
    extent: [-8.0, -14.0, 66.0, 58.0],
    sample: |pen| draw(pen, &Cargo { workload: Some(0), containers: 2, outdated: true, ..Cargo::default() }),
};
/// A sample of a static pod.
pub static MOORED: Sprite = Sprite {
    kind: "moored",
    extent: [-8.0, -14.0, 66.0, 58.0],
    sample: |pen| draw(pen, &Cargo { containers: 1, moored: true, ..Cargo::default() }),
};

/// What is known of a pod, as a sign.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub enum Status {
    /// Bound, nothing has begun.
    Pending,
    /// Its containers are being made; the share that stands.
    Creating(f64),
    /// Runs, not ready.
    Running,
    /// Runs and is ready.
    #[default]
    Ready,
    /// Has ended well.
    Succeeded,
    /// Has failed, or fails again and again.
    Failed,
    /// Is being ended; the share of its grace that is left.
    Terminating(f64),
    /// Its node is not heard of.
    Unknown,
    /// Was evicted.
    Evicted,
}

impl Status {
    /// All, with samples of their shares.
    pub const ALL: [(&'static str, Self); 9] = [
        ("status-pending", Self::Pending),
        ("status-creating", Self::Creating(0.5)),
        ("status-running", Self::Running),
        ("status-ready", Self::Ready),
        ("status-succeeded", Self::Succeeded),
        ("status-failed", Self::Failed),
        ("status-terminating", Self::Terminating(0.6)),
        ("status-unknown", Self::Unknown),
        ("status-evicted", Self::Evicted),
    ];

    /// The key of its word.
    #[must_use]
    pub fn key(self) -> &'static str {
        let same = |other: &Self| std::mem::discriminant(other) == std::mem::discriminant(&self);
        Self::ALL.iter().find(|(_, status)| same(status)).map_or("status-unknown", |(key, _)| key)
    }
}

/// A crate's look.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Cargo {
    /// Which workload; decides colour and pattern.
    pub workload: Option<usize>,
    /// Its status.
    pub status: Status,
    /// Its containers.
    pub containers: usize,
    /// How many of them run.
    pub running: usize,
    /// Whether there is a newer revision of its workload.
    pub outdated: bool,
    /// Whether it is moored to its ship: a static pod.
    pub moored: bool,
}

/// A workload's colour.
#[must_use]
pub fn fill(workload: Option<usize>) -> Token {
    workload.map_or(Token::Bare, |index| FILLS[index % FILLS.len()])
}

/// Draws a crate from its left upper corner, 48 × 36.
pub fn draw(pen: &mut Pen, cargo: &Cargo) {
    let body = |pen: &mut Pen, opacity: f64| pen.faint(opacity, |pen| solid(pen, cargo, fill(cargo.workload)));
    match cargo.status {
        Status::Pending => {
            ghost(pen, cargo.workload);
            clock(pen, 0.25);
        }
        Status::Creating(share) => {
            ghost(pen, None);
            rising(pen, cargo, share);
            pattern(pen, cargo.workload);
            clock(pen, 0.5);
        }
        Status::Running => {
            body(pen, 1.0);
            sandglass(pen);
        }
        Status::Ready => {
            body(pen, 1.0);
            pen.at(36.0, 13.0, 0.72, signs::tick);
        }
        Status::Succeeded => {
            body(pen, 0.5);
            pen.path("M30 26V4L44 9L30 14", Look::fill(Token::CrateOk).edged(Token::CrateInk, 2.2));
        }
        Status::Failed => {
            body(pen, 1.0);
            pen.hatch([1.5, 1.5, 45.0, 33.0], 9.0, Look::line(Token::CrateInk, 2.6).faint(0.6));
            pen.at(34.0, 2.0, 0.92, signs::triangle);
        }
        Status::Terminating(left) => {
            body(pen, 0.6);
            pen.arc((24.0, 17.0), 13.0, (1.0 - left.clamp(0.0, 1.0), 1.0), Look::line(Token::CrateInk, 3.0));
            pen.at(36.0, -2.0, 0.75, signs::tag);
        }
        Status::Unknown => {
            solid(pen, cargo, Token::Unknown);
            pen.text((35.0, 23.0), "?", 24.0, Token::CrateInk);
        }
        Status::Evicted => {
            body(pen, 0.4);
            pen.at(36.0, -2.0, 0.75, signs::tag);
            pen.path("M6 6L42 30M42 6L6 30", Look::line(Token::CrateError, 3.0));
        }
    }
    if cargo.outdated {
        // Its corner is turned down, like a page that has been read.
        pen.path("M0 0H15L0 15Z", Look::fill(Token::CratePaper).edged(Token::CrateInk, 2.4));
    }
    if cargo.moored {
        pen.at(9.0, 17.0, 1.0, super::ship::mooring);
    }
}

fn solid(pen: &mut Pen, cargo: &Cargo, fill: Token) {
    pen.rect([0.0, 0.0, 48.0, 36.0], 2.0, Look::fill(fill).edged(Token::CrateInk, 3.0));
    pen.rect([0.0, 31.0, 48.0, 5.0], 1.0, Look::fill(Token::CrateInk));
    pattern(pen, cargo.workload);
    boxes(pen, cargo.containers, cargo.containers);
}

/// The side of a crate that shows its colour and its pattern, 36 wide and high.
pub fn plain(pen: &mut Pen, workload: usize) {
    pen.rect([0.0, 0.0, 36.0, 32.0], 2.0, Look::fill(fill(Some(workload))).edged(Token::CrateInk, 3.0));
    pen.at(7.0, 0.0, 1.0, |pen| pattern(pen, Some(workload)));
}

/// One small box for each container, above the skid.
fn boxes(pen: &mut Pen, count: usize, running: usize) {
    for (i, x) in (0..count.min(3)).zip([18.5, 25.0, 31.5]) {
        let look = if i < running { Look::fill(Token::CrateInk) } else { Look::line(Token::CrateInk, 1.5) };
        pen.rect([x, 24.0, 5.0, 5.0], 0.5, look);
    }
}

/// The crate while it fills from below.
fn rising(pen: &mut Pen, cargo: &Cargo, share: f64) {
    let share = share.clamp(0.0, 1.0);
    let height = 6.0 + 25.0 * share;
    let opacity = if share > 0.0 { 0.9 } else { 0.55 };
    pen.rect([1.5, 31.0 - (height - 6.0), 45.0, height - 6.0], 0.0, Look::fill(fill(cargo.workload)).faint(opacity));
    pen.rect([0.0, 31.0, 48.0, 5.0], 1.0, Look::fill(Token::CrateInk));
    boxes(pen, cargo.containers, cargo.running);
}

/// Draws a ghost from its left upper corner: a pod that exists on paper only.
pub fn ghost(pen: &mut Pen, workload: Option<usize>) {
    pen.rect([0.0, 0.0, 48.0, 36.0], 2.0, Look::fill(Token::Surface).faint(0.75));
    pen.rect([0.0, 0.0, 48.0, 36.0], 2.0, Look::line(Token::Ink, 3.5).dashed(6.0, 5.5));
    if let Some(index) = workload {
        pen.rect([5.0, 5.0, 12.0, 22.0], 1.0, Look::fill(FILLS[index % FILLS.len()]));
        pattern(pen, Some(index));
    }
}

/// A share of a clock face: how far it has come.
fn clock(pen: &mut Pen, share: f64) {
    pen.circle(35.0, 14.0, 8.0, Look::fill(Token::CratePaper).edged(Token::CrateInk, 2.5));
    let path = if share < 0.3 { "M35 14V6Q43 6 43 14Z" } else { "M35 22V6Q43 6 43 14Q43 22 35 22Z" };
    pen.path(path, Look::fill(Token::CrateInk));
}

fn sandglass(pen: &mut Pen) {
    pen.circle(35.5, 14.0, 9.5, Look::fill(Token::CratePaper).edged(Token::CrateInk, 2.5));
    pen.path("M31 8.500H40L31 19.500H40Z", Look::fill(Token::CrateInk));
}

/// A workload's pattern on the left side of its crate.
fn pattern(pen: &mut Pen, workload: Option<usize>) {
    let line = Look::line(Token::CrateInk, 2.2);
    let Some(index) = workload else { return };
    match (index + index / FILLS.len()) % FILLS.len() {
        0 => pen.path("M8 7v18M14 7v18", line),
        1 => pen.path("M6 10h10M6 17h10M6 24h10", line),
        2 => pen.path("M6 16l6-9M6 25l10-15M10 26l6-9", line),
        3 => {
            for (x, y) in [(8.0, 9.0), (14.0, 9.0), (8.0, 16.0), (14.0, 16.0), (8.0, 23.0), (14.0, 23.0)] {
                pen.circle(x, y, 1.8, Look::fill(Token::CrateInk));
            }
        }
        4 => pen.path("M8 7v18M14 7v18M5 12h12M5 20h12", line),
        5 => pen.path("M10 7l6 9M6 10l10 15M6 17l6 9", line),
        6 => pen.path("M11 8L17 17H5ZM11 18L15 25H7Z", Look::fill(Token::CrateInk)),
        _ => pen.circle(11.0, 16.0, 5.5, line),
    }
}
