//! The scheduler's benchmark for `tools/bench-scheduler.mjs`, which has the clock. The page has no part of it.

use super::browser::put;
use crate::bench::{Race, Workload};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::Closure;

/// Puts `race(workload, nodes, pods)` into the global object: makes all ready and gives a function that runs it and
/// tells how many pods were bound; `undefined` for a workload that there is not.
pub fn install() {
    let race = |workload: String, nodes: usize, pods: usize| -> JsValue {
        let Ok(workload) = workload.parse::<Workload>() else { return JsValue::UNDEFINED };
        let mut race = Race::new(workload, nodes, pods);
        Closure::<dyn FnMut() -> usize>::new(move || race.run()).into_js_value()
    };
    let race = Closure::<dyn Fn(String, usize, usize) -> JsValue>::new(race);
    put(&js_sys::global(), "race", &race.into_js_value());
}
