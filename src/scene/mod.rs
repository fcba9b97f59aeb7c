//! The harbour as data: (view, trace, time, camera, language) → display list.
//!
//! [`display_list`] is a pure function. Nothing here owns a clock, keeps a memory or knows the browser: pause, step,
//! rewind, export and screenshot tests come for free. What is settled is drawn from the [`View`]; what moves is drawn
//! from facts of the trace, and every moving item names its fact.
//!
//! - [`display`]: what a list consists of; [`theme`]: colours; [`pen`]: draws in world units; [`svg`]: writes a list.
//! - [`layout`], [`camera`]: where things lie and how they are seen; [`berths`]: which slot a pod keeps.
//! - [`sprites`]: one file for each thing, how it looks; [`harbour`]: who stands where, settled.
//! - [`pace`]: the two clocks and the beats; [`motion`]: what each fact looks like; [`motions`]: draws it.
//! - [`caption`]: a sentence for each beat; [`attention`]: where to look; [`gallery`]: everything side by side.
//!
//! What is left out: the levels of detail beyond twelve ships (tiles) and inside one ship; services' traffic.

pub mod attention;
pub mod berths;
pub mod camera;
pub mod caption;
pub mod display;
pub mod gallery;
pub mod harbour;
pub mod labels;
pub mod layout;
pub mod motion;
pub mod motions;
pub mod pace;
pub mod pen;
pub mod script;
pub mod sprites;
pub mod stage;
pub mod status;
pub mod svg;
pub mod theme;

#[cfg(test)]
pub mod testing;
#[cfg(test)]
mod tests;

use crate::cluster::fact::Fact;
use crate::cluster::view::View;
use crate::i18n::Language;
use crate::sim::Trace;
use camera::Camera;
use display::DisplayList;
use pace::Speed;
use script::Script;
use stage::Stage;

/// Which of the two truths is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Truth {
    /// What the API server believes.
    #[default]
    Believed,
    /// What is really so on each ship.
    Actual,
}

/// How the harbour is to be shown.
#[derive(Clone, PartialEq, Debug)]
pub struct Options {
    /// Nothing changes its place: states swap, badges and texts say the same.
    pub reduced: bool,
    /// Whether the waves move.
    pub ambient: bool,
    /// Which truth.
    pub truth: Truth,
    /// What is selected: an item's id or its reference.
    pub selected: Option<String>,
    /// What has the keyboard's focus: an item's id or its reference.
    pub focused: Option<String>,
    /// What the pointer is on: an item's id or its reference.
    pub hovered: Option<String>,
    /// Size of the labels in pixels: 13, projector 15, lecture 18; 0: no labels.
    pub label_px: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            reduced: false,
            ambient: true,
            truth: Truth::Believed,
            selected: None,
            focused: None,
            hovered: None,
            label_px: 13.0,
        }
    }
}

/// Everything that a picture depends on.
#[derive(Clone, Copy)]
pub struct Frame<'a> {
    /// The cluster at the moment that is shown.
    pub view: &'a View,
    /// What has happened.
    pub trace: &'a Trace<Fact>,
    /// The trace as it is told.
    pub script: &'a Script,
    /// Screen time in milliseconds; its moment is the view's.
    pub pres_ms: f64,
    /// How fast time is shown.
    pub speed: Speed,
    /// What part of the world is seen.
    pub camera: Camera,
    /// The language of labels.
    pub language: Language,
    /// How it is shown.
    pub options: &'a Options,
}

/// The harbour at a moment.
#[must_use]
pub fn display_list(frame: &Frame) -> DisplayList {
    let mut stage = Stage::new(frame);
    harbour::draw(&mut stage);
    labels::draw(&mut stage);
    motions::draw(&mut stage);
    labels::draw_marks(&mut stage);
    stage.done()
}
