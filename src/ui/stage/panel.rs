//! The stage as a part of the page: canvas, tooltip, caption and the camera's buttons.

use super::input::{self, Tip, ZOOM_STEP};
use super::{Stage, browser};
use crate::i18n::text;
use crate::inspect::requests::without_path;
use crate::scene::Truth;
use crate::scene::display::Item;
use crate::sim::Time;
use crate::ui::dom::{El, afterwards, button, button_at_once, canvas, el, on_window};
use crate::ui::handle::Ui;
use crate::ui::icons::{Icon, icon};
use crate::ui::late::{self, Rest};
use crate::ui::link::{Notice, Page};
use crate::ui::panels::{branches, sentence_of};
use crate::ui::select::Selection;
use crate::ui::signal::{Memo, RwSignal};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{HtmlCanvasElement, KeyboardEvent, PointerEvent};

/// What a thing on the stage is called.
pub fn name_of(ui: Ui, item: &Item) -> String {
    if let Some(fact) = item.moving() {
        return sentence_of(ui, fact);
    }
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
pub fn stage_panel(ui: Ui) -> El {
    let tip = RwSignal::new(None::<Tip>);
    afterwards(move || {
        // Whatever of these moves, the picture is another.
        ui.language.track();
        ui.theme.track();
        ui.reduced.track();
        ui.phone.track();
        ui.focused.track();
        ui.truth.track();
        ui.selected.track();
        ui.sight.track();
        ui.stage.update_value(Stage::soil);
    });
    afterwards(move || {
        ui.selected.track();
        super::show_selected(ui);
        // What is selected gets its name on the stage.
        tip.set(None);
    });
    let on_key = move |event: &KeyboardEvent| {
        if input::key(ui, event) {
            event.prevent_default();
        }
    };
    let canvas = picture(ui, tip);
    watch_size(ui, canvas.node());
    let view = el("div", "stage-view")
        .attr("tabindex", "0")
        .attr("role", "group")
        .label(ui, "stage-view-label")
        .attr("aria-describedby", "stage-keys")
        .on_as("keydown", on_key)
        .add(el("p", "visually-hidden").attr("id", "stage-keys").word(ui, "stage-keys"))
        .add(canvas)
        .when(move || tip.with(Option::is_some), move || tooltip(ui, tip))
        .add(banners(ui))
        .add(super::minimap::button(ui))
        .add(super::tools::aboard(ui))
        .add(super::tools::panel(ui))
        .add(crate::ui::panels::question(ui));
    // Escape puts the tip away.
    on_window("keydown", move |event: &KeyboardEvent| {
        if event.key() == "Escape" {
            tip.set(None);
        }
    });
    el("main", "stage")
        .attr("id", "stage")
        .attr("data-testid", "stage")
        .attr("tabindex", "-1")
        .label(ui, "stage-label")
        .add(view)
        .add(el("div", "caption-bar").add(caption(ui)).add(camera_buttons(ui)))
        .add(crate::ui::tour::place(ui))
}

/// The picture, and what a pointer does to it.
fn picture(ui: Ui, tip: RwSignal<Option<Tip>>) -> El {
    let leave = move |event: &PointerEvent| {
        if !goes_to_tip(event) {
            input::hover(ui, None, tip);
        }
    };
    canvas("")
        .class_if("pointing", move || tip.with(Option::is_some))
        .at_once("pointerdown", move |event| input::down(ui, event))
        .at_once("pointermove", move |event| input::moved(ui, event, tip))
        .at_once("pointerup", move |event| input::up(ui, event))
        .at_once("pointercancel", move |event| input::up(ui, event))
        .at_once("pointerleave", leave)
        .on_as("dblclick", move |event| input::enter(ui, event))
        .at_once("wheel", move |event| input::wheel(ui, event))
}

/// Nearer, further, everything.
fn camera_buttons(ui: Ui) -> El {
    let steer = |class: &str, sign: Icon, key, steer: fn(&mut Stage, bool)| {
        let act = move || ui.stage.update_value(|stage| steer(stage, ui.phone.get_untracked()));
        button_at_once(class, act)
            .named(ui, "title", key)
            .add(icon(sign))
            .add(el("span", "visually-hidden").word(ui, key))
    };
    let truth = button("truth", move || ui.turn_truth())
        .attr("data-testid", "truth")
        .bind("aria-pressed", move || (ui.truth.get() == Truth::Actual).to_string())
        .named(ui, "title", "truth-hint")
        .word(ui, "truth");
    el("div", "camera")
        .attr("data-testid", "camera")
        .attr("role", "group")
        .label(ui, "camera-label")
        .add(truth)
        .add(super::tools::toggle(ui))
        .add(steer("zoom", Icon::Minus, "camera-out", |stage, phone| stage.step(phone, 1.0 / ZOOM_STEP)))
        .add(steer("", Icon::Whole, "camera-whole", |stage, _| stage.reset()))
        .add(steer("zoom", Icon::Plus, "camera-in", |stage, phone| stage.step(phone, ZOOM_STEP)))
}

/// Whether the pointer leaves for the tooltip: that may be read at leisure.
fn goes_to_tip(event: &PointerEvent) -> bool {
    let to = event.related_target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    to.is_some_and(|element| element.class_list().contains("tip"))
}

/// Names what the pointer is on.
fn tooltip(ui: Ui, tip: RwSignal<Option<Tip>>) -> El {
    let style = move || {
        let (x, y) = tip.with(|tip| tip.as_ref().map_or((0.0, 0.0), |tip| tip.at));
        format!("left:{x:.0}px;top:{y:.0}px")
    };
    el("div", "tip")
        .class_if("below", move || tip.with(|tip| tip.as_ref().is_some_and(|tip| tip.below)))
        .attr("role", "tooltip")
        .bind("style", style)
        .at_once("pointerleave", move |_: &PointerEvent| input::hover(ui, None, tip))
        .words(move || tip.with(|tip| tip.as_ref().map_or_else(String::new, |tip| tip.text.clone())))
}

/// Sentences about the page itself: here they are seen whatever panel a phone shows, and in a frame without panels.
fn notices(ui: Ui) -> El {
    let notice = move |notice: &Notice| el("li", "banner notice").text(&ui.say(notice.key, &notice.args));
    let list = move || ui.notices.with(|notices| notices.iter().map(notice).collect::<Vec<El>>());
    let close = move || {
        button_at_once("banner", move || ui.notices.set(Vec::new()))
            .attr("data-testid", "notices-close")
            .word(ui, "help-close")
    };
    el("div", "notices")
        .add(el("ul", "").attr("role", "status").part(list))
        .when(move || ui.notices.with(|notices| !notices.is_empty()), close)
}

/// Says that a part of the program is missing, that the past is shown, or that quiet time is being skipped.
fn banners(ui: Ui) -> El {
    let skipping = Memo::new(move || {
        ui.now.track();
        #[expect(clippy::cast_possible_truncation, reason = "seconds of a quiet time")]
        ui.read(|session| session.skipping().map(|seconds| seconds.round() as i64))
    });
    let past = move || {
        let leave = button("", move || ui.seek(ui.end.get_untracked()))
            .attr("data-testid", "to-present")
            .word(ui, "past-leave")
            .add(icon(Icon::End));
        el("p", "banner past").add(el("span", "").word(ui, "past")).add(leave)
    };
    let skip = move || {
        let seconds = skipping.get()?;
        let sentence = ui.say("skipping", &[("seconds", seconds.into())]);
        Some(el("p", "banner skipping").add(icon(Icon::Skip)).text(&sentence))
    };
    let missing = move || {
        let again = button_at_once("", late::fetch).attr("data-testid", "fetch-rest").word(ui, "rest-again");
        el("p", "banner missing").attr("role", "alert").add(el("span", "").word(ui, "rest-missing")).add(again)
    };
    el("div", "banners")
        .add(notices(ui))
        .when(move || ui.rest.get() == Rest::Missing, missing)
        .when(move || ui.now.get() < ui.end.get(), past)
        .when(move || ui.branches.get() > 0, move || branches(ui))
        .part(skip)
}

/// While nothing else is told: whose lease was renewed last since the page was opened.
fn heartbeat(ui: Ui) -> Option<String> {
    let node = ui.view.with(|view| {
        let last = view.nodes.iter().max_by_key(|node| node.lease)?;
        last.lease.filter(|at| *at > Time::ZERO).map(|_| last.name.clone())
    })?;
    Some(ui.say("caption-heartbeat", &[("node", (&*node).into())]))
}

/// Sentences of more letters are written smaller; of twice as many, without the paths of requests.
const LONG: usize = 110;

/// The sentence of the present beat.
fn caption(ui: Ui) -> El {
    // In a frame of another page there is neither a guide nor a manifest.
    let framed = ui.link.with_value(|link| link.page == Page::Embed);
    let quiet = if framed { "caption-quiet-embed" } else { "caption-quiet" };
    // Hangul is about as wide as two letters.
    let wide = |text: &str| text.chars().map(|one| if one.is_ascii() { 1 } else { 2 }).sum::<usize>();
    let sentence = move || {
        let told = crate::ui::captions::present(ui);
        let short = |text: &str| ui.phone.get() || wide(text) > 2 * LONG;
        let told = told.map(|text| if short(&text) { without_path(&text) } else { text });
        told.or_else(|| if framed { None } else { heartbeat(ui) }).unwrap_or_else(|| ui.text(quiet))
    };
    let sentence = Memo::new(sentence);
    let quiet = untrack(move || sentence.get());
    let begun = StoredValue::new(false);
    afterwards(move || {
        if sentence.with(|now| *now != quiet) && !begun.get_value() {
            begun.set_value(true);
            browser::mark("bottle:first-beat");
        }
    });
    el("p", "caption")
        .attr("data-testid", "caption")
        .class_if("long", move || sentence.with(|text| wide(text) > LONG))
        .words(move || sentence.get())
}

/// Follows the canvas' size for as long as the page lives.
fn watch_size(ui: Ui, canvas: HtmlCanvasElement) {
    afterwards(move || {
        let element = canvas.clone();
        let resized = Closure::<dyn Fn()>::new(move || {
            ui.phone.set(browser::is_phone());
            ui.stage.update_value(|stage| stage.attach(&element));
            super::compose(ui);
            super::paint(ui);
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
