//! The interface, in the browser only.
//!
//! [`session`] owns the run and is the only place that changes it; [`Ui`] is the handle that every part of the page gets:
//! a few signals to read and a few commands to send. [`dom`] makes elements that follow signals, [`stage`] paints,
//! [`panels`] show, [`hook`] lets tests look.
//!
//! ```text
//!   panels ────── Ui::act(Input), play, seek ──▶ Session ── each frame ──▶ Ui signals (view, clock, head)
//!                                                   └──▶ stage: display list → canvas
//! ```

mod answers;
mod app;
pub mod bench;
mod browser;
mod captions;
mod dom;
mod editor;
mod embed;
mod fidelity;
mod frame;
mod gallery;
mod gallery_motions;
mod handle;
mod hook;
mod icons;
mod keep;
mod keys;
mod late;
mod link;
mod memory;
mod paint;
mod panels;
mod panic;
mod select;
mod session;
mod sight;
mod signal;
mod stage;
mod tour;
mod tree;

pub use self::app::start;
