//! The gallery: every sprite, status and motion side by side.

use super::browser;
use super::dom::{El, afterwards, el, on_window};
use super::gallery_motions::{motions, play};
use super::handle::Ui;
use super::paint::paint;
use super::panels::top_bar;
use crate::i18n::Language;
use crate::scene::display::DisplayList;
use crate::scene::gallery::{sprites, statuses};
use crate::scene::theme::Theme;
use crate::ui::signal::RwSignal;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Event, HtmlCanvasElement};

type Picture = fn(f64, Language) -> DisplayList;

/// The page.
#[inline(never)]
pub fn gallery(ui: Ui) -> El {
    play(ui);
    let sheets = el("main", "gallery-sheets")
        .attr("tabindex", "0")
        .label(ui, "gallery-title")
        .add(el("h2", "").word(ui, "gallery-statuses"))
        .add(sheet(ui, statuses))
        .add(el("h2", "").word(ui, "gallery-sprites"))
        .add(sheet(ui, sprites))
        .add(el("h2", "").word(ui, "gallery-motions"))
        .add(motions(ui));
    el("div", "app gallery").add(top_bar(ui)).add(sheets)
}

/// One picture, as wide as the page.
fn sheet(ui: Ui, picture: Picture) -> El {
    let made = el("canvas", "").attr("role", "img").label(ui, "gallery-picture");
    let canvas = made.node::<HtmlCanvasElement>();
    let wide = RwSignal::new(0.0);
    let within = canvas.clone();
    let measure = move || {
        if let Some(parent) = within.parent_element() {
            wide.set(f64::from(parent.client_width()) - 48.0);
        }
    };
    request_animation_frame(measure.clone());
    on_window("resize", move |_: &Event| measure());
    afterwards(move || {
        let (wide, language, theme) = (wide.get(), ui.language.get(), ui.theme.get());
        if wide <= 0.0 {
            return;
        }
        let list = picture(wide, language);
        let ratio = window().device_pixel_ratio().clamp(1.0, 3.0);
        show(&canvas, &list, theme, ratio);
        browser::mark("bottle:gallery");
    });
    made
}

/// Gives a canvas the size of a picture, and paints it.
pub fn show(canvas: &HtmlCanvasElement, list: &DisplayList, theme: Theme, ratio: f64) {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "pixels of a page")]
    let pixels = |css: f64| (css * ratio).round() as u32;
    canvas.set_width(pixels(list.width));
    canvas.set_height(pixels(list.height));
    let style = format!("width:{:.0}px;height:{:.0}px", list.width, list.height);
    let _ = canvas.set_attribute("style", &style);
    let context = canvas.get_context("2d").ok().flatten().and_then(|context| context.dyn_into().ok());
    if let Some(context) = context {
        paint(&context, list, browser::painted(theme), ratio);
    }
}
