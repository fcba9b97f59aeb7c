//! The manifest: editor, examples, files, dry run and Apply, and what came of it.

use super::problems::problems;
use crate::api::manifest::{MAX_BYTES, read};
use crate::cluster::input::Input;
use crate::examples::{self, EXAMPLES};
use crate::ui::browser::{self, MANIFEST};
use crate::ui::dom::{El, afterwards, button, el, on_window_at_once};
use crate::ui::editor::{Editor, Mark, Text};
use crate::ui::handle::{Tab, Ui};
use crate::ui::icons::{Icon, icon};
use crate::ui::late;
use crate::ui::link::Notice;
use crate::ui::signal::RwSignal;
use leptos::prelude::*;
use std::time::Duration;
use wasm_bindgen::prelude::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{DragEvent, Event, HtmlInputElement};

/// So long after the last key the text is read and remembered.
const SETTLED: Duration = Duration::from_millis(250);

/// Sends the manifest to the server.
pub fn apply(ui: Ui, dry_run: bool) {
    let text = ui.manifest.get_untracked();
    ui.answers.update(|answers| answers.waiting = true);
    ui.tab.set(Tab::Manifest);
    ui.act(Input::Apply { text, dry_run, create_namespaces: false });
}

/// The titles of the examples, in the order of [`EXAMPLES`].
const TITLES: &[(&str, &str)] = &[
    ("pod", "example-pod"),
    ("deployment", "example-deployment"),
    ("service", "example-service"),
    ("rolling-update", "example-rolling-update"),
    ("rollback", "example-rollback"),
    ("job", "example-job"),
    ("cron-job", "example-cron-job"),
    ("probes", "example-probes"),
    ("init-container", "example-init-container"),
    ("crash-loop", "example-crash-loop"),
    ("bad-image", "example-bad-image"),
    ("node-selector", "example-node-selector"),
    ("too-big", "example-too-big"),
    ("taints", "example-taints"),
    ("node-loss", "example-node-loss"),
    ("broken", "example-broken"),
];

fn title(name: &str) -> &'static str {
    TITLES.iter().find(|(known, _)| *known == name).map_or("example-pod", |(_, key)| key)
}

/// The panel.
pub fn manifest_panel(ui: Ui) -> El {
    let over = RwSignal::new(false);
    // Files may be dropped anywhere: a browser left to itself would go to them, and leave the run.
    on_window_at_once("dragover", move |event: &DragEvent| over.set(has_files(event)));
    on_window_at_once("drop", move |event: &DragEvent| {
        if has_files(event) {
            let files = event.data_transfer().and_then(|data| data.files());
            late::then(move || open(ui, files));
        }
        over.set(false);
    });
    on_window_at_once("dragleave", move |_: &Event| over.set(false));
    let editor = RwSignal::new(None::<Editor>);
    el("div", "manifest")
        .class_if("over", move || over.get())
        .add(tools(ui))
        .add(el("div", "manifest-body").add(editor_field(ui, editor)).add(problems(ui, editor)))
}

/// Whether files are being dragged; then the page takes them.
fn has_files(event: &DragEvent) -> bool {
    let files = event.data_transfer().is_some_and(|data| data.types().includes(&"Files".into(), 0));
    if files {
        event.prevent_default();
    }
    files
}

/// Examples, files, dry run, Apply.
fn tools(ui: Ui) -> El {
    let chosen = move |event: &Event| {
        if let Some(example) = examples::find(&event_target_value(event)) {
            ui.show_example(example);
        }
        // The menu is a list of things to take, not a state.
        if let Some(select) = event.target() {
            browser::put(&select, "value", &"".into());
        }
    };
    let option = |name: &str, key| el("option", "").attr("value", name).word(ui, key);
    let menu = el("select", "button")
        .attr("data-testid", "examples")
        .on("change", chosen)
        .add(option("", "examples"))
        .all(EXAMPLES.iter().map(|example| option(example.name, title(example.name))));
    let files = el("input", "")
        .attr("type", "file")
        .attr("multiple", "")
        .attr("hidden", "")
        .attr("data-testid", "files")
        .attr("accept", ".yaml,.yml,.json,application/yaml,application/json,text/*");
    let input = files.node::<HtmlInputElement>();
    let pick = input.clone();
    let opened = move |_: &_| {
        open(ui, input.files());
        input.set_value("");
    };
    let open_files = button("button icon-button", move || pick.click())
        .named(ui, "title", "open-files")
        .add(icon(Icon::Open))
        .add(el("span", "visually-hidden").word(ui, "open-files"));
    el("div", "tools")
        .add(el("label", "examples").add(el("span", "visually-hidden").word(ui, "examples-label")).add(menu))
        .add(open_files)
        .add(files.on("change", opened))
        .add(el("span", "spring"))
        .add(button("button", move || apply(ui, true)).attr("data-testid", "dry-run").word(ui, "dry-run"))
        .add(
            button("button primary", move || apply(ui, false))
                .attr("data-testid", "apply")
                .attr("title", "Ctrl+Enter")
                .word(ui, "apply"),
        )
}

