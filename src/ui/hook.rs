//! `window.__bottle`: lets tests and curious people look, on all builds. It can change nothing.
//!
//! `{ ready, whole, t, revision, readyPods, hash(), view(), displayList(), frames(), announce }`: `whole` once all of the
//! program is here, `t` in simulated milliseconds,
//! `readyPods` how many pods are Ready, `hash()` 16 hexadecimal digits, `displayList()`
//! `[{id, kind, ref?, fact?, x, y, w, h, text?}]`, `announce` `[{t, text}]`.

use super::browser::{object, put};
use super::handle::Ui;
use crate::api::json;
use crate::api::kinds::pod::{self, Pod};
use crate::api::object::Object;
use crate::cluster::view::{PodView, Readiness, View};
use leptos::prelude::*;
use serde_json::Value;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::Closure;

/// Puts the hook on the page.
pub fn install(ui: Ui) {
    let hook = JsValue::from(js_sys::Object::new());
    getter(&hook, "ready", || JsValue::TRUE);
    getter(&hook, "whole", || super::late::is_here().into());
    getter(&hook, "t", move || JsValue::from_f64(ui.shown_millis()));
    getter(&hook, "revision", move || number(ui.view.with_untracked(|view| view.revision)));
    getter(&hook, "readyPods", move || number(ready_pods(ui)));
    getter(&hook, "announce", move || parsed(&super::captions::announced(ui)));
    method(&hook, "hash", move || format!("{:016x}", ui.read(super::session::Session::hash)).into());
    method(&hook, "view", move || parsed(&ui.read(|session| view(&session.view()))));
    method(&hook, "displayList", move || parsed(&display_list(ui)));
    method(&hook, "frames", move || parsed(&frames(ui)));
    put(&window(), "__bottle", &hook);
}

#[expect(clippy::cast_precision_loss, reason = "a revision is far below 2^52")]
fn number(value: u64) -> JsValue {
    JsValue::from_f64(value as f64)
}

/// How many pods are Ready at the present moment, whatever has been shown of it.
fn ready_pods(ui: Ui) -> u64 {
    let is_ready = |object: &&Object| object.get::<Pod>().is_some_and(Pod::is_ready);
    ui.read(|session| session.objects(&pod::KIND).into_iter().filter(is_ready).count() as u64)
}

fn parsed(value: &Value) -> JsValue {
    js_sys::JSON::parse(&value.to_string()).unwrap_or(JsValue::NULL)
}

fn getter(hook: &JsValue, name: &str, read: impl Fn() -> JsValue + 'static) {
    let get = Closure::<dyn Fn() -> JsValue>::new(read).into_js_value();
    let descriptor = object(&[("get", get), ("enumerable", JsValue::TRUE)]);
    let _ =
        js_sys::Reflect::define_property(hook.unchecked_ref_object(), &name.into(), descriptor.unchecked_ref_object());
}

fn method(hook: &JsValue, name: &str, run: impl Fn() -> JsValue + 'static) {
    put(hook, name, &Closure::<dyn Fn() -> JsValue>::new(run).into_js_value());
}

/// A value that is known to be an object.
trait AsObject {
    fn unchecked_ref_object(&self) -> &js_sys::Object;
}

impl AsObject for JsValue {
    fn unchecked_ref_object(&self) -> &js_sys::Object {
        wasm_bindgen::JsCast::unchecked_ref(self)
    }
}

/// A JSON object. (A function, not `json!`, which would write all this out at each place.)
fn fields(entries: Vec<(&str, Value)>) -> Value {
    Value::Object(json::fields(entries))
}

fn pods(pods: &[PodView]) -> Value {
    let pod = |pod: &PodView| {
        let text = |text: &str| Value::from(text);
        fields(vec![
            ("namespace", text(&pod.object.key.namespace)),
            ("name", text(&pod.object.key.name)),
            ("phase", text(&pod.phase)),
            ("status", text(&pod.status)),
            ("ready", pod.ready.into()),
            ("reason", text(&pod.reason)),
        ])
    };
    Value::Array(pods.iter().map(pod).collect())
}

fn view(view: &View) -> Value {
    let node = |node: &crate::cluster::view::NodeView| {
        let ready = node.readiness == Readiness::Ready;
        fields(vec![("name", (*node.name).into()), ("ready", ready.into()), ("pods", pods(&node.pods))])
    };
    let objects = view.objects.iter().map(|(kind, count)| (*kind, Value::from(*count)));
    fields(vec![
        ("nodes", Value::Array(view.nodes.iter().map(node).collect())),
        ("pending", pods(&view.pending)),
        ("objects", Value::Object(json::fields(objects))),
    ])
}

fn display_list(ui: Ui) -> Value {
    let list = ui.stage.with_value(super::stage::Stage::list);
    let items = list.items.iter().map(|item| {
        let area = item.area;
        let mut entries = vec![
            ("id", item.id.as_str().into()),
            ("kind", (*item.kind).into()),
            ("x", area.x.into()),
            ("y", area.y.into()),
            ("w", area.w.into()),
            ("h", area.h.into()),
        ];
        entries.extend(item.reference.as_ref().map(|reference| ("ref", reference.as_str().into())));
        entries.extend(item.fact.map(|fact| ("fact", fact.0.into())));
        entries.extend(item.text.as_ref().map(|text| ("text", text.as_str().into())));
        fields(entries)
    });
    Value::Array(items.collect())
}

fn frames(ui: Ui) -> Value {
    let frames = ui.frames();
    fields(vec![
        ("frame_p50", frames.frame_p50.into()),
        ("frame_p95", frames.frame_p95.into()),
        ("slice_p50", frames.slice_p50.into()),
        ("slice_p95", frames.slice_p95.into()),
        ("slice_max", frames.slice_max.into()),
        ("engine_p95", frames.engine_p95.into()),
    ])
}
