//! A run beyond the page: in the address (compressed), in a file, in the browser's database.
//!
//! All three hold the same text: `{"version", "engine", "address", "inputs": [[microseconds, input], …]}`. It comes from
//! outside, so it is bounded and checked before anything is done with it; what is wrong with it is said in a sentence.

use super::browser::{self, call, get};
use super::handle::Ui;
use super::link::Notice;
use crate::api::json;
use crate::cluster::input::Input;
use crate::sim::Time;
use leptos::prelude::*;
use serde_json::Value;
use wasm_bindgen::JsValue;

/// The version of the text. A later one may say what this program does not know.
const VERSION: u64 = 1;
/// A run that is packed longer than this is no address but a file.
const LONGEST_ADDRESS: usize = 8192;
/// Unpacked, a run has at most so many bytes,
const LONGEST: u32 = 4 << 20;
/// and so many inputs.
const MOST_INPUTS: usize = 5000;
/// The latest moment of a run: running there takes time.
const LATEST: Time = Time::from_secs(24 * 3600);
/// Under this name the present run is kept in the database, and under the other one that is being opened.
const RUN: &str = "run";
const OPENING: &str = "open";
/// Under this name the shown moment is kept in the tab while it is reloaded.
const MOMENT: &str = "bottle.moment";

/// What was done, with its times.
pub type Inputs = Vec<(Time, Input)>;

fn keeper() -> JsValue {
    get(&window(), "__bottleKeep")
}

/// The run as a text.
#[must_use]
pub fn written(ui: Ui) -> String {
    let inputs = ui.read(|session| {
        let each = |(at, input): &(Time, Input)| {
            let input = serde_json::to_value(input).unwrap_or_default();
            Value::Array(vec![at.as_micros().into(), input])
        };
        session.inputs().iter().map(each).collect()
    });
    let t = ui.now.get_untracked();
    let language = ui.language.get_untracked();
    let address = ui.link.with_value(|link| {
        // The inputs are beside it.
        super::link::Link { t: Some(t), payload: String::new(), ..link.clone() }.write(language)
    });
    let fields = [
        ("version", VERSION.into()),
        ("engine", env!("CARGO_PKG_VERSION").into()),
        ("address", address.into()),
        ("inputs", Value::Array(inputs)),
    ];
    Value::Object(json::fields(fields)).to_string()
}

/// The link to the shown moment.
#[must_use]
pub fn address(ui: Ui) -> String {
    let (t, language) = (ui.now.get_untracked(), ui.language.get_untracked());
    browser::address(&ui.link.with_value(|link| super::link::Link { t: Some(t), ..link.clone() }.write(language)))
}

/// Reads a run: its address and its inputs, or why it cannot be read.
fn read(text: &str) -> Result<(String, Inputs), Notice> {
    let broken = || Notice::new("notice-bad-run", &[]);
    let value: Value = serde_json::from_str(text).map_err(|_| broken())?;
    if value.get("version").and_then(Value::as_u64).is_some_and(|version| version > VERSION) {
        return Err(Notice::new("notice-newer-run", &[]));
    }
    let address = value.get("address").and_then(Value::as_str).unwrap_or_default().to_owned();
    let list = value.get("inputs").and_then(Value::as_array).ok_or_else(broken)?;
    if list.len() > MOST_INPUTS {
        return Err(Notice::new("notice-long-run", &[]));
    }
    let mut inputs = Inputs::new();
    for each in list {
        let (at, input) = serde_json::from_value::<(i64, Input)>(each.clone()).map_err(|_| broken())?;
        let at = Time::from_micros(at);
        let earlier = inputs.last().is_some_and(|(before, _)| *before > at);
        if earlier || !(Time::ZERO..=LATEST).contains(&at) {
            return Err(broken());
        }
        inputs.push((at, input));
    }
    Ok((address, inputs))
}

