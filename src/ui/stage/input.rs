//! Pointer, wheel and keys on the stage.

use super::Stage;
use crate::scene::display::Item;
use crate::ui::handle::Ui;
use crate::ui::late;
use crate::ui::select::Selection;
use crate::ui::signal::RwSignal;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, KeyboardEvent, PointerEvent, WheelEvent};

/// A pointer that is down, with the place where it began.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Finger {
    id: i32,
    at: (f64, f64),
    began: (f64, f64),
    /// What was on its way there: when the pointer comes up it is elsewhere.
    moving: Option<u64>,
}

/// A press that moved less than this is a click.
const CLICK_PX: f64 = 5.0;
/// One press of an arrow key.
const ARROW_PX: f64 = 64.0;
/// A touch of ships that are too small brings them so much nearer.
const NEARER: f64 = 4.0;
/// One press of + or −.
pub const ZOOM_STEP: f64 = 1.25;

/// What the tooltip shows, and where.
#[derive(Clone, PartialEq, Debug)]
pub struct Tip {
    /// The item's id.
    pub id: String,
    /// What it is.
    pub text: String,
    /// Left of its middle, and the line above which it stands, in pixels of the stage.
    pub at: (f64, f64),
    /// Whether it stands below that line instead.
    pub below: bool,
}

fn place(event: &PointerEvent) -> (f64, f64) {
    (f64::from(event.offset_x()), f64::from(event.offset_y()))
}

/// A pointer goes down.
pub fn down(ui: Ui, event: &PointerEvent) {
    let target = event.target().and_then(|target| target.dyn_into::<HtmlElement>().ok());
    if let Some(target) = target {
        let _ = target.set_pointer_capture(event.pointer_id());
    }
    let at = place(event);
    ui.stage.update_value(|stage| {
        let moving = stage.item_at(at.0, at.1).and_then(Item::moving);
        stage.pointers.push(Finger { id: event.pointer_id(), at, began: at, moving });
    });
}

/// A pointer moves: a drag pans, two fingers pinch, none hovers.
pub fn moved(ui: Ui, event: &PointerEvent, tip: RwSignal<Option<Tip>>) {
    let (at, id, phone) = (place(event), event.pointer_id(), ui.phone.get_untracked());
    let pressed = ui.stage.with_value(|stage| stage.pointers.iter().any(|finger| finger.id == id));
    if !pressed {
        if event.pointer_type() != "touch" {
            hover(ui, Some(at), tip);
        }
        return;
    }
    ui.stage.update_value(|stage| drag(stage, phone, id, at));
}

fn drag(stage: &mut Stage, phone: bool, id: i32, at: (f64, f64)) {
    let Some(index) = stage.pointers.iter().position(|finger| finger.id == id) else { return };
    let before = stage.pointers[index].at;
    stage.pointers[index].at = at;
    let began = stage.pointers[index].began;
    let far = distance(began, at) > CLICK_PX;
    match stage.pointers.len() {
        1 if far => stage.pan(phone, at.0 - before.0, at.1 - before.1),
        2 => {
            let other = stage.pointers[1 - index].at;
            let (old, new) = (distance(before, other).max(1.0), distance(at, other).max(1.0));
            let middle = (f64::midpoint(at.0, other.0), f64::midpoint(at.1, other.1));
            stage.zoom(phone, Some(middle), new / old);
        }
        _ => {}
    }
}

fn distance(a: (f64, f64), b: (f64, f64)) -> f64 {
    (a.0 - b.0).hypot(a.1 - b.1)
}

/// A pointer comes up: without a drag it selects.
pub fn up(ui: Ui, event: &PointerEvent) {
    let finger = ui.stage.try_update_value(|stage| {
        let index = stage.pointers.iter().position(|finger| finger.id == event.pointer_id())?;
        Some(stage.pointers.remove(index))
    });
    let Some(finger) = finger.flatten() else { return };
    if distance(finger.began, place(event)) > CLICK_PX || event.type_() == "pointercancel" {
        return;
    }
    if let Some(fact) = finger.moving {
        return late::then(move || ui.select(Some(Selection::Fact(fact))));
    }
    let (x, y) = finger.began;
    if ui.phone.get_untracked() && ui.stage.try_update_value(|stage| stage.jump((x, y))) == Some(true) {
        return;
    }
    // Ships that are too small to be touched come nearer.
    let far = ui.stage.with_value(|stage| stage.item_at(x, y).is_some_and(|item| item.id == "fleet"));
    if far {
        ui.stage.update_value(|stage| {
            stage.zoom(ui.phone.get_untracked(), Some((x, y)), NEARER);
            stage.glide();
        });
        return;
    }
    let selection = ui.stage.with_value(|stage| {
        stage.item_at(x, y).and_then(|item| Selection::of_item(&item.id, item.reference.as_deref()))
    });
    late::then(move || ui.select(selection));
}

/// Twice on a ship leads aboard.
pub fn enter(ui: Ui, event: &web_sys::MouseEvent) {
    event.prevent_default();
    if let Some(ship) = untrack(|| crate::ui::sight::ship_of(ui)) {
        ui.sight.deck.set(Some(ship));
    }
}

/// The pointer rests on something, or leaves.
pub fn hover(ui: Ui, at: Option<(f64, f64)>, tip: RwSignal<Option<Tip>>) {
    let found = ui.stage.with_value(|stage| {
        let item = stage.item_at(at?.0, at?.1).filter(|item| !stage.is_named(item))?;
        let text = super::panel::name_of(ui, item);
        let (at, below) = stage.tip_at(item.area, &text);
        Some(Tip { id: item.id.clone(), text, at, below })
    });
    let id = ui.stage.with_value(|stage| Some(stage.item_at(at?.0, at?.1)?.id.clone()));
    let changed = ui.stage.try_update_value(|stage| {
        let changed = stage.hovered != id;
        stage.hovered.clone_from(&id);
        stage.soiled |= changed;
        changed
    });
    if changed == Some(true) || (found.is_none() && tip.with_untracked(Option::is_some)) {
        tip.set(found);
    }
}

/// The wheel zooms around the pointer.
pub fn wheel(ui: Ui, event: &WheelEvent) {
    event.prevent_default();
    let factor = (-event.delta_y() / 400.0).clamp(-0.5, 0.5).exp();
    let at = (f64::from(event.offset_x()), f64::from(event.offset_y()));
    ui.stage.update_value(|stage| stage.zoom(ui.phone.get_untracked(), Some(at), factor));
}

/// Arrows pan, + − 0 zoom. True if the key meant something.
pub fn key(ui: Ui, event: &KeyboardEvent) -> bool {
    let phone = ui.phone.get_untracked();
    let steer: &dyn Fn(&mut Stage) = match event.key().as_str() {
        "ArrowLeft" => &|stage| stage.slide(phone, ARROW_PX, 0.0),
        "ArrowRight" => &|stage| stage.slide(phone, -ARROW_PX, 0.0),
        "ArrowUp" => &|stage| stage.slide(phone, 0.0, ARROW_PX),
        "ArrowDown" => &|stage| stage.slide(phone, 0.0, -ARROW_PX),
        "+" | "=" => &|stage| stage.step(phone, ZOOM_STEP),
        "-" => &|stage| stage.step(phone, 1.0 / ZOOM_STEP),
        "0" => &Stage::reset,
        _ => return false,
    };
    ui.stage.update_value(steer);
    true
}
