//! The stage: a canvas that shows the scene's display list, and the pointer and keys that move its camera.
//!
//! The list is made anew only when something moved or the stage is *soiled* (another size, camera, theme, language,
//! selection …). The canvas is hidden from assistive technology: its twin is the tree of objects ([`super::tree`]).

mod input;
mod minimap;
mod panel;
mod tools;

pub use self::panel::stage_panel;

use super::browser;
use super::handle::Ui;
use super::select::Selection;
use super::session::Session;
use super::sight;
use crate::cluster::view::View;
use crate::scene::camera::{Camera, MAP};
use crate::scene::display::{Area, DisplayList, Item, Layer};
use crate::scene::labels::{beside_cabins, width};
use crate::scene::layout::{Layout, Level};
use crate::scene::{Frame, Options, display_list};
use leptos::prelude::*;
use std::rc::Rc;
use wasm_bindgen::JsCast;

/// Sizes of the labels: on a desktop, on a projector.
const LABELS_PX: (f64, f64) = (13.0, 15.0);

/// What is painted and how it is seen.
#[derive(Default)]
pub struct Stage {
    context: Option<web_sys::CanvasRenderingContext2d>,
    /// CSS pixels.
    size: (f64, f64),
    /// Device pixels for a CSS pixel.
    ratio: f64,
    /// Where the person has put the camera; without it, the whole harbour (on a phone, a part).
    camera: Option<Camera>,
    /// What a phone looks at.
    focus: Option<(f64, f64)>,
    layout: Option<Layout>,
    /// Of which view the layout is, and whose deck.
    laid: Option<(Rc<View>, Option<Rc<str>>)>,
    /// The camera of the last picture.
    shown: Option<Camera>,
    /// From where the camera glides to its new place, and since when (milliseconds of the page's clock).
    glide: Option<(Camera, f64)>,
    /// The camera as the frame loop saw it last, and since when it has been so (milliseconds of the page's clock).
    rests: (Option<Camera>, f64),
    list: Rc<DisplayList>,
    soiled: bool,
    hovered: Option<String>,
    pointers: Vec<input::Finger>,
}

impl Stage {
    /// Asks for a new picture.
    pub fn soil(&mut self) {
        self.soiled = true;
    }

    /// The last picture.
    #[must_use]
    pub fn list(&self) -> Rc<DisplayList> {
        self.list.clone()
    }

    /// Whether a new picture is needed although nothing moves.
    #[must_use]
    pub fn is_soiled(&self) -> bool {
        self.soiled
    }

