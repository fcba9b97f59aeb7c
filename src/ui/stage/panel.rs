//! The stage as a part of the page: canvas, tooltip, caption and the camera's buttons.

use super::input::{self, Tip, ZOOM_STEP};
use super::{Stage, browser};
use crate::i18n::text;
use crate::scene::Truth;
use crate::scene::display::Item;
use crate::ui::handle::Ui;
use crate::ui::icons::{Icon, icon};
use crate::ui::panels::Branches;
use crate::ui::select::Selection;
use leptos::html::Canvas;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;

/// What a thing on the stage is called.
pub fn name_of(ui: Ui, item: &Item) -> String {
    if let Some(text) = &item.text {
        return text.clone();
    }
    let language = ui.language.get_untracked();
    match Selection::of_item(&item.id, item.reference.as_deref()) {
        Some(selection) => crate::ui::tree::name_of(language, &selection),
        None if item.kind == "registry" => text(language, "stage-registry", &[]),
        None => text(language, "stage-queue", &[]),
    }
}

/// The stage.
#[component]
pub fn StagePanel() -> impl IntoView {
    let ui = Ui::get();
    let canvas = NodeRef::<Canvas>::new();
    let tip = RwSignal::new(None::<Tip>);
    watch_size(ui, canvas);
    Effect::new(move |_| {
        // Whatever of these moves, the picture is another.
        ui.language.track();
        ui.theme.track();
        ui.reduced.track();
        ui.phone.track();
        ui.focused.track();
        ui.truth.track();
        ui.selected.track();
        ui.stage.update_value(Stage::soil);
    });
    Effect::new(move |_| {
        ui.selected.track();
        super::show_selected(ui);
    });
    let on_key = move |event: web_sys::KeyboardEvent| {
        if input::key(ui, &event) {
            event.prevent_default();
        }
    };
    view! {
        <main class="stage" id="stage" data-testid="stage" tabindex="-1" aria-label=move || ui.text("stage-label")>
            <div
                class="stage-view"
                tabindex="0"
                role="group"
                aria-label=move || ui.text("stage-view-label")
                aria-describedby="stage-keys"
                on:keydown=on_key
            >
                <p id="stage-keys" class="visually-hidden">{move || ui.text("stage-keys")}</p>
                <canvas
                    node_ref=canvas
                    aria-hidden="true"
                    class:pointing=move || tip.with(Option::is_some)
                    on:pointerdown=move |event| input::down(ui, &event)
                    on:pointermove=move |event| input::moved(ui, &event, tip)
                    on:pointerup=move |event| input::up(ui, &event)
                    on:pointercancel=move |event| input::up(ui, &event)
                    on:pointerleave=move |event| {
                        if !goes_to_tip(&event) {
                            input::hover(ui, None, tip);
                        }
                    }
                    on:wheel=move |event| input::wheel(ui, &event)
                ></canvas>
                <Tooltip tip />
                <Banner />
            </div>
            <div class="caption-bar">
                <Caption />
                <CameraButtons />
            </div>
        </main>
    }
}

/// Nearer, further, everything.
#[component]
fn CameraButtons() -> impl IntoView {
    let ui = Ui::get();
    let steer = move |steer: fn(&mut Stage, bool)| {
        move |_| ui.stage.update_value(|stage| steer(stage, ui.phone.get_untracked()))
    };
    view! {
        <div class="camera" role="group" aria-label=move || ui.text("camera-label")>
            <button
                type="button"
                class="truth"
                data-testid="truth"
                aria-pressed=move || (ui.truth.get() == Truth::Actual).to_string()
                title=move || ui.text("truth-hint")
                on:click=move |_| ui.turn_truth()
            >
                {move || ui.text("truth")}
            </button>
            <button type="button" class="zoom" on:click=steer(|stage, phone| stage.zoom(phone, None, 1.0 / ZOOM_STEP)) title=move || ui.text("camera-out")>
                {icon(Icon::Minus)}
                <span class="visually-hidden">{move || ui.text("camera-out")}</span>
            </button>
            <button type="button" on:click=steer(|stage, _| stage.reset()) title=move || ui.text("camera-whole")>
                {icon(Icon::Whole)}
                <span class="visually-hidden">{move || ui.text("camera-whole")}</span>
            </button>
            <button type="button" class="zoom" on:click=steer(|stage, phone| stage.zoom(phone, None, ZOOM_STEP)) title=move || ui.text("camera-in")>
                {icon(Icon::Plus)}
                <span class="visually-hidden">{move || ui.text("camera-in")}</span>
            </button>
        </div>
    }
}

