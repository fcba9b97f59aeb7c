//! Benchmarks for `tools/bench-*.mjs`, which have the clock. The page has no part of
//! them.

use super::browser::put;
use super::memory;
use super::paint::paint;
use crate::api::kinds::pod;
use crate::api::object::{Key, ObjectRef};
use crate::bench::{Race, Workload, api};
use crate::cluster::view::{Amounts, NodeView, PodView, Readiness, View};
use crate::i18n::Language;
use crate::scene::camera::Camera;
use crate::scene::colours::{Colours, Groups};
use crate::scene::layout::Layout;
use crate::scene::theme::Theme;
use crate::scene::{Options, still};
use crate::sim::Time;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::Closure;
use web_sys::CanvasRenderingContext2d;

/// So many pods are decided in one go: as in the page, the work is done in pieces.
const PART: usize = 20;

/// Puts `race(workload, nodes, pods)` into the global object: makes all ready and gives a function that runs a part of it
/// and tells how many pods were bound, 0 at the end; `undefined` for a workload that there is not. Also `fleet(nodes, pods,
/// width, height)`, see [`fleet`]. And `decode(times)`,
/// which reads a Deployment of a hundred lines so often and tells how many errors it found.
pub fn install() {
    let race = |workload: String, nodes: usize, pods: usize| -> JsValue {
        let Ok(workload) = workload.parse::<Workload>() else { return JsValue::UNDEFINED };
        let mut race = Race::new(workload, nodes, pods);
        let run = move || {
            memory::ahead();
            race.run(PART)
        };
        Closure::<dyn FnMut() -> usize>::new(run).into_js_value()
    };
    let race = Closure::<dyn Fn(String, usize, usize) -> JsValue>::new(race);
    put(&js_sys::global(), "race", &race.into_js_value());
    let text = api::sent(&api::deployment());
    let decode = move |times: usize| -> usize { (0..times).map(|_| api::decode(&text)).sum() };
    put(&js_sys::global(), "decode", &Closure::<dyn Fn(usize) -> usize>::new(decode).into_js_value());
    let fleet = Closure::<dyn Fn(usize, usize, f64, f64) -> JsValue>::new(fleet);
    put(&js_sys::global(), "fleet", &fleet.into_js_value());
}

/// The picture of so many nodes with so many pods in all, without a cluster behind it: `{ pan(dx, dy), zoom(factor),
/// compose(), paint(context) }`. The view is as large as a real one; what is drawn of it is what the page would draw.
fn fleet(nodes: usize, pods: usize, width: f64, height: f64) -> JsValue {
    let view = view(nodes, pods);
    let layout = Rc::new(Layout::of(&view, false));
    let camera = Rc::new(RefCell::new(Camera::whole((width, height), &layout)));
    let options = Options { groups: Groups::of(&view, Colours::Workload), ..Options::default() };
    let list = Rc::new(RefCell::new(None));
    let fleet = JsValue::from(js_sys::Object::new());
    let (own, of) = (camera.clone(), layout.clone());
    let pan = move |dx: f64, dy: f64| {
        let moved = own.borrow().panned(&of, dx, dy);
        *own.borrow_mut() = moved;
    };
    put(&fleet, "pan", &Closure::<dyn Fn(f64, f64)>::new(pan).into_js_value());
    let (own, of) = (camera.clone(), layout.clone());
    let zoom = move |factor: f64| {
        let moved = own.borrow().zoomed(&of, (width / 2.0, height / 2.0), factor);
        *own.borrow_mut() = moved;
    };
    put(&fleet, "zoom", &Closure::<dyn Fn(f64)>::new(zoom).into_js_value());
    let made = list.clone();
    let compose = move || {
        let list = still(&view, &layout, *camera.borrow(), &options, Language::En);
        let items = list.items.len();
        *made.borrow_mut() = Some(list);
        items
    };
    put(&fleet, "compose", &Closure::<dyn Fn() -> usize>::new(compose).into_js_value());
    let show = move |canvas: CanvasRenderingContext2d| {
        if let Some(list) = &*list.borrow() {
            paint(&canvas, list, Theme::Light, 1.0);
        }
    };
    put(&fleet, "paint", &Closure::<dyn Fn(CanvasRenderingContext2d)>::new(show).into_js_value());
    fleet
}

/// Nodes in three zones with their pods, of twelve workloads.
fn view(nodes: usize, pods: usize) -> View {
    let each = pods.div_ceil(nodes.max(1));
    let (running, empty): (Rc<str>, Rc<str>) = ("Running".into(), "".into());
    let amounts = Amounts { cpu_milli: 8000, memory: 16 << 30, ..Amounts::default() };
    let node = |index: usize| {
        let name: Rc<str> = format!("node-{index}").into();
        let pod = |place: usize| PodView {
            debuggers: Vec::new(),
            object: ObjectRef { kind: &pod::KIND, key: Key::new("default", &format!("web-{index}-{place}")) }.into(),
            uid: empty.clone(),
            workload: Some((index + place) % 12),
            outdated: false,
            mirror: false,
            phase: running.clone(),
            status: running.clone(),
            ready: !(index + place).is_multiple_of(50),
            reason: empty.clone(),
            deadline: None,
            created: Time::ZERO,
            ip: empty.clone(),
            node: name.clone(),
            containers: Vec::new(),
        };
        NodeView {
            name: name.clone(),
            zone: ["zone-a", "zone-b", "zone-c"][index % 3].into(),
            readiness: if index.is_multiple_of(97) { Readiness::Unknown } else { Readiness::Ready },
            kubelet_runs: true,
            allocatable: amounts,
            requested: Amounts { cpu_milli: 4000, ..amounts },
            pods: (0..each).map(pod).collect(),
            ..NodeView::default()
        }
    };
    View { nodes: (0..nodes).map(node).collect(), ..View::default() }
}