    /// The canvas and its size in CSS pixels.
    fn attach(&mut self, canvas: &web_sys::HtmlCanvasElement) {
        let ratio = window().device_pixel_ratio().clamp(1.0, 3.0);
        let (w, h) = (f64::from(canvas.client_width()), f64::from(canvas.client_height()));
        if (w, h, ratio) != (self.size.0, self.size.1, self.ratio) {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "pixels of a screen")]
            let pixels = |css: f64| (css * ratio).round() as u32;
            canvas.set_width(pixels(w));
            canvas.set_height(pixels(h));
            (self.size, self.ratio) = ((w, h), ratio);
            // A camera for another size would show something else.
            if let Some(camera) = &mut self.camera {
                camera.viewport = self.size;
            }
        }
        let context = canvas.get_context("2d").ok().flatten();
        self.context = context.and_then(|context| context.dyn_into().ok());
        self.soiled = true;
    }

    fn camera(&self, layout: &Layout, phone: bool) -> Camera {
        match self.camera {
            Some(camera) => camera,
            None if phone => Camera::focus(self.size, layout, self.focus),
            None => Camera::whole(self.size, layout),
        }
    }

    /// A camera as an address names it, within its bounds.
    fn camera_at(&self, (x, y, zoom): sight::Cam, layout: &Layout) -> Camera {
        let camera = Camera { viewport: self.size, centre: (x, y), zoom };
        camera.zoomed(layout, (self.size.0 / 2.0, self.size.1 / 2.0), 1.0)
    }

    /// Moves the camera.
    fn steer(&mut self, phone: bool, steer: &dyn Fn(Camera, &Layout) -> Camera) {
        if let Some(layout) = self.layout.take() {
            self.camera = Some(steer(self.camera(&layout, phone), &layout));
            self.layout = Some(layout);
            self.glide = None;
            self.soiled = true;
        }
    }

    /// Lets the camera glide from where it is to where it was just put.
    pub fn glide(&mut self) {
        self.glide = self.shown.map(|from| (from, browser::clock()));
        self.soiled = true;
    }

    /// The camera of this moment, on its way to a place.
    fn gliding(&mut self, to: Camera, reduced: bool) -> Camera {
        let Some((from, began)) = self.glide.filter(|_| !reduced) else { return to };
        let share = (browser::clock() - began) / GLIDE_MS;
        if share >= 1.0 || from.viewport != to.viewport {
            self.glide = None;
            return to;
        }
        // Most of the way at once, the rest gently.
        let left = 1.0 - share;
        to.from(from, 1.0 - left * left * left)
    }

    /// Nearer or further by a factor around a pixel, or around the middle.
    pub fn zoom(&mut self, phone: bool, at: Option<(f64, f64)>, factor: f64) {
        let at = at.unwrap_or((self.size.0 / 2.0, self.size.1 / 2.0));
        self.steer(phone, &|camera, layout| camera.zoomed(layout, at, factor));
    }

    /// One step nearer or further, gently.
    pub fn step(&mut self, phone: bool, factor: f64) {
        self.zoom(phone, None, factor);
        self.glide();
    }

    /// Moved by pixels.
    pub fn pan(&mut self, phone: bool, dx: f64, dy: f64) {
        self.steer(phone, &|camera, layout| camera.panned(layout, dx, dy));
    }

    /// The same, gently.
    pub fn slide(&mut self, phone: bool, dx: f64, dy: f64) {
        self.pan(phone, dx, dy);
        self.glide();
    }

    /// The whole harbour again (on a phone, the part that is being told).
    pub fn reset(&mut self) {
        self.camera = None;
        self.glide();
    }

    /// Where everything lies; laid out anew only when the view is another.
    fn lay(&mut self, session: &Session, (deck, reduced): (Option<Rc<str>>, bool)) -> Layout {
        let view = session.view();
        let kept = self.laid.as_ref().is_some_and(|(of, whose)| Rc::ptr_eq(of, &view) && *whose == deck);
        if let Some(layout) = self.layout.take().filter(|layout| kept && layout.field.is_some()) {
            return layout;
        }
        let node = deck.as_ref().and_then(|deck| view.nodes.iter().position(|node| node.name == *deck));
        if self.laid.as_ref().is_some_and(|(_, before)| *before != deck) {
            // Another world: no way leads there from where the camera was.
            (self.camera, self.glide, self.shown) = (None, None, None);
        }
        self.laid = Some((view.clone(), deck));
        match node {
            Some(node) => Layout::deck(&view, node),
            None => Layout::of(&view, reduced),
        }
    }

    /// What a pointer at a pixel means.
    #[must_use]
    pub fn item_at(&self, x: f64, y: f64) -> Option<&Item> {
        self.list.hit(x, y)
    }

    /// Whether a thing's name stands beside it, because it is selected.
    fn is_named(&self, item: &Item) -> bool {
        let by = |name: &str| self.list.get(&format!("label/named/{name}")).is_some();
        by(&item.id) || item.reference.as_deref().is_some_and(by)
    }

    /// Where the middle of the pointer's word for a thing lies, and whether below it: the word covers no cabin, and is not
    /// cut by the stage's edge.
    fn tip_at(&self, thing: Area, text: &str) -> ((f64, f64), bool) {
        let (x, half) = (thing.middle().0, width(text, TIP_PX.0) / 2.0 + TIP_PX.1);
        // Aside only where the stage has room for it.
        let fits = |place: &f64| x.to_bits() == place.to_bits() || (half..=self.size.0 - half).contains(place);
        let beside = beside_cabins(&self.list.items, (x, thing.y - 14.0), TIP_PX.0, text, TIP_PX.1).filter(fits);
        let y = if beside.is_some() { thing.y.max(34.0) } else { thing.y + thing.h };
        let x = beside.unwrap_or(x).clamp(half.min(self.size.0 / 2.0), (self.size.0 - half).max(self.size.0 / 2.0));
        ((x, y), beside.is_none())
    }
}

/// The pointer's word: the size of its letters, and its ground beside them.
const TIP_PX: (f64, f64) = (13.0, 12.0);

/// A camera that is told where to go needs so many milliseconds.
const GLIDE_MS: f64 = 320.0;
/// A camera that has not moved for so many milliseconds rests: browsers allow few changes of an address a second.
const REST_MS: f64 = 400.0;

/// Puts the camera into the page's address once it has come to rest.
pub fn rest(ui: Ui, now: f64) {
    let there = ui.stage.try_update_value(|stage| {
        stage.shown?;
        if stage.rests.0 != stage.camera {
            stage.rests = (stage.camera, now);
        }
        (now - stage.rests.1 >= REST_MS).then_some(stage.camera)
    });
    let Some(there) = there.flatten() else { return };
    let there =
        there.map(|camera| (camera.centre.0.round(), camera.centre.1.round(), (camera.zoom * 100.0).round() / 100.0));
    if ui.sight.camera.get_untracked() != there {
        ui.sight.camera.set(there);
    }
}