/// Brings back the run that the address holds, or that was being opened, or that a reload would have lost.
pub fn restore(ui: Ui) {
    let (payload, t) = ui.link.with_value(|link| (link.payload.clone(), link.t));
    if !payload.is_empty() {
        let promise = call(&keeper(), "unpack", &[payload.as_str().into(), f64::from(LONGEST).into()]);
        browser::after(&promise, move |text| {
            let text = text.and_then(|text| text.as_string()).unwrap_or_default();
            match read(&text) {
                Ok((_, inputs)) => replay(ui, inputs, t),
                Err(notice) => {
                    ui.link.update_value(|link| link.payload.clear());
                    ui.notify(notice);
                }
            }
        });
        return;
    }
    if is_reload() {
        let inputs = ui.link.with_value(browser::kept_inputs);
        if !inputs.is_empty() {
            let moment = browser::tab_recall(MOMENT).and_then(|text| text.parse().ok()).map(Time::from_micros);
            replay(ui, inputs, t.or(moment));
            return;
        }
    }
    browser::after(&call(&keeper(), "load", &[OPENING.into()]), move |text| {
        let Some(text) = text.and_then(|text| text.as_string()) else { return };
        call(&keeper(), "forget", &[OPENING.into()]);
        match read(&text) {
            Ok((_, inputs)) => replay(ui, inputs, t),
            Err(notice) => ui.notify(notice),
        }
    });
}

fn replay(ui: Ui, inputs: Inputs, t: Option<Time>) {
    let last = inputs.last().map_or(Time::ZERO, |(at, _)| *at);
    ui.change(|session| session.replay(inputs, t.unwrap_or(last)));
    if t.is_none() {
        ui.play(true);
    }
    kept(ui);
}

fn is_reload() -> bool {
    let performance = get(&window(), "performance");
    let entries = call(&performance, "getEntriesByType", &["navigation".into()]);
    get(&get(&entries, "0"), "type") == "reload"
}

/// To be called when something was done: the address and the database follow.
pub fn kept(ui: Ui) {
    let text = written(ui);
    browser::after(&call(&keeper(), "save", &[RUN.into(), text.as_str().into()]), move |saved| {
        if saved.is_none() {
            ui.notify(Notice::new("notice-storage", &[]));
        }
    });
    browser::after(&call(&keeper(), "pack", &[text.as_str().into()]), move |packed| {
        let packed = packed.and_then(|packed| packed.as_string()).filter(|packed| packed.len() <= LONGEST_ADDRESS);
        ui.link.update_value(|link| link.payload = packed.unwrap_or_default());
        let language = ui.language.get_untracked();
        ui.link.with_value(|link| browser::set_address(&link.write(language), false));
    });
}

/// Keeps the shown moment while the page is reloaded.
pub fn watch(ui: Ui) {
    super::dom::on_window_at_once("pagehide", move |_: &web_sys::Event| {
        browser::tab_remember(MOMENT, &ui.now.get_untracked().as_micros().to_string());
    });
}

/// The run as a file.
pub fn save_file(ui: Ui) {
    browser::save(&format!("{}.bottle.json", super::panels::stamp(ui)), "application/json", &written(ui));
}

/// Opens the run of a file: the page begins anew with it.
pub fn open_text(ui: Ui, text: &str) {
    match read(text) {
        Ok((address, _)) => {
            let save = call(&keeper(), "save", &[OPENING.into(), text.into()]);
            browser::after(&save, move |saved| {
                if saved.is_some() {
                    browser::go(&address);
                } else {
                    ui.notify(Notice::new("notice-storage", &[]));
                }
            });
        }
        Err(notice) => ui.notify(notice),
    }
}

/// Opens the run that was kept last, whatever became of its tab.
pub fn open_last(ui: Ui) {
    browser::after(&call(&keeper(), "load", &[RUN.into()]), move |text| match text.and_then(|text| text.as_string()) {
        Some(text) => open_text(ui, &text),
        None => ui.notify(Notice::new("notice-no-run", &[])),
    });
}
