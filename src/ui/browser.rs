//! The browser's own things: clock, storage, address, wishes of the system. Nothing here can fail loudly: what a
//! browser refuses becomes a sentence or a default.

use super::handle::Ui;
use super::link::{Link, Notice, read_theme};
use crate::cluster::input::Input;
use crate::i18n::Language;
use crate::scene::theme::Theme;
use crate::sim::Time;
use leptos::prelude::*;
use std::time::Duration;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::MessageChannel;

/// Milliseconds since the page was opened.
#[must_use]
pub fn clock() -> f64 {
    window().performance().map_or(0.0, |performance| performance.now())
}

/// Goes on with the frame loop's work as soon as the browser has looked after what waits; a timer would have it rest for
/// four milliseconds each time. Only one piece can wait. (Where there are no channels, a timer it is.)
pub fn soon(work: Box<dyn FnOnce()>) {
    thread_local! {
        static CHANNEL: Option<MessageChannel> = MessageChannel::new().ok();
    }
    CHANNEL.with(|channel| {
        let Some(channel) = channel else { return set_timeout(work, Duration::ZERO) };
        channel.port1().set_onmessage(Some(Closure::once_into_js(work).unchecked_ref()));
        let _ = channel.port2().post_message(&JsValue::NULL);
    });
}

/// Marks a moment in the browser's own measurements.
pub fn mark(name: &str) {
    if let Some(performance) = window().performance() {
        let _ = performance.mark(name);
    }
}

fn root() -> Option<web_sys::Element> {
    document().document_element()
}

/// The language that the page was opened in (decided before the first paint by `assets/boot/boot.js`).
#[must_use]
pub fn language() -> Language {
    root().and_then(|root| Language::from_tag(&root.get_attribute("lang")?)).unwrap_or_default()
}

/// The theme that the page was opened in.
#[must_use]
pub fn theme() -> Theme {
    root().and_then(|root| read_theme(&root.get_attribute("data-theme")?)).unwrap_or_default()
}

/// Sets an attribute of the page's root. One that is set already is left alone: the page would be laid out anew.
pub fn set_root(name: &str, value: &str) {
    if let Some(root) = root().filter(|root| root.get_attribute(name).as_deref() != Some(value)) {
        let _ = root.set_attribute(name, value);
    }
}

/// The theme in which pictures are painted: the system's colours where it forces them on pages.
#[must_use]
pub fn painted(theme: Theme) -> Theme {
    if matches("(forced-colors: active)") { Theme::Forced } else { theme }
}

/// Whether a media query holds.
fn matches(query: &str) -> bool {
    window().match_media(query).ok().flatten().is_some_and(|list| list.matches())
}

/// Whether the system asks for less motion.
#[must_use]
pub fn wants_less_motion() -> bool {
    matches("(prefers-reduced-motion: reduce)")
}

/// Up to which size the page is laid out as on a phone: narrow, or low (a phone on its side, 200 % zoom). The style sheets
/// say the same.
const PHONE: &str = "(max-width: 640px), (max-width: 1100px) and (max-height: 560px)";

/// Whether the page is as small as a phone. A frame in another page is low by nature, and has nothing beside the picture.
#[must_use]
pub fn is_phone() -> bool {
    let framed = || window().location().pathname().is_ok_and(|path| path.contains("/embed/"));
    matches("(max-width: 640px)") || matches(PHONE) && !framed()
}

/// Whether the page is laid out for a projector.
#[must_use]
pub fn is_projector() -> bool {
    matches("(min-width: 641px) and (max-width: 1100px) and (min-height: 561px)")
}

/// The address as the app reads it.
#[must_use]
pub fn link() -> Link {
    let location = window().location();
    let path = location.pathname().unwrap_or_default();
    let below = path.strip_prefix(&base()).unwrap_or(&path).to_owned();
    let query = location.search().ok().and_then(|search| web_sys::UrlSearchParams::new_with_str(&search).ok());
    let mut link = Link::read(&below, |key| query.as_ref()?.get(key));
    link.hold(&location.hash().unwrap_or_default());
    link
}

