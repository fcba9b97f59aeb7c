//! The scheduler's benchmark for `tools/bench-scheduler.mjs`, which has the clock. The page has no part of it.

use super::browser::put;
use super::memory;
use crate::bench::{Race, Workload};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::Closure;

/// So many pods are decided in one go: as in the page, the work is done in pieces.
const PART: usize = 20;

/// Puts `race(workload, nodes, pods)` into the global object: makes all ready and gives a function that runs a part of it
/// and tells how many pods were bound, 0 at the end; `undefined` for a workload that there is not.
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
}
