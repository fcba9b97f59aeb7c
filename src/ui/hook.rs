//! `window.__bottle`: lets tests and curious people look, on all builds. It can change nothing.
//!
//! `{ ready, t, revision, readyPods, hash(), view(), displayList(), frames(), announce }`: `t` in simulated milliseconds,
//! `readyPods` how many pods are Ready, `hash()` 16 hexadecimal digits, `displayList()`
//! `[{id, kind, ref?, fact?, x, y, w, h, text?}]`, `announce` `[{t, text}]`.

use super::browser::{object, put};
use super::handle::Ui;
use crate::api::kinds::pod::{self, Pod};
use crate::api::object::Object;
use crate::cluster::view::{PodView, Readiness, View};
use leptos::prelude::*;
use serde_json::{Value, json};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::Closure;

/// Puts the hook on the page.
pub fn install(ui: Ui) {
    let hook = JsValue::from(js_sys::Object::new());
    getter(&hook, "ready", || JsValue::TRUE);
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

fn view(view: &View) -> Value {
    let pod = |pod: &PodView| {
        json!({
            "namespace": &*pod.object.key.namespace,
            "name": &*pod.object.key.name,
            "phase": &*pod.phase,
            "status": &*pod.status,
            "ready": pod.ready,
            "reason": &*pod.reason,
        })
    };
    let node = |node: &crate::cluster::view::NodeView| {
        json!({
            "name": &*node.name,
            "ready": node.readiness == Readiness::Ready,
            "pods": node.pods.iter().map(pod).collect::<Vec<_>>(),
        })
    };
    json!({
        "nodes": view.nodes.iter().map(node).collect::<Vec<_>>(),
        "pending": view.pending.iter().map(pod).collect::<Vec<_>>(),
        "objects": view.objects,
    })
}

fn display_list(ui: Ui) -> Value {
    let list = ui.stage.with_value(super::stage::Stage::list);
    let items = list.items.iter().map(|item| {
        let mut value = json!({
            "id": item.id,
            "kind": item.kind,
            "x": item.area.x,
            "y": item.area.y,
            "w": item.area.w,
            "h": item.area.h,
        });
        if let Some(reference) = &item.reference {
            value["ref"] = json!(reference);
        }
        if let Some(fact) = item.fact {
            value["fact"] = json!(fact.0);
        }
        if let Some(text) = &item.text {
            value["text"] = json!(text);
        }
        value
    });
    Value::Array(items.collect())
}

fn frames(ui: Ui) -> Value {
    let frames = ui.frames();
    json!({
        "frame_p50": frames.frame_p50,
        "frame_p95": frames.frame_p95,
        "slice_p50": frames.slice_p50,
        "slice_p95": frames.slice_p95,
        "slice_max": frames.slice_max,
    })
}