/// The site's own path, such as `/` or `/sub/path/`.
fn base() -> String {
    let uri = document().base_uri().ok().flatten().unwrap_or_default();
    web_sys::Url::new(&uri).map_or_else(|_| "/".to_owned(), |url| url.pathname())
}

/// Shows another address without loading anything; as a new step that Back undoes, or in place of the present one.
pub fn set_address(below: &str, step: bool) {
    let address = format!("{}{below}", base());
    let Ok(history) = window().history() else { return };
    let _ = if step {
        history.push_state_with_url(&JsValue::NULL, "", Some(&address))
    } else {
        history.replace_state_with_url(&JsValue::NULL, "", Some(&address))
    };
}

/// The whole address of a place below the site's own path.
#[must_use]
pub fn address(below: &str) -> String {
    format!("{}{}{below}", window().location().origin().unwrap_or_default(), base())
}

/// Goes to another address of the site, anew.
pub fn go(below: &str) {
    let _ = window().location().assign(&format!("{}{below}", base()));
}

/// What the tab remembers for as long as it lives.
#[must_use]
pub fn tab_recall(name: &str) -> Option<String> {
    window().session_storage().ok().flatten()?.get_item(name).ok().flatten()
}

/// Lets the tab remember something.
pub fn tab_remember(name: &str, value: &str) {
    if let Some(storage) = window().session_storage().ok().flatten() {
        let _ = storage.set_item(name, value);
    }
}

/// Calls back whenever fonts have arrived: what was drawn with others is to be drawn again.
pub fn on_fonts(run: impl Fn() + 'static) {
    let fonts = get(&document(), "fonts");
    let run = wasm_bindgen::prelude::Closure::<dyn Fn()>::new(run).into_js_value();
    call(&fonts, "addEventListener", &["loadingdone".into(), run]);
}

fn storage() -> Option<web_sys::Storage> {
    window().local_storage().ok().flatten()
}

/// What was remembered under a name.
#[must_use]
pub fn recall(name: &str) -> Option<String> {
    storage()?.get_item(name).ok().flatten()
}

/// Remembers something beyond the end of the page; says so when the browser refuses.
pub fn remember(ui: Ui, name: &str, value: &str) {
    let kept = storage().is_some_and(|storage| storage.set_item(name, value).is_ok());
    let notice = Notice::new("notice-storage", &[]);
    if !kept {
        ui.notify(notice);
    } else if name == MANIFEST && ui.notices.with_untracked(|notices| notices.contains(&notice)) {
        ui.notices.update(|notices| notices.retain(|known| *known != notice));
    }
}

/// Under this name the manifest's text is remembered.
pub const MANIFEST: &str = "bottle.manifest";
/// Under this name what a person did is kept for as long as the tab lives.
pub const INPUTS: &str = "bottle.inputs";

/// Under this name `assets/boot/boot.js` notes that the first part of the program was not enough.
const WHOLE: &str = "bottle.whole";

/// Whether something is kept that asks for all of the program: what a person has written or done.
#[must_use]
pub fn remembers_work() -> bool {
    recall(MANIFEST).is_some() || tab_recall(INPUTS).is_some() || tab_recall(WHOLE).is_some()
}

/// Keeps all that a person did, so that nothing is lost should the page break.
pub fn keep_inputs(ui: Ui) {
    let inputs: Vec<(i64, Input)> =
        ui.read(|session| session.inputs().iter().map(|(at, input)| (at.as_micros(), input.clone())).collect());
    let link = ui.link.with_value(|link| (link.scenario.clone(), link.seed, link.nodes));
    let text = serde_json::to_value((link, inputs)).unwrap_or_default().to_string();
    if let Some(storage) = window().session_storage().ok().flatten() {
        // Too much to keep: then only the manifest survives.
        let _ = storage.set_item(INPUTS, &text);
    }
}

/// A run and what was done in it, with microseconds.
type Kept = ((String, u64, Option<usize>), Vec<(i64, Input)>);

