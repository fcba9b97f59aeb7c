//! When the program breaks: a sentence and a way to go on that loses nothing.
//!
//! The manifest is in the browser's storage since it was typed, and all that was done is in that of the tab; the link
//! opens the same run with the same deeds, standing still at the moment before it broke.

use super::browser::{self, get};
use super::dom::on_window_at_once;
use crate::i18n::{Language, text};
use leptos::prelude::{document, window};
use std::cell::Cell;

thread_local! {
    /// The moment that was shown last, in milliseconds.
    static SHOWN: Cell<f64> = const { Cell::new(0.0) };
}

/// Notes the moment that is shown.
pub fn shown(millis: f64) {
    SHOWN.with(|shown| shown.set(millis));
}

/// Sets the hook.
pub fn catch() {
    std::panic::set_hook(Box::new(|info| {
        web_sys::console::error_1(&info.to_string().into());
        show(&info.to_string());
    }));
    // What ends the program without a panic, such as memory that is used up.
    on_window_at_once("error", |event: &web_sys::Event| {
        let error = get(event, "error");
        if get(&error, "name") == "RuntimeError" {
            show(&get(&error, "message").as_string().unwrap_or_default());
        }
    });
}

/// Covers the page with a sentence. Plain DOM calls only: nothing of the program can be relied upon any more.
fn show(what: &str) -> Option<()> {
    let language = document()
        .document_element()
        .and_then(|root| Language::from_tag(&root.get_attribute("lang")?))
        .unwrap_or_default();
    if document().get_element_by_id("broken").is_some() {
        return None;
    }
    let make = |tag: &str, content: &str| {
        let element = document().create_element(tag).ok()?;
        element.set_text_content(Some(content));
        Some(element)
    };
    let cover = make("div", "")?;
    cover.set_id("broken");
    cover.set_attribute("role", "alertdialog").ok()?;
    cover.set_attribute("aria-label", &text(language, "broken-title", &[])).ok()?;
    let link = make("a", &text(language, "broken-reload", &[]))?;
    link.set_attribute("href", &address()?).ok()?;
    link.set_attribute("class", "button primary").ok()?;
    let card = make("div", "")?;
    for element in [
        make("h2", &text(language, "broken-title", &[]))?,
        make("p", &text(language, "broken-text", &[]))?,
        make("pre", what)?,
        link.clone(),
    ] {
        card.append_child(&element).ok()?;
    }
    if let Some(kept) = browser::tab_recall(browser::INPUTS).filter(|kept| !kept.is_empty()) {
        let log = make("a", &text(language, "broken-log", &[]))?;
        let kept = js_sys::encode_uri_component(&kept);
        log.set_attribute("href", &format!("data:application/json;charset=utf-8,{kept}")).ok()?;
        let name = format!("inputs-{:.0}ms-v{}.json", SHOWN.with(Cell::get), env!("CARGO_PKG_VERSION"));
        log.set_attribute("download", &name).ok()?;
        card.append_child(&log).ok()?;
    }
    cover.append_child(&card).ok()?;
    document().body()?.append_child(&cover).ok()?;
    // Nothing below the cover answers any more: the way on has the focus, and Tab stays with it.
    let within: Vec<web_sys::Element> = (0..document().body()?.children().length())
        .filter_map(|index| document().body()?.children().item(index))
        .filter(|element| element.id() != "broken")
        .collect();
    for element in within {
        let _ = element.set_attribute("inert", "");
    }
    browser::call(&link, "focus", &[]);
    Some(())
}

/// The same address, at the moment that was shown last, with the word that brings the deeds back.
fn address() -> Option<String> {
    let url = web_sys::Url::new(&window().location().href().ok()?).ok()?;
    let query = url.search_params();
    query.set("t", &format!("{:.0}", SHOWN.with(Cell::get)));
    query.set(RESTORE, "1");
    Some(url.href())
}

/// With this key in the address the deeds of the tab are brought back.
pub const RESTORE: &str = "restore";

/// Whether the address asks for that.
#[must_use]
pub fn wants_restoring() -> bool {
    window().location().search().is_ok_and(|search| search.contains(RESTORE)) && browser::clock() > 0.0
}
