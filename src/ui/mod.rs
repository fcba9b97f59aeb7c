//! The interface, in the browser only.
//!
//! [`session`] owns the run and is the only place that changes it; [`Ui`] is the handle that every component gets: a
//! few signals to read and a few commands to send. [`stage`] paints, [`panels`] show, [`hook`] lets tests look.
//!
//! ```text
//!   components ── Ui::act(Input), play, seek ──▶ Session ── each frame ──▶ Ui signals (view, clock, head)
//!                                                   └──▶ stage: display list → canvas
//! ```

mod answers;
mod app;
mod browser;
mod captions;
mod editor;
mod frame;
mod gallery;
mod handle;
mod hook;
mod icons;
mod keys;
mod link;
mod paint;
mod panels;
mod panic;
mod select;
mod session;
mod stage;
mod tree;

pub use self::app::start;