/// What was done in this tab before the page broke, if it was in the same run.
#[must_use]
pub fn kept_inputs(link: &Link) -> Vec<(Time, Input)> {
    let storage = window().session_storage().ok().flatten();
    let text = storage.and_then(|storage| storage.get_item(INPUTS).ok().flatten()).unwrap_or_default();
    // Through a value, as all else is read: another way in would be another copy of the code that reads an input.
    match serde_json::from_str(&text).and_then(serde_json::from_value::<Kept>) {
        Ok((run, inputs)) if run == (link.scenario.clone(), link.seed, link.nodes) => {
            inputs.into_iter().map(|(at, input)| (Time::from_micros(at), input)).collect()
        }
        _ => Vec::new(),
    }
}

/// A property of a JavaScript object; `undefined` if there is none.
#[must_use]
pub fn get(object: &JsValue, name: &str) -> JsValue {
    js_sys::Reflect::get(object, &name.into()).unwrap_or(JsValue::UNDEFINED)
}

/// Sets a property of a JavaScript object.
pub fn put(object: &JsValue, name: &str, value: &JsValue) {
    let _ = js_sys::Reflect::set(object, &name.into(), value);
}

/// Calls a method of a JavaScript object; `undefined` if it has none or throws.
pub fn call(object: &JsValue, method: &str, arguments: &[JsValue]) -> JsValue {
    let Some(function) = get(object, method).dyn_ref::<js_sys::Function>().cloned() else { return JsValue::UNDEFINED };
    let arguments: js_sys::Array = arguments.iter().collect();
    function.apply(object, &arguments).unwrap_or(JsValue::UNDEFINED)
}

/// Calls back with what a promise gives, or with nothing when it fails.
pub fn after(promise: &JsValue, done: impl FnOnce(Option<JsValue>) + 'static) {
    let done = std::rc::Rc::new(std::cell::Cell::new(Some(done)));
    let Some(promise) = promise.dyn_ref::<js_sys::Promise>() else {
        if let Some(done) = done.take() {
            done(None);
        }
        return;
    };
    let failed = done.clone();
    let kept = Closure::once_into_js(move |value: JsValue| done.take().map_or((), |done| done(Some(value))));
    let failed = Closure::once_into_js(move |_: JsValue| failed.take().map_or((), |failed| failed(None)));
    call(promise, "then", &[kept, failed]);
}

/// Calls back with the text of one of the site's files, or with nothing when it does not come.
pub fn fetched(file: &str, done: impl FnOnce(Option<String>) + 'static) {
    let text = Closure::once_into_js(|answer: JsValue| -> JsValue {
        if get(&answer, "ok").is_truthy() { call(&answer, "text", &[]) } else { JsValue::UNDEFINED }
    });
    let asked = call(&window(), "fetch", &[file.into()]);
    after(&call(&asked, "then", &[text]), move |text| done(text.and_then(|text| text.as_string())));
}

/// A plain JavaScript object.
#[must_use]
pub fn object(entries: &[(&str, JsValue)]) -> JsValue {
    let object = js_sys::Object::new();
    for (name, value) in entries {
        put(&object, name, value);
    }
    object.into()
}

/// Lets a person keep a text as a file.
pub fn save(name: &str, kind: &str, text: &str) {
    save_url(name, &format!("data:{kind};charset=utf-8,{}", js_sys::encode_uri_component(text)));
}

/// The same for what an address holds.
pub fn save_url(name: &str, address: &str) {
    let Ok(link) = document().create_element("a") else { return };
    let _ = link.set_attribute("href", address);
    let _ = link.set_attribute("download", name);
    call(&link, "click", &[]);
}

/// Copies a text for pasting elsewhere; `done` gets whether the browser let it.
pub fn copy(text: &str, done: impl Fn(bool) + Clone + 'static) {
    let promise = call(&get(&window().navigator(), "clipboard"), "writeText", &[text.into()]);
    // Without a secure origin there is no clipboard.
    let Ok(promise) = promise.dyn_into::<js_sys::Promise>() else { return done(false) };
    let refused = done.clone();
    let (copied, refused) =
        (Closure::once(move |_: JsValue| done(true)), Closure::once(move |_: JsValue| refused(false)));
    let _ = promise.then2(&copied, &refused);
    copied.forget();
    refused.forget();
}

/// The texts that the page brings along.
pub fn texts() -> serde_json::Value {
    let element = document().get_element_by_id("texts").and_then(|element| element.text_content());
    serde_json::from_str(&element.unwrap_or_default()).unwrap_or_default()
}
