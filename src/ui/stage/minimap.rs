//! A phone's small map of the whole harbour: where the stage looks, and a tap looks elsewhere.

use super::Stage;
use crate::cluster::wire::Address;
use crate::scene::camera::{Camera, MAP};
use crate::scene::layout::{Layout, Level};
use crate::scene::theme::{Theme, Token};
use crate::ui::dom::{El, el};
use crate::ui::handle::Ui;
use leptos::prelude::*;
use web_sys::{CanvasRenderingContext2d as Canvas, KeyboardEvent, MouseEvent};

/// What is touched of it, on phones: a tap looks there; the arrows move what is seen, Enter looks at the bridge again.
pub fn button(ui: Ui) -> El {
    let tap = move |event: &MouseEvent| {
        ui.stage.update_value(|stage| {
            // A click by the keyboard has no place.
            if event.detail() == 0 {
                stage.focus = None;
                return stage.reset();
            }
            stage.jump((MAP.x + f64::from(event.offset_x()), MAP.y + f64::from(event.offset_y())));
        });
    };
    let key = move |event: &KeyboardEvent| {
        if super::input::key(ui, event) {
            event.prevent_default();
            event.stop_propagation();
        }
    };
    let map = move || {
        el("button", "minimap")
            .attr("type", "button")
            .attr("data-testid", "minimap")
            .label(ui, "minimap")
            .on_as("click", tap)
            .on_as("keydown", key)
    };
    el("div", "").when(move || ui.phone.get(), map)
}

/// Paints it over the picture.
pub fn paint(canvas: &Canvas, layout: &Layout, camera: &Camera, theme: Theme) {
    let map = MAP;
    let (sx, sy) = (map.w / layout.world.0, map.h / layout.world.1);
    let fill = |token: Token, at: [f64; 4]| {
        canvas.set_fill_style_str(token.hex(theme));
        canvas.fill_rect(map.x + at[0] * sx, map.y + at[1] * sy, at[2] * sx, at[3] * sy);
    };
    fill(Token::SeaTop, [0.0, 0.0, layout.world.0, layout.world.1]);
    if matches!(layout.level, Level::Deck(_)) {
        fill(Token::HullWorker, [30.0, 100.0, 1540.0, 780.0]);
    }
    fill(Token::Quay, [0.0, 440.0, 270.0, layout.world.1 - 440.0]);
    for address in [Address::User, Address::ApiServer, Address::Etcd(0), Address::ControllerManager] {
        let room = layout.area_of(&address);
        fill(Token::Ink2, [room.x, room.y, room.w, room.h]);
    }
    fill(Token::HullControl, [396.0 + layout.shift, 402.0, 820.0, 90.0]);
    for (field, zone) in layout.field.iter().flat_map(|field| field.zones.iter().map(move |zone| (field, zone))) {
        let (first, last) = (field.square(zone.places.0), field.square(zone.places.1 - 1));
        let right = field.square((zone.places.0 + zone.columns).min(zone.places.1) - 1);
        fill(Token::HullWorker, [first.x, first.y, right.x + right.w - first.x, last.y + last.h - first.y]);
    }
    for ship in &layout.ships {
        fill(Token::HullWorker, [ship.x, ship.y, 388.0, 94.0]);
    }
    // What the stage shows, as far as it lies on the map.
    let (left, top) = camera.world_at(layout, 0.0, 0.0);
    let (right, bottom) = camera.world_at(layout, camera.viewport.0, camera.viewport.1);
    let x = |world: f64| map.x + world.clamp(0.0, layout.world.0) * sx;
    let y = |world: f64| map.y + world.clamp(0.0, layout.world.1) * sy;
    for (token, width, [left, top, right, bottom]) in [
        (Token::Ink2, 1.0, [0.0, 0.0, layout.world.0, layout.world.1]),
        (Token::FocusInner, 4.0, [left, top, right, bottom]),
        (Token::Accent, 2.0, [left, top, right, bottom]),
    ] {
        canvas.set_stroke_style_str(token.hex(theme));
        canvas.set_line_width(width);
        canvas.stroke_rect(x(left), y(top), x(right) - x(left), y(bottom) - y(top));
    }
}

impl Stage {
    /// Looks at the place of the small map that was tapped; false if the map was not.
    pub(super) fn jump(&mut self, at: (f64, f64)) -> bool {
        let map = MAP;
        let Some(layout) = self.layout.as_ref().filter(|_| map.contains(at.0, at.1)) else { return false };
        let (x, y) = ((at.0 - map.x) / map.w * layout.world.0, (at.1 - map.y) / map.h * layout.world.1);
        self.focus = Some((x, y));
        (self.camera, self.glide) = (None, None);
        self.soil();
        true
    }
}
