//! The code editor's bundle behind a Rust handle. Until it has arrived (or where it cannot), a plain text field serves.

use super::browser::{call, get, object};
use super::dom::{El, afterwards, el};
use super::handle::Ui;
use super::late;
use crate::scene::theme::Theme;
use crate::ui::signal::RwSignal;
use leptos::prelude::*;
use std::time::Duration;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};

/// A mark in the text.
#[derive(Clone, PartialEq, Debug)]
pub struct Mark {
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// Whether it is only a warning.
    pub warning: bool,
}

/// The editor's own phrases that a person can meet here, with their keys in the catalogue.
const PHRASES: &[(&str, &str)] = &[
    ("Find", "editor-find"),
    ("Replace", "editor-replace"),
    ("next", "editor-next"),
    ("previous", "editor-previous"),
    ("all", "editor-all"),
    ("match case", "editor-match-case"),
    ("regexp", "editor-regexp"),
    ("by word", "editor-by-word"),
    ("replace", "editor-replace-one"),
    ("replace all", "editor-replace-all"),
    ("close", "editor-close"),
    ("Fold line", "editor-fold"),
    ("Unfold line", "editor-unfold"),
    ("Diagnostics", "editor-diagnostics"),
    ("No diagnostics", "editor-no-diagnostics"),
    ("Completions", "editor-completions"),
    ("folded code", "editor-folded"),
    ("unfold", "editor-unfold"),
];

/// A running editor, and the key of its name.
#[derive(Clone)]
pub struct Editor(JsValue, &'static str);

/// The text that an editor is for.
#[derive(Clone, Copy)]
pub struct Text {
    /// Key of the editor's name.
    pub label: &'static str,
    /// The text; follows what somebody writes.
    pub content: RwSignal<String>,
    /// What Ctrl+Enter does.
    pub apply: fn(Ui),
}

impl Editor {
    /// The place of an editor, a plain text field until it has come. `editor` gets it; text, theme and language follow.
    pub fn place(ui: Ui, of: Text, editor: RwSignal<Option<Self>>) -> El {
        let place = el("div", "editor");
        let parent = place.node::<web_sys::HtmlElement>();
        let load = move || {
            // Somebody may have gone on to something else.
            let ready = move |made| editor.try_set(Some(made));
            Self::load(ui, parent, of, Box::new(ready));
        };
        // After the first picture: the harbour comes first.
        set_timeout(load, Duration::from_millis(50));
        afterwards(move || {
            let text = of.content.get();
            editor.with(|editor| {
                if let Some(editor) = editor {
                    editor.set_text(&text);
                }
            });
        });
        // Apart, because each makes the browser lay out the page.
        afterwards(move || {
            let dark = ui.theme.get() == Theme::Dark;
            editor.with(|editor| editor.iter().for_each(|editor| editor.set_dark(dark)));
        });
        afterwards(move || {
            ui.language.track();
            editor.with(|editor| editor.iter().for_each(|editor| editor.set_language(ui)));
        });
        let plain = move || {
            el("textarea", "plain-editor")
                .attr("spellcheck", "false")
                .label(ui, of.label)
                .value(move || of.content.get())
                .at_once("input", move |event: &web_sys::Event| of.content.set(event_target_value(event)))
        };
        place.when(move || editor.with(Option::is_none), plain)
    }

    /// Loads the bundle and makes an editor in `parent`; `ready` gets it.
    fn load(ui: Ui, parent: web_sys::HtmlElement, of: Text, ready: Box<dyn FnOnce(Self)>) {
        let promise = call(&get(&window(), "__bottleBoot"), "editor", &[]);
        let Ok(promise) = promise.dyn_into::<js_sys::Promise>() else { return };
        let made = Closure::once(move |bundle: JsValue| {
            let changed = Closure::<dyn Fn(String)>::new(move |text: String| of.content.set(text));
            let applied = Closure::<dyn Fn()>::new(move || late::then(move || (of.apply)(ui)));
            let options = object(&[
                ("doc", of.content.get_untracked().into()),
                ("dark", (ui.theme.get_untracked() == Theme::Dark).into()),
                ("labels", phrases(ui, of.label)),
                ("onChange", changed.into_js_value()),
                ("onApply", applied.into_js_value()),
            ]);
            let handle = call(&bundle, "create", &[parent.into(), options]);
            if handle.is_object() {
                ready(Self(handle, of.label));
            }
        });
        // A bundle that does not arrive leaves the plain field in place.
        let failed = Closure::once(|_: JsValue| {});
        let _ = promise.then2(&made, &failed);
        made.forget();
        failed.forget();
    }

    /// Replaces the text.
    fn set_text(&self, text: &str) {
        call(&self.0, "setText", &[text.into()]);
    }

    /// Shows marks; an empty list clears them.
    pub fn set_marks(&self, marks: &[Mark]) {
        let list = js_sys::Array::new();
        #[expect(clippy::cast_precision_loss, reason = "lines of a text")]
        for mark in marks {
            list.push(&object(&[
                ("line", (mark.line as f64).into()),
                ("column", (mark.column as f64).into()),
                ("message", mark.message.as_str().into()),
                ("severity", if mark.warning { "warning" } else { "error" }.into()),
            ]));
        }
        call(&self.0, "setDiagnostics", &[list.into()]);
    }

    /// Goes to a line.
    pub fn reveal(&self, line: usize) {
        #[expect(clippy::cast_precision_loss, reason = "a line of a text")]
        call(&self.0, "reveal", &[(line as f64).into()]);
        call(&self.0, "focus", &[]);
    }

    /// Points at a line for a moment.
    pub fn point_at(&self, line: usize) {
        #[expect(clippy::cast_precision_loss, reason = "a line of a text")]
        call(&self.0, "highlightLine", &[(line as f64).into()]);
    }

    /// Tells it the page's theme.
    fn set_dark(&self, dark: bool) {
        call(&self.0, "setTheme", &[dark.into()]);
    }

    /// Changes its language.
    fn set_language(&self, ui: Ui) {
        call(&self.0, "setPhrases", &[phrases(ui, self.1)]);
    }
}

fn phrases(ui: Ui, label: &str) -> JsValue {
    let language = ui.language.get_untracked();
    let text = |key: &str| JsValue::from(crate::i18n::text(language, key, &[]));
    let mut entries = vec![("editor", text(label))];
    entries.extend(PHRASES.iter().map(|(phrase, key)| (*phrase, text(key))));
    object(&entries)
}
