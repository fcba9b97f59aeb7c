//! The gallery: every sprite and every status side by side.

use super::browser;
use super::handle::Ui;
use super::paint::paint;
use super::panels::TopBar;
use crate::i18n::Language;
use crate::scene::display::DisplayList;
use crate::scene::gallery::{sprites, statuses};
use leptos::html::Canvas;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

type Picture = fn(f64, Language) -> DisplayList;

/// The page.
#[component]
pub fn Gallery() -> impl IntoView {
    let ui = Ui::get();
    view! {
        <div class="app gallery">
            <TopBar />
            <main class="gallery-sheets" tabindex="0" aria-label=move || ui.text("gallery-title")>
                <h2>{move || ui.text("gallery-statuses")}</h2>
                <Sheet picture=statuses />
                <h2>{move || ui.text("gallery-sprites")}</h2>
                <Sheet picture=sprites />
            </main>
        </div>
    }
}

/// One picture, as wide as the page.
#[component]
fn Sheet(picture: Picture) -> impl IntoView {
    let ui = Ui::get();
    let canvas = NodeRef::<Canvas>::new();
    let wide = RwSignal::new(0.0);
    let measure = move || {
        if let Some(parent) = canvas.get_untracked().and_then(|canvas| canvas.parent_element()) {
            wide.set(f64::from(parent.client_width()) - 48.0);
        }
    };
    canvas.on_load(move |_| request_animation_frame(measure));
    let _ = window_event_listener(leptos::ev::resize, move |_| measure());
    Effect::new(move |_| {
        let (wide, language, theme) = (wide.get(), ui.language.get(), ui.theme.get());
        let Some(canvas) = canvas.get().filter(|_| wide > 0.0) else { return };
        let list = picture(wide, language);
        let ratio = window().device_pixel_ratio().clamp(1.0, 3.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "pixels of a page")]
        let pixels = |css: f64| (css * ratio).round() as u32;
        canvas.set_width(pixels(list.width));
        canvas.set_height(pixels(list.height));
        let style = format!("width:{:.0}px;height:{:.0}px", list.width, list.height);
        let _ = canvas.set_attribute("style", &style);
        let context = canvas.get_context("2d").ok().flatten().and_then(|context| context.dyn_into().ok());
        if let Some(context) = context {
            paint(&context, &list, theme, ratio);
        }
        browser::mark("bottle:gallery");
    });
    view! { <canvas node_ref=canvas role="img" aria-label=move || ui.text("gallery-picture")></canvas> }
}
