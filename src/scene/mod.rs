//! The harbour as data: (view, trace, time, camera, language) → display list.
//!
//! [`display_list`] is a pure function. Nothing here owns a clock, keeps a memory or knows the browser: pause, step,
//! rewind, export and screenshot tests come for free. What is settled is drawn from the [`View`]; what moves is drawn
//! from facts of the trace, and every moving item names its fact.
//!
//! - [`display`]: what a list consists of; [`theme`]: colours; [`pen`]: draws in world units; [`svg`]: writes a list.
//! - [`layout`], [`field`], [`camera`]: where things lie and how they are seen; [`berths`]: which slot a pod keeps.
//! - [`sprites`]: one file for each thing, how it looks; [`harbour`]: who stands where, settled.
//! - [`deck`]: one ship's inside. [`fleet`]: more ships than a harbour holds, with [`raster`]; [`colours`]: what colours stand for.
//! - [`pace`]: the two clocks and the beats; [`motion`]: what each fact looks like; [`motions`]: draws it.
//! - [`caption`]: a sentence for each beat; [`attention`]: where to look; [`gallery`]: everything side by side.
//!
//! What is left out: services' traffic.

pub mod attention;
pub mod berths;
pub mod camera;
pub mod caption;
pub mod colours;
pub mod deck;
pub mod display;
pub mod field;
pub mod fleet;
pub mod gallery;
pub mod harbour;
pub mod labels;
pub mod layout;
mod leaders;
pub mod motion;
pub mod motions;
pub mod pace;
pub mod pen;
pub mod raster;
mod rollouts;
pub mod script;
pub mod sprites;
pub mod stage;
pub mod status;
pub mod svg;
pub mod theme;

#[cfg(test)]
mod levels_tests;
#[cfg(test)]
pub mod testing;
#[cfg(test)]
mod tests;

use crate::api::object::Ref;
use crate::cluster::fact::Fact;
use crate::cluster::view::View;
use crate::i18n::Language;
use crate::sim::{SortedSet, Trace};
use camera::Camera;
use colours::Groups;
use display::DisplayList;
use layout::{Layout, Level};
use pace::Speed;
use script::Script;
use stage::Stage;
use std::rc::Rc;

/// Which of the two truths is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Truth {
    /// What the API server believes.
    #[default]
    Believed,
    /// What is really so on each ship.
    Actual,
}

/// Whose words label the harbour.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Dial {
    /// The picture's: bridge, log room, crane.
    Harbour,
    /// Both.
    Both,
    /// Kubernetes': API server, etcd, scheduler.
    #[default]
    Kubernetes,
}

impl Dial {
    /// All, with their names in addresses and in the catalogue (`words-…`).
    pub const ALL: [(&'static str, Self); 3] =
        [("harbour", Self::Harbour), ("both", Self::Both), ("k8s", Self::Kubernetes)];
}

/// What a search has found: these stay lit.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Found {
    /// Names of nodes.
    pub nodes: SortedSet<Rc<str>>,
    /// Pods.
    pub pods: SortedSet<Ref>,
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
    /// Whose words label it.
    pub dial: Dial,
    /// What the crates' colours stand for.
    pub groups: Groups,
    /// What a search has found; without one, all is lit.
    pub found: Option<Rc<Found>>,
    /// On a deck, what the pods' manifests say beyond what all show.
    pub gears: Option<Rc<deck::Gears>>,
    /// How the bridge's lamps stand for the request that is chosen; without one they are dark.
    pub lamps: Option<[sprites::bridge::Lamp; 7]>,
    /// Pixels of the screen for each pixel of the page.
    pub ratio: f64,
}

impl Options {
    /// Whether a node is not left in the dark by a search.
    #[must_use]
    pub fn lit_node(&self, name: &str) -> bool {
        self.found.as_ref().is_none_or(|found| found.nodes.contains(name))
    }

    /// The same for a pod.
    #[must_use]
    pub fn lit_pod(&self, pod: &Ref) -> bool {
        self.found.as_ref().is_none_or(|found| found.pods.contains(pod))
    }
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
            dial: Dial::default(),
            groups: Groups::default(),
            found: None,
            gears: None,
            lamps: None,
            ratio: 1.0,
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
    /// Where everything lies: of the view.
    pub layout: &'a Layout,
    /// What part of the world is seen.
    pub camera: Camera,
    /// The language of labels.
    pub language: Language,
    /// How it is shown.
    pub options: &'a Options,
}

/// The harbour as it lies there, with nothing behind it that is being told.
#[must_use]
pub fn still(view: &View, layout: &Layout, camera: Camera, options: &Options, language: Language) -> DisplayList {
    let (trace, script) = (Trace::default(), Script::default());
    let speed = Speed::Adaptive;
    display_list(&Frame {
        view,
        trace: &trace,
        script: &script,
        pres_ms: 0.0,
        speed,
        layout,
        camera,
        language,
        options,
    })
}

/// The harbour at a moment.
#[must_use]
pub fn display_list(frame: &Frame) -> DisplayList {
    let mut stage = Stage::new(frame);
    if let Level::Deck(node) = frame.layout.level {
        deck::draw(&mut stage, node);
        labels::rings(&mut stage);
        return stage.done();
    }
    harbour::draw(&mut stage);
    fleet::draw(&mut stage);
    rollouts::draw(&mut stage);
    labels::draw(&mut stage);
    motions::draw(&mut stage);
    labels::draw_marks(&mut stage);
    stage.done()
}