/// Whether the pointer leaves for the tooltip: that may be read at leisure.
fn goes_to_tip(event: &web_sys::PointerEvent) -> bool {
    let to = event.related_target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    to.is_some_and(|element| element.class_list().contains("tip"))
}

/// Names what the pointer is on. Escape puts it away.
#[component]
fn Tooltip(tip: RwSignal<Option<Tip>>) -> impl IntoView {
    let style = move || {
        let (x, y) = tip.with(|tip| tip.as_ref().map_or((0.0, 0.0), |tip| tip.at));
        format!("left:{x:.0}px;top:{:.0}px", y.max(34.0))
    };
    let ui = Ui::get();
    let _ = window_event_listener(leptos::ev::keydown, move |event| {
        if event.key() == "Escape" {
            tip.set(None);
        }
    });
    view! {
        <Show when=move || tip.with(Option::is_some)>
            <div class="tip" role="tooltip" style=style on:pointerleave=move |_| input::hover(ui, None, tip)>
                {move || tip.with(|tip| tip.as_ref().map(|tip| tip.text.clone()))}
            </div>
        </Show>
    }
}

/// Says that the past is shown, or that quiet time is being skipped.
#[component]
fn Banner() -> impl IntoView {
    let ui = Ui::get();
    let past = Memo::new(move |_| ui.now.get() < ui.end.get());
    let skipping = Memo::new(move |_| {
        ui.now.track();
        #[expect(clippy::cast_possible_truncation, reason = "seconds of a quiet time")]
        ui.read(|session| session.skipping().map(|seconds| seconds.round() as i64))
    });
    view! {
        <div class="banners">
            <Show when=move || past.get()>
                <p class="banner past">
                    <span>{move || ui.text("past")}</span>
                    <button type="button" data-testid="to-present" on:click=move |_| ui.seek(ui.end.get_untracked())>
                        {move || ui.text("past-leave")}
                        {icon(Icon::End)}
                    </button>
                </p>
            </Show>
            <Branches />
            {move || {
                skipping
                    .get()
                    .map(|seconds| {
                        view! {
                            <p class="banner skipping">
                                {icon(Icon::Skip)} {ui.say("skipping", &[("seconds", seconds.into())])}
                            </p>
                        }
                    })
            }}
        </div>
    }
}

/// The sentence of the present beat.
#[component]
fn Caption() -> impl IntoView {
    let ui = Ui::get();
    view! {
        <p class="caption" data-testid="caption">
            {move || crate::ui::captions::present(ui).unwrap_or_else(|| ui.text("caption-quiet"))}
        </p>
    }
}

/// Follows the canvas' size for as long as the page lives.
fn watch_size(ui: Ui, canvas: NodeRef<Canvas>) {
    canvas.on_load(move |canvas| {
        let element = canvas.clone();
        let resized = Closure::<dyn Fn()>::new(move || {
            ui.phone.set(browser::is_phone());
            ui.stage.update_value(|stage| stage.attach(&element));
            super::draw(ui);
        });
        if let Ok(observer) = web_sys::ResizeObserver::new(resized.as_ref().unchecked_ref()) {
            observer.observe(&canvas);
            // Both live as long as the page.
            std::mem::forget(observer);
        }
        resized.forget();
        ui.stage.update_value(|stage| stage.attach(&canvas));
    });
}