/// Makes the picture of the present moment.
pub fn compose(ui: Ui) {
    let phone = ui.phone.get_untracked();
    let mut options = options(ui);
    let language = ui.language.get_untracked();
    let deck = ui.sight.deck.get_untracked();
    ui.stage.update_value(|stage| {
        stage.soiled = false;
        if stage.size.0 <= 0.0 {
            return;
        }
        ui.read(|session| {
            let view = session.picture();
            let first = stage.laid.is_none();
            let layout = stage.lay(session, (deck, options.reduced));
            if let Level::Deck(node) = layout.level {
                options.gears = view.nodes.get(node).map(|node| sight::gears(session, node));
            }
            if first {
                stage.camera = ui.sight.camera.get_untracked().map(|there| stage.camera_at(there, &layout));
            }
            let camera = stage.camera(&layout, phone);
            let camera = stage.gliding(camera, options.reduced);
            let frame = Frame {
                view: &view,
                trace: session.trace(),
                script: session.script(),
                pres_ms: session.presented(),
                speed: session.speed(),
                layout: &layout,
                camera,
                language,
                options: &options,
            };
            stage.list = Rc::new(display_list(&frame));
            stage.layout = Some(layout);
            stage.shown = Some(camera);
        });
        stage.soiled |= stage.glide.is_some();
    });
}

/// Paints the picture that was made last.
pub fn paint(ui: Ui) {
    let (phone, theme) = (ui.phone.get_untracked(), browser::painted(ui.theme.get_untracked()));
    ui.stage.with_value(|stage| {
        let Some(context) = stage.context.as_ref().filter(|_| stage.size.0 > 0.0) else { return };
        super::paint::paint(context, &stage.list, theme, stage.ratio);
        if phone && let (Some(layout), Some(camera)) = (&stage.layout, &stage.shown) {
            minimap::paint(context, layout, camera, theme);
        }
    });
}

/// How the stage is shown.
pub fn options(ui: Ui) -> Options {
    let reduced = ui.reduced.get_untracked();
    let selected = ui.selected.with_untracked(|selected| selected.as_ref().map(Selection::on_stage));
    Options {
        reduced,
        ambient: !reduced,
        truth: ui.truth.get_untracked(),
        selected,
        focused: ui.focused.get_untracked(),
        hovered: ui.stage.with_value(|stage| stage.hovered.clone()),
        dial: ui.sight.dial.get_untracked(),
        groups: ui.read(|session| sight::groups(ui, &session.view())),
        found: sight::found(ui),
        gears: None,
        lamps: ui.sight.lamps.get_untracked(),
        ratio: ui.stage.with_value(|stage| stage.ratio),
        label_px: if browser::is_projector() { LABELS_PX.1 } else { LABELS_PX.0 },
    }
}

/// Brings what a phone looks at to the thing that is being told, if that is off the stage.
pub fn follow(ui: Ui) {
    look_at(ui, |item| item.fact.is_some() && item.layer == Layer::Moving);
}

/// The same for what has been selected.
pub fn show_selected(ui: Ui) {
    let Some(name) = ui.selected.with_untracked(|selected| selected.as_ref().map(Selection::on_stage)) else { return };
    look_at(ui, |item| item.id == name || item.reference.as_ref() == Some(&name));
}

/// Looks from so near at what is selected; at the whole harbour where that is no nearer, and where a phone looks anyway.
pub fn approach(ui: Ui, selection: Option<&Selection>, zoom: f64) {
    let name = selection.filter(|_| zoom > 1.0 && !ui.phone.get_untracked()).map(Selection::on_stage);
    ui.stage.update_value(|stage| {
        let is_meant =
            |item: &&Item| Some(&item.id) == name.as_ref() || item.reference.is_some() && item.reference == name;
        let at = stage.list.items.iter().find(is_meant).map(|item| item.area.middle());
        let there = at.zip(stage.layout.as_ref()).map(|((x, y), layout)| Camera {
            viewport: stage.size,
            centre: stage.camera(layout, false).world_at(layout, x, y),
            zoom,
        });
        stage.camera = there;
        stage.glide();
    });
}

fn look_at(ui: Ui, is_meant: impl Fn(&Item) -> bool) {
    if !ui.phone.get_untracked() {
        return;
    }
    ui.stage.update_value(|stage| {
        if stage.camera.is_some() || !stage.pointers.is_empty() {
            return;
        }
        let Some(layout) = &stage.layout else { return };
        let told = stage.list.items.iter().find(|item| is_meant(item));
        let Some((x, y)) = told.map(|item| item.area.middle()) else { return };
        let inside = (0.08..=0.92).contains(&(x / stage.size.0)) && (0.08..=0.92).contains(&(y / stage.size.1));
        if !inside || MAP.grown(24.0).contains(x, y) {
            stage.focus = Some(stage.camera(layout, true).world_at(layout, x, y));
            stage.glide();
        }
    });
}