/// The text.
fn editor_field(ui: Ui, editor: RwSignal<Option<Editor>>) -> El {
    let text = Text { label: "editor-label", content: ui.manifest, apply: |ui| apply(ui, false) };
    let place = Editor::place(ui, text, editor).attr("data-testid", "manifest-editor");
    text_is_kept(ui);
    marks_follow(ui, editor);
    afterwards(move || {
        // After the text: it may have been set in the same breath.
        let Some(line) = ui.line.get() else { return };
        editor.with(|editor| {
            if let Some(editor) = editor {
                editor.reveal(line);
                editor.point_at(line);
                ui.line.set(None);
            }
        });
    });
    place
}

/// The text is remembered a moment after the last key.
fn text_is_kept(ui: Ui) {
    let timer = StoredValue::new(None::<TimeoutHandle>);
    let mut is_first = true;
    afterwards(move || {
        ui.manifest.track();
        if std::mem::take(&mut is_first) {
            return;
        }
        if let Some(timer) = timer.get_value() {
            timer.clear();
        }
        let keep = move || browser::remember(ui, MANIFEST, &ui.manifest.get_untracked());
        timer.set_value(set_timeout_with_handle(keep, SETTLED).ok());
    });
}

/// Errors are marked where they stand: those of the reader while one types, those of the server for the text that it
/// was sent.
fn marks_follow(ui: Ui, editor: RwSignal<Option<Editor>>) {
    let mut seen = None;
    afterwards(move || {
        let text = ui.manifest.get();
        let last = ui.answers.with(|answers| answers.last.clone());
        let same = last.as_ref().is_some_and(|outcome| outcome.text == text);
        let mut marks = reader_marks(&text);
        if let Some(outcome) = last.as_ref().filter(|_| same) {
            let placed = outcome.problems.iter().filter_map(|problem| Some((problem.place?, problem)));
            marks.extend(placed.map(|(at, problem)| Mark {
                line: at.line,
                column: at.column,
                message: problem.message.clone(),
                warning: problem.warning,
            }));
        }
        editor.with(|editor| {
            let Some(editor) = editor else { return };
            editor.set_marks(&marks);
            let first =
                last.as_ref().filter(|_| same).and_then(|outcome| outcome.problems.iter().find_map(|p| p.place));
            if let Some(first) = first.filter(|_| seen != last) {
                editor.point_at(first.line);
            }
            seen = last;
        });
    });
}

/// What can be said about a text without asking anybody.
fn reader_marks(text: &str) -> Vec<Mark> {
    if text.len() > MAX_BYTES / 4 {
        return Vec::new();
    }
    let found = read(text);
    let duplicates = found.documents.iter().flat_map(|document| &document.duplicates);
    let warnings = duplicates.map(|error| (error, true));
    warnings
        .chain(found.error.iter().map(|error| (error, false)))
        .map(|(error, warning)| Mark {
            line: error.at.line,
            column: error.at.column,
            message: error.message.clone(),
            warning,
        })
        .collect()
}

/// Reads files into the editor: several become documents of one manifest.
#[inline(never)]
fn open(ui: Ui, files: Option<web_sys::FileList>) {
    let Some(files) = files.filter(|files| files.length() > 0) else { return };
    let count = files.length() as usize;
    let texts = StoredValue::new(vec![None::<String>; count]);
    for (index, file) in (0..files.length()).filter_map(|i| files.item(i)).enumerate() {
        let name = file.name();
        #[expect(clippy::cast_precision_loss, reason = "a few megabytes")]
        let limit = MAX_BYTES as f64;
        if file.size() > limit {
            ui.notify(Notice::new("notice-file-large", &[("name", name.into())]));
            continue;
        }
        let Ok(reader) = web_sys::FileReader::new() else { continue };
        let source = reader.clone();
        let done = Closure::once_into_js(move || {
            let bytes = source.result().map(|buffer| js_sys::Uint8Array::new(&buffer).to_vec()).unwrap_or_default();
            let text = String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'));
            match text {
                Some(text) if name.ends_with(".bottle.json") => return crate::ui::keep::open_text(ui, &text),
                Some(text) => texts.update_value(|texts| texts[index] = Some(text)),
                None => ui.notify(Notice::new("notice-file-binary", &[("name", name.clone().into())])),
            }
            join(ui, texts);
        });
        reader.set_onload(Some(done.unchecked_ref()));
        let failed = file.name();
        let error = Closure::once_into_js(move |_: JsValue| {
            ui.notify(Notice::new("notice-file-unreadable", &[("name", failed.into())]));
        });
        reader.set_onerror(Some(error.unchecked_ref()));
        let _ = reader.read_as_array_buffer(&file);
    }
}

fn join(ui: Ui, texts: StoredValue<Vec<Option<String>>>) {
    let read: Vec<String> = texts.with_value(|texts| texts.iter().flatten().cloned().collect());
    let parts: Vec<&str> = read.iter().map(|text| text.trim_end()).collect();
    if !parts.is_empty() {
        ui.manifest.set(parts.join("\n---\n") + "\n");
        ui.tab.set(Tab::Manifest);
    }
}
